/**
 * How a mounted image's regions are reached: in place through the device's window, from a copy in RAM
 * made at mount, or piecewise by device reads. The choice is the driver's (axfs_map_region): whatever
 * must have an address gets one, the rest is read when needed.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { MtdDevice, MtdWindow } from '../mtd/device.ts';
import { REGIONS, storedSize } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';

/** Bytes of one region. */
export interface RegionBytes {
  readonly name: RegionName;
  readonly size: number;
  /** Where the bytes are; `device` means no address: every access is a read. */
  readonly place: 'window' | 'ram' | 'device';
  /** The whole region when it has an address, else empty. Looking at it is not counted. */
  readonly resident: Uint8Array;
  /** Image offset of the region when it is in the window (what a frame number is made from), else -1. */
  readonly windowOffset: number;
  /** `[offset, offset + length)`, counted as the device access it is. Bounds are the caller's duty. */
  read(offset: number, length: number): Uint8Array;
  /** Counts a look-up of bytes seen through {@link resident}. */
  countRead(offset: number, length: number): void;
}

/** Image bytes of one device: a window over the first `mmapSize` bytes, reads behind it. */
export interface ImageSource {
  /** The image's name, for messages. */
  readonly name: string;
  readonly device: MtdDevice;
  readonly window: MtdWindow | undefined;
  readonly size: number;
}

const NONE = new Uint8Array(0);
/** deflate cannot expand by more than this (zlib's technical notes), so a larger claim is damage. */
const DEFLATE_MAX_EXPANSION = 1032;
const DEFLATE_OVERHEAD = 1024;

/** Image bytes `[offset, offset + length)`, by memcpy from the window, by device read, or both. */
export function readImage(source: ImageSource, offset: number, length: number): Uint8Array {
  const mapped = source.window?.length ?? 0;
  if (source.window !== undefined && offset + length <= mapped)
    return source.window.copyFrom(offset, length);
  const bytes = new Uint8Array(length);
  const head = Math.max(0, Math.min(length, mapped - offset));
  if (source.window !== undefined && head > 0) bytes.set(source.window.copyFrom(offset, head));
  source.device.read(offset + head, bytes.subarray(head));
  return bytes;
}

/** Expands a region's one zlib stream; the inflater alone would not say whose it is. */
function expandRegion(
  source: ImageSource,
  name: RegionName,
  stored: Uint8Array,
  into: Uint8Array,
  inflater: Inflater,
): number {
  try {
    return inflater.inflate(stored, into);
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    throw new AxfsError(
      'EINVAL',
      `${source.name}: region ${name} does not expand: ${error.message}`,
    );
  }
}

/** A region in RAM, expanded when stored compressed. */
function regionInRam(
  source: ImageSource,
  name: RegionName,
  descriptor: RegionDescriptor,
  inflater: Inflater,
): RegionBytes {
  const stored = readImage(source, descriptor.fsoffset, storedSize(descriptor));
  let resident = stored.slice();
  if (descriptor.compressedSize > 0) {
    resident = new Uint8Array(descriptor.size);
    const length = expandRegion(source, name, stored, resident, inflater);
    if (length !== descriptor.size)
      throw new AxfsError(
        'EINVAL',
        `${source.name}: region ${name} expands to ${String(length)} bytes, expected ${String(descriptor.size)}`,
      );
  }
  return {
    name,
    size: descriptor.size,
    place: 'ram',
    resident,
    windowOffset: -1,
    read: (offset, length) => resident.subarray(offset, offset + length),
    countRead: () => undefined,
  };
}

/** A region seen through the device's window. */
function regionInWindow(
  window: MtdWindow,
  name: RegionName,
  { fsoffset, size }: RegionDescriptor,
): RegionBytes {
  let resident: Uint8Array | undefined;
  return {
    name,
    size,
    place: 'window',
    // Only when asked for: an image file read through a window must not be loaded whole.
    get resident() {
      return (resident ??= window.bytes(fsoffset, size));
    },
    windowOffset: fsoffset,
    read: (offset, length) => window.copyFrom(fsoffset + offset, length),
    countRead: (offset, length) => {
      window.countRead(fsoffset + offset, length);
    },
  };
}

/** A region without an address. */
function regionOnDevice(
  source: ImageSource,
  name: RegionName,
  { fsoffset, size }: RegionDescriptor,
): RegionBytes {
  return {
    name,
    size,
    place: 'device',
    resident: NONE,
    windowOffset: -1,
    read: (offset, length) => readImage(source, fsoffset + offset, length),
    countRead: () => undefined,
  };
}

/**
 * Gives one region its place.
 *
 * @throws AxfsError EINVAL when a compressed region does not expand to its size.
 */
export function placeRegion(
  source: ImageSource,
  name: RegionName,
  descriptor: RegionDescriptor,
  inflater: Inflater,
): RegionBytes {
  if (descriptor.size === 0) return regionOnDevice(source, name, descriptor);
  if (
    descriptor.compressedSize > 0 &&
    descriptor.size > descriptor.compressedSize * DEFLATE_MAX_EXPANSION + DEFLATE_OVERHEAD
  )
    throw new AxfsError(
      'EINVAL',
      `${source.name}: region ${name} claims to expand from ${String(descriptor.compressedSize)} to ${String(descriptor.size)} bytes, which deflate cannot do`,
    );
  const { window } = source;
  const inWindow = window !== undefined && descriptor.fsoffset + descriptor.size <= window.length;
  const spec = REGIONS.find((row) => row.name === name);
  if (descriptor.compressedSize > 0 || descriptor.incore !== 0)
    return regionInRam(source, name, descriptor, inflater);
  if (inWindow) return regionInWindow(window, name, descriptor);
  return spec?.needsAddress === true
    ? regionInRam(source, name, descriptor, inflater)
    : regionOnDevice(source, name, descriptor);
}
