/**
 * Alignment and page arithmetic. The only shifts of the project live here, each behind a check that the
 * value fits in 32 bits; everything else multiplies and divides, because `0x80000 << 12` is negative.
 *
 * @module
 */
import { assert } from './assert.ts';
import { PAGE_SHIFT, PAGE_SIZE } from './units.ts';

const TWO_32 = 2 ** 32;

/** Smallest multiple of `alignment` that is ≥ `value`. */
export const alignUp = (value: number, alignment: number): number =>
  Math.ceil(value / alignment) * alignment;

/** Largest multiple of `alignment` that is ≤ `value`. */
export const alignDown = (value: number, alignment: number): number =>
  Math.floor(value / alignment) * alignment;

/** True when `value` is a multiple of `alignment`. */
export const isAligned = (value: number, alignment: number): boolean => value % alignment === 0;

/** Number of the page that holds a byte address or offset below 2^53. */
export const pageNumber = (address: number): number =>
  address < TWO_32 ? address >>> PAGE_SHIFT : Math.floor(address / PAGE_SIZE);

/** `Math.floor(value / 2^shift)` for a non-negative value, `shift` ≤ 31. */
export const floorShift = (value: number, shift: number): number =>
  value < TWO_32 ? value >>> shift : Math.floor(value / 2 ** shift);

/** `value mod 2^shift` for a non-negative value, `shift` ≤ 31. */
export const lowBits = (value: number, shift: number): number =>
  value < TWO_32 ? value & ((1 << shift) - 1) : value % 2 ** shift;

/** Bytes an unsigned value needs, at least 1. */
export const bytesNeeded = (value: number): number => {
  assert(
    Number.isFinite(value) && value >= 0,
    () => `only a number from 0 has a width: ${String(value)}`,
  );
  let bytes = 1;
  for (let limit = 256; value >= limit; limit *= 256) bytes += 1;
  return bytes;
};
