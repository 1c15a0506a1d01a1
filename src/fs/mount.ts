/**
 * A mounted image: an opened volume with page cache and mappable files. Faults are served as the AXFS
 * driver does, each file page by its own kind: an XIP node's frame goes into the page table as it is, raw;
 * everything else is expanded into a page-cache page.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { NOT_XIP_REASONS } from '../base/events.ts';
import type { NotXipReason } from '../base/events.ts';
import { PAGE_SIZE, pagesOf, pfn, physToPfn } from '../base/units.ts';
import type { InodeNumber, Pfn } from '../base/units.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { Page } from '../mm/frames.ts';
import type { Memory } from '../mm/memory.ts';
import type { FlashWindow } from '../mm/physical.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { AxfsFile } from './file.ts';
import type { FaultRoute } from './file.ts';
import { AddressSpace } from './pagecache.ts';
import { AxfsVolume, bytesInPage } from './volume.ts';
import type { Inode } from './inode.ts';

/** How to mount. */
export interface MountOptions {
  /** The image's name, for messages. */
  readonly name: string;
  readonly inflater: Inflater;
  /** How pages of RAM get into page tables; default `insert`. */
  readonly faultRoute?: FaultRoute;
}

/** How many page-cache pages were filled instead of mapping flash, by reason. */
export type NotXipCounts = Readonly<Record<NotXipReason, number>>;

/** A mounted image. */
export class AxfsMount {
  readonly volume: AxfsVolume;
  readonly memory: Memory;
  readonly faultRoute: FaultRoute;
  /** Frame of XIP page 0, when the XIP region is in a physical window. */
  readonly xipPfn: Pfn | undefined;
  /** The error behind the last SIGBUS that damage caused. */
  lastFaultError: AxfsError | undefined;
  readonly #window: FlashWindow | undefined;
  readonly #files = new Map<InodeNumber, AxfsFile>();
  readonly #metadataPages = new Set<Page>();
  readonly #notXip = new Map<NotXipReason, number>();

  /**
   * Mounts the image on `device` in the machine that `memory` belongs to: opens it, puts the device's
   * window into the physical address space, and takes RAM for what the driver keeps in RAM.
   *
   * @throws AxfsError EINVAL for an image that cannot be read; EBUSY when the window overlaps RAM; ENOMEM.
   */
  constructor(memory: Memory, device: MtdDevice, options: MountOptions) {
    this.memory = memory;
    this.faultRoute = options.faultRoute ?? 'insert';
    this.volume = new AxfsVolume(device, {
      name: options.name,
      inflater: options.inflater,
      sink: (event) => {
        memory.events(event);
      },
    });
    const { source, regions } = this.volume.image;
    const { window } = source;
    if (window !== undefined && regions.xip.windowOffset >= 0) {
      const pages = pagesOf(window.length);
      this.#window = {
        firstPfn: physToPfn(window.phys),
        pages,
        page: (index) => this.#flashPage(index),
      };
      memory.physical.addWindow(this.#window);
      this.xipPfn = pfn(physToPfn(window.phys) + regions.xip.windowOffset / PAGE_SIZE);
    }
    this.#chargeMetadata();
  }

  /**
   * Opens the regular file at `path` for mapping and reading.
   *
   * @throws AxfsError ENOENT, ENOTDIR, ELOOP; EISDIR or EINVAL for what is not a regular file; EIO.
   */
  open(path: string | ByteString): AxfsFile {
    const bytePath = fromText(path);
    return this.openInode(this.volume.resolve(bytePath), bytePath);
  }

  /** Opens an inode found otherwise; `path` is what /proc/pid/maps shows. */
  openInode(inode: Inode, path: ByteString): AxfsFile {
    const known = this.#files.get(inode.number);
    if (known !== undefined) return known;
    if (inode.type !== 'file')
      throw new AxfsError(
        inode.type === 'dir' ? 'EISDIR' : 'EINVAL',
        `${this.volume.name}: ${toPrintable(path)}: is a ${inode.type}, expected a regular file`,
      );
    // page->mapping 0 means none, and the root directory, inode 0, is never mapped.
    const space = new AddressSpace(this.memory.frames, inode.number);
    const file = new AxfsFile(this, inode, path, space);
    this.#files.set(inode.number, file);
    return file;
  }

  /** Files opened so far, in order of opening. */
  get files(): IterableIterator<AxfsFile> {
    return this.#files.values();
  }

  /** Why pages were not mapped from flash, so far. */
  get notXip(): NotXipCounts {
    return Object.fromEntries(
      NOT_XIP_REASONS.map((reason) => [reason, this.#notXip.get(reason) ?? 0]),
    ) as NotXipCounts;
  }

  /** Records why a page was filled into RAM. For the fault path. */
  countNotXip(reason: NotXipReason): void {
    this.#notXip.set(reason, (this.#notXip.get(reason) ?? 0) + 1);
  }

  /**
   * References that the mount holds on `page`, through its page cache or as RAM of its own: what is left
   * when no process maps the page.
   */
  references(page: Page): number {
    const cached = this.memory.frames.mappingOf(page) === 0 ? 0 : 1;
    return cached + (this.#metadataPages.has(page) ? 1 : 0);
  }

  /**
   * Unmounts: empties the page cache, gives RAM and window back.
   *
   * @throws AxfsError EBUSY when a process still maps a file of the image.
   */
  unmount(): void {
    for (const file of this.#files.values())
      if (file.mappings > 0)
        throw new AxfsError(
          'EBUSY',
          `${this.volume.name}: ${file.name} is mapped ${String(file.mappings)} times`,
        );
    for (const file of this.#files.values()) file.space.truncate();
    for (const page of this.#metadataPages) this.memory.frames.putPage(page);
    this.#metadataPages.clear();
    if (this.#window !== undefined) this.memory.physical.removeWindow(this.#window);
    const { device, window } = this.volume.image.source;
    if (window !== undefined) device.unpoint(window);
  }

  /**
   * Bytes behind the end of the file in an XIP tail page are someone else's, or damage: such a page must
   * not be mapped.
   */
  xipTailIsClean(inode: Inode, xipPage: number): boolean {
    const last = inode.numEntries - 1;
    const held = bytesInPage(inode, last);
    const { xip } = this.volume.image.regions;
    return xip
      .read(xipPage * PAGE_SIZE, PAGE_SIZE)
      .subarray(held)
      .every((byte) => byte === 0);
  }

  #flashPage(index: number): Uint8Array {
    const { window } = this.volume.image.source;
    const length = window?.length ?? 0;
    const start = index * PAGE_SIZE;
    if (window !== undefined && start + PAGE_SIZE <= length) return window.bytes(start, PAGE_SIZE);
    // The window's last page: what lies behind the mapped bytes reads as erased.
    const page = new Uint8Array(PAGE_SIZE).fill(0xff);
    if (window !== undefined) page.set(window.bytes(start, length - start));
    return page;
  }

  /** The driver's two cblock buffers, and every region it had to copy to RAM. */
  #chargeMetadata(): void {
    const { regions } = this.volume.image;
    const copied = Object.values(regions).reduce(
      (sum, region) => sum + (region.place === 'ram' ? pagesOf(region.size) : 0),
      0,
    );
    const buffers = 2 * pagesOf(this.volume.nodes.bufferBytes / 2);
    for (let i = 0; i < copied + buffers; i += 1) {
      const page = this.memory.frames.allocPage('metadata');
      if (page === undefined)
        throw new AxfsError(
          'ENOMEM',
          `${this.volume.name}: mounting needs ${String(copied + buffers)} pages of RAM, ${String(i)} were free`,
        );
      this.#metadataPages.add(page);
    }
  }
}
