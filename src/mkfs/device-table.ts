/**
 * Device tables in the format of genext2fs(8), which mkfs.jffs2 and others share: lines
 * `name type mode uid gid major minor start inc count`, so that an unprivileged user gets device nodes and
 * owners into an image.
 *
 * @module
 */
import { fromBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { DeviceNumber, InodeType } from '../ondisk/mode.ts';

/** One inode that a table names; a line with a range is one row for each number. */
export interface DeviceTableRow extends Readonly<Record<'mode' | 'uid' | 'gid', number>> {
  /** From the root, without a '/' in front; empty = the root. */
  readonly path: ByteString;
  readonly type: InodeType;
  /** Of devices only. */
  readonly rdev?: DeviceNumber;
  /** `FILE:LINE`, for messages. */
  readonly where: string;
}

/** Letters of the type column. */
const TYPES: Readonly<Record<string, InodeType>> = {
  f: 'file',
  d: 'dir',
  c: 'char',
  b: 'block',
  p: 'fifo',
  s: 'socket',
  l: 'symlink',
};

/** Columns after the type; each is a number or, where it may be unused, '-'. */
const COLUMNS = [
  { name: 'mode', radix: 8, max: 0o7777, mayBeUnused: false },
  { name: 'uid', radix: 10, max: 2 ** 32 - 1, mayBeUnused: false },
  { name: 'gid', radix: 10, max: 2 ** 32 - 1, mayBeUnused: false },
  { name: 'major', radix: 10, max: 2 ** 12 - 1, mayBeUnused: true },
  { name: 'minor', radix: 10, max: 2 ** 20 - 1, mayBeUnused: true },
  { name: 'start', radix: 10, max: 2 ** 20, mayBeUnused: true },
  { name: 'inc', radix: 10, max: 2 ** 20, mayBeUnused: true },
  { name: 'count', radix: 10, max: 2 ** 20, mayBeUnused: true },
] as const;

type Column = (typeof COLUMNS)[number]['name'];
type Values = Readonly<Record<Column, number | undefined>>;

/** Name, type and mode; the columns after them may be left out. */
const COLUMNS_MIN = 3;
const COLUMNS_MAX = 2 + COLUMNS.length;

/**
 * Rows of a table. Blank lines and everything after '#' say nothing. `count` is where numbers end, not how
 * many there are: names get `start` … `count - 1` appended, and minor numbers are `minor + number · inc -
 * start`, exactly as genext2fs 1.5 has it.
 *
 * @param file what messages call the table; printable text.
 * @throws AxfsError EINVAL `FILE:LINE: what, expected`.
 */
export function parseDeviceTable(table: Uint8Array, file: string): readonly DeviceTableRow[] {
  return fromBytes(table)
    .split('\n')
    .flatMap((line, i) => {
      const words = line.replace(/#.*/s, '').trim().split(/\s+/) as ByteString[];
      return words[0] === '' ? [] : rowsOf(words, `${file}:${String(i + 1)}`);
    });
}

function rowsOf(words: readonly ByteString[], where: string): DeviceTableRow[] {
  const refuse = (what: string): AxfsError => new AxfsError('EINVAL', `${where}: ${what}`);
  if (words.length < COLUMNS_MIN || words.length > COLUMNS_MAX)
    throw refuse(`${String(words.length)} columns, expected name, type, mode and up to 7 more`);
  const [name = '' as ByteString, letter = '' as ByteString, ...numbers] = words;
  const type = Object.hasOwn(TYPES, letter) ? TYPES[letter] : undefined;
  if (type === undefined)
    throw refuse(
      `type is '${toPrintable(letter)}', expected one of ${Object.keys(TYPES).join(', ')}`,
    );
  const path = pathOf(name, refuse);
  const values = Object.fromEntries(
    COLUMNS.map((column, i) => [column.name, numberOf(column, numbers[i], refuse)]),
  ) as Values;
  const { mode = 0, uid = 0, gid = 0, major, minor, count = 0 } = values;
  const row = { path, type, mode, uid, gid, where };
  if (type !== 'char' && type !== 'block') {
    if (count > 0) throw refuse(`a ${type} with a count, expected one only for devices (c, b)`);
    return [row];
  }
  if (major === undefined || minor === undefined)
    throw refuse(`a device without ${major === undefined ? 'major' : 'minor'}, expected a number`);
  if (count === 0) return [{ ...row, rdev: { major, minor } }];
  return rangeOf({ ...row, rdev: { major, minor } }, values, refuse);
}

function rangeOf(
  row: DeviceTableRow & { readonly rdev: DeviceNumber },
  { start = 0, inc = 1, count = 0 }: Values,
  refuse: (what: string) => AxfsError,
): DeviceTableRow[] {
  if (start >= count)
    throw refuse(
      `numbers from ${String(start)} to below ${String(count)} are none, expected a count above the start`,
    );
  return Array.from({ length: count - start }, (_, i) => {
    const number = start + i;
    const minor = row.rdev.minor + number * inc - start;
    if (minor < 0) throw refuse(`minor of number ${String(number)} is ${String(minor)}, below 0`);
    return {
      ...row,
      path: `${row.path}${String(number)}` as ByteString,
      rdev: { major: row.rdev.major, minor },
    };
  });
}

function numberOf(
  { name, radix, max, mayBeUnused }: (typeof COLUMNS)[number],
  word: string | undefined,
  refuse: (what: string) => AxfsError,
): number | undefined {
  if (word === undefined || (mayBeUnused && word === '-')) return undefined;
  const value = (radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(word)
    ? Number.parseInt(word, radix)
    : NaN;
  if (!(value <= max))
    throw refuse(
      `${name} is '${toPrintable(word as ByteString)}', expected 0 to ${max.toString(radix)}${radix === 8 ? ' (octal)' : ''}`,
    );
  return value;
}

function pathOf(name: ByteString, refuse: (what: string) => AxfsError): ByteString {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0'))
    throw refuse(`name is '${toPrintable(name)}', expected one without '..' and NUL bytes`);
  return parts.join('/') as ByteString;
}
