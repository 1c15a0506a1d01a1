/**
 * What a zlib must do here, and the failures that every one of them words alike. AXFS stores each cblock
 * as one complete zlib stream (format description, section 6.3).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';

/** Level of the streams of stock zlib: the one the original builder uses. */
export const DEFLATE_LEVEL = 9;

/** Makes the stored form of blocks; how, and in which bytes, its codec says (codecs.ts). */
export interface Deflater {
  /**
   * One complete stream of `input`, zlib (header, deflate, Adler-32) or a raw LZ4 block; the result is the
   * caller's. It depends on the input alone.
   */
  deflate(input: Uint8Array): Uint8Array;
}

/** Expands what a deflater of the same kind made. */
export interface Inflater {
  /**
   * Expands the one stream that `stored` is into the start of `into`, and says how many bytes it
   * became. After a failure the content of `into` is unspecified.
   *
   * @throws AxfsError EIO when the stream is damaged (Adler-32 included) or cut short, when bytes follow
   * its end, or when it expands to more than `into` holds.
   */
  inflate(stored: Uint8Array, into: Uint8Array): number;
}

/** Return codes of zlib.h. */
export const Z = { ok: 0, streamEnd: 1, needDict: 2, bufError: -5 } as const;

/** zlib.h's Z_NO_FLUSH and Z_FINISH. */
export const FLUSH = { none: 0, finish: 4 } as const;

/** A damaged stream; `text` is zlib's own. */
export const damagedStream = (text: string): AxfsError =>
  new AxfsError('EIO', `damaged zlib stream: ${text}`);

/** The stream did not end, although zlib could do no more with what it was given. */
export const unfinishedStream = (consumed: number, stored: number, room: number): AxfsError =>
  consumed === stored
    ? damagedStream(`it is cut short after ${String(stored)} bytes`)
    : damagedStream(`it expands to more than the expected ${String(room)} bytes`);

/**
 * The stream is all of the input.
 *
 * @throws AxfsError EIO when bytes follow its end.
 */
export function checkConsumed(consumed: number, stored: number): void {
  if (consumed !== stored)
    throw damagedStream(`${String(stored - consumed)} bytes follow the end of the stream`);
}
