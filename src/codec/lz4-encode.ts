/**
 * LZ4 blocks, made: hash chains of bounded depth and one byte of looking ahead, which is the search of the
 * reference implementation's LZ4HC in small. A block is made once and expanded on every fault, so time is
 * spent here; what it costs to expand a block does not depend on it.
 *
 * The package lz4js (0.2.0) is not used: of the blocks that it makes of 4 KiB pages of a root filesystem,
 * 13 % break the rules on a block's end, so that the reference implementation refuses them; a hash table
 * used twice makes it corrupt data; its decoder checks no bounds; and its blocks are 3.8 % larger.
 *
 * Source: the LZ4 block format description (lz4_Block_format.md of the reference implementation, 1.9.4).
 *
 * @module
 */
import { viewOf } from '../base/bytes.ts';
import { LAST_LITERALS, LENGTH_ESCAPE, MATCH_MARGIN, MIN_MATCH } from './lz4-decode.ts';
import type { Deflater } from './zlib.ts';

/** How far back a match reaches at most, bytes: its offset has 16 bits and is not 0. */
const OFFSET_MAX = 65535;
const HASH_BITS = 14;
/** A prime near 2^32 divided by the golden ratio: multiplying mixes the four bytes into the upper bits. */
const HASH_PRIME = 2654435761;
/** Earlier places looked at for each position. */
const DEPTH_MAX = 64;
/** Positions of all blocks count on, so that those of earlier blocks need not be erased; until here. */
const POSITION_MAX = 2 ** 30;

/** A block is never longer: one byte in 255 more, and a token (LZ4_COMPRESSBOUND). */
const blockBound = (length: number): number => length + Math.floor(length / 255) + 16;

/** Finds earlier places with the same bytes. */
class MatchFinder {
  /** Last position of each hash; last position before it with the same hash, by its lower 16 bits. */
  readonly #heads = new Int32Array(2 ** HASH_BITS);
  readonly #previous = new Int32Array(OFFSET_MAX + 1);
  /** Position of the first byte of the block: those below belong to earlier blocks. */
  #base = 1;
  #input: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#input);
  /** First byte, in the block, that is not known yet. */
  #known = 0;
  /** Place of the match that `find` found. */
  start = 0;

  /** Forgets the block before, and takes this one. */
  begin(input: Uint8Array): void {
    this.#base += this.#input.length;
    if (this.#base > POSITION_MAX - input.length) {
      this.#heads.fill(0);
      this.#base = 1;
    }
    this.#input = input;
    this.#view = viewOf(input);
    this.#known = 0;
  }

  /**
   * Length of the longest match for the bytes at `at` that ends by `end`, if it is longer than `atLeast`
   * bytes; else `atLeast`. Needs four bytes at `at`.
   */
  find(at: number, end: number, atLeast: number): number {
    this.#learn(at);
    const [input, view, base, previous] = [this.#input, this.#view, this.#base, this.#previous];
    const four = view.getInt32(at, true);
    const oldest = Math.max(base, base + at - OFFSET_MAX);
    let best = atLeast;
    let candidate = this.#heads[hashOf(four)] ?? 0;
    for (let depth = 0; depth < DEPTH_MAX && candidate >= oldest; depth += 1) {
      const from = candidate - base;
      if (input[from + best] === input[at + best] && view.getInt32(from, true) === four) {
        let length = MIN_MATCH;
        while (at + length < end && input[from + length] === input[at + length]) length += 1;
        if (length > best) {
          best = length;
          this.start = from;
          if (at + length >= end) break;
        }
      }
      candidate = previous[candidate & OFFSET_MAX] ?? 0;
    }
    return best;
  }

  /** Enters the positions before `at`. */
  #learn(at: number): void {
    const [view, base, heads, previous] = [this.#view, this.#base, this.#heads, this.#previous];
    for (let i = this.#known; i < at; i += 1) {
      const hash = hashOf(view.getInt32(i, true));
      previous[(base + i) & OFFSET_MAX] = heads[hash] ?? 0;
      heads[hash] = base + i;
    }
    this.#known = Math.max(this.#known, at);
  }
}

const hashOf = (four: number): number => Math.imul(four, HASH_PRIME) >>> (32 - HASH_BITS);

/** Writes sequences: literals and, but for the last, a match. */
class BlockWriter {
  #output = new Uint8Array(0);
  #at = 0;

  begin(length: number): void {
    const bound = blockBound(length);
    if (this.#output.length < bound) this.#output = new Uint8Array(bound);
    this.#at = 0;
  }

  sequence(literals: Uint8Array, offset: number, length: number): void {
    this.#head(literals, length - MIN_MATCH);
    this.#output[this.#at] = offset & 255;
    this.#output[this.#at + 1] = offset >> 8;
    this.#at += 2;
    this.#rest(length - MIN_MATCH);
  }

  /** Ends the block; the result is the caller's. */
  end(literals: Uint8Array): Uint8Array {
    this.#head(literals, 0);
    return this.#output.slice(0, this.#at);
  }

  #head(literals: Uint8Array, matchCode: number): void {
    const { length } = literals;
    this.#output[this.#at] =
      (Math.min(length, LENGTH_ESCAPE) << 4) | Math.min(matchCode, LENGTH_ESCAPE);
    this.#at += 1;
    this.#rest(length);
    this.#output.set(literals, this.#at);
    this.#at += length;
  }

  /** What of a length did not fit in the token. */
  #rest(length: number): void {
    if (length < LENGTH_ESCAPE) return;
    let rest = length - LENGTH_ESCAPE;
    for (; rest >= 255; rest -= 255) {
      this.#output[this.#at] = 255;
      this.#at += 1;
    }
    this.#output[this.#at] = rest;
    this.#at += 1;
  }
}

/**
 * Makes raw LZ4 blocks: a deflater whose result is one block. The bytes depend on the input alone, not on
 * what was made before.
 */
export function createLz4Deflater(): Deflater {
  const finder = new MatchFinder();
  const writer = new BlockWriter();
  return {
    deflate(input) {
      finder.begin(input);
      writer.begin(input.length);
      const lastStart = input.length - MATCH_MARGIN;
      const end = input.length - LAST_LITERALS;
      let done = 0;
      for (let at = 1; at <= lastStart;) {
        let length = finder.find(at, end, MIN_MATCH - 1);
        if (length < MIN_MATCH) {
          at += 1;
          continue;
        }
        let { start } = finder;
        // One literal more is worth a longer match behind it.
        while (at < lastStart) {
          const next = finder.find(at + 1, end, length);
          if (next === length) break;
          at += 1;
          length = next;
          start = finder.start;
        }
        writer.sequence(input.subarray(done, at), at - start, length);
        at += length;
        done = at;
      }
      return writer.end(input.subarray(done));
    },
  };
}
