import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignDown,
  alignUp,
  bytesNeeded,
  floorShift,
  isAligned,
  lowBits,
  pageNumber,
} from '../../src/base/bits.ts';
import { pagesOf } from '../../src/base/units.ts';

/** Whole numbers below 2^limit, each magnitude as likely as the next. */
const wholeBelow = (limit: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: limit }).chain((bits) => fc.maxSafeNat().map((n) => n % 2 ** bits));

const address = wholeBelow(53);
const shift = fc.integer({ min: 0, max: 31 });

describe('page arithmetic equals exact integers', () => {
  test('alignDown and alignUp bracket every value below 2^52, at any alignment', () => {
    fc.assert(
      fc.property(wholeBelow(52), fc.integer({ min: 1, max: 2 ** 20 }), (value, alignment) => {
        const step = BigInt(alignment);
        const down = (BigInt(value) / step) * step;
        const up = down === BigInt(value) ? down : down + step;
        expect(BigInt(alignDown(value, alignment))).toBe(down);
        expect(BigInt(alignUp(value, alignment))).toBe(up);
        expect(isAligned(value, alignment)).toBe(down === up);
      }),
    );
  });

  test('pageNumber is address / 4096', () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(BigInt(pageNumber(value))).toBe(BigInt(value) / 4096n);
      }),
    );
  });

  test('pagesOf covers the bytes with as few pages as possible', () => {
    fc.assert(
      fc.property(address, (bytes) => {
        expect(BigInt(pagesOf(bytes))).toBe((BigInt(bytes) + 4095n) / 4096n);
      }),
    );
  });

  test('floorShift and lowBits split a value without loss', () => {
    fc.assert(
      fc.property(address, shift, (value, bits) => {
        expect(BigInt(floorShift(value, bits))).toBe(BigInt(value) >> BigInt(bits));
        expect(BigInt(lowBits(value, bits))).toBe(BigInt(value) & ((1n << BigInt(bits)) - 1n));
      }),
    );
  });

  test('bytesNeeded is the length of the shortest big-endian form', () => {
    fc.assert(
      fc.property(address, (value) => {
        expect(bytesNeeded(value)).toBe(Math.ceil(BigInt(value).toString(16).length / 2));
      }),
    );
  });
});
