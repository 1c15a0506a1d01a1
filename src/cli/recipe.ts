/**
 * Recipes: small root filesystems written down as data, so that no binary has to be kept beside the
 * sources. An entry is a text, a file or a folder of an installed npm package, a link, a device or a
 * directory; owners are root, times are zero, modes are written out or 0644 and 0755.
 *
 * @module
 */
import { fromText, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host } from '../host/host.ts';
import { treeFrom } from '../mkfs/tree.ts';
import type { EntrySpec, TreeDirectory } from '../mkfs/tree.ts';

/** One entry as it stands in the file. */
interface RecipeEntry {
  readonly path: string;
  readonly type?: 'dir' | 'symlink' | 'char' | 'block';
  /** Octal. */
  readonly mode?: string;
  readonly target?: string;
  readonly rdev?: readonly [number, number];
  readonly text?: string;
  readonly package?: string;
  readonly file?: string;
  readonly folder?: string;
  /** Regular expression over names in `folder`. */
  readonly match?: string;
  /** Expected SHA-256 of `file`. */
  readonly sha256?: string;
}

/** Reads the recipe at `recipePath`; packages are looked for in `packages` (a node_modules folder).
 *
 * @throws AxfsError when the recipe is malformed, a file is missing, or is not the one the recipe means.
 */
export function readRecipe(
  host: Host,
  recipePath: ByteString,
  packages: ByteString,
): TreeDirectory {
  const name = toText(recipePath);
  const entries = parseRecipe(host, recipePath, name);
  const spec: Record<string, EntrySpec> = {};
  for (const entry of entries)
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
  if (!Array.isArray(entries) || !entries.every(isEntry))
    throw new AxfsError(
      'EINVAL',
      `${name}: expected an object with 'entries', each an object with a string 'path'`,
    );
  return entries;
}

const isEntry = (value: unknown): value is RecipeEntry =>
  typeof value === 'object' && value !== null && typeof (value as RecipeEntry).path === 'string';

function expand(
  host: Host,
  entry: RecipeEntry,
  packages: ByteString,
  recipe: string,
): readonly (readonly [string, EntrySpec])[] {
  const { path } = entry;
  const mode = entry.mode === undefined ? {} : { mode: Number.parseInt(entry.mode, 8) };
  const inPackage = (rest: string): ByteString =>
    fromText(`${toText(packages)}/${entry.package ?? ''}/${rest}`);
  if (entry.type === 'dir') return [[path, { type: 'dir', ...mode }]];
  if (entry.type === 'symlink') return [[path, { type: 'symlink', target: entry.target ?? '' }]];
  if (entry.type === 'char' || entry.type === 'block') {
    const [major, minor] = entry.rdev ?? [0, 0];
    return [[path, { type: entry.type, rdev: { major, minor }, ...mode }]];
  }
  if (entry.text !== undefined) return [[path, { content: entry.text, ...mode }]];
  if (entry.file !== undefined) {
    const content = host.files.readFile(inPackage(entry.file));
    checkHash(host, entry, content, recipe);
    return [[path, { content, ...mode }]];
  }
  if (entry.folder !== undefined) {
    const folder = entry.folder;
    const wanted = new RegExp(entry.match ?? '');
    return host.files
      .readdir(inPackage(folder))
      .map(toText)
      .filter((file) => wanted.test(file))
      .map((file) => [
        `${path}/${file}`,
        { content: host.files.readFile(inPackage(`${folder}/${file}`)), ...mode },
      ]);
  }
  throw new AxfsError(
    'EINVAL',
    `${recipe}: entry '${path}' has none of type, text, file and folder`,
  );
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
