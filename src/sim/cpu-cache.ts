/**
 * The CPU's cache between page touches and memory: which lines of what a program uses have to be fetched.
 * One level, physically addressed, for instructions and data alike. This decides whether a hot loop that is
 * executed in place is a loss: a loop that fits is fetched once.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { createRandom } from '../base/random.ts';
import type { Random } from '../base/random.ts';
import { CACHE_LINE_BYTES } from '../base/units.ts';

/** Which line of a full set goes. `random` draws from a seeded sequence. */
export const REPLACEMENT_POLICIES = ['lru', 'round-robin', 'random'] as const;
/** One of {@link REPLACEMENT_POLICIES}. */
export type ReplacementPolicy = (typeof REPLACEMENT_POLICIES)[number];

/** A cache of lines of {@link CACHE_LINE_BYTES}. */
export interface CpuCacheShape {
  /** Bytes in all: ways × sets × line. */
  readonly size: number;
  readonly ways: number;
  readonly policy: ReplacementPolicy;
  /** Seed of `random`; default 1. */
  readonly seed?: number;
}

const EMPTY = -1;

/**
 * @throws AxfsError EINVAL when the size is no whole number of sets.
 */
export function checkCacheShape({ size, ways }: CpuCacheShape): void {
  const setBytes = ways * CACHE_LINE_BYTES;
  if (!(Number.isSafeInteger(ways) && ways > 0))
    throw new AxfsError('EINVAL', `CPU cache: ways are ${String(ways)}, expected 1 or more`);
  if (!(Number.isSafeInteger(size) && size > 0 && size % setBytes === 0))
    throw new AxfsError(
      'EINVAL',
      `CPU cache: size is ${String(size)} bytes, expected a multiple of ${String(setBytes)}, ${String(ways)} ways of ${String(CACHE_LINE_BYTES)}-byte lines`,
    );
}

/** A running cache. Lines are numbered by physical address / {@link CACHE_LINE_BYTES}. */
export class CpuCache {
  readonly #sets: number;
  readonly #ways: number;
  readonly #policy: ReplacementPolicy;
  readonly #random: Random;
  /** By set and way: the line there. */
  readonly #lines: Float64Array;
  /** By set and way: when it was used last (lru); by set, at way 0: the next to go (round-robin). */
  readonly #order: Float64Array;
  #clock = 0;

  /** @throws AxfsError as {@link checkCacheShape}. */
  constructor(shape: CpuCacheShape) {
    checkCacheShape(shape);
    this.#ways = shape.ways;
    this.#sets = shape.size / (shape.ways * CACHE_LINE_BYTES);
    this.#policy = shape.policy;
    this.#random = createRandom(shape.seed ?? 1);
    this.#lines = new Float64Array(this.#sets * this.#ways).fill(EMPTY);
    this.#order = new Float64Array(this.#sets * this.#ways);
  }

  /** Uses a line; true when it was there already. */
  use(line: number): boolean {
    const first = (line % this.#sets) * this.#ways;
    this.#clock += 1;
    for (let at = first; at < first + this.#ways; at += 1)
      if (this.#lines[at] === line) {
        if (this.#policy === 'lru') this.#order[at] = this.#clock;
        return true;
      }
    const at = first + this.#victim(first);
    this.#lines[at] = line;
    if (this.#policy === 'lru') this.#order[at] = this.#clock;
    return false;
  }

  /** Way of the set that begins at `first` which the new line takes: an empty one as long as there is one. */
  #victim(first: number): number {
    for (let way = 0; way < this.#ways; way += 1)
      if (this.#lines[first + way] === EMPTY) return way;
    switch (this.#policy) {
      case 'lru': {
        let oldest = 0;
        for (let way = 1; way < this.#ways; way += 1)
          if ((this.#order[first + way] ?? 0) < (this.#order[first + oldest] ?? 0)) oldest = way;
        return oldest;
      }
      case 'round-robin': {
        const next = this.#order[first] ?? 0;
        this.#order[first] = (next + 1) % this.#ways;
        return next;
      }
      case 'random':
        return this.#random.below(this.#ways);
    }
  }
}
