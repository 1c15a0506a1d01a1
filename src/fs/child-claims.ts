/**
 * Which directory has which inodes: on a walk, each inode is a child once. Children are numbered in one run,
 * so a directory claims all of them at once, before any directory below it.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { InodeNumber } from '../base/units.ts';
import type { Inode } from './inode.ts';

/** Runs of a sound image come to no more than its inodes; damage in one of them should not hide others. */
const OVERLAP = 2;

/** Inodes met on a walk, each with the directory that has it. */
export class ChildClaims {
  readonly #image: string;
  /** Number of the directory that has an inode, and one more; 0 for none. */
  readonly #owners: Uint32Array;
  #left: number;

  /** Of an image with so many inodes. */
  constructor(image: string, inodes: number) {
    this.#image = image;
    this.#owners = new Uint32Array(inodes);
    this.#left = OVERLAP * inodes;
  }

  /**
   * Claims the children of a directory, as far as nobody has them.
   *
   * @throws AxfsError EIO when directories claim far more inodes than there are: looking at each claim would
   * take forever.
   */
  add({ number, arrayIndex, numEntries }: Inode): void {
    if (numEntries > this.#left)
      throw new AxfsError(
        'EIO',
        `${this.#image}: inode ${String(number)}: its ${String(numEntries)} children are too many beside those of other directories, expected ${String(this.#owners.length)} inodes to be children once`,
      );
    this.#left -= numEntries;
    for (let child = arrayIndex; child < arrayIndex + numEntries; child += 1)
      if (this.#owners[child] === 0) this.#owners[child] = number + 1;
  }

  /** @throws AxfsError EIO when `child` is another directory's. */
  check({ number }: Inode, child: InodeNumber): void {
    const owner = (this.#owners[child] ?? 0) - 1;
    if (owner !== number)
      throw new AxfsError(
        'EIO',
        `${this.#image}: inode ${String(child)} is a child of both inode ${String(owner)} and inode ${String(number)}`,
      );
  }
}
