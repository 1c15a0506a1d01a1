/**
 * A mounted image: an opened volume with page cache and mappable files. Faults are served as the AXFS
 * driver does, each file page by its own kind: an XIP node's frame goes into the page table as it is, raw;
 * everything else is expanded into a page-cache page.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { zeros } from '../base/counts.ts';
import { AxfsError } from '../base/errno.ts';
import { NOT_XIP_REASONS } from '../base/events.ts';
import type { NotXipReason } from '../base/events.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE, pagesOf, pfn, physToPfn } from '../base/units.ts';
import type { InodeNumber, Pfn } from '../base/units.ts';
import type { Inflater } from '../codec/zlib.ts';
import { AddressSpace } from '../mm/address-space.ts';
import type { Page } from '../mm/frames.ts';
import type { Memory } from '../mm/memory.ts';
import type { FlashWindow } from '../mm/physical.ts';
import type { MtdDevice, MtdWindow } from '../mtd/device.ts';
import { FaultProfile } from './fault-profile.ts';
import type { PastEofProfiling } from './fault-profile.ts';
import { AxfsFile } from './file.ts';
import type { FaultRoute } from './file.ts';
import { closeImage } from './image.ts';
import type { Inode } from './inode.ts';
import { flippedBits } from './source.ts';
import type { DeviceAccess } from './source.ts';
import { AxfsVolume, bytesInPage } from './volume.ts';

/** How to mount. */
export interface MountOptions {
  /** The image's name, for messages. */
  readonly name: string;
  readonly inflater: Inflater;
  /** How the device is reached; default `mtd`. */
  readonly access?: DeviceAccess;
  /** Holds the image from `mmap_size` on: the NAND behind a NOR. */
  readonly second?: MtdDevice;
  /** How pages of RAM get into page tables; default `insert`. */
  readonly faultRoute?: FaultRoute;
  /** Count faults, as the driver's profiling build does; default: no. */
  readonly profiling?: boolean;
  /** What profiling does with faults behind the end of a file; default: `refuse`. */
  readonly profilePastEof?: PastEofProfiling;
  /** The driver has `map_pages`: pages in the page cache are mapped around a fault. The original has none. */
  readonly mapsAround?: boolean;
  /** Pages that a fault reads when it fills one: an aligned window, XIP pages left out. Default 1. */
  readonly readAheadPages?: number;
}

/** How many page-cache pages were filled instead of mapping flash, by reason. */
export type NotXipCounts = Readonly<Record<NotXipReason, number>>;

/** A mounted image. */
export class AxfsMount {
  readonly volume: AxfsVolume;
  readonly memory: Memory;
  readonly faultRoute: FaultRoute;
  readonly mapsAround: boolean;
  readonly readAheadPages: number;
  /** Fault counts, if the mount keeps them. */
  readonly profile: FaultProfile | undefined;
  /** Frame of XIP page 0 in flash; `undefined` when the driver had to copy the XIP region to RAM. */
  readonly xipPfn: Pfn | undefined;
  /** The error behind the last SIGBUS that damage caused. */
  lastFaultError: AxfsError | undefined;
  readonly #window: FlashWindow | undefined;
  readonly #files = new Map<InodeNumber, AxfsFile>();
  /** RAM of the mount itself, and among it the XIP region's pages when that had to be copied. */
  readonly #metadataPages = new Set<Page>();
  readonly #xipPages: Page[] = [];
  readonly #notXip = zeros(NOT_XIP_REASONS);
  #mounted = true;

  /**
   * Mounts the image on `device` in the machine that `memory` belongs to: opens it, puts the device's
   * window into the physical address space, and takes RAM for what the driver keeps in RAM.
   *
   * @throws AxfsError EINVAL for an image that cannot be read; EBUSY when the window overlaps RAM; ENOMEM.
   * Nothing stays taken then.
   */
  constructor(memory: Memory, device: MtdDevice, options: MountOptions) {
    this.memory = memory;
    this.faultRoute = options.faultRoute ?? 'insert';
    this.mapsAround = options.mapsAround ?? false;
    this.readAheadPages = options.readAheadPages ?? 1;
    const wrong = device.flippedBits + (options.second?.flippedBits ?? 0);
    this.volume = new AxfsVolume(device, {
      name: options.name,
      inflater: options.inflater,
      ...(options.access === undefined ? {} : { access: options.access }),
      ...(options.second === undefined ? {} : { second: options.second }),
      sink: (event) => {
        memory.events(event);
      },
    });
    this.countSilent(wrong);
    if (options.profiling === true)
      this.profile = new FaultProfile(this.volume, options.profilePastEof ?? 'refuse');
    const { source, regions } = this.volume.image;
    try {
      if (source.window !== undefined) {
        const window = flashWindow(source.window, this);
        memory.physical.addWindow(window);
        this.#window = window;
        if (regions.xip.place === 'window')
          this.xipPfn = pfn(window.firstPfn + regions.xip.windowOffset / PAGE_SIZE);
      }
      this.#takeRam();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /**
   * Opens the regular file at `path` for mapping and reading.
   *
   * @throws AxfsError ENOENT, ENOTDIR, ELOOP; EISDIR or EINVAL for what is not a regular file; EIO; ENODEV
   * after {@link unmount}.
   */
  open(path: string): AxfsFile {
    this.checkMounted();
    const bytePath = fromText(path);
    return this.openInode(this.volume.resolve(bytePath), bytePath);
  }

  /** Opens an inode found otherwise; `path` is what /proc/pid/maps shows. */
  openInode(inode: Inode, path: ByteString): AxfsFile {
    this.checkMounted();
    const known = this.#files.get(inode.number);
    if (known !== undefined) return known;
    if (inode.type !== 'file')
      throw new AxfsError(
        inode.type === 'dir' ? 'EISDIR' : 'EINVAL',
        `${this.volume.name}: ${toPrintable(path)}: is a ${inode.type}, expected a regular file`,
      );
    const space = new AddressSpace(this.memory);
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
    return { ...this.#notXip };
  }

  /** Records why a page was filled into RAM. For the fault path. */
  countNotXip(reason: NotXipReason): void {
    this.#notXip[reason] += 1;
  }

  /** Wrong bits that the devices have given out without noticing. */
  get flippedBits(): number {
    return flippedBits(this.volume.image.source);
  }

  /** Reports the wrong bits given out since {@link flippedBits} was `before`: they have been believed. */
  countSilent(before: number): void {
    const bits = this.flippedBits - before;
    if (bits > 0) this.memory.events({ type: 'silent_corruption', bits });
  }

  /**
   * The CPU's cache takes `lines` lines of a mapped flash frame, `line` being the first: code that runs, or data used
   * in place.
   *
   * @throws AxfsError EIO when the bus fails: the touching task gets SIGBUS.
   */
  fillLines(frame: Pfn, line: number, lines: number): void {
    const window = this.volume.image.source.window;
    assert(
      window !== undefined && this.#window !== undefined,
      () => `a frame of flash is in the window: pfn ${String(frame)}`,
    );
    const offset = (frame - this.#window.firstPfn) * PAGE_SIZE + line * CACHE_LINE_BYTES;
    const bits = window.fillLines(offset, lines);
    if (bits > 0) this.memory.events({ type: 'silent_corruption', bits });
  }

  /**
   * References that the mount holds on `page`, through its page cache or as RAM of its own: what is left
   * when no process maps the page.
   */
  references(page: Page): number {
    if (this.#metadataPages.has(page)) return 1;
    for (const file of this.#files.values()) if (file.space.holds(page)) return 1;
    return 0;
  }

  /**
   * Frame of an XIP page: in flash, or a page of RAM where the driver copied the region at mount. Mirrors
   * `axfs_get_xip_mem`.
   */
  xipFrame(xipPage: number): Pfn {
    if (this.xipPfn !== undefined) return (this.xipPfn + xipPage) as Pfn;
    const page = this.#xipPages[xipPage];
    assert(
      page !== undefined,
      () => `an XIP page without flash frame is in RAM: ${String(xipPage)}`,
    );
    return this.memory.frames.pageToPfn(page);
  }

  /**
   * An XIP tail page has only zeros behind the end of the file; other bytes there are someone else's, or
   * damage, and such a page must not be mapped. The check is this project's own: it counts no access.
   */
  xipTailIsClean(inode: Inode, xipPage: number): boolean {
    const held = bytesInPage(inode, inode.numEntries - 1);
    return this.memory.physical
      .bytesOf(this.xipFrame(xipPage))
      .subarray(held)
      .every((byte) => byte === 0);
  }

  /** @throws AxfsError ENODEV after {@link unmount}. */
  checkMounted(): void {
    if (!this.#mounted)
      throw new AxfsError('ENODEV', `${this.volume.name}: is not mounted any more`);
  }

  /**
   * Unmounts: empties the page cache, gives RAM and window back.
   *
   * @throws AxfsError EBUSY when a process still maps a file of the image, ENODEV when unmounted already.
   */
  unmount(): void {
    this.checkMounted();
    for (const file of this.#files.values())
      if (file.mappings > 0)
        throw new AxfsError(
          'EBUSY',
          `${this.volume.name}: ${file.name} is mapped ${String(file.mappings)} times`,
        );
    for (const file of this.#files.values()) file.space.truncate();
    this.#release();
  }

  #release(): void {
    this.#mounted = false;
    for (const page of this.#metadataPages) this.memory.frames.putPage(page);
    this.#metadataPages.clear();
    if (this.#window !== undefined) this.memory.physical.removeWindow(this.#window);
    closeImage(this.volume.image);
  }

  /** The driver's two cblock buffers, and every region it has to copy to RAM. */
  #takeRam(): void {
    const { regions } = this.volume.image;
    this.#takePages(2 * pagesOf(this.volume.nodes.bufferBytes / 2));
    for (const region of Object.values(regions)) {
      if (region.place !== 'ram') continue;
      const pages = this.#takePages(pagesOf(region.size));
      if (region.name !== 'xip') continue;
      pages.forEach((page, i) => {
        const bytes = region.resident.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE);
        this.memory.frames.bytes(page).set(bytes);
      });
      this.#xipPages.push(...pages);
    }
  }

  #takePages(count: number): readonly Page[] {
    return Array.from({ length: count }, (_, i) => {
      const page = this.memory.frames.allocPage('metadata');
      if (page === undefined)
        throw new AxfsError(
          'ENOMEM',
          `${this.volume.name}: mounting needs ${String(count - i)} more pages of RAM than are free`,
        );
      this.#metadataPages.add(page);
      return page;
    });
  }
}

/** The pointed part of a device as frames without struct page. */
function flashWindow(
  window: MtdWindow,
  mount: Pick<AxfsMount, 'flippedBits' | 'countSilent'>,
): FlashWindow {
  return {
    firstPfn: physToPfn(window.phys),
    pages: pagesOf(window.length),
    page: (index) => {
      const start = index * PAGE_SIZE;
      const held = Math.min(PAGE_SIZE, window.length - start);
      if (held === PAGE_SIZE) return window.bytes(start, PAGE_SIZE);
      // Nothing was asked to be mapped behind the window's end: it reads as erased.
      const page = new Uint8Array(PAGE_SIZE).fill(0xff);
      page.set(window.bytes(start, held));
      return page;
    },
    load: (index, offset, length) => {
      const wrong = mount.flippedBits;
      const start = index * PAGE_SIZE + offset;
      const held = Math.max(0, Math.min(length, window.length - start));
      const loaded = window.load(start, held);
      mount.countSilent(wrong);
      if (held === length) return loaded;
      const bytes = new Uint8Array(length).fill(0xff);
      bytes.set(loaded);
      return bytes;
    },
  };
}
