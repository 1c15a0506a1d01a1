/**
 * Trees as sources of `mkfs.axfs`: tar and cpio archives, and directories of this machine, each with what it
 * cannot hold of a tree.
 *
 * @module
 */
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ArchiveEntry } from '../../src/archive/entry.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { createNodeHost } from '../../src/host/node-host.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';
import { archiveContent, cpioOf, tarOf } from './archives.ts';
import { entriesBelow } from './random-tree.ts';

/** A kind of source. */
export interface TreeSource {
  readonly name: string;
  /** What is left of a tree in such a source. */
  holds(tree: TreeDirectory): TreeDirectory;
  /** Makes the source of a tree that it holds, below a directory of this test; gives its path. */
  write(tree: TreeDirectory, folder: string): Promise<string>;
}

/** A tree whose entries, the root too, went through `change`; hard links stay hard links. */
export function changed(
  tree: TreeDirectory,
  change: (entry: TreeEntry) => TreeEntry | undefined,
): TreeDirectory {
  const known = new Map<TreeEntry, TreeEntry | undefined>();
  const once = (entry: TreeEntry): TreeEntry | undefined => {
    if (!known.has(entry)) known.set(entry, change(entry));
    return known.get(entry);
  };
  const inside = (directory: TreeDirectory): TreeDirectory => ({
    ...directory,
    ...(change({ ...directory, entries: new Map() }) as TreeDirectory),
    entries: new Map(
      [...directory.entries].flatMap(([name, entry]) => {
        const kept = entry.type === 'dir' ? inside(entry) : once(entry);
        return kept === undefined ? [] : [[name, kept] as const];
      }),
    ),
  });
  return inside(tree);
}

/** An archive's entries: the root, then everything in the order of the maps. */
function archiveEntries(tree: TreeDirectory): readonly ArchiveEntry[] {
  const first = new Map<TreeEntry, ByteString>();
  return [['' as ByteString, tree] as const, ...entriesBelow(tree)].map(
    ([path, entry]): ArchiveEntry => {
      const { mode, uid, gid } = entry;
      const metadata = { path, mode, uid, gid, mtime: 5 };
      const linkTarget = first.get(entry);
      if (linkTarget !== undefined) return { ...metadata, type: 'hardlink', linkTarget };
      first.set(entry, path);
      switch (entry.type) {
        case 'file':
          return { ...metadata, type: 'file', content: archiveContent(bytesOf(entry)) };
        case 'symlink':
          return { ...metadata, type: 'symlink', linkTarget: entry.target };
        case 'char':
        case 'block':
          return { ...metadata, type: entry.type, rdev: entry.rdev };
        case 'dir':
        case 'fifo':
        case 'socket':
          return { ...metadata, type: entry.type };
      }
    },
  );
}

function bytesOf(entry: TreeEntry): Uint8Array {
  if (entry.type !== 'file' || !(entry.content instanceof Uint8Array))
    throw new TypeError('a file in memory is expected');
  return entry.content;
}

function writtenTo(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  fs.writeFileSync(path, bytes);
  return Promise.resolve(path);
}

// --- directories ----------------------------------------------------------------------------------------

/** What this process may do below `folder`: give files away, make devices. */
export function powersIn(folder: string): { readonly owns: boolean; readonly makes: boolean } {
  const can = (name: string, call: (path: string) => void): boolean => {
    const path = join(folder, name);
    try {
      call(path);
      return true;
    } catch {
      return false;
    } finally {
      fs.rmSync(path, { force: true });
    }
  };
  const tree = createNodeHost().tree;
  return {
    owns: can('owned', (path) => {
      fs.writeFileSync(path, '');
      fs.chownSync(path, ID_MAX, ID_MAX);
    }),
    makes: can('device', (path) => {
      tree.makeSpecial(path as ByteString, { type: 'char', major: 1, minor: 3 });
    }),
  };
}

/** The highest id that a file can have: the next one means none. */
const ID_MAX = 2 ** 32 - 2;

const isDevice = ({ type }: TreeEntry): boolean => type === 'char' || type === 'block';

/** Directories below `folder`, as this process can make and read them. */
function directories(folder: string): TreeSource {
  const { owns, makes } = powersIn(folder);
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Without rights, a file must be readable by its owner to be packed.
  const right = (entry: TreeEntry): number => (entry.mode % 0o1000) | 0o700;
  return {
    name: 'directory',
    holds: (tree) =>
      changed(tree, (entry) => {
        const isWhiteout = entry.type === 'char' && entry.rdev.major + entry.rdev.minor === 0;
        if (isDevice(entry) && (!makes || isWhiteout)) return undefined;
        const { uid, gid } = entry;
        const owner = owns ? { uid: Math.min(uid, ID_MAX), gid: Math.min(gid, ID_MAX) } : user;
        const mode = entry.type === 'symlink' ? 0o777 : owns ? entry.mode : right(entry);
        return { ...entry, ...owner, mode };
      }),
    write: async (tree, at) => {
      const path = join(at, 'tree');
      await makeEntry(tree, path as ByteString, { at, made: new Map() });
      return path;
    },
  };
}

/** Where a directory is being made, and paths of what stands in it already. */
interface Making {
  readonly at: string;
  readonly made: Map<TreeEntry, ByteString>;
}

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

async function makeEntry(entry: TreeEntry, path: ByteString, making: Making): Promise<void> {
  const there = making.made.get(entry);
  if (there !== undefined) {
    fs.linkSync(native(there), native(path));
    return;
  }
  making.made.set(entry, path);
  await makeInode(entry, path, making);
  fs.lchownSync(native(path), entry.uid, entry.gid);
  if (entry.type !== 'symlink') fs.chmodSync(native(path), entry.mode);
}

async function makeInode(entry: TreeEntry, path: ByteString, making: Making): Promise<void> {
  switch (entry.type) {
    case 'dir':
      fs.mkdirSync(native(path));
      for (const [name, child] of entry.entries)
        await makeEntry(child, `${path}/${name}` as ByteString, making);
      return;
    case 'file':
      makeSparse(native(path), bytesOf(entry));
      return;
    case 'symlink':
      fs.symlinkSync(native(entry.target), native(path));
      return;
    case 'socket':
      await makeSocket(native(path), making.at);
      return;
    case 'char':
    case 'block':
      createNodeHost().tree.makeSpecial(path, { type: entry.type, ...entry.rdev });
      return;
    case 'fifo':
      createNodeHost().tree.makeSpecial(path, { type: 'fifo' });
  }
}

const HOLE = 4096;

/** A file with a hole wherever a page holds only zeros. */
function makeSparse(path: Buffer, bytes: Uint8Array): void {
  const file = fs.openSync(path, 'wx');
  try {
    fs.ftruncateSync(file, bytes.length);
    for (let at = 0; at < bytes.length; at += HOLE) {
      const page = bytes.subarray(at, at + HOLE);
      if (page.some((byte) => byte !== 0)) fs.writeSync(file, page, 0, page.length, at);
    }
  } finally {
    fs.closeSync(file);
  }
}

/** Node makes sockets at paths that are text: a plain one, which then gets its name. */
async function makeSocket(path: Buffer, folder: string): Promise<void> {
  const plain = join(folder, 's');
  const server = createServer();
  server.listen(plain);
  await once(server, 'listening');
  fs.renameSync(plain, path);
  server.close();
  await once(server, 'close');
}

/** The kinds of sources; directories are made below `folder`. */
export const treeSources = (folder: string): readonly TreeSource[] => [
  {
    name: 'tar',
    holds: (tree) => changed(tree, (entry) => (entry.type === 'socket' ? undefined : entry)),
    write: (tree, at) => writtenTo(at, 'tree.tar', tarOf(...archiveEntries(tree))),
  },
  {
    name: 'cpio',
    holds: (tree) => tree,
    write: (tree, at) => writtenTo(at, 'tree.cpio', cpioOf(...archiveEntries(tree))),
  },
  directories(folder),
];
