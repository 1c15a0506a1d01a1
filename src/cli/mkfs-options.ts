/**
 * The options of `mkfs.axfs`: what they are called, which cannot stand together, and what they ask of the
 * builder.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { CODECS, codecOf } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import { MAX_JOBS } from '../host/host.ts';
import type { Host } from '../host/host.ts';
import { IMPROVED_FEATURES, ORIGINAL_FEATURES, isCblockSize } from '../mkfs/features.ts';
import type { Features } from '../mkfs/features.ts';
import { XIP_POLICIES } from '../mkfs/policy.ts';
import type { XipPolicyKind } from '../mkfs/policy.ts';
import { parseSortList } from '../mkfs/sort-list.ts';
import type { SortList } from '../mkfs/sort-list.ts';
import { addChoiceOptions, policyKind } from './choice.ts';
import type { ChoiceOptions } from './choice.ts';
import { EXIT_HELP, UsageError } from './exit.ts';
import { SIZE_FORM, parseSize } from './sizes.ts';
import { addSourceOptions } from './source.ts';
import type { SourceOptions } from './source.ts';

/** What the command is called. */
export const PROGRAM = 'mkfs.axfs';
const EPOCH_VARIABLE = 'SOURCE_DATE_EPOCH';

/** Options as commander gives them. */
export interface MkfsOptions extends SourceOptions, ChoiceOptions {
  readonly profile?: string;
  readonly e?: true;
  readonly a?: true;
  readonly xip?: XipPolicyKind;
  readonly compat?: true;
  readonly codec?: CodecName;
  readonly cblockSize?: number;
  readonly compressTables?: true;
  readonly minimalTables?: boolean;
  readonly dedupe?: boolean;
  readonly digest?: boolean;
  readonly sortFile?: string;
  readonly split?: true;
  readonly splitBlock?: true;
  readonly forKernel?: true;
  readonly timestamp?: number;
  readonly strict?: true;
  readonly jobs?: number;
  readonly dryRun?: true;
  readonly quiet?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  $ ${PROGRAM} rootfs rootfs.axfs                       everything compressed
  $ ${PROGRAM} -i boot.csv rootfs rootfs.axfs           pages of a profile in place
  $ ${PROGRAM} --xip elf --json rootfs.tar rootfs.axfs  all programs in place
  $ ${PROGRAM} --split -i boot.csv rootfs nor.img nand.img
  $ ${PROGRAM} --compat -e -i boot.csv rootfs out.axfs  what the original does

A profile has lines PATH,OFFSET,COUNT: PATH from the tree's root, OFFSET in bytes
(one inside a page selects that page and the next, as the original does); COUNT does
not matter. A sort file has lines PATH PRIORITY, higher ones first.

Compressed tables save flash and cost RAM: the kernel reads plain tables in place where
the flash is mapped, compressed ones it expands into RAM at mount; the summary says how
much. Larger cblocks save flash and cost time: a fault expands a whole one.
The first part of a split image goes to addressable flash, the second to the MTD named
by the mount option second_dev. A second *block* device is read at the offsets of the
whole image: --split-block writes all of it as the second part.
Without --timestamp the environment variable ${EPOCH_VARIABLE} is used (not with --compat), else 0.

${EXIT_HELP}
`;

/** Describes the command. */
export function defineMkfs(command: Command): Command {
  command
    .description('Packs a tree into an AXFS image.')
    .argument('<source>', 'a directory, a tar or cpio archive, or - for one on standard input')
    .argument('<image>', 'the file to write, through a symlink; it appears when it is complete')
    .argument('[rest]', 'with --split: the file for what need not be addressable')
    .option('-i, --profile <file>', 'page list: execute these pages in place')
    .option('-e', 'with -i: execute every page of the listed files in place')
    .option('-a', 'execute every owner-executable ELF file in place; -i may add to it')
    .addOption(
      new Option('--xip <mode>', 'which pages to execute in place').choices([...XIP_POLICIES]),
    )
    .option('--compat', 'write what the original builder writes, byte for byte')
    .addOption(
      new Option(
        '--codec <name>',
        `how to compress (default: ${codecWanted({})}; with --compat: ${codecWanted({ compat: true })})`,
      ).choices(CODECS.map(({ name }) => name)),
    )
    .option('--cblock-size <size>', 'compress so much together, 4K to 1M (default: 4K)', parseBlock)
    .option('--compress-tables', 'compress tables and names, too: less flash, more RAM')
    .option('--no-minimal-tables', 'table entries of 4 bytes, as the original has them')
    .option('--no-dedupe', 'store equal pages and files as often as they come')
    .option('--no-digest', 'leave the SHA-1 in the superblock out')
    .option('--sort-file <file>', "order in which files' data are placed")
    .option('--split', 'cut the image in two: addressable flash, and the rest')
    .option('--split-block', 'as --split, for a second block device: the rest is the whole image')
    .option('--for-kernel', 'refuse what the Linux driver cannot read')
    .option('--timestamp <seconds>', 'time of all inodes, seconds since 1970', parseTimestamp)
    .option('--strict', 'profile lines that select nothing are an error');
  return addSourceOptions(addChoiceOptions(command))
    .option(
      '-n, --dry-run',
      'build and say what came of it; write no file, --explain-choice neither',
    )
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

export function parseJobs(text: string): number {
  const jobs = wholeNumber(text);
  if (!(jobs >= 1 && jobs <= MAX_JOBS))
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${String(MAX_JOBS)}.`);
  return jobs;
}

function parseBlock(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined || !isCblockSize(bytes))
    throw new InvalidArgumentError(`Expected a power of two from 4K to 1M: ${SIZE_FORM}.`);
  return bytes;
}

/** Options that ask for something that the original builder does not have, or leave something out. */
const FEATURE_OPTIONS: readonly (readonly [string, (options: MkfsOptions) => boolean])[] = [
  ['--codec', ({ codec }) => codec !== undefined],
  ['--cblock-size', ({ cblockSize }) => cblockSize !== undefined],
  ['--compress-tables', ({ compressTables }) => compressTables === true],
  ['--no-minimal-tables', ({ minimalTables }) => minimalTables === false],
  ['--no-dedupe', ({ dedupe }) => dedupe === false],
  ['--no-digest', ({ digest }) => digest === false],
  ['--sort-file', ({ sortFile }) => sortFile !== undefined],
  ['--timestamp', ({ timestamp }) => timestamp !== undefined],
  ['--split', ({ split }) => split === true],
  ['--split-block', ({ splitBlock }) => splitBlock === true],
];

/** The image is to be cut. */
export const isSplit = ({ split, splitBlock }: MkfsOptions): boolean =>
  split === true || splitBlock === true;

/**
 * Rules between options and arguments.
 *
 * @throws UsageError naming what cannot stand together.
 */
export function checkMkfsOptions(options: MkfsOptions, rest: string | undefined): void {
  policyKind(options);
  const codec = codecWanted(options);
  const foreign = FEATURE_OPTIONS.find(([, isGiven]) => isGiven(options))?.[0];
  const rules: readonly (readonly [boolean, string])[] = [
    [
      options.compat === true && foreign !== undefined,
      `option --compat writes what the original writes: leave out ${String(foreign)}`,
    ],
    [
      options.forKernel === true && !codecOf(codec).kernelReadable,
      `option --for-kernel: the Linux driver does not know codec ${codec}`,
    ],
    [
      isSplit(options) && rest === undefined,
      'option --split needs two files: XIP_OUT and REST_OUT',
    ],
    [
      !isSplit(options) && rest !== undefined,
      `argument '${toPrintable(fromText(rest ?? ''))}' is one too many without --split`,
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new UsageError(broken[1]);
}

/** Codec that options ask for. */
export const codecWanted = ({ codec, compat }: Pick<MkfsOptions, 'codec' | 'compat'>): CodecName =>
  codec ?? (compat === true ? ORIGINAL_FEATURES : IMPROVED_FEATURES).codec;

/** Features that options ask for. */
export function featuresWanted(options: MkfsOptions): Partial<Features> {
  if (options.compat === true) return {};
  const { cblockSize, compressTables, minimalTables, dedupe } = options;
  return {
    ...IMPROVED_FEATURES,
    codec: codecWanted(options),
    ...(cblockSize === undefined ? {} : { cblockSize }),
    ...(compressTables === undefined ? {} : { compressTables }),
    ...(minimalTables === undefined ? {} : { minimalTables }),
    ...(dedupe === undefined ? {} : { dedupe }),
    split: isSplit(options),
  };
}

/** What the page list is called in messages. */
export const listName = ({ profile }: MkfsOptions): string => toPrintable(fromText(profile ?? ''));

/**
 * The sort list that options name, if any.
 *
 * @throws AxfsError when it cannot be read or is malformed.
 */
export function readSortList(host: Host, { sortFile }: MkfsOptions): SortList | undefined {
  if (sortFile === undefined) return undefined;
  const path = fromText(sortFile);
  return parseSortList(host.files.readFile(path), toPrintable(path));
}

/**
 * Time of all inodes, seconds since 1970.
 *
 * @throws UsageError when the environment says nonsense.
 */
export function timestampOf(host: Host, options: MkfsOptions): number {
  if (options.timestamp !== undefined) return options.timestamp;
  const text = options.compat === true ? undefined : host.environment(EPOCH_VARIABLE);
  if (text === undefined || text === '') return 0;
  const seconds = wholeNumber(text);
  if (!Number.isSafeInteger(seconds))
    throw new UsageError(
      `environment variable ${EPOCH_VARIABLE} is '${toPrintable(fromText(text))}', expected whole seconds since 1970`,
    );
  return seconds;
}
