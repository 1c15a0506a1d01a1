/**
 * Mapping a run of frames at once, without struct pages or regardless of them: what /dev/mem and drivers with
 * one contiguous window do.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Pfn, Pgoff, VirtAddr } from '../base/units.ts';
import { specialBit } from './insert.ts';
import { KernelBug } from './kernel-bug.ts';
import { pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import { isCowMapping, withFlags } from './vmflags.ts';
import { zapPageRange } from './zap.ts';

/**
 * Maps frames `pfn`, `pfn + 1`, … at `address` for `size` bytes, raw whether or not they have struct pages.
 * A COW mapping must be filled whole, and remembers the first pfn in vmPgoff: that is how its raw entries are
 * told from copies. Mirrors `remap_pfn_range` (mm/memory.c).
 *
 * @returns EINVAL for part of a COW vma, or (kernel's row) an unaligned address; ENOMEM without RAM for page
 * tables, leaving what the row `remapFailureLeaves` says.
 * @throws KernelBug for a size of 0, and for an entry that is there already.
 */
export function remapPfnRange(
  vma: VmArea,
  address: VirtAddr,
  pfn: Pfn,
  size: number,
): 0 | 'EINVAL' | 'ENOMEM' {
  const { kernel } = vma.mm.memory;
  if (kernel.remapChecksAlignment && !isAligned(address, PAGE_SIZE)) {
    vma.mm.memory.warnOnce('remap_pfn_range', 'the address is aligned to a page', pfn);
    return 'EINVAL';
  }
  const end = address + alignUp(size, PAGE_SIZE);
  if (isCowMapping(vma.vmFlags)) {
    if (address !== vma.vmStart || end !== Number(vma.vmEnd)) return 'EINVAL';
    vma.vmPgoff = Number(pfn) as Pgoff;
  }
  vma.vmFlags = withFlags(vma.vmFlags, kernel.remapFlags);
  if (address >= end)
    throw new KernelBug('remap_pfn_range', 'the range is not empty', { vma, pfn });
  for (let at: number = address; at < end; at += PAGE_SIZE) {
    const leaf = vma.mm.pageTable.leafAlloc(at as VirtAddr);
    if (leaf === undefined) {
      if (kernel.remapFailureLeaves === 'nothing') zapPageRange(vma, address, at as VirtAddr);
      return 'ENOMEM';
    }
    const index = pteIndex(at as VirtAddr);
    const frame = (pfn + (at - address) / PAGE_SIZE) as Pfn;
    if (leaf.bitsAt(index) !== 0 && !kernel.skips.includes('remap_pte_none'))
      throw new KernelBug('remap_pte_range', 'a PTE that is filled is none', { vma, pfn: frame });
    leaf.set(index, frame, vma.vmPageProt + specialBit(vma));
  }
  return 0;
}
