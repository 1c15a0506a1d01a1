/**
 * Page faults: an empty PTE is filled from the vma's handler or with anonymous memory; a store to a
 * write-protected one breaks copy-on-write. Each fault that succeeds emits one `fault` event, after the
 * `cow_copy` or `page_clear` event of the page it copied or cleared, if any. A fault that fails maps
 * nothing and emits no `fault`; what its handler did before (a page put into the page cache, a page table)
 * stays, as in the kernel.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { FaultKind } from '../base/events.ts';
import { alignDown } from '../base/bits.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import type { Page } from './frames.ts';
import type { VmFaultResult, VmOperations } from './mappable.ts';
import type { Memory } from './memory.ts';
import { isZeroPfn, vmNormalPage } from './normal-page.ts';
import { mkDirtyMaybeWrite, PTE_SPECIAL, PTE_WRITE, pteIndex, type PteLeaf } from './pagetable.ts';
import { linearPageIndex, type VmArea } from './vma.ts';
import {
  hasAll,
  hasAny,
  VM_FAULT_ERROR,
  VM_FAULT_LOCKED,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_SHARED,
  VM_WRITE,
} from './vmflags.ts';

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
    if (ops === undefined) return doAnonymousPage(vma, leaf, index, isWrite);
    return doFault(vma, ops, address, isWrite);
  }
  if (isWrite && !hasAny(bits, PTE_WRITE)) return doWpPage(vma, address, leaf, index);
  leaf.access(index, isWrite ? 'write' : 'read');
  return 0;
}

/** Mirrors `do_anonymous_page`. */
function doAnonymousPage(
  vma: VmArea,
  leaf: PteLeaf,
  index: number,
  isWrite: boolean,
): VmFaultResult {
  const { memory } = vma.mm;
  if (!isWrite && memory.zeroPage !== undefined) {
    const special = memory.kernel.pteSpecial ? PTE_SPECIAL : 0;
    leaf.set(index, memory.frames.pageToPfn(memory.zeroPage), vma.vmPageProt + special);
    memory.emitFault('anonymous', false);
    return 0;
  }
  const page = memory.frames.allocPage('anon');
  if (page === undefined) return VM_FAULT_OOM;
  clearPage(memory, page);
  vma.mm.addRss('anon', 1);
  mapAnonPage(vma, leaf, index, page);
  memory.emitFault('anonymous', false);
  return 0;
}

/** Maps a new anonymous page, dirty. Its one reference becomes the PTE's. */
function mapAnonPage(vma: VmArea, leaf: PteLeaf, index: number, page: Page): void {
  const { frames } = vma.mm.memory;
  vma.hasAnonVma = true;
  frames.setFlag(page, 'anon', true);
  frames.setFlag(page, 'swapbacked', true);
  frames.setFlag(page, 'uptodate', true);
  frames.setFlag(page, 'lru', true);
  frames.addRmap(page);
  leaf.set(index, frames.pageToPfn(page), mkDirtyMaybeWrite(vma.vmPageProt, vma.vmFlags));
}

/**
 * An empty PTE of a file mapping: asks the handler, and maps the page it returns. Mirrors `__do_fault`
 * (2.6.28), `do_read_fault`, `do_cow_fault` and `do_shared_fault` (later).
 */
function doFault(
  vma: VmArea,
  ops: VmOperations,
  address: VirtAddr,
  isWrite: boolean,
): VmFaultResult {
  const { memory } = vma.mm;
  const { frames, vmf } = memory;
  const earlyCow = isWrite && !hasAny(vma.vmFlags, VM_SHARED);
  let copy: Page | undefined;
  if (earlyCow && memory.kernel.cowPageAllocated === 'before_fault') {
    copy = frames.allocPage('anon');
    if (copy === undefined) return VM_FAULT_OOM;
  }
  vmf.address = alignDown(address, PAGE_SIZE) as VirtAddr;
  vmf.pgoff = linearPageIndex(vma, address);
  vmf.isWrite = isWrite;
  vmf.page = undefined;
  const result = ops.fault(vma, vmf);
  if (hasAny(result, VM_FAULT_ERROR + VM_FAULT_NOPAGE)) {
    if (copy !== undefined) frames.putPage(copy);
    if (!hasAny(result, VM_FAULT_ERROR)) emitInstalled(vma, address, result);
    return result;
  }
  return finishFault(vma, address, result, earlyCow, copy);
}

/** Reports the fault whose PTE the handler installed. */
function emitInstalled(vma: VmArea, address: VirtAddr, result: VmFaultResult): void {
  const leaf = vma.mm.pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  assert(
    leaf !== undefined && bits !== 0,
    () => `a handler that answers NOPAGE has installed the PTE of 0x${address.toString(16)}`,
  );
  const page = vmNormalPage(vma, address, leaf.pfnAt(index), bits);
  vma.mm.memory.emitFault(page === undefined ? 'raw_pfn' : fileKind(result), false);
}

const fileKind = (result: VmFaultResult): FaultKind =>
  hasAny(result, VM_FAULT_MAJOR) ? 'file_major' : 'file_minor';

/** Maps the page that the handler returned, or the early copy of it. */
function finishFault(
  vma: VmArea,
  address: VirtAddr,
  result: VmFaultResult,
  earlyCow: boolean,
  allocated: Page | undefined,
): VmFaultResult {
  const { memory, pageTable } = vma.mm;
  const { frames, vmf } = memory;
  const page = vmf.page;
  const leaf = pageTable.leaf(address);
  const index = pteIndex(address);
  assert(
    page !== undefined && leaf?.bitsAt(index) === 0,
    () => `a handler returns a page or installs a PTE, not both: 0x${address.toString(16)}`,
  );
  if (hasAny(result, VM_FAULT_LOCKED)) frames.setFlag(page, 'locked', false);
  if (earlyCow) {
    const copy = allocated ?? frames.allocPage('anon');
    if (copy === undefined) {
      frames.putPage(page);
      return VM_FAULT_OOM;
    }
    copyPage(memory, frames.bytes(page), copy, 'page');
    vma.mm.addRss('anon', 1);
    mapAnonPage(vma, leaf, index, copy);
    frames.putPage(page);
  } else {
    const prot = vma.vmPageProt;
    const bits = vmf.isWrite ? mkDirtyMaybeWrite(prot, vma.vmFlags) : prot;
    vma.mm.addRss('file', 1);
    frames.addRmap(page);
    leaf.set(index, frames.pageToPfn(page), bits);
  }
  memory.emitFault(fileKind(result), earlyCow);
  return result;
}

/** Zeroes a page and says so. Mirrors `clear_user_highpage`. */
function clearPage(memory: Memory, page: Page): void {
  memory.frames.bytes(page).fill(0);
  memory.emitPageClear();
}

/** Copies a page and says so. Mirrors `cow_user_page`. */
function copyPage(
  memory: Memory,
  source: Uint8Array,
  copy: Page,
  sourceKind: 'raw' | 'page',
): void {
  memory.frames.bytes(copy).set(source);
  memory.emitCowCopy(sourceKind);
}

/**
 * A store to a present PTE without write permission. A raw source is read through the mapping, as there
 * is no struct page to copy from. Mirrors `do_wp_page` (mm/memory.c).
 */
function doWpPage(vma: VmArea, address: VirtAddr, leaf: PteLeaf, index: number): VmFaultResult {
  const { mm } = vma;
  const { memory } = mm;
  const { frames } = memory;
  const pfn = leaf.pfnAt(index);
  const page = vmNormalPage(vma, address, pfn, leaf.bitsAt(index));
  const anon = page !== undefined && frames.testFlag(page, 'anon');
  const zero = page === undefined && isZeroPfn(memory, pfn);
  const kind = zero ? 'wp_zero' : wpKind(page !== undefined, anon);
  if (mayReuse(vma, page, anon)) {
    leaf.set(index, pfn, mkDirtyMaybeWrite(leaf.bitsAt(index), vma.vmFlags));
    leaf.access(index, 'write');
    memory.emitFault(kind, false);
    return VM_FAULT_WRITE;
  }
  const source = zero ? undefined : memory.physical.bytesOf(pfn);
  const copy = frames.allocPage('anon');
  if (copy === undefined) return VM_FAULT_OOM;
  if (source === undefined) clearPage(memory, copy);
  else copyPage(memory, source, copy, page === undefined ? 'raw' : 'page');
  if (page !== undefined && !anon) mm.addRss('file', -1);
  if (!anon) mm.addRss('anon', 1);
  mapAnonPage(vma, leaf, index, copy);
  if (page !== undefined) {
    frames.removeRmap(page);
    frames.putPage(page);
  }
  memory.emitFault(kind, false);
  return VM_FAULT_WRITE;
}

function wpKind(hasPage: boolean, anon: boolean): FaultKind {
  if (anon) return 'wp_anon';
  return hasPage ? 'wp_file' : 'wp_raw';
}

/** The PTE may become writable as it is: shared, or an anonymous page that nobody else maps or locks. */
function mayReuse(vma: VmArea, page: Page | undefined, anon: boolean): boolean {
  if (!anon || page === undefined) return hasAll(vma.vmFlags, VM_SHARED + VM_WRITE);
  const { frames } = vma.mm.memory;
  return frames.mapcount(page) === 1 && !frames.testFlag(page, 'locked');
}
