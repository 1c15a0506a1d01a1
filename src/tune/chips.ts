/**
 * Sizes that chips of a part come in: powers of two from its smallest.
 *
 * @module
 */
import type { MtdPart } from '../mtd/part.ts';

/** Largest chip that is thought of, bytes. */
const CHIP_MAX = 2 ** 40;
/** Steps that are looked at when nobody names sizes. */
const STEPS_MAX = 8;

/** The smallest chip that holds `bytes`, of the sizes given or of the part; `undefined` when none does. */
export function chipFor(
  part: MtdPart,
  given: readonly number[] | undefined,
  bytes: number,
): number | undefined {
  if (given !== undefined) return ascending(given).find((size) => size >= bytes);
  let size = part.smallestSize.value;
  while (size < bytes && size < CHIP_MAX) size *= 2;
  return size < bytes ? undefined : size;
}

/** The sizes to look at, ascending: those given, or those of the part up to the one that holds `flash`. */
export function chipSizes(
  part: MtdPart,
  given: readonly number[] | undefined,
  flash: number | undefined,
): readonly number[] {
  if (given !== undefined) return ascending(given);
  const smallest = part.smallestSize.value;
  const most = flash === undefined ? CHIP_MAX : Math.max(flash, smallest);
  const sizes: number[] = [];
  for (let size = smallest; size <= most && sizes.length < STEPS_MAX; size *= 2) sizes.push(size);
  return sizes;
}

const ascending = (sizes: readonly number[]): readonly number[] =>
  [...new Set(sizes)].sort((a, b) => a - b);
