/**
 * The comparison of the models is sharp: planted in the model under test one at a time, each of many small defects
 * makes it differ from its naive twin, break an invariant or crash within a fixed number of random sequences; and
 * without one it never does.
 */
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareModels } from '../model/compare-models.ts';
import { PRESETS } from '../model/contract.ts';
import type { Operation, Preset, WorldSpec } from '../model/contract.ts';
import { DEFECTS } from '../model/defects.ts';
import { sequences, worlds } from '../model/random-operations.ts';
import { Variants } from '../model/variants.ts';

const SEED = 20071113;
/** Sequences on each kernel. */
const RUNS = 40;
const LENGTH = 100;

type Run = readonly [WorldSpec, readonly Operation[]];

const RUNS_OF = new Map<Preset, readonly Run[]>(
  PRESETS.map((preset, i) => [
    preset,
    fc.sample(fc.tuple(worlds([preset]), sequences(LENGTH)), { seed: SEED + i, numRuns: RUNS }),
  ]),
);

/** All sequences: those of the first kernel, then those of the others in turn. */
function runs(first: Preset | undefined): readonly Run[] {
  const others = PRESETS.filter((preset) => preset !== first);
  const inTurn = Array.from({ length: RUNS }, (_, i) =>
    others.flatMap((preset) => RUNS_OF.get(preset)?.slice(i, i + 1) ?? []),
  ).flat();
  return [...((first && RUNS_OF.get(first)) ?? []), ...inTurn];
}

/** How many sequences it takes until one fails, and how; undefined when none does. */
function firstFailure(
  all: readonly Run[],
  make: Parameters<typeof compareModels>[2],
): { readonly after: number; readonly message: string } | undefined {
  for (const [i, [spec, sequence]] of all.entries())
    try {
      compareModels(spec, sequence, make);
    } catch (error) {
      const message = `${spec.preset}: ${String(error)}`;
      return { after: i + 1, message };
    }
  return undefined;
}

describe('the comparison of the models', () => {
  const directory = mkdtempSync(join(tmpdir(), 'axfs-defects-'));
  let variants: Variants;
  beforeAll(() => {
    variants = new Variants(directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('finds nothing where no defect is planted', async () => {
    expect(firstFailure(runs(undefined), await variants.load())).toBeUndefined();
  });

  it('has defects of different names', () => {
    expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(DEFECTS.length);
  });

  it.each(DEFECTS)('$file: finds that $name', async (defect) => {
    const found = firstFailure(runs(defect.preset), await variants.load(defect));
    if (process.env['AXFS_DEFECTS_REPORT'] !== undefined)
      console.log(
        `${String(found?.after)}\t${defect.file}\t${defect.name}\t${found?.message ?? ''}`,
      );
    expect(found).toBeDefined();
  });
});
