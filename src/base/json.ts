/**
 * JSON that people write: what it holds, and how a message shows it.
 *
 * @module
 */

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value is an object, and no array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const SHOWN_MAX = 60;

/** A value in a message: JSON, cut; a number too large for one is Infinity, and what is not there is `missing`. */
export const shownJson = (value: unknown, missing = 'missing'): string => {
  if (value === undefined) return missing;
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
};
