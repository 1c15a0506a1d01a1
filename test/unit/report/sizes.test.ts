import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  humanBytes,
  humanCount,
  humanMillions,
  humanNanoseconds,
} from '../../../src/report/sizes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

describe('humanBytes', () => {
  test.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1025, '1.00 KiB'],
    [1029, '1.00 KiB'],
    [1030, '1.01 KiB'],
    [4096, '4.00 KiB'],
    [9.99 * KIB, '9.99 KiB'],
    [10 * KIB - 1, '10.0 KiB'],
    [10 * KIB, '10.0 KiB'],
    [100 * KIB - 1, '100 KiB'],
    [100 * KIB, '100 KiB'],
    [999_999, '977 KiB'],
    [1000 * KIB, '1000 KiB'],
    [1023 * KIB, '1023 KiB'],
    [1_048_063, '1023 KiB'],
    [1_048_064, '1.00 MiB'],
    [1_048_575, '1.00 MiB'],
    [MIB, '1.00 MiB'],
    [26_812_416, '25.6 MiB'],
    [GIB - 1, '1.00 GiB'],
    [2 ** 31, '2.00 GiB'],
    [2 ** 32 + 1, '4.00 GiB'],
    [2 ** 40 - 1, '1.00 TiB'],
    [2 ** 50, '1.00 PiB'],
    [2 ** 53 - 1, '8.00 PiB'],
  ])('%d is %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });

  test('shows at most 1023 of a unit, to within half a unit of the last digit, and never falls', () => {
    const factor = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
    const valueOf = (text: string): number => {
      const [digits, unit] = text.split(' ');
      expect(digits).toMatch(/^([0-9]{1,4}|[1-9]\.[0-9]{2}|[1-9][0-9]\.[0-9])$/);
      expect(Number(digits)).toBeLessThan(1024);
      return Number(digits) * 1024 ** factor.indexOf(unit!);
    };
    const size = fc
      .tuple(fc.integer({ min: 0, max: 52 }), fc.maxSafeNat())
      .map(([bits, n]) => n % 2 ** bits);
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [shownA, shownB] = [valueOf(humanBytes(a)), valueOf(humanBytes(b))];
        expect(Math.abs(shownA - a)).toBeLessThanOrEqual(0.00501 * a);
        if (a < b) expect(shownA).toBeLessThanOrEqual(shownB);
      }),
      { numRuns: 500 },
    );
  });
});

describe('humanCount', () => {
  test.each([
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [1000, '1,000'],
    [12_345, '12,345'],
    [999_999, '999,999'],
    [1_000_000, '1,000,000'],
    [2 ** 53 - 1, '9,007,199,254,740,991'],
  ])('%d is %s', (count, text) => {
    expect(humanCount(count)).toBe(text);
  });

  test('loses no digit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (count) => {
        expect(humanCount(count)).toBe(count.toLocaleString('en-US'));
      }),
    );
  });
});

describe('humanNanoseconds', () => {
  test.each([
    [0, '0'],
    [0.5, '0.50 ns'],
    [1, '1.00 ns'],
    [9.996, '10.0 ns'],
    [99.96, '100 ns'],
    [373, '373 ns'],
    [999, '999 ns'],
    [999.4, '999 ns'],
    [999.5, '1.00 us'],
    [1000, '1.00 us'],
    [39_387.4, '39.4 us'],
    [999_499, '999 us'],
    [999_999, '1.00 ms'],
    [1e6, '1.00 ms'],
    [999_999_999, '1.00 s'],
    [1.5e9, '1.50 s'],
    [99.96e9, '100 s'],
    [3600e9, '3600 s'],
  ])('%d is %s', (nanoseconds, text) => {
    expect(humanNanoseconds(nanoseconds)).toBe(text);
  });
});

describe('humanMillions', () => {
  test.each([
    [0, '0'],
    [2153, '2,153'],
    [2152.6, '2,153'],
    [999_999, '999,999'],
    [999_999.7, '1.00 M'],
    [1e6, '1.00 M'],
    [9.999e6, '10.0 M'],
    [19.9e6, '19.9 M'],
    [99.96e6, '100 M'],
    [189.9e6, '190 M'],
    [1234e6, '1234 M'],
  ])('%d is %s', (count, text) => {
    expect(humanMillions(count)).toBe(text);
  });
});
