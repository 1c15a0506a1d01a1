/**
 * A tree from the entries of an archive, as unpacking it would leave one behind, without a disk in between:
 * owners, modes and devices are exactly the archive's, whoever runs this.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { ByteString } from '../base/bytestring.ts';
import { shownPath } from '../archive/entry.ts';
import type { ArchiveEntry, ArchiveHardlink, ArchiveInode } from '../archive/entry.ts';
import { newDirectory, placeOf, setMetadata } from './growing-tree.ts';
import type { GrowingDirectory, GrowingEntry, TreePlace } from './growing-tree.ts';
import { checkEntry, checkName } from './tree.ts';
import type { TreeDirectory } from './tree.ts';

/**
 * Builds the tree. Directories that no entry describes are made (0755, owner 0). A later entry of the same
 * path replaces the earlier; a directory keeps its entries. A hard link stands for the same object as its
 * target at that moment.
 *
 * @param name what messages call the archive; printable text.
 * @throws AxfsError `NAME: entry PATH: …`: ENOENT for a hard link without a target, naming both; ENOTDIR for
 * an entry below something else than a directory; EISDIR for one that replaces a directory with entries;
 * EINVAL for a name or number that an image cannot hold.
 */
export function treeFromArchive(entries: Iterable<ArchiveEntry>, name: string): TreeDirectory {
  const root = newDirectory();
  for (const entry of entries) {
    const refuse: Refuse = (code, what) =>
      new AxfsError(code, `${name}: entry ${shownPath(entry.path)}: ${what}`);
    if (entry.path === '') {
      if (entry.type !== 'dir') throw refuse('ENOTDIR', `the root is a ${entry.type}, not a dir`);
      setMetadata(root, checked(entry, entry.path, name));
      continue;
    }
    const place = placeIn(root, entry.path, refuse, name);
    if (entry.type === 'hardlink') addLink(root, place, entry, refuse);
    else add(place, checked(entry, entry.path, name), refuse);
  }
  return root;
}

type Refuse = (code: AxfsError['code'], what: string) => AxfsError;

function placeIn(
  root: GrowingDirectory,
  path: ByteString,
  refuse: Refuse,
  archive: string,
): TreePlace {
  for (const part of path.split('/') as ByteString[])
    inArchive(archive, () => {
      checkName(part, path);
    });
  const place = placeOf(root, path, newDirectory);
  if ('parent' in place) return place;
  throw refuse(
    'ENOTDIR',
    `${shownPath(place.path)} is a ${place.entry?.type ?? 'file'}, expected a dir to hold it`,
  );
}

function add({ parent, name }: TreePlace, entry: GrowingEntry, refuse: Refuse): void {
  const there = parent.entries.get(name);
  if (there?.type === 'dir') {
    if (entry.type === 'dir') {
      setMetadata(there, entry);
      return;
    }
    if (there.entries.size > 0)
      throw refuse(
        'EISDIR',
        `a ${entry.type} where a dir with ${String(there.entries.size)} entries is, expected a dir`,
      );
  }
  parent.entries.set(name, entry);
}

function addLink(
  root: GrowingDirectory,
  place: TreePlace,
  { linkTarget }: ArchiveHardlink,
  refuse: Refuse,
): void {
  const found = linkTarget === '' ? undefined : placeOf(root, linkTarget, () => undefined);
  const target =
    found !== undefined && 'parent' in found ? found.parent.entries.get(found.name) : undefined;
  if (target === undefined && linkTarget !== '')
    throw refuse('ENOENT', `hard link to ${shownPath(linkTarget)}, expected an earlier entry`);
  if (target === undefined || target.type === 'dir')
    throw refuse('EISDIR', `hard link to ${shownPath(linkTarget)}, expected no directory`);
  add(place, target, refuse);
}

/** The tree's entry for an archive's, its numbers checked. */
function checked(entry: ArchiveInode, path: ByteString, archive: string): GrowingEntry {
  const made = treeEntry(entry);
  inArchive(archive, () => {
    checkEntry(made, path);
  });
  return made;
}

function treeEntry(entry: ArchiveInode): GrowingEntry {
  const { mode, uid, gid } = entry;
  const metadata = { mode, uid, gid };
  switch (entry.type) {
    case 'dir':
      return { ...newDirectory(), ...metadata };
    case 'file':
      return { ...metadata, type: entry.type, content: entry.content };
    case 'symlink':
      return { ...metadata, type: entry.type, target: entry.linkTarget };
    case 'char':
    case 'block':
      return { ...metadata, type: entry.type, rdev: entry.rdev };
    case 'fifo':
    case 'socket':
      return { ...metadata, type: entry.type };
  }
}

/** Puts the archive's name before what a check of the tree says. */
function inArchive(archive: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof AxfsError)
      throw new AxfsError(error.code, `${archive}: entry ${error.message}`);
    throw error;
  }
}
