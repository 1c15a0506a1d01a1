/**
 * Reading mapped cells that could misbehave: each line that the controller does not hold is a read of the
 * cells, and a line it holds is served again as it was fetched, flipped bits and all.
 *
 * @module
 */
import { alignDown } from '../base/bits.ts';
import type { FlashCells } from './cells.ts';

/** What holds lines: a controller's cache. */
interface LineHolder {
  holds(line: number): boolean;
}

/** What came of a read. */
export interface UncertainRead {
  readonly bytes: Uint8Array;
  /** Bits in `bytes` that are not what was programmed. */
  readonly flips: number;
  readonly delayNanoseconds: number;
}

interface FlippedLine {
  readonly bytes: Uint8Array;
  readonly flips: readonly number[];
}

/** Cells read in aligned lines. */
export class UncertainCells {
  readonly #cells: FlashCells;
  readonly #lineBytes: number;
  readonly #holder: LineHolder | undefined;
  /**
   * Lines as they were fetched last, where that differs from what is in the cells. One that is held no more is
   * fetched anew before anybody looks here.
   */
  readonly #flipped = new Map<number, FlippedLine>();

  constructor(cells: FlashCells, lineBytes: number, holder: LineHolder | undefined) {
    this.#cells = cells;
    this.#lineBytes = lineBytes;
    this.#holder = holder;
  }

  /** @throws AxfsError EIO when a line fails. */
  read(from: number, length: number): UncertainRead {
    const cells = this.#cells;
    const bytes = new Uint8Array(length);
    const end = from + length;
    let flips = 0;
    let delayNanoseconds = 0;
    for (let start = alignDown(from, this.#lineBytes); start < end; start += this.#lineBytes) {
      const count = Math.min(this.#lineBytes, cells.size - start);
      const line = this.#line(start, count);
      const first = Math.max(from, start);
      const last = Math.min(end, start + count);
      bytes.set(line.bytes.subarray(first - start, last - start), first - from);
      for (const bit of line.flips)
        if (bit >= 8 * (first - start) && bit < 8 * (last - start)) flips += 1;
      delayNanoseconds += line.delayNanoseconds;
    }
    return { bytes, flips, delayNanoseconds };
  }

  #line(start: number, count: number): FlippedLine & { readonly delayNanoseconds: number } {
    const index = start / this.#lineBytes;
    if (this.#holder?.holds(index) === true) {
      const { bytes, flips } = this.#flipped.get(index) ?? {
        bytes: this.#cells.view(start, count),
        flips: [],
      };
      return { bytes, flips, delayNanoseconds: 0 };
    }
    const read = this.#cells.read(start, count);
    if (this.#holder !== undefined && read.flips.length > 0)
      this.#flipped.set(index, { bytes: read.bytes.slice(), flips: [...read.flips] });
    else this.#flipped.delete(index);
    return read;
  }
}
