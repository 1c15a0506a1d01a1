/**
 * The classifier: does a PTE stand for a struct page whose counts are kept, or is it raw? Every walker of
 * page tables asks it. A property of the entry, not of its vma.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';
import type { Memory } from './memory.ts';
import { PTE_DEVMAP, PTE_SPECIAL } from './pagetable.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import { hasAny, isCowMapping, VM_MIXEDMAP, VM_PFNMAP } from './vmflags.ts';

/**
 * The page whose counts a present PTE (`pfn`, `bits`) takes part in, or undefined for a raw one. Mirrors
 * `vm_normal_page` (mm/memory.c) with and without the special bit.
 *
 * A PTE that should have a struct page but has none is a KernelBug or a bad-pte report, as the kernel's
 * row `invalidPfn` says. Where the kernel goes on with a struct page that is none, the simulation stops.
 *
 * @throws KernelBug as said.
 */
export function vmNormalPage(
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  bits: number,
): Page | undefined {
  const memory = vma.mm.memory;
  if (memory.kernel.pteSpecial) {
    if (!hasAny(bits, PTE_SPECIAL)) return checkedPage(vma, address, pfn);
    if (hasAny(bits, PTE_DEVMAP)) return undefined;
    if (!hasAny(vma.vmFlags, VM_PFNMAP + VM_MIXEDMAP)) lonelySpecial(vma, address, pfn);
    return undefined;
  }
  if (hasAny(vma.vmFlags, memory.kernel.rawUnlessPfnValid)) {
    if (isUncountedZeroPfn(memory, pfn)) return undefined;
    return memory.physical.pfnValid(pfn) ? memory.physical.pfnToPage(pfn) : undefined;
  }
  if (hasAny(vma.vmFlags, VM_PFNMAP)) {
    if (pfn === Number(linearPageIndex(vma, address))) return undefined;
    if (!isCowMapping(vma.vmFlags)) return undefined;
  }
  if (isUncountedZeroPfn(memory, pfn)) return undefined;
  return checkedPage(vma, address, pfn);
}

/** True for the frame of the shared page of zeros. Mirrors `is_zero_pfn`. */
export const isZeroPfn = (memory: Memory, pfn: Pfn): boolean =>
  pfn === memory.frames.pageToPfn(memory.zeroPage);

/** The zero page, in a kernel that keeps no counts for its mappings. */
const isUncountedZeroPfn = (memory: Memory, pfn: Pfn): boolean =>
  memory.kernel.anonReadFault === 'zero_page' && isZeroPfn(memory, pfn);

/** The page of a PTE that no rule makes raw. */
function checkedPage(vma: VmArea, address: VirtAddr, pfn: Pfn): Page | undefined {
  const { kernel, physical, debugVm } = vma.mm.memory;
  if (physical.pfnValid(pfn)) return physical.pfnToPage(pfn);
  const isReported =
    kernel.invalidPfn === 'report' ||
    (kernel.invalidPfn === 'report_if_debug' && debugVm) ||
    (kernel.invalidPfn === 'report_above_memmap' && pfn > physical.highestMemmapPfn);
  if (isReported) {
    vma.mm.memory.reportBadPte(vma, address, pfn);
    return undefined;
  }
  throw new KernelBug('vm_normal_page', 'a PTE that is not raw has a struct page', { vma, pfn });
}

/** A special PTE in a vma that is neither PFNMAP nor MIXEDMAP: fine only for the page of zeros. */
function lonelySpecial(vma: VmArea, address: VirtAddr, pfn: Pfn): void {
  const memory = vma.mm.memory;
  if (isZeroPfn(memory, pfn)) return;
  if (memory.kernel.invalidPfn === 'report_above_memmap') memory.reportBadPte(vma, address, pfn);
  else if (memory.debugVm)
    throw new KernelBug('vm_normal_page', 'a special PTE is in a PFNMAP or MIXEDMAP vma', {
      vma,
      pfn,
    });
}
