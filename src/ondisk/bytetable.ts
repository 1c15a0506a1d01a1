/**
 * Byte tables: packed arrays of big-endian integers of 1 to 8 bytes (format version 2), and the planes that
 * version 1 split them into.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { bytesNeeded } from '../base/bits.ts';
import { setU64, viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import { MAX_TABLE_DEPTH } from './constants.ts';

/** Reads entries of a packed table in place. */
export class ByteTable {
  readonly name: string;
  readonly depth: number;
  /** Number of entries that the bytes hold. */
  readonly length: number;
  readonly #prefix: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** `image` is the image's name, for messages. */
  constructor(name: string, bytes: Uint8Array, depth: number, image?: string) {
    this.name = name;
    this.#prefix = image === undefined ? '' : `${image}: `;
    this.depth = depth;
    this.length = depth === 0 ? 0 : Math.floor(bytes.length / depth);
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /**
   * Entry `index`.
   *
   * @throws AxfsError EIO when the table has no such entry: only a damaged image asks for one.
   */
  get(index: number): number {
    if (!(index >= 0 && index < this.length))
      throw new AxfsError(
        'EIO',
        `${this.#prefix}table ${this.name} has ${String(this.length)} entries, but entry ${String(index)} is asked for`,
      );
    const depth = this.depth;
    if (depth === 4) return this.#view.getUint32(index * 4);
    let value = 0;
    for (let i = index * depth; i < index * depth + depth; i += 1)
      value = value * 256 + (this.#bytes[i] ?? 0);
    if (value > Number.MAX_SAFE_INTEGER)
      throw new AxfsError(
        'EOVERFLOW',
        `${this.#prefix}entry ${String(index)} of table ${this.name} exceeds 2^53-1`,
      );
    return value;
  }
}

/**
 * A planar table of version 1 as version 2 would store it. Planes are `floor(size / depth)` bytes long, the
 * least significant one first (section 10).
 */
export function fromPlanar(planes: Uint8Array, depth: number): Uint8Array {
  const entries = depth === 0 ? 0 : Math.floor(planes.length / depth);
  const packed = new Uint8Array(entries * depth);
  for (let plane = 0; plane < depth; plane += 1)
    for (let k = 0; k < entries; k += 1)
      packed[k * depth + depth - 1 - plane] = planes[plane * entries + k] ?? 0;
  return packed;
}

/** Packs `values`, `depth` bytes each. */
export function encodeByteTable(values: ArrayLike<number>, depth: number): Uint8Array {
  assert(
    Number.isInteger(depth) && depth >= 1 && depth <= MAX_TABLE_DEPTH,
    () => `a table is 1 to ${String(MAX_TABLE_DEPTH)} bytes deep: ${String(depth)}`,
  );
  const bytes = new Uint8Array(values.length * depth);
  const entry = new Uint8Array(8);
  const view = viewOf(entry);
  for (let k = 0; k < values.length; k += 1) {
    const value = values[k] ?? 0;
    assert(
      bytesNeeded(value) <= depth,
      () => `a table entry fits its depth: ${String(value)} in ${String(depth)} bytes`,
    );
    setU64(view, 0, value);
    bytes.set(entry.subarray(8 - depth), k * depth);
  }
  return bytes;
}

/** Smallest depth that holds every value. */
export const minimalDepth = (values: ArrayLike<number>): number =>
  bytesNeeded(Array.from(values).reduce((a, b) => Math.max(a, b), 0));
