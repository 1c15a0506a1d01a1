/**
 * From page touches to cache lines: which lines of a page a trace line uses, and which of them come from
 * flash or RAM. A trace with addresses says it; one with counts alone is taken for as many different lines as
 * it has touches, from the start of the page on, all of them at most: an upper bound for each trace line.
 *
 * @module
 */
import type { EventSink, PageTouchEvent } from '../base/events.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import type { Pfn } from '../base/units.ts';
import type { CpuCache } from './cpu-cache.ts';
import type { Machine } from './machine.ts';
import type { LineRun, TraceLine } from '../workload/trace.ts';

/** Cache lines of a page. */
export const LINES_PER_PAGE = PAGE_SIZE / CACHE_LINE_BYTES;

/** The lines of a page that `count` touches use when nothing more is known. */
export const estimatedLines = (count: number): number => Math.min(count, LINES_PER_PAGE);

/** Plays lines on a cache and reports what missed. */
export class LineToucher {
  readonly #machine: Machine;
  readonly #sink: EventSink;
  readonly #cache: CpuCache | undefined;
  readonly #event: PageTouchEvent = { type: 'page_touch', memory: 'ram', lines: 0, misses: 0 };
  /** Without a cache: lines that this trace line has used. */
  readonly #seen = new Uint8Array(LINES_PER_PAGE);

  /** Without `cache` every line that a trace line uses is fetched once: caches are cold at each. */
  constructor(machine: Machine, sink: EventSink, cache?: CpuCache) {
    this.#machine = machine;
    this.#sink = sink;
    this.#cache = cache;
  }

  /**
   * Uses the lines of `frame` that a trace line says.
   *
   * @throws AxfsError EIO when the flash bus fails.
   */
  touch(frame: Pfn, { count, runs }: TraceLine): void {
    const isFlash = !this.#machine.memory.physical.pfnValid(frame);
    const event = this.#event;
    event.memory = isFlash ? 'flash' : 'ram';
    if (runs !== undefined) this.#playRuns(frame, runs, isFlash);
    else {
      const lines = estimatedLines(count);
      event.lines = lines;
      event.misses =
        this.#cache === undefined ? lines : this.#playRun(frame, 0, lines - 1, isFlash);
      if (this.#cache === undefined && isFlash) this.#machine.mount.fillLines(frame, 0, lines);
    }
    this.#sink(event);
  }

  #playRuns(frame: Pfn, runs: readonly LineRun[], isFlash: boolean): void {
    const event = this.#event;
    event.lines = 0;
    event.misses = 0;
    if (this.#cache === undefined) this.#seen.fill(0);
    for (const { first, last, times } of runs) {
      event.lines += (last - first + 1) * times;
      for (let time = 0; time < times; time += 1) {
        const misses = this.#playRun(frame, first, last, isFlash);
        event.misses += misses;
        // Nothing else comes between: what all hit once hits again.
        if (misses === 0) break;
      }
    }
  }

  /** Uses lines `first` to `last` and fetches those that miss, neighbours together; gives how many missed. */
  #playRun(frame: Pfn, first: number, last: number, isFlash: boolean): number {
    const base = frame * LINES_PER_PAGE;
    let misses = 0;
    let start = first;
    for (let line = first; line <= last + 1; line += 1) {
      const isMiss = line <= last && !this.#isHeld(base, line);
      if (isMiss) {
        misses += 1;
        continue;
      }
      if (isFlash && line > start) this.#machine.mount.fillLines(frame, start, line - start);
      start = line + 1;
    }
    return misses;
  }

  /** The line was fetched before; now it is. */
  #isHeld(base: number, line: number): boolean {
    if (this.#cache !== undefined) return this.#cache.use(base + line);
    const seen = this.#seen[line] === 1;
    this.#seen[line] = 1;
    return seen;
  }
}
