import { describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { fromText } from '../../../src/base/bytestring.ts';
import { treeFromArchive } from '../../../src/mkfs/from-archive.ts';
import type { TreeDirectory, TreeEntry } from '../../../src/mkfs/tree.ts';
import { fileEntry, meta, refusal } from '../../support/archives.ts';

const dir = (path: string, mode = 0o700): ArchiveEntry => ({
  ...meta(path, { mode }),
  type: 'dir',
});
const hard = (path: string, target: string): ArchiveEntry => ({
  ...meta(path),
  type: 'hardlink',
  linkTarget: fromText(target),
});
const fifo = (path: string): ArchiveEntry => ({ ...meta(path), type: 'fifo' });
const tree = (...entries: readonly ArchiveEntry[]): TreeDirectory =>
  treeFromArchive(entries, 'a.tar');
const at = (root: TreeDirectory, path: string): TreeEntry | undefined =>
  path
    .split('/')
    .reduce<TreeEntry | undefined>(
      (entry, name) => (entry?.type === 'dir' ? entry.entries.get(fromText(name)) : undefined),
      root,
    );

describe('treeFromArchive', () => {
  it('takes every type over, and makes missing directories 0755 of root', () => {
    const root = tree(
      fileEntry('a/b/f', 'text', { mode: 0o4755, uid: 4e9 }),
      { ...meta('s'), type: 'symlink', linkTarget: fromText('../x') },
      { ...meta('c'), type: 'char', rdev: { major: 1, minor: 3 } },
      { ...meta('b'), type: 'block', rdev: { major: 8, minor: 0 } },
      fifo('p'),
      { ...meta('u'), type: 'socket' },
    );
    expect(root).toMatchObject({ type: 'dir', mode: 0o755, uid: 0, gid: 0 });
    expect(at(root, 'a/b')).toMatchObject({ type: 'dir', mode: 0o755, uid: 0, gid: 0 });
    expect(at(root, 'a/b/f')).toMatchObject({ type: 'file', mode: 0o4755, uid: 4e9, gid: 2 });
    expect(at(root, 's')).toMatchObject({ type: 'symlink', target: '../x' });
    expect(at(root, 'c')).toMatchObject({ type: 'char', rdev: { major: 1, minor: 3 } });
    expect(at(root, 'b')).toMatchObject({ type: 'block' });
    expect(at(root, 'p')).toMatchObject({ type: 'fifo' });
    expect(at(root, 'u')).toMatchObject({ type: 'socket' });
    expect(at(root, 's')).not.toHaveProperty('mtime');
  });

  it('gives directories their metadata before or after what is in them, the root too', () => {
    const root = tree(fileEntry('d/f', ''), dir('d'), dir('', 0o711), fileEntry('d/g', ''));
    expect(root.mode).toBe(0o711);
    expect(at(root, 'd')).toMatchObject({ mode: 0o700, uid: 1 });
    expect([...(at(root, 'd') as TreeDirectory).entries.keys()]).toEqual(['f', 'g']);
  });

  it('lets a later entry of a path replace the earlier, an empty directory too', () => {
    const root = tree(fileEntry('f', 'old'), fifo('f'), dir('d'), fifo('d'), fifo('e'), dir('e'));
    expect(['f', 'd', 'e'].map((path) => at(root, path)?.type)).toEqual(['fifo', 'fifo', 'dir']);
  });

  it('makes hard links the same object as their target was at that moment', () => {
    const root = tree(
      fileEntry('f', '1'),
      hard('l', 'f'),
      fileEntry('f', '22'),
      hard('d/m', 'f'),
      hard('n', 'l'),
      hard('n', 'n'),
    );
    expect(at(root, 'd/m')).toBe(at(root, 'f'));
    expect(at(root, 'n')).toBe(at(root, 'l'));
    expect(at(root, 'l')).not.toBe(at(root, 'f'));
  });

  it.each<[string, readonly ArchiveEntry[], string]>([
    [
      'a hard link to nothing',
      [hard('l', 'a/t')],
      'ENOENT a.tar: entry l: hard link to a/t, expected',
    ],
    ['a later target', [hard('l', 't'), fifo('t')], 'ENOENT a.tar: entry l: hard link to t'],
    [
      'a hard link to a directory',
      [dir('d'), hard('l', 'd')],
      'EISDIR a.tar: entry l: hard link to d',
    ],
    ['a hard link to the root', [hard('l', '')], 'EISDIR a.tar: entry l: hard link to .'],
    [
      'below a file',
      [fifo('p'), fileEntry('p/a/f', '')],
      'ENOTDIR a.tar: entry p/a/f: p is a fifo',
    ],
    [
      'a file over a full directory',
      [fifo('d/f'), fifo('d')],
      'EISDIR a.tar: entry d: a fifo where',
    ],
    ['a file as the root', [fileEntry('', '')], 'ENOTDIR a.tar: entry .: the root is a file'],
    ['a long name', [fifo('n'.repeat(256))], 'EINVAL a.tar: entry nnn'],
    [
      'a device beyond AXFS',
      [{ ...meta('c'), type: 'char', rdev: { major: 4096, minor: 0 } }],
      'EINVAL a.tar: entry c: device major is 4096, expected 0 to 4095',
    ],
  ])('refuses %s', (_what, entries, message) => {
    expect(refusal(() => tree(...entries))).toContain(message);
  });
});
