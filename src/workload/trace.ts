/**
 * Page-touch traces: which pages of which files a run of programs touched, in order. One line per page
 * per epoch: `pid,epoch,path,offset,access,count`, after a header line; lines that start with `#` are
 * comments. `offset` is in bytes, a multiple of the page size; `access` is a set of letters that happen in
 * the order r, x, w, however they are written; `count` is how many touches (blocks executed, loads, stores)
 * the epoch saw. A trace that knows addresses has a seventh column, `addresses`: where in the page, in order, as
 * byte offsets separated by spaces; `0-95` is everything from 0 to 95, and `*20` behind it says how many times.
 *
 * @module
 */
import { fromBytes, toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { PlainLines } from './plain-lines.ts';
import { ACCESS_LETTERS, ACCESS_SETS } from './access.ts';
import type { TraceAccess } from './access.ts';

export { ACCESS_LETTERS };
export type { TraceAccess };

const [NEWLINE, RETURN, HASH] = [0x0a, 0x0d, 0x23];

/** One line of a trace. */
export interface TraceLine {
  readonly pid: number;
  /** Slice of time that the line belongs to; {@link epochOf} takes a line without one as one of epoch 0. */
  readonly epoch?: number;
  /** Number of the line in its file, from 1. */
  readonly line: number;
  /** Path from the root, with or without a slash in front. */
  readonly path: ByteString;
  /** Page of the file. */
  readonly page: number;
  /** In the order in which they happen, each at most once. */
  readonly accesses: readonly TraceAccess[];
  readonly count: number;
  /** Cache lines in the order in which they are used, if the trace has addresses. */
  readonly runs?: readonly LineRun[];
}

/** Cache lines of a page, one after another, `times` over. */
export interface LineRun {
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

/** A whole trace, in order. */
export interface Trace {
  readonly name: string;
  readonly lines: readonly TraceLine[];
}

/** Epoch of a line. */
export const epochOf = ({ epoch = 0 }: TraceLine): number => epoch;

/** First line of a trace, comments aside. */
export const HEADER = 'pid,epoch,path,offset,access,count';
/** First line of a trace with addresses. */
export const HEADER_WITH_ADDRESSES = `${HEADER},addresses`;
const COLUMNS = HEADER.split(',').length;
const ADDRESSES = /^([0-9]+)(?:-([0-9]+))?(?:\*([0-9]+))?$/;

const accessSet = (letters: string): readonly TraceAccess[] | undefined =>
  ACCESS_SETS.get(letters) ?? ACCESS_SETS.get(Array.from(letters).sort().join(''));

/**
 * Reads a trace. `name` is its file, for messages. A path that comes again is the same string.
 *
 * @throws AxfsError EINVAL naming file, line, column, value and what was expected.
 */
export function parseTrace(bytes: Uint8Array, name: string): Trace {
  const text = withoutMark(bytes);
  const plain = new PlainLines(text);
  const lines: TraceLine[] = [];
  let header: string | undefined;
  let row = -1;
  for (let at = 0, end = 0; end < text.length; at = end + 1) {
    row += 1;
    end = text.indexOf(NEWLINE, at);
    if (end < 0) end = text.length;
    const stop = end > at && text[end - 1] === RETURN ? end - 1 : end;
    if (stop === at || text[at] === HASH) continue;
    if (header === HEADER) {
      const line = plain.read(at, stop, row + 1);
      lines.push(line ?? parseLine(fromBytes(text.subarray(at, stop)), name, row));
      continue;
    }
    const words = fromBytes(text.subarray(at, stop));
    if (header === undefined) {
      if (words !== HEADER && words !== HEADER_WITH_ADDRESSES)
        fail(name, row, `first line is '${toPrintable(words)}', expected '${HEADER}'`);
      header = words;
      continue;
    }
    // No path ends in a comma and what addresses are made of: the last column is theirs.
    const comma = words.lastIndexOf(',');
    const runs = parseAddresses(words.slice(comma + 1), name, row);
    lines.push({ ...parseLine(words.slice(0, Math.max(0, comma)), name, row), runs });
  }
  if (header === undefined) fail(name, 0, `no header line, expected '${HEADER}'`);
  if (lines.length === 0) fail(name, row, 'no line after the header: nothing is touched');
  return { name, lines };
}

function fail(name: string, index: number, what: string): never {
  throw new AxfsError('EINVAL', `${name}:${String(index + 1)}: ${what}`);
}

/** The column `addresses`. */
function parseAddresses(text: string, name: string, index: number): readonly LineRun[] {
  return text.split(' ').map((word) => {
    const [, from, to = from, times = '1'] = ADDRESSES.exec(word) ?? [];
    const [first, last, count] = [Number(from), Number(to), Number(times)];
    if (!(first <= last && last < PAGE_SIZE && count >= 1 && Number.isSafeInteger(count)))
      fail(
        name,
        index,
        `addresses have '${toPrintable(word as ByteString)}', expected an offset in the page such as 64, 0-95 or 0-95*20`,
      );
    return {
      first: Math.floor(first / CACHE_LINE_BYTES),
      last: Math.floor(last / CACHE_LINE_BYTES),
      times: count,
    };
  });
}

function parseLine(row: string, name: string, index: number): TraceLine {
  // A path may hold commas: the other columns are counted from both ends.
  const fields = row.split(',');
  if (fields.length < COLUMNS)
    fail(name, index, `${String(fields.length)} columns, expected ${String(COLUMNS)}: ${HEADER}`);
  const number = (column: string, text: string | undefined): number => {
    const value = Number(text);
    if (text === undefined || !/^[0-9]+$/.test(text) || !Number.isSafeInteger(value))
      fail(
        name,
        index,
        `${column} is '${toPrintable((text ?? '') as ByteString)}', expected a whole number`,
      );
    return value;
  };
  const path = fields.slice(2, -3).join(',') as ByteString;
  if (path === '') fail(name, index, 'path is empty, expected a file of the tree');
  const epoch = number('epoch', fields[1]);
  const offset = number('offset', fields.at(-3));
  if (offset % PAGE_SIZE !== 0)
    fail(name, index, `offset is ${String(offset)}, expected a multiple of ${String(PAGE_SIZE)}`);
  const letters = fields.at(-2) ?? '';
  const accesses = accessSet(letters);
  if (accesses === undefined)
    fail(
      name,
      index,
      `access is '${toPrintable(letters as ByteString)}', expected one or more of the letters r, x, w, each once`,
    );
  const count = number('count', fields.at(-1));
  if (count < accesses.length)
    fail(
      name,
      index,
      `count is ${String(count)}, expected at least 1 for each letter of '${letters}'`,
    );
  return {
    line: index + 1,
    pid: number('pid', fields[0]),
    epoch,
    path,
    page: offset / PAGE_SIZE,
    accesses,
    count,
  };
}
