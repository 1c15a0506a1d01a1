/**
 * A run under the trace, measured page by page: what each page's touches cost, in which order pages of RAM were
 * filled, how much RAM was in use. Two such runs, one with every page compressed and one with every touched page
 * in place, hold all that an estimate needs: pages hardly disturb one another, whatever machine, kernel and
 * prices they are run on.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { EventSink, SimEvent } from '../base/events.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { MachineSpec, RunnableImage } from '../compare/evaluate.ts';
import { LedgerSink, ledgerSince } from '../cost/ledger.ts';
import type { PriceList } from '../cost/params.ts';
import { priceLedger } from '../cost/price.ts';
import type { RamUsage } from '../mm/frames.ts';
import { createMachine } from '../sim/machine.ts';
import { replay } from '../sim/replay.ts';
import type { Trace } from '../workload/trace.ts';
import type { TreePages } from './tree-pages.ts';

/** A page of RAM filled, in the order of the run. */
export interface Fill {
  readonly content: number;
  /** It came out of a cblock. */
  readonly isCompressed: boolean;
}

/** What a run came to; costs in the price list's unit. */
export interface MeasuredRun {
  readonly mountCost: number;
  /** By content: what its touches cost, without expanding cblocks. */
  readonly costs: Float64Array;
  readonly fills: readonly Fill[];
  /**
   * One more than there are fills: the most bytes of RAM in use between two fills, without the pages filled so
   * far; -1 where nothing was looked at between them.
   */
  readonly ramBesides: Float64Array;
  /** Cost of expanding a cblock of so many stored bytes: `setup` + bytes x `storedByte`. */
  readonly expansion: { readonly setup: number; readonly storedByte: number };
}

/** Reads of more bytes than a table entry has are of what is stored. */
const ENTRY_BYTES_MAX = 8;

/** Runs `image` under `trace`. @throws AxfsError as `replay`. */
export function measureRun(
  image: RunnableImage,
  trace: Trace,
  machine: MachineSpec,
  context: {
    readonly pages: TreePages;
    readonly prices: PriceList;
    readonly inflater: Inflater;
  },
): MeasuredRun {
  const { pages, prices, inflater } = context;
  const { part, faultRoute, kernel, ramPages } = machine;
  const recorder = new Recorder(pages);
  const board = createMachine({
    ...{ image: image.bytes, name: image.name, part, inflater, faultRoute },
    ...(kernel === undefined ? {} : { kernel }),
    ...(ramPages === undefined ? {} : { ramPages }),
    sink: recorder.sink,
  });
  const mountCost = recorder.begin(
    () => designPages(board.memory.frames.usage) * PAGE_SIZE,
    prices,
  );
  replay(board, trace, recorder.sink);
  return recorder.finish(mountCost, prices, trace.lines.length);
}

/** Pages whose number the design decides, as `ramPeak` of a result counts them. */
const designPages = ({ byUse }: RamUsage): number =>
  byUse.page_cache + byUse.anon + byUse.page_table + byUse.metadata;

/** Tells events apart by the line of the trace that they belong to. */
class Recorder {
  readonly #pages: TreePages;
  readonly #mount = new LedgerSink();
  readonly #ledgers = new Map<number, LedgerSink>();
  /** All expansions, with the reads of what they expand; a read whose expansion has not come yet. */
  readonly #expansions = new LedgerSink();
  #read: SimEvent | undefined;
  #ramInUse: (() => number) | undefined;
  #line = 0;
  #own = this.#mount;
  readonly #fills: Fill[] = [];
  readonly #ramBesides: number[] = [-1];

  constructor(pages: TreePages) {
    this.#pages = pages;
  }

  /** The mount is done; gives what it cost. */
  begin(ramInUse: () => number, prices: PriceList): number {
    this.#settleRead();
    this.#ramInUse = ramInUse;
    this.#own = this.#ledgerOf(0);
    this.#lookAtRam();
    const nothing = new LedgerSink().read();
    return (
      priceLedger(ledgerSince(nothing, this.#mount.read()), prices).total +
      priceLedger(ledgerSince(nothing, this.#expansions.read()), prices).total
    );
  }

  readonly sink: EventSink = (event) => {
    switch (event.type) {
      case 'mapped_read':
      case 'mtd_read':
        this.#settleRead();
        // Events are used again: the next one may be the expansion of what is read here.
        if (event.bytes > ENTRY_BYTES_MAX) this.#read = { ...event };
        else this.#own.sink(event);
        return;
      case 'inflate':
        if (this.#read !== undefined) this.#expansions.sink(this.#read);
        this.#read = undefined;
        this.#expansions.sink(event);
        return;
      case 'page_fill':
        this.#settleRead();
        this.#own.sink(event);
        this.#fills.push({
          content: this.#pages.lineContent[this.#line] ?? 0,
          isCompressed: event.reason === 'compressed_node',
        });
        this.#ramBesides.push(-1);
        return;
      case 'page_touch':
        this.#settleRead();
        this.#own.sink(event);
        this.#lookAtRam();
        this.#line += 1;
        this.#own = this.#ledgerOf(this.#line);
        return;
      default:
        this.#settleRead();
        this.#own.sink(event);
    }
  };

  finish(mountCost: number, prices: PriceList, lines: number): MeasuredRun {
    this.#settleRead();
    assert(
      this.#line === lines,
      () => `every line of a trace touches once: ${String(this.#line)} of ${String(lines)}`,
    );
    const costs = new Float64Array(this.#pages.firstNode.length);
    for (const [content, ledger] of this.#ledgers)
      costs[content] = priceLedger(ledger.read(), prices).total;
    return {
      ...{ mountCost, costs, fills: this.#fills },
      ramBesides: Float64Array.from(this.#ramBesides),
      expansion: this.#expansionPrice(prices),
    };
  }

  #expansionPrice(prices: PriceList): MeasuredRun['expansion'] {
    const ledger = this.#expansions.read();
    const { cblocks, storedBytes, lz4 } = ledger.inflate;
    const empty = new LedgerSink().read();
    if (cblocks === 0) return { setup: 0, storedByte: 0 };
    const { total, parts } = priceLedger(ledger, prices);
    const one = priceLedger(
      {
        ...empty,
        inflate: {
          ...empty.inflate,
          cblocks: 1,
          lz4: { ...empty.inflate.lz4, cblocks: lz4.cblocks > 0 ? 1 : 0 },
        },
      },
      prices,
    ).total;
    assert(total >= parts.inflate, () => 'expanding is part of the cost of expanding');
    return { setup: one, storedByte: (total - one * cblocks) / storedBytes };
  }

  /** A read that nothing expands belongs to whoever reads. */
  #settleRead(): void {
    if (this.#read !== undefined) this.#own.sink(this.#read);
    this.#read = undefined;
  }

  #lookAtRam(): void {
    const last = this.#ramBesides.length - 1;
    const besides = (this.#ramInUse?.() ?? 0) - this.#fills.length * PAGE_SIZE;
    this.#ramBesides[last] = Math.max(this.#ramBesides[last] ?? -1, besides);
  }

  #ledgerOf(line: number): LedgerSink {
    const content = this.#pages.lineContent[line];
    if (content === undefined) return this.#mount;
    let ledger = this.#ledgers.get(content);
    if (ledger === undefined) this.#ledgers.set(content, (ledger = new LedgerSink()));
    return ledger;
  }
}
