import { describe, expect, it } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { CompressedBlock } from '../../../src/codec/compressor.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import { checkLimits, excess, isBetter, meets, violation } from '../../../src/tune/budgets.ts';
import { chipFor, chipSizes } from '../../../src/tune/chips.ts';
import { frontOf } from '../../../src/cost/front.ts';
import { kneeOf, thinned } from '../../../src/tune/front.ts';
import { remembering } from '../../../src/tune/memo-compressor.ts';

const MIB = 2 ** 20;

describe('budgets', () => {
  const figures = { flash: 100, ram: 50, time: 10 };

  it.each([
    [{}, true, 0],
    [{ flash: 100 }, true, 0],
    [{ flash: 80 }, false, 0.25],
    [{ flash: 80, ram: 40, time: 20 }, false, 0.5],
  ])('%j', (limits, isMet, beyond) => {
    expect(meets(figures, limits)).toBe(isMet);
    expect(violation(figures, limits)).toBeCloseTo(beyond, 12);
  });

  it('says by how much a limit is exceeded', () => {
    expect(excess(figures, { flash: 80 }, 'flash')).toBe(20);
    expect(excess(figures, { flash: 80 }, 'ram')).toBe(0);
  });

  it.each([0, -1, NaN, Infinity])('refuses a limit of %s', (flash) => {
    expect(() => {
      checkLimits({ flash });
    }).toThrow(AxfsError);
  });

  it.each([
    ['time', { ...figures, time: 9, flash: 200 }, true],
    ['time', { ...figures, flash: 90 }, true],
    ['time', { ...figures, ram: 60 }, false],
    ['time', { ...figures, time: 10 * (1 - 1e-12) }, false],
    ['ram', { ...figures, ram: 49, time: 99 }, true],
    ['flash', { ...figures, time: 9 }, true],
  ] as const)('for %s, %j is better: %s', (objective, other, expected) => {
    expect(isBetter(other, figures, objective)).toBe(expected);
  });
});

describe('a front', () => {
  const points = [
    [5, 1],
    [1, 9],
    [2, 3],
    [2, 8],
    [3, 3],
    [4, 2],
    [6, 1],
  ].map(([x = 0, y = 0]) => ({ x, y }));

  it('is what no other point beats', () => {
    expect(frontOf(points).map(({ x, y }) => [x, y])).toEqual([
      [1, 9],
      [2, 3],
      [4, 2],
      [5, 1],
    ]);
  });

  it('has its knee furthest from the line between its ends', () => {
    const front = frontOf(points);
    expect(kneeOf(front)).toBe(front[1]);
    expect(kneeOf(front.slice(0, 2))).toBeUndefined();
    // A straight line has none.
    expect(kneeOf([0, 1, 2].map((x) => ({ x, y: 2 - x })))).toBeUndefined();
  });

  it('keeps its ends and its knee when thinned', () => {
    const front = Array.from({ length: 100 }, (_, x) => ({ x, y: 100 - x }));
    const few = thinned(front, 5, [front[3]]);
    expect(few).toHaveLength(6);
    expect([few[0], few[1], few.at(-1)]).toEqual([front[0], front[3], front[99]]);
    expect(thinned(few, 40)).toBe(few);
  });
});

describe('chips', () => {
  const { p30 } = MTD_PARTS;

  it.each([
    [undefined, 1, 8 * MIB],
    [undefined, 8 * MIB, 8 * MIB],
    [undefined, 8 * MIB + 1, 16 * MIB],
    [[32 * MIB, 4 * MIB], 5 * MIB, 32 * MIB],
    [[4 * MIB], 5 * MIB, undefined],
  ] as const)('of %j, %i bytes need %s', (given, bytes, chip) => {
    expect(chipFor(p30, given, bytes)).toBe(chip);
  });

  it.each([
    [undefined, 32 * MIB, [8 * MIB, 16 * MIB, 32 * MIB]],
    [undefined, 1, [8 * MIB]],
    [[32 * MIB, 4 * MIB, 32 * MIB], 1, [4 * MIB, 32 * MIB]],
  ] as const)('of %j up to %i bytes: %j', (given, flash, sizes) => {
    expect(chipSizes(p30, given, flash)).toEqual(sizes);
  });

  it('ends somewhere without a limit', () => {
    expect(chipSizes(p30, undefined, undefined).length).toBeGreaterThan(2);
  });
});

describe('a compressor that remembers', () => {
  it('compresses a block once, and gives the same for it ever after', async () => {
    const asked: number[] = [];
    const compressor = remembering(
      {
        parallelism: 3,
        compress: (blocks): Promise<readonly CompressedBlock[]> => {
          asked.push(blocks.length);
          return Promise.resolve(blocks.map((b) => (b[0] === 9 ? undefined : b.subarray(0, 1))));
        },
        close: () => Promise.resolve(),
      },
      4,
    );
    expect(compressor.parallelism).toBe(3);
    const [one, two, nine, long] = [
      [1, 1],
      [2, 2],
      [9, 9],
      [5, 5, 5, 5, 5],
    ].map((bytes) => Uint8Array.from(bytes));
    const first = await compressor.compress([one!, nine!]);
    expect(first).toEqual([Uint8Array.of(1), undefined]);
    expect(await compressor.compress([nine!, two!, one!])).toEqual([
      undefined,
      Uint8Array.of(2),
      Uint8Array.of(1),
    ]);
    expect(await compressor.compress([one!, two!])).toHaveLength(2);
    // Too long to be remembered.
    await compressor.compress([long!]);
    await compressor.compress([long!]);
    expect(asked).toEqual([2, 1, 1, 1]);
  });
});
