/**
 * How a driver or file system puts one PTE into a vma: a page with struct page (counted), a pfn without
 * (raw), or either. None of them replaces an entry that is there.
 *
 * Up to 4.16 they answer 0 or an errno, which a fault handler turns into its own answer with
 * {@link vmfError}; from 4.17 on `vmf_insert_pfn` and `vmf_insert_mixed` answer VM_FAULT_* themselves.
 * Handlers here call {@link vmfInsertPfn} and {@link vmfInsertMixed}, which are right on every kernel.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';
import type { Assertion } from './kernel.ts';
import type { VmFaultResult } from './mappable.ts';
import { isZeroPfn } from './normal-page.ts';
import { mkDirtyMaybeWrite, PTE_DEVMAP, PTE_SPECIAL, PTE_YOUNG, pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  isCowMapping,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_INSERTPAGE,
  VM_MIXEDMAP,
  VM_PFNMAP,
  withFlags,
  withoutFlags,
} from './vmflags.ts';

/** 0 = inserted; else nothing was changed. */
export type InsertResult = 0 | 'EFAULT' | 'EINVAL' | 'EBUSY' | 'ENOMEM';

/** Answer of a fault handler for what an insert function said. Mirrors `vmf_error`. */
export function vmfError(result: InsertResult): VmFaultResult {
  switch (result) {
    case 0:
    case 'EBUSY':
      return VM_FAULT_NOPAGE;
    case 'ENOMEM':
      return VM_FAULT_OOM;
    case 'EFAULT':
    case 'EINVAL':
      return VM_FAULT_SIGBUS;
  }
}

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
    if (!vma.mm.mmapWriteLocked && !kernel.skips.includes('insert_page_locked'))
      throw new KernelBug('vm_insert_page', 'the mmap lock is held for writing', { vma });
    if (hasAny(vma.vmFlags, VM_PFNMAP) && !kernel.skips.includes('insert_page_pfnmap'))
      throw new KernelBug('vm_insert_page', 'the vma is not PFNMAP', { vma });
    vma.vmFlags = withFlags(vma.vmFlags, VM_MIXEDMAP);
  }
  return insertPage(vma, address, page);
}

/**
 * Maps a frame without struct page: no count changes, now or ever. Mirrors `vm_insert_pfn` (mm/memory.c).
 *
 * @returns EFAULT outside the vma (2.6.24 does not look), ENOMEM without RAM for the page table, EBUSY when
 * the PTE is not none.
 * @throws KernelBug unless the vma is either PFNMAP, and then not COW, or MIXEDMAP, and then the pfn has
 * no struct page.
 */
export function vmInsertPfn(vma: VmArea, address: VirtAddr, pfn: Pfn): InsertResult {
  const { kernel } = vma.mm.memory;
  const broken = INSERT_PFN_RULES.find(
    ({ assertion, breaks }) => breaks(vma, pfn) && !kernel.skips.includes(assertion),
  );
  if (broken !== undefined)
    throw new KernelBug(kernel.insertPfnFunction, broken.rule, { vma, pfn });
  if (kernel.insertPfnRules === 'pfnmap_or_mixedmap' && !vma.contains(address)) return 'EFAULT';
  return insertPfn(vma, address, pfn, 0);
}

/** Flags that make a vma take raw pfns: the linear rule's, and those of the kernel's row. */
const rawMarks = (vma: VmArea): number =>
  withFlags(VM_PFNMAP, vma.mm.memory.kernel.rawUnlessPfnValid);

/** Assertions of vm_insert_pfn, in its order. */
const INSERT_PFN_RULES: readonly {
  readonly assertion: Assertion;
  /** Stated positively. */
  readonly rule: string;
  readonly breaks: (vma: VmArea, pfn: Pfn) => boolean;
}[] = [
  {
    assertion: 'insert_pfn_marked',
    rule: 'the vma is one for raw pfns (PFNMAP; MIXEDMAP where the kernel has it)',
    breaks: (vma) => !hasAny(vma.vmFlags, rawMarks(vma)),
  },
  {
    assertion: 'insert_pfn_one_mark',
    rule: 'the vma is not both PFNMAP and MIXEDMAP',
    breaks: (vma) => hasAll(vma.vmFlags, VM_PFNMAP + VM_MIXEDMAP),
  },
  {
    assertion: 'insert_pfn_cow',
    rule: 'a PFNMAP vma that takes any pfn is not COW',
    breaks: ({ vmFlags }) => hasAny(vmFlags, VM_PFNMAP) && isCowMapping(vmFlags),
  },
  {
    assertion: 'insert_pfn_valid',
    rule: 'a raw pfn in a MIXEDMAP vma has no struct page',
    breaks: (vma, pfn) =>
      hasAny(vma.vmFlags, withoutFlags(rawMarks(vma), VM_PFNMAP)) &&
      vma.mm.memory.physical.pfnValid(pfn),
  },
];

/**
 * What the caller knows of a pfn, beyond whether it has a struct page: `dev`, a device's; `devmap`, a device's
 * whose struct page PTEs take no part in. Mirrors PFN_DEV and PFN_DEV | PFN_MAP of `pfn_t` (4.5 to 6.16).
 */
export type PfnSort = 'dev' | 'devmap';

/**
 * Maps a frame of either sort: without the special bit, one with struct page is counted as by
 * {@link vmInsertPage}; everything else is raw. Mirrors `vm_insert_mixed` (mm/memory.c).
 *
 * @returns as {@link vmInsertPage} and {@link vmInsertPfn}; EINVAL, from 4.17 on, for a vma that is not
 * MIXEDMAP.
 * @throws KernelBug for such a vma, up to 4.16.
 */
export function vmInsertMixed(
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  sort: PfnSort = 'dev',
): InsertResult {
  const { kernel, physical } = vma.mm.memory;
  const devmap = sort === 'devmap' && kernel.pteDevmap;
  const isFit = hasAny(vma.vmFlags, VM_MIXEDMAP) || devmap || isZeroPfn(vma.mm.memory, pfn);
  if (!isFit && !kernel.skips.includes('insert_mixed_marked')) {
    if (kernel.insertMixedUnmarked === 'sigbus') return 'EINVAL';
    throw new KernelBug('vm_insert_mixed', 'the vma is MIXEDMAP', { vma, pfn });
  }
  if (!vma.contains(address)) return 'EFAULT';
  if (!kernel.pteSpecial && physical.pfnValid(pfn))
    return insertPage(vma, address, physical.pfnToPage(pfn));
  return insertPfn(vma, address, pfn, devmap ? PTE_DEVMAP : 0);
}

/** {@link vmInsertPfn} as a fault handler calls it: `vmf_insert_pfn`, or the older function and `vmf_error`. */
export const vmfInsertPfn = (vma: VmArea, address: VirtAddr, pfn: Pfn): VmFaultResult =>
  vmfError(vmInsertPfn(vma, address, pfn));

/** {@link vmInsertMixed} as a fault handler calls it: `vmf_insert_mixed`, or the older function and `vmf_error`. */
export const vmfInsertMixed = (
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  sort: PfnSort = 'dev',
): VmFaultResult => vmfError(vmInsertMixed(vma, address, pfn, sort));

/**
 * {@link vmfInsertMixed} for a store to a shared mapping (≥ 4.17): a present entry of the same frame becomes
 * young, dirty and writable; one of another frame stays, with a warning unless it maps the page of zeros.
 * Mirrors `vmf_insert_mixed_mkwrite`.
 */
export function vmfInsertMixedMkwrite(
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  sort: PfnSort = 'dev',
): VmFaultResult {
  const { memory, pageTable } = vma.mm;
  const result = vmInsertMixed(vma, address, pfn, sort);
  if (result !== 0 && result !== 'EBUSY') return vmfError(result);
  const leaf = pageTable.leaf(address);
  const index = pteIndex(address);
  const there = leaf?.pfnAt(index);
  if (leaf !== undefined && there === pfn)
    leaf.set(index, pfn, mkDirtyMaybeWrite(withFlags(leaf.bitsAt(index), PTE_YOUNG), vma.vmFlags));
  else if (there !== undefined && !isZeroPfn(memory, there))
    memory.warnOnce('insert_pfn', 'an entry that becomes writable maps the frame asked for', there);
  return VM_FAULT_NOPAGE;
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
function insertPfn(vma: VmArea, address: VirtAddr, pfn: Pfn, devmap: number): InsertResult {
  const { mm } = vma;
  const leaf = mm.pageTable.leafAlloc(address);
  if (leaf === undefined) return 'ENOMEM';
  const index = pteIndex(address);
  if (leaf.bitsAt(index) !== 0) return 'EBUSY';
  leaf.set(index, pfn, vma.vmPageProt + specialBit(vma) + devmap);
  return 0;
}

/** The bit that marks raw entries, where there is one. Mirrors `pte_mkspecial`. */
export const specialBit = (vma: VmArea): number =>
  vma.mm.memory.kernel.pteSpecial ? PTE_SPECIAL : 0;
