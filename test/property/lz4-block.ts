/**
 * LZ4 blocks taken apart, for tests: written from the block format description alone, so that it shares
 * nothing with what it judges.
 *
 * Source: lz4_Block_format.md of the reference implementation, 1.9.4.
 *
 * @module
 */

/** One sequence: literals and, but for the last, a match. */
export interface Lz4Sequence {
  /** Where its literals start in the expanded block. */
  readonly at: number;
  readonly literals: number;
  /** Where its match starts in the expanded block; offset and length. */
  readonly match:
    { readonly at: number; readonly offset: number; readonly length: number } | undefined;
}

/** Sequences of a block. Throws where the block is not one. */
export function lz4Sequences(block: Uint8Array): readonly Lz4Sequence[] {
  const sequences: Lz4Sequence[] = [];
  let position = 0;
  let at = 0;
  const next = (): number => {
    const byte = block[position];
    if (byte === undefined) throw new Error(`the block ends within a sequence at ${String(at)}`);
    position += 1;
    return byte;
  };
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble === 15)
      for (let byte = 255; byte === 255; sum += byte) {
        byte = next();
      }
    return sum;
  };
  for (;;) {
    const token = next();
    const literals = length(Math.floor(token / 16));
    const start = at;
    position += literals;
    at += literals;
    if (position > block.length) throw new Error(`literals at ${String(start)} leave the block`);
    if (position === block.length) {
      sequences.push({ at: start, literals, match: undefined });
      return sequences;
    }
    const low = next();
    const offset = low + 256 * next();
    const match = { at, offset, length: 4 + length(token % 16) };
    if (offset === 0 || offset > at) throw new Error(`a match at ${String(at)} has no source`);
    sequences.push({ at: start, literals, match });
    at += match.length;
  }
}

/** What is wrong with a block that is to expand to `expanded` bytes, or `undefined`. */
export function lz4Fault(block: Uint8Array, expanded: number): string | undefined {
  const sequences = lz4Sequences(block);
  const last = sequences.at(-1)!;
  const total = last.at + last.literals;
  if (total !== expanded) return `it expands to ${String(total)} bytes`;
  const match = sequences.at(-2)?.match;
  if (match === undefined) return undefined;
  // "The last 5 bytes of input are always literals", "the last match must start at least 12 bytes before
  // the end of block": end of block conditions 2 and 3.
  if (last.literals < 5) return `its last ${String(last.literals)} bytes are literals`;
  if (total - match.at < 12)
    return `its last match starts ${String(total - match.at)} before the end`;
  return undefined;
}
