import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/base/random.ts';
import { METRIC_NAMES } from '../../../src/tune/budgets.ts';
import { prepare } from '../../../src/tune/prepare.ts';
import type { Prepared } from '../../../src/tune/prepare.ts';
import { demoTrace, demoTree } from '../../support/demo.ts';
import { figuresOf, workbench } from './workbench.ts';

const bench = workbench(demoTree(), demoTrace());
const SIZES = [4096, 16384, 65536] as const;
/**
 * How far an estimate may be off. Cblocks of one page are known exactly; time depends a little on what the bus did
 * before. Larger ones are compressed anew in every design.
 */
const TOLERANCE = {
  4096: { flash: 0, ram: 0, time: 0.0001 },
  16384: { flash: 0.01, ram: 0, time: 0.02 },
  65536: { flash: 0.01, ram: 0, time: 0.03 },
} as const;
let prepared: Prepared;

beforeAll(async () => {
  prepared = await prepare(
    bench,
    SIZES.map((cblockSize) => ({ codec: 'zlib-fast', cblockSize })),
  );
});

/** Shares of the candidates that are in place, drawn page by page, and in runs of pages. */
const SETS = [
  { share: 0, run: 1 },
  { share: 0.02, run: 1 },
  { share: 0.1, run: 1 },
  { share: 0.1, run: 12 },
  { share: 0.3, run: 1 },
  { share: 0.3, run: 20 },
  { share: 0.5, run: 1 },
  { share: 0.5, run: 40 },
  { share: 0.7, run: 1 },
  { share: 0.9, run: 8 },
  { share: 0.98, run: 1 },
  { share: 1, run: 1 },
] as const;

describe.each(SIZES.map((cblockSize, variant) => ({ cblockSize, variant })))(
  'the estimate with cblocks of $cblockSize bytes',
  ({ cblockSize, variant }) => {
    it.each(SETS.map((set, seed) => ({ ...set, seed })))(
      'of $share of the pages in place, in runs of $run',
      async ({ share, run, seed }) => {
        const estimator = prepared.variants[variant]!.estimator;
        const random = createRandom(seed);
        const set = estimator.none();
        let isIn = false;
        estimator.candidates.forEach((content, i) => {
          if (i % run === 0) isIn = random.chance(share);
          if (isIn) set[content] = 1;
        });
        const estimate = estimator.estimate(set);
        const real = await figuresOf(
          bench,
          { codec: 'zlib-fast', cblockSize },
          { kind: 'profile', profile: prepared.profileOf(set) },
        );
        for (const metric of METRIC_NAMES)
          expect(Math.abs(estimate[metric] / real[metric] - 1), metric).toBeLessThanOrEqual(
            TOLERANCE[cblockSize][metric],
          );
      },
    );
  },
);
