/**
 * Getting hold of a user's page from the kernel: for direct I/O, ptrace, and to fault memory in.
 *
 * @module
 */
import type { VirtAddr } from '../base/units.ts';
import { handleMmFault } from './fault.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import type { MmStruct } from './mm.ts';
import { isZeroPfn, vmNormalPage } from './normal-page.ts';
import {
  PTE_DEVMAP,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_USER,
  PTE_WRITE,
  PTE_YOUNG,
  pteIndex,
} from './pagetable.ts';
import { getPage, putPage } from './put-page.ts';
import type { VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  isCowMapping,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_IO,
  VM_LOCKED,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  withFlags,
} from './vmflags.ts';

/** How to get a page. */
export interface GupOptions {
  /** The caller writes to it: copy-on-write is broken first. */
  readonly write: boolean;
  /** FOLL_FORCE: what the mapping may allow counts, not what it allows now. */
  readonly force?: boolean;
}

/** Errors of {@link getUserPage}. */
export type GupError = 'EFAULT' | 'EEXIST' | 'ENOMEM';

/** Tries of one page: fault it in, then copy it; more is for entries that reclaim takes away again. */
const MOST_TRIES = 16;

/**
 * The page at an address with a reference for the caller, faulted in and copied as needed. A raw page cannot
 * be had. Mirrors `get_user_pages` for one page (mm/memory.c, mm/gup.c).
 *
 * @returns EFAULT outside the mappings, against their rights, and in VM_IO and PFNMAP ones; for a raw page of
 * others what the kernel's row `gupRaw` says; ENOMEM without RAM.
 */
export function getUserPage(mm: MmStruct, address: VirtAddr, options: GupOptions): Page | GupError {
  return followFault(mm, address, options, 'page') as Page | GupError;
}

/**
 * The page at an address for vmsplice and direct I/O: of the PTE as it stands, whatever its vma says, and else
 * as {@link getUserPage}. So a counted page of a VM_IO vma can be had this way once it is mapped, a raw one
 * never. Only where the PTE itself tells raw from counted (row `pteSpecial`) is there such a short cut.
 * Mirrors `get_user_pages_fast` (≥ 2.6.27).
 */
export function getUserPageFast(
  mm: MmStruct,
  address: VirtAddr,
  options: { readonly write: boolean },
): Page | GupError {
  const { kernel, physical, frames } = mm.memory;
  const leaf = mm.pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  const needed = PTE_PRESENT + PTE_USER + (options.write ? PTE_WRITE : 0);
  const isEligible = kernel.pteSpecial && hasAll(bits, needed) && !hasAny(bits, PTE_SPECIAL);
  const page = isEligible && leaf !== undefined ? physical.pfnToPage(leaf.pfnAt(index)) : undefined;
  // A free page gets no reference: the long way says what that is.
  if (page === undefined || frames.refcount(page) === 0) return getUserPage(mm, address, options);
  frames.getPage(page);
  return page;
}

/**
 * Faults the page at an address in, for mlock and MAP_POPULATE, which need no page in hand. Mirrors
 * `get_user_pages` without a page array.
 *
 * @returns 0, or as {@link getUserPage}; raw pages are fine where the kernel's row `populateAcceptsRaw` says so.
 */
export function faultInUserPage(
  mm: MmStruct,
  address: VirtAddr,
  options: GupOptions,
): 0 | GupError {
  const got = followFault(mm, address, options, 'presence');
  return typeof got === 'string' ? got : 0;
}

function followFault(
  mm: MmStruct,
  address: VirtAddr,
  options: GupOptions,
  wanted: 'page' | 'presence',
): Page | 0 | GupError {
  const { memory } = mm;
  const { kernel, zeroPage, frames } = memory;
  const vma = mm.vmas.find(address);
  if (vma?.contains(address) !== true || !mayGet(vma, options)) return 'EFAULT';
  let hasWritten = false;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = follow(vma, address, { ...options, write: options.write && !hasWritten }, wanted);
    if (found !== undefined) return found;
    if (
      wanted === 'page' &&
      !options.write &&
      kernel.gupZeroPageUnmapped &&
      usesZeroPage(vma, address)
    ) {
      frames.getPage(zeroPage);
      return zeroPage;
    }
    const result = handleMmFault(vma, address, options.write);
    if (hasAny(result, VM_FAULT_ERROR)) return hasAny(result, VM_FAULT_OOM) ? 'ENOMEM' : 'EFAULT';
    if (hasAny(result, VM_FAULT_MAJOR)) mm.majflt += 1;
    else mm.minflt += 1;
    // A forced write leaves the entry read-only; what it maps is the caller's copy all the same.
    hasWritten = hasAny(result, VM_FAULT_WRITE) && !hasAny(vma.vmFlags, VM_WRITE);
  }
  return 'EFAULT';
}

/** Mirrors `check_vma_flags`. */
function mayGet({ vmFlags }: VmArea, { write, force }: GupOptions): boolean {
  if (hasAny(vmFlags, VM_IO + VM_PFNMAP)) return false;
  if (hasAny(vmFlags, write ? VM_WRITE : VM_READ)) return true;
  if (force !== true) return false;
  return write
    ? hasAny(vmFlags, VM_MAYWRITE) && isCowMapping(vmFlags)
    : hasAny(vmFlags, VM_MAYREAD);
}

/** What the entry gives, or undefined when it has to be faulted in first. Mirrors `follow_page`. */
function follow(
  vma: VmArea,
  address: VirtAddr,
  { write }: GupOptions,
  wanted: 'page' | 'presence',
): Page | 0 | GupError | undefined {
  const { memory, pageTable } = vma.mm;
  const { frames, kernel, physical } = memory;
  const leaf = pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  if (leaf === undefined || !hasAny(bits, PTE_PRESENT)) return undefined;
  const pfn = leaf.pfnAt(index);
  const page = vmNormalPage(vma, address, pfn, bits);
  const isForcedCopy =
    page !== undefined &&
    kernel.anonReuse === 'exclusive' &&
    !hasAny(vma.vmFlags, VM_WRITE) &&
    frames.testFlag(page, 'anon_exclusive');
  if (write && !hasAny(bits, PTE_WRITE) && !isForcedCopy) return undefined;
  if (page !== undefined) return wanted === 'page' ? got(vma, page) : 0;
  if (isZeroPfn(memory, pfn)) return wanted === 'page' ? got(vma, memory.zeroPage) : 0;
  // The device's page: its PTEs are not counted, references to it are.
  if (hasAny(bits, PTE_DEVMAP)) return wanted === 'page' ? got(vma, physical.pfnToPage(pfn)) : 0;
  if (wanted === 'page' || !kernel.populateAcceptsRaw) return kernel.gupRaw;
  leaf.set(index, pfn, withFlags(bits, PTE_YOUNG + (write ? PTE_DIRTY : 0)));
  return 0;
}

function got(vma: VmArea, page: Page): Page | GupError {
  return getPage(vma.mm.memory, page) ? page : 'EFAULT';
}

/** Untouched memory that no handler fills. Mirrors `use_zero_page` (≤ 2.6.31). */
function usesZeroPage(vma: VmArea, address: VirtAddr): boolean {
  if (hasAny(vma.vmFlags, VM_LOCKED + VM_SHARED) || vma.ops?.fault !== undefined) return false;
  return (vma.mm.pageTable.leaf(address)?.bitsAt(pteIndex(address)) ?? 0) === 0;
}

/**
 * Gives back a page that {@link getUserPage} gave. One that only the swap cache still has, of a slot that no
 * entry names, is freed here; the kernel leaves it there until reclaim comes by. Mirrors `put_page`.
 */
export function putUserPage(memory: Memory, page: Page): void {
  const { frames, swap } = memory;
  const isLast = frames.testFlag(page, 'swapcache') && frames.refcount(page) === 2;
  putPage(memory, page);
  if (isLast && swap.count(swap.slotOf(page)) === 0) swap.deleteFromSwapCache(page);
}
