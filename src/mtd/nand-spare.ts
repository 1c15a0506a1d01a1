/**
 * The spare areas of a NAND device: `oobsize` bytes a page, and in them the mark of a bad block, which is a
 * first byte of the block's first page other than 0xFF (NAND_BBM_FIRSTPAGE, position 0).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { ERASED, firstSetBit } from './cell-bits.ts';
import type { CellRead, FlashCells } from './cells.ts';
import type { MtdInfo } from './device.ts';
import { checkRange } from './ranges.ts';

const BAD_MARK = Uint8Array.of(0);

/** Bytes of all spare areas of a device. */
export const spareBytes = (info: MtdInfo): number => (info.size / info.writesize) * info.oobsize;

/** The spare areas, by the device offsets of pages and blocks. */
export class NandSpare {
  readonly info: MtdInfo;
  readonly #cells: FlashCells;
  /** Counted when somebody first asks: a device may have millions of blocks. */
  #badBlocks: number | undefined;

  constructor(info: MtdInfo, cells: FlashCells) {
    this.info = info;
    this.#cells = cells;
  }

  get isPerfect(): boolean {
    return this.#cells.isPerfect === true;
  }

  get badBlocks(): number {
    return (this.#badBlocks ??= this.#countBad());
  }

  /** @throws AxfsError EINVAL unless a page starts at `offset` and its spare area has `length` bytes. */
  check(operation: string, offset: number, length: number): void {
    const { info } = this;
    checkRange(info, `${operation} of the spare area`, offset, info.writesize);
    if (offset % info.writesize !== 0 || length > info.oobsize)
      throw new AxfsError(
        'EINVAL',
        `${info.name}: ${operation} of ${String(length)} spare bytes at ${String(offset)}, expected at most ${String(info.oobsize)} of a page of ${String(info.writesize)}`,
      );
  }

  read(offset: number, length: number): CellRead {
    return this.#cells.read(this.#place(offset), length);
  }

  /** @throws AxfsError EIO for bits that only an erase sets. */
  program(offset: number, bytes: Uint8Array): void {
    const place = this.#place(offset);
    const there = this.#cells.view(place, bytes.length);
    const at = firstSetBit(there, bytes);
    if (at >= 0)
      throw new AxfsError(
        'EIO',
        `${this.info.name}: write of ${String(bytes.length)} spare bytes at ${String(offset)}: byte ${String(at)} holds 0x${(there[at] ?? 0).toString(16)}, and only an erase makes it 0x${(bytes[at] ?? 0).toString(16)}`,
      );
    const before = this.#badBlocks;
    const wasBad = before !== undefined && this.isBad(offset);
    this.#cells.program(place, bytes);
    if (before !== undefined && !wasBad && this.isBad(offset)) this.#badBlocks = before + 1;
  }

  /** Erases the spare areas of the block at `offset`, which is not bad. */
  erase(offset: number): void {
    const { erasesize, writesize, oobsize } = this.info;
    this.#cells.erase(this.#place(offset), (erasesize / writesize) * oobsize);
  }

  /** The block with the byte at `offset` is marked. */
  isBad(offset: number): boolean {
    const { erasesize, oobsize } = this.info;
    if (oobsize === 0) return false;
    const block = Math.floor(offset / erasesize) * erasesize;
    return this.#cells.view(this.#place(block), 1)[0] !== ERASED;
  }

  /** Marks the block with the byte at `offset`. */
  markBad(offset: number): void {
    this.program(Math.floor(offset / this.info.erasesize) * this.info.erasesize, BAD_MARK);
  }

  #place(offset: number): number {
    return (offset / this.info.writesize) * this.info.oobsize;
  }

  #countBad(): number {
    let bad = 0;
    for (let block = 0; block < this.info.size; block += this.info.erasesize)
      if (this.isBad(block)) bad += 1;
    return bad;
  }
}
