/**
 * Whether replaying the recorded trace on the root filesystem counts what a real kernel with the original
 * driver counted, and what counting without the simulator gives, on every design and both routes.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { scanTree } from '../../src/cli/scan.ts';
import { totalFaults } from '../../src/cost/ledger.ts';
import { CPU_PRESETS, priceList } from '../../src/cost/params.ts';
import { priceLedger } from '../../src/cost/price.ts';
import { FAULT_ROUTES } from '../../src/fs/file.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import { DESIGN_POLICIES, buildDesign } from '../../src/sim/designs.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import { testZlib } from '../support/demo.ts';
import { expectConsistent, replayChecked } from '../support/replayed.ts';
import type { Replayed } from '../support/replayed.ts';
import { REFERENCE, canExtract, extractCorpus, whyNoCorpus } from './reference.ts';

describe.skipIf(!canExtract)(`the root filesystem's trace${whyNoCorpus}`, () => {
  const images = new Map<string, Uint8Array>();
  let traceText = '';

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'axfs-conformance-'));
    try {
      extractCorpus(join(folder, 'tree'));
      const host = createNodeHost();
      const { tree } = await scanTree(host.files, fromText(join(folder, 'tree')));
      const list = join(REFERENCE, 'profiles', 'armhf-rootfs.csv');
      const profile = parseProfile(readFileSync(list), list);
      const compressor = host.makeCompressor(host.cpus);
      for (const compat of [true, false])
        for (const { name } of DESIGN_POLICIES) {
          const { image } = await buildDesign(name, tree, profile, { compat, compressor });
          images.set(`${name}${compat ? ' --compat' : ''}`, image.toBytes());
        }
      await compressor.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    traceText = readFileSync(join(REFERENCE, 'profiles', 'armhf-rootfs-trace.csv'), 'utf8');
  });
  afterAll(() => {
    images.clear();
  });

  const run = (design: string, faultRoute: 'insert' | 'return'): Replayed =>
    replayChecked(
      images.get(design) ?? new Uint8Array(0),
      traceText,
      parseTrace(new TextEncoder().encode(traceText), 'armhf-rootfs-trace.csv'),
      { faultRoute, inflater: testZlib().inflater },
    );

  const designs = DESIGN_POLICIES.flatMap(({ name }) => [`${name} --compat`, name]);
  it.each(designs.flatMap((design) => FAULT_ROUTES.map((route) => ({ design, route }))))(
    '$design, route $route: invariants hold, and every count is the one counted without the simulator',
    ({ design, route }) => {
      const replayed = run(design, route);
      expectConsistent(replayed);
      expect(replayed.result.touches).toBe(10_924);
      if (design === 'all') expect(replayed.ledger.fills.pages).toBe(0);
      if (design.startsWith('none')) expect(replayed.ledger.faults.raw_pfn).toBe(0);
    },
  );

  // kernel-measurements/README.md, replay table: Linux 6.1.192, the original driver, route `return`.
  it.each([
    {
      design: 'none --compat',
      ...{ minor: 2187, major: 1355, xip: 0, hits: 1989, wpCached: 198, wpXip: 0 },
      ...{ anonKb: 232, fileKb: 2256, instructions: 189.9e6 },
    },
    {
      design: 'profile --compat',
      ...{ minor: 3410, major: 132, xip: 3005, hits: 207, wpCached: 198, wpXip: 0 },
      ...{ anonKb: 232, fileKb: 52, instructions: 19.9e6 },
    },
  ])('$design: the counts of a real kernel, number by number', ({ design, ...kernel }) => {
    const { ledger, result } = run(design, 'return');
    const { faults } = ledger;
    const sum = (key: 'minflt' | 'majflt'): number =>
      result.processes.reduce((total, process) => total + process[key], 0);
    const largest = (key: 'anonRss' | 'fileRss'): number =>
      Math.max(...result.processes.map((process) => process[key])) * 4;
    expect({
      minor: sum('minflt'),
      major: sum('majflt'),
      xip: faults.raw_pfn,
      hits: faults.file_minor,
      wpCached: faults.wp_file,
      wpXip: faults.wp_raw,
      anonKb: largest('anonRss'),
      fileKb: largest('fileRss'),
    }).toEqual(
      Object.fromEntries(Object.entries(kernel).filter(([key]) => key !== 'instructions')),
    );
    expect(totalFaults(ledger)).toBe(kernel.minor + kernel.major);
    // Priced in instructions, the whole run comes to what was counted, within 3 %.
    const preset = CPU_PRESETS['x86-counted'];
    const cost = priceLedger(ledger, priceList(preset!, { flash: [], ram: [] }));
    expect(cost.total / kernel.instructions).toBeGreaterThan(0.97);
    expect(cost.total / kernel.instructions).toBeLessThan(1.03);
  });
});
