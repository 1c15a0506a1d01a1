/**
 * Pages by what they hold: pages of one fingerprint are a group. A group says that its pages may be equal;
 * that they are is found out by comparing bytes. Within a group each kind of page shares with its own only.
 *
 * @module
 */
import { fingerprint } from '../codec/page-hash.ts';
import type { Fingerprint } from '../codec/page-hash.ts';
import { Column } from './columns.ts';

const FIRST_SLOTS = 1024;
/** At most half of the slots are taken. */
const LOAD = 2;
const UNSIGNED = 2 ** 32;
/** As many pages as matter. */
const MANY = 2;

/**
 * Kinds of pages that must not share with another kind: those selected for execution in place, because no other
 * page may get into the XIP region; and targets of symlinks, because some readers ask for a NUL behind them.
 */
export const PAGE_KIND = { plain: 0, xip: 1, target: 2 } as const;

/** Value of a kind. */
export type PageKind = (typeof PAGE_KIND)[keyof typeof PAGE_KIND];

const KINDS = Object.keys(PAGE_KIND).length;

/** Number of a group's pages of one kind: those that may share. */
export const lotOf = (group: number, kind: PageKind): number => KINDS * group + kind;

/** Groups by number, from 0 on. */
export class PageGroups {
  readonly #low = new Column(Int32Array);
  readonly #high = new Column(Int32Array);
  /** By lot (see {@link lotOf}): pages met, at most {@link MANY}. */
  readonly #met = new Column(Uint8Array);
  /** Group number + 1 by fingerprint, open addressing. */
  #slots = new Uint32Array(FIRST_SLOTS);
  readonly #found: Fingerprint = { low: 0, high: 0 };

  get count(): number {
    return this.#low.length;
  }

  /** Group of a page, made if there is none. */
  groupOf(page: Uint8Array): number {
    const found = this.#found;
    fingerprint(page, found);
    if (LOAD * this.count >= this.#slots.length) this.#grow();
    const slot = this.#slotOf(found.low, found.high);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    this.#slots[slot] = this.count + 1;
    this.#high.push(found.high);
    for (let kind = 0; kind < KINDS; kind += 1) this.#met.push(0);
    return this.#low.push(found.low);
  }

  /** Notes that a page was met. */
  meet(lot: number): void {
    this.#met.set(lot, Math.min(MANY, this.#met.get(lot) + 1));
  }

  /** The lot has more than one page. */
  isRepeated(lot: number): boolean {
    return this.#met.get(lot) === MANY;
  }

  #slotOf(low: number, high: number): number {
    const { length } = this.#slots;
    let slot = (low + UNSIGNED) % length;
    for (let known = this.#slots[slot] ?? 0; known > 0; known = this.#slots[slot] ?? 0) {
      if (this.#low.get(known - 1) === low && this.#high.get(known - 1) === high) break;
      slot = (slot + 1) % length;
    }
    return slot;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let group = 0; group < this.count; group += 1)
      this.#slots[this.#slotOf(this.#low.get(group), this.#high.get(group))] = group + 1;
  }
}
