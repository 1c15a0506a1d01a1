/** Walks everything there is. */
import type { FrameState, PageState, Snapshot } from '../contract.ts';
import type { Page, PresentPte, Slot, Task, Vma, World } from './naive-state.ts';
import { PAGE } from './naive-state.ts';
import { normalPage, pageOf } from './naive-classify.ts';
import { filePgoff, pteAt } from './naive-vma.ts';

type SnapshotTask = Snapshot['tasks'][number];

interface Numbers {
  pages: Page[];
  slots: Slot[];
}

function numberOf<T>(list: T[], item: T): number {
  const index = list.indexOf(item);
  if (index >= 0) {
    return index;
  }
  list.push(item);
  return list.length - 1;
}

const ascending = (a: number, b: number): number => a - b;

function sorted<T>(map: ReadonlyMap<number, T>): T[] {
  return [...map.keys()].sort(ascending).flatMap((key) => {
    const value = map.get(key);
    return value === undefined ? [] : [value];
  });
}

export function takeSnapshot(w: World): Snapshot {
  const numbers: Numbers = { pages: [], slots: [] };
  const tasks = sorted(w.tasks).map((task) => taskState(w, task, numbers));
  for (const file of w.files) {
    for (const page of sorted(file.cache)) {
      numberOf(numbers.pages, page);
    }
  }
  for (const file of w.files) {
    file.driverPages.filter((page) => page.alive).forEach((page) => numberOf(numbers.pages, page));
  }
  for (const named of sorted(w.named)) {
    if (named.owned && named.page.alive) {
      numberOf(numbers.pages, named.page);
    }
  }
  for (const page of sorted(w.got)) {
    numberOf(numbers.pages, page);
  }
  return {
    tasks,
    frames: numbers.pages.flatMap((page, number) => (page.alive ? [frameState(page, number)] : [])),
    swap: numbers.slots.map((slot) => slot.use),
    freeFrames: w.freeFrames,
  };
}

function taskState(w: World, task: Task, numbers: Numbers): SnapshotTask {
  const pages: PageState[] = [];
  for (const vma of task.vmas) {
    for (let at = vma.start; at < vma.end; at += PAGE) {
      const pte = pteAt(task, at);
      pages.push({
        at,
        flags: vma.flags,
        pgoff: filePgoff(vma, at),
        pte:
          pte === undefined
            ? 'none'
            : pte.kind === 'swap'
              ? swapName(pte.slot, numbers)
              : entryName(w, vma, at, pte, numbers),
        bits: pte?.kind === 'present' ? bits(pte) : '---',
      });
    }
  }
  const { number, state, file, anon, swap, locked } = task;
  return { task: number, state, file, anon, swap, locked, pages };
}

function swapName(slot: Slot, numbers: Numbers): string {
  if (slot.page !== undefined) {
    numberOf(numbers.pages, slot.page);
  }
  return `swap ${numberOf(numbers.slots, slot)}`;
}

function entryName(w: World, vma: Vma, at: number, pte: PresentPte, numbers: Numbers): string {
  if (pte.frame === 'zero') {
    return 'zero';
  }
  if ('flash' in pte.frame) {
    return `raw 0x${pte.frame.flash.toString(16)}`;
  }
  const page = normalPage(w, vma, at, pte, true);
  if (page !== undefined) {
    return `${page.anon ? 'anon' : 'file'} ${numberOf(numbers.pages, page)}`;
  }
  const raw = pageOf(pte);
  return raw === undefined ? 'none' : `raw page ${numberOf(numbers.pages, raw)}`;
}

function bits(pte: PresentPte): string {
  return `${pte.write ? 'w' : '-'}${pte.dirty ? 'd' : '-'}${pte.young ? 'y' : '-'}`;
}

function frameState(page: Page, number: number): FrameState {
  const flag = (set: boolean, letter: string): string => (set ? letter : '-');
  return {
    page: number,
    refcount: page.refcount,
    mapcount: page.mapcount,
    anon: page.anon,
    pageFlags:
      flag(page.dirty, 'D') +
      flag(page.referenced, 'R') +
      flag(page.active, 'A') +
      flag(page.mlocked, 'M') +
      flag(page.slot !== undefined, 'S'),
    cachedAs: page.cachedIn === undefined ? '' : `${page.cachedIn.number}/${page.index}`,
    byte: page.byte,
  };
}
