/**
 * Which pages an image executes in place, as options say: a page list in any of its forms, a budget of flash,
 * pages kept out because they are written, and an account of it all.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromBytes, fromText, toBytes, toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { WORTH_A_WORKER } from '../host/host.ts';
import type { Host } from '../host/host.ts';
import { choosePages, policyOfChoice, sizerOf } from '../mkfs/choose-pages.ts';
import type { PageSizer, TreeChoice } from '../mkfs/choose-pages.ts';
import { featuresOf } from '../mkfs/features.ts';
import type { Features } from '../mkfs/features.ts';
import {
  fixDriverPaths,
  profileOfTouches,
  readProfileText,
  regularFiles,
  writtenIn,
} from '../mkfs/profile-forms.ts';
import type { ProfileForm, ProfileReading, UnclearLine } from '../mkfs/profile-forms.ts';
import { matchProfile, profileOfPolicy } from '../mkfs/policy.ts';
import type { XipPolicy, XipPolicyKind } from '../mkfs/policy.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { parseTrace } from '../workload/trace.ts';
import { ambiguousText, choiceCsv, choiceText, totalsOf } from './choice-report.ts';
import type { ChoiceTotals } from './choice-report.ts';
import { UsageError } from './exit.ts';
import { startProgress } from './progress.ts';
import { SIZE_FORM, counted, parseSize } from './sizes.ts';

/** Options that choose pages, as commander gives them: those of {@link addChoiceOptions} and the builder's. */
export interface ChoiceOptions {
  readonly profile?: string;
  readonly e?: true;
  readonly a?: true;
  readonly xip?: XipPolicyKind;
  readonly compat?: true;
  readonly strict?: true;
  readonly jobs?: number;
  readonly quiet?: true;
  readonly json?: true;
  readonly xipBudget?: number;
  readonly excludeWritten?: true;
  readonly explainChoice?: string;
  readonly fixDriverPaths?: true;
  /** Not an option by itself: the compressor of the image, for sizes; by default one of its own. */
  readonly compressor?: PageCompressor;
  /** Not an option by itself: what the builder will do; by default what it does without being asked. */
  readonly features?: Features;
}

/** What was read and chosen. */
export interface ChoiceReport {
  /** What `--explain-choice` asks for, CSV. */
  readonly account?: Uint8Array;
  /** Form of the list, if there was one. */
  readonly form?: ProfileForm;
  /** One line each, for standard error. */
  readonly warnings: readonly string[];
  /** Lines for people, each ended; empty when there was nothing to choose. */
  readonly summary: string;
  /** Exact numbers; absent when there was nothing to choose. */
  readonly totals?: ChoiceTotals;
  readonly spent?: number;
  readonly budget?: number;
}

/** A policy for the builder, with its account. */
export interface ReadChoice {
  readonly policy: XipPolicy;
  readonly report: ChoiceReport;
}

/** Standard output as a file. */
export const STDOUT = '-';

/** Adds the options that choose among pages. */
export const addChoiceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--xip-budget <size>',
        'with -i: of these pages, those with the most uses per byte of flash that they add, up to this size',
      ).argParser(parseBudget),
    )
    .option('--exclude-written', 'leave out pages that the list or an ELF header says are written')
    .option(
      '--explain-choice <file>',
      'write which page was taken or left, and why (CSV; -: stdout)',
    )
    .option(
      '--fix-driver-paths',
      'with -i: a list of the kernel driver, which names the last directory only',
    );

function parseBudget(text: string): number {
  const size = parseSize(text);
  if (size === undefined) throw new InvalidArgumentError(`Expected ${SIZE_FORM}, e.g. 512K.`);
  return size;
}

/**
 * The kind of policy that options ask for.
 *
 * @throws UsageError naming options that cannot stand together.
 */
export function policyKind(options: ChoiceOptions): XipPolicyKind {
  const { profile, xip, e: entire, a: elf } = options;
  const kind =
    xip ??
    (elf === true ? 'elf' : entire === true ? 'files' : profile === undefined ? 'none' : 'profile');
  const needsList = 'needs -i, --profile FILE';
  const needsPages = 'needs pages to choose from: -i, -a or --xip';
  const rules: readonly (readonly [boolean, string])[] = [
    [xip !== undefined && entire === true, 'option --xip says it all: leave out -e'],
    [xip !== undefined && elf === true, 'option --xip says it all: leave out -a'],
    [entire === true && profile === undefined, `option -e ${needsList}`],
    [
      (xip === 'profile' || xip === 'files') && profile === undefined,
      `option --xip ${String(xip)} ${needsList}`,
    ],
    [
      (xip === 'none' || xip === 'all') && profile !== undefined,
      `option --xip ${String(xip)} has no use for -i, --profile`,
    ],
    [options.strict === true && profile === undefined, `option --strict ${needsList}`],
    [
      options.fixDriverPaths === true && profile === undefined,
      `option --fix-driver-paths ${needsList}`,
    ],
    [options.xipBudget !== undefined && profile === undefined, `option --xip-budget ${needsList}`],
    [
      options.xipBudget !== undefined && kind !== 'profile',
      `option --xip-budget ${String(options.xipBudget)} goes by the counts of a list's pages: leave out -e, -a and --xip ${kind}`,
    ],
    [options.excludeWritten === true && kind === 'none', `option --exclude-written ${needsPages}`],
    [
      options.explainChoice !== undefined && kind === 'none',
      `option --explain-choice ${needsPages}`,
    ],
    [
      options.explainChoice === STDOUT && options.json === true,
      'option --explain-choice - and --json both write to standard output: give one a file',
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new UsageError(broken[1]);
  return kind;
}

/**
 * Reads the list and chooses; the account of `--explain-choice` is the caller's to write.
 *
 * @throws UsageError for options that cannot stand together; AxfsError for a list that cannot be read, and
 * under --strict for one with doubtful lines.
 */
export async function readChoice(
  host: Host,
  options: ChoiceOptions,
  tree: TreeDirectory,
): Promise<ReadChoice> {
  const kind = policyKind(options);
  const list = options.profile === undefined ? undefined : readList(host, options, tree);
  const selected = policyOf(kind, options, list?.reading);
  const warnings = list?.warnings ?? [];
  const form = list === undefined ? {} : { form: list.reading.form };
  const { xipBudget, excludeWritten, explainChoice } = options;
  const isTrace = list?.reading.form === 'trace';
  if (xipBudget === undefined && excludeWritten !== true && explainChoice === undefined && !isTrace)
    return { policy: selected, report: { ...form, warnings, summary: '' } };
  const choice = await chooseFrom(host, options, tree, { policy: selected, list });
  const unclear = list === undefined ? [] : unclearLines(list, tree);
  const { spent, budget } = choice;
  return {
    policy: policyOfChoice(choice, profileOfPolicy(selected)),
    report: {
      ...form,
      ...(explainChoice === undefined ? {} : { account: toBytes(choiceCsv(choice, unclear)) }),
      warnings: [...warnings, ...elfWarnings(choice), ...sizeWarnings(options)],
      summary: choiceText(choice, unclear),
      totals: totalsOf(choice),
      spent,
      ...(budget === undefined ? {} : { budget }),
    },
  };
}

/** A list with what came to light when it met the tree. */
interface List {
  readonly reading: ProfileReading;
  readonly ambiguous: readonly UnclearLine[];
  readonly warnings: readonly string[];
}

/** First line, comments aside, of a recording of touches (src/workload/trace.ts). */
const TRACE_HEADER = /^(?:(?:#[^\n]*)?\r?\n)*pid,epoch,path,/;

function readList(host: Host, options: ChoiceOptions, tree: TreeDirectory): List {
  const path = fromText(options.profile ?? '');
  const name = toPrintable(path);
  const bytes = host.files.readFile(path);
  const reading = readAnyForm(bytes, name, options, tree);
  const fixed = fixDriverPaths(reading.profile, tree);
  const isFixed = options.fixDriverPaths === true && reading.form !== 'trace';
  const ambiguous = isFixed ? fixed.ambiguous : [];
  const doubt = ambiguousText(ambiguous, name);
  const refused = doubt ?? (reading.isCut ? reading.doubts.at(-1) : undefined);
  if (options.strict === true && refused !== undefined) throw new AxfsError('EINVAL', refused);
  const warnings = [...reading.doubts, ...(doubt === undefined ? [] : [doubt])];
  if (isFixed) {
    const { profile } = fixed;
    return { reading: { ...reading, profile, written: writtenIn(profile) }, ambiguous, warnings };
  }
  if (reading.form === 'driver') warnings.push(...fixAdvice(reading, fixed.fixed, name, tree));
  return { reading, ambiguous, warnings };
}

/** Whichever form the list has. The original takes a last line without an end as it is. */
function readAnyForm(
  bytes: Uint8Array,
  name: string,
  options: ChoiceOptions,
  tree: TreeDirectory,
): ProfileReading {
  if (!TRACE_HEADER.test(fromBytes(withoutMark(bytes))))
    return readProfileText(bytes, name, options.compat === true);
  const touches = parseTrace(bytes, name).lines.map(({ accesses, ...touch }) => ({
    ...touch,
    isWrite: accesses.includes('write'),
  }));
  return profileOfTouches(touches, tree);
}

/** When paths of the driver's form lead nowhere as they are, what would help. */
function fixAdvice(
  { profile }: ProfileReading,
  fixable: number,
  name: string,
  tree: TreeDirectory,
): string[] {
  const { matched } = matchProfile(profile, new Map(regularFiles(tree, '' as ByteString)));
  if (fixable <= matched) return [];
  return [
    `${name}: ${counted(fixable - matched, 'more line')} would name a file by its last directory, as the kernel driver does: try --fix-driver-paths`,
  ];
}

function policyOf(
  kind: XipPolicyKind,
  options: ChoiceOptions,
  reading: ProfileReading | undefined,
): XipPolicy {
  if (kind === 'none' || kind === 'all') return { kind };
  if (reading === undefined) return { kind: 'elf' };
  const { profile } = reading;
  if (kind !== 'elf') return { kind, profile };
  return { kind, listed: { kind: options.e === true ? 'files' : 'profile', profile } };
}

/** What there is to choose from. */
interface Selection {
  readonly policy: XipPolicy;
  readonly list: List | undefined;
}

async function chooseFrom(
  host: Host,
  options: ChoiceOptions,
  tree: TreeDirectory,
  { policy, list }: Selection,
): Promise<TreeChoice> {
  const { xipBudget: budget, excludeWritten } = options;
  const features = options.features ?? featuresOf({}, options.compat === true);
  const written = list?.reading.written;
  const isBarred = excludeWritten === true || list?.reading.form === 'trace';
  const choose = (sizer?: PageSizer, onProgress?: (done: number, total: number) => void) =>
    choosePages(tree, {
      policy,
      xipTails: features.xipTails,
      mergeIdentical: features.dedupe,
      excludeElfData: excludeWritten === true,
      ...(isBarred && written !== undefined ? { written } : {}),
      ...(budget === undefined ? {} : { budget }),
      ...(sizer === undefined ? {} : { sizer }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  if (budget === undefined && options.explainChoice === undefined) return choose();
  const bytes = (profileOfPolicy(policy)?.entries.length ?? Infinity) * PAGE_SIZE;
  const jobs = bytes < WORTH_A_WORKER ? 0 : (options.jobs ?? host.cpus);
  const own =
    options.compressor === undefined ? host.makeCompressor(jobs, features.codec) : undefined;
  const compressor = options.compressor ?? own;
  const progress = startProgress(host, 'choosing', options.quiet !== true);
  try {
    return await choose(
      compressor === undefined ? undefined : sizerOf(compressor),
      (done, total) => {
        progress.update(done, total);
      },
    );
  } finally {
    progress.end();
    await own?.close();
  }
}

/** Lines that mean no page: of several files, or of none. */
function unclearLines({ reading, ambiguous }: List, tree: TreeDirectory): UnclearLine[] {
  const files = new Map(regularFiles(tree, '' as ByteString));
  const { unmatched } = matchProfile(reading.profile, files);
  return [...ambiguous, ...unmatched.map((line) => ({ ...line, files: [] }))].sort(
    (a, b) => a.line - b.line,
  );
}

/** A budget goes by pages compressed one by one. */
function sizeWarnings({ xipBudget, features }: ChoiceOptions): string[] {
  const size = features?.cblockSize ?? PAGE_SIZE;
  if (xipBudget === undefined || size === PAGE_SIZE) return [];
  return [
    `option --xip-budget counts pages compressed one by one: with cblocks of ${String(size)} bytes the image grows by more`,
  ];
}

/** Programs whose headers say nothing; one line for all of them. */
function elfWarnings({ unclearElf }: TreeChoice): string[] {
  const [first] = unclearElf;
  if (first === undefined) return [];
  return [
    `${counted(unclearElf.length, 'ELF file')}: cannot tell which pages are written, first ${toPrintable(first.path)}: ${first.what}`,
  ];
}
