/**
 * Page lists: `path,offset,count` a line, the original builder's list and the kernel driver's profile output
 * (builder description, section 1.3). A path may start with `./` or `/`, a malformed line is an error, and a
 * name may contain commas, because offset and count are taken from the line's end. Blanks after the count are
 * the first driver's. A fourth field of the letters r, x, w says how the page was used: with a w, it was
 * written. What the size of a list may mean (driver description, bugs 5 to 7) is said here too.
 *
 * @module
 */
import { fromBytes, toPrintable, withoutMark } from './bytestring.ts';
import type { ByteString } from './bytestring.ts';
import { AxfsError } from './errno.ts';

/** One line: a page that was used. */
export interface PageListEntry {
  /** Path in the tree, without `./`. */
  readonly path: ByteString;
  /** Byte offset in the file. */
  readonly offset: number;
  /** How often the page was used: choosing by a budget goes by it, the builder itself does not. */
  readonly count: number;
  /** The page was written while it was used. */
  readonly written?: true;
  /** Line of the text. */
  readonly line: number;
}

/** Bytes that one read of the driver's file gives at most. */
const DRIVER_READ = 4096;
/** The driver stops at a whole line this near to its limit: a cut output of 4031 bytes was seen. */
const DRIVER_SLACK = 128;

/** What the size of a profile may mean. */
const SIZE_DOUBTS: readonly {
  readonly applies: (size: number, form: string) => boolean;
  readonly text: string;
}[] = [
  {
    applies: (size) => size > 0 && size % DRIVER_READ === 0,
    text: 'whole blocks of 4096: it looks cut, pages may be missing; copy it again',
  },
  {
    applies: (size, form) =>
      form === 'driver' && size > DRIVER_READ - DRIVER_SLACK && size < DRIVER_READ,
    text: 'and the kernel driver stops within its first 4096: if it comes from there, pages may be missing',
  },
  {
    applies: (size, form) => form === 'driver' && size > DRIVER_READ,
    text: 'and the kernel driver skips pages after its first 4096: if it comes from there, pages are missing',
  },
];

/** What the size of a list, in bytes, may mean; one phrase each. `form` is `driver` for the driver's own. */
export const sizeDoubts = (size: number, form: string): readonly string[] =>
  SIZE_DOUBTS.filter(({ applies }) => applies(size, form)).map(
    ({ text }) => `it has ${String(size)} bytes, ${text}`,
  );

/** A line of the driver: `./name` or `directory/name`, and no blank at its end. */
const DRIVER_LINE = /^[^/]+\/[^/]+,[0-9]+,[0-9]+\r?$/;

/** All lines are the driver's, and not only of files in the root, whose paths say nothing. */
export const isDriverForm = (rows: readonly string[]): boolean =>
  rows.every((row) => DRIVER_LINE.test(row)) && rows.some((row) => !row.startsWith('./'));

/**
 * Reads a page list. `name` is the list's name, for messages.
 *
 * @throws AxfsError EINVAL `NAME:LINE: …` naming the field, its value and what was expected.
 */
export function parsePageList(text: Uint8Array, name: string): PageListEntry[] {
  const entries: PageListEntry[] = [];
  fromBytes(withoutMark(text))
    .split('\n')
    .forEach((content, i) => {
      const line = i + 1;
      const entry = parseLine(content.endsWith('\r') ? content.slice(0, -1) : content, (what) => {
        throw new AxfsError('EINVAL', `${name}:${String(line)}: ${what}`);
      });
      if (entry !== undefined) entries.push({ ...entry, line });
    });
  return entries;
}

type Fields = Omit<PageListEntry, 'line'>;

/** A line with a fourth field of letters: the first three, and the letters. */
const MARKED_LINE = /^(.*,[0-9]+,[0-9]+),([rwx]+)$/s;

function parseLine(text: string, refuse: (what: string) => never): Fields | undefined {
  // Nearly every line of a long list ends in a digit: those have neither blanks nor a fourth field.
  if (/[0-9]$/.test(text.slice(-1))) return parseFields(text, refuse);
  const line = text.replace(/[ \t]+$/, '');
  const marked = MARKED_LINE.exec(line);
  const entry = parseFields(marked?.[1] ?? line, refuse);
  return entry !== undefined && marked?.[2]?.includes('w') === true
    ? { ...entry, written: true }
    : entry;
}

function parseFields(line: string, refuse: (what: string) => never): Fields | undefined {
  if (line === '') return undefined;
  const afterOffset = line.lastIndexOf(',');
  const afterPath = afterOffset < 1 ? -1 : line.lastIndexOf(',', afterOffset - 1);
  if (afterPath < 0) {
    const fields = line.split(',').length;
    refuse(
      `the line has ${String(fields)} field${fields === 1 ? '' : 's'}, expected path,offset,count`,
    );
  }
  const number = (field: string, text: string): number => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    return Number.isSafeInteger(value)
      ? value
      : refuse(
          `${field} is '${toPrintable(text as ByteString)}', expected a decimal number below 2^53`,
        );
  };
  const offset = number('offset', line.slice(afterPath + 1, afterOffset));
  const count = number('count', line.slice(afterOffset + 1));
  const path = line.slice(0, afterPath).replace(/^\.?\//, '');
  if (path === '') refuse(`path is '${line.slice(0, afterPath)}', expected a file in the tree`);
  return { path: path as ByteString, offset, count };
}
