/** B7 to B11: what drivers call to fill entries. */
import type { FrameName } from '../contract.ts';
import type { Page, PresentPte, Task, Vma, World } from './naive-state.ts';
import { KernelBug, PAGE } from './naive-state.ts';
import { VM, has, isCowMapping, pageProtWritable } from './naive-flags.ts';
import { addRmap, getPage } from './naive-pages.ts';
import { pageStart, pteAt, setPte } from './naive-vma.ts';

export type InsertErrno = '0' | 'EFAULT' | 'EINVAL' | 'EBUSY';

/** A frame with its name resolved. */
export type Frame = { flash: number } | { page: Page };

export function resolveFrame(w: World, name: FrameName): Frame | undefined {
  if ('flash' in name) {
    return { flash: name.flash };
  }
  const named = w.named.get(name.page);
  return named?.page.alive === true ? { page: named.page } : undefined;
}

function outside(vma: Vma, addr: number): boolean {
  return addr < vma.start || addr >= vma.end;
}

function newPte(w: World, vma: Vma, frame: Frame, special: boolean): PresentPte {
  return {
    kind: 'present',
    frame,
    // mkspecial is the identity without the bit.
    special: special && w.rules.pteSpecial,
    write: pageProtWritable(vma.flags),
    dirty: false,
    young: true,
  };
}

/** B7, in the order of its rows. */
export function insertPage(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  page: Page,
  lock: 'read' | 'write',
): InsertErrno {
  if (outside(vma, addr)) {
    return 'EFAULT';
  }
  if (page.refcount === 0) {
    return 'EINVAL';
  }
  if (w.rules.insertPageFlag === VM.INSERTPAGE) {
    vma.flags |= VM.INSERTPAGE;
  } else if (!has(vma.flags, VM.MIXEDMAP)) {
    if (lock !== 'write' || has(vma.flags, VM.PFNMAP)) {
      throw new KernelBug('vm_insert_page');
    }
    vma.flags |= VM.MIXEDMAP;
  }
  return insertCountedPage(w, task, vma, addr, page);
}

/** B7 from "anon page" on. */
function insertCountedPage(w: World, task: Task, vma: Vma, addr: number, page: Page): InsertErrno {
  if (page.anon) {
    return 'EINVAL';
  }
  if (pteAt(task, addr) !== undefined) {
    return 'EBUSY';
  }
  getPage(page);
  addRmap(task, page);
  setPte(task, addr, newPte(w, vma, { page }, false));
  return '0';
}

/** The raw insert below B8 and B9. */
function insertRaw(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  frame: Frame,
  mkwrite: boolean,
): InsertErrno {
  const old = pteAt(task, addr);
  if (old !== undefined) {
    if (mkwrite && old.kind === 'present' && sameFrame(old, frame)) {
      makeWritten(vma, old);
    }
    return 'EBUSY';
  }
  const pte = newPte(w, vma, frame, true);
  if (mkwrite) {
    makeWritten(vma, pte);
  }
  setPte(task, addr, pte);
  return '0';
}

function sameFrame(pte: PresentPte, frame: Frame): boolean {
  if (pte.frame === 'zero') {
    return false;
  }
  if ('flash' in frame) {
    return 'flash' in pte.frame && pte.frame.flash === frame.flash;
  }
  return 'page' in pte.frame && pte.frame.page === frame.page;
}

function makeWritten(vma: Vma, pte: PresentPte): void {
  pte.young = true;
  pte.dirty = true;
  if (has(vma.flags, VM.WRITE)) {
    pte.write = true;
  }
}

/** B8: vm_insert_pfn as the errno of K28; {@link faultCode} makes the codes of K612. */
export function insertPfn(w: World, task: Task, vma: Vma, addr: number, frame: Frame): InsertErrno {
  const bug = new KernelBug(w.rules.insertPfnName);
  const pfnmap = has(vma.flags, VM.PFNMAP);
  const mixedmap = has(vma.flags, VM.MIXEDMAP);
  if (w.rules.insertPfnOfK24) {
    // No check of the range, and none of the pfn.
    if (!pfnmap || isCowMapping(vma.flags)) {
      throw bug;
    }
    return insertRaw(w, task, vma, addr, frame, false);
  }
  if (!pfnmap && !mixedmap) {
    throw bug;
  }
  if (pfnmap && mixedmap) {
    throw bug;
  }
  if (pfnmap && isCowMapping(vma.flags)) {
    throw bug;
  }
  if (mixedmap && 'page' in frame) {
    throw bug;
  }
  if (outside(vma, addr)) {
    return 'EFAULT';
  }
  return insertRaw(w, task, vma, addr, frame, false);
}

/** B9. SIGBUS: vm_mixed_ok says no. */
export function insertMixed(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  frame: Frame,
  mkwrite: boolean,
): InsertErrno | 'SIGBUS' {
  if (!has(vma.flags, VM.MIXEDMAP)) {
    if (w.rules.insertMixedElsewhere === 'BUG') {
      throw new KernelBug('vm_insert_mixed');
    }
    return 'SIGBUS';
  }
  if (outside(vma, addr)) {
    return 'EFAULT';
  }
  if (!w.rules.pteSpecial && 'page' in frame) {
    return insertCountedPage(w, task, vma, addr, frame.page);
  }
  return insertRaw(w, task, vma, addr, frame, mkwrite);
}

/** B8, B9: what the insert functions answer on this kernel. */
export function insertResult(w: World, errno: InsertErrno | 'SIGBUS'): string {
  if (w.rules.insertReturns === 'errno') {
    return errno;
  }
  return errno === '0' || errno === 'EBUSY' ? 'VM_FAULT_NOPAGE' : 'VM_FAULT_SIGBUS';
}

/** B11. The address is page aligned; nothing looks at the range of the vma unless it is COW. */
export function remap(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  flash: number,
  pages: number,
): '0' | 'EINVAL' {
  const end = addr + pages * PAGE;
  if (isCowMapping(vma.flags)) {
    if (addr !== vma.start || end !== vma.end) {
      return 'EINVAL';
    }
    vma.pgoff = flash;
  }
  vma.flags |= w.rules.remapFlags;
  if (addr >= end) {
    throw new KernelBug('remap_pfn_range');
  }
  for (let i = 0; i < pages; i++) {
    const at = pageStart(addr) + i * PAGE;
    if (pteAt(task, at) !== undefined) {
      throw new KernelBug('remap_pte_range');
    }
    setPte(task, at, newPte(w, vma, { flash: flash + i }, true));
  }
  return '0';
}
