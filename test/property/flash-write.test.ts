import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../src/base/errno.ts';
import type { FlashFault } from '../../src/mtd/faults/kinds.ts';
import { formatFaultPlan, parseFaultPlan } from '../../src/mtd/faults/plan-file.ts';
import { NAND, NOR, chipOf, readBack, writeThrough } from '../unit/flash/small-devices.ts';

/** Bytes in runs, so that units and blocks of ones happen. */
const bytesUpTo = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.tuple(fc.constantFrom(0xff, 0, 0x5a), fc.integer({ min: 1, max: 300 })), {
      maxLength: 20,
    })
    .chain((runs) => {
      const bytes = Uint8Array.from(
        runs.flatMap(([value, length]) => Array.from({ length }, (_, i) => value ^ (i % 3))),
      );
      return fc.constant(bytes.subarray(0, maxLength));
    });

/** Faults that a chip may have and still be flashed. */
const survivable: fc.Arbitrary<FlashFault> = fc.oneof(
  fc.record({
    kind: fc.constant('power_loss' as const),
    nth: fc.integer({ min: 1, max: 60 }),
    torn: fc.constantFrom('none' as const, 'part' as const, 'all' as const),
  }),
  fc.record({ kind: fc.constant('read_error' as const), nth: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('cell' as const),
    offset: fc.nat(4095),
    bit: fc.nat(7),
  }),
  fc.record({
    kind: fc.constant('slow_read' as const),
    every: fc.integer({ min: 1, max: 5 }),
    nanoseconds: fc.nat(100),
  }),
  fc.record({
    kind: fc.constant('retention' as const),
    days: fc.nat(1000),
    rate: fc.constantFrom(0, 1e-7, 1e-5),
  }),
);

const badBlock: fc.Arbitrary<FlashFault> = fc.record({
  kind: fc.constant('bad_block' as const),
  block: fc.nat(7),
  origin: fc.constantFrom('factory' as const, 'grown' as const),
  operation: fc.constantFrom('any' as const, 'program' as const, 'erase' as const),
  nth: fc.integer({ min: 1, max: 6 }),
});

describe('flashing', () => {
  test('on NOR: whatever was there, and whatever happens, the image is there in the end', () => {
    fc.assert(
      fc.property(
        bytesUpTo(NOR.size),
        bytesUpTo(NOR.size),
        fc.array(survivable, { maxLength: 5 }),
        (image, held, faults) => {
          const chip = chipOf(NOR, faults, { held });
          const { report } = writeThrough(chip, image);
          expect(report.verify).toBe('right');
          expect(Buffer.compare(chip.cells.view(0, image.length), image)).toBe(0);
          // Behind the image its last block is blank, and all others are as they were.
          const rest = chip.cells.view(image.length, report.end - image.length);
          expect(rest.every((byte) => byte === 0xff)).toBe(true);
          expect(report.tally.wear.size).toBeLessThanOrEqual(report.blocks);
        },
      ),
      { seed: 1, numRuns: 150 },
    );
  });

  test('on NAND with bad blocks: the image is there behind them, or too few good blocks are', () => {
    let done = 0;
    fc.assert(
      fc.property(
        bytesUpTo(2500),
        bytesUpTo(NAND.size),
        fc.array(fc.oneof(survivable, badBlock), { maxLength: 6 }),
        (image, held, faults) => {
          const chip = chipOf(NAND, faults, { held });
          try {
            const { report } = writeThrough(chip, image);
            done += 1;
            for (const offset of report.badBlocks)
              expect(chip.boot().blockIsBad(offset)).toBe(true);
            // One more read may meet a fault of its own.
            let seen: Uint8Array | undefined;
            for (let tries = 0; seen === undefined; tries += 1)
              try {
                seen = readBack(chip.boot(), image.length);
              } catch (error) {
                if (tries > 5) throw error;
              }
            expect(Buffer.compare(seen, image)).toBe(0);
          } catch (error) {
            if (!(error instanceof AxfsError)) throw error;
            expect(error.code).toBe('ENOSPC');
            const blocks = new Set(
              faults.flatMap((fault) => (fault.kind === 'bad_block' ? [fault.block] : [])),
            );
            expect(8 - blocks.size).toBeLessThan(Math.ceil(image.length / 512));
          }
        },
      ),
      { seed: 2, numRuns: 200 },
    );
    expect(done).toBeGreaterThan(150);
  });

  test('the same plan over the same cells does the same', () => {
    fc.assert(
      fc.property(bytesUpTo(2000), fc.array(survivable, { maxLength: 5 }), (image, faults) => {
        const run = () => {
          const chip = chipOf(NAND, faults);
          const { report, restarts } = writeThrough(chip, image);
          return { restarts, tally: report.tally, operations: chip.cells.operations };
        };
        expect(run()).toEqual(run());
      }),
      { seed: 3, numRuns: 50 },
    );
  });
});

test('plans read back as they were written', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.array(fc.oneof(survivable, badBlock), { maxLength: 5 }),
      (seed, faults) => {
        const plan = { seed, faults };
        expect(parseFaultPlan(formatFaultPlan(plan), 'plan')).toEqual(plan);
      },
    ),
    { seed: 4, numRuns: 100 },
  );
});
