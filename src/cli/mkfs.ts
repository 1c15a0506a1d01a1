/**
 * `mkfs.axfs`: packs a tree into an image. Options, defaults and exit codes are the original builder's where
 * it has them (builder description, section 1); long options are this project's.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { WORTH_A_WORKER } from '../host/host.ts';
import type { Host } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import { featuresOf } from '../mkfs/features.ts';
import type { XipPolicy } from '../mkfs/policy.ts';
import type { SortList } from '../mkfs/sort-list.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { STDOUT, readChoice } from './choice.ts';
import type { ChoiceReport } from './choice.ts';
import { EXIT, makeCommand, runCommand } from './exit.ts';
import {
  PROGRAM,
  checkMkfsOptions,
  codecWanted,
  defineMkfs,
  featuresWanted,
  listName,
  readSortList,
  timestampOf,
} from './mkfs-options.ts';
import type { MkfsOptions } from './mkfs-options.ts';
import { createOutput } from './mkfs-output.ts';
import { checkPlaces, placesOf } from './mkfs-places.ts';
import { summaryJson, summaryText, unmatchedText } from './mkfs-summary.ts';
import { startProgress } from './progress.ts';
import { readSource } from './source.ts';
import type { Source } from './source.ts';

/** Runs `mkfs.axfs` with `argv` (arguments only) on a host; gives the exit code. */
export const runMkfs = (argv: readonly string[], host: Host): Promise<number> =>
  runCommand(PROGRAM, host, async () => {
    const command = defineMkfs(makeCommand(PROGRAM, host));
    command.parse([...argv], { from: 'user' });
    const [source = '', image = '', rest] = command.args;
    await makeImage(host, { source, image, rest }, command.opts());
    return EXIT.ok;
  });

/** Arguments as on the command line. */
interface Arguments {
  readonly source: string;
  readonly image: string;
  readonly rest: string | undefined;
}

async function makeImage(host: Host, args: Arguments, options: MkfsOptions): Promise<void> {
  const { source: from, image, rest } = args;
  const start = host.now();
  checkMkfsOptions(options, rest);
  const timestamp = timestampOf(host, options);
  const places = placesOf(from, rest === undefined ? [image] : [image, rest], options);
  checkPlaces(host, places);
  const output = createOutput(host, places, options);
  let source: Source | undefined;
  let built: BuiltImage | undefined;
  let closed = Promise.resolve();
  try {
    const sort = readSortList(host, options);
    source = await readSource(host, from, options);
    const jobs = source.fileBytes < WORTH_A_WORKER ? 0 : (options.jobs ?? host.cpus);
    const compressor = host.makeCompressor(jobs, codecWanted(options));
    let choice: ChoiceReport;
    try {
      const features = featuresOf(featuresWanted(options), options.compat === true);
      const read = await readChoice(host, { ...options, compressor, features }, source.tree);
      choice = read.report;
      const inputs = { xip: read.policy, sort, timestamp, compressor };
      built = await build(host, source.tree, options, inputs);
    } finally {
      // Its threads end while the image is written.
      closed = compressor.close();
    }
    warn(host, [...source.notes, ...choice.warnings, ...problemsOf(built, options)]);
    if (options.explainChoice === STDOUT && choice.account !== undefined)
      host.terminal.out(choice.account);
    await output.write(built, choice.account);
    sayChoice(host, choice, options);
    const { report, size: imageBytes } = built;
    const outcome = {
      ...{ source: from, image, rest, isWholeRest: options.splitBlock === true },
      ...{ isDry: options.dryRun === true, report, imageBytes, jobs },
      milliseconds: host.now() - start,
    };
    if (options.json === true) host.terminal.out(summaryJson(outcome));
    else if (options.quiet !== true) say(host, summaryText(outcome), options);
  } finally {
    built?.close();
    source?.close();
    output.discard();
    await closed;
  }
}

/** What a build needs beside tree and options. */
interface Inputs {
  readonly xip: XipPolicy;
  readonly sort: SortList | undefined;
  readonly timestamp: number;
  readonly compressor: PageCompressor;
}

async function build(
  host: Host,
  tree: TreeDirectory,
  options: MkfsOptions,
  { xip, sort, timestamp, compressor }: Inputs,
): Promise<BuiltImage> {
  const progress = startProgress(host, 'packing', options.quiet !== true);
  try {
    return await buildImage(tree, {
      xip,
      compat: options.compat ?? false,
      features: featuresWanted(options),
      timestamp,
      compressor,
      ...(sort === undefined ? {} : { sort }),
      ...(options.digest === false ? {} : { sha1: () => host.hash('sha1') }),
      makeStore: () => host.spool(),
      onProgress: (done, total) => {
        progress.update(done, total);
      },
      pause: () => host.breathe(),
    });
  } finally {
    progress.end();
  }
}

/** For people; beside an account on standard output it goes to standard error. */
function say({ terminal }: Host, text: string, { explainChoice }: MkfsOptions): void {
  if (explainChoice === STDOUT) terminal.err(text);
  else terminal.out(text);
}

/** What was chosen. */
function sayChoice(host: Host, { summary }: ChoiceReport, options: MkfsOptions): void {
  if (summary === '' || options.quiet === true || options.json === true) return;
  say(host, summary, options);
}

/**
 * What people should know of the image, one line each.
 *
 * @throws AxfsError EINVAL for what --strict and --for-kernel do not allow.
 */
function problemsOf({ report }: BuiltImage, options: MkfsOptions): readonly string[] {
  const { profile, warnings, kernelProblems } = report;
  const [problem] = kernelProblems;
  if (options.forKernel === true && problem !== undefined)
    throw new AxfsError('EINVAL', `option --for-kernel: ${problem}`);
  if (profile === undefined) return warnings;
  const unmatched = unmatchedText(profile.unmatched, profile.lines, listName(options));
  if (unmatched === undefined) return warnings;
  if (options.strict === true) throw new AxfsError('EINVAL', unmatched);
  return [unmatched, ...warnings];
}

function warn(host: Host, lines: readonly string[]): void {
  for (const line of lines) host.terminal.err(`${PROGRAM}: warning: ${line}\n`);
}
