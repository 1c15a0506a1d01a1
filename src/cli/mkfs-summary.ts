/**
 * What `mkfs.axfs` says when it is done: a few lines for people, or JSON for programs.
 *
 * @module
 */
import { fromText, toPrintable, toText } from '../base/bytestring.ts';
import { INODE_TYPES } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import { TABLE_NAMES } from '../ondisk/regions.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import { humanCount } from '../report/sizes.ts';
import { counted, exactSize, percent } from './sizes.ts';

/** What a summary is about. */
export interface MkfsOutcome {
  /** As on the command line. */
  readonly source: string;
  readonly image: string;
  /** Second file of a split image. */
  readonly rest: string | undefined;
  /** That file is the whole image. */
  readonly isWholeRest: boolean;
  /** Nothing was written. */
  readonly isDry: boolean;
  readonly report: BuildReport;
  /** File bytes, padding included. */
  readonly imageBytes: number;
  readonly milliseconds: number;
  readonly jobs: number;
}

const PLURALS: Readonly<Record<InodeType, readonly [string, string]>> = {
  dir: ['directory', 'directories'],
  file: ['file', 'files'],
  symlink: ['symlink', 'symlinks'],
  char: ['character device', 'character devices'],
  block: ['block device', 'block devices'],
  fifo: ['fifo', 'fifos'],
  socket: ['socket', 'sockets'],
};

/** Types in the order of interest. */
const TYPES_SHOWN = Object.keys(PLURALS) as InodeType[];

/** A few lines, each ended. */
export function summaryText(outcome: MkfsOutcome): string {
  const { report, imageBytes } = outcome;
  const { inodes, nodes, regions, profile } = report;
  const tables = TABLE_NAMES.reduce((sum, name) => sum + regions[name], 0);
  const types = TYPES_SHOWN.filter((type) => inodes[type] > 0).map((type) =>
    counted(inodes[type], ...PLURALS[type]),
  );
  const lines = [
    [
      'image',
      `${toPrintable(fromText(outcome.image))}: ${exactSize(imageBytes)}, ` +
        `${humanCount(report.size)} without padding${outcome.isDry ? ', not written' : ''}`,
    ],
    ...splitLines(outcome),
    ['inodes', `${humanCount(report.files)}: ${types.join(', ')}`],
    [
      'nodes',
      `${humanCount(nodes.xip + nodes.compressed + nodes.byteAligned)}: ` +
        `${humanCount(nodes.xip)} xip, ${humanCount(nodes.compressed)} compressed, ` +
        `${humanCount(nodes.byteAligned)} byte-aligned`,
    ],
    ...sharedLines(report.shared),
    [
      'bytes',
      `xip ${humanCount(regions.xip)}, compressed ${humanCount(regions.compressed)}, ` +
        `byte-aligned ${humanCount(regions.byte_aligned)}, strings ${humanCount(regions.strings)}, ` +
        `tables ${humanCount(tables)}`,
    ],
    [
      'ratio',
      `${percent(imageBytes, report.fileBytes)} of ${exactSize(report.fileBytes)} in files`,
    ],
    ...(report.expandedRegions === 0
      ? []
      : [['ram', `${exactSize(report.expandedRegions)} for compressed tables at each mount`]]),
    ...(profile === undefined
      ? []
      : [
          [
            'profile',
            `${counted(profile.lines, 'line')}: ${humanCount(profile.matched)} matched, ` +
              `${humanCount(profile.unmatched.length)} unmatched`,
          ],
        ]),
    [
      'time',
      `${(outcome.milliseconds / 1000).toFixed(2)} s, ` +
        (outcome.jobs === 0 ? 'no workers' : counted(outcome.jobs, 'worker')),
    ],
  ];
  return lines.map(([label = '', text = '']) => `${label.padEnd(8)} ${text}\n`).join('');
}

/** Where a split image is cut, and what belongs where. */
function splitLines({ report, image, rest, isWholeRest }: MkfsOutcome): string[][] {
  if (rest === undefined) return [];
  const [first = '', second = ''] = [image, rest].map((name) => toPrintable(fromText(name)));
  const front = `${first}: the first ${exactSize(report.mmapSize)}, for addressable flash; `;
  return isWholeRest
    ? [['split', `${front}${second}: the whole image, for a block device (second_dev)`]]
    : [
        ['split', `${front}${second}: the rest, for an MTD (second_dev)`],
        ['', 'a second block device needs the whole image at its own offsets: --split-block'],
      ];
}

const sharedLines = ({ nodes, files, filePages }: BuildReport['shared']): string[][] =>
  nodes === 0 && files === 0
    ? []
    : [
        [
          'shared',
          `${counted(nodes, 'node')} with an earlier one's bytes, ` +
            `${counted(files, 'file')} with an earlier one's ${counted(filePages, 'node')}`,
        ],
      ];

/** Everything as JSON, one document, exact bytes. */
export function summaryJson(outcome: MkfsOutcome): string {
  const { report, jobs } = outcome;
  const { profile } = report;
  const document = {
    image: outcome.image,
    ...(outcome.rest === undefined ? {} : { rest: outcome.rest }),
    source: outcome.source,
    written: !outcome.isDry,
    imageBytes: outcome.imageBytes,
    size: report.size,
    mmapSize: report.mmapSize,
    ...(report.digest === undefined ? {} : { sha1: report.digest }),
    features: report.features,
    fileBytes: report.fileBytes,
    files: report.files,
    inodes: Object.fromEntries(INODE_TYPES.map(({ type }) => [type, report.inodes[type]])),
    nodes: report.nodes,
    shared: report.shared,
    xipPages: report.xipPages,
    cblocks: report.cblocks,
    cblockSize: report.cblockSize,
    regions: report.regions,
    expandedRegions: report.expandedRegions,
    ...(profile === undefined
      ? {}
      : {
          profile: {
            lines: profile.lines,
            matched: profile.matched,
            unmatched: profile.unmatched.map(({ line, path, offset }) => ({
              line,
              path: toText(path),
              offset,
            })),
          },
        }),
    mountableByKernel: report.mountableByKernel,
    warnings: report.warnings,
    jobs,
    milliseconds: Math.round(outcome.milliseconds),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** One sentence on the unmatched lines of a list, if any; `name` is the list's. */
export function unmatchedText(
  unmatched: PageProfile['entries'],
  lines: number,
  name: string,
): string | undefined {
  const [first] = unmatched;
  if (first === undefined) return undefined;
  return (
    `${name}: ${humanCount(unmatched.length)} of ${counted(lines, 'line')} ` +
    `${unmatched.length === 1 ? 'selects' : 'select'} no page of a regular file in the tree, ` +
    `first line ${String(first.line)}: ${toPrintable(first.path)},${String(first.offset)}`
  );
}
