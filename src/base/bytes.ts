/**
 * Checked big-endian integers over byte arrays, and byte arrays without surprises.
 *
 * @module
 */
import { assert } from './assert.ts';
import { AxfsError } from './errno.ts';

/** A view on exactly the bytes of `bytes`. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Unsigned 64-bit big-endian integer.
 *
 * @throws AxfsError EOVERFLOW for values above 2^53-1, which no real image or device reaches.
 */
export function getU64(view: DataView, offset: number, what: string): number {
  const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
  if (value > Number.MAX_SAFE_INTEGER) {
    const exact = view.getBigUint64(offset);
    throw new AxfsError('EOVERFLOW', `${what} is ${exact.toString()}, expected less than 2^53`);
  }
  return value;
}

/** As {@link getU64}, but of a larger value 2^53-1: for fields that nothing hangs on. */
export const getU64Clamped = (view: DataView, offset: number): number =>
  Math.min(Number.MAX_SAFE_INTEGER, view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4));

/**
 * Writes an unsigned 64-bit big-endian integer.
 *
 * @throws InvariantError when `value` is not a whole number in 0 … 2^53-1.
 */
export function setU64(view: DataView, offset: number, value: number): void {
  assert(
    Number.isSafeInteger(value) && value >= 0,
    () => `a u64 is a whole number from 0 to 2^53-1: ${String(value)}`,
  );
  view.setUint32(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 4, value % 2 ** 32);
}

/** Widths of the format's integer fields, bytes. */
export type FieldWidth = 1 | 4 | 8;

/**
 * Unsigned big-endian integer of `width` bytes; `what` names it.
 *
 * @throws AxfsError EOVERFLOW for values above 2^53-1.
 */
export function getField(view: DataView, offset: number, width: FieldWidth, what: string): number {
  if (width === 8) return getU64(view, offset, what);
  return width === 4 ? view.getUint32(offset) : view.getUint8(offset);
}

/**
 * Writes an unsigned big-endian integer of `width` bytes.
 *
 * @throws InvariantError when `value` does not fit.
 */
export function setField(view: DataView, offset: number, width: FieldWidth, value: number): void {
  if (width === 8) {
    setU64(view, offset, value);
    return;
  }
  assert(
    Number.isInteger(value) && value >= 0 && value < 256 ** width,
    () => `a field of ${String(width)} bytes holds its value: ${String(value)}`,
  );
  if (width === 4) view.setUint32(offset, value);
  else view.setUint8(offset, value);
}

/** True when both hold the same bytes. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** Lower-case hex digits, two a byte. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
