import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { readRecipe } from '../../../src/cli/recipe.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { TreeDirectory } from '../../../src/mkfs/tree.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { failureOf } from '../fs/patch.ts';

const PROGRAM = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 2, 3);
const SHA = createHash('sha256').update(PROGRAM).digest('hex');

const host = (recipe: unknown): FakeHost =>
  new FakeHost({
    '/r.json': typeof recipe === 'string' ? recipe : JSON.stringify(recipe),
    '/modules/tool/bin/prog': PROGRAM,
    '/modules/docs/a.txt': 'A',
    '/modules/docs/b.md': 'B',
    '/modules/docs/c.js': 'C',
  });
const read = (recipe: unknown): TreeDirectory =>
  readRecipe(host(recipe), fromText('r.json'), fromText('modules'));
const one = (entry: unknown): unknown => failureOf(() => read({ entries: [entry] }));

describe('readRecipe', () => {
  it('makes texts, files, folders, links, devices and directories', () => {
    const tree = read({
      name: 'any',
      entries: [
        { path: 'bin/prog', package: 'tool', file: 'bin/prog', mode: '4755', sha256: SHA },
        { path: 'bin/sh', type: 'symlink', target: 'prog' },
        { path: 'dev/null', type: 'char', mode: '0666', rdev: [1, 3] },
        { path: 'dev/loop', type: 'block', rdev: [7, 300] },
        { path: 'etc/motd', text: 'h\u00e9llo\n' },
        { path: 'etc/empty', text: '', mode: '0600' },
        { path: 'tmp', type: 'dir', mode: '01777' },
        { path: 'doc', package: 'docs', folder: '.', match: '\\.(md|txt)$' },
        { path: 'all', package: 'docs', folder: '.', match: '', mode: '0444' },
      ],
    });
    const expected = treeFrom({
      'bin/prog': { content: PROGRAM, mode: 0o4755 },
      'bin/sh': { type: 'symlink', target: 'prog' },
      'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666 },
      'dev/loop': { type: 'block', rdev: { major: 7, minor: 300 } },
      'etc/motd': 'h\u00e9llo\n',
      'etc/empty': { content: '', mode: 0o600 },
      tmp: { type: 'dir', mode: 0o1777 },
      'doc/a.txt': 'A',
      'doc/b.md': 'B',
      'all/a.txt': { content: 'A', mode: 0o444 },
      'all/b.md': { content: 'B', mode: 0o444 },
      'all/c.js': { content: 'C', mode: 0o444 },
    });
    expect(comparableTree(tree)).toEqual(comparableTree(expected));
  });

  it('of no entries is an empty tree', () => {
    expect(read({ entries: [] }).entries.size).toBe(0);
  });
});

describe('a recipe is refused in one line', () => {
  it('when it is missing', () => {
    expect(failureOf(() => readRecipe(host({}), fromText('no.json'), fromText('modules')))).toEqual(
      ['ENOENT', 'cannot read no.json: ENOENT'],
    );
  });

  it.each(['', '{', 'entries: []', '{"entries": [}'])('when it is not JSON: %j', (text) => {
    const failure = failureOf(() => read(text));
    expect(failure).toEqual(['EINVAL', expect.stringMatching(/^r\.json: not JSON: [^\n]+$/)]);
  });

  it.each([null, 5, [], {}, { entries: {} }, { entries: 'x' }])(
    'when it has no entries: %j',
    (recipe) => {
      expect(failureOf(() => read(recipe))).toEqual([
        'EINVAL',
        "r.json: expected an object with a list 'entries'",
      ]);
    },
  );

  it.each([
    [null, 'expected an object'],
    ['x', 'expected an object'],
    [{ text: '' }, 'has no path'],
    [[], 'has no path'],
    [{ path: 5, text: '' }, 'path is 5, expected a path'],
    [{ path: '', text: '' }, 'path is "", expected a path'],
    [{ path: 'x', type: 'fifo' }, 'type is "fifo", expected dir, symlink, char or block'],
    [{ path: 'x', text: '', mode: 420 }, 'mode is 420, expected an octal mode in quotes'],
    [{ path: 'x', text: '', mode: '0o644' }, 'mode is "0o644", expected an octal mode in quotes'],
    [{ path: 'x', text: '', mode: '888' }, 'mode is "888", expected an octal mode in quotes'],
    [{ path: 'x', type: 'symlink', target: '' }, 'target is "", expected text'],
    [{ path: 'x', type: 'char', rdev: [1] }, 'rdev is [1], expected [major, minor]'],
    [{ path: 'x', type: 'char', rdev: [1, 0.5] }, 'rdev is [1,0.5], expected [major, minor]'],
    [{ path: 'x', type: 'char', rdev: '1,3' }, 'rdev is "1,3", expected [major, minor]'],
    [{ path: 'x', text: 7 }, 'text is 7, expected text'],
    [{ path: 'x', package: 7, file: 'f' }, "package is 7, expected a package's name"],
    [{ path: 'x', package: 'p', file: null }, 'file is null, expected a file of the package'],
    [
      { path: 'x', package: 'p', folder: 1, match: '' },
      'folder is 1, expected a folder of the package',
    ],
    [
      { path: 'x', package: 'p', folder: '.', match: '(' },
      'match is "(", expected a regular expression',
    ],
    [
      { path: 'x', package: 'p', file: 'f', sha256: 'ABC' },
      'sha256 is "ABC", expected 64 hex digits',
    ],
    [{ path: 'x', text: '', owner: 'root' }, "unknown field 'owner'"],
    [{ path: 'x', text: '', constructor: 1 }, "unknown field 'constructor'"],
  ])('when a field is wrong: %j', (entry, message) => {
    // Second in the list: entries count from 1.
    expect(failureOf(() => read({ entries: [{ path: 'ok', text: '' }, entry] }))).toEqual([
      'EINVAL',
      `r.json: entry 2: ${message}`,
    ]);
  });

  it('when a package or its file is missing', () => {
    expect(one({ path: 'x', package: 'nope', file: 'f' })).toEqual([
      'ENOENT',
      'cannot read modules/nope/f: ENOENT',
    ]);
    expect(one({ path: 'x', package: 'tool', file: 'bin' })).toEqual([
      'EISDIR',
      'cannot read modules/tool/bin: EISDIR',
    ]);
    expect(one({ path: 'x', package: 'docs', folder: 'lib', match: '' })).toEqual([
      'ENOENT',
      'cannot list modules/docs/lib: ENOENT',
    ]);
  });

  it('when a file is not the one it means', () => {
    const wanted = '0'.repeat(64);
    expect(one({ path: 'bin/x', package: 'tool', file: 'bin/prog', sha256: wanted })).toEqual([
      'EINVAL',
      `r.json: entry 'bin/x': SHA-256 is ${SHA}, expected ${wanted}`,
    ]);
  });

  it.each([
    { path: 'x' },
    { path: 'x', mode: '0644' },
    { path: 'x', package: 'tool' },
    { path: 'x', file: 'f' },
    { path: 'x', package: 'docs', folder: '.' },
    { path: 'x', folder: '.', match: '' },
    { path: 'x', text: '', package: 'tool', file: 'f' },
    { path: 'x', text: '', sha256: '0'.repeat(64) },
    { path: 'x', package: 'tool', file: 'f', folder: '.', match: '' },
    { path: 'x', type: 'symlink' },
    { path: 'x', type: 'char' },
    { path: 'x', type: 'block', target: 'y' },
    { path: 'x', type: 'symlink', rdev: [1, 3] },
    { path: 'x', type: 'dir', target: 'y' },
    { path: 'x', type: 'dir', rdev: [1, 3] },
    { path: 'x', type: 'dir', text: '' },
  ])('when the fields make no entry: %j', (entry) => {
    const fields = Object.keys(entry).filter((key) => key !== 'path' && key !== 'mode');
    expect(one(entry)).toEqual([
      'EINVAL',
      `r.json: entry 1: fields ${fields.join(', ')} make no entry: expected text, a package's file or folder, or a type with what it needs`,
    ]);
  });

  it('when a folder has no file that matches', () => {
    expect(one({ path: 'x', package: 'docs', folder: '.', match: '\\.pdf$' })).toEqual([
      'ENOENT',
      "r.json: entry 'x': no file of modules/docs/. matches /\\.pdf$/",
    ]);
  });

  it.each([
    [{ path: 'a/../b', text: '' }, "a/../b: '.' and '..' are no names, this one is '..'"],
    [{ path: '/etc', text: '' }, "/etc: a name has 1 to 255 bytes, this one is ''"],
    [{ path: 'x', text: '', mode: '10000' }, 'x: mode is 10000, expected 0 to 7777 (octal)'],
    [{ path: 'x', type: 'char', rdev: [4096, 0] }, 'x: device major is 4096, expected 0 to 4095'],
  ])('when an entry breaks the tree’s rules: %j', (entry, message) => {
    expect(one(entry)).toEqual(['EINVAL', message]);
  });
});
