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
import { VM_EXEC, VM_SHARED, VM_WRITE } from './vmflags.ts';

/** PTE bits. A PTE without any bit is none. */
export const PTE_PRESENT = 0x1;
export const PTE_WRITE = 0x2;
export const PTE_DIRTY = 0x4;
export const PTE_YOUNG = 0x8;
export const PTE_EXEC = 0x10;
/** No struct page behind this entry, whatever its pfn; only kernels with the row `pteSpecial` set it. */
export const PTE_SPECIAL = 0x20;

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
  /** RAM frame that the table takes. */
  readonly frame: Page;
  /** Number of its {@link LEAF_SPAN} in the address space. */
  readonly block: number;

  constructor(frame: Page, block: number) {
    this.frame = frame;
    this.block = block;
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
   * A user access through an entry, as the MMU does it: sets young, and dirty for a store.
   *
   * @returns false, with nothing changed, when the entry does not allow it: a page fault.
   */
  access(index: number, access: Access): boolean {
    const bits = this.bits[index] ?? 0;
    if ((bits & PTE_PRESENT) === 0) return false;
    if (access === 'write') {
      if ((bits & PTE_WRITE) === 0) return false;
      this.bits[index] = bits | (PTE_YOUNG | PTE_DIRTY);
      return true;
    }
    if (access === 'exec' && (bits & PTE_EXEC) === 0) return false;
    if ((bits & PTE_YOUNG) === 0) this.bits[index] = bits | PTE_YOUNG;
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
  ((vmFlags & VM_EXEC) !== 0 ? PTE_EXEC : 0) |
  ((vmFlags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE) ? PTE_WRITE : 0);

/** `bits`, dirty, and writable if the vma is. Mirrors `maybe_mkwrite(pte_mkdirty(pte), vma)`. */
export const mkDirtyMaybeWrite = (bits: number, vmFlags: number): number =>
  bits | PTE_DIRTY | ((vmFlags & VM_WRITE) !== 0 ? PTE_WRITE : 0);

type Directory<Entry> = (Entry | undefined)[];
type Pmd = Directory<PteLeaf>;
type Pud = Directory<Pmd>;

/** The page table of one process. Mirrors `mm->pgd`. */
export class PageTable {
  readonly #frames: Frames;
  readonly #pgd: Directory<Pud> = emptyDirectory();
  readonly #pgdFrames: Page[] = [];
  #leaves = 0;
  /** Leaves walked to lately, by the low bits of their block: what a TLB and walk caches save a CPU. */
  readonly #walkCache: Directory<PteLeaf> = new Array<PteLeaf | undefined>(WALK_CACHE).fill(
    undefined,
  );

  /** @throws AxfsError ENOMEM when there is no RAM for the top-level directory. */
  constructor(frames: Frames, pgdFrames: number) {
    this.#frames = frames;
    for (let i = 0; i < pgdFrames; i += 1) {
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
    return this.#leaves + this.#pgdFrames.length;
  }

  /** RAM frames that the tables take. */
  *frames(): Generator<Page> {
    yield* this.#pgdFrames;
    for (const leaf of this.allLeaves()) yield leaf.frame;
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
    const frame = this.#frames.allocPage('page_table');
    if (frame === undefined) return undefined;
    const pud = (this.#pgd[block >>> 18] ??= emptyDirectory<Pmd>());
    const pmd = (pud[(block >>> 9) & 511] ??= emptyDirectory<PteLeaf>());
    const leaf = new PteLeaf(frame, block);
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
    for (const frame of this.#pgdFrames) this.#frames.putPage(frame);
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
    this.#frames.putPage(leaf.frame);
  }
}

/** Smallest multiple of `step` above `block`. */
const nextMultiple = (block: number, step: number): number =>
  Math.floor(block / step) * step + step;

function emptyDirectory<Entry>(): Directory<Entry> {
  return new Array<Entry | undefined>(ENTRIES).fill(undefined);
}
