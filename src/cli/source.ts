/**
 * Where a tree comes from: a directory, a tar or cpio archive in a file, either of them packed by gzip, or
 * the same on standard input. Options change owners, leave entries out and add what a device table says, so
 * that a user without privileges can build any image.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { looksLikeCpio, readCpio } from '../archive/cpio-read.ts';
import { PIECE_BYTES } from '../archive/entry.ts';
import type { ArchiveInput, ArchiveListing } from '../archive/entry.ts';
import { TAR_BLOCK } from '../archive/tar-fields.ts';
import { looksLikeTar, readTar } from '../archive/tar-read.ts';
import { toHex } from '../base/bytes.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Host, OpenFile, Spool } from '../host/host.ts';
import { parseDeviceTable } from '../mkfs/device-table.ts';
import { treeFromArchive } from '../mkfs/from-archive.ts';
import { compileGlob } from '../mkfs/glob.ts';
import { allRoot, applyDeviceTable, exclude, setOwner } from '../mkfs/transform.ts';
import type { ExcludedPattern } from '../mkfs/transform.ts';
import { sizeOf } from '../mkfs/tree.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import { UsageError } from './exit.ts';
import { scanTree } from './scan.ts';

/** Values of `--source-format`. */
export const SOURCE_FORMATS = ['auto', 'dir', 'tar', 'cpio'] as const;

/** What a source is; `auto` looks. */
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** Options of {@link addSourceOptions}, as commander gives them. */
export interface SourceOptions {
  readonly sourceFormat?: SourceFormat;
  readonly exclude?: readonly string[];
  readonly allRoot?: true;
  readonly uid?: number;
  readonly gid?: number;
  readonly deviceTable?: string;
}

/** A tree that is ready to be packed. */
export interface Source {
  readonly tree: TreeDirectory;
  /** Bytes in regular files; a file counts once for each of its names. */
  readonly fileBytes: number;
  /** Lines for people: what of an archive no image can hold, which patterns matched nothing. */
  readonly notes: readonly string[];
  /** What each --exclude left out. */
  readonly excluded: readonly ExcludedPattern[];
  /** Lets go of the archive; contents of the tree cannot be read any more. */
  close(): void;
}

/** Standard input as a source. */
const STDIN = '-';
const STDIN_NAME = 'standard input';

/** Adds the options that say how a source is read. */
export const addSourceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--source-format <format>', 'what the source is (default: auto)').choices([
        ...SOURCE_FORMATS,
      ]),
    )
    .option('--exclude <glob>', 'leave out what matches; may be given again', addGlob)
    .option('--all-root', 'root owns everything')
    .option('--uid <n>', 'this user owns everything', parseId)
    .option('--gid <n>', 'this group owns everything', parseId)
    .option('--device-table <file>', 'add devices and set owners, as genext2fs -D does');

function addGlob(glob: string, globs: readonly string[] | undefined): readonly string[] {
  try {
    compileGlob(fromText(glob));
  } catch (error) {
    if (error instanceof AxfsError) throw new InvalidArgumentError(`The ${error.message}.`);
    throw error;
  }
  return [...(globs ?? []), glob];
}

const ID_MAX = 2 ** 32 - 1;

function parseId(text: string): number {
  const id = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!(id <= ID_MAX))
    throw new InvalidArgumentError(`Expected a whole number from 0 to ${String(ID_MAX)}.`);
  return id;
}

/**
 * Reads a source: `-` is standard input, anything else a directory or a file. Contents are read when the
 * builder asks for them, until `close`. Options apply in this order: exclude, owners, device table.
 *
 * @throws UsageError for options that cannot stand together; AxfsError with one line for what cannot be read.
 */
export async function readSource(
  host: Host,
  source: string,
  options: SourceOptions,
): Promise<Source> {
  checkOptions(source, options);
  const table =
    options.deviceTable === undefined
      ? []
      : parseDeviceTable(
          host.files.readFile(fromText(options.deviceTable)),
          toPrintable(fromText(options.deviceTable)),
        );
  const found = await openSource(host, source, options.sourceFormat ?? 'auto');
  try {
    const left = exclude(found.tree, (options.exclude ?? []).map(fromText));
    const owned =
      options.allRoot === true
        ? allRoot(left.tree)
        : options.uid === undefined && options.gid === undefined
          ? left.tree
          : setOwner(left.tree, options);
    const tree = table.length === 0 ? owned : applyDeviceTable(owned, table);
    return {
      tree,
      fileBytes: fileBytesOf(tree),
      notes: [...found.notes, ...unmatchedNotes(left.matched)],
      excluded: left.matched,
      close: found.close,
    };
  } catch (error) {
    found.close();
    throw error;
  }
}

/** Rules between options. */
function checkOptions(
  source: string,
  { allRoot: all, uid, gid, sourceFormat }: SourceOptions,
): void {
  const rules: readonly (readonly [boolean, string])[] = [
    [
      all === true && (uid !== undefined || gid !== undefined),
      'option --all-root says it all: leave out --uid and --gid',
    ],
    [
      source === STDIN && sourceFormat === 'dir',
      'option --source-format dir needs a directory, not - (standard input)',
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new UsageError(broken[1]);
}

function fileBytesOf(tree: TreeDirectory): number {
  let bytes = 0;
  const waiting = [tree];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const entry of next.entries.values())
      if (entry.type === 'dir') waiting.push(entry);
      else if (entry.type === 'file') bytes += sizeOf(entry.content);
  return bytes;
}

const unmatchedNotes = (matched: readonly ExcludedPattern[]): string[] =>
  matched
    .filter(({ paths }) => paths.length === 0)
    .map(({ pattern }) => `option --exclude ${toPrintable(pattern)} matches nothing`);

/** A tree before options change it. */
type Opened = Pick<Source, 'tree' | 'notes' | 'close'>;

async function openSource(host: Host, source: string, format: SourceFormat): Promise<Opened> {
  if (source === STDIN) {
    const next = (into: Uint8Array): Promise<number> => host.readInput(into);
    return readArchive(await spooled(host, pieces(next), STDIN_NAME), format);
  }
  const path = fromText(source);
  const name = toPrintable(path);
  const type = typeOfMode(host.files.stat(path).mode);
  if (type === 'dir' && (format === 'auto' || format === 'dir'))
    return {
      tree: (await scanTree(host.files, path, () => host.breathe())).tree,
      notes: [],
      close: () => undefined,
    };
  if (type === 'dir') throw new AxfsError('EISDIR', `${name} is a directory, expected a ${format}`);
  if (format === 'dir') throw new AxfsError('ENOTDIR', `${name} is not a directory`);
  if (type !== 'file')
    throw new AxfsError(
      'EINVAL',
      `${name} is a ${type ?? 'file of unknown type'}, expected a directory or an archive; for a pipe use -`,
    );
  return readArchive(await openArchive(host, path), format);
}

/** An archive, expanded, with what holds it. */
interface OpenedArchive {
  readonly input: ArchiveInput;
  close(): void;
}

async function openArchive(host: Host, path: ByteString): Promise<OpenedArchive> {
  const name = toPrintable(path);
  const file = host.files.open(path);
  let isKept = false;
  try {
    const start = new Uint8Array(GZIP_MAGIC.length / 2);
    file.readAt(start, 0);
    isKept = toHex(start) !== GZIP_MAGIC;
    if (isKept) return archiveOf(file, name);
    let at = 0;
    const next = async (into: Uint8Array): Promise<number> => {
      await host.breathe();
      const got = file.readAt(into, at);
      at += got;
      return got;
    };
    return await spooled(host, pieces(next), name);
  } finally {
    if (!isKept) file.close();
  }
}

const archiveOf = (file: OpenFile, name: string): OpenedArchive => ({
  input: {
    name,
    size: file.stat().size,
    readAt: (into, position) => file.readAt(into, position),
  },
  close: () => {
    file.close();
  },
});

/** What `next` gives until it gives less than was asked for. */
async function* pieces(
  next: (into: Uint8Array) => Promise<number>,
): AsyncGenerator<Uint8Array, undefined> {
  for (let got = PIECE_BYTES; got === PIECE_BYTES;) {
    const piece = new Uint8Array(PIECE_BYTES);
    got = await next(piece);
    yield piece.subarray(0, got);
  }
}

/** Keeps a stream in a temporary file, expanded when it begins as gzip does. */
async function spooled(
  host: Host,
  stream: AsyncGenerator<Uint8Array, undefined>,
  name: string,
): Promise<OpenedArchive> {
  const spool: Spool = host.spool();
  try {
    const first = await stream.next();
    const start = first.done === true ? new Uint8Array(0) : first.value;
    const all = (async function* () {
      yield start;
      yield* stream;
    })();
    const keep = (bytes: Uint8Array): void => {
      spool.append(bytes);
    };
    if (toHex(start.subarray(0, GZIP_MAGIC.length / 2)) === GZIP_MAGIC)
      await host.gunzip(all, keep, name);
    else for await (const piece of all) keep(piece);
  } catch (error) {
    spool.close();
    throw error;
  }
  return {
    input: {
      name,
      size: spool.size,
      readAt: (into, position) => spool.readAt(into, position),
    },
    close: () => {
      spool.close();
    },
  };
}

function readArchive(archive: OpenedArchive, format: SourceFormat): Opened {
  const { input } = archive;
  const close = (): void => {
    archive.close();
  };
  try {
    const kind = format === 'auto' ? formatOf(input) : format;
    const { entries, ignored } = READERS[kind === 'cpio' ? 'cpio' : 'tar'](input);
    const notes = [...ignored].map(
      ([keyword, count]) =>
        `${input.name}: ${String(count)} × ${toPrintable(keyword as ByteString)} left out: no image holds it`,
    );
    return { tree: treeFromArchive(entries, input.name), notes, close };
  } catch (error) {
    close();
    throw error;
  }
}

const READERS: Readonly<Record<'tar' | 'cpio', (input: ArchiveInput) => ArchiveListing>> = {
  tar: readTar,
  cpio: readCpio,
};

/** First bytes of gzip (RFC 1952), hexadecimal. */
const GZIP_MAGIC = '1f8b';

/** First bytes of what is known and not read, and what to do instead. */
const STRANGERS: readonly { readonly magic: string; readonly advice: string }[] = [
  { magic: 'fd377a585a00', advice: 'packed by xz; expand it: xz -dc' },
  { magic: '28b52ffd', advice: 'packed by zstd; expand it: zstd -dc' },
  { magic: '425a68', advice: 'packed by bzip2; expand it: bzip2 -dc' },
  { magic: '04224d18', advice: 'packed by lz4; expand it: lz4 -dc' },
  { magic: '02214c18', advice: 'packed by lz4; expand it: lz4 -dc' },
  { magic: '1f8b', advice: 'packed by gzip twice; expand it: gzip -dc' },
  { magic: '303730373037', advice: 'cpio in the format odc; make it with cpio -H newc' },
  { magic: 'c771', advice: 'cpio in the format bin; make it with cpio -H newc' },
];

function formatOf(input: ArchiveInput): 'tar' | 'cpio' {
  const block = new Uint8Array(TAR_BLOCK);
  const start = block.subarray(0, input.readAt(block, 0));
  if (looksLikeCpio(start)) return 'cpio';
  if (looksLikeTar(start)) return 'tar';
  const stranger = STRANGERS.find(({ magic }) => toHex(start).startsWith(magic));
  throw new AxfsError(
    'EINVAL',
    `${input.name} is ${stranger?.advice ?? 'neither a directory, a tar archive nor a cpio archive (newc)'}`,
  );
}
