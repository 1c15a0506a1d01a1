/** B19, contract 6: shrink_page_list of one page. */
import type { Page, PresentPte, Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { VM, has } from './naive-flags.ts';
import { pageOf } from './naive-classify.ts';
import {
  addToSwap,
  dropMapping,
  getPage,
  leaveSwapCache,
  putPage,
  removeFromCache,
} from './naive-pages.ts';
import { clearPte, pteAt, setPte } from './naive-vma.ts';

export type ReclaimResult = 'freed' | 'kept' | 'activated' | 'mlocked';

interface Mapping {
  task: Task;
  vma: Vma;
  addr: number;
  pte: PresentPte;
}

/** Every entry that maps a page. */
function mappingsOf(w: World, page: Page): Mapping[] {
  const found: Mapping[] = [];
  for (const task of w.tasks.values()) {
    for (const vma of task.vmas) {
      for (let addr = vma.start; addr < vma.end; addr += PAGE) {
        const pte = pteAt(task, addr);
        if (pte?.kind === 'present' && pageOf(pte) === page) {
          found.push({ task, vma, addr, pte });
        }
      }
    }
  }
  return found;
}

export function reclaimPage(w: World, page: Page): ReclaimResult {
  page.active = false;
  getPage(page); // isolation
  const result = shrink(w, page);
  if (result !== 'freed') {
    putPage(w, page);
  }
  return result;
}

function shrink(w: World, page: Page): ReclaimResult {
  const mappings = mappingsOf(w, page);
  const verdict = references(w, page, mappings);
  if (mappings.some(({ vma }) => has(vma.flags, VM.LOCKED))) {
    return 'mlocked';
  }
  if (verdict === 'kept by reference') {
    page.referenced = true;
    return 'kept';
  }
  if (verdict === 'activated') {
    page.active = true;
    return 'activated';
  }
  if (verdict === 'activated, referenced') {
    page.referenced = true;
    page.active = true;
    return 'activated';
  }
  if (page.anon && page.slot === undefined && !addToSwap(w, page)) {
    page.active = true;
    return 'activated';
  }
  for (const mapping of mappings) {
    unmapOne(w, page, mapping);
  }
  if (page.dirty) {
    writeOut(page);
  }
  // Freeze from exactly 2: cache and isolation.
  if (page.refcount !== 2) {
    return 'kept';
  }
  if (page.slot !== undefined) {
    leaveSwapCache(w, page);
  } else {
    removeFromCache(w, page);
  }
  putPage(w, page);
  return 'freed';
}

type Verdict = 'go on' | 'activated' | 'activated, referenced' | 'kept by reference';

/** page_referenced clears young in every entry and PG_referenced; what follows from it differs. */
function references(w: World, page: Page, mappings: Mapping[]): Verdict {
  const young = mappings.filter(({ pte }) => pte.young);
  const wasReferenced = page.referenced;
  for (const { pte } of young) {
    pte.young = false;
  }
  page.referenced = false;
  if (w.rules.references === 'any') {
    const referenced = young.length > 0 || wasReferenced;
    return referenced && inUse(w, page) ? 'activated' : 'go on';
  }
  if (young.length === 0) {
    return 'go on';
  }
  if (w.rules.references === 'counted, anon activates' && page.anon) {
    return 'activated';
  }
  const executed = !page.anon && young.some(({ vma }) => has(vma.flags, VM.EXEC));
  return wasReferenced || young.length > 1 || executed
    ? 'activated, referenced'
    : 'kept by reference';
}

/** page_mapping_inuse: mapped, or in the swap cache, or its file is mapped by any vma. */
function inUse(w: World, page: Page): boolean {
  if (page.mapcount > 0 || page.slot !== undefined) {
    return true;
  }
  const file = page.cachedIn;
  return (
    file !== undefined &&
    [...w.tasks.values()].some((task) => task.vmas.some((vma) => vma.file === file))
  );
}

/** try_to_unmap, one entry. */
function unmapOne(w: World, page: Page, { task, vma, addr, pte }: Mapping): void {
  if (pte.dirty) {
    page.dirty = true;
  }
  if (page.anon && page.slot !== undefined) {
    setPte(task, addr, { kind: 'swap', slot: page.slot, exclusive: page.exclusive });
    page.slot.use += 1;
    page.exclusive = false;
    task.swap += 1;
  } else {
    clearPte(task, addr);
  }
  dropMapping(w, task, vma, page);
}

/** Writing always succeeds, at once. */
function writeOut(page: Page): void {
  page.dirty = false;
  if (page.slot !== undefined) {
    page.slot.byte = page.byte;
  } else {
    page.cachedIn?.disk.set(page.index, page.byte);
  }
}
