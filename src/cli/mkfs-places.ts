/**
 * Where `mkfs.axfs` reads and writes. Before anything is written, every output is a file of its own: none is an
 * input, none is another output under a second name, and none lies in the tree that is packed. Places are
 * compared as writing will find them: symlinks followed, and by device and inode where something is there.
 *
 * @module
 */
import { byteStringOf, fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { FileStat, Host } from '../host/host.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import { STDOUT } from './choice.ts';
import { UsageError } from './exit.ts';
import type { MkfsOptions } from './mkfs-options.ts';

/** A path on the command line, with what it is there for. */
export interface NamedPath {
  readonly path: ByteString;
  /** What messages call it. */
  readonly role: string;
}

/** Everything that a run reads and writes by name. */
export interface Places {
  /** As on the command line; `-` is standard input. */
  readonly source: ByteString;
  readonly lists: readonly NamedPath[];
  readonly images: readonly NamedPath[];
  /** File for the account of a choice. */
  readonly account: NamedPath | undefined;
}

/** Options that name a file to read, with what it is. */
const LISTS = [
  ['profile', 'the list of -i, --profile'],
  ['sortFile', 'the list of --sort-file'],
  ['deviceTable', 'the table of --device-table'],
] as const satisfies readonly (readonly [keyof MkfsOptions, string])[];

const STDIN = '-';

/** Collects the places of a command line. */
export function placesOf(source: string, images: readonly string[], options: MkfsOptions): Places {
  const { explainChoice } = options;
  return {
    source: fromText(source),
    lists: LISTS.flatMap(([option, role]) => {
      const path = options[option];
      return path === undefined ? [] : [{ path: fromText(path), role }];
    }),
    images: images.map((image) => ({ path: fromText(image), role: 'image' })),
    account:
      explainChoice === undefined || explainChoice === STDOUT
        ? undefined
        : { path: fromText(explainChoice), role: 'option --explain-choice' },
  };
}

/** The files to be written, in the order in which they get their names. */
export const outputsOf = ({ images, account }: Places): readonly NamedPath[] =>
  account === undefined ? images : [...images, account];

/** Where a path leads. */
interface Spot {
  /** What messages say that it is. */
  readonly role: string;
  readonly landing: ByteString | undefined;
  /** Device and inode of what is there. */
  readonly identity: string | undefined;
}

/**
 * Checks that every output is a file of its own.
 *
 * @throws UsageError naming the output and what it would replace; or a directory that is missing.
 */
export function checkPlaces(host: Host, places: Places): void {
  const root = rootOf(host, places.source);
  const taken: Spot[] = [
    ...(root === undefined ? [] : [spotOf(host, { path: places.source, role: 'the source' })]),
    ...places.lists.map((list) => spotOf(host, list)),
  ];
  for (const output of outputsOf(places)) {
    const shown = `${output.role} ${toPrintable(output.path)}`;
    if (output.path === '')
      throw new UsageError(`${output.role} '' is empty, expected a file name`);
    const landing = asUsage(['ENOENT', 'ENOTDIR', 'ELOOP'], () => host.files.landing(output.path));
    if (root !== undefined && isInside(host, landing, root))
      throw new UsageError(
        `${shown} is inside the tree ${toPrintable(places.source)}: it would pack itself`,
      );
    const spot = { role: '', landing, identity: identityAt(host, landing) };
    const other = taken.find((one) => isSame(one, spot));
    if (other !== undefined)
      throw new UsageError(
        other.role === ''
          ? `${shown} is named twice, expected two files`
          : `${shown} is ${other.role}: it would replace it`,
      );
    taken.push(spot);
  }
}

const identityOf = ({ device, inode }: FileStat): string => `${String(device)}:${String(inode)}`;

/** What `call` finds; `undefined` where it finds nothing, which is for others to tell. */
function found<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof AxfsError) return undefined;
    throw error;
  }
}

const identityAt = ({ files }: Host, path: ByteString): string | undefined =>
  found(() => identityOf(files.stat(path)));

const spotOf = (host: Host, { path, role }: NamedPath): Spot => ({
  role,
  landing: found(() => host.files.landing(path)),
  identity: identityAt(host, path),
});

const isSame = (a: Spot, b: Spot): boolean =>
  (a.landing !== undefined && a.landing === b.landing) ||
  (a.identity !== undefined && a.identity === b.identity);

/** The source, unless it is standard input. */
function rootOf({ files }: Host, source: ByteString): FileStat | undefined {
  if (source === STDIN) return undefined;
  return asUsage(['ENOENT'], () => files.stat(source));
}

/** One of the directories above a file is the root, under whatever name. */
function isInside(host: Host, file: ByteString, root: FileStat): boolean {
  if (typeOfMode(root.mode) !== 'dir') return false;
  for (let end = file.lastIndexOf('/'); end >= 0; end = file.lastIndexOf('/', end - 1)) {
    const folder = byteStringOf(end === 0 ? '/' : file.slice(0, end));
    if (identityAt(host, folder) === identityOf(root)) return true;
    if (end === 0) return false;
  }
  return false;
}

/** Failures that the original builder, too, counts as wrong usage. */
export function asUsage<T>(codes: readonly AxfsError['code'][] | 'any', call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof AxfsError && (codes === 'any' || codes.includes(error.code)))
      throw new UsageError(error.message);
    throw error;
  }
}
