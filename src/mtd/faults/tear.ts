/**
 * Operations that end in the middle: what a program or an erase leaves in the cells when power goes away or
 * the device gives up. Each either stops at some byte or reaches some bits and not others; both happen, as
 * one cannot know in which order a device works.
 *
 * @module
 */
import type { Random } from '../../base/random.ts';
import { ERASED } from '../cell-bits.ts';
import type { FlashCells } from '../cells.ts';

/** How much of a torn operation the cells have got. */
export type Torn = 'none' | 'part' | 'all';

/** For each byte of an operation, the bits it reached, as a mask. */
function reachedBits(length: number, torn: Torn, random: Random): (index: number) => number {
  if (torn !== 'part') return () => (torn === 'all' ? ERASED : 0);
  const share = random.share();
  if (random.chance(0.5)) return () => (random.chance(share) ? random.below(256) : 0);
  const border = random.below(length);
  return (index) => (index < border ? ERASED : index === border ? random.below(256) : 0);
}

/** For each bit of `mask`, that of `value`; for the others 1. */
function withOnes(value: number, mask: number): number {
  let out = 0;
  for (let weight = 1; weight < 256; weight *= 2) {
    const isReached = Math.floor(mask / weight) % 2 === 1;
    const bit = Math.floor(value / weight) % 2;
    if (!isReached || bit === 1) out += weight;
  }
  return out;
}

/** The bytes that a torn program has programmed: those of `bytes` where it got to, else ones. */
export function tornProgram(bytes: Uint8Array, torn: Torn, random: Random): Uint8Array {
  const reached = reachedBits(bytes.length, torn, random);
  return Uint8Array.from(bytes, (byte, index) => withOnes(byte, reached(index)));
}

/** Leaves `cells` as a torn erase does: bits it reached are ones, the others as they were. */
export function tearErase(
  cells: FlashCells,
  range: { readonly offset: number; readonly length: number },
  torn: Torn,
  random: Random,
): void {
  const { offset, length } = range;
  if (torn === 'none') return;
  const reached = reachedBits(length, torn, random);
  const left = Uint8Array.from(cells.view(offset, length), (byte, index) =>
    withOnes(byte, ERASED - reached(index)),
  );
  cells.erase(offset, length);
  cells.program(offset, left);
}
