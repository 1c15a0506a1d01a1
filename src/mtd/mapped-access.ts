/**
 * How the CPU reads cells in its address space: cache line by cache line, through a controller that may
 * hold them already.
 *
 * @module
 */
import type { BusWork } from '../base/events.ts';
import { CACHE_LINE_BYTES } from '../base/units.ts';
import type { Bus } from './bus.ts';
import type { FlashCells } from './cells.ts';
import type { DeviceCounts } from './counting.ts';
import { UncertainCells } from './uncertain-cells.ts';
import type { XipController } from './xip-controller.ts';

/** The mapped side of one device. Offsets are the device's, and inside it. */
export class MappedAccess {
  readonly #cells: FlashCells;
  readonly #bus: Bus;
  readonly #counts: DeviceCounts;
  readonly #controller: XipController | undefined;
  /** For cells that could misbehave: each line is a read of its own. */
  readonly #uncertain: UncertainCells | undefined;

  constructor(
    cells: FlashCells,
    bus: Bus,
    counts: DeviceCounts,
    controller: XipController | undefined,
  ) {
    this.#cells = cells;
    this.#bus = bus;
    this.#counts = counts;
    this.#controller = controller;
    this.#uncertain =
      cells.isPerfect === true
        ? undefined
        : new UncertainCells(cells, controller?.shape.lineBytes ?? CACHE_LINE_BYTES, controller);
  }

  /** What stands there; counts nothing. */
  look(from: number, length: number): Uint8Array {
    return this.#cells.view(from, length);
  }

  /** Loads of the CPU; counts wrong bits alone. */
  load(from: number, length: number): Uint8Array {
    if (this.#uncertain === undefined) return this.#cells.view(from, length);
    const { bytes, flips } = this.#uncertain.read(from, length);
    this.#counts.countFlips(flips);
    return bytes;
  }

  /** A memcpy. */
  copy(from: number, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    if (this.#uncertain === undefined) {
      const bytes = this.#cells.view(from, length);
      this.count(from, length);
      return bytes;
    }
    const { bytes, flips, delayNanoseconds } = this.#uncertain.read(from, length);
    this.#counts.countFlips(flips);
    this.#counts.reportDelay(delayNanoseconds);
    this.count(from, length);
    return bytes;
  }

  /** Counts a look-up. */
  count(from: number, length: number): void {
    if (length === 0) return;
    const first = Math.floor(from / CACHE_LINE_BYTES);
    const lines = Math.floor((from + length - 1) / CACHE_LINE_BYTES) - first + 1;
    if (this.#controller === undefined) this.#bus.setLines(this.#counts.mapped, lines);
    else takeLines(this.#controller, this.#counts.startMapped(), first, lines);
    this.#counts.countMapped(length, lines);
  }

  /** The CPU's cache takes whole lines; answers how many bits in them are wrong. */
  fill(from: number, lines: number): number {
    if (lines === 0) return 0;
    let wrong = 0;
    if (this.#uncertain !== undefined) {
      const length = Math.min(lines * CACHE_LINE_BYTES, this.#cells.size - from);
      const { flips, delayNanoseconds } = this.#uncertain.read(from, length);
      wrong = flips;
      this.#counts.countFlips(flips);
      this.#counts.reportDelay(delayNanoseconds);
    }
    if (this.#controller === undefined) this.#bus.setLines(this.#counts.fill, lines);
    else
      takeLines(
        this.#controller,
        this.#counts.startFill(),
        Math.floor(from / CACHE_LINE_BYTES),
        lines,
      );
    this.#counts.countFill(lines);
    return wrong;
  }

  /** Something else uses the bus. */
  commandSent(): void {
    this.#controller?.endBurst();
  }

  /** What is held is stale. */
  cellsChange(): void {
    this.#controller?.invalidate();
  }
}

/** Lines that pass through a controller. */
function takeLines(
  controller: XipController,
  work: BusWork,
  firstLine: number,
  lines: number,
): void {
  for (let line = firstLine; line < firstLine + lines; line += 1)
    controller.access(work, line * CACHE_LINE_BYTES, CACHE_LINE_BYTES);
}
