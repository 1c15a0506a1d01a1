/**
 * What an image must hold by the options that it was built with, said again without the builder: the tree,
 * and which pages are executed in place.
 *
 * @module
 */
import type { ByteString } from '../../src/base/bytestring.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';
import { PROGRAMS, entriesBelow } from './random-tree.ts';
import { driverName, xipRow } from './writer-options.ts';
import type { Excluded, WriterOptions } from './writer-options.ts';

const PAGE = 4096;

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const MATCHES: Readonly<
  Record<Excluded['by'], (pattern: string, path: string, isDirectory: boolean) => boolean>
> = {
  path: (pattern, path) => path === pattern,
  name: (pattern, path) => nameIn(path) === nameIn(pattern),
  directory: (pattern, path, isDirectory) => isDirectory && nameIn(path) === nameIn(pattern),
  ending: (pattern, path) => path.endsWith(pattern.slice(-1)),
};

/** What the table in writer-options.ts makes. */
const made = {
  type: 'dir',
  ...{ mode: 0o700, uid: 8, gid: 9 },
  entries: new Map<ByteString, TreeEntry>([
    ...[0, 1, 2].map((number): [ByteString, TreeEntry] => [
      `tty${String(number)}` as ByteString,
      {
        ...{ type: 'char', mode: 0o620, uid: 0, gid: 5 },
        rdev: { major: 4, minor: 64 + number },
      },
    ]),
    ['pipe' as ByteString, { type: 'fifo', mode: 0o600, uid: 1, gid: 1 }],
  ]),
} as const satisfies TreeDirectory;

/** The tree that an image of `tree` has. */
export function expectedTree(
  tree: TreeDirectory,
  { exclude, owner, deviceTable }: WriterOptions,
): TreeDirectory {
  const owned = <T extends TreeEntry>(entry: T): T => ({
    ...entry,
    uid: owner.isAllRoot === true ? 0 : (owner.uid ?? entry.uid),
    gid: owner.isAllRoot === true ? 0 : (owner.gid ?? entry.gid),
  });
  const kept = (directory: TreeDirectory, path: string): TreeDirectory => {
    const entries = new Map<ByteString, TreeEntry>();
    for (const [name, entry] of directory.entries) {
      const below = path === '' ? name : `${path}/${name}`;
      const isDirectory = entry.type === 'dir';
      if (exclude.some(({ by, path: pattern }) => MATCHES[by](pattern, below, isDirectory)))
        continue;
      entries.set(name, isDirectory ? kept(entry, below) : owned(entry));
    }
    return { ...owned(directory), entries };
  };
  const root = kept(tree, '');
  if (!deviceTable) return root;
  const entries = new Map([...root.entries, ['made-by-table' as ByteString, made]]);
  return { ...root, entries, mode: 0o2755, uid: 3, gid: 4 };
}

/** Pages of one file that are selected. */
type Selected = (page: number) => boolean;

/** Pages by path that lines of the list select; `isMarked`: only lines that say a page was written. */
function listedPages(
  tree: TreeDirectory,
  options: WriterOptions,
  isMarked: boolean,
): ReadonlyMap<string, ReadonlySet<number>> {
  const pages = new Map<string, Set<number>>();
  for (const { path, offset, isWritten } of options.lines) {
    if (isMarked && !isWritten) continue;
    const meant = xipRow(options).isDriver === true ? meantBy(tree, path, offset) : path;
    if (meant === undefined) continue;
    const first = Math.floor(offset / PAGE);
    const known = pages.get(meant) ?? new Set();
    pages.set(meant, known.add(first).add(offset % PAGE === 0 ? first : first + 1));
  }
  return pages;
}

/** The one file that a line of the driver means; a line that means none stays as it is. */
function meantBy(tree: TreeDirectory, name: ByteString, offset: number): string | undefined {
  const meant = [...entriesBelow(tree)].filter(
    ([path, entry]) =>
      entry.type === 'file' &&
      (driverName(path) === name || path === name) &&
      offset < bytesOf(entry).length,
  );
  return meant.length > 1 ? undefined : (meant[0]?.[0] ?? name);
}

const bytesOf = (entry: TreeEntry): Uint8Array => {
  if (entry.type !== 'file' || !(entry.content instanceof Uint8Array))
    throw new TypeError('a file in memory is expected');
  return entry.content;
};

const isProgram = (entry: TreeEntry): boolean =>
  Math.floor(entry.mode / 0o100) % 2 === 1 &&
  Buffer.from(bytesOf(entry).subarray(0, 4)).toString('latin1') === '\x7fELF';

/** Says for each file of the image's tree which pages are selected, a budget aside. */
export function selectionOf(
  tree: TreeDirectory,
  options: WriterOptions,
): (path: ByteString, entry: TreeEntry) => Selected {
  const { isAll, isElf, listed } = xipRow(options);
  const pages = listedPages(tree, options, false);
  const marked = listedPages(tree, options, true);
  return (path, entry) => {
    const known = pages.get(path);
    const isEntire =
      isAll === true ||
      (isElf === true && isProgram(entry)) ||
      (listed === 'files' && known !== undefined);
    const program = PROGRAMS.find(({ content }) => content === bytesOf(entry));
    return (page) => {
      const isBarred =
        options.excludeWritten &&
        (marked.get(path)?.has(page) === true || program?.written.has(page) === true);
      return !isBarred && (isEntire || (listed === 'pages' && known?.has(page) === true));
    };
  };
}

/** A partial last page that is selected gets a page of the XIP region. */
export const hasXipTails = (options: WriterOptions): boolean =>
  options.xipTails || (xipRow(options).isAll === true && !options.excludeWritten);

/** The bytes of the pages of a file or symlink. */
export function pagesOfEntry(entry: TreeEntry): readonly Uint8Array[] {
  const bytes = entry.type === 'symlink' ? Buffer.from(entry.target, 'latin1') : bytesOf(entry);
  return Array.from({ length: Math.ceil(bytes.length / PAGE) }, (_, page) =>
    bytes.subarray(page * PAGE, (page + 1) * PAGE),
  );
}

/** The files of a tree in the order in which a sort list has their pages placed. */
export function placementOf(
  inodes: readonly { readonly path: string; readonly number: number }[],
  sort: WriterOptions['sort'],
): readonly number[] {
  const priorityOf = (path: string): number => {
    // The line of the path itself, or of the nearest directory above it; the last of several.
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const line = sort?.findLast((one) => one.path === at);
      if (line !== undefined) return line.priority;
    }
    return 0;
  };
  return [...inodes]
    .sort((a, b) => priorityOf(b.path) - priorityOf(a.path) || a.number - b.number)
    .map(({ number }) => number);
}
