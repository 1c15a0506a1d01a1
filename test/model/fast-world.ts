/**
 * src/mm behind the contract of models: operations as its functions, its state as a snapshot.
 *
 * @module
 */
import { AxfsError } from '../../src/base/errno.ts';
import { PAGE_SIZE, pfn, pgoff, virtAddr } from '../../src/base/units.ts';
import type { Pfn, VirtAddr } from '../../src/base/units.ts';
import { AddressSpace } from '../../src/mm/address-space.ts';
import { allocPage } from '../../src/mm/alloc.ts';
import { assertMm } from '../../src/mm/check.ts';
import { forkMm } from '../../src/mm/fork.ts';
import type { Page } from '../../src/mm/frames.ts';
import { getUserPage, putUserPage } from '../../src/mm/gup.ts';
import {
  vmfError,
  vmfInsertMixed,
  vmfInsertMixedMkwrite,
  vmfInsertPfn,
  vmInsertMixed,
  vmInsertPage,
  vmInsertPfn,
} from '../../src/mm/insert.ts';
import type { InsertResult } from '../../src/mm/insert.ts';
import { KERNELS } from '../../src/mm/kernel.ts';
import { SignalError } from '../../src/mm/kernel-bug.ts';
import { madvise } from '../../src/mm/madvise.ts';
import type { MappedFile, VmFault, VmOperations } from '../../src/mm/mappable.ts';
import { Memory } from '../../src/mm/memory.ts';
import { mincore } from '../../src/mm/mincore.ts';
import { mlock, munlock } from '../../src/mm/mlock.ts';
import { MmStruct } from '../../src/mm/mm.ts';
import { mprotect } from '../../src/mm/mprotect.ts';
import { mremap } from '../../src/mm/mremap.ts';
import { isZeroPfn, vmNormalPage } from '../../src/mm/normal-page.ts';
import {
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_WRITE,
  PTE_YOUNG,
  pteIndex,
} from '../../src/mm/pagetable.ts';
import { shrinkPage } from '../../src/mm/reclaim.ts';
import { remapPfnRange } from '../../src/mm/remap.ts';
import type { SwapSlot } from '../../src/mm/swap.ts';
import { asTask } from '../../src/mm/task.ts';
import { truncatePagecache, unmapMappingRange } from '../../src/mm/truncate.ts';
import { linearPageIndex } from '../../src/mm/vma.ts';
import type { VmArea } from '../../src/mm/vma.ts';
import * as vm from '../../src/mm/vmflags.ts';
import { FLASH_END, FLASH_FIRST, fileByte, flashByte } from './contract.ts';
import type {
  FileSpec,
  FrameName,
  FrameState,
  ModelWorld,
  Operation,
  Outcome,
  PageState,
  Snapshot,
  WorldSpec,
} from './contract.ts';

import type { EntryKind, VmaSeen } from './random-operations.ts';

const PROT = { none: 0, r: 1, w: 2, rw: 3, rx: 5, rwx: 7 } as const;

/** A file of the world. */
class ModelFile implements MappedFile {
  readonly name: string;
  readonly device = '00:01';
  readonly ino: number;
  readonly readOnly: boolean;
  readonly mmapFlags: number;
  readonly mapping: AddressSpace;
  readonly ops: VmOperations;
  readonly spec: FileSpec;
  readonly number: number;
  /** Pages; a file gets shorter. */
  size: number;
  /** Bytes on disk, by page. */
  readonly disk = new Map<number, number>();
  readonly driverPages: Page[] = [];
  readonly #memory: Memory;

  constructor(memory: Memory, spec: FileSpec, number: number) {
    this.#memory = memory;
    this.spec = spec;
    this.number = number;
    this.ino = number + 1;
    this.name = `file${String(number)}`;
    this.size = typeof spec.pages === 'number' ? spec.pages : spec.pages.length;
    this.readOnly = spec.kind === 'axfs' || (spec.kind === 'driver' && !spec.writable);
    this.mmapFlags = mmapFlagsOf(memory, spec);
    this.mapping = new AddressSpace(memory);
    this.ops = { fault: (vma, vmf) => this.#fault(vma, vmf) };
    if (spec.kind === 'driver' && spec.fault === 'page')
      for (let index = 0; index < spec.pages; index += 1) {
        const page = memory.frames.allocPage('driver');
        if (page === undefined) throw new Error('a world has RAM for its driver pages');
        memory.frames.bytes(page).fill(fileByte(number, index));
        this.driverPages.push(page);
      }
  }

  #fault(vma: VmArea, vmf: VmFault): number {
    const { spec } = this;
    const index = Number(vmf.pgoff);
    if (spec.kind === 'driver') return this.#faultDriver(vma, vmf, index);
    if (index >= this.size) return vm.VM_FAULT_SIGBUS;
    if (spec.kind === 'axfs' && spec.pages[index] === 'xip') {
      if (
        this.#memory.kernel.readOfXip === 'page_cache' &&
        this.mapping.peek(index) !== undefined
      ) {
        unmapMappingRange(this.mapping, index, 1, false);
        this.mapping.deleteFromPageCache(index);
      }
      return vmfInsertMixed(vma, vmf.address, this.xipPfn(index));
    }
    const cached = this.mapping.findGetPage(index);
    const page = cached ?? this.fill(index);
    if (page === undefined) return vm.VM_FAULT_OOM;
    vmf.page = page;
    return cached === undefined ? vm.VM_FAULT_MAJOR : 0;
  }

  #faultDriver(vma: VmArea, vmf: VmFault, index: number): number {
    const frame = pfn(FLASH_FIRST + ((7 * index + 3) % 64));
    if (this.spec.kind !== 'driver') return vm.VM_FAULT_SIGBUS;
    switch (this.spec.fault) {
      case 'sigbus':
        return vm.VM_FAULT_SIGBUS;
      case 'pfn':
        return vmfInsertPfn(vma, vmf.address, frame);
      case 'mixed':
        return vmfInsertMixed(vma, vmf.address, frame);
      case 'page': {
        const page = this.driverPages[index];
        if (page === undefined) return vm.VM_FAULT_SIGBUS;
        this.#memory.frames.getPage(page);
        vmf.page = page;
        return 0;
      }
    }
  }

  xipPfn(index: number): Pfn {
    if (this.spec.kind !== 'axfs') throw new Error('only axfs files have xip pages');
    const before = this.spec.pages.slice(0, index).filter((kind) => kind === 'xip').length;
    return pfn(this.spec.xipFirst + before);
  }

  /**
   * Runs what may write pages back. At other times the file has no `writepage`, because these worlds keep no
   * account of dirty pages: that would write-protect shared mappings.
   */
  withWriteback<T>(body: () => T): T {
    this.mapping.writepage = (page, index) => {
      this.disk.set(index, this.#memory.frames.bytes(page)[0] ?? 0);
    };
    try {
      return body();
    } finally {
      this.mapping.writepage = undefined;
    }
  }

  /** A page read in, with a reference for the caller. */
  fill(index: number): Page | undefined {
    const { frames } = this.#memory;
    const page = allocPage(this.#memory, 'page_cache');
    if (page === undefined) return undefined;
    const isXip = this.spec.kind === 'axfs' && this.spec.pages[index] === 'xip';
    const flash = isXip ? this.#memory.physical.bytesOf(this.xipPfn(index))[0] : undefined;
    frames.bytes(page).fill(flash ?? this.disk.get(index) ?? fileByte(this.number, index));
    frames.setFlag(page, 'uptodate', true);
    this.mapping.addToPageCache(page, index);
    return page;
  }
}

function mmapFlagsOf({ kernel }: Memory, spec: FileSpec): number {
  if (spec.kind === 'cached') return 0;
  if (spec.kind === 'driver')
    return { none: 0, pfnmap: vm.VM_PFNMAP, mixedmap: vm.VM_MIXEDMAP }[spec.flags];
  return kernel.insertPageMarks === 'VM_INSERTPAGE'
    ? vm.VM_CAN_NONLINEAR + vm.VM_MIXEDMAP
    : vm.VM_IO + vm.VM_MIXEDMAP;
}

interface Task {
  readonly mm: MmStruct;
}

/** The model under test. */
export class FastWorld implements ModelWorld {
  readonly memory: Memory;
  readonly files: readonly ModelFile[];
  readonly tasks = new Map<number, Task>();
  readonly pages = new Map<number, Page>();
  readonly got = new Map<number, Page>();
  #reports: string[] = [];

  constructor(spec: WorldSpec) {
    this.memory = new Memory({
      kernel: KERNELS[spec.preset],
      debugVm: spec.debugVm,
      firstPfn: pfn(0),
      // One frame is the zero page.
      ramPages: spec.ramFrames + 1,
      swapSlots: spec.swapSlots,
      chargePageTables: false,
    });
    const cells = new Map<number, Uint8Array>();
    this.memory.physical.addWindow({
      firstPfn: pfn(FLASH_FIRST),
      pages: FLASH_END - FLASH_FIRST,
      page: (index) => {
        const known = cells.get(index);
        if (known !== undefined) return known;
        const page = new Uint8Array(PAGE_SIZE).fill(flashByte(FLASH_FIRST + index));
        cells.set(index, page);
        return page;
      },
    });
    this.memory.onReport = ({ kind }) => {
      if (kind === 'bad_pte' || kind === 'bad_page') this.#reports.push(kind);
    };
    this.files = spec.files.map((file, number) => new ModelFile(this.memory, file, number));
    this.tasks.set(0, { mm: new MmStruct(this.memory) });
  }

  /** Every invariant, recounted. */
  check(): void {
    const mms = [...this.tasks.values()].map(({ mm }) => mm).filter((mm) => !mm.exited);
    assertMm(this.memory, mms, (page) => this.#references(page));
  }

  /** All mapped pages of a task. */
  pagesOf(task: number): readonly { readonly at: number; readonly kind: EntryKind }[] {
    return [...(this.tasks.get(task)?.mm.vmas ?? [])].flatMap((vma) =>
      Array.from({ length: (vma.vmEnd - vma.vmStart) / PAGE_SIZE }, (_, i) => {
        const at = virtAddr(vma.vmStart + i * PAGE_SIZE);
        return { at, kind: this.#kindAt(vma.mm, at) };
      }),
    );
  }

  #kindAt(mm: MmStruct, at: VirtAddr): EntryKind {
    const bits = mm.pageTable.leaf(at)?.bitsAt(pteIndex(at)) ?? 0;
    if (bits === 0) return 'none';
    if ((bits & PTE_SWAP) !== 0) return 'swap';
    return this.#anonPageAt(mm, at) === undefined ? 'other' : 'anon';
  }

  /** Pages that page caches hold. */
  cachedPages(): readonly { readonly file: number; readonly pgoff: number }[] {
    return this.files.flatMap(({ mapping, number }) =>
      [...mapping.entries()].map(([index]) => ({ file: number, pgoff: index })),
    );
  }

  /** A raw entry of some task maps the page of this name. */
  isMappedRaw(id: number): boolean {
    const page = this.pages.get(id);
    if (page === undefined) return false;
    const frame = this.memory.frames.pageToPfn(page);
    return [...this.tasks.values()].some(({ mm }) =>
      [...mm.vmas].some((vma) =>
        Array.from({ length: (vma.vmEnd - vma.vmStart) / PAGE_SIZE }, (_, i) => {
          const at = virtAddr(vma.vmStart + i * PAGE_SIZE);
          const leaf = mm.pageTable.leaf(at);
          const index = pteIndex(at);
          const bits = leaf?.bitsAt(index) ?? 0;
          if (leaf?.pfnAt(index) !== frame || (bits & PTE_PRESENT) === 0) return false;
          return vmNormalPage(vma, at, frame, bits) === undefined;
        }).some(Boolean),
      ),
    );
  }

  /** The vma at an address as a driver sees it. */
  vmaAt(task: number, at: number): VmaSeen | undefined {
    const vma = this.tasks.get(task)?.mm.vmas.find(virtAddr(at));
    if (vma?.contains(virtAddr(at)) !== true) return undefined;
    const file = this.files.find((known) => known === vma.file)?.number;
    return { flags: vma.vmFlags, start: vma.vmStart, end: vma.vmEnd, pgoff: vma.vmPgoff, file };
  }

  #references(page: Page): number {
    let count = 0;
    for (const file of this.files) {
      if (file.mapping.holds(page)) count += 1;
      if (file.driverPages.includes(page)) count += 1;
    }
    for (const map of [this.pages, this.got])
      for (const held of map.values()) if (held === page) count += 1;
    return count;
  }

  apply(operation: Operation): Outcome {
    this.#reports = [];
    const mm = 'task' in operation ? this.tasks.get(operation.task)?.mm : undefined;
    const before = { minor: mm?.minflt ?? 0, major: mm?.majflt ?? 0 };
    const result = this.#result(operation, mm);
    const counts = operation.op === 'access';
    return {
      result,
      minor: counts ? (mm?.minflt ?? 0) - before.minor : 0,
      major: counts ? (mm?.majflt ?? 0) - before.major : 0,
      events: this.#reports,
    };
  }

  #result(operation: Operation, mm: MmStruct | undefined): string {
    if ('task' in operation && mm === undefined) return 'no task';
    if (mm?.exited === true) return 'no task';
    if (mm?.dead === true) return 'dead';
    const body = (): string | number =>
      this.files.reduce<() => string | number>(
        (inner, file) => () =>
          operation.op === 'madvise' || operation.op === 'reclaimFilePage'
            ? file.withWriteback(inner)
            : inner(),
        () => this.#perform(operation, mm as MmStruct),
      )();
    try {
      if (mm === undefined) return String(body());
      const done = asTask(mm, body);
      return done.bug === undefined ? String(done.value) : `BUG ${done.bug.function}`;
    } catch (error) {
      if (error instanceof SignalError)
        return {
          SEGV_MAPERR: 'SIGSEGV/MAPERR',
          SEGV_ACCERR: 'SIGSEGV/ACCERR',
          BUS_ADRERR: 'SIGBUS',
          BUS_OBJERR: 'SIGBUS',
          OOM: 'OOM',
        }[error.code];
      if (error instanceof AxfsError) return error.code;
      throw error;
    }
  }

  #perform(operation: Operation, mm: MmStruct): string | number {
    switch (operation.op) {
      case 'mmap':
        return this.#mmap(operation, mm);
      case 'munmap':
        mm.munmap(virtAddr(operation.at), operation.pages * PAGE_SIZE);
        return 0;
      case 'access': {
        const at = virtAddr(operation.at);
        mm.touch(at, operation.access);
        if (operation.access === 'write') mm.writeMemory(at, Uint8Array.of(operation.value ?? 0));
        return 0;
      }
      case 'insertPage':
        return this.#inVma(mm, operation.vma, (vma) => {
          const page = this.#pageNamed(operation.page);
          if (page === undefined) return 'no page';
          const insert = (): InsertResult => vmInsertPage(vma, virtAddr(operation.at), page);
          return operation.lock === 'write' ? mm.withMmapWriteLock(insert) : insert();
        });
      case 'insertPfn':
        return this.#inVma(mm, operation.vma, (vma) => {
          const frame = this.#frame(operation.frame);
          if (frame === undefined) return 'no page';
          return this.#answer(vmInsertPfn(vma, virtAddr(operation.at), frame));
        });
      case 'insertMixed':
        return this.#insertMixed(operation, mm);
      case 'remap':
        return this.#inVma(mm, operation.vma, (vma) =>
          mm.withMmapWriteLock(() =>
            remapPfnRange(
              vma,
              virtAddr(operation.at),
              pfn(operation.flash),
              operation.pages * PAGE_SIZE,
            ),
          ),
        );
      case 'allocPage': {
        const page = this.memory.frames.allocPage('driver');
        if (page === undefined) return 'ENOMEM';
        this.memory.frames.bytes(page).fill(operation.value);
        this.pages.set(operation.id, page);
        return 0;
      }
      case 'putPage':
        return this.#put(this.pages, operation.id);
      case 'gupPut':
        return this.#put(this.got, operation.id);
      case 'fork':
        this.tasks.set(operation.child, { mm: forkMm(mm) });
        return 0;
      case 'exit':
        mm.exit();
        this.tasks.delete(operation.task);
        return 0;
      case 'mprotect':
        return mprotect(
          mm,
          virtAddr(operation.at),
          operation.pages * PAGE_SIZE,
          PROT[operation.prot],
        );
      case 'mremap': {
        const moved = mremap(mm, {
          address: virtAddr(operation.at),
          oldLength: operation.pages * PAGE_SIZE,
          newLength: operation.newPages * PAGE_SIZE,
          ...(operation.to === undefined ? {} : { to: virtAddr(operation.to) }),
        });
        return typeof moved === 'string' ? moved : 0;
      }
      case 'madvise':
        return madvise(mm, virtAddr(operation.at), operation.pages * PAGE_SIZE, operation.advice);
      case 'mlock':
        return mlock(mm, virtAddr(operation.at), operation.pages * PAGE_SIZE);
      case 'munlock':
        return munlock(mm, virtAddr(operation.at), operation.pages * PAGE_SIZE);
      case 'gup': {
        const page = getUserPage(mm, virtAddr(operation.at), operation);
        if (typeof page === 'string') return page;
        this.got.set(operation.id, page);
        return 1;
      }
      case 'unmapMapping': {
        const { mapping } = this.#file(operation.file);
        unmapMappingRange(mapping, operation.pgoff, operation.pages, operation.evenCows);
        return 0;
      }
      case 'truncate': {
        const file = this.#file(operation.file);
        file.size = operation.pages;
        truncatePagecache(file.mapping, operation.pages);
        for (const index of [...file.disk.keys()])
          if (index >= operation.pages) file.disk.delete(index);
        return 0;
      }
      case 'read':
        return this.#read(operation.file, operation.pgoff);
      case 'reclaimFilePage':
        return this.#shrink(this.#file(operation.file).mapping.peek(operation.pgoff));
      case 'reclaimAnonPage':
        return this.#shrink(this.#anonPageAt(mm, virtAddr(operation.at)));
      case 'mincore': {
        const pages = mincore(mm, virtAddr(operation.at), PAGE_SIZE);
        return typeof pages === 'string' ? pages : pages[0] === true ? 1 : 0;
      }
    }
  }

  #mmap(operation: Extract<Operation, { op: 'mmap' }>, mm: MmStruct): string | number {
    const file = operation.file === undefined ? undefined : this.#file(operation.file);
    mm.mmap({
      length: operation.pages * PAGE_SIZE,
      prot: PROT[operation.prot],
      flags:
        vm.MAP_FIXED +
        (operation.shared ? vm.MAP_SHARED : vm.MAP_PRIVATE) +
        (file === undefined ? vm.MAP_ANONYMOUS : 0),
      address: virtAddr(operation.at),
      ...(file === undefined ? {} : { file, pgoff: pgoff(operation.pgoff ?? 0) }),
    });
    return 0;
  }

  #insertMixed(
    operation: Extract<Operation, { op: 'insertMixed' }>,
    mm: MmStruct,
  ): string | number {
    const { kernel } = this.memory;
    if (!kernel.mixedMap || (operation.mkwrite && kernel.insertAnswers === 'errno'))
      return 'EOPNOTSUPP';
    return this.#inVma(mm, operation.vma, (vma) => {
      const frame = this.#frame(operation.frame);
      if (frame === undefined) return 'no page';
      const at = virtAddr(operation.at);
      if (!operation.mkwrite) return this.#answer(vmInsertMixed(vma, at, frame));
      return faultName(vmfInsertMixedMkwrite(vma, at, frame));
    });
  }

  #answer(result: InsertResult): string | number {
    return this.memory.kernel.insertAnswers === 'errno' ? result : faultName(vmfError(result));
  }

  #inVma(mm: MmStruct, at: number, body: (vma: VmArea) => string | number): string | number {
    const vma = mm.vmas.find(virtAddr(at));
    return vma?.contains(virtAddr(at)) === true ? body(vma) : 'no vma';
  }

  #file(number: number): ModelFile {
    const file = this.files[number];
    if (file === undefined) throw new Error(`there is a file ${String(number)}`);
    return file;
  }

  #pageNamed(id: number): Page | undefined {
    return this.pages.get(id);
  }

  #frame(name: FrameName): Pfn | undefined {
    if ('flash' in name) return pfn(name.flash);
    const page = this.#pageNamed(name.page);
    return page === undefined ? undefined : this.memory.frames.pageToPfn(page);
  }

  #put(held: Map<number, Page>, id: number): string | number {
    const page = held.get(id);
    if (page === undefined) return 'no page';
    held.delete(id);
    putUserPage(this.memory, page);
    return 0;
  }

  #read(number: number, index: number): string | number {
    const file = this.#file(number);
    const { frames, kernel, lru } = this.memory;
    if (index >= file.size) return 'EOF';
    const isXip = file.spec.kind === 'axfs' && file.spec.pages[index] === 'xip';
    if (isXip && kernel.readOfXip === 'direct')
      return this.memory.physical.bytesOf(file.xipPfn(index))[0] ?? 0;
    const page = file.mapping.findGetPage(index) ?? file.fill(index);
    if (page === undefined) return 'OOM';
    if (!frames.testFlag(page, 'referenced')) frames.setFlag(page, 'referenced', true);
    else if (!frames.testFlag(page, 'active')) {
      lru.setActive(page, true);
      frames.setFlag(page, 'referenced', false);
    }
    const byte = frames.bytes(page)[0] ?? 0;
    frames.putPage(page);
    return byte;
  }

  #shrink(page: Page | undefined): string {
    if (page === undefined || !this.memory.frames.testFlag(page, 'lru')) return 'no page';
    return shrinkPage(this.memory, page);
  }

  #anonPageAt(mm: MmStruct, at: VirtAddr): Page | undefined {
    const vma = mm.vmas.find(at);
    const leaf = mm.pageTable.leaf(at);
    const index = pteIndex(at);
    const bits = leaf?.bitsAt(index) ?? 0;
    if (vma?.contains(at) !== true || leaf === undefined || (bits & PTE_PRESENT) === 0)
      return undefined;
    const page = vmNormalPage(vma, at, leaf.pfnAt(index), bits);
    return page !== undefined && this.memory.frames.testFlag(page, 'anon') ? page : undefined;
  }

  snapshot(): Snapshot {
    return new SnapshotWalk(this).take();
  }
}

const faultName = (result: number): string => {
  if ((result & vm.VM_FAULT_OOM) !== 0) return 'VM_FAULT_OOM';
  return (result & vm.VM_FAULT_SIGBUS) !== 0 ? 'VM_FAULT_SIGBUS' : 'VM_FAULT_NOPAGE';
};

/** Numbers pages and slots in the order of the walk. */
class SnapshotWalk {
  readonly #world: FastWorld;
  readonly #pages = new Map<Page, number>();
  readonly #slots = new Map<SwapSlot, number>();

  constructor(world: FastWorld) {
    this.#world = world;
  }

  take(): Snapshot {
    const { memory, files, pages, got } = this.#world;
    const tasks = [...this.#world.tasks]
      .sort(([a], [b]) => a - b)
      .map(([task, { mm }]) => ({
        task,
        state: mm.dead ? ('dead' as const) : ('alive' as const),
        file: mm.fileRss,
        anon: mm.anonRss,
        swap: mm.swapRss,
        locked: mm.lockedVm,
        pages: this.#taskPages(mm),
      }));
    for (const { mapping } of files)
      for (const [, page] of [...mapping.entries()].sort(([a], [b]) => a - b)) this.#number(page);
    for (const { driverPages } of files) for (const page of driverPages) this.#number(page);
    for (const held of [pages, got])
      for (const [, page] of [...held].sort(([a], [b]) => a - b)) this.#number(page);
    return {
      tasks,
      frames: [...this.#pages].map(([page, number]) => this.#frame(page, number)),
      swap: [...this.#slots.keys()].map((slot) => memory.swap.count(slot)),
      freeFrames: memory.frames.free,
    };
  }

  #number(page: Page): number {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const next = this.#pages.size;
    this.#pages.set(page, next);
    return next;
  }

  #taskPages(mm: MmStruct): readonly PageState[] {
    const found: PageState[] = [];
    for (const vma of mm.vmas)
      for (let at: number = vma.vmStart; at < vma.vmEnd; at += PAGE_SIZE)
        found.push(this.#page(vma, at as VirtAddr));
    return found;
  }

  #page(vma: VmArea, at: VirtAddr): PageState {
    const { memory } = this.#world;
    const softDirty = memory.kernel.softDirty ? vm.VM_SOFTDIRTY : 0;
    const place = {
      at,
      flags: vma.vmFlags & ~softDirty,
      pgoff: Number(linearPageIndex(vma, at)),
    };
    const leaf = vma.mm.pageTable.leaf(at);
    const index = pteIndex(at);
    const bits = leaf?.bitsAt(index) ?? 0;
    if (leaf === undefined || bits === 0) return { ...place, pte: 'none', bits: '---' };
    if ((bits & PTE_SWAP) !== 0) {
      const slot = Number(leaf.pfnAt(index)) as SwapSlot;
      const number = this.#slots.get(slot) ?? this.#slots.size;
      this.#slots.set(slot, number);
      const cached = memory.swap.cachedPage(slot);
      if (cached !== undefined) this.#number(cached);
      return { ...place, pte: `swap ${String(number)}`, bits: '---' };
    }
    return { ...place, pte: this.#pte(vma, at, leaf.pfnAt(index), bits), bits: bitsText(bits) };
  }

  #pte(vma: VmArea, at: VirtAddr, frame: Pfn, bits: number): string {
    const { memory } = this.#world;
    const { frames, physical, kernel } = memory;
    if (isZeroPfn(memory, frame) && kernel.anonReadFault === 'zero_page') return 'zero';
    const page = vmNormalPage(vma, at, frame, bits);
    if (page !== undefined)
      return `${frames.testFlag(page, 'anon') ? 'anon' : 'file'} ${String(this.#number(page))}`;
    if (!physical.pfnValid(frame)) return `raw 0x${frame.toString(16)}`;
    return `raw page ${String(this.#number(physical.pfnToPage(frame)))}`;
  }

  #frame(page: Page, number: number): FrameState {
    const { memory, files } = this.#world;
    const { frames } = memory;
    const flag = (name: Parameters<typeof frames.testFlag>[1], letter: string): string =>
      frames.testFlag(page, name) ? letter : '-';
    const file = files.find(({ mapping }) => mapping.holds(page));
    return {
      page: number,
      refcount: frames.refcount(page),
      mapcount: frames.mapcount(page),
      anon: frames.testFlag(page, 'anon'),
      pageFlags:
        flag('dirty', 'D') +
        flag('referenced', 'R') +
        flag('active', 'A') +
        flag('mlocked', 'M') +
        flag('swapcache', 'S'),
      cachedAs: file === undefined ? '' : `${String(file.number)}/${String(frames.indexOf(page))}`,
      byte: frames.bytes(page)[0] ?? 0,
    };
  }
}

const bitsText = (bits: number): string =>
  ((bits & PTE_WRITE) === 0 ? '-' : 'w') +
  ((bits & PTE_DIRTY) === 0 ? '-' : 'd') +
  ((bits & PTE_YOUNG) === 0 ? '-' : 'y');

/** Makes the model under test. */
export const makeFastWorld = (spec: WorldSpec): FastWorld => new FastWorld(spec);
