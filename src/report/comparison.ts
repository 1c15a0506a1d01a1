/**
 * A comparison as text for people and as JSON for programs. Nothing is computed here.
 *
 * @module
 */
import { unreachable } from '../base/assert.ts';
import { NOT_XIP_REASONS } from '../base/events.ts';
import { COMPARISON_COLUMNS, differences, missesPerXipPage } from '../cost/comparison.ts';
import type { Comparison, ComparisonColumn } from '../cost/comparison.ts';
import type { CostUnit } from '../cost/params.ts';
import { COST_PARTS } from '../cost/price.ts';
import { humanBytes, humanCount, humanMillions, humanNanoseconds } from './sizes.ts';
import { textTable } from './table.ts';

/** A column's number for people. */
export function columnText(column: ComparisonColumn, value: number, unit: CostUnit): string {
  switch (column.kind) {
    case 'bytes':
      return humanBytes(value);
    case 'count':
      return humanCount(value);
    case 'cost':
      return unit === 'ns' ? humanNanoseconds(value) : humanMillions(value);
    default:
      return unreachable(column.kind);
  }
}

/** Columns of one block of the text table, by key prefix; a table of 19 columns fits no terminal. */
export const BLOCKS = [
  { title: 'Flash and RAM', keys: /^(flashBytes|xipPages|ram)/ },
  { title: 'Page faults', keys: /^(faults|flashRead)/ },
  { title: 'Cost', keys: /^(cost|mountCost)/ },
] as const;

/** The heading of a block, for what costs are counted in. */
export const blockTitle = (title: (typeof BLOCKS)[number]['title'], unit: CostUnit): string =>
  title === 'Cost' ? `Cost in ${unit === 'ns' ? 'simulated time' : 'instructions'}` : title;

/** One design's row of one block. */
function blockTable(comparison: Comparison, keys: RegExp): string[] {
  const columns = COMPARISON_COLUMNS.filter(({ key }) => keys.test(key));
  return textTable(
    [
      { title: 'design', align: 'left' },
      ...columns.map(({ title }) => ({ title, align: 'right' as const })),
    ],
    comparison.designs.map((result) => [
      result.design,
      ...columns.map((column) => columnText(column, column.value(result), comparison.cpu.unit)),
    ]),
  );
}

const signed = (bytes: number): string => `${bytes < 0 ? '-' : '+'}${humanBytes(Math.abs(bytes))}`;

/** What each design buys against the first. */
function differenceTable(comparison: Comparison): string[] {
  const baseline = comparison.designs[0]?.design ?? '';
  return [
    '',
    `Against '${baseline}'`,
    ...textTable(
      [
        { title: 'design', align: 'left' },
        { title: 'flash', align: 'right' },
        { title: 'RAM', align: 'right' },
        { title: 'RAM saved per flash', align: 'right' },
        { title: 'cost', align: 'right' },
      ],
      differences(comparison).map((row) => [
        row.design,
        signed(row.flashAdded),
        signed(-row.ramSaved),
        row.ramPerFlash === undefined ? '-' : `${row.ramPerFlash.toFixed(2)} : 1`,
        row.costShare === undefined ? '-' : `${(row.costShare * 100).toFixed(1)} %`,
      ]),
    ),
  ];
}

/** Why pages went through RAM, per design, reasons that never occur left out. */
export function reasonTable(comparison: Comparison): string[] {
  const reasons = NOT_XIP_REASONS.filter((reason) =>
    comparison.designs.some(({ ledger }) => ledger.fills.byReason[reason] > 0),
  );
  if (reasons.length === 0) return [];
  return [
    '',
    'Pages filled into RAM instead of being mapped from flash, by reason',
    ...textTable(
      [
        { title: 'design', align: 'left' },
        ...reasons.map((title) => ({ title, align: 'right' as const })),
      ],
      comparison.designs.map(({ design, ledger }) => [
        design,
        ...reasons.map((reason) => humanCount(ledger.fills.byReason[reason])),
      ]),
    ),
  ];
}

/**
 * From how many cache misses a page on execution in place loses, part by part, beside what the trace has; none
 * where prices are not times.
 */
export function crossoverTable(comparisons: readonly Comparison[]): string[] {
  if (comparisons.every(({ breakEven }) => breakEven === undefined)) return [];
  // Other designs have other names: then the balance stands alone.
  const shown = comparisons.some(({ designs }) =>
    designs.some(({ design }) => CROSSOVER_DESIGNS.some((name) => name === design)),
  )
    ? CROSSOVER_DESIGNS
    : [];
  return [
    '',
    `Crossover: cache misses of a page from which execution in place is slower than RAM (${comparisons[0]?.cpu.name ?? ''})`,
    ...textTable(
      [
        { title: 'part', align: 'left' },
        { title: 'flash line', align: 'right' },
        { title: 'RAM line', align: 'right' },
        { title: 'XIP fault', align: 'right' },
        { title: 'fill', align: 'right' },
        { title: 'break-even', align: 'right' },
        ...shown.flatMap((design) => [
          { title: `${design}: misses`, align: 'right' as const },
          { title: `${design}: cost`, align: 'right' as const },
        ]),
      ],
      comparisons.map((comparison) => {
        const { flash, breakEven } = comparison;
        const share = new Map(differences(comparison).map((row) => [row.design, row.costShare]));
        return [
          flash.name,
          ...(breakEven === undefined
            ? ['-', '-', '-', '-', flash.mapped ? '-' : 'not mapped']
            : [
                humanNanoseconds(breakEven.flashLine),
                humanNanoseconds(breakEven.ramLine),
                humanNanoseconds(breakEven.xipFault),
                humanNanoseconds(breakEven.compressedFault),
                breakEven.misses === undefined ? 'never' : humanCount(Math.round(breakEven.misses)),
              ]),
          ...shown.flatMap((name) => {
            const result = comparison.designs.find(({ design }) => design === name);
            const misses = result === undefined ? undefined : missesPerXipPage(result);
            const costShare = share.get(name);
            return [
              misses === undefined ? '-' : humanCount(Math.round(misses)),
              costShare === undefined ? '-' : `${(costShare * 100).toFixed(1)} %`,
            ];
          }),
        ];
      }),
    ),
  ];
}

/** Designs whose misses a page stand beside the break-even. */
const CROSSOVER_DESIGNS = ['profile', 'all'] as const;

/** The route of the driver whose faults were counted. */
const MEASURED_ROUTE = 'return';

/** What was compared, and how. */
export function headLines(comparison: Comparison): string[] {
  const { cpu, flash, notes = [] } = comparison;
  return [
    `tree      ${comparison.tree}`,
    `trace     ${comparison.trace.name}, ${humanCount(comparison.trace.lines)} ${comparison.trace.lines === 1 ? 'line' : 'lines'}`,
    `profile   ${comparison.profile.from === 'file' ? comparison.profile.name : 'pages that the trace touches and never writes'}`,
    `flash     ${flash.name}: ${flash.title}`,
    `cpu       ${cpu.name}: ${cpu.title}`,
    `route     ${comparison.faultRoute}${comparison.faultRoute === MEASURED_ROUTE ? '' : ` (faults priced as measured on route ${MEASURED_ROUTE})`}`,
    ...(comparison.compat ? ['images    as the original builder makes them'] : []),
    ...notes.map((note) => `note      ${note}`),
  ];
}

/** Every price with its source, and what the parts of a cost are. */
export const priceLines = (comparison: Comparison): string[] => [
  '',
  'Prices',
  ...textTable(
    [
      { title: 'parameter', align: 'left' },
      { title: 'value', align: 'right' },
      { title: 'unit', align: 'left' },
      { title: 'standing', align: 'left' },
      { title: 'source', align: 'left' },
    ],
    comparison.parameters.map((row) => [
      row.name,
      String(row.value),
      row.unit,
      row.status,
      row.source,
    ]),
  ),
  '',
  ...COST_PARTS.map(({ key, title }) => `${key.padEnd(8)}  ${title}`),
];

/**
 * The comparison for a terminal. `withParameters` adds every price with its source; the table of break-evens has a row
 * for each of `crossover`.
 */
export function comparisonText(
  comparison: Comparison,
  withParameters: boolean,
  crossover: readonly Comparison[] = [comparison],
): string {
  const lines = [...headLines(comparison), ''];
  for (const { title, keys } of BLOCKS)
    lines.push(blockTitle(title, comparison.cpu.unit), ...blockTable(comparison, keys), '');
  lines.pop();
  lines.push(
    ...differenceTable(comparison),
    ...reasonTable(comparison),
    ...crossoverTable(crossover),
    ...(withParameters ? priceLines(comparison) : []),
  );
  return `${lines.join('\n')}\n`;
}

/** Several comparisons, one after another, and all crossovers in one table at the end. */
export function comparisonsText(
  comparisons: readonly Comparison[],
  withParameters: boolean,
): string {
  const texts = comparisons.map((comparison) => comparisonText(comparison, withParameters));
  return comparisons.length === 1
    ? texts.join('')
    : `${texts.join('\n')}${crossoverTable(comparisons).join('\n')}\n`;
}

/** Counts and bytes as they are; a cost, which is a sum of products, to a thousandth of its unit. */
export const exactNumber = ({ kind }: ComparisonColumn, value: number): number =>
  kind === 'cost' ? Math.round(value * 1000) / 1000 : value;

/** One comparison, or several as an array, for programs: exact numbers, every parameter, the whole ledger. */
export function comparisonJson(...comparisons: readonly Comparison[]): string {
  const [only, ...others] = comparisons.map(comparisonObject);
  return `${JSON.stringify(others.length === 0 ? only : [only, ...others], null, 2)}\n`;
}

/** A comparison as {@link comparisonJson} writes it: numbers by the keys of their columns. */
export type ComparisonObject = Omit<Comparison, 'designs' | 'cpu'> & {
  readonly cpu: { readonly name: string; readonly title: string; readonly unit: CostUnit };
  readonly designs: readonly Readonly<Record<string, unknown>>[];
};

/** What {@link comparisonJson} writes of a comparison. */
export function comparisonObject({ designs, cpu, ...rest }: Comparison): ComparisonObject {
  return {
    ...rest,
    cpu: { name: cpu.name, title: cpu.title, unit: cpu.unit },
    designs: designs.map((result) => ({
      design: result.design,
      ...result.point,
      ...Object.fromEntries(
        COMPARISON_COLUMNS.map((column) => [column.key, exactNumber(column, column.value(result))]),
      ),
      mountLedger: result.mountLedger,
      ledger: result.ledger,
    })),
  };
}

/** What the page-wise design buys against the compressed one, in a sentence. */
export function verdict(comparison: Comparison): string {
  const row = differences(comparison).find(({ design }) => design === 'profile');
  if (row?.costShare === undefined) return 'There is nothing to compare.';
  const more = (amount: number, noun: string): string =>
    `${humanBytes(Math.abs(amount))} ${amount < 0 ? 'less' : 'more'} ${noun}`;
  const share = (row.costShare - 1) * 100;
  return (
    `Running the profiled pages straight from flash takes ${more(row.flashAdded, 'flash')}, ` +
    `${more(-row.ramSaved, 'RAM')} at the peak,\nand ${Math.abs(share).toFixed(0)} % ${share < 0 ? 'less' : 'more'} ` +
    `${comparison.cpu.unit === 'ns' ? 'time' : 'instructions'} in faults, flash and RAM than inflating every page ` +
    `(${comparison.cpu.name}, ${comparison.flash.name}).`
  );
}
