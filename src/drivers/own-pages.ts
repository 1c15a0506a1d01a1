/**
 * Pages that a driver allocates for itself and holds one reference to: C = 1, M = 0, on no LRU list.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { allocPage } from '../mm/alloc.ts';
import type { Page } from '../mm/frames.ts';
import type { VmFault, VmFaultResult } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { getPage, putPage } from '../mm/put-page.ts';
import { VM_FAULT_SIGBUS } from '../mm/vmflags.ts';
import type { PageHolder } from './driver-file.ts';

/** Pages by number. */
export class OwnPages implements PageHolder {
  readonly #memory: Memory;
  readonly #pages = new Map<number, Page>();
  /** Pages whose reference was dropped ahead of close. */
  readonly #dropped = new Set<number>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /**
   * Page `index`, allocated and filled with `byte` when first asked for.
   *
   * @throws AxfsError ENOMEM without RAM.
   */
  make(index: number, byte: number): Page {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    const page = allocPage(this.#memory, 'driver');
    if (page === undefined) throw new AxfsError('ENOMEM', 'no RAM is left for a page of a driver');
    this.#memory.frames.bytes(page).fill(byte);
    this.#pages.set(index, page);
    return page;
  }

  /** Page `index`, if it was made. */
  get(index: number): Page | undefined {
    return this.#pages.get(index);
  }

  /** References held. */
  references(page: Page): number {
    for (const [index, own] of this.#pages) if (own === page && !this.#dropped.has(index)) return 1;
    return 0;
  }

  /** Drops the reference to page `index`, once; its mappings keep it alive. False when there is none to drop. */
  drop(index: number): boolean {
    const page = this.#pages.get(index);
    if (page === undefined || this.#dropped.has(index)) return false;
    this.#dropped.add(index);
    putPage(this.#memory, page);
    return true;
  }

  /** Drops what is left. */
  close(): void {
    for (const index of this.#pages.keys()) this.drop(index);
    this.#pages.clear();
    this.#dropped.clear();
  }
}

/** A handler's answer that returns `page`: with a reference for mm, or SIGBUS for one that is free by mistake. */
export function returnPage(memory: Memory, vmf: VmFault, page: Page): VmFaultResult {
  if (!getPage(memory, page)) return VM_FAULT_SIGBUS;
  vmf.page = page;
  return 0;
}
