import { describe, expect, it } from 'vitest';
import { pfn, virtAddr } from '../../../src/base/units.ts';
import {
  vmfInsertMixed,
  vmfInsertMixedMkwrite,
  vmfInsertPfn,
  vmInsertMixed,
  vmInsertPage,
  vmInsertPfn,
} from '../../../src/mm/insert.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import {
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_USER,
  PTE_WRITE,
  PTE_YOUNG,
  pteIndex,
} from '../../../src/mm/pagetable.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { FakeFile, MIXED, page, World } from './fake.ts';

const bugIn = (name: string): Error =>
  expect.objectContaining({ name: 'KernelBug', function: name }) as Error;

describe.each(MIXED)('vm_insert_page, %s', (kernel) => {
  it('T13 T14 given a MIXEDMAP vma and a driver page, when inserted twice, then C 2 M 1 F+1 young and clean, then EBUSY', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    const p = world.driverPage();
    expect(vmInsertPage(vma, vma.vmStart, p)).toBe(0);
    expect(world.counts(p)).toEqual([2, 1]);
    expect(world.rss()).toEqual([1, 0]);
    expect(world.pte(vma.vmStart)).toEqual({ pfn: p, bits: PTE_PRESENT + PTE_USER + PTE_YOUNG });
    expect(vmInsertPage(vma, vma.vmStart, p)).toBe('EBUSY');
    expect(world.counts(p)).toEqual([2, 1]);
    world.check();
  });

  it('T15 T16 given addresses outside and inside the vma, when inserted, then EFAULT outside and the containing page inside', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    const p = world.driverPage();
    expect(vmInsertPage(vma, page(vma.vmStart, -1), p)).toBe('EFAULT');
    expect(vmInsertPage(vma, vma.vmEnd, p)).toBe('EFAULT');
    expect(vmInsertPage(vma, virtAddr(vma.vmStart + 0x1005), p)).toBe(0);
    expect(world.pte(page(vma.vmStart, 1)).pfn).toBe(p);
    world.check();
  });

  it('T17 T18 given a free and an anonymous page, when inserted, then EINVAL and no count changes', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    const freed = world.driverPage();
    world.driverPut(freed);
    expect(vmInsertPage(vma, vma.vmStart, freed)).toBe('EINVAL');
    const anon = world.mapAnonymous(3, 1);
    world.mm.touch(anon, 'write');
    const anonPage = world.memory.physical.pfnToPage(pfn(world.pte(anon).pfn));
    expect(vmInsertPage(vma, vma.vmStart, anonPage)).toBe('EINVAL');
    expect(world.counts(anonPage)).toEqual([1, 1]);
    world.check();
  });

  it('given no RAM for the page table, when inserted, then ENOMEM and nothing changes', () => {
    const world = new World(kernel, { ramPages: 16 });
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    const p = world.driverPage();
    while (world.memory.frames.free > 0) world.driverPage();
    expect(vmInsertPage(vma, vma.vmStart, p)).toBe('ENOMEM');
    expect(vmInsertPfn(vma, vma.vmStart, pfn(0x34001))).toBe('ENOMEM');
    expect(world.counts(p)).toEqual([1, 0]);
    world.check();
  });
});

describe('vm_insert_page marks the vma', () => {
  it('T19 2.6.28: given a plain private vma, when a page is inserted, then INSERTPAGE is set', () => {
    const world = new World('2.6.28-arm');
    const vma = world.vmaWith(0);
    expect(vmInsertPage(vma, vma.vmStart, world.driverPage())).toBe(0);
    expect(vma.vmFlags).toBe(0x2000071);
    world.check();
  });

  it.each(['4.9-arm', '6.1-x86'] as const)(
    'T20 T21 %s: given a plain private vma, when a page is inserted, then MIXEDMAP is set under the write lock, else BUG',
    (kernel) => {
      const world = new World(kernel);
      const vma = world.vmaWith(0);
      const p = world.driverPage();
      expect(() => vmInsertPage(vma, vma.vmStart, p)).toThrow(bugIn('vm_insert_page'));
      world.mm.mmapWriteLock();
      expect(vmInsertPage(vma, vma.vmStart, p)).toBe(0);
      world.mm.mmapWriteUnlock();
      const softDirty = KERNELS[kernel].softDirty ? vm.VM_SOFTDIRTY : 0;
      expect(vma.vmFlags).toBe(0x10000071 + softDirty);
      world.check();
    },
  );

  it('T22 given a shared PFNMAP vma and the write lock, when a page is inserted, then later kernels BUG and 2.6.28 does not look', () => {
    for (const [kernel, stops] of [
      ['6.1-x86', true],
      ['2.6.28-x86', false],
    ] as const) {
      const world = new World(kernel);
      const vma = world.vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
      world.mm.mmapWriteLock();
      const insert = (): unknown => vmInsertPage(vma, vma.vmStart, world.driverPage());
      if (stops) expect(insert).toThrow(bugIn('vm_insert_page'));
      else expect(insert()).toBe(0);
    }
  });
});

describe.each(MIXED)('vm_insert_pfn, %s', (kernel) => {
  it('T23 given a MIXEDMAP vma, when a flash pfn is inserted, then it is raw and no count changes', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    expect(vmInsertPfn(vma, vma.vmStart, pfn(0x34001))).toBe(0);
    const special = KERNELS[kernel].pteSpecial ? PTE_SPECIAL : 0;
    expect(world.pte(vma.vmStart)).toEqual({
      pfn: 0x34001,
      bits: PTE_PRESENT + PTE_USER + PTE_YOUNG + special,
    });
    expect(world.rss()).toEqual([0, 0]);
    world.check();
  });

  it('T24 T25 T26 given a valid pfn in MIXEDMAP, a COW PFNMAP vma, or neither flag, when inserted, then BUG', () => {
    const world = new World(kernel);
    const insert = (flags: number, frame: number) => (): unknown => {
      const vma = world.vmaWith(flags);
      return vmInsertPfn(vma, vma.vmStart, pfn(frame));
    };
    expect(insert(vm.VM_MIXEDMAP, 0x100)).toThrow(bugIn(KERNELS[kernel].insertPfnFunction));
    expect(insert(vm.VM_PFNMAP, 0x34001)).toThrow(bugIn(KERNELS[kernel].insertPfnFunction));
    expect(insert(0, 0x34001)).toThrow(bugIn(KERNELS[kernel].insertPfnFunction));
    world.check();
  });

  it('T27 given both flags, when inserted, then BUG', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
    vma.vmFlags += vm.VM_MIXEDMAP;
    expect(() => vmInsertPfn(vma, vma.vmStart, pfn(0x34001))).toThrow(/not both/);
  });

  it('T28 given a shared read-only PFNMAP vma, when the handler scrambles pfns, then all are raw without bad ptes', () => {
    const world = new World(kernel);
    const file = new FakeFile(world.memory);
    file.mmapFlags = vm.VM_PFNMAP;
    file.fault = (vma, vmf) => {
      const frame = pfn(0x34000 + ((7 * vmf.pgoff + 3) % 64));
      return vmInsertPfn(vma, vmf.address, frame) === 0 ? vm.VM_FAULT_NOPAGE : vm.VM_FAULT_SIGBUS;
    };
    const start = world.map(vm.PROT_READ, { file, pages: 8, flags: vm.MAP_SHARED });
    for (let i = 0; i < 8; i += 1) world.mm.touch(page(start, i), 'read');
    expect([world.pte(start).pfn, world.pte(page(start, 1)).pfn]).toEqual([0x34003, 0x3400a]);
    expect(world.rss()).toEqual([0, 0]);
    expect(world.memory.badPteCount).toBe(0);
    world.check();
  });

  it('T29 T34 given an address outside, when inserted, then EFAULT', () => {
    const vma = new World(kernel).vmaWith(vm.VM_MIXEDMAP);
    expect(vmInsertPfn(vma, vma.vmEnd, pfn(0x34001))).toBe('EFAULT');
    expect(vmInsertMixed(vma, page(vma.vmStart, -1), pfn(0x34001))).toBe('EFAULT');
  });
});

describe.each(['2.6.23', '2.6.24'] as const)('vm_insert_pfn before MIXEDMAP, %s', (kernel) => {
  it('T24 T25 T26 given a vma that is not PFNMAP, or COW, when inserted, then BUG', () => {
    const world = new World(kernel);
    for (const [flags, rule] of [
      [0, /one for raw pfns/],
      [vm.VM_PFNMAP, /is not COW/],
    ] as const) {
      const vma = world.vmaWith(flags);
      for (const frame of [0x34001, 0x100])
        expect(() => vmInsertPfn(vma, vma.vmStart, pfn(frame))).toThrow(rule);
    }
    world.check();
  });

  it('B8 given a shared PFNMAP vma, when inserted anywhere, then raw, EBUSY where something is, and no look at the range', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
    expect(vmInsertPfn(vma, vma.vmStart, pfn(0x34003))).toBe(0);
    expect(vmInsertPfn(vma, vma.vmStart, pfn(0x34004))).toBe('EBUSY');
    world.check();
    expect(vmInsertPfn(vma, vma.vmEnd, pfn(0x34005))).toBe(0);
    expect(world.pte(vma.vmEnd).pfn).toBe(0x34005);
  });

  it('S34 given a PFNMAP vma, when it faults, then BUG: its handler must not be asked', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
    expect(() => world.mm.touch(vma.vmStart, 'read')).toThrow(bugIn('__do_fault'));
  });
});

describe('vm_insert_mixed', () => {
  it.each(MIXED)(
    'T30 %s: given a present PTE, when another pfn is inserted, then EBUSY and the old one stays',
    (kernel) => {
      const world = new World(kernel);
      const vma = world.vmaWith(vm.VM_MIXEDMAP);
      expect(vmInsertMixed(vma, vma.vmStart, pfn(0x34009))).toBe(0);
      expect(vmInsertMixed(vma, vma.vmStart, pfn(0x3400a))).toBe('EBUSY');
      expect(world.pte(vma.vmStart).pfn).toBe(0x34009);
    },
  );

  it.each([
    ['T31', '4.9-arm', [3, 2], [2, 0]],
    ['T32', '6.1-x86', [2, 1], [1, 0]],
  ] as const)(
    '%s %s: given a page mapped once, when its pfn is inserted elsewhere, then counts %j RSS %j',
    (_, kernel, counts, rss) => {
      const world = new World(kernel);
      const vma = world.vmaWith(vm.VM_MIXEDMAP);
      const p = world.driverPage();
      vmInsertPage(vma, vma.vmStart, p);
      expect(vmInsertMixed(vma, page(vma.vmStart, 1), pfn(p))).toBe(0);
      expect(world.counts(p)).toEqual(counts);
      expect(world.rss()).toEqual(rss);
      world.check();
    },
  );

  it.each([
    ['2.6.28-arm', 'BUG'],
    ['2.6.28-x86', 'BUG'],
    ['4.9-arm', 'BUG'],
    ['6.1-x86', 'SIGBUS'],
    ['6.12-x86', 'SIGBUS'],
  ] as const)('T33 %s: given a vma without MIXEDMAP, when inserted, then %s', (kernel, outcome) => {
    const world = new World(kernel);
    const vma = world.vmaWith(0);
    const insert = (): unknown => vmfInsertMixed(vma, vma.vmStart, pfn(0x34005));
    if (outcome === 'BUG') expect(insert).toThrow(bugIn('vm_insert_mixed'));
    else expect(insert()).toBe(vm.VM_FAULT_SIGBUS);
    expect(world.pte(vma.vmStart).bits).toBe(0);
  });

  it.each(['6.1-x86', '6.12-x86'] as const)(
    'B9 %s: given a vma without MIXEDMAP, when the zero pfn is inserted, then it is raw',
    (kernel) => {
      const world = new World(kernel);
      const vma = world.vmaWith(0);
      const { zeroPage, frames } = world.memory;
      expect(vmInsertMixed(vma, vma.vmStart, frames.pageToPfn(zeroPage))).toBe(0);
      expect(world.counts(zeroPage)).toEqual([1, 0]);
      world.check();
    },
  );

  it.each([
    [0, 'NOPAGE', vm.VM_FAULT_NOPAGE],
    [1, 'NOPAGE', vm.VM_FAULT_NOPAGE],
    [8, 'SIGBUS', vm.VM_FAULT_SIGBUS],
  ] as const)(
    'T23 T29 T30 T34 as a handler calls them: given page %i of 8 with page 1 filled, then %s',
    (index, _, expected) => {
      for (const kernel of MIXED)
        for (const insert of [vmfInsertPfn, vmfInsertMixed]) {
          const world = new World(kernel);
          const vma = world.vmaWith(vm.VM_MIXEDMAP);
          vmInsertPfn(vma, page(vma.vmStart, 1), pfn(0x34009));
          expect(insert(vma, page(vma.vmStart, index), pfn(0x3400a))).toBe(expected);
          expect(world.pte(page(vma.vmStart, 1)).pfn).toBe(0x34009);
          world.check();
        }
    },
  );

  it.each([
    ['T36', 'the same', 0x34009, PTE_WRITE + PTE_DIRTY],
    ['T37', 'another', 0x3400a, 0],
  ] as const)(
    '%s given a write-protected PTE in a shared vma, when %s pfn is inserted for a store, then NOPAGE, pfn kept',
    (_, _which, frame, added) => {
      const world = new World('6.12-x86');
      const file = new (class extends FakeFile {
        override readonly readOnly = false;
      })(world.memory);
      const start = world.map(3, { file, pages: 8, flags: vm.MAP_SHARED });
      const vma = world.vma(start);
      expect(vmInsertMixed(vma, start, pfn(0x34009))).toBe(0);
      const leaf = world.mm.pageTable.leaf(start)!;
      const { pfn: frameThere, bits } = world.pte(start);
      leaf.set(pteIndex(start), pfn(frameThere), bits - PTE_WRITE - PTE_YOUNG);
      expect(vmfInsertMixedMkwrite(vma, start, pfn(frame))).toBe(vm.VM_FAULT_NOPAGE);
      expect(world.pte(start)).toEqual({
        pfn: 0x34009,
        bits: bits - PTE_WRITE - PTE_YOUNG + (added === 0 ? 0 : added + PTE_YOUNG),
      });
      world.check(file);
    },
  );

  it('T35 4.9-arm: given the pfn of an anonymous page, when inserted, then EINVAL', () => {
    const world = new World('4.9-arm');
    const anon = world.mapAnonymous(3, 1);
    world.mm.touch(anon, 'write');
    const vma = world.vmaWith(vm.VM_MIXEDMAP);
    expect(vmInsertMixed(vma, vma.vmStart, pfn(world.pte(anon).pfn))).toBe('EINVAL');
    world.check();
  });
});
