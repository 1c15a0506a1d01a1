/** C1, C2 and the contract's files: page cache, read(2), and the fault handlers. */
import { FLASH_FIRST, fileByte } from '../contract.ts';
import type { FileState, Page, Task, Vma, World } from './naive-state.ts';
import { flashContent } from './naive-state.ts';
import { addToCache, allocPage, getPage, putPage, removeFromCache } from './naive-pages.ts';
import { insertMixed, insertPfn } from './naive-insert.ts';
import { filePgoff } from './naive-vma.ts';
import { unmapMappingRange } from './naive-unmap.ts';

/** What ->fault answers; a page comes with a reference. */
export type HandlerAnswer =
  | { kind: 'page'; page: Page; major: boolean }
  | { kind: 'NOPAGE' }
  | { kind: 'SIGBUS' }
  | { kind: 'OOM' };

/** S10: XIP pages have consecutive frames in the order of their number. */
function xipPfn(file: FileState, pgoff: number): number | undefined {
  if (file.spec.kind !== 'axfs' || file.spec.pages[pgoff] !== 'xip') {
    return undefined;
  }
  return (
    file.spec.xipFirst + file.spec.pages.slice(0, pgoff).filter((kind) => kind === 'xip').length
  );
}

/** What the medium holds. */
function mediumByte(w: World, file: FileState, pgoff: number): number {
  const pfn = xipPfn(file, pgoff);
  return pfn === undefined
    ? (file.disk.get(pgoff) ?? fileByte(file.number, pgoff))
    : flashContent(w, pfn);
}

/** C1.3: a reference for the caller; a miss fills the cache. */
function findOrFill(
  w: World,
  file: FileState,
  pgoff: number,
): { page: Page; major: boolean } | 'OOM' {
  const found = file.cache.get(pgoff);
  if (found !== undefined) {
    getPage(found);
    return { page: found, major: false };
  }
  const page = allocPage(w, mediumByte(w, file, pgoff));
  if (page === undefined) {
    return 'OOM';
  }
  addToCache(file, pgoff, page);
  return { page, major: true };
}

function filemapFault(w: World, file: FileState, pgoff: number): HandlerAnswer {
  if (pgoff >= file.size) {
    return { kind: 'SIGBUS' };
  }
  const result = findOrFill(w, file, pgoff);
  return result === 'OOM' ? { kind: 'OOM' } : { kind: 'page', ...result };
}

/** vma->vm_ops->fault. */
export function callHandler(
  w: World,
  task: Task,
  vma: Vma,
  file: FileState,
  addr: number,
): HandlerAnswer {
  const pgoff = filePgoff(vma, addr);
  switch (file.spec.kind) {
    case 'cached':
      return filemapFault(w, file, pgoff);
    case 'axfs':
      return axfsFault(w, task, vma, file, addr, pgoff);
    case 'driver':
      return driverFault(w, task, vma, file, addr, pgoff);
  }
}

/** C1.1, C1.2. */
function axfsFault(
  w: World,
  task: Task,
  vma: Vma,
  file: FileState,
  addr: number,
  pgoff: number,
): HandlerAnswer {
  if (pgoff >= file.size) {
    return { kind: 'SIGBUS' };
  }
  const pfn = xipPfn(file, pgoff);
  if (pfn === undefined) {
    return filemapFault(w, file, pgoff);
  }
  const copy = w.rules.axfsReadsCache ? file.cache.get(pgoff) : undefined;
  if (copy !== undefined) {
    // C1.2b: the copy that a read() made goes.
    getPage(copy);
    unmapMappingRange(w, file, pgoff, 1, false);
    removeFromCache(w, copy);
    putPage(w, copy);
  }
  insertMixed(w, task, vma, addr, { flash: pfn }, false);
  return { kind: 'NOPAGE' };
}

function driverFault(
  w: World,
  task: Task,
  vma: Vma,
  file: FileState,
  addr: number,
  pgoff: number,
): HandlerAnswer {
  const fault = file.spec.kind === 'driver' ? file.spec.fault : 'sigbus';
  switch (fault) {
    case 'sigbus':
      return { kind: 'SIGBUS' };
    case 'page': {
      const page = file.driverPages[pgoff];
      if (page === undefined) {
        return { kind: 'SIGBUS' };
      }
      getPage(page);
      return { kind: 'page', page, major: false };
    }
    case 'pfn':
    case 'mixed': {
      if (fault === 'mixed' && !w.rules.mixedMaps) {
        return { kind: 'SIGBUS' };
      }
      const frame = { flash: FLASH_FIRST + ((7 * pgoff + 3) % 64) };
      const errno =
        fault === 'pfn'
          ? insertPfn(w, task, vma, addr, frame)
          : insertMixed(w, task, vma, addr, frame, false);
      return errno === '0' || errno === 'EBUSY' ? { kind: 'NOPAGE' } : { kind: 'SIGBUS' };
    }
  }
}

/** C1.4, contract 5. */
export function readFile(w: World, file: FileState, pgoff: number): string {
  if (file.spec.kind === 'driver') {
    return 'EINVAL';
  }
  if (pgoff >= file.size) {
    return 'EOF';
  }
  const pfn = xipPfn(file, pgoff);
  if (pfn !== undefined && !w.rules.axfsReadsCache) {
    return String(flashContent(w, pfn));
  }
  const result = findOrFill(w, file, pgoff);
  if (result === 'OOM') {
    return 'OOM';
  }
  markAccessed(result.page);
  const byte = result.page.byte;
  putPage(w, result.page);
  return String(byte);
}

/** mark_page_accessed. */
function markAccessed(page: Page): void {
  if (!page.referenced) {
    page.referenced = true;
  } else if (!page.active) {
    page.active = true;
    page.referenced = false;
  }
}
