/**
 * Whether the facts that prices are checked against are those that were measured, and whether the corpus shows what
 * the field says of execution in place: what flash buys, and what page granularity saves.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { PAGE_SIZE } from '../../src/base/units.ts';
import { scanTree } from '../../src/cli/scan.ts';
import { buildSpec, evaluate, machinePrices, runnable } from '../../src/compare/evaluate.ts';
import { machineNamed } from '../../src/compare/machines.ts';
import { ramPeak } from '../../src/cost/comparison.ts';
import type { DesignResult } from '../../src/cost/comparison.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { CALIBRATION, kernelRuns } from '../support/calibration.ts';
import {
  REFERENCE,
  canExtract,
  extractCorpus,
  hasReference,
  whyNoCorpus,
  whyNoReference,
} from './reference.ts';

const MEASURED = join(REFERENCE, 'kernel-measurements', 'pagefault');

describe.skipIf(!hasReference)(`the facts of images/calibration${whyNoReference}`, () => {
  it('fills are those measured', () => {
    expect(readFileSync(join(CALIBRATION, 'fills.csv'), 'utf8')).toBe(
      readFileSync(join(MEASURED, 'icount-compressed-size-vs-instructions.csv'), 'utf8'),
    );
  });

  /** `case pages minfl majfl p10 median p90 p99 mean/page`, under headings `## cblock BYTES`. */
  const measured = new Map<string, readonly number[]>();
  beforeAll(() => {
    for (const file of ['icount-summary.txt', 'icount-cblock-size.txt']) {
      let cblock = '4096';
      for (const line of readFileSync(join(MEASURED, file), 'utf8').split('\n')) {
        const [word = '', ...cells] = line.split(/\s+/);
        if (word === '##') cblock = cells[1] ?? '';
        else measured.set(`${word.replace(/^cb\./, 'cblock.')} ${cblock}`, cells.map(Number));
      }
    }
  });

  it.each(kernelRuns())('$run $cblockBytes $cache $order', (run) => {
    const key = `${run.run}.${run.cache}.${run.order} ${String(run.cblockBytes)}`;
    const [pages, minor, major, , median, , , mean] = measured.get(key) ?? [];
    expect([run.pages, run.minor + 2, run.major, run.median, run.mean]).toEqual([
      ...[pages, minor, major, median, mean],
    ]);
  });
});

const MIB = 1024 * 1024;

describe.skipIf(!canExtract)(`what is said of execution in place${whyNoCorpus}`, () => {
  const results = new Map<string, DesignResult>();
  const list = join(REFERENCE, 'profiles', 'armhf-rootfs.csv');
  let hottest: readonly number[] = [];

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'axfs-conformance-'));
    const host = createNodeHost();
    const compressor = host.makeCompressor(host.cpus);
    try {
      extractCorpus(join(folder, 'tree'));
      const { tree } = await scanTree(host.files, fromText(join(folder, 'tree')));
      const profile = parseProfile(readFileSync(list), list);
      hottest = profile.entries.map(({ count }) => count).sort((a, b) => b - a);
      const trace = traceOfList(readFileSync(list, 'utf8'));
      const machine = machineNamed('phone-2008');
      const policies: Readonly<Record<string, XipPolicy>> = {
        none: { kind: 'none' },
        profile: { kind: 'profile', profile },
        files: { kind: 'files', profile },
        elf: { kind: 'elf' },
      };
      for (const [name, xip] of Object.entries(policies)) {
        const image = await buildSpec(tree, { name, xip, compat: true }, { compressor });
        results.set(
          name,
          evaluate(runnable(name, image), trace, machine, {
            prices: machinePrices(machine),
            inflater: host.makeInflater(),
          }),
        );
      }
    } finally {
      await compressor.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const of = (name: string): DesignResult => {
    const result = results.get(name);
    if (result === undefined) throw new Error(`no design ${name}`);
    return result;
  };
  const premium = (name: string): number => of(name).flashBytes - of('none').flashBytes;

  it('the images have the sizes of the original builder', () => {
    expect(['none', 'profile', 'files', 'elf'].map((name) => of(name).flashBytes)).toEqual([
      26_812_416, 29_790_208, 35_627_008, 40_308_736,
    ]);
  });

  // LKML, 2006-05-02; with the original tools on this tree: 7.21 MB for 2.98 MB.
  it('1 MiB of flash buys about 2 MiB of RAM: 2.4 on this tree', () => {
    const saved = ramPeak(of('none')) - ramPeak(of('profile'));
    expect(saved / MIB).toBeGreaterThan(6.7);
    expect(saved / premium('profile')).toBeGreaterThan(2.3);
    expect(saved / premium('profile')).toBeLessThan(2.5);
  });

  // 2006, on another root filesystem: 67 % of the premium of whole files.
  it.each([
    { design: 'files', share: 0.66 },
    { design: 'elf', share: 0.78 },
  ])('pages take $share less flash than $design', ({ design, share }) => {
    expect(1 - premium('profile') / premium(design)).toBeCloseTo(share, 2);
  });

  it('the hottest tenth of the pages has over four fifths of the touches: 85.8 %', () => {
    const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    const tenth = hottest.slice(0, Math.floor(hottest.length / 10));
    expect(sum(tenth) / sum(hottest)).toBeCloseTo(0.858, 2);
  });

  // ELC 2007: the AXFS phone started faster.
  it('pages in place are faster than inflating them, where each is used once', () => {
    expect(of('profile').cost.total / of('none').cost.total).toBeLessThan(0.3);
  });
});

/** A trace in which one process executes every page of a page list once. */
function traceOfList(text: string): Trace {
  const lines = text
    .split('\n')
    .filter((line) => /,\d+$/.test(line))
    .map((line) => {
      const cells = line.split(',');
      const offset = Math.floor(Number(cells.at(-2)) / PAGE_SIZE) * PAGE_SIZE;
      return `1,0,${cells.slice(0, -2).join(',')},${String(offset)},x,1`;
    });
  const body = ['pid,epoch,path,offset,access,count', ...lines].join('\n');
  return parseTrace(new TextEncoder().encode(body), 'pages.csv');
}
