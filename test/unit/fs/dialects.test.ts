import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { listLines } from '../../../src/cli/list.ts';
import { checkImage } from '../../../src/fs/check.ts';
import type { ImageOptions } from '../../../src/fs/image.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { encodeDialect, PLAIN_DIALECT } from '../../support/dialects.ts';
import type { Dialect } from '../../support/dialects.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { contentAt, failureOf, pages, Patch, patchOf, volumeOf } from './patch.ts';

const FILES = {
  a: textBytes(9000),
  b: noiseBytes(5000),
  c: textBytes(100_000),
  same: textBytes(9000),
};
const root = treeFrom(FILES);
const encode = (dialect: Partial<Dialect>): ReturnType<typeof encodeDialect> =>
  encodeDialect(root, { ...PLAIN_DIALECT, ...dialect });
const open = (contents: FlashContents, more: Partial<ImageOptions> = {}): AxfsVolume =>
  new AxfsVolume(createRamDevice('image', contents), {
    ...{ name: 'image', inflater: createPakoInflater() },
    ...more,
  });
function expectFiles(volume: AxfsVolume): void {
  for (const [name, content] of Object.entries(FILES))
    expect(Buffer.compare(contentAt(volume, name), content), name).toBe(0);
}

describe('layout of tables', () => {
  it('is planar in version 1, and packed in others', () => {
    expect(volumeOf(encode({ planar: true }).image).image.layout).toBe('planar');
    expect(volumeOf(encode({ planar: false }).image).image.layout).toBe('packed');
  });

  it.each([true, false])('is what makes sense, whatever the version says: planar %s', (planar) => {
    const { image } = encode({ planar });
    image[240] = planar ? 2 : 1;
    const volume = volumeOf(image);
    expect(volume.image.layout).toBe(planar ? 'planar' : 'packed');
    expectFiles(volume);
  });

  it.each([1, 2])('is what the version says where nothing makes sense: version %i', (version) => {
    const { image } = encode({ planar: version === 1 });
    const broken = new Patch(image);
    broken.replaceTable('modes', [0], 2);
    expect(failureOf(() => volumeOf(broken.bytes))).toEqual([
      'EIO',
      'image: inode 0: mode 00 has no known type',
    ]);
  });
});

describe('codecs', () => {
  it('lz4 needs nothing of the machine', () => {
    const volume = volumeOf(encode({ codec: 'lz4', cblockSize: 2 ** 20 }).image);
    expect(volume.image.superblock.compressionType).toBe(0x4c);
    expectFiles(volume);
  });

  it('are asked for by name when the caller has them', () => {
    const asked: string[] = [];
    const inflaterFor = (name: string): ReturnType<typeof createPakoInflater> => {
      asked.push(name);
      return createPakoInflater();
    };
    open(memoryContents(encode({}).image), { inflaterFor });
    expect(asked).toEqual([]);
    open(memoryContents(encode({ codec: 'lz4' }).image), { inflaterFor });
    expect(asked).toEqual(['lz4']);
  });

  it.each([1, 0xaa, 0xff])('type %i is refused by its number', async (type) => {
    const patch = await patchOf({ f: 'x' });
    expect(failureOf(() => volumeOf(patch.set('compression_type', type).bytes))).toEqual([
      'EINVAL',
      `image: compression_type is ${String(type)}, expected 0 (zlib) or 76 (lz4)`,
    ]);
  });
});

describe('a second device', () => {
  const { image, mmapSize } = encode({ split: true });
  const front = image.slice(0, mmapSize);
  const device = (bytes: Uint8Array): ReturnType<typeof createRamDevice> =>
    createRamDevice('back', memoryContents(bytes));
  const size = new Patch(image).get('size');

  it.each([
    ['tail', image.slice(mmapSize)],
    ['tail', image.slice(mmapSize, size)],
    ['whole', image],
    ['whole', Uint8Array.of(...new Uint8Array(mmapSize), ...image.subarray(mmapSize))],
  ] as const)('holds a %s', (form, back) => {
    for (const first of [front, image]) {
      const volume = open(memoryContents(first), { second: device(back) });
      expect(volume.image.source.second).toMatchObject({ form, from: mmapSize });
      expectFiles(volume);
    }
  });

  it('is missed by name', () => {
    expect(failureOf(() => open(memoryContents(front)))).toEqual([
      'EINVAL',
      `image: truncated: the superblock says ${String(size)} bytes up to and including the trailing magic, but there are ${String(mmapSize)}; those from ${String(mmapSize)} on may be on a second device`,
    ]);
  });

  it('that holds nothing of the image is refused, and so is one of an image that is not split', () => {
    expect(
      failureOf(() => open(memoryContents(front), { second: device(new Uint8Array(9000)) })),
    ).toEqual([
      'EINVAL',
      expect.stringMatching(/^image: second device back: no trailing magic at /),
    ]);
    expect(
      failureOf(() => open(memoryContents(encode({}).image), { second: device(image) })),
    ).toEqual([
      'EINVAL',
      expect.stringMatching(/: second device back: the image has no part there/),
    ]);
    expect(
      failureOf(() =>
        open(memoryContents(front.subarray(0, 300)), { second: device(image.slice(mmapSize)) }),
      ),
    ).toEqual([
      'EINVAL',
      `image: truncated: the superblock says ${String(mmapSize)} bytes are in front of the second device, but there are 300`,
    ]);
  });
});

describe('large claims cost nothing', () => {
  it('an image of 6 GiB is opened by its tables, and read where asked', async () => {
    const patch = await patchOf({ far: textBytes(8192), near: 'near' }, pages({ far: [0, 1] }));
    const far = 2 ** 32 + 4096 * 17;
    const size = 6 * 2 ** 30;
    const xip = patch.of('xip', 'fsoffset');
    const page = patch.bytes.slice(xip, xip + 8192);
    patch.describe('xip', 'fsoffset', far).describe('xip', 'size', 2 ** 30);
    patch.set('size', size).set('mmap_size', size);
    const head = patch.bytes;
    for (const mmapSize of [size, 0]) {
      new DataView(head.buffer).setBigUint64(88, BigInt(mmapSize));
      let read = 0;
      const volume = open({
        size,
        view: (offset, length) => {
          read += length;
          const bytes = new Uint8Array(length);
          bytes.set(head.subarray(offset, offset + length));
          if (offset >= far && offset < far + 8192)
            bytes.set(page.subarray(offset - far, offset - far + length));
          if (offset === size - 4) bytes.set([0x48, 0xa0, 0xe4, 0xcd]);
          return bytes;
        },
      });
      expect(Buffer.compare(contentAt(volume, 'far'), textBytes(8192))).toBe(0);
      expect(new TextDecoder().decode(contentAt(volume, 'near'))).toBe('near');
      expect(read).toBeLessThan(60_000);
    }
  });

  it('a directory that claims 2^40 entries is refused at once, by paths, lists and checks', async () => {
    const patch = await patchOf({ 'dir/x': '', other: 'other' });
    patch.replaceTable('inode_num_entries', [2, 2 ** 40, 1, 0], 8).set('files', 2 ** 41);
    const volume = volumeOf(patch.bytes);
    const children = /^image: inode 1: children 3 to 1099511627778 lie outside 2 to 3$/;
    const refused = ['EIO', expect.stringMatching(children)];
    expect(failureOf(() => volume.resolve(fromText('dir/x')))).toEqual(refused);
    expect(
      failureOf(() => [...listLines(volume, ['dir'], { long: true, recursive: true })]),
    ).toEqual(refused);
    expect(failureOf(() => [...volume.walk()])).toEqual(refused);
    expect([...contentAt(volume, 'other')]).toEqual([...new TextEncoder().encode('other')]);
    const told: string[] = [];
    const walked = [
      ...volume.walk(({ message }, inode) => told.push(`${String(inode)} ${message}`)),
    ];
    expect(walked.map(({ path }) => path)).toEqual(['.', 'other']);
    expect(told).toEqual([expect.stringMatching(/^1 image: inode 1: children /)]);
    const result = checkImage(createRamDevice('image', memoryContents(patch.bytes)), {
      ...{ name: 'image', inflater: createPakoInflater() },
    });
    expect(result.counts).toMatchObject({ files: 1, child_range: 1, unreachable: 1 });
  });

  it('a file that claims 2^50 bytes ends where the node tables do', async () => {
    const patch = await patchOf({ f: textBytes(9000) });
    patch.replaceTable('inode_file_size', [0, 2 ** 50], 8);
    patch.replaceTable('inode_num_entries', [1, 2 ** 38], 8);
    const volume = volumeOf(patch.bytes);
    const inode = volume.resolve(fromText('f'));
    const into = new Uint8Array(65536);
    expect(failureOf(() => volume.read(inode, 0, into))).toEqual(['EIO', expect.any(String)]);
  });

  it('compressed regions may expand to so much together, and no more', () => {
    const { image } = encode({ compressed: ['xip', 'strings', 'uids'] });
    const patch = new Patch(image).describe('xip', 'size', 2 ** 27);
    patch.describe('xip', 'compressed_size', 2 ** 18).describe('xip', 'fsoffset', 0);
    const grown = new Uint8Array(2 ** 19);
    grown.set(patch.bytes.subarray(0, patch.get('size') - 4));
    const padded = new Patch(grown).set('size', grown.length).set('mmap_size', grown.length);
    for (const [i, byte] of [0x48, 0xa0, 0xe4, 0xcd].entries())
      padded.pokeImage(grown.length - 4 + i, byte);
    expect(failureOf(() => volumeOf(padded.bytes))).toEqual([
      'EFBIG',
      expect.stringMatching(/compressed regions claim to expand to \d+ bytes together/),
    ]);
  });
});
