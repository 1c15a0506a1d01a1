/**
 * How a device moves bytes: what one access costs in units that every bus has, counted from the shape of
 * the bus alone. Time comes later, when each unit has a price.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork } from '../base/events.ts';
import { CACHE_LINE_BYTES } from '../base/units.ts';

/** The shape of a bus. */
export interface BusShape {
  /** Width of a transfer, bytes: whole words are moved. A power of two, as `burstBytes`. */
  readonly wordBytes: number;
  /**
   * Aligned bytes that one opening covers: one word on an asynchronous bus, the read page in page mode, the
   * longest request of a block device; `Infinity` where a burst goes on for as long as the reader wants.
   */
  readonly burstBytes: number;
  /** A burst after another resumes without a command (continuous read, XIP mode). */
  readonly resumes: boolean;
  /** Bytes of the page register that a NAND array loads, spare area included; 0: there is none. */
  readonly arrayPageBytes: number;
}

/** Plain memory: bytes, each access one burst. */
export const MEMORY_BUS: BusShape = {
  wordBytes: 1,
  burstBytes: Infinity,
  resumes: false,
  arrayPageBytes: 0,
};

/** Nothing was moved. */
export const noBusWork = (): BusWork => ({
  opens: 0,
  resumes: 0,
  busBytes: 0,
  arrayLoads: 0,
  bufferHits: 0,
});

/** Sets `work` back to nothing. */
export function clearBusWork(work: BusWork): void {
  work.opens = 0;
  work.resumes = 0;
  work.busBytes = 0;
  work.arrayLoads = 0;
  work.bufferHits = 0;
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

/** A bus between accesses: whether the next burst resumes. Adds what accesses take to the work it is given. */
export class Bus {
  readonly shape: BusShape;
  /** Bursts that an aligned cache line takes. */
  readonly #burstsOfLine: number;
  readonly #bytesOfLine: number;
  readonly #resumes: boolean;
  #continuous = false;

  /** @throws AxfsError EINVAL for widths that are no powers of two or do not fit each other. */
  constructor(shape: BusShape) {
    const { wordBytes, burstBytes } = shape;
    if (!isPowerOfTwo(wordBytes) || !(isPowerOfTwo(burstBytes) || burstBytes === Infinity))
      throw new AxfsError(
        'EINVAL',
        `bus: words of ${String(wordBytes)} and bursts of ${String(burstBytes)} bytes, expected powers of two`,
      );
    if (burstBytes < wordBytes)
      throw new AxfsError(
        'EINVAL',
        `bus: bursts of ${String(burstBytes)} bytes, expected at least a word of ${String(wordBytes)}`,
      );
    this.shape = shape;
    this.#resumes = shape.resumes;
    this.#bytesOfLine = Math.max(CACHE_LINE_BYTES, wordBytes);
    this.#burstsOfLine = Math.max(1, CACHE_LINE_BYTES / burstBytes);
  }

  /** One read of `length` bytes at `from`: as many bursts as it touches aligned pieces of `burstBytes`. */
  transaction(work: BusWork, from: number, length: number): void {
    if (length === 0) return;
    const { wordBytes, burstBytes } = this.shape;
    const end = from + length;
    this.#open(
      work,
      burstBytes === Infinity ? 1 : Math.ceil(end / burstBytes) - Math.floor(from / burstBytes),
    );
    work.busBytes += (Math.ceil(end / wordBytes) - Math.floor(from / wordBytes)) * wordBytes;
  }

  /**
   * `lines` aligned cache lines, each fetched for itself: all that `work` is, whatever was in it. This runs twice
   * for every XIP fault, so nothing is cleared and added up that can be set.
   */
  setLines(work: BusWork, lines: number): void {
    const bursts = lines * this.#burstsOfLine;
    work.busBytes = lines * this.#bytesOfLine;
    if (!this.#resumes) {
      work.opens = bursts;
      return;
    }
    const opened = this.#continuous || bursts === 0 ? 0 : 1;
    work.opens = opened;
    work.resumes = bursts - opened;
    this.#continuous ||= bursts > 0;
  }

  /** A burst that stands at `from` goes on for `length` bytes more; only where it ends must another be opened. */
  goOn(work: BusWork, from: number, length: number): void {
    const { burstBytes } = this.shape;
    if (burstBytes !== Infinity)
      this.#open(work, Math.ceil((from + length) / burstBytes) - Math.ceil(from / burstBytes));
    work.busBytes += length;
  }

  /** Programming or erasing took the bus out of continuous mode. */
  interrupt(): void {
    this.#continuous = false;
  }

  #open(work: BusWork, bursts: number): void {
    if (bursts === 0) return;
    if (!this.#resumes) {
      work.opens += bursts;
      return;
    }
    const opened = this.#continuous ? 0 : 1;
    work.opens += opened;
    work.resumes += bursts - opened;
    this.#continuous = true;
  }
}
