/**
 * Page profiles as they really come: out of the kernel driver's /proc file, which stops within its first
 * 4 KiB and names every file by its last directory only; copied over a serial line that was cut; or taken
 * from a recording of touches (driver description, section 5 and bugs 5 to 7). What is doubtful is said, not
 * guessed.
 *
 * @module
 */
import { fromBytes, toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { isDriverForm, sizeDoubts } from '../base/page-list.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { PageSets } from './choose.ts';
import { parseProfile, profileOf } from './profile.ts';
import type { PageProfile } from './profile.ts';
import { joinPath, sizeOf, sortedEntries } from './tree.ts';
import type { TreeDirectory, TreeEntry, TreeFile } from './tree.ts';

/** Forms of a profile. */
export type ProfileForm =
  /** Paths from the root; also the first driver's, with a blank after the count. */
  | 'list'
  /** The driver's: `./name` in the root, `directory/name` below. */
  | 'driver'
  /** A recording of touches. */
  | 'trace';

/** A line of a profile. */
export type ProfileLine = PageProfile['entries'][number];

/** A profile and what is to be known about it. */
export interface ProfileReading {
  readonly form: ProfileForm;
  readonly profile: PageProfile;
  /** Pages that the profile says were written. */
  readonly written: PageSets;
  /** Doubts, one line each, with the profile's name in front. */
  readonly doubts: readonly string[];
  /** The last line was left out: it has no end. */
  readonly isCut: boolean;
}

/**
 * Reads a profile in any text form. A last line that does not end is left out unless `keepsLastLine`.
 *
 * @throws AxfsError EINVAL `NAME:LINE: …` as parseProfile does.
 */
export function readProfileText(
  bytes: Uint8Array,
  name: string,
  keepsLastLine = false,
): ProfileReading {
  const text = fromBytes(withoutMark(bytes));
  const end = text.lastIndexOf('\n') + 1;
  const isCut = end < text.length && !keepsLastLine;
  const whole = isCut ? text.slice(0, end) : text;
  const rows = whole.split('\n').filter((row) => row !== '');
  const form = isDriverForm(rows) ? 'driver' : 'list';
  const doubts = sizeDoubts(bytes.length, form).map((doubt) => `${name}: ${doubt}`);
  if (isCut) {
    const line = whole.split('\n').length;
    doubts.push(
      `${name}:${String(line)}: the last line has no end, it may be cut: '${toPrintable(text.slice(end) as ByteString)}' is left out; end it to have it count`,
    );
  }
  const kept = isCut ? bytes.subarray(0, bytes.length - (text.length - end)) : bytes;
  const profile = parseProfile(kept, name);
  return { form, profile, written: writtenIn(profile), doubts, isCut };
}

/** Pages that lines of a profile say were written. */
export const writtenIn = ({ entries }: PageProfile): PageSets =>
  profileOf(entries.filter(({ written }) => written === true)).pages;

/** One touch of a page, from a recording. */
export interface PageTouch {
  /** From the root, with or without a slash in front; symlinks are followed. */
  readonly path: ByteString;
  readonly page: number;
  readonly count: number;
  readonly isWrite: boolean;
  /** Line of the recording. */
  readonly line: number;
}

/** The profile of a recording: pages in the order of their first touches, counts summed. */
export function profileOfTouches(
  touches: readonly PageTouch[],
  tree: TreeDirectory,
): ProfileReading {
  const paths = new Map<ByteString, ByteString>();
  const entries = new Map<string, ProfileLine>();
  for (const { path, page, count, isWrite, line } of touches) {
    const real = paths.get(path) ?? realPath(tree, path) ?? withoutRoot(path);
    paths.set(path, real);
    const key = `${String(page)}:${real}`;
    const before = entries.get(key) ?? { path: real, offset: page * PAGE_SIZE, count: 0, line };
    entries.set(key, {
      ...before,
      count: before.count + count,
      ...(isWrite ? { written: true } : {}),
    });
  }
  const profile = profileOf(entries.values());
  return { form: 'trace', profile, written: writtenIn(profile), doubts: [], isCut: false };
}

const withoutRoot = (path: ByteString): ByteString => path.replace(/^\.?\/+/, '') as ByteString;

/** As the kernel: more symlinks than this on the way of a path are a loop. */
const SYMLINKS_MAX = 40;

/** The path without symlinks, "." and ".." from the root; `undefined` when it leads nowhere. */
export function realPath(tree: TreeDirectory, path: ByteString): ByteString | undefined {
  const rest = path.split('/').reverse() as ByteString[];
  const way: { readonly path: ByteString; readonly entry: TreeEntry }[] = [];
  let links = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      way.pop();
      continue;
    }
    const here = way.at(-1) ?? { path: '' as ByteString, entry: tree };
    const entry = here.entry.type === 'dir' ? here.entry.entries.get(name) : undefined;
    if (entry === undefined) return undefined;
    if (entry.type !== 'symlink') {
      way.push({ path: joinPath(here.path, name), entry });
      continue;
    }
    links += 1;
    if (links > SYMLINKS_MAX) return undefined;
    if (entry.target.startsWith('/')) way.length = 0;
    rest.push(...(entry.target.split('/').reverse() as ByteString[]));
  }
  return way.at(-1)?.path;
}

/** A line whose file cannot be told. */
export interface UnclearLine extends ProfileLine {
  /** Files that it may mean; none when no file has that name, or a page there. */
  readonly files: readonly ByteString[];
}

/** A driver's profile with the paths of the tree. */
export interface FixedPaths {
  /** Lines that mean one file, and lines that mean none, as they were. */
  readonly profile: PageProfile;
  /** Lines that mean one file. */
  readonly fixed: number;
  /** Lines that may mean several files: not in `profile`. */
  readonly ambiguous: readonly UnclearLine[];
  /** Lines that mean no file: in `profile` as they were, for whoever looks for unmatched lines. */
  readonly unmatched: readonly UnclearLine[];
}

/**
 * Gives the lines of a driver's profile their files: `directory/name` is the one regular file with that name
 * in a directory of that name, `name` one of the root. A line means only files that have its page. Paths with
 * more directories are left as they are.
 */
export function fixDriverPaths(profile: PageProfile, tree: TreeDirectory): FixedPaths {
  const index = new Map<string, { path: ByteString; file: TreeFile }[]>();
  for (const [path, file] of regularFiles(tree, '' as ByteString)) {
    for (const key of new Set([driverName(path), path])) {
      const files = index.get(key) ?? [];
      index.set(key, files);
      files.push({ path, file });
    }
  }
  const entries: ProfileLine[] = [];
  const ambiguous: UnclearLine[] = [];
  const unmatched: UnclearLine[] = [];
  for (const entry of profile.entries) {
    const files = (index.get(entry.path) ?? [])
      .filter(({ file }) => entry.offset < sizeOf(file.content))
      .map(({ path }) => path);
    const [path = entry.path] = files;
    if (files.length > 1) ambiguous.push({ ...entry, files });
    else entries.push({ ...entry, path });
    if (files.length === 0) unmatched.push({ ...entry, files });
  }
  const fixed = entries.length - unmatched.length;
  return { profile: profileOf(entries), fixed, ambiguous, unmatched };
}

/** What the driver prints for a file: its last directory and its name. */
const driverName = (path: ByteString): string => path.split('/').slice(-2).join('/');

/** Regular files of a tree below `path`, ascending. */
export function* regularFiles(
  directory: TreeDirectory,
  path: ByteString,
): Generator<readonly [ByteString, TreeFile]> {
  for (const [name, entry] of sortedEntries(directory)) {
    const below = joinPath(path, name);
    if (entry.type === 'dir') yield* regularFiles(entry, below);
    else if (entry.type === 'file') yield [below, entry];
  }
}
