/**
 * Why a page is stored as it is: the trace run on the image, and again on the same image with this one page
 * stored the other way, both priced page by page.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { breakEven } from '../cost/break-even.ts';
import { LedgerSink, ledgerTotal } from '../cost/ledger.ts';
import { chooseWay } from '../cost/page-choice.ts';
import type { PageAnswer, PageStorage, PageUse, PageWay } from '../cost/page-choice.ts';
import { priceLedger } from '../cost/price.ts';
import type { PriceList } from '../cost/params.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { epochOf } from '../workload/trace.ts';
import type { Trace, TraceLine } from '../workload/trace.ts';
import { blame } from './blame.ts';
import type { Blame, BlameOptions, BlameRow } from './blame.ts';
import type { MachineSpec, RunnableImage } from './evaluate.ts';
import { flipPage } from './flip-page.ts';
import { NO_RAM, ramBytes, ramMore } from './ram-journal.ts';

/** What is asked, and on what. */
export interface WhyRequest {
  readonly volume: AxfsVolume;
  readonly image: RunnableImage;
  readonly inode: Inode;
  readonly page: number;
  /** How the page is stored. */
  readonly type: PageStorage;
  readonly storedBytes: number;
  readonly trace: Trace;
  readonly machine: MachineSpec;
  /** The image's codec. */
  readonly compressor: PageCompressor;
}

/** Lines of a trace that touch an inode, whatever they call it; or one page of it. */
export function linesOf(
  trace: Trace,
  volume: AxfsVolume,
  inode: Inode,
  page?: number,
): readonly TraceLine[] {
  const isAsked = new Map<ByteString, boolean>();
  return trace.lines.filter((line) => {
    let asked = isAsked.get(line.path);
    if (asked === undefined) {
      asked = inodeOf(trace, line, volume) === inode.number;
      isAsked.set(line.path, asked);
    }
    return asked && (page === undefined || line.page === page);
  });
}

function inodeOf({ name }: Trace, { line, path }: TraceLine, volume: AxfsVolume): number {
  try {
    return volume.resolve(path).number;
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    throw new AxfsError(
      error.code,
      `${name}:${String(line)}: ${error.message}: was the trace made with another tree than ${toPrintable(volume.name as ByteString)}?`,
    );
  }
}

/** What the lines do. */
export function useOf(lines: readonly TraceLine[]): PageUse {
  const withAccess = (access: TraceLine['accesses'][number]): number =>
    lines.filter(({ accesses }) => accesses.includes(access)).length;
  const inEpochs = new Set(lines.map(epochOf));
  return {
    lines: lines.length,
    touches: lines.reduce((sum, { count }) => sum + count, 0),
    reads: withAccess('read'),
    fetches: withAccess('exec'),
    writes: withAccess('write'),
    processes: [...new Set(lines.map(({ pid }) => pid))],
    epochs: [...inEpochs].sort((a, b) => a - b),
  };
}

/** Rows of one page, all processes. */
export const rowsOf = ({ rows }: Blame, inode: number, page?: number): readonly BlameRow[] =>
  rows.filter(
    ({ subject }) =>
      subject.kind === 'page' &&
      subject.inode === inode &&
      (page === undefined || subject.page === page),
  );

/** Rows added up. */
export function sumOf(
  rows: readonly BlameRow[],
  prices: PriceList,
): Pick<PageWay, 'ledger' | 'cost' | 'ram'> {
  const ledger = ledgerTotal([new LedgerSink().read(), ...rows.map((row) => row.ledger)]);
  return {
    ledger,
    cost: priceLedger(ledger, prices),
    ram: rows.reduce((sum, { ram }) => ramMore(sum, ram), NO_RAM),
  };
}

/**
 * Runs both ways.
 *
 * @throws AxfsError when the trace does not fit the image, the image is damaged at the page, or RAM is too small.
 */
export async function why(request: WhyRequest, options: BlameOptions): Promise<PageAnswer> {
  const { volume, image, inode, page, trace, machine } = request;
  const use = useOf(linesOf(trace, volume, inode, page));
  const { prices } = options;
  const way = (run: Blame, type: PageStorage, storedBytes: number): PageWay => ({
    type,
    storedBytes,
    ...sumOf(rowsOf(run, inode.number, page), prices),
    runCost: run.result.cost.total,
    runRam: ramBytes(run.result.ram),
  });
  const now = way(blame(image, trace, machine, options), request.type, request.storedBytes);
  const flipped = await flipPage(volume, inode, page, request.compressor);
  const run = blame(flipped.image, trace, machine, options);
  const other = way(run, flipped.type, flipped.storedBytes);
  const change = {
    flashAdded: flipped.flashAdded,
    ramAdded: other.runRam - now.runRam,
    // Without a touch nothing changes but where the tables' entries stand.
    costAdded: use.lines === 0 ? 0 : other.runCost - now.runCost,
  };
  const inRam = now.type === 'xip' ? other : now;
  return {
    unit: prices.unit,
    use,
    now,
    other,
    ...change,
    breakEven:
      machine.part.mapped && prices.unit === 'ns'
        ? breakEven(prices, inRam.storedBytes)
        : undefined,
    choice: chooseWay(change, now.runCost),
  };
}
