import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { CHOICE_REASONS, choose } from '../../src/mkfs/choose.ts';
import type { Candidate } from '../../src/mkfs/choose.ts';

const SEED = { seed: 20_190_402, numRuns: 500 };
const PAGE = 4096;

const pages = (maxAdded: number, maxCount: number): fc.Arbitrary<Candidate[]> =>
  fc
    .array(fc.record({ count: fc.nat(maxCount), added: fc.nat(maxAdded) }), { maxLength: 12 })
    .map((rows) =>
      rows.map((row, i) => ({ path: fromText(`f${String(i % 3)}`), page: i, ...row })),
    );

/** Every subset: the most that fits. */
function exact(candidates: readonly Candidate[], budget: number): number {
  const best = new Map([[0, 0]]);
  for (const { count, added } of candidates)
    for (const [spent, worth] of [...best])
      if (spent + added <= budget)
        best.set(spent + added, Math.max(best.get(spent + added) ?? 0, worth + count));
  return Math.max(...best.values());
}

describe('choose', () => {
  it.each([
    ['pages as they are', pages(PAGE, 50)],
    ['small numbers, many ties', pages(4, 3)],
  ])('keeps the budget and its bounds against an exact knapsack: %s', (_name, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.nat(5 * PAGE), fc.nat(12), (candidates, wide, narrow) => {
        for (const budget of [wide, narrow]) {
          const { decisions, spent } = choose(candidates, budget);
          const taken = decisions.filter(({ reason }) => CHOICE_REASONS[reason].isTaken);
          expect(taken.reduce((sum, { added }) => sum + added, 0)).toBe(spent);
          expect(spent).toBeLessThanOrEqual(budget);
          expect(decisions).toHaveLength(candidates.length);
          const worth = taken.reduce((sum, { count }) => sum + count, 0);
          const best = exact(candidates, budget);
          const missed = decisions.find(({ reason }) => reason === 'over-budget')?.count ?? 0;
          expect(worth).toBeLessThanOrEqual(best);
          expect(worth + missed).toBeGreaterThanOrEqual(best);
          if (budget > 0) expect(worth).toBeGreaterThanOrEqual(best * (1 - PAGE / budget) - 1e-9);
        }
      }),
      SEED,
    );
  });

  it('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(
        pages(4, 3),
        fc.nat(12),
        fc.array(fc.nat(1000), { minLength: 12 }),
        (all, budget, keys) => {
          const shuffled = all
            .map((candidate, i) => ({ candidate, key: keys[i] ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ candidate }) => candidate);
          expect(choose(shuffled, budget)).toEqual(choose(all, budget));
        },
      ),
      SEED,
    );
  });
});
