/**
 * Whether choosing finds what trying every set of pages finds, on trees small enough to try them all: by the
 * same estimates, and by images really built and run.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import type { Random } from '../../src/base/random.ts';
import { PAGE_SIZE } from '../../src/base/units.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { METRIC_NAMES, isBetter, meets } from '../../src/tune/budgets.ts';
import type { Figures, Limits, Metric } from '../../src/tune/budgets.ts';
import type { Estimator } from '../../src/tune/estimator.ts';
import { prepare } from '../../src/tune/prepare.ts';
import type { Compression } from '../../src/tune/prepare.ts';
import { Solver } from '../../src/tune/solve.ts';
import { tunePrepared } from '../../src/tune/tune.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { figuresOf, workbench } from '../unit/tune/workbench.ts';

const COMPRESSIONS: readonly Compression[] = [
  { codec: 'zlib-fast', cblockSize: PAGE_SIZE },
  { codec: 'zlib-fast', cblockSize: 4 * PAGE_SIZE },
];

/** A page that stores in about `share` of its bytes: noise at the start, one byte behind it. */
function page(random: Random, share: number): Uint8Array {
  const noisy = Math.floor(share * PAGE_SIZE);
  return Uint8Array.from({ length: PAGE_SIZE }, (_, i) => (i < noisy ? random.below(256) : 65));
}

/** A tree of two programs with `pages` pages that are all touched, and a trace of three processes. */
function smallWorld(seed: number, pages: number): ReturnType<typeof workbench> {
  const random = createRandom(seed, 17);
  const split = 1 + random.below(pages - 1);
  const content = (count: number): Uint8Array => {
    const parts = Array.from({ length: count }, () => page(random, 1.05 * random.share()));
    return Uint8Array.from(parts.flatMap((bytes) => [...bytes]));
  };
  const tree = treeFrom({
    'bin/a': { content: content(split), mode: 0o755 },
    'bin/b': { content: content(pages - split), mode: 0o755 },
    'etc/untouched': { content: content(3) },
  });
  const places = Array.from({ length: pages }, (_, i) =>
    i < split ? { path: 'bin/a', page: i } : { path: 'bin/b', page: i - split },
  );
  // Each page is used by some processes in some epochs: what it costs in place has nothing to do with its size.
  const rows = places.flatMap((place) => {
    const epochs = 1 + random.below(12);
    return Array.from({ length: epochs }, (_, epoch) => {
      const accesses = random.chance(0.1) ? 'rw' : 'rx';
      const columns = [random.below(3), epoch, place.path, place.page * PAGE_SIZE, accesses];
      return [...columns, 2 + random.below(160)].join(',');
    });
  });
  return workbench(tree, traceOf(rows));
}

const traceOf = (rows: readonly string[]): Trace =>
  parseTrace(
    new TextEncoder().encode(`pid,epoch,path,offset,access,count\n${rows.join('\n')}\n`),
    'small.csv',
  );

/** Every set of the candidates. */
function* allSets(estimator: Estimator): Generator<Uint8Array> {
  const { candidates } = estimator;
  for (let mask = 0; mask < 2 ** candidates.length; mask += 1) {
    const set = estimator.none();
    candidates.forEach((content, i) => {
      set[content] = Math.floor(mask / 2 ** i) % 2;
    });
    yield set;
  }
}

/** A limit at `share` of the way from the least to the most that any set has. */
function limitsAt(all: readonly Figures[], metrics: readonly Metric[], share: number): Limits {
  return Object.fromEntries(
    metrics.map((metric) => {
      const values = all.map((figures) => figures[metric]);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      return [metric, least + share * (most - least)];
    }),
  );
}

const best = (all: readonly Figures[], limits: Limits, objective: Metric): Figures | undefined =>
  all
    .filter((figures) => meets(figures, limits))
    .reduce<Figures | undefined>(
      (least, figures) =>
        least === undefined || isBetter(figures, least, objective) ? figures : least,
      undefined,
    );

/** Where limits are between the least and the most that any set has. */
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/** Every objective under limits on one and on both of the others, from tight to loose. */
const PROBLEMS = METRIC_NAMES.flatMap((objective) => {
  const others = METRIC_NAMES.filter((metric) => metric !== objective);
  return [...others.map((metric) => [metric]), others].flatMap((metrics) =>
    SHARES.map((share) => ({ objective, metrics, share })),
  );
});

/** Some of them, for images that are built. */
const REAL_PROBLEMS = PROBLEMS.filter((_, i) => i % 4 === 1);

const WORLDS = [
  ...Array.from({ length: 10 }, (_, seed) => ({ seed, pages: 4 + seed })),
  { seed: 10, pages: 14 },
] as const;

/** A choice is at most this much worse than the best one, */
const BOUND = 1.05;
/** and equal to it in so many problems of a tree at least. */
const EQUAL = 0.98;
const EQUAL_REALLY = 0.8;
const ROUNDING = 1e-9;

describe('choosing finds what trying every set finds', () => {
  it.each(WORLDS)('by estimate: $pages pages, seed $seed', async ({ seed, pages }) => {
    const bench = smallWorld(seed, pages);
    const { variants } = await prepare(bench, COMPRESSIONS);
    expect(variants.map(({ estimator }) => estimator.candidates.length)).toEqual([pages, pages]);
    const solver = new Solver(variants);
    const all = variants.flatMap(({ estimator }) =>
      Array.from(allSets(estimator), (set) => estimator.estimate(set)),
    );
    let [solved, equal] = [0, 0];
    for (const { objective, metrics, share } of PROBLEMS) {
      const limits = limitsAt(all, metrics, share);
      const wanted = best(all, limits, objective);
      const found = solver.solve({ limits, objective })?.figures;
      const what = `least ${objective} within ${JSON.stringify(limits)}`;
      if (wanted === undefined) {
        expect(found, what).toBeUndefined();
        continue;
      }
      solved += 1;
      const ratio = (found?.[objective] ?? Infinity) / wanted[objective];
      expect(ratio, what).toBeLessThanOrEqual(BOUND);
      expect(ratio, what).toBeGreaterThan(1 - ROUNDING);
      if (ratio <= 1 + ROUNDING) equal += 1;
    }
    expect(solved).toBeGreaterThan(PROBLEMS.length / 2);
    expect(equal).toBeGreaterThanOrEqual(EQUAL * solved);
  });

  it.each([
    { seed: 20, pages: 4 },
    { seed: 21, pages: 5 },
    { seed: 22, pages: 5 },
  ])('by images built and run: $pages pages, seed $seed', async ({ seed, pages }) => {
    const bench = smallWorld(seed, pages);
    const prepared = await prepare(bench, COMPRESSIONS);
    const ready = { bench, prepared, solver: new Solver(prepared.variants) };
    const all: Figures[] = [];
    for (const { label, estimator } of prepared.variants)
      for (const set of allSets(estimator)) {
        const profile = prepared.profileOf(set);
        all.push(await figuresOf(bench, label, { kind: 'profile', profile }));
      }
    let [solved, equal] = [0, 0];
    for (const { objective, metrics, share } of REAL_PROBLEMS) {
      const limits = limitsAt(all, metrics, share);
      const wanted = best(all, limits, objective);
      const { isMet, design } = await tunePrepared(ready, { objective, limits });
      const what = `least ${objective} within ${JSON.stringify(limits)}`;
      expect(isMet, what).toBe(wanted !== undefined);
      if (wanted === undefined) continue;
      solved += 1;
      expect(meets(design.figures, limits), what).toBe(true);
      const [found, least] = [design.figures[objective], wanted[objective]];
      // What larger cblocks store is an estimate, and an image is whole pages.
      const allowed = objective === 'flash' ? least + PAGE_SIZE : least * BOUND;
      expect(found, what).toBeLessThanOrEqual(allowed);
      if (found <= least * (1 + ROUNDING)) equal += 1;
    }
    expect(solved).toBeGreaterThan(REAL_PROBLEMS.length / 2);
    expect(equal).toBeGreaterThanOrEqual(EQUAL_REALLY * solved);
  });
});
