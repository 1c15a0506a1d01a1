/**
 * A tree while it is put together: entries whose metadata may still change, and directories that grow. An
 * object that stands under several names is one inode with hard links.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { joinPath } from './tree.ts';
import type { Metadata, TreeDirectory, TreeEntry } from './tree.ts';

type Changeable<T> = T extends unknown ? { -readonly [Key in keyof T]: T[Key] } : never;

/** A directory that may change. */
export interface GrowingDirectory extends Changeable<Metadata> {
  readonly type: 'dir';
  readonly entries: Map<ByteString, GrowingEntry>;
}

/** An entry that may change. */
export type GrowingEntry = GrowingDirectory | Changeable<Exclude<TreeEntry, TreeDirectory>>;

/** Directories that nobody described: 0755, owner 0. */
export const newDirectory = (): GrowingDirectory => ({
  type: 'dir',
  mode: 0o755,
  uid: 0,
  gid: 0,
  entries: new Map<ByteString, GrowingEntry>(),
});

/** Gives an entry other permissions and another owner, under all its names. */
export function setMetadata(entry: GrowingEntry, { mode, uid, gid }: Metadata): void {
  entry.mode = mode;
  entry.uid = uid;
  entry.gid = gid;
}

/** A copy that may change while the tree does not; hard links stay hard links. */
export function growingCopy(tree: TreeDirectory): GrowingDirectory {
  const copies = new Map<TreeEntry, GrowingEntry>();
  const emptied = (directory: TreeDirectory): GrowingDirectory => ({
    ...directory,
    entries: new Map<ByteString, GrowingEntry>(),
  });
  const root = emptied(tree);
  // No recursion: a path of an archive may have some two thousand directories.
  const waiting = [{ from: tree, to: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const [name, entry] of next.from.entries) {
      const copy = copies.get(entry) ?? (entry.type === 'dir' ? emptied(entry) : { ...entry });
      if (entry.type !== 'dir') copies.set(entry, copy);
      else if (copy.type === 'dir') waiting.push({ from: entry, to: copy });
      next.to.entries.set(name, copy);
    }
  return root;
}

/** Where a path ends: the directory that holds its last component, which need not exist. */
export interface TreePlace {
  readonly parent: GrowingDirectory;
  readonly name: ByteString;
}

/** A component on the way that is missing, or is not a directory. */
export interface Obstacle {
  readonly path: ByteString;
  /** `undefined` when nothing is there. */
  readonly entry: Exclude<GrowingEntry, GrowingDirectory> | undefined;
}

/**
 * Follows a path, which is not the root's, down to the directory that holds its end. `missing` makes a
 * directory on the way, or gives `undefined`.
 */
export function placeOf(
  root: GrowingDirectory,
  path: ByteString,
  missing: () => GrowingDirectory | undefined,
): TreePlace | Obstacle {
  const parts = path.split('/') as ByteString[];
  const name = parts.pop() ?? ('' as ByteString);
  let parent = root;
  let done = '' as ByteString;
  for (const part of parts) {
    done = joinPath(done, part);
    const there = parent.entries.get(part) ?? missing();
    if (there?.type !== 'dir') return { path: done, entry: there };
    parent.entries.set(part, there);
    parent = there;
  }
  return { parent, name };
}
