/**
 * `mkfs.axfs`: packs a directory into an image. Options, defaults and exit codes are the original builder's
 * where it has them (builder description, section 1); long options are this project's.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { byteStringOf, fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { MAX_JOBS } from '../host/host.ts';
import type { Host, NewFile } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import { XIP_POLICIES } from '../mkfs/policy.ts';
import type { XipPolicy, XipPolicyKind } from '../mkfs/policy.ts';
import { parseProfile } from '../mkfs/profile.ts';
import { EXIT, EXIT_HELP, UsageError, makeCommand, runCommand } from './exit.ts';
import { summaryJson, summaryText, unmatchedText } from './mkfs-summary.ts';
import { startProgress } from './progress.ts';
import { scanTree } from './scan.ts';

const PROGRAM = 'mkfs.axfs';
const EPOCH_VARIABLE = 'SOURCE_DATE_EPOCH';
/** Less content than this is compressed before a thread has started. */
const WORTH_A_WORKER = 1024 * 1024;

/** Options as commander gives them. */
interface MkfsOptions {
  readonly profile?: string;
  readonly e?: true;
  readonly a?: true;
  readonly xip?: XipPolicyKind;
  readonly compat?: true;
  readonly timestamp?: number;
  readonly strict?: true;
  readonly jobs?: number;
  readonly quiet?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  $ ${PROGRAM} rootfs rootfs.axfs                       everything compressed
  $ ${PROGRAM} -i boot.csv rootfs rootfs.axfs           pages of a profile in place
  $ ${PROGRAM} --xip elf --json rootfs rootfs.axfs      all programs in place
  $ ${PROGRAM} --compat -e -i boot.csv rootfs out.axfs  what the original does

A profile has lines PATH,OFFSET,COUNT: PATH from the tree's root, OFFSET in bytes
(one inside a page selects that page and the next, as the original does); COUNT does
not matter.
Without --timestamp the environment variable ${EPOCH_VARIABLE} is used (not with --compat), else 0.

${EXIT_HELP}
`;

/** Runs `mkfs.axfs` with `argv` (arguments only) on a host; gives the exit code. */
export const runMkfs = (argv: readonly string[], host: Host): Promise<number> =>
  runCommand(PROGRAM, host, async () => {
    const command = defineMkfs(makeCommand(PROGRAM, host));
    command.parse([...argv], { from: 'user' });
    const [directory = '', image = ''] = command.args;
    await makeImage(host, directory, image, command.opts());
    return EXIT.ok;
  });

function defineMkfs(command: Command): Command {
  return command
    .description('Packs a directory into an AXFS image.')
    .argument('<directory>', 'the tree to pack; owners and modes are taken as they are')
    .argument('<image>', 'the file to write; it appears when it is complete')
    .option('-i, --profile <file>', 'page list: execute these pages in place')
    .option('-e', 'with -i: execute every page of the listed files in place')
    .option('-a', 'execute every owner-executable ELF file in place; -i may add to it')
    .addOption(
      new Option('--xip <mode>', 'which pages to execute in place').choices([...XIP_POLICIES]),
    )
    .option('--compat', 'write what the original builder writes, byte for byte')
    .option('--timestamp <seconds>', 'time of all inodes, seconds since 1970', parseTimestamp)
    .option('--strict', 'profile lines that select nothing are an error')
    .option('-j, --jobs <n>', 'worker threads (default: one a CPU)', parseJobs)
    .option('-q, --quiet', 'no summary and no progress bar')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP);
}

const wholeNumber = (text: string): number => (/^[0-9]+$/.test(text) ? Number(text) : NaN);

function parseTimestamp(text: string): number {
  const seconds = wholeNumber(text);
  if (!Number.isSafeInteger(seconds))
    throw new InvalidArgumentError('Expected whole seconds from 0 to 2^53-1.');
  return seconds;
}

function parseJobs(text: string): number {
  const jobs = wholeNumber(text);
  if (!(jobs >= 1 && jobs <= MAX_JOBS))
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${String(MAX_JOBS)}.`);
  return jobs;
}

async function makeImage(
  host: Host,
  directory: string,
  image: string,
  options: MkfsOptions,
): Promise<void> {
  const start = host.now();
  const kind = policyKind(options);
  const timestamp = options.timestamp ?? timestampOfEnvironment(host, options);
  const source = fromText(directory);
  const target = fromText(image);
  checkPlaces(host, source, target);
  const policy = readPolicy(host, kind, options);

  const output = createOutput(host, target);
  try {
    const { tree, fileBytes } = scanTree(host.files, source);
    const jobs = fileBytes < WORTH_A_WORKER ? 0 : (options.jobs ?? host.cpus);
    const progress = startProgress(host, 'packing', options.quiet !== true);
    const compressor = host.makeCompressor(jobs);
    let built: BuiltImage;
    try {
      built = await buildImage(tree, {
        xip: policy,
        compat: options.compat ?? false,
        timestamp,
        compressor,
        onProgress: (done, total) => {
          progress.update(done, total);
        },
      });
    } finally {
      progress.end();
      await compressor.close();
    }
    warn(host, built, options);
    for (const chunk of built.chunks) output.write(chunk);
    output.commit();
    const { report, size } = built;
    const milliseconds = host.now() - start;
    const outcome = { directory, image, report, imageBytes: size, milliseconds, jobs };
    if (options.json === true) host.terminal.out(summaryJson(outcome));
    else if (options.quiet !== true) host.terminal.out(summaryText(outcome));
  } finally {
    output.discard();
  }
}

/** Warnings on standard error; under --strict, unmatched lines end the run. */
function warn(host: Host, { report }: BuiltImage, options: MkfsOptions): void {
  const { profile, warnings } = report;
  const unmatched =
    profile === undefined
      ? undefined
      : unmatchedText(profile.unmatched, profile.lines, listName(options));
  if (unmatched !== undefined && options.strict === true) throw new AxfsError('EINVAL', unmatched);
  for (const text of [...(unmatched === undefined ? [] : [unmatched]), ...warnings])
    host.terminal.err(`${PROGRAM}: warning: ${text}\n`);
}

const listName = (options: MkfsOptions): string => toPrintable(fromText(options.profile ?? ''));

/** Rules between options; each names the options that cannot stand together. */
function policyKind(options: MkfsOptions): XipPolicyKind {
  const { profile, xip, e: entire, a: elf } = options;
  const rules: readonly (readonly [boolean, string])[] = [
    [xip !== undefined && entire === true, 'option --xip says it all: leave out -e'],
    [xip !== undefined && elf === true, 'option --xip says it all: leave out -a'],
    [entire === true && profile === undefined, 'option -e needs -i, --profile FILE'],
    [
      (xip === 'profile' || xip === 'files') && profile === undefined,
      `option --xip ${String(xip)} needs -i, --profile FILE`,
    ],
    [
      (xip === 'none' || xip === 'all') && profile !== undefined,
      `option --xip ${String(xip)} has no use for -i, --profile`,
    ],
    [options.strict === true && profile === undefined, 'option --strict needs -i, --profile FILE'],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new UsageError(broken[1]);
  if (xip !== undefined) return xip;
  if (elf === true) return 'elf';
  if (entire === true) return 'files';
  return profile === undefined ? 'none' : 'profile';
}

function timestampOfEnvironment(host: Host, options: MkfsOptions): number {
  const text = options.compat === true ? undefined : host.environment(EPOCH_VARIABLE);
  if (text === undefined || text === '') return 0;
  const seconds = wholeNumber(text);
  if (!Number.isSafeInteger(seconds))
    throw new UsageError(
      `environment variable ${EPOCH_VARIABLE} is '${toPrintable(fromText(text))}', expected whole seconds since 1970`,
    );
  return seconds;
}

/** The tree exists, and the image would not become part of it. */
function checkPlaces({ files }: Host, source: ByteString, target: ByteString): void {
  const root = asUsage(['ENOENT'], () => files.realpath(source));
  const slash = target.lastIndexOf('/');
  const folder = target.slice(0, slash + 1);
  const parent = asUsage(['ENOENT', 'ENOTDIR'], () =>
    files.realpath(byteStringOf(folder === '' ? '.' : folder)),
  );
  const below = root === '/' ? '/' : `${root}/`;
  if (parent === root || parent.startsWith(below))
    throw new UsageError(
      `image ${toPrintable(target)} is inside the tree ${toPrintable(source)}: it would pack itself`,
    );
}

/** Failures that the original builder, too, counts as wrong usage. */
function asUsage<T>(codes: readonly AxfsError['code'][] | 'any', call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof AxfsError && (codes === 'any' || codes.includes(error.code)))
      throw new UsageError(error.message);
    throw error;
  }
}

const createOutput = ({ files }: Host, target: ByteString): NewFile =>
  asUsage('any', () => files.create(target));

function readPolicy(host: Host, kind: XipPolicyKind, options: MkfsOptions): XipPolicy {
  if (kind === 'none' || kind === 'all') return { kind };
  if (options.profile === undefined) return { kind: 'elf' };
  const text = host.files.readFile(fromText(options.profile));
  const profile = parseProfile(text, listName(options));
  if (kind !== 'elf') return { kind, profile };
  return { kind, listed: { kind: options.e === true ? 'files' : 'profile', profile } };
}
