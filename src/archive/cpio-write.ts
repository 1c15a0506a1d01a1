/**
 * Writes cpio archives in the format newc (070701), which holds every type of inode and is what the kernel
 * unpacks as initramfs (Linux Documentation/driver-api/early-userspace/buffer-format.rst). The same entries
 * give the same bytes: inode numbers count from 1 in the order of the entries.
 *
 * @module
 */
import { byteStringOf, toBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { formatOfType } from '../ondisk/mode.ts';
import { CPIO_ALIGNMENT, CPIO_FIELDS, CPIO_HEADER, CPIO_TRAILER } from './cpio-read.ts';
import type { CpioHeader } from './cpio-read.ts';
import { shownPath } from './entry.ts';
import type { ArchiveEntry, ArchiveInode } from './entry.ts';
import { pad, tooLarge, writeContent } from './write.ts';
import type { ArchiveSink } from './write.ts';

const MAGIC = '070701';
const FIELD_MAX = 2 ** 32 - 1;

/** An inode and its names so far. */
interface Names {
  readonly inode: ArchiveInode;
  readonly number: number;
  links: number;
  /** Index of the last entry that names it: the one that carries the content. */
  last: number;
}

/**
 * Writes an archive with its trailer. A file with hard links is stored once, under its last name.
 *
 * @throws AxfsError EFBIG naming the path for sizes, ids and times beyond 2^32-1; ENOENT for a hard link
 * whose target is no earlier entry; ESTALE when a content is not of its size; what reading a content throws.
 */
export function writeCpio(entries: readonly ArchiveEntry[], sink: ArchiveSink): void {
  const inodes = numberInodes(entries);
  entries.forEach(({ path }, i) => {
    const names = inodes[i];
    if (names !== undefined) writeEntry(path, names, names.last === i, sink);
  });
  writeHeader({ ...NOTHING, nlink: 1 }, byteStringOf(CPIO_TRAILER), sink);
}

function numberInodes(entries: readonly ArchiveEntry[]): Names[] {
  const byPath = new Map<ByteString, Names>();
  let count = 0;
  return entries.map((entry, i) => {
    if (entry.type !== 'hardlink') {
      count += 1;
      const names = { inode: entry, number: count, links: 1, last: i };
      byPath.set(entry.path, names);
      return names;
    }
    const names = byPath.get(entry.linkTarget);
    if (names === undefined)
      throw new AxfsError(
        'ENOENT',
        `${shownPath(entry.path)}: hard link to ${shownPath(entry.linkTarget)}, expected an earlier entry of that path`,
      );
    names.links += 1;
    names.last = i;
    byPath.set(entry.path, names);
    return names;
  });
}

const NOTHING = Object.fromEntries(CPIO_FIELDS.map((field) => [field, 0])) as CpioHeader;
/** What find(1) and the kernel show of an empty directory: its name and its own '.'. */
const DIRECTORY_LINKS = 2;

function writeEntry(
  path: ByteString,
  { inode, number, links }: Names,
  hasContent: boolean,
  sink: ArchiveSink,
): void {
  const target = inode.type === 'symlink' ? toBytes(inode.linkTarget) : undefined;
  const size = inode.type === 'file' ? inode.content.size : (target?.length ?? 0);
  const device = 'rdev' in inode ? inode.rdev : { major: 0, minor: 0 };
  // A symlink's target stands with each of its names, a file's content with the last.
  const stored = target !== undefined || hasContent ? size : 0;
  const header: CpioHeader = {
    ...NOTHING,
    ino: number,
    mode: formatOfType(inode.type) + inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    nlink: inode.type === 'dir' ? DIRECTORY_LINKS : links,
    mtime: inode.mtime,
    filesize: stored,
    rdevmajor: device.major,
    rdevminor: device.minor,
  };
  for (const [field, value] of Object.entries({ ...header, filesize: size }))
    if (!(value >= 0 && value <= FIELD_MAX)) throw tooLarge(path, field, value, FIELD_MAX);
  writeHeader(header, storedName(path), sink);
  if (stored === 0) return;
  if (inode.type === 'file') writeContent({ ...inode, path }, CPIO_ALIGNMENT, sink);
  if (target !== undefined) {
    sink(target);
    pad(target.length, CPIO_ALIGNMENT, sink);
  }
}

/** A file that is called like the trailer gets a './', or it would end the archive. */
const storedName = (path: ByteString): ByteString =>
  (path === '' ? '.' : path === CPIO_TRAILER ? `./${path}` : path) as ByteString;

function writeHeader(header: CpioHeader, name: ByteString, sink: ArchiveSink): void {
  const full = { ...header, namesize: name.length + 1 };
  const digits = CPIO_FIELDS.map((field) => full[field].toString(16).padStart(8, '0'));
  sink(toBytes(byteStringOf(`${MAGIC}${digits.join('').toUpperCase()}${name}\0`)));
  pad(CPIO_HEADER + name.length + 1, CPIO_ALIGNMENT, sink);
}
