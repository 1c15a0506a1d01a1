/**
 * Orders in which pages are taken: the most gain for a byte of flash first. What counts as gain is weighed
 * between time and RAM; each weight gives an order. Gains change as pages are taken (cblocks are cut anew, the
 * peak of RAM moves), so they are looked at again every so many pages.
 *
 * @module
 */
import type { Estimator, ExpansionGain } from './estimator.ts';

/** Shares of time in the gain; the rest is RAM's. */
const TIME_WEIGHTS = [1, 0.9, 0.75, 0.5, 0.25, 0.1, 0] as const;

/** How often the gains are looked at again: with cblocks of one page, only the peak of RAM moves. */
const ROUNDS = { single: 8, cut: 32 } as const;

/**
 * Candidates in the order in which they are taken, as long as taking one gains; those that take no more flash
 * and gain come first.
 */
export function orderByGain(
  estimator: Estimator,
  timeWeight: number,
  expansions: ExpansionGain,
): readonly number[] {
  const set = estimator.none();
  const start = estimator.estimate(set);
  const rounds = ROUNDS[estimator.isSeparable ? 'single' : 'cut'];
  const step = Math.max(1, Math.ceil(estimator.candidates.length / rounds));
  const order: number[] = [];
  for (;;) {
    const scored: { readonly content: number; readonly score: number }[] = [];
    for (const [content, { flash, ram, time }] of estimator.gains(set, expansions)) {
      const gain = (timeWeight * time) / start.time + ((1 - timeWeight) * ram) / start.ram;
      if (gain > 0) scored.push({ content, score: gain / Math.max(1, flash) });
    }
    if (scored.length === 0) return order;
    scored.sort((a, b) => b.score - a.score || a.content - b.content);
    for (const { content } of scored.slice(0, step)) {
      order.push(content);
      set[content] = 1;
    }
  }
}

/** Every order of an estimator. With cblocks of one page no two fills share an expansion, but for equal pages. */
export const ordersOf = (estimator: Estimator): readonly (readonly number[])[] =>
  TIME_WEIGHTS.flatMap((weight) =>
    (estimator.isSeparable ? (['single'] as const) : (['single', 'shared'] as const)).map(
      (expansions) => orderByGain(estimator, weight, expansions),
    ),
  );

/** The set of the first `count` of an order. */
export function prefixOf(
  estimator: Estimator,
  order: readonly number[],
  count: number,
): Uint8Array {
  const set = estimator.none();
  for (const content of order.slice(0, count)) set[content] = 1;
  return set;
}
