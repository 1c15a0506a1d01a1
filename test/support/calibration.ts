import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createRandom } from '../../src/base/random.ts';
import { PAGE_SIZE, virtAddr } from '../../src/base/units.ts';
import type { PageCompressor } from '../../src/codec/compressor.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { machineNamed } from '../../src/compare/machines.ts';
import { machinePrices } from '../../src/compare/evaluate.ts';
import { withOverrides } from '../../src/compare/overrides.ts';
import { fitFills, inflateRows } from '../../src/cost/calibration.ts';
import type { FillLine, FillSample } from '../../src/cost/calibration.ts';
import { LedgerSink, ledgerSince } from '../../src/cost/ledger.ts';
import type { Ledger } from '../../src/cost/ledger.ts';
import type { PriceList } from '../../src/cost/params.ts';
import { priceLedger } from '../../src/cost/price.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { profileOf } from '../../src/mkfs/profile.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { fromText } from '../../src/base/bytestring.ts';
import { KERNELS } from '../../src/mm/kernel.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import { createMachine } from '../../src/sim/machine.ts';

/** Where the facts are. */
export const CALIBRATION = resolve(import.meta.dirname, '..', '..', 'images', 'calibration');

/** A run of the real kernel; `minor` and `major` without the measuring program's own two faults. */
export interface KernelRun {
  readonly run: string;
  readonly pagesAre: 'xip' | 'compressed' | 'byte-aligned';
  readonly medium: 'physical' | 'mtd' | 'block';
  readonly cblockBytes: number;
  readonly cache: 'cold' | 'hot';
  readonly order: 'seq' | 'rand';
  readonly pages: number;
  readonly minor: number;
  readonly major: number;
  readonly median: number;
  readonly mean: number;
}

/** Cells of the table behind `marker` in the document on prices, headings first, without the rule. */
export function publishedTable(marker: string): readonly (readonly string[])[] {
  const document = resolve(import.meta.dirname, '..', '..', 'src', 'cost', 'README.md');
  const [, behind = ''] = readFileSync(document, 'utf8').split(`<!-- ${marker} -->`);
  const lines = behind.trimStart().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return tableCells(lines.slice(0, end));
}

/** Cells of a Markdown table, without its rule. */
export const tableCells = (lines: readonly string[]): readonly (readonly string[])[] =>
  lines
    .filter((_line, i) => i !== 1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const records = (file: string): string[][] =>
  readFileSync(resolve(CALIBRATION, file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

/** The counted fills of `fills.csv`. */
export const fillSamples = (): readonly FillSample[] =>
  records('fills.csv').map((cells) => {
    const [page = NaN, storedBytes = NaN, instructions = NaN] = cells.map(Number);
    return { page, storedBytes, instructions };
  });

/** The runs of `runs.csv`. */
export const kernelRuns = (): readonly KernelRun[] =>
  records('runs.csv').map((cells) => {
    const number = (index: number): number => Number(cells[index]);
    return {
      run: cells[0] ?? '',
      pagesAre: cells[1] as KernelRun['pagesAre'],
      medium: cells[2] as KernelRun['medium'],
      cblockBytes: number(3),
      cache: cells[4] as KernelRun['cache'],
      order: cells[5] as KernelRun['order'],
      pages: number(6),
      minor: number(7) - OWN_FAULTS,
      major: number(8),
      median: number(9),
      mean: number(10),
    };
  });

const OWN_FAULTS = 2;

const isEven = ({ page }: FillSample): boolean => page % 2 === 0;
/** The line through the even-numbered pages. */
export const fittedLine = (): FillLine => fitFills(fillSamples().filter(isEven));
/** The pages that the line has not seen. */
export const unseenSamples = (): readonly FillSample[] =>
  fillSamples().filter((sample) => !isEven(sample));

/** Prices in instructions with inflate as fitted. */
export function fittedPrices(): PriceList {
  const rows = Object.entries(inflateRows(fittedLine()));
  return machinePrices(
    withOverrides(
      machineNamed('x86-counted'),
      rows.map(([name, value]) => ({ name, text: String(value) })),
    ),
  );
}

/** A page says which it is, from 1 on, in its first four bytes. */
function numberedPages(count: number): Uint8Array {
  const bytes = new Uint8Array(count * PAGE_SIZE);
  const view = new DataView(bytes.buffer);
  for (let page = 0; page < count; page += 1) view.setUint32(page * PAGE_SIZE, page + 1);
  return bytes;
}

/** Makes streams as long as the counted ones; larger cblocks are the sum of their pages. */
const sizedCompressor = (sizes: readonly number[]): PageCompressor => ({
  parallelism: 1,
  compress: (blocks) =>
    Promise.resolve(
      blocks.map((block) => {
        const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
        let stored = 0;
        for (let at = 0; at < block.length; at += PAGE_SIZE)
          stored += sizes[view.getUint32(at) - 1] ?? 0;
        return new Uint8Array(stored);
      }),
    ),
  close: () => Promise.resolve(),
});
/** Nothing fits: pages are stored as they are. */
const noCompressor: PageCompressor = {
  parallelism: 1,
  compress: (blocks) => Promise.resolve(blocks.map(() => undefined)),
  close: () => Promise.resolve(),
};
const sizedInflater: Inflater = { inflate: (_stored, into) => into.length };

const NAME = 'code';

async function imageOf({ pagesAre, cblockBytes, pages }: KernelRun): Promise<Uint8Array> {
  const sizes = fillSamples().map(({ storedBytes }) => storedBytes);
  const profile = profileOf(
    Array.from({ length: pages }, (_, page) => ({
      path: fromText(NAME),
      offset: page * PAGE_SIZE,
      count: 1,
    })),
  );
  const image = await buildImage(treeFrom({ [NAME]: { content: numberedPages(pages) } }), {
    xip: pagesAre === 'xip' ? { kind: 'profile', profile } : { kind: 'none' },
    features: { cblockSize: cblockBytes },
    compressor: pagesAre === 'compressed' ? sizedCompressor(sizes) : noCompressor,
  });
  return image.toBytes();
}

function orderOf({ order, pages }: KernelRun): readonly number[] {
  const all = Array.from({ length: pages }, (_, page) => page);
  if (order === 'seq') return all;
  const random = createRandom(2048);
  for (let last = pages - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [all[last], all[other]] = [all[other] ?? 0, all[last] ?? 0];
  }
  return all;
}

/** What a block device's file system reads ahead: the kernel's default of 128 KiB, but not of random touches. */
const readAheadOf = ({ medium, order }: KernelRun): number =>
  medium === 'block' && order === 'seq' ? 32 : 1;

/** Plays a run on the simulator: a process maps the file and touches every page once. */
export async function simulate(run: KernelRun): Promise<Ledger> {
  const counted = new LedgerSink();
  const machine = createMachine({
    image: await imageOf(run),
    inflater: sizedInflater,
    kernel: KERNELS['6.1-x86'],
    faultRoute: 'return',
    access: run.medium,
    readAheadPages: readAheadOf(run),
    sink: counted.sink,
  });
  const file = machine.mount.open(NAME);
  const touchAll = (): void => {
    const mm = machine.spawn();
    const base = mm.mmap({ length: file.size, prot: PROT_READ, flags: MAP_PRIVATE, file });
    for (const page of orderOf(run)) mm.touch(virtAddr(base + page * PAGE_SIZE), 'read');
    mm.exit();
  };
  if (run.cache === 'hot') touchAll();
  const before = counted.read();
  touchAll();
  return ledgerSince(before, counted.read());
}

/** A line of the published table. */
export interface CalibrationRow {
  readonly what: string;
  readonly measured: number;
  readonly predicted: number;
}

/** `2,153`. */
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The table as Markdown. */
export const calibrationTable = (rows: readonly CalibrationRow[]): string[] => [
  '| instructions a page | measured | predicted | ratio |',
  '| --- | --: | --: | --: |',
  ...rows.map(
    ({ what, measured, predicted }) =>
      `| ${what} | ${whole(measured)} | ${whole(predicted)} | ${(predicted / measured).toFixed(3)} |`,
  ),
];

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Odd pages: as a mean, and the page that the line is off by the median. */
export function unseenRow(): CalibrationRow {
  const { intercept, slope } = fittedLine();
  const unseen = unseenSamples();
  return {
    what: 'odd-numbered pages, 4 KiB cblocks, from the even ones',
    measured: mean(unseen.map(({ instructions }) => instructions)),
    predicted: mean(unseen.map(({ storedBytes }) => intercept + slope * storedBytes)),
  };
}

/** A run of the kernel against the simulator, priced as fitted. */
export function runRow(run: KernelRun, ledger: Ledger): CalibrationRow {
  const { cblockBytes, pagesAre, medium, cache, order } = run;
  const cblock = pagesAre === 'compressed' ? `, ${String(cblockBytes / 1024)} KiB cblocks` : '';
  return {
    what: `${pagesAre}${cblock}, ${medium}, ${cache}, ${order === 'seq' ? 'in order' : 'random'}${run.run === 'cblock' ? ' (by cblock size)' : ''}`,
    measured: run.mean,
    predicted: priceLedger(ledger, fittedPrices()).total / run.pages,
  };
}
