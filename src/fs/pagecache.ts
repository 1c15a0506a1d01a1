/**
 * The page cache of a mount: which RAM page holds which page of which file. One reference per page is the
 * cache's own; pages are on the LRU, so that reclaim may take them. Mirrors the parts of mm/filemap.c that
 * a read-only file system uses.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { Frames, Page } from '../mm/frames.ts';

/** Cached pages of one file. Mirrors `struct address_space`. */
export class AddressSpace {
  /** What `page->mapping` of its pages holds; unique in the machine, > 0. */
  readonly owner: number;
  readonly #frames: Frames;
  readonly #pages = new Map<number, Page>();

  constructor(frames: Frames, owner: number) {
    this.#frames = frames;
    this.owner = owner;
  }

  /** Number of cached pages. Mirrors `nrpages`. */
  get size(): number {
    return this.#pages.size;
  }

  /** The cached page at `index` with one more reference, for the caller. Mirrors `find_get_page`. */
  findGetPage(index: number): Page | undefined {
    const page = this.#pages.get(index);
    if (page !== undefined) this.#frames.getPage(page);
    return page;
  }

  /**
   * Makes `page` the cached page at `index`; the cache takes a reference of its own, the caller keeps his.
   * Mirrors `add_to_page_cache_lru`.
   */
  addToPageCache(page: Page, index: number): void {
    assert(
      !this.#pages.has(index),
      () =>
        `a page of a file is cached once: page ${String(index)} of mapping ${String(this.owner)}`,
    );
    this.#frames.getPage(page);
    this.#frames.setMapping(page, this.owner, index);
    this.#frames.setFlag(page, 'lru', true);
    this.#pages.set(index, page);
  }

  /** Removes the page at `index` and drops the cache's reference. Mirrors `delete_from_page_cache`. */
  deleteFromPageCache(index: number): void {
    const page = this.#pages.get(index);
    assert(page !== undefined, () => `only a cached page is removed: page ${String(index)}`);
    this.#pages.delete(index);
    this.#frames.setMapping(page, 0, 0);
    this.#frames.putPage(page);
  }

  /** Drops every page: the file system goes away. */
  truncate(): void {
    for (const index of [...this.#pages.keys()]) this.deleteFromPageCache(index);
  }

  /** True when `page` is one of its pages. */
  holds(page: Page): boolean {
    return this.#frames.mappingOf(page) === this.owner;
  }

  /** Index and page of each cached page, in order of filling. */
  entries(): IterableIterator<[number, Page]> {
    return this.#pages.entries();
  }
}
