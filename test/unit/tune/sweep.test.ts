import { beforeAll, describe, expect, it } from 'vitest';
import { DESIGN_POLICIES } from '../../../src/sim/designs.ts';
import { profileFromTrace } from '../../../src/sim/profile.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import type { PageProfile } from '../../../src/mkfs/profile.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { meets } from '../../../src/tune/budgets.ts';
import type { Figures, Limits, Metric } from '../../../src/tune/budgets.ts';
import { buildAs, prepare } from '../../../src/tune/prepare.ts';
import { Solver } from '../../../src/tune/solve.ts';
import { tunePrepared } from '../../../src/tune/tune.ts';
import type { PreparedTuning } from '../../../src/tune/tune.ts';
import { demoTrace, demoTree } from '../../support/demo.ts';
import { figuresOf, makeInflater, workbench } from './workbench.ts';

const SIZES = [4096, 16384, 65536] as const;
const MIB = 2 ** 20;
const bench = workbench(demoTree(), demoTrace());
let ready: PreparedTuning;
/** Fixed policies, built and run with cblocks of each size, by name. */
const rivals: { readonly name: string; readonly figures: Figures }[] = [];

/** The most touched pages first, in steps: what a profile alone would do. */
function* hottestFirst(profile: PageProfile): Generator<{ name: string; profile: PageProfile }> {
  const hottest = [...profile.entries].sort((a, b) => b.count - a.count);
  for (let count = 10; count < hottest.length; count += 20)
    yield { name: `hottest ${String(count)}`, profile: profileOf(hottest.slice(0, count)) };
}

beforeAll(async () => {
  const compressions = SIZES.map((cblockSize) => ({ codec: 'zlib-fast', cblockSize }) as const);
  const prepared = await prepare(bench, compressions);
  ready = { bench, prepared, solver: new Solver(prepared.variants) };
  const image = (await buildAs(bench, compressions[0]!)).toBytes();
  const volume = new AxfsVolume(createRamDevice('demo', memoryContents(image)), {
    name: 'demo',
    inflater: makeInflater('zlib-fast'),
  });
  const touched = profileFromTrace(bench.trace, volume);
  for (const compression of compressions) {
    for (const { name, policy } of DESIGN_POLICIES)
      rivals.push({ name, figures: await figuresOf(bench, compression, policy(touched)) });
    for (const { name, profile } of hottestFirst(touched))
      rivals.push({
        name,
        figures: await figuresOf(bench, compression, { kind: 'profile', profile }),
      });
  }
});

const BUDGETS: readonly { readonly objective: Metric; readonly limits: Limits }[] = [
  ...[1.1, 1.25, 1.4, 1.55, 1.7, 2].flatMap((flash) =>
    (['time', 'ram'] as const).map((objective) => ({ objective, limits: { flash: flash * MIB } })),
  ),
  ...[64, 128, 256, 768].flatMap((ram) =>
    (['time', 'flash'] as const).map((objective) => ({ objective, limits: { ram: ram * 1024 } })),
  ),
  ...[110, 130, 300, 1000].flatMap((time) =>
    (['ram', 'flash'] as const).map((objective) => ({ objective, limits: { time: time * 1e6 } })),
  ),
  { objective: 'time', limits: { flash: 1.6 * MIB, ram: 200 * 1024 } },
  { objective: 'ram', limits: { flash: 1.7 * MIB, time: 130e6 } },
  { objective: 'flash', limits: { ram: 160 * 1024, time: 150e6 } },
];

/** Figures that differ by less are the same. */
const ROUNDING = 1e-9;

describe('a choice', () => {
  it.each(BUDGETS)('least $objective within $limits: no fixed policy is better', async (budget) => {
    const { objective, limits } = budget;
    const { isMet, design } = await tunePrepared(ready, budget);
    const kept = rivals.filter(({ figures }) => meets(figures, limits));
    expect(isMet).toBe(true);
    expect(meets(design.figures, limits)).toBe(true);
    const better = kept.filter(
      ({ figures }) => figures[objective] < design.figures[objective] * (1 - ROUNDING),
    );
    expect(better).toEqual([]);
  });

  it('is compared with policies that keep the budgets, and is usually better than all of them', () => {
    let [compared, isBetter] = [0, 0];
    for (const budget of BUDGETS) {
      const { objective, limits } = budget;
      const kept = rivals.filter(({ figures }) => meets(figures, limits));
      if (kept.length === 0) continue;
      const best = Math.min(...kept.map(({ figures }) => figures[objective]));
      const point = ready.solver.solve(budget);
      compared += 1;
      if ((point?.figures[objective] ?? Infinity) < best * 0.99) isBetter += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(28);
    expect(isBetter).toBeGreaterThanOrEqual(20);
  });
});
