/** B17: get_user_pages of one page; B16: mlock, munlock, mincore. */
import type { FaultResult } from './naive-fault.ts';
import type { Page, Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { VM, has, isCowMapping } from './naive-flags.ts';
import { normalPage } from './naive-classify.ts';
import { handleFault } from './naive-fault.ts';
import { rangeParts } from './naive-protect.ts';
import { getPage } from './naive-pages.ts';
import { filePgoff, findVma, isolate, mergeAround, overlapping, pteAt } from './naive-vma.ts';

type Followed = { page: Page } | { raw: true } | { errno: string };

/** follow_page, and faults until it finds something. `want`: a page has to be returned. */
function followPage(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  write: boolean,
  want: boolean,
): Followed {
  let asksWrite = write;
  for (;;) {
    const found = followOnce(w, task, vma, addr, asksWrite, want);
    if (found !== undefined) {
      return found;
    }
    const fault: FaultResult = handleFault(w, task, vma, addr, asksWrite);
    if (fault === 'SIGBUS') {
      return { errno: 'EFAULT' };
    }
    if (fault === 'OOM') {
      return { errno: 'ENOMEM' };
    }
    // A forced write has its copy now: the entry stays read-only, so do not ask for a writable one again.
    const pte = pteAt(task, addr);
    if (asksWrite && !has(vma.flags, VM.WRITE) && pte?.kind === 'present' && pte.dirty) {
      asksWrite = false;
    }
  }
}

function followOnce(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  write: boolean,
  want: boolean,
): Followed | undefined {
  const pte = pteAt(task, addr);
  if (pte === undefined) {
    // B17: up to 2.6.28 the zero page for untouched anonymous memory, without an entry.
    const untouched = vma.file === undefined && !has(vma.flags, VM.LOCKED | VM.SHARED);
    return w.rules.gupZeroPage && want && !write && untouched ? { page: w.zeroPage } : undefined;
  }
  if (pte.kind === 'swap') {
    return undefined;
  }
  if (write && !pte.write) {
    if (w.rules.anonReuse !== 'exclusive') {
      return undefined;
    }
    // Modern kernels look at the page first: an exclusive one may be written by force.
    const page = normalPage(w, vma, addr, pte);
    const forced = !has(vma.flags, VM.WRITE) && page?.anon === true && page.exclusive;
    return forced && page !== undefined ? { page } : undefined;
  }
  const page = normalPage(w, vma, addr, pte);
  if (page !== undefined) {
    return { page };
  }
  if (pte.frame === 'zero') {
    return { page: w.zeroPage };
  }
  // Raw. Without a page wanted, newer kernels accept it, young, and dirty for a write.
  if (!want && w.rules.mlock === 'new') {
    pte.young = true;
    if (write) {
      pte.dirty = true;
    }
    return { raw: true };
  }
  return { errno: w.rules.gupRaw };
}

export function gup(
  w: World,
  task: Task,
  addr: number,
  write: boolean,
  force: boolean,
  id: number,
): string {
  const vma = findVma(task, addr);
  if (vma === undefined || has(vma.flags, VM.IO | VM.PFNMAP) || !mayGup(vma, write, force)) {
    return 'EFAULT';
  }
  const found = followPage(w, task, vma, addr, write, true);
  if ('errno' in found) {
    return found.errno;
  }
  if ('raw' in found) {
    return w.rules.gupRaw;
  }
  getPage(found.page);
  w.got.set(id, found.page);
  return '1';
}

/** Contract 9. */
function mayGup(vma: Vma, write: boolean, force: boolean): boolean {
  if (write) {
    return (
      has(vma.flags, VM.WRITE) || (force && has(vma.flags, VM.MAYWRITE) && isCowMapping(vma.flags))
    );
  }
  return has(vma.flags, VM.READ) || (force && has(vma.flags, VM.MAYREAD));
}

/** B16, contract 8; vma by vma, the first error ends it. */
export function mlock(w: World, task: Task, start: number, end: number): string {
  for (const part of rangeParts(task, start, end)) {
    const vma = findVma(task, part.start);
    if (part.vma === undefined || vma === undefined) {
      return 'ENOMEM';
    }
    // What is locked already is left alone by old kernels, and faulted in again by later ones, though a driver
    // may have made it special since.
    const isSkipped = has(vma.flags, VM.LOCKED)
      ? w.rules.mlock === 'old'
      : w.rules.mlock !== 'old' && has(vma.flags, w.rules.vmSpecial);
    if (isSkipped || has(vma.flags, VM.IO | VM.PFNMAP)) {
      continue;
    }
    // Up to 2.6.28 such vmas are faulted in only.
    if (!has(vma.flags, VM.DONTEXPAND | VM.RESERVED)) {
      setLocked(w, task, part.start, part.end);
    }
    if (!populate(w, task, part.start, part.end)) {
      return 'ENOMEM';
    }
  }
  return '0';
}

function setLocked(w: World, task: Task, start: number, end: number): void {
  for (const piece of isolate(task, start, end)) {
    if (!has(piece.flags, VM.LOCKED)) {
      piece.flags |= VM.LOCKED;
      task.locked += (piece.end - piece.start) / PAGE;
    }
  }
  mergeAround(w, task, start, end);
}

/** Faults in. Write faults where that can be private; false at the first page that cannot be had. */
export function populate(w: World, task: Task, start: number, end: number): boolean {
  for (let addr = start; addr < end; addr += PAGE) {
    const vma = findVma(task, addr);
    if (vma === undefined || !has(vma.flags, VM.READ | VM.WRITE | VM.EXEC)) {
      return false;
    }
    const write = has(vma.flags, VM.WRITE) && !has(vma.flags, VM.SHARED);
    const found = followPage(w, task, vma, addr, write, false);
    if ('errno' in found) {
      return false;
    }
    if ('page' in found && found.page !== w.zeroPage && has(vma.flags, VM.LOCKED)) {
      found.page.mlocked = true;
    }
  }
  return true;
}

export function munlock(w: World, task: Task, start: number, end: number): string {
  for (const part of rangeParts(task, start, end)) {
    if (part.vma === undefined) {
      return 'ENOMEM';
    }
    for (const piece of overlapping(task, part.start, part.end)) {
      // Special ones stay as they are, though they were locked before a driver made them so.
      if (has(piece.flags, VM.LOCKED) && !has(piece.flags, w.rules.vmSpecial)) {
        unlockPart(w, task, Math.max(piece.start, part.start), Math.min(piece.end, part.end));
      }
    }
  }
  return '0';
}

function unlockPart(w: World, task: Task, start: number, end: number): void {
  for (const piece of isolate(task, start, end)) {
    piece.flags &= ~VM.LOCKED;
    task.locked -= (piece.end - piece.start) / PAGE;
    for (let addr = piece.start; addr < piece.end; addr += PAGE) {
      const pte = pteAt(task, addr);
      const page = pte?.kind === 'present' ? normalPage(w, piece, addr, pte) : undefined;
      if (page !== undefined) {
        page.mlocked = false;
      }
    }
  }
  mergeAround(w, task, start, end);
}

/** B16. */
export function mincore(w: World, task: Task, addr: number): string {
  const vma = findVma(task, addr);
  if (vma === undefined) {
    return 'ENOMEM';
  }
  const pte = pteAt(task, addr);
  const walked = !(w.rules.mincoreSkipsPfnmap && has(vma.flags, VM.PFNMAP));
  if (walked && pte?.kind === 'present') {
    return '1';
  }
  if (walked && pte?.kind === 'swap') {
    return pte.slot.page === undefined ? '0' : '1';
  }
  return vma.file?.cache.has(filePgoff(vma, addr)) === true ? '1' : '0';
}
