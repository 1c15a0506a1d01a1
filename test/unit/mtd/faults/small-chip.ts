/**
 * A chip of four small blocks under a plan.
 *
 * @module
 */
import { AxfsError } from '../../../../src/base/errno.ts';
import { memoryContents } from '../../../../src/mtd/contents.ts';
import { FaultyCells } from '../../../../src/mtd/faults/faulty-cells.ts';
import type { BlockGeometry } from '../../../../src/mtd/faults/geometry.ts';
import type { FlashFault } from '../../../../src/mtd/faults/kinds.ts';
import { MemoryCells } from '../../../../src/mtd/memory-cells.ts';

export const SIZE = 4096;
export const BLOCK = 1024;
export const chip: BlockGeometry = {
  name: 'chip',
  size: SIZE,
  erasesize: BLOCK,
  writesize: 256,
  eraseRegions: [],
};

export const original = (): Uint8Array =>
  Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) % 251);

export const under = (
  faults: readonly FlashFault[],
  seed = 1,
): { cells: FaultyCells; base: MemoryCells } => {
  const base = new MemoryCells(memoryContents(original()));
  return { base, cells: new FaultyCells(base, { seed, faults }, chip) };
};

/** Bits in which `bytes`, read at `offset`, differ from what was there first. */
export const differences = (bytes: Uint8Array, offset: number): number[] => {
  const there = original();
  const bits: number[] = [];
  bytes.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit += 1)
      if ((byte ^ there[offset + i]!) & (1 << bit)) bits.push(8 * i + bit);
  });
  return bits;
};

export const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AxfsError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'done';
};
