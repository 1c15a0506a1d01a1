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
import { DamageReport } from './damage.ts';
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

interface DiffCommandOptions extends MaxBytesOption {
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
    .action(async (a: string, b: string, options: DiffCommandOptions) => {
      const [inA, inB] = [
        { image: a, secondDevice: options.secondDeviceA },
        { image: b, secondDevice: options.secondDeviceB },
      ];
      const damage = new DamageReport(host);
      const { maxBytes } = options;
      const difference = await withImageFile(host, inA, (first) =>
        withImageFile(host, inB, (second) =>
          diffImages(first, second, { maxBytes, damaged: damage.tell }),
        ),
      );
      host.terminal.out(
        options.json === true
          ? `${JSON.stringify(difference, null, 2)}\n`
          : differenceText(difference),
      );
      damage.end(`${a} and ${b}`, 'damaged, see above; all others are compared');
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
  const { a, b } = difference;
  if (difference.equal) return `${a} and ${b} do not differ\n`;
  const sections = differenceSections(difference);
  if (sections.length === 0) return `${a} and ${b} do not differ where they can be read\n`;
  return `${[`a  ${a}`, `b  ${b}`, ...sections].join('\n')}\n`;
}

function differenceSections({
  files,
  placement,
  superblock,
  regions,
}: ImageDifference): readonly string[] {
  const { added, removed, changed } = files;
  return [
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
