/**
 * Hostile images: the malformed variants of the reference data, and random damage to every reference image.
 * AXFS_FUZZ_SECONDS sets how long the damage goes on, 90 by default; AXFS_FUZZ_SEED where it starts.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AxfsError } from '../../src/base/errno.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { checkImage } from '../../src/fs/check.ts';
import type { Verdict } from '../../src/fs/check.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { createNodeHost, loadZlibModule } from '../../src/host/node-host.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { newTally, runCase, specimenOf } from '../support/hostile.ts';
import { REFERENCE, hasReference, whyNoReference } from './reference.ts';

const zlib = loadZlibModule();
const inflater = zlib === undefined ? createPakoInflater() : createWasmZlib(zlib);
const host = createNodeHost();
const open = (image: Uint8Array): AxfsVolume =>
  new AxfsVolume(createRamDevice('image', memoryContents(image)), { name: 'image', inflater });
const check = (image: Uint8Array): ReturnType<typeof checkImage> =>
  checkImage(createRamDevice('image', memoryContents(image)), {
    ...{ name: 'image', inflater, sha1: () => host.hash('sha1') },
  });

/** SHA-256 of what an inode holds, or the errno that reading it ends with. */
function contentOf(volume: AxfsVolume, path: ByteString): string {
  try {
    const inode = volume.resolve(path, false);
    const { type, mode, uid, gid, size } = inode;
    const metadata = [type, mode, uid, gid, type === 'dir' ? 0 : size].join(' ');
    if (type !== 'file' && type !== 'symlink') return metadata;
    const bytes = new Uint8Array(size);
    volume.read(inode, 0, bytes);
    return `${metadata} ${createHash('sha256').update(bytes).digest('hex')}`;
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    return error.code;
  }
}

/**
 * What each change comes to: the verdict, the rules that are broken, and the paths that can no longer be
 * read; every other path holds what it holds in the good image.
 */
const VARIANTS: Readonly<
  Record<string, { verdict: Verdict; rules?: readonly string[]; lost?: readonly RegExp[] }>
> = {
  '01-bad-magic': { verdict: 'unmountable', rules: ['magic'] },
  '03-truncated-half': { verdict: 'unmountable', rules: ['size', 'region'] },
  '05-all-zero': { verdict: 'unmountable', rules: ['magic', 'signature'] },
  '07-compression-type-1': { verdict: 'unmountable', rules: ['compression'] },
  '09-size-field-plus-64M': { verdict: 'unmountable', rules: ['size'] },
  '11-root-zero-entries': {
    ...{ verdict: 'damaged', rules: ['empty_root', 'unreachable'], lost: [/^(?!\.$)/] },
  },
  '13-xip-node-index-huge': {
    ...{ verdict: 'damaged', rules: ['xip_range'], lost: [/^usr\/share\/doc\/text200k$/] },
  },
  '15-cblock-offset-decreasing': {
    ...{ verdict: 'damaged', rules: ['cblock_order', 'cblock_length'], lost: [/^[^.]/] },
  },
  '17-name-offset-out-of-range': {
    ...{ verdict: 'damaged', rules: ['name_offset'], lost: [/^etc\/one$/] },
  },
  '19-mode-index-out-of-range': {
    ...{ verdict: 'damaged', rules: ['mode_index'], lost: [/^etc\/one$/] },
  },
  '21-region-offset-beyond': { verdict: 'unmountable', rules: ['region'] },
  '23-blocks-0': { verdict: 'clean', rules: ['blocks'] },
  '25-unsorted-dir': { verdict: 'damaged', rules: ['name_order'] },
  '27-name-with-slash': {
    ...{ verdict: 'damaged', rules: ['name_slash', 'name_order'], lost: [/^etc\/[^/]+$/] },
  },
  '29-random-digest': { verdict: 'damaged', rules: ['digest'] },
  '31-mmap-size-0': { verdict: 'clean' },
  '33-cblock-size-0': { verdict: 'unmountable', rules: ['cblock_size'] },
  '35-max-index-wrong': { verdict: 'clean', rules: ['max_index'] },
  '37-compressed-table': { verdict: 'clean' },
  '39-xip-region-misaligned': { verdict: 'unmountable', rules: ['xip_alignment'] },
  '41-file-size-2GiB': { verdict: 'damaged', rules: ['page_count'], lost: [/./] },
  '43-empty-name': { verdict: 'damaged', rules: ['name_length'], lost: [/^etc\/[^/]+$/] },
  '45-trailing-garbage': { verdict: 'clean', rules: ['behind_end'] },
  '47-banode-offset-beyond': {
    ...{ verdict: 'damaged', rules: ['banode_range'], lost: [/^bin\/busybox$/] },
  },
};
/** Paths that one change may cost. */
const MOST_LOST: Readonly<Record<string, number>> = {
  '11-root-zero-entries': Infinity,
  '15-cblock-offset-decreasing': 2,
};

describe.skipIf(!hasReference)(`malformed images${whyNoReference}`, () => {
  let folder = '';
  let good: ReadonlyMap<ByteString, string> = new Map();
  const image = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(join(folder, `${name}.axfs`)));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'axfs-hostile-'));
    const archive = join(REFERENCE, 'reference-images', 'malformed.tar.xz');
    execFileSync('tar', ['-xJf', archive, '-C', folder]);
    const volume = open(image('00-good'));
    good = new Map([...volume.walk()].map(({ path }) => [path, contentOf(volume, path)]));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('the good one is clean', () => {
    expect(check(image('00-good'))).toMatchObject({ verdict: 'clean', counts: {} });
    expect(good.size).toBeGreaterThan(360);
  });

  it.each(Object.entries(VARIANTS))('%s', (name, { verdict, rules = [], lost = [] }) => {
    const bytes = image(name);
    const result = check(bytes);
    expect(result.verdict).toBe(verdict);
    expect(Object.keys(result.counts)).toEqual(expect.arrayContaining([...rules]));
    if (verdict === 'clean')
      for (const { severity } of result.findings) expect(severity).toBe('warning');
    if (verdict === 'unmountable') {
      expect(() => open(bytes)).toThrow(AxfsError);
      return;
    }
    const volume = open(bytes);
    const gone = [...good].filter(([path, content]) => {
      const now = contentOf(volume, path);
      if (now !== content) expect(`${path}: ${now}`).toMatch(/: (EIO|ENOENT)$/);
      return now !== content;
    });
    for (const [path] of gone)
      expect(
        lost.some((pattern) => pattern.test(path)),
        path,
      ).toBe(true);
    if (lost.length > 0) expect(gone.length).toBeGreaterThan(0);
    expect(gone.length).toBeLessThanOrEqual(MOST_LOST[name] ?? 1);
  });
});

const SPECIMENS = (
  '01-sizes 02-text 03-random 04-symlinks 05-special 07-many 08-names 11-zeros 12-noprofile ' +
  '12-xip-profile 13-busybox 15-elf-entire 17-single 18-empty-root 20-pad-4 30-exotic-depth ' +
  '31-exotic-zregions 32-exotic-cblock16k 34-v1-planar 36-exotic-dedup'
).split(' ');
const DEFAULT_SECONDS = 90;
const LEAST_CASES = 20_000;
const MEMORY = 256 * 2 ** 20;
/** A large image is damaged once while a small one is so often. */
const LARGE = 10;
const LARGE_BYTES = 100_000;
/** No case takes so long, however busy the machine. */
const SLOWEST_MS = 10_000;

describe.skipIf(!hasReference)(`random damage${whyNoReference}`, () => {
  it('ends in AxfsErrors, in bounded time and memory, and is not served where it can be seen', () => {
    const given = process.env['AXFS_FUZZ_SECONDS'];
    const seconds = Number(given ?? DEFAULT_SECONDS);
    const specimens = SPECIMENS.map((name) =>
      specimenOf(
        name,
        new Uint8Array(readFileSync(join(REFERENCE, 'reference-images', `${name}.axfs`))),
        inflater,
      ),
    );
    const tally = newTally();
    const before = process.memoryUsage.rss();
    const end = performance.now() + seconds * 1000;
    let peak = 0;
    let seed = Number(process.env['AXFS_FUZZ_SEED'] ?? 0);
    for (let round = 0; performance.now() < end; round += 1) {
      for (const specimen of specimens) {
        if (specimen.image.length > LARGE_BYTES && round % LARGE !== 0) continue;
        runCase(specimen, seed, inflater, tally);
        seed += 1;
      }
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    }
    console.log(
      `${String(tally.cases)} cases in ${String(seconds)} s: ${String(tally.refused)} refused, ${String(tally.damaged)} damaged, ${String(tally.whole)} whole, ${String(tally.differing)} with other bytes; ${String(tally.checked)} checked; slowest ${tally.slowest.toFixed(0)} ms; ${String(Math.round(peak / 2 ** 20))} MiB`,
    );
    expect(tally.slowest).toBeLessThan(SLOWEST_MS);
    expect(peak).toBeLessThan(MEMORY);
    if (given === undefined) expect(tally.cases).toBeGreaterThanOrEqual(LEAST_CASES);
  });
});
