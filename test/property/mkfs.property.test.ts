import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from '../../src/base/bytestring.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { loadZlibModule } from '../../src/host/node-host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { formatProfile, parseProfile, profileOf } from '../../src/mkfs/profile.ts';
import { comparableTree } from '../support/comparable-tree.ts';
import { reversed, plainTrees } from '../support/random-tree.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import { reluctant } from '../support/writer-builds.ts';

const SEED = { seed: 20_190_401, numRuns: 100 };
const deflater = createWasmZlib(loadZlibModule()!);

const tree = plainTrees;

describe('buildImage', () => {
  const policy = fc.constantFrom(
    { kind: 'none' } as const,
    { kind: 'all' } as const,
    { kind: 'elf' } as const,
  );

  it('stores any tree so that an independent reader finds it again', async () => {
    await fc.assert(
      fc.asyncProperty(tree, policy, fc.boolean(), async (root, xip, compat) => {
        const image = await buildImage(root, {
          xip,
          compat,
          compressor: createInlineCompressor(deflater),
        });
        const bytes = image.toBytes();
        expect(comparableTree(new ReferenceReader(bytes).tree())).toEqual(comparableTree(root));
        expect([...bytes.subarray(image.report.size - 4, image.report.size)]).toEqual([
          0x48, 0xa0, 0xe4, 0xcd,
        ]);
      }),
      SEED,
    );
  });

  it('gives the same bytes whatever the order of entries and whoever compresses', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 5 }), async (root, parallelism) => {
        const inline = createInlineCompressor(deflater);
        const one = await buildImage(root, { compressor: inline });
        const two = await buildImage(reversed(root), {
          compressor: reluctant(inline, parallelism),
        });
        expect(Buffer.compare(one.toBytes(), two.toBytes())).toBe(0);
      }),
      SEED,
    );
  });
});

describe('page lists', () => {
  const entry = fc.record({
    path: fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => fromBytes(bytes.map((byte) => (byte === 0x0a ? 0x2c : byte))))
      // In front of a path they say nothing; a mark is one only at the start of the list.
      .filter((path) => !/^(\.?\/|\xef\xbb\xbf)/.test(path)),
    offset: fc.maxSafeNat(),
    count: fc.maxSafeNat(),
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const profile = profileOf(entries);
        expect(parseProfile(toBytes(formatProfile(entries)), 'list')).toEqual(profile);
      }),
      SEED,
    );
  });

  it('are read or refused in one line, whatever they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (text) => {
        try {
          parseProfile(text, 'list');
        } catch (error) {
          expect(error).toMatchObject({ code: 'EINVAL' });
          expect(String(error)).toMatch(/^AxfsError: list:\d+: \P{Cc}+$/u);
        }
      }),
      SEED,
    );
  });
});
