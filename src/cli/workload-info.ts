/**
 * The command line of `axfs workload info`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { toPrintable, toText } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Host } from '../host/host.ts';
import { humanBytes, humanCount } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import { infoOf } from '../workload/info.ts';
import type { TraceInfo } from '../workload/info.ts';
import { parseTrace } from '../workload/trace.ts';
import { EXIT_HELP } from './exit.ts';
import { percent } from './sizes.ts';
import { jsonText, readBytes } from './workload-files.ts';

interface InfoOptions {
  readonly files: number;
  readonly json?: true;
}

const FILES_SHOWN = 20;

const HELP = `
Examples:
  $ axfs workload info boot.csv
  $ axfs workload info boot.csv --files 100
  $ axfs workload info boot.csv --json

${EXIT_HELP}
`;

function parseCount(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0.');
  return Number(text);
}

/** `axfs workload info`. */
export function addWorkloadInfo(workload: Command, host: Host): void {
  workload
    .command('info')
    .description('Says what a trace holds: pages, processes, touches, file by file.')
    .argument('<trace>', 'trace; - for standard input')
    .addOption(
      new Option('--files <number>', 'files shown, those with the most touches')
        .argParser(parseCount)
        .default(FILES_SHOWN),
    )
    .option('--json', 'as JSON: exact numbers, all files')
    .addHelpText('after', HELP)
    .action(async (file: string, { files, json }: InfoOptions) => {
      const { bytes, name } = await readBytes(host, file);
      const info = infoOf(parseTrace(bytes, name));
      host.terminal.out(json === true ? infoJson(name, info) : infoText(name, info, files));
    });
}

const infoJson = (name: string, { byFile, ...info }: TraceInfo): string =>
  jsonText({
    trace: name,
    ...info,
    byFile: byFile.map((row) => ({ ...row, path: toText(row.path) })),
  });

function infoText(name: string, info: TraceInfo, shown: number): string {
  const { byFile, pages, touches, top, files } = info;
  const rows = [
    ['lines', humanCount(info.lines)],
    ['processes', humanCount(info.processes)],
    ['epochs', humanCount(info.epochs)],
    [
      'pages',
      `${humanCount(pages)} (${humanBytes(pages * PAGE_SIZE)}) of ${humanCount(files)} files`,
    ],
    ['  executed', humanCount(info.executedPages)],
    ['  written', humanCount(info.writtenPages)],
    ['  shared', `${humanCount(info.sharedPages)}, by two or more processes`],
    ['touches', humanCount(touches)],
    [
      'top 10 %',
      `${humanCount(top.pages)} pages take ${percent(top.touches, touches)} of the touches`,
    ],
    ['addresses', info.hasAddresses ? 'yes' : 'no'],
  ];
  const table = textTable(
    [
      { title: 'pages', align: 'right' },
      { title: 'executed', align: 'right' },
      { title: 'written', align: 'right' },
      { title: 'touches', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'file', align: 'left' },
    ],
    byFile
      .slice(0, shown)
      .map((row) => [
        ...[row.pages, row.executedPages, row.writtenPages, row.touches].map(humanCount),
        percent(row.touches, touches),
        toPrintable(row.path),
      ]),
  );
  const rest = byFile.length - shown;
  return [
    name,
    ...rows.map(([title = '', value = '']) => `  ${title.padEnd(12)}${value}`),
    ...(shown === 0 ? [] : ['', ...table]),
    ...(shown > 0 && rest > 0 ? [`and ${humanCount(rest)} more files`] : []),
    '',
  ].join('\n');
}
