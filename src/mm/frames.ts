/**
 * RAM frames and their struct pages (`mem_map`): allocation, reference and map counts, flags, bytes, and
 * how much RAM serves which use. Frames are handed out one by one; a frame never touched costs no host
 * memory for its bytes.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, type Pfn, type Unit } from '../base/units.ts';
import { hasAny, withFlags, withoutFlags } from './vmflags.ts';

/** A struct page: its row in `mem_map`, frame `firstPfn + row`. */
export type Page = Unit<'Page'>;

/** What RAM is used for; `metadata` is a file system's own, `kernel` what every machine has. */
export const FRAME_USES = [
  'page_cache',
  'anon',
  'page_table',
  'driver',
  'metadata',
  'kernel',
] as const;

/** One of {@link FRAME_USES}. */
export type FrameUse = (typeof FRAME_USES)[number];

/** Page flags modelled, in the kernel's words (include/linux/page-flags.h). `anon` is a mapping bit there. */
export const PAGE_FLAGS = [
  'locked',
  'uptodate',
  'dirty',
  'referenced',
  'lru',
  'anon',
  'swapbacked',
  'reserved',
  'active',
  'mlocked',
  'swapcache',
  /** Only one process has this anonymous page, and may write to it without asking (≥ 5.18). */
  'anon_exclusive',
] as const;

/** One of {@link PAGE_FLAGS}. */
export type PageFlag = (typeof PAGE_FLAGS)[number];

/** Frames in use, in total and by use. */
export interface RamUsage {
  readonly total: number;
  readonly byUse: Readonly<Record<FrameUse, number>>;
}

/** Frames of a device that have struct pages: beside RAM, never handed out. */
interface DeviceRange {
  readonly firstPfn: number;
  readonly firstRow: number;
  readonly pages: number;
  readonly bytesOf: (index: number) => Uint8Array;
}

/** What free frames and frames just handed out hold, to make stale and unset bytes visible. */
export const POISON = 0xa5;

const NO_FRAME = -1;
const USE_INDEX = Object.fromEntries(FRAME_USES.map((use, i) => [use, i])) as Record<
  FrameUse,
  number
>;
const FLAG_BIT = Object.fromEntries(PAGE_FLAGS.map((name, i) => [name, 2 ** i])) as Record<
  PageFlag,
  number
>;

/** The RAM of a machine: one contiguous range of frames, each with a struct page. */
export class Frames {
  readonly firstPfn: Pfn;
  /** Number of frames. */
  readonly count: number;
  #refcount: Int32Array;
  #mapcount: Int32Array;
  /** One bit a flag, in the order of {@link PAGE_FLAGS}. */
  #flags: Uint16Array;
  /** Owner of the page, 0 = none; and its page offset there. */
  #mapping: Int32Array;
  #index: Float64Array;
  /** Changes of C after allocation, of each page. */
  #refcountWrites: Uint32Array;
  readonly #devices: DeviceRange[] = [];
  readonly #use: Uint8Array;
  readonly #bytes: (Uint8Array | undefined)[];
  /** Cleared frames whose bytes nobody has asked for since. */
  readonly #zeroed = new Set<Page>();
  /** Told of every page that is freed, before it is. */
  onFree: ((page: Page) => void) | undefined;
  /** Free frames: a stack linked through `#nextFree` of those used before, then all from `#fresh` on. */
  readonly #nextFree: Int32Array;
  #freeHead = NO_FRAME;
  #fresh = 0;
  #total = 0;
  readonly #usage = new Int32Array(FRAME_USES.length);
  #peakTotal = 0;
  readonly #peakUsage = new Int32Array(FRAME_USES.length);

  /** @throws AxfsError EINVAL when `count` is not a positive whole number below 2^31. */
  constructor(firstPfn: Pfn, count: number) {
    if (!Number.isInteger(count) || count <= 0 || count >= 2 ** 31)
      throw new AxfsError('EINVAL', `RAM has ${String(count)} frames, expected 1 to 2^31-1`);
    this.firstPfn = firstPfn;
    this.count = count;
    this.#refcount = new Int32Array(count);
    this.#mapcount = new Int32Array(count);
    this.#flags = new Uint16Array(count);
    this.#mapping = new Int32Array(count);
    this.#index = new Float64Array(count);
    this.#refcountWrites = new Uint32Array(count);
    this.#use = new Uint8Array(count);
    this.#bytes = new Array<Uint8Array | undefined>(count);
    this.#nextFree = new Int32Array(count);
  }

  /** Frames in use now. */
  get usage(): RamUsage {
    return usageOf(this.#total, this.#usage);
  }

  /** The most frames ever in use at once, and what for at that moment (the first such moment). */
  get peak(): RamUsage {
    return usageOf(this.#peakTotal, this.#peakUsage);
  }

  /** Frames that {@link allocPage} can still hand out. */
  get free(): number {
    return this.count - this.#total;
  }

  /**
   * Takes a frame: the one freed last, else the lowest never used. Its struct page has C = 1, M = 0, no
   * flags and no mapping; its bytes are {@link POISON}. Mirrors `alloc_page` (mm/page_alloc.c).
   *
   * @returns undefined (the kernel's NULL) when all frames are in use.
   */
  allocPage(use: FrameUse): Page | undefined {
    let row = this.#freeHead;
    if (row !== NO_FRAME) this.#freeHead = this.#nextFree[row] ?? NO_FRAME;
    else if (this.#fresh < this.count) {
      row = this.#fresh;
      this.#fresh += 1;
    } else return undefined;
    this.#refcount[row] = 1;
    this.#refcountWrites[row] = 0;
    const useIndex = USE_INDEX[use];
    this.#use[row] = useIndex;
    this.#usage[useIndex] = (this.#usage[useIndex] ?? 0) + 1;
    this.#total += 1;
    if (this.#total > this.#peakTotal) {
      this.#peakTotal = this.#total;
      this.#peakUsage.set(this.#usage);
    }
    return row as Page;
  }

  /** C + 1. Mirrors `get_page`. @throws InvariantError for a free page. */
  getPage(page: Page): void {
    const count = this.#refcount[page] ?? 0;
    assert(count > 0, () => `only an allocated page gets a reference: ${this.describe(page)}`);
    this.#refcount[page] = count + 1;
    this.#refcountWrites[page] = (this.#refcountWrites[page] ?? 0) + 1;
  }

  /**
   * C − 1; at 0 the page leaves the LRU and its frame is free again, filled with {@link POISON}. Mirrors
   * `put_page` (mm/swap.c).
   *
   * @throws InvariantError for a free page, and for a last reference to a page that is mapped, locked,
   * reserved or still in a page cache.
   */
  putPage(page: Page): void {
    const count = this.#refcount[page] ?? 0;
    assert(count > 0, () => `only an allocated page is put: ${this.describe(page)}`);
    this.#refcount[page] = count - 1;
    this.#refcountWrites[page] = (this.#refcountWrites[page] ?? 0) + 1;
    if (count === 1) this.#freePage(page);
  }

  /** Page reference count C, 0 for a free page. Mirrors `page_count`. */
  refcount(page: Page): number {
    return this.#refcount[page] ?? 0;
  }

  /** How often C was written since the page was allocated: each may move a cache line between CPUs. */
  refcountWrites(page: Page): number {
    return this.#refcountWrites[page] ?? 0;
  }

  /** Number of PTEs that map the page, M (the kernel stores M − 1). Mirrors `page_mapcount`. */
  mapcount(page: Page): number {
    return this.#mapcount[page] ?? 0;
  }

  /** M + 1. For mm only. Mirrors `page_add_file_rmap` and `page_add_new_anon_rmap` (mm/rmap.c). */
  addRmap(page: Page): void {
    this.#mapcount[page] = (this.#mapcount[page] ?? 0) + 1;
  }

  /** M − 1. For mm only. Mirrors `page_remove_rmap`. @throws InvariantError when M is 0. */
  removeRmap(page: Page): void {
    const count = this.#mapcount[page] ?? 0;
    assert(count > 0, () => `only a mapped page loses a mapping: ${this.describe(page)}`);
    this.#mapcount[page] = count - 1;
  }

  /** True when the page has the flag. */
  testFlag(page: Page, flag: PageFlag): boolean {
    return hasAny(this.#flags[page] ?? 0, FLAG_BIT[flag]);
  }

  /** Sets or clears one flag. */
  setFlag(page: Page, flag: PageFlag, value: boolean): void {
    this.#flags[page] = (value ? withFlags : withoutFlags)(this.#flags[page] ?? 0, FLAG_BIT[flag]);
  }

  /**
   * Makes the page belong to `owner` at `index`: a page cache (a number > 0), the anonymous memory of related
   * vmas (< 0), or nobody (0).
   */
  setMapping(page: Page, owner: number, index: number): void {
    this.#mapping[page] = owner;
    this.#index[page] = index;
  }

  /** Owner given to {@link setMapping}, 0 = nobody. Mirrors `page->mapping`. */
  mappingOf(page: Page): number {
    return this.#mapping[page] ?? 0;
  }

  /** Page offset in its mapping. Mirrors `page->index`. */
  indexOf(page: Page): number {
    return this.#index[page] ?? 0;
  }

  /** What the frame was allocated for. */
  useOf(page: Page): FrameUse {
    if (page >= this.count) return 'driver';
    return FRAME_USES[this.#use[page] ?? 0] ?? 'kernel';
  }

  /** The page's 4096 bytes: always the same array for the same frame, writable. */
  bytes(page: Page): Uint8Array {
    if (page >= this.count) {
      const device = this.#deviceOf(page);
      return device.bytesOf(page - device.firstRow);
    }
    const known = this.#bytes[page];
    if (known !== undefined) return known;
    const bytes = new Uint8Array(PAGE_SIZE);
    if (!this.#zeroed.delete(page)) bytes.fill(POISON);
    this.#bytes[page] = bytes;
    return bytes;
  }

  /** Fills the page with zeros; a frame whose bytes nobody looks at costs no host memory for it. */
  clear(page: Page): void {
    const known = page >= this.count ? this.bytes(page) : this.#bytes[page];
    if (known === undefined) this.#zeroed.add(page);
    else known.fill(0);
  }

  /** Frame number of a page. Mirrors `page_to_pfn`. */
  pageToPfn(page: Page): Pfn {
    if (page < this.count) return (this.firstPfn + page) as Pfn;
    const { firstPfn, firstRow } = this.#deviceOf(page);
    return (firstPfn + page - firstRow) as Pfn;
  }

  /** Number of struct pages: one a RAM frame, and those of devices that have some. */
  get structPages(): number {
    return this.#refcount.length;
  }

  /**
   * Gives frames of a device struct pages, as memory hotplug or dev_pagemap do: reserved, C = 1, never handed
   * out. They stay for good.
   *
   * @returns the page of frame `firstPfn`; those of the next frames follow it.
   */
  addDevicePages(firstPfn: Pfn, pages: number, bytesOf: (index: number) => Uint8Array): Page {
    const firstRow = this.#refcount.length;
    const rows = firstRow + pages;
    this.#refcount = grown(this.#refcount, new Int32Array(rows)).fill(1, firstRow);
    this.#mapcount = grown(this.#mapcount, new Int32Array(rows));
    this.#flags = grown(this.#flags, new Uint16Array(rows)).fill(
      FLAG_BIT.reserved + FLAG_BIT.uptodate,
      firstRow,
    );
    this.#mapping = grown(this.#mapping, new Int32Array(rows));
    this.#index = grown(this.#index, new Float64Array(rows));
    this.#refcountWrites = grown(this.#refcountWrites, new Uint32Array(rows));
    this.#devices.push({ firstPfn, firstRow, pages, bytesOf });
    return firstRow as Page;
  }

  /** Struct pages of devices. */
  *devicePages(): Generator<Page> {
    for (let row = this.count; row < this.structPages; row += 1) yield row as Page;
  }

  /** Allocated pages, lowest first. */
  *allocated(): Generator<Page> {
    for (let row = 0; row < this.#fresh; row += 1)
      if ((this.#refcount[row] ?? 0) > 0) yield row as Page;
  }

  /** One line with all counts, for failures. */
  describe(page: Page): string {
    const flags = PAGE_FLAGS.filter((flag) => this.testFlag(page, flag)).join('|');
    return (
      `pfn 0x${this.pageToPfn(page).toString(16)} (${this.useOf(page)}) count ` +
      `${String(this.refcount(page))} mapcount ${String(this.mapcount(page))} mapping ` +
      `${String(this.mappingOf(page))} flags ${flags === '' ? 'none' : flags}`
    );
  }

  /** The last reference may go: nobody maps, caches, locks or reserves the page. Mirrors `free_pages_check`. */
  mayBeFreed(page: Page): boolean {
    return (
      this.#mapcount[page] === 0 &&
      (this.#mapping[page] ?? 0) <= 0 &&
      !this.testFlag(page, 'locked') &&
      !this.testFlag(page, 'reserved')
    );
  }

  /**
   * C = 0 for good: the frame is not handed out again. For a page that lost its last reference by mistake.
   * Mirrors what `bad_page` does from 2.6.29 on; before, it was freed all the same.
   */
  abandonPage(page: Page): void {
    this.onFree?.(page);
    this.#refcount[page] = 0;
  }

  #deviceOf(page: Page): DeviceRange {
    const device = this.#devices.find(
      ({ firstRow, pages }) => page >= firstRow && page < firstRow + pages,
    );
    assert(device !== undefined, () => `a struct page is of RAM or of a device: ${String(page)}`);
    return device;
  }

  #freePage(page: Page): void {
    this.onFree?.(page);
    assert(
      this.mayBeFreed(page),
      () => `a freed page has no mapping, lock or reservation: ${this.describe(page)}`,
    );
    this.#flags[page] = 0;
    this.#mapping[page] = 0;
    this.#index[page] = 0;
    this.#zeroed.delete(page);
    this.#bytes[page]?.fill(POISON);
    const useIndex = this.#use[page] ?? 0;
    this.#usage[useIndex] = (this.#usage[useIndex] ?? 0) - 1;
    this.#total -= 1;
    this.#nextFree[page] = this.#freeHead;
    this.#freeHead = page;
  }
}

/** `into`, with what `column` holds. */
function grown<Column extends { set(from: Column): void }>(column: Column, into: Column): Column {
  into.set(column);
  return into;
}

function usageOf(total: number, usage: Int32Array): RamUsage {
  const byUse = Object.fromEntries(FRAME_USES.map((use, i) => [use, usage[i] ?? 0]));
  return { total, byUse: byUse as Record<FrameUse, number> };
}
