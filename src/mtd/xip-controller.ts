/**
 * A controller that maps a serial flash into the address space and keeps what it fetched: a set-associative
 * cache of lines, and a burst that goes on to the lines that follow (RP2040 XIP cache, i.MX RT AHB buffers,
 * STM32 memory-mapped mode).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork } from '../base/events.ts';
import type { Bus } from './bus.ts';

/** Which line of a full set gives way: the one used longest ago, or the one fetched first. */
export const XIP_POLICIES = ['lru', 'fifo'] as const;
/** One of {@link XIP_POLICIES}. */
export type XipPolicy = (typeof XIP_POLICIES)[number];

/** The shape of a controller. */
export interface XipControllerShape {
  /** Bytes fetched at once, a power of two. */
  readonly lineBytes: number;
  /** Lines a set holds, and sets; 0 of either: the controller keeps nothing. */
  readonly ways: number;
  readonly sets: number;
  /**
   * How far behind the line fetched last a burst can still go on: a line that follows within so many costs
   * its bytes (and those of lines passed over) but no opening. 0: each line is a burst of its own.
   */
  readonly prefetchLines: number;
  readonly policy: XipPolicy;
}

const EMPTY = -1;

/** The lines held by a controller. Deterministic: what it holds follows from the accesses alone. */
export class XipController {
  readonly shape: XipControllerShape;
  readonly #bus: Bus;
  /** Line numbers, set after set, in the order in which they stay: the last of a set gives way. */
  readonly #held: Float64Array;
  readonly #keeps: boolean;
  #lastFetched = EMPTY;

  /** @throws AxfsError EINVAL for a shape that cannot be built. */
  constructor(shape: XipControllerShape, bus: Bus) {
    const counts = [shape.ways, shape.sets];
    if (
      !Number.isInteger(Math.log2(shape.lineBytes)) ||
      shape.lineBytes < bus.shape.wordBytes ||
      counts.some((count) => !Number.isInteger(count) || count < 0) ||
      !(shape.prefetchLines >= 0)
    )
      throw new AxfsError(
        'EINVAL',
        `XIP controller: ${String(shape.sets)} sets of ${String(shape.ways)} lines of ${String(shape.lineBytes)} bytes, prefetch ${String(shape.prefetchLines)}, expected whole numbers from 0 and lines of a power of two from ${String(bus.shape.wordBytes)} bytes`,
      );
    this.shape = shape;
    this.#bus = bus;
    this.#keeps = shape.ways > 0 && shape.sets > 0;
    this.#held = new Float64Array(shape.ways * shape.sets).fill(EMPTY);
  }

  /** Bytes of its cache. */
  get cacheBytes(): number {
    return this.#held.length * this.shape.lineBytes;
  }

  /** The line is in the cache. Changes nothing. */
  holds(line: number): boolean {
    if (!this.#keeps) return false;
    const { ways } = this.shape;
    const first = (line % this.shape.sets) * ways;
    for (let way = first; way < first + ways; way += 1) if (this.#held[way] === line) return true;
    return false;
  }

  /** The CPU takes `length` bytes at device offset `from`: from the cache, from a burst that goes on, or anew. */
  access(work: BusWork, from: number, length: number): void {
    const { lineBytes } = this.shape;
    const last = Math.floor((from + length - 1) / lineBytes);
    for (let line = Math.floor(from / lineBytes); line <= last; line += 1)
      if (this.#keeps && this.#take(line)) work.bufferHits += 1;
      else this.#fetch(work, line);
  }

  /** Programming or erasing makes what is held stale. */
  invalidate(): void {
    this.#held.fill(EMPTY);
    this.endBurst();
  }

  /** Something else used the bus: no burst goes on. */
  endBurst(): void {
    this.#lastFetched = EMPTY;
  }

  /** Finds a line, or puts it in place of the one that gives way; true when it was there. */
  #take(line: number): boolean {
    const held = this.#held;
    const { ways, sets, policy } = this.shape;
    const first = (line % sets) * ways;
    const end = first + ways;
    let way = first;
    while (way < end && held[way] !== line) way += 1;
    const hit = way < end;
    if (hit && (way === first || policy === 'fifo')) return true;
    // Those that stay longer than it did move up by one.
    for (let to = hit ? way : end - 1; to > first; to -= 1) held[to] = held[to - 1] ?? EMPTY;
    held[first] = line;
    return hit;
  }

  #fetch(work: BusWork, line: number): void {
    const { lineBytes, prefetchLines } = this.shape;
    const ahead = line - this.#lastFetched;
    if (this.#lastFetched !== EMPTY && ahead > 0 && ahead <= prefetchLines)
      this.#bus.goOn(work, (this.#lastFetched + 1) * lineBytes, ahead * lineBytes);
    else this.#bus.transaction(work, line * lineBytes, lineBytes);
    this.#lastFetched = line;
  }
}
