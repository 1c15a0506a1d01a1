/**
 * What residency dumps have in common: they say which pages are in the page cache at one moment. That is
 * neither an order nor a number of touches, and it includes what read-ahead brought in.
 *
 * @module
 */
import type { ByteString } from '../../base/bytestring.ts';
import type { ImportNotes } from '../import-notes.ts';
import type { TouchLog } from '../touch-log.ts';

/** Says what is taken for true of every residency dump. */
export function assumeResidency(notes: ImportNotes): void {
  notes.assume('a page in the page cache was touched, although read-ahead brings in others, too');
  notes.assume('one process reads every page once, in one epoch, in the order of the dump');
}

/** Adds pages `first` to `end`, less the last. */
export function addPages(
  log: TouchLog,
  notes: ImportNotes,
  path: ByteString,
  [first, end]: readonly [number, number],
): void {
  for (let page = first; page < end; page += 1)
    log.add({ pid: 1, epoch: 0, path, page, accesses: ['read'], count: 1 });
  notes.taken += end - first;
}
