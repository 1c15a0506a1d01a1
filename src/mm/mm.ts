/**
 * The address space of one process: mmap, munmap, and accesses that fault as needed.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { alignDown, alignUp, isAligned } from '../base/bits.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, pgoff, virtAddr, type Pgoff, type VirtAddr } from '../base/units.ts';
import { handleMmFault } from './fault.ts';
import { SignalError } from './kernel-bug.ts';
import type { MappedFile } from './mappable.ts';
import type { Memory } from './memory.ts';
import { PageTable, pteIndex } from './pagetable.ts';
import { getUnmappedArea } from './unmapped-area.ts';
import { VmArea, VmaSet, type Access } from './vma.ts';
import {
  hasAny,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_SHARED,
  VM_EXEC,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_READ,
  VM_WRITE,
  vmFlagsOf,
  withFlags,
} from './vmflags.ts';
import { zapPageRange } from './zap.ts';

/** Arguments of mmap(2). */
export interface MmapOptions {
  /** Bytes; rounded up to pages. */
  readonly length: number;
  /** Sum of PROT_*. */
  readonly prot: number;
  /** Sum of MAP_*; MAP_ANONYMOUS exactly when there is no file. */
  readonly flags: number;
  readonly file?: MappedFile;
  /** Offset in the file, in pages. */
  readonly pgoff?: Pgoff;
  /** A wish, or with MAP_FIXED the place. */
  readonly address?: VirtAddr;
}

/** Pages of a process that are in RAM, as its counters have them. */
export interface Rss {
  readonly file: number;
  readonly anon: number;
}

/** Rights of which a vma needs one for an access; any right lets the hardware read. */
const NEEDED = { read: VM_READ + VM_WRITE + VM_EXEC, write: VM_WRITE, exec: VM_EXEC } as const;

/** Faults of one access: install, then break copy-on-write. */
const MOST_FAULTS = 2;

/** One process's memory. Mirrors `struct mm_struct`. */
export class MmStruct {
  readonly memory: Memory;
  readonly pageTable: PageTable;
  readonly vmas = new VmaSet();
  /** Pages mapped by PTEs with struct page: of files, and anonymous. Raw PTEs count in neither. */
  fileRss = 0;
  anonRss = 0;
  /** Faults without and with I/O. The kernel counts per task; here a process has one. */
  minflt = 0;
  majflt = 0;
  #peakFile = 0;
  #peakAnon = 0;
  #mmapWriteLocked = false;
  #exited = false;

  /** A process without mappings. @throws AxfsError ENOMEM without RAM for its page directory. */
  constructor(memory: Memory) {
    this.memory = memory;
    this.pageTable = new PageTable(memory.frames, memory.kernel.pgdFrames);
  }

  /** RSS when the sum of both counters was highest. Mirrors `hiwater_rss`, split. */
  get peakRss(): Rss {
    return { file: this.#peakFile, anon: this.#peakAnon };
  }

  /** The mmap lock is held for writing, as inside mmap and munmap. Mirrors `mmap_sem`. */
  get mmapWriteLocked(): boolean {
    return this.#mmapWriteLocked;
  }

  /** Mirrors `down_write(&mm->mmap_sem)`, for drivers that change a vma. */
  mmapWriteLock(): void {
    assert(!this.#mmapWriteLocked, () => 'the mmap lock is free before it is taken');
    this.#mmapWriteLocked = true;
  }

  /** Mirrors `up_write(&mm->mmap_sem)`. */
  mmapWriteUnlock(): void {
    assert(this.#mmapWriteLocked, () => 'the mmap lock is held before it is released');
    this.#mmapWriteLocked = false;
  }

  /** Changes an RSS counter. For mm only. Mirrors `add_mm_counter`. */
  addRss(kind: 'file' | 'anon', pages: 1 | -1): void {
    if (kind === 'file') this.fileRss += pages;
    else this.anonRss += pages;
    assert(
      this.fileRss >= 0 && this.anonRss >= 0,
      () =>
        `RSS counters are not negative: file ${String(this.fileRss)} anon ${String(this.anonRss)}`,
    );
    if (this.fileRss + this.anonRss > this.#peakFile + this.#peakAnon) {
      this.#peakFile = this.fileRss;
      this.#peakAnon = this.anonRss;
    }
  }

  /**
   * Maps `length` bytes of a file, or anonymous memory, and returns the address. Nothing is touched:
   * pages come by faults. Neighbours are not merged. Mirrors `do_mmap_pgoff` (mm/mmap.c); for the place
   * see unmapped-area.ts.
   *
   * @throws AxfsError EINVAL for length 0, an unaligned MAP_FIXED address, or flags without exactly one
   * of MAP_SHARED and MAP_PRIVATE; EACCES for a shared writable mapping of a read-only file; EOPNOTSUPP
   * for shared anonymous memory; ENOMEM when there is no room.
   */
  mmap(options: MmapOptions): VirtAddr {
    this.#assertAlive();
    const { length, prot, flags, file } = options;
    if (!(Number.isSafeInteger(length) && length > 0))
      throw new AxfsError('EINVAL', `mmap length is ${String(length)}, expected 1 or more`);
    if ((file === undefined) !== hasAny(flags, MAP_ANONYMOUS))
      throw new AxfsError('EINVAL', 'mmap needs a file, or MAP_ANONYMOUS without one');
    const first = options.pgoff ?? 0;
    if (!(Number.isSafeInteger(first) && first >= 0))
      throw new AxfsError(
        'EINVAL',
        `mmap pgoff is ${String(first)}, expected a page number from 0`,
      );
    let vmFlags = vmFlagsOf(prot, flags, file?.readOnly ?? false);
    if (file === undefined && hasAny(flags, MAP_SHARED))
      throw new AxfsError('EOPNOTSUPP', 'shared anonymous memory is not modelled');
    if (file !== undefined) vmFlags = withFlags(vmFlags, file.mmapFlags);
    const bytes = alignUp(length, PAGE_SIZE);
    const fixed = hasAny(flags, MAP_FIXED);
    const start = getUnmappedArea(this.vmas, this.memory.kernel, bytes, options.address, fixed);
    const end = virtAddr(start + bytes);
    this.mmapWriteLock();
    if (fixed) this.#unmapRange(start, end);
    const range = {
      start,
      end,
      pgoff: options.pgoff ?? pgoff(file === undefined ? start / PAGE_SIZE : 0),
    };
    this.vmas.insert(new VmArea(this, range, vmFlags, file));
    this.mmapWriteUnlock();
    return start;
  }

  /**
   * Unmaps every page of the range; what is not mapped is no error. Mirrors `do_munmap` (mm/mmap.c).
   *
   * @throws AxfsError EINVAL for an unaligned address, length 0, or a range beyond user space.
   */
  munmap(address: VirtAddr, length: number): void {
    this.#assertAlive();
    const end = address + alignUp(length, PAGE_SIZE);
    if (!isAligned(address, PAGE_SIZE) || !(length > 0) || end > this.memory.kernel.taskSize)
      throw new AxfsError(
        'EINVAL',
        `munmap of ${String(length)} bytes at 0x${address.toString(16)}, expected whole pages below 0x${this.memory.kernel.taskSize.toString(16)}`,
      );
    this.mmapWriteLock();
    this.#unmapRange(address, virtAddr(end));
    this.mmapWriteUnlock();
  }

  /**
   * Accesses one byte as the program does: marks its page young, and dirty for a write; an access that
   * the PTE does not allow faults until it does.
   *
   * @returns the number of faults taken, 0 for a page mapped already.
   * @throws SignalError when the kernel answers with a signal; KernelBug when it stops.
   */
  touch(address: VirtAddr, access: Access): number {
    return this.pageTable.access(address, access) ? 0 : this.#faultIn(address, access);
  }

  /** Bytes that the program sees at `address`. @throws as {@link touch}. */
  readMemory(address: VirtAddr, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const page = this.#userPage(virtAddr(address + done), 'read');
      const offset = (address + done) % PAGE_SIZE;
      const part = page.subarray(offset, offset + length - done);
      out.set(part, done);
      done += part.length;
    }
    return out;
  }

  /**
   * Stores bytes as the program does, from the lowest address up: those before a failing page stay
   * written. @throws as {@link touch}.
   */
  writeMemory(address: VirtAddr, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const page = this.#userPage(virtAddr(address + done), 'write');
      const offset = (address + done) % PAGE_SIZE;
      const part = bytes.subarray(done, done + PAGE_SIZE - offset);
      page.set(part, offset);
      done += part.length;
    }
  }

  /**
   * Ends the process: unmaps everything and frees the page tables. Mirrors `exit_mmap`.
   *
   * Post: both RSS counters are 0. The object cannot be used any more.
   */
  exit(): void {
    this.#assertAlive();
    this.#unmapRange(virtAddr(0), virtAddr(this.memory.kernel.taskSize));
    this.pageTable.destroy();
    this.#exited = true;
  }

  /** True after {@link exit}. */
  get exited(): boolean {
    return this.#exited;
  }

  /** Faults until the access goes through, and returns how often. Apart, to keep touch small and hot. */
  #faultIn(address: VirtAddr, access: Access): number {
    let faults = 0;
    do {
      this.#pageFault(address, access);
      faults += 1;
      assert(
        faults <= MOST_FAULTS,
        () => `an access takes at most 2 faults: ${access} at 0x${address.toString(16)}`,
      );
    } while (!this.pageTable.access(address, access));
    return faults;
  }

  /** Mirrors `do_page_fault` of the architectures: checks rights, counts, sends signals. */
  #pageFault(address: VirtAddr, access: Access): void {
    const vma = this.vmas.find(address);
    if (vma === undefined || address < vma.vmStart) throw new SignalError('SEGV_MAPERR', address);
    if (!hasAny(vma.vmFlags, NEEDED[access])) throw new SignalError('SEGV_ACCERR', address);
    const result = handleMmFault(vma, address, access === 'write');
    if (hasAny(result, VM_FAULT_ERROR))
      throw new SignalError(hasAny(result, VM_FAULT_OOM) ? 'OOM' : 'BUS_ADRERR', address);
    if (hasAny(result, VM_FAULT_MAJOR)) this.majflt += 1;
    else this.minflt += 1;
  }

  /** The bytes of the page at an address, after an access. */
  #userPage(address: VirtAddr, access: Access): Uint8Array {
    this.touch(address, access);
    const pfn = this.pageTable.leaf(address)?.pfnAt(pteIndex(address));
    assert(pfn !== undefined, () => `a touched page is mapped: 0x${address.toString(16)}`);
    return this.memory.physical.bytesOf(pfn);
  }

  /** Mirrors `do_munmap` behind its checks. */
  #unmapRange(start: VirtAddr, end: VirtAddr): void {
    const doomed: VmArea[] = [];
    for (let at = this.vmas.position(start); ;) {
      let vma = this.vmas.at(at);
      if (vma === undefined || vma.vmStart >= end) break;
      if (vma.vmStart < start) {
        vma = this.vmas.split(vma, start);
        at += 1;
      }
      if (vma.vmEnd > end) this.vmas.split(vma, end);
      doomed.push(vma);
      at += 1;
    }
    for (const vma of doomed) {
      zapPageRange(vma, vma.vmStart, vma.vmEnd);
      this.vmas.remove(vma);
    }
    const at = this.vmas.position(start);
    const floor = this.vmas.at(at - 1)?.vmEnd ?? 0;
    const ceiling = this.vmas.at(at)?.vmStart ?? this.memory.kernel.taskSize;
    this.pageTable.freeLeaves(
      Math.max(alignDown(start, 2 ** 21), floor),
      Math.min(alignUp(end, 2 ** 21), ceiling),
    );
  }

  #assertAlive(): void {
    assert(!this.#exited, () => 'a process that exited maps nothing');
  }
}
