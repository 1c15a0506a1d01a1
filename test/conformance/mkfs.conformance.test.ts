/**
 * Whether `--compat` writes what the original builder writes. Needs the reference data (AXFS_REFERENCE) and,
 * for the whole root filesystem, root rights: owners are part of an image.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { createPakoDeflater } from '../../src/codec/pako.ts';
import { loadZlibModule } from '../../src/host/node-host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import {
  REFERENCE,
  canExtract,
  extractCorpus,
  hasReference,
  whyNoCorpus,
  whyNoReference,
} from './reference.ts';

const command = resolve(import.meta.dirname, '../../dist/tools/mkfs.axfs.js');

const imagePath = (name: string, extension: string): string =>
  join(REFERENCE, 'reference-images', `${name}.${extension}`);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Rebuilds a reference image from the tree inside it. */
async function rebuild(
  name: string,
  policyOf: (list: string) => XipPolicy,
): Promise<{ original: Buffer; rebuilt: Uint8Array }> {
  const original = readFileSync(imagePath(name, 'axfs'));
  const module = loadZlibModule();
  const built = await buildImage(new ReferenceReader(original).tree(), {
    compat: true,
    xip: policyOf(imagePath(name, 'csv')),
    compressor: createInlineCompressor(
      module === undefined ? createPakoDeflater() : createWasmZlib(module),
    ),
  });
  return { original, rebuilt: built.toBytes() };
}

const none = (): XipPolicy => ({ kind: 'none' });
const listed = (list: string): XipPolicy => ({
  kind: 'profile',
  profile: parseProfile(readFileSync(list), list),
});
const wholeFiles = (list: string): XipPolicy => ({
  kind: 'files',
  profile: parseProfile(readFileSync(list), list),
});

describe.skipIf(!hasReference)(`images of the original builder${whyNoReference}`, () => {
  it.each([
    ['01-sizes', none],
    ['02-text', none],
    ['03-random', none],
    ['04-symlinks', none],
    ['05-special', none],
    ['07-many', none],
    ['08-names', none],
    ['11-zeros', none],
    ['12-xip-profile', listed],
    ['12-noprofile', none],
    ['13-busybox', listed],
    ['15-elf-entire', wholeFiles],
    ['17-single', none],
    ['18-empty-root', none],
    ['20-pad-4', none],
  ] as const)('%s is rebuilt byte for byte', async (name, policyOf) => {
    const { original, rebuilt } = await rebuild(name, policyOf);
    expect(sha256(rebuilt)).toBe(sha256(original));
  });

  it.each([
    ['20-pad-2', 2],
    ['20-pad-0', 0],
  ] as const)('%s comes out one page longer, with the magic in its place', async (name, there) => {
    const { original, rebuilt } = await rebuild(name, none);
    expect(rebuilt.length).toBe(original.length + 4096);
    expect(rebuilt.subarray(0, original.length)).toEqual(new Uint8Array(original));
    const size = Number(original.readBigUInt64BE(72));
    expect(size).toBe(original.length + 4 - there);
    expect([...rebuilt.subarray(size - 4, size)]).toEqual([0x48, 0xa0, 0xe4, 0xcd]);
    expect(rebuilt.subarray(size).every((byte) => byte === 0)).toBe(true);
  });
});

describe.skipIf(!canExtract)(`a root filesystem${whyNoCorpus}`, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'axfs-conformance-'));
    extractCorpus(join(folder, 'tree'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const profile = join(REFERENCE, 'profiles', 'armhf-rootfs.csv');
  const plain = 'b23c14d85de64ae00147a66c86770771fdda1a6a6372ee57de3e4a661109b736';
  const withProfile = '8c67869d5682cfd9ee30731373f77e7de5690d121aa35b2134bd79fc4921327a';
  it.each([
    { options: [], jobs: 1, expected: plain },
    { options: [], jobs: 2, expected: plain },
    { options: ['-i', profile], jobs: 1, expected: withProfile },
    { options: ['-i', profile], jobs: 2, expected: withProfile },
  ])('--compat $options on $jobs workers is the original image', ({ options, jobs, expected }) => {
    const image = join(folder, 'out.axfs');
    const tree = join(folder, 'tree');
    const args = [command, '--compat', '-q', '-j', String(jobs), ...options, tree, image];
    execFileSync(process.execPath, args);
    expect(sha256(readFileSync(image))).toBe(expected);
  });

  it.each([
    { options: ['-e', '-i', profile], expected: 35_627_008 },
    { options: ['-a'], expected: 40_308_736 },
  ])('--compat $options has the original size', ({ options, expected }) => {
    const image = join(folder, 'out.axfs');
    execFileSync(process.execPath, [
      ...[command, '--compat', '-q', ...options],
      ...[join(folder, 'tree'), image],
    ]);
    expect(readFileSync(image).length).toBe(expected);
  });

  it('WebAssembly zlib and pako agree on every hundredth page', () => {
    const image = join(folder, 'out.axfs');
    const module = loadZlibModule();
    expect(module).toBeDefined();
    execFileSync(process.execPath, [command, '--xip', 'all', '-q', join(folder, 'tree'), image]);
    const pages = new ReferenceReader(readFileSync(image)).region('xip').bytes;
    const [pako, wasm] = [createPakoDeflater(), createWasmZlib(module!)];
    let compared = 0;
    for (let at = 0; at < pages.length; at += 100 * 4096) {
      const page = pages.subarray(at, at + 4096);
      expect(Buffer.compare(pako.deflate(page), wasm.deflate(page))).toBe(0);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(100);
  });
});
