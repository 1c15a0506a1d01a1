/** B19 do_swap_page, D6, contract 7. */
import type { Page, PresentPte, SwapPte, Task, Vma, World } from './naive-state.ts';
import { VM, has } from './naive-flags.ts';
import {
  addRmap,
  allocAnonPage,
  dropSlotUse,
  getPage,
  leaveSwapCache,
  mlockIfLocked,
} from './naive-pages.ts';
import { prepareAnonVma, setPte } from './naive-vma.ts';
import { wpPage } from './naive-wp.ts';

export function swapIn(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  entry: SwapPte,
  write: boolean,
): 'minor' | 'major' | 'OOM' {
  const slot = entry.slot;
  let page: Page | undefined = slot.page;
  let kind: 'minor' | 'major' = 'minor';
  if (page === undefined) {
    kind = 'major';
    page = allocAnonPage(w, slot.byte);
    if (page === undefined) {
      return 'OOM';
    }
    page.exclusive = false;
    // Its first reference is the swap cache's.
    page.slot = slot;
    slot.page = page;
  }
  prepareAnonVma(w, vma);
  getPage(page);
  addRmap(task, page);
  mlockIfLocked(w, vma, page);
  const pte: PresentPte = {
    kind: 'present',
    frame: { page },
    special: false,
    write: false,
    dirty: false,
    young: true,
  };
  setPte(task, addr, pte);
  task.swap -= 1;
  if (w.rules.anonReuse === 'exclusive' && entry.exclusive) {
    page.exclusive = true;
  }
  dropSlotUse(w, slot);
  // "No other entry of the slot, no gup": this entry and the swap cache hold it, nobody else.
  const onlyUser = slot.use === 0 && page.mapcount === 1 && page.refcount === 2;
  if (write && onlyUser) {
    pte.write = has(vma.flags, VM.WRITE);
    pte.dirty = true;
    page.exclusive = true;
    leaveSwapCache(w, page);
    return kind;
  }
  // Contract 7.
  if (onlyUser && w.rules.anonReuse === 'exclusive') {
    page.exclusive = true;
  }
  if (slot.use === 0) {
    leaveSwapCache(w, page);
  }
  if (write) {
    return wpPage(w, task, vma, addr, pte) === 'OOM' ? 'OOM' : kind;
  }
  return kind;
}
