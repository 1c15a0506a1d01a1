/**
 * An image's files as entries of an archive. Owners, modes and devices are exactly the image's; every entry
 * has the image's timestamp. Files that share pages in the image become files of their own.
 *
 * @module
 */
import { PIECE_BYTES } from '../archive/entry.ts';
import type { ArchiveContent, ArchiveInode } from '../archive/entry.ts';
import type { ArchiveSink } from '../archive/write.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';
import { permissionsOf } from '../ondisk/mode.ts';
import { linkTarget } from './extract.ts';
import type { OnDamage } from './extract-walk.ts';

/** Bytes given on at a time. */
const BUFFER_BYTES = 256 * 1024;

type OnBytes = (bytes: number) => void;

function* contentOf(volume: AxfsVolume, inode: Inode, onBytes: OnBytes): Generator<Uint8Array> {
  for (let offset = 0; offset < inode.size;) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, inode.size - offset));
    offset += volume.read(inode, offset, piece);
    onBytes(piece.length);
    yield piece;
  }
}

/**
 * Content that has been read once: a header, which comes first, must not promise what turns out damaged.
 *
 * @throws AxfsError EIO when it is damaged.
 */
function soundContent(volume: AxfsVolume, inode: Inode, onBytes: OnBytes): ArchiveContent {
  const read = (): Iterable<Uint8Array> => contentOf(volume, inode, onBytes);
  const pieces = read()[Symbol.iterator]();
  while (pieces.next().done !== true);
  return { size: inode.size, read };
}

/** Largest number of a cpio header. */
const CPIO_MAX = 2 ** 32 - 1;

/** Refuses an entry that a cpio archive has no room for. @throws AxfsError EFBIG. */
export function checkCpio({ name }: AxfsVolume, { number, uid, gid, size }: Inode): void {
  for (const [field, value] of Object.entries({ uid, gid, size }))
    if (value > CPIO_MAX)
      throw new AxfsError(
        'EFBIG',
        `${name}: inode ${String(number)}: ${field} is ${String(value)}, expected at most ${String(CPIO_MAX)} in a cpio archive`,
      );
}

/** What {@link archiveEntries} is told, and tells on its way. */
export interface ArchiveListeners {
  /** Refuses an entry that the archive has no room for. */
  readonly check?: (volume: AxfsVolume, inode: Inode) => void;
  /** An entry is damaged and left out. */
  readonly onDamage: OnDamage;
  /** Bytes of content have been read; each is read twice. */
  readonly onBytes: OnBytes;
}

/** Entries for an archive, without those whose contents are damaged, or that it has no room for. */
export function archiveEntries(
  volume: AxfsVolume,
  entries: readonly WalkEntry[],
  listeners: ArchiveListeners,
): readonly ArchiveInode[] {
  const mtime = volume.image.superblock.timestamp;
  return entries.flatMap(({ path, inode }): readonly ArchiveInode[] => {
    const metadata = {
      path: (path === '.' ? '' : path) as ByteString,
      mode: permissionsOf(inode.mode),
      uid: inode.uid,
      gid: inode.gid,
      mtime,
    };
    const { type } = inode;
    try {
      listeners.check?.(volume, inode);
      switch (type) {
        case 'file': {
          const content = soundContent(volume, inode, listeners.onBytes);
          return [{ ...metadata, type, content }];
        }
        case 'symlink':
          return [{ ...metadata, type, linkTarget: linkTarget(volume, inode) }];
        case 'char':
        case 'block':
          return [{ ...metadata, type, rdev: inode.rdev ?? { major: 0, minor: 0 } }];
        case 'dir':
        case 'fifo':
        case 'socket':
          return [{ ...metadata, type }];
      }
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      listeners.onDamage(path, error);
      return [];
    }
  });
}

/** Collects small pieces into large ones. */
export interface Collected {
  readonly sink: ArchiveSink;
  /** Gives on what is left. */
  readonly flush: () => void;
}

/** A sink in front of `write` that gives on {@link BUFFER_BYTES} at a time, or one larger piece. */
export function collect(write: (bytes: Uint8Array) => void): Collected {
  const buffer = new Uint8Array(BUFFER_BYTES);
  let used = 0;
  const flush = (): void => {
    if (used > 0) write(buffer.subarray(0, used));
    used = 0;
  };
  return {
    sink(bytes) {
      if (used + bytes.length > buffer.length) flush();
      if (bytes.length > buffer.length) {
        write(bytes);
        return;
      }
      buffer.set(bytes, used);
      used += bytes.length;
    },
    flush,
  };
}
