/**
 * A number that an answer depends on, with where it comes from. Device timings, CPU prices and models'
 * constants are all rows of this one shape, so that every figure in a report can be traced.
 *
 * @module
 */

/**
 * How far to trust a value: `measured` on hardware (by us or a data sheet's maker), `derived` by
 * arithmetic from measured rows, `assumed` because no source was found.
 */
export type ParameterStatus = 'measured' | 'derived' | 'assumed';

/** One row. */
export interface Parameter {
  readonly value: number;
  readonly unit: string;
  readonly status: ParameterStatus;
  readonly source: string;
}

/** A number that a model would want and nobody has given a source for: `source` says what is missing. */
export interface UnsourcedParameter {
  readonly value: null;
  readonly unit: string;
  readonly status: 'unsourced';
  readonly source: string;
}

/** A row of a table that also lists what is not known. */
export type ParameterRow = Parameter | UnsourcedParameter;

/** A parameter under its full name, e.g. `flash.line`. */
export interface NamedParameter extends Parameter {
  readonly name: string;
}

/** Shorthand for table rows. */
export const parameter = (
  value: number,
  unit: string,
  status: ParameterStatus,
  source: string,
): Parameter => ({ value, unit, status, source });

/** Shorthand for a table row without a value; `missing` says what would give it one. */
export const unsourced = (unit: string, missing: string): UnsourcedParameter => ({
  value: null,
  unit,
  status: 'unsourced',
  source: missing,
});
