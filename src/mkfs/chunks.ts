/**
 * A growing run of bytes kept as chunks, because a region may exceed what one array holds and should not be
 * copied over and over while it grows.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Bytes that are appended and never change. */
export class ByteSink {
  readonly #full: Uint8Array[] = [];
  #chunk = new Uint8Array(0);
  #used = 0;
  #size = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const room = this.#room();
      const part = bytes.subarray(from, from + room);
      this.#chunk.set(part, this.#used);
      this.#advance(part.length);
      from += part.length;
    }
  }

  /** Appends `count` zero bytes. */
  appendZeros(count: number): void {
    for (let left = count; left > 0;) {
      const length = Math.min(left, this.#room());
      this.#advance(length);
      left -= length;
    }
  }

  /** The bytes, as views on chunks. */
  chunks(): readonly Uint8Array[] {
    const last = this.#chunk.subarray(0, this.#used);
    return last.length === 0 ? this.#full : [...this.#full, last];
  }

  /** Room left in the current chunk, at least one byte; fresh chunks are zero. */
  #room(): number {
    if (this.#used === this.#chunk.length) {
      if (this.#used > 0) this.#full.push(this.#chunk);
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      this.#used = 0;
    }
    return this.#chunk.length - this.#used;
  }

  #advance(length: number): void {
    this.#used += length;
    this.#size += length;
  }
}

/** Total length of chunks. */
export const totalLength = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/**
 * The chunks as one array.
 *
 * @throws AxfsError EFBIG when no array holds that many bytes.
 */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const size = totalLength(chunks);
  let all: Uint8Array;
  try {
    all = new Uint8Array(size);
  } catch (error) {
    assert(error instanceof RangeError, () => `only the length can be refused: ${String(error)}`);
    throw new AxfsError('EFBIG', `${String(size)} bytes do not fit in one array; use the chunks`);
  }
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
