import { beforeAll, describe, expect, it } from 'vitest';
import { deflateSync } from 'node:zlib';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { openImage } from '../../../src/fs/image.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { textBytes } from '../../support/sample-data.ts';
import { contentAt, failureOf, Patch, patchOf, REGION_NAMES, volumeOf } from './patch.ts';

let good: Uint8Array;
beforeAll(async () => {
  const patch = await patchOf({ f: textBytes(9000), g: 'short' }, { kind: 'all' });
  good = patch.bytes;
});

const open = (image: Uint8Array): ReturnType<typeof openImage> =>
  openImage(createRamDevice('image', memoryContents(image)), {
    name: 'image',
    inflater: createPakoInflater(),
  });
/** Code and message of refusing a damaged copy of the good image. */
const refusal = (damage: (patch: Patch) => Patch): unknown =>
  failureOf(() => open(damage(new Patch(good)).bytes));

describe('openImage', () => {
  it('finds every region where the descriptors say', () => {
    const image = open(good);
    const patch = new Patch(good);
    expect(Object.keys(image.regions)).toEqual([...REGION_NAMES]);
    for (const name of REGION_NAMES) {
      const bytes = patch.region(name);
      expect(image.descriptors[name].fsoffset).toBe(patch.of(name, 'fsoffset'));
      expect(image.regions[name].size).toBe(bytes.length);
      expect([...image.regions[name].resident]).toEqual([...bytes]);
    }
    expect(image.tables.inode_file_size.get(1)).toBe(9000);
  });

  it('reads descriptors that stand anywhere, not at a stride', () => {
    const patch = new Patch(good);
    const from = patch.descriptorAt('gids');
    const to = 1001;
    for (let i = 0; i < 34; i += 1) {
      patch.pokeImage(to + i, patch.bytes[from + i]!);
      patch.pokeImage(from + i, 0xff);
    }
    const tables = new Patch(good);
    // 1001 is inside the first tables: only fit to be read where they were moved away from.
    for (const name of ['node_type', 'node_index'] as const) {
      expect(tables.of(name, 'fsoffset')).toBeLessThan(to + 34);
      patch.replace(name, tables.region(name));
    }
    for (const name of REGION_NAMES.filter((n) => n !== 'node_type' && n !== 'node_index')) {
      const at = tables.of(name, 'fsoffset');
      if (at < to + 34 && at + tables.of(name, 'size') > to)
        patch.replace(name, tables.region(name));
    }
    patch.pointDescriptor('gids', to);
    expect([...contentAt(volumeOf(patch.bytes), 'f')]).toEqual([...textBytes(9000)]);
  });

  it('ignores the version below major, the digest, blocks and max_index, as the driver does', () => {
    const patch = new Patch(good).set('blocks', 0).pokeImage(241, 9).pokeImage(20, 0xee);
    for (const name of REGION_NAMES) patch.describe(name, 'max_index', 12345);
    expect([...contentAt(volumeOf(patch.bytes), 'f')]).toEqual([...textBytes(9000)]);
  });
});

describe('openImage refuses', () => {
  it.each([
    ['hello', 'not an AXFS image: 5 bytes, expected at least 264'],
    ['', 'not an AXFS image: 0 bytes, expected at least 264'],
    ['x'.repeat(300), 'not an AXFS image: magic is 0x78787878, expected 0x48a0e4cd'],
  ])('what is no image: %j', (text, message) => {
    expect(failureOf(() => open(new TextEncoder().encode(text)))).toEqual([
      'EINVAL',
      `image: ${message}`,
    ]);
  });

  it.each([0, 1, 263, 267])('size %i, too small', (size) => {
    expect(refusal((patch) => patch.set('size', size))).toEqual([
      'EINVAL',
      `image: superblock field size is ${String(size)}, too small for a superblock and the magic`,
    ]);
  });

  it('a truncated file, and a file one byte short of the magic', () => {
    const size = new Patch(good).get('size');
    for (const held of [size - 1, 4096, 264])
      expect(failureOf(() => open(good.subarray(0, held)))).toEqual([
        'EINVAL',
        `image: truncated: the superblock says ${String(size)} bytes up to and including the trailing magic, but there are ${String(held)}`,
      ]);
    expect(failureOf(() => open(good.subarray(0, size)))).toBe('no failure');
  });

  it.each([0, 1024 * 1024 + 1, 2 ** 32 - 1])('cblock_size %i', (value) => {
    expect(refusal((patch) => patch.set('cblock_size', value))).toEqual([
      'EINVAL',
      `image: superblock field cblock_size is ${String(value)}, expected 1 to 1048576`,
    ]);
  });

  it('a wrong trailing magic', () => {
    const size = new Patch(good).get('size');
    const missing = ': the end of the image is missing or cut';
    expect(refusal((patch) => patch.pokeImage(size - 4, 0))).toEqual([
      'EINVAL',
      `image: trailing magic at offset ${String(size - 4)} is 0x00a0e4cd, expected 0x48a0e4cd${missing}`,
    ]);
    expect(refusal((patch) => patch.set('size', size + 2).set('mmap_size', size + 2))).toEqual([
      'EINVAL',
      `image: trailing magic at offset ${String(size - 2)} is 0xe4cd0000, expected 0x48a0e4cd${missing}`,
    ]);
    // Behind the window it is read from the device, and no less checked.
    expect(refusal((patch) => patch.set('mmap_size', 0).pokeImage(size - 1, 0))).toEqual([
      'EINVAL',
      `image: trailing magic at offset ${String(size - 4)} is 0x48a0e400, expected 0x48a0e4cd${missing}`,
    ]);
  });

  it('descriptors in the superblock or outside the image', () => {
    const size = new Patch(good).get('size');
    for (const offset of [0, 263, size - 33, size, 2 ** 52])
      expect(refusal((patch) => patch.pointDescriptor('uids', offset))).toEqual([
        'EINVAL',
        `image: descriptor of region uids is at offset ${String(offset)}, outside the image of ${String(size)} bytes`,
      ]);
  });

  it('fields beyond 2^53', () => {
    expect(refusal((patch) => patch.describe('modes', 'size', 2 ** 53))).toEqual([
      'EOVERFLOW',
      expect.stringMatching(
        /^image: size of region modes is 9007199254740992, expected less than 2\^53$/,
      ),
    ]);
  });

  it('regions outside the image, plain and compressed', () => {
    const size = new Patch(good).get('size');
    expect(refusal((patch) => patch.describe('strings', 'fsoffset', size - 1))).toEqual([
      'EINVAL',
      `image: region strings is 7 bytes at offset ${String(size - 1)}, outside the image of ${String(size)} bytes`,
    ]);
    expect(refusal((patch) => patch.describe('node_index', 'size', 2 ** 40))).toEqual([
      'EINVAL',
      `image: region node_index is 1099511627776 bytes at offset ${String(new Patch(good).of('node_index', 'fsoffset'))}, outside the image of ${String(size)} bytes`,
    ]);
    expect(refusal((patch) => patch.describe('gids', 'compressed_size', 2 ** 40))).toEqual([
      'EINVAL',
      `image: region gids is 1099511627776 bytes at offset ${String(new Patch(good).of('gids', 'fsoffset'))}, outside the image of ${String(size)} bytes`,
    ]);
  });

  it.each([0, 9, 255])('table depth %i', (depth) => {
    expect(refusal((patch) => patch.describe('modes', 'depth', depth))).toEqual([
      'EINVAL',
      `image: table_byte_depth of region modes is ${String(depth)}, expected 1 to 8`,
    ]);
  });

  it('an xip region off page boundaries', () => {
    expect(refusal((patch) => patch.describe('xip', 'fsoffset', 4095))).toEqual([
      'EINVAL',
      'image: fsoffset of region xip is 4095, expected a multiple of 4096',
    ]);
    expect(refusal((patch) => patch.describe('xip', 'size', 4097))).toEqual([
      'EINVAL',
      'image: size of region xip is 4097, expected a multiple of 4096',
    ]);
  });
});

describe('compressed regions', () => {
  /** The good image with one region stored as a zlib stream. */
  const compressed = (name: (typeof REGION_NAMES)[number], claimed?: number): Uint8Array => {
    const patch = new Patch(good);
    const bytes = patch.region(name);
    const stored = deflateSync(bytes);
    return patch
      .replace(name, stored)
      .describe(name, 'compressed_size', stored.length)
      .describe(name, 'size', claimed ?? bytes.length).bytes;
  };

  it.each(['strings', 'inode_file_size', 'modes', 'node_index', 'node_type', 'xip'] as const)(
    '%s expands at mount',
    (name) => {
      const volume = volumeOf(compressed(name));
      expect(volume.image.regions[name].place).toBe('ram');
      expect([...contentAt(volume, 'f')]).toEqual([...textBytes(9000)]);
    },
  );

  it('a region that is shorter than it says is refused', () => {
    const { length } = new Patch(good).region('strings');
    expect(failureOf(() => open(compressed('strings', length + 1)))).toEqual([
      'EINVAL',
      `image: region strings expands to ${String(length)} bytes, expected ${String(length + 1)}`,
    ]);
  });

  it('a region that says more than deflate can do is refused before RAM is taken for it', () => {
    const stored = deflateSync(new Patch(good).region('gids')).length;
    expect(failureOf(() => open(compressed('gids', 2 ** 50)))).toEqual([
      'EINVAL',
      `image: region gids claims to expand from ${String(stored)} to 1125899906842624 bytes, which deflate cannot do`,
    ]);
  });

  it('a region that is longer than it says, or garbled, is refused by name', () => {
    const longer = failureOf(() => open(compressed('strings', 3)));
    expect(longer).toEqual([
      'EINVAL',
      'image: region strings does not expand: damaged zlib stream: it expands to more than the expected 3 bytes',
    ]);
    const patch = new Patch(compressed('strings'));
    patch.poke('strings', patch.of('strings', 'compressed_size') - 1, 0);
    expect(failureOf(() => open(patch.bytes))).toEqual([
      'EINVAL',
      'image: region strings does not expand: damaged zlib stream: incorrect data check',
    ]);
  });
});
