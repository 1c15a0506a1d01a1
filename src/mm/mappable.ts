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
import type { Pgoff, VirtAddr } from '../base/units.ts';
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
}

/** Mirrors `struct vm_operations_struct` (include/linux/mm.h). */
export interface VmOperations {
  /**
   * Provides the page at `vmf.pgoff`.
   *
   * Post: route 1, the PTE of `vmf.address` is present; or route 2, `vmf.page` is set. On failure it
   * answers VM_FAULT_SIGBUS or VM_FAULT_OOM, has taken no reference, and does not throw an AxfsError.
   */
  fault(vma: VmArea, vmf: VmFault): VmFaultResult;
}

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
  /** A vma now refers to the file. Mirrors `get_file`. */
  getFile?(): void;
  /** A vma no longer does. Mirrors `fput`. */
  putFile?(): void;
}
