import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUS_WORK, FAULT_KINDS, NOT_XIP_REASONS } from '../../../src/base/events.ts';
import type { FaultKind, NotXipReason, SimEvent } from '../../../src/base/events.ts';
import { LedgerSink } from '../../../src/cost/ledger.ts';
import type { Ledger } from '../../../src/cost/ledger.ts';
import { CPU_NAMES, cpuPreset, priceList } from '../../../src/cost/params.ts';
import type { PriceList } from '../../../src/cost/params.ts';
import { COST_PARTS, priceLedger } from '../../../src/cost/price.ts';
import type { CostPart } from '../../../src/cost/price.ts';
import { flashParameters, MTD_PARTS } from '../../../src/mtd/parts.ts';
import { ramParameters } from '../../../src/mtd/ram-parameters.ts';

const PARTS = {
  flash: flashParameters(MTD_PARTS.p30),
  ram: ramParameters(MTD_PARTS['sdr-133']),
};
const list = (name: string): PriceList => priceList(cpuPreset(name), PARTS);

const ledgerOf = (...events: readonly SimEvent[]): Ledger => {
  const ledger = new LedgerSink();
  for (const event of events) ledger.sink(event);
  return ledger.read();
};

describe('x86-counted against the medians of the kernel measurements, in instructions', () => {
  const fault = (kind: FaultKind): SimEvent => ({ type: 'fault', kind, earlyCow: false });
  const fill = (reason: NotXipReason, cblockHit = false): SimEvent => ({
    type: 'page_fill',
    bytes: 4096,
    reason,
    cblockHit,
  });
  const inflate = (storedBytes: number): SimEvent => ({
    type: 'inflate',
    storedBytes,
    bytes: 4096,
  });
  const cow = (source: 'raw' | 'page'): SimEvent => ({ type: 'cow_copy', source });
  const clear: SimEvent = { type: 'page_clear' };

  test.each<[what: string, instructions: number, events: SimEvent[]]>([
    ['XIP fault, physical address', 2153, [fault('raw_pfn')]],
    ['XIP fault, MTD point', 2189, [fault('raw_pfn')]],
    ['page already in the page cache', 2016, [fault('file_minor')]],
    ['byte-aligned page, cold', 6157, [fault('file_major'), fill('byte_aligned_node')]],
    [
      'compressed page whose cblock is expanded already',
      6130,
      [fault('file_major'), fill('compressed_node', true)],
    ],
    ...[100, 1000, 2382, 4000].map((stored): [string, number, SimEvent[]] => [
      `compressed fill of ${String(stored)} stored bytes: 67,900 + 30.9 x bytes`,
      67_900 + 30.9 * stored,
      [fault('file_major'), fill('compressed_node'), inflate(stored)],
    ]),
    ['write-protect copy of a cached page', 4170, [fault('wp_file'), cow('page')]],
    [
      'write-protect copy of an XIP page (3,811 to 4,639, the middle)',
      4225,
      [fault('wp_raw'), cow('raw')],
    ],
    ['first touch of a tmpfs page', 3362, [fault('anonymous'), clear]],
    ['store to the zero page, as a copy of a cached page', 4170, [fault('wp_zero'), clear]],
  ])('%s: %d within 3 %%', (_what, instructions, events) => {
    const { total } = priceLedger(ledgerOf(...events), list('x86-counted'));
    expect(total / instructions).toBeGreaterThan(0.97);
    expect(total / instructions).toBeLessThan(1.03);
  });
});

/** Every count of a ledger as a path, with the parts of a cost in ns that depend on it. */
const DEPENDS: Readonly<Record<string, readonly CostPart[]>> = {
  ...Object.fromEntries(FAULT_KINDS.map((kind) => [`faults.${kind}`, ['trap']])),
  ...Object.fromEntries(FAULT_KINDS.map((kind) => [`earlyCow.${kind}`, ['trap']])),
  'cowCopies.raw': ['flash', 'copy'],
  'cowCopies.page': ['copy'],
  pageClears: ['copy'],
  'mtdReads.operations': [],
  'mtdReads.bytes': [],
  'mappedReads.operations': [],
  'mappedReads.bytes': [],
  'mappedReads.lines': [],
  'inflate.cblocks': ['inflate'],
  'inflate.storedBytes': ['inflate'],
  'inflate.bytes': [],
  // Counted with the others, and taken off them where those are priced as zlib's.
  'inflate.lz4.cblocks': [],
  'inflate.lz4.storedBytes': [],
  'inflate.lz4.bytes': ['inflate'],
  'fills.pages': ['copy'],
  'fills.bytes': [],
  'fills.cblockHits': [],
  'fills.refills': [],
  ...Object.fromEntries(NOT_XIP_REASONS.map((reason) => [`fills.byReason.${reason}`, []])),
  // Lines of flash that are used or fetched cost what the bus does for them.
  'touchedLines.flash': [],
  'touchedLines.ram': [],
  'missedLines.flash': [],
  'missedLines.ram': ['ram'],
  'bus.first.opens': ['flash'],
  'bus.first.resumes': [],
  'bus.first.busBytes': ['flash'],
  'bus.first.arrayLoads': [],
  'bus.first.bufferHits': [],
  ...Object.fromEntries(BUS_WORK.map((unit) => [`bus.second.${unit}`, []])),
  'writes.programs': [],
  'writes.bytes': [],
  'writes.erases': [],
  'ecc.corrected': [],
  'ecc.failed': [],
  'delays.operations': [],
  'delays.nanoseconds': ['flash'],
  silentBits: [],
};

/** Leaves of a ledger as paths. */
const paths = (value: object): string[] =>
  (Object.entries(value) as [string, unknown][]).flatMap(([key, child]) =>
    typeof child === 'number' ? [key] : paths(child as object).map((rest) => `${key}.${rest}`),
  );

/** An empty ledger with some counts set. */
function ledgerWith(counts: Readonly<Record<string, number>>): Ledger {
  const ledger = new LedgerSink().read();
  for (const [path, count] of Object.entries(counts)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let at = ledger as unknown as Record<string, unknown>;
    for (const key of keys) at = at[key] as Record<string, unknown>;
    at[last] = count;
  }
  return ledger;
}

const empty = ledgerOf();

test('the table of dependencies names every count of a ledger', () => {
  expect(Object.keys(DEPENDS).sort()).toEqual(paths(empty).sort());
});

describe.each(['arm926-200', 'cortex-a9-1000'])('parts of a cost, %s', (cpu) => {
  test.each(Object.entries(DEPENDS))('%s moves %j only', (path, parts) => {
    const cost = priceLedger(ledgerWith({ [path]: 3 }), list(cpu));
    const moved = COST_PARTS.filter(({ key }) => cost.parts[key] > 0).map(({ key }) => key);
    expect(moved).toEqual(parts);
  });
});

test('x86-counted moves with traps, inflate and copies only', () => {
  for (const [path, parts] of Object.entries(DEPENDS)) {
    const cost = priceLedger(ledgerWith({ [path]: 3 }), list('x86-counted'));
    const moved = COST_PARTS.filter(({ key }) => cost.parts[key] > 0).map(({ key }) => key);
    expect(moved).toEqual(parts.filter((part) => part !== 'flash' && part !== 'ram'));
  }
});

describe('flash part in ns, p30 (FLASH_PARTS section 1)', () => {
  const flashNs = (counts: Readonly<Record<string, number>>): number =>
    priceLedger(ledgerWith(counts), list('arm926-200')).parts.flash;

  test('a burst of 4 KiB takes 39.4 us, a line 373 ns, a copied page 128 lines', () => {
    expect(flashNs({ 'bus.first.opens': 1, 'bus.first.busBytes': 4096 })).toBeCloseTo(39387.4, 3);
    expect(flashNs({ 'bus.first.opens': 1, 'bus.first.busBytes': 32 })).toBeCloseTo(373, 6);
    expect(flashNs({ 'cowCopies.raw': 1 })).toBeCloseTo(128 * 373, 6);
  });

  test('a line of RAM takes what the preset says', () => {
    const { parts } = priceLedger(ledgerWith({ 'missedLines.ram': 5 }), list('arm926-200'));
    expect(parts.ram).toBeCloseTo((5 * 21_000) / 133, 6);
  });
});

test('a second device has the prices of its own part', () => {
  const { preset } = list('arm926-200');
  const second = flashParameters(MTD_PARTS['slc-onfi']);
  const prices = priceList(preset, { ...PARTS, second });
  const nand = (unit: string): number =>
    priceLedger(ledgerWith({ [`bus.second.${unit}`]: 1 }), prices).parts.flash;
  expect([nand('arrayLoads'), nand('busBytes')]).toEqual([25_000, 20]);
  expect(prices.rows.find(({ name }) => name === 'second.flash.arrayLoad')?.value).toBe(25_000);
});

test('what LZ4 expands is priced by its bytes, not as a zlib stream', () => {
  const expanded = (codec: 'lz4' | undefined): number =>
    priceLedger(
      ledgerOf({
        type: 'inflate',
        ...(codec === undefined ? {} : { codec }),
        storedBytes: 3000,
        bytes: 4096,
      }),
      list('x86-counted'),
    ).total;
  expect(expanded(undefined)).toBeCloseTo(61_770 + 30.9 * 3000, 6);
  expect(expanded('lz4')).toBeCloseTo(1.7 * 4096, 6);
});

describe('a page written', () => {
  const WRITTEN = [
    ['cowCopies.raw', 128, 128],
    ['cowCopies.page', 256, 0],
    ['fills.pages', 128, 0],
    ['pageClears', 128, 0],
  ] as const;

  test.each(WRITTEN)(
    '%s: 512 instructions, %d lines of RAM, and %d of flash in their own part',
    (path, ramLines, flashLines) => {
      for (const cpu of CPU_NAMES) {
        const prices = list(cpu);
        const { parts, total } = priceLedger(ledgerWith({ [path]: 3 }), prices);
        expect(parts.copy).toBeCloseTo(
          3 * (512 * prices.instruction + ramLines * prices.ramLine),
          6,
        );
        expect(parts.flash).toBeCloseTo(3 * flashLines * prices.flash.first.line, 6);
        expect(total).toBeCloseTo(parts.copy + parts.flash, 6);
      }
    },
  );

  test('costs the same however many bytes of it a file holds', () => {
    const cost = (bytes: number): number =>
      priceLedger(ledgerWith({ 'fills.pages': 1, 'fills.bytes': bytes }), list('arm926-200')).total;
    expect(cost(1)).toBe(cost(4096));
  });

  test('a store to the zero page has a price of its own', () => {
    const trap = (kind: FaultKind): number =>
      priceLedger(ledgerWith({ [`faults.${kind}`]: 1 }), list('x86-counted')).parts.trap;
    expect([trap('wp_zero'), trap('wp_anon')]).toEqual([3658, 2016]);
  });
});

describe('priceLedger is linear', () => {
  // A part of what is counted anyway: alone it would be a negative number of zlib streams.
  const keys = Object.keys(DEPENDS).filter((key) => !/^inflate\.lz4\.(cblocks|stored)/.test(key));
  const counts = fc
    .array(fc.nat(1_000_000), { minLength: keys.length, maxLength: keys.length })
    .map((values) => Object.fromEntries(keys.map((key, i) => [key, values[i] ?? 0])));
  const near = (actual: number, expected: number): void => {
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, expected));
  };

  test.each(CPU_NAMES)('%s: the cost of two runs is the sum of their costs', (cpu) => {
    const prices = list(cpu);
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const sum = Object.fromEntries(keys.map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]));
        const [one, two, both] = [a, b, sum].map((c) => priceLedger(ledgerWith(c), prices));
        for (const { key } of COST_PARTS) near(both!.parts[key], one!.parts[key] + two!.parts[key]);
        near(both!.total, one!.total + two!.total);
        near(
          both!.total,
          COST_PARTS.reduce((total, { key }) => total + both!.parts[key], 0),
        );
        expect(both!.unit).toBe(prices.unit);
      }),
    );
  });

  test.each(CPU_NAMES)('%s: nothing costs nothing', (cpu) => {
    expect(priceLedger(empty, list(cpu)).total).toBe(0);
  });
});
