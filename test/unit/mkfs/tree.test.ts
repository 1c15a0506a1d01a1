import { describe, expect, it } from 'vitest';
import { fromBytes, fromText } from '../../../src/base/bytestring.ts';
import { checkEntry, modeOf, sizeOf, sortedEntries, treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec, TreeDirectory, TreeEntry } from '../../../src/mkfs/tree.ts';

const at = (tree: TreeDirectory, path: string): TreeEntry => {
  let entry: TreeEntry = tree;
  for (const part of path.split('/')) {
    expect(entry.type).toBe('dir');
    const next: TreeEntry | undefined = (entry as TreeDirectory).entries.get(fromText(part));
    if (next === undefined) throw new Error(`no ${part} in ${path}`);
    entry = next;
  }
  return entry;
};

describe('treeFrom', () => {
  const tree = treeFrom({
    'bin/prog': { content: Uint8Array.of(1, 2), mode: 0o4755, uid: 5, gid: 6 },
    'etc/motd': 'héllo',
    'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666 },
    sh: { type: 'symlink', target: 'bin/prog' },
    'run/pipe': { type: 'fifo' },
    'run/sock': { type: 'socket' },
    empty: { type: 'dir', mode: 0o700 },
    bin: { type: 'dir', mode: 0o711, gid: 9 },
    '.': { type: 'dir', mode: 0o1777 },
  });

  it('makes every type of entry, with parents on the way', () => {
    expect(at(tree, 'bin/prog')).toEqual({
      type: 'file',
      mode: 0o4755,
      uid: 5,
      gid: 6,
      content: Uint8Array.of(1, 2),
    });
    expect(at(tree, 'etc')).toMatchObject({ type: 'dir', mode: 0o755, uid: 0, gid: 0 });
    expect(at(tree, 'etc/motd')).toMatchObject({
      mode: 0o644,
      content: new TextEncoder().encode('héllo'),
    });
    expect(at(tree, 'dev/null')).toMatchObject({ type: 'char', rdev: { major: 1, minor: 3 } });
    expect(at(tree, 'sh')).toMatchObject({ type: 'symlink', mode: 0o777, target: 'bin/prog' });
    expect(at(tree, 'run/pipe')).toMatchObject({ type: 'fifo', mode: 0o644 });
    expect(at(tree, 'run/sock')).toMatchObject({ type: 'socket' });
    expect((at(tree, 'empty') as TreeDirectory).entries.size).toBe(0);
  });

  it('lets a directory be described after its entries, and the root by "."', () => {
    expect(at(tree, 'bin')).toMatchObject({ mode: 0o711, gid: 9 });
    expect((at(tree, 'bin') as TreeDirectory).entries.size).toBe(1);
    expect(tree.mode).toBe(0o1777);
  });

  it('takes defaults', () => {
    const owned = treeFrom(
      { 'a/b': '' },
      { defaults: { uid: 7, gid: 8, fileMode: 0o600, directoryMode: 0o700 } },
    );
    expect(at(owned, 'a')).toMatchObject({ uid: 7, gid: 8, mode: 0o700 });
    expect(at(owned, 'a/b')).toMatchObject({ uid: 7, gid: 8, mode: 0o600 });
  });

  it('takes names that are not UTF-8 as surrogate escapes', () => {
    const name = fromBytes(Uint8Array.of(0x61, 0xff));
    expect([...treeFrom({ 'a\udcff': '' }).entries.keys()]).toEqual([name]);
  });

  const refused: readonly (readonly [string, Record<string, EntrySpec>, string])[] = [
    ['an empty name', { 'a//b': '' }, "a//b: a name has 1 to 255 bytes, this one is ''"],
    ['a dot', { 'a/./b': '' }, "a/./b: '.' and '..' are no names, this one is '.'"],
    ['two dots', { '..': '' }, "..: '.' and '..' are no names, this one is '..'"],
    ['NUL', { 'a\0b': '' }, "a\\x00b: a name contains no NUL byte, this one is 'a\\x00b'"],
    ['an entry below a file', { a: '', 'a/b': '' }, 'a: it has entries, so it is a directory'],
    ['a file where entries are', { 'a/b': '', a: '' }, 'a: it has entries, so it is a directory'],
    ['a file as the root', { '.': 'x' }, '.: the root is a directory'],
    [
      'type bits in a mode',
      { a: { content: '', mode: 0o100644 } },
      'a: mode is 100644, expected 0 to 7777 (octal)',
    ],
    ['a negative uid', { a: { content: '', uid: -1 } }, 'a: uid is -1, expected 0 to 4294967295'],
    [
      'a gid of 33 bits',
      { a: { content: '', gid: 2 ** 32 } },
      'a: gid is 4294967296, expected 0 to 4294967295',
    ],
    [
      'a major of 13 bits',
      { a: { type: 'block', rdev: { major: 4096, minor: 0 } } },
      'a: device major is 4096, expected 0 to 4095',
    ],
    [
      'a minor of 21 bits',
      { a: { type: 'char', rdev: { major: 0, minor: 2 ** 20 } } },
      'a: device minor is 1048576, expected 0 to 1048575',
    ],
    [
      'an empty target',
      { a: { type: 'symlink', target: '' } },
      'a: a symlink target has 0 bytes, expected 1 to 4095',
    ],
    [
      'a target of a page',
      { a: { type: 'symlink', target: 'x'.repeat(4096) } },
      'a: a symlink target has 4096 bytes, expected 1 to 4095',
    ],
    [
      'NUL in a target',
      { a: { type: 'symlink', target: 'x\0' } },
      'a: a symlink target contains no NUL byte',
    ],
  ];
  it.each(refused)('refuses %s', (_name, spec, message) => {
    expect(() => treeFrom(spec)).toThrow(expect.objectContaining({ code: 'EINVAL', message }));
  });

  it('refuses a name of 256 bytes, not one of 255', () => {
    const long = 'é'.repeat(127);
    expect(() => treeFrom({ [`${long}x`]: '' })).not.toThrow();
    expect(() => treeFrom({ [`${long}éx`]: '' })).toThrow('a name has 1 to 255 bytes');
  });
});

it('sorts entries by bytes, as strcmp does', () => {
  const names = ['b', 'B', 'a', 'ab', 'é', '\udcff', 'a-', 'Z', '~'];
  const tree = treeFrom(Object.fromEntries(names.map((name) => [name, ''])));
  expect(sortedEntries(tree).map(([name]) => name)).toEqual(
    ['B', 'Z', 'a', 'a-', 'ab', 'b', '~', 'é', '\udcff'].map(fromText),
  );
});

it('knows st_mode and the size of content', () => {
  const tree = treeFrom({ a: { content: { size: 7, read: () => new Uint8Array(7) } } });
  expect(modeOf(tree)).toBe(0o040755);
  expect(modeOf(at(tree, 'a'))).toBe(0o100644);
  expect(sizeOf(Uint8Array.of(1, 2))).toBe(2);
  expect(sizeOf({ size: 7, read: () => [] })).toBe(7);
});

it('refuses a size that is none', () => {
  const content = { size: -1, read: () => [] };
  const entry: TreeEntry = { type: 'file', mode: 0, uid: 0, gid: 0, content };
  expect(() => {
    checkEntry(entry, fromText('x'));
  }).toThrow('x: size is -1, expected 0 to 9007199254740991');
});
