/**
 * Sweeps: a scenario once for each operation that could go wrong, with exactly that one going wrong. What
 * fails comes with the plan that makes it fail again.
 *
 * @module
 */
import { assert } from '../../base/assert.ts';
import type { FlashCells } from '../cells.ts';
import { FaultyCells } from './faulty-cells.ts';
import type { BlockGeometry } from './geometry.ts';
import type { FaultPlan, FlashFault } from './kinds.ts';

/** Puts the faults of one case over a scenario's cells. Called once a run. */
export type MakeCells = (base: FlashCells, geometry: BlockGeometry) => FaultyCells;

/**
 * How a run ended: `right`: it did what it is for; `refused`: it said that it could not, and gave nothing wrong
 * out; `wrong`: anything else.
 */
export interface Outcome {
  readonly result: 'right' | 'refused' | 'wrong';
  /** What happened, for people. */
  readonly detail: string;
}

/**
 * Something to be run many times: it makes its cells from scratch, has faults put over them, and says how it
 * went. Equal cells have to lead to equal operations. What it throws is `wrong`; so a scenario catches
 * PowerLoss and goes on after `restore`, as its user would.
 */
export type Scenario = (makeCells: MakeCells) => Outcome;

/** Which cases to run; default: all. */
export interface SweepOptions {
  /** Operations from here, counted from 1, up to and with `to`. */
  readonly from?: number;
  readonly to?: number;
  /** Every how many-th of them. */
  readonly stride?: number;
  /** At most this many cases. */
  readonly budget?: { readonly cases: number };
  /** Faults in force besides, and the seed of all. */
  readonly plan?: FaultPlan;
}

/** A case that went wrong. */
export interface SweepFailure {
  /** Number of the operation, from 1. */
  readonly nth: number;
  readonly detail: string;
  /** Makes it happen again. */
  readonly plan: FaultPlan;
}

/** What came of a sweep. */
export interface SweepReport {
  /** Operations of the run in which none went wrong. */
  readonly operations: number;
  readonly cases: number;
  readonly right: number;
  readonly refused: number;
  /** Cases whose fault struck; the others were over before it came to that. */
  readonly struck: number;
  readonly failures: readonly SweepFailure[];
}

/** What is swept over. */
interface Subject {
  readonly count: (cells: FaultyCells) => number;
  readonly fault: (nth: number) => FlashFault;
}

const NO_FAULTS: FaultPlan = { seed: 0, faults: [] };

/** One run under a plan. */
function runOnce(
  scenario: Scenario,
  plan: FaultPlan,
): { readonly outcome: Outcome; readonly cells: FaultyCells } {
  let made: FaultyCells | undefined;
  let outcome: Outcome;
  try {
    outcome = scenario((base, geometry) => {
      assert(made === undefined, () => 'a scenario makes its cells once a run');
      made = new FaultyCells(base, plan, geometry);
      return made;
    });
  } catch (error) {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    outcome = { result: 'wrong', detail };
  }
  assert(made !== undefined, () => `a scenario makes its cells: ${outcome.detail}`);
  return { outcome, cells: made };
}

function sweep(scenario: Scenario, subject: Subject, options: SweepOptions): SweepReport {
  const { plan = NO_FAULTS, from = 1, stride = 1 } = options;
  const clean = runOnce(scenario, plan);
  assert(
    clean.outcome.result === 'right',
    () => `a scenario is right when nothing is swept: ${clean.outcome.detail}`,
  );
  const operations = subject.count(clean.cells);
  const to = Math.min(options.to ?? operations, operations);
  const cases = options.budget?.cases ?? Infinity;
  const done = { cases: 0, right: 0, refused: 0, struck: 0 };
  const failures: SweepFailure[] = [];
  for (let nth = from; nth <= to && done.cases < cases; nth += stride) {
    const fault = subject.fault(nth);
    const faults = { seed: plan.seed, faults: [...plan.faults, fault] };
    const { outcome, cells } = runOnce(scenario, faults);
    done.cases += 1;
    if (cells.injected[fault.kind] > clean.cells.injected[fault.kind]) done.struck += 1;
    if (outcome.result === 'wrong') failures.push({ nth, detail: outcome.detail, plan: faults });
    else done[outcome.result] += 1;
  }
  return { operations, ...done, failures };
}

/**
 * Runs `scenario` once for each read of its cells, with that read failing (EIO).
 *
 * @throws InvariantError for a scenario that goes wrong even without.
 */
export const sweepReads = (scenario: Scenario, options: SweepOptions = {}): SweepReport =>
  sweep(
    scenario,
    { count: ({ operations }) => operations.reads, fault: (nth) => ({ kind: 'read_error', nth }) },
    options,
  );

/**
 * Runs `scenario` once for each program and erase of its cells, with power lost during that one.
 *
 * @throws InvariantError for a scenario that goes wrong even without.
 */
export const sweepPrograms = (
  scenario: Scenario,
  options: SweepOptions & { readonly torn?: 'none' | 'part' | 'all' } = {},
): SweepReport => {
  const { torn = 'part' } = options;
  return sweep(
    scenario,
    {
      count: ({ operations }) => operations.programs + operations.erases,
      fault: (nth) => ({ kind: 'power_loss', nth, torn }),
    },
    options,
  );
};
