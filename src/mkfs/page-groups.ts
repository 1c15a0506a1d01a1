/**
 * Pages by what they hold: pages of one fingerprint are a group. A group says that its pages may be equal;
 * that they are is found out by comparing bytes.
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

/** Groups by number, from 0 on. */
export class PageGroups {
  readonly #low = new Column(Int32Array);
  readonly #high = new Column(Int32Array);
  readonly #repeated = new Column(Uint8Array);
  readonly #wantsXip = new Column(Uint8Array);
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
    this.#repeated.push(0);
    this.#wantsXip.push(0);
    return this.#low.push(found.low);
  }

  /** Notes that another page of the group was met. */
  repeat(group: number): void {
    this.#repeated.set(group, 1);
  }

  /** The group has more than one page. */
  isRepeated(group: number): boolean {
    return this.#repeated.get(group) === 1;
  }

  /** Notes that a page of the group is to be executed in place. */
  wantXip(group: number): void {
    this.#wantsXip.set(group, 1);
  }

  /** Some page of the group is to be executed in place. */
  wantsXip(group: number): boolean {
    return this.#wantsXip.get(group) === 1;
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
