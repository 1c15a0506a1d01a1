/**
 * Mapping pages with struct page: a page of a file, and anonymous memory on first touch.
 *
 * @module
 */
import type { VirtAddr } from '../base/units.ts';
import { allocPage } from './alloc.ts';
import { anonVmaPrepare } from './anon-vma.ts';
import type { Page } from './frames.ts';
import { specialBit } from './insert.ts';
import type { VmFaultResult } from './mappable.ts';
import type { Memory } from './memory.ts';
import { mkDirtyMaybeWrite, pteIndex, type PteLeaf } from './pagetable.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import { hasAny, VM_FAULT_OOM, VM_LOCKED } from './vmflags.ts';

/** Maps a page of a file (or of a driver); the caller's reference becomes the PTE's. Mirrors `do_set_pte`. */
export function mapFilePage(
  vma: VmArea,
  leaf: PteLeaf,
  index: number,
  page: Page,
  bits: number,
): void {
  const { frames } = vma.mm.memory;
  vma.mm.addRss('file', 1);
  frames.addRmap(page);
  leaf.set(index, frames.pageToPfn(page), bits);
  markLocked(vma, page);
}

/** A page mapped in a locked vma is locked in memory. Mirrors `mlock_vma_page`. */
export function markLocked(vma: VmArea, page: Page): void {
  const { frames, zeroPage } = vma.mm.memory;
  if (hasAny(vma.vmFlags, VM_LOCKED) && page !== zeroPage) frames.setFlag(page, 'mlocked', true);
}

/** A new anonymous page of a vma: flags, place, and the active list. Mirrors `page_add_new_anon_rmap`. */
export function makeAnonPage(vma: VmArea, address: VirtAddr, page: Page): void {
  const { frames, kernel, lru } = vma.mm.memory;
  frames.setMapping(page, anonVmaPrepare(vma).owner, linearPageIndex(vma, address));
  frames.setFlag(page, 'anon', true);
  frames.setFlag(page, 'swapbacked', true);
  frames.setFlag(page, 'uptodate', true);
  if (kernel.anonReuse === 'exclusive') frames.setFlag(page, 'anon_exclusive', true);
  lru.add(page, 'active_anon');
}

/** Maps a new anonymous page, dirty. Its one reference becomes the PTE's. */
export function mapAnonPage(vma: VmArea, leaf: PteLeaf, address: VirtAddr, page: Page): void {
  const { frames } = vma.mm.memory;
  makeAnonPage(vma, address, page);
  frames.addRmap(page);
  const bits = mkDirtyMaybeWrite(vma.vmPageProt, vma.vmFlags);
  leaf.set(pteIndex(address), frames.pageToPfn(page), bits);
  markLocked(vma, page);
}

/** Mirrors `do_anonymous_page`. */
export function doAnonymousPage(
  vma: VmArea,
  leaf: PteLeaf,
  address: VirtAddr,
  isWrite: boolean,
): VmFaultResult {
  const { memory } = vma.mm;
  if (!isWrite && memory.kernel.anonReadFault !== 'new_page')
    mapZeroPage(vma, leaf, pteIndex(address));
  else {
    anonVmaPrepare(vma);
    const page = allocPage(memory, 'anon');
    if (page === undefined) return VM_FAULT_OOM;
    clearPage(memory, page);
    vma.mm.addRss('anon', 1);
    mapAnonPage(vma, leaf, address, page);
  }
  memory.emitFault('anonymous', false);
  return 0;
}

/** The page of zeros, raw, or counted as any page by a kernel that does (2.6.23). */
function mapZeroPage(vma: VmArea, leaf: PteLeaf, index: number): void {
  const { memory } = vma.mm;
  const { frames, zeroPage } = memory;
  const pfn = frames.pageToPfn(zeroPage);
  if (memory.kernel.anonReadFault === 'counted_zero_page') {
    frames.getPage(zeroPage);
    frames.addRmap(zeroPage);
    vma.mm.addRss('file', 1);
    leaf.set(index, pfn, vma.vmPageProt);
  } else leaf.set(index, pfn, vma.vmPageProt + specialBit(vma));
}

/** Zeroes a page and says so. Mirrors `clear_user_highpage`. */
export function clearPage(memory: Memory, page: Page): void {
  memory.frames.clear(page);
  memory.emitPageClear();
}
