/**
 * The physical address space: RAM frames, which have a struct page, and windows onto flash, which have
 * none.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Pfn } from '../base/units.ts';
import type { Frames, Page } from './frames.ts';
import { KernelBug } from './kernel-bug.ts';

/** Frames of a device in the physical address space, without struct pages. */
export interface FlashWindow {
  readonly firstPfn: Pfn;
  /** Number of frames. */
  readonly pages: number;
  /** The 4096 bytes of frame `firstPfn + index`, as a view of the device's memory; never written to. */
  page(index: number): Uint8Array;
}

/** Which pfn is what. */
export class PhysicalMemory {
  readonly #frames: Frames;
  readonly #ramStart: number;
  readonly #ramEnd: number;
  readonly #windows: FlashWindow[] = [];

  constructor(frames: Frames) {
    this.#frames = frames;
    this.#ramStart = frames.firstPfn;
    this.#ramEnd = frames.firstPfn + frames.count;
  }

  /** Last pfn that has a struct page. Mirrors `highest_memmap_pfn` (mm/internal.h). */
  get highestMemmapPfn(): number {
    return this.#ramEnd - 1;
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
  }

  /** A struct page exists for this pfn; not "is memory". Mirrors `pfn_valid`. */
  pfnValid(pfn: Pfn): boolean {
    return pfn >= this.#ramStart && pfn < this.#ramEnd;
  }

  /**
   * The struct page of a frame. Mirrors `pfn_to_page`.
   *
   * @throws KernelBug for a pfn without one: the real macro makes up a pointer into nothing.
   */
  pfnToPage(pfn: Pfn): Page {
    if (!this.pfnValid(pfn))
      throw new KernelBug('pfn_to_page', 'the pfn has a struct page', { pfn });
    return (pfn - this.#ramStart) as Page;
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
    if (this.pfnValid(pfn)) return this.#frames.bytes((pfn - this.#ramStart) as Page);
    for (const window of this.#windows) {
      const index = pfn - window.firstPfn;
      if (index >= 0 && index < window.pages) return window.page(index);
    }
    throw new AxfsError(
      'ENXIO',
      `pfn 0x${pfn.toString(16)} is neither RAM (0x${this.#ramStart.toString(16)}-0x${this.#ramEnd.toString(16)}) nor in a flash window`,
    );
  }
}
