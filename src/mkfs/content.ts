/**
 * The content of an inode as pages: whatever pieces it comes in, it leaves in pages of 4 KiB and a partial
 * last one.
 *
 * @module
 */
import { toBytes, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { PlannedInode } from './inodes.ts';

/** The inode has pages: it is a file or a symlink, and not empty. */
export const hasPages = ({ entry, numEntries }: PlannedInode): boolean =>
  (entry.type === 'file' || entry.type === 'symlink') && numEntries > 0;

/**
 * The content page by page; whole pages are views on what was read.
 *
 * @throws AxfsError EIO naming a file whose content is not as long as announced; whatever reading it throws.
 */
export function* pagesOfContent({ path, entry, fileSize }: PlannedInode): Generator<Uint8Array> {
  if (entry.type === 'symlink') {
    yield* pieces([toBytes(entry.target)]);
    return;
  }
  if (entry.type !== 'file') return;
  const content = entry.content instanceof Uint8Array ? entry.content : entry.content.read();
  let length = 0;
  for (const page of pieces(content instanceof Uint8Array ? [content] : content)) {
    length += page.length;
    if (length > fileSize) break;
    yield page;
  }
  if (length !== fileSize)
    throw new AxfsError(
      'EIO',
      `${toPrintable(path)}: its content has ${length > fileSize ? 'more than' : 'only'} ${String(Math.min(length, fileSize))} bytes, expected ${String(fileSize)}`,
    );
}

/** Cuts pieces of any length into pages; only the last one may be partial. */
function* pieces(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for (const part of parts) {
    let from = 0;
    if (rest.length > 0) {
      from = Math.min(PAGE_SIZE - rest.length, part.length);
      const joined = new Uint8Array(rest.length + from);
      joined.set(rest);
      joined.set(part.subarray(0, from), rest.length);
      rest = joined;
      if (rest.length < PAGE_SIZE) continue;
      yield rest;
    }
    for (; part.length - from >= PAGE_SIZE; from += PAGE_SIZE)
      yield part.subarray(from, from + PAGE_SIZE);
    rest = part.subarray(from);
  }
  if (rest.length > 0) yield rest;
}
