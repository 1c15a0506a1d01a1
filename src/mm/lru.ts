/**
 * The lists that reclaim takes pages from: active and inactive, of files and anonymous. A page newly added
 * may first wait in a batch that holds a reference to it (the per-CPU pagevecs); only pages drained from there
 * are on a list. Pages that no list ever sees (flash, a driver's own) cannot be reclaimed. Mirrors mm/swap.c.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { Frames, Page } from './frames.ts';

/** The lists. */
export const LRU_LISTS = ['inactive_anon', 'active_anon', 'inactive_file', 'active_file'] as const;

/** One of {@link LRU_LISTS}. */
export type LruList = (typeof LRU_LISTS)[number];

interface Waiting {
  readonly page: Page;
  readonly list: LruList;
}

/** LRU lists of a machine: the first page of a list is the one that waits longest. */
export class Lru {
  readonly #frames: Frames;
  readonly #batchSize: number;
  readonly #batch: Waiting[] = [];
  readonly #lists: Readonly<Record<LruList, Set<Page>>> = {
    inactive_anon: new Set(),
    active_anon: new Set(),
    inactive_file: new Set(),
    active_file: new Set(),
  };

  /** `batchSize`: pages that wait together before they reach a list; 0 = none waits. */
  constructor(frames: Frames, batchSize: number) {
    this.#frames = frames;
    this.#batchSize = batchSize;
  }

  /** Adds a page to the end of a list. Mirrors `lru_cache_add`. */
  add(page: Page, list: LruList): void {
    if (this.#batchSize === 0) {
      this.#link(page, list);
      return;
    }
    this.#frames.getPage(page);
    this.#batch.push({ page, list });
    if (this.#batch.length >= this.#batchSize) this.drain();
  }

  /** Empties the batch onto the lists and drops its references. Mirrors `lru_add_drain`. */
  drain(): void {
    for (const { page, list } of this.#batch.splice(0)) {
      this.#link(page, list);
      this.#frames.putPage(page);
    }
  }

  /** References that the batch holds on a page. */
  waiting(page: Page): number {
    return this.#batch.filter((waiting) => waiting.page === page).length;
  }

  /** Takes a page off its list: to reclaim it, or because it is freed. Mirrors `isolate_lru_page`. */
  remove(page: Page): void {
    if (!this.#frames.testFlag(page, 'lru')) return;
    this.#lists[this.listOf(page)].delete(page);
    this.#frames.setFlag(page, 'lru', false);
  }

  /** Puts an isolated page back, behind the others of the list that its flags name. Mirrors `putback_lru_page`. */
  putback(page: Page): void {
    this.#link(page, this.listOf(page));
  }

  /** The list that a page's flags name. */
  listOf(page: Page): LruList {
    const activity = this.#frames.testFlag(page, 'active') ? 'active' : 'inactive';
    return `${activity}_${this.#frames.testFlag(page, 'anon') ? 'anon' : 'file'}`;
  }

  /** Moves a page to the other list of its kind. Mirrors `activate_page` and `shrink_active_list`. */
  setActive(page: Page, active: boolean): void {
    const isListed = this.#frames.testFlag(page, 'lru');
    this.remove(page);
    this.#frames.setFlag(page, 'active', active);
    if (isListed) this.putback(page);
  }

  /** Pages of a list, the one that waits longest first. */
  pages(list: LruList): readonly Page[] {
    return [...this.#lists[list]];
  }

  #link(page: Page, list: LruList): void {
    assert(
      !this.#frames.testFlag(page, 'lru'),
      () => `a page is on one LRU list: ${this.#frames.describe(page)}`,
    );
    this.#frames.setFlag(page, 'lru', true);
    this.#frames.setFlag(page, 'active', list.startsWith('active'));
    this.#lists[this.listOf(page)].add(page);
  }
}
