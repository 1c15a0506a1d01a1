/**
 * What a command needs from the machine it runs on: files, a terminal, a clock, the environment and
 * threads. Commands take it as an argument, so that tests run them on a machine made of maps
 * (test/support/fake-host.ts). Calls are synchronous; paths are bytes; sizes are exact to 2^53.
 *
 * Every failed call throws AxfsError with the errno name and one line that names the path; errno names that
 * the project has no use for become EIO.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
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
  /** Flushes to the disk and gives the file its name, replacing what had it. */
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
  /** The whole content. */
  readFile(path: ByteString): Uint8Array;
  open(path: ByteString): OpenFile;
  /**
   * Starts a file that appears under `path` only when it is complete. A regular file of that name keeps its
   * permissions; anything else of that name is an error.
   */
  create(path: ByteString): NewFile;
}

/** Standard output and standard error. A reader that went away ends output quietly. */
export interface Terminal {
  out(data: string | Uint8Array): void;
  err(text: string): void;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Width of the terminal, characters. */
  readonly columns: number;
  /** Standard output is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
}

/** A cryptographic hash in the making. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hex digits; ends the hash. */
  hex(): string;
}

/** A machine. */
export interface Host {
  readonly files: Files;
  readonly terminal: Terminal;
  /** CPUs this process may use. */
  readonly cpus: number;
  /** Version of this package. */
  readonly version: string;
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** An environment variable. */
  environment(name: string): string | undefined;
  /** A compressor over `jobs` worker threads; 0 = in the calling thread. The caller closes it. */
  makeCompressor(jobs: number): PageCompressor;
  makeInflater(): Inflater;
  /** A fresh SHA-256. */
  sha256(): Hash;
}

/** Most workers that a compressor may have: each takes some 20 MB. */
export const MAX_JOBS = 64;
