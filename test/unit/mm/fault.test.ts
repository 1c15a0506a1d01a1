import { describe, expect, it } from 'vitest';
import { pfn } from '../../../src/base/units.ts';
import { handleMmFault } from '../../../src/mm/fault.ts';
import { SignalError } from '../../../src/mm/kernel-bug.ts';
import { KERNELS, type KernelName } from '../../../src/mm/kernel.ts';
import {
  PTE_DIRTY,
  PTE_EXEC,
  PTE_SPECIAL,
  PTE_WRITE,
  pteIndex,
} from '../../../src/mm/pagetable.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { zapPageRange } from '../../../src/mm/zap.ts';
import { ALL, contentOf, FakeFile, MIXED, page, World } from './fake.ts';

const RW = vm.PROT_READ + vm.PROT_WRITE;
const first = (world: World, address: ReturnType<World['map']>): number | undefined =>
  world.mm.readMemory(address, 1)[0];

describe.each(MIXED)('faults on F0 (even pages XIP), %s', (kernel) => {
  it('T53 given a fresh read-only map, when p0 is read, then 1 raw fault at pfn 0x34001 and no RSS', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    expect(world.mm.touch(base, 'read')).toBe(1);
    expect(world.mm.touch(base, 'read')).toBe(0);
    expect(world.pte(base).pfn).toBe(0x34001);
    expect(world.rss()).toEqual([0, 0]);
    expect(world.take()).toEqual(['raw_pfn']);
    expect([world.mm.minflt, world.mm.majflt]).toEqual([1, 0]);
    world.check();
  });

  it('T54 given p1 compressed and uncached, when read, then a major fault, C 2 M 1, F+1, unlocked', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    expect(world.mm.touch(page(base, 1), 'read')).toBe(1);
    expect(world.counts(world.file.cache.get(1)!)).toEqual([2, 1]);
    expect(world.memory.frames.testFlag(world.file.cache.get(1)!, 'locked')).toBe(false);
    expect(world.rss()).toEqual([1, 0]);
    expect(world.take()).toEqual(['file_major']);
    expect([world.mm.minflt, world.mm.majflt]).toEqual([0, 1]);
    world.check();
  });

  it('T55 given p0 at 0x34001, when p2 is read, then its pfn is 0x34002, not linear', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    world.mm.touch(page(base, 2), 'read');
    expect(world.pte(page(base, 2)).pfn).toBe(0x34002);
  });

  it('T56 given a writable map, when the first access of p0 is a write, then 2 faults, A+1, flash unchanged, bytes equal', () => {
    const world = new World(kernel);
    const base = world.map(RW);
    expect(world.mm.touch(base, 'write')).toBe(2);
    expect(world.take()).toEqual(['raw_pfn', 'copy:raw', 'wp_raw']);
    expect(world.rss()).toEqual([0, 1]);
    expect(world.counts(world.memory.physical.pfnToPage(pfn(world.pte(base).pfn)))).toEqual([1, 1]);
    expect(first(world, base)).toBe(contentOf(0));
    world.mm.writeMemory(base, Uint8Array.of(0x5a));
    expect(world.memory.physical.bytesOf(pfn(0x34001))[0]).toBe(contentOf(0));
    expect(first(world, base)).toBe(0x5a);
    expect(world.mm.minflt).toBe(2);
    world.check();
  });

  it('T57 given p1 cached and returned, when the first access is a write, then 1 fault with early COW, cache page C 1', () => {
    const world = new World(kernel);
    const cached = world.file.fill(1)!;
    const base = world.map(RW);
    expect(world.mm.touch(page(base, 1), 'write')).toBe(1);
    expect(world.take()).toEqual(['copy:page', 'file_minor+cow']);
    expect(world.rss()).toEqual([0, 1]);
    expect(world.counts(cached)).toEqual([1, 0]);
    expect(first(world, page(base, 1))).toBe(contentOf(1));
    world.check();
  });

  it('given p1 inserted by the handler, when the first access is a write, then 2 faults', () => {
    const world = new World(kernel, { route: 'insert' });
    const base = world.map(RW);
    expect(world.mm.touch(page(base, 1), 'write')).toBe(2);
    expect(world.take()).toEqual(['file_major', 'copy:page', 'wp_file']);
    expect(world.rss()).toEqual([0, 1]);
    expect(world.counts(world.file.cache.get(1)!)).toEqual([1, 0]);
    world.check();
  });

  it('T58 given p2 read before, when written, then 1 fault, A+1, F same', () => {
    const world = new World(kernel);
    const base = world.map(RW);
    world.mm.touch(page(base, 2), 'read');
    expect(world.mm.touch(page(base, 2), 'write')).toBe(1);
    expect(world.rss()).toEqual([0, 1]);
    expect(vm.hasAny(world.pte(page(base, 2)).bits, PTE_SPECIAL)).toBe(false);
    world.check();
  });

  it('T59 given p3 read before, when written, then F-1 A+1 and the cache page C 1 M 0', () => {
    const world = new World(kernel);
    const base = world.map(RW);
    world.mm.touch(page(base, 3), 'read');
    expect(world.rss()).toEqual([1, 0]);
    expect(world.mm.touch(page(base, 3), 'write')).toBe(1);
    expect(world.take()).toEqual(['file_major', 'copy:page', 'wp_file']);
    expect(world.rss()).toEqual([0, 1]);
    expect(world.counts(world.file.cache.get(3)!)).toEqual([1, 0]);
    expect(world.mm.peakRss).toEqual({ file: 1, anon: 0 });
    world.check();
  });

  it('T60 given a read-only map, when written or executed, then SIGSEGV without a fault served', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    for (const access of ['write', 'exec'] as const)
      expect(() => world.mm.touch(base, access)).toThrow(
        expect.objectContaining({ signal: 'SIGSEGV', code: 'SEGV_ACCERR', address: base }) as Error,
      );
    expect(() => world.mm.touch(page(base, 16), 'read')).toThrow(
      expect.objectContaining({ code: 'SEGV_MAPERR' }) as Error,
    );
    expect([world.mm.minflt, world.file.calls, world.take()]).toEqual([0, 0, []]);
    world.check();
  });

  it('T61 given a map longer than the file, when a page behind its end is read, then SIGBUS and nothing is mapped', () => {
    const world = new World(kernel);
    const base = world.map(RW, { pages: 20 });
    for (const access of ['read', 'write'] as const)
      expect(() => world.mm.touch(page(base, 16), access)).toThrow(
        expect.objectContaining({ signal: 'SIGBUS', code: 'BUS_ADRERR' }) as Error,
      );
    expect([world.mm.minflt, world.take(), world.pte(page(base, 16)).bits]).toEqual([0, [], 0]);
    world.check();
  });

  it('T68 given p0 written, when its PTE is dropped and p0 read, then the original byte is back, A-1', () => {
    const world = new World(kernel);
    const base = world.map(RW);
    world.mm.writeMemory(base, Uint8Array.of(0x5a));
    expect(world.rss()).toEqual([0, 1]);
    zapPageRange(world.vma(base), base, page(base, 1));
    expect(world.rss()).toEqual([0, 0]);
    expect(first(world, base)).toBe(contentOf(0));
    expect(world.pte(base).pfn).toBe(0x34001);
    world.check();
  });

  it('T69 given a shared writable MIXEDMAP vma, when a raw page is read then written, then same pfn, dirty, no A', () => {
    const world = new World(kernel);
    const file = new (class extends FakeFile {
      override readonly readOnly = false;
    })(world.memory);
    const base = world.map(RW, { file, flags: vm.MAP_SHARED });
    expect(world.mm.touch(base, 'read')).toBe(1);
    // A CPU without dirty bit takes a fault to set it.
    expect(world.mm.touch(base, 'write')).toBe(KERNELS[kernel].softwareYoung ? 1 : 0);
    expect(world.pte(base).pfn).toBe(0x34001);
    expect(vm.hasAny(world.pte(base).bits, PTE_DIRTY)).toBe(true);
    expect(world.rss()).toEqual([0, 0]);
    world.check(file);
  });

  it('T70 given a shared writable vma, when a page-backed page is written and unmapped, then the page is dirty, no copy', () => {
    const world = new World(kernel);
    const file = new (class extends FakeFile {
      override readonly readOnly = false;
    })(world.memory);
    const base = world.map(RW, { file, flags: vm.MAP_SHARED });
    expect(world.mm.touch(page(base, 1), 'write')).toBe(1);
    expect(world.take()).toEqual(['file_major']);
    expect(world.rss()).toEqual([1, 0]);
    world.check(file);
    world.mm.munmap(base, 16 * 4096);
    expect(world.memory.frames.testFlag(file.cache.get(1)!, 'dirty')).toBe(true);
    expect(world.memory.frames.testFlag(file.cache.get(1)!, 'referenced')).toBe(true);
    world.check(file);
  });

  it('given a write-protected PTE in a shared writable vma, when written, then it is reused without a copy', () => {
    const world = new World(kernel);
    const file = new (class extends FakeFile {
      override readonly readOnly = false;
    })(world.memory);
    const base = world.map(RW, { file, flags: vm.MAP_SHARED });
    for (const [index, kind] of [
      [0, 'wp_raw'],
      [1, 'wp_file'],
    ] as const) {
      const address = page(base, index);
      world.mm.touch(address, 'read');
      const before = world.pte(address);
      world.mm.pageTable
        .leaf(address)!
        .set(pteIndex(address), pfn(before.pfn), before.bits - PTE_WRITE);
      world.take();
      expect(world.mm.touch(address, 'write')).toBe(1);
      expect(world.take()).toEqual([kind]);
      expect(world.pte(address)).toEqual({ pfn: before.pfn, bits: before.bits + PTE_DIRTY });
    }
    world.check(file);
  });

  it('given a write-protected anonymous PTE, when written, then it is reused, and copied when somebody else holds it', () => {
    const world = new World(kernel);
    const base = world.mapAnonymous(RW, 1);
    world.mm.writeMemory(base, Uint8Array.of(7));
    const before = world.pte(base);
    const leaf = world.mm.pageTable.leaf(base)!;
    const index = pteIndex(base);
    leaf.set(index, pfn(before.pfn), before.bits - PTE_WRITE);
    world.take();
    expect(world.mm.touch(base, 'write')).toBe(1);
    expect(world.take()).toEqual(['wp_anon']);
    expect(world.pte(base)).toEqual(before);
    const old = world.memory.physical.pfnToPage(pfn(before.pfn));
    // M 1 is enough for older kernels unless the page is locked; later ones go by exclusiveness, then by C.
    world.memory.frames.setFlag(old, 'locked', true);
    world.memory.frames.setFlag(old, 'anon_exclusive', false);
    world.memory.frames.getPage(old);
    world.driverRefs.set(old, 1);
    leaf.set(index, pfn(before.pfn), before.bits - PTE_WRITE);
    expect(world.mm.touch(base, 'write')).toBe(1);
    expect(world.take()).toEqual(['copy:page', 'wp_anon']);
    expect(world.pte(base).pfn).not.toBe(before.pfn);
    expect(world.counts(old)).toEqual([1, 0]);
    expect(world.rss()).toEqual([0, 1]);
    expect(first(world, base)).toBe(7);
    world.check();
  });

  it('given an executable map, when executed, then the PTE allows it', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ + vm.PROT_EXEC);
    expect(world.mm.touch(base, 'exec')).toBe(1);
    expect(vm.hasAny(world.pte(base).bits, PTE_EXEC)).toBe(true);
  });

  it('given a mapped page, when the fault is spurious, then nothing happens', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    world.mm.touch(base, 'read');
    world.take();
    expect(handleMmFault(world.vma(base), base, false)).toBe(0);
    expect(world.take()).toEqual([]);
  });
});

describe('anonymous memory', () => {
  it.each(['2.6.24', '2.6.28-arm', '2.6.28-x86'] as const)(
    '%s: given untouched memory, when read, then a new page of zeros, writable at once',
    (kernel) => {
      const world = new World(kernel);
      const base = world.mapAnonymous(RW, 2);
      expect(first(world, base)).toBe(0);
      expect(world.mm.touch(base, 'write')).toBe(0);
      expect(world.take()).toEqual(['clear', 'anonymous']);
      expect(world.rss()).toEqual([0, 1]);
      world.check();
    },
  );

  it.each(['4.9-arm', '6.1-x86', '6.12-x86'] as const)(
    '%s: given untouched memory, when read then written, then the zero page, then a new page without copying',
    (kernel) => {
      const world = new World(kernel);
      const base = world.mapAnonymous(RW, 2);
      expect(first(world, base)).toBe(0);
      expect(world.rss()).toEqual([0, 0]);
      world.check();
      expect(world.mm.touch(base, 'write')).toBe(1);
      expect(world.take()).toEqual(['anonymous', 'clear', 'wp_zero']);
      expect(world.rss()).toEqual([0, 1]);
      expect(first(world, base)).toBe(0);
      world.check();
      world.mm.munmap(base, 8192);
      world.check();
    },
  );

  it('2.6.23: given untouched memory, when read, then the zero page, counted as any page of a file', () => {
    const world = new World('2.6.23');
    const base = world.mapAnonymous(RW, 2);
    const { zeroPage } = world.memory;
    expect(first(world, base)).toBe(0);
    expect(world.counts(zeroPage)).toEqual([2, 1]);
    expect(world.rss()).toEqual([1, 0]);
    world.check();
    expect(world.mm.touch(base, 'write')).toBe(1);
    expect(world.take()).toEqual(['anonymous', 'clear', 'wp_zero']);
    expect(world.counts(zeroPage)).toEqual([1, 0]);
    expect(world.rss()).toEqual([0, 1]);
    world.check();
  });

  it.each(ALL)('%s: given untouched memory, when written, then 1 fault', (kernel) => {
    const world = new World(kernel);
    const base = world.mapAnonymous(RW, 1);
    expect(world.mm.touch(base, 'write')).toBe(1);
    expect(world.take()).toEqual(['clear', 'anonymous']);
    expect(world.vma(base).anonVma !== undefined).toBe(true);
  });
});

describe('faults without RAM', () => {
  const exhausted = (kernel: KernelName): { world: World; base: ReturnType<World['map']> } => {
    const world = new World(kernel, { ramPages: 32 });
    const base = world.map(RW);
    world.mm.touch(page(base, 2), 'read');
    world.file.fill(1);
    while (world.memory.frames.free > 0) world.driverPage();
    world.take();
    world.file.calls = 0;
    return { world, base };
  };
  const oom = expect.objectContaining({ signal: 'SIGKILL', code: 'OOM' }) as Error;

  it.each([
    ['2.6.28-arm', 1],
    ['4.9-arm', 0],
  ] as const)(
    '%s: given no RAM for an early copy, then the handler is asked %i times and nothing stays',
    (kernel, calls) => {
      const { world, base } = exhausted(kernel);
      expect(() => world.mm.touch(page(base, 1), 'write')).toThrow(oom);
      expect(world.file.calls).toBe(calls);
      expect(world.take().filter((event) => event !== 'raw_pfn')).toEqual([]);
      world.check();
    },
  );

  it.each(MIXED)(
    '%s: given no RAM, when a raw page is written or a page has to be filled, then OOM and state stays',
    (kernel) => {
      const { world, base } = exhausted(kernel);
      expect(() => world.mm.touch(page(base, 2), 'write')).toThrow(SignalError);
      expect(world.pte(page(base, 2)).pfn).toBe(0x34002);
      expect(() => world.mm.touch(page(base, 3), 'read')).toThrow(oom);
      expect(world.rss()).toEqual([0, 0]);
      world.check();
    },
  );

  it.each(MIXED)('%s: given no RAM for the page table, then OOM', (kernel) => {
    const world = new World(kernel, { ramPages: 8 });
    const base = world.map(RW);
    while (world.memory.frames.free > 0) world.driverPage();
    expect(() => world.mm.touch(base, 'read')).toThrow(oom);
    expect(world.file.calls).toBe(0);
    world.check();
  });
});
