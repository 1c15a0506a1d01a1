/**
 * The reference machine of the mm rules (RAM pfns 0 … 0x7FFF, flash pfns 0x34000 … 0x37FFF) and a file
 * system that fits on half a page: enough to drive every route through mm.
 *
 * @module
 */
import type { CowCopyEvent, FaultEvent, SimEvent } from '../../../src/base/events.ts';
import { PAGE_SIZE, pfn, virtAddr, type Pgoff, type VirtAddr } from '../../../src/base/units.ts';
import { AddressSpace } from '../../../src/mm/address-space.ts';
import { allocPage } from '../../../src/mm/alloc.ts';
import { assertMm } from '../../../src/mm/check.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { vmInsertMixed, vmInsertPage } from '../../../src/mm/insert.ts';
import { KERNELS, type KernelName } from '../../../src/mm/kernel.ts';
import type { MappedFile, VmFault, VmOperations } from '../../../src/mm/mappable.ts';
import { Memory, type MemoryOptions } from '../../../src/mm/memory.ts';
import { MmStruct } from '../../../src/mm/mm.ts';
import { pteIndex } from '../../../src/mm/pagetable.ts';
import type { VmArea } from '../../../src/mm/vma.ts';
import * as vm from '../../../src/mm/vmflags.ts';

export const FLASH_PFN = 0x34000;
export const FLASH_PAGES = 0x4000;
export const RAM_PAGES = 0x8000;

/** Every kernel. */
export const ALL = Object.keys(KERNELS) as KernelName[];
/** Kernels with VM_MIXEDMAP: those that can map F0. */
export const MIXED = ALL.filter((kernel) => KERNELS[kernel].mixedMap);

/** First byte of page `index` of a fake file. */
export const contentOf = (index: number): number => 0x10 + index;

/** Page `index` is at flash pfn 0x34001 + index / 2 if `xip(index)`, else it comes through a page cache. */
export class FakeFile implements MappedFile, VmOperations {
  readonly name: string = '/mnt/f0';
  readonly device = '00:17';
  readonly ino = 11;
  readonly readOnly: boolean = true;
  mmapFlags: number = vm.VM_MIXEDMAP;
  users = 0;
  calls = 0;
  readonly mapping: AddressSpace;
  readonly memory: Memory;
  readonly pages: number;
  readonly route: 'insert' | 'return';
  xip = (index: number): boolean => index % 2 === 0;

  constructor(memory: Memory, pages = 16, route: 'insert' | 'return' = 'return') {
    this.memory = memory;
    this.mapping = new AddressSpace(memory);
    this.pages = pages;
    this.route = route;
  }

  /** Cached pages by file page. */
  get cache(): ReadonlyMap<number, Page> {
    return new Map(this.mapping.entries());
  }

  get ops(): VmOperations {
    return this;
  }

  getFile(): void {
    this.users += 1;
  }

  putFile(): void {
    this.users -= 1;
  }

  fault(vma: VmArea, vmf: VmFault): number {
    this.calls += 1;
    const index = vmf.pgoff;
    if (index >= this.pages) return vm.VM_FAULT_SIGBUS;
    if (this.xip(index)) {
      const result = vmInsertMixed(vma, vmf.address, pfn(FLASH_PFN + 1 + Math.floor(index / 2)));
      return result === 0 ? vm.VM_FAULT_NOPAGE : vm.VM_FAULT_SIGBUS;
    }
    const known = this.mapping.peek(index);
    const page = known ?? this.fill(index);
    if (page === undefined) return vm.VM_FAULT_OOM;
    const major = known === undefined ? vm.VM_FAULT_MAJOR : 0;
    if (this.route === 'insert') {
      const result = vmInsertPage(vma, vmf.address, page);
      if (result === 'ENOMEM') return vm.VM_FAULT_OOM;
      return result === 0 ? vm.VM_FAULT_NOPAGE + major : vm.VM_FAULT_SIGBUS;
    }
    this.memory.frames.getPage(page);
    this.memory.frames.setFlag(page, 'locked', true);
    vmf.page = page;
    return vm.VM_FAULT_LOCKED + major;
  }

  /** A new page in the page cache: C = 1. */
  fill(index: number): Page | undefined {
    const { frames } = this.memory;
    const page = allocPage(this.memory, 'page_cache');
    if (page === undefined) return undefined;
    frames.bytes(page).fill(contentOf(index));
    frames.setFlag(page, 'uptodate', true);
    this.mapping.addToPageCache(page, index);
    frames.putPage(page);
    return page;
  }
}

/** A machine with one process and file F0, with all events kept. */
export class World {
  readonly memory: Memory;
  readonly mm: MmStruct;
  readonly file: FakeFile;
  readonly mms: MmStruct[];
  readonly events: SimEvent[] = [];
  /** References held by "drivers". */
  readonly driverRefs = new Map<Page, number>();

  constructor(
    kernel: KernelName,
    options: Partial<MemoryOptions> & { route?: 'insert' | 'return' } = {},
  ) {
    this.memory = new Memory({
      kernel: KERNELS[kernel],
      firstPfn: pfn(0),
      ramPages: RAM_PAGES,
      ...options,
      events: (event) => this.events.push({ ...event }),
    });
    const flash = new Uint8Array(PAGE_SIZE * 64);
    for (let i = 0; i < 64; i += 1)
      flash.fill(contentOf(2 * (i - 1)), i * PAGE_SIZE, (i + 1) * PAGE_SIZE);
    this.memory.physical.addWindow({
      firstPfn: pfn(FLASH_PFN),
      pages: FLASH_PAGES,
      page: (index) => flash.subarray((index % 64) * PAGE_SIZE, ((index % 64) + 1) * PAGE_SIZE),
    });
    this.mm = new MmStruct(this.memory);
    this.mms = [this.mm];
    this.file = new FakeFile(this.memory, 16, options.route ?? 'return');
  }

  /** Maps the whole of F0, or `pages` of a file, privately. */
  map(
    prot: number,
    options: {
      mm?: MmStruct;
      file?: MappedFile;
      pages?: number;
      flags?: number;
      first?: number;
    } = {},
  ): VirtAddr {
    return (options.mm ?? this.mm).mmap({
      length: (options.pages ?? 16) * PAGE_SIZE,
      prot,
      flags: options.flags ?? vm.MAP_PRIVATE,
      file: options.file ?? this.file,
      // As plain JavaScript would: mmap itself refuses what is no page number.
      pgoff: (options.first ?? 0) as Pgoff,
    });
  }

  mapAnonymous(prot: number, pages: number): VirtAddr {
    return this.mm.mmap({
      length: pages * PAGE_SIZE,
      prot,
      flags: vm.MAP_PRIVATE + vm.MAP_ANONYMOUS,
    });
  }

  /** An 8-page private vma with these file flags and no handler that is ever asked. */
  vmaWith(
    mmapFlags: number,
    options: { prot?: number; flags?: number; first?: number } = {},
  ): VmArea {
    const file = new FakeFile(this.memory);
    file.mmapFlags = mmapFlags;
    const start = this.map(options.prot ?? vm.PROT_READ, { file, pages: 8, ...options });
    return this.vma(start);
  }

  vma(address: VirtAddr): VmArea {
    const vma = this.mm.vmas.find(address);
    if (vma === undefined) throw new Error('no vma there');
    return vma;
  }

  /** A driver's page: C = 1, M = 0. */
  driverPage(): Page {
    const page = this.memory.frames.allocPage('driver');
    if (page === undefined) throw new Error('no RAM');
    this.driverRefs.set(page, 1);
    return page;
  }

  /** The driver drops its reference. */
  driverPut(page: Page): void {
    this.driverRefs.delete(page);
    this.memory.frames.putPage(page);
  }

  pte(address: VirtAddr, mm = this.mm): { pfn: number; bits: number } {
    const leaf = mm.pageTable.leaf(address);
    const index = pteIndex(address);
    return { pfn: leaf?.pfnAt(index) ?? 0, bits: leaf?.bitsAt(index) ?? 0 };
  }

  /** C and M of a page. */
  counts(page: Page): [number, number] {
    return [this.memory.frames.refcount(page), this.memory.frames.mapcount(page)];
  }

  rss(mm = this.mm): [file: number, anon: number] {
    return [mm.fileRss, mm.anonRss];
  }

  /** Events since the last call, shortened. */
  take(): string[] {
    return this.events
      .splice(0)
      .map((event) =>
        event.type === 'fault'
          ? (event satisfies FaultEvent).kind + (event.earlyCow ? '+cow' : '')
          : event.type === 'page_clear'
            ? 'clear'
            : `copy:${(event as CowCopyEvent).source}`,
      );
  }

  check(...others: FakeFile[]): void {
    assertMm(
      this.memory,
      this.mms.filter((mm) => !mm.exited),
      (page) => {
        let count = this.driverRefs.get(page) ?? 0;
        for (const file of [this.file, ...others])
          for (const cached of file.cache.values()) if (cached === page) count += 1;
        return count;
      },
    );
  }
}

/** `address` + `pages` pages. */
export const page = (address: VirtAddr, pages: number): VirtAddr =>
  virtAddr(address + pages * PAGE_SIZE);
