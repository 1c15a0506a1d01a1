/**
 * Budget files: what an image may cost, as JSON.
 *
 * ```json
 * {
 *   "image": "rootfs.axfs",
 *   "trace": "boot.csv",
 *   "machine": { "part": "p30", "cpu": "arm926-200", "ram": "32M", "cache": "16K,4" },
 *   "phases": { "launch": { "processes": [101, 102], "epochs": [0, 3] } },
 *   "budgets": ["flash <= 16MiB", "ram.peak <= 6MiB", "launch.ms <= 400", "xip.coldPages == 0"]
 * }
 * ```
 *
 * Only `budgets` has to be there. Paths start at the file's folder. A phase is the lines of some processes, or of
 * the epochs from one to another, or both.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { shownJson } from '../base/json.ts';
import { listOf, objectOf, refuserFor, stringOf, wholeOf } from './json.ts';
import type { Refuse } from './json.ts';
import { OPERATORS } from './limit.ts';
import type { Operator } from './limit.ts';

/** Fields of `machine`, as the command's options of these names. */
export const MACHINE_FIELDS = ['part', 'secondPart', 'cpu', 'ram', 'cache', 'faultRoute'] as const;
/** One of {@link MACHINE_FIELDS}. */
export type MachineField = (typeof MACHINE_FIELDS)[number];

const FILE_FIELDS = ['image', 'secondDevice', 'trace', 'machine', 'phases', 'budgets'] as const;

/** Lines of a trace that belong together; no restriction where a field is missing. */
export interface Phase {
  readonly name: string;
  readonly processes?: readonly number[];
  /** First and last. */
  readonly epochs?: readonly [number, number];
}

/** One budget before its metric is known. */
export interface BudgetEntry {
  /** As it is written. */
  readonly text: string;
  /** Its place in the list, for messages: `budgets[2]`. */
  readonly field: string;
  /** Line of the file, from 1. */
  readonly line: number;
  readonly metric: string;
  readonly operator: Operator;
  readonly limit: string;
}

/** A budget file. */
export interface BudgetFile {
  readonly name: string;
  readonly image: string | undefined;
  readonly secondDevice: string | undefined;
  readonly trace: string | undefined;
  readonly machine: Readonly<Partial<Record<MachineField, string>>>;
  readonly phases: readonly Phase[];
  readonly budgets: readonly BudgetEntry[];
}

const BUDGET = /^\s*([^\s<>=!]+)\s*(<=|>=|==|!=|<|>)\s*(\S(?:.*\S)?)\s*$/s;
const PHASE_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const BUDGET_FORM = 'METRIC OPERATOR LIMIT such as "ram.peak <= 6MiB"';

/**
 * Reads a budget file.
 *
 * @throws AxfsError EINVAL naming the file, the field, its value and what was expected.
 */
export function parseBudgets(text: string, name: string): BudgetFile {
  const refuse = refuserFor(name);
  const file = objectOf(parseJson(text, name), 'the file', FILE_FIELDS, refuse);
  const machine = objectOf(file['machine'] ?? {}, 'machine', MACHINE_FIELDS, refuse);
  const phases = objectOf(file['phases'] ?? {}, 'phases', undefined, refuse);
  let from = 0;
  return {
    name,
    image: stringOf(file['image'], 'image', refuse),
    secondDevice: stringOf(file['secondDevice'], 'secondDevice', refuse),
    trace: stringOf(file['trace'], 'trace', refuse),
    machine: Object.fromEntries(
      Object.entries(machine).map(([field, value]) => [
        field,
        stringOf(value, `machine.${field}`, refuse),
      ]),
    ),
    phases: Object.entries(phases).map(([phase, value]) => parsePhase(phase, value, refuse)),
    budgets: listOf(
      file['budgets'],
      'budgets',
      (entry, field) => {
        const budget = parseEntry(entry, field, refuse);
        const at = text.indexOf(JSON.stringify(entry), from);
        if (at >= 0) from = at + 1;
        return { ...budget, line: text.slice(0, Math.max(0, at)).split('\n').length };
      },
      refuse,
    ),
  };
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new AxfsError('EINVAL', `${name}: is not JSON: ${what}`);
  }
}

function parsePhase(name: string, json: unknown, refuse: Refuse): Phase {
  const at = `phases.${name}`;
  if (!PHASE_NAME.test(name))
    refuse('the name of a phase', name, 'a letter, then letters, digits, - and _');
  const phase = objectOf(json, at, ['processes', 'epochs'], refuse);
  const { processes, epochs } = phase;
  const pids =
    processes === undefined
      ? undefined
      : listOf(processes, `${at}.processes`, (pid, field) => wholeOf(pid, field, refuse), refuse);
  const range =
    epochs === undefined
      ? undefined
      : listOf(epochs, `${at}.epochs`, (epoch, field) => wholeOf(epoch, field, refuse), refuse);
  const [first, last] = range ?? [];
  if (range !== undefined && !(range.length === 2 && (first ?? 0) <= (last ?? 0)))
    refuse(`${at}.epochs`, epochs, 'the first and the last epoch, such as [0, 3]');
  if (pids === undefined && range === undefined) refuse(at, json, 'processes, epochs or both');
  return {
    name,
    ...(pids === undefined ? {} : { processes: pids }),
    ...(first === undefined || last === undefined ? {} : { epochs: [first, last] as const }),
  };
}

function parseEntry(entry: unknown, field: string, refuse: Refuse): Omit<BudgetEntry, 'line'> {
  if (typeof entry !== 'string') return refuse(field, entry, BUDGET_FORM);
  const [, metric, operator, limit] = BUDGET.exec(entry) ?? [];
  if (metric === undefined || operator === undefined || limit === undefined)
    return refuse(field, entry, `${BUDGET_FORM}, with one of ${Object.keys(OPERATORS).join(' ')}`);
  return { text: entry.trim(), field, metric, operator: operator as Operator, limit };
}

/** What is wrong with one budget of a file. */
export const budgetError = (
  file: string,
  { field, text }: Pick<BudgetEntry, 'field' | 'text'>,
  what: string,
): AxfsError => new AxfsError('EINVAL', `${file}: ${field} ${shownJson(text)}: ${what}`);
