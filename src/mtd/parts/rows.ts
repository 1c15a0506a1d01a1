/**
 * Shorthands for tables of parts: a row is written as value, standing and source; its unit is the
 * figure's.
 *
 * @module
 */
import { assert } from '../../base/assert.ts';
import { parameter, unsourced } from '../../base/parameter.ts';
import type { Parameter, ParameterRow, ParameterStatus } from '../../base/parameter.ts';
import { figureUnit } from '../part.ts';
import type { FigureName, Figures, MtdPart } from '../part.ts';

/** A row that does not know its unit yet. */
export type Cell = readonly [
  value: number | null,
  status: ParameterStatus | 'unsourced',
  source: string,
];

/** Rows of a part by figure. */
export type Cells = Readonly<Partial<Record<FigureName, Cell>>>;

/** Read from a data sheet, an SFDP table, or measured by somebody. */
export const measured = (value: number, source: string): Cell => [value, 'measured', source];
/** Arithmetic from measured values. */
export const derived = (value: number, source: string): Cell => [value, 'derived', source];
/** Taken without a source of its own; the text says why. */
export const assumed = (value: number, source: string): Cell => [value, 'assumed', source];
/** Not known; the text says what would give it a value. */
export const missing = (what: string): Cell => [null, 'unsourced', what];

const rowOf = ([value, status, source]: Cell, unit: string): ParameterRow =>
  value === null || status === 'unsourced'
    ? unsourced(unit, source)
    : parameter(value, unit, status, source);

/** Gives every cell the unit of its figure. */
export const figures = (cells: Cells): Figures =>
  Object.fromEntries(
    (Object.entries(cells) as [FigureName, Cell][]).map(([name, cell]) => {
      const unit = figureUnit(name);
      assert(unit !== undefined, () => `a figure has a unit: ${name}`);
      return [name, rowOf(cell, unit)];
    }),
  );

/** A size, which every part has. */
export const size = (bytes: number, status: ParameterStatus, source: string): Parameter =>
  parameter(bytes, 'bytes', status, source);

/** Parts of a family, each under its own name. */
export const family = <Name extends string>(
  table: Readonly<Record<Name, Omit<MtdPart, 'name'>>>,
): Readonly<Record<Name, MtdPart>> =>
  Object.fromEntries(
    Object.entries<Omit<MtdPart, 'name'>>(table).map(([name, part]): [string, MtdPart] => [
      name,
      { name, ...part },
    ]),
  ) as Record<Name, MtdPart>;

export const KIB = 1024;
export const MIB = 1024 * KIB;
/** Nanoseconds in larger units. */
export const US = 1000;
export const MS = 1_000_000;
export const SECOND = 1_000_000_000;
