/**
 * Page profiles: which pages of which files are worth executing in place. The text form is the original
 * builder's list and the driver's profile output, `path,offset,count` a line (builder description, section
 * 1.3). Kept from the original: an offset inside a page selects that page and the next, and the count does
 * not matter. Mended: a path may start with `./` or `/`, it is matched as a whole, a malformed line
 * is an error, and a name may contain commas, because offset and count are taken from the line's end.
 * Blanks after the count are the first driver's. A fourth field of the letters r, x, w says how the page was
 * used: with a w, it was written.
 *
 * @module
 */
import { isAligned, pageNumber } from '../base/bits.ts';
import { fromBytes, toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';

/** One line: a page that was used. */
export interface ProfileEntry {
  /** Path in the tree, without `./`. */
  readonly path: ByteString;
  /** Byte offset in the file. */
  readonly offset: number;
  /** How often the page was used: choosing by a budget goes by it, the builder itself does not. */
  readonly count: number;
  /** The page was written while it was used. */
  readonly written?: true;
}

/** A page profile. */
export interface PageProfile {
  /** Lines in their order, duplicates included; line numbers are those of the text, if there was one. */
  readonly entries: readonly (ProfileEntry & { readonly line: number })[];
  /** Page numbers that the lines select, by path. */
  readonly pages: ReadonlyMap<ByteString, ReadonlySet<number>>;
}

/** A profile from its entries, numbered from 1 where they carry no line number. */
export function profileOf(
  entries: Iterable<ProfileEntry & { readonly line?: number }>,
): PageProfile {
  const numbered = Array.from(entries, (entry, i) => ({ ...entry, line: entry.line ?? i + 1 }));
  const pages = new Map<ByteString, Set<number>>();
  for (const { path, offset } of numbered) {
    let selected = pages.get(path);
    if (selected === undefined) pages.set(path, (selected = new Set()));
    const page = pageNumber(offset);
    selected.add(page);
    if (!isAligned(offset, PAGE_SIZE)) selected.add(page + 1);
  }
  return { entries: numbered, pages };
}

/**
 * Reads a page list. `name` is the list's name, for messages.
 *
 * @throws AxfsError EINVAL `NAME:LINE: …` naming the field, its value and what was expected.
 */
export function parseProfile(text: Uint8Array, name: string): PageProfile {
  const entries: (ProfileEntry & { readonly line: number })[] = [];
  fromBytes(withoutMark(text))
    .split('\n')
    .forEach((content, i) => {
      const line = i + 1;
      const entry = parseLine(content.endsWith('\r') ? content.slice(0, -1) : content, (what) => {
        throw new AxfsError('EINVAL', `${name}:${String(line)}: ${what}`);
      });
      if (entry !== undefined) entries.push({ ...entry, line });
    });
  return profileOf(entries);
}

/** A line with a fourth field of letters: the first three, and the letters. */
const MARKED_LINE = /^(.*,[0-9]+,[0-9]+),([rwx]+)$/s;

function parseLine(text: string, refuse: (what: string) => never): ProfileEntry | undefined {
  // Nearly every line of a long list ends in a digit: those have neither blanks nor a fourth field.
  if (/[0-9]$/.test(text.slice(-1))) return parseFields(text, refuse);
  const line = text.replace(/[ \t]+$/, '');
  const marked = MARKED_LINE.exec(line);
  const entry = parseFields(marked?.[1] ?? line, refuse);
  return entry !== undefined && marked?.[2]?.includes('w') === true
    ? { ...entry, written: true }
    : entry;
}

function parseFields(line: string, refuse: (what: string) => never): ProfileEntry | undefined {
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

/**
 * The text form of a profile, as bytes; the inverse of {@link parseProfile}.
 *
 * @throws AxfsError EINVAL naming a path that the form cannot hold: one with a newline, or an empty one.
 */
export function formatProfile(entries: Iterable<ProfileEntry>): ByteString {
  let text = '';
  for (const { path, offset, count } of entries) {
    if (path === '' || path.includes('\n'))
      throw new AxfsError(
        'EINVAL',
        `'${toPrintable(path)}': a page list holds no empty path and none with a newline`,
      );
    text += `${path},${String(offset)},${String(count)}\n`;
  }
  return text as ByteString;
}
