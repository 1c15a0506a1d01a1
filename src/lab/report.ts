/**
 * Runs of a script as text and as data: on one kernel step by step, on several side by side.
 *
 * @module
 */
import type { Difference } from './expect.ts';
import type { LabRun, Step } from './run.ts';
import type { Outcome } from './world.ts';

/** A result in a few characters: what came out, and how many faults it took. */
export function outcomeText({ result, minor, major, bug, reports }: Outcome): string {
  const faults = minor + major;
  const parts = [bug === undefined ? result : `BUG in ${bug}`];
  if (faults > 0) parts.push(`${String(faults)} fault${faults === 1 ? '' : 's'}`);
  if (major > 0) parts.push(`${String(major)} major`);
  const complaints = reports.filter(({ kind }) => kind !== 'bug');
  if (complaints.length > 0) parts.push(complaints.map(({ kind }) => kind).join(' '));
  return parts.join(', ');
}

const differenceText = ({ fact, actual, expected }: Difference): string =>
  `${fact} is ${actual}, expected ${expected}`;

function stepText({ statement, outcome, text, differences }: Step): string {
  const number = String(statement.line).padStart(4);
  const head = `${number}  ${statement.text}`;
  if (outcome !== undefined) return `${head.padEnd(60)}  ${outcomeText(outcome)}`;
  if (text !== undefined) return `${head}\n${text.replaceAll(/^/gm, '      ')}`;
  if (differences === undefined) return head;
  if (differences.length === 0) return `${head.padEnd(60)}  ok`;
  return `${head.padEnd(60)}  NOT SO: ${differences.map(differenceText).join('; ')}`;
}

const counted = (run: LabRun): string =>
  run.failed === 0
    ? `${String(run.passed)} expectations hold`
    : `${String(run.failed)} of ${String(run.passed + run.failed)} expectations do not hold`;

const kernelName = ({ kernel }: LabRun): string =>
  `${kernel.preset.name}${kernel.debugVm ? ' with DEBUG_VM' : ''}`;

/** A run on one kernel, every step with what came of it. */
export function runText(run: LabRun): string {
  const { script } = run;
  return [
    `${script.name}${script.title === '' ? '' : `: ${script.title}`}`,
    `on ${kernelName(run)}`,
    ...run.steps.map(stepText),
    counted(run),
    '',
  ].join('\n');
}

/** Failures of a run, one line each: `SCRIPT:LINE: on KERNEL: what is not so`. */
export const failureLines = (run: LabRun): readonly string[] =>
  run.steps.flatMap(({ statement, differences = [] }) =>
    differences.map(
      (difference) =>
        `${run.script.name}:${String(statement.line)}: on ${kernelName(run)}: ${differenceText(difference)}`,
    ),
  );

/** What one step came to, for comparing kernels. */
function cellOf(run: LabRun, line: number): string {
  const step = run.steps.find(({ statement }) => statement.line === line);
  if (step === undefined) return '-';
  if (step.outcome !== undefined) return outcomeText(step.outcome);
  if (step.differences !== undefined) return step.differences.length === 0 ? 'ok' : 'NOT SO';
  return '';
}

/**
 * Runs of one script on several kernels, side by side: a column a kernel, a mark at every line on which they
 * differ.
 */
export function sideBySideText(runs: readonly LabRun[]): string {
  const [first] = runs;
  if (first === undefined) return '';
  const { script } = first;
  const statements = script.statements.filter(({ line }) =>
    runs.some((run) => run.steps.some(({ statement }) => statement.line === line)),
  );
  const rows = statements.map(({ line, text }) => {
    const cells = runs.map((run) => cellOf(run, line));
    const differs = new Set(cells).size > 1;
    return [differs ? '*' : ' ', String(line), text, ...cells];
  });
  const table = [['', 'line', 'statement', ...runs.map(kernelName)], ...rows];
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [
    `${script.name}${script.title === '' ? '' : `: ${script.title}`}`,
    ...lines,
    ...runs.flatMap(failureLines),
    ...runs.map((run) => `${kernelName(run)}: ${counted(run)}`),
    '',
  ].join('\n');
}

/** A run as data. */
export const runJson = (run: LabRun): object => ({
  script: run.script.name,
  title: run.script.title,
  kernel: run.kernel.preset.name,
  debugVm: run.kernel.debugVm,
  passed: run.passed,
  failed: run.failed,
  steps: run.steps.map(({ statement, outcome, text, differences, state }) => ({
    line: statement.line,
    statement: statement.text,
    ...(outcome === undefined ? {} : { outcome }),
    ...(text === undefined ? {} : { text }),
    ...(differences === undefined ? {} : { holds: differences.length === 0, differences }),
    ...(state === undefined ? {} : { state }),
  })),
});
