/**
 * Damage that stands in the cells: bits that have lost or gained charge, and bits that are stuck. A bit is
 * `8 x byte + number` from the start of the device.
 *
 * @module
 */
import { blockAt, blocksIn } from './geometry.ts';
import type { BlockGeometry, EraseBlock } from './geometry.ts';

/** Value, 0 or 1, of bit `bit` of `bytes`. */
export const bitOf = (bytes: Uint8Array, bit: number): number =>
  Math.floor((bytes[Math.floor(bit / 8)] ?? 0) / 2 ** (bit % 8)) % 2;

/** Lays out what a block's contents have suffered before the first look at it. */
export type FirstLook = (block: EraseBlock) => void;

/** The damage of one device. */
export class Damage {
  readonly #geometry: BlockGeometry;
  /** Flipped bits by block. */
  readonly #flipped = new Map<number, Set<number>>();
  /** Stuck bits by block: bit to value. */
  readonly #stuck = new Map<number, Map<number, number>>();
  readonly #firstLooks: FirstLook[] = [];
  readonly #lookedAt = new Set<number>();

  constructor(geometry: BlockGeometry) {
    this.#geometry = geometry;
  }

  /** Has `look` called once for each block, before anything is done to it. */
  onFirstLook(look: FirstLook): void {
    this.#firstLooks.push(look);
  }

  /** Turns the charge of a bit over; twice is as if nothing had been. */
  flip(bit: number): void {
    const { number } = blockAt(this.#geometry, Math.floor(bit / 8));
    const flipped = this.#flipped.get(number) ?? new Set();
    this.#flipped.set(number, flipped);
    if (!flipped.delete(bit)) flipped.add(bit);
  }

  stick(bit: number, value: number): void {
    const { number } = blockAt(this.#geometry, Math.floor(bit / 8));
    const stuck = this.#stuck.get(number) ?? new Map<number, number>();
    this.#stuck.set(number, stuck.set(bit, value));
  }

  /**
   * Bits that differ in `bytes`, which were programmed at `offset`: bits of the device, in no order.
   */
  flips(offset: number, bytes: Uint8Array): Set<number> {
    const [from, to] = [8 * offset, 8 * (offset + bytes.length)];
    const found = new Set<number>();
    for (const block of blocksIn(this.#geometry, offset, bytes.length)) {
      this.#look(block);
      for (const bit of this.#flipped.get(block.number) ?? [])
        if (bit >= from && bit < to) found.add(bit);
      for (const [bit, value] of this.#stuck.get(block.number) ?? []) {
        if (bit < from || bit >= to) continue;
        if (bitOf(bytes, bit - from) === value) found.delete(bit);
        else found.add(bit);
      }
    }
    return found;
  }

  /** This bit is stuck, so that nothing else flips it. */
  isStuck(bit: number): boolean {
    const { number } = blockAt(this.#geometry, Math.floor(bit / 8));
    return this.#stuck.get(number)?.has(bit) === true;
  }

  /** A bit programmed to 0 has its full charge again; one left alone stays as it was. */
  program(offset: number, bytes: Uint8Array): void {
    for (const block of blocksIn(this.#geometry, offset, bytes.length)) {
      this.#look(block);
      const flipped = this.#flipped.get(block.number);
      for (const bit of flipped ?? []) {
        const at = bit - 8 * offset;
        if (at >= 0 && at < 8 * bytes.length && bitOf(bytes, at) === 0) flipped?.delete(bit);
      }
    }
  }

  /** Every charge is gone, right or wrong. */
  erase(offset: number, length: number): void {
    for (const block of blocksIn(this.#geometry, offset, length)) {
      this.#look(block);
      const flipped = this.#flipped.get(block.number);
      for (const bit of flipped ?? [])
        if (bit >= 8 * offset && bit < 8 * (offset + length)) flipped?.delete(bit);
    }
  }

  #look(block: EraseBlock): void {
    if (this.#lookedAt.has(block.number)) return;
    this.#lookedAt.add(block.number);
    for (const look of this.#firstLooks) look(block);
  }
}
