/**
 * Which lines of a trace took the RAM that was in use at the moment of the highest total. What a line takes is
 * the line's; when a process exits, its anonymous pages and page tables go, and the page cache stays.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { RamAtPeak } from '../cost/comparison.ts';
import type { Frames, RamUsage } from '../mm/frames.ts';
import type { Trace, TraceLine } from '../workload/trace.ts';

/** Uses that RAM is told apart by. */
export const RAM_KINDS = ['pageCache', 'anonymous', 'pageTables', 'metadata'] as const;

/** No RAM at all. */
export const NO_RAM: RamAtPeak = { pageCache: 0, anonymous: 0, pageTables: 0, metadata: 0 };

const byKind = (value: (kind: (typeof RAM_KINDS)[number]) => number): RamAtPeak =>
  Object.fromEntries(RAM_KINDS.map((kind) => [kind, value(kind)])) as unknown as RamAtPeak;

/** Use by use, the sum. */
export const ramMore = (a: RamAtPeak, b: RamAtPeak): RamAtPeak =>
  byKind((kind) => a[kind] + b[kind]);

/** Use by use, what is left of `a` without `b`. */
export const ramLess = (a: RamAtPeak, b: RamAtPeak): RamAtPeak =>
  byKind((kind) => a[kind] - b[kind]);

/** All uses together, bytes. */
export const ramBytes = (ram: RamAtPeak): number =>
  RAM_KINDS.reduce((sum, kind) => sum + ram[kind], 0);

const held = ({ byUse }: RamUsage): RamAtPeak => ({
  pageCache: byUse.page_cache * PAGE_SIZE,
  anonymous: byUse.anon * PAGE_SIZE,
  pageTables: byUse.page_table * PAGE_SIZE,
  metadata: 0,
});

/** One line that took or gave RAM, or was its process's last. */
interface Entry {
  readonly account: number;
  readonly pid: number;
  readonly taken: RamAtPeak;
  readonly exits: boolean;
}

/** Notes what every line takes. Accounts are numbers that the caller gives. */
export class RamJournal {
  readonly #frames: Frames;
  readonly #lastLine = new Map<number, number>();
  readonly #entries: Entry[] = [];
  #before: RamAtPeak = NO_RAM;
  #peak: number;
  /** Entries up to the moment of the highest total. */
  #entriesAtPeak = 0;

  constructor(frames: Frames, { lines }: Trace) {
    this.#frames = frames;
    this.#peak = frames.peak.total;
    for (const { pid, line } of lines) this.#lastLine.set(pid, line);
  }

  /** Before a line. */
  begin(): void {
    this.#before = held(this.#frames.usage);
  }

  /** After a line, whose process is still there. */
  end({ pid, line }: TraceLine, account: number): void {
    const taken = ramLess(held(this.#frames.usage), this.#before);
    const exits = this.#lastLine.get(pid) === line;
    if (exits || RAM_KINDS.some((kind) => taken[kind] !== 0))
      this.#entries.push({ account, pid, taken, exits });
    const { total } = this.#frames.peak;
    if (total === this.#peak) return;
    this.#peak = total;
    this.#entriesAtPeak = this.#entries.length;
  }

  /** What each account held at the peak, bytes; accounts that held nothing may be missing. */
  atPeak(): ReadonlyMap<number, RamAtPeak> {
    const shared = new Map<number, RamAtPeak>();
    const ofProcess = new Map<number, Map<number, RamAtPeak>>();
    const entries = this.#entries.slice(0, this.#entriesAtPeak);
    entries.forEach(({ account, pid, taken, exits }, i) => {
      const own = ofProcess.get(pid) ?? new Map<number, RamAtPeak>();
      ofProcess.set(pid, own);
      add(shared, account, { ...NO_RAM, pageCache: taken.pageCache });
      add(own, account, { ...taken, pageCache: 0 });
      // At the peak itself the process was still there.
      if (exits && i < entries.length - 1) ofProcess.delete(pid);
    });
    for (const own of ofProcess.values())
      for (const [account, ram] of own) add(shared, account, ram);
    return shared;
  }
}

const add = (sums: Map<number, RamAtPeak>, account: number, ram: RamAtPeak): void => {
  sums.set(account, ramMore(sums.get(account) ?? NO_RAM, ram));
};
