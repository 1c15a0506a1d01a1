/**
 * The golden images of images/golden/features: one row for each thing that the builder can do. All contents
 * are made here, so nothing in them is anyone's program. `npm run images` writes the files.
 *
 * @module
 */
import { fromText } from '../../src/base/bytestring.ts';
import type { BuildOptions } from '../../src/mkfs/build.ts';
import { IMPROVED_FEATURES } from '../../src/mkfs/features.ts';
import type { Features } from '../../src/mkfs/features.ts';
import { profileOf } from '../../src/mkfs/profile.ts';
import type { PageProfile } from '../../src/mkfs/profile.ts';
import { parseSortList } from '../../src/mkfs/sort-list.ts';
import type { SortList } from '../../src/mkfs/sort-list.ts';
import type { EntrySpec } from '../../src/mkfs/tree.ts';
import { elfHead } from './elf.ts';
import { noiseBytes, textBytes } from './sample-data.ts';

/** How to make a golden image. */
export interface GoldenImage {
  /** Name of its files, without the ends. */
  readonly name: string;
  /** What it shows, one sentence. */
  readonly sentence: string;
  readonly tree: Readonly<Record<string, EntrySpec>>;
  readonly options: Pick<BuildOptions, 'xip' | 'compat' | 'sort' | 'timestamp'> & {
    /** Beside those that `mkfs.axfs` has where nothing is said. */
    readonly features?: Partial<Features>;
    /** With the features of a library call where nothing is said. */
    readonly library?: true;
    /** With a SHA-1 in the digest field. */
    readonly digest?: true;
  };
}

/** Features to hand to the builder. */
export const featuresFor = ({ options }: GoldenImage): Partial<Features> =>
  options.compat === true || options.library === true
    ? {}
    : { ...IMPROVED_FEATURES, ...options.features };

const PAGE = 4096;

const pageList = (...lines: readonly (readonly [path: string, offset: number])[]): PageProfile =>
  profileOf(lines.map(([path, offset]) => ({ path: fromText(path), offset, count: 1 })));

const sortList = (text: string): SortList => parseSortList(new TextEncoder().encode(text), 'sort');

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

/** A page with the head of a program for 32-bit machines, and a partial page. */
const program = joined(
  elfHead({
    bits: 32,
    order: 'little',
    segments: [
      { type: 1, flags: 5, offset: 0, filesz: PAGE },
      { type: 1, flags: 6, offset: PAGE, filesz: 904 },
    ],
  }),
  textBytes(904),
);

/** A program, a link, text that shrinks, noise that does not, an empty file, an empty directory. */
const SMALL: GoldenImage['tree'] = {
  'bin/prog': { content: program, mode: 0o755 },
  'bin/sh': { type: 'symlink', target: 'prog' },
  'etc/empty': '',
  'etc/motd': 'hello\n',
  'lib/noise': noiseBytes(700),
  'lib/text': { content: textBytes(PAGE + 904), uid: 1000, gid: 50 },
  tmp: { type: 'dir', mode: 0o1777 },
};

/** A program and a text, both with a partial last page. */
const TAILS: GoldenImage['tree'] = {
  'bin/prog': { content: program, mode: 0o755 },
  'etc/motd': 'hello\n',
};

/** Two pages that come again, inside a file and in others. */
const [pageA, pageB] = [textBytes(PAGE), noiseBytes(PAGE, 16, 7)];
const REPEATED: GoldenImage['tree'] = {
  'a-then-b': joined(pageA, pageB),
  'a-twice': joined(pageA, pageA, noiseBytes(300, 256, 9)),
  'b-alone': pageB,
  zeros: new Uint8Array(3 * PAGE),
};

const linkedContent = joined(pageB, textBytes(PAGE), noiseBytes(100, 256, 3));

const manyFiles = (count: number): GoldenImage['tree'] =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `share/file-${String(i).padStart(3, '0')}.txt`,
      { content: `this is file number ${String(i)}\n`, uid: i % 3 },
    ]),
  );

/** `count` pages that differ in their first byte. */
const similarPages = (count: number): Uint8Array =>
  joined(
    ...Array.from({ length: count }, (_, i) => joined(Uint8Array.of(48 + i), pageA.subarray(1))),
  );

/** The program's first page, and its partial last one. */
const programPages = pageList(['bin/prog', 0], ['bin/prog', PAGE]);

/** The rows, from the simplest on. */
export const GOLDEN_IMAGES: readonly GoldenImage[] = [
  {
    name: 'empty-root',
    sentence: 'A root directory with nothing in it.',
    tree: {},
    options: {},
  },
  {
    name: 'default',
    sentence:
      'What mkfs.axfs makes without options: nothing in place, a SHA-1 in the digest field.',
    tree: SMALL,
    options: { digest: true },
  },
  {
    name: 'library',
    sentence:
      'What a library call without options makes: entries of 4 bytes, equal pages stored as they come.',
    tree: REPEATED,
    options: { library: true },
  },
  {
    name: 'compat-none',
    sentence: 'What the original builder writes: nothing in place.',
    tree: SMALL,
    options: { compat: true },
  },
  {
    name: 'compat-profile',
    sentence:
      'What the original builder writes with -i: the listed pages, but for a partial last one.',
    tree: SMALL,
    options: { compat: true, xip: { kind: 'profile', profile: programPages } },
  },
  {
    name: 'compat-files',
    sentence: 'What the original builder writes with -e -i: all whole pages of the listed files.',
    tree: SMALL,
    options: { compat: true, xip: { kind: 'files', profile: pageList(['lib/text', 0]) } },
  },
  {
    name: 'compat-elf',
    sentence: 'What the original builder writes with -a: all whole pages of ELF programs.',
    tree: SMALL,
    options: { compat: true, xip: { kind: 'elf' } },
  },
  {
    name: 'xip-profile',
    sentence:
      'Listed pages in place, one of them a partial last page; an offset inside a page selects two.',
    tree: SMALL,
    options: {
      xip: {
        kind: 'profile',
        profile: pageList(['bin/prog', PAGE], ['lib/text', 10]),
      },
    },
  },
  {
    name: 'xip-all',
    sentence: 'Every page of every file in place: partial last pages are padded with zeros.',
    tree: TAILS,
    options: { xip: { kind: 'all' } },
  },
  {
    name: 'xip-no-tails',
    sentence: 'Every page of ELF programs in place but the partial last one.',
    tree: TAILS,
    options: { xip: { kind: 'elf' }, features: { xipTails: false } },
  },
  {
    name: 'table-depths',
    sentence: 'Tables with entries of 1, 2, 3 and 4 bytes, each as narrow as its values allow.',
    tree: {
      'huge-owner': { content: 'x', uid: 2 ** 32 - 1, gid: 2 ** 16 },
      'large-file': new Uint8Array(16 * PAGE + 1),
      ['n'.repeat(200)]: noiseBytes(200, 256, 5),
      ['o'.repeat(200)]: noiseBytes(200, 256, 6),
    },
    options: {},
  },
  {
    name: 'compressed-tables',
    sentence: 'Tables and names stored compressed where that is smaller.',
    tree: manyFiles(24),
    options: { features: { compressTables: true } },
  },
  {
    name: 'cblock-16k',
    sentence: 'Blocks of four pages, the last one shorter; pages of several files share a block.',
    tree: { ...SMALL, 'share/log': similarPages(5) },
    options: { features: { cblockSize: 4 * PAGE } },
  },
  {
    name: 'cblock-64k',
    sentence: 'Blocks of sixteen pages.',
    tree: { ...SMALL, 'share/log': similarPages(18) },
    options: { features: { cblockSize: 16 * PAGE } },
  },
  {
    name: 'dedupe',
    sentence: 'Equal pages stored once: nodes of several files name one block.',
    tree: REPEATED,
    options: {},
  },
  {
    name: 'hard-links',
    sentence: 'Three names of one file share one run of nodes, a longer file does not.',
    tree: {
      'bin/first': { content: linkedContent, mode: 0o755 },
      'bin/second': { content: linkedContent, mode: 0o755 },
      'sbin/third': { content: linkedContent, mode: 0o755 },
      'sbin/unlike': { content: joined(linkedContent, Uint8Array.of(0)), mode: 0o755 },
    },
    options: {},
  },
  {
    name: 'split',
    sentence: 'Cut in two: what must be addressable, and the rest.',
    tree: SMALL,
    options: { xip: { kind: 'profile', profile: programPages }, features: { split: true } },
  },
  {
    name: 'lz4',
    sentence: 'LZ4 blocks, which the Linux driver does not read.',
    tree: SMALL,
    options: { features: { codec: 'lz4' } },
  },
  {
    name: 'odd-names',
    sentence: 'Names that are no UTF-8, of 1 and of 255 bytes, with line ends, blanks and commas.',
    tree: {
      '-': 'a dash',
      ' ': 'a blank',
      'back\\slash': 'b',
      'comma,0,1': 'c',
      'cr\r': 'd',
      'latin-1/caf\udce9': 'one byte for the e',
      'latin-1/caf\u00e9': 'two bytes for the e',
      'latin-1/\udcff': { type: 'symlink', target: 'caf\udce9' },
      'line\nbreak': 'e',
      'tab\tand "quotes"': 'f',
      '\u0001\u001b[31m': 'g',
      ['n'.repeat(255)]: '255 bytes',
      ['\u00e9'.repeat(127)]: '254 bytes',
    },
    options: {},
  },
  {
    name: 'special-files-and-time',
    sentence:
      'Devices with small and with the largest numbers, a fifo, a socket, all mode bits; a time of more than 32 bits.',
    tree: {
      'dev/largest': { type: 'char', rdev: { major: 4095, minor: 2 ** 20 - 1 }, mode: 0o7777 },
      'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666 },
      'dev/nvme': { type: 'block', rdev: { major: 259, minor: 70000 }, mode: 0o660, gid: 6 },
      'dev/zero-zero': { type: 'char', rdev: { major: 0, minor: 0 }, mode: 0 },
      'run/fifo': { type: 'fifo', mode: 0o600 },
      'run/socket': { type: 'socket', mode: 0o755 },
      'bin/setuid': { content: 'su', mode: 0o4755 },
      'bin/setgid': { content: 'wall', mode: 0o2755, gid: 5 },
    },
    options: { timestamp: 2 ** 32 + 1 },
  },
  {
    name: 'sort-list',
    sentence: "Contents placed by a list: lib first, bin/prog last; the inodes' order is the same.",
    tree: SMALL,
    options: { sort: sortList('lib 10\nbin/prog -5\n') },
  },
  {
    name: 'everything',
    sentence:
      'Programs and a listed page in place, compressed tables, blocks of 16 KiB, split, sorted, digest and time.',
    tree: { ...SMALL, ...REPEATED, ...manyFiles(9) },
    options: {
      digest: true,
      timestamp: 1_700_000_000,
      xip: { kind: 'elf', listed: { kind: 'profile', profile: pageList(['lib/text', 0]) } },
      sort: sortList('share -1\n'),
      features: { compressTables: true, cblockSize: 4 * PAGE, split: true },
    },
  },
];
