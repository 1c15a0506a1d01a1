/** B15: copy_page_range. */
import type { Task, Vma, World } from './naive-state.ts';
import { PAGE, blankTask } from './naive-state.ts';
import { VM, has, isCowMapping } from './naive-flags.ts';
import { normalPage } from './naive-classify.ts';
import { addRmap, getPage } from './naive-pages.ts';
import { pteAt, setPte } from './naive-vma.ts';

export function forkTask(w: World, parent: Task, number: number): void {
  const child = blankTask(number);
  for (const vma of parent.vmas) {
    if (has(vma.flags, VM.DONTCOPY)) {
      continue;
    }
    // Locks are not inherited.
    const copy: Vma = { ...vma, flags: vma.flags & ~VM.LOCKED };
    child.vmas.push(copy);
    if (copiesNow(w, vma)) {
      copyEntries(w, parent, child, vma);
    }
  }
  w.tasks.set(number, child);
}

/** B24.5. */
function copiesNow(w: World, vma: Vma): boolean {
  return has(vma.flags, w.rules.forkCopies) || vma.anonVma !== undefined;
}

function copyEntries(w: World, parent: Task, child: Task, vma: Vma): void {
  for (let addr = vma.start; addr < vma.end; addr += PAGE) {
    const pte = pteAt(parent, addr);
    if (pte === undefined) {
      continue;
    }
    if (pte.kind === 'swap') {
      pte.slot.use += 1;
      // Contract 7: fork clears the exclusive flag.
      pte.exclusive = false;
      setPte(child, addr, { ...pte });
      child.swap += 1;
      continue;
    }
    if (isCowMapping(vma.flags) && pte.write) {
      pte.write = false;
    }
    const copy = { ...pte, young: false };
    if (has(vma.flags, VM.SHARED)) {
      copy.dirty = false;
    }
    const page = normalPage(w, vma, addr, pte);
    if (page !== undefined) {
      getPage(page);
      addRmap(child, page);
      page.exclusive = false;
    }
    setPte(child, addr, copy);
  }
}
