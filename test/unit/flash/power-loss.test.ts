/**
 * Power lost at every program and erase of flashing an image, and reads failing at every read: restarted until
 * done, the image is there, always.
 */
import { describe, expect, test } from 'vitest';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { writeImage } from '../../../src/flash/write-image.ts';
import type { FlashFault, FaultPlan } from '../../../src/mtd/faults/kinds.ts';
import { sweepPrograms, sweepReads } from '../../../src/mtd/faults/sweep.ts';
import type { Scenario } from '../../../src/mtd/faults/sweep.ts';
import { NAND, NOR, chipOf, flashing, imageOf, readBack } from './small-devices.ts';

const BAD: FaultPlan = {
  seed: 5,
  faults: [
    { kind: 'bad_block', block: 0, origin: 'factory' },
    { kind: 'bad_block', block: 2, origin: 'grown', operation: 'program', nth: 3 },
    { kind: 'bad_block', block: 3, origin: 'grown', operation: 'erase' },
  ] satisfies FlashFault[],
};

const CASES = [
  ['NOR, blank', NOR, undefined, undefined],
  ['NOR, full', NOR, new Uint8Array(NOR.size), undefined],
  ['NAND, blank', NAND, undefined, undefined],
  ['NAND, full', NAND, new Uint8Array(NAND.size), undefined],
  ['NAND with bad blocks, full', NAND, new Uint8Array(NAND.size), BAD],
] as const;

describe.each(CASES)('%s', (what, info, held, plan) => {
  const image = imageOf(1900);
  const options = plan === undefined ? {} : { plan };

  test.each(['none', 'part', 'all'] as const)(
    'power lost at every operation, %s of it done',
    (torn) => {
      const report = sweepPrograms(flashing(info, image, held), { ...options, torn });
      const { operations, cases, right, struck, failures } = report;
      console.log(`${what}, torn ${torn}: ${String(right)} of ${String(cases)} power losses right`);
      expect(failures).toEqual([]);
      expect([cases, right, struck]).toEqual([operations, operations, operations]);
      expect(operations).toBeGreaterThan(10);
    },
  );

  test('a read failing at every place', () => {
    const { operations, cases, right, struck, failures } = sweepReads((makeCells) => {
      const chip = chipOf(info, [], { makeCells, ...(held === undefined ? {} : { held }) });
      writeImage(chip.boot(), memoryContents(image));
      // The last reads are ours; whoever reads an image may try again, too.
      const look = (): Uint8Array => readBack(chip.boot(), image.length);
      let seen: Uint8Array;
      try {
        seen = look();
      } catch {
        seen = look();
      }
      const isRight = Buffer.compare(seen, image) === 0;
      return { result: isRight ? 'right' : 'wrong', detail: 'written' };
    }, options);
    expect(failures).toEqual([]);
    expect([cases, right, struck]).toEqual([operations, operations, operations]);
  });
});

describe('the sweep finds what is wrong', () => {
  /** Writes once and hopes for the best. */
  const hopeful: Scenario = (makeCells) => {
    const chip = chipOf(NOR, [], { makeCells });
    const image = imageOf(1000);
    try {
      writeImage(chip.boot(), memoryContents(image));
    } catch {
      chip.cells.restore();
    }
    const isRight = Buffer.compare(readBack(chip.boot(), 1000), image) === 0;
    return { result: isRight ? 'right' : 'wrong', detail: 'not restarted' };
  };

  test('each failure comes with the plan that repeats it', () => {
    const { operations, cases, right, failures } = sweepPrograms(hopeful, { torn: 'none' });
    expect([cases, right]).toEqual([operations, 0]);
    expect(failures).toHaveLength(operations);
    const [first] = failures;
    expect(first).toEqual({
      nth: 1,
      detail: 'not restarted',
      plan: { seed: 0, faults: [{ kind: 'power_loss', nth: 1, torn: 'none' }] },
    });
  });

  test('an exception is a failure', () => {
    const { failures } = sweepPrograms((makeCells) => {
      writeImage(chipOf(NOR, [], { makeCells }).boot(), memoryContents(imageOf(100)));
      return { result: 'right', detail: '' };
    });
    expect(failures[0]?.detail).toMatch(/^PowerLoss: nor: power lost during program of 64 bytes/);
  });

  test('refusing is not wrong, and is counted', () => {
    const { cases, refused, failures } = sweepReads((makeCells) => {
      const chip = chipOf(NOR, [], { makeCells });
      try {
        chip.boot().read(0, new Uint8Array(8));
        return { result: 'right', detail: '' };
      } catch {
        return { result: 'refused', detail: 'EIO' };
      }
    });
    expect([cases, refused, failures]).toEqual([1, 1, []]);
  });

  test.each([
    [{ from: 3, to: 7 }, 5],
    [{ stride: 4 }, 4],
    [{ budget: { cases: 2 } }, 2],
    [{ from: 15, to: 99 }, 2],
  ])('%j runs %d cases of 16', (options, expected) => {
    const image = imageOf(1024).fill(1);
    const { operations, cases } = sweepPrograms(flashing(NOR, image), options);
    expect([operations, cases]).toEqual([16, expected]);
  });
});
