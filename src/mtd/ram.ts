/**
 * An image in plain memory as an MTD device (the kernel's mtdram and phram): what the commands that only
 * read an image use. Its size is its contents'.
 *
 * @module
 */
import { physAddr } from '../base/units.ts';
import type { FlashContents } from './contents.ts';
import { MappedDevice } from './mapped-device.ts';

/** A device that holds exactly `contents`. */
export const createRamDevice = (name: string, contents: FlashContents): MappedDevice =>
  new MappedDevice(
    {
      name,
      type: 'ram',
      size: contents.size,
      erasesize: contents.size,
      writesize: 1,
      eraseRegions: [{ offset: 0, erasesize: contents.size, blocks: 1 }],
    },
    contents,
    { phys: physAddr(0) },
  );
