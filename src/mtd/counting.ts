/**
 * What a device did, summed up and reported: totals that never reset, and one reused event of each kind.
 *
 * @module
 */
import { addBusWork, ignoreEvents } from '../base/events.ts';
import type {
  BusWork,
  DeviceRole,
  EventSink,
  LineFillEvent,
  MappedReadEvent,
  MtdDelayEvent,
  MtdEccEvent,
  MtdEraseEvent,
  MtdProgramEvent,
  MtdReadEvent,
} from '../base/events.ts';
import { clearBusWork, noBusWork } from './bus.ts';
import type { MtdCounters } from './device.ts';

/** To whom a device reports, and as which device of a mount. */
export interface Reporting {
  readonly sink?: EventSink;
  /** Default: the first. */
  readonly device?: DeviceRole;
}

/** Nothing was done yet. */
const zeroTotals = () => ({
  readOperations: 0,
  readBytes: 0,
  mappedReads: 0,
  mappedBytes: 0,
  mappedLines: 0,
  filledLines: 0,
  bus: noBusWork(),
  programs: 0,
  programmedBytes: 0,
  erases: 0,
  flippedBits: 0,
});

/** Counters without anything counted. */
export const noCounters = (): MtdCounters => zeroTotals();

/** Counters added up, as of devices that make one. */
export function addCounters(all: readonly MtdCounters[]): MtdCounters {
  const sum = zeroTotals();
  for (const one of all) {
    for (const name of COUNTER_NAMES) sum[name] += one[name];
    addBusWork(sum.bus, one.bus);
  }
  return sum;
}

const COUNTER_NAMES = [
  'readOperations',
  'readBytes',
  'mappedReads',
  'mappedBytes',
  'mappedLines',
  'filledLines',
  'programs',
  'programmedBytes',
  'erases',
  'flippedBits',
] as const satisfies readonly Exclude<keyof MtdCounters, 'bus'>[];

/** Adds what access through a window can take: no page register is behind it. */
function addMappedWork(sum: BusWork, more: Readonly<BusWork>): void {
  sum.opens += more.opens;
  sum.resumes += more.resumes;
  sum.busBytes += more.busBytes;
  sum.bufferHits += more.bufferHits;
}

/**
 * Counts for one device. The work of an access is put together in {@link work} of its kind, then counted
 * when the access has come to its end; one that fails is forgotten.
 */
export class DeviceCounts {
  readonly #totals = zeroTotals();
  readonly #sink: EventSink;
  readonly #read: MtdReadEvent;
  readonly #mapped: MappedReadEvent;
  readonly #fill: LineFillEvent;
  readonly #program: MtdProgramEvent;
  readonly #erase: MtdEraseEvent;
  readonly #ecc: MtdEccEvent;
  readonly #delay: MtdDelayEvent;

  constructor({ sink, device = 'first' }: Reporting) {
    this.#sink = sink ?? ignoreEvents;
    this.#read = { type: 'mtd_read', device, bytes: 0, ...noBusWork() };
    this.#mapped = { type: 'mapped_read', device, bytes: 0, lines: 0, ...noBusWork() };
    this.#fill = { type: 'line_fill', device, lines: 0, ...noBusWork() };
    this.#program = { type: 'mtd_program', device, programs: 0, bytes: 0 };
    this.#erase = { type: 'mtd_erase', device, erasesize: 0 };
    this.#ecc = { type: 'mtd_ecc', device, corrected: 0, failed: 0 };
    this.#delay = { type: 'mtd_delay', device, nanoseconds: 0 };
  }

  /** A reading; later ones leave it as it is. */
  read(): MtdCounters {
    return { ...this.#totals, bus: { ...this.#totals.bus } };
  }

  get flippedBits(): number {
    return this.#totals.flippedBits;
  }

  /** Where the work of the next `read`, copy or line fill is put together; empty. */
  startRead(): BusWork {
    clearBusWork(this.#read);
    return this.#read;
  }
  startMapped(): BusWork {
    clearBusWork(this.#mapped);
    return this.#mapped;
  }
  startFill(): BusWork {
    clearBusWork(this.#fill);
    return this.#fill;
  }

  /** The same where the work of the access is set as a whole, not put together: see `Bus.setLines`. */
  get mapped(): BusWork {
    return this.#mapped;
  }
  get fill(): BusWork {
    return this.#fill;
  }

  /** A read of `bytes`, with the work put together since {@link startRead}. */
  countRead(bytes: number): void {
    this.#totals.readOperations += 1;
    this.#totals.readBytes += bytes;
    addBusWork(this.#totals.bus, this.#read);
    this.#read.bytes = bytes;
    this.#sink(this.#read);
  }

  countMapped(bytes: number, lines: number): void {
    const totals = this.#totals;
    const event = this.#mapped;
    totals.mappedReads += 1;
    totals.mappedBytes += bytes;
    totals.mappedLines += lines;
    addMappedWork(totals.bus, event);
    event.bytes = bytes;
    event.lines = lines;
    this.#sink(event);
  }

  countFill(lines: number): void {
    this.#totals.filledLines += lines;
    addMappedWork(this.#totals.bus, this.#fill);
    this.#fill.lines = lines;
    this.#sink(this.#fill);
  }

  countPrograms(programs: number, bytes: number): void {
    this.#totals.programs += programs;
    this.#totals.programmedBytes += bytes;
    this.#program.programs = programs;
    this.#program.bytes = bytes;
    this.#sink(this.#program);
  }

  countErase(erasesize: number): void {
    this.#totals.erases += 1;
    this.#erase.erasesize = erasesize;
    this.#sink(this.#erase);
  }

  /** Bits given out wrong. */
  countFlips(bits: number): void {
    this.#totals.flippedBits += bits;
  }

  reportEcc(corrected: number, failed: number): void {
    if (corrected === 0 && failed === 0) return;
    this.#ecc.corrected = corrected;
    this.#ecc.failed = failed;
    this.#sink(this.#ecc);
  }

  reportDelay(nanoseconds: number): void {
    if (nanoseconds === 0) return;
    this.#delay.nanoseconds = nanoseconds;
    this.#sink(this.#delay);
  }
}
