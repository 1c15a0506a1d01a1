/**
 * How a page is touched, and the letters that stand for it.
 *
 * @module
 */

/** Letters of the access column with their names, in the order in which they happen. */
export const ACCESS_LETTERS = [
  { letter: 'r', access: 'read' },
  { letter: 'x', access: 'exec' },
  { letter: 'w', access: 'write' },
] as const;

/** How a page is touched. */
export type TraceAccess = (typeof ACCESS_LETTERS)[number]['access'];

/** Every set of letters, letters in ascending order, with what it means: one array per set. */
export const ACCESS_SETS: ReadonlyMap<string, readonly TraceAccess[]> = new Map(
  ['r', 'w', 'x', 'rw', 'rx', 'wx', 'rwx'].map((letters) => [
    letters,
    ACCESS_LETTERS.filter(({ letter }) => letters.includes(letter)).map(({ access }) => access),
  ]),
);

const LETTER_OF = Object.fromEntries(
  ACCESS_LETTERS.map(({ letter, access }) => [access, letter]),
) as Record<TraceAccess, string>;

/** The column for accesses, in the order in which they happen. */
export const lettersOf = (accesses: readonly TraceAccess[]): string =>
  accesses.map((access) => LETTER_OF[access]).join('');

/** All of both, each once, in the order in which they happen. */
export function unionOf(
  some: readonly TraceAccess[],
  more: readonly TraceAccess[],
): readonly TraceAccess[] {
  if (some === more) return some;
  const letters = new Set(Array.from(lettersOf(some) + lettersOf(more)));
  return ACCESS_SETS.get(Array.from(letters).sort().join('')) ?? [];
}
