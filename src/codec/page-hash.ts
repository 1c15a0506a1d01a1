/**
 * Fingerprints of pages, to find those that may be equal. They are no proof: whoever finds two alike compares
 * the bytes.
 *
 * @module
 */
import { viewOf } from '../base/bytes.ts';

/** Multipliers of MurmurHash3, which mix well. */
const [MIX_A, MIX_B] = [0xcc9e2d51, 0x1b873593];
const [END_A, END_B] = [0x85ebca6b, 0xc2b2ae35];

/** 64 bits in two signed halves. */
export interface Fingerprint {
  low: number;
  high: number;
}

/** Fills `into` with the fingerprint of `bytes`; their number is part of it. */
export function fingerprint(bytes: Uint8Array, into: Fingerprint): void {
  const view = viewOf(bytes);
  const words = bytes.length >>> 2;
  let low = bytes.length;
  let high = ~bytes.length;
  for (let i = 0; i < words; i += 1) {
    const word = view.getInt32(i * 4, true);
    low = Math.imul(low ^ word, MIX_A);
    low ^= low >>> 15;
    high = Math.imul(high + word, MIX_B);
    high = (high << 13) | (high >>> 19);
  }
  for (let i = words * 4; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    low = Math.imul(low ^ byte, MIX_A);
    low ^= low >>> 15;
    high = Math.imul(high + byte, MIX_B);
    high = (high << 13) | (high >>> 19);
  }
  into.low = Math.imul(low ^ (low >>> 16), END_A);
  into.high = Math.imul(high ^ (high >>> 16), END_B);
}
