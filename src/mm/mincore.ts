/**
 * Which pages of a range are in RAM, as mincore(2) says it: a present entry counts, raw or not; an empty one
 * of a file counts when the page cache has the page. Pages that could be mapped from flash at no cost, but
 * were not yet, count as absent.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import type { MmStruct } from './mm.ts';
import { PTE_PRESENT, PTE_SWAP, pteIndex } from './pagetable.ts';
import type { SwapSlot } from './swap.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import { hasAny, VM_PFNMAP } from './vmflags.ts';

/**
 * One boolean a page. Mirrors `sys_mincore` (mm/mincore.c).
 *
 * @returns EINVAL for an unaligned address, ENOMEM for a hole.
 */
export function mincore(
  mm: MmStruct,
  address: VirtAddr,
  length: number,
): readonly boolean[] | 'EINVAL' | 'ENOMEM' {
  mm.assertAlive();
  if (!isAligned(address, PAGE_SIZE)) return 'EINVAL';
  const end = address + alignUp(length, PAGE_SIZE);
  const pages: boolean[] = [];
  for (let at: number = address; at < end; at += PAGE_SIZE) {
    const vma = mm.vmas.find(virtAddr(at));
    if (vma?.contains(at as VirtAddr) !== true) return 'ENOMEM';
    pages.push(isInCore(vma, at as VirtAddr));
  }
  return pages;
}

function isInCore(vma: VmArea, address: VirtAddr): boolean {
  const { kernel, swap } = vma.mm.memory;
  // Who may not inspect the file is told that everything is there.
  if (kernel.mincoreOwnerOnly && vma.file?.mayInspect === false) return true;
  const isWalked = !(kernel.walkSkipsPfnmap && hasAny(vma.vmFlags, VM_PFNMAP));
  const leaf = isWalked ? vma.mm.pageTable.leaf(address) : undefined;
  const bits = leaf?.bitsAt(pteIndex(address)) ?? 0;
  if (hasAny(bits, PTE_PRESENT)) return true;
  if (leaf !== undefined && hasAny(bits, PTE_SWAP))
    return swap.cachedPage(Number(leaf.pfnAt(pteIndex(address))) as SwapSlot) !== undefined;
  const { frames } = vma.mm.memory;
  const page = vma.file?.mapping?.peek(linearPageIndex(vma, address));
  return page !== undefined && frames.testFlag(page, 'uptodate');
}
