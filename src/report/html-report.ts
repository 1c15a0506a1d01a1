/**
 * A comparison, or one image, as a page that stands alone: tables, charts, and a map of every page.
 *
 * @module
 */
import { COMPARISON_COLUMNS } from '../cost/comparison.ts';
import type { Comparison, ComparisonColumn } from '../cost/comparison.ts';
import { COST_PARTS } from '../cost/price.ts';
import { columnText } from './comparison.ts';
import { costText, paretoChart, timelineChart } from './html-charts.ts';
import { REPORT_SCRIPT } from './html-script.ts';
import { REPORT_STYLE } from './html-style.ts';
import { element, htmlPage, joined, text } from './html.ts';
import type { Markup, Page } from './html.ts';
import { legend, listed, paragraph, scrolling, section, sortableTable } from './html-pieces.ts';
import { FAULT_CLASSES, PLACEMENTS } from './page-run.ts';
import type { PageRun, Placement } from './page-run.ts';
import { signedPercent, signedText } from './ranked.ts';
import { baselineOf, bestValue, changesOf, CHANGE_COLUMNS, sortedDesigns } from './ranking.ts';
import type { View } from './ranking.ts';
import { humanBytes, humanCount } from './sizes.ts';

/** What a report shows. */
export interface Report {
  readonly title: string;
  /** One for each part; the first one's parameters stand for all machines but the flash. */
  readonly comparisons: readonly Comparison[];
  readonly view: View;
  /** One design's run on the first part. */
  readonly run: PageRun;
  readonly sha256: Page['sha256'];
}

/** Pages that a map shows at most: more are too small to point at, and the page too large to open. */
export const MAP_PAGES_MAX = 262_144;
/** Rows that a table of files shows at most, the dearest first. */
const FILE_ROWS_MAX = 2000;

const PLACEMENT_TITLES: Readonly<Record<Placement, string>> = {
  xip: 'executed in place',
  compressed: 'compressed',
  byte_aligned: 'byte-aligned',
};

function resultTable(comparison: Comparison, view: View): Markup {
  const { unit } = comparison.cpu;
  const best = new Map(COMPARISON_COLUMNS.map((one) => [one.key, bestValue(one, comparison)]));
  return sortableTable(
    `Designs on ${comparison.flash.name}`,
    [{ title: 'design', isName: true }, ...COMPARISON_COLUMNS.map(({ title }) => ({ title }))],
    sortedDesigns(comparison, view.sort).map((result) => [
      { text: result.design },
      ...COMPARISON_COLUMNS.map((column) => {
        const value = column.value(result);
        return {
          text: columnText(column, value, unit),
          value,
          isBest: value === best.get(column.key),
        };
      }),
    ]),
  );
}

function changeTable(comparison: Comparison, view: View): Markup {
  const baseline = baselineOf(comparison, view.baseline);
  const { unit } = comparison.cpu;
  return sortableTable(
    `Designs against ${baseline.design}`,
    [
      { title: 'design', isName: true },
      ...CHANGE_COLUMNS.flatMap(({ title }) => [{ title }, { title: `${title} %` }]),
    ],
    sortedDesigns(comparison, view.sort)
      .filter((design) => design !== baseline)
      .map((result) => [
        { text: result.design },
        ...changesOf(result, baseline).flatMap(({ column, difference, share }) => [
          { text: signedText(column, difference, unit), value: difference },
          { text: signedPercent(share), value: share ?? 0 },
        ]),
      ]),
  );
}

const columnOf = (key: string): ComparisonColumn | undefined =>
  COMPARISON_COLUMNS.find((column) => column.key === key);

function comparisonSection(comparison: Comparison, index: number, view: View): Markup {
  const { flash, notes = [] } = comparison;
  const [across, ram, cost] = ['flashBytes', 'ramPeak', 'cost'].map(columnOf);
  const isSeveral = comparison.designs.length > 1;
  return section(
    `part-${String(index)}`,
    isSeveral ? `Designs on ${flash.name}` : `The image on ${flash.name}`,
    paragraph(flash.title),
    ...notes.map((note) => paragraph(note, { class: 'note' })),
    scrolling(`Designs on ${flash.name}`, resultTable(comparison, view)),
    ...(isSeveral
      ? [
          element('h3', {}, text(`Against ${baselineOf(comparison, view.baseline).design}`)),
          scrolling('Differences', changeTable(comparison, view)),
        ]
      : []),
    ...(isSeveral && across !== undefined && ram !== undefined && cost !== undefined
      ? [
          element('h3', {}, text('Flash against RAM and cost')),
          element(
            'div',
            { class: 'charts' },
            paretoChart(comparison, across, ram),
            paretoChart(comparison, across, cost),
          ),
        ]
      : []),
  );
}

function mapSection(run: PageRun): Markup {
  const title = `Pages of ${run.result.design}`;
  const counts = PLACEMENTS.map(
    (placement) =>
      [
        placement,
        `${PLACEMENT_TITLES[placement]}: ${humanCount(run.pages.filter((page) => page.placement === placement).length)}`,
      ] as const,
  );
  if (run.pages.length > MAP_PAGES_MAX)
    return section(
      'pages',
      title,
      paragraph(
        `The image has ${humanCount(run.pages.length)} pages of files; a map has room for ${humanCount(MAP_PAGES_MAX)}, so there is none. The tables below have everything.`,
        { class: 'note' },
      ),
    );
  return section(
    'pages',
    title,
    paragraph(
      'A square for each page of a file, in the order of the image: its colour is how it is stored, its strength how many cache lines of it the trace used. Point at one, or move with the arrow keys, Page Up, Page Down, Home and End.',
    ),
    legend([...counts, ['untouched', 'pale: not touched']]),
    element('p', { id: 'told', role: 'status' }, text('No page is chosen.')),
    element(
      'div',
      {},
      element(
        'canvas',
        {
          ...{ id: 'map', tabindex: 0, role: 'application' },
          'aria-label': `Map of ${humanCount(run.pages.length)} pages; arrow keys move`,
          'aria-describedby': 'told',
        },
        text('The map needs a script.'),
      ),
    ),
    element('noscript', {}, paragraph('The map needs a script; the tables do not.')),
  );
}

const faultHeads = FAULT_CLASSES.map(({ key }) => ({ title: key }));

function fileSection({ files, unit }: PageRun): Markup {
  const inOrder = [...files].sort(
    (a, b) => b.cost - a.cost || b.touchedPages - a.touchedPages || (a.path < b.path ? -1 : 1),
  );
  const shown = inOrder.slice(0, FILE_ROWS_MAX);
  return section(
    'files',
    'Files',
    paragraph(
      shown.length < files.length
        ? `The ${humanCount(shown.length)} dearest of ${humanCount(files.length)} files.`
        : `All ${humanCount(files.length)} files, the dearest first.`,
    ),
    scrolling(
      'Files',
      sortableTable(
        'Files',
        [
          { title: 'file', isName: true },
          ...['cost', 'pages', 'in place', 'touched'].map((title) => ({ title })),
          ...faultHeads,
        ],
        shown.map((file) => [
          { text: file.path },
          { text: costText(file.cost, unit), value: file.cost },
          ...[
            ...[file.pages, file.xipPages, file.touchedPages],
            ...FAULT_CLASSES.map(({ key }) => file.faults[key]),
          ].map((value) => ({ text: humanCount(value), value })),
        ]),
      ),
      true,
    ),
  );
}

const processSection = ({ processes, unit }: PageRun): Markup =>
  section(
    'processes',
    'Processes',
    scrolling(
      'Processes',
      sortableTable(
        'Processes',
        [...['pid', 'cost', 'files', 'touched'].map((title) => ({ title })), ...faultHeads],
        processes.map((process) => [
          { text: String(process.pid), value: process.pid },
          { text: costText(process.cost, unit), value: process.cost },
          ...[
            ...[process.files, process.touchedPages],
            ...FAULT_CLASSES.map(({ key }) => process.faults[key]),
          ].map((value) => ({ text: humanCount(value), value })),
        ]),
      ),
    ),
  );

function parameterSection(comparisons: readonly Comparison[]): Markup {
  const heads = ['parameter', 'value', 'unit', 'standing', 'source'];
  return section(
    'parameters',
    'Parameters',
    listed(COST_PARTS.map(({ key, title }) => [key, title])),
    ...comparisons.flatMap(({ flash, parameters }) => [
      ...(comparisons.length > 1 ? [element('h3', {}, text(flash.name))] : []),
      scrolling(
        `Parameters with ${flash.name}`,
        element(
          'table',
          {},
          element(
            'thead',
            {},
            element(
              'tr',
              {},
              ...heads.map((head, i) =>
                element('th', { scope: 'col', class: i === 1 ? undefined : 'name' }, text(head)),
              ),
            ),
          ),
          element(
            'tbody',
            {},
            ...parameters.map(({ name, value, unit, status, source }) =>
              element(
                'tr',
                {},
                element('th', { scope: 'row', class: 'name' }, text(name)),
                element('td', {}, text(String(value))),
                element('td', { class: 'name' }, text(unit)),
                element('td', { class: 'name' }, text(status)),
                element('td', { class: 'wrap' }, text(source)),
              ),
            ),
          ),
        ),
        true,
      ),
    ]),
  );
}

/** Costs in a map: to a thousandth of a unit, as in JSON. */
const rounded = (cost: number): number => Math.round(cost * 1000) / 1000;

/** What the script draws the map from: a column for each property. */
const mapData = ({ pages, files, unit }: PageRun): unknown =>
  pages.length > MAP_PAGES_MAX
    ? {}
    : {
        map: {
          unit,
          placements: PLACEMENTS,
          titles: PLACEMENTS.map((placement) => PLACEMENT_TITLES[placement]),
          files: files.map(({ path }) => path),
          file: pages.map(({ file }) => file),
          page: pages.map(({ page }) => page),
          placement: pages.map(({ placement }) => PLACEMENTS.indexOf(placement)),
          offset: pages.map(({ offset }) => offset),
          stored: pages.map(({ storedBytes }) => storedBytes),
          shared: pages.map(({ sharedBy }) => sharedBy),
          lines: pages.map(({ lines }) => lines),
          cost: pages.map(({ cost }) => rounded(cost)),
        },
      };

/** The report as one HTML file. */
export function htmlReport({ title, comparisons, view, run, sha256 }: Report): string {
  const [first] = comparisons;
  const { result, unit } = run;
  const body = joined(
    [
      element(
        'header',
        {},
        element('h1', {}, text(title)),
        ...(first === undefined
          ? []
          : [
              listed([
                ['tree or image', first.tree],
                ['trace', `${first.trace.name}, ${humanCount(first.trace.lines)} lines`],
                [
                  'profile',
                  first.profile.from === 'file'
                    ? first.profile.name
                    : 'pages that the trace touches and never writes',
                ],
                ['CPU', `${first.cpu.name}: ${first.cpu.title}`],
                ['fault route', first.faultRoute],
              ]),
            ]),
        element(
          'nav',
          { 'aria-label': 'Sections' },
          ...[
            ['part-0', 'Results'],
            ['pages', 'Pages'],
            ['timeline', 'Timeline'],
            ['files', 'Files'],
            ['processes', 'Processes'],
            ['parameters', 'Parameters'],
          ].map(([id = '', name = '']) => element('a', { href: `#${id}` }, text(name))),
        ),
      ),
      element(
        'main',
        {},
        ...comparisons.map((comparison, i) => comparisonSection(comparison, i, view)),
        mapSection(run),
        section(
          'timeline',
          'Faults along the trace',
          paragraph(
            `The run of ${result.design} on ${first?.flash.name ?? ''}: ${humanBytes(result.flashBytes)} of flash, cost ${costText(result.cost.total, unit)}.`,
          ),
          legend(FAULT_CLASSES.map(({ key, title: words }) => [key, words])),
          scrolling('Timeline', timelineChart(run.timeline, unit)),
        ),
        fileSection(run),
        processSection(run),
        parameterSection(comparisons),
      ),
    ],
    '\n',
  );
  return htmlPage({
    ...{ title, body, sha256, data: mapData(run) },
    ...{ style: REPORT_STYLE, script: REPORT_SCRIPT },
  });
}
