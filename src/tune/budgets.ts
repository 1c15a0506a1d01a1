/**
 * What a design is judged by: bytes of flash, bytes of RAM at the peak, and time; limits on them, and which of
 * them is to be small.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';

/** What a design is judged by, with what may stand in its place in a sentence. */
export const METRICS = [
  { key: 'flash', title: 'flash', unit: 'bytes' },
  { key: 'ram', title: 'RAM', unit: 'bytes' },
  { key: 'time', title: 'time', unit: 'cost' },
] as const;

/** Name of a metric. */
export type Metric = (typeof METRICS)[number]['key'];

/** Names of the metrics. */
export const METRIC_NAMES: readonly Metric[] = METRICS.map(({ key }) => key);

/**
 * A design in three numbers. `flash`: bytes of the image. `ram`: bytes at the peak that the design decides, as
 * `ramPeak` counts them. `time`: mounting and the whole trace, in the price list's unit.
 */
export type Figures = Readonly<Record<Metric, number>>;

/** Most that each may be; one left out is not limited. */
export type Limits = Readonly<Partial<Record<Metric, number>>>;

/** Which figure is to be small: the first counts, the others decide between equals. */
export const PREFERENCES: Readonly<Record<Metric, readonly Metric[]>> = {
  time: ['time', 'flash', 'ram'],
  ram: ['ram', 'time', 'flash'],
  flash: ['flash', 'time', 'ram'],
};

/** Differences below this share are rounding, not a better design. */
const ROUNDING = 1e-9;

/** @throws AxfsError EINVAL for a limit that is no number above 0. */
export function checkLimits(limits: Limits): void {
  for (const { key, title } of METRICS) {
    const limit = limits[key];
    if (limit !== undefined && !(Number.isFinite(limit) && limit > 0))
      throw new AxfsError('EINVAL', `${title} budget is ${String(limit)}, expected more than 0`);
  }
}

/** By how much a figure exceeds its limit; 0 when it does not. */
export const excess = (figures: Figures, limits: Limits, metric: Metric): number =>
  Math.max(0, figures[metric] - (limits[metric] ?? Infinity));

/** Every limit holds. */
export const meets = (figures: Figures, limits: Limits): boolean =>
  METRIC_NAMES.every((metric) => excess(figures, limits, metric) === 0);

/** Excesses as shares of their limits, added up: 0 when every limit holds. */
export const violation = (figures: Figures, limits: Limits): number =>
  METRIC_NAMES.reduce(
    (sum, metric) => sum + excess(figures, limits, metric) / (limits[metric] ?? 1),
    0,
  );

/** True when `a` is better than `b` for this objective. */
export function isBetter(a: Figures, b: Figures, objective: Metric): boolean {
  for (const metric of PREFERENCES[objective]) {
    const difference = a[metric] - b[metric];
    if (Math.abs(difference) > ROUNDING * Math.max(a[metric], b[metric])) return difference < 0;
  }
  return false;
}

/** Limits without one of them. */
export const without = (limits: Limits, metric: Metric): Limits =>
  Object.fromEntries(Object.entries(limits).filter(([key]) => key !== metric));
