/**
 * Extracts an image into a directory, so that nothing the image says can reach outside it. Names are single
 * components (src/fs/inode.ts refuses all others). Every directory is made here, is looked into by nobody
 * else until the end, and is looked at again before something is put into it: the same inode as made, and no
 * symlink. Nothing that exists is replaced or followed. Directories get their owner, mode and time last.
 *
 * Left out: hard links, which an image does not know (each name becomes a file of its own), and sockets,
 * which no program but the one that listens on them can make.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Errno } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';
import type { FileStat, Host, NewMetadata, NewSpecial } from '../host/host.ts';
import { permissionsOf, typeOfMode } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { writeWithHoles } from './extract-holes.ts';
import type { OnDamage } from './extract-walk.ts';

/** Bytes written at a time: a whole number of pages. */
const CHUNK = 64 * PAGE_SIZE;
/** setuid and setgid are the bits above these. */
const WITHOUT_SETUID = 0o2000;
const PRIVATE_MODE = 0o700;
/** When these come up, nothing more can be written. */
const HOPELESS: readonly Errno[] = ['ENOSPC', 'EROFS'];

/** What this user cannot make, or not in full. */
export interface Unmakeable {
  readonly devices: readonly ByteString[];
  readonly sockets: readonly ByteString[];
  /** Entries of other owners; made, but not given to them. */
  readonly owners: readonly ByteString[];
}

/** What of these entries the user of `host` cannot make. */
export function unmakeable(host: Host, entries: readonly WalkEntry[]): Unmakeable {
  const { uid, gid } = host.tree.user;
  const isRoot = uid === 0;
  const pathsOf = (holds: (inode: Inode) => boolean): readonly ByteString[] =>
    entries.filter(({ inode }) => holds(inode)).map(({ path }) => path);
  const isDevice = ({ type }: Inode): boolean => type === 'char' || type === 'block';
  return {
    devices: pathsOf((inode) => !isRoot && isDevice(inode)),
    sockets: pathsOf(({ type }) => type === 'socket'),
    owners: pathsOf(
      (inode) =>
        !isRoot &&
        !isDevice(inode) &&
        inode.type !== 'socket' &&
        (inode.uid !== uid || inode.gid !== gid),
    ),
  };
}

/** What is to be extracted. */
export interface Extraction {
  readonly volume: AxfsVolume;
  readonly entries: readonly WalkEntry[];
  readonly directory: ByteString;
  /** Hears of every entry that could not be made. */
  readonly onDamage: OnDamage;
  readonly onProgress: (done: number, total: number) => void;
}

/** What was made. */
export interface Extracted {
  readonly entries: number;
  /** Bytes of regular files. */
  readonly bytes: number;
}

/**
 * Extracts.
 *
 * @throws AxfsError before anything is made: EEXIST when the directory is not empty, ENOTDIR when it is none,
 * ELOOP when it is a symlink; later: ENOSPC or EROFS, with what is complete left in place.
 */
export function extractTree(host: Host, extraction: Extraction): Extracted {
  const job = new TreeJob(host, extraction);
  const total = extraction.entries.reduce((sum, { inode }) => sum + weightOf(inode), 0);
  let weight = 0;
  try {
    for (const entry of extraction.entries) {
      job.make(entry);
      weight += weightOf(entry.inode);
      extraction.onProgress(weight, total);
    }
  } catch (error) {
    if (!isHopeless(error)) throw error;
    throw new AxfsError(
      error.code,
      `${error.message}: stopped; ${String(job.made.entries)} of ${String(extraction.entries.length)} entries are complete in ${toPrintable(extraction.directory)}`,
    );
  } finally {
    job.finish();
  }
  return job.made;
}

const isHopeless = (error: unknown): error is AxfsError =>
  error instanceof AxfsError && HOPELESS.includes(error.code);

/** Progress goes by bytes; a file without any takes time, too. */
const weightOf = ({ type, size }: Inode): number => PAGE_SIZE + (type === 'file' ? size : 0);

/** One extraction under way. */
class TreeJob {
  readonly made = { entries: 0, bytes: 0 };
  readonly #host: Host;
  readonly #extraction: Extraction;
  readonly #isRoot: boolean;
  /** Directories made, by path in the image, with what lstat said then. */
  readonly #directories = new Map<ByteString, FileStat>();
  readonly #unfinished: WalkEntry[] = [];
  readonly #chunk = new Uint8Array(CHUNK);

  constructor(host: Host, extraction: Extraction) {
    this.#host = host;
    this.#extraction = extraction;
    this.#isRoot = host.tree.user.uid === 0;
  }

  /** Makes one entry, or reports why not. An entry below a directory that could not be made is left out. */
  make(entry: WalkEntry): void {
    if (entry.path === '.') {
      this.#openTop(entry);
      return;
    }
    if (!this.#directories.has(parentOf(entry.path))) return;
    try {
      this.#checkWay(parentOf(entry.path));
      const isMade = this.#makers[entry.inode.type](entry, this.#target(entry.path));
      if (isMade) this.made.entries += 1;
    } catch (error) {
      if (!(error instanceof AxfsError) || isHopeless(error)) throw error;
      this.#extraction.onDamage(entry.path, error);
    }
  }

  /** Gives directories their owner, mode and time, the deepest first. */
  finish(): void {
    for (const { path, inode } of this.#unfinished.reverse())
      try {
        this.#checkWay(path);
        this.#host.tree.setMetadata(this.#target(path), this.#metadata(inode));
      } catch (error) {
        if (!(error instanceof AxfsError)) throw error;
        this.#extraction.onDamage(path, error);
      }
  }

  /** What makes each type; gives false for an entry that is left out. */
  readonly #makers: Readonly<Record<InodeType, (entry: WalkEntry, target: ByteString) => boolean>> =
    {
      dir: (entry, target) => {
        this.#host.tree.makeDirectory(target);
        this.#adopt(entry, target);
        return true;
      },
      file: ({ inode }, target) => {
        this.#makeFile(inode, target);
        return true;
      },
      symlink: ({ inode }, target) => {
        this.#host.tree.makeSymlink(target, linkTarget(this.#extraction.volume, inode));
        this.#host.tree.setMetadata(target, this.#metadata(inode));
        return true;
      },
      fifo: ({ inode }, target) => this.#makeSpecial(inode, target, { type: 'fifo' }),
      char: ({ inode }, target) => this.#makeDevice(inode, target, 'char'),
      block: ({ inode }, target) => this.#makeDevice(inode, target, 'block'),
      socket: () => false,
    };

  #makeFile(inode: Inode, target: ByteString): void {
    const file = this.#host.tree.createFile(target);
    try {
      for (let offset = 0; offset < inode.size;) {
        const count = this.#extraction.volume.read(inode, offset, this.#chunk);
        writeWithHoles(file, this.#chunk.subarray(0, count));
        offset += count;
      }
      file.commit(this.#metadata(inode));
      this.made.bytes += inode.size;
    } finally {
      file.discard();
    }
  }

  #makeDevice(inode: Inode, target: ByteString, type: 'char' | 'block'): boolean {
    if (!this.#isRoot) return false;
    return this.#makeSpecial(inode, target, { type, ...(inode.rdev ?? { major: 0, minor: 0 }) });
  }

  #makeSpecial(inode: Inode, target: ByteString, special: NewSpecial): boolean {
    this.#host.tree.makeSpecial(target, special);
    this.#host.tree.setMetadata(target, this.#metadata(inode));
    return true;
  }

  /** The directory to extract into: made, or there and empty. It is taken into possession either way. */
  #openTop(entry: WalkEntry): void {
    const { files, tree } = this.#host;
    const { directory } = this.#extraction;
    if (ifThere(() => files.lstat(directory)) !== undefined) {
      checkEmpty(this.#host, directory);
      const owner = this.#isRoot ? { owner: tree.user } : {};
      const mtime = this.#extraction.volume.image.superblock.timestamp;
      tree.setMetadata(directory, { mode: PRIVATE_MODE, mtime, ...owner });
      // Whoever owned it may have put something there until now.
      checkEmpty(this.#host, directory);
    } else tree.makeDirectory(directory);
    this.#adopt(entry, directory);
    this.made.entries += 1;
  }

  /** Remembers a directory just made: what is put into it later must go into this one. */
  #adopt(entry: WalkEntry, target: ByteString): void {
    const there = this.#host.files.lstat(target);
    if (typeOfMode(there.mode) !== 'dir') throw displaced(target, there);
    this.#directories.set(entry.path, there);
    this.#unfinished.push(entry);
  }

  /** Every directory from the top down to `path` is the one that was made. */
  #checkWay(path: ByteString): void {
    for (let at = path; ; at = parentOf(at)) {
      const target = this.#target(at);
      const there = this.#host.files.lstat(target);
      const made = this.#directories.get(at);
      if (there.device !== made?.device || there.inode !== made.inode)
        throw displaced(target, there);
      if (at === '.') return;
    }
  }

  #target(path: ByteString): ByteString {
    const { directory } = this.#extraction;
    if (path === '.') return directory;
    return `${directory}${directory.endsWith('/') ? '' : '/'}${path}` as ByteString;
  }

  #metadata({ mode, uid, gid }: Inode): NewMetadata {
    const { user } = this.#host.tree;
    const permissions = permissionsOf(mode);
    const mtime = this.#extraction.volume.image.superblock.timestamp;
    if (this.#isRoot) return { mode: permissions, mtime, owner: { uid, gid } };
    // A program must not act for another owner than it was meant to.
    const isOwn = uid === user.uid && gid === user.gid;
    return { mode: isOwn ? permissions : permissions % WITHOUT_SETUID, mtime };
  }
}

const displaced = (target: ByteString, { mode }: FileStat): AxfsError =>
  new AxfsError(
    'ESTALE',
    `${toPrintable(target)}: a ${typeOfMode(mode) ?? 'thing of unknown type'} is there now, expected the directory made here: left alone`,
  );

/** Target of a symlink that a file system can hold. @throws AxfsError EIO. */
export function linkTarget(volume: AxfsVolume, inode: Inode): ByteString {
  const target = volume.readlink(inode);
  const broken = target === '' ? 'is empty' : target.includes('\0') ? 'contains a NUL byte' : '';
  if (broken !== '')
    throw new AxfsError(
      'EIO',
      `${volume.name}: inode ${String(inode.number)}: symlink target ${broken}, expected a path`,
    );
  return target;
}

/** What a look at a path gives, or `undefined` when nothing is there. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof AxfsError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function checkEmpty({ files }: Host, directory: ByteString): void {
  const refuse = (code: Errno, what: string): never => {
    throw new AxfsError(
      code,
      `${toPrintable(directory)}: ${what}, expected a new or an empty directory`,
    );
  };
  const type = typeOfMode(files.lstat(directory).mode);
  if (type !== 'dir')
    refuse(type === 'symlink' ? 'ELOOP' : 'ENOTDIR', `it is a ${type ?? 'thing of unknown type'}`);
  const count = files.readdir(directory).length;
  if (count > 0) refuse('EEXIST', `it holds ${String(count)} ${count === 1 ? 'entry' : 'entries'}`);
}

const parentOf = (path: ByteString): ByteString => {
  const slash = path.lastIndexOf('/');
  return (slash < 0 ? '.' : path.slice(0, slash)) as ByteString;
};
