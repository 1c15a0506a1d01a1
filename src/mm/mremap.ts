/**
 * Moving and resizing mappings.
 *
 * @module
 */
import { alignUp, isAligned } from '../base/bits.ts';
import { PAGE_SIZE, virtAddr, type Pgoff, type VirtAddr } from '../base/units.ts';
import { anonVmaLink } from './anon-vma.ts';
import { AxfsError } from '../base/errno.ts';
import { populate } from './mlock.ts';
import type { MmStruct } from './mm.ts';
import { pteIndex } from './pagetable.ts';
import { getUnmappedArea } from './unmapped-area.ts';
import { linearPageIndex, VmArea } from './vma.ts';
import { hasAny, VM_DONTEXPAND, VM_LOCKED, VM_PFNMAP } from './vmflags.ts';

/** Arguments of mremap(2). */
export interface MremapOptions {
  readonly address: VirtAddr;
  /** Bytes; rounded up to pages. */
  readonly oldLength: number;
  readonly newLength: number;
  /** MREMAP_MAYMOVE: another place is fine when it cannot grow here. */
  readonly mayMove?: boolean;
  /** MREMAP_FIXED (with MAYMOVE): there; what is mapped there goes first. */
  readonly to?: VirtAddr;
}

/** What {@link mremap} answers. */
export type MremapResult = VirtAddr | 'EINVAL' | 'EFAULT' | 'ENOMEM';

/**
 * Resizes a mapping, or moves it with its page-table entries as they are. Mirrors `do_mremap` (mm/mremap.c).
 *
 * @returns its address; EINVAL for unaligned or overlapping places; EFAULT for a range that is not in one vma, and for growing
 * one that is PFNMAP or DONTEXPAND; ENOMEM without room.
 */
export function mremap(mm: MmStruct, options: MremapOptions): MremapResult {
  mm.assertAlive();
  return mm.withMmapWriteLock(() => doMremap(mm, options));
}

function doMremap(mm: MmStruct, { address, to, mayMove, ...lengths }: MremapOptions): MremapResult {
  const newLength = alignUp(lengths.newLength, PAGE_SIZE);
  let oldLength = alignUp(lengths.oldLength, PAGE_SIZE);
  if (!isAligned(address, PAGE_SIZE) || newLength === 0 || oldLength === 0) return 'EINVAL';
  if (mm.memory.kernel.mremapLooksFirst && mm.vmas.find(address)?.contains(address) !== true)
    return 'EFAULT';
  if (to !== undefined) {
    if (!isAligned(to, PAGE_SIZE) || to + newLength > mm.memory.kernel.taskSize) return 'EINVAL';
    if (to < address + oldLength && address < to + newLength) return 'EINVAL';
    mm.unmapRange(to, virtAddr(to + newLength));
  }
  if (oldLength >= newLength) {
    if (oldLength > newLength)
      mm.unmapRange(virtAddr(address + newLength), virtAddr(address + oldLength));
    oldLength = newLength;
    if (to === undefined) return address;
  }
  const vma = mm.vmas.find(address);
  if (vma === undefined || vma.vmStart > address || address + oldLength > vma.vmEnd)
    return 'EFAULT';
  const isGrown = newLength > oldLength;
  if (isGrown && hasAny(vma.vmFlags, VM_DONTEXPAND + VM_PFNMAP)) return 'EFAULT';
  if (to === undefined && isGrown && growInPlace(vma, address + oldLength, newLength - oldLength))
    return address;
  if (to === undefined && mayMove !== true) return 'ENOMEM';
  try {
    const target = to ?? getUnmappedArea(mm.vmas, mm.memory.kernel, newLength, undefined, false);
    return moveVma(vma, { address, oldLength, newLength, target });
  } catch (error) {
    if (error instanceof AxfsError && error.code === 'ENOMEM') return 'ENOMEM';
    throw error;
  }
}

/** Extends a vma whose end is `end`, if there is room. */
function growInPlace(vma: VmArea, end: number, bytes: number): boolean {
  const { mm } = vma;
  if (end !== Number(vma.vmEnd)) return false;
  const next = mm.vmas.find(vma.vmEnd);
  if (end + bytes > Math.min(next?.vmStart ?? Infinity, mm.memory.kernel.taskSize)) return false;
  const from = vma.vmEnd;
  vma.vmEnd = virtAddr(end + bytes);
  lockMore(vma, from, vma.vmEnd);
  // Only where it grew: what lies before it was a neighbour already.
  mm.vmas.mergeNext(vma);
  return true;
}

/** Pages that a locked vma has more are counted and faulted in. */
function lockMore(vma: VmArea, from: VirtAddr, to: VirtAddr): void {
  if (!hasAny(vma.vmFlags, VM_LOCKED)) return;
  vma.mm.lockedVm += (to - from) / PAGE_SIZE;
  populate(vma, from, to);
}

interface Move {
  readonly address: VirtAddr;
  readonly oldLength: number;
  readonly newLength: number;
  readonly target: VirtAddr;
}

/** Mirrors `move_vma`: a new vma, the entries, and the end of the old place. */
function moveVma(vma: VmArea, { address, oldLength, newLength, target }: Move): VirtAddr {
  const { mm } = vma;
  const range = {
    start: target,
    end: virtAddr(target + newLength),
    pgoff: Number(linearPageIndex(vma, address)) as Pgoff,
  };
  const moved = new VmArea(mm, range, vma.vmFlags, vma.file);
  if (vma.anonVma !== undefined) anonVmaLink(moved, vma.anonVma);
  mm.vmas.insert(moved);
  movePageTables(mm, address, target, oldLength);
  if (hasAny(vma.vmFlags, VM_LOCKED)) mm.lockedVm += oldLength / PAGE_SIZE;
  // Both places count for a moment; that is no peak.
  const { hiwaterVm } = mm;
  mm.unmapRange(address, virtAddr(address + oldLength));
  mm.hiwaterVm = hiwaterVm;
  lockMore(moved, virtAddr(target + oldLength), moved.vmEnd);
  mm.vmas.merge(moved);
  return target;
}

/** Mirrors `move_page_tables`. @throws AxfsError ENOMEM without RAM for page tables. */
function movePageTables(mm: MmStruct, from: VirtAddr, to: VirtAddr, bytes: number): void {
  for (let offset = 0; offset < bytes; offset += PAGE_SIZE) {
    const source = virtAddr(from + offset);
    const leaf = mm.pageTable.leaf(source);
    const index = pteIndex(source);
    if (leaf === undefined || leaf.bitsAt(index) === 0) continue;
    const target = virtAddr(to + offset);
    const into = mm.pageTable.leafAlloc(target);
    if (into === undefined) throw new AxfsError('ENOMEM', 'no RAM is left for page tables');
    into.set(pteIndex(target), leaf.pfnAt(index), leaf.bitsAt(index));
    leaf.clear(index);
  }
}
