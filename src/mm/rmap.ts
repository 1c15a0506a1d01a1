/**
 * Reverse mapping: which page-table entries map a page. Nothing is recorded for it; the page knows its file
 * or family of anonymous memory and its place there, and every vma of those is looked at. Mirrors mm/rmap.c.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import { vmNormalPage } from './normal-page.ts';
import { PTE_PRESENT, pteIndex } from './pagetable.ts';
import type { PteLeaf } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import { hasAny } from './vmflags.ts';

/** A page-table entry found from its page. */
export interface RmapEntry {
  readonly vma: VmArea;
  readonly address: VirtAddr;
  readonly leaf: PteLeaf;
  readonly index: number;
}

/** Address at which a vma has page `index` of its file or family, if it reaches there. Mirrors `vma_address`. */
export function vmaAddress(vma: VmArea, index: number): VirtAddr | undefined {
  const address = vma.vmStart + (index - vma.vmPgoff) * PAGE_SIZE;
  return address >= vma.vmStart && address < vma.vmEnd ? (address as VirtAddr) : undefined;
}

/** Entries that map `page`, in the order in which their vmas came. Mirrors `rmap_walk`. */
export function rmapEntries(memory: Memory, page: Page): readonly RmapEntry[] {
  const { frames } = memory;
  const frame = frames.pageToPfn(page);
  const found: RmapEntry[] = [];
  for (const vma of memory.vmasOf(page)) {
    const address = vmaAddress(vma, frames.indexOf(page));
    if (address === undefined) continue;
    const leaf = vma.mm.pageTable.leaf(address);
    const index = pteIndex(address);
    if (leaf === undefined || leaf.pfnAt(index) !== frame) continue;
    const bits = leaf.bitsAt(index);
    if (hasAny(bits, PTE_PRESENT) && vmNormalPage(vma, address, frame, bits) === page)
      found.push({ vma, address, leaf, index });
  }
  return found;
}
