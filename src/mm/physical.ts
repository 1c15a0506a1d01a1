/**
 * The physical address space: RAM frames, which have a struct page, and windows onto flash, which have
 * none unless somebody gave them some.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Pfn } from '../base/units.ts';
import type { Frames, Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';

/** Frames of a device in the physical address space. */
export interface FlashWindow {
  readonly firstPfn: Pfn;
  /** Number of frames. */
  readonly pages: number;
  /** They have struct pages, as RAM has: `pfn_valid` is true. Default: no, as for flash behind ioremap. */
  readonly memmap?: boolean;
  /** The 4096 bytes of frame `firstPfn + index`, as a view of the device's memory; stores of
   * shared writable mappings of it reach it. */
  page(index: number): Uint8Array;
  /**
   * What the CPU's loads of `[offset, offset + length)` of that frame get, where that may differ from what is
   * in `page`. @throws AxfsError when the bus fails: a SIGBUS for the task.
   */
  load?(index: number, offset: number, length: number): Uint8Array;
}

/** A window with struct pages, and the page of its first frame. */
interface Memmap {
  readonly window: FlashWindow;
  readonly first: Page;
}

/** Which pfn is what. */
export class PhysicalMemory {
  readonly #frames: Frames;
  readonly #ramStart: number;
  readonly #ramEnd: number;
  readonly #windows: FlashWindow[] = [];
  readonly #memmaps: Memmap[] = [];

  constructor(frames: Frames) {
    this.#frames = frames;
    this.#ramStart = frames.firstPfn;
    this.#ramEnd = frames.firstPfn + frames.count;
  }

  /** Last pfn that has a struct page. Mirrors `highest_memmap_pfn` (mm/internal.h). */
  get highestMemmapPfn(): number {
    let last = this.#ramEnd - 1;
    for (const { window } of this.#memmaps)
      last = Math.max(last, window.firstPfn + window.pages - 1);
    return last;
  }

  /**
   * Makes a flash window part of the address space, as the board's map driver does.
   *
   * @throws AxfsError EINVAL for a window without whole frames below 2^40; EBUSY when it overlaps RAM or
   * another window.
   */
  addWindow(window: FlashWindow): void {
    const { firstPfn, pages } = window;
    const end = firstPfn + pages;
    if (!Number.isInteger(pages) || pages <= 0 || end > 2 ** 40)
      throw new AxfsError(
        'EINVAL',
        `flash window at pfn 0x${firstPfn.toString(16)} has ${String(pages)} pages, expected 1 or more below pfn 2^40`,
      );
    const taken = [
      { what: 'RAM', start: this.#ramStart, end: this.#ramEnd },
      ...this.#windows.map((w) => ({
        what: 'a flash window',
        start: Number(w.firstPfn),
        end: w.firstPfn + w.pages,
      })),
    ];
    for (const range of taken)
      if (firstPfn < range.end && range.start < end)
        throw new AxfsError(
          'EBUSY',
          `flash window 0x${firstPfn.toString(16)}-0x${end.toString(16)} overlaps ${range.what} 0x${range.start.toString(16)}-0x${range.end.toString(16)} (pfns)`,
        );
    this.#windows.push(window);
    if (window.memmap === true) {
      const first = this.#frames.addDevicePages(firstPfn, pages, (index) => window.page(index));
      this.#memmaps.push({ window, first });
    }
  }

  /** The window that a frame is in. */
  windowOf(pfn: Pfn): FlashWindow | undefined {
    return this.#windows.find(({ firstPfn, pages }) => pfn >= firstPfn && pfn < firstPfn + pages);
  }

  /**
   * Takes a window out again. The caller has unmapped every PTE to it.
   *
   * @throws AxfsError EINVAL when it was not added.
   */
  removeWindow(window: FlashWindow): void {
    const at = this.#windows.indexOf(window);
    if (at < 0) throw new AxfsError('EINVAL', 'the flash window to remove was never added');
    this.#windows.splice(at, 1);
    const memmap = this.#memmaps.findIndex((row) => row.window === window);
    if (memmap >= 0) this.#memmaps.splice(memmap, 1);
  }

  /** A struct page exists for this pfn; not "is memory". Mirrors `pfn_valid`. */
  pfnValid(pfn: Pfn): boolean {
    return this.#isRam(pfn) || this.#devicePage(pfn) !== undefined;
  }

  /**
   * The struct page of a frame. Mirrors `pfn_to_page`.
   *
   * @throws KernelBug for a pfn without one: the real macro makes up a pointer into nothing.
   */
  pfnToPage(pfn: Pfn): Page {
    if (this.#isRam(pfn)) return (pfn - this.#ramStart) as Page;
    const page = this.#devicePage(pfn);
    if (page === undefined)
      throw new KernelBug('pfn_to_page', 'the pfn has a struct page', { pfn });
    return page;
  }

  /** Frame of a struct page. Mirrors `page_to_pfn`. */
  pageToPfn(page: Page): Pfn {
    return this.#frames.pageToPfn(page);
  }

  /**
   * The 4096 bytes behind a frame, as the CPU sees them: RAM (writable) or flash (do not write).
   *
   * @throws AxfsError ENXIO when nothing answers at this pfn; whatever the window's provider throws.
   */
  bytesOf(pfn: Pfn): Uint8Array {
    if (this.#isRam(pfn)) return this.#frames.bytes((pfn - this.#ramStart) as Page);
    const window = this.windowOf(pfn);
    if (window !== undefined) return window.page(pfn - window.firstPfn);
    throw new AxfsError(
      'ENXIO',
      `pfn 0x${pfn.toString(16)} is neither RAM (0x${this.#ramStart.toString(16)}-0x${this.#ramEnd.toString(16)}) nor in a flash window`,
    );
  }

  /**
   * What the CPU's loads of `[offset, offset + length)` of a frame get.
   *
   * @throws AxfsError as {@link bytesOf}; whatever the window throws when its bus fails.
   */
  load(pfn: Pfn, offset: number, length: number): Uint8Array {
    const window = this.#isRam(pfn) ? undefined : this.windowOf(pfn);
    return (
      window?.load?.(pfn - window.firstPfn, offset, length) ??
      this.bytesOf(pfn).subarray(offset, offset + length)
    );
  }

  #isRam(pfn: Pfn): boolean {
    return pfn >= this.#ramStart && pfn < this.#ramEnd;
  }

  #devicePage(pfn: Pfn): Page | undefined {
    for (const { window, first } of this.#memmaps) {
      const index = pfn - window.firstPfn;
      if (index >= 0 && index < window.pages) return (first + index) as Page;
    }
    return undefined;
  }
}
