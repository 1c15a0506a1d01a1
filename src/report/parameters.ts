/**
 * Parameters with their sources, as text for people and as JSON for programs. Nothing is computed here.
 *
 * @module
 */
import type { InflateDisagreement } from '../cost/inflate-rates.ts';
import { humanCount } from './sizes.ts';
import { textTable } from './table.ts';

/** A row: a number, or a name of one of several things. */
export interface ShownParameter {
  readonly name: string;
  readonly value: number | string;
  readonly unit: string;
  readonly status: string;
  readonly source: string;
}

/** A machine as it is shown. */
export interface ShownMachine {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly ShownParameter[];
  /** What others measured for expanding zlib on its CPU, against its price. */
  readonly inflate: readonly InflateDisagreement[];
}

const valueText = (value: number | string): string =>
  typeof value === 'string'
    ? value
    : Number.isInteger(value)
      ? humanCount(value)
      : String(Number(value.toPrecision(6)));

/** One machine for a terminal. */
export function machineText({ name, title, rows, inflate }: ShownMachine): string {
  const lines = [
    `${name}: ${title}`,
    '',
    ...textTable(
      [
        { title: 'parameter', align: 'left' },
        { title: 'value', align: 'right' },
        { title: 'unit', align: 'left' },
        { title: 'status', align: 'left' },
        { title: 'source', align: 'left' },
      ],
      rows.map((row) => [row.name, valueText(row.value), row.unit, row.status, row.source]),
    ),
  ];
  if (inflate.length > 0)
    lines.push(
      '',
      'Expanding zlib, CPU cycles for each byte of output: the price of a 4 KiB page against what others measured',
      ...textTable(
        [
          { title: 'priced', align: 'right' },
          { title: 'measured', align: 'right' },
          { title: 'ratio', align: 'right' },
          { title: 'status', align: 'left' },
          { title: 'source', align: 'left' },
        ],
        inflate.map((row) => [
          row.priced.toFixed(1),
          row.cyclesPerByte.toFixed(1),
          row.ratio.toFixed(2),
          row.status,
          row.source,
        ]),
      ),
    );
  return lines.map((line) => `${line}\n`).join('');
}

/** Machines as JSON: one array, exact numbers. */
export const machinesJson = (machines: readonly ShownMachine[]): string =>
  `${JSON.stringify(machines, null, 2)}\n`;
