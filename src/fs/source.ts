/**
 * Where an image's bytes are: on one device, or split at `mmap_size` over two (format description, section
 * 8), behind a window as far as one was pointed.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import type { MtdDevice, MtdWindow } from '../mtd/device.ts';
import { AXFS_MAGIC, MAGIC_BYTES } from '../ondisk/constants.ts';

/**
 * What a second device holds. `tail`: the image from `mmap_size` on, at its own offset 0. `whole`: those
 * bytes at the offsets they have in the image.
 */
export type SecondForm = 'tail' | 'whole';

/**
 * How the driver reaches the first device (driver description, 1.2). `physical`: by its physical address, the
 * superblock included. `mtd`: as an MTD, pointed as far as `mmap_size` says. `block`: as a block device, which
 * has no addresses: everything is read, and what must have an address is copied to RAM.
 */
export const DEVICE_ACCESSES = ['physical', 'mtd', 'block'] as const;
/** One of {@link DEVICE_ACCESSES}. */
export type DeviceAccess = (typeof DEVICE_ACCESSES)[number];

/** The part of an image on a second device. */
export interface SecondDevice {
  readonly device: MtdDevice;
  readonly form: SecondForm;
  /** First image offset on it. */
  readonly from: number;
  /** Image offset of the device's first byte. */
  readonly base: number;
}

/** Image bytes: a window over the first `mmapSize` of them, reads behind it. */
export interface ImageSource {
  /** The image's name, for messages. */
  readonly name: string;
  readonly device: MtdDevice;
  readonly second: SecondDevice | undefined;
  readonly window: MtdWindow | undefined;
  readonly size: number;
}

/**
 * Image bytes `[offset, offset + length)`, by memcpy from the window, by device read, or in pieces.
 *
 * @throws AxfsError EIO when a device fails or its ECC gives up: no byte of such a read is given out.
 */
export function readImage(source: ImageSource, offset: number, length: number): Uint8Array {
  const { device, second, window } = source;
  const mapped = window?.length ?? 0;
  if (window !== undefined && offset + length <= mapped) return copyMapped(source, offset, length);
  const bytes = new Uint8Array(length);
  const head = Math.max(0, Math.min(length, mapped - offset));
  if (window !== undefined && head > 0) bytes.set(copyMapped(source, offset, head));
  const border =
    second === undefined ? length : Math.max(0, Math.min(length, second.from - offset));
  const { name } = source;
  if (border > head)
    reading(name, device, () => device.read(offset + head, bytes.subarray(head, border)));
  const rest = Math.max(head, border);
  if (second !== undefined && rest < length)
    reading(name, second.device, () =>
      second.device.read(offset + rest - second.base, bytes.subarray(rest)),
    );
  return bytes;
}

/** Bytes of the window. @throws AxfsError EIO when a line fails on the bus. */
export const copyMapped = (
  { name, device, window }: ImageSource,
  offset: number,
  length: number,
): Uint8Array =>
  reading(name, device, () => {
    assert(window !== undefined, () => 'only what is mapped is copied through the mapping');
    return window.copyFrom(offset, length);
  });

/** Reads a device for the image `name`. @throws AxfsError EIO, whatever the device calls its failure (EBADMSG). */
export function reading<T>(name: string, { info }: MtdDevice, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    const isSame = name === info.name || !error.message.startsWith(`${info.name}:`);
    throw new AxfsError('EIO', isSame ? error.message : `${name}: ${error.message}`);
  }
}

/** Wrong bits that the devices have given out so far without noticing. */
export const flippedBits = ({ device, second }: ImageSource): number =>
  device.flippedBits + (second?.device.flippedBits ?? 0);

/** The last bytes before `end` on the device are the last of the magic: as many as a part of `part` bytes has. */
function endsWithMagic(device: MtdDevice, end: number, part: number): boolean {
  if (end > device.info.size) return false;
  const magic = new Uint8Array(MAGIC_BYTES);
  viewOf(magic).setUint32(0, AXFS_MAGIC);
  const held = Math.min(part, MAGIC_BYTES);
  const bytes = new Uint8Array(held);
  device.read(end - held, bytes);
  return bytes.every((byte, i) => byte === magic[MAGIC_BYTES - held + i]);
}

/**
 * Finds out what `device` holds of an image of `size` bytes that is split at `mmapSize`, by where it has the
 * trailing magic; a device that also starts as an image holds a whole one.
 *
 * @throws AxfsError EINVAL when the image has no second part, or the device holds none.
 */
export function findSecond(
  device: MtdDevice,
  name: string,
  { size, mmapSize }: { readonly size: number; readonly mmapSize: number },
): SecondDevice {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${name}: second device ${device.info.name}: ${what}`);
  };
  const part = size - mmapSize;
  if (part <= 0)
    refuse(`the image has no part there: its mmap_size ${String(mmapSize)} is all of it`);
  const isTail = endsWithMagic(device, part, part);
  const isWhole = endsWithMagic(device, size, part);
  if (!isTail && !isWhole)
    refuse(
      `no trailing magic at offset ${String(part - MAGIC_BYTES)} (where the bytes from ${String(mmapSize)} on would end) nor at ${String(size - MAGIC_BYTES)} (where a whole image would)`,
    );
  const start = new Uint8Array(Math.min(MAGIC_BYTES, device.info.size));
  device.read(0, start);
  const startsAsImage = start.length === MAGIC_BYTES && viewOf(start).getUint32(0) === AXFS_MAGIC;
  return isWhole && (startsAsImage || !isTail)
    ? { device, form: 'whole', from: mmapSize, base: 0 }
    : { device, form: 'tail', from: mmapSize, base: mmapSize };
}
