/**
 * What the words of statements can mean: numbers, sizes, places in a mapping, rights. Each reader takes a word
 * and gives a value, or says what it expected.
 *
 * @module
 */
import { ColumnError } from './syntax.ts';
import type { Word } from './syntax.ts';

const NUMBER = /^(-?)(0x[0-9a-f]+|[0-9]+)([KMG]?)$/i;
const SCALE: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `12`, `0x34000`, `-1`, `64M`; exact up to 2^53. */
export function numberOf(text: string): number | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign = '', digits = '', unit = ''] = match;
  const value = Number(digits) * (SCALE[unit.toUpperCase()] ?? 1);
  if (!Number.isSafeInteger(value)) return undefined;
  return sign === '-' ? -value : value;
}

/** A word that has to be a number of at least `least`. @throws ColumnError */
export function readNumber({ text, column }: Word, least = 0): number {
  const value = numberOf(text);
  if (value === undefined || value < least)
    throw new ColumnError(column, `'${text}' is no number, expected one from ${String(least)}`);
  return value;
}

/** A word that has to be one of a list. @throws ColumnError */
export function readChoice<T extends string>({ text, column }: Word, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new ColumnError(column, `'${text}' is not known here, expected ${choices.join(' or ')}`);
  return found;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** A new name. @throws ColumnError */
export function readName({ text, column }: Word): string {
  if (!NAME.test(text))
    throw new ColumnError(column, `'${text}' is no name, expected letters, digits, _ and -`);
  return text;
}

/** `V[3]`, `V[3]+0x10`, `V` (its first page), or an address. */
export interface PlaceWord {
  readonly base: string | undefined;
  readonly page: number;
  readonly offset: number;
}

const PLACE =
  /^([A-Za-z_][A-Za-z0-9_-]*)(?:\[(-?(?:0x[0-9a-f]+|[0-9]+))\])?(?:\+(0x[0-9a-f]+|[0-9]+))?$/i;

/** @throws ColumnError */
export function readPlace({ text, column }: Word): PlaceWord {
  const address = numberOf(text);
  if (address !== undefined && address >= 0) return { base: undefined, page: 0, offset: address };
  const match = PLACE.exec(text);
  if (match === null)
    throw new ColumnError(column, `'${text}' is no place, expected MAPPING[PAGE] or an address`);
  const [, base = '', page = '0', offset = '0'] = match;
  return { base, page: Number(page), offset: Number(offset) };
}

const RIGHTS: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4 };

/** `r`, `rw`, `rx`, `rwx`, `none`: a sum of PROT_*. @throws ColumnError */
export function readProt({ text, column }: Word): number {
  if (text === 'none') return 0;
  if (!/^r?w?x?$/.test(text) || text === '')
    throw new ColumnError(column, `'${text}' are no rights, expected none, r, rw, rx or rwx`);
  return Array.from(text).reduce((sum, letter) => sum + (RIGHTS[letter] ?? 0), 0);
}
