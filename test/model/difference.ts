/**
 * Where two values are not the same, as short texts: `path: one, other`.
 *
 * @module
 */

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** True when there is none. Apart, because nearly always that is so. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length && keys.every((key) => isSame(one[key], other[key]))
  );
}

/** Differences of plain data, the first `most`. */
export function differences(one: unknown, other: unknown, path = '', most = 8): readonly string[] {
  if (isSame(one, other)) return [];
  if (!isObject(one) || !isObject(other))
    return [`${path}: ${JSON.stringify(one)}, ${JSON.stringify(other)}`];
  const found: string[] = [];
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    found.push(...differences(one[key], other[key], `${path}/${key}`, most));
    if (found.length >= most) return found.slice(0, most);
  }
  return found;
}
