import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { BUS_WORK, FAULT_KINDS, NOT_XIP_REASONS } from '../../../src/base/events.ts';
import type { BusWork, DeviceRole, SimEvent } from '../../../src/base/events.ts';
import { flashBytesRead, ledgerSince, LedgerSink, totalFaults } from '../../../src/cost/ledger.ts';
import type { Ledger } from '../../../src/cost/ledger.ts';

/** Every number of a ledger by its path, zeros left out: what a ledger differs in from an empty one. */
function counts(value: object, prefix = ''): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [key, child] of Object.entries(value) as [string, unknown][])
    if (typeof child === 'number') {
      if (child !== 0) out[prefix + key] = child;
    } else Object.assign(out, counts(child as object, `${prefix}${key}.`));
  return out;
}

const ledgerOf = (...events: readonly SimEvent[]): Ledger => {
  const ledger = new LedgerSink();
  for (const event of events) ledger.sink(event);
  return ledger.read();
};

interface Case {
  readonly event: SimEvent;
  readonly adds: Readonly<Record<string, number>>;
}

const WORK: BusWork = { opens: 2, resumes: 3, busBytes: 64, arrayLoads: 5, bufferHits: 7 };
const workOf = (device: DeviceRole): Record<string, number> =>
  Object.fromEntries(BUS_WORK.map((unit) => [`bus.${device}.${unit}`, WORK[unit]]));

/** One row per event type: the type demands a row for every member of the union. */
const CASES: { readonly [T in SimEvent['type']]: readonly (Case & { event: { type: T } })[] } = {
  fault: [
    ...FAULT_KINDS.map((kind) => ({
      event: { type: 'fault' as const, kind, earlyCow: false },
      adds: { [`faults.${kind}`]: 1 },
    })),
    {
      event: { type: 'fault', kind: 'file_major', earlyCow: true },
      adds: { 'faults.file_major': 1, 'earlyCow.file_major': 1 },
    },
    {
      event: { type: 'fault', kind: 'file_minor', earlyCow: true },
      adds: { 'faults.file_minor': 1, 'earlyCow.file_minor': 1 },
    },
  ],
  cow_copy: [
    { event: { type: 'cow_copy', source: 'raw' }, adds: { 'cowCopies.raw': 1 } },
    { event: { type: 'cow_copy', source: 'page' }, adds: { 'cowCopies.page': 1 } },
  ],
  page_clear: [{ event: { type: 'page_clear' }, adds: { pageClears: 1 } }],
  mtd_read: [
    {
      event: { type: 'mtd_read', device: 'first', bytes: 777, ...WORK },
      adds: { 'mtdReads.operations': 1, 'mtdReads.bytes': 777, ...workOf('first') },
    },
    {
      event: { type: 'mtd_read', device: 'second', bytes: 1, ...WORK },
      adds: { 'mtdReads.operations': 1, 'mtdReads.bytes': 1, ...workOf('second') },
    },
  ],
  mapped_read: [
    {
      event: { type: 'mapped_read', device: 'first', bytes: 33, lines: 2, ...WORK },
      adds: {
        'mappedReads.operations': 1,
        'mappedReads.bytes': 33,
        'mappedReads.lines': 2,
        ...workOf('first'),
      },
    },
  ],
  line_fill: [
    { event: { type: 'line_fill', device: 'first', lines: 4, ...WORK }, adds: workOf('first') },
  ],
  mtd_program: [
    {
      event: { type: 'mtd_program', device: 'first', programs: 3, bytes: 192 },
      adds: { 'writes.programs': 3, 'writes.bytes': 192 },
    },
  ],
  mtd_erase: [
    {
      event: { type: 'mtd_erase', device: 'first', erasesize: 131072 },
      adds: { 'writes.erases': 1 },
    },
  ],
  mtd_ecc: [
    {
      event: { type: 'mtd_ecc', device: 'second', corrected: 5, failed: 1 },
      adds: { 'ecc.corrected': 5, 'ecc.failed': 1 },
    },
  ],
  mtd_delay: [
    {
      event: { type: 'mtd_delay', device: 'first', nanoseconds: 1500 },
      adds: { 'delays.operations': 1, 'delays.nanoseconds': 1500 },
    },
  ],
  silent_corruption: [{ event: { type: 'silent_corruption', bits: 2 }, adds: { silentBits: 2 } }],
  inflate: [
    {
      event: { type: 'inflate', storedBytes: 1234, bytes: 4096 },
      adds: { 'inflate.cblocks': 1, 'inflate.storedBytes': 1234, 'inflate.bytes': 4096 },
    },
    {
      event: { type: 'inflate', codec: 'lz4', storedBytes: 5, bytes: 6 },
      adds: {
        ...{ 'inflate.cblocks': 1, 'inflate.storedBytes': 5, 'inflate.bytes': 6 },
        ...{ 'inflate.lz4.cblocks': 1, 'inflate.lz4.storedBytes': 5, 'inflate.lz4.bytes': 6 },
      },
    },
  ],
  page_fill: [
    ...NOT_XIP_REASONS.map((reason) => ({
      event: { type: 'page_fill' as const, bytes: 4001, reason, cblockHit: false },
      adds: { 'fills.pages': 1, 'fills.bytes': 4001, [`fills.byReason.${reason}`]: 1 },
    })),
    {
      event: { type: 'page_fill', bytes: 5, reason: 'compressed_node', cblockHit: true },
      adds: {
        'fills.pages': 1,
        'fills.bytes': 5,
        'fills.cblockHits': 1,
        'fills.byReason.compressed_node': 1,
      },
    },
    {
      event: {
        type: 'page_fill',
        bytes: 7,
        reason: 'compressed_node',
        cblockHit: false,
        refill: true,
      },
      adds: {
        'fills.pages': 1,
        'fills.bytes': 7,
        'fills.refills': 1,
        'fills.byReason.compressed_node': 1,
      },
    },
  ],
  page_touch: [
    {
      event: { type: 'page_touch', memory: 'flash', lines: 9, misses: 4 },
      adds: { 'touchedLines.flash': 9, 'missedLines.flash': 4 },
    },
    {
      event: { type: 'page_touch', memory: 'ram', lines: 11, misses: 3 },
      adds: { 'touchedLines.ram': 11, 'missedLines.ram': 3 },
    },
  ],
};

const ALL: readonly Case[] = Object.values(CASES).flat();

describe('LedgerSink', () => {
  test('starts at zero, with a count for every kind and reason', () => {
    const empty = new LedgerSink().read();
    expect(counts(empty)).toEqual({});
    expect(Object.keys(empty.faults)).toEqual([...FAULT_KINDS]);
    expect(Object.keys(empty.earlyCow)).toEqual([...FAULT_KINDS]);
    expect(Object.keys(empty.fills.byReason)).toEqual([...NOT_XIP_REASONS]);
  });

  test.each(ALL)('$event adds $adds and nothing else', ({ event, adds }) => {
    expect(counts(ledgerOf(event))).toEqual(adds);
    expect(counts(ledgerOf(event, event))).toEqual(
      Object.fromEntries(Object.entries(adds).map(([key, value]) => [key, 2 * value])),
    );
  });

  test('is the sum over all events; the table above reaches every count', () => {
    const expected: Record<string, number> = {};
    for (const { adds } of ALL)
      for (const [key, value] of Object.entries(adds)) expected[key] = (expected[key] ?? 0) + value;
    const total = ledgerOf(...ALL.map(({ event }) => event));
    expect(counts(total)).toEqual(expected);
    // Faults that cannot copy early are the only counts left at zero.
    const reached = Object.keys(expected).filter((key) => !key.startsWith('earlyCow.'));
    const leaves = Object.keys(counts(mapNumbers(total, () => 1)));
    expect(leaves.filter((key) => !key.startsWith('earlyCow.')).sort()).toEqual(reached.sort());
  });

  test('keeps no event: sources may reuse theirs', () => {
    const sink = new LedgerSink();
    const event = { type: 'mtd_read' as const, device: 'first' as const, bytes: 1, ...WORK };
    sink.sink(event);
    event.bytes = 10;
    sink.sink(event);
    expect(sink.read().mtdReads).toEqual({ operations: 2, bytes: 11 });
  });

  test('read() is a copy, deep down', () => {
    const sink = new LedgerSink();
    const before = sink.read();
    for (const { event } of ALL) sink.sink(event);
    expect(counts(before)).toEqual({});
    const after = sink.read();
    (after.faults as Record<string, number>)['raw_pfn'] = 999;
    (after.fills.byReason as Record<string, number>)['nonzero_tail'] = 999;
    expect(sink.read().faults.raw_pfn).toBe(1);
    expect(sink.read().fills.byReason.nonzero_tail).toBe(1);
  });

  test('an event of no known type is a bug', () => {
    expect(() => {
      new LedgerSink().sink({ type: 'erase' } as unknown as SimEvent);
    }).toThrow(new InvariantError('no case covers {"type":"erase"}'));
  });
});

function mapNumbers(value: object, f: (n: number) => number): object {
  return Object.fromEntries(
    (Object.entries(value) as [string, unknown][]).map(([key, child]) => [
      key,
      typeof child === 'number' ? f(child) : mapNumbers(child as object, f),
    ]),
  );
}

test('totalFaults adds every kind once, early copies not again', () => {
  const events = FAULT_KINDS.map((kind) => ({ type: 'fault' as const, kind, earlyCow: true }));
  expect(totalFaults(ledgerOf(...events, ...events))).toBe(2 * FAULT_KINDS.length);
});

test('flashBytesRead adds bursts, whole lines of mapped reads and copies, not touched lines', () => {
  expect(flashBytesRead(ledgerOf(...ALL.map(({ event }) => event)))).toBe(777 + 1 + 2 * 32 + 4096);
  expect(
    flashBytesRead(ledgerOf({ type: 'mapped_read', device: 'first', bytes: 1, lines: 1, ...WORK })),
  ).toBe(32);
  expect(flashBytesRead(ledgerOf({ type: 'cow_copy', source: 'page' }))).toBe(0);
});

test('ledgerSince is what came between, in every count', () => {
  const events = ALL.map(({ event }) => event);
  const sink = new LedgerSink();
  for (const event of [...events, ...events]) sink.sink(event);
  const before = sink.read();
  expect(counts(ledgerSince(before, sink.read()))).toEqual({});
  for (const event of events) sink.sink(event);
  expect(ledgerSince(before, sink.read())).toEqual(ledgerOf(...events));
  expect(before).toEqual(ledgerOf(...events, ...events));
});
