/** B2 and contract 2: finding, splitting and merging vmas. */
import type { Pte, Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { has } from './naive-flags.ts';

export function pageStart(addr: number): number {
  return addr - (addr % PAGE);
}

export function pteAt(task: Task, addr: number): Pte | undefined {
  return task.ptes.get(pageStart(addr) / PAGE);
}

export function setPte(task: Task, addr: number, pte: Pte): void {
  task.ptes.set(pageStart(addr) / PAGE, pte);
}

export function clearPte(task: Task, addr: number): void {
  task.ptes.delete(pageStart(addr) / PAGE);
}

export function findVma(task: Task, addr: number): Vma | undefined {
  return task.vmas.find((vma) => addr >= vma.start && addr < vma.end);
}

export function overlapping(task: Task, start: number, end: number): Vma[] {
  return task.vmas.filter((vma) => vma.start < end && vma.end > start);
}

export function addVma(task: Task, vma: Vma): void {
  task.vmas.push(vma);
  task.vmas.sort((a, b) => a.start - b.start);
}

/** B2: the upper part gets vm_pgoff + pages of the lower. Both have the anon_vma. */
export function splitAt(task: Task, addr: number): void {
  const vma = findVma(task, addr);
  if (vma === undefined || vma.start === addr) {
    return;
  }
  const upper: Vma = { ...vma, start: addr, pgoff: vma.pgoff + (addr - vma.start) / PAGE };
  vma.end = addr;
  addVma(task, upper);
}

/** The vmas of a range, cut to it. */
export function isolate(task: Task, start: number, end: number): Vma[] {
  splitAt(task, start);
  splitAt(task, end);
  return overlapping(task, start, end);
}

function mergeable(w: World, a: Vma, b: Vma): boolean {
  return (
    a.end === b.start &&
    a.flags === b.flags &&
    a.file === b.file &&
    a.pgoff + (a.end - a.start) / PAGE === b.pgoff &&
    !has(a.flags, w.rules.vmSpecial) &&
    (a.anonVma === b.anonVma || a.anonVma === undefined || b.anonVma === undefined)
  );
}

/** Contract 2: merges what borders inside, or at the ends, of a range that changed. */
export function mergeAround(w: World, task: Task, start: number, end: number): void {
  for (let i = 0; i + 1 < task.vmas.length;) {
    const a = task.vmas[i];
    const b = task.vmas[i + 1];
    if (
      a !== undefined &&
      b !== undefined &&
      b.start >= start &&
      b.start <= end &&
      mergeable(w, a, b)
    ) {
      a.end = b.end;
      a.anonVma = a.anonVma ?? b.anonVma;
      task.vmas.splice(i + 1, 1);
    } else {
      i += 1;
    }
  }
}

/** anon_vma_prepare. */
export function prepareAnonVma(w: World, vma: Vma): void {
  if (vma.anonVma === undefined) {
    vma.anonVma = w.nextAnonVma;
    w.nextAnonVma += 1;
  }
}

export function filePgoff(vma: Vma, addr: number): number {
  return vma.pgoff + Math.floor((addr - vma.start) / PAGE);
}
