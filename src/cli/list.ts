/**
 * `axfs ls`: directories of an image, as ls(1) prints them.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume, DamageSink, WalkEntry } from '../fs/volume.ts';
import { modeText } from '../ondisk/mode.ts';
import { textTable } from '../report/table.ts';
import { unlessDamaged } from './damage.ts';
import { metadataEntry } from './manifest.ts';
import type { ManifestEntry } from './manifest.ts';

/** Options of `ls`, by ls(1)'s letters. */
export interface ListOptions {
  readonly long: boolean;
  readonly recursive: boolean;
}

/** An inode under the name it is listed by. */
interface Row extends WalkEntry {
  readonly name: ByteString;
}

const COLUMNS = ['left', 'right', 'right', 'right', 'left'] as const;

/** `size`, or `major, minor` of a device. */
const sizeColumn = (inode: Inode): string =>
  inode.rdev === undefined
    ? String(inode.size)
    : `${String(inode.rdev.major)}, ${String(inode.rdev.minor)}`;

/** Lines of a long listing whose columns are as wide as they need to be. */
const ROWS_PER_TABLE = 4096;

const tableLines = (cells: readonly (readonly string[])[]): readonly string[] =>
  textTable(
    COLUMNS.map((align) => ({ title: '', align })),
    cells,
  ).slice(2);

/** Target of a link; `?` where it is damaged. */
const targetText = (volume: AxfsVolume, { path, inode }: Row, damaged?: DamageSink): string =>
  unlessDamaged(
    () => toPrintable(volume.readlink(inode)),
    damaged &&
      ((error) => {
        damaged(error, inode.number, path);
      }),
    () => '?',
  );

function* rowLines(
  volume: AxfsVolume,
  rows: Iterable<Row>,
  long: boolean,
  damaged?: DamageSink,
): Generator<string> {
  let cells: (readonly string[])[] = [];
  for (const row of rows) {
    const { name, inode } = row;
    const shown = toPrintable(name);
    if (!long) {
      yield shown;
      continue;
    }
    cells.push([
      modeText(inode.mode),
      String(inode.uid),
      String(inode.gid),
      sizeColumn(inode),
      inode.type === 'symlink' ? `${shown} -> ${targetText(volume, row, damaged)}` : shown,
    ]);
    if (cells.length < ROWS_PER_TABLE) continue;
    yield* tableLines(cells);
    cells = [];
  }
  if (long) yield* tableLines(cells);
}

/** A directory with its children, which are to be looked at before the next one. */
interface ListedDirectory extends Row {
  readonly rows: Iterable<Row>;
}

/** Directories at and below `top`, each before those below it. */
function* directoriesOf(
  volume: AxfsVolume,
  top: Row,
  recursive: boolean,
  damaged?: DamageSink,
): Generator<ListedDirectory> {
  const claims = volume.newClaims();
  const pending = [top];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, inode } = next;
    const below: Row[] = [];
    const rows = function* (): Generator<Row> {
      const at = { path: (path === '.' ? './' : path) as ByteString, inode };
      for (const child of volume.children(at, claims, damaged)) {
        if (child.inode.type === 'dir') below.push({ ...child, name: child.path });
        yield child;
      }
    };
    yield { ...next, rows: rows() };
    if (!recursive) return;
    for (let row = below.pop(); row !== undefined; row = below.pop()) pending.push(row);
  }
}

/**
 * Lines for `paths`: files first, then each directory under a heading when there is more than one.
 *
 * @throws AxfsError ENOENT, ENOTDIR, ELOOP, EIO; with `damaged`, what is damaged below `paths` is told there
 * and left out instead.
 */
export function* listLines(
  volume: AxfsVolume,
  paths: readonly string[],
  { long, recursive }: ListOptions,
  damaged?: DamageSink,
): Generator<string> {
  const named = paths.map((path): Row => {
    const name = fromText(path);
    return { name, path: name, inode: volume.resolve(name, !long) };
  });
  const isDirectory = ({ inode }: Row): boolean => inode.type === 'dir';
  const files = named.filter((row) => !isDirectory(row));
  yield* rowLines(volume, files, long, damaged);
  const withHeadings = recursive || named.length > 1;
  let isFirst = files.length === 0;
  for (const top of named.filter(isDirectory))
    for (const { name, rows } of directoriesOf(volume, top, recursive, damaged)) {
      if (withHeadings) {
        if (!isFirst) yield '';
        yield `${toPrintable(name)}:`;
      }
      isFirst = false;
      yield* rowLines(volume, rows, long, damaged);
    }
}

/**
 * Entries for `paths` (and, with `recursive`, below them) as values for JSON.
 *
 * @throws AxfsError as {@link listLines}.
 */
export function* listEntries(
  volume: AxfsVolume,
  paths: readonly string[],
  recursive: boolean,
  damaged?: DamageSink,
): Generator<ManifestEntry> {
  const named = paths.map((text): Row => {
    const name = fromText(text);
    return { name, path: name, inode: volume.resolve(name, false) };
  });
  for (const row of named) {
    const { name, inode } = row;
    if (inode.type !== 'dir') {
      yield metadataEntry(volume, row, damaged);
      continue;
    }
    for (const directory of directoriesOf(volume, row, recursive, damaged)) {
      const below = name === '.' ? directory.name.slice(2) : directory.name;
      const prefix = directory.name === '.' ? '' : `${below.replace(/\/$/, '')}/`;
      for (const child of directory.rows) {
        const path = `${prefix}${child.name}` as ByteString;
        yield metadataEntry(volume, { path, inode: child.inode }, damaged);
      }
    }
  }
}
