/**
 * Budgets against what was measured.
 *
 * @module
 */
import { nearestName } from '../base/nearest.ts';
import { budgetError } from './budget-file.ts';
import type { BudgetEntry, BudgetFile } from './budget-file.ts';
import { OPERATORS, parseLimit } from './limit.ts';
import type { MetricKind } from './limit.ts';

/** A metric that budgets may name. */
export interface MetricName {
  readonly name: string;
  readonly kind: MetricKind;
  /** What it counts, in a few words. */
  readonly title: string;
}

/** How much of what was measured a file, a page of one, or something else has. */
export interface Culprit {
  /** A path, `PATH:OFFSET` of a page, or words. */
  readonly what: string;
  readonly amount: number;
}

/** A part of what was measured. */
export interface Part extends Culprit {
  /** Of a page: its file. */
  readonly file?: string;
}

/** A metric measured. */
export interface Measurement extends MetricName {
  readonly value: number;
  /** Its parts; they add up to the value. */
  readonly parts: readonly Part[];
}

/** A budget whose metric is known and whose limit has been read. */
export interface Budget {
  readonly entry: BudgetEntry;
  readonly metric: MetricName;
  readonly limit: number;
}

/** One budget's outcome. */
export interface Verdict {
  readonly budget: string;
  /** Line of the budget file. */
  readonly line: number;
  readonly metric: string;
  readonly kind: MetricKind;
  readonly operator: BudgetEntry['operator'];
  readonly limit: number;
  readonly measured: number;
  readonly holds: boolean;
  /** Of a broken budget with too much: the parts that have most. */
  readonly culprits: readonly Culprit[];
}

/** Parts that a broken budget names. */
const CULPRITS_MAX = 3;

/**
 * Finds the metrics of a file's budgets, and reads their limits.
 *
 * @throws AxfsError EINVAL naming the file, the budget, and what was expected.
 */
export function checkBudgets(file: BudgetFile, metrics: readonly MetricName[]): readonly Budget[] {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  return file.budgets.map((entry) => {
    const metric = byName.get(entry.metric);
    if (metric === undefined)
      throw budgetError(
        file.name,
        entry,
        `metric is '${entry.metric}', expected one of ${String(byName.size)}; '${nearestName([...byName.keys()], entry.metric)}' comes nearest`,
      );
    const limit = parseLimit(entry.limit, metric.kind, entry.operator);
    if ('problem' in limit)
      throw budgetError(file.name, entry, `${limit.problem}, expected ${limit.expected}`);
    return { entry, metric, limit: limit.value };
  });
}

/** Judges one budget. */
export function judge({ entry, metric, limit }: Budget, { value, parts }: Measurement): Verdict {
  const { operator } = entry;
  const holds = OPERATORS[operator](value, limit);
  const isTooMuch = !holds && (value > limit || operator === '<');
  return {
    budget: entry.text,
    line: entry.line,
    metric: metric.name,
    kind: metric.kind,
    operator,
    limit,
    measured: value,
    holds,
    culprits: isTooMuch ? mostOf(parts, value) : [],
  };
}

/** The files that have most; of a file that has more than half, its pages instead. */
function mostOf(parts: readonly Part[], whole: number): readonly Culprit[] {
  const files = new Map<string, number>();
  for (const { what, file = what, amount } of parts)
    files.set(file, (files.get(file) ?? 0) + amount);
  const found = largest(Array.from(files, ([what, amount]) => ({ what, amount })));
  const [first] = found;
  if (first === undefined || first.amount <= whole / 2) return found;
  const pages = parts.filter(({ file }) => file === first.what);
  return pages.length === 0 ? found : largest(pages);
}

const largest = (parts: readonly Culprit[]): readonly Culprit[] =>
  parts
    .filter(({ amount }) => amount > 0)
    .sort((a, b) => b.amount - a.amount || (a.what < b.what ? -1 : 1))
    .slice(0, CULPRITS_MAX)
    .map(({ what, amount }) => ({ what, amount }));
