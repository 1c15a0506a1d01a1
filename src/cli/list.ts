/**
 * `axfs ls`: directories of an image, as ls(1) prints them.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { modeText } from '../ondisk/mode.ts';
import { textTable } from '../report/table.ts';
import { metadataEntry } from './manifest.ts';
import type { ManifestEntry } from './manifest.ts';

/** Options of `ls`, by ls(1)'s letters. */
export interface ListOptions {
  readonly long: boolean;
  readonly recursive: boolean;
}

/** An inode under the name it is listed by. */
interface Row {
  readonly name: ByteString;
  readonly inode: Inode;
}

const COLUMNS = ['left', 'right', 'right', 'right', 'left'] as const;

/** `size`, or `major, minor` of a device. */
const sizeColumn = (inode: Inode): string =>
  inode.rdev === undefined
    ? String(inode.size)
    : `${String(inode.rdev.major)}, ${String(inode.rdev.minor)}`;

function rowLines(volume: AxfsVolume, rows: readonly Row[], long: boolean): readonly string[] {
  if (!long) return rows.map(({ name }) => toPrintable(name));
  const cells = rows.map(({ name, inode }) => [
    modeText(inode.mode),
    String(inode.uid),
    String(inode.gid),
    sizeColumn(inode),
    inode.type === 'symlink'
      ? `${toPrintable(name)} -> ${toPrintable(volume.readlink(inode))}`
      : toPrintable(name),
  ]);
  return textTable(
    COLUMNS.map((align) => ({ title: '', align })),
    cells,
  ).slice(2);
}

const childRows = (volume: AxfsVolume, directory: Inode): readonly Row[] =>
  volume.readdir(directory).map(({ name, number }) => ({ name, inode: volume.inodes.get(number) }));

/**
 * Lines for `paths`: files first, then each directory under a heading when there is more than one.
 *
 * @throws AxfsError ENOENT, ENOTDIR, ELOOP, EIO.
 */
export function listLines(
  volume: AxfsVolume,
  paths: readonly string[],
  { long, recursive }: ListOptions,
): readonly string[] {
  const named = paths.map((path) => {
    const name = fromText(path);
    return { name, inode: volume.resolve(name, !long) };
  });
  const files = named.filter(({ inode }) => inode.type !== 'dir');
  const directories = named.filter(({ inode }) => inode.type === 'dir');
  const lines = [...rowLines(volume, files, long)];
  const withHeadings = recursive || named.length > 1;
  const pending = [...directories].reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { name } = next;
    const rows = childRows(volume, next.inode);
    if (withHeadings) lines.push(...(lines.length > 0 ? [''] : []), `${toPrintable(name)}:`);
    lines.push(...rowLines(volume, rows, long));
    if (!recursive) continue;
    const prefix = name.endsWith('/') ? name : `${name}/`;
    pending.push(
      ...rows
        .filter(({ inode }) => inode.type === 'dir')
        .map((row) => ({ name: `${prefix}${row.name}` as ByteString, inode: row.inode }))
        .reverse(),
    );
  }
  return lines;
}

/** Entries for `paths` (and, with `recursive`, below them) as values for JSON. */
export function listJson(
  volume: AxfsVolume,
  paths: readonly string[],
  recursive: boolean,
): readonly ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  const add = (path: ByteString, inode: Inode): void => {
    entries.push(metadataEntry(volume, path, inode));
    if (inode.type === 'dir' && recursive) addChildren(path, inode);
  };
  const addChildren = (path: ByteString, directory: Inode): void => {
    const prefix = path === '.' ? '' : path.endsWith('/') ? path : `${path}/`;
    for (const { name, inode } of childRows(volume, directory))
      add(`${prefix}${name}` as ByteString, inode);
  };
  for (const text of paths) {
    const path = fromText(text);
    const inode = volume.resolve(path, false);
    if (inode.type === 'dir') addChildren(path, inode);
    else add(path, inode);
  }
  return entries;
}
