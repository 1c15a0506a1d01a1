/**
 * Random trees for properties: names with any bytes, every type of inode, hard links, and contents that meet
 * the builder's limits: equal pages and files, programs, zeros, sizes around a page and a cblock.
 *
 * @module
 */
import fc from 'fast-check';
import { fromBytes } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import type { TreeDirectory, TreeEntry } from '../../src/mkfs/tree.ts';
import { elfHead } from './elf.ts';
import { noiseBytes, textBytes } from './sample-data.ts';

const PAGE = 4096;

/** Bytes of a name; '/' and NUL become a letter. */
const nameOf = (bytes: Uint8Array): ByteString =>
  fromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)));

/** Any bytes that a name may have, seldom the most of them. */
export const byteName = fc
  .oneof(
    { weight: 12, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 6 }).map(nameOf) },
    // Few names, so that several directories have them.
    { weight: 6, arbitrary: fc.constantFrom('a', 'lib', '-x').map((name) => name as ByteString) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 250, maxLength: 255 }).map(nameOf) },
  )
  .filter((name) => name !== '.' && name !== '..');

export const metadata = {
  mode: fc.oneof(fc.integer({ min: 0, max: 0o7777 }), fc.constantFrom(0o755, 0o644)),
  uid: fc.constantFrom(0, 1, 1000, 2 ** 32 - 2),
  gid: fc.constantFrom(0, 5),
};

const rdev = fc.record({
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
});

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

/** `length` bytes in which `unit` comes again and again. */
const repeated = (unit: Uint8Array, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => unit[i % unit.length]!);

/** Contents that start as programs do, with the pages that their headers say are written. */
export const PROGRAMS: readonly {
  readonly content: Uint8Array;
  readonly written: ReadonlySet<number>;
}[] = [
  {
    content: joined(
      elfHead({
        ...{ bits: 32, order: 'little' },
        segments: [
          { type: 1, flags: 5, offset: 0, filesz: 2 * PAGE },
          { type: 1, flags: 6, offset: 2 * PAGE, filesz: PAGE },
        ],
      }),
      textBytes(PAGE),
      noiseBytes(PAGE, 256, 11),
      textBytes(904),
    ),
    written: new Set([2]),
  },
  {
    // Data that starts in the last page of the text, and ends behind the file.
    content: joined(
      elfHead({
        ...{ bits: 64, order: 'big' },
        segments: [
          { type: 1, flags: 5, offset: 0, filesz: PAGE + 100 },
          { type: 0x6474e552, flags: 4, offset: PAGE + 100, filesz: 3 * PAGE },
        ],
      }),
      noiseBytes(PAGE + 33, 16, 12),
    ),
    written: new Set([1, 2]),
  },
  // Only the magic: nobody can say what is written.
  { content: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), written: new Set() },
];

/** Pages that contents are made of, so that many are equal. */
const KNOWN_PAGES = [
  new Uint8Array(PAGE),
  noiseBytes(PAGE),
  textBytes(PAGE),
  new Uint8Array(PAGE).fill(3),
  noiseBytes(PAGE, 16, 5),
];

/** Known pages in any order; the last one may be partial. */
const knownPages = fc
  .tuple(
    fc.array(fc.nat(KNOWN_PAGES.length - 1), { maxLength: 12 }),
    fc.constantFrom(0, 0, 1, 4000, PAGE - 1),
  )
  .map(([pages, cut]) => {
    const whole = joined(...pages.map((page) => KNOWN_PAGES[page]!));
    return whole.subarray(0, Math.max(0, whole.length - cut));
  });

/** Sizes at which a page or a cblock is full, or not yet, or overflows. */
const EDGES = [PAGE, 2 * PAGE, 4 * PAGE, 16 * PAGE].flatMap((size) => [size - 1, size, size + 1]);
const MEBIBYTE_EDGES = [2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1];

/** More pages than leave in one batch, every one different, with zeros in between. */
const manyPages = fc.tuple(fc.nat(255), fc.integer({ min: 130, max: 200 })).map(([first, pages]) =>
  joined(
    ...Array.from({ length: pages }, (_, i) => {
      if (i % 8 === 7) return KNOWN_PAGES[0]!;
      const page = KNOWN_PAGES[2 + (i % 3)]!.slice();
      page.set([first, i]);
      return page;
    }),
  ),
);

const content = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 8, arbitrary: knownPages },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 0, max: 9000 }))
      .map(([unit, length]) => repeated(unit, length)),
  },
  { weight: 4, arbitrary: fc.constantFrom(...EDGES).map((size) => noiseBytes(size, 64)) },
  { weight: 5, arbitrary: fc.constantFrom(...PROGRAMS.map((program) => program.content)) },
  { weight: 1, arbitrary: manyPages },
  { weight: 1, arbitrary: fc.constantFrom(...MEBIBYTE_EDGES).map((size) => textBytes(size)) },
);

const target: fc.Arbitrary<ByteString> = fc
  .uint8Array({ minLength: 1, maxLength: 30 })
  .map((bytes) => fromBytes(bytes.map((byte) => byte || 1)));

/** Trees without hard links. */
export const plainTrees: fc.Arbitrary<TreeDirectory> = fc.letrec<{
  tree: TreeDirectory;
  entry: TreeEntry;
}>((tie) => ({
  entry: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    {
      weight: 4,
      arbitrary: fc.record({ ...metadata, type: fc.constant('file' as const), content }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...metadata,
        mode: fc.constantFrom(0o777, 0o777, 0o777, 0o123),
        type: fc.constant('symlink' as const),
        target,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...metadata,
        type: fc.constantFrom('char' as const, 'block' as const),
        rdev,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        ...metadata,
        type: fc.constantFrom('fifo' as const, 'fifo' as const, 'socket' as const),
      }),
    },
    { weight: 3, arbitrary: tie('tree') },
  ),
  tree: fc.record({
    ...metadata,
    type: fc.constant('dir' as const),
    entries: fc
      .array(fc.tuple(byteName, tie('entry')), { maxLength: 6 })
      .map((pairs) => new Map(pairs)),
  }),
})).tree;

/** A directory that may still get entries. */
interface Growing extends TreeDirectory {
  readonly entries: Map<ByteString, TreeEntry>;
}

/** A copy of the directories; what is in them is the same. */
const copied = (directory: TreeDirectory): Growing => ({
  ...directory,
  entries: new Map(
    [...directory.entries].map(([name, entry]) => [
      name,
      entry.type === 'dir' ? copied(entry) : entry,
    ]),
  ),
});

/** What is below a directory, with its path. */
export function* entriesBelow(
  directory: TreeDirectory,
  path = '',
): Generator<readonly [ByteString, TreeEntry]> {
  for (const [name, entry] of directory.entries) {
    const below = (path === '' ? name : `${path}/${name}`) as ByteString;
    yield [below, entry];
    if (entry.type === 'dir') yield* entriesBelow(entry, below);
  }
}

/** Gives an entry one more name in some directory, where the name is free there. */
function addLink(root: Growing, name: ByteString, [from, into]: readonly [number, number]): void {
  const all = [...entriesBelow(root)].map(([, entry]) => entry);
  const linkable = all.filter(({ type }) => type !== 'dir');
  const directories = [root, ...all.filter(({ type }) => type === 'dir')] as Growing[];
  const entry = linkable[from % linkable.length];
  const directory = directories[into % directories.length]!;
  if (entry !== undefined && !directory.entries.has(name)) directory.entries.set(name, entry);
}

/** Trees that every kind of source can hold, but for what single ones cannot: with hard links. */
export const linkedTree = fc
  .tuple(
    plainTrees,
    fc.array(fc.tuple(byteName, fc.tuple(fc.nat(50), fc.nat(50))), { maxLength: 4 }),
  )
  .map(([tree, links]): TreeDirectory => {
    const root = copied(tree);
    for (const [name, choice] of links) addLink(root, name, choice);
    return root;
  });

/** The same tree with its entries inserted in the opposite order. */
export const reversed = (directory: TreeDirectory): TreeDirectory => ({
  ...directory,
  entries: new Map(
    [...directory.entries]
      .reverse()
      .map(([name, entry]) => [name, entry.type === 'dir' ? reversed(entry) : entry]),
  ),
});
