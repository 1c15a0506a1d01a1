/**
 * The metrics that budgets may name: each a number of one run, and its parts by file.
 *
 * @module
 */
import { FAULT_KINDS, NOT_XIP_REASONS } from '../base/events.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { flashBytesRead, totalFaults } from '../cost/ledger.ts';
import type { CostUnit } from '../cost/params.ts';
import { COST_PARTS } from '../cost/price.ts';
import type { MetricName, Part } from '../gate/judge.ts';
import type { Phase } from '../gate/budget-file.ts';
import type { BlameRow } from './blame.ts';
import { ramBytes } from './ram-journal.ts';
import { storedBytes } from './storage.ts';
import type { FileStorage, ImageStorage } from './storage.ts';
import type { TraceLine } from '../workload/trace.ts';

/** What metrics are taken from. */
export interface Measured {
  readonly rows: readonly BlameRow[];
  readonly storage: ImageStorage;
  readonly mountCost: number;
  /** The phases that a row's lines belong to. */
  readonly phasesOf: (row: BlameRow) => readonly string[];
}

/** A metric, and how its parts are found; the parts add up to its value. */
export interface Metric extends MetricName {
  readonly parts: (measured: Measured) => readonly Part[];
}

/** A number of a row that adds up over rows. */
interface RowMetric extends MetricName {
  readonly of: (row: BlameRow) => number;
  /** It can be told for a process or a phase alone. */
  readonly scoped: boolean;
}

const count = (name: string, title: string, of: RowMetric['of']): RowMetric => ({
  name,
  kind: 'count',
  title,
  of,
  scoped: true,
});

const LEDGER_METRICS: readonly RowMetric[] = [
  count('faults', 'page faults', ({ ledger }) => totalFaults(ledger)),
  ...FAULT_KINDS.map((kind) =>
    count(`faults.${kind}`, `page faults that end as ${kind}`, ({ ledger }) => ledger.faults[kind]),
  ),
  count('fills', 'pages filled into the page cache', ({ ledger }) => ledger.fills.pages),
  ...NOT_XIP_REASONS.map((reason) =>
    count(
      `fills.${reason}`,
      `pages filled because of ${reason}`,
      ({ ledger }) => ledger.fills.byReason[reason],
    ),
  ),
  count(
    'cow.copies',
    'pages copied for copy-on-write',
    ({ ledger }) => ledger.cowCopies.raw + ledger.cowCopies.page,
  ),
  count('inflate.cblocks', 'cblocks expanded', ({ ledger }) => ledger.inflate.cblocks),
  {
    ...{ name: 'inflate.bytes', kind: 'bytes', title: 'bytes expanded', scoped: true },
    of: ({ ledger }) => ledger.inflate.bytes,
  },
  {
    ...{ name: 'flash.read', kind: 'bytes', title: 'bytes read for look-ups, fills and copies' },
    ...{ scoped: true, of: ({ ledger }) => flashBytesRead(ledger) },
  },
  count('lines.flash', 'cache lines missed in flash', ({ ledger }) => ledger.missedLines.flash),
  count('lines.ram', 'cache lines missed in RAM', ({ ledger }) => ledger.missedLines.ram),
  count('ecc.corrected', 'bits that ECC put right', ({ ledger }) => ledger.ecc.corrected),
  count('ecc.failed', 'ECC steps that failed', ({ ledger }) => ledger.ecc.failed),
  count('silent.bits', 'wrong bits that nothing noticed', ({ ledger }) => ledger.silentBits),
];

/** Costs; in ns they are called by their unit, so that a plain number says it. */
function costMetrics(unit: CostUnit): readonly RowMetric[] {
  const kind = unit === 'ns' ? 'time' : 'instructions';
  const suffix = unit === 'ns' ? 'ms' : 'instructions';
  return [
    {
      ...{ name: `time.${suffix}`, kind, title: 'in faults, flash and RAM; mounting apart' },
      ...{ scoped: true, of: ({ cost }) => cost.total },
    },
    ...COST_PARTS.map(({ key, title }): RowMetric => ({
      ...{ name: `time.${key}.${suffix}`, kind, title, scoped: true },
      of: ({ cost }) => cost.parts[key],
    })),
  ];
}

const ram = (name: string, title: string, of: RowMetric['of']): RowMetric => ({
  name,
  kind: 'bytes',
  title: `${title} at the moment of the highest total`,
  of,
  scoped: false,
});

const RAM_METRICS: readonly RowMetric[] = [
  ram('ram.peak', 'RAM', (row) => ramBytes(row.ram)),
  ram('ram.cache', 'page cache', (row) => row.ram.pageCache),
  ram('ram.anon', 'anonymous pages', (row) => row.ram.anonymous),
  ram('ram.pageTables', 'page tables', (row) => row.ram.pageTables),
  ram('ram.metadata', "the mount's own RAM", (row) => row.ram.metadata),
];

interface StorageMetric extends MetricName {
  readonly of: (file: FileStorage) => number;
  /** Bytes that no file has count, too. */
  readonly whole?: true;
}

const STORAGE_METRICS: readonly StorageMetric[] = [
  { name: 'flash', kind: 'bytes', title: 'the image', of: storedBytes, whole: true },
  {
    ...{ name: 'flash.xip', kind: 'bytes', title: 'pages in place' },
    of: ({ xipPages }) => xipPages * PAGE_SIZE,
  },
  {
    ...{ name: 'flash.compressed', kind: 'bytes', title: 'cblocks' },
    of: ({ compressedBytes }) => compressedBytes,
  },
  {
    ...{ name: 'flash.byteAligned', kind: 'bytes', title: 'byte-aligned pages' },
    of: ({ byteAlignedBytes }) => byteAlignedBytes,
  },
  {
    ...{ name: 'flash.tables', kind: 'bytes', title: 'tables, names and padding' },
    ...{ of: () => 0, whole: true },
  },
  { name: 'xip.pages', kind: 'count', title: 'pages in place', of: ({ xipPages }) => xipPages },
  {
    ...{ name: 'xip.coldPages', kind: 'count', title: 'pages in place that nothing touches' },
    of: ({ coldXipPages }) => coldXipPages,
  },
];

const OTHERS: Readonly<Record<Exclude<BlameRow['subject']['kind'], 'page'>, string>> = {
  files: 'opening the files',
  mount: 'the mount',
  reclaim: 'taken back by reclaim',
};

/** A page as `axfs why` is asked for it. */
const nameOf = ({ subject }: BlameRow): Omit<Part, 'amount'> =>
  subject.kind === 'page'
    ? { what: `${subject.path}:${String(subject.page * PAGE_SIZE)}`, file: subject.path }
    : { what: OTHERS[subject.kind] };

/** Amounts by page, all processes together. */
function byPage(rows: readonly BlameRow[], of: RowMetric['of']): readonly Part[] {
  const sums = new Map<string, Part>();
  for (const row of rows) {
    const name = nameOf(row);
    sums.set(name.what, { ...name, amount: (sums.get(name.what)?.amount ?? 0) + of(row) });
  }
  return [...sums.values()];
}

const fromRows = (
  { name, kind, title, of }: RowMetric,
  isMeant: (row: BlameRow, measured: Measured) => boolean = () => true,
): Metric => ({
  ...{ name, kind, title },
  parts: (measured) =>
    byPage(
      measured.rows.filter((row) => isMeant(row, measured)),
      of,
    ),
});

const fromStorage = ({ name, kind, title, of, whole }: StorageMetric): Metric => ({
  ...{ name, kind, title },
  parts: ({ storage: { files, otherBytes } }) => [
    ...files.map((file) => ({ what: file.path, amount: of(file) })),
    ...(whole === true ? [{ what: 'tables, names and padding', amount: otherBytes }] : []),
  ],
});

/** `launch.ms` for `time.ms`; other names get the scope in front. */
const scopedName = (scope: string, name: string): string =>
  `${scope}.${name.replace(/^time\./, '')}`;

const scopedTo = (
  scope: string,
  rows: readonly RowMetric[],
  isMeant: (row: BlameRow, measured: Measured) => boolean,
): readonly Metric[] =>
  rows
    .filter(({ scoped }) => scoped)
    .map((row) =>
      fromRows(
        { ...row, name: scopedName(scope, row.name), title: `${row.title}, ${scope}` },
        isMeant,
      ),
    );

/** All metrics that there are for a price list's unit, the phases of a budget file, and a trace's processes. */
export function metricsFor(
  unit: CostUnit,
  phases: readonly Phase[],
  processes: readonly number[],
): readonly Metric[] {
  const costs = costMetrics(unit);
  const rows = [...LEDGER_METRICS, ...costs];
  return [
    ...STORAGE_METRICS.map(fromStorage),
    ...[...RAM_METRICS, ...rows].map((row) => fromRows(row)),
    {
      name: `mount.${unit === 'ns' ? 'ms' : 'instructions'}`,
      kind: unit === 'ns' ? 'time' : 'instructions',
      title: 'mounting',
      parts: ({ mountCost }) => [{ what: 'the mount', amount: mountCost }],
    },
    ...phases.flatMap(({ name }) =>
      scopedTo(name, rows, (row, { phasesOf }) => phasesOf(row).includes(name)),
    ),
    ...processes.flatMap((pid) =>
      scopedTo(
        `process.${String(pid)}`,
        rows,
        ({ subject }) => subject.kind === 'page' && subject.pid === pid,
      ),
    ),
  ];
}

/** A line belongs to a phase. */
export const isInPhase = ({ processes, epochs }: Phase, pid: number, epoch: number): boolean =>
  (processes === undefined || processes.includes(pid)) &&
  (epochs === undefined || (epoch >= epochs[0] && epoch <= epochs[1]));

/** Processes of a trace, ascending. */
export const processesOf = (lines: readonly TraceLine[]): readonly number[] =>
  [...new Set(lines.map(({ pid }) => pid))].sort((a, b) => a - b);
