/**
 * What programming does to bits: it clears them, and only an erase sets them.
 *
 * @module
 */

/** Value of an erased byte. */
export const ERASED = 0xff;

/** Clears in `cells`, from `at` on, the bits that are clear in `bytes`. */
export function clearBits(cells: Uint8Array, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 1) cells[at + i] = (cells[at + i] ?? 0) & (bytes[i] ?? 0);
}

/** Index of the first byte of `wanted` with a bit set that is clear in `cells`; -1: programming gets there. */
export function firstSetBit(cells: Uint8Array, wanted: Uint8Array): number {
  for (let i = 0; i < wanted.length; i += 1) if (~(cells[i] ?? 0) & (wanted[i] ?? 0)) return i;
  return -1;
}

/** Index of the first byte that is not erased; -1: all are. */
export function firstProgrammed(cells: Uint8Array): number {
  for (let i = 0; i < cells.length; i += 1) if (cells[i] !== ERASED) return i;
  return -1;
}

/** Turns bit `bit` (`8 x byte + bit`) of `bytes` over. */
export function flipBit(bytes: Uint8Array, bit: number): void {
  const byte = Math.floor(bit / 8);
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << (bit % 8));
}
