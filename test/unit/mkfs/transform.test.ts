import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { parseDeviceTable } from '../../../src/mkfs/device-table.ts';
import { allRoot, applyDeviceTable, exclude, setOwner } from '../../../src/mkfs/transform.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { TreeDirectory, TreeEntry, TreeFile } from '../../../src/mkfs/tree.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { refusal } from '../../support/archives.ts';

const sample = (): TreeDirectory =>
  treeFrom({
    '.': { type: 'dir', uid: 9, gid: 9, mode: 0o711 },
    'bin/prog': { content: 'x', mode: 0o4755, uid: 1, gid: 2 },
    'bin/tool.o': 'o',
    'dev/null': { type: 'char', rdev: { major: 1, minor: 5 }, mode: 0o600, uid: 3 },
    'lib/a.o': 'a',
    'lib/b/c.o': 'c',
    l: { type: 'symlink', target: 't', gid: 4 },
  });
/** The sample with a second name for bin/prog. */
function linked(): TreeDirectory {
  const tree = sample();
  const bin = tree.entries.get(fromText('bin')) as TreeDirectory;
  const prog = bin.entries.get(fromText('prog'))!;
  return { ...tree, entries: new Map([...tree.entries, [fromText('also'), prog]]) };
}
const at = (root: TreeDirectory, path: string): TreeEntry | undefined =>
  path
    .split('/')
    .reduce<TreeEntry | undefined>(
      (entry, name) => (entry?.type === 'dir' ? entry.entries.get(fromText(name)) : undefined),
      root,
    );
const paths = (directory: TreeDirectory, prefix = ''): string[] =>
  [...directory.entries]
    .flatMap(([name, entry]) => [
      prefix + name,
      ...(entry.type === 'dir' ? paths(entry, `${prefix}${name}/`) : []),
    ])
    .sort();

describe('setOwner and allRoot', () => {
  it('change owners, and nothing else, everywhere', () => {
    const tree = linked();
    const before = comparableTree(tree);
    const owned = setOwner(tree, { uid: 5 });
    expect(owned).toMatchObject({ uid: 5, gid: 9, mode: 0o711 });
    expect(at(owned, 'bin/prog')).toMatchObject({ uid: 5, gid: 2, mode: 0o4755 });
    expect(at(owned, 'l')).toMatchObject({ uid: 5, gid: 4 });
    const root = allRoot(tree);
    for (const path of paths(root)) expect(at(root, path)).toMatchObject({ uid: 0, gid: 0 });
    expect(at(root, 'also')).toBe(at(root, 'bin/prog'));
    expect((at(root, 'also') as TreeFile).content).toBe((at(tree, 'also') as TreeFile).content);
    expect(comparableTree(tree)).toEqual(before);
  });

  it('refuse ids beyond 32 bits', () => {
    expect(refusal(() => setOwner(sample(), { gid: 2 ** 32 }))).toContain('gid is 4294967296');
  });
});

describe('exclude', () => {
  it('leaves out what matches, and says what each pattern matched', () => {
    const { tree, matched } = exclude(sample(), ['*.o', 'lib', 'none', '/bin/p*'].map(fromText));
    expect(paths(tree)).toEqual(['bin', 'dev', 'dev/null', 'l']);
    expect(matched).toEqual([
      { pattern: '*.o', paths: ['bin/tool.o'], entries: 1 },
      { pattern: 'lib', paths: ['lib'], entries: 4 },
      { pattern: 'none', paths: [], entries: 0 },
      { pattern: '/bin/p*', paths: ['bin/prog'], entries: 1 },
    ]);
  });

  it('keeps hard links, metadata and, without patterns, everything', () => {
    const { tree } = exclude(linked(), []);
    expect(comparableTree(tree)).toEqual(comparableTree(linked()));
    expect(at(tree, 'also')).toBe(at(tree, 'bin/prog'));
    const cut = exclude(linked(), [fromText('bin/tool.o')]).tree;
    expect(cut).toMatchObject({ uid: 9, mode: 0o711 });
    expect(at(cut, 'also')).toBe(at(cut, 'bin/prog'));
  });
});

describe('applyDeviceTable', () => {
  const apply = (text: string, tree = sample()): TreeDirectory =>
    applyDeviceTable(tree, parseDeviceTable(Buffer.from(text), 'dev.txt'));

  it('creates devices, directories, fifos and sockets', () => {
    const tree = apply(
      'dev/tty c 666 0 5 4 0 0 1 3\ndev/sda b 660 0 6 8 0\nrun d 1777\nrun/p p 600 1\nrun/s s 666',
    );
    expect(at(tree, 'dev/tty2')).toEqual({
      ...{ type: 'char', mode: 0o666, uid: 0, gid: 5, rdev: { major: 4, minor: 2 } },
    });
    expect(at(tree, 'dev/sda')).toMatchObject({ type: 'block', rdev: { major: 8, minor: 0 } });
    expect(at(tree, 'run')).toMatchObject({ type: 'dir', mode: 0o1777 });
    expect(at(tree, 'run/p')).toMatchObject({ type: 'fifo', uid: 1 });
    expect(at(tree, 'run/s')).toMatchObject({ type: 'socket' });
  });

  it('changes what is there, under all its names, and not the tree it was given', () => {
    const tree = linked();
    const before = comparableTree(tree);
    const changed = apply(
      '/ d 755\nbin/prog f 2755 7 8\ndev/null c 666 0 0 1 3\nlib d 700 1 1\nl l 777 77 7',
      tree,
    );
    expect(changed).toMatchObject({ mode: 0o755, uid: 0 });
    expect(at(changed, 'also')).toMatchObject({ type: 'file', mode: 0o2755, uid: 7, gid: 8 });
    expect(at(changed, 'also')).toBe(at(changed, 'bin/prog'));
    expect(at(changed, 'dev/null')).toMatchObject({ mode: 0o666, rdev: { major: 1, minor: 3 } });
    expect(at(changed, 'lib/a.o')).toMatchObject({ type: 'file' });
    expect(at(changed, 'l')).toMatchObject({ uid: 77, gid: 7, target: 't' });
    expect(comparableTree(tree)).toEqual(before);
  });

  it.each([
    ['nofile f 644', 'ENOENT dev.txt:2: /nofile does not exist, expected a file'],
    ['nolink l 644', 'ENOENT dev.txt:2: /nolink does not exist, expected a symlink'],
    ['no/c c 644 0 0 1 1', 'ENOENT dev.txt:2: /no does not exist, expected a dir to hold /no/c'],
    ['l/x d 755', 'ENOTDIR dev.txt:2: /l is a symlink, expected a dir to hold /l/x'],
    ['bin f 644', 'EEXIST dev.txt:2: /bin is a dir, expected a file'],
    ['bin/prog c 644 0 0 1 1', 'EEXIST dev.txt:2: /bin/prog is a file, expected a char'],
    ['/ p 644', 'EEXIST dev.txt:2: / is a dir, expected type d, not fifo'],
    ['c c 644 0 0 1 1048575 0 1 2', 'EINVAL dev.txt:2: c1: device minor is 1048576'],
    [`${'n'.repeat(256)} d 755`, 'EINVAL dev.txt:2: nnn'],
  ])('refuses %s', (line, message) => {
    expect(refusal(() => apply(`# one\n${line}`))).toContain(message);
  });
});
