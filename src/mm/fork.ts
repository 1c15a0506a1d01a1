/**
 * A new process with a copy of another's address space: vmas, and those page-table entries that a fault could
 * not bring back or that the kernel copies anyway.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { allocPage } from './alloc.ts';
import { mapAnonPage } from './anonymous.ts';
import { anonVmaLink } from './anon-vma.ts';
import type { Page } from './frames.ts';
import { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import {
  PTE_DIRTY,
  PTE_SWAP,
  PTE_SWAP_EXCLUSIVE,
  PTE_WRITE,
  PTE_YOUNG,
  PTES_PER_LEAF,
  pteIndex,
  type PteLeaf,
} from './pagetable.ts';
import { getPage } from './put-page.ts';
import type { SwapSlot } from './swap.ts';
import { VmArea } from './vma.ts';
import {
  hasAny,
  isCowMapping,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_SHARED,
  withoutFlags,
} from './vmflags.ts';

/** References from which on a page may be pinned for DMA. Mirrors GUP_PIN_COUNTING_BIAS. */
export const GUP_PIN_COUNTING_BIAS = 1024;

/**
 * Forks: the child has the parent's vmas but those marked DONTCOPY, none locked. Mirrors `dup_mmap`.
 *
 * @throws AxfsError ENOMEM when there is no RAM for the child's tables or copies; nothing stays of it then.
 */
export function forkMm(parent: MmStruct): MmStruct {
  parent.assertAlive();
  const { forkCopies } = parent.memory.kernel;
  const child = new MmStruct(parent.memory);
  for (const vma of parent.vmas) {
    if (hasAny(vma.vmFlags, VM_DONTCOPY)) continue;
    const range = { start: vma.vmStart, end: vma.vmEnd, pgoff: vma.vmPgoff };
    const copy = new VmArea(child, range, withoutFlags(vma.vmFlags, VM_LOCKED), vma.file);
    if (vma.anonVma !== undefined) anonVmaLink(copy, vma.anonVma);
    child.vmas.insert(copy);
    const isCopied = hasAny(vma.vmFlags, forkCopies) || vma.anonVma !== undefined;
    if (isCopied && !copyPageRange(vma, copy)) {
      child.exit();
      throw new AxfsError('ENOMEM', 'no RAM is left for the page tables of a new process');
    }
  }
  return child;
}

/**
 * Copies every entry of a vma to its child's. Mirrors `copy_page_range` (mm/memory.c).
 *
 * @returns false without RAM for it.
 */
export function copyPageRange(vma: VmArea, copy: VmArea): boolean {
  for (let address: number = vma.vmStart; address < vma.vmEnd;) {
    const at = address as VirtAddr;
    const leaf = vma.mm.pageTable.leaf(at);
    const index = pteIndex(at);
    if (leaf === undefined) {
      address += (PTES_PER_LEAF - index) * PAGE_SIZE;
      continue;
    }
    if (leaf.bitsAt(index) !== 0) {
      const target = copy.mm.pageTable.leafAlloc(at);
      if (target === undefined || !copyPte({ vma, leaf, index }, { vma: copy, leaf: target }, at))
        return false;
    }
    address += PAGE_SIZE;
  }
  return true;
}

interface Source {
  readonly vma: VmArea;
  readonly leaf: PteLeaf;
  readonly index: number;
}

interface Target {
  readonly vma: VmArea;
  readonly leaf: PteLeaf;
}

/** Mirrors `copy_one_pte`. */
function copyPte({ vma, leaf, index }: Source, target: Target, address: VirtAddr): boolean {
  const { memory } = vma.mm;
  const pfn = leaf.pfnAt(index);
  let bits = leaf.bitsAt(index);
  if (hasAny(bits, PTE_SWAP)) {
    bits = withoutFlags(bits, PTE_SWAP_EXCLUSIVE);
    leaf.set(index, pfn, bits);
    target.leaf.set(index, pfn, bits);
    memory.swap.duplicate(Number(pfn) as SwapSlot);
    target.vma.mm.addRss('swap', 1);
    return true;
  }
  const page = vmNormalPage(vma, address, pfn, bits);
  const isAnon = page !== undefined && memory.frames.testFlag(page, 'anon');
  if (isAnon && isPinned(vma, page)) return copyPinned(page, target, address);
  if (hasAny(bits, PTE_WRITE) && isCowMapping(vma.vmFlags)) {
    bits = withoutFlags(bits, PTE_WRITE);
    leaf.set(index, pfn, bits);
  }
  const isShared = hasAny(vma.vmFlags, VM_SHARED);
  target.leaf.set(index, pfn, withoutFlags(bits, PTE_YOUNG + (isShared ? PTE_DIRTY : 0)));
  if (page === undefined) return true;
  memory.frames.setFlag(page, 'anon_exclusive', false);
  getPage(memory, page);
  memory.frames.addRmap(page);
  target.vma.mm.addRss(isAnon ? 'anon' : 'file', 1);
  return true;
}

/** A device may be writing to the page: it stays the parent's. Mirrors `page_needs_cow_for_dma`. */
function isPinned(vma: VmArea, page: Page): boolean {
  const { frames, kernel } = vma.mm.memory;
  return (
    kernel.anonReuse === 'exclusive' &&
    frames.testFlag(page, 'anon_exclusive') &&
    frames.refcount(page) >= GUP_PIN_COUNTING_BIAS
  );
}

/** The child gets a copy at once. Mirrors `copy_present_page`. */
function copyPinned(page: Page, { vma, leaf }: Target, address: VirtAddr): boolean {
  const { memory } = vma.mm;
  const copy = allocPage(memory, 'anon');
  if (copy === undefined) return false;
  memory.frames.bytes(copy).set(memory.frames.bytes(page));
  memory.emitCowCopy('page');
  vma.mm.addRss('anon', 1);
  mapAnonPage(vma, leaf, address, copy);
  return true;
}
