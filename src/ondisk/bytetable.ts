/**
 * Byte tables: arrays of integers of 1 to 8 bytes, packed (format version 2) or in the planes that version 1
 * split them into.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { bytesNeeded } from '../base/bits.ts';
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import { MAX_TABLE_DEPTH } from './constants.ts';

/**
 * How entries lie in their table. `packed`: byte by byte, the most significant first. `planar`: all bytes of
 * one significance together, the least significant first; each plane is `floor(size / depth)` bytes long
 * (section 10).
 */
export type TableLayout = 'packed' | 'planar';

/** What a table is called, and how it lies. */
export interface TableOptions {
  /** The image's name, for messages. */
  readonly image?: string;
  /** Default: packed. */
  readonly layout?: TableLayout;
}

/** Reads entries of a table in place. */
export class ByteTable {
  readonly name: string;
  readonly depth: number;
  /** Number of entries that the bytes hold. */
  readonly length: number;
  readonly #prefix: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isWord: boolean;
  /** Offset of the most significant byte of entry 0, and from there to the next entry, and the next byte. */
  readonly #first: number;
  readonly #stride: number;
  readonly #step: number;

  constructor(name: string, bytes: Uint8Array, depth: number, options: TableOptions = {}) {
    const { image, layout = 'packed' } = options;
    this.name = name;
    this.#prefix = image === undefined ? '' : `${image}: `;
    this.depth = depth;
    this.length = depth === 0 ? 0 : Math.floor(bytes.length / depth);
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    const isPlanar = layout === 'planar';
    this.#isWord = depth === 4 && !isPlanar;
    this.#first = isPlanar ? (depth - 1) * this.length : 0;
    this.#stride = isPlanar ? 1 : depth;
    this.#step = isPlanar ? -this.length : 1;
  }

  /**
   * Entry `index`.
   *
   * @throws AxfsError EIO when the table has no such entry: only a damaged image asks for one. EOVERFLOW for
   * values above 2^53-1.
   */
  get(index: number): number {
    const value = this.#value(index);
    if (value > Number.MAX_SAFE_INTEGER)
      throw new AxfsError(
        'EOVERFLOW',
        `${this.#prefix}entry ${String(index)} of table ${this.name} exceeds 2^53-1`,
      );
    return value;
  }

  /** As {@link get}, but of a larger value 2^53-1: for entries that nothing hangs on. */
  getClamped(index: number): number {
    return Math.min(Number.MAX_SAFE_INTEGER, this.#value(index));
  }

  /** Where the bytes of entry `index` stand in the table, the most significant first. */
  offsetsOf(index: number): readonly number[] {
    const start = this.#first + index * this.#stride;
    return Array.from({ length: this.depth }, (_, i) => start + i * this.#step);
  }

  /** Bytes of entry `index`, the most significant first. */
  bytesOf(index: number): Uint8Array {
    return Uint8Array.from(this.offsetsOf(index), (offset) => this.#bytes[offset] ?? 0);
  }

  #value(index: number): number {
    if (!(index >= 0 && index < this.length))
      throw new AxfsError(
        'EIO',
        `${this.#prefix}table ${this.name} has ${String(this.length)} entries, but entry ${String(index)} is asked for`,
      );
    if (this.#isWord) return this.#view.getUint32(index * 4);
    let value = 0;
    let at = this.#first + index * this.#stride;
    for (let i = 0; i < this.depth; i += 1, at += this.#step)
      value = value * 256 + (this.#bytes[at] ?? 0);
    return value;
  }
}

/** Packs `values`, `depth` bytes each. */
export function encodeByteTable(values: ArrayLike<number>, depth: number): Uint8Array {
  assert(
    Number.isInteger(depth) && depth >= 1 && depth <= MAX_TABLE_DEPTH,
    () => `a table is 1 to ${String(MAX_TABLE_DEPTH)} bytes deep: ${String(depth)}`,
  );
  const bytes = new Uint8Array(values.length * depth);
  const limit = Math.min(256 ** depth, Number.MAX_SAFE_INTEGER + 1);
  for (let k = 0; k < values.length; k += 1) {
    const value = values[k] ?? 0;
    // No call but where it fails: most of this runs before anything is compiled for speed.
    if (!(value >= 0 && value < limit && Math.floor(value) === value))
      assert(
        false,
        () => `a table entry fits its depth: ${String(value)} in ${String(depth)} bytes`,
      );
    let rest = value;
    // An element takes the lowest eight bits of what it is given.
    for (let at = (k + 1) * depth - 1; rest > 0; at -= 1) {
      bytes[at] = rest;
      rest = Math.floor(rest / 256);
    }
  }
  return bytes;
}

/** Smallest depth that holds every value. */
export const minimalDepth = (values: ArrayLike<number>): number =>
  bytesNeeded(Array.from(values).reduce((a, b) => Math.max(a, b), 0));
