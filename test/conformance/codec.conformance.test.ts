/**
 * Whether others read what the codecs make, on every page of a root filesystem where the reference data
 * (AXFS_REFERENCE) is there, else on pages of a seed: LZ4 blocks by the reference implementation, zlib streams
 * by the zlib of Node, by pako and by stock zlib. And whether workers, however many, make the same bytes.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CODECS, codecOf } from '../../src/codec/codecs.ts';
import type { CodecName } from '../../src/codec/codecs.ts';
import { createLz4Inflater } from '../../src/codec/lz4-decode.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { loadLibdeflate, loadZlibModule } from '../../src/host/node-host.ts';
import { createWorkerPool } from '../../src/host/worker-pool.ts';
import { lz4Fault } from '../property/lz4-block.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';
import { canExtract, extractCorpus } from './reference.ts';

const PAGE = 4096;
const folder = mkdtempSync(join(tmpdir(), 'axfs-codec-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The reference implementation as a program, or `undefined` without a compiler or the library. */
function buildReference(): string | undefined {
  const program = join(folder, 'liblz4');
  const source = join(import.meta.dirname, 'liblz4.c');
  try {
    execFileSync('gcc', ['-O2', '-Wall', '-o', program, source, '-ldl'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return spawnSync(program, ['decompress'], { input: '' }).status === 0 ? program : undefined;
}
const reference = buildReference();
const whyNoReference = reference === undefined ? ' (skipped: needs gcc and liblz4.so.1)' : '';

interface Job {
  readonly bytes: Uint8Array;
  /** Bytes for the result. */
  readonly room: number;
}

/** Results of the reference implementation, a number of bytes and the bytes; a negative number is a refusal. */
function askReference(mode: 'decompress' | 'fast' | 'hc', jobs: readonly Job[]): readonly Buffer[] {
  const input = Buffer.concat(
    jobs.flatMap(({ bytes, room }) => [
      new Uint8Array(Uint32Array.of(bytes.length, room).buffer),
      bytes,
    ]),
  );
  const out = execFileSync(reference!, [mode], { input, maxBuffer: 2 ** 30 });
  const results: Buffer[] = [];
  for (let at = 0; at < out.length;) {
    const length = out.readInt32LE(at);
    at += 4;
    results.push(length < 0 ? REFUSED : out.subarray(at, at + length));
    at += Math.max(0, length);
  }
  expect(results.length).toBe(jobs.length);
  return results;
}
const REFUSED = Buffer.from('refused');

/** Calls with parts of a list: what one process is given is held in memory at once. */
function inParts<T>(list: readonly T[], call: (part: readonly T[]) => void): void {
  for (let at = 0; at < list.length; at += 4000) call(list.slice(at, at + 4000));
}

/** All regular files of a tree, cut into blocks. */
function blocksOfTree(root: string, size: number): readonly Uint8Array[] {
  const blocks: Uint8Array[] = [];
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const content = readFileSync(file);
    for (let at = 0; at < content.length; at += size) blocks.push(content.subarray(at, at + size));
  }
  return blocks;
}

/** Text, code-like and random pages and pieces of pages, of a seed. */
const synthetic = (size: number): readonly Uint8Array[] =>
  Array.from({ length: 1200 }, (_, i) => {
    const length = i % 4 === 0 ? 1 + ((i * 7919) % size) : size;
    if (i % 3 === 0) return textBytes(length + i).subarray(i);
    return noiseBytes(length, 2 + ((i * 31) % 255), i);
  });

const modules = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };
let pages: readonly Uint8Array[] = [];
let large: readonly Uint8Array[] = [];
beforeAll(() => {
  const tree = join(folder, 'tree');
  if (canExtract) extractCorpus(tree);
  pages = canExtract ? blocksOfTree(tree, PAGE) : synthetic(PAGE);
  large = canExtract ? blocksOfTree(tree, 256 * 1024) : synthetic(70_000);
});
const where = canExtract ? 'the pages of a root filesystem' : 'synthetic pages';

describe.skipIf(reference === undefined)(`LZ4 blocks of ${where}${whyNoReference}`, () => {
  it.each(['pages', 'large blocks'] as const)(
    '%s expand with the reference implementation',
    (kind) => {
      const deflater = codecOf('lz4').makeDeflater({});
      inParts(kind === 'pages' ? pages : large, (blocks) => {
        const stored = blocks.map((block) => deflater.deflate(block));
        expect(
          stored.findIndex((bytes, i) => lz4Fault(bytes, blocks[i]!.length) !== undefined),
        ).toBe(-1);
        const expanded = askReference(
          'decompress',
          stored.map((bytes, i) => ({ bytes, room: blocks[i]!.length })),
        );
        expect(expanded.findIndex((bytes, i) => Buffer.compare(bytes, blocks[i]!) !== 0)).toBe(-1);
      });
    },
  );

  it.each(['fast', 'hc'] as const)('of the reference implementation (%s) expand here', (mode) => {
    const inflater = createLz4Inflater();
    inParts(pages, (blocks) => {
      const stored = askReference(
        mode,
        blocks.map((bytes) => ({ bytes, room: bytes.length + 100 })),
      );
      const wrong = stored.findIndex((bytes, i) => {
        const into = new Uint8Array(blocks[i]!.length);
        return (
          inflater.inflate(bytes, into) !== into.length || Buffer.compare(into, blocks[i]!) !== 0
        );
      });
      expect(wrong).toBe(-1);
    });
  });

  it('damaged, are judged as the reference implementation judges them', () => {
    const deflater = codecOf('lz4').makeDeflater({});
    const inflater = createLz4Inflater();
    const jobs = Array.from({ length: 6000 }, (_, i) => {
      const block = pages[(i * 7919) % pages.length]!;
      const bytes = deflater.deflate(block).slice();
      // Early bytes more often: few pages are mostly literals there.
      const [where_, value] = noiseBytes(2, 65_536, i + 1);
      const at = (i % 2 === 0 ? where_! % 64 : where_! * 17) % bytes.length;
      bytes[at] = i % 3 === 0 ? value! : (bytes[at] ?? 0) ^ (1 << (i % 8));
      return { bytes: i % 5 === 0 ? bytes.subarray(0, at) : bytes, room: block.length };
    });
    const verdicts = askReference('decompress', jobs);
    let accepted = 0;
    for (const [i, { bytes, room }] of jobs.entries()) {
      const into = new Uint8Array(room);
      let own: Uint8Array = REFUSED;
      try {
        own = into.subarray(0, inflater.inflate(bytes, into));
      } catch (error) {
        expect(error).toMatchObject({ code: 'EIO' });
        // The reference implementation passes offset 0, and shorter results with a last match too late.
        if (/offset 0|before the end|it ends with/.test(String(error))) continue;
      }
      if (own !== REFUSED) accepted += 1;
      expect(Buffer.compare(own, verdicts[i]!), `case ${String(i)}`).toBe(0);
    }
    expect(accepted).toBeGreaterThan(300);
    expect(accepted).toBeLessThan(5700);
  });
});

describe.each(CODECS.filter(({ compressionType }) => compressionType === 0))(
  `$name streams of ${where}`,
  ({ makeDeflater }) => {
    it('expand with every zlib', () => {
      const deflater = makeDeflater(modules);
      const inflaters = [createPakoInflater(), createWasmZlib(modules.zlib!)];
      const into = new Uint8Array(PAGE);
      let wrong = 0;
      for (const page of pages) {
        const stored = deflater.deflate(page);
        const flags = stored[1] ?? 0;
        // RFC 1950: deflate, a window of 32 KiB, the check, no preset dictionary.
        if (stored[0] !== 0x78 || (0x7800 + flags) % 31 !== 0 || (flags & 0x20) !== 0) wrong += 1;
        if (Buffer.compare(inflateSync(stored, { windowBits: 15 }), page) !== 0) wrong += 1;
        for (const inflater of inflaters) {
          const length = inflater.inflate(stored, into);
          if (Buffer.compare(into.subarray(0, length), page) !== 0) wrong += 1;
        }
      }
      expect(wrong).toBe(0);
    });
  },
);

describe('images', () => {
  /** Bytes of all pages, each stored as it is when it does not shrink; SHA-256 of what is stored. */
  async function store(codec: CodecName, jobs: number): Promise<{ bytes: number; digest: string }> {
    const workerUrl = new URL('../../dist/src/host/deflate-worker.js', import.meta.url);
    const pool = createWorkerPool({ workerUrl, jobs, codec, modules });
    const hash = createHash('sha256');
    let bytes = 0;
    const batches: (readonly Uint8Array[])[] = [];
    for (let at = 0; at < pages.length; at += 64) batches.push(pages.slice(at, at + 64));
    const results = await Promise.all(batches.map((batch) => pool.compress(batch)));
    await pool.close();
    for (const [i, stored] of results.flat().entries()) {
      const kept = stored ?? pages[i]!;
      bytes += kept.length;
      hash.update(kept);
    }
    return { bytes, digest: hash.digest('hex') };
  }

  it.each(CODECS.map(({ name }) => name))(
    '%s: the same bytes on 1, 2 and 3 workers',
    async (name) => {
      const once = await store(name, 1);
      expect(await store(name, 2)).toEqual(once);
      expect(await store(name, 3)).toEqual(once);
      if (canExtract) expect(once.bytes).toBe(PAGE_BYTES[name]);
    },
  );

  it.skipIf(!canExtract)('get smaller from zlib to zlib-fast to zlib-small', () => {
    expect(PAGE_BYTES['zlib-fast']).toBeLessThanOrEqual(PAGE_BYTES.zlib);
    expect(PAGE_BYTES['zlib-small']).toBeLessThan(PAGE_BYTES['zlib-fast']);
  });
});

/** What the pages of the root filesystem take; with zlib this is what the original builder stores. */
const PAGE_BYTES = {
  zlib: 26_510_962,
  'zlib-fast': 26_504_157,
  'zlib-small': 26_197_383,
  lz4: 33_365_993,
} as const satisfies Readonly<Record<CodecName, number>>;
