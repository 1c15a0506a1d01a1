/**
 * Time and energy of what a flash device did: counts times the rows of its part. A row that nobody has sourced
 * leaves its part out, and is named.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { addBusWork } from '../base/events.ts';
import type { BusWork, EventSink } from '../base/events.ts';
import { noBusWork } from '../mtd/bus.ts';
import { eraseFigure, sourcedRow } from '../mtd/part.ts';
import type { MtdPart } from '../mtd/part.ts';
import { priceOf, unitPrices } from '../mtd/part-timing.ts';

/** What a device did, in units that have a price. */
export interface FlashWork {
  /** Of reads, through the window, too. */
  readonly bus: BusWork;
  bytesRead: number;
  programs: number;
  bytesProgrammed: number;
  /** Erase commands by the bytes that each erases. */
  readonly erases: Map<number, number>;
  /** Time beyond what the part says. */
  delayNanoseconds: number;
}

/** Parts of a time. */
export const TIME_PARTS = ['read', 'program', 'erase', 'delay'] as const;
/** One of {@link TIME_PARTS}. */
export type TimePart = (typeof TIME_PARTS)[number];

/** A priced piece of work. */
export interface FlashPrice {
  /** Nanoseconds by part; null where a row is missing. */
  readonly nanoseconds: Readonly<Record<TimePart, number | null>>;
  /** Null when any part is. */
  readonly total: number | null;
  /** Energy of the reads, microjoules; parts have no current for programs and erases. */
  readonly readMicrojoules: number | null;
  /** Why there are nulls: the row that is missing. */
  readonly missing: Readonly<Partial<Record<TimePart | 'energy', string>>>;
}

/** Nothing done, and a sink that adds to it. */
export function collectWork(): { readonly work: FlashWork; readonly sink: EventSink } {
  const work: FlashWork = {
    bus: noBusWork(),
    bytesRead: 0,
    programs: 0,
    bytesProgrammed: 0,
    erases: new Map(),
    delayNanoseconds: 0,
  };
  const sink: EventSink = (event) => {
    if (event.type === 'mtd_read' || event.type === 'mapped_read' || event.type === 'line_fill') {
      addBusWork(work.bus, event);
      work.bytesRead += event.type === 'line_fill' ? 0 : event.bytes;
    } else if (event.type === 'mtd_program') {
      work.programs += event.programs;
      work.bytesProgrammed += event.bytes;
    } else if (event.type === 'mtd_erase')
      work.erases.set(event.erasesize, (work.erases.get(event.erasesize) ?? 0) + 1);
    else if (event.type === 'mtd_delay') work.delayNanoseconds += event.nanoseconds;
  };
  return { work, sink };
}

/** Time of the programs, ns: by unit, or by byte where a part only says so. @throws AxfsError EINVAL when no row does. */
function programNanoseconds(part: MtdPart, { programs, bytesProgrammed }: FlashWork): number {
  if (programs === 0) return 0;
  const unit = sourcedRow(part, 'program.page');
  if (unit !== undefined) return programs * unit.value;
  const byte = sourcedRow(part, 'program.byte');
  if (byte === undefined) throw unsourcedError(part, ['program.page', 'program.byte']);
  return bytesProgrammed * byte.value;
}

/** Which of the rows is missing, and what would give it a value. */
function unsourcedError(part: MtdPart, names: readonly (keyof MtdPart['figures'])[]): AxfsError {
  const row = names.map((name) => part.figures[name]).find((found) => found !== undefined);
  const why = row === undefined ? 'no such row' : row.source;
  const quoted = names.map((name) => `'${name}'`).join(' or ');
  return new AxfsError('EINVAL', `part ${part.name}: ${quoted} is unsourced (${why})`);
}

/** The value of a row. @throws AxfsError EINVAL when it has none. */
function valueOf(part: MtdPart, name: keyof MtdPart['figures']): number {
  const row = sourcedRow(part, name);
  if (row === undefined) throw unsourcedError(part, [name]);
  return row.value;
}

/** Times of `work` on `part`. */
export function priceWork(part: MtdPart, work: Readonly<FlashWork>): FlashPrice {
  const missing: Partial<Record<TimePart | 'energy', string>> = {};
  const known = (name: TimePart | 'energy', value: () => number): number | null => {
    try {
      return value();
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      missing[name] = error.message;
      return null;
    }
  };
  const erase = (): number =>
    [...work.erases].reduce(
      (sum, [bytes, count]) => sum + count * valueOf(part, eraseFigure('erase', bytes)),
      0,
    );
  const nanoseconds: Record<TimePart, number | null> = {
    read: known('read', () => priceOf(unitPrices(part), work.bus)),
    program: known('program', () => programNanoseconds(part, work)),
    erase: known('erase', erase),
    delay: work.delayNanoseconds,
  };
  const { read } = nanoseconds;
  const total = TIME_PARTS.reduce<number | null>((sum, name) => {
    const time = nanoseconds[name];
    return sum === null || time === null ? null : sum + time;
  }, 0);
  return {
    nanoseconds,
    total,
    // mA x V x ns = pJ.
    readMicrojoules:
      read === null
        ? null
        : known(
            'energy',
            () => (read * valueOf(part, 'current.read') * valueOf(part, 'supply.voltage')) / 1e6,
          ),
    missing,
  };
}
