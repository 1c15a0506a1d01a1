/**
 * What is known of flash parts, as tables: all parts side by side, one part row by row, and one part at work.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { NamedParameter, ParameterRow } from '../base/parameter.ts';
import { flashParameters } from '../mtd/flash-parameters.ts';
import { partRows } from '../mtd/part.ts';
import type { MtdPart } from '../mtd/part.ts';
import { transferNanoseconds } from '../mtd/part-timing.ts';
import { humanBytes, humanCount, humanNanoseconds } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import type { TextColumn } from '../report/table.ts';
import type { BenchResult } from './flash-bench.ts';
import type { Bar } from './flash-svg.ts';

const MIB = 1024 * 1024;
/** Stands for what nobody has sourced. */
const NONE = '-';

const left = (title: string): TextColumn => ({ title, align: 'left' });
const right = (title: string): TextColumn => ({ title, align: 'right' });
const lines = (table: readonly string[]): string => table.map((line) => `${line}\n`).join('');

/** A part in one line; null: not sourced, or the part has no such thing. */
export interface PartSummary {
  readonly name: string;
  readonly title: string;
  readonly type: string;
  readonly bus: string;
  readonly mapped: boolean;
  /** A line fill and 4 KiB in one read, ns. */
  readonly lineNanoseconds: number | null;
  readonly pageNanoseconds: number | null;
  /** 1 MiB in one read, 10^6 bytes a second. */
  readonly megabytesPerSecond: number | null;
  readonly programNanoseconds: number | null;
  readonly eraseNanoseconds: number | null;
  readonly erasesize: number;
  readonly writesize: number;
}

/** The part's price rows; none when a row that they need is missing. */
function parametersOf(part: MtdPart): readonly NamedParameter[] {
  try {
    return flashParameters(part);
  } catch (error) {
    if (error instanceof AxfsError) return [];
    throw error;
  }
}

/** A part in one line. */
export function partSummary(part: MtdPart): PartSummary {
  const rows = parametersOf(part);
  const value = (name: string): number | null =>
    rows.find((row) => row.name === name)?.value ?? null;
  const perMib = rows.length === 0 ? null : transferNanoseconds(part, MIB);
  const erasesize = part.erasesize.value;
  return {
    name: part.name,
    title: part.title,
    type: part.type,
    bus: part.bus,
    mapped: part.mapped,
    lineNanoseconds: part.mapped ? value('flash.line') : null,
    pageNanoseconds: value('flash.page'),
    megabytesPerSecond: perMib === null || perMib === 0 ? null : (MIB * 1000) / perMib,
    programNanoseconds: value('flash.programUnit'),
    eraseNanoseconds: value(`flash.erase.${String(erasesize)}`),
    erasesize,
    writesize: part.writesize.value,
  };
}

const timeOr = (nanoseconds: number | null): string =>
  nanoseconds === null ? NONE : humanNanoseconds(nanoseconds);
const rateOr = (rate: number | null): string => (rate === null ? NONE : rate.toPrecision(3));
const fixedOr = (value: number | null, divisor: number, digits: number): string =>
  value === null ? NONE : (value / divisor).toFixed(digits);

/** All parts. */
export function partsText(parts: readonly PartSummary[]): string {
  const table = textTable(
    [
      ...['name', 'type', 'bus'].map(left),
      ...['line ns', 'page us', 'MB/s', 'program', 'erase', 'block'].map(right),
      left('part'),
    ],
    parts.map((part) => [
      part.name,
      part.type,
      part.bus,
      fixedOr(part.lineNanoseconds, 1, 0),
      fixedOr(part.pageNanoseconds, 1000, 1),
      rateOr(part.megabytesPerSecond),
      timeOr(part.programNanoseconds),
      timeOr(part.eraseNanoseconds),
      humanBytes(part.erasesize),
      part.title,
    ]),
  );
  return `${lines(table)}\nline: a 32-byte line fill; page: 4 KiB in one read; MB/s: 1 MiB in one read; -: not sourced, or the part has none\n`;
}

/** A row under its name. */
export type ShownRow = ParameterRow & { readonly name: string };

/** Every row of a part, then what its prices come to. */
export const shownRows = (part: MtdPart): readonly ShownRow[] => [
  ...partRows(part).map(({ name, row }) => ({ name, ...row })),
  ...parametersOf(part).filter(({ status }) => status !== 'measured'),
];

/** One part, row by row. */
export function partText(part: MtdPart): string {
  const table = textTable(
    [left('row'), right('value'), left('unit'), left('status'), left('source')],
    shownRows(part).map(({ name, value, unit, status, source }) => [
      name,
      value === null
        ? NONE
        : Number.isInteger(value)
          ? humanCount(value)
          : String(Number(value.toPrecision(6))),
      unit,
      status,
      source,
    ]),
  );
  return `${part.name}: ${part.title} (${part.type}, ${part.bus}${part.mapped ? ', mapped' : ''})\n\n${lines(table)}`;
}

/** One part at work. */
export function benchText(part: MtdPart, results: readonly BenchResult[]): string {
  const table = textTable(
    [left('operation'), right('bytes'), right('times'), right('each'), right('MB/s')],
    results.map((row) => [
      row.title,
      humanCount(row.bytes),
      humanCount(row.times),
      timeOr(row.nanoseconds),
      rateOr(row.megabytesPerSecond),
    ]),
  );
  const missing = [...new Set(results.flatMap((row) => row.missing ?? []))];
  return `${part.name}: ${part.title}\n\n${lines(table)}${missing.map((what) => `not priced: ${what}\n`).join('')}`;
}

/** Bars of what moves how fast. */
export const benchBars = (results: readonly BenchResult[]): readonly Bar[] =>
  results.flatMap(({ title, nanoseconds, megabytesPerSecond }) =>
    nanoseconds === null || megabytesPerSecond === null
      ? []
      : [
          {
            label: title,
            value: megabytesPerSecond,
            text: `${rateOr(megabytesPerSecond)} MB/s (${humanNanoseconds(nanoseconds)})`,
          },
        ],
  );
