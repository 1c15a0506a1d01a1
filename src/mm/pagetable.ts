/**
 * Page tables: PTEs of one process, 512 to a leaf table (2 MiB of addresses, as on x86-64 and in Linux's
 * view of ARM), found through three levels of array-indexed directories that cover 48-bit addresses.
 *
 * Each leaf takes one RAM frame while it exists, and the top-level directory as many as the kernel's row
 * `pgdFrames` says. The middle levels of x86-64 are not charged.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SHIFT, PAGE_SIZE, type Pfn, type VirtAddr } from '../base/units.ts';
import type { Frames, Page } from './frames.ts';
import type { Access } from './vma.ts';
import { VM_EXEC, VM_READ, VM_SHARED, VM_WRITE } from './vmflags.ts';

/** PTE bits. A PTE without any bit is none. */
export const PTE_PRESENT = 0x1;
export const PTE_WRITE = 0x2;
export const PTE_DIRTY = 0x4;
export const PTE_YOUNG = 0x8;
export const PTE_EXEC = 0x10;
/** No struct page behind this entry, whatever its pfn; only kernels with the row `pteSpecial` set it. */
export const PTE_SPECIAL = 0x20;
/** User space may use the entry; clear after mprotect to PROT_NONE, which keeps the pfn. */
export const PTE_USER = 0x40;
/** Not present: the pfn is a slot of swap. */
export const PTE_SWAP = 0x80;
/** In a swap entry: the page was exclusive. */
export const PTE_SWAP_EXCLUSIVE = 0x100;
/** With PTE_SPECIAL: a device's frame that has a struct page, which PTEs take no part in (row `pteDevmap`). */
export const PTE_DEVMAP = 0x200;

const PTE_PRESENT_USER = PTE_PRESENT | PTE_USER;

/** PTEs of a leaf table. */
export const PTES_PER_LEAF = 512;
/** Bytes of addresses that a leaf maps. */
export const LEAF_SPAN = PTES_PER_LEAF * PAGE_SIZE;

const ENTRIES = 512;
const WALK_CACHE = 256;

/** A last-level table: pfn and bits of its entries in two parallel columns. */
export class PteLeaf {
  readonly pfns = new Float64Array(PTES_PER_LEAF);
  readonly bits = new Uint16Array(PTES_PER_LEAF);
  /** RAM frame that the table takes, if tables are charged. */
  readonly frame: Page | undefined;
  /** Number of its {@link LEAF_SPAN} in the address space. */
  readonly block: number;
  /** The CPU sets neither young nor dirty: see the kernel's row of that name. */
  readonly #softwareYoung: boolean;

  constructor(frame: Page | undefined, block: number, softwareYoung: boolean) {
    this.frame = frame;
    this.block = block;
    this.#softwareYoung = softwareYoung;
  }

  /** First address it maps. */
  get start(): VirtAddr {
    return (this.block * LEAF_SPAN) as VirtAddr;
  }

  /** Bits of an entry, 0 = none. */
  bitsAt(index: number): number {
    return this.bits[index] ?? 0;
  }

  /** Frame of an entry. */
  pfnAt(index: number): Pfn {
    return (this.pfns[index] ?? 0) as Pfn;
  }

  /** Mirrors `set_pte_at`. */
  set(index: number, frame: Pfn, bits: number): void {
    this.pfns[index] = frame;
    this.bits[index] = bits;
  }

  /** Mirrors `pte_clear`. */
  clear(index: number): void {
    this.pfns[index] = 0;
    this.bits[index] = 0;
  }

  /**
   * A user access through an entry, as the MMU does it: sets young, and dirty for a store, or leaves that to
   * a fault where the kernel's row `softwareYoung` says so.
   *
   * @returns false, with nothing changed, when the entry does not allow it: a page fault.
   */
  access(index: number, access: Access): boolean {
    const bits = this.bits[index] ?? 0;
    if ((bits & PTE_PRESENT_USER) !== PTE_PRESENT_USER) return false;
    if (access === 'write') {
      if ((bits & PTE_WRITE) === 0) return false;
      return this.#touched(index, bits, PTE_YOUNG | PTE_DIRTY);
    }
    if (access === 'exec' && (bits & PTE_EXEC) === 0) return false;
    return (bits & PTE_YOUNG) !== 0 || this.#touched(index, bits, PTE_YOUNG);
  }

  /** Sets what an access sets, unless that takes a fault on this CPU. */
  #touched(index: number, bits: number, wanted: number): boolean {
    if ((bits & wanted) === wanted) return true;
    if (this.#softwareYoung) return false;
    this.bits[index] = bits | wanted;
    return true;
  }
}

/** Index of an address in its leaf. */
export const pteIndex = (address: VirtAddr): number =>
  (address - Math.floor(address / LEAF_SPAN) * LEAF_SPAN) >>> PAGE_SHIFT;

/**
 * PTE bits of a page newly mapped under `vmFlags`: young and clean, writable only when shared and
 * writable. Mirrors `vm_get_page_prot` (mm/mmap.c).
 */
export const pageProtOf = (vmFlags: number): number =>
  PTE_PRESENT |
  PTE_YOUNG |
  ((vmFlags & (VM_READ | VM_WRITE | VM_EXEC)) !== 0 ? PTE_USER : 0) |
  ((vmFlags & VM_EXEC) !== 0 ? PTE_EXEC : 0) |
  ((vmFlags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE) ? PTE_WRITE : 0);

/** `bits`, dirty, and writable if the vma is. Mirrors `maybe_mkwrite(pte_mkdirty(pte), vma)`. */
export const mkDirtyMaybeWrite = (bits: number, vmFlags: number): number =>
  bits | PTE_DIRTY | ((vmFlags & VM_WRITE) !== 0 ? PTE_WRITE : 0);

type Directory<Entry> = (Entry | undefined)[];
type Pmd = Directory<PteLeaf>;
type Pud = Directory<Pmd>;

/** How the tables of a process are made. */
export interface PageTableOptions {
  /** Rows of the kernel. */
  readonly pgdFrames: number;
  readonly softwareYoung: boolean;
  /** Tables take RAM frames; else they are free, for worlds that count data pages only. */
  readonly isCharged: boolean;
  /** A frame for a leaf, with reclaim if need be; and its way back. */
  readonly allocPage: () => Page | undefined;
  readonly putPage: (page: Page) => void;
}

/** The page table of one process. Mirrors `mm->pgd`. */
export class PageTable {
  readonly #pgd: Directory<Pud> = emptyDirectory();
  readonly #options: PageTableOptions;
  readonly #pgdFrames: Page[] = [];
  #leaves = 0;
  /** Leaves walked to lately, by the low bits of their block: what a TLB and walk caches save a CPU. */
  readonly #walkCache: Directory<PteLeaf> = new Array<PteLeaf | undefined>(WALK_CACHE).fill(
    undefined,
  );

  /** @throws AxfsError ENOMEM when there is no RAM for the top-level directory. */
  constructor(frames: Frames, options: PageTableOptions) {
    this.#options = options;
    for (let i = 0; options.isCharged && i < options.pgdFrames; i += 1) {
      const frame = frames.allocPage('page_table');
      if (frame === undefined) {
        this.destroy();
        throw new AxfsError('ENOMEM', 'no RAM is left for the page directory of a new process');
      }
      this.#pgdFrames.push(frame);
    }
  }

  /** Number of leaf tables. */
  get leaves(): number {
    return this.#leaves;
  }

  /** Number of RAM frames that the tables take. */
  get frameCount(): number {
    return (this.#options.isCharged ? this.#leaves : 0) + this.#pgdFrames.length;
  }

  /** RAM frames that the tables take. */
  *frames(): Generator<Page> {
    yield* this.#pgdFrames;
    for (const { frame } of this.allLeaves()) if (frame !== undefined) yield frame;
  }

  /** Leaf tables in the order of their addresses. */
  *allLeaves(): Generator<PteLeaf> {
    for (const pud of this.#pgd)
      for (const pmd of pud ?? []) for (const leaf of pmd ?? []) if (leaf !== undefined) yield leaf;
  }

  /** The leaf that maps an address, if there is one. */
  leaf(address: VirtAddr): PteLeaf | undefined {
    const block = Math.floor(address / LEAF_SPAN);
    const cached = this.#walkCache[block & (WALK_CACHE - 1)];
    return cached?.block === block ? cached : this.#walk(block);
  }

  /**
   * A user access, as {@link PteLeaf.access}, at an address.
   *
   * @returns false when it faults.
   */
  access(address: VirtAddr, access: Access): boolean {
    const block = Math.floor(address / LEAF_SPAN);
    let leaf = this.#walkCache[block & (WALK_CACHE - 1)];
    if (leaf?.block !== block) leaf = this.#walk(block);
    if (leaf === undefined) return false;
    return leaf.access((address - block * LEAF_SPAN) >>> PAGE_SHIFT, access);
  }

  /**
   * The leaf that maps an address, made if there is none. Mirrors `pte_alloc_map`.
   *
   * @returns undefined when there is no RAM for it.
   */
  leafAlloc(address: VirtAddr): PteLeaf | undefined {
    const found = this.leaf(address);
    if (found !== undefined) return found;
    const block = Math.floor(address / LEAF_SPAN);
    assert(block < 2 ** 27, () => `an address has 48 bits: 0x${address.toString(16)}`);
    const { allocPage, isCharged, softwareYoung } = this.#options;
    const frame = isCharged ? allocPage() : undefined;
    if (isCharged && frame === undefined) return undefined;
    const pud = (this.#pgd[block >>> 18] ??= emptyDirectory<Pmd>());
    const pmd = (pud[(block >>> 9) & 511] ??= emptyDirectory<PteLeaf>());
    const leaf = new PteLeaf(frame, block, softwareYoung);
    pmd[block & 511] = leaf;
    this.#leaves += 1;
    return leaf;
  }

  /**
   * Frees the leaf tables that lie entirely in `floor … ceiling`. Mirrors `free_pgtables` (mm/memory.c).
   *
   * Pre: no PTE in the range is present.
   */
  freeLeaves(floor: number, ceiling: number): void {
    const first = Math.ceil(floor / LEAF_SPAN);
    const end = Math.floor(ceiling / LEAF_SPAN);
    for (let block = first; block < end;) {
      const pud = this.#pgd[block >>> 18];
      const pmd = pud?.[(block >>> 9) & 511];
      if (pud === undefined) block = nextMultiple(block, ENTRIES * ENTRIES);
      else if (pmd === undefined) block = nextMultiple(block, ENTRIES);
      else {
        this.#freeLeaf(pmd, block & 511);
        block += 1;
      }
    }
  }

  /** Frees all tables, the top-level directory included. Mirrors `exit_mmap` with `pgd_free`. */
  destroy(): void {
    this.freeLeaves(0, 2 ** 48);
    for (const frame of this.#pgdFrames) this.#options.putPage(frame);
    this.#pgdFrames.length = 0;
  }

  /** Down the directories; a leaf found is cached. */
  #walk(block: number): PteLeaf | undefined {
    const leaf = this.#pgd[block >>> 18]?.[(block >>> 9) & 511]?.[block & 511];
    if (leaf !== undefined) this.#walkCache[block & (WALK_CACHE - 1)] = leaf;
    return leaf;
  }

  #freeLeaf(pmd: Pmd, at: number): void {
    const leaf = pmd[at];
    if (leaf === undefined) return;
    assert(
      leaf.bits.every((bits) => bits === 0),
      () => `a freed leaf table holds no PTE: leaf of 0x${leaf.start.toString(16)}`,
    );
    pmd[at] = undefined;
    const slot = leaf.block & (WALK_CACHE - 1);
    if (this.#walkCache[slot] === leaf) this.#walkCache[slot] = undefined;
    this.#leaves -= 1;
    if (leaf.frame !== undefined) this.#options.putPage(leaf.frame);
  }
}

/** Smallest multiple of `step` above `block`. */
const nextMultiple = (block: number, step: number): number =>
  Math.floor(block / step) * step + step;

function emptyDirectory<Entry>(): Directory<Entry> {
  return new Array<Entry | undefined>(ENTRIES).fill(undefined);
}
