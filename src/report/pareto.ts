/**
 * Pareto curves as text and as SVG written by hand: one figure against another, both better when smaller, with
 * the knee and the chosen design marked. Finding them is the caller's; here they are only drawn.
 *
 * @module
 */
import { textTable } from './table.ts';

/** An axis: what it shows, and a value of it for people. */
export interface ParetoAxis {
  readonly title: string;
  readonly format: (value: number) => string;
}

/** A design on a curve. */
export interface ParetoPoint {
  readonly x: number;
  readonly y: number;
  /** What the design is, in a few words. */
  readonly label: string;
}

/** A curve. */
export interface ParetoCurve {
  readonly title: string;
  readonly x: ParetoAxis;
  readonly y: ParetoAxis;
  /** Ascending in `x`. */
  readonly points: readonly ParetoPoint[];
  /** One of `points`. */
  readonly knee?: ParetoPoint | undefined;
  /** May lie off the curve. */
  readonly chosen?: ParetoPoint | undefined;
}

/** Most rows of a curve as text. */
const ROWS_MAX = 12;

/** Lines of a curve as a table: at most a dozen of its points, the ends and the knee among them. */
export function paretoText({ title, x, y, points, knee }: ParetoCurve): string[] {
  const last = points.length - 1;
  const shown = new Set(
    points.length <= ROWS_MAX
      ? points.keys()
      : Array.from({ length: ROWS_MAX }, (_, i) => Math.round((i * last) / (ROWS_MAX - 1))),
  );
  const rows = points
    .filter((point, i) => shown.has(i) || point === knee)
    .map((point) => [
      x.format(point.x),
      y.format(point.y),
      point.label,
      ...(knee === undefined ? [] : [point === knee ? 'knee' : '']),
    ]);
  const columns = [
    { title: x.title, align: 'right' },
    { title: y.title, align: 'right' },
    { title: 'design', align: 'left' },
    ...(knee === undefined ? [] : [{ title: 'mark', align: 'left' } as const]),
  ] as const;
  return [title, ...textTable(columns, rows)];
}

const WIDTH = 760;
const PANEL = 300;
const MARGIN = { left: 96, right: 24, top: 40, bottom: 52 } as const;
/** Lines of the grid on each axis, the ends among them. */
const TICKS = 5;

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A range of values on a range of the drawing. */
interface Scale {
  readonly from: number;
  readonly to: number;
  readonly at: (value: number) => number;
}

function scaleOf(values: readonly number[], start: number, end: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // One value alone stands in the middle.
  const pad = most > least ? 0.04 * (most - least) : Math.max(1, 0.1 * Math.abs(most));
  const [from, to] = [least - pad, most + pad];
  return { from, to, at: (value) => start + ((value - from) / (to - from)) * (end - start) };
}

const ticksOf = ({ from, to }: Scale): readonly number[] =>
  Array.from({ length: TICKS }, (_, i) => from + ((i + 0.5) / TICKS) * (to - from));

const number = (value: number): string => value.toFixed(1);

/** Curves below one another as one SVG document. Each has at least one point, or is left out. */
export function paretoSvg(title: string, curves: readonly ParetoCurve[]): string {
  const drawn = curves.filter(({ points }) => points.length > 0);
  const height = 36 + drawn.length * PANEL;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}" height="${String(height)}" font-family="sans-serif" font-size="12">`,
    `  <title>${escaped(title)}</title>`,
    `  <rect width="${String(WIDTH)}" height="${String(height)}" fill="#ffffff"/>`,
    `  <text x="12" y="24" font-size="15">${escaped(title)}</text>`,
    ...drawn.flatMap((curve, i) => panel(curve, 36 + i * PANEL)),
    '</svg>',
    '',
  ].join('\n');
}

function panel({ title, x, y, points, knee, chosen }: ParetoCurve, top: number): string[] {
  const all = chosen === undefined ? points : [...points, chosen];
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right];
  const [upper, lower] = [top + MARGIN.top, top + PANEL - MARGIN.bottom];
  const across = scaleOf(
    all.map((point) => point.x),
    left,
    right,
  );
  const up = scaleOf(
    all.map((point) => point.y),
    lower,
    upper,
  );
  const place = (point: ParetoPoint): readonly [string, string] => [
    number(across.at(point.x)),
    number(up.at(point.y)),
  ];
  const grid = [
    ...ticksOf(across).flatMap((value) => {
      const at = number(across.at(value));
      return [
        `  <line x1="${at}" y1="${number(upper)}" x2="${at}" y2="${number(lower)}" stroke="#dddddd"/>`,
        `  <text x="${at}" y="${number(lower + 16)}" text-anchor="middle">${escaped(x.format(Math.round(value)))}</text>`,
      ];
    }),
    ...ticksOf(up).flatMap((value) => {
      const at = up.at(value);
      return [
        `  <line x1="${number(left)}" y1="${number(at)}" x2="${number(right)}" y2="${number(at)}" stroke="#dddddd"/>`,
        `  <text x="${number(left - 6)}" y="${number(at + 4)}" text-anchor="end">${escaped(y.format(Math.round(value)))}</text>`,
      ];
    }),
  ];
  const line = points.map((point) => place(point).join(',')).join(' ');
  const dots = points.map((point) => {
    const [cx, cy] = place(point);
    const hint = escaped(`${point.label}: ${x.format(point.x)}, ${y.format(point.y)}`);
    return `  <circle cx="${cx}" cy="${cy}" r="3" fill="#3b6ea5"><title>${hint}</title></circle>`;
  });
  const mark = (point: ParetoPoint, word: string, color: string, below: number): string[] => {
    const [cx, cy] = place(point);
    return [
      `  <circle cx="${cx}" cy="${cy}" r="7" fill="none" stroke="${color}" stroke-width="2"/>`,
      `  <text x="${number(across.at(point.x) + 11)}" y="${number(up.at(point.y) + below)}" fill="${color}">${escaped(word)}</text>`,
    ];
  };
  return [
    `  <text x="${number(left)}" y="${number(top + 26)}" font-size="13">${escaped(title)}</text>`,
    ...grid,
    `  <polyline points="${line}" fill="none" stroke="#3b6ea5"/>`,
    ...dots,
    ...(knee === undefined ? [] : mark(knee, 'knee', '#a53b3b', -8)),
    ...(chosen === undefined ? [] : mark(chosen, 'chosen', '#2f7d32', 18)),
    `  <text x="${number((left + right) / 2)}" y="${number(lower + 36)}" text-anchor="middle">${escaped(x.title)}</text>`,
  ];
}
