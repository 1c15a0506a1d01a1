import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from '../../src/base/bytestring.ts';
import { createInlineCompressor } from '../../src/codec/compressor.ts';
import type { PageCompressor } from '../../src/codec/compressor.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import { loadZlibModule } from '../../src/host/node-host.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { formatProfile, parseProfile, profileOf } from '../../src/mkfs/profile.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';
import { comparableTree } from '../support/comparable-tree.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import { noiseBytes } from '../support/sample-data.ts';
import { treeOfImage } from '../support/volume-tree.ts';

const SEED = { seed: 20_190_401, numRuns: 100 };
const deflater = createWasmZlib(loadZlibModule()!);

const byteName = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .map((bytes) => fromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
  .filter((name) => name !== '.' && name !== '..');

const metadata = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 1, 1000, 2 ** 32 - 1),
  gid: fc.constantFrom(0, 5),
};
const rdev = fc.record({
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
});
const content = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 0, max: 9000 }))
    .map(([unit, length]) => Uint8Array.from({ length }, (_, i) => unit[i % unit.length]!)),
);

const { tree } = fc.letrec<{ tree: TreeDirectory; entry: TreeEntry }>((tie) => ({
  entry: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ ...metadata, type: fc.constant('file' as const), content }),
    fc.record({
      ...metadata,
      type: fc.constant('symlink' as const),
      target: fc.uint8Array({ maxLength: 30 }).map((b) => fromBytes(b.map((x) => x || 1))),
    }),
    fc.record({ ...metadata, type: fc.constantFrom('char' as const, 'block' as const), rdev }),
    fc.record({ ...metadata, type: fc.constantFrom('fifo' as const, 'socket' as const) }),
    tie('tree'),
  ),
  tree: fc.record({
    ...metadata,
    type: fc.constant('dir' as const),
    entries: fc
      .array(fc.tuple(byteName, tie('entry')), { maxLength: 6 })
      .map((pairs) => new Map(pairs)),
  }),
}));

const PAGE = 4096;

/** A tree whose files are made of a few pages, so that many are equal. */
const repetitive = fc
  .tuple(
    tree,
    fc.array(
      fc.tuple(
        byteName,
        fc.array(fc.nat(3), { maxLength: 12 }),
        fc.constantFrom(0, 0, 1, 4000),
        metadata.mode,
      ),
      { maxLength: 6 },
    ),
  )
  .map(([root, files]): TreeDirectory => {
    const entries = new Map(root.entries);
    for (const [name, pages, cut, mode] of files) {
      const whole = new Uint8Array(pages.length * PAGE);
      pages.forEach((page, i) => {
        const bytes = page === 0 ? noiseBytes(PAGE) : new Uint8Array(PAGE).fill(page);
        whole.set(bytes, i * PAGE);
      });
      const content = whole.subarray(0, Math.max(0, whole.length - cut));
      entries.set(name, { type: 'file', mode, uid: 0, gid: 0, content });
    }
    return { ...root, entries };
  });

/** The same tree with its entries inserted in the opposite order. */
const reversed = (directory: TreeDirectory): TreeDirectory => ({
  ...directory,
  entries: new Map(
    [...directory.entries]
      .reverse()
      .map(([name, entry]) => [name, entry.type === 'dir' ? reversed(entry) : entry]),
  ),
});

/** Finishes batches later than it gets them, each after another number of turns. */
function reluctant(parallelism: number): PageCompressor {
  const inline = createInlineCompressor(deflater);
  let batches = 0;
  return {
    ...inline,
    parallelism,
    compress: async (blocks) => {
      const results = await inline.compress(blocks);
      batches += 1;
      for (let turn = (batches * 7) % 5; turn > 0; turn -= 1) await Promise.resolve();
      return results;
    },
  };
}

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

  const features = fc.record(
    {
      minimalTables: fc.boolean(),
      compressTables: fc.boolean(),
      dedupe: fc.boolean(),
      cblockSize: fc.constantFrom(4096, 8192, 16384, 65536, 2 ** 20),
      split: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  it('stores any tree with any features, the same bytes by any number of batches and again', async () => {
    await fc.assert(
      fc.asyncProperty(repetitive, policy, features, async (root, xip, wanted) => {
        const build = async (compressor: PageCompressor): Promise<Uint8Array> =>
          (await buildImage(root, { xip, features: wanted, compressor })).toBytes();
        const bytes = await build(createInlineCompressor(deflater));
        expect(comparableTree(new ReferenceReader(bytes).tree())).toEqual(comparableTree(root));
        expect(comparableTree(treeOfImage(bytes))).toEqual(comparableTree(root));
        for (const parallelism of [1, 3])
          expect(Buffer.compare(await build(reluctant(parallelism)), bytes)).toBe(0);
      }),
      SEED,
    );
  });

  it('gives the same bytes whatever the order of entries and whoever compresses', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 5 }), async (root, parallelism) => {
        const one = await buildImage(root, { compressor: createInlineCompressor(deflater) });
        const two = await buildImage(reversed(root), { compressor: reluctant(parallelism) });
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
