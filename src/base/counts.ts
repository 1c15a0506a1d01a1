/**
 * Counters by name, one for each key of a list.
 *
 * @module
 */

/** A counter at 0 for each key. */
export const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
