import { resolve } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PAGE_SIZE, pfn, pgoff } from '../../../src/base/units.ts';
import { FAULT_ROUTES } from '../../../src/fs/file.ts';
import type { AxfsFile } from '../../../src/fs/file.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { asTask } from '../../../src/mm/task.ts';
import { formatSmaps } from '../../../src/mm/smaps.ts';
import {
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
} from '../../../src/mm/vmflags.ts';
import { Board, F0, imageOfF0, KERNEL_NAMES, page } from './board.ts';
import { failureOf } from './patch.ts';

const RW = PROT_READ + PROT_WRITE;
const GOLDEN = resolve(import.meta.dirname, '..', '..', '..', 'images', 'golden');

const pageOf = (content: Uint8Array, k: number): Uint8Array =>
  content.subarray(k * PAGE_SIZE, (k + 1) * PAGE_SIZE);

let good: Uint8Array;
beforeAll(async () => {
  good = await imageOfF0();
});

const BOARDS = KERNEL_NAMES.flatMap((kernel) => FAULT_ROUTES.map((route) => ({ kernel, route })));

describe('read()', () => {
  it.each([-1, -4096, 0.5, NaN, Infinity, 2 ** 53])('from %d is refused', (offset) => {
    const file = new Board(good).mount.open('/f0');
    expect(failureOf(() => file.read(offset, new Uint8Array(1)))).toEqual([
      'EINVAL',
      `/f0: read at offset ${String(offset)}, expected 0 or more`,
    ]);
  });

  it('from the end on gives nothing', () => {
    const file = new Board(good).mount.open('/f0');
    for (const offset of [F0.length, F0.length + 1, Number.MAX_SAFE_INTEGER])
      expect(file.read(offset, new Uint8Array(9))).toBe(0);
  });
});

describe.each(BOARDS)('faults on F0, $kernel, route $route', ({ kernel, route }) => {
  let board: Board;
  let file: AxfsFile;
  beforeEach(() => {
    board = new Board(good, { kernel, route });
    file = board.mount.open('/f0');
  });

  it('T53 given a fresh read-only map, when p0 is read, then 1 fault, raw pfn 0x34001, RSS unchanged', () => {
    const base = board.map(file);
    expect(board.touch(base, 'read')).toBe(1);
    expect(board.touch(base, 'read')).toBe(0);
    expect(board.pfnAt(base)).toBe(0x34001);
    expect(board.rss()).toEqual([0, 0]);
    expect(board.ledger.read().faults).toMatchObject({ raw_pfn: 1, file_major: 0, file_minor: 0 });
    expect([board.mm.minflt, board.mm.majflt]).toEqual([1, 0]);
    expect(file.space.size).toBe(0);
    board.check();
  });

  it('T54 given p1 compressed and uncached, when read, then majflt+1, C 2 M 1, F+1', () => {
    const base = board.map(file);
    expect(board.touch(page(base, 1), 'read')).toBe(1);
    const cached = board.cached(file, 1)!;
    expect(board.counts(cached)).toEqual([2, 1]);
    expect(board.rss()).toEqual([1, 0]);
    expect([board.mm.minflt, board.mm.majflt]).toEqual([0, 1]);
    expect(board.memory.frames.testFlag(cached, 'uptodate')).toBe(true);
    expect(board.memory.frames.testFlag(cached, 'locked')).toBe(false);
    expect(board.pfnAt(page(base, 1))).toBe(board.memory.frames.pageToPfn(cached));
    expect(board.ledger.read().faults.file_major).toBe(1);
    board.check();
  });

  it('T55 given p0 at 0x34001, when p2 is read, then its pfn is 0x34002: page numbers, not linear', () => {
    const base = board.map(file);
    board.touch(page(base, 2), 'read');
    expect(board.pfnAt(page(base, 2))).toBe(0x34002);
    expect(board.pfnAt(page(base, 1))).toBeUndefined();
  });

  it('T56 given a writable map, when the first access of p0 is a write, then 2 minor faults, C 1 M 1, A+1, flash unchanged', () => {
    const base = board.map(file, { prot: RW });
    expect(board.touch(base, 'write')).toBe(2);
    expect([board.mm.minflt, board.mm.majflt]).toEqual([2, 0]);
    const anon = board.memory.physical.pfnToPage(pfn(board.pfnAt(base)!));
    expect(board.counts(anon)).toEqual([1, 1]);
    expect(board.rss()).toEqual([0, 1]);
    board.mm.writeMemory(base, Uint8Array.of(0x5a));
    const seen = board.mm.readMemory(base, PAGE_SIZE);
    expect(seen[0]).toBe(0x5a);
    expect(Buffer.compare(seen.subarray(1), pageOf(F0, 0).subarray(1))).toBe(0);
    expect(board.memory.physical.bytesOf(pfn(0x34001))[0]).toBe(0x10);
    const { faults, cowCopies } = board.ledger.read();
    expect([faults.raw_pfn, faults.wp_raw, cowCopies.raw, cowCopies.page]).toEqual([1, 1, 1, 0]);
    board.check();
  });

  it('T57 given p1 cached, when the first access is a write, then A+1, F same, cache page back to C 1 M 0', () => {
    file.read(PAGE_SIZE, new Uint8Array(1));
    const cached = board.cached(file, 1)!;
    expect(board.counts(cached)).toEqual([1, 0]);
    const base = board.map(file, { prot: RW });
    // Inserted first and copied in a second fault, or returned and copied at once.
    expect(board.touch(page(base, 1), 'write')).toBe(route === 'insert' ? 2 : 1);
    expect(board.rss()).toEqual([0, 1]);
    expect(board.counts(cached)).toEqual([1, 0]);
    expect(board.mm.majflt).toBe(0);
    const { faults, earlyCow } = board.ledger.read();
    expect([faults.file_minor, faults.wp_file, earlyCow.file_minor]).toEqual(
      route === 'insert' ? [1, 1, 0] : [1, 0, 1],
    );
    expect(Buffer.compare(board.mm.readMemory(page(base, 1), PAGE_SIZE), pageOf(F0, 1))).toBe(0);
    board.check();
  });

  it('given p1 uncached, when the first access is a write, then as T57 with a major fault first', () => {
    const base = board.map(file, { prot: RW });
    expect(board.touch(page(base, 1), 'write')).toBe(route === 'insert' ? 2 : 1);
    expect([board.mm.minflt, board.mm.majflt]).toEqual(route === 'insert' ? [1, 1] : [0, 1]);
    expect(board.counts(board.cached(file, 1))).toEqual([1, 0]);
    expect(board.rss()).toEqual([0, 1]);
    board.check();
  });

  it('T58 given p2 read before, when written, then 1 fault, A+1, F same', () => {
    const base = board.map(file, { prot: RW });
    board.touch(page(base, 2), 'read');
    expect(board.touch(page(base, 2), 'write')).toBe(1);
    expect(board.rss()).toEqual([0, 1]);
    expect(board.touch(page(base, 2), 'write')).toBe(0);
    board.check();
  });

  it('T59 given p3 read before, when written, then 1 fault, F-1, A+1, old page C-1 M-1 and still cached', () => {
    const base = board.map(file, { prot: RW });
    board.touch(page(base, 3), 'read');
    const cached = board.cached(file, 3)!;
    expect(board.counts(cached)).toEqual([2, 1]);
    expect(board.rss()).toEqual([1, 0]);
    expect(board.touch(page(base, 3), 'write')).toBe(1);
    expect(board.rss()).toEqual([0, 1]);
    expect(board.counts(cached)).toEqual([1, 0]);
    expect(board.cached(file, 3)).toBe(cached);
    board.check();
  });

  it('T60 given a read-only map, when written, then SIGSEGV and nothing changed', () => {
    const base = board.map(file);
    for (const index of [0, 1]) {
      expect(board.touch(page(base, index), 'write')).toBe('SIGSEGV SEGV_ACCERR');
      expect(board.pfnAt(page(base, index))).toBeUndefined();
    }
    expect(file.space.size).toBe(0);
    board.check();
  });

  it('T61 given pages behind the end of the file, when read or written, then SIGBUS and nothing filled', () => {
    const base = board.map(file, { prot: RW, pages: 20 });
    for (const index of [16, 17, 19]) {
      expect(board.touch(page(base, index), 'read')).toBe('SIGBUS BUS_ADRERR');
      expect(board.touch(page(base, index), 'write')).toBe('SIGBUS BUS_ADRERR');
    }
    expect(board.touch(page(base, 15), 'read')).toBe(1);
    expect(board.rss()).toEqual([1, 0]);
    expect(file.space.size).toBe(1);
    // The file is not damaged: there is no error behind the signal.
    expect(board.mount.lastFaultError).toBeUndefined();
    board.check();
  });

  it('given a map with an offset, when touched, then the file pages from there', () => {
    const base = board.map(file, { first: 5 });
    for (let k = 5; k < 16; k += 1) {
      expect(board.touch(page(base, k - 5), 'read')).toBe(1);
      expect(board.mm.readMemory(page(base, k - 5), 1)[0]).toBe(0x10 + k);
    }
    expect(board.pfnAt(page(base, 1))).toBe(0x34001 + 3);
    expect(board.ledger.read().faults).toMatchObject({ raw_pfn: 5, file_major: 6 });
    board.check();
  });

  it('given two processes, when both map p0 and p1, then one cached page with M 2 and one frame of flash', () => {
    const other = board.spawn();
    const [a, b] = [board.map(file), board.map(file, { mm: other, prot: RW })];
    for (const index of [0, 1]) {
      board.touch(page(a, index), 'read');
      board.touch(page(b, index), 'read', other);
    }
    const cached = board.cached(file, 1);
    expect(board.counts(cached)).toEqual([3, 2]);
    expect(board.pfnAt(b, other)).toBe(board.pfnAt(a));
    expect([other.minflt, other.majflt]).toEqual([2, 0]);
    board.touch(page(b, 1), 'write', other);
    expect(board.counts(cached)).toEqual([2, 1]);
    board.check();
    board.exit(board.mm);
    board.exit(other);
    // The page stays cached after the last process.
    expect(board.counts(cached)).toEqual([1, 0]);
    expect(board.cached(file, 1)).toBe(cached);
    expect(file.mappings).toBe(0);
    board.check();
  });

  it('given no frame free, then the OOM signal, and a consistent state that goes on when there is RAM', () => {
    const base = board.map(file, { prot: RW });
    board.hoard(0);
    // Not even a page table.
    expect(board.touch(page(base, 1), 'read')).toBe('SIGKILL OOM');
    board.check();
    board.release(1);
    // The page table is there now, the page is not.
    expect(board.touch(page(base, 1), 'read')).toBe('SIGKILL OOM');
    expect(file.space.size).toBe(0);
    board.check();
    // A flash page needs no frame.
    expect(board.touch(page(base, 2), 'read')).toBe(1);
    expect(board.touch(page(base, 2), 'write')).toBe('SIGKILL OOM');
    expect(board.pfnAt(page(base, 2))).toBe(0x34002);
    board.release(1);
    expect(board.touch(page(base, 1), 'write')).toBe('SIGKILL OOM');
    expect(board.rss()[1]).toBe(0);
    board.check();
    board.release(2);
    expect(board.touch(page(base, 1), 'write')).not.toBe('SIGKILL OOM');
    expect(board.mm.readMemory(page(base, 1), 1)[0]).toBe(0x11);
    board.check();
    expect(failureOf(() => file.read(3 * PAGE_SIZE, new Uint8Array(1)))).toBe('no failure');
    board.hoard(0);
    expect(failureOf(() => file.read(5 * PAGE_SIZE, new Uint8Array(1)))).toEqual([
      'ENOMEM',
      '/f0: no RAM left for page 5',
    ]);
    board.check();
  });

  it('given a PTE that is there already, when the handler is asked again, then success and nothing counted twice', () => {
    const base = board.map(file);
    const vma = board.mm.vmas.find(base)!;
    const fault = (index: number): readonly [number, Page | undefined] => {
      const vmf = {
        pgoff: pgoff(index),
        address: page(base, index),
        isWrite: false,
        page: undefined as Page | undefined,
        cowPage: undefined,
      };
      return [file.fault(vma, vmf), vmf.page];
    };
    if (!kernel.startsWith('2.6')) {
      expect(board.touch(base, 'read')).toBe(1);
      expect(fault(0)).toEqual([VM_FAULT_NOPAGE, undefined]);
      expect(fault(0)).toEqual([VM_FAULT_NOPAGE, undefined]);
    }
    expect(board.touch(page(base, 1), 'read')).toBe(1);
    const cached = board.cached(file, 1)!;
    const [result, returned] = fault(1);
    if (route === 'insert') {
      expect([result, returned]).toEqual([VM_FAULT_NOPAGE, undefined]);
    } else {
      // The page comes with a reference for the caller.
      expect([result, returned]).toEqual([0, cached]);
      expect(board.counts(cached)).toEqual([3, 1]);
      board.memory.frames.putPage(cached);
    }
    expect(board.counts(cached)).toEqual([2, 1]);
    expect(board.rss()).toEqual([1, 0]);
    expect(fault(16)).toEqual([VM_FAULT_SIGBUS, undefined]);
    board.hoard(0);
    expect(fault(3)).toEqual([VM_FAULT_OOM, undefined]);
    board.release();
    board.check();
    const [again, third] = fault(3);
    expect(again).toBe(route === 'insert' ? VM_FAULT_MAJOR + VM_FAULT_NOPAGE : VM_FAULT_MAJOR);
    if (third !== undefined) board.memory.frames.putPage(third);
  });

  it('T62 B10 given the PTE of p0 filled by another thread meanwhile, then 2.6.28 stops, later kernels are content', () => {
    const base = board.map(file);
    const vma = board.mm.vmas.find(base)!;
    const vmf = { pgoff: pgoff(0), address: base, isWrite: false, page: undefined };
    expect(board.touch(base, 'read')).toBe(1);
    const { value, bug } = asTask(board.mm, () => file.fault(vma, { ...vmf, cowPage: undefined }));
    expect([value, bug?.function, board.mm.dead]).toEqual(
      kernel.startsWith('2.6')
        ? [undefined, 'xip_file_fault', true]
        : [VM_FAULT_NOPAGE, undefined, false],
    );
    expect(board.pfnAt(base)).toBe(0x34001);
    board.check();
  });

  it('given raw, file and anonymous pages, then smaps counts each as the kernel does', async () => {
    const base = board.map(file, { prot: RW + PROT_EXEC });
    for (const index of [0, 1, 4, 5, 7]) board.touch(page(base, index), 'read');
    for (const index of [1, 2, 3]) board.touch(page(base, index), 'write');
    expect(board.rss()).toEqual([2, 3]);
    const text = formatSmaps(board.mm);
    const kilobytes = (line: string): number =>
      Number(new RegExp(`^${line}: +([0-9]+) kB$`, 'm').exec(text)?.[1]);
    // 2 raw pages count in Rss up to 2.6.32 only.
    expect(kilobytes('Rss')).toBe(4 * (5 + (kernel.startsWith('2.6.28') ? 2 : 0)));
    expect([kilobytes('Size'), kilobytes('Pss'), kilobytes('Private_Dirty')]).toEqual([64, 20, 12]);
    // How pages got there does not show: one text for both routes.
    await expect(text).toMatchFileSnapshot(resolve(GOLDEN, `smaps-${kernel}.txt`));
  });
});
