/**
 * First stage: the tree becomes numbered inodes. Numbers are breadth-first; rows of the mode table appear
 * in depth-first order (format description, sections 5 to 5.2). Both orders are the original builder's.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { toPrintable } from '../base/bytestring.ts';
import { PAGE_SIZE, pagesOf } from '../base/units.ts';
import { encodeRdev } from '../ondisk/mode.ts';
import { checkEntry, checkName, joinPath, modeOf, sizeOf, sortedEntries } from './tree.ts';
import type { TreeDirectory, TreeEntry } from './tree.ts';

/** Name of the root in the strings region; readers ignore it. */
const ROOT_NAME = './' as ByteString;
/** Files of this size and more do not fit the original's 4-byte table. */
const COMPAT_FILE_SIZE_LIMIT = 2 ** 32;

/**
 * Most pages of an image, 128 GiB of contents; tables of nodes take some 50 bytes of memory for each while an
 * image is built. The format itself ends at 2^32 nodes, where the builder's numbers of 32 bits do.
 */
export const PAGES_MAX = 2 ** 25;

/** An inode before its pages are stored. */
export interface PlannedInode {
  /** Path in the tree; empty for the root. */
  readonly path: ByteString;
  readonly name: ByteString;
  readonly entry: TreeEntry;
  /** Value of `inode_file_size`. */
  readonly fileSize: number;
  /** Value of `inode_num_entries`: children or pages. */
  readonly numEntries: number;
  /** First child; or number of the first page, which is its node where nothing is shared or reordered. */
  readonly arrayIndex: number;
  /** Row of the mode table. */
  readonly modeIndex: number;
}

/** A row of the tables `modes`, `uids` and `gids`. */
export interface ModeRow {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** All inodes, by number, and what they share. */
export interface InodePlan {
  readonly inodes: readonly PlannedInode[];
  readonly modes: readonly ModeRow[];
  /** Pages of files and symlinks: nodes, where nothing is shared. */
  readonly blocks: number;
}

/**
 * Numbers the inodes of a tree.
 *
 * @throws AxfsError EINVAL naming an entry that cannot be stored; EFBIG naming the file with which there are
 * more than {@link PAGES_MAX} pages, or, in `compat`, a file of 4 GiB or more, which the original builder would
 * truncate.
 */
export function planInodes(root: TreeDirectory, compat: boolean): InodePlan {
  const modes = planModes(root);
  const inodes: PlannedInode[] = [];
  const waiting: { path: ByteString; name: ByteString; entry: TreeEntry }[] = [
    { path: '' as ByteString, name: ROOT_NAME, entry: root },
  ];
  let blocks = 0;
  // The list grows while it is walked: it is the queue of the breadth-first numbering.
  for (const { path, name, entry } of waiting) {
    const modeIndex = modes.indexOf(entry);
    const common = { path, name, entry, modeIndex };
    if (entry.type === 'dir') {
      const children = sortedEntries(entry);
      const arrayIndex = children.length === 0 ? blocks : waiting.length;
      for (const [childName, child] of children)
        waiting.push({ path: joinPath(path, childName), name: childName, entry: child });
      const fileSize = children.reduce((sum, [childName]) => sum + childName.length + 1, 0);
      inodes.push({ ...common, fileSize, numEntries: children.length, arrayIndex });
    } else {
      const fileSize = fileSizeOf(entry);
      const pages = entry.type === 'file' || entry.type === 'symlink' ? pagesOf(fileSize) : 0;
      if (compat && fileSize >= COMPAT_FILE_SIZE_LIMIT)
        throw new AxfsError(
          'EFBIG',
          `${toPrintable(path)}: ${String(fileSize)} bytes, the original format holds at most ${String(COMPAT_FILE_SIZE_LIMIT - 1)}`,
        );
      inodes.push({ ...common, fileSize, numEntries: pages, arrayIndex: blocks });
      blocks += pages;
      if (blocks > PAGES_MAX)
        throw new AxfsError(
          'EFBIG',
          `${toPrintable(path)}: with its ${String(fileSize)} bytes there are ${String(blocks)} pages of contents, expected at most ${String(PAGES_MAX)} (${String((PAGES_MAX * PAGE_SIZE) / 2 ** 30)} GiB)`,
        );
    }
  }
  assert(
    inodes.length === waiting.length,
    () => `every entry has an inode: ${String(inodes.length)} of ${String(waiting.length)}`,
  );
  return { inodes, modes: modes.rows, blocks };
}

function fileSizeOf(entry: Exclude<TreeEntry, TreeDirectory>): number {
  switch (entry.type) {
    case 'file':
      return sizeOf(entry.content);
    case 'symlink':
      return entry.target.length;
    case 'char':
    case 'block':
      return encodeRdev(entry.rdev);
    case 'fifo':
    case 'socket':
      return 0;
  }
}

/** Walks depth first, children by name; checks every entry on the way. */
function planModes(root: TreeDirectory): {
  readonly rows: readonly ModeRow[];
  indexOf(entry: TreeEntry): number;
} {
  const rows: ModeRow[] = [];
  const indexes = new Map<string, number>();
  const keyOf = (entry: TreeEntry): string =>
    `${String(modeOf(entry))},${String(entry.uid)},${String(entry.gid)}`;
  const stack: { path: ByteString; entry: TreeEntry }[] = [{ path: '' as ByteString, entry: root }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { path, entry } = next;
    checkEntry(entry, path);
    const key = keyOf(entry);
    if (!indexes.has(key)) {
      indexes.set(key, rows.length);
      rows.push({ mode: modeOf(entry), uid: entry.uid, gid: entry.gid });
    }
    if (entry.type !== 'dir') continue;
    for (const [name, child] of sortedEntries(entry).toReversed()) {
      const childPath = joinPath(path, name);
      checkName(name, childPath);
      stack.push({ path: childPath, entry: child });
    }
  }
  return {
    rows,
    indexOf(entry) {
      const index = indexes.get(keyOf(entry));
      assert(index !== undefined, () => `every entry was met by the mode walk: ${keyOf(entry)}`);
      return index;
    },
  };
}
