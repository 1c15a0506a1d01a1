/**
 * The reference machine of the mm rules (RAM pfns 0 … 0x7FFF) with devices from the table of drivers, checked
 * after every step where its state is sane.
 *
 * @module
 */
import type { SimEvent } from '../../../src/base/events.ts';
import { PAGE_SIZE, pfn, pgoff, virtAddr, type VirtAddr } from '../../../src/base/units.ts';
import type { Driver } from '../../../src/drivers/driver.ts';
import { DRIVERS, type DriverKindName } from '../../../src/drivers/drivers.ts';
import { assertMm } from '../../../src/mm/check.ts';
import { forkMm } from '../../../src/mm/fork.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { KERNELS, type KernelName, type KernelPreset } from '../../../src/mm/kernel.ts';
import { Memory, type KernelReport } from '../../../src/mm/memory.ts';
import { MmStruct } from '../../../src/mm/mm.ts';
import { vmNormalPage } from '../../../src/mm/normal-page.ts';
import {
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_WRITE,
  pteIndex,
} from '../../../src/mm/pagetable.ts';
import type { VmArea } from '../../../src/mm/vma.ts';
import * as vm from '../../../src/mm/vmflags.ts';

export const R = vm.PROT_READ;
export const RW = vm.PROT_READ + vm.PROT_WRITE;
export const { MAP_SHARED, MAP_PRIVATE } = vm;

/** What an entry looks like. */
export interface Pte {
  readonly pfn: number;
  readonly write: boolean;
  readonly dirty: boolean;
  readonly special: boolean;
  /** The page it is counted for; undefined: raw. */
  readonly page: Page | undefined;
}

/** `address` + `pages` pages. */
export const at = (address: VirtAddr, pages: number): VirtAddr =>
  virtAddr(address + pages * PAGE_SIZE);

/** A machine with one process and what was attached to it. */
export class Machine {
  readonly memory: Memory;
  readonly mm: MmStruct;
  readonly mms: MmStruct[];
  readonly drivers: Driver[] = [];
  readonly reports: KernelReport[] = [];
  readonly events: SimEvent[] = [];

  constructor(
    kernel: KernelName | KernelPreset,
    options: { debugVm?: boolean; ramPages?: number } = {},
  ) {
    this.memory = new Memory({
      kernel: typeof kernel === 'string' ? KERNELS[kernel] : kernel,
      firstPfn: pfn(0),
      ramPages: options.ramPages ?? 0x8000,
      debugVm: options.debugVm ?? false,
      events: (event) => this.events.push({ ...event }),
    });
    this.memory.onReport = (report) => this.reports.push(report);
    this.mm = new MmStruct(this.memory);
    this.mms = [this.mm];
  }

  device(kind: DriverKindName, options: Readonly<Record<string, string>> = {}): Driver {
    const ino = 100 + this.drivers.length;
    const name = { name: `/dev/${kind}${String(ino)}`, device: '00:05', ino };
    const driver = DRIVERS[kind].create(this.memory, name, options);
    this.drivers.push(driver);
    return driver;
  }

  process(): MmStruct {
    const mm = new MmStruct(this.memory);
    this.mms.push(mm);
    return mm;
  }

  fork(parent = this.mm): MmStruct {
    const mm = forkMm(parent);
    this.mms.push(mm);
    return mm;
  }

  map(
    file: Driver,
    options: {
      prot?: number;
      flags?: number;
      pages?: number;
      first?: number;
      mm?: MmStruct;
      address?: number;
    } = {},
  ): VirtAddr {
    return (options.mm ?? this.mm).mmap({
      length: (options.pages ?? 8) * PAGE_SIZE,
      prot: options.prot ?? R,
      flags: options.flags ?? MAP_PRIVATE,
      file,
      pgoff: pgoff(options.first ?? 0),
      ...(options.address === undefined ? {} : { address: virtAddr(options.address) }),
    });
  }

  vma(address: VirtAddr, mm = this.mm): VmArea {
    const vma = mm.vmas.find(address);
    if (vma?.contains(address) !== true) throw new Error('no vma there');
    return vma;
  }

  /** The entry at an address, or undefined when it is none. */
  pte(address: VirtAddr, mm = this.mm): Pte | undefined {
    const leaf = mm.pageTable.leaf(address);
    const index = pteIndex(address);
    const bits = leaf?.bitsAt(index) ?? 0;
    if (leaf === undefined || !vm.hasAny(bits, PTE_PRESENT)) return undefined;
    return {
      pfn: leaf.pfnAt(index),
      write: vm.hasAny(bits, PTE_WRITE),
      dirty: vm.hasAny(bits, PTE_DIRTY),
      special: vm.hasAny(bits, PTE_SPECIAL),
      page: vmNormalPage(this.vma(address, mm), address, leaf.pfnAt(index), bits),
    };
  }

  /** Frames mapped at the first `pages` pages of an address; undefined for none. */
  frames(address: VirtAddr, pages: number, mm = this.mm): (number | undefined)[] {
    return Array.from({ length: pages }, (_, index) => this.pte(at(address, index), mm)?.pfn);
  }

  /** First byte that the program sees. Takes faults. */
  byte(address: VirtAddr, mm = this.mm): number {
    return mm.readMemory(address, 1)[0]!;
  }

  /** C and M. */
  counts(page: Page): [number, number] {
    return [this.memory.frames.refcount(page), this.memory.frames.mapcount(page)];
  }

  rss(mm = this.mm): [file: number, anon: number] {
    return [mm.fileRss, mm.anonRss];
  }

  /** Runs and returns how many faults (minor and major) it took. */
  faults(body: () => unknown, mm = this.mm): number {
    const before = mm.minflt + mm.majflt;
    body();
    return mm.minflt + mm.majflt - before;
  }

  /** Asserts the invariants. */
  check(): void {
    assertMm(
      this.memory,
      this.mms.filter((mm) => !mm.exited),
      (page) => this.drivers.reduce((sum, driver) => sum + driver.ownReferences(page), 0),
    );
  }
}

/** Runs `body`, which has to throw an error with this `name`; gives it. */
export function thrown(
  body: () => unknown,
): Error & { readonly code?: string; readonly rule?: string } {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** Kernels by name, for test.each. */
export const ALL_KERNELS = Object.keys(KERNELS) as KernelName[];
