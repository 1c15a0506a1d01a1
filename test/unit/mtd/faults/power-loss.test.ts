import { describe, expect, test } from 'vitest';
import type { FlashCells } from '../../../../src/mtd/cells.ts';
import type { FaultyCells } from '../../../../src/mtd/faults/faulty-cells.ts';
import type { FlashFault } from '../../../../src/mtd/faults/kinds.ts';
import { PowerLoss } from '../../../../src/mtd/faults/power-loss.ts';
import { MemoryCells } from '../../../../src/mtd/memory-cells.ts';
import { BLOCK, original, under } from './small-chip.ts';

describe('power loss', () => {
  test.each(['none', 'part', 'all'] as const)('in a program: %s of it is done', (torn) => {
    const { cells } = under([{ kind: 'power_loss', nth: 2, torn }]);
    cells.erase(0, BLOCK);
    const bytes = new Uint8Array(200).fill(0x0f);
    expect(() => {
      cells.program(10, bytes);
    }).toThrow(
      new PowerLoss('chip: power lost during program of 200 bytes at 10, operation 2', 'program'),
    );
    const left = cells.view(10, 200);
    for (const byte of left) expect(byte & 0x0f).toBe(0x0f);
    const changed = left.filter((byte) => byte !== 0xff).length;
    if (torn === 'none') expect(changed).toBe(0);
    if (torn === 'all') expect(left).toEqual(bytes);
    expect(cells.view(0, 10)).toEqual(new Uint8Array(10).fill(0xff));
    expect(cells.view(210, 10)).toEqual(new Uint8Array(10).fill(0xff));
  });

  test.each(['none', 'part', 'all'] as const)('in an erase: %s of it is done', (torn) => {
    const { cells } = under([{ kind: 'power_loss', nth: 1, torn }]);
    expect(() => {
      cells.erase(BLOCK, BLOCK);
    }).toThrow(PowerLoss);
    const left = cells.view(BLOCK, BLOCK);
    const before = original().subarray(BLOCK, 2 * BLOCK);
    left.forEach((byte, i) => {
      expect(~byte & before[i]!).toBe(0);
    });
    if (torn === 'none') expect(left).toEqual(before);
    if (torn === 'all') expect(left).toEqual(new Uint8Array(BLOCK).fill(0xff));
    if (torn === 'part') {
      expect(left).not.toEqual(before);
      expect(left).not.toEqual(new Uint8Array(BLOCK).fill(0xff));
    }
    expect(cells.view(0, BLOCK)).toEqual(original().subarray(0, BLOCK));
  });

  test('nothing answers until power is back, and none of it is counted', () => {
    const { cells } = under([{ kind: 'power_loss', nth: 1 }]);
    const tries = [
      () => {
        cells.program(0, Uint8Array.of(0));
      },
      () => {
        cells.program(0, Uint8Array.of(0));
      },
      () => cells.read(0, 1),
      () => {
        cells.erase(0, BLOCK);
      },
    ];
    for (const run of tries) expect(run).toThrow(PowerLoss);
    expect(cells.isPowered).toBe(false);
    expect(cells.operations).toEqual({ reads: 0, programs: 1, erases: 0 });
    cells.restore();
    expect(cells.read(1, 1).bytes).toEqual(original().subarray(1, 2));
    cells.erase(0, BLOCK);
    expect(cells.injected.power_loss).toBe(1);
  });

  test('is torn in many ways, and with a seed in one', () => {
    const torn = (seed: number): string => {
      const { cells } = under([{ kind: 'power_loss', nth: 1 }], seed);
      expect(() => {
        cells.erase(0, BLOCK);
      }).toThrow(PowerLoss);
      return cells.view(0, BLOCK).join();
    };
    expect(new Set(Array.from({ length: 20 }, (_, seed) => torn(seed))).size).toBeGreaterThan(15);
    expect(torn(5)).toBe(torn(5));
  });
});

describe('spare areas', () => {
  const spareOf = (faults: readonly FlashFault[]): { cells: FaultyCells; spare: FlashCells } => {
    const { cells } = under(faults);
    const base = new MemoryCells({ size: 0, view: () => new Uint8Array(0) }, 16 * 8);
    return { cells, spare: cells.spare(base, { oobsize: 8 }) };
  };

  test('hold the marks of blocks bad from the factory', () => {
    const { spare } = spareOf([
      { kind: 'bad_block', block: 2, origin: 'factory' },
      { kind: 'bad_block', block: 1, origin: 'grown' },
    ]);
    const marks = [0, 1, 2, 3].map((block) => spare.view(block * 4 * 8, 1)[0]);
    expect(marks).toEqual([0xff, 0xff, 0, 0xff]);
  });

  test('lose power with the cells, and their programs count', () => {
    const { cells, spare } = spareOf([{ kind: 'power_loss', nth: 2, torn: 'none' }]);
    cells.program(0, Uint8Array.of(0));
    expect(() => {
      spare.program(3, Uint8Array.of(0, 0));
    }).toThrow(
      new PowerLoss(
        'chip: power lost during program of 2 spare bytes at 3, operation 2',
        'program',
      ),
    );
    expect(() => cells.read(0, 1)).toThrow(PowerLoss);
    expect(() => spare.read(0, 1)).toThrow(PowerLoss);
    expect(() => {
      spare.erase(0, 32);
    }).toThrow(PowerLoss);
    cells.restore();
    expect(spare.read(3, 2).bytes).toEqual(Uint8Array.of(0xff, 0xff));
    spare.program(3, Uint8Array.of(1, 2));
    expect(spare.read(3, 2).bytes).toEqual(Uint8Array.of(1, 2));
    spare.erase(0, 32);
    expect(spare.read(3, 2).bytes).toEqual(Uint8Array.of(0xff, 0xff));
  });
});
