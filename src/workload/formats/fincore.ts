/**
 * Output of util-linux' fincore(1), as a table or as JSON: how many pages of each file are in the page cache.
 * Only a file that is wholly there has pages that can be named.
 *
 * @module
 */
import { fromText, toPrintable, toText } from '../../base/bytestring.ts';
import type { ByteString } from '../../base/bytestring.ts';
import { fromBytes, withoutMark } from '../../base/bytestring.ts';
import { AxfsError } from '../../base/errno.ts';
import { PAGE_SIZE } from '../../base/units.ts';
import { ImportNotes } from '../import-notes.ts';
import type { Imported } from '../import-notes.ts';
import { badLine, textRows } from '../text-rows.ts';
import { TouchLog } from '../touch-log.ts';
import { addPages, assumeResidency } from './residency.ts';

/** Name of the format. */
export const FINCORE = 'fincore';

const PARTLY = 'file that is partly in the page cache: which pages is not known';
const NOT_THERE = 'file of which nothing is in the page cache';

/** Columns that are read; others, such as DIRTY, are not. */
const NUMBERS = ['PAGES', 'SIZE', 'RES'] as const;
type Column = (typeof NUMBERS)[number];

/** One file. */
interface FileRow {
  readonly line: number;
  readonly path: ByteString;
  readonly values: Readonly<Partial<Record<Column, string>>>;
}

/**
 * Reads such output.
 *
 * @throws AxfsError EINVAL naming file and line when it is not fincore's, lacks a column or has sizes for
 * people, or pages that are not of 4096 bytes; and when no page is left.
 */
export function readFincore(bytes: Uint8Array, name: string): Imported {
  const notes = new ImportNotes(name);
  const log = new TouchLog();
  assumeResidency(notes);
  const text = fromBytes(withoutMark(bytes));
  const rows = text.trimStart().startsWith('{')
    ? jsonRows(text, name)
    : tableRows(withoutMark(bytes), name);
  for (const row of rows) {
    notes.rows = row.line;
    addRow(row, name, notes, log);
  }
  return notes.finish(FINCORE, log.lines);
}

function addRow({ line, path, values }: FileRow, name: string, notes: ImportNotes, log: TouchLog) {
  const number = (column: Column): number => {
    const text = values[column];
    const value = Number(text);
    if (text === undefined || !/^[0-9]+$/.test(text) || !Number.isSafeInteger(value))
      throw badLine(
        name,
        line,
        `${column} is '${toPrintable((text ?? '') as ByteString)}', expected a whole number: run fincore --bytes`,
      );
    return value;
  };
  const [pages, size] = [number('PAGES'), number('SIZE')];
  const pageSize = values.RES === undefined || pages === 0 ? PAGE_SIZE : number('RES') / pages;
  if (pageSize !== PAGE_SIZE)
    throw badLine(
      name,
      line,
      `pages are of ${String(pageSize)} bytes, expected ${String(PAGE_SIZE)}`,
    );
  const all = Math.ceil(size / PAGE_SIZE);
  const shown = `${String(pages)} of ${String(all)} pages of ${path}`;
  if (pages > all) throw badLine(name, line, `${toPrintable(shown as ByteString)} are there`);
  if (pages === 0) notes.drop(NOT_THERE, line, path);
  else if (pages < all) notes.drop(PARTLY, line, shown);
  else addPages(log, notes, path, [0, all]);
}

function* tableRows(bytes: Uint8Array, name: string): Generator<FileRow> {
  let columns: readonly string[] | undefined;
  for (const { text, line } of textRows(bytes)) {
    if (text.trim() === '') continue;
    if (columns === undefined) {
      columns = text.trim().split(/ +/);
      checkColumns(columns, name, line);
      continue;
    }
    const words = text.trimStart().split(/ +/);
    const path = words.slice(columns.length - 1).join(' ');
    if (path === '')
      throw badLine(
        name,
        line,
        `${String(words.length)} columns, expected ${String(columns.length)}`,
      );
    const cells = columns.slice(0, -1).map((column, i) => [column, words[i]]);
    yield { line, path: unescaped(path), values: Object.fromEntries(cells) as FileRow['values'] };
  }
}

function checkColumns(columns: readonly string[], name: string, line: number): void {
  for (const needed of ['PAGES', 'SIZE'])
    if (!columns.includes(needed))
      throw badLine(
        name,
        line,
        `no column ${needed}, expected fincore's heading with PAGES, SIZE, FILE`,
      );
  if (columns.at(-1) !== 'FILE')
    throw badLine(name, line, 'FILE is not the last column, expected it there: names have blanks');
}

/** fincore writes bytes that do not print, and blanks in raw output, as `\x20`. */
const unescaped = (text: string): ByteString =>
  text.replace(/\\x([0-9a-f]{2})/gi, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  ) as ByteString;

function jsonRows(text: ByteString, name: string): FileRow[] {
  const wrong = (what: string): AxfsError => new AxfsError('EINVAL', `${name}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(toText(text));
  } catch (error) {
    throw wrong(`not JSON: ${(error as Error).message}`);
  }
  const list = (value as { readonly fincore?: unknown }).fincore;
  if (!Array.isArray(list)) throw wrong("no list 'fincore', expected the output of fincore --json");
  return list.map((entry: unknown, i) => {
    const row = entry as Readonly<Record<string, unknown>> | null;
    const file = row?.['file'];
    if (typeof file !== 'string' || file === '')
      throw badLine(name, i + 1, 'a file of the list has no name, expected "file"');
    const values = NUMBERS.map((column) => [column, row?.[column.toLowerCase()]] as const)
      .filter(([, cell]) => cell !== undefined && cell !== null)
      .map(([column, cell]) => [column, typeof cell === 'string' ? cell : JSON.stringify(cell)]);
    return {
      line: i + 1,
      path: fromText(file),
      values: Object.fromEntries(values) as FileRow['values'],
    };
  });
}
