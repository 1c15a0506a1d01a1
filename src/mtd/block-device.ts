/**
 * A block device as an MTD device (drivers/mtd/devices/block2mtd.c): eMMC, SD cards, disks. No window, whole
 * sectors over the bus, no erase before a write.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { BusShape } from './bus.ts';
import type { FlashCells } from './cells.ts';
import type { FlashContents } from './contents.ts';
import type { Reporting } from './counting.ts';
import type { MtdFlag } from './device.ts';
import { LinearDevice } from './linear-device.ts';
import { MemoryCells } from './memory-cells.ts';
import { ramInfo } from './ram.ts';

/** How to build a block device. */
export interface BlockDeviceOptions extends Reporting {
  /** Unit of a transfer, bytes; default: 512. */
  readonly sectorBytes?: number;
  /** The longest request, aligned; a read is as many. Default: any length is one. */
  readonly requestBytes?: number;
  /** Bytes of a block for erasing, block2mtd's second argument; default: a page, or all when that is less. */
  readonly erasesize?: number;
  readonly flags?: readonly MtdFlag[];
  /** Instead of well-behaved cells over the contents. */
  readonly cells?: FlashCells;
}

/** Bytes of a sector when nobody says. */
export const SECTOR_BYTES = 512;

/** The shape of a bus that moves sectors on request. */
export const sectorBus = (sectorBytes = SECTOR_BYTES, requestBytes = Infinity): BusShape => ({
  wordBytes: sectorBytes,
  burstBytes: requestBytes,
  resumes: false,
  arrayPageBytes: 0,
});

/**
 * A block device that holds exactly `contents`.
 *
 * @throws AxfsError EINVAL for sectors or requests that are no powers of two.
 */
export function createBlockDevice(
  name: string,
  contents: FlashContents,
  options: BlockDeviceOptions = {},
): LinearDevice {
  const { sectorBytes, requestBytes, flags, cells, ...rest } = options;
  const { size } = contents;
  // block2mtd cuts a device to whole blocks; an image file is taken as it is, as one block if need be.
  const { erasesize = size % PAGE_SIZE === 0 ? PAGE_SIZE : size, ...reporting } = rest;
  return new LinearDevice(
    ramInfo(name, size, erasesize, flags),
    sectorBus(sectorBytes, requestBytes),
    cells ?? new MemoryCells(contents),
    reporting,
  );
}
