/**
 * Who is to blame: the run of one image under one trace, with every event and every page of RAM put down to the
 * page of a file, and the process, whose line of the trace was being played. The rows add up to the whole.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { InodeNumber } from '../base/units.ts';
import type { DesignResult, RamAtPeak } from '../cost/comparison.ts';
import { LedgerSink } from '../cost/ledger.ts';
import type { Ledger } from '../cost/ledger.ts';
import { priceLedger } from '../cost/price.ts';
import type { Cost } from '../cost/price.ts';
import type { PriceList } from '../cost/params.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { AxfsFile } from '../fs/file.ts';
import { runDesign } from '../sim/designs.ts';
import type { Machine } from '../sim/machine.ts';
import type { Trace, TraceLine } from '../workload/trace.ts';
import { resultOf } from './evaluate.ts';
import type { MachineSpec, RunnableImage } from './evaluate.ts';
import { NO_RAM, RAM_KINDS, RamJournal, ramLess } from './ram-journal.ts';

/**
 * What a row is about: a `page` that a process touched; `files`, opening the trace's files before its first
 * line; `mount`, RAM that the mount itself holds; `reclaim`, pages taken back while others came.
 */
export type BlameSubject =
  | {
      readonly kind: 'page';
      readonly pid: number;
      readonly inode: InodeNumber;
      /** As the trace first calls the file, printable, without a slash in front. */
      readonly path: string;
      readonly page: number;
      /** What {@link BlameOptions.sectionOf} said of the lines. */
      readonly section: string;
    }
  | { readonly kind: 'files' | 'mount' | 'reclaim' };

/** One row. */
export interface BlameRow {
  readonly subject: BlameSubject;
  readonly ledger: Ledger;
  readonly cost: Cost;
  /** Bytes held at the moment of the highest total; below 0 only of `reclaim`. */
  readonly ram: RamAtPeak;
}

/** A run, and who is to blame for it. */
export interface Blame {
  /** The whole, as `evaluate` gives it. */
  readonly result: DesignResult;
  /** Their ledgers add up to the result's, and their RAM, too. */
  readonly rows: readonly BlameRow[];
}

/** How to run. */
export interface BlameOptions {
  readonly prices: PriceList;
  readonly inflater: Inflater;
  /** Sorts lines of the trace into sections, which get rows of their own; default: one section. */
  readonly sectionOf?: (line: TraceLine) => string;
  /** Called after every line of the trace. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A row in the making. */
interface Account {
  readonly subject: BlameSubject;
  readonly counted: LedgerSink;
}

/** Accounts by what they are about; one of them is being charged. */
class Accounts {
  readonly rows: Account[] = [{ subject: { kind: 'files' }, counted: new LedgerSink() }];
  readonly #numbers = new Map<string, number>();
  readonly #paths = new Map<InodeNumber, string>();
  /** The account that is charged now. */
  current = 0;

  select({ pid, page }: TraceLine, { ino, name }: AxfsFile, section: string): void {
    const key = `${String(pid)}:${String(ino)}:${String(page)}:${section}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.rows.length;
      this.#numbers.set(key, number);
      const path = this.#paths.get(ino) ?? name.replace(/^\/+/, '');
      this.#paths.set(ino, path);
      const subject: BlameSubject = { kind: 'page', pid, inode: ino, path, page, section };
      this.rows.push({ subject, counted: new LedgerSink() });
    }
    this.current = number;
  }

  get counted(): LedgerSink {
    const account = this.rows[this.current];
    assert(account !== undefined, () => `an account is open: ${String(this.current)}`);
    return account.counted;
  }
}

/**
 * Runs `image` under `trace` as `evaluate` does, and says who is to blame for what.
 *
 * @throws AxfsError when the trace does not fit the image, or RAM is too small.
 */
export function blame(
  image: RunnableImage,
  trace: Trace,
  machine: MachineSpec,
  { prices, inflater, sectionOf, onProgress }: BlameOptions,
): Blame {
  const total = new LedgerSink();
  const before = total.read();
  let mounted = before;
  const accounts = new Accounts();
  let journal: RamJournal | undefined;
  let done = 0;
  const run = runDesign({ ...image, name: image.label ?? image.name }, trace, {
    ...machine,
    inflater,
    sink: (event) => {
      total.sink(event);
      if (journal !== undefined) accounts.counted.sink(event);
    },
    onMounted: ({ memory }: Machine) => {
      mounted = total.read();
      journal = new RamJournal(memory.frames, trace);
    },
    watch: {
      begin: (line, file) => {
        accounts.select(line, file, sectionOf?.(line) ?? '');
        journal?.begin();
      },
      end: (line) => {
        journal?.end(line, accounts.current);
        done += 1;
        onProgress?.(done, trace.lines.length);
      },
    },
  });
  const result = resultOf(image, { before, mounted, after: total.read(), peak: run.peak }, prices);
  const held = journal?.atPeak() ?? new Map<number, RamAtPeak>();
  const rows = accounts.rows.map(({ subject, counted }, number): BlameRow => {
    const ledger = counted.read();
    const ram = held.get(number) ?? NO_RAM;
    return { subject, ledger, cost: priceLedger(ledger, prices), ram };
  });
  return { result, rows: [...rows, ...restOf(result, rows, prices)] };
}

/** Rows for RAM that no line took: the mount's own, and what reclaim took away again. */
function restOf(
  { ram }: DesignResult,
  rows: readonly BlameRow[],
  prices: PriceList,
): readonly BlameRow[] {
  const ledger = new LedgerSink().read();
  const row = (kind: 'mount' | 'reclaim', held: RamAtPeak): BlameRow => ({
    subject: { kind },
    ledger,
    cost: priceLedger(ledger, prices),
    ram: held,
  });
  const { metadata, ...paged } = rows.reduce((rest, { ram: own }) => ramLess(rest, own), ram);
  const taken = { ...paged, metadata: 0 };
  return [
    row('mount', { ...NO_RAM, metadata }),
    ...(RAM_KINDS.every((kind) => taken[kind] === 0) ? [] : [row('reclaim', taken)]),
  ];
}
