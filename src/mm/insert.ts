/**
 * How a driver or file system puts one PTE into a vma: a page with struct page (counted), a pfn without
 * (raw), or either. None of them replaces an entry that is there.
 *
 * Results and assertions are those of 2.6.28 for every kernel: 0 or an errno. A fault handler turns
 * ENOMEM into VM_FAULT_OOM, EBUSY into VM_FAULT_NOPAGE (someone else was faster) and the rest into
 * VM_FAULT_SIGBUS.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';
import { PTE_SPECIAL, pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  isCowMapping,
  VM_INSERTPAGE,
  VM_MIXEDMAP,
  VM_PFNMAP,
  withFlags,
} from './vmflags.ts';

/** 0 = inserted; else nothing was changed. */
export type InsertResult = 0 | 'EFAULT' | 'EINVAL' | 'EBUSY' | 'ENOMEM';

/**
 * Maps a page and takes a reference for the PTE: C + 1, M + 1, file RSS + 1. The page may be freed when
 * the last mapping goes, unless the caller keeps its own reference. Marks the vma as the kernel's row
 * `insertPageMarks` says. Mirrors `vm_insert_page` (mm/memory.c).
 *
 * @returns EFAULT outside the vma, EINVAL for a free or anonymous page, ENOMEM without RAM for the page
 * table, EBUSY when the PTE is not none.
 * @throws KernelBug where VM_MIXEDMAP has to be set: the mmap lock is not held for writing, or the vma is
 * PFNMAP.
 */
export function vmInsertPage(vma: VmArea, address: VirtAddr, page: Page): InsertResult {
  if (!vma.contains(address)) return 'EFAULT';
  const { kernel, frames } = vma.mm.memory;
  if (frames.refcount(page) === 0) return 'EINVAL';
  if (kernel.insertPageMarks === 'VM_INSERTPAGE')
    vma.vmFlags = withFlags(vma.vmFlags, VM_INSERTPAGE);
  else if (!hasAny(vma.vmFlags, VM_MIXEDMAP)) {
    if (!vma.mm.mmapWriteLocked)
      throw new KernelBug('vm_insert_page', 'the mmap lock is held for writing', { vma });
    if (hasAny(vma.vmFlags, VM_PFNMAP))
      throw new KernelBug('vm_insert_page', 'the vma is not PFNMAP', { vma });
    vma.vmFlags = withFlags(vma.vmFlags, VM_MIXEDMAP);
  }
  return insertPage(vma, address, page);
}

/**
 * Maps a frame without struct page: no count changes, now or ever. Mirrors `vm_insert_pfn` (mm/memory.c).
 *
 * @returns EFAULT outside the vma, ENOMEM without RAM for the page table, EBUSY when the PTE is not none.
 * @throws KernelBug unless the vma is either PFNMAP, and then not COW, or MIXEDMAP, and then the pfn has
 * no struct page.
 */
export function vmInsertPfn(vma: VmArea, address: VirtAddr, pfn: Pfn): InsertResult {
  const { vmFlags } = vma;
  if (!hasAny(vmFlags, VM_PFNMAP + VM_MIXEDMAP))
    throw insertPfnBug(vma, pfn, 'the vma is PFNMAP or MIXEDMAP');
  if (hasAll(vmFlags, VM_PFNMAP + VM_MIXEDMAP))
    throw insertPfnBug(vma, pfn, 'the vma is not both PFNMAP and MIXEDMAP');
  if (hasAny(vmFlags, VM_PFNMAP) && isCowMapping(vmFlags))
    throw insertPfnBug(vma, pfn, 'a PFNMAP vma that takes any pfn is not COW');
  if (hasAny(vmFlags, VM_MIXEDMAP) && vma.mm.memory.physical.pfnValid(pfn))
    throw insertPfnBug(vma, pfn, 'a raw pfn in a MIXEDMAP vma has no struct page');
  if (!vma.contains(address)) return 'EFAULT';
  return insertPfn(vma, address, pfn);
}

const insertPfnBug = (vma: VmArea, pfn: Pfn, rule: string): KernelBug =>
  new KernelBug('vm_insert_pfn', rule, { vma, pfn });

/**
 * Maps a frame of either sort: without the special bit, one with struct page is counted as by
 * {@link vmInsertPage}; everything else is raw. Mirrors `vm_insert_mixed` (mm/memory.c).
 *
 * @returns as {@link vmInsertPage} and {@link vmInsertPfn}.
 * @throws KernelBug unless the vma is MIXEDMAP.
 */
export function vmInsertMixed(vma: VmArea, address: VirtAddr, pfn: Pfn): InsertResult {
  if (!hasAny(vma.vmFlags, VM_MIXEDMAP))
    throw new KernelBug('vm_insert_mixed', 'the vma is MIXEDMAP', { vma, pfn });
  if (!vma.contains(address)) return 'EFAULT';
  const { kernel, physical } = vma.mm.memory;
  if (!kernel.pteSpecial && physical.pfnValid(pfn))
    return insertPage(vma, address, physical.pfnToPage(pfn));
  return insertPfn(vma, address, pfn);
}

/** Mirrors `insert_page`. */
function insertPage(vma: VmArea, address: VirtAddr, page: Page): InsertResult {
  const { mm } = vma;
  const { frames } = mm.memory;
  if (frames.testFlag(page, 'anon')) return 'EINVAL';
  const leaf = mm.pageTable.leafAlloc(address);
  if (leaf === undefined) return 'ENOMEM';
  const index = pteIndex(address);
  if (leaf.bitsAt(index) !== 0) return 'EBUSY';
  frames.getPage(page);
  mm.addRss('file', 1);
  frames.addRmap(page);
  leaf.set(index, frames.pageToPfn(page), vma.vmPageProt);
  return 0;
}

/** Mirrors `insert_pfn`. */
function insertPfn(vma: VmArea, address: VirtAddr, pfn: Pfn): InsertResult {
  const { mm } = vma;
  const leaf = mm.pageTable.leafAlloc(address);
  if (leaf === undefined) return 'ENOMEM';
  const index = pteIndex(address);
  if (leaf.bitsAt(index) !== 0) return 'EBUSY';
  const special = mm.memory.kernel.pteSpecial ? PTE_SPECIAL : 0;
  leaf.set(index, pfn, vma.vmPageProt + special);
  return 0;
}
