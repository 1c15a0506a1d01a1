/**
 * The page cache of one file, and who maps it: which RAM page holds which page of the file, and the vmas to
 * look through when one of them has to go. One reference per page is the cache's own. Mirrors `struct
 * address_space` with the parts of mm/filemap.c that file systems here use.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import { getPage, putPage } from './put-page.ts';
import type { VmArea } from './vma.ts';

/** Cached pages and mappings of one file. Mirrors `struct address_space`. */
export class AddressSpace {
  /** What `page->mapping` of its pages holds; unique in the machine, > 0. */
  readonly owner: number;
  /** Vmas that map the file, of all processes, oldest first. Mirrors `i_mmap`. */
  readonly vmas = new Set<VmArea>();
  /** Writes a dirty page back, before reclaim drops it; absent where nothing gets dirty. */
  writepage: ((page: Page, index: number) => void) | undefined;
  readonly #memory: Memory;
  readonly #pages = new Map<number, Page>();

  constructor(memory: Memory) {
    this.#memory = memory;
    this.owner = memory.registerMapping(this);
  }

  /** Number of cached pages. Mirrors `nrpages`. */
  get size(): number {
    return this.#pages.size;
  }

  /** The cached page at `index`, without a reference. Mirrors a look-up of the page tree. */
  peek(index: number): Page | undefined {
    return this.#pages.get(index);
  }

  /** The cached page at `index` with one more reference, for the caller. Mirrors `find_get_page`. */
  findGetPage(index: number): Page | undefined {
    const page = this.#pages.get(index);
    return page !== undefined && getPage(this.#memory, page) ? page : undefined;
  }

  /**
   * Makes `page` the cached page at `index`; the cache takes a reference of its own, the caller keeps his. It
   * starts on the inactive list of file pages. Mirrors `add_to_page_cache_lru`.
   */
  addToPageCache(page: Page, index: number): void {
    assert(
      !this.#pages.has(index),
      () =>
        `a page of a file is cached once: page ${String(index)} of mapping ${String(this.owner)}`,
    );
    const { frames, lru } = this.#memory;
    frames.getPage(page);
    frames.setMapping(page, this.owner, index);
    lru.add(page, 'inactive_file');
    this.#pages.set(index, page);
  }

  /** Removes the page at `index` and drops the cache's reference. Mirrors `delete_from_page_cache`. */
  deleteFromPageCache(index: number): void {
    const page = this.#pages.get(index);
    assert(page !== undefined, () => `only a cached page is removed: page ${String(index)}`);
    this.#pages.delete(index);
    this.#memory.frames.setMapping(page, 0, 0);
    putPage(this.#memory, page);
  }

  /** Drops every page from `first` on; nobody maps them. */
  truncate(first = 0): void {
    for (const [index, page] of [...this.#pages]) {
      if (index < first) continue;
      // What is not in the file any more is not written back.
      this.#memory.frames.setFlag(page, 'dirty', false);
      this.deleteFromPageCache(index);
    }
  }

  /** True when `page` is one of its pages. */
  holds(page: Page): boolean {
    return this.#memory.frames.mappingOf(page) === this.owner;
  }

  /** Index and page of each cached page, in order of filling. */
  entries(): IterableIterator<[number, Page]> {
    return this.#pages.entries();
  }
}
