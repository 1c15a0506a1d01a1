/**
 * A fault on an entry whose page is in swap.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import { allocPage } from './alloc.ts';
import { makeAnonPage, markLocked } from './anonymous.ts';
import { doWpPage } from './copy-on-write.ts';
import type { Page } from './frames.ts';
import type { VmFaultResult } from './mappable.ts';
import {
  mkDirtyMaybeWrite,
  PTE_SWAP,
  PTE_SWAP_EXCLUSIVE,
  PTE_WRITE,
  type PteLeaf,
} from './pagetable.ts';
import type { SwapSlot } from './swap.ts';
import type { VmArea } from './vma.ts';
import { hasAny, VM_FAULT_ERROR, VM_FAULT_MAJOR, VM_FAULT_OOM } from './vmflags.ts';

/**
 * Brings the page back: from the swap cache, or read from its slot, which is a major fault. A store by the
 * only user gets it writable; a store by one of several goes on to copy. Mirrors `do_swap_page`.
 */
export function doSwapPage(
  vma: VmArea,
  address: VirtAddr,
  leaf: PteLeaf,
  index: number,
  isWrite: boolean,
): VmFaultResult {
  const { mm } = vma;
  const { memory } = mm;
  const { frames, swap, kernel } = memory;
  const slot = Number(leaf.pfnAt(index)) as SwapSlot;
  const cached = swap.cachedPage(slot);
  const page = cached ?? readIn(vma, address, slot);
  if (page === undefined) return VM_FAULT_OOM;
  if (cached !== undefined) frames.getPage(page);
  const major = cached === undefined ? VM_FAULT_MAJOR : 0;
  // Reclaim for the page may have dropped nothing of this entry: it is still the slot's.
  const wasExclusive = hasAny(leaf.bitsAt(index), PTE_SWAP_EXCLUSIVE);
  mm.addRss('swap', -1);
  mm.addRss('anon', 1);
  frames.addRmap(page);
  leaf.set(index, frames.pageToPfn(page), vma.vmPageProt);
  swap.free(slot);
  // References: this entry's and the cache's; one more is somebody's who may be looking.
  const isOnlyUser =
    frames.mapcount(page) === 1 && swap.count(slot) === 0 && frames.refcount(page) === 2;
  if (swap.count(slot) === 0) swap.deleteFromSwapCache(page);
  const isExclusive = kernel.anonReuse === 'exclusive' && (wasExclusive || isOnlyUser);
  if (kernel.anonReuse === 'exclusive') frames.setFlag(page, 'anon_exclusive', isExclusive);
  markLocked(vma, page);
  if (isWrite && (isOnlyUser || isExclusive)) {
    const bits = mkDirtyMaybeWrite(vma.vmPageProt, vma.vmFlags);
    leaf.set(index, frames.pageToPfn(page), bits);
  }
  memory.emitFault(major === 0 ? 'swap_minor' : 'swap_major', false);
  if (!isWrite || hasAny(leaf.bitsAt(index), PTE_WRITE)) return major;
  const result = doWpPage(vma, address, leaf, index);
  return hasAny(result, VM_FAULT_ERROR) ? result : major;
}

/** A page with the slot's bytes, in the swap cache; the caller gets a reference. */
function readIn(vma: VmArea, address: VirtAddr, slot: SwapSlot): Page | undefined {
  const { memory } = vma.mm;
  const { frames, swap } = memory;
  const page = allocPage(memory, 'anon');
  if (page === undefined) return undefined;
  frames.bytes(page).set(swap.read(slot));
  makeAnonPage(vma, address, page);
  swap.addToSwapCache(page, slot);
  return page;
}

/** A swap entry that stands for a slot. */
export const swapEntry = (bits: number, pfn: Pfn): SwapSlot | undefined =>
  hasAny(bits, PTE_SWAP) ? (Number(pfn) as SwapSlot) : undefined;
