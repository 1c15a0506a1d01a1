/**
 * LZ4 blocks, expanded. Every length and offset is checked before it is used, against the bytes there are
 * and the room there is; and the rules on a block's end are enforced, so that a block which is accepted
 * here is one that every other decoder accepts, those that copy in strides included.
 *
 * Source: the LZ4 block format description (lz4_Block_format.md of the reference implementation, 1.9.4).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Inflater } from './zlib.ts';

/** Shortest match, bytes: what a length of 0 in a token stands for. */
export const MIN_MATCH = 4;
/** The last bytes of a block are literals: at least so many. */
export const LAST_LITERALS = 5;
/** A match starts at least this many bytes before the end of the block. */
export const MATCH_MARGIN = 12;
/** A token's four bits hold lengths below this; with it, more bytes follow. */
export const LENGTH_ESCAPE = 15;
/** Copies shorter than this are cheaper byte by byte. */
const COPY_CALL_MIN = 32;

const damagedBlock = (text: string): AxfsError =>
  new AxfsError('EIO', `damaged LZ4 block: ${text}`);
const cutShort = (stored: number): AxfsError =>
  damagedBlock(`it is cut short after ${String(stored)} bytes`);
const tooLong = (room: number): AxfsError =>
  damagedBlock(`it expands to more than the expected ${String(room)} bytes`);

/** Reads one block into one place. */
class BlockReader {
  readonly #stored: Uint8Array;
  readonly #into: Uint8Array;
  #from = 0;
  #to = 0;

  constructor(stored: Uint8Array, into: Uint8Array) {
    this.#stored = stored;
    this.#into = into;
  }

  /** Expands the block and says how many bytes it became. */
  expand(): number {
    let matchStart = -1;
    let matchEnd = 0;
    for (;;) {
      const token = this.#byte();
      this.#literals(this.#length(token >> 4));
      if (this.#from === this.#stored.length) break;
      const offset = this.#byte() | (this.#byte() << 8);
      const length = MIN_MATCH + this.#length(token & LENGTH_ESCAPE);
      matchStart = this.#to;
      this.#match(offset, length);
      matchEnd = this.#to;
    }
    if (matchStart >= 0 && matchStart > this.#to - MATCH_MARGIN)
      throw damagedBlock(
        `its last match starts ${String(this.#to - matchStart)} bytes before the end, expected at least ${String(MATCH_MARGIN)}`,
      );
    if (matchStart >= 0 && matchEnd > this.#to - LAST_LITERALS)
      throw damagedBlock(
        `it ends with ${String(this.#to - matchEnd)} literals, expected at least ${String(LAST_LITERALS)}`,
      );
    return this.#to;
  }

  #byte(): number {
    const byte = this.#stored[this.#from];
    if (byte === undefined) throw cutShort(this.#stored.length);
    this.#from += 1;
    return byte;
  }

  /** A length whose first part was in the token. */
  #length(bits: number): number {
    if (bits < LENGTH_ESCAPE) return bits;
    let length = bits;
    for (let more = 255; more === 255;) {
      more = this.#byte();
      length += more;
    }
    return length;
  }

  #literals(length: number): void {
    const [stored, into] = [this.#stored, this.#into];
    const [from, to] = [this.#from, this.#to];
    if (length > stored.length - from) throw cutShort(stored.length);
    if (length > into.length - to) throw tooLong(into.length);
    if (length >= COPY_CALL_MIN) into.set(stored.subarray(from, from + length), to);
    else for (let i = 0; i < length; i += 1) into[to + i] = stored[from + i] ?? 0;
    this.#from += length;
    this.#to += length;
  }

  #match(offset: number, length: number): void {
    const [into, to] = [this.#into, this.#to];
    if (offset === 0) throw damagedBlock('a match has offset 0');
    if (offset > to)
      throw damagedBlock(
        `a match at byte ${String(to)} starts ${String(offset)} bytes back, before the block`,
      );
    if (length > into.length - to) throw tooLong(into.length);
    const source = to - offset;
    // A match may reach into what it makes: then the bytes are to be made one after the other.
    if (offset >= length && length >= COPY_CALL_MIN) into.copyWithin(to, source, source + length);
    else if (offset === 1) into.fill(into[source] ?? 0, to, to + length);
    else for (let i = 0; i < length; i += 1) into[to + i] = into[source + i] ?? 0;
    this.#to += length;
  }
}

/**
 * Expands raw LZ4 blocks: an inflater whose `stored` is one block, all of it. A block does not say how long
 * it becomes; where that is known, compare it with the result.
 */
export function createLz4Inflater(): Inflater {
  return { inflate: (stored, into) => new BlockReader(stored, into).expand() };
}
