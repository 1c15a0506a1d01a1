/** The switches of a machine: little RAM with reclaim, fault-around, read-ahead, read(2) instead of mappings. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { PAGE_SIZE } from '../../src/base/units.ts';
import { LedgerSink, totalFaults } from '../../src/cost/ledger.ts';
import type { Ledger } from '../../src/cost/ledger.ts';
import { cpuPreset, priceList } from '../../src/cost/params.ts';
import { priceLedger } from '../../src/cost/price.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { profileOf } from '../../src/mkfs/profile.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { assertMm } from '../../src/mm/check.ts';
import { KERNELS } from '../../src/mm/kernel.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { MachineOptions } from '../../src/sim/machine.ts';
import { replay } from '../../src/sim/replay.ts';
import type { ReplayOptions } from '../../src/sim/replay.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { textBytes } from '../support/sample-data.ts';

const PAGES = 96;
/** Every page compressed, and the first half of the pages in place. */
const images: Record<'none' | 'half', Uint8Array> = {
  none: new Uint8Array(0),
  half: new Uint8Array(0),
};

beforeAll(async () => {
  const tree = treeFrom({ prog: { content: textBytes(PAGES * PAGE_SIZE), mode: 0o755 } });
  const pages = Array.from({ length: PAGES / 2 }, (_, page) => ({
    ...{ path: fromText('prog'), count: 1 },
    offset: page * PAGE_SIZE,
  }));
  const profile = profileOf(pages);
  images.none = (await buildImage(tree, {})).toBytes();
  images.half = (await buildImage(tree, { xip: { kind: 'profile', profile } })).toBytes();
});

/** A touch: process, page, letters. */
type Touch = readonly [pid: number, page: number, letters: string];

const traceOf = (touches: readonly Touch[]): Trace =>
  parseTrace(
    new TextEncoder().encode(
      [
        'pid,epoch,path,offset,access,count',
        ...touches.map(
          ([pid, page, letters], i) =>
            `${String(pid)},${String(i)},prog,${String(page * PAGE_SIZE)},${letters},${String(letters.length)}`,
        ),
      ].join('\n'),
    ),
    'trace.csv',
  );

function run(
  touches: readonly Touch[],
  { image = images.none, ...machine }: Partial<MachineOptions> = {},
  options: ReplayOptions = {},
): Ledger {
  const counted = new LedgerSink();
  const board = createMachine({ image, ...machine, sink: counted.sink });
  replay(board, traceOf(touches), counted.sink, options);
  assertMm(board.memory, [], (page) => board.mount.references(page));
  return counted.read();
}

const all = Array.from({ length: PAGES }, (_, page) => page);
const inOrder = (pid: number): readonly Touch[] => all.map((page) => [pid, page, 'x'] as const);

const anyTrace = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(1, 2), fc.nat({ max: 11 }), fc.constantFrom('r', 'x')),
    fc.tuple(fc.constantFrom(1, 2), fc.nat({ max: PAGES - 1 }), fc.constantFrom('r', 'x')),
  ),
  { minLength: 1, maxLength: 250 },
);

describe('little RAM', () => {
  it('without reclaim a full RAM ends the run; with it the run goes on', () => {
    expect(() => run(inOrder(1), { ramPages: 40 })).toThrow(
      /^trace\.csv:\d+: pid 1, prog page \d+: RAM of 40 pages is full, and nothing is reclaimed$/,
    );
    expect(run(inOrder(1), { ramPages: 40, reclaim: true }).fills).toMatchObject({
      pages: PAGES,
      refills: 0,
    });
  });

  it('pages that come back are filled and paid again', () => {
    const twice = [...inOrder(1), ...inOrder(1)];
    const plenty = run(twice, { reclaim: true });
    const little = run(twice, { ramPages: 40, reclaim: true });
    expect(plenty.fills).toMatchObject({ pages: PAGES, refills: 0 });
    expect(little.fills.refills).toBeGreaterThan(PAGES / 2);
    expect(little.fills.pages).toBe(PAGES + little.fills.refills);
    expect(little.faults.file_major).toBe(little.fills.pages);
    const prices = priceList(cpuPreset('x86-counted'), { flash: [], ram: [] });
    const again =
      priceLedger(little, prices).parts.inflate / priceLedger(plenty, prices).parts.inflate;
    expect(again).toBeCloseTo(little.inflate.cblocks / plenty.inflate.cblocks, 1);
  });

  it('pages in place are never thrown out: nothing of them is in RAM', () => {
    const touches = [...inOrder(1), ...inOrder(1)];
    const little = run(touches, { image: images.half, ramPages: 40, reclaim: true });
    expect(little.faults.raw_pfn).toBe(PAGES / 2);
    expect(little.fills.pages - little.fills.refills).toBe(PAGES / 2);
  });

  it('less RAM never means fewer fills: than with RAM for all, and between sizes a quarter apart', () => {
    fc.assert(
      fc.property(anyTrace, (touches) => {
        const distinct = new Set(touches.map(([, page]) => page)).size;
        const fills = [24, 30, 38, 48, 60, 75, 94, 400].map((ramPages) => {
          const { pages, refills } = run(touches, { ramPages, reclaim: true }).fills;
          expect(pages).toBe(distinct + refills);
          return pages;
        });
        expect(fills.at(-1)).toBe(distinct);
        expect(fills).toEqual([...fills].sort((a, b) => b - a));
      }),
      { seed: 24, numRuns: 60 },
    );
  });
});

describe('fault-around: a driver with map_pages', () => {
  const two = [...inOrder(1), ...inOrder(2)];

  it('maps what is in the page cache: fewer faults, the same fills', () => {
    const one = run(two);
    const around = run(two, { faultAroundPages: 16 });
    expect(one.faults).toMatchObject({ file_major: PAGES, file_minor: PAGES });
    expect(around.faults).toMatchObject({ file_major: PAGES, file_minor: PAGES / 16 });
    expect(around.fills).toEqual(one.fills);
  });

  it('is the only switch for it: the row of a kernel does nothing to a driver without map_pages', () => {
    expect(KERNELS['6.1-x86'].faultAroundPages).toBe(16);
    expect(run(two, { kernel: KERNELS['6.1-x86'] }).faults.file_minor).toBe(PAGES);
  });

  it('maps no flash around: each page in place has its fault', () => {
    expect(run(two, { image: images.half, faultAroundPages: 16 }).faults).toMatchObject({
      raw_pfn: PAGES,
      file_minor: PAGES / 2 / 16,
    });
  });

  it('never costs faults or fills', () => {
    fc.assert(
      fc.property(anyTrace, fc.constantFrom(2, 4, 16), (touches, faultAroundPages) => {
        const one = run(touches, { image: images.half });
        const around = run(touches, { image: images.half, faultAroundPages });
        expect(around.fills.pages).toBe(one.fills.pages);
        expect(totalFaults(around)).toBeLessThanOrEqual(totalFaults(one));
      }),
      { seed: 3, numRuns: 40 },
    );
  });
});

describe('read-ahead: a medium that reads more than asked for', () => {
  it('in order, one fault of a window fills, the others hit', () => {
    const ledger = run(inOrder(1), { readAheadPages: 32 });
    expect(ledger.faults).toMatchObject({ file_major: PAGES / 32, file_minor: PAGES - PAGES / 32 });
    expect(ledger.fills.pages).toBe(PAGES);
    expect(ledger.inflate).toEqual(run(inOrder(1)).inflate);
  });

  it('of one page, it fills what nobody uses', () => {
    expect(run([[1, 40, 'x']], { readAheadPages: 32 }).fills.pages).toBe(32);
    expect(run([[1, 40, 'x']]).fills.pages).toBe(1);
  });

  it('leaves pages in place where they are', () => {
    const ledger = run(inOrder(1), { image: images.half, readAheadPages: 32 });
    expect(ledger.fills.pages).toBe(PAGES / 2);
    expect(ledger.faults.raw_pfn).toBe(PAGES / 2);
  });
});

describe('read(2) instead of mappings', () => {
  const readAll = all.map((page): Touch => [1, page, 'r']);
  const calls = { readsByCall: true };

  it.each([
    { kernel: '4.9-arm', copies: PAGES / 2 },
    { kernel: '2.6.28-arm', copies: 0 },
  ] as const)('$kernel: XIP pages leave $copies copies in RAM', ({ kernel, copies }) => {
    const ledger = run(readAll, { image: images.half, kernel: KERNELS[kernel] }, calls);
    expect(ledger.fills.byReason.read_copy).toBe(copies);
    expect(ledger.fills.byReason.compressed_node).toBe(PAGES / 2);
    expect(totalFaults(ledger)).toBe(0);
  });

  it('a fault on the page drops its copy', () => {
    const touches: Touch[] = [
      [1, 0, 'r'],
      [1, 0, 'x'],
      [1, 0, 'r'],
    ];
    const ledger = run(touches, { image: images.half }, calls);
    expect(ledger.faults.raw_pfn).toBe(1);
    expect(ledger.fills).toMatchObject({ pages: 2, refills: 1 });
  });

  it('only lines that do nothing but read are calls', () => {
    const touches: Touch[] = [
      [1, 0, 'rx'],
      [1, 1, 'x'],
      [1, 2, 'rw'],
      [1, 3, 'r'],
    ];
    expect(run(touches, { image: images.half }, calls).faults.raw_pfn).toBe(3);
    expect(run(touches, { image: images.half }).faults.raw_pfn).toBe(4);
  });

  it('fails in its own words when RAM is full', () => {
    expect(() => run(readAll, { ramPages: 20 }, calls)).toThrow(
      /^trace\.csv:\d+: pid 1, prog page \d+: read\(2\): prog: no RAM left for page \d+$/,
    );
  });
});
