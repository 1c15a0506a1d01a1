/**
 * Page profiles: which pages of which files are worth executing in place. The text form is the page list of
 * src/base/page-list.ts. Kept from the original: an offset inside a page selects that page and the next, and
 * the count does not matter. Mended: a path is matched as a whole.
 *
 * @module
 */
import { isAligned, pageNumber } from '../base/bits.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { parsePageList } from '../base/page-list.ts';
import type { PageListEntry } from '../base/page-list.ts';
import { PAGE_SIZE } from '../base/units.ts';

/** One line: a page that was used. */
export type ProfileEntry = Omit<PageListEntry, 'line'>;

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
  return profileOf(parsePageList(text, name));
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
