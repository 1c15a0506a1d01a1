/**
 * The command line of `axfs workload generate`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Host } from '../host/host.ts';
import { WORKLOAD_DEFAULTS, generateWorkload } from '../workload/generate.ts';
import type { WorkloadOptions } from '../workload/generate.ts';
import { infoOf } from '../workload/info.ts';
import { EXIT_HELP, UsageError } from './exit.ts';
import { counted } from './sizes.ts';
import {
  OUTPUT,
  OUTPUT_JSON,
  checkOutput,
  jsonText,
  readBytes,
  writeTrace,
} from './workload-files.ts';
import type { OutputOptions } from './workload-files.ts';
import { parseListing, workloadFiles } from './workload-listing.ts';

interface GenerateOptions extends OutputOptions {
  readonly list?: string;
  readonly seed: number;
  readonly bootPages: number;
  readonly launches: number;
  readonly launchPages: number;
  readonly epochs: number;
  readonly touches: number;
  readonly runLength: number;
  readonly zipf: number;
  readonly writeShare: number;
}

const HELP = `
Nothing of this is measured: it is for studying how designs react. Process 1 boots:
sequential runs over all files. Then programs are launched, chosen by Zipf's law, each a
process that touches pages of its file in runs. Then the launched processes work: pages
of all files by Zipf's law. A written page is so in every phase; executables are fetched,
other files read. The same seed and options give the same trace on every machine.

Examples:
  $ axfs workload generate rootfs.axfs --seed 7 --boot-pages 800 -o synthetic.csv
  $ axfs workload generate rootfs --seed 7 --launches 40 --zipf 0.8 > synthetic.csv
  $ find . -type f -printf '%m %s %p\\n' > files.txt
  $ axfs workload generate --list files.txt --seed 7 -o synthetic.csv --json

${EXIT_HELP}
`;

function parseWhole(text: string): number {
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('Expected a whole number from 0.');
  return Number(text);
}

/** A number from `low` to `high`. */
const parseIn =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^[0-9]*\.?[0-9]+$/.test(text) || !(value >= low && value <= high))
      throw new InvalidArgumentError(`Expected a number from ${String(low)} to ${String(high)}.`);
    return value;
  };

const { boot, launch, steady, runLength, exponent, writeShare } = WORKLOAD_DEFAULTS;

/** Options with whole numbers: flags, text, default. */
const WHOLE = [
  ['--seed <number>', 'what all chance comes from', 1],
  ['--boot-pages <number>', 'different pages that booting touches', boot.pages],
  ['--launches <number>', 'programs launched', launch.processes],
  ['--launch-pages <number>', 'pages that a launch touches', launch.pages],
  ['--epochs <number>', 'epochs of steady work', steady.epochs],
  ['--touches <number>', 'touches in each of them', steady.touches],
] as const;

/** `axfs workload generate`. */
export function addWorkloadGenerate(workload: Command, host: Host): void {
  const command = workload
    .command('generate')
    .description('Makes up a trace over the files of an image, a directory or a listing.')
    .argument('[files]', 'image or directory')
    .option('--list <file>', 'listing instead: lines SIZE PATH or MODE SIZE PATH');
  for (const [flags, text, value] of WHOLE)
    command.addOption(new Option(flags, text).argParser(parseWhole).default(value));
  command
    .addOption(
      new Option('--run-length <pages>', 'mean length of sequential runs')
        .argParser(parseIn(1, 1e6))
        .default(runLength),
    )
    .addOption(
      new Option('--zipf <exponent>', "exponent of Zipf's law: 0 is even")
        .argParser(parseIn(0, 10))
        .default(exponent),
    )
    .addOption(
      new Option('--write-share <share>', 'share of the pages that are written')
        .argParser(parseIn(0, 1))
        .default(writeShare),
    )
    .option(...OUTPUT)
    .option(...OUTPUT_JSON)
    .addHelpText('after', HELP)
    .action((files: string | undefined, options: GenerateOptions) =>
      generate(host, files, options),
    );
}

async function generate(
  host: Host,
  files: string | undefined,
  options: GenerateOptions,
): Promise<void> {
  checkOutput(options);
  const { list, output, json } = options;
  const source = files ?? list;
  if (source === undefined || (files !== undefined && list !== undefined))
    throw new UsageError('files are needed: give either an image or directory, or --list');
  const made: WorkloadOptions = {
    seed: options.seed,
    boot: { pages: options.bootPages },
    launch: { processes: options.launches, pages: options.launchPages },
    steady: { epochs: options.epochs, touches: options.touches },
    runLength: options.runLength,
    exponent: options.zipf,
    writeShare: options.writeShare,
  };
  const found =
    list === undefined
      ? await workloadFiles(host, source)
      : await readBytes(host, list).then(({ bytes, name }) => parseListing(bytes, name));
  // A trace has no way to write such a name.
  const named = found.filter(({ path }) => !path.includes('\n'));
  const leftOut = found.length - named.length;
  const trace = generateWorkload(named, made);
  const comments = [`generated over ${source}: ${JSON.stringify(made)}`, 'made up, not measured'];
  writeTrace(host, trace, comments, output);
  const info = { ...infoOf(trace), byFile: undefined };
  if (json === true) host.terminal.out(jsonText({ options: made, leftOut, ...info }));
  else {
    if (leftOut > 0)
      host.terminal.err(`${counted(leftOut, 'file')} with a line end in the name left out\n`);
    host.terminal.err(
      `${counted(info.lines, 'line')}: ${counted(info.pages, 'page')} of ${counted(info.files, 'file')}, ${counted(info.processes, 'process', 'processes')}, ${counted(info.epochs, 'epoch')}\n`,
    );
  }
}
