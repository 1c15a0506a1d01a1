/** The naive model: one function of the kernel for each operation. */
import type { MakeWorld, Operation, Outcome } from '../contract.ts';
import type { AccessResult } from './naive-fault.ts';
import type { FileState, Task, World } from './naive-state.ts';
import { KernelBug, PAGE, makeState } from './naive-state.ts';
import { accessPage } from './naive-fault.ts';
import { allocPage, putPage } from './naive-pages.ts';
import { exitTask, truncateFile, unmapMappingRange, unmapRange } from './naive-unmap.ts';
import { findVma, pteAt } from './naive-vma.ts';
import { forkTask } from './naive-fork.ts';
import { gup, mincore, mlock, munlock } from './naive-gup.ts';
import {
  insertMixed,
  insertPage,
  insertPfn,
  insertResult,
  remap,
  resolveFrame,
} from './naive-insert.ts';
import { madvise, mprotect } from './naive-protect.ts';
import { mmap, mremap } from './naive-mmap.ts';
import { normalPage } from './naive-classify.ts';
import { readFile } from './naive-filemap.ts';
import { reclaimPage } from './naive-reclaim.ts';
import { takeSnapshot } from './naive-snapshot.ts';

type TaskOperation = Extract<Operation, { task: number }>;
type WorldOperation = Exclude<Operation, { task: number }>;

export const makeNaiveWorld: MakeWorld = (spec) => {
  const w = makeState(spec);
  return {
    apply: (operation) => apply(w, operation),
    snapshot: () => takeSnapshot(w),
  };
};

function apply(w: World, operation: Operation): Outcome {
  w.events = [];
  const counts: AccessResult = { result: '0', minor: 0, major: 0 };
  let task: Task | undefined;
  if ('task' in operation) {
    task = w.tasks.get(operation.task);
    if (task === undefined || task.state === 'dead') {
      return { result: 'dead', minor: 0, major: 0, events: [] };
    }
  }
  let result: string;
  try {
    if ('task' in operation && task !== undefined) {
      result = ofTask(w, task, operation, counts);
    } else {
      result = 'task' in operation ? 'dead' : ofWorld(w, operation);
    }
  } catch (error) {
    if (!(error instanceof KernelBug)) {
      throw error;
    }
    if (task !== undefined) {
      task.state = 'dead';
    }
    result = error.message;
  }
  return { result, minor: counts.minor, major: counts.major, events: w.events };
}

function ofTask(w: World, task: Task, o: TaskOperation, counts: AccessResult): string {
  switch (o.op) {
    case 'mmap': {
      const file = o.file === undefined ? undefined : w.files[o.file];
      return mmap(w, task, {
        at: o.at,
        pages: o.pages,
        prot: o.prot,
        shared: o.shared,
        file,
        pgoff: o.pgoff ?? 0,
      });
    }
    case 'munmap':
      unmapRange(w, task, o.at, o.at + o.pages * PAGE);
      return '0';
    case 'access':
      accessPage(w, task, o.at, o.access, o.value ?? 0, counts);
      return counts.result;
    case 'insertPage':
    case 'insertPfn':
    case 'insertMixed':
    case 'remap':
      return ofDriver(w, task, o);
    case 'fork':
      if (w.tasks.has(o.child)) {
        return 'EEXIST';
      }
      forkTask(w, task, o.child);
      return '0';
    case 'exit':
      exitTask(w, task);
      w.tasks.delete(o.task);
      return '0';
    case 'mprotect':
      return mprotect(w, task, o.at, o.at + o.pages * PAGE, o.prot);
    case 'mremap':
      return mremap(w, task, o.at, o.pages, o.newPages, o.to);
    case 'madvise':
      return madvise(w, task, o.at, o.at + o.pages * PAGE, o.advice);
    case 'mlock':
      return mlock(w, task, o.at, o.at + o.pages * PAGE);
    case 'munlock':
      return munlock(w, task, o.at, o.at + o.pages * PAGE);
    case 'gup':
      return gup(w, task, o.at, o.write, o.force, o.id);
    case 'reclaimAnonPage':
      return reclaimAnonPage(w, task, o.at);
    case 'mincore':
      return mincore(w, task, o.at);
  }
}

type DriverOperation = Extract<Operation, { vma: number }>;

function ofDriver(w: World, task: Task, o: DriverOperation): string {
  if (o.op === 'insertMixed' && (!w.rules.mixedMaps || (o.mkwrite && !w.rules.mkwrite))) {
    return 'EOPNOTSUPP';
  }
  const vma = findVma(task, o.vma);
  if (vma === undefined) {
    return 'no vma';
  }
  if (o.op === 'remap') {
    return remap(w, task, vma, o.at, o.flash, o.pages);
  }
  const frame = resolveFrame(w, o.op === 'insertPage' ? { page: o.page } : o.frame);
  if (frame === undefined) {
    return 'no page';
  }
  if (o.op === 'insertPage') {
    return 'page' in frame ? insertPage(w, task, vma, o.at, frame.page, o.lock) : 'no page';
  }
  if (o.op === 'insertPfn') {
    return insertResult(w, insertPfn(w, task, vma, o.at, frame));
  }
  return insertResult(w, insertMixed(w, task, vma, o.at, frame, o.mkwrite));
}

function reclaimAnonPage(w: World, task: Task, at: number): string {
  const vma = findVma(task, at);
  const pte = pteAt(task, at);
  if (vma === undefined || pte?.kind !== 'present') {
    return 'no page';
  }
  const page = normalPage(w, vma, at, pte, true);
  return page?.anon === true ? reclaimPage(w, page) : 'no page';
}

function ofWorld(w: World, o: WorldOperation): string {
  switch (o.op) {
    case 'allocPage': {
      const page = allocPage(w, o.value);
      if (page === undefined) {
        return 'ENOMEM';
      }
      w.named.set(o.id, { page, owned: true });
      return '0';
    }
    case 'putPage':
      return dropName(w, o.id);
    case 'gupPut': {
      const page = w.got.get(o.id);
      if (page === undefined) {
        return 'no page';
      }
      w.got.delete(o.id);
      putPage(w, page);
      return '0';
    }
  }
  const file = w.files[o.file];
  return file === undefined ? 'no page' : ofFile(w, file, o);
}

function dropName(w: World, id: number): string {
  const named = w.named.get(id);
  if (named === undefined || !named.owned || !named.page.alive) {
    return 'no page';
  }
  named.owned = false;
  putPage(w, named.page);
  return '0';
}

type FileOperation = Extract<WorldOperation, { file: number }>;

function ofFile(w: World, file: FileState, o: FileOperation): string {
  switch (o.op) {
    case 'unmapMapping':
      unmapMappingRange(w, file, o.pgoff, o.pages, o.evenCows);
      return '0';
    case 'truncate':
      if (file.spec.kind !== 'cached' || o.pages > file.size) {
        return 'EINVAL';
      }
      truncateFile(w, file, o.pages);
      return '0';
    case 'read':
      return readFile(w, file, o.pgoff);
    case 'reclaimFilePage': {
      const page = file.cache.get(o.pgoff);
      return page === undefined ? 'no page' : reclaimPage(w, page);
    }
  }
}
