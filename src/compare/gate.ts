/**
 * The gate: one image run under one trace, and every budget of a file held against what came of it.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { checkBudgets, judge } from '../gate/judge.ts';
import type { Budget, Measurement, Verdict } from '../gate/judge.ts';
import type { BudgetFile } from '../gate/budget-file.ts';
import type { PriceList } from '../cost/params.ts';
import { epochOf } from '../workload/trace.ts';
import type { Trace } from '../workload/trace.ts';
import { blame } from './blame.ts';
import type { Blame, BlameRow } from './blame.ts';
import type { MachineSpec, RunnableImage } from './evaluate.ts';
import { isInPhase, metricsFor, processesOf } from './gate-metrics.ts';
import type { Measured, Metric } from './gate-metrics.ts';
import { storageOf } from './storage.ts';

/** What is judged. */
export interface GateRequest {
  readonly budgets: BudgetFile;
  readonly volume: AxfsVolume;
  readonly image: RunnableImage;
  readonly trace: Trace;
  readonly machine: MachineSpec;
  readonly prices: PriceList;
  readonly inflater: Inflater;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What came of it. */
export interface GateResult {
  readonly verdicts: readonly Verdict[];
  /** Every metric but those of single processes. */
  readonly measurements: readonly Measurement[];
}

const SEPARATOR = ' ';

/**
 * Checks the budgets before anything runs, then runs and judges.
 *
 * @throws AxfsError EINVAL naming the budget that cannot be understood, or a phase without a line; what running throws.
 */
export function gate(request: GateRequest): GateResult {
  const { budgets, volume, image, trace, machine, prices, inflater, onProgress } = request;
  const { phases } = budgets;
  const metrics = metricsFor(prices.unit, phases, processesOf(trace.lines));
  const checked = checkBudgets(budgets, metrics);
  checkPhases(budgets, trace, metricsFor(prices.unit, [], []));
  const run = blame(image, trace, machine, {
    prices,
    inflater,
    sectionOf: (line) =>
      phases
        .filter((phase) => isInPhase(phase, line.pid, epochOf(line)))
        .map(({ name }) => name)
        .join(SEPARATOR),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const measured: Measured = {
    rows: run.rows,
    storage: storageOf(volume, image.bytes.length, touchedNodes(volume, run)),
    mountCost: run.result.mountCost.total,
    phasesOf: ({ subject }: BlameRow) =>
      subject.kind === 'page' ? subject.section.split(SEPARATOR) : [],
  };
  const shown = metrics.filter(
    ({ name }) =>
      !name.startsWith('process.') || checked.some(({ metric }) => metric.name === name),
  );
  const measurements = shown.map((metric) => measure(metric, measured));
  const byName = new Map(measurements.map((row) => [row.name, row]));
  return {
    verdicts: checked.flatMap((budget: Budget) => {
      const measurement = byName.get(budget.metric.name);
      return measurement === undefined ? [] : [judge(budget, measurement)];
    }),
    measurements,
  };
}

function measure({ name, kind, title, parts }: Metric, measured: Measured): Measurement {
  const found = parts(measured);
  return {
    ...{ name, kind, title },
    value: found.reduce((sum, { amount }) => sum + amount, 0),
    parts: found,
  };
}

/** Nodes that a run's lines touched. */
const touchedNodes = (volume: AxfsVolume, { rows }: Blame): ReadonlySet<number> =>
  new Set(
    rows.flatMap(({ subject }) =>
      subject.kind === 'page' ? [volume.inodes.get(subject.inode).arrayIndex + subject.page] : [],
    ),
  );

/** A phase has lines, or its budgets would always hold; and a name that no metric begins with. */
function checkPhases(
  { name: file, phases }: BudgetFile,
  trace: Trace,
  metrics: readonly Metric[],
): void {
  const taken = new Set([...metrics.map(({ name }) => name.split('.')[0]), 'process']);
  for (const phase of phases) {
    if (taken.has(phase.name))
      throw new AxfsError(
        'EINVAL',
        `${file}: phases.${phase.name} has the name of metrics, expected another one`,
      );
    if (!trace.lines.some((line) => isInPhase(phase, line.pid, epochOf(line))))
      throw new AxfsError(
        'EINVAL',
        `${file}: phases.${phase.name} has no line of ${trace.name}, expected processes and epochs that are there`,
      );
  }
}
