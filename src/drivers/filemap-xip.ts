/**
 * A file with holes on memory-like media, by mm/filemap_xip.c (2.6.14 to 3.19): blocks are mapped where they lie,
 * holes as one page of zeros that all share until somebody fills the hole. From 2.6.26 on the file system is asked
 * for an address and a pfn, which go into the page table raw; before, for a struct page, which mm counts.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type VirtAddr } from '../base/units.ts';
import { AddressSpace } from '../mm/address-space.ts';
import { allocPage } from '../mm/alloc.ts';
import type { Page } from '../mm/frames.ts';
import { vmInsertMixed, vmInsertPage } from '../mm/insert.ts';
import { KernelBug } from '../mm/kernel-bug.ts';
import type { VmFault, VmFaultResult, VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { PTE_DIRTY, pteIndex } from '../mm/pagetable.ts';
import { vmaAddress } from '../mm/rmap.ts';
import { unmapMappingRange } from '../mm/truncate.ts';
import type { VmArea } from '../mm/vma.ts';
import {
  hasAny,
  VM_CAN_NONLINEAR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_MIXEDMAP,
  VM_SHARED,
  VM_WRITE,
} from '../mm/vmflags.ts';
import { zapPageRange } from '../mm/zap.ts';
import { action, driverKind } from './driver.ts';
import type { DriverName } from './driver.ts';
import { DriverFile, hex } from './driver-file.ts';
import { mediumAt, mediumByte, mediumOptions } from './medium.ts';
import type { Medium } from './medium.ts';
import { choice, number, pageSet, yesOrNo } from './options.ts';
import type { OptionValues } from './options.ts';
import { returnPage } from './own-pages.ts';

const MAX_BYTES = 0x4000 * PAGE_SIZE;

const OPTIONS = {
  pages: number('size of the file', 'pages', 16, [1, 0x4000]),
  holes: pageSet('pages without block', 'none'),
  writable: yesOrNo('opened for writing as well', true),
  mount: choice('the file system is mounted read-write or read-only', ['rw', 'ro'], 'rw'),
  busy: choice(
    'an entry that another thread put there first: a BUG (until 3.2), or fine',
    ['bug', 'nopage'],
    'bug',
  ),
  ...mediumOptions(0x50000),
} as const;

class XipFile extends DriverFile {
  readonly kind = 'filemap_xip';
  override readonly readOnly: boolean;
  override readonly mmapFlags: number;
  readonly mapping: AddressSpace;
  readonly ops: VmOperations = { fault: (vma, vmf) => this.#fault(vma, vmf) };
  override readonly actions = {
    read: action(
      'read',
      'reads straight from the medium; a hole is zeros',
      {
        offset: number('first byte', 'bytes', 0, [0, MAX_BYTES]),
        length: number('how many', 'bytes', 1, [1, MAX_BYTES]),
      },
      ({ offset, length }) => this.#read(offset, length),
    ),
    write: action(
      'write',
      'writes bytes of one value straight to the medium, filling holes',
      {
        offset: number('first byte', 'bytes', 0, [0, MAX_BYTES]),
        length: number('how many', 'bytes', 1, [1, MAX_BYTES]),
        value: number('what to write', 'of a byte', 0x5a, [0, 255]),
      },
      ({ offset, length, value }) => this.#write(offset, length, value),
    ),
    truncate: action(
      'truncate',
      'makes the file shorter',
      { size: number('new size', 'bytes', 0, [0, MAX_BYTES]) },
      ({ size }) => this.#truncate(size),
    ),
    race: action('race', 'lets another thread serve the next fault of a block first', {}, () => {
      this.#isRaced = true;
      return 'the next fault comes second';
    }),
    blocks: action('blocks', 'says which pages have blocks', {}, () =>
      [...this.#blocks].sort((a, b) => a - b).join(','),
    ),
  };
  readonly #options: OptionValues<typeof OPTIONS>;
  readonly #medium: Medium;
  readonly #blocks = new Set<number>();
  /** Mirrors `__xip_sparse_page`, which in the kernel is one for all files. */
  #sparse: Page | undefined;
  #size: number;
  #isRaced = false;

  constructor(memory: Memory, name: DriverName, options: OptionValues<typeof OPTIONS>) {
    super(memory, name);
    const isCounted = memory.kernel.filemapXip === 'get_xip_page';
    this.#options = options;
    this.readOnly = !options.writable;
    this.mmapFlags = isCounted ? 0 : VM_MIXEDMAP + VM_CAN_NONLINEAR;
    this.mapping = new AddressSpace(memory);
    // get_xip_page answers with a struct page, so there have to be some.
    this.#medium = mediumAt(memory, { ...options, memmap: options.memmap || isCounted });
    this.#size = options.pages * PAGE_SIZE;
    for (let index = 0; index < options.pages; index += 1)
      if (!options.holes(index)) {
        this.#blocks.add(index);
        this.#medium.bytes(index).fill(mediumByte(index));
      }
  }

  override ownReferences(page: Page): number {
    return page === this.#sparse ? 1 : 0;
  }

  /** The page of zeros, at every hole. */
  override pageAt(index: number): Page | undefined {
    return this.#blocks.has(index) ? undefined : this.#sparse;
  }

  override close(): void {
    if (this.#sparse !== undefined) this.memory.frames.putPage(this.#sparse);
    this.#sparse = undefined;
  }

  /** Mirrors `xip_file_fault`. */
  #fault(vma: VmArea, vmf: VmFault): VmFaultResult {
    const index = Number(vmf.pgoff);
    if (index >= Math.ceil(this.#size / PAGE_SIZE)) return VM_FAULT_SIGBUS;
    if (!this.#blocks.has(index)) {
      if (!this.#fillsHole(vma)) return this.#mapSparse(vma, vmf);
      this.#create(index);
    }
    if (this.memory.kernel.filemapXip === 'get_xip_page') {
      const page = this.memory.physical.pfnToPage(this.#medium.pfnOf(index));
      return returnPage(this.memory, vmf, page);
    }
    if (this.#isRaced) {
      this.#isRaced = false;
      this.#insert(vma, vmf.address, index);
    }
    return this.#insert(vma, vmf.address, index);
  }

  /** Someone may write here and others may see it: the hole cannot stay one. */
  #fillsHole({ vmFlags }: VmArea): boolean {
    return (
      hasAny(vmFlags, VM_WRITE + VM_MAYWRITE) &&
      hasAny(vmFlags, VM_SHARED + VM_MAYSHARE) &&
      this.#options.mount === 'rw'
    );
  }

  #insert(vma: VmArea, address: VirtAddr, index: number): VmFaultResult {
    const pfn = this.#medium.pfnOf(index);
    const result = vmInsertMixed(vma, address, pfn);
    if (result === 'ENOMEM') return VM_FAULT_OOM;
    if (result !== 0 && !(result === 'EBUSY' && this.#options.busy === 'nopage'))
      throw new KernelBug('xip_file_fault', 'vm_insert_mixed finds no entry there', { vma, pfn });
    return VM_FAULT_NOPAGE;
  }

  #mapSparse(vma: VmArea, vmf: VmFault): VmFaultResult {
    const page = (this.#sparse ??= this.#makeSparse());
    if (page === undefined) return VM_FAULT_OOM;
    if (this.memory.kernel.filemapXip === 'get_xip_page') return returnPage(this.memory, vmf, page);
    return vmInsertPage(vma, vmf.address, page) === 'ENOMEM' ? VM_FAULT_OOM : VM_FAULT_NOPAGE;
  }

  #makeSparse(): Page | undefined {
    const page = allocPage(this.memory, 'driver');
    if (page !== undefined) this.memory.frames.clear(page);
    return page;
  }

  /** A block of zeros for a hole, seen by everyone at once. Mirrors `get_xip_mem` with create. */
  #create(index: number): void {
    this.#medium.bytes(index).fill(0);
    this.#blocks.add(index);
    this.#unmapSparse(index);
  }

  /** Mirrors `__xip_unmap`. */
  #unmapSparse(index: number): void {
    const sparse = this.#sparse;
    if (sparse === undefined) return;
    const frame = this.memory.frames.pageToPfn(sparse);
    for (const vma of this.mapping.vmas) {
      const address = vmaAddress(vma, index);
      const leaf = address === undefined ? undefined : vma.mm.pageTable.leaf(address);
      if (address === undefined || leaf === undefined) continue;
      const at = pteIndex(address);
      if (leaf.pfnAt(at) !== frame || leaf.bitsAt(at) === 0) continue;
      if (hasAny(leaf.bitsAt(at), PTE_DIRTY))
        throw new KernelBug('__xip_unmap', 'nobody wrote to the page of zeros', { vma });
      zapPageRange(vma, address, (address + PAGE_SIZE) as VirtAddr);
    }
  }

  /** Mirrors `do_xip_mapping_read`. */
  #read(offset: number, length: number): string {
    const count = Math.max(0, Math.min(length, this.#size - offset));
    const index = Math.floor(offset / PAGE_SIZE);
    const byte = this.#blocks.has(index) ? (this.#medium.bytes(index)[offset % PAGE_SIZE] ?? 0) : 0;
    return `${String(count)} bytes, first ${hex(count === 0 ? 0 : byte)}`;
  }

  /**
   * Mirrors `xip_file_write`, inside the file only.
   *
   * @throws AxfsError EROFS on a read-only mount.
   */
  #write(offset: number, length: number, value: number): string {
    this.#checkWritable();
    const end = Math.min(this.#size, offset + length);
    for (let at = offset; at < end;) {
      const index = Math.floor(at / PAGE_SIZE);
      const inPage = at % PAGE_SIZE;
      const count = Math.min(PAGE_SIZE - inPage, end - at);
      if (!this.#blocks.has(index)) this.#create(index);
      this.#medium.bytes(index).fill(value, inPage, inPage + count);
      at += count;
    }
    return `${String(Math.max(0, end - offset))} bytes`;
  }

  /** Mirrors `xip_truncate_page` with `vmtruncate`. @throws AxfsError EROFS, EINVAL for a larger size. */
  #truncate(size: number): string {
    this.#checkWritable();
    if (size > this.#size)
      throw new AxfsError(
        'EINVAL',
        `${this.name}: truncate to ${String(size)} bytes, expected at most ${String(this.#size)}`,
      );
    const [before, pages] = [Math.ceil(this.#size / PAGE_SIZE), Math.ceil(size / PAGE_SIZE)];
    this.#size = size;
    const tail = size % PAGE_SIZE;
    if (tail > 0 && this.#blocks.has(pages - 1)) this.#medium.bytes(pages - 1).fill(0, tail);
    unmapMappingRange(this.mapping, pages, before - pages, true);
    for (const index of [...this.#blocks]) if (index >= pages) this.#blocks.delete(index);
    return `${String(size)} bytes`;
  }

  #checkWritable(): void {
    if (this.#options.mount === 'ro')
      throw new AxfsError('EROFS', `${this.name}: the file system is mounted read-only`);
  }
}

/** See the top of the file. */
export const FILEMAP_XIP_DRIVER = driverKind({
  kind: 'filemap_xip',
  purpose: 'A file with holes on memory-like media by mm/filemap_xip.c, as ext2 and AXFS used it.',
  options: OPTIONS,
  needs: {
    what: 'mm/filemap_xip.c (2.6.14 to 3.19)',
    test: ({ filemapXip }) => filemapXip !== 'none',
  },
  make: (memory, name, values) => new XipFile(memory, name, values),
});
