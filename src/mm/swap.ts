/**
 * A swap device: slots with the bytes of anonymous pages, how many page-table entries name each, and the
 * swap cache, which holds a page of a slot while both are in use. Mirrors mm/swapfile.c and mm/swap_state.c.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { Frames, Page } from './frames.ts';

/** Number of a slot. */
export type SwapSlot = number & { readonly __slot: unique symbol };

interface Slot {
  /** Entries of page tables that name the slot. Mirrors `swap_map`. */
  count: number;
  /** What was written there. */
  bytes: Uint8Array | undefined;
  /** The page in the swap cache, which has a reference for it. */
  cached: Page | undefined;
}

/** A slot in use, as {@link SwapDevice.slots} gives it. */
export interface SlotInUse {
  readonly slot: SwapSlot;
  readonly count: number;
  readonly cached: Page | undefined;
}

/** A swap device with a fixed number of slots. */
export class SwapDevice {
  /** Slots in all. */
  readonly size: number;
  readonly #frames: Frames;
  readonly #slots: (Slot | undefined)[];

  constructor(frames: Frames, size: number) {
    this.#frames = frames;
    this.size = size;
    this.#slots = new Array<Slot | undefined>(size).fill(undefined);
  }

  /** Slots in use. */
  get used(): number {
    return this.#slots.filter((slot) => slot !== undefined).length;
  }

  /** Every slot in use: entries that name it, and its page in the swap cache. */
  *slots(): Generator<SlotInUse> {
    for (const [slot, row] of this.#slots.entries())
      if (row !== undefined) yield { slot: slot as SwapSlot, count: row.count, cached: row.cached };
  }

  /** Entries that name a slot. Mirrors `page_swapcount`. */
  count(slot: SwapSlot): number {
    return this.#at(slot).count;
  }

  /** The swap cache's page of a slot, without a reference. Mirrors `lookup_swap_cache`. */
  cachedPage(slot: SwapSlot): Page | undefined {
    return this.#at(slot).cached;
  }

  /** Slot of a page in the swap cache. Mirrors `page_private`. */
  slotOf(page: Page): SwapSlot {
    const slot = this.#slots.findIndex((row) => row?.cached === page);
    assert(slot >= 0, () => `a page in the swap cache has a slot: ${this.#frames.describe(page)}`);
    return slot as SwapSlot;
  }

  /**
   * Gives a page a slot and makes it swap cache: C + 1, dirty. Mirrors `add_to_swap`.
   *
   * @returns false when no slot is free.
   */
  addToSwap(page: Page): boolean {
    const free = this.#slots.indexOf(undefined);
    if (free < 0) return false;
    this.#slots[free] = { count: 0, bytes: undefined, cached: undefined };
    this.addToSwapCache(page, free as SwapSlot);
    this.#frames.setFlag(page, 'dirty', true);
    return true;
  }

  /** Makes a page that holds a slot's bytes its swap cache: C + 1. Mirrors `add_to_swap_cache`. */
  addToSwapCache(page: Page, slot: SwapSlot): void {
    const row = this.#at(slot);
    assert(
      row.cached === undefined,
      () => `a slot has one page in the swap cache: ${String(slot)}`,
    );
    this.#frames.getPage(page);
    this.#frames.setFlag(page, 'swapcache', true);
    row.cached = page;
  }

  /** Takes a page out of the swap cache: C − 1; a slot that nobody names is free then. Mirrors `delete_from_swap_cache`. */
  deleteFromSwapCache(page: Page): void {
    const slot = this.slotOf(page);
    this.#at(slot).cached = undefined;
    this.#frames.setFlag(page, 'swapcache', false);
    this.#freeUnused(slot);
    this.#frames.putPage(page);
  }

  /** Writes the page out. Mirrors `swap_writepage`. */
  write(page: Page): void {
    this.#at(this.slotOf(page)).bytes = this.#frames.bytes(page).slice();
    this.#frames.setFlag(page, 'dirty', false);
  }

  /** Bytes of a slot. Mirrors `swap_readpage`. */
  read(slot: SwapSlot): Uint8Array {
    const { bytes } = this.#at(slot);
    assert(bytes !== undefined, () => `a slot that is read was written: ${String(slot)}`);
    return bytes;
  }

  /** One more entry names the slot. Mirrors `swap_duplicate`. */
  duplicate(slot: SwapSlot): void {
    this.#at(slot).count += 1;
  }

  /**
   * One entry less names the slot. Its page leaves the swap cache when nothing else uses either. Mirrors
   * `free_swap_and_cache`.
   */
  free(slot: SwapSlot): void {
    const row = this.#at(slot);
    assert(row.count > 0, () => `a slot that is let go was named: ${String(slot)}`);
    row.count -= 1;
    if (row.count > 0) return;
    const { cached } = row;
    if (cached === undefined) this.#freeUnused(slot);
    else if (this.#frames.mapcount(cached) === 0 && this.#frames.refcount(cached) === 1)
      this.deleteFromSwapCache(cached);
  }

  #freeUnused(slot: SwapSlot): void {
    const row = this.#at(slot);
    if (row.count === 0 && row.cached === undefined) this.#slots[slot] = undefined;
  }

  #at(slot: SwapSlot): Slot {
    const row = this.#slots[slot];
    assert(row !== undefined, () => `a slot that is named is in use: ${String(slot)}`);
    return row;
  }
}
