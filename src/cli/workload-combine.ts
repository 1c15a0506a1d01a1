/**
 * The command line of `axfs workload combine`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { createRandom } from '../base/random.ts';
import type { Host } from '../host/host.ts';
import { interleavingOf, onlyBelow, sequenceOf, stripRoot } from '../workload/combine.ts';
import type { CutTrace, WorkloadPart } from '../workload/combine.ts';
import { infoOf } from '../workload/info.ts';
import { parseTrace } from '../workload/trace.ts';
import type { Trace } from '../workload/trace.ts';
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

interface CombineOptions extends OutputOptions {
  readonly interleave?: true;
  readonly seed?: number;
  readonly root?: string;
  readonly only?: readonly string[];
}

const HELP = `
Every run of a trace has processes of its own. One after the other, its epochs come behind
those of the run before; with --interleave all runs go on at once, an epoch each in turn,
with --seed in an order drawn by chance. --root and --only apply to every trace.

Examples:
  $ axfs workload combine boot.csv 'sh.csv*20' 'vi.csv*5' -o day.csv
  $ axfs workload combine server.csv 'client.csv*4' --interleave --seed 3 > busy.csv
  $ axfs workload combine recorded.csv --root /srv/rootfs --only bin,lib -o cut.csv

${EXIT_HELP}
`;

const TIMES_MAX = 1e6;

/** `A.csv*20`: a file that many times. */
export function parsePart(text: string): { readonly file: string; readonly times: number } {
  const [, file = text, times] = /^(.+)\*([0-9]+)$/s.exec(text) ?? [];
  if (times === undefined) return { file, times: 1 };
  const number = Number(times);
  if (!(number >= 1 && number <= TIMES_MAX))
    throw new UsageError(`'${toPrintable(fromText(text))}': expected 1 to 1000000 times`);
  return { file, times: number };
}

function parseSeed(text: string): number {
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('Expected a whole number from 0.');
  return Number(text);
}

/** `axfs workload combine`. */
export function addWorkloadCombine(workload: Command, host: Host): void {
  workload
    .command('combine')
    .description('Puts traces one after the other, or side by side, or cuts them down.')
    .argument('<trace...>', 'traces; FILE*N stands for N runs')
    .option('--interleave', 'all runs at the same time, epoch by epoch')
    .addOption(
      new Option('--seed <number>', 'draw whose epoch is next, instead of turns').argParser(
        parseSeed,
      ),
    )
    .option('--root <directory>', 'take paths from this directory on, drop files outside')
    .addOption(
      new Option('--only <paths>', 'files at or below these paths, joined by commas').argParser(
        (text) => text.split(',').filter((path) => path !== ''),
      ),
    )
    .option(...OUTPUT)
    .option(...OUTPUT_JSON)
    .addHelpText('after', HELP)
    .action((files: readonly string[], options: CombineOptions) => combine(host, files, options));
}

/** What was left out of one trace, by option. */
interface Cut {
  readonly trace: string;
  readonly option: '--root' | '--only';
  readonly dropped: number;
}

async function combine(
  host: Host,
  files: readonly string[],
  options: CombineOptions,
): Promise<void> {
  checkOutput(options);
  const { interleave, seed, output, json } = options;
  if (seed !== undefined && interleave !== true)
    throw new UsageError('--seed goes with --interleave');
  const cuts: Cut[] = [];
  const read = new Map<string, Trace>();
  const parts: WorkloadPart[] = [];
  for (const { file, times } of files.map(parsePart)) {
    let trace = read.get(file);
    if (trace === undefined) {
      const { bytes, name } = await readBytes(host, file);
      trace = cutDown(parseTrace(bytes, name), options, cuts);
      read.set(file, trace);
    }
    parts.push({ trace, times });
  }
  const made =
    interleave === true
      ? interleavingOf(parts, seed === undefined ? undefined : createRandom(seed))
      : sequenceOf(parts);
  writeTrace(host, made, [`combined from ${made.name}${howText(options)}`], output);
  const info = { ...infoOf(made), byFile: undefined };
  if (json === true) {
    host.terminal.out(jsonText({ ...info, cuts }));
    return;
  }
  for (const { trace, option, dropped } of cuts)
    host.terminal.err(`${trace}: ${option} left out ${counted(dropped, 'line')}\n`);
  host.terminal.err(
    `${counted(info.lines, 'line')}, ${counted(info.processes, 'process', 'processes')}, ${counted(info.epochs, 'epoch')}\n`,
  );
}

function cutDown(trace: Trace, { root, only }: CombineOptions, cuts: Cut[]): Trace {
  const take = (option: Cut['option'], cut: CutTrace): Trace => {
    if (cut.dropped > 0) cuts.push({ trace: trace.name, option, dropped: cut.dropped });
    return cut.trace;
  };
  const inRoot = root === undefined ? trace : take('--root', stripRoot(trace, fromText(root)));
  return only === undefined ? inRoot : take('--only', onlyBelow(inRoot, only.map(fromText)));
}

const howText = ({ interleave, seed, root, only }: CombineOptions): string =>
  (interleave === true ? ', interleaved' : '') +
  (seed === undefined ? '' : ` by seed ${String(seed)}`) +
  (root === undefined ? '' : `, root ${root}`) +
  (only === undefined ? '' : `, only ${only.join(',')}`);
