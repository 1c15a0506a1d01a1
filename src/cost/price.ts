/**
 * Counts × prices = cost, split by where it goes.
 *
 * @module
 */
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { BUS_WORK, DEVICE_ROLES, FAULT_KINDS } from '../base/events.ts';
import type { BusWork, FaultKind } from '../base/events.ts';
import type { Ledger } from './ledger.ts';
import type { CostUnit, FlashPrices, InstructionRow, PriceList } from './params.ts';

/** Parts of a cost, in the price list's unit. */
export const COST_PARTS = [
  { key: 'trap', title: 'entering the kernel, finding and mapping pages' },
  { key: 'flash', title: 'waiting for flash: look-ups, stored bytes, lines of mapped pages' },
  { key: 'inflate', title: 'expanding cblocks' },
  { key: 'copy', title: 'copying into page-cache pages and for copy-on-write, zeroing' },
  { key: 'ram', title: 'waiting for RAM: lines of pages mapped from RAM' },
] as const;

/** Name of a part. */
export type CostPart = (typeof COST_PARTS)[number]['key'];

/** A priced run. */
export interface Cost {
  readonly unit: CostUnit;
  readonly total: number;
  readonly parts: Readonly<Record<CostPart, number>>;
}

const TRAP_ROWS: Readonly<Record<FaultKind, InstructionRow>> = {
  raw_pfn: 'trap.rawPfn',
  file_major: 'trap.fileMajor',
  file_minor: 'trap.fileMinor',
  wp_raw: 'trap.writeProtectRaw',
  wp_file: 'trap.writeProtectFile',
  wp_anon: 'trap.writeProtectAnon',
  wp_zero: 'trap.writeProtectZero',
  anonymous: 'trap.anonymous',
  // Not measured: the traps that do as much.
  access_bit: 'trap.writeProtectAnon',
  swap_major: 'trap.fileMajor',
  swap_minor: 'trap.fileMinor',
};

const LINES_PER_PAGE = PAGE_SIZE / CACHE_LINE_BYTES;

/** Price of bus work on one device. */
const busCost = (work: Readonly<BusWork>, prices: FlashPrices): number =>
  BUS_WORK.reduce((sum, unit) => sum + work[unit] * prices[unit], 0);

/** Prices a ledger. Linear: the cost of two runs together is the sum of their costs. */
export function priceLedger(ledger: Ledger, prices: PriceList): Cost {
  const instructions = (row: InstructionRow, times: number): number => prices.work[row] * times;
  const trap = FAULT_KINDS.reduce(
    (sum, kind) =>
      sum +
      instructions(TRAP_ROWS[kind], ledger.faults[kind]) +
      instructions('trap.earlyCow', ledger.earlyCow[kind]),
    0,
  );
  const flash =
    DEVICE_ROLES.reduce((sum, role) => sum + busCost(ledger.bus[role], prices.flash[role]), 0) +
    // A copy-on-write of a flash page reads all its lines through the mapping.
    ledger.cowCopies.raw * LINES_PER_PAGE * prices.flash.first.line +
    ledger.delays.nanoseconds * prices.nanosecond;
  const { lz4 } = ledger.inflate;
  const inflate =
    instructions('inflate.setup', ledger.inflate.cblocks - lz4.cblocks) +
    instructions('inflate.storedByte', ledger.inflate.storedBytes - lz4.storedBytes) +
    instructions('inflate.lz4Byte', lz4.bytes);
  const { raw, page } = ledger.cowCopies;
  const written = raw + page + ledger.fills.pages + ledger.pageClears;
  const copy =
    instructions('copy.page', written) +
    // Every page written goes to RAM; a copied RAM page comes from there, too. What a fill copies comes
    // from flash, paid above, or from the cblock just expanded, which is still in the cache.
    (written + page) * LINES_PER_PAGE * prices.ramLine;
  const ram = ledger.missedLines.ram * prices.ramLine;
  const parts = { trap, flash, inflate, copy, ram };
  return { unit: prices.unit, total: trap + flash + inflate + copy + ram, parts };
}
