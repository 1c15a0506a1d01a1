/**
 * The command line of `axfs compare`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { compareDesigns } from '../compare/designs.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { CPU_NAMES } from '../cost/params.ts';
import { FAULT_ROUTES } from '../fs/file.ts';
import type { FaultRoute } from '../fs/file.ts';
import type { Host } from '../host/host.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import type { MtdPartName } from '../mtd/parts.ts';
import { comparisonJson, comparisonText } from '../report/comparison.ts';
import { parseProfile } from '../mkfs/profile.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import type { DesignName } from '../sim/designs.ts';
import { parseTrace } from '../sim/trace.ts';
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
  readonly flash: MtdPartName;
  readonly cpu: string;
  readonly ram: number;
  readonly params?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  $ axfs compare rootfs --trace boot.csv
  $ axfs compare rootfs --trace boot.csv --profile pages.csv --cpu x86-counted
  $ axfs compare rootfs --trace boot.csv --compat --fault-route return --json

A trace has the header pid,epoch,path,offset,access,count and a line for each page
that a process touches in an epoch: the page's offset in bytes, a set of the letters
r, x, w (they happen in this order), and how many touches there were. A page list has
lines path,offset,count; the count does not matter.
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
      new Option('--flash <part>', 'flash part').choices(Object.keys(MTD_PARTS)).default('p30'),
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
    const comparison = await compareDesigns({
      tree,
      treeName: toPrintable(treePath),
      trace,
      ...(profile === undefined ? {} : { profile }),
      compat: options.compat === true,
      faultRoute: options.faultRoute,
      flash: options.flash,
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
        ? comparisonJson(comparison)
        : comparisonText(comparison, options.params === true),
    );
  } finally {
    progress.end();
    await compressor.close();
  }
}
