/**
 * The tree that becomes an image, as values in memory. `axfs mkfs` fills one from a directory; tests and
 * library users write theirs down with {@link treeFrom}.
 *
 * @module
 */
import { byteStringOf, fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { NAME_MAX, PATH_MAX } from '../ondisk/constants.ts';
import { formatOfType } from '../ondisk/mode.ts';
import type { DeviceNumber } from '../ondisk/mode.ts';

/** What every entry has. */
export interface Metadata {
  /** Permission bits with setuid, setgid and sticky: 0 … 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Content that is fetched only when the builder comes to it. */
export interface LazyContent {
  /** Bytes that `read` will give. */
  readonly size: number;
  /** The whole content, at once or in pieces of any length; pieces are not reused. */
  read(): Uint8Array | Iterable<Uint8Array>;
  /**
   * Fills `into` with the bytes from `position` on; there are that many. The builder compares a page that may
   * have come before with that one; where it cannot ask for it, it keeps the bytes of all pages.
   */
  readAt?(into: Uint8Array, position: number): void;
}

/** Content of a file. */
export type FileContent = Uint8Array | LazyContent;

/** A directory. */
export interface TreeDirectory extends Metadata {
  readonly type: 'dir';
  /** By name; the order does not matter. */
  readonly entries: ReadonlyMap<ByteString, TreeEntry>;
}

/** A regular file. */
export interface TreeFile extends Metadata {
  readonly type: 'file';
  readonly content: FileContent;
}

/** A symbolic link; its target is data like a file's. */
export interface TreeSymlink extends Metadata {
  readonly type: 'symlink';
  readonly target: ByteString;
}

/** A device node. */
export interface TreeDevice extends Metadata {
  readonly type: 'char' | 'block';
  readonly rdev: DeviceNumber;
}

/** A fifo or a socket. */
export interface TreeSpecial extends Metadata {
  readonly type: 'fifo' | 'socket';
}

/** Anything a directory may hold. */
export type TreeEntry = TreeDirectory | TreeFile | TreeSymlink | TreeDevice | TreeSpecial;

/** Entries of a directory, ascending by the bytes of their names (strcmp order). */
export const sortedEntries = (
  directory: TreeDirectory,
): readonly (readonly [ByteString, TreeEntry])[] =>
  [...directory.entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** st_mode of an entry. */
export const modeOf = (entry: TreeEntry): number => formatOfType(entry.type) + entry.mode;

/** Path of `name` in a directory; the root's path is empty. */
export const joinPath = (directory: ByteString, name: ByteString): ByteString =>
  (directory === '' ? name : `${directory}/${name}`) as ByteString;

const ID_MAX = 2 ** 32 - 1;
const MODE_MAX = 0o7777;
const MAJOR_MAX = 2 ** 12 - 1;
const MINOR_MAX = 2 ** 20 - 1;

const invalid = (path: string, what: string): AxfsError =>
  new AxfsError('EINVAL', `${toPrintable(byteStringOf(path === '' ? '.' : path))}: ${what}`);

/** Rules that a name keeps; each says what the name must be. */
const NAME_RULES: readonly { readonly text: string; holds(name: string): boolean }[] = [
  {
    text: `a name has 1 to ${String(NAME_MAX)} bytes`,
    holds: (name) => name.length >= 1 && name.length <= NAME_MAX,
  },
  { text: "a name contains no '/'", holds: (name) => !name.includes('/') },
  { text: 'a name contains no NUL byte', holds: (name) => !name.includes('\0') },
  { text: "'.' and '..' are no names", holds: (name) => name !== '.' && name !== '..' },
];

/**
 * A name is storable. `path` is for the message.
 *
 * @throws AxfsError EINVAL naming the path and the rule (format description, section 5.2).
 */
export function checkName(name: ByteString, path: ByteString): void {
  const broken = NAME_RULES.find((rule) => !rule.holds(name));
  if (broken !== undefined)
    throw invalid(
      path,
      `${broken.text}, this one is '${toPrintable(name.slice(0, 300) as ByteString)}'`,
    );
}

/**
 * An entry's metadata is storable.
 *
 * @throws AxfsError EINVAL naming path, field, value and range.
 */
export function checkEntry(entry: TreeEntry, path: ByteString): void {
  const inRange = (field: string, value: number, max: number, radix = 10): void => {
    if (!(Number.isInteger(value) && value >= 0 && value <= max))
      throw invalid(
        path,
        `${field} is ${value.toString(radix)}, expected 0 to ${max.toString(radix)}${radix === 8 ? ' (octal)' : ''}`,
      );
  };
  inRange('mode', entry.mode, MODE_MAX, 8);
  inRange('uid', entry.uid, ID_MAX);
  inRange('gid', entry.gid, ID_MAX);
  if (entry.type === 'char' || entry.type === 'block') {
    inRange('device major', entry.rdev.major, MAJOR_MAX);
    inRange('device minor', entry.rdev.minor, MINOR_MAX);
  }
  if (entry.type === 'symlink') checkTarget(entry.target, path);
  if (entry.type === 'file') inRange('size', sizeOf(entry.content), Number.MAX_SAFE_INTEGER);
}

/** A symlink's target is one that Linux has: readers look for its NUL within a page. */
function checkTarget(target: ByteString, path: ByteString): void {
  if (!(target.length >= 1 && target.length < PATH_MAX))
    throw invalid(
      path,
      `a symlink target has ${String(target.length)} bytes, expected 1 to ${String(PATH_MAX - 1)}`,
    );
  if (target.includes('\0')) throw invalid(path, 'a symlink target contains no NUL byte');
}

/** Bytes of a file's content. */
export const sizeOf = (content: FileContent): number =>
  content instanceof Uint8Array ? content.length : content.size;

/** How a test author writes an entry; text stands for its UTF-8 bytes. */
export type EntrySpec =
  | string
  | Uint8Array
  | (Partial<Metadata> & { readonly content: string | FileContent; readonly type?: 'file' })
  | (Partial<Metadata> & { readonly type: 'dir' | 'fifo' | 'socket' })
  | (Partial<Metadata> & { readonly type: 'symlink'; readonly target: string })
  | (Partial<Metadata> & { readonly type: 'char' | 'block'; readonly rdev: DeviceNumber });

/** Metadata of entries that do not say. */
export interface TreeDefaults {
  readonly uid: number;
  readonly gid: number;
  /** Mode of everything but directories and symlinks. */
  readonly fileMode: number;
  readonly directoryMode: number;
}

const DEFAULTS: TreeDefaults = { uid: 0, gid: 0, fileMode: 0o644, directoryMode: 0o755 };
const SYMLINK_MODE = 0o777;

interface Growing extends TreeDirectory {
  readonly entries: Map<ByteString, TreeEntry>;
}

/**
 * Builds a tree from paths: `treeFrom({ 'bin/prog': { content, mode: 0o755 }, 'etc/motd': 'text', sh:
 * { type: 'symlink', target: 'bin/prog' } })`. Directories on the way are made (0755, owner 0); `'.'` is the
 * root. Lone surrogates U+DC80 … U+DCFF in paths and targets stand for the bytes 0x80 … 0xFF.
 *
 * @throws AxfsError EINVAL naming the path and the rule that it breaks.
 */
export function treeFrom(
  spec: Readonly<Record<string, EntrySpec>>,
  options: { readonly defaults?: Partial<TreeDefaults> } = {},
): TreeDirectory {
  const defaults = { ...DEFAULTS, ...options.defaults };
  const root: { entry: Growing } = { entry: directory(defaults, {}) };
  for (const [text, value] of Object.entries(spec)) {
    const path = fromText(text);
    const entry = entryOf(value, defaults);
    if (text === '.') {
      if (entry.type !== 'dir') throw invalid(path, 'the root is a directory');
      root.entry = { ...entry, entries: root.entry.entries };
      continue;
    }
    checkEntry(entry, path);
    const parts = path.split('/') as ByteString[];
    for (const part of parts) checkName(part, path);
    insert(root.entry, parts, entry, defaults);
  }
  checkEntry(root.entry, byteStringOf('.'));
  return root.entry;
}

function insert(
  root: Growing,
  parts: readonly ByteString[],
  entry: TreeEntry,
  defaults: TreeDefaults,
): void {
  let parent = root;
  parts.slice(0, -1).forEach((name, depth) => {
    const next = parent.entries.get(name) ?? directory(defaults, {});
    if (next.type !== 'dir')
      throw invalid(parts.slice(0, depth + 1).join('/'), 'it has entries, so it is a directory');
    parent.entries.set(name, next);
    parent = next as Growing;
  });
  const name = parts.at(-1) ?? ('' as ByteString);
  const there = parent.entries.get(name);
  if (there !== undefined && !(there.type === 'dir' && entry.type === 'dir'))
    throw invalid(parts.join('/'), 'it has entries, so it is a directory');
  parent.entries.set(
    name,
    there?.type === 'dir' ? { ...(entry as TreeDirectory), entries: there.entries } : entry,
  );
}

const directory = (defaults: TreeDefaults, metadata: Partial<Metadata>): Growing => ({
  ...ownership(defaults, metadata, defaults.directoryMode),
  type: 'dir',
  entries: new Map<ByteString, TreeEntry>(),
});

const ownership = (
  defaults: TreeDefaults,
  { mode, uid, gid }: Partial<Metadata>,
  usual: number,
): Metadata => ({ mode: mode ?? usual, uid: uid ?? defaults.uid, gid: gid ?? defaults.gid });

function entryOf(spec: EntrySpec, defaults: TreeDefaults): TreeEntry {
  if (typeof spec === 'string' || spec instanceof Uint8Array)
    return entryOf({ content: spec }, defaults);
  if ('content' in spec) {
    const { content } = spec;
    return {
      ...ownership(defaults, spec, defaults.fileMode),
      type: 'file',
      content: typeof content === 'string' ? new TextEncoder().encode(content) : content,
    };
  }
  if (spec.type === 'dir') return directory(defaults, spec);
  if (spec.type === 'symlink') {
    const target = fromText(spec.target);
    return { ...ownership(defaults, spec, SYMLINK_MODE), type: 'symlink', target };
  }
  const metadata = ownership(defaults, spec, defaults.fileMode);
  return spec.type === 'char' || spec.type === 'block'
    ? { ...metadata, type: spec.type, rdev: spec.rdev }
    : { ...metadata, type: spec.type };
}
