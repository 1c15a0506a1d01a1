/**
 * `axfs diff`: the differences as text or as JSON, and as the exit code.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Host } from '../host/host.ts';
import { humanCount } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import { diffImages } from './diff.ts';
import type { PageMove } from './diff-contents.ts';
import type { ChangedFile, ImageDifference } from './diff.ts';
import { EXIT, ExitWith } from './exit.ts';
import { secondDeviceOf, withImageFile } from './image-file.ts';
import { MAX_BYTES, MAX_BYTES_HELP } from './max-bytes.ts';
import type { MaxBytesOption } from './max-bytes.ts';
import { counted } from './sizes.ts';

const HELP = `
Files are compared by path: type, mode, owner, size, device and contents; then how their
pages are stored (xip, compressed, byteAligned), fields of the superblock, and regions.
Exit code: ${String(EXIT.ok)} when nothing differs, ${String(EXIT.different)} when something does, ${String(EXIT.failed)} when an image cannot be read.
${MAX_BYTES_HELP}`;

interface DiffOptions extends MaxBytesOption {
  readonly json?: true;
  readonly secondDeviceA?: string;
  readonly secondDeviceB?: string;
}

/** `axfs diff`. */
export function addDiff(program: Command, host: Host): void {
  program
    .command('diff')
    .description('Compares two images: files, placement of pages, regions.')
    .argument('<a>', 'image file')
    .argument('<b>', 'image file')
    .option('--json', 'as JSON, sizes in bytes')
    .option(...secondDeviceOf('a'))
    .option(...secondDeviceOf('b'))
    .option(...MAX_BYTES)
    .addHelpText('after', HELP)
    .action(async (a: string, b: string, options: DiffOptions) => {
      const [inA, inB] = [
        { image: a, secondDevice: options.secondDeviceA },
        { image: b, secondDevice: options.secondDeviceB },
      ];
      const difference = await withImageFile(host, inA, (first) =>
        withImageFile(host, inB, (second) => diffImages(first, second, options.maxBytes)),
      );
      host.terminal.out(
        options.json === true
          ? `${JSON.stringify(difference, null, 2)}\n`
          : differenceText(difference),
      );
      if (!difference.equal) throw new ExitWith(EXIT.different);
    });
}

const movesText = (moves: readonly PageMove[]): string =>
  moves.map(({ from, to, pages }) => `${counted(pages, 'page')} ${from} -> ${to}`).join(', ');

const changeText = ({ metadata, content }: ChangedFile): string =>
  [
    ...metadata.map(({ field, a, b }) => `${field} ${a || '-'} -> ${b || '-'}`),
    ...(content ? ['content'] : []),
  ].join(', ');

/** A heading with the lines below it; nothing without lines. */
const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

/** The differences for people. */
export function differenceText(difference: ImageDifference): string {
  const { a, b, files, placement, superblock, regions } = difference;
  if (difference.equal) return `${a} and ${b} do not differ\n`;
  const { added, removed, changed } = files;
  const lines = [
    `a  ${a}`,
    `b  ${b}`,
    ...section(
      `files: ${counted(added.length, 'file')} added, ${counted(removed.length, 'file')} removed, ${counted(changed.length, 'file')} changed`,
      [
        ...removed.map((path) => `- ${path}`),
        ...added.map((path) => `+ ${path}`),
        ...changed.map((file) => `! ${file.path}: ${changeText(file)}`),
      ],
    ),
    ...section(
      `pages: ${movesText(placement.totals)}`,
      placement.files.map(({ path, moves }) => `${path}: ${movesText(moves)}`),
    ),
    ...section(
      'superblock',
      superblock.map((change) => `${change.field} ${change.a} -> ${change.b}`),
    ),
    ...section('regions that differ', regionTable(regions)),
  ];
  return `${lines.join('\n')}\n`;
}

function regionTable(regions: ImageDifference['regions']): readonly string[] {
  const rows = regions.filter(({ differs }) => differs);
  if (rows.length === 0) return [];
  const signed = (bytes: number): string =>
    bytes === 0 ? '0' : `${bytes > 0 ? '+' : '-'}${humanCount(Math.abs(bytes))}`;
  return textTable(
    [
      { title: 'region', align: 'left' },
      { title: 'bytes in a', align: 'right' },
      { title: 'bytes in b', align: 'right' },
      { title: 'change', align: 'right' },
    ],
    rows.map(({ region, a, b }) => [region, humanCount(a), humanCount(b), signed(b - a)]),
  );
}
