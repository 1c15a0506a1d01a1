/**
 * Locking memory: its pages are faulted in, and reclaim leaves them alone.
 *
 * @module
 */
import { alignUp } from '../base/bits.ts';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import { markLocked } from './anonymous.ts';
import type { Page } from './frames.ts';
import { faultInUserPage } from './gup.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { PTE_PRESENT, pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import {
  hasAny,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_IO,
  VM_LOCKED,
  VM_PFNMAP,
  VM_READ,
  VM_RESERVED,
  VM_SHARED,
  VM_WRITE,
  withFlags,
  withoutFlags,
} from './vmflags.ts';

/**
 * Locks whole pages. Mappings of a device, and everything else that the kernel's row `vmSpecial` names, are
 * left out silently; up to 3.13 that is not so for MIXEDMAP, whose raw pages make the call fail with the vma
 * marked and counted. Mirrors `sys_mlock` with `mlock_fixup` (mm/mlock.c).
 *
 * @returns ENOMEM for a hole, and for a page that cannot be faulted in.
 */
export const mlock = (mm: MmStruct, address: VirtAddr, length: number): 0 | 'ENOMEM' =>
  changeLock(mm, address, length, true);

/** Undoes {@link mlock}. @returns ENOMEM for a hole. */
export const munlock = (mm: MmStruct, address: VirtAddr, length: number): 0 | 'ENOMEM' =>
  changeLock(mm, address, length, false);

function changeLock(mm: MmStruct, address: VirtAddr, length: number, on: boolean): 0 | 'ENOMEM' {
  mm.assertAlive();
  const start = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
  const end = alignUp(address + length, PAGE_SIZE);
  return mm.withMmapWriteLock(() => {
    for (let at = start; at < end;) {
      const vma = mm.vmas.find(virtAddr(at));
      if (vma === undefined || vma.vmStart > at) return 'ENOMEM';
      const to = Math.min(end, vma.vmEnd);
      if (mlockFixup(vma, at as VirtAddr, to as VirtAddr, on) !== 0) return 'ENOMEM';
      at = to;
    }
    return 0;
  });
}

/** Vmas that are faulted in but never marked (only where vmSpecial lets them get here). */
const ONLY_FAULTED_IN = VM_DONTEXPAND + VM_RESERVED;

function mlockFixup(vma: VmArea, start: VirtAddr, end: VirtAddr, on: boolean): 0 | 'ENOMEM' {
  const { kernel } = vma.mm.memory;
  if (hasAny(vma.vmFlags, VM_IO + VM_PFNMAP)) return 0;
  if (on === hasAny(vma.vmFlags, VM_LOCKED))
    return on && kernel.mlockFaultsInAgain ? populate(vma, start, end) : 0;
  if (hasAny(vma.vmFlags, kernel.vmSpecial)) {
    if (on && hasAny(kernel.vmSpecial, VM_RESERVED) && hasAny(vma.vmFlags, ONLY_FAULTED_IN))
      populate(vma, start, end);
    return 0;
  }
  const part = vma.mm.vmas.isolate(vma, start, end);
  part.vmFlags = on ? withFlags(part.vmFlags, VM_LOCKED) : withoutFlags(part.vmFlags, VM_LOCKED);
  part.mm.lockedVm += ((on ? 1 : -1) * (end - start)) / PAGE_SIZE;
  if (!on) unmarkPages(part);
  const merged = part.mm.vmas.merge(part);
  return on ? populate(merged, start, end) : 0;
}

/**
 * Faults pages of a vma in, up to the first that fails: by a store where that breaks copy-on-write now rather
 * than later. Mirrors `__mlock_vma_pages_range` and `populate_vma_page_range`.
 */
export function populate(vma: VmArea, start: VirtAddr, end: VirtAddr): 0 | 'ENOMEM' {
  const { vmFlags } = vma;
  if (!hasAny(vmFlags, VM_READ + VM_WRITE + VM_EXEC)) return 'ENOMEM';
  const write = hasAny(vmFlags, VM_WRITE) && !hasAny(vmFlags, VM_SHARED);
  for (let at: number = start; at < end; at += PAGE_SIZE) {
    const address = at as VirtAddr;
    if (faultInUserPage(vma.mm, address, { write, force: true }) !== 0) return 'ENOMEM';
    const page = pageAt(vma, address);
    if (page !== undefined) markLocked(vma, page);
  }
  return 0;
}

/** Pages that a vma maps are not locked any more. Mirrors `munlock_vma_pages_range`. */
function unmarkPages(vma: VmArea): void {
  for (let at: number = vma.vmStart; at < vma.vmEnd; at += PAGE_SIZE) {
    const page = pageAt(vma, at as VirtAddr);
    if (page !== undefined) vma.mm.memory.frames.setFlag(page, 'mlocked', false);
  }
}

/** The struct page that an entry maps, if it maps one. */
function pageAt(vma: VmArea, address: VirtAddr): Page | undefined {
  const leaf = vma.mm.pageTable.leaf(address);
  const index = pteIndex(address);
  if (leaf === undefined || !hasAny(leaf.bitsAt(index), PTE_PRESENT)) return undefined;
  return vmNormalPage(vma, address, leaf.pfnAt(index), leaf.bitsAt(index));
}
