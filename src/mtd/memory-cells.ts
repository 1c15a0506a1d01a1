/**
 * Cells that do as they are told: contents that are never copied whole, and over them what has been
 * programmed and erased since.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { ERASED, clearBits } from './cell-bits.ts';
import type { CellRead, FlashCells } from './cells.ts';
import type { FlashContents } from './contents.ts';

/** Bytes changed together: a page, so that a frame mapped in place is never in two pieces. */
const PIECE_BYTES = PAGE_SIZE;
/** What all erased pieces share; never written to. */
const ERASED_PIECE = new Uint8Array(PIECE_BYTES).fill(ERASED);
const NO_FLIPS: readonly number[] = [];

/** Contents of nothing: all cells erased. */
export const ERASED_CONTENTS: FlashContents = { size: 0, view: () => new Uint8Array(0) };

/** Perfect cells over contents, which stay as they are. Everything asked for is inside `size`. */
export class MemoryCells implements FlashCells {
  readonly size: number;
  readonly isPerfect = true;
  readonly #contents: FlashContents;
  /** Pieces changed, by number; undefined until there are any, so that reading need not look. */
  #changed: Map<number, Uint8Array> | undefined;
  readonly #look: { bytes: Uint8Array; flips: readonly number[]; delayNanoseconds: number } = {
    bytes: new Uint8Array(0),
    flips: NO_FLIPS,
    delayNanoseconds: 0,
  };

  /**
   * `contents` from offset 0, erased cells behind them.
   *
   * @throws AxfsError EFBIG when the contents exceed `size`, by default their own.
   */
  constructor(contents: FlashContents, size = contents.size, name = 'cells') {
    if (contents.size > size)
      throw new AxfsError(
        'EFBIG',
        `${name}: contents of ${String(contents.size)} bytes do not fit in ${String(size)} bytes`,
      );
    this.size = size;
    this.#contents = contents;
  }

  /** Bytes of memory that changes take; erased pieces take none. */
  get changedBytes(): number {
    let bytes = 0;
    for (const piece of this.#changed?.values() ?? [])
      if (piece !== ERASED_PIECE) bytes += PIECE_BYTES;
    return bytes;
  }

  read(offset: number, length: number): CellRead {
    this.#look.bytes = this.view(offset, length);
    return this.#look;
  }

  view(offset: number, length: number): Uint8Array {
    if (this.#changed !== undefined) return this.#viewOfChanged(this.#changed, offset, length);
    if (offset + length <= this.#contents.size) return this.#contents.view(offset, length);
    return this.#original(offset, length);
  }

  program(offset: number, bytes: Uint8Array): void {
    const changed = (this.#changed ??= new Map<number, Uint8Array>());
    for (let done = 0; done < bytes.length;) {
      const index = Math.floor((offset + done) / PIECE_BYTES);
      const inPiece = offset + done - index * PIECE_BYTES;
      const count = Math.min(PIECE_BYTES - inPiece, bytes.length - done);
      clearBits(this.#own(changed, index), inPiece, bytes.subarray(done, done + count));
      done += count;
    }
  }

  erase(offset: number, length: number): void {
    if (length === 0) return;
    const changed = (this.#changed ??= new Map<number, Uint8Array>());
    const end = offset + length;
    const first = Math.ceil(offset / PIECE_BYTES);
    const last = end === this.size ? Math.ceil(end / PIECE_BYTES) : Math.floor(end / PIECE_BYTES);
    // Whole pieces: with contents below they are marked, without they go back to what they were.
    const held = Math.min(last, Math.ceil(this.#contents.size / PIECE_BYTES));
    for (let index = first; index < held; index += 1) changed.set(index, ERASED_PIECE);
    this.#forget(changed, Math.max(first, held), last);
    this.#erasePart(changed, offset, Math.min(end, first * PIECE_BYTES));
    if (last >= first) this.#erasePart(changed, Math.max(offset, last * PIECE_BYTES), end);
  }

  /** Drops the pieces `[first, end)`, by whichever are fewer: they, or all there are. */
  #forget(changed: Map<number, Uint8Array>, first: number, end: number): void {
    if (end - first <= changed.size)
      for (let index = first; index < end; index += 1) changed.delete(index);
    else
      for (const index of changed.keys()) if (index >= first && index < end) changed.delete(index);
  }

  /** Erases `[from, end)`, less than a piece. */
  #erasePart(changed: Map<number, Uint8Array>, from: number, end: number): void {
    if (from >= end) return;
    const index = Math.floor(from / PIECE_BYTES);
    const start = index * PIECE_BYTES;
    this.#own(changed, index).fill(ERASED, from - start, end - start);
  }

  /** A piece that may be written to. */
  #own(changed: Map<number, Uint8Array>, index: number): Uint8Array {
    const known = changed.get(index);
    if (known !== undefined && known !== ERASED_PIECE) return known;
    const start = index * PIECE_BYTES;
    const piece =
      known?.slice() ?? this.#original(start, Math.min(PIECE_BYTES, this.size - start)).slice();
    changed.set(index, piece);
    return piece;
  }

  #viewOfChanged(
    changed: ReadonlyMap<number, Uint8Array>,
    offset: number,
    length: number,
  ): Uint8Array {
    const first = Math.floor(offset / PIECE_BYTES);
    const inPiece = offset - first * PIECE_BYTES;
    if (inPiece + length <= PIECE_BYTES) {
      const piece = changed.get(first);
      return piece === undefined
        ? this.#original(offset, length)
        : piece.subarray(inPiece, inPiece + length);
    }
    const bytes = this.#original(offset, length).slice();
    const end = offset + length;
    for (let index = first; index * PIECE_BYTES < end; index += 1) {
      const piece = changed.get(index);
      if (piece === undefined) continue;
      const start = index * PIECE_BYTES;
      const from = Math.max(offset, start);
      const to = Math.min(end, start + PIECE_BYTES);
      bytes.set(piece.subarray(from - start, to - start), from - offset);
    }
    return bytes;
  }

  /** What was there before any change. */
  #original(offset: number, length: number): Uint8Array {
    const held = Math.min(length, this.#contents.size - offset);
    if (held === length) return this.#contents.view(offset, length);
    const bytes = new Uint8Array(length).fill(ERASED);
    if (held > 0) bytes.set(this.#contents.view(offset, held));
    return bytes;
  }
}
