/**
 * The address space of one process: mmap, munmap, and accesses that fault as needed.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { alignDown, alignUp, isAligned } from '../base/bits.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, pgoff, virtAddr, type Pfn, type Pgoff, type VirtAddr } from '../base/units.ts';
import { allocPage } from './alloc.ts';
import { handleMmFault } from './fault.ts';
import { KernelBug, SignalError } from './kernel-bug.ts';
import type { MappedFile } from './mappable.ts';
import type { Memory } from './memory.ts';
import { populate } from './mlock.ts';
import { PageTable, pteIndex } from './pagetable.ts';
import { putPage } from './put-page.ts';
import { getUnmappedArea } from './unmapped-area.ts';
import { VmArea, VmaSet, type Access } from './vma.ts';
import {
  hasAny,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_POPULATE,
  MAP_SHARED,
  VM_EXEC,
  VM_FAULT_ERROR,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_IO,
  VM_LOCKED,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_READ,
  VM_SOFTDIRTY,
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

/**
 * Faults of one access: install, then break copy-on-write; a few more where reclaim takes pages away again. A
 * handler that asks for one more try for ever is a defect.
 */
const MOST_FAULTS = 64;

/** One process's memory. Mirrors `struct mm_struct`. */
export class MmStruct {
  readonly memory: Memory;
  readonly pageTable: PageTable;
  readonly vmas = new VmaSet();
  /** Pages mapped by PTEs with struct page: of files, and anonymous. Raw PTEs count in neither. */
  fileRss = 0;
  anonRss = 0;
  /** Swap entries. Mirrors the MM_SWAPENTS counter (≥ 2.6.34). */
  swapRss = 0;
  /** Pages of locked vmas. Mirrors `locked_vm`. */
  lockedVm = 0;
  /** The most that {@link totalVm} ever was, brought up to date before it falls. For mm only. Mirrors `hiwater_vm`. */
  hiwaterVm = 0;
  /** Faults without and with I/O. The kernel counts per task; here a process has one. */
  minflt = 0;
  majflt = 0;
  #peakFile = 0;
  #peakAnon = 0;
  #mmapWriteLocked = false;
  #state: 'alive' | 'dead' | 'exited' = 'alive';

  /** A process without mappings. @throws AxfsError ENOMEM without RAM for its page directory. */
  constructor(memory: Memory) {
    this.memory = memory;
    this.pageTable = new PageTable(memory.frames, {
      pgdFrames: memory.kernel.pgdFrames,
      softwareYoung: memory.kernel.softwareYoung,
      isCharged: memory.chargesPageTables,
      allocPage: () => allocPage(memory, 'page_table'),
      putPage: (page) => {
        putPage(memory, page);
      },
    });
  }

  /** RSS when the sum of both counters was highest. Mirrors `hiwater_rss`, split. */
  get peakRss(): Rss {
    return { file: this.#peakFile, anon: this.#peakAnon };
  }

  /** Pages of all vmas. Mirrors `total_vm`. */
  get totalVm(): number {
    let bytes = 0;
    for (const { vmStart, vmEnd } of this.vmas) bytes += vmEnd - vmStart;
    return bytes / PAGE_SIZE;
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

  /**
   * Runs `body` with the mmap lock held for writing. The lock stays held when the kernel stops inside.
   */
  withMmapWriteLock<T>(body: () => T): T {
    this.mmapWriteLock();
    try {
      const result = body();
      this.mmapWriteUnlock();
      return result;
    } catch (error) {
      if (!(error instanceof KernelBug)) this.mmapWriteUnlock();
      throw error;
    }
  }

  /**
   * Changes an RSS counter. For mm only. It gets negative when an entry goes that was never counted: a kernel
   * whose assertions hold has none. Mirrors `add_mm_counter`.
   */
  addRss(kind: 'file' | 'anon' | 'swap', pages: 1 | -1): void {
    if (kind === 'file') this.fileRss += pages;
    else if (kind === 'anon') this.anonRss += pages;
    else this.swapRss += pages;
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
    this.assertAlive();
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
    const { kernel } = this.memory;
    if (file !== undefined) {
      if (hasAny(file.mmapFlags, VM_MIXEDMAP) && !kernel.mixedMap)
        throw new AxfsError(
          'EOPNOTSUPP',
          `${file.name}: kernel ${kernel.name} has no VM_MIXEDMAP, expected 2.6.26 or later`,
        );
      vmFlags = withFlags(vmFlags, file.mmapFlags);
    }
    if (kernel.softDirty) vmFlags = withFlags(vmFlags, VM_SOFTDIRTY);
    const bytes = alignUp(length, PAGE_SIZE);
    const fixed = hasAny(flags, MAP_FIXED);
    const start = getUnmappedArea(this.vmas, kernel, bytes, options.address, fixed);
    const end = virtAddr(start + bytes);
    const range = {
      start,
      end,
      pgoff: options.pgoff ?? pgoff(file === undefined ? start / PAGE_SIZE : 0),
    };
    return this.withMmapWriteLock(() => {
      if (fixed) this.unmapRange(start, end);
      const vma = new VmArea(this, range, vmFlags, file);
      this.vmas.insert(vma);
      try {
        file?.mmap?.(vma);
      } catch (error) {
        if (error instanceof AxfsError) this.unmapRange(start, end);
        throw error;
      }
      const merged = this.vmas.merge(vma);
      if (hasAny(flags, MAP_POPULATE) && !hasAny(merged.vmFlags, VM_IO + VM_PFNMAP))
        populate(merged, start, end);
      return start;
    });
  }

  /**
   * Unmaps every page of the range; what is not mapped is no error. Mirrors `do_munmap` (mm/mmap.c).
   *
   * @throws AxfsError EINVAL for an unaligned address, length 0, or a range beyond user space.
   */
  munmap(address: VirtAddr, length: number): void {
    this.assertAlive();
    const end = address + alignUp(length, PAGE_SIZE);
    if (!isAligned(address, PAGE_SIZE) || !(length > 0) || end > this.memory.kernel.taskSize)
      throw new AxfsError(
        'EINVAL',
        `munmap of ${String(length)} bytes at 0x${address.toString(16)}, expected whole pages below 0x${this.memory.kernel.taskSize.toString(16)}`,
      );
    this.withMmapWriteLock(() => {
      this.unmapRange(address, virtAddr(end));
    });
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
      const part = this.#load(virtAddr(address + done), length - done);
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
   * Ends the process: unmaps everything and frees the page tables. Mirrors `exit_mmap` with `check_mm`.
   *
   * Post: all RSS counters are 0, or the kernel reports them. The object cannot be used any more.
   */
  exit(): void {
    this.assertAlive();
    this.unmapRange(virtAddr(0), virtAddr(this.memory.kernel.taskSize));
    this.pageTable.destroy();
    this.#state = 'exited';
    if (
      this.memory.kernel.checksRss &&
      [this.fileRss, this.anonRss, this.swapRss].some((n) => n !== 0)
    )
      this.memory.reportBadRss(this);
  }

  /** True after {@link exit}. */
  get exited(): boolean {
    return this.#state === 'exited';
  }

  /** An assertion of the kernel stopped the task: what it held stays as it was, locks included. */
  get dead(): boolean {
    return this.#state === 'dead';
  }

  /** Stops the task for good. Mirrors an oops in its context. */
  die(): void {
    this.assertAlive();
    this.#state = 'dead';
  }

  /** Faults until the access goes through, and returns how often. Apart, to keep touch small and hot. */
  #faultIn(address: VirtAddr, access: Access): number {
    let faults = 0;
    do {
      this.#pageFault(address, access);
      faults += 1;
      assert(faults <= MOST_FAULTS, () => `an access ends: ${access} at 0x${address.toString(16)}`);
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
    return this.memory.physical.bytesOf(this.#userFrame(address, access));
  }

  #userFrame(address: VirtAddr, access: Access): Pfn {
    this.touch(address, access);
    const pfn = this.pageTable.leaf(address)?.pfnAt(pteIndex(address));
    assert(pfn !== undefined, () => `a touched page is mapped: 0x${address.toString(16)}`);
    return pfn;
  }

  /** Loads up to `length` bytes at `address`, to the end of the page at most. */
  #load(address: VirtAddr, length: number): Uint8Array {
    const pfn = this.#userFrame(address, 'read');
    const offset = address % PAGE_SIZE;
    try {
      return this.memory.physical.load(pfn, offset, Math.min(length, PAGE_SIZE - offset));
    } catch (error) {
      if (!(error instanceof AxfsError && error.code === 'EIO')) throw error;
      // The bus answered with an error: what the kernel makes of a synchronous external abort.
      throw new SignalError('BUS_OBJERR', address);
    }
  }

  /** Mirrors `do_munmap` behind its checks, under the mmap lock. For mm only. */
  unmapRange(start: VirtAddr, end: VirtAddr): void {
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
    if (doomed.length > 0) this.hiwaterVm = Math.max(this.hiwaterVm, this.totalVm);
    for (const vma of doomed) {
      if (hasAny(vma.vmFlags, VM_LOCKED)) this.lockedVm -= (vma.vmEnd - vma.vmStart) / PAGE_SIZE;
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

  /** For whoever works on the process. @throws AxfsError ESRCH when an assertion of the kernel stopped it. */
  assertAlive(): void {
    assert(this.#state !== 'exited', () => 'a process that exited maps nothing');
    if (this.#state === 'dead')
      throw new AxfsError('ESRCH', 'the task was stopped by an assertion of the kernel');
  }
}
