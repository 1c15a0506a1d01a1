/**
 * The unmap side: takes PTEs out and gives back what each of them held.
 *
 * @module
 */
import { alignDown } from '../base/bits.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { vmNormalPage } from './normal-page.ts';
import {
  LEAF_SPAN,
  PTE_DIRTY,
  PTE_YOUNG,
  pteIndex,
  PTES_PER_LEAF,
  type PteLeaf,
} from './pagetable.ts';
import type { VmArea } from './vma.ts';
import { hasAny } from './vmflags.ts';

/**
 * Clears every PTE of `start … end` in `vma`. A raw PTE just goes. A page loses one mapping, one
 * reference and its place in RSS, and learns whether it was dirty and referenced; without another
 * reference it is freed. Mirrors `zap_page_range` (mm/memory.c) without zap_details.
 *
 * Pre: the range is page aligned and in the vma.
 */
export function zapPageRange(vma: VmArea, start: VirtAddr, end: VirtAddr): void {
  const { pageTable } = vma.mm;
  let address: number = start;
  while (address < end) {
    const leafEnd = alignDown(address, LEAF_SPAN) + LEAF_SPAN;
    const leaf = pageTable.leaf(address as VirtAddr);
    if (leaf !== undefined) {
      const from = pteIndex(address as VirtAddr);
      const to = end >= leafEnd ? PTES_PER_LEAF : pteIndex(end);
      for (let index = from; index < to; index += 1) zapPte(vma, leaf, index);
    }
    address = leafEnd;
  }
}

/** Mirrors the loop body of `zap_pte_range`. */
function zapPte(vma: VmArea, leaf: PteLeaf, index: number): void {
  const bits = leaf.bitsAt(index);
  if (bits === 0) return;
  const { mm } = vma;
  const { frames } = mm.memory;
  const address = (leaf.start + index * PAGE_SIZE) as VirtAddr;
  const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
  leaf.clear(index);
  if (page === undefined) return;
  if (frames.testFlag(page, 'anon')) mm.addRss('anon', -1);
  else {
    if (hasAny(bits, PTE_DIRTY)) frames.setFlag(page, 'dirty', true);
    if (hasAny(bits, PTE_YOUNG)) frames.setFlag(page, 'referenced', true);
    mm.addRss('file', -1);
  }
  frames.removeRmap(page);
  frames.putPage(page);
}
