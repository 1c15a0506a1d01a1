/**
 * Virtual memory areas: what a process has mapped where, and the ordered set of them.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE, pgoff, type Pgoff, type VirtAddr } from '../base/units.ts';
import { anonVmaLink, anonVmaUnlink } from './anon-vma.ts';
import type { AnonVma } from './anon-vma.ts';
import type { MappedFile, VmOperations } from './mappable.ts';
import type { MmStruct } from './mm.ts';
import { pageProtOf } from './pagetable.ts';
import { hasAll, hasAny, VM_PFNMAP, VM_SHARED, VM_WRITE, withoutFlags } from './vmflags.ts';

/** A way to touch memory. */
export type Access = 'read' | 'write' | 'exec';

/** Addresses of one process with one file and one set of rights. Mirrors `struct vm_area_struct`. */
export class VmArea {
  /** The process. Mirrors `vm_mm`. */
  readonly mm: MmStruct;
  /** First address, and the first one after it. */
  vmStart: VirtAddr;
  vmEnd: VirtAddr;
  vmFlags: number;
  /**
   * File offset of vmStart in pages, so that page k of the vma is file page vmPgoff + k. In a PFNMAP COW
   * mapping: the first pfn.
   */
  vmPgoff: Pgoff;
  /** undefined for anonymous memory. */
  readonly file: MappedFile | undefined;
  readonly ops: VmOperations | undefined;
  /** The family of its anonymous pages, once it had one. Mirrors `vma->anon_vma`. */
  anonVma: AnonVma | undefined;

  constructor(mm: MmStruct, range: VmRange, vmFlags: number, file: MappedFile | undefined) {
    this.mm = mm;
    this.vmStart = range.start;
    this.vmEnd = range.end;
    this.vmPgoff = range.pgoff;
    this.vmFlags = vmFlags;
    this.file = file;
    this.ops = file?.ops;
  }

  /** PTE bits of a page newly mapped here. Mirrors `vm_page_prot`. */
  get vmPageProt(): number {
    const { vmFlags } = this;
    return pageProtOf(this.#wantsWritenotify() ? withoutFlags(vmFlags, VM_SHARED) : vmFlags);
  }

  /**
   * The file wants to know of the first store to each page of a shared mapping: to agree to it, or to keep
   * track of what is dirty. Mirrors `vma_wants_writenotify` (mm/mmap.c).
   */
  #wantsWritenotify(): boolean {
    const { ops, vmFlags } = this;
    if (!hasAll(vmFlags, VM_SHARED + VM_WRITE)) return false;
    if (ops?.pageMkwrite !== undefined) return true;
    if (ops?.pfnMkwrite !== undefined && this.mm.memory.kernel.pfnMkwrite) return true;
    return this.file?.mapping?.writepage !== undefined && !hasAny(vmFlags, VM_PFNMAP);
  }

  /** True when the address is in the vma. */
  contains(address: VirtAddr): boolean {
    return address >= this.vmStart && address < this.vmEnd;
  }
}

/** Where a vma lies, and which file page comes first. */
export interface VmRange {
  readonly start: VirtAddr;
  readonly end: VirtAddr;
  readonly pgoff: Pgoff;
}

/** File page (or linear pfn) that a vma has at an address. Mirrors `linear_page_index`. */
export const linearPageIndex = (vma: VmArea, address: VirtAddr): Pgoff =>
  (Math.floor((address - vma.vmStart) / PAGE_SIZE) + vma.vmPgoff) as Pgoff;

/** A vma, for failures. */
export const describeVma = (vma: VmArea): string =>
  `${vma.vmStart.toString(16)}-${vma.vmEnd.toString(16)} flags 0x${vma.vmFlags.toString(16)}`;

/** The vmas of one process, ordered by address, never overlapping. */
export class VmaSet implements Iterable<VmArea> {
  readonly #list: VmArea[] = [];
  /** The vma found last. Mirrors `mm->mmap_cache`. */
  #cache: VmArea | undefined = undefined;

  /** Number of vmas. */
  get size(): number {
    return this.#list.length;
  }

  [Symbol.iterator](): Iterator<VmArea> {
    return this.#list[Symbol.iterator]();
  }

  /** The vma at position `index` of the order. */
  at(index: number): VmArea | undefined {
    return this.#list[index];
  }

  /** The first vma that ends above `address`, whether or not it holds it. Mirrors `find_vma`. */
  find(address: VirtAddr): VmArea | undefined {
    const cached = this.#cache;
    if (cached !== undefined && address >= cached.vmStart && address < cached.vmEnd) return cached;
    const found = this.#list[this.position(address)];
    if (found !== undefined) this.#cache = found;
    return found;
  }

  /** Position of the first vma that ends above `address`, or the number of vmas. */
  position(address: VirtAddr): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const vma = this.#list[middle];
      if (vma !== undefined && vma.vmEnd <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds a vma and takes a reference to its file. Pre: it overlaps no other. Mirrors `insert_vm_struct`. */
  insert(vma: VmArea): void {
    const at = this.position(vma.vmStart);
    const next = this.#list[at];
    assert(
      vma.vmStart < vma.vmEnd && (next === undefined || vma.vmEnd <= next.vmStart),
      () => `vmas do not overlap: ${vma.vmStart.toString(16)}-${vma.vmEnd.toString(16)}`,
    );
    this.#list.splice(at, 0, vma);
    vma.file?.getFile?.();
    vma.file?.mapping?.vmas.add(vma);
  }

  /** Takes a vma out and drops its reference to the file. */
  remove(vma: VmArea): void {
    const at = this.#list.indexOf(vma);
    assert(at >= 0, () => `the vma to remove is in the set: ${vma.vmStart.toString(16)}`);
    this.#list.splice(at, 1);
    this.#cache = undefined;
    anonVmaUnlink(vma);
    vma.file?.mapping?.vmas.delete(vma);
    vma.file?.putFile?.();
  }

  /**
   * Cuts a vma in two at `address`: the lower part keeps the object, the upper one is new and starts at
   * the file page that was there, so PTEs keep their linear relation. Mirrors `split_vma` (mm/mmap.c).
   *
   * Pre: `address` is page aligned and inside the vma, not its start.
   */
  split(vma: VmArea, address: VirtAddr): VmArea {
    assert(
      address > vma.vmStart && address < vma.vmEnd && address % PAGE_SIZE === 0,
      () => `a vma is split at a page inside it: 0x${address.toString(16)}`,
    );
    const range = { start: address, end: vma.vmEnd, pgoff: pgoff(linearPageIndex(vma, address)) };
    const upper = new VmArea(vma.mm, range, vma.vmFlags, vma.file);
    if (vma.anonVma !== undefined) anonVmaLink(upper, vma.anonVma);
    vma.vmEnd = address;
    this.insert(upper);
    return upper;
  }

  /** Cuts what lies outside `start … end` off a vma; gives the vma of exactly that range. */
  isolate(vma: VmArea, start: VirtAddr, end: VirtAddr): VmArea {
    const part = vma.vmStart < start ? this.split(vma, start) : vma;
    if (end < part.vmEnd) this.split(part, end);
    return part;
  }

  /**
   * Joins a vma with its neighbours where nothing tells them apart: flags, file, the run of file pages, no
   * special flag, and families of anonymous pages that are one or not there. Mirrors `vma_merge` (mm/mmap.c).
   *
   * @returns the vma that now holds the addresses of `vma`.
   */
  merge(vma: VmArea): VmArea {
    const at = this.#list.indexOf(vma);
    const joined = this.#join(this.#list[at - 1], vma) ?? vma;
    this.mergeNext(joined);
    return joined;
  }

  /** Joins a vma with the one behind it, as {@link merge}. */
  mergeNext(vma: VmArea): void {
    const next = this.#list[this.#list.indexOf(vma) + 1];
    if (next !== undefined) this.#join(vma, next);
  }

  /** Extends `lower` over `upper`, or gives undefined. */
  #join(lower: VmArea | undefined, upper: VmArea): VmArea | undefined {
    if (lower === undefined || !canMerge(lower, upper)) return undefined;
    const { anonVma, vmEnd } = upper;
    // Before the upper one leaves: a family without members ends.
    if (lower.anonVma === undefined && anonVma !== undefined) anonVmaLink(lower, anonVma);
    this.remove(upper);
    lower.vmEnd = vmEnd;
    return lower;
  }
}

/** Mirrors `can_vma_merge_after` with `is_mergeable_vma` and `is_mergeable_anon_vma`. */
function canMerge(lower: VmArea, upper: VmArea): boolean {
  const { vmSpecial } = lower.mm.memory.kernel;
  return (
    lower.vmEnd === upper.vmStart &&
    lower.vmFlags === upper.vmFlags &&
    lower.file === upper.file &&
    !hasAny(lower.vmFlags, vmSpecial) &&
    Number(linearPageIndex(lower, upper.vmStart)) === Number(upper.vmPgoff) &&
    (lower.anonVma === undefined || upper.anonVma === undefined || lower.anonVma === upper.anonVma)
  );
}
