import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPrintable } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { defineMkfs } from '../../src/cli/mkfs-options.ts';
import { CODECS } from '../../src/codec/codecs.ts';
import { checkImage } from '../../src/fs/check.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { NODE_TYPE } from '../../src/ondisk/constants.ts';
import { comparableTree } from '../support/comparable-tree.ts';
import {
  expectedTree,
  hasXipTails,
  pagesOfEntry,
  placementOf,
  selectionOf,
} from '../support/expected-image.ts';
import { entriesBelow, linkedTree } from '../support/random-tree.ts';
import { ReferenceReader } from '../support/reference-reader.ts';
import { treeSources } from '../support/tree-sources.ts';
import type { TreeSource } from '../support/tree-sources.ts';
import { treeOfImage } from '../support/volume-tree.ts';
import {
  Compressors,
  buildFromMemory,
  buildFromSource,
  inflaterFor,
  lazily,
} from '../support/writer-builds.ts';
import type { WrittenImage } from '../support/writer-builds.ts';
import {
  LISTS,
  OTHER_OPTIONS,
  WORDS,
  XIP_ROWS,
  anyOptions,
  resolved,
  wordsOf,
  xipRow,
} from '../support/writer-options.ts';
import type { WriterOptions } from '../support/writer-options.ts';

/** AXFS_PROPERTY_RUNS makes it thorough, AXFS_PROPERTY_SEED makes it another walk. */
const DEFAULT_RUNS = 50;
const RUNS = Number(process.env['AXFS_PROPERTY_RUNS'] ?? DEFAULT_RUNS);
const SEED = Number(process.env['AXFS_PROPERTY_SEED'] ?? 20_227);

/** Time for the runs. */
const SECONDS = 60 + 2 * RUNS;
/** Time for making a failure small. */
const SHRINK_SECONDS = 30;

const PAGE = 4096;
/** The reference reader expands a whole block for each page. */
const SMALL = { pages: 40, cblockSize: 4 * PAGE };

let folder: string;
let sources: readonly TreeSource[];
const compressors = new Compressors();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'axfs-sources-'));
  sources = treeSources(folder);
});
afterAll(async () => {
  await compressors.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Case {
  readonly tree: TreeDirectory;
  readonly options: WriterOptions;
}

/** The start of a path, printable. */
const shown = (path: string): string => toPrintable(path as ByteString).slice(0, 99);

/** A case as one reads it, without the bytes of contents. */
const described = ({ tree, options }: Case): string =>
  [
    JSON.stringify(options, (_, value: unknown) =>
      typeof value === 'string' ? shown(value) : value,
    ),
    ...[['.', tree] as const, ...entriesBelow(tree)].map(([path, entry]) => {
      const size = entry.type === 'file' ? ` ${String((entry.content as Uint8Array).length)}` : '';
      const owner = `${entry.mode.toString(8)} ${String(entry.uid)}:${String(entry.gid)}`;
      return `  ${entry.type} ${owner} ${shown(path)}${size}`;
    }),
  ].join('\n');

const anyCase = fc.tuple(linkedTree, anyOptions).map(([tree, options]): Case => {
  const plain = { tree, options: resolved(options, tree) };
  return Object.assign(plain, { [fc.toStringMethod]: () => described(plain) });
});

const deviceOf = (name: string, bytes: Uint8Array): ReturnType<typeof createRamDevice> =>
  createRamDevice(name, memoryContents(bytes));

/** The check finds nothing, and the digest is as asked for. */
function expectClean(image: WrittenImage, { digest }: WriterOptions, isEmpty: boolean): void {
  const [first = image.whole, second] = image.parts ?? [];
  const result = checkImage(deviceOf('first', first), {
    name: 'first',
    inflater: inflaterFor('zlib'),
    inflaterFor,
    ...(second === undefined ? {} : { second: deviceOf('second', second) }),
    sha1: () => {
      const hash = createHash('sha1');
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
    },
  });
  expect(result.findings.map(({ rule }) => rule)).toEqual(isEmpty ? ['empty_root'] : []);
  expect(result).toMatchObject({ verdict: 'clean', digest: digest ? 'verified' : 'none' });
}

/** Pages are executed in place exactly where they were selected. */
async function expectInPlace(
  volume: AxfsVolume,
  tree: TreeDirectory,
  options: WriterOptions,
): Promise<void> {
  const { hasBudget } = xipRow(options);
  const selection = selectionOf(tree, options);
  const pages = [...entriesBelow(tree)].flatMap(([path, entry]) => {
    if (entry.type !== 'file' && entry.type !== 'symlink') return [];
    const inode = volume.resolve(path, false);
    const isSelected = entry.type === 'file' ? selection(path, entry) : () => false;
    return pagesOfEntry(entry).map((bytes, page) => {
      const node = inode.arrayIndex + page;
      return { path, page, bytes, node, isSelected: isSelected(page) };
    });
  });
  const hasTails = hasXipTails(options);
  const inPlace = new Map<number, Uint8Array>();
  for (const { path, page, bytes, node, isSelected } of pages) {
    const type = volume.nodes.type(node);
    if (type === NODE_TYPE.xip) inPlace.set(volume.nodes.xipPage(node), bytes);
    const isXip = isSelected && (bytes.length === PAGE || hasTails);
    const where = `${toPrintable(path)} page ${String(page)}`;
    if (hasBudget === true)
      expect([where, type === NODE_TYPE.xip && !isXip]).toEqual([where, false]);
    else expect([where, type === NODE_TYPE.xip]).toEqual([where, isXip]);
    if (isSelected && !isXip && hasBudget !== true) expect(type).toBe(NODE_TYPE.byteAligned);
  }
  const spent = await addedBytes([...inPlace.values()], options);
  if (hasBudget === true) expect(spent).toBeLessThanOrEqual(options.budget);
}

/** What pages take more in place than compressed one by one. */
async function addedBytes(pages: readonly Uint8Array[], options: WriterOptions): Promise<number> {
  const stored = await compressors.get(options.codec, 0).compress(pages);
  return pages.reduce(
    (sum, { length }, i) => sum + Math.max(0, PAGE - (stored[i]?.length ?? length + 1)),
    0,
  );
}

/** Without sharing, nodes are numbered as pages are placed. */
function expectPlacement(volume: AxfsVolume, { sort, dedupe }: WriterOptions): void {
  if (dedupe) return;
  const inodes = [...volume.walk()]
    .filter(({ inode: { type, numEntries } }) => type !== 'dir' && numEntries > 0)
    .map(({ path, inode }) => ({ path, number: inode.number, inode }));
  const placed = [...inodes].sort((a, b) => a.inode.arrayIndex - b.inode.arrayIndex);
  expect(placed.map(({ number }) => number)).toEqual(placementOf(inodes, sort));
}

/** Everything that an image of `source` must be. */
async function expectImage(
  image: WrittenImage,
  source: TreeDirectory,
  options: WriterOptions,
): Promise<void> {
  const { whole } = image;
  const tree = expectedTree(source, options);
  const comparable = comparableTree(tree);
  expectClean(image, options, tree.entries.size === 0);
  expect(comparableTree(treeOfImage(whole))).toEqual(comparable);
  const volume = new AxfsVolume(deviceOf('image', whole), {
    ...{ name: 'image', inflater: inflaterFor('zlib'), inflaterFor },
  });
  const { superblock } = volume.image;
  expect(superblock.timestamp).toBe(options.timestamp ?? 0);
  expect(superblock.mmapSize < superblock.size).toBe(options.split !== 'no');
  await expectInPlace(volume, tree, options);
  expectPlacement(volume, options);
  const isSmall = superblock.blocks <= SMALL.pages && options.cblockSize <= SMALL.cblockSize;
  if (isSmall && options.codec !== 'lz4')
    expect(comparableTree(new ReferenceReader(whole).tree())).toEqual(comparable);
}

/** Threads of the compressor, by source: 0 = the calling one. */
const JOBS: Readonly<Record<string, number>> = { tar: 0, cpio: 2, directory: 1 };

const same = (what: string, a: Uint8Array, b: Uint8Array): void => {
  expect([what, Buffer.compare(a, b)]).toEqual([what, 0]);
};

let runs = 0;

async function holds({ tree, options }: Case): Promise<void> {
  const build = async (from: TreeDirectory, jobs: number): Promise<Uint8Array> =>
    (await buildFromMemory(from, options, compressors.get(options.codec, jobs))).toBytes();
  const whole = await build(tree, 0);
  await expectImage({ whole }, tree, options);
  same('memory, again, in pieces and by threads', await build(lazily(tree), 2), whole);
  for (const source of sources) {
    const held = source.holds(tree);
    const isAll = sameTree(held, tree);
    const wanted = isAll ? whole : await build(held, 0);
    runs += 1;
    const place = join(folder, String(runs));
    mkdirSync(place);
    try {
      const compressor = compressors.get(options.codec, JOBS[source.name] ?? 0);
      const path = await source.write(held, place);
      const image = await buildFromSource(path, options, compressor, place);
      if (!isAll || image.parts !== undefined) await expectImage(image, held, options);
      same(source.name, image.whole, wanted);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }
}

const sameTree = (a: TreeDirectory, b: TreeDirectory): boolean =>
  JSON.stringify(comparableTree(a)) === JSON.stringify(comparableTree(b));

describe('mkfs.axfs', () => {
  it('has no option that nobody thought of here', () => {
    const flags = defineMkfs(new Command()).options.map(({ long, short }) => long ?? short ?? '');
    expect([...Object.keys(WORDS), ...OTHER_OPTIONS].sort()).toEqual(flags.sort());
  });

  it(
    `makes from every source, with any options, the same sound image of the tree, seed=${String(SEED)}`,
    { timeout: 1000 * (SECONDS + 2 * SHRINK_SECONDS) },
    async () => {
      const met = new Set<string>();
      let shrinkEnd = Infinity;
      const property = fc.asyncProperty(anyCase, async (one) => {
        // What holds is no smaller failure.
        if (Date.now() > shrinkEnd) return;
        const { options } = one;
        const words = wordsOf(options, (list) => LISTS[list]);
        for (const facet of [...words, `xip ${options.xip}`, `tails ${String(options.xipTails)}`])
          met.add(facet);
        await holds(one).catch((error: unknown) => {
          shrinkEnd = Math.min(shrinkEnd, Date.now() + 1000 * SHRINK_SECONDS);
          throw error;
        });
      });
      await fc.assert(property, { seed: SEED, numRuns: RUNS });
      if (RUNS < DEFAULT_RUNS) return;
      const all = [
        ...Object.keys(WORDS),
        ...CODECS.map(({ name }) => name as string),
        ...Object.keys(XIP_ROWS).map((row) => `xip ${row}`),
        'tails false',
      ];
      expect(all.filter((facet) => !met.has(facet))).toEqual([]);
    },
  );
});
