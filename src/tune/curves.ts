/**
 * The curves of a choice: flash against RAM and flash against time, of all designs looked at.
 *
 * @module
 */
import { METRICS } from './budgets.ts';
import type { Figures, Metric } from './budgets.ts';
import { frontOf } from '../cost/front.ts';
import { kneeOf, thinned } from './front.ts';
import type { Compression } from './prepare.ts';

/** A design on a curve, by estimate. */
export interface CurvePoint extends Compression {
  readonly xipPages: number;
  readonly figures: Figures;
  /** Flash, and the curve's figure. */
  readonly x: number;
  readonly y: number;
}

/** A front with its knee. */
export interface Curve {
  readonly metric: Exclude<Metric, 'flash'>;
  readonly points: readonly CurvePoint[];
  readonly knee: CurvePoint | undefined;
}

/** Points of a curve that are kept. */
const POINTS_MAX = 40;

/** Both curves of these designs. */
export const curvesOf = (
  samples: readonly {
    readonly variant: { readonly label: Compression };
    readonly xipPages: number;
    readonly figures: Figures;
  }[],
): readonly Curve[] =>
  METRICS.flatMap(({ key: metric }) => {
    if (metric === 'flash') return [];
    const front = frontOf(
      samples.map(({ variant, xipPages, figures }) => ({
        ...{ ...variant.label, xipPages, figures },
        ...{ x: figures.flash, y: figures[metric] },
      })),
    );
    const knee = kneeOf(front);
    return [{ metric, knee, points: thinned(front, POINTS_MAX, [knee]) }];
  });
