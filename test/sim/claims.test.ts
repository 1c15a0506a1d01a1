/** What the field says of execution in place, on the demo's recorded run; on a root filesystem: calibration.conformance. */
import { beforeAll, describe, expect, it } from 'vitest';
import { buildSpec, evaluate, machinePrices, runnable } from '../../src/compare/evaluate.ts';
import { machineNamed } from '../../src/compare/machines.ts';
import { ramPeak } from '../../src/cost/comparison.ts';
import type { DesignResult } from '../../src/cost/comparison.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { createMachine } from '../../src/sim/machine.ts';
import { profileFromTrace } from '../../src/sim/profile.ts';
import { demoTrace, demoTree, testZlib } from '../support/demo.ts';

const results = new Map<string, DesignResult>();

beforeAll(async () => {
  const { compressor, inflater } = testZlib();
  const tree = demoTree();
  const trace = demoTrace();
  const machine = machineNamed('phone-2008');
  const prices = machinePrices(machine);
  const run = async (name: string, xip: XipPolicy): Promise<void> => {
    const image = await buildSpec(tree, { name, xip }, { compressor });
    results.set(name, evaluate(runnable(name, image), trace, machine, { prices, inflater }));
  };
  const none = await buildSpec(tree, { name: 'none', xip: { kind: 'none' } }, { compressor });
  const { volume } = createMachine({ image: none.toBytes(), inflater }).mount;
  const profile = profileFromTrace(trace, volume);
  await run('none', { kind: 'none' });
  await run('profile', { kind: 'profile', profile });
  await run('files', { kind: 'files', profile });
});

const of = (name: string): DesignResult => {
  const result = results.get(name);
  if (result === undefined) throw new Error(`no design ${name}`);
  return result;
};
const premium = (name: string): number => of(name).flashBytes - of('none').flashBytes;
const saved = (name: string): number => ramPeak(of('none')) - ramPeak(of(name));

describe('the demo, on a phone of 2008', () => {
  // LKML, 2006-05-02: 1 MiB of flash buys 2 MiB of RAM where pages compress to half.
  it('1 MiB of flash buys about 2 MiB of RAM', () => {
    expect(saved('profile') / premium('profile')).toBeGreaterThan(1.8);
    expect(saved('profile') / premium('profile')).toBeLessThan(2.3);
  });

  // 2006: 67 % less than whole files on a root filesystem; one program that uses two thirds of itself shows less.
  it('pages take less flash than whole files for nearly the same RAM', () => {
    expect(1 - premium('profile') / premium('files')).toBeGreaterThan(0.3);
    expect(saved('profile') / saved('files')).toBeGreaterThan(0.9);
  });

  it('pages in place are faster than inflating them', () => {
    expect(of('profile').cost.total / of('none').cost.total).toBeLessThan(0.5);
  });

  it('a few pages take most of the touches', () => {
    const counts = new Map<string, number>();
    for (const { path, page, count } of demoTrace().lines) {
      const key = `${String(page)}:${path}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const tenth = sum(sorted.slice(0, Math.floor(sorted.length / 10)));
    // 85.8 % of a whole root filesystem's.
    expect(tenth / sum(sorted)).toBeGreaterThan(0.8);
  });
});
