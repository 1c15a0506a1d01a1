/**
 * Chance that repeats: a seeded generator in plain arithmetic, the same on every machine. It is L'Ecuyer's
 * combined multiplicative congruential generator (CACM 31(6), 1988, figure 3); its period is about 2.3e18.
 *
 * @module
 */
import { assert } from './assert.ts';

const FIRST = { multiplier: 40014, modulus: 2147483563 } as const;
const SECOND = { multiplier: 40692, modulus: 2147483399 } as const;
/** Values of a step: 0 … this less 1. */
const RANGE = FIRST.modulus - 1;
/** Seeds are taken in digits of this base, so that all of a large one counts. */
const DIGIT = 2 ** 26;
/** Steps after which neighbouring seeds have nothing in common. */
const WARM_UP = 6;

/** A stream of numbers that depends on its seeds alone. */
export interface Random {
  /** From 0 up to, but not including 1. */
  share(): number;
  /** A whole number from 0 up to, but not including `limit` (at least 1, at most 2^31). */
  below(limit: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  /**
   * Failures before the first success where each try succeeds with probability `share`: the gap between
   * events of that rate. `Infinity` for 0.
   */
  gap(share: number): number;
}

/**
 * A stream; `seeds` are whole numbers from 0. Streams whose seeds differ in one place are different streams.
 *
 * @throws InvariantError for a seed that is none.
 */
export function createRandom(...seeds: readonly number[]): Random {
  let [first, second] = [1, 1];
  const step = (add: number): number => {
    first = (FIRST.multiplier * first + add) % FIRST.modulus;
    second = (SECOND.multiplier * second + add) % SECOND.modulus;
    // A multiplicative generator never leaves 0; only a seed leads there.
    if (first === 0) first = 1;
    if (second === 0) second = 1;
    const difference = (first - second) % RANGE;
    return difference < 0 ? difference + RANGE : difference;
  };
  for (const seed of seeds) {
    assert(
      Number.isSafeInteger(seed) && seed >= 0,
      () => `a seed is a whole number from 0 to 2^53-1: ${String(seed)}`,
    );
    step(seed % DIGIT);
    step(Math.floor(seed / DIGIT) % DIGIT);
    step(Math.floor(seed / DIGIT / DIGIT));
  }
  for (let k = 0; k < WARM_UP; k += 1) step(0);
  const share = (): number => step(0) / RANGE;
  return {
    share,
    below: (limit) => Math.floor(share() * limit),
    chance: (probability) => share() < probability,
    gap: (probability) => {
      if (probability <= 0) return Infinity;
      if (probability >= 1) return 0;
      return Math.floor(Math.log(1 - share()) / Math.log1p(-probability));
    },
  };
}
