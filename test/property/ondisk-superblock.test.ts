import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { decodeDescriptor, encodeDescriptor, REGIONS } from '../../src/ondisk/regions.ts';
import type { RegionName } from '../../src/ondisk/regions.ts';
import { decodeSuperblock, encodeSuperblock } from '../../src/ondisk/superblock.ts';
import type { Superblock } from '../../src/ondisk/superblock.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u53 = fc.maxSafeNat();
/** Behind the superblock: what begins before belongs to other tails. */
const descriptorOffset = fc.integer({ min: 264, max: Number.MAX_SAFE_INTEGER });

const superblock: fc.Arbitrary<Superblock> = fc.record({
  cblockSize: u32,
  files: u53,
  size: u53,
  blocks: u53,
  mmapSize: u53,
  versionMajor: fc.constant(2),
  versionMinor: u8,
  versionSub: u8,
  compressionType: fc.constant(0),
  timestamp: u53,
  pageShift: fc.constant(12),
  digest: fc.uint8Array({ minLength: 40, maxLength: 40 }),
  descriptorOffsets: fc.record(
    Object.fromEntries(REGIONS.map(({ name }) => [name, descriptorOffset])) as Record<
      RegionName,
      fc.Arbitrary<number>
    >,
  ),
});

test('decodeSuperblock is the inverse of encodeSuperblock', () => {
  fc.assert(
    fc.property(superblock, (value) => {
      expect({ ...decodeSuperblock(encodeSuperblock(value), 'a.img') }).toEqual({
        ...value,
        tail: 'aligned',
        descriptorOffsets: { ...value.descriptorOffsets },
      });
    }),
  );
});

test('any 264 bytes decode or are refused in one line', () => {
  fc.assert(
    fc.property(superblock, fc.nat(263), u8, (value, at, byte) => {
      const bytes = encodeSuperblock(value);
      bytes[at] = byte;
      try {
        decodeSuperblock(bytes, 'a.img');
      } catch (error) {
        expect(String(error)).toMatch(/^AxfsError: a\.img: [^\n]+$/);
      }
    }),
  );
});

test('decodeDescriptor is the inverse of encodeDescriptor, at any offset', () => {
  const descriptor = fc.record({
    fsoffset: u53,
    size: u53,
    compressedSize: u53,
    maxIndex: u53,
    tableByteDepth: u8,
    incore: u8,
  });
  fc.assert(
    fc.property(descriptor, fc.nat(30), (value, offset) => {
      const bytes = new Uint8Array(offset + 34 + 5).fill(0xee);
      encodeDescriptor(viewOf(bytes), offset, value);
      expect(decodeDescriptor(viewOf(bytes), offset, 'xip')).toEqual({ ...value });
      expect(bytes.subarray(0, offset).every((byte) => byte === 0xee)).toBe(true);
      expect(bytes.subarray(offset + 34).every((byte) => byte === 0xee)).toBe(true);
    }),
  );
});
