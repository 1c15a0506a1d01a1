import { AxfsError } from '../../../src/base/errno.ts';
import { flipBit } from '../../../src/mtd/cell-bits.ts';
import type { FlashCells } from '../../../src/mtd/cells.ts';

/** What cells do wrong; places are bits (`8 x byte + bit`) and bytes of the device. */
export interface Script {
  readonly flips?: readonly number[];
  /** Offsets whose read, program or erase fails. */
  readonly readFails?: readonly number[];
  readonly programFails?: readonly number[];
  readonly eraseFails?: readonly number[];
  readonly delayNanoseconds?: number;
}

/** Cells that misbehave to a script, each time; `reads` collects what was read. */
export function scriptedCells(
  base: FlashCells,
  script: Script = {},
): FlashCells & { readonly reads: { readonly offset: number; readonly length: number }[] } {
  const reads: { offset: number; length: number }[] = [];
  const fail = (what: string, offset: number, length: number, at: readonly number[] = []): void => {
    if (at.some((place) => place >= offset && place < offset + length))
      throw new AxfsError('EIO', `cells: ${what} at ${String(offset)}`);
  };
  return {
    size: base.size,
    reads,
    read: (offset, length) => {
      reads.push({ offset, length });
      fail('read', offset, length, script.readFails);
      const bytes = base.view(offset, length).slice();
      const flips = (script.flips ?? [])
        .map((bit) => bit - 8 * offset)
        .filter((bit) => bit >= 0 && bit < 8 * length);
      for (const bit of flips) flipBit(bytes, bit);
      return { bytes, flips, delayNanoseconds: script.delayNanoseconds ?? 0 };
    },
    view: (offset, length) => base.view(offset, length),
    program: (offset, bytes) => {
      fail('program', offset, bytes.length, script.programFails);
      base.program(offset, bytes);
    },
    erase: (offset, length) => {
      fail('erase', offset, length, script.eraseFails);
      base.erase(offset, length);
    },
  };
}
