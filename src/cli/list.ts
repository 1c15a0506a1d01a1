/**
 * `axfs ls`: directories of an image, as ls(1) prints them.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, ChildClaims } from '../fs/volume.ts';
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

/** Directories at and below `top` with their children, each before those below it. */
function* directoriesOf(
  volume: AxfsVolume,
  top: Row,
  recursive: boolean,
): Generator<Row & { readonly rows: readonly Row[] }> {
  const claims: ChildClaims = new Map();
  const pending = [top];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const rows = volume.claimChildren(next.inode, claims);
    yield { ...next, rows };
    if (!recursive) return;
    const prefix = next.name === '.' || next.name.endsWith('/') ? next.name : `${next.name}/`;
    for (const { name, inode } of [...rows].reverse())
      if (inode.type === 'dir')
        pending.push({ name: `${prefix === '.' ? './' : prefix}${name}` as ByteString, inode });
  }
}

/**
 * Lines for `paths`: files first, then each directory under a heading when there is more than one.
 *
 * @throws AxfsError ENOENT, ENOTDIR, ELOOP, EIO.
 */
export function* listLines(
  volume: AxfsVolume,
  paths: readonly string[],
  { long, recursive }: ListOptions,
): Generator<string> {
  const named = paths.map((path) => {
    const name = fromText(path);
    return { name, inode: volume.resolve(name, !long) };
  });
  const isDirectory = ({ inode }: Row): boolean => inode.type === 'dir';
  const files = named.filter((row) => !isDirectory(row));
  yield* rowLines(volume, files, long);
  const withHeadings = recursive || named.length > 1;
  let isFirst = files.length === 0;
  for (const top of named.filter(isDirectory))
    for (const { name, rows } of directoriesOf(volume, top, recursive)) {
      if (withHeadings) {
        if (!isFirst) yield '';
        yield `${toPrintable(name)}:`;
      }
      isFirst = false;
      yield* rowLines(volume, rows, long);
    }
}

/** Entries for `paths` (and, with `recursive`, below them) as values for JSON. */
export function listJson(
  volume: AxfsVolume,
  paths: readonly string[],
  recursive: boolean,
): readonly ManifestEntry[] {
  return paths.flatMap((text) => {
    const name = fromText(text);
    const inode = volume.resolve(name, false);
    if (inode.type !== 'dir') return [metadataEntry(volume, name, inode)];
    return [...directoriesOf(volume, { name, inode }, recursive)].flatMap((directory) => {
      const below = name === '.' ? directory.name.slice(2) : directory.name;
      const prefix = directory.name === '.' ? '' : `${below.replace(/\/$/, '')}/`;
      return directory.rows.map((row) =>
        metadataEntry(volume, `${prefix}${row.name}` as ByteString, row.inode),
      );
    });
  });
}
