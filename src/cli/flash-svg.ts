/**
 * A bar chart as SVG, written by hand: one bar a row, a label on its left, its value on its right.
 *
 * @module
 */

/** A bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The value for people. */
  readonly text: string;
}

const WIDTH = 760;
const LABEL_WIDTH = 270;
const VALUE_WIDTH = 110;
const ROW = 26;
const TOP = 44;
const BAR_HEIGHT = 16;

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** The chart; bars of nothing are lines of no width. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(0, ...bars.map(({ value }) => value));
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const height = TOP + bars.length * ROW + 12;
  const rows = bars.map(({ label, value, text }, index) => {
    const y = TOP + index * ROW;
    const width = most === 0 ? 0 : (room * value) / most;
    const base = String(y + BAR_HEIGHT - 4);
    return [
      `  <text x="${String(LABEL_WIDTH - 8)}" y="${base}" text-anchor="end">${escaped(label)}</text>`,
      `  <rect x="${String(LABEL_WIDTH)}" y="${String(y)}" width="${width.toFixed(1)}" height="${String(BAR_HEIGHT)}" fill="#3b6ea5"/>`,
      `  <text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${base}">${escaped(text)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}" height="${String(height)}" font-family="sans-serif" font-size="12">`,
    `  <title>${escaped(title)}</title>`,
    `  <rect width="${String(WIDTH)}" height="${String(height)}" fill="#ffffff"/>`,
    `  <text x="12" y="24" font-size="15">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}
