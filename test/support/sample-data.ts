/**
 * Bytes for tests: compressible, incompressible, and the same on every machine.
 *
 * @module
 */

/** `length` bytes of text whose lines differ, as a log file's do. */
export function textBytes(length: number): Uint8Array {
  let text = '';
  for (let i = 0; text.length < length; i += 1) text += `line ${String(i)} of the page\n`;
  return new TextEncoder().encode(text.slice(0, length));
}

/** `length` pseudo-random bytes from 0 to `values` - 1 (C's example generator, RAND_MAX 2^31). */
export function noiseBytes(length: number, values = 256, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 65536) % values;
  });
}

/** SHA-256 of bytes in hex digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return Buffer.from(digest).toString('hex');
}
