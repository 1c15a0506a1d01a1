/**
 * The subcommands that only read an image: `info`, `ls`, `cat`, `manifest`.
 *
 * @module
 */
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { DamageReport } from './damage.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { imageInfo, infoText } from './info.ts';
import { listEntries, listLines } from './list.ts';
import { manifestJson } from './manifest.ts';
import { MAX_BYTES, MAX_BYTES_HELP, checkBytes } from './max-bytes.ts';
import type { MaxBytesOption } from './max-bytes.ts';
import { jsonList, writePieces } from './pieces.ts';

/** Bytes written at a time. */
const CAT_CHUNK = 64 * PAGE_SIZE;

/** How a command ends that goes on behind damage. */
const DAMAGED = 'damaged, see above; all others are given';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** `axfs info`. */
export function addInfo(program: Command, host: Host): void {
  program
    .command('info')
    .description('Prints superblock, regions and counts of an image.')
    .argument('<image>', 'image file')
    .option('--json', 'as JSON, sizes in bytes')
    .option(...SECOND_DEVICE)
    .action((image: string, options: SecondOption & { json?: true }) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const damage = new DamageReport(host);
        const info = imageInfo(volume, damage.sink);
        host.terminal.out(options.json === true ? json(info) : infoText(info));
        damage.end(volume.name, 'damaged, see above, and not counted');
      }),
    );
}

interface ListCommandOptions extends SecondOption {
  readonly l?: true;
  readonly R?: true;
  readonly json?: true;
}

/** `axfs ls`. */
export function addList(program: Command, host: Host): void {
  program
    .command('ls')
    .description('Lists directories of an image.')
    .argument('<image>', 'image file')
    .argument('[path...]', 'files and directories in the image', ['.'])
    .option('-l', 'mode, owner, size and link target of each')
    .option('-R', 'directories below, too')
    .option('--json', 'as JSON: the entries as the manifest has them, without contents')
    .option(...SECOND_DEVICE)
    .action((image: string, paths: readonly string[], options: ListCommandOptions) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const damage = new DamageReport(host);
        const long = options.l === true;
        const recursive = options.R === true;
        const { terminal } = host;
        if (options.json === true) {
          writePieces(terminal, jsonList(listEntries(volume, paths, recursive, damage.sink)));
          terminal.out('\n');
        } else
          for (const line of listLines(volume, paths, { long, recursive }, damage.sink))
            terminal.out(`${line}\n`);
        damage.end(volume.name, DAMAGED);
      }),
    );
}

/** `axfs cat`. */
export function addCat(program: Command, host: Host): void {
  program
    .command('cat')
    .description('Writes contents of files in an image to standard output.')
    .argument('<image>', 'image file')
    .argument('<path...>', 'files in the image; symbolic links are followed')
    .option(...SECOND_DEVICE)
    .option(...MAX_BYTES)
    .addHelpText('after', MAX_BYTES_HELP)
    .action((image: string, paths: readonly string[], options: SecondOption & MaxBytesOption) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const inodes = paths.map((path) => fileAt(volume, path));
        const bytes = inodes.reduce((sum, { size }) => sum + size, 0);
        checkBytes([volume], bytes, options.maxBytes);
        for (const inode of inodes) writeContents(volume, inode, host);
      }),
    );
}

/** `axfs manifest`. */
export function addManifest(program: Command, host: Host): void {
  program
    .command('manifest')
    .description('Prints every file of an image with the SHA-256 of its contents, as JSON.')
    .argument('<image>', 'image file')
    .option('--json', 'accepted for symmetry: the output is JSON anyway')
    .option(...SECOND_DEVICE)
    .option(...MAX_BYTES)
    .addHelpText('after', MAX_BYTES_HELP)
    .action((image: string, options: SecondOption & MaxBytesOption) =>
      withImageFile(host, { ...options, image }, (volume) => {
        const damage = new DamageReport(host);
        const damaged = damage.sink;
        const { maxBytes } = options;
        writePieces(host.terminal, manifestJson(volume, host, { maxBytes, damaged }));
        damage.end(volume.name, DAMAGED);
      }),
    );
}

function fileAt(volume: AxfsVolume, text: string): Inode {
  const path = fromText(text);
  const inode = volume.resolve(path);
  if (inode.type !== 'file')
    throw new AxfsError(
      inode.type === 'dir' ? 'EISDIR' : 'EINVAL',
      `${volume.name}: ${toPrintable(path)}: is a ${inode.type}, expected a regular file`,
    );
  return inode;
}

function writeContents(volume: AxfsVolume, inode: Inode, host: Host): void {
  for (let offset = 0; offset < inode.size;) {
    const chunk = new Uint8Array(Math.min(CAT_CHUNK, inode.size - offset));
    offset += volume.read(inode, offset, chunk);
    host.terminal.out(chunk);
  }
}
