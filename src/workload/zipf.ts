/**
 * Zipf's distribution over ranks 0 … n-1: rank k has a probability proportional to 1 / (k + 1)^s.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';

/** Draws ranks. */
export interface Zipf {
  /** A rank from 0 to `n` - 1; small ones are the frequent ones. */
  draw(random: Random): number;
}

/** The distribution over `n` ranks (at least 1) with exponent `s` (0 = all alike). */
export function createZipf(n: number, s: number): Zipf {
  assert(
    n >= 1 && s >= 0,
    () => `Zipf's distribution has ranks, and no negative exponent: ${String(n)}, ${String(s)}`,
  );
  const sums = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < n; k += 1) {
    sum += (k + 1) ** -s;
    sums[k] = sum;
  }
  return {
    draw(random) {
      const mark = random.share() * sum;
      let [low, high] = [0, n - 1];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((sums[middle] ?? 0) > mark) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}

/** Numbers 0 … n-1 in random order (Fisher and Yates). */
export function shuffled(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    const held = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = held;
  }
  return order;
}
