/**
 * What archives hold, whatever their format: entries with exact owners, modes and devices, and content that
 * is read from its place in the archive when someone asks for it.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Errno } from '../base/errno.ts';
import { PATH_MAX } from '../ondisk/constants.ts';
import type { DeviceNumber, InodeType } from '../ondisk/mode.ts';

/** Most bytes of one piece of content: a whole number of pages, so that pages are views on pieces. */
export const PIECE_BYTES = 1024 * 1024;

/** Highest user or group id: ids are 32-bit numbers in Linux. */
export const ID_MAX = 2 ** 32 - 1;

/** Bytes of an archive that can be read at any position: a file, a spool, an array. */
export interface ArchiveInput {
  /** What messages call it; printable text. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** Fills `into` from byte `position` and says how many bytes there were: fewer only at the end. */
  readAt(into: Uint8Array, position: number): number;
}

/** What an entry is: an inode of its own, or one more name of an earlier entry. */
export type ArchiveEntryType = InodeType | 'hardlink';

/** What every entry has. */
export interface ArchiveMetadata {
  /** From the archive's root, without './' in front or '/' behind; empty = the root itself. */
  readonly path: ByteString;
  /** Permission bits with setuid, setgid and sticky: 0 … 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970, rounded down; may be negative. */
  readonly mtime: number;
}

/** Content that is fetched when it is asked for. */
export interface ArchiveContent {
  /** Bytes that `read` gives in all. */
  readonly size: number;
  /**
   * The content from its start, in pieces of at most {@link PIECE_BYTES} that are not reused; holes of a
   * sparse file come as zeros.
   *
   * @throws AxfsError EIO while iterating when the archive can no longer be read, or its checksum is wrong.
   */
  read(): Iterable<Uint8Array>;
  /**
   * Fills `into` with the bytes from `position` on, all of them within the content; checksums are not compared.
   * An archive that is read has it; to write one, it takes none.
   *
   * @throws AxfsError EIO when the archive can no longer be read.
   */
  readAt?(into: Uint8Array, position: number): void;
}

/** A regular file. */
export interface ArchiveFile extends ArchiveMetadata {
  readonly type: 'file';
  readonly content: ArchiveContent;
}

/** A symbolic link; the target is any text. */
export interface ArchiveSymlink extends ArchiveMetadata {
  readonly type: 'symlink';
  readonly linkTarget: ByteString;
}

/** One more name of an earlier entry, whose path is the target; metadata are that entry's. */
export interface ArchiveHardlink extends ArchiveMetadata {
  readonly type: 'hardlink';
  readonly linkTarget: ByteString;
}

/** A device node. */
export interface ArchiveDevice extends ArchiveMetadata {
  readonly type: 'char' | 'block';
  readonly rdev: DeviceNumber;
}

/** An entry that is metadata only. */
export interface ArchivePlain extends ArchiveMetadata {
  readonly type: 'dir' | 'fifo' | 'socket';
}

/** One entry, in the order of the archive. */
export type ArchiveEntry =
  ArchiveFile | ArchiveSymlink | ArchiveHardlink | ArchiveDevice | ArchivePlain;

/** An entry that is an inode of its own. */
export type ArchiveInode = Exclude<ArchiveEntry, ArchiveHardlink>;

/** What an archive says. */
export interface ArchiveListing {
  readonly entries: readonly ArchiveEntry[];
  /** Records that were left unread, by keyword, with how often each came: extended attributes and the like. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** Where in an archive something was found, for messages. */
export interface ArchivePlace {
  readonly input: ArchiveInput;
  /** Byte offset of the entry's first header. */
  readonly offset: number;
  /** Path as far as it is known. */
  readonly path?: ByteString;
}

/** `NAME: entry PATH at offset N: what is wrong`; without a path, `NAME: header at offset N: …`. */
export function archiveError(
  { input, offset, path }: ArchivePlace,
  what: string,
  code: Errno = 'EINVAL',
): AxfsError {
  const subject = path === undefined ? 'header' : `entry ${shownPath(path)}`;
  return new AxfsError(code, `${input.name}: ${subject} at offset ${String(offset)}: ${what}`);
}

const SHOWN_MAX = 300;

/** A path for messages: the root is '.', a very long one is cut. */
export const shownPath = (path: ByteString): string =>
  path === '' ? '.' : toPrintable(path.slice(0, SHOWN_MAX) as ByteString);

/**
 * The path of an entry, or the target of a hard link, in the form of {@link ArchiveMetadata.path}: empty
 * and '.' components dropped.
 *
 * @throws AxfsError EINVAL for an empty or absolute path, one of more than 4095 bytes, a '..' component or a
 * NUL byte.
 */
export function normalPath(stored: ByteString, place: ArchivePlace, what = 'path'): ByteString {
  const rule = PATH_RULES.find((candidate) => candidate.breaks(stored));
  if (rule !== undefined)
    throw archiveError({ ...place, path: place.path ?? stored }, `its ${what} ${rule.text}`);
  return stored
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/') as ByteString;
}

const PATH_RULES: readonly { readonly text: string; breaks(path: string): boolean }[] = [
  { text: 'is empty, expected a name', breaks: (path) => path === '' },
  // Longer ones fit no path of the kernel; and trees are walked as deep as a path has components.
  {
    text: `has more than ${String(PATH_MAX - 1)} bytes, the most that a path has`,
    breaks: (path) => path.length >= PATH_MAX,
  },
  { text: 'contains a NUL byte, expected none', breaks: (path) => path.includes('\0') },
  { text: 'is absolute, expected one below the root', breaks: (path) => path.startsWith('/') },
  {
    text: "contains '..', expected one that stays below the root",
    breaks: (path) => path.split('/').includes('..'),
  },
];

/**
 * Bytes `from` … `from + length` of an archive.
 *
 * @throws AxfsError EIO when the archive ends before.
 */
export function readExactly(from: number, length: number, place: ArchivePlace): Uint8Array {
  const { input } = place;
  if (from + length > input.size)
    throw archiveError(
      place,
      `the archive ends at ${String(input.size)}, expected ${String(length)} bytes from offset ${String(from)}`,
      'EIO',
    );
  const bytes = new Uint8Array(length);
  fillExactly(bytes, from, place);
  return bytes;
}

/**
 * Fills `into` with the bytes of an archive from `from` on.
 *
 * @throws AxfsError EIO when the archive ended before.
 */
export function fillExactly(into: Uint8Array, from: number, place: ArchivePlace): void {
  const { input } = place;
  const got = input.readAt(into, from);
  if (got < into.length)
    throw archiveError(
      place,
      `the archive ended at ${String(from + got)} while it was read, expected ${String(input.size)} bytes`,
      'EIO',
    );
}

/** A content that is stored as it is, from byte `from` on. */
export const plainContent = (from: number, size: number, place: ArchivePlace): ArchiveContent => ({
  size,
  read: () => readPieces(from, size, place),
  readAt: (into, position) => {
    fillExactly(into, from + position, place);
  },
});

/** Bytes `from` … `from + length` of an archive in pieces, each read when it is its turn. */
export function* readPieces(
  from: number,
  length: number,
  place: ArchivePlace,
): Generator<Uint8Array> {
  for (let done = 0; done < length; done += PIECE_BYTES)
    yield readExactly(from + done, Math.min(PIECE_BYTES, length - done), place);
}
