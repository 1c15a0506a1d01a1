/** B13: do_wp_page, a write on a present entry that is not writable. */
import type { Page, PresentPte, Task, Vma, World } from './naive-state.ts';
import { KernelBug, flashContent } from './naive-state.ts';
import { VM, has } from './naive-flags.ts';
import { normalPage } from './naive-classify.ts';
import {
  addRmap,
  allocAnonPage,
  dropMapping,
  leaveSwapCache,
  mlockIfLocked,
} from './naive-pages.ts';
import { prepareAnonVma, setPte } from './naive-vma.ts';

export type WpResult = 'done' | 'OOM';

export function wpPage(w: World, task: Task, vma: Vma, addr: number, pte: PresentPte): WpResult {
  // 1.
  const page = normalPage(w, vma, addr, pte);
  // 2. Raw.
  if (page === undefined) {
    if (pte.frame !== 'zero' && reusesRaw(w, vma)) {
      reuse(vma, pte);
      return 'done';
    }
    return copy(w, task, vma, addr, pte, undefined);
  }
  // 3. Anonymous.
  if (page.anon) {
    if (reusesAnon(w, page)) {
      reuse(vma, pte);
      return 'done';
    }
    return copy(w, task, vma, addr, pte, page);
  }
  // 4. File page, shared and writable; else private.
  if ((vma.flags & (VM.SHARED | VM.WRITE)) === (VM.SHARED | VM.WRITE)) {
    reuse(vma, pte);
    page.dirty = true;
    return 'done';
  }
  return copy(w, task, vma, addr, pte, page);
}

function reusesRaw(w: World, vma: Vma): boolean {
  if (w.rules.anonReuse === 'exclusive') {
    return has(vma.flags, VM.SHARED | VM.MAYSHARE);
  }
  return (vma.flags & (VM.WRITE | VM.SHARED)) === (VM.WRITE | VM.SHARED);
}

function reuse(vma: Vma, pte: PresentPte): void {
  pte.young = true;
  pte.dirty = true;
  pte.write = has(vma.flags, VM.WRITE);
}

/** B24.9. */
function reusesAnon(w: World, page: Page): boolean {
  const users = page.mapcount + (page.slot?.use ?? 0);
  switch (w.rules.anonReuse) {
    case 'M + swap == 1':
    case 'M + swap <= 1':
      if (users > 1) {
        return false;
      }
      // Contract 7: the swap cache keeps no page that only this entry uses.
      if (page.slot !== undefined) {
        leaveSwapCache(w, page);
      }
      return true;
    case 'exclusive':
      if (page.exclusive) {
        return true;
      }
      // Contract 7: with references beside this entry's and the cache's, the swap cache keeps it.
      if (page.refcount > (page.slot === undefined ? 1 : 2)) {
        return false;
      }
      if (page.slot !== undefined && page.slot.use === 0) {
        leaveSwapCache(w, page);
      }
      if (page.refcount !== 1) {
        return false;
      }
      page.exclusive = true;
      return true;
  }
}

/** 5. and 6. */
function copy(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  pte: PresentPte,
  source: Page | undefined,
): WpResult {
  prepareAnonVma(w, vma);
  const page = allocAnonPage(w, 0);
  if (page === undefined) {
    return 'OOM';
  }
  if (source !== undefined) {
    page.byte = source.byte;
  } else if (pte.frame !== 'zero') {
    if (w.rules.lockedRawOops && has(vma.flags, VM.LOCKED)) {
      // B13: the new page is allocated, and lost.
      throw new KernelBug('do_wp_page');
    }
    page.byte = readThroughUserAddress(w, vma, pte);
  }
  addRmap(task, page);
  mlockIfLocked(w, vma, page);
  setPte(task, addr, {
    kind: 'present',
    frame: { page },
    special: false,
    write: has(vma.flags, VM.WRITE),
    dirty: true,
    young: true,
  });
  if (source !== undefined) {
    dropMapping(w, task, vma, source);
  }
  return 'done';
}

/** With page faults disabled; what cannot be read is zero. */
function readThroughUserAddress(w: World, vma: Vma, pte: PresentPte): number {
  if (!has(vma.flags, VM.READ | VM.WRITE | VM.EXEC)) {
    return 0;
  }
  // The zero-fill bug: an old entry cannot be read where young is software. Later kernels make it young first.
  if (!pte.young && !w.rules.hardwareYoung && w.rules.zeroFillBug) {
    return 0;
  }
  return frameByte(w, pte);
}

export function frameByte(w: World, pte: PresentPte): number {
  if (pte.frame === 'zero') {
    return 0;
  }
  return 'flash' in pte.frame ? flashContent(w, pte.frame.flash) : pte.frame.page.byte;
}
