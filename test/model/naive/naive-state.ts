/** B0: the objects, as plain as they can be. */
import type { FileSpec, WorldSpec } from '../contract.ts';
import { fileByte, flashByte } from '../contract.ts';
import type { Rules } from './naive-presets.ts';
import { RULES } from './naive-presets.ts';

export const PAGE = 4096;
export const USER_END = 0xb0000000;

/** A struct page. */
export interface Page {
  alive: boolean;
  /** C. */
  refcount: number;
  /** M. */
  mapcount: number;
  anon: boolean;
  exclusive: boolean;
  dirty: boolean;
  referenced: boolean;
  active: boolean;
  mlocked: boolean;
  onLru: boolean;
  /** page->mapping and index of a page-cache page. */
  cachedIn: FileState | undefined;
  index: number;
  slot: Slot | undefined;
  byte: number;
}

export interface Slot {
  use: number;
  byte: number;
  page: Page | undefined;
}

export interface PresentPte {
  kind: 'present';
  /** A flash pfn, a RAM page, or the uncounted zero page. */
  frame: { flash: number } | { page: Page } | 'zero';
  special: boolean;
  write: boolean;
  dirty: boolean;
  young: boolean;
}

export interface SwapPte {
  kind: 'swap';
  slot: Slot;
  exclusive: boolean;
}

export type Pte = PresentPte | SwapPte;

export interface Vma {
  start: number;
  end: number;
  flags: number;
  pgoff: number;
  file: FileState | undefined;
  anonVma: number | undefined;
}

export interface Task {
  number: number;
  state: 'alive' | 'dead';
  vmas: Vma[];
  ptes: Map<number, Pte>;
  file: number;
  anon: number;
  swap: number;
  locked: number;
}

export interface FileState {
  number: number;
  spec: FileSpec;
  size: number;
  cache: Map<number, Page>;
  driverPages: Page[];
  disk: Map<number, number>;
}

/** A page that allocPage made; `owned` until putPage. */
export interface NamedPage {
  page: Page;
  owned: boolean;
}

export interface World {
  spec: WorldSpec;
  rules: Rules;
  tasks: Map<number, Task>;
  files: FileState[];
  freeFrames: number;
  slots: Set<Slot>;
  named: Map<number, NamedPage>;
  got: Map<number, Page>;
  flash: Map<number, number>;
  zeroPage: Page;
  nextAnonVma: number;
  events: string[];
}

/** The kernel stops at this line, and the task with it. */
export class KernelBug extends Error {
  readonly where: string;
  constructor(where: string) {
    super(`BUG ${where}`);
    this.where = where;
  }
}

export function blankPage(byte: number): Page {
  return {
    alive: true,
    refcount: 1,
    mapcount: 0,
    anon: false,
    exclusive: false,
    dirty: false,
    referenced: false,
    active: false,
    mlocked: false,
    onLru: false,
    cachedIn: undefined,
    index: 0,
    slot: undefined,
    byte,
  };
}

export function blankTask(number: number): Task {
  return {
    number,
    state: 'alive',
    vmas: [],
    ptes: new Map(),
    file: 0,
    anon: 0,
    swap: 0,
    locked: 0,
  };
}

export function makeState(spec: WorldSpec): World {
  const w: World = {
    spec,
    rules: RULES[spec.preset],
    tasks: new Map([[0, blankTask(0)]]),
    files: [],
    freeFrames: spec.ramFrames,
    slots: new Set(),
    named: new Map(),
    got: new Map(),
    flash: new Map(),
    zeroPage: blankPage(0),
    nextAnonVma: 1,
    events: [],
  };
  spec.files.forEach((fileSpec, number) => {
    const size = fileSpec.kind === 'axfs' ? fileSpec.pages.length : fileSpec.pages;
    const file: FileState = {
      number,
      spec: fileSpec,
      size,
      cache: new Map(),
      driverPages: [],
      disk: new Map(),
    };
    if (fileSpec.kind === 'driver' && fileSpec.fault === 'page') {
      for (let i = 0; i < size; i++) {
        w.freeFrames -= 1;
        file.driverPages.push(blankPage(fileByte(number, i)));
      }
    }
    w.files.push(file);
  });
  return w;
}

export function flashContent(w: World, pfn: number): number {
  return w.flash.get(pfn) ?? flashByte(pfn);
}
