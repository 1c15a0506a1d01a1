/**
 * `axfs extract`: an image's files into a directory, or as a tar or cpio archive.
 *
 * @module
 */
import type { Command } from 'commander';
import { writeCpio } from '../archive/cpio-write.ts';
import { writeTar } from '../archive/tar-write.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { AxfsVolume, WalkEntry } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { UsageError } from './exit.ts';
import { archiveEntries, collect } from './extract-archive.ts';
import { extractTree, ifThere, unmakeable } from './extract.ts';
import { salvage } from './extract-walk.ts';
import { withImageFile } from './image-file.ts';
import { startProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { counted, exactSize } from './sizes.ts';

const STDOUT = '-';

const HELP = `
The directory must be new or empty. Owners and device nodes need root; without, they are
left out, and said so. Sockets are left out of directories and of tar archives.
An image does not know hard links or times of single files: names that shared a file
come out as files of their own, and every file gets the image's timestamp.
A damaged file is named and left out, the others are extracted, and the exit code is 8.
`;

interface ExtractOptions {
  readonly tar?: string;
  readonly cpio?: string;
  readonly strict?: true;
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
    .addHelpText('after', HELP)
    .action(async (image: string, directory: string | undefined, options: ExtractOptions) => {
      const target = targetOf(host, directory, options);
      await withImageFile(host, image, (volume) => {
        new Extractor(host, volume, options.strict === true).run(image, target);
      });
    });
}

const ARCHIVE_FORMATS = ['tar', 'cpio'] as const;

/** Where files go. */
interface Target {
  readonly kind: 'directory' | (typeof ARCHIVE_FORMATS)[number];
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
  return target;
}

/** One run of the command. */
class Extractor {
  readonly #host: Host;
  readonly #volume: AxfsVolume;
  readonly #strict: boolean;
  readonly #progress: Progress;
  #failures = 0;

  constructor(host: Host, volume: AxfsVolume, strict: boolean) {
    this.#host = host;
    this.#volume = volume;
    this.#strict = strict;
    this.#progress = startProgress(host, 'extracting', true);
  }

  run(image: string, target: Target): void {
    const entries = salvage(this.#volume, this.#onDamage);
    let summary = '';
    try {
      if (target.kind === 'directory') summary = this.#toDirectory(entries, target.path);
      else this.#toArchive(entries, target.kind, checkedArchive(this.#host, image, target.path));
    } finally {
      this.#progress.end();
    }
    if (this.#failures > 0)
      throw new AxfsError(
        'EIO',
        `${this.#volume.name}: ${counted(this.#failures, 'entry', 'entries')} could not be extracted, see above; all others were`,
      );
    this.#host.terminal.out(summary);
  }

  #toDirectory(entries: readonly WalkEntry[], path: string): string {
    const directory = fromText(path);
    const { devices, sockets, owners } = unmakeable(this.#host, entries);
    this.#leftOut('device', devices, 'left out: only root can make them');
    this.#leftOut('socket', sockets, 'left out: only a program that listens can make them');
    this.#leftOut('owner', owners, 'not set: only root can give files away');
    const made = extractTree(this.#host, {
      volume: this.#volume,
      entries,
      directory,
      onDamage: this.#onDamage,
      onProgress: (done, total) => {
        this.#progress.update(done, total);
      },
    });
    return `extracted ${counted(made.entries, 'entry', 'entries')}, ${exactSize(made.bytes)}, to ${toPrintable(directory)}\n`;
  }

  #toArchive(entries: readonly WalkEntry[], kind: 'tar' | 'cpio', file: ByteString): void {
    const sockets = entries.filter(({ inode }) => inode.type === 'socket').map(({ path }) => path);
    if (kind === 'tar') this.#leftOut('socket', sockets, 'left out: tar has no type for them');
    const bytes = entries.reduce((sum, { inode }) => sum + 2 * inode.size, 0);
    let done = 0;
    const output = file === STDOUT ? undefined : this.#host.files.create(file);
    try {
      const archive = archiveEntries(this.#volume, entries, {
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
      if (kind === 'tar') writeTar(archive, sink);
      else writeCpio(archive, sink);
      flush();
      output?.commit();
    } finally {
      output?.discard();
    }
  }

  /** Says what is left out; under --strict, before anything is written, that is an error. */
  #leftOut(noun: string, paths: readonly ByteString[], why: string): void {
    const [first] = paths;
    if (first === undefined) return;
    const others = paths.length === 1 ? '' : ` and ${String(paths.length - 1)} more`;
    const text = `${counted(paths.length, noun)} ${why}: ${toPrintable(first)}${others}`;
    if (this.#strict) throw new AxfsError('EPERM', `${this.#volume.name}: ${text} (--strict)`);
    this.#host.terminal.err(`axfs: warning: ${text}\n`);
  }

  readonly #onDamage = (path: ByteString, { message }: AxfsError): void => {
    this.#failures += 1;
    this.#progress.end();
    this.#host.terminal.err(`axfs: ${toPrintable(path)}: ${message}\n`);
  };
}

/** The archive would not replace the image that it is made from. */
function checkedArchive({ files }: Host, image: string, file: string): ByteString {
  const path = fromText(file);
  if (file === STDOUT) return path;
  const there = ifThere(() => files.stat(path));
  const own = files.stat(fromText(image));
  if (there?.device === own.device && there.inode === own.inode)
    throw new UsageError(`archive ${toPrintable(path)} is the image itself, expected another file`);
  return path;
}
