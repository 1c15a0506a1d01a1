import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { createRandom } from '../../../src/base/random.ts';

const draw = (count: number, ...seeds: readonly number[]): number[] => {
  const random = createRandom(...seeds);
  return Array.from({ length: count }, () => random.below(2 ** 31));
};

describe('a seeded generator', () => {
  test('repeats', () => {
    expect(draw(100, 7, 8)).toEqual(draw(100, 7, 8));
  });

  test('draws these numbers: plans made once stay what they are', () => {
    expect(draw(4)).toMatchInlineSnapshot(`
      [
        1427314339,
        181833609,
        438379579,
        359288901,
      ]
    `);
    expect(draw(4, 1)).toMatchInlineSnapshot(`
      [
        797668316,
        1765799170,
        1683140669,
        83532362,
      ]
    `);
    expect(draw(4, 1, 2 ** 52)).toMatchInlineSnapshot(`
      [
        1510846537,
        228644036,
        1320431123,
        1571475802,
      ]
    `);
  });

  test.each([
    [[1], [2]],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 0]],
    [[0], [2 ** 26]],
    [[0], [2 ** 52]],
    [
      [5, 3],
      [5, 4],
    ],
  ])('seeds %j and %j have nothing in common', (a, b) => {
    const other = draw(1000, ...b);
    expect(draw(1000, ...a).filter((value, index) => value === other[index])).toEqual([]);
  });

  test('first numbers of neighbouring seeds spread over the whole range', () => {
    const eighths = new Set(Array.from({ length: 64 }, (_, seed) => createRandom(seed).below(8)));
    expect(eighths.size).toBe(8);
  });

  test('shares lie in 0 … 1 and average to a half', () => {
    const random = createRandom(3);
    const shares = Array.from({ length: 20_000 }, () => random.share());
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThan(1);
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeCloseTo(0.5, 2);
  });

  test('every bit of a byte comes out about as often as not', () => {
    const random = createRandom(4);
    const counts = new Array<number>(8).fill(0);
    for (let k = 0; k < 8000; k += 1) {
      const byte = random.below(256);
      for (let bit = 0; bit < 8; bit += 1) counts[bit]! += Math.floor(byte / 2 ** bit) % 2;
    }
    for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(250);
  });

  test.each([0.5, 0.01, 1e-6])('gaps at rate %d have the mean of their rate', (rate) => {
    const random = createRandom(5);
    let sum = 0;
    for (let k = 0; k < 10_000; k += 1) sum += random.gap(rate);
    expect(sum / 10_000 / ((1 - rate) / rate)).toBeCloseTo(1, 1);
  });

  test('at rate 0 nothing ever happens, at 1 always', () => {
    const random = createRandom(6);
    expect(random.gap(0)).toBe(Infinity);
    expect(random.gap(1)).toBe(0);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  });

  test.each([-1, 0.5, NaN, 2 ** 53])('%d is no seed', (seed) => {
    expect(() => createRandom(seed)).toThrow(InvariantError);
  });
});
