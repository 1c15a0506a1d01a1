import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import type { FaultProfile, PastEofProfiling } from '../../../src/fs/fault-profile.ts';
import { toBytes } from '../../../src/base/bytestring.ts';
import { parseProfile } from '../../../src/mkfs/profile.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import { asTask } from '../../../src/mm/task.ts';
import { PROT_READ, PROT_WRITE } from '../../../src/mm/vmflags.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { Board, KERNEL_NAMES, page } from './board.ts';
import { failureOf, pages, patchOf } from './patch.ts';

const RW = PROT_READ + PROT_WRITE;

/** Names in the order of the tables; `bin/prog` has XIP pages 0 and 1 and a compressed page 2. */
let image: Uint8Array;
beforeAll(async () => {
  image = (
    await patchOf(
      {
        'bin/prog': textBytes(3 * PAGE_SIZE),
        noxip: noiseBytes(2 * PAGE_SIZE),
        'usr/lib/deep/d.so': textBytes(2 * PAGE_SIZE),
      },
      pages({ 'bin/prog': [0, 1] }),
    )
  ).bytes;
});

const boardOf = (
  profiling: PastEofProfiling = 'refuse',
): { board: Board; profile: FaultProfile } => {
  const board = new Board(image, { profiling });
  return { board, profile: board.mount.profile! };
};

/** Touches pages of a file in a new mapping; behind its end that is SIGBUS. */
function touch(board: Board, name: string, indices: readonly number[], prot = PROT_READ): void {
  const mm = board.spawn();
  const base = board.map(board.mount.open(name), { prot, pages: 8, mm });
  for (const index of indices) board.touch(page(base, index), 'read', mm);
  board.exit(mm);
}

/** What a profile holds, by path of the file as opened. */
const counted = (profile: FaultProfile, what: 'pages' | 'nodes' = 'pages'): unknown =>
  profile[what]().map(({ inode, page: index, count }) => [Number(inode.number), index, count]);

describe('a mount with profiling', () => {
  it('is without unless asked for', () => {
    expect(new Board(image).mount.profile).toBeUndefined();
  });

  it('counts faults of mappings that cannot be written to, XIP or not, of every process', () => {
    const { board, profile } = boardOf();
    const { mount } = board;
    touch(board, 'bin/prog', [0, 0, 1, 2]);
    touch(board, 'bin/prog', [0, 2]);
    touch(board, 'noxip', [1]);
    // Not counted: mappings for writing, and read().
    touch(board, 'noxip', [0, 1], RW);
    mount.open('noxip').read(0, new Uint8Array(2 * PAGE_SIZE));
    const [prog, noxip] = ['bin/prog', 'noxip'].map((name) => Number(mount.open(name).ino));
    expect(counted(profile)).toEqual(
      [
        {
          node: mount.open('bin/prog').inode.arrayIndex,
          rows: [
            [prog, 0, 2],
            [prog, 1, 1],
            [prog, 2, 2],
          ],
        },
        { node: mount.open('noxip').inode.arrayIndex, rows: [[noxip, 1, 1]] },
      ]
        .sort((a, b) => a.node - b.node)
        .flatMap(({ rows }) => rows),
    );
    expect(counted(profile, 'nodes')).toEqual(counted(profile));
  });

  it('counts a page again that was dropped', () => {
    const { board, profile } = boardOf();
    const base = board.map(board.mount.open('bin/prog'));
    for (let round = 0; round < 3; round += 1) {
      board.touch(base, 'read');
      madvise(board.mm, base, PAGE_SIZE, 'dontneed');
    }
    expect(profile.pages().map(({ count }) => count)).toEqual([3]);
  });

  it.each(KERNEL_NAMES)('%s: counts the same', (kernel) => {
    const board = new Board(image, { kernel, profiling: 'refuse' });
    touch(board, 'bin/prog', [0, 1, 2]);
    expect(board.mount.profile!.pages().map((row) => [row.page, row.count])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ]);
  });

  it('takes the commands of its file by their first letters', () => {
    const { board, profile } = boardOf();
    const counts = (): number => profile.pages().length;
    touch(board, 'noxip', [0]);
    for (const [command, isKnown, isOn, count] of [
      ['off\n', true, false, 1],
      ['offspring', true, false, 1],
      ['start', false, false, 1],
      ['', false, false, 1],
      ['clear\n', true, false, 0],
      ['on', true, true, 0],
    ] as const) {
      expect([profile.command(command), profile.isOn, counts()]).toEqual([isKnown, isOn, count]);
      if (!isOn) touch(board, 'bin/prog', [0]);
    }
    touch(board, 'bin/prog', [1]);
    expect(profile.pages().map((row) => row.page)).toEqual([1]);
  });
});

describe('the list', () => {
  it('has whole paths, and the builder takes it; as the driver prints it, the last directory only', () => {
    const { board, profile } = boardOf();
    for (const name of ['bin/prog', 'noxip', 'usr/lib/deep/d.so']) touch(board, name, [1]);
    const ours = profile.format();
    expect(ours.split('\n').sort()).toEqual([
      '',
      './bin/prog,4096,1',
      './noxip,4096,1',
      './usr/lib/deep/d.so,4096,1',
    ]);
    expect(profile.formatAsDriver().split('\n').sort()).toEqual([
      '',
      './noxip,4096,1',
      'bin/prog,4096,1',
      'deep/d.so,4096,1',
    ]);
    const parsed = parseProfile(toBytes(ours), 'list').entries.map(({ path }) => path);
    expect(parsed.sort()).toEqual(['bin/prog', 'noxip', 'usr/lib/deep/d.so']);
  });

  it('holds no path with a newline', async () => {
    const { bytes } = await patchOf({ 'a\nb': 'x' });
    const board = new Board(bytes, { profiling: 'refuse' });
    touch(board, 'a\nb', [0]);
    expect(failureOf(() => board.mount.profile!.format())).toEqual([
      'EINVAL',
      'image: a\\x0ab: a page list holds no path with a newline',
    ]);
    expect(board.mount.profile!.formatAsDriver()).toBe('./a\nb,0,1\n');
  });
});

describe('a fault behind the end of a file', () => {
  /** Two files whose nodes follow each other. */
  const neighbours = ({ mount }: Board): readonly [first: string, next: string] => {
    const names = ['bin/prog', 'noxip', 'usr/lib/deep/d.so'];
    const [first, next] = names.sort(
      (a, b) => mount.open(a).inode.arrayIndex - mount.open(b).inode.arrayIndex,
    );
    return [first!, next!];
  };

  it('is not counted', () => {
    const { board, profile } = boardOf();
    const [first, next] = neighbours(board);
    touch(board, next, [0]);
    const end = board.mount.open(first).inode.numEntries;
    touch(board, first, [end, end + 1]);
    expect(counted(profile)).toEqual([[Number(board.mount.open(next).ino), 0, 1]]);
  });

  it('as in the driver: is charged to the next file, and takes its label', () => {
    const { board, profile } = boardOf('charge_next_file');
    const [first, next] = neighbours(board);
    touch(board, next, [0]);
    const file = board.mount.open(first);
    const end = file.inode.numEntries;
    touch(board, first, [end]);
    expect(counted(profile, 'nodes')).toEqual([[Number(file.ino), end, 2]]);
    expect(profile.formatAsDriver()).toMatch(new RegExp(`,${String(end * PAGE_SIZE)},2\n$`));
    // By file and page, nothing is lost.
    expect(counted(profile)).toEqual([
      [Number(board.mount.open(next).ino), 0, 1],
      [Number(file.ino), end, 1],
    ]);
  });

  it('as in the driver: behind the last node of all it writes behind its table', () => {
    const { board } = boardOf('charge_next_file');
    const base = board.map(board.mount.open('noxip'), { pages: 1000 });
    const { bug } = asTask(board.mm, () => board.mm.touch(page(base, 999), 'read'));
    expect(bug).toMatchObject({ name: 'KernelBug', function: 'axfs_fault' });
    board.check();
  });
});
