/**
 * Memory as an MTD device (drivers/mtd/devices/mtdram.c, phram.c): what the commands that only read an image
 * use, and the RAM that a board keeps its image in.
 *
 * @module
 */
import { physAddr } from '../base/units.ts';
import type { PhysAddr } from '../base/units.ts';
import { MEMORY_BUS } from './bus.ts';
import type { FlashCells } from './cells.ts';
import type { FlashContents } from './contents.ts';
import type { Reporting } from './counting.ts';
import type { MtdFlag, MtdInfo } from './device.ts';
import { MappedDevice } from './mapped-device.ts';
import { MemoryCells } from './memory-cells.ts';

/** MTD_CAP_RAM. */
const CAP_RAM: readonly MtdFlag[] = ['writeable', 'bit_writeable', 'no_erase'];

/** How to build a RAM device. */
export interface RamOptions extends Reporting {
  /** Default: 0. */
  readonly phys?: PhysAddr;
  /** Bytes of an erase block, a divisor of the size; default: all of it. */
  readonly erasesize?: number;
  readonly flags?: readonly MtdFlag[];
  /** Instead of well-behaved cells over the contents. */
  readonly cells?: FlashCells;
}

/** What a linear RAM-like device says of itself. */
export const ramInfo = (
  name: string,
  size: number,
  erasesize: number,
  flags: readonly MtdFlag[] = CAP_RAM,
): MtdInfo => ({
  name,
  type: 'ram',
  flags,
  size,
  erasesize,
  writesize: 1,
  // Memory takes any number of bytes at once.
  writebufsize: Math.max(1, size),
  oobsize: 0,
  subpageSize: 1,
  eccStrength: 0,
  eccStepSize: 0,
  bitflipThreshold: 0,
  eraseRegions: [{ offset: 0, erasesize, blocks: erasesize === 0 ? 1 : size / erasesize }],
});

/** A device that holds exactly `contents`. */
export const createRamDevice = (
  name: string,
  contents: FlashContents,
  options: RamOptions = {},
): MappedDevice => {
  const { phys = physAddr(0), erasesize = contents.size, flags, cells, ...reporting } = options;
  return new MappedDevice(
    ramInfo(name, contents.size, erasesize, flags),
    MEMORY_BUS,
    cells ?? new MemoryCells(contents),
    { phys, ...reporting },
  );
};
