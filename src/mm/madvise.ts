/**
 * Advice about mapped memory.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import type { Advice } from './kernel.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { PTE_PRESENT, PTE_YOUNG, pteIndex } from './pagetable.ts';
import { shrinkPage } from './reclaim.ts';
import type { VmArea } from './vma.ts';
import {
  hasAny,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_IO,
  VM_LOCKED,
  VM_PFNMAP,
  withFlags,
  withoutFlags,
} from './vmflags.ts';
import { zapPageRange } from './zap.ts';

type AdviceResult = 0 | 'EINVAL';

/** What each advice does to a part of a vma. */
const ADVICE: Readonly<
  Record<Advice, (vma: VmArea, start: VirtAddr, end: VirtAddr) => AdviceResult>
> = {
  normal: () => 0,
  // Pages that can be mapped from flash need no reading ahead, and nothing else here reads ahead.
  willneed: () => 0,
  dontneed: (vma, start, end) => {
    if (hasAny(vma.vmFlags, VM_LOCKED + VM_PFNMAP)) return 'EINVAL';
    zapPageRange(vma, start, end);
    return 0;
  },
  dontfork: (vma, start, end) => {
    changeFlags(vma, start, end, withFlags(vma.vmFlags, VM_DONTCOPY));
    return 0;
  },
  dofork: (vma, start, end) => {
    if (hasAny(vma.vmFlags, VM_IO)) return 'EINVAL';
    changeFlags(vma, start, end, withoutFlags(vma.vmFlags, VM_DONTCOPY));
    return 0;
  },
  dontdump: (vma, start, end) => {
    changeFlags(vma, start, end, withFlags(vma.vmFlags, VM_DONTDUMP));
    return 0;
  },
  dodump: (vma, start, end) => {
    if (hasAny(vma.vmFlags, vma.mm.memory.kernel.vmSpecial)) return 'EINVAL';
    changeFlags(vma, start, end, withoutFlags(vma.vmFlags, VM_DONTDUMP));
    return 0;
  },
  hugepage: (vma, start, end) => {
    changeFlags(vma, start, end, withFlags(vma.vmFlags, VM_HUGEPAGE));
    return 0;
  },
  cold: (vma, start, end) => {
    if (hasAny(vma.vmFlags, VM_LOCKED + VM_PFNMAP)) return 'EINVAL';
    for (const page of ownPages(vma, start, end)) vma.mm.memory.lru.setActive(page, false);
    return 0;
  },
  pageout: (vma, start, end) => {
    if (hasAny(vma.vmFlags, VM_LOCKED + VM_PFNMAP)) return 'EINVAL';
    const { memory } = vma.mm;
    memory.lru.drain();
    if (vma.file?.mayInspect === false) return 0;
    for (const page of ownPages(vma, start, end)) shrinkPage(memory, page, { ignoresUse: true });
    return 0;
  },
};

/**
 * Takes advice about whole pages. A hole is ENOMEM, after the rest was done. Mirrors `sys_madvise`
 * (mm/madvise.c).
 *
 * @returns EINVAL for an unaligned address, advice that the kernel does not know (its row `advice`) or that the
 * vma does not take; ENOMEM.
 */
export function madvise(
  mm: MmStruct,
  address: VirtAddr,
  length: number,
  advice: Advice,
): 0 | 'EINVAL' | 'ENOMEM' {
  mm.assertAlive();
  if (!isAligned(address, PAGE_SIZE) || !mm.memory.kernel.advice.includes(advice)) return 'EINVAL';
  const end = address + alignUp(length, PAGE_SIZE);
  return mm.withMmapWriteLock(() => {
    let result: 0 | 'ENOMEM' = 0;
    for (let at: number = address; at < end;) {
      const vma = mm.vmas.find(virtAddr(at));
      const start = Math.max(at, vma?.vmStart ?? Infinity);
      if (start > at) result = 'ENOMEM';
      if (vma === undefined || start >= end) break;
      const to = Math.min(end, vma.vmEnd);
      const answer = ADVICE[advice](vma, start as VirtAddr, to as VirtAddr);
      if (answer !== 0) return answer;
      at = to;
    }
    return result;
  });
}

/** Mirrors `madvise_update_vma`. */
function changeFlags(vma: VmArea, start: VirtAddr, end: VirtAddr, vmFlags: number): void {
  if (vmFlags === vma.vmFlags) return;
  const part = vma.mm.vmas.isolate(vma, start, end);
  part.vmFlags = vmFlags;
  vma.mm.vmas.merge(part);
}

/** Pages on the LRU that only these entries map, made old. Mirrors `madvise_cold_or_pageout_pte_range`. */
function ownPages(vma: VmArea, start: VirtAddr, end: VirtAddr): readonly Page[] {
  const { memory, pageTable } = vma.mm;
  const { frames } = memory;
  const pages: Page[] = [];
  for (let at: number = start; at < end; at += PAGE_SIZE) {
    const address = at as VirtAddr;
    const leaf = pageTable.leaf(address);
    const index = pteIndex(address);
    const bits = leaf?.bitsAt(index) ?? 0;
    if (leaf === undefined || !hasAny(bits, PTE_PRESENT)) continue;
    const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
    if (page === undefined || frames.mapcount(page) !== 1 || !frames.testFlag(page, 'lru'))
      continue;
    leaf.set(index, leaf.pfnAt(index), withoutFlags(bits, PTE_YOUNG));
    frames.setFlag(page, 'referenced', false);
    pages.push(page);
  }
  return pages;
}
