/**
 * Recipes: small root filesystems written down as data, so that no binary has to be kept beside the
 * sources. An entry is a text, a file or a folder of an installed npm package, a link, a device or a
 * directory; owners are root, times are zero, modes are written out or 0644 and 0755.
 *
 * @module
 */
import { fromText, toPrintable, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import { treeFrom } from '../mkfs/tree.ts';
import type { EntrySpec, TreeDirectory } from '../mkfs/tree.ts';

/** Fields of an entry; `is` says what a value must look like. */
const FIELDS = {
  path: { expected: 'a path', is: (value: unknown) => typeof value === 'string' && value !== '' },
  type: { expected: 'dir, symlink, char or block', is: (value: unknown) => TYPES.has(value) },
  mode: {
    expected: 'an octal mode in quotes',
    is: (value: unknown) => typeof value === 'string' && /^[0-7]{1,5}$/.test(value),
  },
  target: { expected: 'text', is: (value: unknown) => typeof value === 'string' && value !== '' },
  rdev: {
    expected: '[major, minor]',
    is: (value: unknown) =>
      Array.isArray(value) && value.length === 2 && value.every((n) => Number.isInteger(n)),
  },
  text: { expected: 'text', is: (value: unknown) => typeof value === 'string' },
  package: { expected: "a package's name", is: (value: unknown) => typeof value === 'string' },
  file: { expected: 'a file of the package', is: (value: unknown) => typeof value === 'string' },
  folder: {
    expected: 'a folder of the package',
    is: (value: unknown) => typeof value === 'string',
  },
  match: { expected: 'a regular expression', is: isRegularExpression },
  sha256: {
    expected: '64 hex digits',
    is: (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  },
} as const satisfies Record<string, { expected: string; is: (value: unknown) => boolean }>;

const TYPES: ReadonlySet<unknown> = new Set(['dir', 'symlink', 'char', 'block']);

function isRegularExpression(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    new RegExp(value);
    return true;
  } catch {
    return false;
  }
}

/** One entry as it stands in the file, its fields checked. */
interface RecipeEntry {
  readonly path: string;
  readonly type?: 'dir' | 'symlink' | 'char' | 'block';
  readonly mode?: string;
  readonly target?: string;
  readonly rdev?: readonly [number, number];
  readonly text?: string;
  readonly package?: string;
  readonly file?: string;
  readonly folder?: string;
  readonly match?: string;
  readonly sha256?: string;
}

/** What an entry is, by the fields it must have and may have beside `path` and `mode`. */
const KINDS: readonly { readonly needs: readonly string[]; readonly may?: readonly string[] }[] = [
  { needs: ['text'] },
  { needs: ['package', 'file'], may: ['sha256'] },
  { needs: ['package', 'folder', 'match'] },
  { needs: ['type', 'target'] },
  { needs: ['type', 'rdev'] },
  { needs: ['type'] },
];

/**
 * Reads the recipe at `recipePath`; packages are looked for in `packages` (a node_modules folder).
 *
 * @throws AxfsError EINVAL naming recipe, entry, field, value and what was expected; when a file is missing
 * or is not the one that the recipe means.
 */
export function readRecipe(
  host: Host,
  recipePath: ByteString,
  packages: ByteString,
): TreeDirectory {
  const name = toPrintable(recipePath);
  const spec: Record<string, EntrySpec> = {};
  for (const entry of parseRecipe(host, recipePath, name))
    for (const [path, value] of expand(host, entry, packages, name)) spec[path] = value;
  return treeFrom(spec);
}

function parseRecipe(host: Host, path: ByteString, name: string): readonly RecipeEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(host.files.readFile(path)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AxfsError('EINVAL', `${name}: not JSON: ${error.message}`);
  }
  const entries = (value as { entries?: unknown } | null)?.entries;
  if (!Array.isArray(entries))
    throw new AxfsError('EINVAL', `${name}: expected an object with a list 'entries'`);
  return entries.map((entry: unknown, i) => checkedEntry(entry, name, i));
}

function checkedEntry(value: unknown, recipe: string, index: number): RecipeEntry {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${recipe}: entry ${String(index + 1)}: ${what}`);
  };
  if (typeof value !== 'object' || value === null) return refuse('expected an object');
  for (const [key, field] of Object.entries(value)) {
    if (!Object.hasOwn(FIELDS, key)) refuse(`unknown field '${key}'`);
    const { expected, is } = FIELDS[key as keyof typeof FIELDS];
    if (!is(field)) refuse(`${key} is ${JSON.stringify(field)}, expected ${expected}`);
  }
  const keys = Object.keys(value).filter((key) => key !== 'path' && key !== 'mode');
  if (!('path' in value)) refuse('has no path');
  const fits = KINDS.some(
    ({ needs, may = [] }) =>
      needs.every((key) => keys.includes(key)) &&
      keys.every((key) => needs.includes(key) || may.includes(key)),
  );
  const entry = value as RecipeEntry;
  const { type } = entry;
  if (
    !fits ||
    (type === 'dir' && keys.length > 1) ||
    (type !== undefined && !keys.includes(TYPE_NEEDS[type]))
  )
    refuse(
      `fields ${keys.join(', ')} make no entry: expected text, a package's file or folder, or a type with what it needs`,
    );
  return entry;
}

/** Field that a type needs beside itself. */
const TYPE_NEEDS = { dir: 'type', symlink: 'target', char: 'rdev', block: 'rdev' } as const;

function expand(
  host: Host,
  entry: RecipeEntry,
  packages: ByteString,
  recipe: string,
): readonly (readonly [string, EntrySpec])[] {
  const { path, type } = entry;
  const mode = entry.mode === undefined ? {} : { mode: Number.parseInt(entry.mode, 8) };
  const inPackage = (rest: string): ByteString =>
    fromText(`${toText(packages)}/${entry.package ?? ''}/${rest}`);
  if (type === 'dir') return [[path, { type, ...mode }]];
  if (type === 'symlink') return [[path, { type, target: entry.target ?? '' }]];
  if (type !== undefined) {
    const [major, minor] = entry.rdev ?? [0, 0];
    return [[path, { type, rdev: { major, minor }, ...mode }]];
  }
  if (entry.text !== undefined) return [[path, { content: entry.text, ...mode }]];
  if (entry.file !== undefined) {
    const content = host.files.readFile(inPackage(entry.file));
    checkHash(host, entry, content, recipe);
    return [[path, { content, ...mode }]];
  }
  const folder = entry.folder ?? '.';
  const wanted = new RegExp(entry.match ?? '');
  const names = host.files
    .readdir(inPackage(folder))
    .map(toText)
    .filter((name) => wanted.test(name));
  if (names.length === 0)
    throw new AxfsError(
      'ENOENT',
      `${recipe}: entry '${path}': no file of ${toPrintable(inPackage(folder))} matches ${String(wanted)}`,
    );
  return names.map((name) => [
    `${path}/${name}`,
    { content: host.files.readFile(inPackage(`${folder}/${name}`)), ...mode },
  ]);
}

function checkHash(host: Host, entry: RecipeEntry, content: Uint8Array, recipe: string): void {
  if (entry.sha256 === undefined) return;
  const hash = host.sha256();
  hash.update(content);
  const found = hash.hex();
  if (found !== entry.sha256)
    throw new AxfsError(
      'EINVAL',
      `${recipe}: entry '${entry.path}': SHA-256 is ${found}, expected ${entry.sha256}`,
    );
}
