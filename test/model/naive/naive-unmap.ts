/** B14, B18: taking entries away. */
import type { FileState, Page, PresentPte, Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { VM, has } from './naive-flags.ts';
import { normalPage } from './naive-classify.ts';
import { dropMapping, dropSlotUse, removeFromCache } from './naive-pages.ts';
import { clearPte, isolate, pteAt } from './naive-vma.ts';

/** What unmap_mapping_range says to zap_pte_range. */
export interface ZapDetails {
  readonly file: FileState;
  readonly evenCows: boolean;
}

/** B14: zap_pte_range. */
export function zapRange(
  w: World,
  task: Task,
  vma: Vma,
  start: number,
  end: number,
  details?: ZapDetails,
): void {
  for (let addr = start; addr < end; addr += PAGE) {
    const pte = pteAt(task, addr);
    if (pte === undefined) {
      continue;
    }
    if (pte.kind === 'swap') {
      if (details === undefined || zapsSwap(w, details)) {
        clearPte(task, addr);
        task.swap -= 1;
        dropSlotUse(w, pte.slot);
      }
      continue;
    }
    zapPresent(w, task, vma, addr, pte, details);
  }
}

/** B24.23. */
function zapsSwap(w: World, details: ZapDetails): boolean {
  return !w.rules.swapSurvivesUnmapMapping && details.evenCows;
}

function zapPresent(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  pte: PresentPte,
  details?: ZapDetails,
): void {
  const page = normalPage(w, vma, addr, pte);
  // Raw: cleared, nothing else. Always.
  if (page === undefined) {
    clearPte(task, addr);
    return;
  }
  if (details !== undefined && !details.evenCows && keeps(w, page, details)) {
    return;
  }
  clearPte(task, addr);
  transferBits(page, pte);
  dropMapping(w, task, vma, page);
}

/** B24.12. */
function keeps(w: World, page: Page, details: ZapDetails): boolean {
  return w.rules.evenCowsKeeps === 'anon' ? page.anon : page.cachedIn !== details.file;
}

/** B14: of file pages, dirty and young go to the page. */
function transferBits(page: Page, pte: PresentPte): void {
  if (page.anon) {
    return;
  }
  if (pte.dirty) {
    page.dirty = true;
  }
  if (pte.young) {
    page.referenced = true;
  }
}

/** munmap: entries, then vmas. */
export function unmapRange(w: World, task: Task, start: number, end: number): void {
  for (const vma of isolate(task, start, end)) {
    zapRange(w, task, vma, vma.start, vma.end);
  }
  removeVmas(task, start, end);
}

/** The vmas of an isolated range go, without looking at entries. */
export function removeVmas(task: Task, start: number, end: number): void {
  for (const vma of isolate(task, start, end)) {
    if (has(vma.flags, VM.LOCKED)) {
      task.locked -= (vma.end - vma.start) / PAGE;
    }
    task.vmas.splice(task.vmas.indexOf(vma), 1);
  }
}

export function exitTask(w: World, task: Task): void {
  for (const vma of task.vmas) {
    zapRange(w, task, vma, vma.start, vma.end);
  }
  task.vmas = [];
  task.locked = 0;
  task.state = 'dead';
}

/** B18: unmap_mapping_range, for every vma of the mapping that overlaps. */
export function unmapMappingRange(
  w: World,
  file: FileState,
  first: number,
  count: number,
  evenCows: boolean,
): void {
  for (const task of w.tasks.values()) {
    for (const vma of task.vmas) {
      if (vma.file !== file) {
        continue;
      }
      const pages = (vma.end - vma.start) / PAGE;
      const from = Math.max(first, vma.pgoff);
      const to = Math.min(first + count, vma.pgoff + pages);
      if (from < to) {
        const start = vma.start + (from - vma.pgoff) * PAGE;
        zapRange(w, task, vma, start, start + (to - from) * PAGE, { file, evenCows });
      }
    }
  }
}

/** B18: size, unmap with private copies, pages, unmap again. */
export function truncateFile(w: World, file: FileState, pages: number): void {
  file.size = pages;
  unmapMappingRange(w, file, pages, Infinity, true);
  for (const [index, page] of [...file.cache]) {
    if (index >= pages) {
      page.dirty = false;
      removeFromCache(w, page);
    }
  }
  unmapMappingRange(w, file, pages, Infinity, true);
}
