import { describe, expect, it, test } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createRandom } from '../../../src/base/random.ts';
import {
  BOOT_EPOCH_PAGES,
  TOUCHES_MEAN,
  WORKLOAD_DEFAULTS,
  generateWorkload,
} from '../../../src/workload/generate.ts';
import type { WorkloadFile, WorkloadOptions } from '../../../src/workload/generate.ts';
import { formatTrace } from '../../../src/workload/format.ts';
import { epochOf } from '../../../src/workload/trace.ts';
import { createZipf, shuffled } from '../../../src/workload/zipf.ts';
import { rowsOf } from './samples/read.ts';

const file = (path: string, pages: number, executable = true): WorkloadFile => ({
  path: fromText(path),
  size: pages * 4096 - 1,
  executable,
});
const FILES = [
  file('/bin/sh', 200),
  file('/bin/vi', 300),
  file('/etc/data', 500, false),
  { path: fromText('/etc/empty'), size: 0, executable: false },
];
const make = (options: Partial<WorkloadOptions> = {}): ReturnType<typeof generateWorkload> =>
  generateWorkload(FILES, { ...WORKLOAD_DEFAULTS, seed: 7, ...options });
const NONE = {
  boot: { pages: 0 },
  launch: { processes: 0, pages: 0 },
  steady: { epochs: 0, touches: 0 },
};

describe('a generated workload', () => {
  it('is the same for the same seed, and another for another', () => {
    const text = (seed: number): string => Buffer.from(formatTrace(make({ seed }))).toString();
    expect(text(7)).toBe(text(7));
    expect(text(8)).not.toBe(text(7));
  });

  it('boots with exactly so many different pages, all of them at most', () => {
    for (const [pages, expected] of [
      [1, 1],
      [321, 321],
      [5000, 1000],
    ] as const) {
      const { lines } = make({ ...NONE, boot: { pages } });
      expect(new Set(lines.map(({ path, page }) => `${path}:${String(page)}`)).size).toBe(expected);
      expect(lines).toHaveLength(expected);
      expect(lines.every(({ pid }) => pid === 1)).toBe(true);
      expect(lines.at(-1)!.epoch).toBe(Math.ceil(expected / BOOT_EPOCH_PAGES) - 1);
    }
  });

  it('boots in sequential runs: with long ones most pages follow the one before', () => {
    const following = (runLength: number): number => {
      const { lines } = make({ ...NONE, boot: { pages: 400 }, runLength });
      const count = lines.filter((line, i) => {
        const before = lines[i - 1];
        return before?.path === line.path && before.page + 1 === line.page;
      }).length;
      return count / lines.length;
    };
    expect(following(1)).toBeLessThan(0.2);
    expect(following(20)).toBeGreaterThan(0.7);
  });

  it('launches executables, an epoch and a process each', () => {
    const { lines } = make({ ...NONE, launch: { processes: 12, pages: 30 } });
    expect(new Set(lines.map(({ pid }) => pid)).size).toBe(12);
    expect(new Set(lines.map(epochOf)).size).toBe(12);
    expect(new Set(lines.map(({ path }) => path))).toEqual(new Set(['/bin/sh', '/bin/vi']));
    // A process touches one program.
    const programs = new Set(lines.map(({ pid, path }) => `${String(pid)} ${path}`));
    expect(programs.size).toBe(12);
  });

  it('without executables launches any file', () => {
    const made = generateWorkload([file('/a', 3, false)], {
      ...WORKLOAD_DEFAULTS,
      ...NONE,
      seed: 1,
      writeShare: 0,
      launch: { processes: 1, pages: 2 },
    });
    expect(made.lines.every(({ accesses }) => accesses.join() === 'read')).toBe(true);
  });

  it('works steadily with a tenth of the pages that grows with the exponent', () => {
    const topShare = (exponent: number): number => {
      const { lines } = make({ ...NONE, steady: { epochs: 50, touches: 100 }, exponent });
      const uses = new Map<string, number>();
      for (const { path, page } of lines)
        uses.set(`${path}:${String(page)}`, (uses.get(`${path}:${String(page)}`) ?? 0) + 1);
      const counts = [...uses.values()].sort((a, b) => b - a);
      const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
      return sum(counts.slice(0, Math.ceil(counts.length / 10))) / sum(counts);
    };
    expect(topShare(1)).toBeGreaterThan(topShare(0) + 0.15);
  });

  it('writes a share of the pages, the same ones in every phase', () => {
    const { lines } = make({ writeShare: 0.25, boot: { pages: 1000 } });
    const written = new Map<string, Set<boolean>>();
    for (const { path, page, accesses } of lines) {
      const key = `${path}:${String(page)}`;
      written.set(key, (written.get(key) ?? new Set()).add(accesses.includes('write')));
    }
    expect([...written.values()].every(({ size }) => size === 1)).toBe(true);
    const share = [...written.values()].filter((set) => set.has(true)).length / written.size;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.05);
    expect(make({ writeShare: 0 }).lines.some(({ accesses }) => accesses.includes('write'))).toBe(
      false,
    );
  });

  it('fetches executables, reads others, with the mean of touches that it says', () => {
    const { lines } = make({ ...NONE, boot: { pages: 1000 }, writeShare: 0 });
    for (const { path, accesses } of lines)
      expect(accesses).toEqual([path.startsWith('/bin/') ? 'exec' : 'read']);
    const mean = lines.reduce((sum, { count }) => sum + count, 0) / lines.length;
    expect(Math.abs(mean - 1 - TOUCHES_MEAN)).toBeLessThan(15);
  });

  it('a phase does not change when options of another do', () => {
    const boot = (options: Partial<WorkloadOptions>): string[] =>
      rowsOf(make(options)).filter((row) => row.startsWith('1 '));
    expect(boot({ launch: { processes: 3, pages: 9 } })).toEqual(boot({}));
  });

  test.each([
    [{ seed: 1.5 }, 'seed is 1.5, expected a whole number from 0'],
    [{ boot: { pages: -1 } }, 'boot is -1, expected a whole number from 0'],
    [{ runLength: 0.5 }, 'run length is 0.5, expected 1 to 1000000'],
    [{ exponent: 11 }, 'exponent is 11, expected 0 to 10'],
    [{ writeShare: NaN }, 'write share is NaN, expected 0 to 1'],
    [NONE, 'generated: nothing is touched: pages of boot, launch and steady are all 0'],
  ])('%j is refused', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });

  it('files without a page are refused', () => {
    expect(() => generateWorkload([file('/a', 0)], { ...WORKLOAD_DEFAULTS, seed: 1 })).toThrow(
      'generated: no file has a page, expected files with content',
    );
  });
});

describe("Zipf's distribution", () => {
  it('has probabilities proportional to 1 / (k + 1)^s', () => {
    const random = createRandom(3);
    const zipf = createZipf(4, 1);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 24_000; i += 1) {
      const rank = zipf.draw(random);
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    // 12 : 6 : 4 : 3 of 25.
    for (const [k, weight] of [12, 6, 4, 3].entries())
      expect(Math.abs(counts[k]! / 24_000 - weight / 25)).toBeLessThan(0.01);
  });

  it('shuffling keeps all numbers', () => {
    expect([...shuffled(50, createRandom(1))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect([...shuffled(50, createRandom(1))]).not.toEqual([...shuffled(50, createRandom(2))]);
  });
});
