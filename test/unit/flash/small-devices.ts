/**
 * Devices of a few small blocks, on cells that a plan makes misbehave, and flashing them through power losses.
 *
 * @module
 */
import { writeImage } from '../../../src/flash/write-image.ts';
import type { WriteOptions } from '../../../src/flash/write-image.ts';
import { newTally } from '../../../src/flash/report.ts';
import type { WriteReport } from '../../../src/flash/report.ts';
import { skipBadBlocks } from '../../../src/flash/skip-bad-blocks.ts';
import { MEMORY_BUS } from '../../../src/mtd/bus.ts';
import type { FlashCells } from '../../../src/mtd/cells.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdDevice, MtdInfo } from '../../../src/mtd/device.ts';
import { FaultyCells } from '../../../src/mtd/faults/faulty-cells.ts';
import type { FlashFault } from '../../../src/mtd/faults/kinds.ts';
import { PowerLoss } from '../../../src/mtd/faults/power-loss.ts';
import type { MakeCells, Outcome, Scenario } from '../../../src/mtd/faults/sweep.ts';
import { LinearDevice } from '../../../src/mtd/linear-device.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { NandDevice } from '../../../src/mtd/nand.ts';
import { noiseBytes } from '../../support/sample-data.ts';

/** As a P30, small: parameter blocks at the bottom, words, a write buffer. */
export const NOR: MtdInfo = {
  name: 'nor',
  type: 'nor',
  flags: ['writeable', 'bit_writeable'],
  size: 4096,
  erasesize: 1024,
  writesize: 2,
  writebufsize: 64,
  oobsize: 0,
  subpageSize: 2,
  eccStrength: 0,
  eccStepSize: 0,
  bitflipThreshold: 0,
  eraseRegions: [
    { offset: 0, erasesize: 256, blocks: 4 },
    { offset: 1024, erasesize: 1024, blocks: 3 },
  ],
};

/** Eight blocks of four pages, one bit corrected a step of 64 bytes. */
export const NAND: MtdInfo = {
  ...NOR,
  name: 'nand',
  type: 'nand',
  flags: ['writeable'],
  size: 8 * 512,
  erasesize: 512,
  writesize: 128,
  writebufsize: 128,
  oobsize: 8,
  subpageSize: 128,
  eccStrength: 2,
  eccStepSize: 64,
  bitflipThreshold: 2,
  eraseRegions: [{ offset: 0, erasesize: 512, blocks: 8 }],
};

/** A chip: cells that outlive the device that is made on them, as over a reboot. */
export interface Chip {
  readonly info: MtdInfo;
  readonly cells: FaultyCells;
  readonly oob: FlashCells;
  /** Powers it up. */
  boot(): MtdDevice;
}

/** What stands in the cells before. */
export interface Before {
  readonly held?: Uint8Array;
  readonly makeCells?: MakeCells;
}

export function chipOf(
  info: MtdInfo,
  faults: readonly FlashFault[] = [],
  { held, makeCells }: Before & { readonly seed?: number } = {},
): Chip {
  const contents = held === undefined ? ERASED_CONTENTS : memoryContents(held);
  const base = new MemoryCells(contents, info.size);
  const cells = makeCells?.(base, info) ?? new FaultyCells(base, { seed: 1, faults }, info);
  const spareBytes = (info.size / info.writesize) * info.oobsize;
  const oob = cells.spare(new MemoryCells(ERASED_CONTENTS, spareBytes), info);
  const boot = (): MtdDevice => {
    cells.restore();
    return info.type === 'nand'
      ? new NandDevice(
          info,
          { ...MEMORY_BUS, arrayPageBytes: info.writesize + info.oobsize },
          cells,
          { oob },
        )
      : new LinearDevice(info, MEMORY_BUS, cells);
  };
  return { info, cells, oob, boot };
}

/** Writes until power stays on. */
export function writeThrough(
  chip: Chip,
  image: Uint8Array,
  options: WriteOptions = {},
): { readonly report: WriteReport; readonly restarts: number } {
  const tally = newTally();
  for (let restarts = 0; ; restarts += 1) {
    try {
      const report = writeImage(chip.boot(), memoryContents(image), {
        ...options,
        tally,
        afterPowerLoss: restarts > 0,
      });
      return { report, restarts };
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error;
    }
  }
}

/** The image as its user reads it. */
export function readBack(device: MtdDevice, bytes: number): Uint8Array {
  const into = new Uint8Array(bytes);
  (device.info.type === 'nand' ? skipBadBlocks(device) : device).read(0, into);
  return into;
}

/** Flashes `image` over `held`, and reads it back. */
export const flashing =
  (info: MtdInfo, image: Uint8Array, held?: Uint8Array): Scenario =>
  (makeCells): Outcome => {
    const chip = chipOf(info, [], { makeCells, ...(held === undefined ? {} : { held }) });
    const { report, restarts } = writeThrough(chip, image);
    const isRight =
      report.verify !== 'off' && Buffer.compare(readBack(chip.boot(), image.length), image) === 0;
    return {
      result: isRight ? 'right' : 'wrong',
      detail: `${String(restarts)} restarts, verify ${report.verify}`,
    };
  };

/** Bytes with runs of ones in them: units that need no program. */
export function imageOf(bytes: number): Uint8Array {
  const image = noiseBytes(bytes).slice();
  image.fill(0xff, Math.floor(bytes / 3), Math.floor(bytes / 2));
  return image;
}
