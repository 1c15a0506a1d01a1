/**
 * Reads a directory of the host into a tree: lstat metadata, names as bytes, content on demand. A file that
 * cannot be read, that changes while it is packed, or that is of an unknown type ends the run; the original
 * builder leaves it out or stores torn data (builder description, section 1.7).
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { FileStat, Files, OpenFile } from '../host/host.ts';
import { decodeRdev, formatOf, permissionsOf, typeOfMode } from '../ondisk/mode.ts';
import { Pace } from '../mkfs/pace.ts';
import type { Pause } from '../mkfs/pace.ts';
import { joinPath } from '../mkfs/tree.ts';
import type { FileContent, Metadata, TreeDirectory, TreeEntry } from '../mkfs/tree.ts';

/** A whole number of pages, so that pages are views on what was read. */
const PIECE_BYTES = 1024 * 1024;

/** What a scan found. */
export interface ScannedTree {
  readonly tree: TreeDirectory;
  /** Bytes in regular files; a file counts once for each of its names. */
  readonly fileBytes: number;
}

/**
 * Reads the directory at `path`; a symlink to a directory will do. File contents are read when the builder
 * asks for them. Names of one inode, unless it is a directory, are one object in the tree. `pause` is called
 * now and then, and waited for.
 *
 * @throws AxfsError naming the path: what lstat, readdir or readlink says; EINVAL for a type that AXFS does
 * not know. Reading a content throws ESTALE when the file is no longer what lstat saw.
 */
export async function scanTree(
  files: Files,
  path: ByteString,
  pause?: Pause,
): Promise<ScannedTree> {
  const root = files.stat(path);
  if (typeOfMode(root.mode) !== 'dir')
    throw new AxfsError('ENOTDIR', `${toPrintable(path)} is not a directory`);
  let fileBytes = 0;
  const linked = new Map<string, TreeEntry>();
  const pace = new Pace(pause);

  const scanDirectory = async (directory: ByteString, stat: FileStat): Promise<TreeDirectory> => {
    const entries = new Map<ByteString, TreeEntry>();
    // Sorted, so that messages and reads come in the same order everywhere.
    for (const name of [...files.readdir(directory)].sort()) {
      const entryPath = joinPath(directory, name);
      const entry = files.lstat(entryPath);
      const isDirectory = typeOfMode(entry.mode) === 'dir';
      entries.set(
        name,
        isDirectory ? await scanDirectory(entryPath, entry) : scanEntry(entryPath, entry),
      );
      const rest = pace.step();
      if (rest !== undefined) await rest;
    }
    return { ...metadataOf(stat), type: 'dir', entries };
  };
  const scanEntry = (entryPath: ByteString, stat: FileStat): TreeEntry => {
    if (typeOfMode(stat.mode) === 'file') fileBytes += stat.size;
    if (stat.links < 2) return scanInode(entryPath, stat);
    const identity = `${String(stat.device)}:${String(stat.inode)}`;
    const entry = linked.get(identity) ?? scanInode(entryPath, stat);
    linked.set(identity, entry);
    return entry;
  };
  const scanInode = (entryPath: ByteString, stat: FileStat): TreeEntry => {
    const metadata = metadataOf(stat);
    const type = typeOfMode(stat.mode);
    switch (type) {
      case 'file':
        return { ...metadata, type, content: unchangedContent(files, entryPath, stat) };
      case 'symlink':
        return { ...metadata, type, target: files.readlink(entryPath) };
      case 'char':
      case 'block':
        return { ...metadata, type, rdev: decodeRdev(stat.rdev) };
      case 'fifo':
      case 'socket':
        return { ...metadata, type };
      // Directories have been taken care of.
      case 'dir':
      case undefined:
        throw new AxfsError(
          'EINVAL',
          `${toPrintable(entryPath)}: unknown file type, mode 0${stat.mode.toString(8)}`,
        );
    }
  };
  const tree = await scanDirectory(path, root);
  return { tree, fileBytes };
}

const metadataOf = ({ mode, uid, gid }: FileStat): Metadata => ({
  mode: permissionsOf(mode),
  uid,
  gid,
});

/** What may show that a file is no longer what lstat saw; the first row that does is told. */
const CHANGES: readonly {
  readonly is: (first: FileStat, now: FileStat) => boolean;
  readonly text: (now: FileStat) => string;
}[] = [
  {
    is: (first, now) => formatOf(now.mode) !== formatOf(first.mode),
    text: () => 'another type of file now',
  },
  { is: (first, now) => now.size !== first.size, text: ({ size }) => `${String(size)} now` },
  { is: (first, now) => now.inode !== first.inode, text: () => 'another file of that name now' },
  // Who wants to hide a change can set the first of them back, not the second.
  {
    is: (first, now) => now.modified !== first.modified || now.changed !== first.changed,
    text: () => 'and changed since',
  },
];

/** A file that is open, and must be what lstat saw. */
class UnchangedFile {
  readonly #path: ByteString;
  readonly #stat: FileStat;
  readonly #file: OpenFile;

  constructor(files: Files, path: ByteString, stat: FileStat) {
    this.#path = path;
    this.#stat = stat;
    this.#file = files.open(path);
  }

  /** @throws AxfsError ESTALE when it is another one now. */
  check(): void {
    const now = this.#file.stat();
    const change = CHANGES.find(({ is }) => is(this.#stat, now));
    if (change !== undefined) throw this.#changed(change.text(now));
  }

  /**
   * Fills `into` from byte `position`.
   *
   * @throws AxfsError ESTALE when there are not that many bytes.
   */
  fill(into: Uint8Array, position: number): void {
    const got = this.#file.readAt(into, position);
    if (got < into.length) throw this.#changed(`only ${String(position + got)} could be read`);
  }

  close(): void {
    this.#file.close();
  }

  #changed(now: string): AxfsError {
    return new AxfsError(
      'ESTALE',
      `${toPrintable(this.#path)} changed while it was packed: ${String(this.#stat.size)} bytes at first, ${now}`,
    );
  }
}

/** What a file holds, as long as it is what lstat saw. */
const unchangedContent = (files: Files, path: ByteString, stat: FileStat): FileContent => ({
  size: stat.size,
  read: () => readUnchanged(files, path, stat),
  readAt: (into, position) => {
    readWithin(new UnchangedFile(files, path, stat), into, position);
  },
});

/** A file's content in pieces, checked before, while and after it is read. */
function* readUnchanged(files: Files, path: ByteString, stat: FileStat): Generator<Uint8Array> {
  const file = new UnchangedFile(files, path, stat);
  try {
    file.check();
    for (let at = 0; at < stat.size; at += PIECE_BYTES) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, stat.size - at));
      file.fill(piece, at);
      yield piece;
    }
    file.check();
  } finally {
    file.close();
  }
}

/** Part of a file's content, checked once it is read. */
function readWithin(file: UnchangedFile, into: Uint8Array, position: number): void {
  try {
    file.fill(into, position);
    file.check();
  } finally {
    file.close();
  }
}
