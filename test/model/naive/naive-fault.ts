/** B12: faults, and the accesses that take them. */
import type { Access } from '../contract.ts';
import type { Page, PresentPte, Task, Vma, World } from './naive-state.ts';
import { KernelBug } from './naive-state.ts';
import { VM, has, pageProtWritable } from './naive-flags.ts';
import { addRmap, allocAnonPage, getPage, mlockIfLocked, putPage } from './naive-pages.ts';
import { callHandler } from './naive-filemap.ts';
import { findVma, prepareAnonVma, pteAt, setPte } from './naive-vma.ts';
import { swapIn } from './naive-swap.ts';
import { wpPage } from './naive-wp.ts';

export type FaultResult = 'minor' | 'major' | 'SIGBUS' | 'OOM';

/** handle_mm_fault: the vma is there, its rights are the caller's business. */
export function handleFault(
  w: World,
  task: Task,
  vma: Vma,
  addr: number,
  write: boolean,
): FaultResult {
  const pte = pteAt(task, addr);
  if (pte === undefined) {
    return vma.file === undefined
      ? anonymousFault(w, task, vma, addr, write)
      : fileFault(w, task, vma, addr, write);
  }
  if (pte.kind === 'swap') {
    return swapIn(w, task, vma, addr, pte, write);
  }
  if (write && !pte.write) {
    return wpPage(w, task, vma, addr, pte) === 'OOM' ? 'OOM' : 'minor';
  }
  pte.young = true;
  if (write) {
    pte.dirty = true;
  }
  return 'minor';
}

function present(frame: PresentPte['frame'], write: boolean, dirty: boolean): PresentPte {
  return { kind: 'present', frame, special: false, write, dirty, young: true };
}

/** B12d. */
function anonymousFault(w: World, task: Task, vma: Vma, addr: number, write: boolean): FaultResult {
  if (!write && w.rules.anonRead === 'zero page') {
    setPte(task, addr, { ...present('zero', false, false), special: w.rules.pteSpecial });
    return 'minor';
  }
  if (!write && w.rules.anonRead === 'counted zero page') {
    getPage(w.zeroPage);
    addRmap(task, w.zeroPage);
    setPte(task, addr, present({ page: w.zeroPage }, false, false));
    return 'minor';
  }
  prepareAnonVma(w, vma);
  const page = allocAnonPage(w, 0);
  if (page === undefined) {
    return 'OOM';
  }
  installAnon(w, task, vma, addr, page);
  return 'minor';
}

function installAnon(w: World, task: Task, vma: Vma, addr: number, page: Page): void {
  addRmap(task, page);
  mlockIfLocked(w, vma, page);
  setPte(task, addr, present({ page }, has(vma.flags, VM.WRITE), true));
}

/** B12a to B12c. */
function fileFault(w: World, task: Task, vma: Vma, addr: number, write: boolean): FaultResult {
  if (w.rules.faultRefusesPfnmap && has(vma.flags, VM.PFNMAP)) {
    throw new KernelBug('__do_fault');
  }
  if (write && !has(vma.flags, VM.SHARED)) {
    return cowFault(w, task, vma, addr);
  }
  const file = vma.file;
  if (file === undefined) {
    return 'SIGBUS';
  }
  const answer = callHandler(w, task, vma, file, addr);
  if (answer.kind !== 'page') {
    return answer.kind === 'NOPAGE' ? 'minor' : answer.kind;
  }
  // The handler's reference becomes the entry's.
  const { page } = answer;
  addRmap(task, page);
  mlockIfLocked(w, vma, page);
  if (write) {
    setPte(task, addr, present({ page }, true, true));
    page.dirty = true;
  } else {
    setPte(task, addr, present({ page }, pageProtWritable(vma.flags), false));
  }
  return answer.major ? 'major' : 'minor';
}

/** B12b: early COW. */
function cowFault(w: World, task: Task, vma: Vma, addr: number): FaultResult {
  const file = vma.file;
  if (file === undefined) {
    return 'SIGBUS';
  }
  let copy: Page | undefined;
  if (w.rules.cowPageFirst) {
    prepareAnonVma(w, vma);
    copy = allocAnonPage(w, 0);
    if (copy === undefined) {
      return 'OOM';
    }
  }
  const answer = callHandler(w, task, vma, file, addr);
  if (answer.kind !== 'page') {
    if (copy !== undefined) {
      putPage(w, copy);
    }
    return answer.kind === 'NOPAGE' ? 'minor' : answer.kind;
  }
  const source = answer.page;
  if (copy === undefined) {
    prepareAnonVma(w, vma);
    copy = allocAnonPage(w, 0);
    if (copy === undefined) {
      putPage(w, source);
      return 'OOM';
    }
  }
  copy.byte = source.byte;
  installAnon(w, task, vma, addr, copy);
  putPage(w, source);
  return answer.major ? 'major' : 'minor';
}

export interface AccessResult {
  result: string;
  minor: number;
  major: number;
}

/** A user access of one byte, repeated until it goes through. Counts live in `counts`, so that a BUG keeps them. */
export function accessPage(
  w: World,
  task: Task,
  addr: number,
  access: Access,
  value: number,
  counts: AccessResult,
): void {
  for (;;) {
    const vma = findVma(task, addr);
    if (vma === undefined) {
      counts.result = 'SIGSEGV/MAPERR';
      return;
    }
    // Contract 10.
    const any = VM.READ | VM.WRITE | VM.EXEC;
    const right = access === 'read' ? any : access === 'write' ? VM.WRITE : VM.EXEC;
    if (!has(vma.flags, right)) {
      counts.result = 'SIGSEGV/ACCERR';
      return;
    }
    const write = access === 'write';
    const pte = pteAt(task, addr);
    if (pte?.kind === 'present' && mmuAccepts(w, pte, write)) {
      pte.young = true;
      if (write) {
        pte.dirty = true;
        store(w, pte, value);
      }
      counts.result = '0';
      return;
    }
    const fault = handleFault(w, task, vma, addr, write);
    if (fault === 'minor') {
      counts.minor += 1;
    } else if (fault === 'major') {
      counts.major += 1;
    } else {
      counts.result = fault;
      return;
    }
  }
}

/** B20: where young and dirty are software, an old entry is not accessible, a clean one not writable. */
function mmuAccepts(w: World, pte: PresentPte, write: boolean): boolean {
  if (write && !pte.write) {
    return false;
  }
  return w.rules.hardwareYoung || (pte.young && (!write || pte.dirty));
}

function store(w: World, pte: PresentPte, value: number): void {
  if (pte.frame === 'zero') {
    return;
  }
  if ('flash' in pte.frame) {
    w.flash.set(pte.frame.flash, value);
  } else {
    pte.frame.page.byte = value;
  }
}
