/**
 * `axfs extract`: an image's files into a directory, or as a tar or cpio archive.
 *
 * @module
 */
import type { Command } from 'commander';
import { writeCpio } from '../archive/cpio-write.ts';
import type { ArchiveInode } from '../archive/entry.ts';
import { writeTar } from '../archive/tar-write.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { DamageReport } from './damage.ts';
import { UsageError } from './exit.ts';
import { archiveEntries, checkCpio, collect } from './extract-archive.ts';
import { extractTree, ifThere, unmakeable } from './extract.ts';
import { salvage } from './extract-walk.ts';
import { leftOutText, outcomeJson, outcomeText } from './extract-report.ts';
import type { ExtractOutcome, LeftOut } from './extract-report.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { ImagePaths, SecondOption } from './image-file.ts';
import { MAX_BYTES, MAX_BYTES_HELP, checkBytes } from './max-bytes.ts';
import type { MaxBytesOption } from './max-bytes.ts';
import { startProgress } from './progress.ts';
import type { Progress } from './progress.ts';

const STDOUT = '-';

const HELP = `
The directory must be new or empty. Owners and device nodes need root; without, they are
left out, and said so. Sockets are left out of directories and of tar archives.
An image does not know hard links or times of single files: names that shared a file
come out as files of their own, and every file gets the image's timestamp.
Pages of zeros become holes of the files in a directory.
A damaged file is named and left out, the others are extracted, and the exit code is 8.
${MAX_BYTES_HELP}`;

interface ExtractOptions extends SecondOption, MaxBytesOption {
  readonly tar?: string;
  readonly cpio?: string;
  readonly strict?: true;
  readonly json?: true;
}

/** `axfs extract`. */
export function addExtract(program: Command, host: Host): void {
  program
    .command('extract')
    .description('Extracts all files of an image into a directory or an archive.')
    .argument('<image>', 'image file')
    .argument('[directory]', 'where the files go: a new or an empty directory')
    .option('--tar <file>', 'write a tar archive (pax) instead; - is standard output')
    .option('--cpio <file>', 'write a cpio archive (newc) instead; - is standard output')
    .option('--strict', 'refuse when something would have to be left out')
    .option('--json', 'print what came of it as JSON')
    .option(...SECOND_DEVICE)
    .option(...MAX_BYTES)
    .addHelpText('after', HELP)
    .action(async (image: string, directory: string | undefined, options: ExtractOptions) => {
      const target = targetOf(host, directory, options);
      const paths = { image, secondDevice: options.secondDevice };
      await withImageFile(host, paths, (volume) =>
        new Extractor(host, volume, options).run(paths, target),
      );
    });
}

const ARCHIVE_FORMATS = ['tar', 'cpio'] as const;
const ARCHIVE_WRITERS = { tar: writeTar, cpio: writeCpio } as const;

/** Where files go. */
interface Target {
  readonly kind: ExtractOutcome['format'];
  /** As on the command line; a directory's without slashes at its end, which would follow a symlink. */
  readonly path: string;
}

function targetOf(host: Host, directory: string | undefined, options: ExtractOptions): Target {
  const archives = ARCHIVE_FORMATS.flatMap((kind) => {
    const path = options[kind];
    return path === undefined ? [] : [{ kind, path }];
  });
  const path = directory?.replace(/(?<=[^/])\/+$/, '');
  const targets: readonly Target[] = [
    ...(path === undefined ? [] : [{ kind: 'directory' as const, path }]),
    ...archives,
  ];
  const [target] = targets;
  if (target === undefined || targets.length > 1)
    throw new UsageError(
      `extract has ${String(targets.length)} targets, expected one: a directory, --tar FILE or --cpio FILE`,
    );
  if (target.kind !== 'directory' && target.path === STDOUT && host.terminal.outIsTty)
    throw new UsageError(
      `option --${target.kind} - writes an archive to the terminal, expected standard output to go elsewhere`,
    );
  if (target.kind !== 'directory' && target.path === STDOUT && options.json === true)
    throw new UsageError(
      `option --json prints where option --${target.kind} - writes the archive, expected --${target.kind} FILE`,
    );
  return target;
}

/** What was made. */
type Made = Pick<ExtractOutcome, 'entries' | 'bytes'>;

/** One run of the command. */
class Extractor {
  readonly #host: Host;
  readonly #volume: AxfsVolume;
  readonly #options: ExtractOptions;
  readonly #progress: Progress;
  readonly #leftOut: LeftOut[] = [];
  readonly #damage: DamageReport;

  constructor(host: Host, volume: AxfsVolume, options: ExtractOptions) {
    this.#host = host;
    this.#volume = volume;
    this.#options = options;
    this.#damage = new DamageReport(host);
    this.#progress = startProgress(host, 'extracting', true);
  }

  async run(paths: ImagePaths, target: Target): Promise<void> {
    const path = fromText(target.path);
    const entries = salvage(this.#volume, this.#onDamage);
    checkBytes([this.#volume], fileBytes(entries), this.#options.maxBytes);
    const outcome = {
      ...{ image: paths.image, format: target.kind, target: path },
      ...(await this.#make(entries, target.kind, path, paths)),
      ...{ leftOut: this.#leftOut, lost: this.#damage.first, lostEntries: this.#damage.count },
    };
    const { terminal } = this.#host;
    if (this.#options.json === true) terminal.out(outcomeJson(outcome));
    this.#damage.end(this.#volume.name, 'could not be extracted, see above; all others were');
    if (this.#options.json !== true) terminal.out(outcomeText(outcome));
  }

  async #make(
    entries: readonly WalkEntry[],
    kind: Target['kind'],
    path: ByteString,
    paths: ImagePaths,
  ): Promise<Made> {
    try {
      if (kind === 'directory') return await this.#toDirectory(entries, path);
      checkArchive(this.#host, paths, path);
      return this.#toArchive(entries, kind, path);
    } finally {
      this.#progress.end();
    }
  }

  async #toDirectory(entries: readonly WalkEntry[], directory: ByteString): Promise<Made> {
    const { devices, sockets, owners, ownerless } = unmakeable(this.#host, entries);
    // Without --strict, each of these is told of on its own.
    if (this.#options.strict === true)
      this.#leaveOut('owner', ownerless, 'cannot be: ids of users and groups are below 2^32-1');
    this.#leaveOut('device', devices, 'left out: only root can make them');
    this.#leaveOut('socket', sockets, 'left out: only a program that listens can make them');
    this.#leaveOut('owner', owners, 'not set: only root can give files away');
    const { otherTime, ...made } = await extractTree(this.#host, {
      volume: this.#volume,
      entries,
      directory,
      onDamage: this.#onDamage,
      onProgress: (done, total) => {
        this.#progress.update(done, total);
      },
    });
    if (otherTime !== undefined)
      this.#host.terminal.err(
        `axfs: warning: the image's time ${String(this.#volume.image.superblock.timestamp)} is none that files can have here, they got ${String(otherTime)}\n`,
      );
    return made;
  }

  #toArchive(entries: readonly WalkEntry[], kind: 'tar' | 'cpio', file: ByteString): Made {
    const sockets = entries.filter(({ inode }) => inode.type === 'socket').map(({ path }) => path);
    if (kind === 'tar') this.#leaveOut('socket', sockets, 'left out: tar has no type for them');
    // Each content is read twice.
    const bytes = 2 * fileBytes(entries);
    let done = 0;
    const output = file === STDOUT ? undefined : this.#host.files.create(file);
    try {
      const archive = archiveEntries(this.#volume, entries, {
        ...(kind === 'cpio' ? { check: checkCpio } : {}),
        onDamage: this.#onDamage,
        onBytes: (count) => {
          done += count;
          this.#progress.update(done, bytes);
        },
      });
      const { sink, flush } = collect((piece) => {
        if (output === undefined) this.#host.terminal.out(piece);
        else output.write(piece);
      });
      ARCHIVE_WRITERS[kind](archive, sink);
      flush();
      output?.commit();
      const written = archive.filter(({ type }) => kind !== 'tar' || type !== 'socket');
      return {
        entries: written.length,
        bytes: written.reduce((sum, entry) => sum + contentBytes(entry), 0),
      };
    } finally {
      output?.discard();
    }
  }

  /** Says what is left out; under --strict, before anything is written, that is an error. */
  #leaveOut(what: LeftOut['what'], paths: readonly ByteString[], why: string): void {
    if (paths.length === 0) return;
    const left = { what, why, paths };
    const text = leftOutText(left);
    if (this.#options.strict === true)
      throw new AxfsError('EPERM', `${this.#volume.name}: ${text} (--strict)`);
    this.#host.terminal.err(`axfs: warning: ${text}\n`);
    this.#leftOut.push(left);
  }

  readonly #onDamage = (path: ByteString, error: AxfsError): void => {
    this.#progress.end();
    this.#damage.tell(path, error);
  };
}

const contentBytes = (entry: ArchiveInode): number =>
  entry.type === 'file' ? entry.content.size : 0;

/** Bytes that regular files say they have. */
const fileBytes = (entries: readonly WalkEntry[]): number =>
  entries.reduce((sum, { inode }) => sum + (inode.type === 'file' ? inode.size : 0), 0);

/** The archive would not replace the image that it is made from. */
function checkArchive(
  { files }: Host,
  { image, secondDevice }: ImagePaths,
  path: ByteString,
): void {
  if (path === STDOUT) return;
  const there = ifThere(() => files.stat(path));
  for (const own of [image, ...(secondDevice === undefined ? [] : [secondDevice])]) {
    const { device, inode } = files.stat(fromText(own));
    if (there?.device === device && there.inode === inode)
      throw new UsageError(
        `archive ${toPrintable(path)} is the image itself, expected another file`,
      );
  }
}
