/**
 * The command line of `axfs workload import`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Host } from '../host/host.ts';
import { TRACE_FORMATS, TRACE_FORMAT_NAMES, importTrace } from '../workload/formats/formats.ts';
import { EPOCH_SECONDS } from '../workload/import-notes.ts';
import { parsePathMap } from '../workload/path-map.ts';
import { EXIT_HELP } from './exit.ts';
import {
  OUTPUT,
  OUTPUT_JSON,
  checkOutput,
  importComments,
  importLines,
  jsonText,
  readBytes,
  writeTrace,
} from './workload-files.ts';
import type { OutputOptions } from './workload-files.ts';

interface ImportCommandOptions extends OutputOptions {
  readonly format?: string;
  readonly pathMap?: string;
  readonly epoch: number;
}

const WIDTH = Math.max(...TRACE_FORMAT_NAMES.map(({ length }) => length));

const HELP = `
Formats, recognized by themselves:
${TRACE_FORMATS.map(({ name, title }) => `  ${name.padEnd(WIDTH)}  ${title}`).join('\n')}

What was read, left out and assumed is said on standard error, and stands in comments in
front of the trace. A path map is made on the recorded machine, once for each filesystem:
  find / -xdev -type f -printf '%D:%i %p\\n' > paths.txt

Examples:
  $ axfs workload import faults.txt -o boot.csv
  $ axfs workload import trace.txt --path-map paths.txt > boot.csv
  $ axfs workload import --format driver-profile volume0.csv -o boot.csv --json
  $ fincore --bytes --json /bin/* | axfs workload import - > warm.csv

${EXIT_HELP}
`;

const EPOCH_MAX_SECONDS = 1e6;

function parseEpoch(text: string): number {
  const seconds = Number(text);
  if (!/^[0-9]*\.?[0-9]+$/.test(text) || !(seconds > 0 && seconds <= EPOCH_MAX_SECONDS))
    throw new InvalidArgumentError('Expected seconds above 0, e.g. 0.1.');
  return seconds;
}

/** `axfs workload import`. */
export function addWorkloadImport(workload: Command, host: Host): void {
  workload
    .command('import')
    .description('Makes a trace from what other tools record.')
    .argument('<file>', 'recording; - for standard input')
    .addOption(
      new Option('--format <name>', 'what the file is (default: as it looks)').choices([
        ...TRACE_FORMAT_NAMES,
      ]),
    )
    .option('--path-map <file>', 'paths of device and inode numbers')
    .addOption(
      new Option('--epoch <seconds>', 'length of an epoch, where the recording has times')
        .argParser(parseEpoch)
        .default(EPOCH_SECONDS),
    )
    .option(...OUTPUT)
    .option(...OUTPUT_JSON)
    .addHelpText('after', HELP)
    .action((file: string, options: ImportCommandOptions) => runImport(host, file, options));
}

async function runImport(host: Host, file: string, options: ImportCommandOptions): Promise<void> {
  checkOutput(options);
  const { format, pathMap, epoch, output, json } = options;
  const { bytes, name } = await readBytes(host, file);
  const map = pathMap === undefined ? undefined : await readBytes(host, pathMap);
  const imported = importTrace(bytes, name, {
    epochSeconds: epoch,
    ...(format === undefined ? {} : { format }),
    ...(map === undefined ? {} : { pathMap: parsePathMap(map.bytes, map.name) }),
  });
  const { trace, report } = imported;
  writeTrace(host, trace, importComments(name, report), output);
  if (json === true) host.terminal.out(jsonText({ ...report, lines: trace.lines.length }));
  else for (const line of importLines(name, imported)) host.terminal.err(`${line}\n`);
}
