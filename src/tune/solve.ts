/**
 * The best set of pages under limits, by estimate: prefixes of several orders, those at the limits found by
 * bisection, and the best of them improved page by page (added, left out, exchanged) as long as that helps.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { METRIC_NAMES, isBetter, meets, violation, without } from './budgets.ts';
import type { Figures, Limits, Metric } from './budgets.ts';
import type { Estimator } from './estimator.ts';
import { ordersOf, prefixOf } from './orders.ts';

/** A way to compress, with what is needed to choose pages under it. */
export interface Variant<Label = unknown> {
  readonly label: Label;
  readonly estimator: Estimator;
}

/** A set of pages of one variant. */
export interface Point<Label = unknown> {
  readonly variant: Variant<Label>;
  readonly set: Uint8Array;
  readonly figures: Figures;
}

/** What is asked for. */
export interface Problem {
  readonly limits: Limits;
  readonly objective: Metric;
}

/** Prefixes of an order that are looked at, evenly spread. */
const SAMPLES = 48;
/** Pages on either side that exchanges are tried between. */
const EXCHANGED = 24;
/** Most rounds of improving, and contents looked at in all of them, set by set. */
const ROUNDS = 6;
const LOOKED_AT_MAX = 2e7;
const SETS_MAX = 4000;
/** Ways to compress whose best is further than this from the best of all are not improved. */
const CLOSE = 1.25;

/** One order of one variant, with the prefixes looked at; their figures are not corrected. */
interface Path<Label> {
  readonly variant: Variant<Label>;
  readonly order: readonly number[];
  readonly samples: readonly { readonly count: number; readonly figures: Figures }[];
}

/** Solves any number of problems on the same variants. */
export class Solver<Label> {
  readonly #paths: readonly Path<Label>[];

  constructor(variants: readonly Variant<Label>[]) {
    // What pages cost one by one is a good order for larger cblocks, too.
    const single = variants.find(({ estimator }) => estimator.isSeparable);
    const ofSingle = single === undefined ? [] : ordersOf(single.estimator);
    this.#paths = variants.flatMap((variant) => {
      const { estimator } = variant;
      const own = variant === single ? [] : ordersOf(estimator);
      return [...ofSingle, ...own].map((order): Path<Label> => ({
        variant,
        order,
        samples: sample(estimator, order),
      }));
    });
  }

  /** Every design looked at, for curves. */
  get samples(): readonly {
    readonly variant: Variant<Label>;
    readonly xipPages: number;
    readonly figures: Figures;
  }[] {
    return this.#paths.flatMap(({ variant, samples }) =>
      samples.map(({ count, figures }) => ({ variant, xipPages: count, figures })),
    );
  }

  /** The best design that meets the limits; `undefined` when none that is looked at does. */
  solve(problem: Problem): Point<Label> | undefined {
    const { limits, objective } = problem;
    const best = new Map<Variant<Label>, Prefix<Label>>();
    for (const path of this.#paths)
      for (const prefix of prefixes(path, limits)) {
        if (!meets(prefix.figures, limits)) continue;
        const known = best.get(path.variant);
        if (known === undefined || isBetter(prefix.figures, known.figures, objective))
          best.set(path.variant, prefix);
      }
    const least = Math.min(...Array.from(best.values(), ({ figures }) => figures[objective]));
    let result: Point<Label> | undefined;
    for (const prefix of best.values()) {
      if (prefix.figures[objective] > CLOSE * least) continue;
      const improved = improve(pointOf(prefix), problem);
      if (result === undefined || isBetter(improved.figures, result.figures, objective))
        result = improved;
    }
    return result;
  }

  /** The design that is least beyond its limits: beyond one of them if that can be, else beyond several. */
  nearest(limits: Limits): Point<Label> {
    let prefix: Prefix<Label> | undefined;
    let least = Infinity;
    for (const path of this.#paths)
      for (const candidate of prefixes(path, limits)) {
        const beyond = violation(candidate.figures, limits);
        if (beyond < least) [prefix, least] = [candidate, beyond];
      }
    assert(prefix !== undefined, () => 'there is a way to compress');
    let result = pointOf(prefix);
    for (const metric of METRIC_NAMES) {
      const relaxed = this.solve({ limits: without(limits, metric), objective: metric });
      if (relaxed === undefined || violation(relaxed.figures, limits) > least) continue;
      [result, least] = [relaxed, violation(relaxed.figures, limits)];
    }
    return result;
  }
}

/** The first pages of an order. */
interface Prefix<Label> {
  readonly path: Path<Label>;
  readonly count: number;
  readonly figures: Figures;
}

const pointOf = <Label>({ path, count, figures }: Prefix<Label>): Point<Label> => ({
  variant: path.variant,
  set: prefixOf(path.variant.estimator, path.order, count),
  figures,
});

function sample(
  estimator: Estimator,
  order: readonly number[],
): { readonly count: number; readonly figures: Figures }[] {
  const counts = new Set(
    Array.from({ length: SAMPLES + 1 }, (_, i) => Math.round((i * order.length) / SAMPLES)),
  );
  const set = estimator.none();
  let taken = 0;
  return Array.from(counts, (count) => {
    for (; taken < count; taken += 1) set[order[taken] ?? 0] = 1;
    return { count, figures: estimator.uncorrected(set) };
  });
}

/** Prefixes worth looking at: the samples, and where each limit begins or ceases to hold. */
function* prefixes<Label>(path: Path<Label>, limits: Limits): Generator<Prefix<Label>> {
  const { order } = path;
  const { estimator } = path.variant;
  const samples = path.samples.map(({ count, figures }) => ({
    ...{ path, count, figures: estimator.corrected(figures) },
  }));
  yield* samples;
  for (const metric of METRIC_NAMES) {
    const limit = limits[metric];
    if (limit === undefined) continue;
    const holds = ({ figures }: { readonly figures: Figures }): boolean => figures[metric] <= limit;
    // Between two samples that differ, and inside by halves.
    for (let i = 0; i + 1 < samples.length; i += 1) {
      const [from, to] = [samples[i], samples[i + 1]];
      if (from === undefined || to === undefined || holds(from) === holds(to)) continue;
      let [low, high] = [from.count, to.count];
      while (high - low > 1) {
        const count = Math.floor((low + high) / 2);
        const figures = estimator.estimate(prefixOf(estimator, order, count));
        yield { path, count, figures };
        if (holds({ figures }) === holds(from)) low = count;
        else high = count;
      }
    }
  }
}

/** Adds, leaves out and exchanges pages while that makes a better design that still meets the limits. */
function improve<Label>(start: Point<Label>, { limits, objective }: Problem): Point<Label> {
  const { variant } = start;
  const { estimator } = variant;
  const set = start.set.slice();
  let figures = start.figures;
  const setsMax = Math.min(SETS_MAX, LOOKED_AT_MAX / (estimator.pages.firstNode.length + 1));
  let looked = 0;
  const attempt = (...changes: readonly number[]): boolean => {
    looked += 1;
    for (const content of changes) set[content] = 1 - (set[content] ?? 0);
    const changed = estimator.estimate(set);
    if (meets(changed, limits) && isBetter(changed, figures, objective)) {
      figures = changed;
      return true;
    }
    for (const content of changes) set[content] = 1 - (set[content] ?? 0);
    return false;
  };
  for (let round = 0; round < ROUNDS && looked < setsMax; round += 1) {
    let isChanged = false;
    for (const content of byMargin(estimator, set, objective)) {
      if (looked >= setsMax) break;
      if (attempt(content)) isChanged = true;
    }
    const margin = byMargin(estimator, set, objective);
    const inside = margin.filter((content) => set[content] === 1).slice(0, EXCHANGED);
    const outside = margin.filter((content) => set[content] === 0).slice(0, EXCHANGED);
    for (const leaving of inside)
      for (const coming of outside)
        if (looked < setsMax && set[leaving] === 1 && set[coming] === 0)
          if (attempt(leaving, coming)) isChanged = true;
    if (!isChanged) break;
  }
  return { variant, set, figures };
}

/** Candidates, those first whose place is least certain: outside the most worth, inside the least. */
function byMargin(estimator: Estimator, set: Uint8Array, objective: Metric): readonly number[] {
  const worth = new Map<number, number>();
  // Seen from the empty set, so that those inside have a gain, too.
  for (const [content, { flash, ram, time }] of estimator.gains(estimator.none(), 'shared'))
    worth.set(content, (objective === 'ram' ? ram : time) / Math.max(1, flash));
  const value = (content: number): number =>
    (worth.get(content) ?? 0) * (set[content] === 1 ? -1 : 1);
  return [...estimator.candidates].sort((a, b) => value(b) - value(a) || a - b);
}
