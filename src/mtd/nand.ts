/**
 * SLC NAND flash: no window, pages that pass through a page register, spare areas with ECC, and blocks that
 * may be bad (drivers/mtd/nand/raw/nand_base.c).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork } from '../base/events.ts';
import { Bus } from './bus.ts';
import type { BusShape } from './bus.ts';
import type { FlashCells } from './cells.ts';
import { DeviceCounts } from './counting.ts';
import type { Reporting } from './counting.ts';
import type {
  EccStats,
  MtdCounters,
  MtdDevice,
  MtdInfo,
  MtdReadStatus,
  MtdWindow,
} from './device.ts';
import { checkCells, notSupported } from './linear-device.ts';
import { ERASED_CONTENTS, MemoryCells } from './memory-cells.ts';
import { NandBlocks, pagePrograms } from './nand-blocks.ts';
import { cleanOutcome, correctPage, needsScrub } from './nand-ecc.ts';
import type { EccOutcome } from './nand-ecc.ts';
import { NandSpare, spareBytes } from './nand-spare.ts';
import { checkNandGeometry } from './nand-geometry.ts';
import { blocksToErase, checkRange, checkUnits, checkWriteable } from './ranges.ts';

/** How to build a NAND device. */
export interface NandOptions extends Reporting {
  /** Cells of the spare areas, with the marks of blocks that left the factory bad; default: erased. */
  readonly oob?: FlashCells;
  /**
   * With ECC, a read clocks whole pages; with their spare areas, too, unless this is false because the chip
   * corrects its pages itself. Without ECC, the words asked for are clocked and no more. Default: true.
   */
  readonly clocksSpare?: boolean;
}

const NO_PAGE = -1;

/** A NAND device. The bus opens once for each page it reads: command and address. */
export class NandDevice implements MtdDevice {
  readonly info: MtdInfo;
  readonly canPoint = false;
  readonly #cells: FlashCells;
  readonly #spare: NandSpare;
  readonly #blocks: NandBlocks;
  readonly #bus: Bus;
  readonly #counts: DeviceCounts;
  readonly #clocksSpare: boolean;
  /** A page that stays in the page register until something else is done; only perfect cells need no new look. */
  readonly #keepsPage: boolean;
  #register = NO_PAGE;
  #corrected = 0;
  #failed = 0;

  /** @throws AxfsError EINVAL for cells or a geometry that do not fit each other. */
  constructor(info: MtdInfo, bus: BusShape, cells: FlashCells, options: NandOptions = {}) {
    const { oob, clocksSpare = true, ...reporting } = options;
    checkNandGeometry(info);
    checkCells(info, 'cells', cells, info.size);
    const spare = oob ?? new MemoryCells(ERASED_CONTENTS, spareBytes(info));
    checkCells(info, 'cells of spare areas', spare, spareBytes(info));
    this.info = info;
    this.#cells = cells;
    this.#spare = new NandSpare(info, spare);
    this.#blocks = new NandBlocks(info, cells);
    this.#bus = new Bus(bus);
    this.#counts = new DeviceCounts(reporting);
    this.#clocksSpare = clocksSpare;
    this.#keepsPage = cells.isPerfect === true && this.#spare.isPerfect;
  }

  get flippedBits(): number {
    return this.#counts.flippedBits;
  }

  get counters(): MtdCounters {
    return this.#counts.read();
  }

  get eccStats(): EccStats {
    return {
      corrected: this.#corrected,
      failed: this.#failed,
      badblocks: this.#spare.badBlocks,
    };
  }

  read(from: number, into: Uint8Array): MtdReadStatus {
    const { length } = into;
    checkRange(this.info, 'read', from, length);
    let status: MtdReadStatus = 'ok';
    if (this.#cells.isPerfect === true) into.set(this.#cells.view(from, length));
    else if (length > 0) status = this.#readPages(from, into);
    const work = this.#counts.startRead();
    if (length > 0) this.#countPages(work, from, length);
    this.#counts.countRead(length);
    return status;
  }

  write(to: number, bytes: Uint8Array): void {
    checkRange(this.info, 'write', to, bytes.length);
    checkWriteable(this.info, 'write', to);
    checkUnits(this.info, to, bytes.length, this.info.subpageSize);
    if (bytes.length === 0) return;
    const programs = pagePrograms(this.info, to, bytes.length);
    this.#blocks.check(programs);
    this.#register = NO_PAGE;
    for (const program of programs) {
      const start = program.offset - to;
      // A page whose programming fails is no longer erased either.
      this.#blocks.programmed(program);
      this.#cells.program(program.offset, bytes.subarray(start, start + program.length));
    }
    this.#counts.countPrograms(programs.length, bytes.length);
  }

  erase(from: number, length: number): void {
    const blocks = blocksToErase(this.info, from, length);
    for (const { offset } of blocks)
      if (this.#spare.isBad(offset))
        throw new AxfsError(
          'EIO',
          `${this.info.name}: erase of the block at ${String(offset)}: it is marked bad`,
        );
    if (blocks.length === 0) return;
    this.#register = NO_PAGE;
    for (const { offset, erasesize } of blocks) {
      this.#cells.erase(offset, erasesize);
      this.#spare.erase(offset);
      this.#blocks.erased(offset);
    }
    for (const { erasesize } of blocks) this.#counts.countErase(erasesize);
  }

  point(from: number, length: number): MtdWindow {
    checkRange(this.info, 'point', from, length);
    return notSupported(this.info, 'point');
  }

  unpoint(window: MtdWindow): void {
    throw new AxfsError(
      'EINVAL',
      `${this.info.name}: unpoint of a window that is not held: ${String(window.length)} bytes at 0x${window.phys.toString(16)}`,
    );
  }

  /** Counted as a read of as many bytes, uncorrected. */
  readOob(offset: number, into: Uint8Array): void {
    this.#checkHasSpare('read');
    this.#spare.check('read', offset, into.length);
    const { bytes, flips, delayNanoseconds } = this.#spare.read(offset, into.length);
    into.set(bytes);
    this.#counts.countFlips(flips.length);
    this.#counts.reportDelay(delayNanoseconds);
    const work = this.#counts.startRead();
    if (into.length > 0) {
      this.#load(work, offset / this.info.writesize, 1);
      this.#bus.transaction(work, this.info.writesize, into.length);
    }
    this.#counts.countRead(into.length);
  }

  /** Counted as one program. Spare areas have no order; their programs do not count as those of the page. */
  writeOob(offset: number, bytes: Uint8Array): void {
    this.#checkHasSpare('write');
    this.#spare.check('write', offset, bytes.length);
    checkWriteable(this.info, 'write of a spare area', offset);
    if (bytes.length === 0) return;
    this.#register = NO_PAGE;
    this.#spare.program(offset, bytes);
    this.#counts.countPrograms(1, bytes.length);
  }

  blockIsBad(offset: number): boolean {
    checkRange(this.info, 'look at a block', offset, 1);
    return this.#spare.isBad(offset);
  }

  blockMarkBad(offset: number): void {
    this.#checkHasSpare('marking a block bad');
    checkRange(this.info, 'mark of a block', offset, 1);
    checkWriteable(this.info, 'mark of a block', offset);
    if (this.#spare.isBad(offset)) return;
    this.#register = NO_PAGE;
    this.#spare.markBad(offset);
    this.#counts.countPrograms(1, 1);
  }

  #checkHasSpare(operation: string): void {
    if (this.info.oobsize === 0) notSupported(this.info, `${operation} without spare areas`);
  }

  /**
   * Reads page by page what could be flipped. As Linux does, goes on behind a page that cannot be corrected,
   * and answers for all of them.
   */
  #readPages(from: number, into: Uint8Array): MtdReadStatus {
    const { info } = this;
    const end = from + into.length;
    const bytes = new Uint8Array(into.length);
    const outcome = cleanOutcome();
    let flipped = 0;
    let delay = 0;
    let bad = NO_PAGE;
    const first = Math.floor(from / info.writesize) * info.writesize;
    for (let start = first; start < end; start += info.writesize) {
      const read = this.#cells.read(start, info.writesize);
      delay += read.delayNanoseconds;
      const low = Math.max(from, start) - start;
      const high = Math.min(end, start + info.writesize) - start;
      let page = read.bytes;
      if (info.eccStrength === 0) {
        for (const bit of read.flips) if (bit >= 8 * low && bit < 8 * high) flipped += 1;
      } else if (read.flips.length > 0) {
        page = page.slice();
        correctPage(info, page, read.flips, outcome);
        if (outcome.failed > 0 && bad < 0) bad = start;
      }
      bytes.set(page.subarray(low, high), start + low - from);
    }
    this.#report(outcome, flipped, delay);
    if (bad >= 0)
      throw new AxfsError(
        'EBADMSG',
        `${info.name}: read of ${String(into.length)} bytes at ${String(from)}: page at ${String(bad)}: more than ${String(info.eccStrength)} flipped bits in ${String(info.eccStepSize)} bytes`,
      );
    into.set(bytes);
    return needsScrub(info, outcome) ? 'EUCLEAN' : 'ok';
  }

  #report(outcome: EccOutcome, flipped: number, delay: number): void {
    this.#corrected += outcome.corrected;
    this.#failed += outcome.failed;
    this.#counts.countFlips(flipped);
    this.#counts.reportEcc(outcome.corrected, outcome.failed);
    this.#counts.reportDelay(delay);
  }

  #countPages(work: BusWork, from: number, length: number): void {
    const { writesize, oobsize, eccStrength } = this.info;
    const first = Math.floor(from / writesize);
    const pages = Math.floor((from + length - 1) / writesize) - first + 1;
    this.#load(work, first, pages);
    if (eccStrength > 0) {
      work.opens += pages;
      work.busBytes += pages * (writesize + (this.#clocksSpare ? oobsize : 0));
      return;
    }
    // Each page is addressed for itself, so a burst never crosses from one to the next.
    const { wordBytes } = this.#bus.shape;
    const words = Math.ceil((from + length) / wordBytes) - Math.floor(from / wordBytes);
    work.opens += pages;
    work.busBytes += words * wordBytes;
  }

  /** Pages come into the page register, unless the first is there already. */
  #load(work: BusWork, first: number, pages: number): void {
    work.arrayLoads += pages - (this.#keepsPage && this.#register === first ? 1 : 0);
    this.#register = first + pages - 1;
  }
}
