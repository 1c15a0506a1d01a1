/**
 * The gate's verdicts as text, as JSON and as annotations of GitHub's workflow runs.
 *
 * @module
 */
import type { Culprit, Measurement, Verdict } from '../gate/judge.ts';
import type { MetricKind } from '../gate/limit.ts';
import { humanBytes, humanCount, humanMillions, humanNanoseconds } from './sizes.ts';
import { textTable } from './table.ts';

/** What was judged. */
export interface GateReport {
  /** Budget file. */
  readonly budgets: string;
  readonly image: string;
  readonly trace: string;
  readonly part: string;
  readonly cpu: string;
  readonly verdicts: readonly Verdict[];
  readonly measurements: readonly Measurement[];
}

const HUMAN: Readonly<Record<MetricKind, (value: number) => string>> = {
  bytes: humanBytes,
  count: humanCount,
  time: humanNanoseconds,
  instructions: humanMillions,
};

/** Exact, for when rounding would hide on which side of the limit a value is. */
const EXACT: Readonly<Record<MetricKind, (value: number) => string>> = {
  bytes: (value) => `${humanCount(value)} B`,
  count: humanCount,
  time: (value) => `${String(value / 1e6)} ms`,
  instructions: (value) => String(value),
};

const plain = (text: string): string => text.replace(/\.0+(?= |$)/, '');

/** Value and limit, in the same form and different where they are. */
function pair({ kind, measured, limit }: Verdict): readonly [string, string] {
  const human = HUMAN[kind];
  const isHidden = measured !== limit && human(measured) === human(limit);
  const form = isHidden ? EXACT[kind] : human;
  return [form(measured), plain(form(limit))];
}

const culpritText = (kind: MetricKind, { what, amount }: Culprit, whole: number): string =>
  `${what} ${HUMAN[kind](amount)}${whole > 0 ? ` (${((100 * amount) / whole).toFixed(1)} %)` : ''}`;

const brokenOf = (verdicts: readonly Verdict[]): readonly Verdict[] =>
  verdicts.filter(({ holds }) => !holds);

const summary = (verdicts: readonly Verdict[]): string => {
  const broken = brokenOf(verdicts).length;
  const all = `${String(verdicts.length)} ${verdicts.length === 1 ? 'budget' : 'budgets'}`;
  return broken === 0 ? `${all}: all hold` : `${all}: ${String(broken)} broken`;
};

/** For a terminal; `color` marks what is broken. With `all`, every metric is listed. */
export function gateText(
  report: GateReport,
  { color, all }: { readonly color: boolean; readonly all: boolean },
): string {
  const { image, trace, part, cpu, verdicts, measurements } = report;
  const table = textTable(
    [
      { title: '', align: 'left' },
      { title: 'metric', align: 'left' },
      { title: 'measured', align: 'right' },
      { title: '', align: 'left' },
      { title: 'limit', align: 'right' },
    ],
    verdicts.map((verdict) => {
      const [measured, limit] = pair(verdict);
      const { holds, metric, operator } = verdict;
      return [holds ? 'ok' : 'broken', metric, measured, operator, limit];
    }),
  );
  const lines = verdicts.flatMap((verdict, i) => {
    const row = table[i + 2] ?? '';
    const painted = color && !verdict.holds ? `\x1b[31m${row}\x1b[0m` : row;
    const { kind, culprits, measured } = verdict;
    return [painted, ...culprits.map((each) => `          ${culpritText(kind, each, measured)}`)];
  });
  const listed = all
    ? [
        '',
        ...textTable(
          [
            { title: 'metric', align: 'left' },
            { title: 'measured', align: 'right' },
            { title: 'what it is', align: 'left' },
          ],
          measurements.map(({ name, kind, value, title }) => [name, HUMAN[kind](value), title]),
        ),
      ]
    : [];
  return `${[`${image} under ${trace} (${part}, ${cpu})`, '', ...table.slice(0, 2), ...lines, '', summary(verdicts), ...listed].join('\n')}\n`;
}

/** For programs: exact numbers, times in ns. */
export function gateJson(report: GateReport): string {
  const { verdicts, measurements, ...rest } = report;
  const value = {
    ...rest,
    holds: brokenOf(verdicts).length === 0,
    verdicts,
    metrics: measurements.map(({ name, kind, value: measured, title }) => ({
      name,
      kind,
      value: measured,
      title,
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Data of a workflow command: what would end it is written as %XX. */
const escapeData = (text: string): string =>
  text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

/** A property of one: what would end the property, too. */
const escapeProperty = (text: string): string =>
  escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');

/** One error for each broken budget, at its line of the budget file; the summary as a notice. */
export function gateAnnotations({ budgets, verdicts }: GateReport): string {
  const errors = brokenOf(verdicts).map((verdict) => {
    const { budget, kind, culprits, measured: whole, line } = verdict;
    const [measured, limit] = pair(verdict);
    const most = culprits.map((each) => culpritText(kind, each, whole)).join('\n');
    const message = `${verdict.metric} is ${measured}, expected ${verdict.operator} ${limit}${most === '' ? '' : `\n${most}`}`;
    return `::error title=${escapeProperty(`Broken budget: ${budget}`)},file=${escapeProperty(budgets)},line=${String(line)}::${escapeData(message)}\n`;
  });
  return errors.length > 0
    ? errors.join('')
    : `::notice title=${escapeProperty('Budgets')}::${escapeData(summary(verdicts))}\n`;
}
