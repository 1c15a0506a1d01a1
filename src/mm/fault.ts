/**
 * Page faults: dispatch by what the PTE is. Each fault that succeeds emits one `fault` event, after the
 * `cow_copy` or `page_clear` event of the page it copied or cleared, if any. A fault that fails maps
 * nothing and emits no `fault`; what its handler did before (a page put into the page cache, a page table)
 * stays, as in the kernel.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { alignDown } from '../base/bits.ts';
import type { FaultKind } from '../base/events.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { allocPage } from './alloc.ts';
import { anonVmaPrepare } from './anon-vma.ts';
import { doAnonymousPage, mapAnonPage, mapFilePage } from './anonymous.ts';
import { copyPage, doWpPage } from './copy-on-write.ts';
import type { Page } from './frames.ts';
import { specialBit } from './insert.ts';
import { KernelBug } from './kernel-bug.ts';
import type { NopfnRefusal, VmFaultResult, VmOperations } from './mappable.ts';
import { vmNormalPage } from './normal-page.ts';
import {
  mkDirtyMaybeWrite,
  PTE_DIRTY,
  PTE_SWAP,
  PTE_WRITE,
  PTE_YOUNG,
  pteIndex,
} from './pagetable.ts';
import { doSwapPage } from './swap-fault.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import {
  hasAny,
  isCowMapping,
  VM_FAULT_DONE_COW,
  VM_FAULT_ERROR,
  VM_FAULT_LOCKED,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_PFNMAP,
  VM_SHARED,
  withFlags,
  withoutFlags,
} from './vmflags.ts';

/** Operations with a fault handler. */
type FaultingOperations = VmOperations & Required<Pick<VmOperations, 'fault'>>;

/**
 * Serves a fault at an address of `vma`, whose rights allow the access. Mirrors `handle_mm_fault`
 * (mm/memory.c).
 *
 * Post: the PTE allows the access, or the answer has a VM_FAULT_ERROR bit; or, for a store answered by
 * the handler's own insertion, the PTE is there write-protected and the next fault copies it.
 *
 * @returns VM_FAULT_* as the handler's, plus VM_FAULT_WRITE from do_wp_page.
 */
export function handleMmFault(vma: VmArea, address: VirtAddr, isWrite: boolean): VmFaultResult {
  const leaf = vma.mm.pageTable.leafAlloc(address);
  if (leaf === undefined) return VM_FAULT_OOM;
  const index = pteIndex(address);
  const bits = leaf.bitsAt(index);
  if (bits === 0) {
    const { ops } = vma;
    if (ops?.fault !== undefined) return doFault(vma, ops as FaultingOperations, address, isWrite);
    if (ops?.nopfn !== undefined && vma.mm.memory.kernel.nopfn)
      return doNoPfn(vma, ops.nopfn.bind(ops), address, isWrite);
    if (ops !== undefined && vma.mm.memory.kernel.noFaultHandler === 'sigbus')
      return VM_FAULT_SIGBUS;
    return doAnonymousPage(vma, leaf, address, isWrite);
  }
  if (hasAny(bits, PTE_SWAP)) return doSwapPage(vma, address, leaf, index, isWrite);
  if (isWrite && !hasAny(bits, PTE_WRITE)) return doWpPage(vma, address, leaf, index);
  const accessed = withFlags(bits, PTE_YOUNG + (isWrite ? PTE_DIRTY : 0));
  // Someone else was faster: nothing is left to do.
  if (accessed === bits) return 0;
  leaf.set(index, leaf.pfnAt(index), accessed);
  vma.mm.memory.emitFault('access_bit', false);
  return 0;
}

/**
 * An empty PTE of a file mapping: asks the handler, and maps the page it returns. Mirrors `__do_fault`
 * (2.6.28), `do_read_fault`, `do_cow_fault` and `do_shared_fault` (later).
 */
function doFault(
  vma: VmArea,
  ops: FaultingOperations,
  address: VirtAddr,
  isWrite: boolean,
): VmFaultResult {
  const { memory } = vma.mm;
  const { frames, kernel, vmf } = memory;
  if (!kernel.pfnmapMayFault && hasAny(vma.vmFlags, VM_PFNMAP))
    throw new KernelBug('__do_fault', 'a vma whose handler is asked is not PFNMAP', { vma });
  const earlyCow = isWrite && !hasAny(vma.vmFlags, VM_SHARED);
  if (!isWrite && mapPagesAround(vma, address)) return 0;
  let copy: Page | undefined;
  if (earlyCow && kernel.cowPageAllocated === 'before_fault') {
    anonVmaPrepare(vma);
    copy = allocPage(memory, 'anon');
    if (copy === undefined) return VM_FAULT_OOM;
  }
  vmf.address = alignDown(address, PAGE_SIZE) as VirtAddr;
  vmf.pgoff = linearPageIndex(vma, address);
  vmf.isWrite = isWrite;
  vmf.page = undefined;
  vmf.cowPage = copy;
  const result = ops.fault(vma, vmf);
  vmf.cowPage = undefined;
  if (hasAny(result, VM_FAULT_ERROR + VM_FAULT_NOPAGE)) {
    if (copy !== undefined) frames.putPage(copy);
    if (!hasAny(result, VM_FAULT_ERROR)) emitInstalled(vma, address, result);
    return result;
  }
  if (earlyCow) return finishCowFault(vma, address, result, copy);
  return finishFault(vma, address, result);
}

/** An empty PTE of a vma whose handler gives frames. Mirrors `do_no_pfn` (2.6.19 to 2.6.26). */
function doNoPfn(
  vma: VmArea,
  handler: NonNullable<VmOperations['nopfn']>,
  address: VirtAddr,
  isWrite: boolean,
): VmFaultResult {
  if (!hasAny(vma.vmFlags, VM_PFNMAP))
    throw new KernelBug('do_no_pfn', 'a vma whose handler gives frames is PFNMAP', { vma });
  if (isCowMapping(vma.vmFlags))
    throw new KernelBug('do_no_pfn', 'a PFNMAP vma that takes any pfn is not COW', { vma });
  const pfn = handler(vma, alignDown(address, PAGE_SIZE) as VirtAddr);
  if (typeof pfn === 'string') return NOPFN_RESULT[pfn];
  const leaf = vma.mm.pageTable.leaf(address);
  const index = pteIndex(address);
  // The handler may have inserted it itself.
  if (leaf?.bitsAt(index) === 0) {
    const bits = vma.vmPageProt + specialBit(vma);
    leaf.set(index, pfn, isWrite ? mkDirtyMaybeWrite(bits, vma.vmFlags) : bits);
  }
  emitInstalled(vma, address, 0);
  return 0;
}

const NOPFN_RESULT: Readonly<Record<NopfnRefusal, VmFaultResult>> = {
  refault: 0,
  sigbus: VM_FAULT_SIGBUS,
  oom: VM_FAULT_OOM,
};

/**
 * Pages of the file that are in the page cache already, around the one that is wanted and in an aligned
 * window, are mapped without asking the handler. Mirrors `do_fault_around`.
 *
 * @returns true when the wanted one was among them.
 */
function mapPagesAround(vma: VmArea, address: VirtAddr): boolean {
  const { memory, pageTable } = vma.mm;
  const { ops } = vma;
  const window = memory.kernel.faultAroundPages * PAGE_SIZE;
  if (ops?.mapPages === undefined || window === PAGE_SIZE) return false;
  const from = Math.max(vma.vmStart, alignDown(address, window));
  const to = Math.min(vma.vmEnd, alignDown(address, window) + window);
  const wanted = alignDown(address, PAGE_SIZE);
  for (let at = from; at < to; at += PAGE_SIZE) {
    const around = at as VirtAddr;
    const leaf = pageTable.leaf(around);
    const index = pteIndex(around);
    if (leaf?.bitsAt(index) !== 0) continue;
    const page = ops.mapPages(vma, linearPageIndex(vma, around));
    if (page === undefined) continue;
    memory.frames.getPage(page);
    // Only the page that was wanted was used.
    const isYoung = at === wanted || memory.kernel.softwareYoung;
    const prot = withoutFlags(vma.vmPageProt, isYoung ? 0 : PTE_YOUNG);
    mapFilePage(vma, leaf, index, page, prot);
  }
  if (pageTable.leaf(address)?.bitsAt(pteIndex(address)) === 0) return false;
  memory.emitFault('file_minor', false);
  return true;
}

/** Reports the fault whose PTE the handler installed. */
function emitInstalled(vma: VmArea, address: VirtAddr, result: VmFaultResult): void {
  const leaf = vma.mm.pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  // A handler may also ask for another try with nothing installed: spufs does while it switches.
  if (leaf === undefined || bits === 0) return;
  const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
  vma.mm.memory.emitFault(page === undefined ? 'raw_pfn' : fileKind(result), false);
}

const fileKind = (result: VmFaultResult): FaultKind =>
  hasAny(result, VM_FAULT_MAJOR) ? 'file_major' : 'file_minor';

/** The page that the handler returned, unlocked. */
function returnedPage(vma: VmArea, address: VirtAddr, result: VmFaultResult): Page {
  const { frames, vmf } = vma.mm.memory;
  const { page } = vmf;
  assert(
    page !== undefined && vma.mm.pageTable.leaf(address)?.bitsAt(pteIndex(address)) === 0,
    () => `a handler returns a page or installs a PTE, not both: 0x${address.toString(16)}`,
  );
  if (hasAny(result, VM_FAULT_LOCKED)) frames.setFlag(page, 'locked', false);
  return page;
}

/** Maps the page that the handler returned; its reference becomes the PTE's. */
function finishFault(vma: VmArea, address: VirtAddr, result: VmFaultResult): VmFaultResult {
  const { memory, pageTable } = vma.mm;
  const { frames, vmf } = memory;
  const page = returnedPage(vma, address, result);
  const leaf = pageTable.leaf(address);
  assert(leaf !== undefined, () => 'a fault has made its page table');
  let bits = vma.vmPageProt;
  if (vmf.isWrite) {
    const refused = vma.ops?.pageMkwrite?.(vma, page) ?? 0;
    if (hasAny(refused, VM_FAULT_ERROR)) {
      frames.putPage(page);
      return refused;
    }
    bits = withFlags(bits, PTE_WRITE + PTE_DIRTY);
    frames.setFlag(page, 'dirty', true);
  }
  mapFilePage(vma, leaf, pteIndex(address), page, bits);
  memory.emitFault(fileKind(result), false);
  return result;
}

/** Maps a private copy of the page that the handler returned. */
function finishCowFault(
  vma: VmArea,
  address: VirtAddr,
  result: VmFaultResult,
  allocated: Page | undefined,
): VmFaultResult {
  const { memory, pageTable } = vma.mm;
  const { frames } = memory;
  const isFilled = hasAny(result, VM_FAULT_DONE_COW);
  const page = isFilled ? undefined : returnedPage(vma, address, result);
  anonVmaPrepare(vma);
  const copy = allocated ?? allocPage(memory, 'anon');
  const leaf = pageTable.leaf(address);
  assert(leaf !== undefined, () => 'a fault has made its page table');
  if (copy === undefined) {
    if (page !== undefined) frames.putPage(page);
    return VM_FAULT_OOM;
  }
  if (page !== undefined) copyPage(memory, frames.bytes(page), copy, 'page');
  vma.mm.addRss('anon', 1);
  mapAnonPage(vma, leaf, address, copy);
  if (page !== undefined) frames.putPage(page);
  memory.emitFault(isFilled ? 'wp_raw' : fileKind(result), true);
  return result;
}
