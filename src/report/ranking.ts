/**
 * Designs put in order: sorted by a column, the best of each column, and each against a baseline.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { COMPARISON_COLUMNS } from '../cost/comparison.ts';
import type { Comparison, ComparisonColumn, DesignResult } from '../cost/comparison.ts';
import { frontOf } from '../cost/front.ts';

/** How a comparison is shown. */
export interface View {
  /** Key of a column, or `design`; default: the order of the comparison. */
  readonly sort?: string;
  /** Name of the design that others are held against; default: the comparison's first. */
  readonly baseline?: string;
}

/** What {@link View.sort} may be. */
export const SORT_KEYS: readonly string[] = ['design', ...COMPARISON_COLUMNS.map(({ key }) => key)];

/** Columns in which less is neither better nor worse: they say where work went. */
const NEUTRAL: readonly string[] = ['xipPages', 'faultsXip', 'faultsFill', 'faultsHit'];

/** The designs in the order of a column, the smallest first; equal ones stay as they were. */
export function sortedDesigns(
  { designs }: Comparison,
  sort: string | undefined,
): readonly DesignResult[] {
  if (sort === undefined) return designs;
  if (sort === 'design')
    return [...designs].sort((a, b) => (a.design < b.design ? -1 : a.design > b.design ? 1 : 0));
  const column = COMPARISON_COLUMNS.find(({ key }) => key === sort);
  if (column === undefined)
    throw new AxfsError('EINVAL', `column is '${sort}', expected one of ${SORT_KEYS.join(', ')}`);
  return [...designs].sort((a, b) => column.value(a) - column.value(b));
}

/** The smallest value of a column, where less is better and designs differ. */
export function bestValue(column: ComparisonColumn, { designs }: Comparison): number | undefined {
  if (NEUTRAL.includes(column.key)) return undefined;
  const values = designs.map((design) => column.value(design));
  const least = Math.min(...values);
  return values.some((value) => value !== least) ? least : undefined;
}

/** The design that others are held against. @throws AxfsError EINVAL for a name that no design has. */
export function baselineOf({ designs }: Comparison, name: string | undefined): DesignResult {
  const found = name === undefined ? designs[0] : designs.find(({ design }) => design === name);
  if (found === undefined)
    throw new AxfsError(
      'EINVAL',
      `baseline is '${name ?? ''}', expected one of the designs: ${designs.map(({ design }) => design).join(', ')}`,
    );
  return found;
}

/** Columns in which designs are held against a baseline. */
export const CHANGE_COLUMNS: readonly ComparisonColumn[] = COMPARISON_COLUMNS.filter(({ key }) =>
  ['flashBytes', 'ramPeak', 'cost'].includes(key),
);

/** One number against the baseline's. */
export interface Change {
  readonly column: ComparisonColumn;
  readonly difference: number;
  /** Of the baseline's number; `undefined` when that is 0 and this one is not. */
  readonly share: number | undefined;
}

/** A design against the baseline, column by column. */
export const changesOf = (result: DesignResult, baseline: DesignResult): readonly Change[] =>
  CHANGE_COLUMNS.map((column) => {
    const from = column.value(baseline);
    const difference = column.value(result) - from;
    return {
      column,
      difference,
      share: difference === 0 ? 0 : from === 0 ? undefined : difference / from,
    };
  });

/** Designs that no other beats in both columns at once (the Pareto front), in the order of the first column. */
export function paretoFront(
  designs: readonly DesignResult[],
  first: ComparisonColumn,
  second: ComparisonColumn,
): readonly DesignResult[] {
  const points = designs.map((design) => ({
    ...{ design, x: first.value(design), y: second.value(design) },
  }));
  return frontOf(points).map(({ design }) => design);
}
