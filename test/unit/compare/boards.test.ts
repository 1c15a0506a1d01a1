import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boardFigures } from '../../../src/compare/boards.ts';
import type { BoardFigure } from '../../../src/compare/boards.ts';
import { estimatedLines } from '../../../src/sim/line-touches.ts';
import { ROOT, demoTrace } from '../../support/demo.ts';

/** Lines of a page that the demo's program uses at a time, on average. */
const { lines } = demoTrace();
const linesPerPage =
  lines.reduce((sum, { count }) => sum + estimatedLines(count), 0) / lines.length;
const figures = boardFigures(linesPerPage);

const error = ({ published, predicted }: BoardFigure): number => (predicted / published - 1) * 100;
const number = (value: number, unit: string): string =>
  unit === 'x' || unit === '%'
    ? value.toFixed(2)
    : Math.round(value)
        .toString()
        .replace(/\B(?=(\d{3})+$)/g, ',');

/** A row as the document has it. */
const row = (figure: BoardFigure): string[] => [
  figure.board,
  figure.figure,
  `${number(figure.published, figure.unit)} ${figure.unit}`,
  `${number(figure.predicted, figure.unit)} ${figure.unit}`,
  figure.fitted === undefined ? `${error(figure).toFixed(1)} %` : 'fitted',
  figure.fitted ?? '',
];

test('the document has every figure as it is computed', () => {
  const text = readFileSync(resolve(ROOT, 'src/compare/README.md'), 'utf8');
  const [, table = ''] = text.split('<!-- boards -->');
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| -|^\| board /.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  expect(rows).toEqual(figures.map(row));
});

describe('predictions', () => {
  test.each([
    // What is said of each in the document.
    ['tuned: synchronous bursts (l18)', 2],
    ['second run in place (p30-65)', 10],
    ['memcpy, nothing fitted', 15],
    ['FIR, one run of ten cold', 0.1],
    ['a 32-bit word (at least)', 0.1],
  ])('%s: within %d %%', (name, percent) => {
    const figure = figures.find((candidate) => candidate.figure === name);
    expect(figure?.fitted).toBeUndefined();
    expect(Math.abs(figure === undefined ? NaN : error(figure))).toBeLessThan(percent);
  });

  test('a fitted number gives the figure it was fitted to', () => {
    const fitted = figures.filter((figure) => figure.fitted !== undefined);
    expect(fitted.length).toBeGreaterThan(3);
    for (const figure of fitted) expect(Math.abs(error(figure))).toBeLessThan(1e-6);
  });

  test('each board fits at most one number a model of its bus', () => {
    for (const board of new Set(figures.map(({ board: name }) => name))) {
      const ofBoard = figures.filter((figure) => figure.board === board);
      const buses = new Set(ofBoard.map(({ figure }) => /\((\S+)\)/.exec(figure)?.[1]));
      expect(ofBoard.filter(({ fitted }) => fitted !== undefined).length).toBeLessThanOrEqual(
        Math.max(1, buses.size),
      );
    }
  });
});
