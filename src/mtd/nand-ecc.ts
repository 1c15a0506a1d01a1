/**
 * ECC of NAND pages: steps of so many bytes, each put right up to so many flipped bits (nand_do_read_ops in
 * drivers/mtd/nand/raw/nand_base.c adds them up and finds the step that needed most).
 *
 * @module
 */
import { flipBit } from './cell-bits.ts';
import type { MtdInfo } from './device.ts';

/** What ECC found in the pages of one read. */
export interface EccOutcome {
  /** Bits put right. */
  corrected: number;
  /** Steps with more flipped bits than ECC can put right. */
  failed: number;
  /** Most bits put right in one step. */
  maxBitflips: number;
}

/** Nothing was found. */
export const cleanOutcome = (): EccOutcome => ({ corrected: 0, failed: 0, maxBitflips: 0 });

/**
 * Puts a page right as far as its steps can be, and adds what that took to `outcome`.
 *
 * @param flips bits of the page that are not what was programmed, ascending, as `8 x byte + bit`.
 */
export function correctPage(
  info: MtdInfo,
  page: Uint8Array,
  flips: readonly number[],
  outcome: EccOutcome,
): void {
  const stepBits = 8 * info.eccStepSize;
  for (let first = 0; first < flips.length;) {
    const step = Math.floor((flips[first] ?? 0) / stepBits);
    let end = first;
    while (end < flips.length && (flips[end] ?? 0) < (step + 1) * stepBits) end += 1;
    const count = end - first;
    if (count > info.eccStrength) outcome.failed += 1;
    else {
      for (const bit of flips.slice(first, end)) flipBit(page, bit);
      outcome.corrected += count;
      outcome.maxBitflips = Math.max(outcome.maxBitflips, count);
    }
    first = end;
  }
}

/** So many bits were put right that the block should be written anew. */
export const needsScrub = (info: MtdInfo, outcome: EccOutcome): boolean =>
  info.bitflipThreshold > 0 && outcome.maxBitflips >= info.bitflipThreshold;
