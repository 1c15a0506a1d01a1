/** B16: mprotect, madvise. */
import type { Prot } from './naive-flags.ts';
import type { Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { VM, has, isCowMapping, pageProtWritable, protFlags } from './naive-flags.ts';
import { normalPage } from './naive-classify.ts';
import { reclaimPage } from './naive-reclaim.ts';
import { findVma, isolate, mergeAround, overlapping, pteAt } from './naive-vma.ts';
import { zapRange } from './naive-unmap.ts';

/** The parts of a range: a vma with the addresses of it that are meant, or a hole. */
export function rangeParts(
  task: Task,
  start: number,
  end: number,
): { vma: Vma | undefined; start: number; end: number }[] {
  const parts: { vma: Vma | undefined; start: number; end: number }[] = [];
  let at = start;
  for (const vma of overlapping(task, start, end)) {
    if (vma.start > at) {
      parts.push({ vma: undefined, start: at, end: vma.start });
    }
    const from = Math.max(at, vma.start);
    at = Math.min(end, vma.end);
    parts.push({ vma, start: from, end: at });
  }
  if (at < end) {
    parts.push({ vma: undefined, start: at, end });
  }
  return parts;
}

export function mprotect(w: World, task: Task, start: number, end: number, prot: Prot): string {
  for (const part of rangeParts(task, start, end)) {
    const vma = findVma(task, part.start);
    if (part.vma === undefined || vma === undefined) {
      return 'ENOMEM';
    }
    let flags = protFlags(prot) | (vma.flags & ~(VM.READ | VM.WRITE | VM.EXEC));
    // Beyond the MAY bits.
    if ((flags & ~(flags >> 4) & (VM.READ | VM.WRITE | VM.EXEC)) !== 0) {
      return 'EACCES';
    }
    if (flags === vma.flags) {
      continue;
    }
    // A COW mapping that becomes writable is accounted.
    if (has(flags, VM.WRITE) && !has(vma.flags, VM.ACCOUNT | VM.WRITE | VM.SHARED)) {
      flags |= VM.ACCOUNT;
    }
    for (const piece of isolate(task, part.start, part.end)) {
      piece.flags = flags;
      changeProtection(w, task, piece);
    }
    mergeAround(w, task, part.start, part.end);
  }
  return '0';
}

function changeProtection(w: World, task: Task, vma: Vma): void {
  for (let addr = vma.start; addr < vma.end; addr += PAGE) {
    const pte = pteAt(task, addr);
    if (pte?.kind !== 'present') {
      continue;
    }
    pte.write = pageProtWritable(vma.flags);
    // B24.21: can_change_pte_writable.
    if (w.rules.mprotectUpgrades && has(vma.flags, VM.WRITE) && isCowMapping(vma.flags)) {
      const page = normalPage(w, vma, addr, pte);
      if (page !== undefined && page.anon && page.exclusive) {
        pte.write = true;
      }
    }
  }
}

export type Advice = 'dontneed' | 'dontfork' | 'dofork' | 'dodump' | 'pageout';

export function madvise(w: World, task: Task, start: number, end: number, advice: Advice): string {
  // Advice that this kernel does not know.
  if ((advice === 'dodump' && !w.rules.dodump) || (advice === 'pageout' && !w.rules.pageout)) {
    return 'EINVAL';
  }
  let result = '0';
  for (const part of rangeParts(task, start, end)) {
    if (part.vma === undefined) {
      result = 'ENOMEM';
      continue;
    }
    const vma = findVma(task, part.start);
    if (vma === undefined) {
      continue;
    }
    if (!madviseVma(w, task, vma, part.start, part.end, advice)) {
      return 'EINVAL';
    }
  }
  return result;
}

function madviseVma(
  w: World,
  task: Task,
  vma: Vma,
  start: number,
  end: number,
  advice: Advice,
): boolean {
  switch (advice) {
    case 'dontneed':
      if (has(vma.flags, VM.LOCKED | VM.PFNMAP)) {
        return false;
      }
      zapRange(w, task, vma, start, end);
      return true;
    case 'pageout':
      if (has(vma.flags, VM.LOCKED | VM.PFNMAP)) {
        return false;
      }
      pageOut(w, task, vma, start, end);
      return true;
    case 'dontfork':
      changeFlags(w, task, start, end, vma.flags | VM.DONTCOPY);
      return true;
    case 'dofork':
      if (has(vma.flags, VM.IO)) {
        return false;
      }
      changeFlags(w, task, start, end, vma.flags & ~VM.DONTCOPY);
      return true;
    case 'dodump':
      if (has(vma.flags, w.rules.vmSpecial)) {
        return false;
      }
      changeFlags(w, task, start, end, vma.flags & ~VM.DONTDUMP);
      return true;
  }
}

function changeFlags(w: World, task: Task, start: number, end: number, flags: number): void {
  // Nothing is split where nothing changes.
  if (findVma(task, start)?.flags === flags) {
    return;
  }
  for (const piece of isolate(task, start, end)) {
    piece.flags = flags;
  }
  mergeAround(w, task, start, end);
}

/** Normal pages on the LRU that nobody else maps: young and referenced are forgotten, then reclaim. Raw ones are skipped. */
function pageOut(w: World, task: Task, vma: Vma, start: number, end: number): void {
  for (let addr = start; addr < end; addr += PAGE) {
    const pte = pteAt(task, addr);
    if (pte?.kind !== 'present') {
      continue;
    }
    const page = normalPage(w, vma, addr, pte);
    if (page === undefined || !page.onLru || page.mapcount !== 1) {
      continue;
    }
    pte.young = false;
    page.referenced = false;
    reclaimPage(w, page);
  }
}
