import { describe, expect, it } from 'vitest';
import { paretoSvg, paretoText } from '../../../src/report/pareto.ts';
import type { ParetoCurve } from '../../../src/report/pareto.ts';

const curve = (count: number): ParetoCurve => {
  const points = Array.from({ length: count }, (_, i) => ({
    ...{ x: 10 * i, y: 100 - i, label: `design <${String(i)}>` },
  }));
  return {
    title: 'Flash & time',
    x: { title: 'flash', format: (value) => `${String(value)} B` },
    y: { title: 'time', format: (value) => `${String(value)} ns` },
    points,
  };
};

describe('a Pareto curve as text', () => {
  it('is a table with the knee marked', () => {
    const few = curve(3);
    expect(paretoText({ ...few, knee: few.points[1] })).toEqual([
      'Flash & time',
      'flash    time  design      mark',
      '-----  ------  ----------  ----',
      '  0 B  100 ns  design <0>',
      ' 10 B   99 ns  design <1>  knee',
      ' 20 B   98 ns  design <2>',
    ]);
    expect(paretoText(few)[1]).toBe('flash    time  design');
  });

  it('leaves out points of a long curve, but not its ends and its knee', () => {
    const long = curve(100);
    const lines = paretoText({ ...long, knee: long.points[50] });
    expect(lines).toHaveLength(3 + 13);
    for (const label of ['<0>', '<50>', '<99>']) expect(lines.join('\n')).toContain(label);
  });
});

describe('a Pareto curve as SVG', () => {
  const few = curve(3);
  const svg = paretoSvg('A <tree>', [
    { ...few, knee: few.points[1], chosen: { x: 40, y: 200, label: 'chosen' } },
    curve(0),
    curve(1),
  ]);

  it('draws every curve that has points, its knee and the choice', () => {
    expect(svg.match(/<polyline /g)).toHaveLength(2);
    expect(svg.match(/r="3"/g)).toHaveLength(4);
    expect(svg.match(/>knee</g)).toHaveLength(1);
    expect(svg.match(/>chosen</g)).toHaveLength(1);
    expect(svg).toContain('<title>design &lt;1&gt;: 10 B, 99 ns</title>');
  });

  it('escapes text, and keeps every point inside', () => {
    expect(svg).toContain('<title>A &lt;tree&gt;</title>');
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    for (const [, x, y] of svg.matchAll(/cx="([-0-9.]+)" cy="([-0-9.]+)"/g)) {
      expect(Number(x)).toBeGreaterThan(0);
      expect(Number(x)).toBeLessThan(Number(width));
      expect(Number(y)).toBeGreaterThan(0);
      expect(Number(y)).toBeLessThan(Number(height));
    }
    expect(svg).not.toContain('NaN');
  });
});
