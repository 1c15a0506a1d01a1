/**
 * The ledger: what a run did, added up from its events. Counts only; prices come later, so that one run
 * can be priced many ways.
 *
 * @module
 */
import { unreachable } from '../base/assert.ts';
import { zeros } from '../base/counts.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { BUS_WORK, FAULT_KINDS, NOT_XIP_REASONS, addBusWork } from '../base/events.ts';
import type {
  BusWork,
  DeviceRole,
  EventSink,
  FaultKind,
  InflateEvent,
  NotXipReason,
  SimEvent,
} from '../base/events.ts';

/** Totals of one run. */
export interface Ledger {
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Faults that filled or found a page and copied it at once, by the kind they are counted under. */
  readonly earlyCow: Readonly<Record<FaultKind, number>>;
  readonly cowCopies: { readonly raw: number; readonly page: number };
  /** New anonymous pages zeroed. */
  readonly pageClears: number;
  readonly mtdReads: { readonly operations: number; readonly bytes: number };
  readonly mappedReads: {
    readonly operations: number;
    readonly bytes: number;
    readonly lines: number;
  };
  /** Bus work of reads, mapped reads and line fills, by device. */
  readonly bus: Readonly<Record<DeviceRole, Readonly<BusWork>>>;
  /** Programming and erasing: not of a mount, which only reads. */
  readonly writes: { readonly programs: number; readonly bytes: number; readonly erases: number };
  /** Bits that ECC put right, and steps that it could not. */
  readonly ecc: { readonly corrected: number; readonly failed: number };
  /** Operations that took longer than the part says, and by how much. */
  readonly delays: { readonly operations: number; readonly nanoseconds: number };
  /** Wrong bits served that nothing could detect. */
  readonly silentBits: number;
  readonly inflate: {
    readonly cblocks: number;
    readonly storedBytes: number;
    readonly bytes: number;
    /** Of these, what LZ4 expanded. */
    readonly lz4: {
      readonly cblocks: number;
      readonly storedBytes: number;
      readonly bytes: number;
    };
  };
  readonly fills: {
    readonly pages: number;
    readonly bytes: number;
    readonly cblockHits: number;
    /** Fills of pages that had been filled before: what reclaim threw out too early. */
    readonly refills: number;
    readonly byReason: Readonly<Record<NotXipReason, number>>;
  };
  /** Cache lines of mapped pages that the workload used, */
  readonly touchedLines: { readonly flash: number; readonly ram: number };
  /** and those of them that the CPU's cache did not have. */
  readonly missedLines: { readonly flash: number; readonly ram: number };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends number ? number : Mutable<T[K]> };

/** All faults of a ledger. */
export const totalFaults = (ledger: Ledger): number =>
  FAULT_KINDS.reduce((sum, kind) => sum + ledger.faults[kind], 0);

/**
 * Bytes that left the flash chip for table look-ups, fills and copy-on-write, in whole cache lines where
 * the CPU read through the mapping. Running mapped code comes on top: {@link Ledger.missedLines}.
 */
export const flashBytesRead = (ledger: Ledger): number =>
  ledger.mtdReads.bytes +
  ledger.mappedReads.lines * CACHE_LINE_BYTES +
  ledger.cowCopies.raw * PAGE_SIZE;

/** What happened between two readings of one sink. */
export const ledgerSince = (before: Ledger, after: Ledger): Ledger => difference(after, before);

/** Field by field, `a - b`; both have the same shape. */
function difference<T>(a: T, b: T): T {
  if (typeof a === 'number' && typeof b === 'number') return (a - b) as T;
  return Object.fromEntries(
    Object.entries(a as Record<string, unknown>).map(([key, value]) => [
      key,
      difference(value, (b as Record<string, unknown>)[key]),
    ]),
  ) as T;
}

/** What several runs did together. */
export function ledgerTotal(ledgers: readonly [Ledger, ...(readonly Ledger[])]): Ledger {
  const [first, ...others] = ledgers;
  return others.reduce<Ledger>((sum, ledger) => added(sum, ledger), first);
}

/** Field by field, `a + b`; both have the same shape. */
function added<T>(a: T, b: T): T {
  if (typeof a === 'number' && typeof b === 'number') return (a + b) as T;
  return Object.fromEntries(
    Object.entries(a as Record<string, unknown>).map(([key, value]) => [
      key,
      added(value, (b as Record<string, unknown>)[key]),
    ]),
  ) as T;
}

/** Counts a cblock expanded. */
function addExpansion(
  sum: Mutable<Ledger['inflate']['lz4']>,
  { storedBytes, bytes }: Readonly<InflateEvent>,
): void {
  sum.cblocks += 1;
  sum.storedBytes += storedBytes;
  sum.bytes += bytes;
}

/** Collects events. */
export class LedgerSink {
  readonly #ledger: Mutable<Ledger> = {
    faults: zeros(FAULT_KINDS),
    earlyCow: zeros(FAULT_KINDS),
    cowCopies: { raw: 0, page: 0 },
    pageClears: 0,
    mtdReads: { operations: 0, bytes: 0 },
    mappedReads: { operations: 0, bytes: 0, lines: 0 },
    bus: { first: zeros(BUS_WORK), second: zeros(BUS_WORK) },
    writes: { programs: 0, bytes: 0, erases: 0 },
    ecc: { corrected: 0, failed: 0 },
    delays: { operations: 0, nanoseconds: 0 },
    silentBits: 0,
    inflate: {
      ...{ cblocks: 0, storedBytes: 0, bytes: 0 },
      lz4: { cblocks: 0, storedBytes: 0, bytes: 0 },
    },
    fills: { pages: 0, bytes: 0, cblockHits: 0, refills: 0, byReason: zeros(NOT_XIP_REASONS) },
    touchedLines: { flash: 0, ram: 0 },
    missedLines: { flash: 0, ram: 0 },
  };

  /** Hand this to whoever emits. */
  readonly sink: EventSink = (event) => {
    this.#add(event);
  };

  /** A copy of the totals so far. */
  read(): Ledger {
    return structuredClone(this.#ledger);
  }

  #add(event: Readonly<SimEvent>): void {
    const ledger = this.#ledger;
    switch (event.type) {
      case 'fault':
        ledger.faults[event.kind] += 1;
        if (event.earlyCow) ledger.earlyCow[event.kind] += 1;
        return;
      case 'cow_copy':
        ledger.cowCopies[event.source] += 1;
        return;
      case 'page_clear':
        ledger.pageClears += 1;
        return;
      case 'mtd_read':
        ledger.mtdReads.operations += 1;
        ledger.mtdReads.bytes += event.bytes;
        addBusWork(ledger.bus[event.device], event);
        return;
      case 'mapped_read':
        ledger.mappedReads.operations += 1;
        ledger.mappedReads.bytes += event.bytes;
        ledger.mappedReads.lines += event.lines;
        addBusWork(ledger.bus[event.device], event);
        return;
      case 'line_fill':
        addBusWork(ledger.bus[event.device], event);
        return;
      case 'mtd_program':
        ledger.writes.programs += event.programs;
        ledger.writes.bytes += event.bytes;
        return;
      case 'mtd_erase':
        ledger.writes.erases += 1;
        return;
      case 'mtd_ecc':
        ledger.ecc.corrected += event.corrected;
        ledger.ecc.failed += event.failed;
        return;
      case 'mtd_delay':
        ledger.delays.operations += 1;
        ledger.delays.nanoseconds += event.nanoseconds;
        return;
      case 'silent_corruption':
        ledger.silentBits += event.bits;
        return;
      case 'inflate':
        addExpansion(ledger.inflate, event);
        if (event.codec === 'lz4') addExpansion(ledger.inflate.lz4, event);
        return;
      case 'page_fill':
        ledger.fills.pages += 1;
        ledger.fills.bytes += event.bytes;
        ledger.fills.byReason[event.reason] += 1;
        if (event.cblockHit) ledger.fills.cblockHits += 1;
        if (event.refill === true) ledger.fills.refills += 1;
        return;
      case 'page_touch':
        ledger.touchedLines[event.memory] += event.lines;
        ledger.missedLines[event.memory] += event.misses;
        return;
      default:
        unreachable(event);
    }
  }
}
