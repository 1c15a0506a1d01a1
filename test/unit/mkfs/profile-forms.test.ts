import { describe, expect, it } from 'vitest';
import { fromText, toBytes } from '../../../src/base/bytestring.ts';
import {
  fixDriverPaths,
  profileOfTouches,
  readProfileText,
  realPath,
} from '../../../src/mkfs/profile-forms.ts';
import type { ProfileReading } from '../../../src/mkfs/profile-forms.ts';
import { parseProfile } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { textBytes } from '../../support/sample-data.ts';

const bytes = (text: string): Uint8Array => toBytes(fromText(text));
const read = (text: string, keepsLastLine = false): ProfileReading =>
  readProfileText(bytes(text), 'p.csv', keepsLastLine);
/** Lines of one file that fill exactly `size` bytes. */
const filled = (start: string, size: number): string => {
  let text = '';
  for (let i = 0; size - text.length > 60; i += 1) text += `${start}${String(i)},0,1\n`;
  const rest = size - text.length;
  return `${text}${start}${'z'.repeat(rest - start.length - 5)},0,1\n`;
};

describe('readProfileText', () => {
  it('knows the driver’s form by its paths', () => {
    expect(read('./noxip,0,2\ndeep/d.so,4096,1\n').form).toBe('driver');
    expect(read('bin/a,0,2,w \n').form).toBe('list');
    expect(read('./noxip,0,2\n').form).toBe('list');
    expect(read('./usr/bin/wc,0,2 \n').form).toBe('list');
    expect(read('').form).toBe('list');
  });

  it('leaves a last line without an end out, and says so', () => {
    const { profile, doubts, isCut } = read('usr/bin/a,0,1\n\nusr/bin/a,40,\x1b');
    expect(profile.entries.map(({ offset }) => offset)).toEqual([0]);
    expect(isCut).toBe(true);
    expect(doubts).toEqual([
      "p.csv:3: the last line has no end, it may be cut: 'usr/bin/a,40,\\x1b' is left out; end it to have it count",
    ]);
  });

  it('keeps that line when told to, and with a byte order mark cuts in the right place', () => {
    expect(read('a/b/c,0,1', true)).toMatchObject({ isCut: false, doubts: [] });
    expect(read('a/b/c,0,1', true).profile.entries).toHaveLength(1);
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes('a/b/c,0,1\na/b/c,40'));
    expect(readProfileText(marked, 'p.csv').profile.entries).toMatchObject([{ path: 'a/b/c' }]);
  });

  it.each([
    [4096, 'usr/lib/x', 'p.csv: it has 4096 bytes, whole blocks of 4096: it looks cut'],
    [8192, 'usr/lib/x', 'p.csv: it has 8192 bytes, whole blocks of 4096: it looks cut'],
    [4031, 'lib/x', 'p.csv: it has 4031 bytes, and the kernel driver stops within its first 4096'],
    [5000, 'lib/x', 'p.csv: it has 5000 bytes, and the kernel driver skips pages after'],
  ])('doubts %i bytes of %s', (size, start, doubt) => {
    const text = filled(start, size);
    expect(text).toHaveLength(size);
    const { doubts, isCut, profile } = read(text);
    expect(doubts).toEqual([expect.stringContaining(doubt)]);
    // A line with an end is whole, wherever the file stops.
    expect(isCut).toBe(false);
    expect(profile.entries).toHaveLength(text.split('\n').length - 1);
  });

  it.each([
    [4031, 'usr/lib/x'],
    [5000, 'usr/lib/x'],
    [2977, 'lib/x'],
  ])('has no doubt about %i bytes of %s', (size, start) => {
    expect(read(filled(start, size)).doubts).toEqual([]);
  });

  it('tells the pages that are marked as written', () => {
    expect([...read('a,0,1,r\na,4096,1,rw\nb,0,1,w\n').written]).toEqual([
      ['a', new Set([1])],
      ['b', new Set([0])],
    ]);
  });
});

const tree = treeFrom({
  noxip: textBytes(10),
  'bin/busybox': textBytes(9000),
  'usr/bin/wc': textBytes(9000),
  'usr/lib/deep/d.so': textBytes(9000),
  'lib/x': textBytes(100),
  'usr/lib/x': textBytes(9000),
  'opt/lib/y': textBytes(9000),
  'lib/y': { type: 'symlink', target: 'x' },
});

describe('fixDriverPaths', () => {
  const fix = (text: string): ReturnType<typeof fixDriverPaths> =>
    fixDriverPaths(parseProfile(bytes(text), 'p.csv'), tree);

  it('finds the one file with that directory and name', () => {
    const { profile, fixed, ambiguous, unmatched } = fix(
      './noxip,0,1\nbin/busybox,0,2\nbin/wc,4096,3\ndeep/d.so,0,4\nlib/y,0,5\n./usr/lib/x,0,6\n',
    );
    expect(profile.entries.map(({ path, line }) => [path, line])).toEqual([
      ['noxip', 1],
      ['bin/busybox', 2],
      ['usr/bin/wc', 3],
      ['usr/lib/deep/d.so', 4],
      ['opt/lib/y', 5],
      ['usr/lib/x', 6],
    ]);
    expect([...profile.pages.keys()]).toContain('usr/bin/wc');
    expect([fixed, ambiguous, unmatched]).toEqual([6, [], []]);
  });

  it('leaves lines of several files out, unless only one has the page', () => {
    const { profile, fixed, ambiguous } = fix('lib/x,0,1\nlib/x,4096,1\n');
    expect(profile.entries.map(({ path, offset }) => [path, offset])).toEqual([
      ['usr/lib/x', 4096],
    ]);
    expect(fixed).toBe(1);
    expect(ambiguous).toEqual([
      { path: 'lib/x', offset: 0, count: 1, line: 1, files: ['lib/x', 'usr/lib/x'] },
    ]);
  });

  it('keeps lines of no file as they were: unknown ones, and the driver’s pages beyond the end', () => {
    const { profile, fixed, unmatched } = fix('bin/no,0,1\n./noxip,12288,2\nwc,0,1\n');
    expect(profile.entries.map(({ path }) => path)).toEqual(['bin/no', 'noxip', 'wc']);
    expect(fixed).toBe(0);
    expect(unmatched.map(({ line, files }) => [line, files])).toEqual([
      [1, []],
      [2, []],
      [3, []],
    ]);
  });
});

describe('realPath', () => {
  const links = treeFrom({
    bin: { type: 'symlink', target: 'usr/bin' },
    'usr/bin/sh': { type: 'symlink', target: '/bin/dash' },
    'usr/bin/dash': 'x',
    'usr/bin/up': { type: 'symlink', target: '../../usr/./bin/../bin/sh' },
    a: { type: 'symlink', target: 'b' },
    b: { type: 'symlink', target: 'a' },
  });
  it.each([
    ['/usr/bin/dash', 'usr/bin/dash'],
    ['bin/sh', 'usr/bin/dash'],
    ['//bin/up', 'usr/bin/dash'],
    ['../bin/dash', 'usr/bin/dash'],
    ['/a', undefined],
    ['/usr/bin/no', undefined],
    ['/usr/bin/dash/x', undefined],
    ['/', undefined],
  ])('%s is %s', (path, real) => {
    expect(realPath(links, fromText(path))).toBe(real);
  });
});

describe('profileOfTouches', () => {
  it('sums the counts of a page under all names of its file, and marks what is written', () => {
    const touch = (path: string, page: number, line: number, isWrite = false) => ({
      ...{ path: fromText(path), page, count: 2, isWrite, line },
    });
    const { form, profile, written } = profileOfTouches(
      [
        touch('/lib/x', 0, 3),
        touch('lib/y', 0, 4),
        touch('/usr/bin/wc', 2, 5),
        touch('/usr/bin/wc', 2, 6, true),
        touch('/no/where', 1, 7),
      ],
      tree,
    );
    expect(form).toBe('trace');
    expect(profile.entries).toEqual([
      { path: 'lib/x', offset: 0, count: 4, line: 3 },
      { path: 'usr/bin/wc', offset: 8192, count: 4, line: 5, written: true },
      { path: 'no/where', offset: 4096, count: 2, line: 7 },
    ]);
    expect([...written]).toEqual([['usr/bin/wc', new Set([2])]]);
  });
});
