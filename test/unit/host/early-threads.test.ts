import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EarlyThreads, isWorthThreads, startEarly } from '../../../src/host/early-threads.ts';
import { WORTH_A_WORKER } from '../../../src/host/host.ts';
import { createWorkerPool } from '../../../src/host/worker-pool.ts';

/** The worker as built: Node 20 runs no TypeScript in a thread. The test run builds dist first. */
const workerUrl = new URL('../../../dist/src/host/deflate-worker.js', import.meta.url);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'axfs-early-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A directory with these files. */
function directory(name: string, files: Readonly<Record<string, number>>): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'in', 'it'), { recursive: true });
  for (const [file, bytes] of Object.entries(files))
    writeFileSync(join(path, file), new Uint8Array(bytes));
  return path;
}

describe('isWorthThreads', () => {
  const half = WORTH_A_WORKER / 2;

  it('adds up the files of a directory, and below', () => {
    expect(isWorthThreads(directory('two', { 'in/a': half, 'in/it/b': half }))).toBe(true);
    expect(isWorthThreads(directory('less', { 'in/a': half, 'in/it/b': half - 1 }))).toBe(false);
  });

  it('looks no further than some hundred names', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${String(i)}`, 0]));
    expect(isWorthThreads(directory('many', { ...many, 'in/it/z': 2 * half }))).toBe(false);
  });

  it('takes nothing but a directory', () => {
    const path = directory('other', { file: 2 * half });
    symlinkSync('file', join(path, 'in', 'link'));
    expect(isWorthThreads(join(path, 'file'))).toBe(false);
    expect(isWorthThreads(join(path, 'in'))).toBe(false);
    expect(['', '-', '--help', join(path, 'missing'), 'a\0b'].some(isWorthThreads)).toBe(false);
  });
});

describe('startEarly', () => {
  it('starts nothing for sources that run directly', () => {
    expect(startEarly([directory('large', { file: WORTH_A_WORKER })])).toBeUndefined();
  });
});

describe('EarlyThreads', () => {
  it('gives each thread once', async () => {
    const early = new EarlyThreads(workerUrl, 2);
    const threads = [early.take(), early.take()];
    expect(new Set(threads).size).toBe(2);
    expect(early.take()).toBeUndefined();
    for (const thread of threads) await thread?.terminate();
  });

  it('ends the others', () => {
    const early = new EarlyThreads(workerUrl, 2);
    early.end();
    expect(early.take()).toBeUndefined();
  });

  it('forgets a thread that failed', async () => {
    const body = join(folder, 'fails.mjs');
    writeFileSync(body, 'throw new Error("no luck")');
    const early = new EarlyThreads(pathToFileURL(body), 2);
    expect(early.count).toBe(2);
    await expect.poll(() => early.count, { timeout: 10_000 }).toBe(0);
    expect(early.take()).toBeUndefined();
  });

  it.each([1, 2, 3])('serves a pool of %i threads', async (jobs) => {
    const early = new EarlyThreads(workerUrl, 2);
    const pool = createWorkerPool({ workerUrl, jobs, codec: 'lz4', early });
    const results = await Promise.all(
      [1, 2, 3, 4].map((fill) => pool.compress([new Uint8Array(4096).fill(fill)])),
    );
    expect(results.map(([stored]) => (stored?.length ?? 4096) < 4096)).toEqual(
      Array.from({ length: 4 }, () => true),
    );
    expect(early.count).toBe(Math.max(0, 2 - jobs));
    early.end();
    await pool.close();
  });
});
