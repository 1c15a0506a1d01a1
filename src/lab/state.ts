/**
 * Everything that can be seen of a world, as data: what `--json` gives after every step, what `show` prints,
 * and what `expect` looks at.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { Page, PageFlag } from '../mm/frames.ts';
import { PAGE_FLAGS } from '../mm/frames.ts';
import type { MmStruct } from '../mm/mm.ts';
import { isZeroPfn } from '../mm/normal-page.ts';
import {
  LEAF_SPAN,
  PTE_DIRTY,
  PTE_EXEC,
  PTE_PRESENT,
  PTE_SPECIAL,
  PTE_SWAP,
  PTE_USER,
  PTE_WRITE,
  PTE_YOUNG,
  pteIndex,
} from '../mm/pagetable.ts';
import type { VmArea } from '../mm/vma.ts';
import { hasAny, VM_FLAGS } from '../mm/vmflags.ts';
import { lookAt } from './look.ts';
import type { LabWorld } from './world.ts';

/** What kind of entry maps an address; `bogus`: one that no rule explains, where the kernel has to stop. */
export type PteKind = 'none' | 'raw' | 'file' | 'anon' | 'zero' | 'swap' | 'bogus';

/** An entry of a page table. `pfn` is the slot of a swap entry. */
export interface PteState {
  readonly kind: PteKind;
  readonly pfn: number;
  readonly write: boolean;
  readonly dirty: boolean;
  readonly young: boolean;
  readonly exec: boolean;
  readonly user: boolean;
  readonly special: boolean;
}

const NONE: PteState = {
  kind: 'none',
  ...{ pfn: 0, write: false, dirty: false, young: false, exec: false, user: false, special: false },
};

/** The entry at an address. */
export function pteState(mm: MmStruct, address: VirtAddr): PteState {
  const leaf = mm.pageTable.leaf(address);
  const index = pteIndex(address);
  const bits = leaf?.bitsAt(index) ?? 0;
  if (leaf === undefined || bits === 0) return NONE;
  const pfn = leaf.pfnAt(index);
  return {
    kind: kindOf(mm, address, pfn, bits),
    pfn,
    write: hasAny(bits, PTE_WRITE),
    dirty: hasAny(bits, PTE_DIRTY),
    young: hasAny(bits, PTE_YOUNG),
    exec: hasAny(bits, PTE_EXEC),
    user: hasAny(bits, PTE_USER),
    special: hasAny(bits, PTE_SPECIAL),
  };
}

function kindOf(
  mm: MmStruct,
  address: VirtAddr,
  pfn: Parameters<typeof lookAt>[2],
  bits: number,
): PteKind {
  const { memory } = mm;
  if (hasAny(bits, PTE_SWAP)) return 'swap';
  if (!hasAny(bits, PTE_PRESENT)) return 'none';
  const vma = mm.vmas.find(address);
  if (vma?.contains(address) !== true) return 'none';
  if (isZeroPfn(memory, pfn)) return 'zero';
  const page = lookAt(vma, address, pfn, bits);
  if (page === 'bogus') return 'bogus';
  if (page === undefined) return 'raw';
  return memory.frames.testFlag(page, 'anon') ? 'anon' : 'file';
}

/** A struct page. */
export interface FrameState {
  readonly pfn: number;
  readonly use: string;
  readonly count: number;
  readonly map: number;
  readonly flags: readonly PageFlag[];
}

/** Counts and flags of a page. */
export function frameState(world: LabWorld, page: Page): FrameState {
  const { frames } = world.memory;
  return {
    pfn: frames.pageToPfn(page),
    use: frames.useOf(page),
    count: frames.refcount(page),
    map: frames.mapcount(page),
    flags: PAGE_FLAGS.filter((flag) => frames.testFlag(page, flag)),
  };
}

/** Names of vm_flags that are set. */
export const flagNames = (vmFlags: number): readonly string[] =>
  VM_FLAGS.filter(({ value }) => hasAny(vmFlags, value)).map(({ name }) => name);

/** A mapping with its entries. */
export interface VmaState {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  readonly flagNames: readonly string[];
  readonly pgoff: number;
  readonly file: string | undefined;
  /** Entries that are there, by address. */
  readonly ptes: readonly (PteState & { readonly address: number })[];
}

/** A mapping and the entries in it. */
export function vmaState(vma: VmArea): VmaState {
  const ptes: (PteState & { readonly address: number })[] = [];
  for (let at: number = vma.vmStart; at < vma.vmEnd;) {
    const address = at as VirtAddr;
    if (vma.mm.pageTable.leaf(address) === undefined) {
      at = Math.floor(at / LEAF_SPAN) * LEAF_SPAN + LEAF_SPAN;
      continue;
    }
    const pte = pteState(vma.mm, address);
    if (pte.kind !== 'none') ptes.push({ address, ...pte });
    at += PAGE_SIZE;
  }
  return {
    start: vma.vmStart,
    end: vma.vmEnd,
    flags: vma.vmFlags,
    flagNames: flagNames(vma.vmFlags),
    pgoff: vma.vmPgoff,
    file: vma.file?.name,
    ptes,
  };
}

/** A task. Counters are pages. */
export interface TaskState {
  readonly name: string;
  readonly state: 'alive' | 'dead' | 'exited';
  readonly file: number;
  readonly anon: number;
  readonly swap: number;
  readonly locked: number;
  readonly minflt: number;
  readonly majflt: number;
  readonly vmas: readonly VmaState[];
}

/** A task and its mappings. */
export const taskState = (name: string, mm: MmStruct): TaskState => ({
  name,
  state: mm.exited ? 'exited' : mm.dead ? 'dead' : 'alive',
  file: mm.fileRss,
  anon: mm.anonRss,
  swap: mm.swapRss,
  locked: mm.lockedVm,
  minflt: mm.minflt,
  majflt: mm.majflt,
  vmas: [...mm.vmas].map(vmaState),
});

/** The whole world; frames of page tables, of the mount and of the kernel are left out. */
export interface WorldState {
  readonly tasks: readonly TaskState[];
  readonly frames: readonly FrameState[];
  readonly freeFrames: number;
  readonly swapUsed: number;
}

const SHOWN_USES = new Set<string>(['page_cache', 'anon', 'driver']);

/** What can be seen now. */
export function worldState(world: LabWorld): WorldState {
  const { frames, swap } = world.memory;
  return {
    tasks: [...world.tasks].map(([name, mm]) => taskState(name, mm)),
    frames: [...frames.allocated()]
      .filter((page) => SHOWN_USES.has(frames.useOf(page)))
      .map((page) => frameState(world, page)),
    freeFrames: frames.free,
    swapUsed: swap.used,
  };
}
