import { describe, expect, it } from 'vitest';
import { pfn, virtAddr } from '../../../src/base/units.ts';
import { Frames } from '../../../src/mm/frames.ts';
import {
  LEAF_SPAN,
  PageTable,
  pageProtOf,
  pteIndex,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
  PTE_YOUNG,
} from '../../../src/mm/pagetable.ts';

/** A PTE that user space may read through. */
const USABLE = PTE_PRESENT + PTE_USER;

const machine = (pages = 64, softwareYoung = false): { frames: Frames; table: PageTable } => {
  const frames = new Frames(pfn(0), pages);
  return {
    frames,
    table: new PageTable(frames, {
      pgdFrames: 1,
      softwareYoung,
      isCharged: true,
      allocPage: () => frames.allocPage('page_table'),
      putPage: (page) => {
        frames.putPage(page);
      },
    }),
  };
};

describe('PageTable', () => {
  it('given 48-bit addresses that share the low bits of their block, when walked, then each has its own leaf', () => {
    const { frames, table } = machine();
    const addresses = [0, 1, 256, 512, 2 ** 18, 2 ** 27 - 1].map((block) =>
      virtAddr(block * LEAF_SPAN),
    );
    const leaves = addresses.map((address) => table.leafAlloc(address));
    expect(new Set(leaves).size).toBe(addresses.length);
    expect(addresses.map((address) => table.leaf(address))).toEqual(leaves);
    expect(leaves.map((leaf) => leaf?.start)).toEqual(addresses);
    expect([...table.allLeaves()]).toEqual(leaves);
    expect(table.leaf(virtAddr(2 * LEAF_SPAN))).toBeUndefined();
    expect([table.leaves, table.frameCount, frames.usage.byUse.page_table]).toEqual([6, 7, 7]);
    expect(() => table.leafAlloc(virtAddr(2 ** 48))).toThrow(/48 bits/);
  });

  it('given leaves, when a range is freed, then only those entirely inside go', () => {
    const { frames, table } = machine();
    for (let block = 0; block < 4; block += 1) table.leafAlloc(virtAddr(block * LEAF_SPAN));
    table.freeLeaves(1, 3 * LEAF_SPAN + 1);
    expect([...table.allLeaves()].map((leaf) => leaf.block)).toEqual([0, 3]);
    expect(table.leaf(virtAddr(LEAF_SPAN))).toBeUndefined();
    table.destroy();
    expect(frames.usage.total).toBe(0);
  });

  it('given a leaf walked to before, when freed, then walks do not find it, nor accesses what it mapped', () => {
    const { table } = machine();
    const address = virtAddr(5 * LEAF_SPAN);
    const old = table.leafAlloc(address)!;
    expect(table.leaf(address)).toBe(old);
    table.freeLeaves(0, 8 * LEAF_SPAN);
    expect(table.leaf(address)).toBeUndefined();
    old.set(0, pfn(1), PTE_PRESENT);
    expect(table.access(address, 'read')).toBe(false);
    expect(table.leafAlloc(address)).not.toBe(old);
  });

  it('given a leaf with a PTE, when freed, then it is a bug', () => {
    const { table } = machine();
    table.leafAlloc(virtAddr(0))?.set(3, pfn(1), PTE_PRESENT);
    expect(() => {
      table.destroy();
    }).toThrow(/holds no PTE/);
  });

  it('given no RAM, when a leaf is needed, then undefined', () => {
    const { table } = machine(2);
    expect(table.leafAlloc(virtAddr(0))).toBeDefined();
    expect(table.leafAlloc(virtAddr(LEAF_SPAN))).toBeUndefined();
    expect(table.leafAlloc(virtAddr(5))).toBeDefined();
  });

  it('given PTEs, when accessed, then only allowed accesses go through and mark young and dirty', () => {
    const { table } = machine();
    const address = virtAddr(2 ** 40 + 7 * 4096 + 12);
    expect(table.access(address, 'read')).toBe(false);
    const leaf = table.leafAlloc(address)!;
    expect(pteIndex(address)).toBe(7);
    expect(table.access(address, 'read')).toBe(false);
    leaf.set(7, pfn(2 ** 30), USABLE);
    expect(leaf.pfnAt(7)).toBe(2 ** 30);
    expect(table.access(address, 'write')).toBe(false);
    expect(table.access(address, 'exec')).toBe(false);
    expect(leaf.bitsAt(7)).toBe(USABLE);
    expect(table.access(address, 'read')).toBe(true);
    expect(leaf.bitsAt(7)).toBe(USABLE + PTE_YOUNG);
    leaf.set(7, pfn(1), USABLE + PTE_WRITE + PTE_EXEC);
    expect(table.access(address, 'exec')).toBe(true);
    expect(table.access(address, 'write')).toBe(true);
    expect(leaf.bitsAt(7)).toBe(USABLE + PTE_WRITE + PTE_EXEC + PTE_YOUNG + PTE_DIRTY);
  });

  it('given a PTE that user space may not use, when accessed, then it faults', () => {
    const { table } = machine();
    table.leafAlloc(virtAddr(0))!.set(0, pfn(1), PTE_PRESENT + PTE_YOUNG + PTE_WRITE + PTE_EXEC);
    for (const access of ['read', 'write', 'exec'] as const)
      expect(table.access(virtAddr(0), access)).toBe(false);
  });

  it('given a CPU without young and dirty bits, when one is missing, then the access faults and changes nothing', () => {
    const { table } = machine(64, true);
    const leaf = table.leafAlloc(virtAddr(0))!;
    for (const [bits, access, goes] of [
      [0, 'read', false],
      [PTE_YOUNG, 'read', true],
      [PTE_YOUNG + PTE_WRITE, 'write', false],
      [PTE_DIRTY + PTE_WRITE, 'write', false],
      [PTE_YOUNG + PTE_DIRTY + PTE_WRITE, 'write', true],
      [PTE_EXEC, 'exec', false],
      [PTE_YOUNG + PTE_EXEC, 'exec', true],
    ] as const) {
      leaf.set(0, pfn(1), USABLE + bits);
      expect(table.access(virtAddr(0), access)).toBe(goes);
      expect(leaf.bitsAt(0)).toBe(USABLE + bits);
    }
  });

  it.each([
    [0x70, PTE_PRESENT + PTE_YOUNG],
    [0x71, USABLE + PTE_YOUNG],
    [0x75, USABLE + PTE_YOUNG + PTE_EXEC],
    [0x73, USABLE + PTE_YOUNG],
    [0xfb, USABLE + PTE_YOUNG + PTE_WRITE],
  ])(
    'given vm_flags 0x%x, then new PTEs have bits %i: private ones are write-protected',
    (flags, bits) => {
      expect(pageProtOf(flags)).toBe(bits);
    },
  );
});
