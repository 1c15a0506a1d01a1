/**
 * `/proc/<pid>/pagemap` of a process, as its 64-bit entries for a reader who may see pfns (fs/proc/task_mmu.c).
 *
 * @module
 */
import { isAligned } from '../base/bits.ts';
import { PAGE_SHIFT, PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import type { KernelPreset } from './kernel.ts';
import type { MmStruct } from './mm.ts';
import { vmNormalPage } from './normal-page.ts';
import { PTE_PRESENT, PTE_SWAP, pteIndex } from './pagetable.ts';
import type { VmArea } from './vma.ts';
import { hasAny, VM_PFNMAP, VM_SOFTDIRTY } from './vmflags.ts';

/** Bits 0 to 54 of an entry: the pfn; or, of a swap entry, the device and from bit 5 on the slot. */
export const PM_PFRAME_MASK = 2n ** 55n - 1n;
/** Bits 55 to 60: log2 of the page size (row `page_shift`). */
export const PM_PSHIFT = BigInt(PAGE_SHIFT) * 2n ** 55n;
/** The PTE, or its whole vma, is soft-dirty (row `flags`). */
export const PM_SOFT_DIRTY = 2n ** 55n;
/** Exactly this PTE maps the page (row `flags`). */
export const PM_MMAP_EXCLUSIVE = 2n ** 56n;
/** The page is a file's or shared anonymous, and counted: not raw (row `flags`). */
export const PM_FILE = 2n ** 61n;
export const PM_SWAP = 2n ** 62n;
export const PM_PRESENT = 2n ** 63n;

/** Bits 0 to 4 of a swap entry name the device; there is one here, number 0. Mirrors `MAX_SWAPFILES_SHIFT`. */
const SWAP_SLOT_UNIT = 2n ** 5n;

type Format = Exclude<KernelPreset['pagemap'], 'none'>;

/**
 * Entries of `count` pages from `address` on, in the format of the kernel's row `pagemap`. Mirrors
 * `pagemap_read`.
 *
 * @returns ENOENT for a kernel without pagemap, EINVAL for an unaligned address.
 */
export function readPagemap(
  mm: MmStruct,
  address: VirtAddr,
  count: number,
): BigUint64Array | 'ENOENT' | 'EINVAL' {
  mm.assertAlive();
  const { pagemap } = mm.memory.kernel;
  if (pagemap === 'none') return 'ENOENT';
  if (!isAligned(address, PAGE_SIZE)) return 'EINVAL';
  return BigUint64Array.from({ length: count }, (_, page) =>
    ENTRY[pagemap](mm, virtAddr(address + page * PAGE_SIZE)),
  );
}

/** An entry, by format. */
const ENTRY: Readonly<Record<Format, (mm: MmStruct, address: VirtAddr) => bigint>> = {
  // Where a page table is missing, and outside the vmas, the page size stands alone; an empty PTE is 0.
  page_shift: (mm, address) => {
    const vma = vmaAt(mm, address);
    const leaf = mm.pageTable.leaf(address);
    if (vma === undefined || leaf === undefined) return PM_PSHIFT;
    return statusOf(mm, address, PM_PSHIFT);
  },
  flags: (mm, address) => {
    const vma = vmaAt(mm, address);
    if (vma === undefined) return 0n;
    const { kernel } = mm.memory;
    const ofVma = kernel.softDirty && hasAny(vma.vmFlags, VM_SOFTDIRTY) ? PM_SOFT_DIRTY : 0n;
    // A walk that skips a vma asks its callback for a hole, which knows about soft-dirty vmas only.
    if (kernel.walkSkipsPfnmap && hasAny(vma.vmFlags, VM_PFNMAP)) return ofVma;
    return statusOf(mm, address, 0n) + flagsOf(vma, address) + ofVma;
  },
};

const vmaAt = (mm: MmStruct, address: VirtAddr): VmArea | undefined => {
  const vma = mm.vmas.find(address);
  return vma?.contains(address) === true ? vma : undefined;
};

/** What an entry holds in both formats, with `always` for what is there or in swap. Mirrors `pte_to_pagemap_entry`. */
function statusOf(mm: MmStruct, address: VirtAddr, always: bigint): bigint {
  const leaf = mm.pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  const frame = BigInt(leaf?.pfnAt(index) ?? 0);
  if (hasAny(bits, PTE_PRESENT)) return frame + always + PM_PRESENT;
  if (!hasAny(bits, PTE_SWAP)) return 0n;
  return frame * SWAP_SLOT_UNIT + always + PM_SWAP;
}

/** PM_FILE and PM_MMAP_EXCLUSIVE of a page that is counted; a raw one has neither. */
function flagsOf(vma: VmArea, address: VirtAddr): bigint {
  const { frames } = vma.mm.memory;
  const leaf = vma.mm.pageTable.leaf(address);
  const index = pteIndex(address);
  if (leaf === undefined || !hasAny(leaf.bitsAt(index), PTE_PRESENT)) return 0n;
  const page = vmNormalPage(vma, address, leaf.pfnAt(index), leaf.bitsAt(index));
  if (page === undefined) return 0n;
  const ofFile = frames.testFlag(page, 'anon') ? 0n : PM_FILE;
  return ofFile + (frames.mapcount(page) === 1 ? PM_MMAP_EXCLUSIVE : 0n);
}
