/**
 * Changes to a whole tree before it becomes an image, each from a tree to a new tree: owners, what to leave
 * out, what a device table says. Hard links stay hard links: a change under one name is one under all.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { DeviceTableRow } from './device-table.ts';
import { compileGlob } from './glob.ts';
import { growingCopy, newDirectory, placeOf, setMetadata } from './growing-tree.ts';
import type { GrowingDirectory, GrowingEntry } from './growing-tree.ts';
import { checkEntry, checkName, joinPath, sortedEntries } from './tree.ts';
import type { TreeDirectory, TreeEntry } from './tree.ts';

/** Owners to give; one left out stays as it is. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Gives every entry, the root too, this owner.
 *
 * @throws AxfsError EINVAL for an id that is not a whole number from 0 to 2^32-1.
 */
export function setOwner(tree: TreeDirectory, { uid, gid }: Owner): TreeDirectory {
  const copy = growingCopy(tree);
  const give = (entry: GrowingEntry): void => {
    entry.uid = uid ?? entry.uid;
    entry.gid = gid ?? entry.gid;
    if (entry.type === 'dir') for (const below of entry.entries.values()) give(below);
  };
  give(copy);
  checkEntry(copy, '' as ByteString);
  return copy;
}

/** Gives everything to root, as mksquashfs -all-root does: uid 0, gid 0; modes stay. */
export const allRoot = (tree: TreeDirectory): TreeDirectory => setOwner(tree, { uid: 0, gid: 0 });

/** What one pattern left out. */
export interface ExcludedPattern {
  readonly pattern: ByteString;
  /** Paths that it matched, in the order of the tree; what is below a matched directory is not listed. */
  readonly paths: readonly ByteString[];
  /** Entries that went, with everything below matched directories. */
  readonly entries: number;
}

/** A tree without what patterns matched. */
export interface ExcludedTree {
  readonly tree: TreeDirectory;
  /** One row a pattern, in their order; a pattern that matched nothing has no paths. */
  readonly matched: readonly ExcludedPattern[];
}

/**
 * Leaves out what shell patterns match ({@link compileGlob}); a matched directory goes with everything below.
 *
 * @throws AxfsError EINVAL naming a pattern that is none.
 */
export function exclude(tree: TreeDirectory, patterns: readonly ByteString[]): ExcludedTree {
  const rows = patterns.map((pattern) => ({
    pattern,
    matches: compileGlob(pattern),
    paths: [] as ByteString[],
    entries: 0,
  }));
  const keep = (directory: TreeDirectory, path: ByteString): TreeDirectory => {
    const entries = new Map<ByteString, TreeEntry>();
    for (const [name, entry] of sortedEntries(directory)) {
      const full = joinPath(path, name);
      const hits = rows.filter((row) => row.matches(full, entry.type === 'dir'));
      for (const row of hits) {
        row.paths.push(full);
        row.entries += countEntries(entry);
      }
      if (hits.length === 0) entries.set(name, entry.type === 'dir' ? keep(entry, full) : entry);
    }
    return { ...directory, entries };
  };
  return {
    tree: keep(tree, '' as ByteString),
    matched: rows.map(({ pattern, paths, entries }) => ({ pattern, paths, entries })),
  };
}

function countEntries(entry: TreeEntry): number {
  let count = 0;
  const waiting = [entry];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    count += 1;
    if (next.type === 'dir') for (const below of next.entries.values()) waiting.push(below);
  }
  return count;
}

/**
 * Does what the rows of a device table say, in their order, as genext2fs(8) does: rows for files and symlinks
 * change what is there, others create what is missing and change what is there of the same type.
 *
 * @throws AxfsError `FILE:LINE: …`: ENOENT for a file that is not there or a directory on the way that is
 * missing, ENOTDIR for something else on the way, EEXIST for an entry of another type, EINVAL for a name or
 * number that an image cannot hold.
 */
export function applyDeviceTable(
  tree: TreeDirectory,
  rows: readonly DeviceTableRow[],
): TreeDirectory {
  const root = growingCopy(tree);
  for (const row of rows) applyRow(root, row);
  return root;
}

/** Rows of these types only change what is there. */
const MUST_EXIST: ReadonlySet<string> = new Set(['file', 'symlink']);

function applyRow(root: GrowingDirectory, row: DeviceTableRow): void {
  const { path, type, where } = row;
  const shown = toPrintable(path);
  const refuse = (code: AxfsError['code'], what: string): AxfsError =>
    new AxfsError(code, `${where}: ${what}`);
  if (path === '') {
    if (type !== 'dir') throw refuse('EEXIST', `/ is a dir, expected type d, not ${type}`);
    setMetadata(root, row);
    return;
  }
  const place = placeOf(root, path, () => undefined);
  if (!('parent' in place)) {
    const { entry } = place;
    const what = entry === undefined ? 'does not exist' : `is a ${entry.type}`;
    const code = entry === undefined ? 'ENOENT' : 'ENOTDIR';
    throw refuse(code, `/${toPrintable(place.path)} ${what}, expected a dir to hold /${shown}`);
  }
  const { parent, name } = place;
  const there = parent.entries.get(name);
  if (there !== undefined && there.type !== type)
    throw refuse('EEXIST', `/${shown} is a ${there.type}, expected a ${type}`);
  if (there === undefined && MUST_EXIST.has(type))
    throw refuse('ENOENT', `/${shown} does not exist, expected a ${type}`);
  const made = there ?? newEntry(row);
  if ('rdev' in made && row.rdev !== undefined) made.rdev = row.rdev;
  setMetadata(made, row);
  try {
    checkName(name, path);
    checkEntry(made, path);
  } catch (error) {
    throw error instanceof AxfsError ? refuse(error.code, error.message) : error;
  }
  parent.entries.set(name, made);
}

function newEntry({ type, mode, uid, gid, rdev }: DeviceTableRow): GrowingEntry {
  const metadata = { mode, uid, gid };
  if (type === 'char' || type === 'block')
    return { ...metadata, type, rdev: rdev ?? { major: 0, minor: 0 } };
  return type === 'fifo' || type === 'socket' ? { ...metadata, type } : newDirectory();
}
