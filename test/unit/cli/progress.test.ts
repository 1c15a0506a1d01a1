import { describe, expect, it } from 'vitest';
import { progressLine, startProgress } from '../../../src/cli/progress.ts';
import { FakeHost } from '../../support/fake-host.ts';

const onTerminal = (tick: number): FakeHost => {
  const host = new FakeHost();
  host.errIsTty = true;
  host.tick = tick;
  return host;
};

describe('startProgress', () => {
  it('says nothing in the first second, then draws ten times a second, then cleans up', () => {
    const host = onTerminal(40);
    const progress = startProgress(host, 'packing', true);
    for (let i = 1; i <= 24; i += 1) progress.update(i, 50);
    expect(host.stderr).toBe('');
    for (let i = 25; i <= 50; i += 1) progress.update(i, 50);
    const drawn = host.stderr.split('\r\x1b[K').slice(1);
    expect(drawn.length).toBe(9);
    expect(drawn[0]).toMatch(/^packing \[#{20}\.{20}\] {2}50 %$/);
    progress.end();
    expect(host.stderr.endsWith('\r\x1b[K')).toBe(true);
    expect(host.stdout).toBe('');
  });

  it('leaves no trace of what was short', () => {
    const host = onTerminal(1);
    const progress = startProgress(host, 'packing', true);
    progress.update(1, 2);
    progress.end();
    expect(host.stderr).toBe('');
  });

  it.each([
    ['is not a terminal', false, true],
    ['is not wanted', true, false],
  ])('says nothing when it %s', (_name, tty, enabled) => {
    const host = onTerminal(5000);
    host.errIsTty = tty;
    const progress = startProgress(host, 'packing', enabled);
    progress.update(1, 2);
    progress.end();
    expect(host.stderr).toBe('');
  });
});

describe('progressLine', () => {
  it('fits the terminal', () => {
    for (let columns = 12; columns < 120; columns += 1)
      expect(progressLine('packing', 1, 3, columns).length).toBeLessThan(columns);
    expect(progressLine('packing', 1, 3, 30)).toBe('packing [####.........]  33 %');
    expect(progressLine('packing', 1, 3, 12)).toBe(' 33 %');
  });

  it('knows the ends', () => {
    expect(progressLine('x', 0, 5, 20)).toBe('x [.........]   0 %');
    expect(progressLine('x', 5, 5, 20)).toBe('x [#########] 100 %');
    expect(progressLine('x', 0, 0, 20)).toBe('x [#########] 100 %');
  });
});
