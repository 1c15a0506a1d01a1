/**
 * What all processes of one machine share: the kernel, RAM, the physical address space, and where events
 * go.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { ignoreEvents } from '../base/events.ts';
import type {
  CowCopyEvent,
  EventSink,
  FaultEvent,
  FaultKind,
  PageClearEvent,
} from '../base/events.ts';
import type { Pfn, Pgoff, VirtAddr } from '../base/units.ts';
import type { AddressSpace } from './address-space.ts';
import type { AnonVma } from './anon-vma.ts';
import { Frames, type Page } from './frames.ts';
import type { KernelBug } from './kernel-bug.ts';
import type { KernelPreset } from './kernel.ts';
import { Lru } from './lru.ts';
import type { VmFault } from './mappable.ts';
import type { MmStruct } from './mm.ts';
import { PhysicalMemory } from './physical.ts';
import { SwapDevice } from './swap.ts';
import type { VmArea } from './vma.ts';

/** A PTE that no rule explains. Mirrors what `print_bad_pte` writes to the console (mm/memory.c). */
export interface BadPteReport {
  readonly vmStart: VirtAddr;
  readonly vmFlags: number;
  readonly address: VirtAddr;
  readonly pfn: Pfn;
}

/**
 * What the simulated kernel finds wrong with itself, as the console would show it: an assertion that stops a
 * task (`bug`), an entry (`bad_pte`) or a page (`bad_page`) that no rule explains, RSS counters that a process leaves behind
 * (`bad_rss`), a condition that should not be (`warning`). Results of a simulation, never defects of this
 * program.
 */
export interface KernelReport {
  readonly kind: 'bug' | 'bad_pte' | 'bad_page' | 'bad_rss' | 'warning';
  /** Kernel function that says so, and the rule that does not hold. */
  readonly function: string;
  readonly rule: string;
  readonly vma?: { readonly vmStart: VirtAddr; readonly vmEnd: VirtAddr; readonly vmFlags: number };
  readonly address?: VirtAddr;
  readonly pfn?: Pfn;
}

/** What a machine's memory is made of. */
export interface MemoryOptions {
  readonly kernel: KernelPreset;
  readonly firstPfn: Pfn;
  /** RAM frames. */
  readonly ramPages: number;
  readonly events?: EventSink;
  /** CONFIG_DEBUG_VM: more assertions; default: off. */
  readonly debugVm?: boolean;
  /** Slots of swap; default: 0, none. */
  readonly swapSlots?: number;
  /** An allocation that finds no free frame reclaims first; default: off, it fails. */
  readonly reclaim?: boolean;
  /** Pages that wait in a batch, referenced, before they reach an LRU list; default: 0, none. Linux: 14 or 15. */
  readonly lruBatch?: number;
  /** Page tables take RAM; default: yes. */
  readonly chargePageTables?: boolean;
}

const PAGE_CLEAR: PageClearEvent = { type: 'page_clear' };

/** Reports kept; later ones are only counted (the kernel prints at most 60 a minute). */
const BAD_PTE_REPORTS_KEPT = 60;

/** {@link VmFault} with the fields that mm fills. */
interface ReusedVmFault extends VmFault {
  pgoff: Pgoff;
  address: VirtAddr;
  isWrite: boolean;
  cowPage: Page | undefined;
}

/** The memory of one machine. */
export class Memory {
  readonly kernel: KernelPreset;
  readonly debugVm: boolean;
  readonly frames: Frames;
  readonly physical: PhysicalMemory;
  readonly lru: Lru;
  readonly swap: SwapDevice;
  /** See {@link MemoryOptions}. */
  readonly reclaims: boolean;
  readonly chargesPageTables: boolean;
  /** Receives what the kernel finds wrong with itself. */
  onReport: ((report: KernelReport) => void) | undefined;
  /** Receives every event; may be replaced between operations. */
  events: EventSink;
  /** The page of zeros; who maps it says the kernel's row `anonReadFault`. */
  readonly zeroPage: Page;
  /** Whose address space the CPU has, when that is not the one that faults: a debugger's. */
  current: MmStruct | undefined;
  readonly badPtes: BadPteReport[] = [];
  /** Number of bad-pte reports, kept or not. */
  badPteCount = 0;
  /** The fault being handled. */
  readonly vmf: ReusedVmFault = {
    pgoff: 0 as Pgoff,
    address: 0 as VirtAddr,
    isWrite: false,
    page: undefined,
    cowPage: undefined,
  };
  readonly #mappings = new Map<number, AddressSpace>();
  readonly #anonVmas = new Map<number, AnonVma>();
  readonly #warned = new Set<string>();
  #lastMapping = 0;
  #lastAnonVma = 0;
  readonly #fault: FaultEvent = { type: 'fault', kind: 'raw_pfn', earlyCow: false };
  readonly #cowCopy: CowCopyEvent = { type: 'cow_copy', source: 'raw' };

  /** @throws AxfsError EINVAL for an impossible amount of RAM. */
  constructor(options: MemoryOptions) {
    this.kernel = options.kernel;
    this.debugVm = options.debugVm ?? false;
    this.reclaims = options.reclaim ?? false;
    this.chargesPageTables = options.chargePageTables ?? true;
    this.frames = new Frames(options.firstPfn, options.ramPages);
    this.physical = new PhysicalMemory(this.frames);
    this.lru = new Lru(this.frames, options.lruBatch ?? 0);
    this.swap = new SwapDevice(this.frames, options.swapSlots ?? 0);
    this.frames.onFree = (page) => {
      this.lru.remove(page);
    };
    this.events = options.events ?? ignoreEvents;
    this.zeroPage = makeZeroPage(this.frames);
  }

  /** Names a new page cache: a number > 0, unique in the machine. */
  registerMapping(space: AddressSpace): number {
    this.#lastMapping += 1;
    this.#mappings.set(this.#lastMapping, space);
    return this.#lastMapping;
  }

  /** Names a new family of anonymous memory: a number < 0, unique in the machine. */
  registerAnonVma(anonVma: AnonVma): number {
    this.#lastAnonVma -= 1;
    this.#anonVmas.set(this.#lastAnonVma, anonVma);
    return this.#lastAnonVma;
  }

  /** A family without members ends. */
  forgetAnonVma({ owner }: AnonVma): void {
    this.#anonVmas.delete(owner);
  }

  /** Every page cache. */
  get spaces(): Iterable<AddressSpace> {
    return this.#mappings.values();
  }

  /** Every family of anonymous memory that has members. */
  get anonVmas(): Iterable<AnonVma> {
    return this.#anonVmas.values();
  }

  /** The page cache that a page is in, if it is in one. Mirrors `page_mapping`. */
  spaceOf(page: Page): AddressSpace | undefined {
    return this.#mappings.get(this.frames.mappingOf(page));
  }

  /** Vmas that may map a page: those of its file, or of its family. */
  vmasOf(page: Page): Iterable<VmArea> {
    const owner = this.frames.mappingOf(page);
    return (owner > 0 ? this.#mappings.get(owner) : this.#anonVmas.get(owner))?.vmas ?? [];
  }

  /** Reports a served fault. */
  emitFault(kind: FaultKind, earlyCow: boolean): void {
    const event = this.#fault;
    event.kind = kind;
    event.earlyCow = earlyCow;
    this.events(event);
  }

  /** Reports a page copied to break copy-on-write. */
  emitCowCopy(source: CowCopyEvent['source']): void {
    this.#cowCopy.source = source;
    this.events(this.#cowCopy);
  }

  /** Reports an anonymous page zeroed. */
  emitPageClear(): void {
    this.events(PAGE_CLEAR);
  }

  /** Records a PTE that no rule explains; the caller goes on as if it were raw. Mirrors `print_bad_pte`. */
  reportBadPte(vma: VmArea, address: VirtAddr, pfn: Pfn): void {
    this.badPteCount += 1;
    if (this.badPtes.length < BAD_PTE_REPORTS_KEPT)
      this.badPtes.push({ vmStart: vma.vmStart, vmFlags: vma.vmFlags, address, pfn });
    this.onReport?.({
      kind: 'bad_pte',
      function: 'print_bad_pte',
      rule: 'a PTE that is not raw has a struct page',
      ...{ vma: rangeOf(vma), address, pfn },
    });
  }

  /** Records a page whose counts cannot be. Mirrors `bad_page` (mm/page_alloc.c). */
  reportBadPage(kernelFunction: string, rule: string, page: Page): void {
    this.onReport?.({
      kind: 'bad_page',
      function: kernelFunction,
      rule,
      pfn: this.frames.pageToPfn(page),
    });
  }

  /** Records RSS counters that do not come out even at a process's end. Mirrors `check_mm` (kernel/fork.c). */
  reportBadRss({ fileRss, anonRss, swapRss }: MmStruct): void {
    this.onReport?.({
      kind: 'bad_rss',
      function: 'check_mm',
      rule: `RSS counters end at 0: file ${String(fileRss)}, anon ${String(anonRss)}, swap ${String(swapRss)}`,
    });
  }

  /** Warns, once for each rule. Mirrors `WARN_ON_ONCE`. */
  warnOnce(kernelFunction: string, rule: string, pfn: Pfn): void {
    if (this.#warned.has(rule)) return;
    this.#warned.add(rule);
    this.onReport?.({ kind: 'warning', function: kernelFunction, rule, pfn });
  }

  /** Records the assertion that stopped a task. */
  reportBug(bug: KernelBug): void {
    const { vma, pfn } = bug;
    this.onReport?.({
      kind: 'bug',
      function: bug.function,
      rule: bug.rule,
      ...(vma === undefined ? {} : { vma: rangeOf(vma) }),
      ...(pfn === undefined ? {} : { pfn }),
    });
  }
}

const rangeOf = ({ vmStart, vmEnd, vmFlags }: VmArea): NonNullable<KernelReport['vma']> => ({
  vmStart,
  vmEnd,
  vmFlags,
});

/** Mirrors `empty_zero_page`: a reserved frame, allocated at boot. */
function makeZeroPage(frames: Frames): Page {
  const page = frames.allocPage('kernel');
  assert(page !== undefined, () => 'a machine has RAM for its zero page');
  frames.bytes(page).fill(0);
  frames.setFlag(page, 'reserved', true);
  return page;
}
