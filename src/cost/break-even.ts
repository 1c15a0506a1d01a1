/**
 * When execution in place loses: a mapped page saves filling a page of RAM once, and pays for it with every
 * cache miss that goes to flash instead of RAM. At so many misses both cost the same.
 *
 * @module
 */
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import type { PriceList } from './params.ts';

/** Table entries that the driver looks up for a fault, each in a line of flash of its own. */
const LOOK_UPS = {
  /** node_type, node_index. */
  xip: 2,
  /** Those, cnode_index, cnode_offset, and cblock_offset from both ends. */
  compressed: 6,
} as const;

const LINES_PER_PAGE = PAGE_SIZE / CACHE_LINE_BYTES;

/** A page executed in place against the same page compressed, in the price list's unit. */
export interface BreakEven {
  /** Its first fault in place, and from a cblock of its own; without a miss in either. */
  readonly xipFault: number;
  readonly compressedFault: number;
  /** A cache line from flash, and from RAM. */
  readonly flashLine: number;
  readonly ramLine: number;
  /**
   * Cache misses of the page, over all its life in RAM, from which on execution in place is slower;
   * `undefined`: never, because a line from flash costs no more than one from RAM.
   */
  readonly misses: number | undefined;
}

/** Where the balance tips for a page stored in `storedBytes`, for one process that maps it. */
export function breakEven(prices: PriceList, storedBytes: number): BreakEven {
  const { flash, ramLine, work } = prices;
  const flashLine = flash.first.line;
  const xipFault = work['trap.rawPfn'] + LOOK_UPS.xip * flashLine;
  const storedLines = Math.ceil(storedBytes / CACHE_LINE_BYTES);
  const compressedFault =
    work['trap.fileMajor'] +
    (LOOK_UPS.compressed + storedLines) * flashLine +
    work['inflate.setup'] +
    work['inflate.storedByte'] * storedBytes +
    work['copy.page'] +
    LINES_PER_PAGE * ramLine;
  const dearer = flashLine - ramLine;
  return {
    xipFault,
    compressedFault,
    flashLine,
    ramLine,
    misses: dearer > 0 ? (compressedFault - xipFault) / dearer : undefined,
  };
}
