/**
 * An open file of a mount: the fault handler that a mapping calls, and read(2).
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { ByteString } from '../base/bytestring.ts';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { NotXipReason, PageFillEvent } from '../base/events.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { InodeNumber } from '../base/units.ts';
import type { AddressSpace } from '../mm/address-space.ts';
import { allocPage } from '../mm/alloc.ts';
import type { Page } from '../mm/frames.ts';
import { vmInsertMixed, vmInsertPage, vmfError } from '../mm/insert.ts';
import { KernelBug } from '../mm/kernel-bug.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import type { MappedFile, VmFault, VmFaultResult, VmOperations } from '../mm/mappable.ts';
import { unmapMappingRange } from '../mm/truncate.ts';
import type { VmArea } from '../mm/vma.ts';
import {
  hasAny,
  VM_CAN_NONLINEAR,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_IO,
  VM_MIXEDMAP,
  VM_WRITE,
} from '../mm/vmflags.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import type { Inode } from './inode.ts';
import type { AxfsMount } from './mount.ts';
import { bytesInPage } from './volume.ts';

/**
 * How a page of RAM gets into the page table. `insert`: the handler inserts it with vm_insert_page and
 * answers NOPAGE. `return`: the handler returns it and mm installs it, as the original driver does by
 * filemap_fault.
 */
export const FAULT_ROUTES = ['insert', 'return'] as const;
/** One of {@link FAULT_ROUTES}. */
export type FaultRoute = (typeof FAULT_ROUTES)[number];

/**
 * `vm_flags` that axfs_mmap sets. VM_CAN_NONLINEAR went away in 3.7, together with VM_INSERTPAGE, and the
 * driver took VM_IO in its place.
 */
const AXFS_MMAP_FLAGS: Readonly<Record<KernelPreset['insertPageMarks'], number>> = {
  VM_INSERTPAGE: VM_CAN_NONLINEAR + VM_MIXEDMAP,
  VM_MIXEDMAP: VM_IO + VM_MIXEDMAP,
};

/** Device number that /proc shows for a mount without a block device: the first anonymous one. */
const ANONYMOUS_DEVICE = '00:01';

/** A node that a page-cache page is filled from. */
interface FilledNode {
  readonly node: number;
  readonly type: number;
  /** Why an XIP node is filled. */
  readonly xipReason?: NotXipReason;
}

const xipNode = (node: number, xipReason: NotXipReason): FilledNode => ({
  node,
  type: NODE_TYPE.xip,
  xipReason,
});

/** A regular file of a mounted image. */
export class AxfsFile implements MappedFile, VmOperations {
  readonly ino: InodeNumber;
  readonly inode: Inode;
  readonly space: AddressSpace;
  readonly name: string;
  readonly device = ANONYMOUS_DEVICE;
  readonly readOnly = true;
  readonly mmapFlags: number;
  /** Mirrors `map_pages`; there only on a mount that maps around. */
  readonly mapPages?: (vma: VmArea, index: number) => Page | undefined;
  /** Vmas that refer to the file. */
  mappings = 0;
  readonly #mount: AxfsMount;
  readonly #fillEvent: PageFillEvent = {
    type: 'page_fill',
    bytes: 0,
    reason: 'compressed_node',
    cblockHit: false,
    refill: false,
  };
  /** Pages that were ever in the page cache. */
  readonly #filled = new Set<number>();
  /** The bytes behind the end of the file in its last page are zero; unknown until asked for. */
  #tailChecked: boolean | undefined;

  constructor(mount: AxfsMount, inode: Inode, path: ByteString, space: AddressSpace) {
    this.#mount = mount;
    this.ino = inode.number;
    this.inode = inode;
    this.name = toPrintable(path);
    this.space = space;
    this.mmapFlags = AXFS_MMAP_FLAGS[mount.memory.kernel.insertPageMarks];
    // An XIP page's copy that read(2) left is never mapped: the next fault drops it.
    if (mount.mapsAround)
      this.mapPages = (_vma, index) => (this.#isXip(index) ? undefined : this.space.peek(index));
  }

  #isXip(page: number): boolean {
    return this.#mount.volume.nodes.type(this.inode.arrayIndex + page) === NODE_TYPE.xip;
  }

  /** Its page cache and who maps it. */
  get mapping(): AddressSpace {
    return this.space;
  }

  get ops(): VmOperations {
    return this;
  }

  getFile(): void {
    this.mappings += 1;
  }

  putFile(): void {
    this.mappings -= 1;
  }

  /** Size of the file, bytes. */
  get size(): number {
    return this.inode.size;
  }

  /** Serves a page fault, page by page. Mirrors `axfs_fault`. */
  fault(vma: VmArea, vmf: VmFault): VmFaultResult {
    if (!hasAny(vma.vmFlags, VM_WRITE)) this.#mount.profile?.count(this.inode, vmf.pgoff);
    // The original indexes the node tables first and so reads other files' entries.
    if (!(vmf.pgoff >= 0 && vmf.pgoff < this.inode.numEntries)) return VM_FAULT_SIGBUS;
    try {
      const node = this.inode.arrayIndex + vmf.pgoff;
      const type = this.#mount.volume.nodes.type(node);
      return type === NODE_TYPE.xip
        ? this.#faultXip(vma, vmf, node)
        : this.#faultPageCache(vma, vmf, { node, type });
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      this.#mount.lastFaultError = error;
      return VM_FAULT_SIGBUS;
    }
  }

  /**
   * read(2): copies bytes from `offset` into `into`, up to the end of the file; returns how many. Pages go
   * through the page cache; up to 3.15 (kernel's row `readOfXip`) XIP pages are copied straight from flash, as
   * xip_file_read did.
   *
   * @throws AxfsError EINVAL for an offset that is none, EIO when the image is damaged there, ENOMEM when
   * RAM is full, ENODEV after unmount.
   */
  read(offset: number, into: Uint8Array): number {
    if (!(Number.isSafeInteger(offset) && offset >= 0))
      throw new AxfsError(
        'EINVAL',
        `${this.name}: read at offset ${String(offset)}, expected 0 or more`,
      );
    this.#mount.checkMounted();
    const { volume, memory } = this.#mount;
    const end = Math.min(this.inode.size, offset + into.length);
    let done = 0;
    while (offset + done < end) {
      const at = offset + done;
      const page = Math.floor(at / PAGE_SIZE);
      const inPage = at - page * PAGE_SIZE;
      const count = Math.min(PAGE_SIZE - inPage, end - at);
      const node = this.inode.arrayIndex + page;
      const type = volume.nodes.type(node);
      const isXip = type === NODE_TYPE.xip;
      if (isXip && memory.kernel.readOfXip === 'direct') {
        const wrong = this.#mount.flippedBits;
        into.set(volume.nodes.readXip(node, inPage, count), done);
        this.#mount.countSilent(wrong);
        done += count;
        continue;
      }
      const cached =
        this.space.findGetPage(page) ??
        this.#fill(page, isXip ? xipNode(node, 'read_copy') : { node, type });
      if (cached === undefined)
        throw new AxfsError('ENOMEM', `${this.name}: no RAM left for page ${String(page)}`);
      into.set(memory.frames.bytes(cached).subarray(inPage, inPage + count), done);
      memory.frames.putPage(cached);
      done += count;
    }
    return done;
  }

  /**
   * An XIP node: its frame as it is. Mirrors xip_file_fault (2.6.26 to 3.19) with axfs_get_xip_mem, and
   * the driver's own do_dax_noblk_fault (≥ 4.0).
   *
   * @throws KernelBug where xip_file_fault has one: see the kernel's row `xipFaultBusy`.
   */
  #faultXip(vma: VmArea, vmf: VmFault, node: number): VmFaultResult {
    const mount = this.#mount;
    const xipPage = mount.volume.nodes.xipPage(node);
    if (!this.#tailMayBeMapped(vmf.pgoff, xipPage))
      return this.#faultPageCache(vma, vmf, xipNode(node, 'nonzero_tail'));
    this.#dropReadCopy(vmf.pgoff);
    const frame = mount.xipFrame(xipPage);
    const result = vmInsertMixed(vma, vmf.address, frame);
    if (result !== 0 && result !== 'ENOMEM' && mount.memory.kernel.xipFaultBusy === 'bug')
      throw new KernelBug('xip_file_fault', 'the pfn could be inserted: nobody was faster', {
        vma,
        pfn: frame,
      });
    return vmfError(result);
  }

  /**
   * The copy of an XIP page that read(2) left in the page cache goes, from wherever it is mapped; private copies
   * stay. Kernels that read from flash never have one.
   */
  #dropReadCopy(page: number): void {
    if (this.space.size === 0 || this.space.peek(page) === undefined) return;
    unmapMappingRange(this.space, page, 1, false);
    this.space.deleteFromPageCache(page);
  }

  #tailMayBeMapped(page: number, xipPage: number): boolean {
    if (page !== this.inode.numEntries - 1 || this.inode.size % PAGE_SIZE === 0) return true;
    return (this.#tailChecked ??= this.#mount.xipTailIsClean(this.inode, xipPage));
  }

  /** Everything else: a page-cache page, by the mount's route. Mirrors filemap_fault with axfs_readpage. */
  #faultPageCache(vma: VmArea, vmf: VmFault, node: FilledNode): VmFaultResult {
    const cached = this.space.findGetPage(vmf.pgoff);
    const page = cached ?? this.#fill(vmf.pgoff, node);
    if (page === undefined) return VM_FAULT_OOM;
    if (cached === undefined) this.#readAhead(vmf.pgoff);
    const major = cached === undefined ? VM_FAULT_MAJOR : 0;
    if (this.#mount.faultRoute === 'return') {
      vmf.page = page;
      return major;
    }
    const result = vmfError(vmInsertPage(vma, vmf.address, page));
    // The PTE holds a reference of its own now; this one was the look-up's.
    this.#mount.memory.frames.putPage(page);
    return result === VM_FAULT_NOPAGE ? major + result : result;
  }

  /** Fills what is missing of the window around a page just filled, as long as RAM is free and flash is sound. */
  #readAhead(page: number): void {
    const { readAheadPages, memory, volume } = this.#mount;
    if (readAheadPages === 1) return;
    const first = page - (page % readAheadPages);
    const end = Math.min(this.inode.numEntries, first + readAheadPages);
    for (let index = first; index < end; index += 1) {
      if (this.space.peek(index) !== undefined || this.#isXip(index)) continue;
      const node = this.inode.arrayIndex + index;
      try {
        const filled = this.#fill(index, { node, type: volume.nodes.type(node) });
        if (filled === undefined) return;
        memory.frames.putPage(filled);
      } catch (error) {
        // The page's own fault will say so.
        if (error instanceof AxfsError) return;
        throw error;
      }
    }
  }

  /** Allocates, fills and caches a page; the caller gets a reference. `undefined` when RAM is full. */
  #fill(index: number, { node, type, xipReason }: FilledNode): Page | undefined {
    const { memory, volume } = this.#mount;
    const { frames } = memory;
    const page = allocPage(memory, 'page_cache');
    if (page === undefined) return undefined;
    try {
      const held = bytesInPage(this.inode, index);
      const wrong = this.#mount.flippedBits;
      const origin = volume.nodes.readPageOfType(node, type, held, frames.bytes(page));
      const reason = origin.reason ?? xipReason;
      assert(
        reason !== undefined,
        () => `an XIP node is filled for a reason: node ${String(node)}`,
      );
      const event = this.#fillEvent;
      event.bytes = held;
      event.cblockHit = origin.cblockHit;
      event.reason = reason;
      event.refill = this.#filled.has(index);
      this.#mount.countNotXip(event.reason);
      memory.events(event);
      // What was expanded from a zlib stream has passed its checksum.
      if (type !== NODE_TYPE.compressed || !volume.image.hasChecksums)
        this.#mount.countSilent(wrong);
    } catch (error) {
      frames.putPage(page);
      throw error;
    }
    frames.setFlag(page, 'uptodate', true);
    this.space.addToPageCache(page, index);
    this.#filled.add(index);
    return page;
  }
}
