/**
 * Changing the rights of mapped memory.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import {
  PTE_EXEC,
  PTE_PRESENT,
  PTE_USER,
  PTE_WRITE,
  PTES_PER_LEAF,
  pteIndex,
} from './pagetable.ts';
import type { VmArea } from './vma.ts';
import {
  hasAny,
  VM_ACCOUNT,
  VM_EXEC,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  withFlags,
  withoutFlags,
  onlyFlags,
  rightsAllowed,
} from './vmflags.ts';

const RIGHTS = VM_READ + VM_WRITE + VM_EXEC;

/**
 * Gives `length` bytes at `address` the rights `prot` (sum of PROT_*). What lies before the first page that
 * cannot have them has them afterwards. Mirrors `sys_mprotect` (mm/mprotect.c).
 *
 * @returns EINVAL for an unaligned address, ENOMEM for a hole, EACCES for rights that the mapping may not have.
 */
export function mprotect(
  mm: MmStruct,
  address: VirtAddr,
  length: number,
  prot: number,
): 0 | 'EINVAL' | 'ENOMEM' | 'EACCES' {
  mm.assertAlive();
  if (!isAligned(address, PAGE_SIZE)) return 'EINVAL';
  const end = address + alignUp(length, PAGE_SIZE);
  return mm.withMmapWriteLock(() => {
    for (let at: number = address; at < end;) {
      const vma = mm.vmas.find(virtAddr(at));
      if (vma === undefined || vma.vmStart > at) return 'ENOMEM';
      const vmFlags = withFlags(withoutFlags(vma.vmFlags, RIGHTS), onlyFlags(prot, RIGHTS));
      if (hasAny(withoutFlags(vmFlags, rightsAllowed(vmFlags)), RIGHTS)) return 'EACCES';
      const to = Math.min(end, vma.vmEnd);
      mprotectFixup(vma, at as VirtAddr, to as VirtAddr, vmFlags);
      at = to;
    }
    return 0;
  });
}

/** Mirrors `mprotect_fixup`. */
function mprotectFixup(vma: VmArea, start: VirtAddr, end: VirtAddr, wanted: number): void {
  if (wanted === vma.vmFlags) return;
  const isCharged =
    hasAny(wanted, VM_WRITE) && !hasAny(vma.vmFlags, VM_ACCOUNT + VM_WRITE + VM_SHARED);
  const part = vma.mm.vmas.isolate(vma, start, end);
  part.vmFlags = isCharged ? withFlags(wanted, VM_ACCOUNT) : wanted;
  changeProtection(part);
  vma.mm.vmas.merge(part);
}

/** Rights of an entry; everything else of it stays. */
const RIGHT_BITS = PTE_USER + PTE_EXEC + PTE_WRITE;

/**
 * Gives the present entries of a vma its rights, write permission only where nothing has to be copied or
 * asked first. Mirrors `change_pte_range`.
 */
function changeProtection(vma: VmArea): void {
  const rights = onlyFlags(vma.vmPageProt, RIGHT_BITS);
  for (let address: number = vma.vmStart; address < vma.vmEnd;) {
    const at = address as VirtAddr;
    const leaf = vma.mm.pageTable.leaf(at);
    const index = pteIndex(at);
    if (leaf === undefined) {
      address += (PTES_PER_LEAF - index) * PAGE_SIZE;
      continue;
    }
    const bits = leaf.bitsAt(index);
    if (hasAny(bits, PTE_PRESENT)) {
      const write = mayWriteAtOnce(vma, at, leaf.pfnAt(index), bits) ? PTE_WRITE : 0;
      leaf.set(
        index,
        leaf.pfnAt(index),
        withFlags(withFlags(withoutFlags(bits, RIGHT_BITS), rights), write),
      );
    }
    address += PAGE_SIZE;
  }
}

/** An exclusive anonymous page. Mirrors `can_change_pte_writable`. */
function mayWriteAtOnce(
  vma: VmArea,
  address: VirtAddr,
  pfn: Parameters<typeof vmNormalPage>[2],
  bits: number,
): boolean {
  const { kernel, frames } = vma.mm.memory;
  if (!kernel.mprotectMakesExclusiveWritable || !hasAny(vma.vmFlags, VM_WRITE)) return false;
  if (hasAny(vma.vmFlags, VM_SHARED)) return false;
  const page = vmNormalPage(vma, address, pfn, bits);
  return page !== undefined && frames.testFlag(page, 'anon_exclusive');
}
