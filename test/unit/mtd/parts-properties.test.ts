import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figureOr } from '../../../src/mtd/part.ts';
import { busShapeOf, transferNanoseconds, transferWork } from '../../../src/mtd/part-timing.ts';
import {
  eraseRegions,
  flashParameters,
  MTD_PARTS,
  smallestDeviceSize,
} from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';

const PARTS = Object.values<MtdPart>(MTD_PARTS);
const PRICED = PARTS.filter((part) => {
  try {
    return flashParameters(part).length > 0;
  } catch {
    return false;
  }
});
const part = fc.constantFrom(...PARTS);
const priced = fc.constantFrom(...PRICED);
const bytes = fc.integer({ min: 1, max: 2 ** 20 });

describe('parts', () => {
  test('most can be priced', () => {
    expect(PRICED.length).toBeGreaterThan(20);
  });

  test('the smallest device holds the bytes, and half of it does not', () => {
    fc.assert(
      fc.property(part, fc.integer({ min: 0, max: 2 ** 36 }), (one, wanted) => {
        const size = smallestDeviceSize(one, wanted);
        expect(size).toBeGreaterThanOrEqual(wanted);
        expect(size === one.smallestSize.value || size / 2 < wanted).toBe(true);
        const regions = eraseRegions(one, size);
        expect(regions.reduce((sum, row) => sum + row.blocks * row.erasesize, 0)).toBe(size);
        expect(regions).toHaveLength(figureOr(one, 'parameterBlocks.blocks', 0) > 0 ? 2 : 1);
      }),
    );
  });

  test('more bytes take no less time, and one transfer no more than two', () => {
    fc.assert(
      fc.property(priced, bytes, bytes, (one, a, b) => {
        const both = transferNanoseconds(one, a + b);
        const first = transferNanoseconds(one, a);
        expect(both).toBeGreaterThanOrEqual(first - 1e-6);
        // Each transfer moves whole words and whole pages, so two can only move more.
        expect(both).toBeLessThanOrEqual(first + transferNanoseconds(one, b) + 1e-6);
      }),
    );
  });

  test('a continued transfer takes no longer than a cold one', () => {
    fc.assert(
      fc.property(priced, bytes, (one, length) => {
        expect(transferNanoseconds(one, length, 'continuous')).toBeLessThanOrEqual(
          transferNanoseconds(one, length) + 1e-6,
        );
      }),
    );
  });

  test('what is clocked is the bytes asked for, in whole words', () => {
    fc.assert(
      fc.property(priced, bytes, (one, length) => {
        const { wordBytes } = busShapeOf(one);
        const { busBytes } = transferWork(one, length);
        expect(busBytes % wordBytes).toBe(0);
        expect(busBytes - length).toBeGreaterThanOrEqual(0);
        expect(busBytes - length).toBeLessThan(wordBytes);
      }),
    );
  });
});
