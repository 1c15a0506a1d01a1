/**
 * The command line of `axfs compare`.
 *
 * @module
 */
import { Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { compareDesigns } from '../compare/designs.ts';
import type { CompareRequest } from '../compare/designs.ts';
import type { EvaluationTask, Evaluator } from '../compare/evaluation-task.ts';
import { USUAL_DESIGNS } from '../compare/grid.ts';
import type { PlannedDesign } from '../compare/grid.ts';
import type { Comparison, DesignResult } from '../cost/comparison.ts';
import type { Host, TaskPool } from '../host/host.ts';
import { parseProfile } from '../mkfs/profile.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import type { MtdPart } from '../mtd/part.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import { comparisonJson, comparisonsText } from '../report/comparison.ts';
import { rankedCsv, rankedJson, rankedMarkdown, rankedText } from '../report/ranked.ts';
import { SORT_KEYS } from '../report/ranking.ts';
import { parseTrace } from '../workload/trace.ts';
import { addGridOptions, parseParts, plannedDesigns, readPart } from './compare-options.ts';
import type { GridOptions } from './compare-options.ts';
import { addMachineOptions, chosenMachine } from './machine-options.ts';
import type { MachineOptions } from './machine-options.ts';
import { UsageError } from './exit.ts';
import { parseJobs } from './mkfs-options.ts';
import { unmatchedText } from './mkfs-summary.ts';
import { comparisonPage } from './report-page.ts';
import { startProgress } from './progress.ts';
import { writeReport } from './report-output.ts';
import { scanTree } from './scan.ts';

/** Forms of a report. */
export const REPORT_FORMATS = ['text', 'json', 'csv', 'markdown', 'html'] as const;
/** One of {@link REPORT_FORMATS}. */
export type ReportFormat = (typeof REPORT_FORMATS)[number];

interface CompareOptions extends GridOptions, MachineOptions {
  /** Knows which options were given. */
  readonly command: Command;
  readonly trace: string;
  readonly profile?: string;
  readonly flash: readonly MtdPart[];
  readonly jobs?: number;
  readonly sort?: string;
  readonly baseline?: string;
  readonly format?: ReportFormat;
  readonly map?: string;
  readonly output?: string;
  readonly params?: true;
  readonly json?: true;
}

/** For whoever prices as this command does. */
export { DEFAULT_CPU } from './machine-options.ts';

const HELP = `
Examples:
  $ axfs compare rootfs --trace boot.csv
  $ axfs compare rootfs --trace boot.csv --profile pages.csv --cpu x86-counted
  $ axfs compare rootfs --trace boot.csv --flash p30,qspi-133,slc-onfi --cache 16K,4
  $ axfs compare rootfs --trace boot.csv --compat --fault-route return --json
  $ axfs compare rootfs --trace boot.csv --machine rza1 --set cpu.clock=528
  $ axfs compare rootfs --trace boot.csv --policies none,profile,hot.csv \\
      --cblock-size 4K,16K --codec zlib,lz4 --sort cost --baseline none/4K/zlib
  $ axfs compare rootfs --trace boot.csv --policies profile --split --second slc-onfi
  $ axfs compare rootfs --trace boot.csv --format html --output boot.html

A trace has the header pid,epoch,path,offset,access,count and a line for each page
that a process touches in an epoch: the page's offset in bytes, a set of the letters
r, x, w (they happen in this order), and how many touches there were. A column
addresses behind them says where in the page: "0 64-127 0-95*20". A page list has
lines path,offset,count; the count does not matter.

Without --cache every line of a trace line misses once; with it the CPU's cache lives
through the whole trace. A part without window (NAND) is mounted as a block device:
what would be executed in place is copied to RAM at mount.

With --policies, --cblock-size, --codec or --split every combination is built, once for
all parts, and called by its values on the axes that have several: profile/16K/lz4.
The smallest number of each column is marked, and --sort and --baseline do the same for
the usual designs. Columns for --sort:
${wrapped(SORT_KEYS)}
`;

/** Names in lines of at most 84 characters. */
function wrapped(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.at(-1) ?? '';
    if (last.length + name.length > 80) lines.push(`  ${name}`);
    else lines[lines.length - 1] = last === '' ? `  ${name}` : `${last}, ${name}`;
  }
  return lines.join('\n');
}

/** `axfs compare`. */
export function addCompare(program: Command, host: Host): void {
  const command = program
    .command('compare')
    .description(
      'Builds a tree in several ways, replays a page trace on each, and prices the results.',
    )
    .argument('<directory>', 'the tree')
    .requiredOption('--trace <file>', 'page-touch trace to replay')
    .option('--profile <file>', 'page list (default: what the trace touches and never writes)')
    .option('--compat', "build the original tool's images");
  addMachineOptions(addGridOptions(command))
    .addOption(
      new Option(
        '--flash <parts>',
        'flash parts, separated by commas (axfs flash parts lists them)',
      )
        .argParser(parseParts)
        .default([MTD_PARTS.p30], 'p30'),
    )
    .addOption(
      new Option('--jobs <count>', 'threads (default: one for each CPU)').argParser(parseJobs),
    )
    .addOption(new Option('--sort <column>', 'smallest first').choices([...SORT_KEYS]))
    .option('--baseline <design>', 'hold the others against this design (default: the first)')
    .addOption(new Option('--format <format>', 'form of the report').choices([...REPORT_FORMATS]))
    .option('--map <design>', 'html: map the pages of this design (default: the cheapest)')
    .option('--output <file>', 'write the report to this file')
    .option('--params', 'print every price with its source')
    .option('--json', 'as JSON: exact numbers, prices included; the same as --format json')
    .addHelpText('after', HELP)
    .action((directory: string, options: Omit<CompareOptions, 'command'>) =>
      compare(host, directory, { ...options, command }),
    );
}

/** Reads the page list of `--profile`. */
function readProfile(host: Host, path: string): { profile: PageProfile; name: string } {
  const bytePath = fromText(path);
  const name = toPrintable(bytePath);
  return { profile: parseProfile(host.files.readFile(bytePath), name), name };
}

/** Says the builder's warnings once, and lines of page lists that select nothing. */
function warner(
  host: Host,
  listOf: (design: string) => string | undefined,
): (design: string, report: BuildReport) => void {
  const said = new Set<string>();
  let isFirst = true;
  return (design, { profile, warnings }) => {
    const list = listOf(design);
    const texts = [
      ...(isFirst ? warnings : []),
      ...(list === undefined || profile === undefined || profile.unmatched.length === 0
        ? []
        : [unmatchedText(profile.unmatched, profile.lines, list)]),
    ];
    isFirst = false;
    for (const text of texts) {
      if (text === undefined || said.has(text)) continue;
      said.add(text);
      host.terminal.err(`axfs: warning: ${text}\n`);
    }
  };
}

/** What was asked for, read. */
function requestOf(
  host: Host,
  options: CompareOptions,
): Omit<CompareRequest, 'tree' | 'treeName' | 'compressor' | 'inflater'> {
  const tracePath = fromText(options.trace);
  const trace = parseTrace(host.files.readFile(tracePath), toPrintable(tracePath));
  const profile = options.profile === undefined ? undefined : readProfile(host, options.profile);
  const designs = plannedDesigns(host, options);
  const listOf = (name: string): string | undefined => {
    if (designs === undefined) return name === 'profile' ? profile?.name : undefined;
    const policy = designs.find((design) => design.name === name)?.policy;
    return policy?.needsProfile === true ? profile?.name : policy?.name;
  };
  return {
    trace,
    ...(profile === undefined ? {} : { profile }),
    compat: options.compat === true,
    faultRoute: options.faultRoute,
    ...(designs === undefined ? {} : { designs }),
    ...chosenMachine(
      options.command,
      options,
      options.partFile === undefined ? options.flash : [readPart(host, options.partFile)],
    ),
    ...(options.second === undefined ? {} : { second: options.second }),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
    cpu: options.cpu,
    ramPages: options.ram / PAGE_SIZE,
    onBuilt: warner(host, listOf),
  };
}

/** Less to run than this is done before a thread has started. */
const WORTH_A_THREAD = 8;

async function compare(host: Host, directory: string, options: CompareOptions): Promise<void> {
  const format = formatOf(options);
  const request = requestOf(host, options);
  checkNames(request.designs ?? USUAL_DESIGNS, options);
  const treePath = fromText(directory);
  const { tree } = await scanTree(host.files, treePath, () => host.breathe());
  const progress = startProgress(host, 'building', true);
  const jobs = options.jobs ?? host.cpus;
  // A grid names its codecs, and each gets threads of its own.
  const needsDefault = request.designs?.every(({ codec }) => codec !== undefined) !== true;
  const compressor = host.makeCompressor(needsDefault ? jobs : 0);
  const evaluations = (request.designs ?? USUAL_DESIGNS).length * request.flash.length;
  const tasks =
    jobs > 1 && evaluations >= WORTH_A_THREAD ? host.makeTaskPool?.(jobs - 1) : undefined;
  const whole: CompareRequest = {
    ...request,
    tree,
    treeName: toPrintable(treePath),
    compressor,
    compressorFor: (codec) => host.makeCompressor(jobs, codec),
    inflater: host.makeInflater(),
    inflaterFor: (codec) => host.makeInflater(codec),
    ...(tasks === undefined ? {} : { evaluator: threaded(tasks) }),
    onProgress: (_design, done, total) => {
      progress.update(done, total);
    },
  };
  try {
    const comparisons = await compareDesigns(whole);
    progress.end();
    const report =
      format === 'html'
        ? await comparisonPage(host, whole, comparisons, options)
        : reportText(format, comparisons, { ...options, isGrid: request.designs !== undefined });
    writeReport(host, options.output, report);
  } finally {
    progress.end();
    await Promise.all([compressor.close(), tasks?.close()]);
  }
}

/** Evaluates on threads. */
const threaded = (tasks: TaskPool): Evaluator => ({
  parallelism: tasks.parallelism,
  evaluate: async (task: EvaluationTask) => (await tasks.run(task)) as DesignResult,
});

function formatOf({ format, json, map }: CompareOptions): ReportFormat {
  if (json === true && format !== undefined && format !== 'json')
    throw new UsageError(`option --json is --format json: leave out --format ${format}`);
  const meant = json === true ? 'json' : (format ?? 'text');
  if (map !== undefined && meant !== 'html')
    throw new UsageError('option --map needs --format html');
  return meant;
}

/** Before anything is built: a wrong name should not cost a minute. */
function checkNames(designs: readonly PlannedDesign[], { baseline, map }: CompareOptions): void {
  for (const [option, name] of Object.entries({ '--baseline': baseline, '--map': map }))
    if (name !== undefined && !designs.some((design) => design.name === name))
      throw new UsageError(
        `option ${option}: '${name}' is no design, expected one of ${designs.map((design) => design.name).join(', ')}`,
      );
}

/** A report that is no page. Without a word about grids, order or baselines it is what it always was. */
function reportText(
  format: Exclude<ReportFormat, 'html'>,
  comparisons: readonly Comparison[],
  { isGrid, sort, baseline, params }: CompareOptions & { readonly isGrid: boolean },
): string {
  const view = {
    ...(sort === undefined ? {} : { sort }),
    ...(baseline === undefined ? {} : { baseline }),
  };
  const isRanked = isGrid || sort !== undefined || baseline !== undefined;
  switch (format) {
    case 'csv':
      return rankedCsv(comparisons, view);
    case 'markdown':
      return rankedMarkdown(comparisons, view);
    case 'json':
      return isRanked ? rankedJson(comparisons, view) : comparisonJson(...comparisons);
    case 'text':
      return isRanked
        ? rankedText(comparisons, view, params === true)
        : comparisonsText(comparisons, params === true);
  }
}
