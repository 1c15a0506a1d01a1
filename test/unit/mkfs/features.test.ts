import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { BuildOptions, BuiltImage } from '../../../src/mkfs/build.ts';
import { IMPROVED_FEATURES, featuresOf } from '../../../src/mkfs/features.ts';
import type { Features } from '../../../src/mkfs/features.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type {
  EntrySpec,
  FileContent,
  LazyContent,
  TreeDirectory,
  TreeFile,
} from '../../../src/mkfs/tree.ts';
import { TABLE_NAMES } from '../../../src/ondisk/regions.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { treeOfImage } from '../../support/volume-tree.ts';

const SPEC: Record<string, EntrySpec> = {
  'bin/prog': { content: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(60_000)), mode: 0o755 },
  'bin/copy': { content: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(60_000)), mode: 0o644 },
  'etc/noise': noiseBytes(16_000),
  'etc/zeros': new Uint8Array(20_000),
  'etc/empty': '',
  'etc/words': 'a few words',
  sh: { type: 'symlink', target: 'bin/prog' },
  csh: { type: 'symlink', target: 'bin/prog' },
  null: { type: 'char', rdev: { major: 1, minor: 3 } },
  void: { type: 'dir' },
};
const tree = treeFrom(SPEC);

const sha1 = (): ReturnType<NonNullable<BuildOptions['sha1']>> => {
  const hash = createHash('sha1');
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
};

const build = (
  features: Partial<Features>,
  more: BuildOptions = {},
  what: TreeDirectory = tree,
): Promise<BuiltImage> =>
  // A codec that needs no module.
  buildImage(what, { features: { ...IMPROVED_FEATURES, codec: 'zlib', ...features }, ...more });

describe.each([
  ['none', {}],
  ['wide tables', { minimalTables: false }],
  ['compressed tables', { compressTables: true }],
  ['no sharing', { dedupe: false }],
  ['cblocks of 8 KiB', { cblockSize: 8192 }],
  ['cblocks of 1 MiB', { cblockSize: 2 ** 20 }],
  ['no XIP tails', { xipTails: false, dedupe: false }],
  ['a split image', { split: true }],
  ['lz4', { codec: 'lz4' }],
  ['lz4 with everything', { codec: 'lz4', compressTables: true, cblockSize: 65536, split: true }],
  ['everything', { compressTables: true, cblockSize: 65536, split: true }],
] as const)('an image with %s', (_name, features: Partial<Features>) => {
  it.each(['none', 'elf', 'all'] as const)('is read back, XIP policy %s', async (kind) => {
    const { toBytes } = await build(features, { xip: { kind }, sha1 });
    const bytes = toBytes();
    expect(comparableTree(treeOfImage(bytes))).toEqual(comparableTree(tree));
    if (features.codec === undefined)
      expect(comparableTree(new ReferenceReader(bytes).tree())).toEqual(comparableTree(tree));
  });
});

const NOISE = noiseBytes(5000);

describe('sizes', () => {
  it('narrow and compressed tables save bytes, and say what they cost', async () => {
    const [wide, narrow] = [await build({ minimalTables: false }), await build({})];
    for (const name of TABLE_NAMES)
      expect(narrow.report.regions[name], name).toBeLessThanOrEqual(wide.report.regions[name]);
    expect(narrow.report.regions.gids * 4).toBe(wide.report.regions.gids);
    const many = treeFrom(
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${String(i)}`, String(i)])),
    );
    const plain = (await build({}, {}, many)).report;
    const packed = (await build({ compressTables: true }, {}, many)).report;
    expect(plain.expandedRegions).toBe(0);
    expect(packed.expandedRegions).toBeGreaterThan(2000);
    expect(packed.regions.inode_name_offset).toBeLessThan(plain.regions.inode_name_offset);
  });

  it('does not compress tables that would grow', async () => {
    const image = await build({ compressTables: true }, {}, treeFrom({ a: 'x' }));
    const { modes, gids } = image.report.regions;
    expect([modes, gids]).toEqual([4, 2]);
  });

  it('larger cblocks make smaller images; the field is what the largest expands to', async () => {
    // Comes again after 5000 bytes: too far for one page, near enough for several.
    const again = Uint8Array.from({ length: 150_000 }, (_, i) => NOISE[i % NOISE.length]!);
    const texts = treeFrom({ a: again, c: 'text' });
    const reports = [];
    for (const cblockSize of [4096, 16384, 65536])
      reports.push((await build({ cblockSize }, {}, texts)).report);
    const sizes = reports.map(({ regions }) => regions.compressed + regions.byte_aligned);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(sizes).size).toBe(3);
    const fields = reports.map(({ cblockSize }) => cblockSize);
    expect(fields[0]).toBe(4096);
    for (const [i, limit] of [4096, 16384, 65536].entries())
      expect(fields[i]).toBeLessThanOrEqual(limit);
    expect(reports[2]!.cblocks).toBeLessThan(reports[1]!.cblocks);
  });

  it('a cblock that does not shrink is stored page by page', async () => {
    const noise = treeFrom({ n: noiseBytes(4096 * 6 + 5) });
    const { report, toBytes } = await build({ cblockSize: 16384 }, {}, noise);
    expect(report.nodes).toEqual({ xip: 0, compressed: 0, byteAligned: 7 });
    expect(report.regions.byte_aligned).toBe(4097 * 6 + 6);
    expect(comparableTree(treeOfImage(toBytes()))).toEqual(comparableTree(noise));
  });
});

describe('sharing', () => {
  const page = noiseBytes(4096, 256, 7);
  const other = noiseBytes(4096, 256, 8);
  const pages = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

  it('stores equal pages once', async () => {
    const twice = treeFrom({ a: pages(page, other, page), b: pages(other, other, page) });
    const { report, toBytes } = await build({}, {}, twice);
    expect(report.regions.byte_aligned).toBe(2 * 4097);
    expect(report.shared).toEqual({ nodes: 4, files: 0, filePages: 0 });
    expect(report.nodes.byteAligned).toBe(6);
    expect(comparableTree(treeOfImage(toBytes()))).toEqual(comparableTree(twice));
  });

  it('does not take a tail for a page that begins alike', async () => {
    const zeros = treeFrom({ a: new Uint8Array(4096), b: new Uint8Array(100) });
    const { report, toBytes } = await build({}, {}, zeros);
    expect(report.shared.nodes).toBe(0);
    expect(comparableTree(treeOfImage(toBytes()))).toEqual(comparableTree(zeros));
  });

  it('gives equal files one run of nodes', async () => {
    const twins = treeFrom({
      a: pages(page, other),
      'd/b': { content: pages(page, other), uid: 5 },
    });
    const image = await build({}, {}, twins);
    expect(image.report.shared).toEqual({ nodes: 0, files: 1, filePages: 2 });
    const reader = new ReferenceReader(image.toBytes());
    expect(reader.value('inode_array_index', 3)).toBe(reader.value('inode_array_index', 1));
    expect(reader.region('node_type').entries).toBe(2 + 3);
    expect(comparableTree(reader.tree())).toEqual(comparableTree(twins));
  });

  it('reads hard links once', async () => {
    let reads = 0;
    const file: TreeFile = {
      ...{ type: 'file', mode: 0o644, uid: 0, gid: 0 },
      content: {
        size: 8192,
        read: () => {
          reads += 1;
          return pages(page, other);
        },
      },
    };
    const links = new Map(['a', 'b', 'c'].map((name) => [fromText(name), file]));
    const { report, toBytes } = await build({}, {}, { ...treeFrom({}), entries: links });
    expect(report.shared).toEqual({ nodes: 0, files: 2, filePages: 4 });
    expect(reads).toBe(1);
    const copies = [...treeOfImage(toBytes()).entries.values()].map((entry) =>
      entry.type === 'file' ? entry.content : undefined,
    );
    expect(copies).toEqual([pages(page, other), pages(page, other), pages(page, other)]);
  });

  it('puts no page into the XIP region that nobody selected, though it is equal to one there', async () => {
    const twins = treeFrom({ a: pages(page, other), b: pages(page, other) });
    const profile = profileOf([{ path: fromText('b'), offset: 0, count: 1 }]);
    const { report, toBytes } = await build({}, { xip: { kind: 'profile', profile } }, twins);
    expect(report.nodes).toEqual({ xip: 1, compressed: 0, byteAligned: 3 });
    expect(report.xipPages).toBe(1);
    expect(report.shared).toEqual({ nodes: 1, files: 0, filePages: 0 });
    const reader = new ReferenceReader(toBytes());
    expect(reader.value('inode_array_index', 2)).toBe(2);
    expect(comparableTree(reader.tree())).toEqual(comparableTree(twins));
  });

  it('merges hard links of one selection only', async () => {
    const a = treeFrom({ a: pages(page) }).entries.get(fromText('a'))!;
    const links = { ...treeFrom({}), entries: new Map(['a', 'b'].map((n) => [fromText(n), a])) };
    const profile = profileOf([{ path: fromText('a'), offset: 0, count: 1 }]);
    const { report } = await build({}, { xip: { kind: 'profile', profile } }, links);
    expect(report.shared).toEqual({ nodes: 0, files: 0, filePages: 0 });
    expect(report.nodes.xip).toBe(1);
  });

  it('lets pages that are selected share with one another', async () => {
    const twins = treeFrom({ a: pages(page, other), b: pages(other, page) });
    const lines = ['a', 'b'].map((name) => ({ path: fromText(name), offset: 0, count: 1 }));
    lines.push({ path: fromText('b'), offset: 4096, count: 1 });
    const { report, toBytes } = await build(
      {},
      { xip: { kind: 'profile', profile: profileOf(lines) } },
      twins,
    );
    expect(report.nodes).toEqual({ xip: 3, compressed: 0, byteAligned: 1 });
    expect(report.xipPages).toBe(2);
    expect(comparableTree(treeOfImage(toBytes()))).toEqual(comparableTree(twins));
  });

  /** Content that counts how often it is read, and what is read again. */
  const counted = (bytes: Uint8Array, again = bytes): Counted => {
    const counts = { reads: 0, readAgain: 0 };
    return {
      ...{ counts, size: bytes.length },
      read: () => {
        counts.reads += 1;
        return bytes;
      },
      readAt: (into, position) => {
        counts.readAgain += into.length;
        into.set(again.subarray(position, position + into.length));
      },
    };
  };
  interface Counted extends LazyContent {
    readonly counts: { reads: number; readAgain: number };
  }

  it('reads contents once, and of those stored only the pages that come again', async () => {
    const [a, b] = [counted(pages(page, other)), counted(noiseBytes(40_960))];
    const c = counted(pages(other, page));
    const { report } = await build(
      {},
      {},
      treeFrom({ a: { content: a }, b: { content: b }, c: { content: c } }),
    );
    expect(report.shared).toEqual({ nodes: 2, files: 0, filePages: 0 });
    expect([a, b, c].map(({ counts }) => counts.reads)).toEqual([1, 1, 1]);
    expect(a.counts.readAgain).toBeGreaterThan(0);
    expect([b, c].map(({ counts }) => counts.readAgain)).toEqual([0, 0]);
  });

  it('reads a copy piece by piece, not page by page', async () => {
    const content = noiseBytes(4096 * 64);
    let asked = 0;
    const a = { ...counted(content) };
    const readAt = (into: Uint8Array, position: number): void => {
      asked += 1;
      a.readAt?.(into, position);
    };
    const { report } = await build(
      {},
      {},
      treeFrom({ a: { content: { ...a, readAt } }, b: { content } }),
    );
    expect(report.shared).toEqual({ nodes: 0, files: 1, filePages: 64 });
    expect(asked).toBe(4);
  });

  it.each([
    ['in memory', (bytes: Uint8Array): FileContent => bytes],
    ['that can be read from within', (bytes: Uint8Array): FileContent => counted(bytes)],
    [
      'that can only be read from its start',
      (bytes: Uint8Array): FileContent => ({ size: bytes.length, read: () => bytes }),
    ],
  ])('finds copies, and what only begins like one, of content %s', async (_what, as) => {
    const tail = noiseBytes(100);
    const spec = {
      a: pages(page, other, tail),
      b: pages(page, other, tail.toReversed()),
      c: pages(page, other),
      d: pages(page, other, tail),
      e: pages(page, other, tail.toReversed()),
      f: pages(tail),
    };
    const lazy = Object.fromEntries(
      Object.entries(spec).map(([name, bytes]) => [name, { content: as(bytes) }]),
    );
    const { report, toBytes } = await build({}, {}, treeFrom(lazy));
    // b takes two pages from a, c both; d and e are copies; f has the tail of a.
    expect(report.shared).toEqual({ nodes: 5, files: 2, filePages: 6 });
    expect(comparableTree(treeOfImage(toBytes()))).toEqual(comparableTree(treeFrom(spec)));
  });

  it('believes bytes, not fingerprints', async () => {
    const changed = counted(page, other);
    const { report, toBytes } = await build(
      {},
      {},
      treeFrom({ a: { content: changed }, b: { content: page } }),
    );
    expect(report.shared).toEqual({ nodes: 0, files: 0, filePages: 0 });
    const contents = [...treeOfImage(toBytes()).entries.values()].map((entry) =>
      entry.type === 'file' ? entry.content : undefined,
    );
    expect(contents).toEqual([page, page]);
  });

  it('gives a name that is selected as an earlier copy is that one’s nodes', async () => {
    const a = treeFrom({ a: pages(page, other) }).entries.get(fromText('a'))!;
    const links = new Map(['a', 'b', 'c'].map((name) => [fromText(name), a]));
    const profile = profileOf(
      ['b', 'c'].map((name) => ({ path: fromText(name), offset: 0, count: 1 })),
    );
    const { report } = await build(
      {},
      { xip: { kind: 'profile', profile } },
      { ...treeFrom({}), entries: links },
    );
    expect(report.shared).toEqual({ nodes: 1, files: 1, filePages: 2 });
    expect(report.xipPages).toBe(1);
  });
});

describe('the digest', () => {
  it('is the SHA-1 of the file with zeros in its place', async () => {
    const { report, toBytes } = await build({}, { sha1 });
    const bytes = toBytes();
    const field = Buffer.from(bytes.subarray(20, 60));
    bytes.fill(0, 20, 60);
    const expected = createHash('sha1').update(bytes).digest('hex');
    expect(field.toString('hex')).toBe(expected + '00'.repeat(20));
    expect(report.digest).toBe(expected);
  });

  it('is zero in compat, and without a SHA-1', async () => {
    for (const options of [{ compat: true, sha1 }, {}]) {
      const { report, toBytes } = await buildImage(tree, options);
      expect(
        toBytes()
          .subarray(20, 60)
          .every((byte) => byte === 0),
      ).toBe(true);
      expect(report.digest).toBeUndefined();
    }
  });
});

describe('a split image', () => {
  it('has what needs an address in front, up to a page', async () => {
    const image = await build({ split: true }, { xip: { kind: 'elf' } });
    const bytes = Buffer.from(image.toBytes());
    expect(Number(bytes.readBigUInt64BE(88))).toBe(image.mmapSize);
    expect(image.mmapSize % 4096).toBe(0);
    expect(image.mmapSize).toBeLessThan(image.report.size);
    const at = (name: string): number =>
      new ReferenceReader(bytes).region(name).bytes.byteOffset - bytes.byteOffset;
    expect(at('xip') + image.report.regions.xip).toBe(image.mmapSize);
    for (const name of ['strings', 'node_type', 'gids']) expect(at(name)).toBeLessThan(at('xip'));
    expect(at('byte_aligned')).toBe(image.mmapSize);
    expect(at('compressed')).toBeGreaterThan(image.mmapSize);
  });
});

describe('regions in temporary files', () => {
  it('come out the same', async () => {
    const large = treeFrom({
      noise: noiseBytes(12_000_000),
      zeros: new Uint8Array(3_000_000),
      // Comes first, and is kept for comparison, as it cannot be read from within.
      again: { content: { size: 11_999_000, read: () => noiseBytes(11_999_000) } },
    });
    const stores = { made: 0, closed: 0 };
    const makeStore: NonNullable<BuildOptions['makeStore']> = () => {
      let content = Buffer.alloc(0);
      stores.made += 1;
      return {
        append: (bytes) => void (content = Buffer.concat([content, bytes])),
        readAt: (into, at) => content.copy(into, 0, at),
        close: () => void (stores.closed += 1),
      };
    };
    const inMemory = await build({}, { sha1 }, large);
    const inFiles = await build({}, { sha1, makeStore }, large);
    expect(Buffer.compare(inFiles.toBytes(), inMemory.toBytes())).toBe(0);
    inFiles.close();
    expect(stores.made).toBeGreaterThan(1);
    expect(stores.closed).toBe(stores.made);
  });
});

describe('featuresOf', () => {
  it('asserts against features beside compat, and cblocks that no reader takes', () => {
    expect(() => featuresOf({ dedupe: true }, true)).toThrow('compat leaves nothing to choose');
    for (const cblockSize of [0, 2048, 12288, 2 ** 21])
      expect(() => featuresOf({ cblockSize }, false)).toThrow('a cblock is a power of two pages');
  });
});
