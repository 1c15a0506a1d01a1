/**
 * Chooses the pages to execute in place, the cblock size and the codec for budgets of flash, RAM and time, and
 * proves the choice: the image is built and run, and where it breaks a budget that the estimate kept, the
 * estimate is corrected by what was seen and the choice made again.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Inflater } from '../codec/zlib.ts';
import { evaluate, machinePrices, runnable } from '../compare/evaluate.ts';
import type { MachineSpec } from '../compare/evaluate.ts';
import { ramPeak } from '../cost/comparison.ts';
import type { DesignResult } from '../cost/comparison.ts';
import type { PriceList } from '../cost/params.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Trace } from '../workload/trace.ts';
import { METRIC_NAMES, checkLimits, isBetter, meets, without } from './budgets.ts';
import type { Figures, Limits, Metric } from './budgets.ts';
import { chipFor, chipSizes } from './chips.ts';
import { curvesOf } from './curves.ts';
import type { Curve } from './curves.ts';
import { NO_CORRECTION } from './estimator.ts';
import { remembering } from './memo-compressor.ts';
import { buildAs, prepare } from './prepare.ts';
import type { Compression, Prepared, Workbench } from './prepare.ts';
import { Solver } from './solve.ts';
import type { Point } from './solve.ts';

/** What to choose from and for. */
export interface TuneRequest {
  readonly tree: TreeDirectory;
  readonly trace: Trace;
  readonly machine: MachineSpec;
  /** In bytes, and in the unit of the machine's prices. */
  readonly limits: Limits;
  readonly objective: Metric;
  /** Sizes of chips, bytes: the smallest one counts in which the budgets can be met. */
  readonly chips?: readonly number[];
  /** At least one of each. */
  readonly cblockSizes: readonly number[];
  readonly codecs: readonly CodecName[];
  readonly makeCompressor: (codec: CodecName) => PageCompressor;
  readonly makeInflater: (codec: CodecName) => Inflater;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A design, built and run. */
export interface VerifiedDesign extends Compression {
  /** Pages of the tree to execute in place, as a list for `mkfs.axfs -i`. */
  readonly profile: PageProfile;
  /** As the estimate has it, and as it was measured. */
  readonly estimate: Figures;
  readonly figures: Figures;
  readonly result: DesignResult;
  /** The smallest chip that holds the image, bytes; `undefined` when none does. */
  readonly chip: number | undefined;
}

/** How a budget stands. */
export interface BudgetState {
  readonly metric: Metric;
  readonly limit: number;
  /** Limit less figure; negative when it is exceeded. */
  readonly slack: number;
  /**
   * What the objective could be without this budget, by estimate; absent when it would be no better: the budget
   * does not bind.
   */
  readonly objectiveWithout?: number;
  /** The least that this budget would have to be for the others to be met; of budgets that cannot be met. */
  readonly least?: number;
}

/** A chip size, with the best design in it by estimate; without one, the budgets cannot be met in it. */
export interface ChipStep {
  readonly size: number;
  readonly best?: Compression & { readonly figures: Figures };
}

/** What was chosen, and what there was to choose from. */
export interface Tuned {
  /** The budgets are met by the design as it was built and run. */
  readonly isMet: boolean;
  readonly objective: Metric;
  readonly prices: PriceList;
  /** The choice; when the budgets cannot be met, the nearest design. */
  readonly design: VerifiedDesign;
  readonly budgets: readonly BudgetState[];
  readonly chips: readonly ChipStep[];
  /** Flash against RAM, and against time. */
  readonly curves: readonly Curve[];
  /** Images built and run to prove the choice. */
  readonly verifications: number;
}

/** Most images that are built to prove a choice. */
const VERIFICATIONS_MAX = 6;
/** Of what a corrected estimate was wrong by, so much more is kept away from the limit each time. */
const MARGIN = 0.25;

/**
 * Chooses and proves.
 *
 * @throws AxfsError EINVAL for a budget that is no number above 0, or a part without a price; what building and
 * running throw.
 */
export async function tune(request: TuneRequest): Promise<Tuned> {
  const { machine, codecs, cblockSizes } = request;
  checkLimits(request.limits);
  const prices = machinePrices(machine);
  const compressors = new Map(
    codecs.map((codec) => [codec, remembering(request.makeCompressor(codec), PAGE_SIZE)]),
  );
  const { tree, trace, onProgress, makeInflater } = request;
  const bench: Workbench = {
    ...{ tree, trace, machine, prices, inflaterOf: makeInflater },
    compressorOf: (codec) => compressors.get(codec) ?? request.makeCompressor(codec),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  try {
    const compressions = codecs.flatMap((codec) =>
      cblockSizes.map((cblockSize) => ({ codec, cblockSize })),
    );
    const prepared = await prepare(bench, compressions);
    return await tunePrepared({ bench, prepared, solver: new Solver(prepared.variants) }, request);
  } finally {
    for (const compressor of compressors.values()) await compressor.close();
  }
}

/** What was prepared once, for any number of budgets. */
export interface PreparedTuning {
  readonly bench: Workbench;
  readonly prepared: Prepared;
  readonly solver: Solver<Compression>;
}

/** Chooses and proves on what is prepared. @throws as {@link tune}. */
export async function tunePrepared(
  { bench, prepared, solver }: PreparedTuning,
  request: Pick<TuneRequest, 'limits' | 'objective' | 'chips'>,
): Promise<Tuned> {
  checkLimits(request.limits);
  const { objective } = request;
  const { part } = bench.machine;
  const sizes = chipSizes(part, request.chips, request.limits.flash);
  const chips = chipSteps(solver, sizes, request);
  const limits = limitsWithChip(request, chips);
  try {
    const proof = await prove(bench, prepared, solver, { limits, objective });
    const { point, result, figures } = proof;
    return {
      ...{ isMet: meets(figures, limits), objective, prices: bench.prices, chips },
      design: {
        ...point.variant.label,
        ...{ profile: prepared.profileOf(point.set), estimate: proof.estimate, figures, result },
        chip: chipFor(part, request.chips, figures.flash),
      },
      budgets: budgetStates(solver, limits, objective, figures),
      curves: curvesOf(solver.samples),
      verifications: proof.verifications,
    };
  } finally {
    for (const { estimator } of prepared.variants) estimator.correct(NO_CORRECTION);
  }
}

/** Chip by chip, up to the first one that takes nothing away from the best design. */
function chipSteps(
  solver: Solver<Compression>,
  sizes: readonly number[],
  { limits, objective }: Pick<TuneRequest, 'limits' | 'objective'>,
): readonly ChipStep[] {
  const unlimited = solver.solve({ limits, objective });
  const steps: ChipStep[] = [];
  for (const size of sizes) {
    const flash = Math.min(size, limits.flash ?? Infinity);
    const fits = unlimited !== undefined && unlimited.figures.flash <= flash;
    const best = fits ? unlimited : solver.solve({ limits: { ...limits, flash }, objective });
    steps.push(
      best === undefined
        ? { size }
        : { size, best: { ...best.variant.label, figures: best.figures } },
    );
    if (fits) break;
  }
  return steps;
}

/** Where chips are given, the smallest one that fits is the limit; else the largest. */
function limitsWithChip(
  { limits, chips }: Pick<TuneRequest, 'limits' | 'chips'>,
  steps: readonly ChipStep[],
): Limits {
  const chip = (steps.find(({ best }) => best !== undefined) ?? steps.at(-1))?.size;
  return chips === undefined || chip === undefined
    ? limits
    : { ...limits, flash: Math.min(chip, limits.flash ?? Infinity) };
}

/** A design that was built and run. */
interface Proof {
  readonly point: Point<Compression>;
  readonly estimate: Figures;
  readonly result: DesignResult;
  readonly figures: Figures;
}

/** Mounting and running: what a boot waits for. */
const figuresOf = (result: DesignResult): Figures => ({
  flash: result.flashBytes,
  ram: ramPeak(result),
  time: result.mountCost.total + result.cost.total,
});

async function prove(
  bench: Workbench,
  prepared: Prepared,
  solver: Solver<Compression>,
  { limits, objective }: { readonly limits: Limits; readonly objective: Metric },
): Promise<Proof & { readonly verifications: number }> {
  let best: Proof | undefined;
  let verifications = 0;
  while (verifications < VERIFICATIONS_MAX) {
    const point = solver.solve({ limits, objective }) ?? solver.nearest(limits);
    const proof = await build(bench, prepared, point);
    verifications += 1;
    const { figures } = proof;
    if (best === undefined || isPreferred(figures, best.figures, limits, objective)) best = proof;
    if (meets(figures, limits) || !meets(point.figures, limits)) break;
    const margin = 1 + MARGIN * (verifications - 1);
    const { estimator } = point.variant;
    const estimated = estimator.uncorrected(point.set);
    const off = (metric: Metric): number => (figures[metric] - estimated[metric]) * margin;
    estimator.correct({ flash: off('flash'), ram: off('ram'), time: off('time') });
  }
  assert(best !== undefined, () => 'one design is always built');
  return { ...best, verifications };
}

function isPreferred(a: Figures, b: Figures, limits: Limits, objective: Metric): boolean {
  const [first, second] = [meets(a, limits), meets(b, limits)];
  return first === second ? isBetter(a, b, objective) : first;
}

async function build(
  bench: Workbench,
  prepared: Prepared,
  point: Point<Compression>,
): Promise<Proof> {
  const { codec } = point.variant.label;
  const { trace, machine, prices } = bench;
  const image = await buildAs(bench, point.variant.label, prepared.profileOf(point.set));
  const inflater = bench.inflaterOf(codec);
  const result = evaluate(runnable('tuned', image), trace, machine, { prices, inflater });
  return { point, estimate: point.figures, result, figures: figuresOf(result) };
}

function budgetStates(
  solver: Solver<Compression>,
  limits: Limits,
  objective: Metric,
  figures: Figures,
): readonly BudgetState[] {
  const isMet = meets(figures, limits);
  return METRIC_NAMES.flatMap((metric): BudgetState[] => {
    const limit = limits[metric];
    if (limit === undefined) return [];
    const state = { metric, limit, slack: limit - figures[metric] };
    const rest = without(limits, metric);
    if (!isMet) {
      const least = solver.solve({ limits: rest, objective: metric })?.figures[metric];
      return [{ ...state, ...(least === undefined ? {} : { least }) }];
    }
    const free = solver.solve({ limits: rest, objective })?.figures[objective] ?? Infinity;
    return [{ ...state, ...(free < figures[objective] * BINDS ? { objectiveWithout: free } : {}) }];
  });
}

/** A budget binds when the objective would be smaller by a thousandth without it. */
const BINDS = 0.999;
