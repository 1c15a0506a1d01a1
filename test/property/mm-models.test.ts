/**
 * Two models of the same kernels, one of them written from the rules alone, perform the same random operations
 * and must agree after every one of them: on the result, on the faults, and on everything that can be seen; and
 * every invariant, recounted, must hold.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareModels } from '../model/compare-models.ts';
import { PRESETS } from '../model/contract.ts';
import { sequences, worlds } from '../model/random-operations.ts';
import { reporter } from '../model/reporter.ts';

const SEED = Number(process.env['AXFS_PROPERTY_SEED'] ?? 20071113);
const RUNS = Number(process.env['AXFS_PROPERTY_RUNS'] ?? 60);
const LENGTH = 100;

describe('the model and its naive twin', () => {
  it.each(PRESETS)('%s: agree after every operation', (preset) => {
    let steps = 0;
    fc.assert(
      fc.property(worlds([preset]), sequences(LENGTH), (spec, sequence) => {
        steps += compareModels(spec, sequence);
      }),
      { seed: SEED, numRuns: RUNS, reporter },
    );
    expect(steps).toBeGreaterThan(RUNS * 10);
  });
});
