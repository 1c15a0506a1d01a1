import { describe, expect, it } from 'vitest';
import { pfn, type VirtAddr } from '../../../src/base/units.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { PTE_PRESENT, PTE_SPECIAL, PTE_WRITE, pteIndex } from '../../../src/mm/pagetable.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { page, World } from './fake.ts';

/** A process with p0 raw, p1 a file page and p2 a copy; then something is broken behind mm's back. */
function broken(kernel: KernelName, breakIt: (world: World, base: VirtAddr) => void): () => void {
  const world = new World(kernel);
  const base = world.map(3);
  world.mm.touch(base, 'read');
  world.mm.touch(page(base, 1), 'read');
  world.mm.touch(page(base, 2), 'write');
  world.check();
  breakIt(world, base);
  return () => {
    world.check();
  };
}

const poke = (world: World, address: VirtAddr, frame: number, bits: number): void => {
  world.mm.pageTable.leafAlloc(address)!.set(pteIndex(address), pfn(frame), bits);
};

describe('assertMm notices', () => {
  it.each<[string, KernelName, (world: World, base: VirtAddr) => void]>([
    [
      'I1',
      '4.9-arm',
      (w) => {
        w.memory.frames.getPage(w.file.cache.get(1)!);
      },
    ],
    [
      'I2',
      '4.9-arm',
      (w) => {
        w.memory.frames.addRmap(w.file.cache.get(1)!);
      },
    ],
    [
      'I3',
      '4.9-arm',
      (w) => {
        w.mm.addRss('anon', 1);
      },
    ],
    [
      'I3',
      '4.9-arm',
      (w) => {
        w.mm.addRss('file', -1);
      },
    ],
    [
      'I5',
      '4.9-arm',
      (w, base) => {
        const vma = w.vma(base);
        vma.vmFlags += vm.VM_PFNMAP - vm.VM_MIXEDMAP;
        poke(w, page(base, 5), w.memory.frames.pageToPfn(w.file.cache.get(1)!), PTE_PRESENT);
      },
    ],
    [
      'I6',
      '4.9-arm',
      (w, base) => {
        poke(w, page(base, 5), 0x7000, PTE_PRESENT);
      },
    ],
    [
      'I7',
      '4.9-arm',
      (w, base) => {
        poke(w, base, 0x34001, PTE_PRESENT + PTE_WRITE);
      },
    ],
    [
      'I8',
      '4.9-arm',
      (w, base) => {
        w.vma(base).vmFlags += vm.VM_PFNMAP;
      },
    ],
    [
      'lies in a vma',
      '4.9-arm',
      (w, base) => {
        poke(w, page(base, 16), 0x34001, PTE_PRESENT);
      },
    ],
    [
      'is present',
      '6.1-x86',
      (w, base) => {
        poke(w, base, 0x34001, PTE_SPECIAL);
      },
    ],
    [
      'ordered',
      '6.1-x86',
      (w, base) => {
        w.vma(base).vmStart = page(base, 20);
      },
    ],
  ])('%s (%s)', (rule, kernel, breakIt) => {
    expect(broken(kernel, breakIt)).toThrow(rule);
  });
});

it('S20 given the assertion of vm_insert_pfn bypassed, when the valid pfn is zapped, then it loses counts it never had', () => {
  const world = new World('4.9-arm');
  const base = world.map(1);
  const p = world.driverPage();
  poke(world, base, p, PTE_PRESENT);
  expect(() => {
    world.check();
  }).toThrow('I3');
  expect(() => {
    world.mm.munmap(base, 4096);
  }).toThrow(/not negative/);
});
