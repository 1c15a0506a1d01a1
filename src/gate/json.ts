/**
 * Reading a budget file's JSON field by field: whatever is not as expected is one sentence with the file, the
 * field, the value and what was expected.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { isJsonObject, shownJson } from '../base/json.ts';
import type { JsonObject } from '../base/json.ts';
import { nearestName } from '../base/nearest.ts';

/** Says what is wrong with a field of the file. */
export type Refuse = (field: string, value: unknown, expected: string) => never;

/** For a file called `name`. */
export const refuserFor =
  (name: string): Refuse =>
  (field, value, expected) => {
    throw new AxfsError('EINVAL', `${name}: ${field} is ${shownJson(value)}, expected ${expected}`);
  };

/** An object with none but these fields. */
export function objectOf(
  json: unknown,
  field: string,
  known: readonly string[] | undefined,
  refuse: Refuse,
): JsonObject {
  if (!isJsonObject(json)) return refuse(field, json, 'an object');
  for (const key of Object.keys(json))
    if (known !== undefined && !known.includes(key))
      refuse(
        field === 'the file' ? 'a field' : `a field of ${field}`,
        key,
        `one of ${known.join(', ')}; '${nearestName(known, key)}' comes nearest`,
      );
  return json;
}

/** A string, or nothing. */
export function stringOf(json: unknown, field: string, refuse: Refuse): string | undefined {
  if (json === undefined) return undefined;
  if (typeof json !== 'string' || json === '') return refuse(field, json, 'a string');
  return json;
}

/** A list, each entry read by `read`. */
export function listOf<T>(
  json: unknown,
  field: string,
  read: (entry: unknown, field: string) => T,
  refuse: Refuse,
): readonly T[] {
  if (!Array.isArray(json) || json.length === 0) return refuse(field, json, 'a list, not empty');
  return json.map((entry: unknown, i) => read(entry, `${field}[${String(i)}]`));
}

/** A whole number from 0. */
export function wholeOf(json: unknown, field: string, refuse: Refuse): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < 0)
    return refuse(field, json, 'a whole number from 0');
  return json;
}
