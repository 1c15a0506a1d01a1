/**
 * The command line of `axfs compare`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { compareDesigns } from '../compare/designs.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { CPU_NAMES } from '../cost/params.ts';
import { FAULT_ROUTES } from '../fs/file.ts';
import type { FaultRoute } from '../fs/file.ts';
import type { Host } from '../host/host.ts';
import type { MtdPart } from '../mtd/part.ts';
import { parsePart } from '../mtd/part-file.ts';
import { MTD_PARTS, partNamed } from '../mtd/parts.ts';
import { comparisonJson, comparisonsText } from '../report/comparison.ts';
import { parseProfile } from '../mkfs/profile.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import type { DesignName } from '../sim/designs.ts';
import { REPLACEMENT_POLICIES, checkCacheShape } from '../sim/cpu-cache.ts';
import type { CpuCacheShape, ReplacementPolicy } from '../sim/cpu-cache.ts';
import { parseTrace } from '../workload/trace.ts';
import { DEFAULT_RAM_PAGES } from '../sim/machine.ts';
import { unmatchedText } from './mkfs-summary.ts';
import { startProgress } from './progress.ts';
import { scanTree } from './scan.ts';
import { parseSize } from './sizes.ts';

/** CPU that prices when none is named: the class of board AXFS was made for. */
export const DEFAULT_CPU = 'arm926-200';

interface CompareOptions {
  readonly trace: string;
  readonly profile?: string;
  readonly compat?: true;
  readonly faultRoute: FaultRoute;
  readonly flash: readonly MtdPart[];
  readonly partFile?: string;
  readonly cache?: CpuCacheShape;
  readonly cpu: string;
  readonly ram: number;
  readonly params?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  $ axfs compare rootfs --trace boot.csv
  $ axfs compare rootfs --trace boot.csv --profile pages.csv --cpu x86-counted
  $ axfs compare rootfs --trace boot.csv --flash p30,qspi-133,slc-onfi --cache 16K,4
  $ axfs compare rootfs --trace boot.csv --compat --fault-route return --json

A trace has the header pid,epoch,path,offset,access,count and a line for each page
that a process touches in an epoch: the page's offset in bytes, a set of the letters
r, x, w (they happen in this order), and how many touches there were. A column
addresses behind them says where in the page: "0 64-127 0-95*20". A page list has
lines path,offset,count; the count does not matter.

Without --cache every line of a trace line misses once; with it the CPU's cache lives
through the whole trace. A part without window (NAND) is mounted as a block device:
what would be executed in place is copied to RAM at mount.
`;

const RAM_MAX = 2 ** 36;

function parseRam(text: string): number {
  const size = parseSize(text);
  if (size === undefined || size < PAGE_SIZE || size > RAM_MAX || size % PAGE_SIZE !== 0)
    throw new InvalidArgumentError(
      'Expected bytes with K, M or G, whole pages of 4096 bytes, at most 64G.',
    );
  return size;
}

/** Parts by name. */
const parseParts = (text: string): readonly MtdPart[] => {
  try {
    return text.split(',').map((name) => partNamed(name));
  } catch (error) {
    if (error instanceof AxfsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
};

const CACHE_SHAPE = new RegExp(`^([^,]+),([0-9]+)(?:,(${REPLACEMENT_POLICIES.join('|')}))?$`);

/** `16K,4` or `16K,4,lru`. */
function parseCache(text: string): CpuCacheShape {
  const [, sizeText = '', ways = '', policy = 'lru'] = CACHE_SHAPE.exec(text) ?? [];
  const size = parseSize(sizeText);
  if (size === undefined)
    throw new InvalidArgumentError(
      `Expected size,ways or size,ways,policy such as 16K,4,lru; policies are ${REPLACEMENT_POLICIES.join(', ')}.`,
    );
  const shape = { size, ways: Number(ways), policy: policy as ReplacementPolicy };
  try {
    checkCacheShape(shape);
  } catch (error) {
    if (error instanceof AxfsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
  return shape;
}

/** `axfs compare`. */
export function addCompare(program: Command, host: Host): void {
  program
    .command('compare')
    .description('Builds a tree in five ways, replays a page trace on each, and prices the result.')
    .argument('<directory>', 'the tree')
    .requiredOption('--trace <file>', 'page-touch trace to replay')
    .option('--profile <file>', 'page list (default: what the trace touches and never writes)')
    .option('--compat', "build the original tool's images")
    .addOption(
      new Option('--fault-route <route>', 'how pages of RAM enter page tables')
        .choices([...FAULT_ROUTES])
        .default('insert'),
    )
    .addOption(
      new Option(
        '--flash <parts>',
        'flash parts, separated by commas (axfs flash parts lists them)',
      )
        .argParser(parseParts)
        .default([MTD_PARTS.p30], 'p30'),
    )
    .option('--part-file <file>', 'flash part from a JSON file, instead of --flash')
    .addOption(
      new Option(
        '--cache <shape>',
        "the CPU's cache, e.g. 16K,4 or 32K,4,random: size, ways, policy",
      ).argParser(parseCache),
    )
    .addOption(
      new Option('--cpu <name>', 'price list').choices([...CPU_NAMES]).default(DEFAULT_CPU),
    )
    .addOption(
      new Option('--ram <size>', 'RAM of the machine, e.g. 32M')
        .argParser(parseRam)
        .default(DEFAULT_RAM_PAGES * PAGE_SIZE, '256M'),
    )
    .option('--params', 'print every price with its source')
    .option('--json', 'as JSON: exact numbers, prices included')
    .addHelpText('after', HELP)
    .action((directory: string, options: CompareOptions) => compare(host, directory, options));
}

/** Reads the part of `--part-file`. */
function readPart(host: Host, path: string): MtdPart {
  const bytePath = fromText(path);
  const text = new TextDecoder().decode(host.files.readFile(bytePath));
  return parsePart(text, toPrintable(bytePath));
}

/** Reads the page list of `--profile`. */
function readProfile(host: Host, path: string): { profile: PageProfile; name: string } {
  const bytePath = fromText(path);
  const name = toPrintable(bytePath);
  return { profile: parseProfile(host.files.readFile(bytePath), name), name };
}

/** The builder's warnings once, and lines of the page list that select nothing. */
function warnAbout(
  host: Host,
  design: DesignName,
  { profile, warnings }: BuildReport,
  list: string | undefined,
): void {
  const unmatched =
    design === 'profile' && list !== undefined && profile !== undefined
      ? unmatchedText(profile.unmatched, profile.lines, list)
      : undefined;
  const texts = design === 'none' ? warnings : unmatched === undefined ? [] : [unmatched];
  for (const text of texts) host.terminal.err(`axfs: warning: ${text}\n`);
}

async function compare(host: Host, directory: string, options: CompareOptions): Promise<void> {
  const tracePath = fromText(options.trace);
  const trace = parseTrace(host.files.readFile(tracePath), toPrintable(tracePath));
  const profile = options.profile === undefined ? undefined : readProfile(host, options.profile);
  const treePath = fromText(directory);
  const { tree } = await scanTree(host.files, treePath, () => host.breathe());
  const progress = startProgress(host, 'building', true);
  const compressor = host.makeCompressor(host.cpus);
  try {
    const comparisons = await compareDesigns({
      tree,
      treeName: toPrintable(treePath),
      trace,
      ...(profile === undefined ? {} : { profile }),
      compat: options.compat === true,
      faultRoute: options.faultRoute,
      flash: options.partFile === undefined ? options.flash : [readPart(host, options.partFile)],
      ...(options.cache === undefined ? {} : { cache: options.cache }),
      cpu: options.cpu,
      ramPages: options.ram / PAGE_SIZE,
      compressor,
      inflater: host.makeInflater(),
      onBuilt: (design, report) => {
        warnAbout(host, design, report, profile?.name);
      },
      onProgress: (_design, done, total) => {
        progress.update(done, total);
      },
    });
    progress.end();
    host.terminal.out(
      options.json === true
        ? comparisonJson(...comparisons)
        : comparisonsText(comparisons, options.params === true),
    );
  } finally {
    progress.end();
    await compressor.close();
  }
}
