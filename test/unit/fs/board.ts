/**
 * The reference machine of the mm rules around a real image: RAM pfns 0 … 0x7FFF, flash from pfn 0x34000,
 * one process, and every event in a ledger and by name.
 *
 * @module
 */
import type { SimEvent } from '../../../src/base/events.ts';
import { PAGE_SIZE, pgoff, virtAddr, type VirtAddr } from '../../../src/base/units.ts';
import { LedgerSink } from '../../../src/cost/ledger.ts';
import type { PastEofProfiling } from '../../../src/fs/fault-profile.ts';
import type { AxfsFile, FaultRoute } from '../../../src/fs/file.ts';
import type { AxfsMount } from '../../../src/fs/mount.ts';
import { assertMm } from '../../../src/mm/check.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { SignalError } from '../../../src/mm/kernel-bug.ts';
import { KERNELS, type KernelName } from '../../../src/mm/kernel.ts';
import { mincore } from '../../../src/mm/mincore.ts';
import type { Memory } from '../../../src/mm/memory.ts';
import type { MmStruct } from '../../../src/mm/mm.ts';
import { pteIndex } from '../../../src/mm/pagetable.ts';
import type { Access } from '../../../src/mm/vma.ts';
import { MAP_PRIVATE, PROT_READ } from '../../../src/mm/vmflags.ts';
import { textBytes } from '../../support/sample-data.ts';
import { pages, patchOf } from './patch.ts';
import { createMachine } from '../../../src/sim/machine.ts';
import type { Machine } from '../../../src/sim/machine.ts';

export const FLASH_PFN = 0x34000;
export const RAM_PAGES = 0x8000;

/** Kernels that AXFS can map files on: those with VM_MIXEDMAP. */
export const KERNEL_NAMES = (Object.keys(KERNELS) as KernelName[]).filter(
  (kernel) => KERNELS[kernel].mixedMap,
);

/** How to build a board. */
export interface BoardOptions {
  readonly kernel?: KernelName;
  readonly route?: FaultRoute;
  readonly ramPages?: number;
  /** Count faults; what to do with those behind the end of a file. */
  readonly profiling?: PastEofProfiling;
}

/** How to map; default: read-only, the whole file, the first process. */
export interface MapWish {
  readonly prot?: number;
  readonly first?: number;
  readonly pages?: number;
  readonly mm?: MmStruct;
}

/** F0 of the mm rules: 16 pages. Page k starts with byte 0x10 + k. */
export const F0 = Uint8Array.of(
  ...Array.from({ length: 16 }, (_, k) => [0x10 + k, ...textBytes(PAGE_SIZE - 1)]).flat(),
);
/** Its XIP pages; the odd ones are compressed. */
export const EVEN = [0, 2, 4, 6, 8, 10, 12, 14];

/** The image of F0, as `f0`. */
export const imageOfF0 = async (): Promise<Uint8Array> =>
  (await patchOf({ f0: F0 }, pages({ f0: EVEN }))).bytes;

/** A machine with a mounted image and one process. */
export class Board {
  readonly machine: Machine;
  readonly ledger = new LedgerSink();
  readonly mm: MmStruct;
  readonly #mms = new Set<MmStruct>();
  readonly #hoard: Page[] = [];

  constructor(
    image: Uint8Array,
    { kernel = '4.9-arm', route = 'insert', ramPages = RAM_PAGES, profiling }: BoardOptions = {},
  ) {
    this.machine = createMachine({
      image,
      kernel: KERNELS[kernel],
      faultRoute: route,
      ramPages,
      ...(profiling === undefined ? {} : { profiling: true, profilePastEof: profiling }),
      sink: (event: Readonly<SimEvent>) => {
        this.ledger.sink(event);
      },
    });
    this.mm = this.spawn();
  }

  get mount(): AxfsMount {
    return this.machine.mount;
  }

  get memory(): Memory {
    return this.machine.memory;
  }

  /** Another process that {@link check} knows of. */
  spawn(): MmStruct {
    const mm = this.machine.spawn();
    this.#mms.add(mm);
    return mm;
  }

  exit(mm: MmStruct): void {
    mm.exit();
    this.#mms.delete(mm);
  }

  /** Maps the whole file, or `pages` of it from page `first` on. */
  map(file: AxfsFile, wish: MapWish = {}): VirtAddr {
    const { prot = PROT_READ, first = 0, mm = this.mm } = wish;
    const pages = wish.pages ?? file.inode.numEntries - first;
    return mm.mmap({
      length: pages * PAGE_SIZE,
      prot,
      flags: MAP_PRIVATE,
      file,
      pgoff: pgoff(first),
    });
  }

  /** Frame mapped at an address, `undefined` without a PTE. */
  pfnAt(address: VirtAddr, mm = this.mm): number | undefined {
    const leaf = mm.pageTable.leaf(address);
    const index = pteIndex(address);
    return leaf === undefined || leaf.bitsAt(index) === 0 ? undefined : leaf.pfnAt(index);
  }

  /** Cached page of a file, without a reference for the caller. */
  cached(file: AxfsFile, index: number): Page | undefined {
    return new Map(file.space.entries()).get(index);
  }

  /** [C, M] of a page. */
  counts(page: Page | undefined): readonly [number, number] {
    if (page === undefined) return [0, 0];
    return [this.memory.frames.refcount(page), this.memory.frames.mapcount(page)];
  }

  /** [file, anon] RSS. */
  rss(mm = this.mm): readonly [number, number] {
    return [mm.fileRss, mm.anonRss];
  }

  /** mincore(2) of the first `count` pages, as a row of digits. */
  mincore(base: VirtAddr, count: number, mm = this.mm): string {
    const pages = mincore(mm, base, count * PAGE_SIZE);
    return typeof pages === 'string' ? pages : pages.map(Number).join('');
  }

  /** What an access ends with: number of faults, or the signal. */
  touch(address: VirtAddr, access: Access, mm = this.mm): number | string {
    try {
      return mm.touch(address, access);
    } catch (error) {
      if (error instanceof SignalError) return `${error.signal} ${error.code}`;
      throw error;
    }
  }

  /** Takes RAM until `left` frames are free. */
  hoard(left: number): void {
    while (this.memory.frames.free > left)
      this.#hoard.push(this.memory.frames.allocPage('driver')!);
  }

  /** Gives `count` hoarded frames back. */
  release(count = this.#hoard.length): void {
    for (const page of this.#hoard.splice(0, count)) this.memory.frames.putPage(page);
  }

  /** mm's invariants over everything. */
  check(): void {
    const hoard = new Set(this.#hoard);
    assertMm(
      this.memory,
      this.#mms,
      (page) => this.mount.references(page) + (hoard.has(page) ? 1 : 0),
    );
  }
}

/** Address of page `index` of a mapping. */
export const page = (base: VirtAddr, index: number): VirtAddr => virtAddr(base + index * PAGE_SIZE);
