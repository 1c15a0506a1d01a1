/**
 * The directories that an extraction made, and the one that it is in. Going from one to another, every step
 * is checked to lead into the directory that was made: somebody may have moved it away, and put something
 * else in its place.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { DirectoryStat, HeldDirectory, TreeFiles } from '../host/host.ts';
import { typeOfMode } from '../ondisk/mode.ts';

const TOP = '.' as ByteString;
const UP = '..' as ByteString;

/** The directory of a path in the image; that of the root is the root. */
export const parentOf = (path: ByteString): ByteString => {
  const slash = path.lastIndexOf('/');
  return (slash < 0 ? TOP : path.slice(0, slash)) as ByteString;
};

/** True for a directory and for all that is below it. */
const isBelow = (path: ByteString, directory: ByteString): boolean =>
  directory === TOP || path === directory || path.startsWith(`${directory}/`);

/** Directories by path in the image; the top is `.`. */
export class MadeDirectories {
  readonly #tree: TreeFiles;
  readonly #directory: ByteString;
  readonly #made = new Map<ByteString, DirectoryStat>();
  #held: { readonly path: ByteString; readonly directory: HeldDirectory } | undefined;

  /** Below `directory`, a path of the machine. */
  constructor(tree: TreeFiles, directory: ByteString) {
    this.#tree = tree;
    this.#directory = directory;
  }

  has(path: ByteString): boolean {
    return this.#made.has(path);
  }

  /** The path of the machine. */
  targetOf(path: ByteString): ByteString {
    if (path === TOP) return this.#directory;
    return `${this.#directory}${this.#directory.endsWith('/') ? '' : '/'}${path}` as ByteString;
  }

  /** Remembers a directory just made in the one that is held: what is put into it later must go into this one. */
  adopt(path: ByteString): void {
    const directory = this.#open(path, this.#held?.directory);
    this.#made.set(path, directory.stat());
    if (this.#held === undefined) this.#held = { path, directory };
    else directory.close();
  }

  /**
   * Holds a directory that was made.
   *
   * @throws AxfsError ESTALE when it, or one on the way, is not where it was made.
   */
  enter(path: ByteString): HeldDirectory {
    let held = this.#held ?? this.#step(TOP, undefined);
    while (!isBelow(path, held.path)) held = this.#step(parentOf(held.path), UP);
    while (held.path !== path) {
      const from = held.path === TOP ? 0 : held.path.length + 1;
      const slash = path.indexOf('/', from);
      held = this.#step((slash < 0 ? path : path.slice(0, slash)) as ByteString, undefined);
    }
    // Where directories are not held but found by their path, it may be another by now.
    this.#check(path, held.directory);
    return held.directory;
  }

  /**
   * Looks at the top by its path, as others find it. Those below are found by name, step by step, when they
   * are entered for the last time.
   *
   * @throws AxfsError ESTALE when it is not where it was made.
   */
  checkTop(): void {
    if (!this.has(TOP)) return;
    const directory = this.#open(TOP);
    try {
      this.#check(TOP, directory);
    } finally {
      directory.close();
    }
  }

  /** Lets go of the one that is held. */
  close(): void {
    this.#held?.directory.close();
    this.#held = undefined;
  }

  /** Goes into `path` from the directory that is held, by its name or by `name`. */
  #step(
    path: ByteString,
    name: ByteString | undefined,
  ): { readonly path: ByteString; readonly directory: HeldDirectory } {
    const from = this.#held?.directory;
    const directory = this.#open(path, from, name);
    try {
      this.#check(path, directory);
    } catch (error) {
      directory.close();
      throw error;
    }
    from?.close();
    this.#held = { path, directory };
    return this.#held;
  }

  #open(path: ByteString, within?: HeldDirectory, name?: ByteString): HeldDirectory {
    try {
      return this.#tree.hold(this.targetOf(path), within, name);
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      throw this.#displaced(path, error.message);
    }
  }

  #check(path: ByteString, directory: HeldDirectory): void {
    const there = directory.stat();
    const made = this.#made.get(path);
    if (there.device === made?.device && there.inode === made.inode) return;
    throw this.#displaced(
      path,
      `a ${typeOfMode(there.mode) ?? 'thing of unknown type'} is there now`,
    );
  }

  #displaced(path: ByteString, what: string): AxfsError {
    return new AxfsError(
      'ESTALE',
      `${toPrintable(this.targetOf(path))}: ${what}, expected the directory made here: left alone`,
    );
  }
}
