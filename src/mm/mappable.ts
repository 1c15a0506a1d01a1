/**
 * What mm asks of a file system: a mappable file and its fault handler. mm declares these; a file system
 * implements them, by one of two routes that Linux allows:
 *
 * 1. it installs the PTE itself (`vmInsertMixed`, `vmInsertPfn`, `vmInsertPage`) and answers
 *    VM_FAULT_NOPAGE;
 * 2. it puts a page with one reference for the caller into `vmf.page` and answers 0, or VM_FAULT_MAJOR
 *    and VM_FAULT_LOCKED as they apply; mm installs the page and keeps the reference for the PTE.
 *
 * @module
 */
import type { Pfn, Pgoff, VirtAddr } from '../base/units.ts';
import type { AddressSpace } from './address-space.ts';
import type { Page } from './frames.ts';
import type { VmArea } from './vma.ts';

/** Sum of `VM_FAULT_*` (vmflags.ts). Mirrors `vm_fault_t`. */
export type VmFaultResult = number;

/**
 * A page fault as its handler sees it. One object is reused for all faults of a machine: valid only
 * during the call. Mirrors `struct vm_fault` (include/linux/mm.h).
 */
export interface VmFault {
  /** Page offset in the file. */
  readonly pgoff: Pgoff;
  /** Address that faulted, rounded down to its page. */
  readonly address: VirtAddr;
  /** The access is a store. Mirrors FAULT_FLAG_WRITE. */
  readonly isWrite: boolean;
  /** Route 2: the page, with a reference that becomes mm's. */
  page: Page | undefined;
  /** The page that a private store's copy goes to, where the kernel has it by now; see VM_FAULT_DONE_COW. */
  readonly cowPage: Page | undefined;
}

/** Mirrors `struct vm_operations_struct` (include/linux/mm.h). */
export interface VmOperations {
  /**
   * Provides the page at `vmf.pgoff`.
   *
   * Post: route 1, the PTE of `vmf.address` is present; or route 2, `vmf.page` is set. On failure it
   * answers VM_FAULT_SIGBUS or VM_FAULT_OOM, has taken no reference, and does not throw an AxfsError.
   */
  readonly fault?: (vma: VmArea, vmf: VmFault) => VmFaultResult;
  /**
   * The frame to map raw at an address of a shared PFNMAP vma, or why there is none: `refault` (try again),
   * `sigbus`, `oom`. Asked where there is no `fault`. Mirrors `nopfn` (2.6.19 to 2.6.26).
   */
  readonly nopfn?: (vma: VmArea, address: VirtAddr) => Pfn | NopfnRefusal;
  /**
   * Pages around a read fault that are in the page cache already, by file page; each gets mapped with a
   * reference of its own. Mirrors `map_pages` (≥ 3.15), which asks the page cache.
   */
  readonly mapPages?: (vma: VmArea, index: number) => Page | undefined;
  /** A shared page becomes writable: 0, or VM_FAULT_*. Mirrors `page_mkwrite`. */
  readonly pageMkwrite?: (vma: VmArea, page: Page) => VmFaultResult;
  /** A shared raw page becomes writable: 0, or VM_FAULT_* (≥ 4.1). Mirrors `pfn_mkwrite`. */
  readonly pfnMkwrite?: (vma: VmArea, vmf: VmFault) => VmFaultResult;
  /** Reads or writes bytes for ptrace where get_user_pages cannot; returns how many. Mirrors `access` (≥ 2.6.27). */
  readonly access?: (vma: VmArea, address: VirtAddr, bytes: Uint8Array, isWrite: boolean) => number;
}

/** Answers of {@link VmOperations.nopfn} without frame. Mirror NOPFN_REFAULT, NOPFN_SIGBUS, NOPFN_OOM. */
export type NopfnRefusal = 'refault' | 'sigbus' | 'oom';

/** An open file that can be mapped. Mirrors the parts of `struct file` that mm uses. */
export interface MappedFile {
  readonly ops: VmOperations;
  /** Path, device (`00:17`) and inode number, as /proc/pid/maps shows them. */
  readonly name: string;
  readonly device: string;
  readonly ino: number;
  /** Opened without write permission. */
  readonly readOnly: boolean;
  /** `vm_flags` that the file's mmap adds (VM_MIXEDMAP, VM_IO, …). Mirrors `f_op->mmap`. */
  readonly mmapFlags: number;
  /** Its page cache and who maps it; a file without one is not found by truncation or reclaim. */
  readonly mapping?: AddressSpace;
  /**
   * Called by mmap with the new vma, under the mmap lock held for writing: what a driver does in its mmap
   * operation (flags, remap_pfn_range, pages inserted ahead of faults). An AxfsError undoes the mmap.
   */
  readonly mmap?: (vma: VmArea) => void;
  /** The user owns or may write the file: mincore tells him the truth. Default: yes. */
  readonly mayInspect?: boolean;
  /** A vma now refers to the file. Mirrors `get_file`. */
  getFile?(): void;
  /** A vma no longer does. Mirrors `fput`. */
  putFile?(): void;
}
