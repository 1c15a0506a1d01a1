/** What read(2) of pages that can be mapped from flash leaves behind, and what mappings with VM_IO are good for. */
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE_SIZE, type VirtAddr } from '../../../src/base/units.ts';
import type { AxfsFile } from '../../../src/fs/file.ts';
import { getUserPage } from '../../../src/mm/gup.ts';
import { vmInsertPage } from '../../../src/mm/insert.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import { mlock } from '../../../src/mm/mlock.ts';
import { accessProcessVm } from '../../../src/mm/remote-access.ts';
import { PROT_READ, PROT_WRITE, VM_LOCKED } from '../../../src/mm/vmflags.ts';
import { Board, F0, imageOfF0, KERNEL_NAMES, page } from './board.ts';
import { failureOf } from './patch.ts';

const RW = PROT_READ + PROT_WRITE;

let good: Uint8Array;
beforeAll(async () => {
  good = await imageOfF0();
});

/** A page of the file by read(2). */
function readPage(file: AxfsFile, index: number): Uint8Array {
  const into = new Uint8Array(PAGE_SIZE);
  expect(file.read(index * PAGE_SIZE, into)).toBe(PAGE_SIZE);
  return into;
}

describe.each(KERNEL_NAMES)('C1.4 read() of XIP pages, %s', (kernel) => {
  const copies = KERNELS[kernel].readOfXip === 'page_cache' ? 1 : 0;

  it('gives the same bytes, and a copy in the page cache from 3.16 on, filled once', () => {
    const board = new Board(good, { kernel });
    const file = board.mount.open('f0');
    for (let round = 0; round < 2; round += 1)
      expect(Buffer.compare(readPage(file, 2), F0.subarray(2 * PAGE_SIZE, 3 * PAGE_SIZE))).toBe(0);
    expect(file.space.size).toBe(copies);
    expect(board.counts(board.cached(file, 2))).toEqual(copies === 1 ? [1, 0] : [0, 0]);
    expect(board.mount.notXip).toEqual({
      compressed_node: 0,
      byte_aligned_node: 0,
      nonzero_tail: 0,
      read_copy: copies,
    });
    expect(board.ledger.read().fills).toMatchObject({ pages: copies, bytes: copies * PAGE_SIZE });
    board.check();
  });

  it('T63 C1.2b: given p0 and p1 read, when p0 faults, then its copy is gone and freed, and flash is mapped', () => {
    const board = new Board(good, { kernel });
    const file = board.mount.open('f0');
    const base = board.map(file);
    readPage(file, 0);
    readPage(file, 1);
    board.touch(page(base, 3), 'read');
    expect(board.mincore(base, 6)).toBe(copies === 1 ? '110100' : '010100');
    const inUse = board.memory.frames.usage.byUse.page_cache;
    expect(board.touch(base, 'read')).toBe(1);
    expect(board.pfnAt(base)).toBe(0x34001);
    expect(board.cached(file, 0)).toBeUndefined();
    expect(board.memory.frames.usage.byUse.page_cache).toBe(inUse - copies);
    // p0 is present now, and so counts again.
    expect(board.mincore(base, 6)).toBe('110100');
    const other = board.spawn();
    expect(board.mincore(board.map(file, { mm: other }), 6, other)).toBe('010100');
    expect(board.ledger.read().faults).toMatchObject({ raw_pfn: 1, file_major: 1 });
    board.check();
    // Read again, it is copied again.
    readPage(file, 0);
    expect(board.mount.notXip.read_copy).toBe(2 * copies);
    expect(board.pfnAt(base)).toBe(0x34001);
    board.check();
  });
});

describe.each(KERNEL_NAMES.filter((kernel) => KERNELS[kernel].readOfXip === 'page_cache'))(
  'a read copy that is mapped, %s',
  (kernel) => {
    /** A process that maps p0 from its copy in RAM. */
    function mapCopy(board: Board, file: AxfsFile): { mm: Board['mm']; base: VirtAddr } {
      const mm = board.spawn();
      const base = board.map(file, { mm, prot: RW });
      vmInsertPage(mm.vmas.find(base)!, base, board.cached(file, 0)!);
      return { mm, base };
    }

    it('T64 D7: given one process with the copy and one with a private copy of it, when p0 faults elsewhere, then the one loses its PTE, the other nothing', () => {
      const board = new Board(good, { kernel });
      const file = board.mount.open('f0');
      readPage(file, 0);
      const copy = board.cached(file, 0)!;
      const reader = mapCopy(board, file);
      const writer = mapCopy(board, file);
      writer.mm.writeMemory(writer.base, Uint8Array.of(0x5a));
      expect(board.counts(copy)).toEqual([2, 1]);
      expect([board.rss(reader.mm), board.rss(writer.mm)]).toEqual([
        [1, 0],
        [0, 1],
      ]);
      board.check();
      expect(board.touch(board.map(file), 'read')).toBe(1);
      expect(board.counts(copy)).toEqual([0, 0]);
      expect(board.pfnAt(reader.base, reader.mm)).toBeUndefined();
      expect([board.rss(reader.mm), board.rss(writer.mm)]).toEqual([
        [0, 0],
        [0, 1],
      ]);
      expect(writer.mm.readMemory(writer.base, 1)[0]).toBe(0x5a);
      board.check();
      expect(board.touch(reader.base, 'read', reader.mm)).toBe(1);
      expect(board.pfnAt(reader.base, reader.mm)).toBe(0x34001);
      board.check();
    });

    it('given a reference from elsewhere, when p0 faults, then the page leaves the cache and lives on', () => {
      const board = new Board(good, { kernel });
      const file = board.mount.open('f0');
      readPage(file, 0);
      const copy = board.cached(file, 0)!;
      board.memory.frames.getPage(copy);
      board.touch(board.map(file), 'read');
      expect(board.counts(copy)).toEqual([1, 0]);
      expect(board.memory.frames.mappingOf(copy)).toBe(0);
      board.memory.frames.putPage(copy);
      board.check();
    });
  },
);

describe.each(KERNEL_NAMES)('C1.0 what mmap sets, %s', (kernel) => {
  const isIo = KERNELS[kernel].insertPageMarks === 'VM_MIXEDMAP';
  let board: Board;
  let base: VirtAddr;
  const setUp = (): void => {
    board = new Board(good, { kernel });
    base = board.map(board.mount.open('f0'), { prot: RW });
    board.touch(base, 'read');
    board.touch(page(base, 1), 'read');
  };

  it('T98 given a page-backed page, when it is pinned or read by a debugger, then VM_IO forbids both', () => {
    setUp();
    const got = getUserPage(board.mm, page(base, 1), { write: false });
    const bytes = new Uint8Array(2);
    const done = accessProcessVm(board.mm, { address: page(base, 1), bytes, write: false });
    expect([typeof got === 'string' ? got : 'page', done, bytes[0]]).toEqual(
      isIo ? ['EFAULT', 0, 0] : ['page', 2, 0x11],
    );
    if (typeof got !== 'string') board.memory.frames.putPage(got);
    board.check();
  });

  it('T72 T71 given a raw page, when a debugger writes, then VM_IO keeps it; without, the copy is of the debugger', () => {
    setUp();
    const debuggerMm = board.spawn();
    debuggerMm.mmap({ length: PAGE_SIZE, prot: RW, flags: 0x32, address: base });
    debuggerMm.writeMemory(base, new Uint8Array(PAGE_SIZE).fill(0x58));
    const bytes = Uint8Array.of(0x42, 0x4b);
    const access = { address: base, bytes, write: true, debugger: debuggerMm };
    expect(accessProcessVm(board.mm, access)).toBe(isIo ? 0 : 2);
    expect([...board.mm.readMemory(base, 3)]).toEqual(
      isIo ? [...F0.subarray(0, 3)] : [0x42, 0x4b, 0x58],
    );
    expect(board.pfnAt(base) === 0x34001).toBe(isIo);
    board.check();
  });

  it('T96 T97 when locked, then up to 3.13 ENOMEM with the lock left, later 0 and nothing locked', () => {
    board = new Board(good, { kernel });
    base = board.map(board.mount.open('f0'));
    expect(mlock(board.mm, base, 16 * PAGE_SIZE)).toBe(isIo ? 0 : 'ENOMEM');
    const vma = board.mm.vmas.find(base)!;
    expect([board.mm.lockedVm, (vma.vmFlags & VM_LOCKED) !== 0]).toEqual(
      isIo ? [0, false] : [16, true],
    );
    board.check();
  });

  it('T102 when MADV_DOFORK is asked for, then VM_IO refuses it', () => {
    setUp();
    expect(madvise(board.mm, base, PAGE_SIZE, 'dofork')).toBe(isIo ? 'EINVAL' : 0);
  });

  it('T68 when p0 is written and dropped, then flash again', () => {
    setUp();
    board.mm.writeMemory(base, Uint8Array.of(0x5a));
    expect(board.rss()).toEqual([1, 1]);
    expect(madvise(board.mm, base, PAGE_SIZE, 'dontneed')).toBe(0);
    expect(board.mm.readMemory(base, 1)[0]).toBe(0x10);
    expect([board.pfnAt(base), board.rss()]).toEqual([0x34001, [1, 0]]);
    board.check();
  });
});

it.each(['2.6.23', '2.6.24'] as const)(
  'C1.0 %s has no VM_MIXEDMAP: mmap is refused by name, read() works',
  (kernel) => {
    const board = new Board(good, { kernel });
    const file = board.mount.open('f0');
    expect(failureOf(() => board.map(file))).toEqual([
      'EOPNOTSUPP',
      `f0: kernel ${kernel} has no VM_MIXEDMAP, expected 2.6.26 or later`,
    ]);
    const into = new Uint8Array(F0.length);
    expect(file.read(0, into)).toBe(F0.length);
    expect(Buffer.compare(into, F0)).toBe(0);
    expect([file.mappings, board.mm.vmas.size]).toEqual([0, 0]);
    board.check();
  },
);
