import { describe, expect, test } from 'vitest';
import { toHex, viewOf } from '../../../src/base/bytes.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { SUPERBLOCK_BYTES } from '../../../src/ondisk/constants.ts';
import { REGIONS } from '../../../src/ondisk/regions.ts';
import type { RegionName } from '../../../src/ondisk/regions.ts';
import {
  decodeSuperblock,
  encodeSuperblock,
  NO_DIGEST,
  SUPER_FIELDS,
} from '../../../src/ondisk/superblock.ts';
import type { Superblock } from '../../../src/ondisk/superblock.ts';

/** The table of AXFS_FORMAT section 2: offset, size, name here. Padding and digest have no key. */
const SECTION_2 = [
  [0, 4, 'magic'],
  [4, 16, 'signature'],
  [20, 40, 'digest'],
  [60, 4, 'cblockSize'],
  [64, 8, 'files'],
  [72, 8, 'size'],
  [80, 8, 'blocks'],
  [88, 8, 'mmapSize'],
  [96, 8, 'strings'],
  [104, 8, 'xip'],
  [112, 8, 'byte_aligned'],
  [120, 8, 'compressed'],
  [128, 8, 'node_type'],
  [136, 8, 'node_index'],
  [144, 8, 'cnode_offset'],
  [152, 8, 'cnode_index'],
  [160, 8, 'banode_offset'],
  [168, 8, 'cblock_offset'],
  [176, 8, 'inode_file_size'],
  [184, 8, 'inode_name_offset'],
  [192, 8, 'inode_num_entries'],
  [200, 8, 'inode_mode_index'],
  [208, 8, 'inode_array_index'],
  [216, 8, 'modes'],
  [224, 8, 'uids'],
  [232, 8, 'gids'],
  [240, 1, 'versionMajor'],
  [241, 1, 'versionMinor'],
  [242, 1, 'versionSub'],
  [243, 1, 'compressionType'],
  [244, 4, 'padding'],
  [248, 8, 'timestamp'],
  [256, 1, 'pageShift'],
  [257, 7, 'padding'],
] as const;

const sample: Superblock = {
  cblockSize: 4096,
  files: 2,
  size: 0x1016,
  blocks: 1,
  mmapSize: 0x1016,
  versionMajor: 2,
  versionMinor: 2,
  versionSub: 0,
  compressionType: 0,
  timestamp: 0,
  pageShift: 12,
  digest: NO_DIGEST,
  descriptorOffsets: Object.fromEntries(
    REGIONS.map(({ name }, i) => [name, 264 + 40 * i]),
  ) as Record<RegionName, number>,
};

describe('layout (AXFS_FORMAT section 2)', () => {
  test('the table has no gap and ends at 264', () => {
    let end = 0;
    for (const [offset, size] of SECTION_2) {
      expect(offset).toBe(end);
      end = offset + size;
    }
    expect(end).toBe(SUPERBLOCK_BYTES);
  });

  test('SUPER_FIELDS is its numeric rows', () => {
    const skipped = ['magic', 'signature', 'digest', 'padding', ...REGIONS.map(({ name }) => name)];
    expect(SUPER_FIELDS.map(({ offset, bytes, key }) => [offset, bytes, key])).toEqual(
      SECTION_2.filter(([, , name]) => !skipped.includes(name)),
    );
  });

  test('REGIONS is its descriptor rows, in order', () => {
    expect(REGIONS.map(({ name }, i) => [96 + 8 * i, 8, name])).toEqual(
      SECTION_2.filter(([offset]) => offset >= 96 && offset < 240),
    );
  });

  test.each(SECTION_2.filter(([, , name]) => name !== 'padding'))(
    'bytes %d … + %d are %s alone',
    (offset, size, name) => {
      // A superblock with just this field non-zero, compared with one where it is zero.
      const zero: Superblock = {
        ...sample,
        ...Object.fromEntries(SUPER_FIELDS.map(({ key }) => [key, 0])),
        descriptorOffsets: Object.fromEntries(REGIONS.map((region) => [region.name, 0])) as Record<
          RegionName,
          number
        >,
      };
      const value = 0x71;
      const set: Superblock =
        name === 'digest'
          ? { ...zero, digest: new Uint8Array(40).fill(value) }
          : name in zero
            ? { ...zero, [name]: value }
            : { ...zero, descriptorOffsets: { ...zero.descriptorOffsets, [name]: value } };
      const before = encodeSuperblock(zero);
      const after = encodeSuperblock(set);
      const changed = [...after.keys()].filter((at) => before[at] !== after[at]);
      if (name === 'magic' || name === 'signature') {
        expect(toHex(after.subarray(offset, offset + size))).toBe(
          name === 'magic' ? '48a0e4cd' : '416476616e6365642058495020465300',
        );
      } else if (name === 'digest') {
        expect(changed).toEqual(Array.from({ length: size }, (_, i) => offset + i));
      } else {
        expect(changed).toEqual([offset + size - 1]);
      }
    },
  );
});

test('the superblock of the smallest image, byte for byte', () => {
  const u64 = (value: number): string => value.toString(16).padStart(16, '0');
  expect(toHex(encodeSuperblock(sample))).toBe(
    [
      '48a0e4cd',
      '416476616e6365642058495020465300',
      '00'.repeat(40),
      '00001000',
      u64(2),
      u64(0x1016),
      u64(1),
      u64(0x1016),
      ...Array.from({ length: 18 }, (_, i) => u64(264 + 40 * i)),
      '02020000',
      '00000000',
      u64(0),
      '0c',
      '00'.repeat(7),
    ].join(''),
  );
});

describe('decodeSuperblock', () => {
  test('gives back what was encoded, whatever follows the 264 bytes', () => {
    const image = new Uint8Array(8192).fill(0xff);
    image.set(encodeSuperblock(sample));
    expect(decodeSuperblock(image, 'a.img')).toEqual({ ...sample, tail: 'aligned' });
  });

  test('reads through a subarray', () => {
    const image = new Uint8Array(264 + 13);
    image.set(encodeSuperblock(sample), 13);
    expect(decodeSuperblock(image.subarray(13), 'a.img')).toEqual({ ...sample, tail: 'aligned' });
  });

  test('keeps a copy of the digest', () => {
    const bytes = encodeSuperblock({ ...sample, digest: new Uint8Array(40).fill(7) });
    const { digest } = decodeSuperblock(bytes, 'a.img');
    bytes.fill(0);
    expect(digest).toEqual(new Uint8Array(40).fill(7));
  });

  const cut = (length: number): Uint8Array => encodeSuperblock(sample).slice(0, length);
  const patched = (...patches: (readonly [offset: number, hex: string])[]): Uint8Array => {
    const bytes = encodeSuperblock(sample);
    for (const [offset, hex] of patches) bytes.set(Buffer.from(hex, 'hex'), offset);
    return bytes;
  };

  test.each([
    ['empty', new Uint8Array(0), 'EINVAL', 'not an AXFS image: 0 bytes, expected at least 264'],
    ['one byte short', cut(263), 'EINVAL', 'not an AXFS image: 263 bytes, expected at least 264'],
    [
      'another magic',
      patched([0, '00ff00aa']),
      'EINVAL',
      'not an AXFS image: magic is 0x00ff00aa, expected 0x48a0e4cd',
    ],
    [
      'little-endian magic',
      patched([0, 'cde4a048']),
      'EINVAL',
      'not an AXFS image: magic is 0xcde4a048, expected 0x48a0e4cd',
    ],
    [
      'another signature, with bytes that must not reach a terminal',
      patched([4, '1b5b324affffffffff0a5c2020202000']),
      'EINVAL',
      "not an AXFS image: signature is '\\x1b[2J\\xff\\xff\\xff\\xff\\xff\\x0a\\\\    \\x00', expected 'Advanced XIP FS\\x00'",
    ],
    [
      'a signature without its NUL (section 2.2)',
      patched([19, '21']),
      'EINVAL',
      "not an AXFS image: signature is 'Advanced XIP FS!', expected 'Advanced XIP FS\\x00'",
    ],
    [
      'the packed superblock (section 2.1)',
      patched([96, '00000000000000fd']),
      'EINVAL',
      'packed 253-byte superblock of the unfinished newer builder, whose images no driver can mount',
    ],
    [
      'the packed superblock with its placeholder values (section 9)',
      patched([96, '00000000000000fd'], [240, '020901aa'], [244, '11223344556677880c']),
      'EINVAL',
      'packed 253-byte superblock of the unfinished newer builder, whose images no driver can mount',
    ],
    ['another page size', patched([256, '0d']), 'EINVAL', 'page_shift is 13, expected 12'],
    [
      'a page size of the i386 tail that descriptors overlap (section 2.1)',
      patched([252, '0c'], [256, '00'], [104, '00000000000000fc']),
      'EINVAL',
      'page_shift is 0, expected 12',
    ],
    [
      'a size no double holds',
      patched([72, '0020000000000001']),
      'EOVERFLOW',
      'superblock field size is 9007199254740993, expected less than 2^53',
    ],
    [
      'a descriptor offset no double holds',
      patched([112, 'ffffffffffffffff']),
      'EOVERFLOW',
      'descriptor offset of region byte_aligned is 18446744073709551615, expected less than 2^53',
    ],
  ] as const)('refuses %s', (_what, bytes, code, message) => {
    const error = (() => {
      try {
        return decodeSuperblock(bytes, 'flash/a.img');
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(AxfsError);
    expect(error).toMatchObject({ code, message: `flash/a.img: ${message}` });
  });

  test.each([
    [
      'other 2.x versions',
      patched([241, '09ff']),
      { tail: 'aligned', versionMinor: 9, versionSub: 255 },
    ],
    [
      'other versions: the driver does not look (section 1.3 of the driver description)',
      patched([240, '030000']),
      { tail: 'aligned', versionMajor: 3 },
    ],
    [
      'any compression, which is for the reader to know',
      patched([243, 'aa']),
      { tail: 'aligned', compressionType: 0xaa },
    ],
    [
      'the i386 tail (section 2.1)',
      patched([244, '00000000655353f1'], [252, '0c'], [256, '00']),
      { tail: 'i386', timestamp: 0x655353f1, pageShift: 12, compressionType: 0 },
    ],
    [
      'the i386 tail with descriptors behind it at 253, 256 and so on',
      patched([96, '0000000000000100'], [104, '00000000000000fe'], [252, '0c0000001234567890']),
      { tail: 'i386', timestamp: 0, pageShift: 12 },
    ],
    [
      'a timestamp whose fifth byte looks like the i386 page_shift',
      patched([248, '000000000c000000']),
      { tail: 'aligned', timestamp: 0x0c000000 },
    ],
    [
      'version 1 with the tail of version 2 (section 10)',
      patched([240, '010901'], [248, '0000000000000007']),
      { tail: 'aligned', versionMajor: 1, versionMinor: 9, versionSub: 1, timestamp: 7 },
    ],
    [
      'version 1 whose superblock ends at 243, so that the rest is other data (section 10)',
      patched([240, '010901'], [243, 'ff'.repeat(21)]),
      { tail: 'none', timestamp: 0, pageShift: 12, compressionType: 0 },
    ],
    [
      'version 1 with its first descriptor at 243, and one where the packed superblock ends',
      patched([240, '010901'], [104, '00000000000000f3'], [96, '00000000000000fd']),
      { tail: 'none', timestamp: 0, pageShift: 12, compressionType: 0 },
    ],
  ] as const)('accepts %s', (_what, bytes, expected) => {
    expect(decodeSuperblock(bytes, 'a.img')).toMatchObject(expected);
  });
});

test('encodeSuperblock refuses values that their fields cannot hold', () => {
  for (const wrong of [{ size: -1 }, { files: 1.5 }, { timestamp: 2 ** 53 }])
    expect(() => encodeSuperblock({ ...sample, ...wrong })).toThrow(/^a u64 is a whole number/);
  expect(viewOf(encodeSuperblock({ ...sample, size: 2 ** 32 })).getBigUint64(72)).toBe(2n ** 32n);
});
