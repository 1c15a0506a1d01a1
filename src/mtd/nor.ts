/**
 * Parallel NOR flash: a part's geometry around addressable cells.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { physAddr } from '../base/units.ts';
import type { EventSink } from '../base/events.ts';
import type { PhysAddr } from '../base/units.ts';
import type { FlashContents } from './contents.ts';
import { MappedDevice } from './mapped-device.ts';
import { eraseRegions, smallestDeviceSize } from './parts.ts';
import type { MtdPart } from './parts.ts';

/** Where a device stands when nobody says: the chip select of the reference board, 0x34000000. */
export const DEFAULT_FLASH_PHYS: PhysAddr = physAddr(0x34000000);

/** How to build a NOR device. */
export interface NorOptions {
  readonly part: MtdPart;
  readonly contents: FlashContents;
  /** Bytes; default: the smallest power of two of the part that holds the contents. */
  readonly size?: number;
  readonly phys?: PhysAddr;
  readonly sink?: EventSink;
}

/**
 * A NOR device holding `contents` from offset 0; the rest is erased.
 *
 * @throws AxfsError EFBIG when the contents do not fit `size`, EINVAL when it is no whole number of blocks.
 */
export function createNorFlash(options: NorOptions): MappedDevice {
  const { part, contents } = options;
  const size = options.size ?? smallestDeviceSize(part, contents.size);
  const block = part.erasesize.value;
  if (!(size > 0 && size % block === 0))
    throw new AxfsError(
      'EINVAL',
      `${part.name}: size is ${String(size)} bytes, expected whole erase blocks of ${String(block)}`,
    );
  return new MappedDevice(
    {
      name: part.name,
      type: 'nor',
      size,
      erasesize: part.erasesize.value,
      writesize: part.writesize.value,
      eraseRegions: eraseRegions(part, size),
    },
    contents,
    {
      phys: options.phys ?? DEFAULT_FLASH_PHYS,
      ...(options.sink === undefined ? {} : { sink: options.sink }),
    },
  );
}
