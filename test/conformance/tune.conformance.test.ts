/**
 * Whether choosing keeps its promises on a real root filesystem: estimates are close, budgets are kept, and no
 * fixed policy is better.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { scanTree } from '../../src/cli/scan.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import { DESIGN_POLICIES } from '../../src/sim/designs.ts';
import { METRIC_NAMES, meets } from '../../src/tune/budgets.ts';
import type { Figures, Limits, Metric } from '../../src/tune/budgets.ts';
import { prepare } from '../../src/tune/prepare.ts';
import type { Compression } from '../../src/tune/prepare.ts';
import { Solver } from '../../src/tune/solve.ts';
import { tunePrepared } from '../../src/tune/tune.ts';
import type { PreparedTuning } from '../../src/tune/tune.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import { figuresOf, workbench } from '../unit/tune/workbench.ts';
import { REFERENCE, canExtract, extractCorpus, whyNoCorpus } from './reference.ts';

const MIB = 2 ** 20;
const COMPRESSIONS: readonly Compression[] = [4096, 65536].map((cblockSize) => ({
  ...{ codec: 'zlib-fast', cblockSize },
}));

const BUDGETS: readonly { readonly objective: Metric; readonly limits: Limits }[] = [
  { objective: 'time', limits: {} },
  ...[22, 23, 24, 25, 26, 27].map(
    (flash) => ({ objective: 'time', limits: { flash: flash * MIB } }) as const,
  ),
  ...[22, 24, 26].map((flash) => ({ objective: 'ram', limits: { flash: flash * MIB } }) as const),
  ...[0.5, 1, 2, 4].map((ram) => ({ objective: 'flash', limits: { ram: ram * MIB } }) as const),
  { objective: 'flash', limits: { ram: MIB, time: 600e6 } },
];

describe.skipIf(!canExtract)(`the root filesystem, tuned${whyNoCorpus}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'axfs-tune-'));
  const rivals: { readonly name: string; readonly figures: Figures }[] = [];
  let ready: PreparedTuning;

  beforeAll(async () => {
    extractCorpus(join(folder, 'tree'));
    const { tree } = await scanTree(createNodeHost().files, fromText(join(folder, 'tree')));
    const trace = join(REFERENCE, 'profiles', 'armhf-rootfs-trace.csv');
    const list = join(REFERENCE, 'profiles', 'armhf-rootfs.csv');
    const bench = workbench(tree, parseTrace(readFileSync(trace), trace));
    const prepared = await prepare(bench, COMPRESSIONS);
    ready = { bench, prepared, solver: new Solver(prepared.variants) };
    const profile = parseProfile(readFileSync(list), list);
    for (const compression of COMPRESSIONS)
      for (const { name, policy } of DESIGN_POLICIES)
        rivals.push({ name, figures: await figuresOf(bench, compression, policy(profile)) });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(BUDGETS)('least $objective within $limits', async (budget) => {
    const { objective, limits } = budget;
    const { isMet, design } = await tunePrepared(ready, budget);
    expect(isMet).toBe(true);
    expect(meets(design.figures, limits)).toBe(true);
    for (const metric of METRIC_NAMES)
      expect(Math.abs(design.estimate[metric] / design.figures[metric] - 1)).toBeLessThan(0.03);
    const better = rivals.filter(
      ({ figures }) =>
        meets(figures, limits) && figures[objective] < design.figures[objective] * (1 - 1e-9),
    );
    expect(better).toEqual([]);
  });
});
