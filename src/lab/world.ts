/**
 * The world of one run of a script: the machine, and what the script has given names to.
 *
 * @module
 */
import { PAGE_SIZE, virtAddr } from '../base/units.ts';
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { Driver } from '../drivers/driver.ts';
import type { AxfsFile } from '../fs/file.ts';
import type { AxfsMount } from '../fs/mount.ts';
import type { Page } from '../mm/frames.ts';
import type { MappedFile } from '../mm/mappable.ts';
import type { KernelReport, Memory } from '../mm/memory.ts';
import { MmStruct } from '../mm/mm.ts';
import { PTE_PRESENT, pteIndex } from '../mm/pagetable.ts';
import type { VmArea } from '../mm/vma.ts';
import { hasAny } from '../mm/vmflags.ts';
import { lookAt } from './look.ts';
import type { LabKernel } from './selector.ts';
import { ColumnError } from './syntax.ts';
import type { Word } from './syntax.ts';
import { numberOf, readPlace } from './values.ts';
import type { LabMachine } from './setup.ts';

/** A file that scripts can map. */
export interface LabFile {
  readonly file: MappedFile;
  readonly axfs?: AxfsFile;
  readonly driver?: Driver;
}

/** How the last operation ended. */
export interface Outcome {
  /** `0`, an errno's name, a signal, a VM_FAULT answer, `BUG`, or what the operation gives. */
  readonly result: string;
  readonly minor: number;
  readonly major: number;
  /** Kernel function of a BUG. */
  readonly bug?: string;
  readonly reports: readonly KernelReport[];
}

const NOTHING: Outcome = { result: '0', minor: 0, major: 0, reports: [] };

/** First place that a mapping gets, and how far apart mappings are: nothing merges by accident. */
const FIRST_PLACE = 0x40000000;
const PLACE_STEP = 0x1000000;

/** Names and state of a run. */
export class LabWorld {
  readonly kernel: LabKernel;
  readonly memory: Memory;
  readonly mount: AxfsMount | undefined;
  readonly tasks = new Map<string, MmStruct>();
  readonly files = new Map<string, LabFile>();
  /** Mappings: first address. */
  readonly places = new Map<string, VirtAddr>();
  /** Driver's pages; undefined once the script has put its reference. */
  readonly pages = new Map<string, Page>();
  /** Names of pages whose reference the script still holds. */
  readonly ownPages = new Set<string>();
  /** Pages got by gup, by name. */
  readonly got = new Map<string, Page>();
  readonly reports: KernelReport[] = [];
  last: Outcome = NOTHING;
  #nextPlace = FIRST_PLACE;

  constructor(kernel: LabKernel, { memory, mount }: LabMachine) {
    this.kernel = kernel;
    this.memory = memory;
    this.mount = mount;
    memory.onReport = (report) => this.reports.push(report);
    this.tasks.set('main', new MmStruct(memory));
  }

  /** The task of a statement. @throws ColumnError */
  task(word: Word | undefined): MmStruct {
    const mm = this.tasks.get(word?.text ?? 'main');
    if (mm === undefined)
      throw new ColumnError(
        word?.column ?? 1,
        `'${word?.text ?? ''}' is no task, expected ${[...this.tasks.keys()].join(' or ')}`,
      );
    return mm;
  }

  /** A new task with an empty address space. */
  addTask(name: string): void {
    this.tasks.set(name, new MmStruct(this.memory));
  }

  /** @throws ColumnError */
  file({ text, column }: Word): LabFile {
    const known = this.files.get(text);
    if (known !== undefined) return known;
    const axfs = this.#openAxfs(text);
    if (axfs === undefined)
      throw new ColumnError(
        column,
        `'${text}' is no file, expected one of ${[...this.files.keys(), '…'].join(', ')}`,
      );
    const file = { file: axfs, axfs };
    this.files.set(text, file);
    return file;
  }

  #openAxfs(name: string): AxfsFile | undefined {
    try {
      return this.mount?.open(name.startsWith('/') ? name : `/${name}`);
    } catch {
      return undefined;
    }
  }

  /** @throws ColumnError */
  address(word: Word): VirtAddr {
    const { base, page, offset } = readPlace(word);
    if (base === undefined) return virtAddr(offset);
    const start = this.places.get(base);
    if (start === undefined)
      throw new ColumnError(
        word.column,
        `'${base}' is no mapping, expected ${[...this.places.keys()].join(' or ') || 'an mmap before'}`,
      );
    return virtAddr(start + page * PAGE_SIZE + offset);
  }

  /** A free place for a mapping of so many bytes. */
  freshPlace(bytes: number): VirtAddr {
    const place = this.#nextPlace;
    this.#nextPlace += Math.ceil((bytes + PAGE_SIZE) / PLACE_STEP) * PLACE_STEP;
    return virtAddr(place);
  }

  /** The vma at a place. @throws ColumnError */
  vma(mm: MmStruct, word: Word): VmArea {
    const address = this.address(word);
    const vma = mm.vmas.find(address);
    if (vma?.contains(address) !== true)
      throw new ColumnError(word.column, `'${word.text}' is not mapped in this task`);
    return vma;
  }

  /** A pfn: a number, a driver's page by name, or `pfn(PLACE)` of what is mapped there. @throws ColumnError */
  pfn(mm: MmStruct, word: Word): Pfn {
    const value = numberOf(word.text);
    if (value !== undefined && value >= 0) return value as Pfn;
    const page = this.pages.get(word.text) ?? this.got.get(word.text);
    if (page !== undefined) return this.memory.frames.pageToPfn(page);
    const inner = /^pfn\((.+)\)$/.exec(word.text)?.[1];
    if (inner !== undefined) {
      const address = this.address({ text: inner, column: word.column + 4 });
      const leaf = mm.pageTable.leaf(address);
      const index = pteIndex(address);
      if (leaf !== undefined && hasAny(leaf.bitsAt(index), PTE_PRESENT)) return leaf.pfnAt(index);
    }
    throw new ColumnError(word.column, `'${word.text}' is no pfn, expected a number or a page`);
  }

  /** The struct page that a word names: a driver's page, `FILE:INDEX` in the page cache, or what a place maps. */
  page(mm: MmStruct, word: Word): Page | undefined {
    const own = this.pages.get(word.text) ?? this.got.get(word.text);
    if (own !== undefined) return own;
    const cached = /^(.+):([0-9]+)$/.exec(word.text);
    if (cached !== null) {
      const { file, driver } = this.file({ text: cached[1] ?? '', column: word.column });
      const index = Number(cached[2]);
      return driver === undefined ? file.mapping?.peek(index) : driver.pageAt(index);
    }
    const address = this.address(word);
    const leaf = mm.pageTable.leaf(address);
    const index = pteIndex(address);
    const vma = mm.vmas.find(address);
    const bits = leaf?.bitsAt(index) ?? 0;
    if (leaf === undefined || vma?.contains(address) !== true || !hasAny(bits, PTE_PRESENT))
      return undefined;
    const page = lookAt(vma, address, leaf.pfnAt(index), bits);
    return page === 'bogus' ? undefined : page;
  }

  /** References that the script and its files hold on a page, besides page tables. */
  references(page: Page): number {
    let count = this.mount?.references(page) ?? 0;
    for (const name of this.ownPages) if (this.pages.get(name) === page) count += 1;
    for (const got of this.got.values()) if (got === page) count += 1;
    for (const { driver } of this.files.values()) count += driver?.ownReferences(page) ?? 0;
    return count;
  }
}
