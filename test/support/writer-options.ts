/**
 * Random options of `mkfs.axfs`, each as words of its command line and as what a library call takes: whatever
 * changes the bytes of an image is a row of {@link WORDS}.
 *
 * @module
 */
import fc from 'fast-check';
import { toBytes, toText } from '../../src/base/bytestring.ts';
import type { ByteString } from '../../src/base/bytestring.ts';
import { CODECS } from '../../src/codec/codecs.ts';
import type { CodecName } from '../../src/codec/codecs.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import type { PageProfile } from '../../src/mkfs/profile.ts';
import { sizeOf } from '../../src/mkfs/tree.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { entriesBelow } from './random-tree.ts';

const PAGE = 4096;

/** A line of a page list. */
export interface PageLine {
  readonly path: ByteString;
  readonly offset: number;
  readonly count: number;
  readonly isWritten: boolean;
}

/** What may be left out: one path; a name anywhere; directories of a name; names with this last byte. */
export const EXCLUDED_BY = ['path', 'name', 'directory', 'ending'] as const;

/** A pattern of `--exclude`, made for an entry that there is. */
export interface Excluded {
  readonly by: (typeof EXCLUDED_BY)[number];
  readonly path: ByteString;
}

/** How pages are selected for execution in place. */
export interface XipRow {
  readonly words: readonly string[];
  readonly policy: (list: PageProfile) => XipPolicy;
  /** What a page list selects; without it there is none. */
  readonly listed?: 'pages' | 'files';
  readonly isAll?: true;
  /** Programs are selected. */
  readonly isElf?: true;
  /** Lines name the last directory of a file only. */
  readonly isDriver?: true;
  readonly hasBudget?: true;
}

const pages = (profile: PageProfile) => ({ kind: 'profile', profile }) as const;
const files = (profile: PageProfile) => ({ kind: 'files', profile }) as const;

export const XIP_ROWS = {
  none: { words: ['--xip', 'none'], policy: () => ({ kind: 'none' }) },
  all: { words: ['--xip', 'all'], policy: () => ({ kind: 'all' }), isAll: true },
  list: { words: [], policy: pages, listed: 'pages' },
  files: { words: ['-e'], policy: files, listed: 'files' },
  elf: { words: ['-a'], policy: () => ({ kind: 'elf' }), isElf: true },
  elfAndList: {
    words: ['-a'],
    policy: (list) => ({ kind: 'elf', listed: pages(list) }),
    ...{ isElf: true, listed: 'pages' },
  },
  elfAndFiles: {
    words: ['-a', '-e'],
    policy: (list) => ({ kind: 'elf', listed: files(list) }),
    ...{ isElf: true, listed: 'files' },
  },
  budget: { words: [], policy: pages, listed: 'pages', hasBudget: true },
  driver: { words: ['--fix-driver-paths'], policy: pages, listed: 'pages', isDriver: true },
} as const satisfies Readonly<Record<string, XipRow>>;

/** Options of one build; lists name entries of the tree that they were made for. */
export interface WriterOptions {
  readonly xip: keyof typeof XIP_ROWS;
  readonly lines: readonly PageLine[];
  readonly budget: number;
  readonly excludeWritten: boolean;
  /** Without it, the features below. */
  readonly compat: boolean;
  readonly codec: CodecName;
  readonly cblockSize: number;
  readonly compressTables: boolean;
  readonly minimalTables: boolean;
  readonly dedupe: boolean;
  /** No option of the command has it turned off; library calls may. */
  readonly xipTails: boolean;
  readonly digest: boolean;
  readonly split: 'no' | 'split' | 'split-block';
  readonly sort: readonly { readonly path: ByteString; readonly priority: number }[] | undefined;
  readonly timestamp: number | undefined;
  readonly exclude: readonly Excluded[];
  readonly owner: { readonly uid?: number; readonly gid?: number; readonly isAllRoot?: true };
  readonly deviceTable: boolean;
}

/** The row that selects pages. */
export const xipRow = ({ xip }: WriterOptions): XipRow => XIP_ROWS[xip];

/** The last directory of a file and its name, as the kernel's driver prints them. */
export const driverName = (path: ByteString): ByteString =>
  path.split('/').slice(-2).join('/') as ByteString;

// --- making them ----------------------------------------------------------------------------------------

const timestamps = [undefined, undefined, 0, 1, 2 ** 31, 2 ** 32 + 1];
const owners = [{}, {}, { isAllRoot: true }, { uid: 7 }, { gid: 2 ** 32 - 2 }, { uid: 0, gid: 70 }];
const budgets = [0, 100, PAGE, 5 * PAGE, 10 ** 6];

/** Options that do not go by the tree; each compat build has as few features as it must. */
const plain = fc
  .record({
    xip: fc.constantFrom(...(Object.keys(XIP_ROWS) as (keyof typeof XIP_ROWS)[])),
    budget: fc.constantFrom(...budgets),
    excludeWritten: fc.boolean(),
    compat: fc.constantFrom(false, false, false, false, true),
    codec: fc.constantFrom(...CODECS.map(({ name }) => name)),
    cblockSize: fc.oneof(
      fc.constant(PAGE),
      fc.nat(8).map((doublings) => PAGE * 2 ** doublings),
    ),
    compressTables: fc.boolean(),
    minimalTables: fc.boolean(),
    dedupe: fc.boolean(),
    xipTails: fc.constantFrom(true, true, false),
    digest: fc.boolean(),
    split: fc.constantFrom('no' as const, 'no' as const, 'split' as const, 'split-block' as const),
    timestamp: fc.constantFrom(...timestamps),
    owner: fc.constantFrom<WriterOptions['owner']>(...(owners as WriterOptions['owner'][])),
    deviceTable: fc.boolean(),
  })
  .map((options) => {
    const isNone = options.xip === 'none';
    const some = { ...options, excludeWritten: options.excludeWritten && !isNone };
    return some.compat ? { ...some, ...ORIGINAL, timestamp: undefined } : some;
  });

/** What `--compat` has, beside what it leaves to choose. */
const ORIGINAL = {
  codec: 'zlib',
  cblockSize: PAGE,
  compressTables: false,
  minimalTables: false,
  dedupe: false,
  xipTails: false,
  digest: false,
  split: 'no',
} as const;

const picks = {
  lines: fc.array(
    fc.record({
      file: fc.nat(50),
      page: fc.oneof(fc.nat(5), fc.constant('last' as const)),
      inPage: fc.constantFrom(0, 0, 0, 1, PAGE - 1),
      count: fc.nat(5),
      isWritten: fc.constantFrom(false, false, true),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  sort: fc.option(
    fc.array(fc.record({ entry: fc.nat(50), priority: fc.integer({ min: -3, max: 3 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
  ),
  exclude: fc.array(fc.record({ entry: fc.nat(50), by: fc.constantFrom(...EXCLUDED_BY) }), {
    maxLength: 2,
  }),
};

/** Text files hold no name with a line end; at their start U+FEFF is a mark. */
const isListable = (path: string): boolean =>
  !path.includes('\n') && !path.startsWith('\xef\xbb\xbf');
/** Blanks at the end of a path belong to the priority behind it. */
const isSortable = (path: string): boolean => isListable(path) && !/[ \t]$/.test(path);

/** Random options that name no entries yet, but numbers that {@link resolved} makes entries of. */
export const anyOptions = fc.tuple(plain, fc.record(picks));
type AnyOptions = typeof anyOptions extends fc.Arbitrary<infer T> ? T : never;

/** Options for a tree. */
export function resolved([options, chosen]: AnyOptions, tree: TreeDirectory): WriterOptions {
  const { lines, sort, exclude } = chosen;
  const hasList = 'listed' in XIP_ROWS[options.xip];
  const entries = [...entriesBelow(tree)];
  const regular = entries.filter(([path, { type }]) => type === 'file' && isListable(path));
  const sortable = entries.filter(([path]) => isSortable(path));
  return {
    ...options,
    lines: lines.flatMap(({ file, page, inPage, ...line }) => {
      const [path, entry] = regular[file % regular.length] ?? [];
      if (entry?.type !== 'file' || path === undefined || !hasList) return [];
      const last = Math.max(0, Math.ceil(sizeOf(entry.content) / PAGE) - 1);
      const offset = (page === 'last' ? last : page) * PAGE + inPage;
      return [{ ...line, offset, path: options.xip === 'driver' ? driverName(path) : path }];
    }),
    sort:
      sort === null || options.compat
        ? undefined
        : sort.flatMap(({ entry, priority }) => {
            const [path] = sortable[entry % sortable.length] ?? [];
            return path === undefined ? [] : [{ path, priority }];
          }),
    exclude: exclude.flatMap(({ entry, by }) => {
      const [path] = entries[entry % entries.length] ?? [];
      return path === undefined ? [] : [{ by, path }];
    }),
  };
}

// --- as text --------------------------------------------------------------------------------------------

/** Every character stands for itself. */
const literally = (text: string): string => text.replace(/[^/]/gs, (c) => `\\${c}`);

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const PATTERNS: Readonly<Record<Excluded['by'], (path: ByteString) => string>> = {
  path: (path) => `/${literally(path)}`,
  name: (path) => literally(nameIn(path)),
  directory: (path) => `${literally(nameIn(path))}/`,
  ending: (path) => `*${literally(path.slice(-1))}`,
};

/** The shell patterns of `--exclude`. */
export const patternsOf = ({ exclude }: WriterOptions): readonly ByteString[] =>
  exclude.map(({ by, path }) => PATTERNS[by](path) as ByteString);

/** The page list. */
export const pageListOf = ({ lines }: WriterOptions): Uint8Array =>
  toBytes(
    lines
      .map(({ path, offset, count, isWritten }) => {
        const mark = isWritten ? ',rw' : '';
        return `${path},${String(offset)},${String(count)}${mark}\n`;
      })
      .join('') as ByteString,
  );

/** The sort list. */
export const sortListOf = ({ sort = [] }: WriterOptions): Uint8Array =>
  toBytes(sort.map(({ path, priority }) => `${path} ${String(priority)}\n`).join('') as ByteString);

/** The device table: the root's owner, and a directory with a range of devices and a fifo. */
export const DEVICE_TABLE = `# name type mode uid gid major minor start inc count
/ d 2755 3 4
/made-by-table d 700 8 9
/made-by-table/tty c 620 0 5 4 64 0 1 3
/made-by-table/pipe p 600 1 1
`;

/** Files that the words name. */
export const LISTS = { profile: 'list.csv', sort: 'sort.txt', table: 'table.txt' } as const;

type ListPath = (list: keyof typeof LISTS) => string;

const when = (isGiven: boolean, ...words: readonly string[]): readonly string[] =>
  isGiven ? words : [];

/** Options of the command that change the bytes of an image, and their words. */
export const WORDS: Readonly<
  Record<string, (options: WriterOptions, at: ListPath) => readonly string[]>
> = {
  '--compat': ({ compat }) => when(compat, '--compat'),
  '--codec': ({ codec, compat }) => when(!compat, '--codec', codec),
  '--cblock-size': ({ cblockSize }) => when(cblockSize > PAGE, '--cblock-size', String(cblockSize)),
  '--compress-tables': ({ compressTables }) => when(compressTables, '--compress-tables'),
  '--no-minimal-tables': ({ minimalTables, compat }) =>
    when(!minimalTables && !compat, '--no-minimal-tables'),
  '--no-dedupe': ({ dedupe, compat }) => when(!dedupe && !compat, '--no-dedupe'),
  '--no-digest': ({ digest, compat }) => when(!digest && !compat, '--no-digest'),
  '--sort-file': ({ sort }, at) => when(sort !== undefined, '--sort-file', at('sort')),
  '--split': ({ split }) => when(split === 'split', '--split'),
  '--split-block': ({ split }) => when(split === 'split-block', '--split-block'),
  '--timestamp': ({ timestamp }) => when(timestamp !== undefined, '--timestamp', String(timestamp)),
  '--exclude': (options) =>
    patternsOf(options).flatMap((pattern) => ['--exclude', toText(pattern)]),
  '--all-root': ({ owner }) => when(owner.isAllRoot === true, '--all-root'),
  '--uid': ({ owner: { uid } }) => when(uid !== undefined, '--uid', String(uid)),
  '--gid': ({ owner: { gid } }) => when(gid !== undefined, '--gid', String(gid)),
  '--device-table': ({ deviceTable }, at) => when(deviceTable, '--device-table', at('table')),
  '--profile': (options, at) =>
    when(xipRow(options).listed !== undefined, '--profile', at('profile')),
  '--xip': (options) => when(xipRow(options).words[0] === '--xip', ...xipRow(options).words),
  '-e': (options) => when(xipRow(options).words.includes('-e'), '-e'),
  '-a': (options) => when(xipRow(options).words.includes('-a'), '-a'),
  '--fix-driver-paths': (options) => when(xipRow(options).isDriver === true, '--fix-driver-paths'),
  '--xip-budget': (options) =>
    when(xipRow(options).hasBudget === true, '--xip-budget', String(options.budget)),
  '--exclude-written': ({ excludeWritten }) => when(excludeWritten, '--exclude-written'),
};

/** Options of the command that change no byte of an image that it writes. */
export const OTHER_OPTIONS = [
  '--explain-choice',
  '--for-kernel',
  '--strict',
  '--source-format',
  '--dry-run',
  '--jobs',
  '--quiet',
  '--json',
];

/** The command line, without source and targets. */
export const wordsOf = (options: WriterOptions, at: ListPath): readonly string[] =>
  Object.values(WORDS).flatMap((words) => words(options, at));
