/**
 * The model of memory against its naive twin for a fixed time: random operations on every kernel, each step
 * compared, every invariant recounted. AXFS_MODEL_SECONDS sets how long, 90 by default; AXFS_MODEL_SEED where
 * it starts. Needs no reference data.
 *
 * @module
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareModels } from '../model/compare-models.ts';
import { PRESETS } from '../model/contract.ts';
import { reporter } from '../model/reporter.ts';
import { sequences, worlds } from '../model/random-operations.ts';

const SECONDS = Number(process.env['AXFS_MODEL_SECONDS'] ?? 90);
const SEED = Number(process.env['AXFS_MODEL_SEED'] ?? 1);
const RUNS_A_ROUND = 40;
const LENGTH = 120;
/** Steps that 90 seconds have to be good for. */
const LEAST_STEPS = 50_000;

it('two models agree and every invariant holds, for as long as there is time', () => {
  const end = performance.now() + SECONDS * 1000;
  let steps = 0;
  let sequencesDone = 0;
  for (let round = 0; performance.now() < end; round += 1) {
    const preset = PRESETS[round % PRESETS.length] ?? PRESETS[0];
    fc.assert(
      fc.property(worlds([preset]), sequences(LENGTH), (spec, sequence) => {
        steps += compareModels(spec, sequence);
        sequencesDone += 1;
      }),
      { seed: SEED + round, numRuns: RUNS_A_ROUND, reporter },
    );
  }
  console.log(
    `${String(steps)} operations in ${String(sequencesDone)} sequences on ${String(PRESETS.length)} kernels`,
  );
  if (SECONDS >= 90) expect(steps).toBeGreaterThanOrEqual(LEAST_STEPS);
});
