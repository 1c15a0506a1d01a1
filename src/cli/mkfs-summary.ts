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
  readonly directory: string;
  readonly image: string;
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
        `${humanCount(report.size)} without padding`,
    ],
    ['inodes', `${humanCount(report.files)}: ${types.join(', ')}`],
    [
      'nodes',
      `${humanCount(nodes.xip + nodes.compressed + nodes.byteAligned)}: ` +
        `${humanCount(nodes.xip)} xip, ${humanCount(nodes.compressed)} compressed, ` +
        `${humanCount(nodes.byteAligned)} byte-aligned`,
    ],
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

/** Everything as JSON, one document, exact bytes. */
export function summaryJson(outcome: MkfsOutcome): string {
  const { report, jobs } = outcome;
  const { profile } = report;
  const document = {
    image: outcome.image,
    directory: outcome.directory,
    imageBytes: outcome.imageBytes,
    size: report.size,
    fileBytes: report.fileBytes,
    files: report.files,
    inodes: Object.fromEntries(INODE_TYPES.map(({ type }) => [type, report.inodes[type]])),
    nodes: report.nodes,
    xipPages: report.xipPages,
    regions: report.regions,
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
