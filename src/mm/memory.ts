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
import { Frames, type Page } from './frames.ts';
import type { KernelPreset } from './kernel.ts';
import type { VmFault } from './mappable.ts';
import { PhysicalMemory } from './physical.ts';
import type { VmArea } from './vma.ts';

/** A PTE that no rule explains. Mirrors what `print_bad_pte` writes to the console (mm/memory.c). */
export interface BadPteReport {
  readonly vmStart: VirtAddr;
  readonly vmFlags: number;
  readonly address: VirtAddr;
  readonly pfn: Pfn;
}

/** What a machine's memory is made of. */
export interface MemoryOptions {
  readonly kernel: KernelPreset;
  readonly firstPfn: Pfn;
  /** RAM frames. */
  readonly ramPages: number;
  readonly events?: EventSink;
}

const PAGE_CLEAR: PageClearEvent = { type: 'page_clear' };

/** Reports kept; later ones are only counted (the kernel prints at most 60 a minute). */
const BAD_PTE_REPORTS_KEPT = 60;

/** {@link VmFault} with the fields that mm fills. */
interface ReusedVmFault extends VmFault {
  pgoff: Pgoff;
  address: VirtAddr;
  isWrite: boolean;
}

/** The memory of one machine. */
export class Memory {
  readonly kernel: KernelPreset;
  readonly frames: Frames;
  readonly physical: PhysicalMemory;
  /** Receives every event; may be replaced between operations. */
  events: EventSink;
  /** The page of zeros that untouched anonymous memory reads as, where the kernel has one. */
  readonly zeroPage: Page | undefined;
  readonly badPtes: BadPteReport[] = [];
  /** Number of bad-pte reports, kept or not. */
  badPteCount = 0;
  /** The fault being handled. */
  readonly vmf: ReusedVmFault = {
    pgoff: 0 as Pgoff,
    address: 0 as VirtAddr,
    isWrite: false,
    page: undefined,
  };
  #mappings = 0;
  readonly #fault: FaultEvent = { type: 'fault', kind: 'raw_pfn', earlyCow: false };
  readonly #cowCopy: CowCopyEvent = { type: 'cow_copy', source: 'raw' };

  /** @throws AxfsError EINVAL for an impossible amount of RAM. */
  constructor(options: MemoryOptions) {
    this.kernel = options.kernel;
    this.frames = new Frames(options.firstPfn, options.ramPages);
    this.physical = new PhysicalMemory(this.frames);
    this.events = options.events ?? ignoreEvents;
    this.zeroPage =
      options.kernel.anonReadFault === 'zero_page' ? makeZeroPage(this.frames) : undefined;
  }

  /** A number for a new page cache (`struct address_space`), unique in the machine and never 0. */
  newMapping(): number {
    this.#mappings += 1;
    return this.#mappings;
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
  }
}

/** Mirrors `empty_zero_page`: a reserved frame, allocated at boot. */
function makeZeroPage(frames: Frames): Page {
  const page = frames.allocPage('kernel');
  assert(page !== undefined, () => 'a machine has RAM for its zero page');
  frames.bytes(page).fill(0);
  frames.setFlag(page, 'reserved', true);
  return page;
}
