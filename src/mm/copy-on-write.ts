/**
 * A store to a present, write-protected PTE: the page is shared and becomes writable as it is, or it is
 * anonymous and nobody else's, or it is copied.
 *
 * @module
 */
import type { FaultKind } from '../base/events.ts';
import { PAGE_SIZE, type Pfn, type VirtAddr } from '../base/units.ts';
import { alignDown } from '../base/bits.ts';
import { allocPage } from './alloc.ts';
import { clearPage, mapAnonPage } from './anonymous.ts';
import { anonVmaPrepare } from './anon-vma.ts';
import type { Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';
import type { VmFaultResult } from './mappable.ts';
import type { Memory } from './memory.ts';
import type { MmStruct } from './mm.ts';
import { isZeroPfn, vmNormalPage } from './normal-page.ts';
import {
  mkDirtyMaybeWrite,
  PTE_PRESENT,
  PTE_USER,
  PTE_YOUNG,
  pteIndex,
  type PteLeaf,
} from './pagetable.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  VM_FAULT_ERROR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_LOCKED,
  VM_SHARED,
  VM_WRITE,
  onlyFlags,
  withFlags,
} from './vmflags.ts';
import { unmapPage } from './zap.ts';

/** Copies a page and says so. */
export function copyPage(
  memory: Memory,
  source: Uint8Array,
  copy: Page,
  sourceKind: 'raw' | 'page',
): void {
  memory.frames.bytes(copy).set(source);
  memory.emitCowCopy(sourceKind);
}

/**
 * A store to a present PTE without write permission. Mirrors `do_wp_page` (mm/memory.c).
 *
 * @returns VM_FAULT_WRITE when the PTE took the store's page, VM_FAULT_OOM, or what a handler answered.
 * @throws KernelBug where 2.6.28.0 has one: see the kernel's row `lockedRawOops`.
 */
export function doWpPage(
  vma: VmArea,
  address: VirtAddr,
  leaf: PteLeaf,
  index: number,
): VmFaultResult {
  const { memory } = vma.mm;
  const pfn = leaf.pfnAt(index);
  const page = vmNormalPage(vma, address, pfn, leaf.bitsAt(index));
  const kind = kindOf(memory, page, pfn);
  const refused = askToWrite(vma, address, page);
  if (refused !== 0) return refused;
  if (!mayReuse(vma, address, page)) return copyWp(vma, address, page, kind);
  leaf.set(index, pfn, mkDirtyMaybeWrite(withFlags(leaf.bitsAt(index), PTE_YOUNG), vma.vmFlags));
  if (page !== undefined && kind === 'wp_file') memory.frames.setFlag(page, 'dirty', true);
  memory.emitFault(kind, false);
  return VM_FAULT_WRITE;
}

function kindOf(memory: Memory, page: Page | undefined, pfn: Pfn): FaultKind {
  if (isZeroPfn(memory, pfn)) return 'wp_zero';
  if (page === undefined) return 'wp_raw';
  return memory.frames.testFlag(page, 'anon') ? 'wp_anon' : 'wp_file';
}

const isSharedWritable = ({ vmFlags }: VmArea): boolean => hasAll(vmFlags, VM_SHARED + VM_WRITE);

/** Lets the file system agree to a page of a shared mapping becoming writable: 0, or its answer. */
function askToWrite(vma: VmArea, address: VirtAddr, page: Page | undefined): VmFaultResult {
  if (!isSharedWritable(vma)) return 0;
  const { kernel, vmf } = vma.mm.memory;
  if (page !== undefined) return onlyFlags(vma.ops?.pageMkwrite?.(vma, page) ?? 0, VM_FAULT_ERROR);
  if (!kernel.pfnMkwrite || vma.ops?.pfnMkwrite === undefined) return 0;
  vmf.address = alignDown(address, PAGE_SIZE) as VirtAddr;
  vmf.pgoff = linearPageIndex(vma, address);
  vmf.isWrite = true;
  return onlyFlags(vma.ops.pfnMkwrite(vma, vmf), VM_FAULT_ERROR + VM_FAULT_NOPAGE);
}

/** The PTE may become writable as it is: shared, or an anonymous page that nobody else has. */
function mayReuse(vma: VmArea, address: VirtAddr, page: Page | undefined): boolean {
  const { memory } = vma.mm;
  if (page === undefined || !memory.frames.testFlag(page, 'anon')) return isSharedWritable(vma);
  return MAY_REUSE_ANON[memory.kernel.anonReuse](vma, address, page);
}

/** By the kernel's row `anonReuse`. */
const MAY_REUSE_ANON: Readonly<
  Record<Memory['kernel']['anonReuse'], (vma: VmArea, address: VirtAddr, page: Page) => boolean>
> = {
  /** Nobody else maps it, not by a swap entry either; further references do not matter. Mirrors `can_share_swap_page`. */
  mapcount: ({ mm }, _address, page) => {
    const { frames, swap } = mm.memory;
    if (frames.testFlag(page, 'locked') || frames.mapcount(page) !== 1) return false;
    if (!frames.testFlag(page, 'swapcache')) return true;
    if (swap.count(swap.slotOf(page)) !== 0) return false;
    swap.deleteFromSwapCache(page);
    return true;
  },
  /** Known to be exclusive, or nobody else has any reference. Mirrors `wp_can_reuse_anon_folio`. */
  exclusive: (vma, address, page) => {
    const { frames, swap, lru } = vma.mm.memory;
    if (frames.testFlag(page, 'anon_exclusive')) return true;
    const cached = (): number => (frames.testFlag(page, 'swapcache') ? 1 : 0);
    if (frames.refcount(page) > 3) return false;
    if (!frames.testFlag(page, 'lru')) lru.drain();
    if (frames.refcount(page) > 1 + cached() || frames.testFlag(page, 'locked')) return false;
    if (cached() === 1 && swap.count(swap.slotOf(page)) === 0) swap.deleteFromSwapCache(page);
    if (frames.refcount(page) !== 1) return false;
    frames.setMapping(page, anonVmaPrepare(vma).owner, linearPageIndex(vma, address));
    frames.setFlag(page, 'anon_exclusive', true);
    return true;
  },
};

/** Replaces the entry by a copy of what it maps. Mirrors `wp_page_copy`. */
function copyWp(
  vma: VmArea,
  address: VirtAddr,
  page: Page | undefined,
  kind: FaultKind,
): VmFaultResult {
  const { mm } = vma;
  const { memory } = mm;
  const leaf = mm.pageTable.leaf(address);
  anonVmaPrepare(vma);
  const copy = allocPage(memory, 'anon');
  if (copy === undefined || leaf === undefined) return VM_FAULT_OOM;
  if (page === undefined && memory.kernel.lockedRawOops && hasAny(vma.vmFlags, VM_LOCKED))
    throw new KernelBug('do_wp_page', 'the page to unlock is there', { vma });
  if (kind === 'wp_zero') clearPage(memory, copy);
  else if (page === undefined) copyRaw(vma, address, copy);
  else copyPage(memory, memory.frames.bytes(page), copy, 'page');
  const index = pteIndex(address);
  const bits = leaf.bitsAt(index);
  // Reclaim for the copy may have taken the entry away: the access faults again.
  if (!hasAny(bits, PTE_PRESENT)) {
    memory.frames.putPage(copy);
    return 0;
  }
  leaf.clear(index);
  // Never both in RSS: its peak would show it.
  if (page !== undefined) unmapPage(vma, page, 0);
  mm.addRss('anon', 1);
  mapAnonPage(vma, leaf, address, copy);
  memory.emitFault(kind, false);
  return VM_FAULT_WRITE;
}

/**
 * Copies a raw page. There is no struct page to copy from, so the kernel reads it through the user's address,
 * with page faults disabled: in the address space of whoever runs, which is a bug when that is a debugger
 * (kernel's row `remoteCowBug`), and of an entry that has to be young first where the CPU does not see to
 * that (row `zeroFillBug`). Mirrors `cow_user_page`.
 */
function copyRaw(vma: VmArea, address: VirtAddr, copy: Page): void {
  const { memory } = vma.mm;
  const { kernel } = memory;
  const reader = kernel.remoteCowBug ? (memory.current ?? vma.mm) : vma.mm;
  const source = readableBytes(reader, address, !kernel.zeroFillBug);
  if (source === undefined) {
    memory.frames.clear(copy);
    if (kernel.rawCopyWarns)
      memory.warnOnce(
        'cow_user_page',
        'a raw page can be read for its copy',
        entryPfn(vma, address),
      );
  } else memory.frames.bytes(copy).set(source);
  memory.emitCowCopy('raw');
}

/** Frame of a present entry. */
const entryPfn = ({ mm }: VmArea, address: VirtAddr): Pfn =>
  mm.pageTable.leaf(address)?.pfnAt(pteIndex(address)) ?? (0 as Pfn);

/** Bytes of the page at an address as kernel code reads them there, if that takes no fault. */
function readableBytes(
  mm: MmStruct,
  address: VirtAddr,
  makesYoung: boolean,
): Uint8Array | undefined {
  const { kernel, physical } = mm.memory;
  const leaf = mm.pageTable.leaf(address);
  const index = pteIndex(address);
  if (leaf === undefined || !hasAll(leaf.bitsAt(index), PTE_PRESENT + PTE_USER)) return undefined;
  if (!hasAny(leaf.bitsAt(index), PTE_YOUNG)) {
    if (kernel.softwareYoung && !makesYoung) return undefined;
    leaf.set(index, leaf.pfnAt(index), withFlags(leaf.bitsAt(index), PTE_YOUNG));
  }
  return physical.bytesOf(leaf.pfnAt(index));
}
