import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CODECS, codecOf } from '../../../src/codec/codecs.ts';
import { deflateIfSmaller } from '../../../src/codec/compressor.ts';
import type { CompressedBlock, PageCompressor } from '../../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../../src/codec/pako.ts';
import { loadLibdeflate, loadZlibModule } from '../../../src/host/node-host.ts';
import { createWorkerPool } from '../../../src/host/worker-pool.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

/** The worker as built: Node 20 runs no TypeScript in a thread. The test run builds dist first. */
const workerUrl = new URL('../../../dist/src/host/deflate-worker.js', import.meta.url);

const pools: PageCompressor[] = [];
const poolOf = (options: Partial<Parameters<typeof createWorkerPool>[0]>): PageCompressor => {
  const pool = createWorkerPool({ workerUrl, jobs: 2, ...options });
  pools.push(pool);
  return pool;
};
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

/** Twelve batches of blocks that shrink and that do not, of many lengths, one batch empty. */
const batches = Array.from({ length: 12 }, (_, b) =>
  Array.from({ length: b * 5 }, (_unused, i) =>
    i % 3 === 0 ? noiseBytes(1 + 37 * i, 256, b + 1) : textBytes(i === 1 ? 300_000 : 40 * i),
  ),
);
const deflater = createPakoDeflater();
const expected = batches.map((blocks) => blocks.map((block) => deflateIfSmaller(deflater, block)));

/** Lengths and SHA-256 of a batch's results. */
function digestOf(stored: readonly CompressedBlock[]): string {
  const hash = createHash('sha256');
  for (const bytes of stored) hash.update(bytes ?? '');
  return `${stored.map((bytes) => bytes?.length).join()} ${hash.digest('hex')}`;
}

describe('createWorkerPool', () => {
  it('has a built worker to test', () => {
    expect(existsSync(workerUrl)).toBe(true);
  });

  it.each([1, 2, 3])('gives on %i threads the bytes that one thread gives', async (jobs) => {
    const pool = poolOf({ jobs, modules: { zlib: loadZlibModule() } });
    expect(pool.parallelism).toBe(2 * jobs);
    expect(await Promise.all(batches.map((blocks) => pool.compress(blocks)))).toEqual(expected);
    // And again with memory and threads already there.
    expect(await pool.compress(batches[7]!)).toEqual(expected[7]);
  });

  it.each(CODECS.flatMap(({ name }) => [1, 2, 3].map((jobs) => ({ codec: name, jobs }))))(
    'makes with $codec on $jobs threads what one thread makes',
    async ({ codec, jobs }) => {
      const modules = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };
      const own = codecOf(codec).makeDeflater(modules);
      const there = batches.map((blocks) => blocks.map((block) => deflateIfSmaller(own, block)));
      const pool = poolOf({ jobs, codec, modules });
      const made = await Promise.all(batches.map((blocks) => pool.compress(blocks)));
      expect(made.map(digestOf)).toEqual(there.map(digestOf));
      expect(digestOf(await pool.compress(batches[5]!))).toBe(digestOf(there[5]!));
    },
  );

  it('starts no thread for a codec whose module is missing', () => {
    expect(() => poolOf({ codec: 'zlib-fast', modules: { zlib: loadZlibModule() } })).toThrow(
      'codec zlib-fast needs WebAssembly',
    );
  });

  it('gives the same bytes without WebAssembly', async () => {
    const pool = poolOf({ modules: {} });
    expect(await Promise.all(batches.map((blocks) => pool.compress(blocks)))).toEqual(expected);
  });

  it('lets go of the blocks before it returns', async () => {
    const blocks = batches[9]!.map((block) => block.slice());
    const result = poolOf({ modules: { zlib: loadZlibModule() } }).compress(blocks);
    for (const block of blocks) block.fill(0x55);
    expect(await result).toEqual(expected[9]);
  });

  it('asserts that there is a thread', () => {
    expect(() => createWorkerPool({ workerUrl, jobs: 0 })).toThrow(
      'a pool has at least one thread: 0',
    );
  });

  it('fails what is in flight when it is closed, and what comes later', async () => {
    const pool = poolOf({});
    const pending = pool.compress([textBytes(4096)]);
    const failed = expect(pending).rejects.toThrow('the compressor was closed');
    await pool.close();
    await failed;
    await expect(pool.compress([])).rejects.toThrow('the compressor was closed');
  });

  it('does not keep the process alive, busy or idle', () => {
    const pool = new URL('../../../dist/src/host/worker-pool.js', import.meta.url);
    const script = `
      const { createWorkerPool } = await import(${JSON.stringify(pool.href)});
      const pool = createWorkerPool({ workerUrl: new URL(${JSON.stringify(workerUrl.href)}), jobs: 2 });
      const [stored] = await pool.compress([new Uint8Array(4096)]);
      console.log(stored.length);`;
    const options = { timeout: 30_000, encoding: 'utf8' } as const;
    const args = ['--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, args, options)).toBe('26\n');
  });
});

describe('a thread that fails', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'axfs-pool-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const workerOf = (body: string): URL => {
    const file = join(folder, `worker-${String(body.length)}.mjs`);
    writeFileSync(file, body);
    return pathToFileURL(file);
  };

  it.each([
    ['throw new Error("no\\nluck")', 'a compression thread failed: no luck'],
    ['process.exit(3)', 'a compression thread ended early with code 3'],
  ])('fails every batch: %s', async (body, message) => {
    const pool = poolOf({ workerUrl: workerOf(body) });
    const results = await Promise.allSettled([
      pool.compress([textBytes(10)]),
      pool.compress([textBytes(10)]),
    ]);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'EIO', message } });
    await expect(pool.compress([textBytes(10)])).rejects.toThrow(message);
  });
});
