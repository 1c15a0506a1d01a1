/**
 * Stored pages by what they hold: pages of one fingerprint and one kind are a lot, and the first of them
 * stands for it. A lot says that its pages may be equal; that they are is found out by comparing bytes.
 *
 * @module
 */
import { fingerprint } from '../codec/page-hash.ts';
import type { Fingerprint } from '../codec/page-hash.ts';
import { Column } from './columns.ts';
import type { PageKind } from './page-kind.ts';

const FIRST_SLOTS = 1024;
/** At most half of the slots are taken. */
const LOAD = 2;
const UNSIGNED = 2 ** 32;

/** The first node of each lot. */
export class PageLots {
  readonly #low = new Column(Int32Array);
  readonly #high = new Column(Int32Array);
  readonly #kinds = new Column(Uint8Array);
  readonly #nodes = new Column(Uint32Array);
  /** Lot number + 1 by fingerprint, open addressing. */
  #slots = new Uint32Array(FIRST_SLOTS);
  readonly #found: Fingerprint = { low: 0, high: 0 };

  get count(): number {
    return this.#nodes.length;
  }

  /** The first node of a page's lot, or `undefined` when there was none: `node` is the first one then. */
  firstOf(page: Uint8Array, kind: PageKind, node: number): number | undefined {
    const found = this.#found;
    fingerprint(page, found);
    if (LOAD * this.count >= this.#slots.length) this.#grow();
    const slot = this.#slotOf(found.low, found.high, kind);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return this.#nodes.get(known - 1);
    this.#slots[slot] = this.count + 1;
    this.#low.push(found.low);
    this.#high.push(found.high);
    this.#kinds.push(kind);
    this.#nodes.push(node);
    return undefined;
  }

  #slotOf(low: number, high: number, kind: number): number {
    const { length } = this.#slots;
    let slot = (low + UNSIGNED) % length;
    for (let known = this.#slots[slot] ?? 0; known > 0; known = this.#slots[slot] ?? 0) {
      const lot = known - 1;
      if (
        this.#low.get(lot) === low &&
        this.#high.get(lot) === high &&
        this.#kinds.get(lot) === kind
      )
        break;
      slot = (slot + 1) % length;
    }
    return slot;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let lot = 0; lot < this.count; lot += 1)
      this.#slots[this.#slotOf(this.#low.get(lot), this.#high.get(lot), this.#kinds.get(lot))] =
        lot + 1;
  }
}
