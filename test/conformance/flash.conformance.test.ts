/**
 * Flashing through power losses for a fixed time: random images over random contents, power lost at every
 * operation, torn each time another way, with bad blocks on NAND. AXFS_FLASH_SECONDS sets how long, 90 by
 * default; AXFS_FLASH_SEED where it starts. Needs no reference data.
 *
 * @module
 */
import { expect, it } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import type { Random } from '../../src/base/random.ts';
import type { FaultPlan, FlashFault } from '../../src/mtd/faults/kinds.ts';
import { sweepPrograms, sweepReads } from '../../src/mtd/faults/sweep.ts';
import type { SweepFailure, SweepReport } from '../../src/mtd/faults/sweep.ts';
import { NAND, NOR, flashing } from '../unit/flash/small-devices.ts';

const SECONDS = Number(process.env['AXFS_FLASH_SECONDS'] ?? 90);
const SEED = Number(process.env['AXFS_FLASH_SEED'] ?? 1);
/** Power losses that 90 seconds have to be good for. */
const LEAST_CASES = 20_000;

/** Bytes with runs of ones. */
function someBytes(random: Random, most: number): Uint8Array {
  const bytes = new Uint8Array(1 + random.below(most));
  for (let at = 0; at < bytes.length;) {
    const run = 1 + random.below(400);
    const isBlank = random.chance(0.3);
    for (let k = 0; k < run && at < bytes.length; k += 1, at += 1)
      bytes[at] = isBlank ? 0xff : random.below(256);
  }
  return bytes;
}

/** At most three of the eight blocks. */
const someBadBlocks = (random: Random): FlashFault[] =>
  Array.from({ length: random.below(4) }, () => ({
    kind: 'bad_block',
    block: random.below(8),
    origin: random.chance(0.5) ? 'factory' : 'grown',
    operation: (['any', 'program', 'erase'] as const)[random.below(3)] ?? 'any',
    nth: 1 + random.below(5),
  }));

it('an image is there in the end, wherever power is lost', () => {
  const end = performance.now() + SECONDS * 1000;
  const sum = { scenarios: 0, cases: 0, right: 0, struck: 0, readCases: 0, refused: 0 };
  const failures: SweepFailure[] = [];
  const add = ({ cases, right, struck, failures: found }: SweepReport): void => {
    sum.cases += cases;
    sum.right += right;
    sum.struck += struck;
    failures.push(...found);
  };
  for (let round = 0; performance.now() < end && failures.length === 0; round += 1) {
    const random = createRandom(SEED, round);
    const isNand = random.chance(0.5);
    const info = isNand ? NAND : NOR;
    const image = someBytes(random, isNand ? 5 * 512 : NOR.size);
    const held = random.chance(0.3) ? undefined : someBytes(random, info.size);
    const plan: FaultPlan = { seed: round, faults: isNand ? someBadBlocks(random) : [] };
    const scenario = flashing(info, image, held);
    for (const torn of ['none', 'part', 'part', 'all'] as const) {
      add(sweepPrograms(scenario, { torn, plan: { ...plan, seed: random.below(2 ** 31) } }));
    }
    const reads = sweepReads(
      (makeCells) => {
        try {
          return scenario(makeCells);
        } catch {
          // Reading back may meet the fault itself.
          return { result: 'refused', detail: 'a read failed' };
        }
      },
      { plan, budget: { cases: 20 } },
    );
    sum.readCases += reads.cases;
    sum.refused += reads.refused;
    failures.push(...reads.failures);
    sum.scenarios += 1;
  }
  console.log(
    `${String(sum.scenarios)} scenarios: ${String(sum.right)} of ${String(sum.cases)} power losses right, ${String(sum.readCases)} failing reads (${String(sum.refused)} met by the reader)`,
  );
  expect(failures).toEqual([]);
  expect(sum.right).toBe(sum.cases);
  // Every loss happened: flashing comes to the same operation again.
  expect(sum.struck).toBe(sum.cases);
  if (SECONDS >= 90) expect(sum.cases).toBeGreaterThanOrEqual(LEAST_CASES);
});
