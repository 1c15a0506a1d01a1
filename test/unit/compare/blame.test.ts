import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { blame } from '../../../src/compare/blame.ts';
import type { Blame } from '../../../src/compare/blame.ts';
import { evaluate, machinePrices, runnable } from '../../../src/compare/evaluate.ts';
import type { MachineSpec } from '../../../src/compare/evaluate.ts';
import { NO_RAM, RAM_KINDS, ramMore } from '../../../src/compare/ram-journal.ts';
import { ledgerTotal } from '../../../src/cost/ledger.ts';
import type { Ledger } from '../../../src/cost/ledger.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import { FAULT_ROUTES } from '../../../src/fs/file.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { BuiltImage } from '../../../src/mkfs/build.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { partNamed } from '../../../src/mtd/parts.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import type { Trace } from '../../../src/workload/trace.ts';
import { demoTrace, demoTree, testZlib } from '../../support/demo.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const HEADER = 'pid,epoch,path,offset,access,count\n';
const { inflater, compressor } = testZlib();

const machine = (part: string, more: Partial<MachineSpec> = {}): MachineSpec => ({
  cpu: cpuPreset('arm926-200'),
  part: partNamed(part),
  faultRoute: 'insert',
  ...more,
});

/** The rows of a run add up to the whole of it. */
function expectWhole({ result, rows }: Blame): void {
  expect(ledgerTotal(rows.map(({ ledger }) => ledger) as unknown as [Ledger])).toEqual(
    result.ledger,
  );
  const cost = rows.reduce((sum, row) => sum + row.cost.total, 0);
  expect(cost).toBeCloseTo(result.cost.total, 3);
  expect(rows.reduce((sum, { ram }) => ramMore(sum, ram), NO_RAM)).toEqual(result.ram);
}

const TREE = treeFrom({
  'bin/a': { content: textBytes(5 * 4096), mode: 0o755 },
  'bin/b': { content: noiseBytes(3 * 4096 + 100) },
  'lib/c': textBytes(9000),
});
const PAGES = { 'bin/a': 5, 'bin/b': 4, 'lib/c': 3 } as const;

let image: Promise<BuiltImage> | undefined;
const sample = (): Promise<BuiltImage> =>
  (image ??= buildImage(TREE, {
    compressor,
    features: { cblockSize: 8192 },
    xip: {
      kind: 'profile',
      profile: profileOf(
        [0, 8192].map((offset) => ({ path: fromText('bin/a'), offset, count: 1 })),
      ),
    },
  }));

const traceOf = (rows: readonly string[]): Trace =>
  parseTrace(new TextEncoder().encode(`${HEADER}${rows.join('\n')}\n`), 't.csv');

const row = fc.constantFrom(...(Object.keys(PAGES) as (keyof typeof PAGES)[])).chain((path) =>
  fc
    .record({
      pid: fc.integer({ min: 1, max: 3 }),
      page: fc.integer({ min: 0, max: PAGES[path] - 1 }),
      access: fc.constantFrom('r', 'x', 'w', 'rx', 'rw', 'rwx'),
      count: fc.integer({ min: 3, max: 200 }),
    })
    .map(
      ({ pid, page, access, count }) =>
        `${String(pid)},0,${path},${String(page * 4096)},${access},${String(count)}`,
    ),
);

describe('blame', () => {
  it('adds up to what evaluate says of the recorded run, row by row', async () => {
    const built = await buildImage(demoTree(), { compressor });
    const spec = machine('p30', { cache: { size: 16384, ways: 4, policy: 'lru' } });
    const prices = machinePrices(spec);
    const options = { prices, inflater };
    const run = blame(runnable('none', built), demoTrace(), spec, options);
    expect(run.result).toEqual(evaluate(runnable('none', built), demoTrace(), spec, options));
    expectWhole(run);
    expect(run.rows.filter(({ subject }) => subject.kind === 'reclaim')).toEqual([]);
  });

  it('adds up on any trace, part, route and cache', async () => {
    const built = runnable('sample', await sample());
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.constantFrom('p30', 'qspi-133', 'slc-onfi'),
        fc.constantFrom(...FAULT_ROUTES),
        fc.boolean(),
        (rows, part, faultRoute, hasCache) => {
          const spec = machine(part, {
            faultRoute,
            ...(hasCache ? { cache: { size: 4096, ways: 2, policy: 'lru' as const } } : {}),
          });
          const trace = traceOf(rows);
          const run = blame(built, trace, spec, {
            prices: machinePrices(spec),
            inflater,
            sectionOf: ({ line }) => String(line % 2),
          });
          expectWhole(run);
          expect(run.rows.some(({ subject }) => subject.kind === 'reclaim')).toBe(false);
          for (const { subject, ram } of run.rows)
            if (subject.kind === 'page')
              for (const kind of RAM_KINDS) expect(ram[kind]).toBeGreaterThanOrEqual(0);
          return Promise.resolve();
        },
      ),
      { seed: 20120229, numRuns: 40 },
    );
  });

  it('puts a fill down to the process that needed it, and later faults to those that had them', async () => {
    const spec = machine('p30');
    const trace = traceOf([
      '7,0,bin/a,4096,r,1',
      '8,0,bin/a,4096,r,1',
      '8,0,bin/a,4096,w,1',
      '8,0,bin/a,0,x,2',
    ]);
    const { rows } = blame(runnable('sample', await sample()), trace, spec, {
      prices: machinePrices(spec),
      inflater,
    });
    const told = rows.flatMap(({ subject, ledger, ram }) =>
      subject.kind === 'page'
        ? [
            [
              subject.pid,
              subject.path,
              subject.page,
              ledger.faults,
              ledger.fills.pages,
              ram,
            ] as const,
          ]
        : [],
    );
    expect(
      told.map(([pid, path, page, faults, fills]) => [
        ...[pid, path, page, faults.file_major, faults.file_minor, faults.wp_file],
        ...[faults.raw_pfn, fills],
      ]),
    ).toEqual([
      [7, 'bin/a', 1, 1, 0, 0, 0, 1],
      [8, 'bin/a', 1, 0, 1, 1, 0, 0],
      [8, 'bin/a', 0, 0, 0, 0, 1, 0],
    ]);
    // Process 7 is gone when process 8 copies the page: the page cache stays, page tables do not.
    expect(told.map(([, , , , , ram]) => [ram.pageCache, ram.anonymous])).toEqual([
      [4096, 0],
      [0, 4096],
      [0, 0],
    ]);
    expect(told[0]?.[5].pageTables).toBe(0);
    expect(told[1]?.[5].pageTables).toBeGreaterThan(0);
  });

  it('keeps sums when reclaim takes pages away', async () => {
    const built = runnable('sample', await sample());
    const rows = Array.from({ length: 12 }, (_, i) => {
      const [path, pages] = Object.entries(PAGES)[i % 3] ?? ['bin/a', 5];
      return `1,0,${path},${String((i % pages) * 4096)},${i % 4 === 0 ? 'rw' : 'r'},2`;
    });
    const spec = machine('p30', { ramPages: 15, reclaim: true });
    const run = blame(built, traceOf(rows), spec, { prices: machinePrices(spec), inflater });
    expectWhole(run);
    expect(run.rows.map(({ subject }) => subject.kind)).toContain('reclaim');
  });
});
