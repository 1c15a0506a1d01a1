/**
 * Which file pages were asked for by faults: what the driver counts in its profiling build and prints in
 * /proc/axfs/volumeN, to be fed back to the builder. Counted are calls of the fault handler in mappings
 * that cannot be written to: not distinct pages, not read(2).
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { InodeNumber } from '../base/units.ts';
import { KernelBug } from '../mm/kernel-bug.ts';
import type { Inode } from './inode.ts';
import type { AxfsVolume } from './volume.ts';

/**
 * A fault behind the end of its file: the original driver counts it before it looks, at the node of a file
 * that follows, and relabels that node's count; here it is refused.
 */
export const PAST_EOF_PROFILING = ['refuse', 'charge_next_file'] as const;
/** One of {@link PAST_EOF_PROFILING}. */
export type PastEofProfiling = (typeof PAST_EOF_PROFILING)[number];

/** A page that was asked for. */
export interface ProfiledPage {
  readonly inode: Inode;
  /** Page of that file; behind its end with `charge_next_file`. */
  readonly page: number;
  /** Faults. */
  readonly count: number;
}

/** Faults counted at one node; files with the same contents may share it. */
interface NodeCount {
  /** File of the last fault: the one label that the driver has. */
  last: Inode;
  readonly byInode: Map<Inode, number>;
}

/** Commands of the volume's file: the first letters of what is written there. */
const COMMANDS = ['on', 'off', 'clear'] as const;

/** Fault counts of one mount. */
export class FaultProfile {
  readonly #volume: AxfsVolume;
  readonly #pastEof: PastEofProfiling;
  readonly #nodes = new Map<number, NodeCount>();
  #on = true;

  constructor(volume: AxfsVolume, pastEof: PastEofProfiling) {
    this.#volume = volume;
    this.#pastEof = pastEof;
  }

  /** Faults are counted. */
  get isOn(): boolean {
    return this.#on;
  }

  /**
   * Does what a write to the volume's file asks for: `on`, `off`, or `clear`, whatever follows.
   *
   * @returns false for anything else, which changes nothing.
   */
  command(text: string): boolean {
    const command = COMMANDS.find((word) => text.startsWith(word));
    if (command === 'clear') this.#nodes.clear();
    else if (command !== undefined) this.#on = command === 'on';
    return command !== undefined;
  }

  /**
   * Counts a fault at page `page` of a file.
   *
   * @throws KernelBug where the driver writes behind its table: past the last node of the image.
   */
  count(inode: Inode, page: number): void {
    if (!this.#on || (page >= inode.numEntries && this.#pastEof === 'refuse')) return;
    const node = inode.arrayIndex + page;
    if (node >= this.#volume.image.superblock.blocks)
      throw new KernelBug('axfs_fault', 'a page that is counted has an entry in the profile');
    let counted = this.#nodes.get(node);
    if (counted === undefined)
      this.#nodes.set(node, (counted = { last: inode, byInode: new Map() }));
    counted.last = inode;
    counted.byInode.set(inode, (counted.byInode.get(inode) ?? 0) + 1);
  }

  /** What was counted, file page by file page, in the order of nodes. */
  pages(): readonly ProfiledPage[] {
    return this.#inOrder().flatMap(([node, { byInode }]) =>
      [...byInode].map(([inode, count]) => ({ inode, page: node - inode.arrayIndex, count })),
    );
  }

  /** What the driver has: one file and one count a node. */
  nodes(): readonly ProfiledPage[] {
    return this.#inOrder().map(([node, { last, byInode }]) => ({
      inode: last,
      page: node - last.arrayIndex,
      count: [...byInode.values()].reduce((sum, count) => sum + count, 0),
    }));
  }

  #inOrder(): readonly [number, NodeCount][] {
    return [...this.#nodes].sort(([a], [b]) => a - b);
  }

  /**
   * The page list: a line `./path,offset,count` a page, offset in bytes. The builder takes it.
   *
   * @throws AxfsError EINVAL for a path with a newline, which the list cannot hold; EIO when the tree is damaged.
   */
  format(): ByteString {
    return this.#lines(this.pages(), (path) => {
      if (path.includes('\n'))
        throw new AxfsError(
          'EINVAL',
          `${this.#volume.name}: ${toPrintable(path)}: a page list holds no path with a newline`,
        );
      return `./${path}`;
    });
  }

  /**
   * The list as the original driver prints it: of the directories on a path only the last one, and `./` only
   * in front of files in the root.
   *
   * @throws AxfsError EIO when the tree is damaged.
   */
  formatAsDriver(): ByteString {
    return this.#lines(this.nodes(), (path) =>
      path.includes('/') ? path.split('/').slice(-2).join('/') : `./${path}`,
    );
  }

  #lines(pages: readonly ProfiledPage[], printed: (path: ByteString) => string): ByteString {
    const paths = new Map<InodeNumber, ByteString>();
    for (const { path, inode } of this.#volume.walk()) paths.set(inode.number, path);
    let text = '';
    for (const { inode, page, count } of pages) {
      const path = paths.get(inode.number);
      if (path === undefined)
        throw new AxfsError(
          'EIO',
          `${this.#volume.name}: inode ${String(inode.number)} is in no directory`,
        );
      text += `${printed(path)},${String(page * PAGE_SIZE)},${String(count)}\n`;
    }
    return text as ByteString;
  }
}
