/** B4, B5, B6: reference counts, mapcounts, RSS, page cache, swap slots. */
import type { FileState, Page, Slot, Task, Vma, World } from './naive-state.ts';
import { blankPage } from './naive-state.ts';
import { VM, has } from './naive-flags.ts';

/** B4: a fresh page has C=1, M=0. Without a free frame there is none (contract 4). */
export function allocPage(w: World, byte: number): Page | undefined {
  if (w.freeFrames <= 0) {
    return undefined;
  }
  w.freeFrames -= 1;
  return blankPage(byte);
}

/** A new anonymous page is active at once (contract 5), and exclusive (B13.6). */
export function allocAnonPage(w: World, byte: number): Page | undefined {
  const page = allocPage(w, byte);
  if (page !== undefined) {
    page.anon = true;
    page.exclusive = true;
    page.active = true;
    page.onLru = true;
  }
  return page;
}

export function getPage(page: Page): void {
  page.refcount += 1;
}

export function putPage(w: World, page: Page): void {
  page.refcount -= 1;
  if (page.refcount === 0) {
    freePage(w, page);
    return;
  }
  sweepSwapCache(w);
}

/** B4: M, mapping and cache have to be gone when a page is freed. */
function freePage(w: World, page: Page): void {
  if (page.mapcount !== 0 || page.cachedIn !== undefined || page.slot !== undefined) {
    w.events.push('bad_page');
  }
  page.alive = false;
  page.mapcount = 0;
  page.dirty = page.referenced = page.active = page.mlocked = page.onLru = false;
  w.freeFrames += 1;
}

/** B4, B5: an entry begins to map a normal page; the reference is the caller's business. */
export function addRmap(task: Task, page: Page): void {
  page.mapcount += 1;
  if (page.anon) {
    task.anon += 1;
  } else {
    task.file += 1;
  }
}

/** B14: an entry ceases to map a normal page: F or A, M, then C. */
export function dropMapping(w: World, task: Task, vma: Vma, page: Page): void {
  if (page.anon) {
    task.anon -= 1;
  } else {
    task.file -= 1;
  }
  page.mapcount -= 1;
  if (has(vma.flags, VM.LOCKED) || page.mapcount === 0) {
    page.mlocked = false;
  }
  putPage(w, page);
}

/** Contract 8: a page that faults in in a VM_LOCKED vma. */
export function mlockIfLocked(w: World, vma: Vma, page: Page): void {
  if (has(vma.flags, VM.LOCKED) && page !== w.zeroPage) {
    page.mlocked = true;
  }
}

/** B6: C+1, mapping and index, inactive. */
export function addToCache(file: FileState, index: number, page: Page): void {
  getPage(page);
  page.cachedIn = file;
  page.index = index;
  page.onLru = true;
  file.cache.set(index, page);
}

/** B6: the mapping goes, and the cache's reference. */
export function removeFromCache(w: World, page: Page): void {
  page.cachedIn?.cache.delete(page.index);
  page.cachedIn = undefined;
  putPage(w, page);
}

/** add_to_swap: a slot, C+1, dirty. False without a free slot. */
export function addToSwap(w: World, page: Page): boolean {
  if (w.slots.size >= w.spec.swapSlots) {
    return false;
  }
  const slot: Slot = { use: 0, byte: page.byte, page };
  w.slots.add(slot);
  page.slot = slot;
  page.dirty = true;
  getPage(page);
  return true;
}

/** The page of a slot leaves the swap cache; a slot that nobody uses is free. */
export function leaveSwapCache(w: World, page: Page): void {
  const slot = page.slot;
  if (slot === undefined) {
    return;
  }
  page.slot = undefined;
  slot.page = undefined;
  if (slot.use === 0) {
    w.slots.delete(slot);
  }
  putPage(w, page);
}

/** One swap entry less. */
export function dropSlotUse(w: World, slot: Slot): void {
  slot.use -= 1;
  if (slot.use === 0 && slot.page === undefined) {
    w.slots.delete(slot);
  }
  sweepSwapCache(w);
}

/** Contract 6: swap cache pages that nothing else uses, of slots that no entry uses. */
function sweepSwapCache(w: World): void {
  for (const slot of [...w.slots]) {
    if (slot.use === 0 && slot.page !== undefined && slot.page.refcount === 1) {
      leaveSwapCache(w, slot.page);
    }
  }
}
