import { describe, expect, it } from 'vitest';
import { pfn, pgoff, type VirtAddr } from '../../../src/base/units.ts';
import { forkMm } from '../../../src/mm/fork.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { getUserPage } from '../../../src/mm/gup.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import {
  PTE_EXEC,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_WRITE,
  pteIndex,
} from '../../../src/mm/pagetable.ts';
import { shrinkPage } from '../../../src/mm/reclaim.ts';
import type { SwapSlot } from '../../../src/mm/swap.ts';
import { asTask } from '../../../src/mm/task.ts';
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

/** A process with 4 anonymous pages;
}, of which page 0 is in swap and page 1 in swap and in the swap cache. */
function swapped(kernel: KernelName): { world: World; base: VirtAddr } {
  const world = new World(kernel, { swapSlots: 4 });
  const base = world.mapAnonymous(3, 4);
  const { lru, frames, physical } = world.memory;
  for (let i = 0; i < 4; i += 1) world.mm.touch(page(base, i), 'write');
  const pages = [0, 1].map((i) => physical.pfnToPage(pfn(world.pte(page(base, i)).pfn)));
  // Somebody holds page 1, so it stays in the swap cache.
  frames.getPage(pages[1]!);
  world.driverRefs.set(pages[1]!, 1);
  for (const one of pages) {
    lru.setActive(one, false);
    shrinkPage(world.memory, one, { ignoresUse: true });
  }
  world.check();
  expect([world.mm.swapRss, world.mm.anonRss, world.memory.swap.used]).toEqual([2, 2, 2]);
  return { world, base };
}

describe('assertMm notices in swap, lists and reverse mapping', () => {
  const cached = (world: World): Page =>
    [...world.memory.swap.slots()].find((row) => row.cached !== undefined)!.cached!;
  const anon = (world: World, base: VirtAddr): Page =>
    world.memory.physical.pfnToPage(pfn(world.pte(page(base, 2)).pfn));

  it.each<[string, (world: World, base: VirtAddr) => void]>([
    [
      'I1',
      (w, base) => {
        w.memory.frames.getPage(anon(w, base));
      },
    ],
    [
      'I3 RSS counters are the PTEs: swap',
      (w) => {
        w.mm.addRss('swap', 1);
      },
    ],
    [
      'I3 the count of a swap slot',
      (w) => {
        w.memory.swap.duplicate(0 as SwapSlot);
      },
    ],
    [
      'I3',
      (w, base) => {
        poke(w, page(base, 3), 1, PTE_SWAP);
      },
    ],
    [
      'I3 the count of a swap slot',
      (w, base) => {
        poke(w, base, 3, PTE_SWAP);
      },
    ],
    [
      'is anonymous and flagged',
      (w) => {
        w.memory.frames.setFlag(cached(w), 'anon', false);
      },
    ],
    [
      'is anonymous and flagged',
      (w) => {
        w.memory.frames.setFlag(cached(w), 'swapcache', false);
      },
    ],
    [
      'has a slot',
      (w, base) => {
        w.memory.frames.setFlag(anon(w, base), 'swapcache', true);
      },
    ],
    [
      'on the list',
      (w, base) => {
        w.memory.frames.setFlag(anon(w, base), 'active', false);
      },
    ],
    [
      'flagged as listed',
      (w) => {
        w.memory.frames.setFlag(w.memory.zeroPage, 'lru', true);
      },
    ],
    [
      'I3 locked_vm',
      (w) => {
        w.mm.lockedVm += 1;
      },
    ],
    [
      'I3 locked_vm',
      (w, base) => {
        w.vma(base).vmFlags += vm.VM_LOCKED;
      },
    ],
    [
      'is known to a family',
      (w, base) => {
        w.vma(base).anonVma!.vmas.clear();
      },
    ],
    [
      'a file knows',
      (w, base) => {
        w.file.mapping.vmas.add(w.vma(base));
      },
    ],
    [
      'at its place',
      (w, base) => {
        w.vma(base).vmPgoff = pgoff(w.vma(base).vmPgoff + 1);
      },
    ],
    [
      'at its place',
      (w, base) => {
        w.memory.frames.setMapping(anon(w, base), 0, 0);
      },
    ],
    [
      'I7 a writable PTE',
      (w, base) => {
        w.vma(base).vmFlags -= vm.VM_WRITE;
      },
    ],
    [
      'I7 a PTE has no right',
      (w, base) => {
        const { pfn: frame, bits } = w.pte(page(base, 2));
        poke(w, page(base, 2), frame, bits + PTE_EXEC);
      },
    ],
  ])('%s', (rule, breakIt) => {
    const { world, base } = swapped('6.12-x86');
    breakIt(world, base);
    expect(() => {
      world.check();
    }).toThrow(rule);
  });

  it('I2 given an exclusive page, when a second process maps it', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(3, 1);
    world.mm.touch(base, 'write');
    world.mms.push(forkMm(world.mm));
    world.check();
    const shared = world.memory.physical.pfnToPage(pfn(world.pte(base).pfn));
    world.memory.frames.setFlag(shared, 'anon_exclusive', true);
    expect(() => {
      world.check();
    }).toThrow('I2 an exclusive page');
  });

  it('given a page of a file that is not in its cache', () => {
    const world = new World('4.9-arm');
    const p = world.driverPage();
    world.memory.frames.setMapping(p, world.file.mapping.owner, 3);
    expect(() => {
      world.check();
    }).toThrow('is in its cache');
    world.memory.frames.setMapping(p, 0, 0);
    const filled = world.file.fill(1)!;
    world.memory.frames.setMapping(filled, world.file.mapping.owner, 2);
    expect(() => {
      world.check();
    }).toThrow('knows its place');
  });

  it('I1 given pages in the batch before the lists, then their references count until it is drained', () => {
    const world = new World('4.9-arm', { lruBatch: 14 });
    const base = world.map(3);
    world.mm.touch(page(base, 1), 'read');
    world.mm.touch(page(base, 3), 'write');
    expect(world.counts(world.file.cache.get(1)!)).toEqual([3, 1]);
    world.check();
    world.memory.lru.drain();
    expect(world.counts(world.file.cache.get(1)!)).toEqual([2, 1]);
    world.check();
  });

  it('I1 given a reference by get_user_pages, then it has to be told of it', () => {
    const world = new World('6.12-x86');
    const base = world.mapAnonymous(3, 1);
    const got = getUserPage(world.mm, base, { write: true }) as Page;
    expect(() => {
      world.check();
    }).toThrow('I1');
    world.driverRefs.set(got, 1);
    world.check();
  });
});

describe('assertMm and dead tasks', () => {
  /** 2.6.28.0: a store to a raw page of a locked vma follows a null pointer, with the copy in hand. */
  const dead = (): { world: World; base: VirtAddr } => {
    const world = new World('2.6.28-arm');
    const base = world.map(3);
    world.mm.touch(base, 'read');
    world.mm.touch(page(base, 1), 'read');
    world.vma(base).vmFlags += vm.VM_LOCKED;
    world.mm.lockedVm += 16;
    expect(asTask(world.mm, () => world.mm.touch(base, 'write')).bug?.function).toBe('do_wp_page');
    expect(world.mm.dead).toBe(true);
    return { world, base };
  };

  it('T67 given one, then what it maps counts, and what it had in hand may stay for ever', () => {
    const { world } = dead();
    expect(world.counts(world.file.cache.get(1)!)).toEqual([2, 1]);
    world.check();
  });

  it.each<[string, (world: World, base: VirtAddr) => void]>([
    [
      'I1',
      (w) => {
        w.memory.frames.putPage(w.file.cache.get(1)!);
      },
    ],
    [
      'I2',
      (w) => {
        w.memory.frames.addRmap(w.file.cache.get(1)!);
      },
    ],
    [
      'I3',
      (w) => {
        w.mm.addRss('file', 1);
      },
    ],
  ])('but not that %s is broken', (rule, breakIt) => {
    const { world, base } = dead();
    breakIt(world, base);
    expect(() => {
      world.check();
    }).toThrow(rule);
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
  const reports: string[] = [];
  world.memory.onReport = (report) => reports.push(`${report.kind} ${report.function}`);
  world.mm.munmap(base, 4096);
  expect(reports).toEqual(['bad_page page_remove_rmap']);
  // Free, although the driver still uses it.
  expect([world.counts(p), world.rss()]).toEqual([
    [0, 0],
    [-1, 0],
  ]);
});

it('S31 I1 given flash with struct pages, then they have a reference of their own, and PTEs count', () => {
  const world = new World('4.9-arm');
  const flash = new Uint8Array(4096);
  const first = world.memory.frames.addDevicePages(pfn(0x90000), 2, () => flash);
  world.check();
  world.memory.frames.getPage(first);
  expect(() => {
    world.check();
  }).toThrow('I1');
  world.driverRefs.set(first, 1);
  world.check();
});
