/**
 * Prices fitted to counts of a real kernel, so that what they predict can be checked on what they have not seen.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { INSTRUCTION_ROWS } from './instructions.ts';
import type { InstructionRow } from './instructions.ts';

/** A fill that was counted. */
export interface FillSample {
  readonly page: number;
  readonly storedBytes: number;
  readonly instructions: number;
}

/** `instructions = intercept + slope × storedBytes`. */
export interface FillLine {
  readonly intercept: number;
  readonly slope: number;
  /** Share of the variance that the line explains. */
  readonly r2: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The line of least squares through `samples`, of which there are two or more with different sizes. */
export function fitFills(samples: readonly FillSample[]): FillLine {
  const x = mean(samples.map(({ storedBytes }) => storedBytes));
  const y = mean(samples.map(({ instructions }) => instructions));
  const sum = (of: (dx: number, dy: number) => number): number =>
    samples.reduce((total, one) => total + of(one.storedBytes - x, one.instructions - y), 0);
  const [xx, xy, yy] = [sum((dx) => dx * dx), sum((dx, dy) => dx * dy), sum((_dx, dy) => dy * dy)];
  assert(xx > 0, () => 'a line is fitted to fills of different sizes');
  const slope = xy / xx;
  return { intercept: y - slope * x, slope, r2: yy === 0 ? 1 : xy ** 2 / (xx * yy) };
}

/** The rows that a line of fills stands for: what a fill costs without inflate is counted by itself. */
export const inflateRows = ({
  intercept,
  slope,
}: FillLine): Readonly<
  Record<Extract<InstructionRow, 'inflate.setup' | 'inflate.storedByte'>, number>
> => ({
  'inflate.setup':
    intercept - INSTRUCTION_ROWS['trap.fileMajor'].value - INSTRUCTION_ROWS['copy.page'].value,
  'inflate.storedByte': slope,
});
