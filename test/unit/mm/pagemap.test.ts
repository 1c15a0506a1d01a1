import { describe, expect, it } from 'vitest';
import { pfn, virtAddr, type VirtAddr } from '../../../src/base/units.ts';
import { forkMm } from '../../../src/mm/fork.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import type { MmStruct } from '../../../src/mm/mm.ts';
import { readPagemap } from '../../../src/mm/pagemap.ts';
import { shrinkPage } from '../../../src/mm/reclaim.ts';
import { PROT_READ } from '../../../src/mm/vmflags.ts';
import { page, World } from './fake.ts';
import { mapPfns } from './pfnmap.ts';

const hex = (entries: BigUint64Array | string): readonly string[] | string =>
  typeof entries === 'string' ? entries : Array.from(entries, (entry) => entry.toString(16));

/** The first entries of a mapping. */
const entriesOf = (mm: MmStruct, base: VirtAddr, count: number): readonly string[] | string =>
  hex(readPagemap(mm, base, count));

const SOFT_DIRTY = 0x80000000000000n;
/** An entry as hexadecimal digits: high bits, and a pfn. */
const entry = (high: bigint, frame = 0): string => (high | BigInt(frame)).toString(16);

/** F0 mapped for writing: p0 raw, p1 of the file, p2 anonymous, p3 untouched. */
function mixed(kernel: KernelName): { world: World; base: VirtAddr } {
  const world = new World(kernel);
  const base = world.map(3, { pages: 4 });
  world.mm.touch(base, 'read');
  world.mm.touch(page(base, 1), 'read');
  world.mm.touch(page(base, 2), 'write');
  return { world, base };
}

describe('pagemap', () => {
  it.each(['2.6.23', '2.6.24'] as const)('%s has none', (kernel) => {
    const world = new World(kernel);
    expect(readPagemap(world.mm, world.mapAnonymous(1, 1), 1)).toBe('ENOENT');
  });

  it('given an unaligned address, then EINVAL', () => {
    const world = new World('6.1-x86');
    expect(readPagemap(world.mm, virtAddr(world.mapAnonymous(1, 1) + 1), 1)).toBe('EINVAL');
  });

  it.each([
    ['4.9-arm', 0n],
    ['6.1-x86', SOFT_DIRTY],
  ] as const)(
    'T108, T110 %s: given raw, file, anonymous and untouched pages, then bits 63, 61 and 56 as each has them',
    (kernel, soft) => {
      const { world, base } = mixed(kernel);
      expect(entriesOf(world.mm, base, 5)).toEqual([
        entry(0x8000000000000000n | soft, 0x34001),
        entry(0xa100000000000000n | soft, world.pte(page(base, 1)).pfn),
        entry(0x8100000000000000n | soft, world.pte(page(base, 2)).pfn),
        entry(soft),
        // Behind the mapping.
        entry(0n),
      ]);
      expect(entriesOf(world.mm, virtAddr(base - 4096), 1)).toEqual(['0']);
    },
  );

  it.each(['2.6.28-arm', '2.6.28-x86'] as const)(
    '%s: given the same pages, then present, the pfn, and the page size in bits 55 to 60',
    (kernel) => {
      const { world, base } = mixed(kernel);
      const there = 0x8600000000000000n;
      expect(entriesOf(world.mm, base, 4)).toEqual([
        entry(there, 0x34001),
        entry(there, world.pte(page(base, 1)).pfn),
        entry(there, world.pte(page(base, 2)).pfn),
        // An empty entry of a page table that is there.
        '0',
      ]);
      // No vma.
      expect(entriesOf(world.mm, virtAddr(0), 1)).toEqual([entry(0x600000000000000n)]);
    },
  );

  it('2.6.28: given no page table, then the page size alone', () => {
    const world = new World('2.6.28-arm');
    expect(entriesOf(world.mm, world.map(1, { pages: 4 }), 1)).toEqual([entry(0x600000000000000n)]);
  });

  it('given a page of two processes, then neither has it exclusively', () => {
    const { world, base } = mixed('4.9-arm');
    const child = forkMm(world.mm);
    const shared = [
      entry(0xa000000000000000n, world.pte(page(base, 1)).pfn),
      entry(0x8000000000000000n, world.pte(page(base, 2)).pfn),
    ];
    expect(entriesOf(world.mm, page(base, 1), 2)).toEqual(shared);
    expect(entriesOf(child, page(base, 1), 2)).toEqual(shared);
  });

  it.each([
    ['2.6.28-x86', entry(0x8600000000000000n, 0x34000)],
    ['4.9-arm', '0'],
    // The walk that skips the vma takes it for a hole: a soft-dirty one here.
    ['6.1-x86', entry(SOFT_DIRTY)],
  ] as const)('T108 %s: given a PFNMAP vma, then its entries are %s', (kernel, expected) => {
    const world = new World(kernel);
    const base = mapPfns(world, PROT_READ, 2);
    expect(entriesOf(world.mm, base, 1)).toEqual([expected]);
  });

  it.each([
    ['4.9-arm', 0x4000000000000000n],
    ['6.1-x86', 0x4000000000000000n | SOFT_DIRTY],
  ] as const)('%s: given pages in swap, then bit 62 and the slot from bit 5 on', (kernel, high) => {
    const world = new World(kernel, { swapSlots: 4 });
    const base = world.mapAnonymous(3, 2);
    for (const index of [0, 1]) {
      world.mm.touch(page(base, index), 'write');
      const swapped = world.memory.physical.pfnToPage(pfn(world.pte(page(base, index)).pfn));
      expect(shrinkPage(world.memory, swapped, { ignoresUse: true })).toBe('freed');
    }
    expect(entriesOf(world.mm, base, 2)).toEqual([entry(high, 0), entry(high, 32)]);
  });
});
