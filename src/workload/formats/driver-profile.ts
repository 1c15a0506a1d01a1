/**
 * The kernel driver's profile, `path,offset,count` a line, and page lists of the same form, as a trace. Such a
 * list has counts of faults and nothing else: neither order, nor processes, nor how a page was used.
 *
 * @module
 */
import { toPrintable } from '../../base/bytestring.ts';
import { isDriverForm, parsePageList, sizeDoubts } from '../../base/page-list.ts';
import type { PageListEntry } from '../../base/page-list.ts';
import { PAGE_SIZE } from '../../base/units.ts';
import { ImportNotes } from '../import-notes.ts';
import type { Imported } from '../import-notes.ts';
import { textRows } from '../text-rows.ts';
import { TouchLog } from '../touch-log.ts';

/** Name of the format. */
export const DRIVER_PROFILE = 'driver-profile';

/**
 * Reads a list. A last line without an end is not trusted: the driver's output is cut after 4 KiB.
 *
 * @throws AxfsError EINVAL `NAME:LINE: …` for a malformed line, and when no page is left.
 */
export function readDriverProfile(bytes: Uint8Array, name: string): Imported {
  const notes = new ImportNotes(name);
  const rows: string[] = [];
  let kept = bytes;
  for (const { text, line, hasEnd } of textRows(bytes)) {
    notes.rows = line;
    if (hasEnd) {
      if (text !== '') rows.push(text);
      continue;
    }
    notes.drop('last line without an end, which may be cut', line, text);
    kept = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  }
  const form = isDriverForm(rows) ? 'driver' : 'list';
  for (const doubt of sizeDoubts(bytes.length, form)) notes.doubt(doubt);
  if (form === 'driver')
    notes.doubt(
      'paths have one directory at most, as the driver prints them: give them their whole paths before replaying (mkfs.axfs -i matches them by itself)',
    );
  notes.assume('one process touches all pages, in one epoch');
  notes.assume('pages are touched file by file in the order of their paths, ascending in each');
  const log = new TouchLog();
  for (const entry of parsePageList(kept, name).sort(byPlace)) addEntry(entry, notes, log);
  return notes.finish(DRIVER_PROFILE, log.lines);
}

const byPlace = (a: PageListEntry, b: PageListEntry): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : a.offset - b.offset;

function addEntry(entry: PageListEntry, notes: ImportNotes, log: TouchLog): void {
  const { path, offset, count, written, line } = entry;
  if (count === 0) {
    notes.drop('page with a count of 0', line, `${toPrintable(path)},${String(offset)},0`);
    return;
  }
  if (offset % PAGE_SIZE !== 0)
    notes.assume('an offset inside a page means that page, and not also the next');
  notes.assume(
    written === true
      ? 'a page with a w is read, then written'
      : 'every touch reads: instruction fetches are not told apart',
  );
  notes.taken += 1;
  const accesses = written === true ? (['read', 'write'] as const) : (['read'] as const);
  const page = Math.floor(offset / PAGE_SIZE);
  log.add({ pid: 1, epoch: 0, path, page, accesses, count: Math.max(count, accesses.length) });
}
