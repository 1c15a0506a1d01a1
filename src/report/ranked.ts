/**
 * A grid of designs as text, CSV and Markdown: sorted, the best of each column marked, each design against a
 * baseline.
 *
 * @module
 */
import { COMPARISON_COLUMNS } from '../cost/comparison.ts';
import type { Comparison, ComparisonColumn, DesignResult } from '../cost/comparison.ts';
import type { CostUnit } from '../cost/params.ts';
import {
  BLOCKS,
  blockTitle,
  columnText,
  comparisonObject,
  crossoverTable,
  exactNumber,
  headLines,
  priceLines,
  reasonTable,
} from './comparison.ts';
import { baselineOf, bestValue, changesOf, CHANGE_COLUMNS, sortedDesigns } from './ranking.ts';
import type { Change, View } from './ranking.ts';
import { textTable } from './table.ts';
import type { TextColumn } from './table.ts';

/** Marks the best of a column in text. */
const BEST = '*';

/** A number with its sign, for people. */
export const signedText = (column: ComparisonColumn, value: number, unit: CostUnit): string =>
  value === 0 ? '0' : `${value < 0 ? '-' : '+'}${columnText(column, Math.abs(value), unit)}`;

/** A share as a signed percentage. */
export const signedPercent = (share: number | undefined): string =>
  share === undefined ? '-' : `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;

const left = (title: string): TextColumn => ({ title, align: 'left' });
const right = (title: string): TextColumn => ({ title, align: 'right' });

/** A table before it has a form. */
interface Table {
  readonly title: string;
  readonly columns: readonly TextColumn[];
  readonly rows: readonly (readonly string[])[];
}

function blockOf(
  comparison: Comparison,
  designs: readonly DesignResult[],
  { title, keys }: (typeof BLOCKS)[number],
): Table {
  const { unit } = comparison.cpu;
  const columns = COMPARISON_COLUMNS.filter(({ key }) => keys.test(key));
  const best = columns.map((column) => bestValue(column, comparison));
  return {
    title: blockTitle(title, unit),
    columns: [left('design'), ...columns.map((column) => right(column.title))],
    rows: designs.map((result) => [
      result.design,
      ...columns.map((column, i) => {
        const value = column.value(result);
        // Blank where there is no mark: numbers stay in line.
        const mark = best[i] === undefined ? '' : value === best[i] ? BEST : ' ';
        return `${columnText(column, value, unit)}${mark}`;
      }),
    ]),
  };
}

function changeTable(comparison: Comparison, designs: readonly DesignResult[], view: View): Table {
  const baseline = baselineOf(comparison, view.baseline);
  const { unit } = comparison.cpu;
  return {
    title: `Against '${baseline.design}'`,
    columns: [left('design'), ...CHANGE_COLUMNS.flatMap(({ title }) => [right(title), right('%')])],
    rows: designs
      .filter((design) => design !== baseline)
      .map((result) => [
        result.design,
        ...changesOf(result, baseline).flatMap(({ column, difference, share }: Change) => [
          signedText(column, difference, unit),
          signedPercent(share),
        ]),
      ]),
  };
}

const tablesOf = (comparison: Comparison, view: View): readonly Table[] => {
  const designs = sortedDesigns(comparison, view.sort);
  return [
    ...BLOCKS.map((block) => blockOf(comparison, designs, block)),
    changeTable(comparison, designs, view),
  ];
};

const sortNote = ({ sort }: View): string[] => (sort === undefined ? [] : [`sorted    by ${sort}`]);

/** Comparisons for a terminal, one part after another. */
export const rankedText = (
  comparisons: readonly Comparison[],
  view: View,
  withParameters: boolean,
): string => {
  const texts = comparisons.map((comparison) =>
    [
      ...headLines(comparison),
      ...sortNote(view),
      `${BEST} marks the smallest of a column`,
      ...tablesOf(comparison, view).flatMap(({ title, columns, rows }) => [
        '',
        title,
        ...textTable(columns, rows),
      ]),
      ...reasonTable({ ...comparison, designs: sortedDesigns(comparison, view.sort) }),
      ...(withParameters ? priceLines(comparison) : []),
      '',
    ].join('\n'),
  );
  return `${texts.join('\n')}${crossoverTable(comparisons)
    .map((line) => `${line}\n`)
    .join('')}`;
};

const QUOTED = /[",\r\n]/;
const csvField = (text: string): string =>
  QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Comparisons as CSV: one line a part and design, exact numbers, differences behind them. */
export function rankedCsv(comparisons: readonly Comparison[], view: View): string {
  const head = [
    ...['flash', 'cpu', 'unit', 'design', 'policy', 'cblockSize', 'codec', 'split'],
    ...COMPARISON_COLUMNS.map(({ key }) => key),
    'baseline',
    ...CHANGE_COLUMNS.flatMap(({ key }) => [`${key}Change`, `${key}Percent`]),
  ];
  const rows = comparisons.flatMap((comparison) => {
    const baseline = baselineOf(comparison, view.baseline);
    return sortedDesigns(comparison, view.sort).map((result) => {
      const { point } = result;
      return [
        ...[comparison.flash.name, comparison.cpu.name, comparison.cpu.unit, result.design],
        ...(point === undefined
          ? ['', '', '', '']
          : [point.policy, String(point.cblockSize), point.codec, String(point.split)]),
        ...COMPARISON_COLUMNS.map((column) => String(exactNumber(column, column.value(result)))),
        baseline.design,
        ...changesOf(result, baseline).flatMap(({ column, difference, share }) => [
          String(exactNumber(column, difference)),
          share === undefined ? '' : (share * 100).toFixed(3),
        ]),
      ];
    });
  });
  return [head, ...rows].map((row) => `${row.map(csvField).join(',')}\n`).join('');
}

/** Text that Markdown shows as it is. */
const markdownText = (text: string): string =>
  text
    .replaceAll(/[\\`*_{}[\]<>|#~!&]/g, (character) => `\\${character}`)
    .replaceAll(/[\r\n]+/g, ' ');

const markdownRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => markdownText(cell.trim())).join(' | ')} |`;

function markdownTable({ title, columns, rows }: Table): string[] {
  return [
    '',
    `### ${markdownText(title)}`,
    '',
    markdownRow(columns.map((column) => column.title)),
    `| ${columns.map(({ align }) => (align === 'left' ? ':--' : '--:')).join(' | ')} |`,
    // The best of a column is bold instead of starred.
    ...rows.map(
      (row) =>
        `| ${row
          .map((cell, i) => {
            const isBest = i > 0 && cell.endsWith(BEST);
            const text = markdownText((isBest ? cell.slice(0, -BEST.length) : cell).trim());
            return isBest ? `**${text}**` : text;
          })
          .join(' | ')} |`,
    ),
  ];
}

/** Comparisons as Markdown tables. */
export const rankedMarkdown = (comparisons: readonly Comparison[], view: View): string =>
  comparisons
    .map((comparison) =>
      [
        `## ${markdownText(`${comparison.tree} on ${comparison.flash.name}`)}`,
        '',
        ...[...headLines(comparison), ...sortNote(view)].map(
          (line) => `- ${markdownText(line.replace(/ {2,}/, ': '))}`,
        ),
        ...tablesOf(comparison, view).flatMap(markdownTable),
        '',
      ].join('\n'),
    )
    .join('\n');

/** Comparisons as JSON: one, or an array of several; designs in the order asked for, changes with each. */
export function rankedJson(comparisons: readonly Comparison[], view: View): string {
  const objects = comparisons.map((comparison) => {
    const baseline = baselineOf(comparison, view.baseline);
    const designs = sortedDesigns(comparison, view.sort);
    const { designs: rows, ...rest } = comparisonObject({ ...comparison, designs });
    return {
      ...rest,
      baseline: baseline.design,
      designs: rows.map((row, i) => ({
        ...row,
        changes: Object.fromEntries(
          changesOf(designs[i] ?? baseline, baseline).map(({ column, difference, share }) => [
            column.key,
            { difference: exactNumber(column, difference), share: share ?? null },
          ]),
        ),
      })),
    };
  });
  const [only, ...others] = objects;
  return `${JSON.stringify(others.length === 0 ? only : objects, null, 2)}\n`;
}
