/**
 * The unmap side: takes PTEs out and gives back what each of them held.
 *
 * @module
 */
import { alignDown } from '../base/bits.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import type { AddressSpace } from './address-space.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import { vmNormalPage } from './normal-page.ts';
import {
  LEAF_SPAN,
  PTE_DIRTY,
  PTE_SWAP,
  PTE_YOUNG,
  pteIndex,
  PTES_PER_LEAF,
  type PteLeaf,
} from './pagetable.ts';
import { putPage, removeRmap } from './put-page.ts';
import type { SwapSlot } from './swap.ts';
import type { VmArea } from './vma.ts';
import { hasAny, VM_LOCKED } from './vmflags.ts';

/** What unmap_mapping_range leaves alone. Mirrors `struct zap_details`. */
export interface ZapDetails {
  /** The file whose pages go. */
  readonly mapping: AddressSpace;
  /** Private copies go, too. */
  readonly evenCows: boolean;
}

/**
 * Clears every PTE of `start … end` in `vma`. A raw PTE just goes. A page loses one mapping, one
 * reference and its place in RSS, and learns whether it was dirty and referenced; without another
 * reference it is freed. A swap entry lets go of its slot. Mirrors `zap_page_range` (mm/memory.c).
 *
 * Pre: the range is page aligned and in the vma.
 */
export function zapPageRange(
  vma: VmArea,
  start: VirtAddr,
  end: VirtAddr,
  details?: ZapDetails,
): void {
  const { pageTable } = vma.mm;
  let address: number = start;
  while (address < end) {
    const leafEnd = alignDown(address, LEAF_SPAN) + LEAF_SPAN;
    const leaf = pageTable.leaf(address as VirtAddr);
    if (leaf !== undefined) {
      const from = pteIndex(address as VirtAddr);
      const to = end >= leafEnd ? PTES_PER_LEAF : pteIndex(end);
      for (let index = from; index < to; index += 1) zapPte(vma, leaf, index, details);
    }
    address = leafEnd;
  }
}

/** Mirrors the loop body of `zap_pte_range`. */
function zapPte(vma: VmArea, leaf: PteLeaf, index: number, details: ZapDetails | undefined): void {
  const bits = leaf.bitsAt(index);
  if (bits === 0) return;
  const { mm } = vma;
  const { memory } = mm;
  if (hasAny(bits, PTE_SWAP)) {
    if (details !== undefined && (memory.kernel.unmapKeepsSwap || !details.evenCows)) return;
    const slot = Number(leaf.pfnAt(index)) as SwapSlot;
    leaf.clear(index);
    mm.addRss('swap', -1);
    memory.swap.free(slot);
    return;
  }
  const address = (leaf.start + index * PAGE_SIZE) as VirtAddr;
  const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
  if (page !== undefined && details !== undefined && isKept(memory, page, details)) return;
  leaf.clear(index);
  if (page !== undefined) unmapPage(vma, page, bits);
}

/** Without even_cows: a page that is not of the file. */
function isKept(memory: Memory, page: Page, { mapping, evenCows }: ZapDetails): boolean {
  if (evenCows) return false;
  return memory.kernel.evenCowsKeeps === 'anon'
    ? memory.frames.testFlag(page, 'anon')
    : memory.frames.mappingOf(page) !== mapping.owner;
}

/**
 * Settles the counts of a page whose PTE (`bits`) is gone: M − 1, RSS − 1, C − 1. Mirrors
 * `page_remove_rmap` with its surroundings in `zap_pte_range`.
 */
export function unmapPage(vma: VmArea, page: Page, bits: number): void {
  const { mm } = vma;
  const { frames, swap } = mm.memory;
  const isAnon = frames.testFlag(page, 'anon');
  if (!isAnon) {
    if (hasAny(bits, PTE_DIRTY)) frames.setFlag(page, 'dirty', true);
    if (hasAny(bits, PTE_YOUNG)) frames.setFlag(page, 'referenced', true);
  }
  mm.addRss(isAnon ? 'anon' : 'file', -1);
  removeRmap(mm.memory, page);
  if (hasAny(vma.vmFlags, VM_LOCKED)) frames.setFlag(page, 'mlocked', false);
  // The swap cache alone keeps no page that nobody can ask for.
  if (frames.testFlag(page, 'swapcache') && frames.refcount(page) === 2) {
    const slot = swap.slotOf(page);
    if (swap.count(slot) === 0) swap.deleteFromSwapCache(page);
  }
  putPage(mm.memory, page);
}
