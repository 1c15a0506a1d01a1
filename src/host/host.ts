/**
 * What a command needs from the machine it runs on: files, a terminal, a clock, the environment and
 * threads. Commands take it as an argument, so that tests run them on a machine made of maps
 * (test/support/fake-host.ts). Calls are synchronous but where they wait for other programs; paths are bytes; sizes are exact to 2^53.
 *
 * Every failed call throws AxfsError with the errno name and one line that names the path; errno names that
 * the project has no use for become EIO.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Inflater } from '../codec/zlib.ts';

/** The part of `struct stat` that matters here. */
export interface FileStat {
  /** st_mode: type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** st_size, bytes. */
  readonly size: number;
  /** st_rdev, in Linux' 32-bit encoding. */
  readonly rdev: number;
  /** st_dev and st_ino: together the same for all names of one inode. */
  readonly device: number;
  readonly inode: bigint;
  /** st_nlink: names that the inode has. */
  readonly links: number;
  /** st_mtim and st_ctim, nanoseconds since 1970: when content, and anything at all, last changed. */
  readonly modified: bigint;
  readonly changed: bigint;
}

/** A file open for reading. */
export interface OpenFile {
  /** fstat(2): the file as it is now. */
  stat(): FileStat;
  /** Fills `into` from byte `position` and says how many bytes there were: fewer only at the end. */
  readAt(into: Uint8Array, position: number): number;
  close(): void;
}

/** A file being written under a temporary name next to its own. */
export interface NewFile {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Flushes to the disk and closes: what may fail for want of room has then been done. */
  finish(): void;
  /** Finishes if that is still to do, and gives the file its name, replacing what had it. */
  commit(): void;
  /** Removes what was written. Does nothing after `commit`. */
  discard(): void;
}

/** Files of the machine. */
export interface Files {
  lstat(path: ByteString): FileStat;
  /** As `lstat`, following symlinks. */
  stat(path: ByteString): FileStat;
  /** Names in a directory, without "." and "..", in no particular order. */
  readdir(path: ByteString): readonly ByteString[];
  readlink(path: ByteString): ByteString;
  /** Absolute path without symlinks. */
  realpath(path: ByteString): ByteString;
  /**
   * Absolute path without symlinks of the file that `create` makes or replaces: a symlink at the end of `path`
   * is followed, also one to a file that is not there yet.
   */
  landing(path: ByteString): ByteString;
  /** The whole content. */
  readFile(path: ByteString): Uint8Array;
  open(path: ByteString): OpenFile;
  /**
   * Starts a file that appears under `path` only when it is complete. A symlink there stays and leads to the
   * file. A regular file of that name keeps its permissions; anything else of that name is an error.
   */
  create(path: ByteString): NewFile;
}

/** Who a new file, directory or link belongs to, and what else there is beside its content. */
export interface NewMetadata {
  /** Permission bits with setuid, setgid and sticky: 0 … 07777. A symlink has none of its own. */
  readonly mode: number;
  /** Left as the system gave it when absent. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Seconds since 1970, for both times. */
  readonly mtime: number;
}

/** A fifo or a device to be made. */
export type NewSpecial =
  | { readonly type: 'fifo' }
  | { readonly type: 'char' | 'block'; readonly major: number; readonly minor: number };

/** A regular file in the making: only its owner may look at it, under a temporary name. */
export interface NewTreeFile {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Appends this many zeros as a hole, which takes no room where the file system knows holes. */
  skip(bytes: number): void;
  /** Gives the file its metadata, then its name. @throws AxfsError EEXIST when something has that name. */
  commit(metadata: NewMetadata): void;
  /** Removes what was written. Does nothing after `commit`. */
  discard(): void;
}

/** What tells one directory from another, and when it was changed. */
export type DirectoryStat = Pick<FileStat, 'mode' | 'device' | 'inode' | 'modified'>;

/**
 * A directory held open: what is made in it goes into this very directory, wherever its path leads meanwhile.
 * While one is held, a signal that comes during work waits until {@link Host.breathe}.
 */
export interface HeldDirectory {
  readonly path: ByteString;
  /** By which this process reaches it; not for messages. */
  readonly reach: ByteString;
  /** What it is, as far as the machine can hold a directory; else what its path leads to by now. */
  stat(): DirectoryStat;
  setMetadata(metadata: NewMetadata): void;
  close(): void;
}

/**
 * Makes the files of a tree one by one. No call replaces what is there (EEXIST), and none follows a symlink
 * at the end of its path; what stands before the end is the caller's to check, or `within`: the directory
 * that the end of the path is a name in.
 */
export interface TreeFiles {
  /** The user and group that new files belong to; user 0 may give them away and make devices. */
  readonly user: { readonly uid: number; readonly gid: number };
  /**
   * Opens a directory to make things in; in `within`, it has the name at the end of its path, or `name`.
   *
   * @throws AxfsError ENOTDIR, ELOOP when it is none.
   */
  hold(path: ByteString, within?: HeldDirectory, name?: ByteString): HeldDirectory;
  /** Makes a directory with mode 0700. */
  makeDirectory(path: ByteString, within?: HeldDirectory): void;
  makeSymlink(path: ByteString, target: ByteString, within?: HeldDirectory): void;
  makeSpecial(path: ByteString, special: NewSpecial, within?: HeldDirectory): void;
  createFile(path: ByteString, within?: HeldDirectory): NewTreeFile;
  /**
   * Sets the owner first, as that clears setuid; then permissions, then times.
   *
   * @throws AxfsError EINVAL for owners that there cannot be, before anything is set.
   */
  setMetadata(path: ByteString, metadata: NewMetadata, within?: HeldDirectory): void;
}

/** An anonymous temporary file. */
export interface Spool {
  /** Bytes appended so far. */
  readonly size: number;
  append(bytes: Uint8Array): void;
  /** Fills `into` from byte `position` and says how many bytes there were: fewer only at the end. */
  readAt(into: Uint8Array, position: number): number;
  /** Gives the room back; the end of the process, however it comes, does so too. */
  close(): void;
}

/** Standard output and standard error. */
export interface Terminal {
  /** @throws ClosedOutputError when the reader went away; AxfsError when writing fails otherwise. */
  out(data: string | Uint8Array): void;
  err(text: string): void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Width of the terminal, characters. */
  readonly columns: number;
  /** Standard output is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
}

/** Cryptographic hashes that a machine has. SHA-1 is what the format's digest field asks for. */
export type HashAlgorithm = 'sha1' | 'sha256';

/** A cryptographic hash in the making. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hex digits; ends the hash. */
  hex(): string;
}

/** Threads that run tasks, which are plain data, and give plain data back. */
export interface TaskPool {
  /** Threads. */
  readonly parallelism: number;
  /** @throws what the task throws: an AxfsError as one; AxfsError EIO when a thread fails. */
  run(task: unknown): Promise<unknown>;
  /** Ends it and lets go of its threads. Tasks still under way fail. */
  close(): Promise<void>;
}

/** A machine. */
export interface Host {
  readonly files: Files;
  readonly tree: TreeFiles;
  readonly terminal: Terminal;
  /** CPUs this process may use. */
  readonly cpus: number;
  /** Version of this package. */
  readonly version: string;
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Lets the machine do what waits meanwhile, such as noticing a signal; long work calls it now and then. */
  breathe(): Promise<void>;
  /** An environment variable. */
  environment(name: string): string | undefined;
  /**
   * A compressor over `jobs` worker threads; 0 = in the calling thread. The caller closes it. `codec` is
   * zlib where it is not named.
   *
   * @throws AxfsError EOPNOTSUPP when the codec needs a package that is not installed.
   */
  makeCompressor(jobs: number, codec?: CodecName): PageCompressor;
  /**
   * Up to `jobs` threads, at least 1, for the tasks of tools/task-worker.ts. Absent where no thread can run them:
   * the caller does then, with the same results.
   */
  readonly makeTaskPool?: ((jobs: number) => TaskPool) | undefined;
  /** An inflater for what `codec` makes; zlib where it is not named. */
  makeInflater(codec?: CodecName): Inflater;
  /** A fresh SHA-256. */
  sha256(): Hash;
  /** A fresh hash of this algorithm. */
  hash(algorithm: HashAlgorithm): Hash;
  /** What comes next on standard input; says how many bytes there were: fewer than `into` holds only at its end. */
  readInput(into: Uint8Array): Promise<number>;
  /** A fresh temporary file. */
  spool(): Spool;
  /**
   * Expands what begins as a gzip stream does, piece by piece; `name` is what messages call it.
   *
   * @throws AxfsError EIO when it is damaged or ends early; what `input` and `output` throw.
   */
  gunzip(
    input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    output: (bytes: Uint8Array) => void,
    name: string,
  ): Promise<void>;
}

/** Most workers that a compressor may have: each takes some 20 MB. */
export const MAX_JOBS = 64;
/** Less content than this, bytes, is compressed before a thread has started. */
export const WORTH_A_WORKER = 1024 * 1024;
