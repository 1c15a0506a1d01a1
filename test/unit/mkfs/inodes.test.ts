import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { PAGES_MAX, planInodes } from '../../../src/mkfs/inodes.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { TreeDirectory } from '../../../src/mkfs/tree.ts';

/** A tree in which breadth-first and depth-first orders differ. */
const tree = treeFrom({
  'a/deep/f': { content: 'x'.repeat(5000), mode: 0o600 },
  'a/g': { content: 'y', uid: 1 },
  b: { content: '', mode: 0o640 },
  'c/link': { type: 'symlink', target: 'b' },
  'c/none': { type: 'dir' },
  'c/dev': { type: 'block', rdev: { major: 259, minor: 70000 } },
  'c/pipe': { type: 'fifo' },
});

describe('planInodes', () => {
  const plan = planInodes(tree, true);

  it('numbers breadth-first, children in strcmp order', () => {
    expect(plan.inodes.map(({ path }) => path)).toEqual([
      ...['', 'a', 'b', 'c'],
      ...['a/deep', 'a/g', 'c/dev', 'c/link', 'c/none', 'c/pipe'],
      'a/deep/f',
    ]);
  });

  it('gives directories their ranges, files their nodes, and everything else the next node', () => {
    const columns = plan.inodes.map((inode) => [
      inode.path,
      inode.fileSize,
      inode.numEntries,
      inode.arrayIndex,
    ]);
    expect(columns).toEqual([
      ['', 6, 3, 1],
      ['a', 7, 2, 4],
      ['b', 0, 0, 0],
      ['c', 4 + 5 + 5 + 5, 4, 6],
      ['a/deep', 2, 1, 10],
      ['a/g', 1, 1, 0],
      // The device number of the format description's example (section 5.3).
      ['c/dev', 0x11110370, 0, 1],
      ['c/link', 1, 1, 1],
      ['c/none', 0, 0, 2],
      ['c/pipe', 0, 0, 2],
      ['a/deep/f', 5000, 2, 2],
    ]);
    expect(plan.blocks).toBe(4);
  });

  it('lists modes depth-first, each triple once', () => {
    expect(plan.modes).toEqual([
      { mode: 0o040755, uid: 0, gid: 0 },
      { mode: 0o100600, uid: 0, gid: 0 },
      { mode: 0o100644, uid: 1, gid: 0 },
      { mode: 0o100640, uid: 0, gid: 0 },
      { mode: 0o060644, uid: 0, gid: 0 },
      { mode: 0o120777, uid: 0, gid: 0 },
      { mode: 0o010644, uid: 0, gid: 0 },
    ]);
    expect(plan.inodes.map(({ modeIndex }) => modeIndex)).toEqual([
      0, 0, 3, 0, 0, 2, 4, 5, 0, 6, 1,
    ]);
  });

  it('stores a directory of ten thousand levels without recursion', () => {
    let deep: TreeDirectory = treeFrom({});
    for (let i = 0; i < 10_000; i += 1)
      deep = { ...deep, entries: new Map([[fromText('d'), deep]]) };
    expect(planInodes(deep, true).inodes.length).toBe(10_001);
  });
});

const sized = (size: number): TreeDirectory =>
  treeFrom({ 'big/file': { content: { size, read: () => [] } } });

it('refuses a file of 4 GiB in compat, naming it', () => {
  expect(() => planInodes(sized(2 ** 32), true)).toThrow(
    expect.objectContaining({
      code: 'EFBIG',
      message: 'big/file: 4294967296 bytes, the original format holds at most 4294967295',
    }),
  );
  expect(planInodes(sized(2 ** 32 - 1), true).blocks).toBe(2 ** 20);
  expect(planInodes(sized(2 ** 32 + 1), false).blocks).toBe(2 ** 20 + 1);
});

it('refuses more pages than there is memory for, naming the file', () => {
  const limit = PAGES_MAX * 4096;
  expect(planInodes(sized(limit), false).blocks).toBe(PAGES_MAX);
  for (const size of [limit + 1, 4e13, Number.MAX_SAFE_INTEGER])
    expect(() => planInodes(sized(size), false)).toThrow(
      expect.objectContaining({
        code: 'EFBIG',
        message: `big/file: with its ${String(size)} bytes there are ${String(Math.ceil(size / 4096))} pages of contents, expected at most 33554432 (128 GiB)`,
      }),
    );
});

it('checks trees that were not made by treeFrom', () => {
  const root = treeFrom({ a: '' });
  const bad = (name: string): TreeDirectory => ({
    ...root,
    entries: new Map([[fromText('d'), { ...root, entries: new Map([[fromText(name), root]]) }]]),
  });
  expect(() => planInodes(bad('..'), false)).toThrow("d/..: '.' and '..' are no names");
  expect(() => planInodes({ ...root, uid: 0.5 }, false)).toThrow('.: uid is 0.5, expected 0 to');
});
