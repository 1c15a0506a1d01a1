/**
 * A growing run of bytes. It is kept as chunks, because a region may exceed what one array holds and should
 * not be copied over and over while it grows; and past some megabytes it may go to a temporary file.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Chunks that stay in memory although there is a file for them. */
const CHUNKS_KEPT = 8;

/** Where bytes go that should not stay in memory: a temporary file. */
export interface ByteStore {
  append(bytes: Uint8Array): void;
  /** Fills `into` from byte `position` and says how many bytes there were: fewer only at the end. */
  readAt(into: Uint8Array, position: number): number;
  close(): void;
}

/** Bytes that can be looked at from their start, more than once. */
export interface ByteRun {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes in order; a piece is valid until the next one is asked for. */
  pieces(): Iterable<Uint8Array>;
}

/** Bytes that are appended and never change. */
export class ByteSink implements ByteRun {
  readonly #makeStore: (() => ByteStore) | undefined;
  #store: ByteStore | undefined;
  #stored = 0;
  #full: Uint8Array[] = [];
  #chunk = new Uint8Array(0);
  #used = 0;
  #size = 0;

  /** `makeStore` makes the file for what exceeds a few megabytes; without it everything stays in memory. */
  constructor(makeStore?: () => ByteStore) {
    this.#makeStore = makeStore;
  }

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

  /** Fills `into` from byte `position`; there must be that many bytes. */
  readAt(into: Uint8Array, position: number): void {
    assert(
      position + into.length <= this.#size,
      () =>
        `only what was appended is read: ${String(position + into.length)} of ${String(this.#size)}`,
    );
    let done = 0;
    const inStore = Math.min(into.length, Math.max(0, this.#stored - position));
    if (inStore > 0) {
      this.#fromStore(into.subarray(0, inStore), position);
      done = inStore;
    }
    while (done < into.length) {
      const at = position + done - this.#stored;
      const index = Math.floor(at / CHUNK_BYTES);
      const from = at - index * CHUNK_BYTES;
      const chunk = this.#full[index] ?? this.#chunk;
      const part = chunk.subarray(from, from + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  *pieces(): Generator<Uint8Array> {
    if (this.#stored > 0) {
      const piece = new Uint8Array(Math.min(CHUNK_BYTES, this.#stored));
      for (let at = 0; at < this.#stored; at += piece.length) {
        const part = piece.subarray(0, Math.min(piece.length, this.#stored - at));
        this.#fromStore(part, at);
        yield part;
      }
    }
    yield* this.#full;
    if (this.#used > 0) yield this.#chunk.subarray(0, this.#used);
  }

  /** The bytes, as chunks that stay valid; those that went to a file come back to memory. */
  chunks(): readonly Uint8Array[] {
    return this.#stored === 0 ? [...this.pieces()] : Array.from(this.pieces(), (p) => p.slice());
  }

  /** Gives the file back; the bytes are gone. */
  close(): void {
    this.#store?.close();
  }

  #fromStore(into: Uint8Array, position: number): void {
    const got = this.#store?.readAt(into, position) ?? 0;
    if (got < into.length)
      throw new AxfsError(
        'EIO',
        `a temporary file ended at ${String(position + got)}, expected ${String(this.#stored)} bytes`,
      );
  }

  /** Room left in the current chunk, at least one byte; what is not used yet is zero. */
  #room(): number {
    if (this.#used === this.#chunk.length) {
      if (this.#used > 0) this.#full.push(this.#chunk);
      this.#chunk = new Uint8Array(CHUNK_BYTES);
      this.#used = 0;
      if (this.#makeStore !== undefined && this.#full.length >= CHUNKS_KEPT)
        this.#spill(this.#makeStore);
    }
    return this.#chunk.length - this.#used;
  }

  #spill(makeStore: () => ByteStore): void {
    this.#store ??= makeStore();
    for (const chunk of this.#full) {
      this.#store.append(chunk);
      this.#stored += chunk.length;
    }
    this.#full = [];
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
