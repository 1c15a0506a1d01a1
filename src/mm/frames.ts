/**
 * RAM frames and their struct pages (`mem_map`): allocation, reference and map counts, flags, bytes, and
 * how much RAM serves which use. Frames are handed out one by one; a frame never touched costs no host
 * memory for its bytes.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, pfn, type Pfn, type Unit } from '../base/units.ts';

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
] as const;

/** One of {@link PAGE_FLAGS}. */
export type PageFlag = (typeof PAGE_FLAGS)[number];

/** Frames in use, in total and by use. */
export interface RamUsage {
  readonly total: number;
  readonly byUse: Readonly<Record<FrameUse, number>>;
}

/** What free frames and frames just handed out hold, to make stale and unset bytes visible. */
export const POISON = 0xa5;

const NO_FRAME = -1;
const USE_INDEX = Object.fromEntries(FRAME_USES.map((use, i) => [use, i])) as Record<
  FrameUse,
  number
>;
const FLAGS = PAGE_FLAGS.length;
const FLAG_INDEX = Object.fromEntries(PAGE_FLAGS.map((name, i) => [name, i])) as Record<
  PageFlag,
  number
>;

/** The RAM of a machine: one contiguous range of frames, each with a struct page. */
export class Frames {
  readonly firstPfn: Pfn;
  /** Number of frames. */
  readonly count: number;
  readonly #refcount: Int32Array;
  readonly #mapcount: Int32Array;
  /** One byte a flag, {@link FLAGS} bytes a page. */
  readonly #flags: Uint8Array;
  /** Owner of the page-cache page, 0 = none; and its page offset there. */
  readonly #mapping: Int32Array;
  readonly #index: Float64Array;
  readonly #use: Uint8Array;
  readonly #bytes: (Uint8Array | undefined)[];
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
    this.#flags = new Uint8Array(count * FLAGS);
    this.#mapping = new Int32Array(count);
    this.#index = new Float64Array(count);
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
    if (count === 1) this.#freePage(page);
  }

  /** Page reference count C, 0 for a free page. Mirrors `page_count`. */
  refcount(page: Page): number {
    return this.#refcount[page] ?? 0;
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
    return this.#flags[page * FLAGS + FLAG_INDEX[flag]] === 1;
  }

  /** Sets or clears one flag. */
  setFlag(page: Page, flag: PageFlag, value: boolean): void {
    this.#flags[page * FLAGS + FLAG_INDEX[flag]] = value ? 1 : 0;
  }

  /** Makes the page belong to page cache `owner` (a number > 0) at `index`, or to none with owner 0. */
  setMapping(page: Page, owner: number, index: number): void {
    this.#mapping[page] = owner;
    this.#index[page] = index;
  }

  /** Owner given to {@link setMapping}, 0 = none. Mirrors `page->mapping`. */
  mappingOf(page: Page): number {
    return this.#mapping[page] ?? 0;
  }

  /** Page offset in its mapping. Mirrors `page->index`. */
  indexOf(page: Page): number {
    return this.#index[page] ?? 0;
  }

  /** What the frame was allocated for. */
  useOf(page: Page): FrameUse {
    return FRAME_USES[this.#use[page] ?? 0] ?? 'kernel';
  }

  /** The page's 4096 bytes: always the same array for the same frame, writable. */
  bytes(page: Page): Uint8Array {
    const known = this.#bytes[page];
    if (known !== undefined) return known;
    const bytes = new Uint8Array(PAGE_SIZE).fill(POISON);
    this.#bytes[page] = bytes;
    return bytes;
  }

  /** Frame number of a page. Mirrors `page_to_pfn`. */
  pageToPfn(page: Page): Pfn {
    return (this.firstPfn + page) as Pfn;
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
      `pfn 0x${pfn(this.firstPfn + page).toString(16)} (${this.useOf(page)}) count ` +
      `${String(this.refcount(page))} mapcount ${String(this.mapcount(page))} mapping ` +
      `${String(this.mappingOf(page))} flags ${flags === '' ? 'none' : flags}`
    );
  }

  #freePage(page: Page): void {
    assert(
      this.#mapcount[page] === 0 &&
        this.#mapping[page] === 0 &&
        !this.testFlag(page, 'locked') &&
        !this.testFlag(page, 'reserved'),
      () => `a freed page has no mapping, lock or reservation: ${this.describe(page)}`,
    );
    this.#flags.fill(0, page * FLAGS, page * FLAGS + FLAGS);
    this.#index[page] = 0;
    this.#bytes[page]?.fill(POISON);
    const useIndex = this.#use[page] ?? 0;
    this.#usage[useIndex] = (this.#usage[useIndex] ?? 0) - 1;
    this.#total -= 1;
    this.#nextFree[page] = this.#freeHead;
    this.#freeHead = page;
  }
}

function usageOf(total: number, usage: Int32Array): RamUsage {
  const byUse = Object.fromEntries(FRAME_USES.map((use, i) => [use, usage[i] ?? 0]));
  return { total, byUse: byUse as Record<FrameUse, number> };
}
