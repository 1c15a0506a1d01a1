/**
 * Flash that the CPU addresses, by its part: what a board boots from.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { PhysAddr } from '../base/units.ts';
import type { FlashCells } from './cells.ts';
import type { FlashContents } from './contents.ts';
import type { Reporting } from './counting.ts';
import { createDevice } from './create-device.ts';
import { MappedDevice } from './mapped-device.ts';
import type { MtdPart } from './part.ts';

export { DEFAULT_FLASH_PHYS } from './mapped-device.ts';

/** How to build a NOR device. */
export interface NorOptions extends Reporting {
  readonly part: MtdPart;
  readonly contents: FlashContents;
  /** Bytes; default: the smallest power of two of the part that holds the contents. */
  readonly size?: number;
  readonly phys?: PhysAddr;
  /** Instead of well-behaved cells over the contents; as many as the device has bytes. */
  readonly cells?: FlashCells;
}

/**
 * A NOR device holding `contents` from offset 0; the rest is erased.
 *
 * @throws AxfsError EFBIG when the contents do not fit `size`, EINVAL when it is no whole number of blocks or
 * the CPU cannot address the part.
 */
export function createNorFlash({ part, ...options }: NorOptions): MappedDevice {
  const device = createDevice(part, options);
  if (device instanceof MappedDevice) return device;
  throw new AxfsError('EINVAL', `${part.name}: the CPU cannot address a ${part.type} part`);
}
