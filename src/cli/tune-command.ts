/**
 * The command line of `axfs tune`.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { CODECS, isCodecName } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import { CPU_NAMES, cpuPreset } from '../cost/params.ts';
import type { Host, NewFile } from '../host/host.ts';
import { isCblockSize } from '../mkfs/features.ts';
import { formatProfile } from '../mkfs/profile.ts';
import { MTD_PARTS, partNamed } from '../mtd/parts.ts';
import type { MtdPart } from '../mtd/part.ts';
import { humanBytes } from '../report/sizes.ts';
import { METRIC_NAMES } from '../tune/budgets.ts';
import type { Limits, Metric } from '../tune/budgets.ts';
import { tune } from '../tune/tune.ts';
import type { Tuned } from '../tune/tune.ts';
import { parseTrace } from '../workload/trace.ts';
import { DEFAULT_CPU } from './compare-command.ts';
import { UsageError } from './exit.ts';
import { startProgress } from './progress.ts';
import { scanTree } from './scan.ts';
import { SIZE_FORM, parseSize } from './sizes.ts';
import { tuneJson, tuneSvg, tuneText } from './tune-report.ts';

interface TuneOptions {
  readonly trace: string;
  readonly flash?: number;
  readonly ram?: number;
  readonly bootMs?: number;
  readonly objective: Metric;
  readonly part: MtdPart;
  readonly cpu: string;
  readonly cblockSize: readonly number[];
  readonly codec: readonly CodecName[];
  readonly chips?: readonly number[];
  readonly csv?: string;
  readonly svg?: string;
  readonly json?: true;
}

/** Where nothing is said: one page, where each costs least time; and two that store less. */
const DEFAULT_CBLOCK_SIZES: readonly number[] = [4096, 16384, 65536];
/** What mkfs.axfs takes: never larger than zlib's, every driver reads it, and made in a third of the time. */
const DEFAULT_CODECS: readonly CodecName[] = ['zlib-fast'];

const HELP = `
Examples:
  $ axfs tune rootfs --trace boot.csv --flash 16M --ram 4M --csv pages.csv
  $ axfs tune rootfs --trace boot.csv --ram 2M --boot-ms 900 --objective flash
  $ axfs tune rootfs --trace boot.csv --boot-ms 900 --chips 8M,16M,32M --svg curve.svg
  $ axfs tune rootfs --trace boot.csv --flash 16M --codec zlib-fast,zlib-small --json

Chooses the pages to execute in place, the cblock size and the codec, so that the
image, the RAM it takes at the peak (page cache, copied pages, page tables and the
driver's buffers, not the kernel's own) and the time of mount and trace keep the
budgets, and the objective is least. The choice is built as mkfs.axfs does and run
before it is reported; the page list is for mkfs.axfs -i.

With --chips the smallest of these chips counts in which the budgets can be met, and
the objective is least within it. Codecs differ in what they store; expanding a
stored byte is priced the same for all, so lz4, which the kernel driver does not
read, is only looked at when asked for. zlib-small stores least and takes long to
make. When no design keeps the budgets, the nearest one is shown with what it
lacks, no page list is written, and the exit code is 8.
`;

function parseBytes(text: string): number {
  const size = parseSize(text);
  if (size === undefined || size === 0)
    throw new InvalidArgumentError(`Expected ${SIZE_FORM}, more than 0, e.g. 16M.`);
  return size;
}

function parseMilliseconds(text: string): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
  if (!(Number.isFinite(value) && value > 0))
    throw new InvalidArgumentError('Expected milliseconds, more than 0, e.g. 900.');
  return value;
}

const parseChips = (text: string): readonly number[] => text.split(',').map(parseBytes);

const parseCblockSizes = (text: string): readonly number[] =>
  unique(
    text.split(',').map((word) => {
      const size = parseSize(word);
      if (size === undefined || !isCblockSize(size))
        throw new InvalidArgumentError('Expected powers of two from 4K to 1M, e.g. 4K,16K,64K.');
      return size;
    }),
  );

const parseCodecs = (text: string): readonly CodecName[] =>
  unique(
    text.split(',').map((word) => {
      if (!isCodecName(word))
        throw new InvalidArgumentError(
          `Expected some of ${CODECS.map(({ name }) => name).join(', ')}.`,
        );
      return word;
    }),
  );

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

function parsePartName(text: string): MtdPart {
  try {
    return partNamed(text);
  } catch (error) {
    if (error instanceof AxfsError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** `axfs tune`. */
export function addTune(program: Command, host: Host): void {
  program
    .command('tune')
    .description('Chooses XIP pages, cblock size and codec for budgets of flash, RAM and time.')
    .argument('<directory>', 'the tree')
    .requiredOption('--trace <file>', 'page-touch trace that the design is for')
    .addOption(new Option('--flash <size>', 'most that the image may take').argParser(parseBytes))
    .addOption(
      new Option('--ram <size>', 'most RAM that the design may take').argParser(parseBytes),
    )
    .addOption(
      new Option(
        '--boot-ms <time>',
        'most that mount and trace may take, milliseconds of simulated time',
      ).argParser(parseMilliseconds),
    )
    .addOption(
      new Option('--objective <figure>', 'what is to be least')
        .choices([...METRIC_NAMES])
        .default('time'),
    )
    .addOption(
      new Option('--part <name>', 'flash part (axfs flash parts lists them)')
        .argParser(parsePartName)
        .default(MTD_PARTS.p30, 'p30'),
    )
    .addOption(
      new Option('--cpu <name>', 'price list').choices([...CPU_NAMES]).default(DEFAULT_CPU),
    )
    .addOption(
      new Option('--cblock-size <sizes>', 'cblock sizes to choose from, separated by commas')
        .argParser(parseCblockSizes)
        .default(DEFAULT_CBLOCK_SIZES, '4K,16K,64K'),
    )
    .addOption(
      new Option('--codec <names>', 'codecs to choose from, separated by commas')
        .argParser(parseCodecs)
        .default(DEFAULT_CODECS, 'zlib-fast'),
    )
    .addOption(
      new Option('--chips <sizes>', 'chip sizes to choose from, e.g. 8M,16M').argParser(parseChips),
    )
    .option('--csv <file>', 'write the page list, for mkfs.axfs -i')
    .option('--svg <file>', 'write the curves of flash against RAM and time')
    .option('--json', 'as JSON: exact numbers')
    .addHelpText('after', HELP)
    .action((directory: string, options: TuneOptions) => tuneTree(host, directory, options));
}

/** @throws UsageError for options that cannot stand together. */
function checkOptions({ csv, svg, bootMs, cpu }: TuneOptions): void {
  if (csv !== undefined && csv === svg)
    throw new UsageError(`options --csv and --svg both write to ${csv}: give each a file`);
  if (bootMs !== undefined && cpuPreset(cpu).unit !== 'ns')
    throw new UsageError(`option --boot-ms needs prices in time: --cpu ${cpu} counts instructions`);
}

const limitsOf = ({ flash, ram, bootMs }: TuneOptions): Limits => ({
  ...(flash === undefined ? {} : { flash }),
  ...(ram === undefined ? {} : { ram }),
  ...(bootMs === undefined ? {} : { time: bootMs * 1e6 }),
});

async function tuneTree(host: Host, directory: string, options: TuneOptions): Promise<void> {
  checkOptions(options);
  const tracePath = fromText(options.trace);
  const trace = parseTrace(host.files.readFile(tracePath), toPrintable(tracePath));
  const treePath = fromText(directory);
  const { tree } = await scanTree(host.files, treePath, () => host.breathe());
  const outputs = new Outputs(host, options);
  const progress = startProgress(host, 'tuning', true);
  try {
    const tuned = await tune({
      ...{ tree, trace, limits: limitsOf(options), objective: options.objective },
      machine: { cpu: cpuPreset(options.cpu), part: options.part, faultRoute: 'insert' },
      ...{ cblockSizes: options.cblockSize, codecs: options.codec },
      ...(options.chips === undefined ? {} : { chips: options.chips }),
      makeCompressor: (codec) => host.makeCompressor(host.cpus, codec),
      makeInflater: (codec) => host.makeInflater(codec),
      onProgress: (done, total) => {
        progress.update(done, total);
      },
    });
    progress.end();
    const names = {
      ...{ tree: toPrintable(treePath), trace: trace.name, traceLines: trace.lines.length },
      part: options.part.name,
      ...(options.csv === undefined ? {} : { list: toPrintable(fromText(options.csv)) }),
    };
    outputs.write(
      tuned.isMet ? formatProfile(tuned.design.profile.entries) : undefined,
      tuneSvg(tuned, names),
    );
    host.terminal.out(options.json === true ? tuneJson(tuned, names) : tuneText(tuned, names));
    if (!tuned.isMet) throw new AxfsError('ENOSPC', unmetText(tuned));
  } finally {
    progress.end();
    outputs.discard();
  }
}

/** One line for standard error. */
function unmetText({ budgets, prices }: Tuned): string {
  const over = budgets.filter(({ slack }) => slack < 0);
  const list = over.map(({ metric, slack }) => {
    const missing =
      metric !== 'time'
        ? humanBytes(-slack)
        : prices.unit === 'ns'
          ? `${(-slack / 1e6).toFixed(1)} ms`
          : `${String(Math.ceil(-slack))} instructions`;
    return `${metric} by ${missing}`;
  });
  return `the budgets cannot be met: the nearest design exceeds ${list.join(', ')}`;
}

/** The files of `--csv` and `--svg`: begun before the work, complete or not there. */
class Outputs {
  readonly #list: NewFile | undefined;
  readonly #curves: NewFile | undefined;

  constructor(host: Host, { csv, svg }: TuneOptions) {
    const begin = (path: string | undefined): NewFile | undefined =>
      path === undefined ? undefined : host.files.create(fromText(path));
    this.#list = begin(csv);
    try {
      this.#curves = begin(svg);
    } catch (error) {
      this.#list?.discard();
      throw error;
    }
  }

  /** Writes what there is to write. */
  write(list: ByteString | undefined, curves: string): void {
    const written: NewFile[] = [];
    for (const [file, text] of [
      [this.#list, list],
      [this.#curves, fromText(curves)],
    ] as const) {
      if (file === undefined || text === undefined) continue;
      file.write(toBytes(text));
      file.finish();
      written.push(file);
    }
    for (const file of written) file.commit();
  }

  discard(): void {
    this.#list?.discard();
    this.#curves?.discard();
  }
}
