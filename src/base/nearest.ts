/**
 * The known name that somebody meant who wrote another one.
 *
 * @module
 */

/** Insertions, deletions and replacements that turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1)
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The name of `known` that is spelt most like `wanted`, the first of several; '' when none is known. */
export function nearestName(known: readonly string[], wanted: string): string {
  const word = wanted.toLowerCase();
  const [nearest] = known
    .map((name) => ({ name, far: editDistance(word, name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  return nearest?.name ?? '';
}
