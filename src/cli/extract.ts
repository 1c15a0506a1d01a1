/**
 * Extracts an image into a directory, so that nothing the image says can reach outside it, nor anybody who
 * moves directories about meanwhile. Names are single components (src/fs/inode.ts refuses all others). Every
 * directory is made here, is looked into by nobody else until the end, and is held open while something is
 * put into it. One that is not where it was made ends the extraction. Nothing that exists is replaced or
 * followed. Directories get their owner, mode and time last.
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
import type { HeldDirectory, Host, NewMetadata, NewSpecial } from '../host/host.ts';
import { permissionsOf, typeOfMode } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { writeWithHoles } from './extract-holes.ts';
import { MadeDirectories, parentOf } from './made-directories.ts';
import type { OnDamage } from './extract-walk.ts';

/** Bytes written at a time: a whole number of pages. */
const CHUNK = 64 * PAGE_SIZE;
/** setuid and setgid are the bits above these. */
const WITHOUT_SETUID = 0o2000;
const PRIVATE_MODE = 0o700;
/** Users and groups are below this, which stands for none: chown(2) takes it for "as it is". */
const NO_ID = 2 ** 32 - 1;
/** When these come up, nothing more can be written, or not where it was meant to be. */
const HOPELESS: readonly Errno[] = ['ENOSPC', 'EROFS', 'ESTALE'];
/** In a second. */
const NANOSECONDS = 10n ** 9n;
/** Longest work between two pauses, milliseconds: soon enough for whoever presses Ctrl-C. */
const PAUSE_AFTER_MS = 50;

/** What this user cannot make, or not in full. */
export interface Unmakeable {
  readonly devices: readonly ByteString[];
  readonly sockets: readonly ByteString[];
  /** Entries of other owners; made, but not given to them. */
  readonly owners: readonly ByteString[];
  /** Entries that belong to nobody there can be. */
  readonly ownerless: readonly ByteString[];
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
    ownerless: pathsOf(
      (inode) => isRoot && inode.type !== 'socket' && Math.max(inode.uid, inode.gid) >= NO_ID,
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
  /** Seconds since 1970 that the file system gave in place of the image's time, when it could not hold that. */
  readonly otherTime?: number;
}

/**
 * Extracts.
 *
 * @throws AxfsError before anything is made: EEXIST when the directory is not empty, ENOTDIR when it is none,
 * ELOOP when it is a symlink; later: ENOSPC or EROFS, ESTALE when a directory was moved away, with what is
 * complete left in place.
 */
export async function extractTree(host: Host, extraction: Extraction): Promise<Extracted> {
  const job = new TreeJob(host, extraction);
  const total = extraction.entries.reduce((sum, { inode }) => sum + weightOf(inode), 0);
  let weight = 0;
  try {
    try {
      for (const entry of extraction.entries) {
        await job.make(entry);
        weight += weightOf(entry.inode);
        extraction.onProgress(weight, total);
      }
    } finally {
      job.finish();
    }
  } catch (error) {
    if (!isHopeless(error)) throw error;
    throw new AxfsError(
      error.code,
      `${error.message}: stopped; ${String(job.made.entries)} of ${String(extraction.entries.length)} entries are complete in ${toPrintable(extraction.directory)}`,
    );
  } finally {
    job.close();
  }
  return job.made;
}

const isHopeless = (error: unknown): error is AxfsError =>
  error instanceof AxfsError && HOPELESS.includes(error.code);

/** Progress goes by bytes; a file without any takes time, too. */
const weightOf = ({ type, size }: Inode): number => PAGE_SIZE + (type === 'file' ? size : 0);

/** Where an entry is made. */
interface Place {
  /** For messages. */
  readonly target: ByteString;
  readonly within: HeldDirectory;
}

/** One extraction under way. */
class TreeJob {
  readonly made: { entries: number; bytes: number; otherTime?: number } = { entries: 0, bytes: 0 };
  readonly #host: Host;
  readonly #extraction: Extraction;
  readonly #isRoot: boolean;
  readonly #directories: MadeDirectories;
  readonly #unfinished: WalkEntry[] = [];
  readonly #chunk = new Uint8Array(CHUNK);
  #paused: number;

  constructor(host: Host, extraction: Extraction) {
    this.#host = host;
    this.#extraction = extraction;
    this.#isRoot = host.tree.user.uid === 0;
    this.#directories = new MadeDirectories(host.tree, extraction.directory);
    this.#paused = host.now();
  }

  /** Makes one entry, or reports why not. An entry below a directory that could not be made is left out. */
  async make(entry: WalkEntry): Promise<void> {
    await this.#pause();
    if (entry.path === '.') {
      this.#openTop(entry);
      return;
    }
    const parent = parentOf(entry.path);
    if (!this.#directories.has(parent)) return;
    try {
      const within = this.#directories.enter(parent);
      const place = { target: this.#directories.targetOf(entry.path), within };
      const isMade = await this.#makers[entry.inode.type](entry, place);
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
        const directory = this.#directories.enter(path);
        const metadata = this.#metadata(inode);
        directory.setMetadata(metadata);
        const time = Number(directory.stat().modified / NANOSECONDS);
        if (time !== metadata.mtime) this.made.otherTime = time;
      } catch (error) {
        if (!(error instanceof AxfsError) || error.code === 'ESTALE') throw error;
        this.#extraction.onDamage(path, error);
      }
    this.#directories.checkTop();
  }

  /** Lets go of what is held. */
  close(): void {
    this.#directories.close();
  }

  /** What makes each type; gives false for an entry that is left out. */
  readonly #makers: Readonly<
    Record<InodeType, (entry: WalkEntry, place: Place) => boolean | Promise<boolean>>
  > = {
    dir: (entry, { target, within }) => {
      this.#host.tree.makeDirectory(target, within);
      this.#directories.adopt(entry.path);
      this.#unfinished.push(entry);
      return true;
    },
    file: ({ inode }, place) => this.#makeFile(inode, place),
    symlink: ({ inode }, { target, within }) => {
      const metadata = this.#metadata(inode);
      this.#host.tree.makeSymlink(target, linkTarget(this.#extraction.volume, inode), within);
      this.#host.tree.setMetadata(target, metadata, within);
      return true;
    },
    fifo: ({ inode }, place) => this.#makeSpecial(inode, place, { type: 'fifo' }),
    char: ({ inode }, place) => this.#makeDevice(inode, place, 'char'),
    block: ({ inode }, place) => this.#makeDevice(inode, place, 'block'),
    socket: () => false,
  };

  async #makeFile(inode: Inode, { target, within }: Place): Promise<boolean> {
    const metadata = this.#metadata(inode);
    const file = this.#host.tree.createFile(target, within);
    try {
      for (let offset = 0; offset < inode.size;) {
        const count = this.#extraction.volume.read(inode, offset, this.#chunk);
        writeWithHoles(file, this.#chunk.subarray(0, count));
        offset += count;
        await this.#pause();
      }
      file.commit(metadata);
      this.made.bytes += inode.size;
    } finally {
      file.discard();
    }
    return true;
  }

  #makeDevice(inode: Inode, place: Place, type: 'char' | 'block'): boolean {
    if (!this.#isRoot) return false;
    return this.#makeSpecial(inode, place, { type, ...(inode.rdev ?? { major: 0, minor: 0 }) });
  }

  #makeSpecial(inode: Inode, { target, within }: Place, special: NewSpecial): boolean {
    const metadata = this.#metadata(inode);
    this.#host.tree.makeSpecial(target, special, within);
    this.#host.tree.setMetadata(target, metadata, within);
    return true;
  }

  /** The directory to extract into: made, or there and empty. It is taken into possession either way. */
  #openTop(entry: WalkEntry): void {
    const { files, tree } = this.#host;
    const { directory } = this.#extraction;
    if (ifThere(() => files.lstat(directory)) !== undefined) {
      checkEmpty(this.#host, directory);
      this.#directories.adopt('.' as ByteString);
      const owner = this.#isRoot ? { owner: tree.user } : {};
      const mtime = this.#extraction.volume.image.superblock.timestamp;
      const top = this.#directories.enter('.' as ByteString);
      top.setMetadata({ mode: PRIVATE_MODE, mtime, ...owner });
      // Whoever owned it may have put something there until now.
      checkEmpty(this.#host, directory);
    } else {
      tree.makeDirectory(directory);
      this.#directories.adopt('.' as ByteString);
    }
    this.#unfinished.push(entry);
    this.made.entries += 1;
  }

  #metadata({ number, mode, uid, gid }: Inode): NewMetadata {
    const { user } = this.#host.tree;
    const permissions = permissionsOf(mode);
    const { volume } = this.#extraction;
    const mtime = volume.image.superblock.timestamp;
    if (this.#isRoot) {
      const wrong = [uid, gid].find((id) => id >= NO_ID);
      if (wrong !== undefined)
        throw new AxfsError(
          'EIO',
          `${volume.name}: inode ${String(number)}: owner ${String(uid)}:${String(gid)} cannot be, expected users and groups below ${String(NO_ID)}`,
        );
      return { mode: permissions, mtime, owner: { uid, gid } };
    }
    // A program must not act for another owner than it was meant to.
    const isOwn = uid === user.uid && gid === user.gid;
    return { mode: isOwn ? permissions : permissions % WITHOUT_SETUID, mtime };
  }

  /** A pause when it is time for one. */
  async #pause(): Promise<void> {
    const now = this.#host.now();
    if (now - this.#paused < PAUSE_AFTER_MS) return;
    await this.#host.breathe();
    this.#paused = this.#host.now();
  }
}

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
