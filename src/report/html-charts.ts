/**
 * Charts of a report, as SVG: what designs cost against their flash, and faults along a trace.
 *
 * @module
 */
import type { Comparison, ComparisonColumn, DesignResult } from '../cost/comparison.ts';
import type { CostUnit } from '../cost/params.ts';
import { columnText } from './comparison.ts';
import { element, joined, text } from './html.ts';
import type { Markup } from './html.ts';
import { FAULT_CLASSES } from './page-run.ts';
import type { TimelineRow } from './page-run.ts';
import { paretoFront } from './ranking.ts';
import { humanCount, humanMillions, humanNanoseconds } from './sizes.ts';

/** A cost for people. */
export const costText = (cost: number, unit: CostUnit): string =>
  unit === 'ns' ? humanNanoseconds(cost) : humanMillions(cost);

const WIDTH = 560;
const HEIGHT = 340;
const LEFT = 74;
const RIGHT = 20;
const TOP = 16;
const BOTTOM = 44;
const TICKS = 4;
/** Labelled points, at most: those on the front come first. */
const LABELS = 12;

/** A number from a range to a place on the paper. */
type Scale = (value: number) => number;

const scaleOf = (least: number, most: number, from: number, to: number): Scale => {
  const range = most - least;
  return (value) =>
    range === 0 ? (from + to) / 2 : from + ((value - least) / range) * (to - from);
};

const at = (place: number): string => place.toFixed(1);

const label = (
  place: { readonly x: number; readonly y: number },
  content: string,
  attributes: Readonly<Record<string, string>> = {},
): Markup => element('text', { x: at(place.x), y: at(place.y), ...attributes }, text(content));

const svg = (title: string, height: number, ...children: readonly Markup[]): Markup =>
  element(
    'svg',
    { viewBox: `0 0 ${String(WIDTH)} ${String(height)}`, role: 'group', 'aria-label': title },
    ...children,
  );

interface Place {
  readonly x: number;
  readonly y: number;
}

/** About as wide as a letter of a label, and as high as its line. */
const [LETTER, LINE] = [6.6, 13] as const;

/** Names beside their points, on the first side where they cover no other name; else none: points have titles. */
function placedNames(points: readonly (Place & { readonly name: string })[]): readonly Markup[] {
  const taken: { x0: number; x1: number; y: number }[] = [];
  return points.flatMap(({ x, y, name }) => {
    const width = name.length * LETTER;
    for (const [side, below] of [
      [9, -7],
      [9, 16],
      [-9, -7],
      [-9, 16],
    ] as const) {
      const x0 = side > 0 ? x + side : x + side - width;
      const place = { x0, x1: x0 + width, y: y + below };
      const isFree =
        x0 >= LEFT &&
        place.x1 <= WIDTH &&
        place.y <= HEIGHT - BOTTOM &&
        taken.every(
          (other) =>
            other.x1 < place.x0 || other.x0 > place.x1 || Math.abs(other.y - place.y) >= LINE,
        );
      if (!isFree) continue;
      taken.push(place);
      return [
        label({ x: x + side, y: place.y }, name, { 'text-anchor': side > 0 ? 'start' : 'end' }),
      ];
    }
    return [];
  });
}

/** A design's point; whoever points at it, or comes to it by keyboard, is told the words. */
const pointMark = (place: Place, words: string, isOnFront: boolean): Markup =>
  element(
    'g',
    { class: 'mark', tabindex: 0, role: 'img', 'aria-label': words },
    element('title', {}, text(words)),
    element('circle', {
      class: isOnFront ? 'point onfront' : 'point',
      ...{ cx: at(place.x), cy: at(place.y), r: isOnFront ? 6 : 5 },
    }),
  );

/** Lines and numbers across and up. */
function axes(
  comparison: Comparison,
  x: {
    readonly scale: Scale;
    readonly range: readonly [number, number];
    readonly column: ComparisonColumn;
  },
  y: {
    readonly scale: Scale;
    readonly range: readonly [number, number];
    readonly column: ComparisonColumn;
  },
): readonly Markup[] {
  const { unit } = comparison.cpu;
  return [
    ...ticks(...x.range, (value) => [
      element('line', {
        class: 'grid',
        ...{ x1: at(x.scale(value)), x2: at(x.scale(value)), y1: TOP, y2: HEIGHT - BOTTOM },
      }),
      label(
        { x: x.scale(value), y: HEIGHT - BOTTOM + 16 },
        columnText(x.column, Math.round(value), unit),
        { class: 'faint', 'text-anchor': 'middle' },
      ),
    ]),
    ...ticks(...y.range, (value) => [
      element('line', {
        class: 'grid',
        ...{ x1: LEFT, x2: WIDTH - RIGHT, y1: at(y.scale(value)), y2: at(y.scale(value)) },
      }),
      label({ x: LEFT - 8, y: y.scale(value) + 4 }, columnText(y.column, Math.round(value), unit), {
        ...{ class: 'faint', 'text-anchor': 'end' },
      }),
    ]),
    label({ x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8 }, x.column.title, {
      'text-anchor': 'middle',
    }),
  ];
}

/** Designs by two columns, with the front of those that no other beats in both. */
export function paretoChart(
  comparison: Comparison,
  across: ComparisonColumn,
  up: ComparisonColumn,
): Markup {
  const { designs } = comparison;
  const { unit } = comparison.cpu;
  const rangeOf = (column: ComparisonColumn): [number, number] => {
    const values = designs.map((design) => column.value(design));
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = (most - least) * 0.06;
    return [Math.max(0, least - margin), most + margin];
  };
  const [x0, x1] = rangeOf(across);
  const [, y1] = rangeOf(up);
  const x = scaleOf(x0, x1, LEFT, WIDTH - RIGHT);
  const y = scaleOf(0, Math.max(y1, 1), HEIGHT - BOTTOM, TOP);
  const front = paretoFront(designs, across, up);
  const labelled = [...front, ...designs.filter((one) => !front.includes(one))].slice(0, LABELS);
  const title = `${up.title} against ${across.title}`;
  const steps = front.map((design, i) => {
    const [px, py] = [at(x(across.value(design))), at(y(up.value(design)))];
    return i === 0 ? `M${px} ${py}` : `H${px} V${py}`;
  });
  const placeOf = (design: DesignResult): Place => ({
    x: x(across.value(design)),
    y: y(up.value(design)),
  });
  const names = placedNames(
    labelled.map((design) => ({ ...placeOf(design), name: design.design })),
  );
  const points = [...designs]
    .sort((a, b) => across.value(a) - across.value(b))
    .map((design) => {
      const words = `${design.design}: ${columnText(across, across.value(design), unit)} ${across.title}, ${columnText(up, up.value(design), unit)} ${up.title}`;
      // Another one at the same place is as good.
      const isOnFront = front.some(
        (one) => across.value(one) === across.value(design) && up.value(one) === up.value(design),
      );
      return pointMark(placeOf(design), words, isOnFront);
    });
  return element(
    'figure',
    {},
    svg(
      title,
      HEIGHT,
      ...axes(
        comparison,
        { scale: x, range: [x0, x1], column: across },
        { scale: y, range: [0, Math.max(y1, 1)], column: up },
      ),
      element('path', { class: 'front', d: steps.join(' ') }),
      ...points,
      ...names,
    ),
    element(
      'figcaption',
      {},
      text(`${title}. On the line: designs that no other beats in both (Pareto front).`),
    ),
  );
}

const ticks = (
  least: number,
  most: number,
  draw: (value: number) => readonly Markup[],
): readonly Markup[] =>
  Array.from({ length: TICKS + 1 }, (_, i) => draw(least + ((most - least) * i) / TICKS)).flat();

const TIMELINE_HEIGHT = 260;
const TIMELINE_WIDTH = 1100;

/** Faults along the trace, stacked by how they ended, and the cost of each stretch as a line. */
export function timelineChart(rows: readonly TimelineRow[], unit: CostUnit): Markup {
  const total = ({ faults }: TimelineRow): number =>
    FAULT_CLASSES.reduce((sum, { key }) => sum + faults[key], 0);
  const most = Math.max(1, ...rows.map(total));
  const mostCost = Math.max(1, ...rows.map(({ cost }) => cost));
  const right = TIMELINE_WIDTH - 74;
  const bottom = TIMELINE_HEIGHT - BOTTOM;
  const x = scaleOf(0, rows.length, LEFT, right);
  const y = scaleOf(0, most, bottom, TOP);
  const yCost = scaleOf(0, mostCost, bottom, TOP);
  const bars = rows.map((row, i) => {
    let sum = 0;
    const words = `Lines ${humanCount(row.first)} to ${humanCount(row.last)}: ${FAULT_CLASSES.map(({ key }) => `${String(row.faults[key])} ${key}`).join(', ')}; cost ${costText(row.cost, unit)}`;
    const pieces = FAULT_CLASSES.filter(({ key }) => row.faults[key] > 0).map(({ key }) => {
      const from = sum;
      sum += row.faults[key];
      return element('rect', {
        class: `f-${key}`,
        ...{ x: at(x(i)), y: at(y(sum)), width: at(Math.max(0.5, x(i + 1) - x(i) - 0.6)) },
        height: at(y(from) - y(sum)),
      });
    });
    return element('g', {}, element('title', {}, text(words)), ...pieces);
  });
  const line = rows.map((row, i) => `${at(x(i + 0.5))},${at(yCost(row.cost))}`).join(' ');
  return element(
    'svg',
    {
      viewBox: `0 0 ${String(TIMELINE_WIDTH)} ${String(TIMELINE_HEIGHT)}`,
      role: 'img',
      'aria-label': `Faults along the trace: at most ${humanCount(most)} in a stretch, which costs at most ${costText(mostCost, unit)}`,
    },
    ...ticks(0, most, (value) => [
      element('line', { class: 'grid', x1: LEFT, x2: right, y1: at(y(value)), y2: at(y(value)) }),
      label({ x: LEFT - 8, y: y(value) + 4 }, humanCount(Math.round(value)), {
        ...{ class: 'faint', 'text-anchor': 'end' },
      }),
    ]),
    ...ticks(0, mostCost, (value) => [
      label({ x: right + 8, y: yCost(value) + 4 }, costText(value, unit), { class: 'faint' }),
    ]),
    joined(bars),
    element('polyline', { class: 'cost', points: line }),
    label({ x: LEFT, y: bottom + 18 }, 'line 1', { class: 'faint' }),
    label({ x: right, y: bottom + 18 }, `line ${humanCount(rows.at(-1)?.last ?? 0)}`, {
      ...{ class: 'faint', 'text-anchor': 'end' },
    }),
    label(
      { x: (LEFT + right) / 2, y: bottom + 34 },
      'faults (bars, left) and cost (line, right) along the trace',
      {
        'text-anchor': 'middle',
      },
    ),
  );
}
