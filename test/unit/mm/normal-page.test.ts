import { describe, expect, it } from 'vitest';
import { pfn } from '../../../src/base/units.ts';
import { KernelBug } from '../../../src/mm/kernel-bug.ts';
import { isZeroPfn, vmNormalPage } from '../../../src/mm/normal-page.ts';
import { PTE_PRESENT, PTE_SPECIAL } from '../../../src/mm/pagetable.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { page, World } from './fake.ts';

const NORMAL = PTE_PRESENT;
const SPECIAL = PTE_PRESENT + PTE_SPECIAL;

describe('vmNormalPage', () => {
  it.each(['2.6.28-arm', '4.9-arm'] as const)(
    'T05 T06 %s: given a MIXEDMAP vma, when a PTE is classified, then it is raw iff the pfn has no struct page',
    (kernel) => {
      const vma = new World(kernel).vmaWith(vm.VM_MIXEDMAP);
      expect(vmNormalPage(vma, vma.vmStart, pfn(0x34009), NORMAL)).toBeUndefined();
      expect(vmNormalPage(vma, vma.vmStart, pfn(0x100), NORMAL)).toBe(0x100);
    },
  );

  it.each(['2.6.28-x86', '6.1-x86'] as const)(
    'T07 %s: given a MIXEDMAP vma, when a special PTE has a valid pfn, then it is raw',
    (kernel) => {
      const vma = new World(kernel).vmaWith(vm.VM_MIXEDMAP);
      expect(vmNormalPage(vma, vma.vmStart, pfn(0x100), SPECIAL)).toBeUndefined();
      expect(vmNormalPage(vma, vma.vmStart, pfn(0x100), NORMAL)).toBe(0x100);
    },
  );

  it('T08 2.6.28-arm: given a private PFNMAP vma, when classified, then linear is raw, a valid pfn is the copy, an invalid one a BUG', () => {
    const vma = new World('2.6.28-arm', { debugVm: true }).vmaWith(vm.VM_PFNMAP, {
      first: 0x34000,
    });
    const address = page(vma.vmStart, 2);
    expect(vmNormalPage(vma, address, pfn(0x34002), NORMAL)).toBeUndefined();
    expect(vmNormalPage(vma, address, pfn(0x123), NORMAL)).toBe(0x123);
    expect(() => vmNormalPage(vma, address, pfn(0x34003), NORMAL)).toThrow(KernelBug);
  });

  it('T08 4.9-arm: given the same, when the pfn is neither linear nor valid, then a bad pte is reported and it counts as raw', () => {
    const world = new World('4.9-arm');
    const vma = world.vmaWith(vm.VM_PFNMAP, { first: 0x34000 });
    const address = page(vma.vmStart, 2);
    expect(vmNormalPage(vma, address, pfn(0x34003), NORMAL)).toBeUndefined();
    expect(world.memory.badPtes).toEqual([
      { vmStart: vma.vmStart, vmFlags: vma.vmFlags, address, pfn: 0x34003 },
    ]);
  });

  it.each(['2.6.28-arm', '4.9-arm'] as const)(
    'T09 %s: given a shared read-only PFNMAP vma, when any pfn is classified, then it is raw',
    (kernel) => {
      const vma = new World(kernel).vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
      for (const frame of [0x34000, 0x34003, 0x123])
        expect(vmNormalPage(vma, vma.vmStart, pfn(frame), NORMAL)).toBeUndefined();
    },
  );

  it('T10 given a plain vma, when its PTE has no struct page, then 2.6.28 stops and later kernels report at most 60', () => {
    const old = new World('2.6.28-arm', { debugVm: true }).vmaWith(0);
    expect(() => vmNormalPage(old, old.vmStart, pfn(0x34000), NORMAL)).toThrow(
      expect.objectContaining({
        name: 'KernelBug',
        function: 'vm_normal_page',
        pfn: 0x34000,
      }) as Error,
    );
    const world = new World('4.9-arm');
    const vma = world.vmaWith(0);
    for (let i = 0; i < 70; i += 1)
      expect(vmNormalPage(vma, vma.vmStart, pfn(0x34000), NORMAL)).toBeUndefined();
    expect([world.memory.badPteCount, world.memory.badPtes.length]).toEqual([70, 60]);
  });

  it('T11 given a vma with neither flag, when a special PTE is not the zero page, then 6.1 reports it and 2.6.28 stops', () => {
    const world = new World('6.1-x86');
    const vma = world.vmaWith(0);
    expect(vmNormalPage(vma, vma.vmStart, pfn(0x100), SPECIAL)).toBeUndefined();
    expect(world.memory.badPteCount).toBe(1);
    const zero = world.memory.frames.pageToPfn(world.memory.zeroPage);
    expect(isZeroPfn(world.memory, zero)).toBe(true);
    expect(vmNormalPage(vma, vma.vmStart, zero, SPECIAL)).toBeUndefined();
    expect(world.memory.badPteCount).toBe(1);
    const old = new World('2.6.28-x86', { debugVm: true }).vmaWith(0);
    expect(() => vmNormalPage(old, old.vmStart, pfn(0x100), SPECIAL)).toThrow(KernelBug);
    const quiet = new World('2.6.28-x86').vmaWith(0);
    expect(vmNormalPage(quiet, quiet.vmStart, pfn(0x100), SPECIAL)).toBeUndefined();
  });

  it.each([
    ['2.6.23', false, 1],
    ['2.6.24', true, 1],
    ['2.6.24', false, 'a bogus page'],
    ['2.6.28-arm', false, 'a bogus page'],
  ] as const)(
    'S4 S33 T10 %s, debug %s: given a pfn that is neither linear nor valid in a COW PFNMAP vma, then bad ptes: %s',
    (kernel, debugVm, outcome) => {
      const world = new World(kernel, { debugVm });
      const vma = world.vmaWith(vm.VM_PFNMAP, { first: 0x34000 });
      const classify = (): unknown => vmNormalPage(vma, vma.vmStart, pfn(0x34003), NORMAL);
      // Where the kernel goes on with a struct page that is none, the simulation stops.
      if (outcome !== 1) expect(classify).toThrow(KernelBug);
      else {
        expect(classify()).toBeUndefined();
        expect(world.memory.badPteCount).toBe(1);
      }
    },
  );

  it.each(['2.6.23', '2.6.24'] as const)(
    'S7 S14 %s: given a shared PFNMAP vma, when any pfn is classified, then it is raw, valid or not',
    (kernel) => {
      const vma = new World(kernel).vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
      for (const frame of [0x34000, 0x34003, 0x123])
        expect(vmNormalPage(vma, vma.vmStart, pfn(frame), NORMAL)).toBeUndefined();
    },
  );

  it('T12 given a private PFNMAP vma, when a copy happens to have the linear pfn, then it is taken for raw (a known hole)', () => {
    const vma = new World('4.9-arm').vmaWith(vm.VM_PFNMAP, { first: 0x500 });
    expect(vmNormalPage(vma, page(vma.vmStart, 3), pfn(0x503), NORMAL)).toBeUndefined();
    expect(vmNormalPage(vma, page(vma.vmStart, 3), pfn(0x504), NORMAL)).toBe(0x504);
  });
});
