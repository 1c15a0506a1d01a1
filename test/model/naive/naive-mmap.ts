/** B1 flags at mmap, C1.0, B16 mremap. */
import type { FileState, Task, Vma, World } from './naive-state.ts';
import { PAGE, USER_END } from './naive-state.ts';
import type { Prot } from './naive-flags.ts';
import { VM, has, protFlags } from './naive-flags.ts';
import { populate } from './naive-gup.ts';
import { addVma, clearPte, findVma, mergeAround, overlapping, pteAt, setPte } from './naive-vma.ts';
import { removeVmas, unmapRange } from './naive-unmap.ts';

export interface MmapRequest {
  readonly at: number;
  readonly pages: number;
  readonly prot: Prot;
  readonly shared: boolean;
  readonly file: FileState | undefined;
  readonly pgoff: number;
}

function openForWriting(file: FileState): boolean {
  return file.spec.kind === 'cached' || (file.spec.kind === 'driver' && file.spec.writable);
}

export function mmap(w: World, task: Task, request: MmapRequest): string {
  const { file } = request;
  const end = request.at + request.pages * PAGE;
  let flags = protFlags(request.prot) | VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC;
  if (file !== undefined && request.shared) {
    flags |= VM.SHARED | VM.MAYSHARE;
    if (!openForWriting(file)) {
      if (has(flags, VM.WRITE)) {
        return 'EACCES';
      }
      flags &= ~(VM.MAYWRITE | VM.SHARED);
    }
  }
  if (has(flags, VM.WRITE) && !has(flags, VM.SHARED)) {
    flags |= VM.ACCOUNT;
  }
  if (file !== undefined) {
    const added = flagsOfFile(w, file);
    if (added === undefined) {
      return 'EOPNOTSUPP';
    }
    flags |= added;
  }
  unmapRange(w, task, request.at, end);
  const pgoff = file === undefined ? request.at / PAGE : request.pgoff;
  addVma(task, { start: request.at, end, flags, pgoff, file, anonVma: undefined });
  mergeAround(w, task, request.at, end);
  return '0';
}

/** C1.0 and the contract's drivers; undefined: this kernel has no mixed maps. */
function flagsOfFile(w: World, file: FileState): number | undefined {
  switch (file.spec.kind) {
    case 'cached':
      return 0;
    case 'axfs':
      return w.rules.mixedMaps ? w.rules.axfsFlags : undefined;
    case 'driver':
      switch (file.spec.flags) {
        case 'none':
          return 0;
        case 'pfnmap':
          return VM.PFNMAP;
        case 'mixedmap':
          return w.rules.mixedMaps ? VM.MIXEDMAP : undefined;
      }
  }
}

export function mremap(
  w: World,
  task: Task,
  at: number,
  pages: number,
  newPages: number,
  to: number | undefined,
): string {
  const oldEnd = at + pages * PAGE;
  if (w.rules.mremapLooksFirst && findVma(task, at) === undefined) {
    return 'EFAULT';
  }
  if (to !== undefined) {
    if (to < oldEnd && at < to + newPages * PAGE) {
      return 'EINVAL';
    }
    unmapRange(w, task, to, to + newPages * PAGE);
  }
  // Shrink is munmap, and looks at no vma.
  if (newPages < pages) {
    unmapRange(w, task, at + newPages * PAGE, oldEnd);
  }
  if (newPages <= pages && to === undefined) {
    return '0';
  }
  const kept = Math.min(pages, newPages);
  const vma = findVma(task, at);
  if (vma === undefined || at + kept * PAGE > vma.end) {
    return 'EFAULT';
  }
  if (newPages > pages && has(vma.flags, VM.DONTEXPAND | VM.PFNMAP)) {
    return 'EFAULT';
  }
  if (to !== undefined) {
    move(w, task, vma, at, kept, newPages, to);
    return '0';
  }
  return growInPlace(w, task, vma, oldEnd, at + newPages * PAGE);
}

function growInPlace(w: World, task: Task, vma: Vma, oldEnd: number, newEnd: number): string {
  if (oldEnd !== vma.end || newEnd > USER_END || overlapping(task, oldEnd, newEnd).length > 0) {
    return 'ENOMEM';
  }
  vma.end = newEnd;
  mergeAround(w, task, oldEnd, newEnd);
  lockGrowth(w, task, vma, oldEnd, newEnd, (newEnd - oldEnd) / PAGE);
  return '0';
}

/** B2, B16: entries move unchanged, the new vma keeps the linear relation. */
function move(
  w: World,
  task: Task,
  vma: Vma,
  at: number,
  kept: number,
  newPages: number,
  to: number,
): void {
  const moved: Vma = {
    ...vma,
    start: to,
    end: to + newPages * PAGE,
    pgoff: vma.pgoff + (at - vma.start) / PAGE,
  };
  addVma(task, moved);
  for (let i = 0; i < kept; i++) {
    const pte = pteAt(task, at + i * PAGE);
    if (pte !== undefined) {
      clearPte(task, at + i * PAGE);
      setPte(task, to + i * PAGE, pte);
    }
  }
  removeVmas(task, at, at + kept * PAGE);
  mergeAround(w, task, to, moved.end);
  lockGrowth(w, task, moved, to + kept * PAGE, to + newPages * PAGE, newPages);
}

/** A locked vma counts its pages, and new ones are faulted in. */
function lockGrowth(
  w: World,
  task: Task,
  vma: Vma,
  from: number,
  end: number,
  counted: number,
): void {
  if (has(vma.flags, VM.LOCKED)) {
    task.locked += counted;
    populate(w, task, from, end);
  }
}
