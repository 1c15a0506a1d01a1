/**
 * A comparison as text for people and as JSON for programs. Nothing is computed here.
 *
 * @module
 */
import { unreachable } from '../base/assert.ts';
import { NOT_XIP_REASONS } from '../base/events.ts';
import { COMPARISON_COLUMNS, differences } from '../cost/comparison.ts';
import type { Comparison, ComparisonColumn } from '../cost/comparison.ts';
import type { CostUnit } from '../cost/params.ts';
import { COST_PARTS } from '../cost/price.ts';
import { humanBytes, humanCount, humanMillions, humanNanoseconds } from './sizes.ts';
import { textTable } from './table.ts';

function cell(column: ComparisonColumn, value: number, unit: CostUnit): string {
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
const BLOCKS = [
  { title: 'Flash and RAM', keys: /^(flashBytes|xipPages|ram)/ },
  { title: 'Page faults', keys: /^(faults|flashRead)/ },
  { title: 'Cost', keys: /^cost/ },
] as const;

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
      ...columns.map((column) => cell(column, column.value(result), comparison.cpu.unit)),
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
function reasonTable(comparison: Comparison): string[] {
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

/** The comparison for a terminal. `withParameters` adds every price with its source. */
export function comparisonText(comparison: Comparison, withParameters: boolean): string {
  const { cpu, flash } = comparison;
  const lines = [
    `tree      ${comparison.tree}`,
    `trace     ${comparison.trace}`,
    `profile   ${comparison.profile}`,
    `flash     ${flash.name}: ${flash.title}`,
    `cpu       ${cpu.name}: ${cpu.title}`,
    `route     ${comparison.faultRoute}${comparison.compat ? '; images as the original builder makes them' : ''}`,
    '',
  ];
  for (const { title, keys } of BLOCKS)
    lines.push(
      title === 'Cost' ? `Cost in ${cpu.unit === 'ns' ? 'simulated time' : 'instructions'}` : title,
      ...blockTable(comparison, keys),
      '',
    );
  lines.pop();
  lines.push(...differenceTable(comparison), ...reasonTable(comparison));
  if (withParameters)
    lines.push(
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
    );
  return `${lines.join('\n')}\n`;
}

/** The comparison for programs: exact numbers, every parameter, the whole ledger. */
export function comparisonJson(comparison: Comparison): string {
  const { designs, cpu, ...rest } = comparison;
  return `${JSON.stringify(
    {
      ...rest,
      cpu: { name: cpu.name, title: cpu.title, unit: cpu.unit },
      designs: designs.map((result) => ({
        design: result.design,
        ...Object.fromEntries(
          COMPARISON_COLUMNS.map((column) => [column.key, column.value(result)]),
        ),
        ledger: result.ledger,
      })),
    },
    null,
    2,
  )}\n`;
}
