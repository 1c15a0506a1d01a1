/**
 * How a mounted image's regions are reached: in place through the device's window, from a copy in RAM
 * made at mount, or piecewise by device reads. The choice is the driver's (axfs_map_region): whatever
 * must have an address gets one, the rest is read when needed.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { MtdWindow } from '../mtd/device.ts';
import { REGIONS, storedSize } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';
import { copyMapped, readImage } from './source.ts';
import type { ImageSource } from './source.ts';

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

const NONE = new Uint8Array(0);

/** A plain region that has to be in RAM is read there at once up to this size, and else when it is looked at. */
const COPY_AT_ONCE = 2 ** 24;

/** Plain regions that are held, by where they stand. */
const held = new WeakMap<ImageSource, Map<string, Uint8Array>>();

/** Bytes of a plain region, read by `read`. Regions that stand in the same place are held once. */
function shared(
  source: ImageSource,
  { fsoffset, size }: RegionDescriptor,
  read: () => Uint8Array,
): Uint8Array {
  const places = held.get(source) ?? new Map<string, Uint8Array>();
  held.set(source, places);
  const place = `${String(fsoffset)} ${String(size)}`;
  // Read all the same: the driver does, and a mount counts what it reads.
  const bytes = read();
  const known = places.get(place) ?? bytes;
  places.set(place, known);
  return known;
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

/** The expanded bytes of a region stored as one stream. */
function expanded(
  source: ImageSource,
  name: RegionName,
  descriptor: RegionDescriptor,
  inflater: Inflater,
): Uint8Array {
  const stored = readImage(source, descriptor.fsoffset, storedSize(descriptor));
  const bytes = new Uint8Array(descriptor.size);
  const length = expandRegion(source, name, stored, bytes, inflater);
  if (length !== descriptor.size)
    throw new AxfsError(
      'EINVAL',
      `${source.name}: region ${name} expands to ${String(length)} bytes, expected ${String(descriptor.size)}`,
    );
  return bytes;
}

// In RAM and in the window, regions are of classes: V8 keeps literals with an accessor in dictionary mode, which
// makes the table look-ups of every fault slow.

/** A region in RAM, expanded when stored compressed. */
class RegionInRam implements RegionBytes {
  readonly name: RegionName;
  readonly size: number;
  readonly place = 'ram';
  readonly windowOffset = -1;
  readonly #source: ImageSource;
  readonly #descriptor: RegionDescriptor;
  #resident: Uint8Array | undefined;

  constructor(
    source: ImageSource,
    name: RegionName,
    descriptor: RegionDescriptor,
    inflater: Inflater,
  ) {
    this.name = name;
    this.size = descriptor.size;
    this.#source = source;
    this.#descriptor = descriptor;
    if (descriptor.compressedSize > 0)
      this.#resident = expanded(source, name, descriptor, inflater);
    else if (descriptor.size <= COPY_AT_ONCE) this.#resident = this.#copy();
  }

  get resident(): Uint8Array {
    return (this.#resident ??= this.#copy());
  }

  read(offset: number, length: number): Uint8Array {
    return (
      this.#resident?.subarray(offset, offset + length) ??
      readImage(this.#source, this.#descriptor.fsoffset + offset, length)
    );
  }

  countRead(): void {
    // No access of a device.
  }

  #copy(): Uint8Array {
    const { fsoffset, size } = this.#descriptor;
    return shared(this.#source, this.#descriptor, () => readImage(this.#source, fsoffset, size));
  }
}

/** A region seen through the device's window. */
class RegionInWindow implements RegionBytes {
  readonly name: RegionName;
  readonly size: number;
  readonly place = 'window';
  readonly windowOffset: number;
  readonly #source: ImageSource;
  readonly #window: MtdWindow;
  readonly #descriptor: RegionDescriptor;
  #resident: Uint8Array | undefined;

  constructor(
    source: ImageSource,
    window: MtdWindow,
    name: RegionName,
    descriptor: RegionDescriptor,
  ) {
    this.name = name;
    this.size = descriptor.size;
    this.windowOffset = descriptor.fsoffset;
    this.#source = source;
    this.#window = window;
    this.#descriptor = descriptor;
  }

  /** Only when asked for: an image file read through a window must not be loaded whole. */
  get resident(): Uint8Array {
    return (this.#resident ??= shared(this.#source, this.#descriptor, () =>
      this.#window.bytes(this.windowOffset, this.size),
    ));
  }

  read(offset: number, length: number): Uint8Array {
    return copyMapped(this.#source, this.windowOffset + offset, length);
  }

  countRead(offset: number, length: number): void {
    this.#window.countRead(this.windowOffset + offset, length);
  }
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
  const { window } = source;
  const inWindow = window !== undefined && descriptor.fsoffset + descriptor.size <= window.length;
  const spec = REGIONS.find((row) => row.name === name);
  if (descriptor.compressedSize > 0 || descriptor.incore !== 0)
    return new RegionInRam(source, name, descriptor, inflater);
  if (inWindow) return new RegionInWindow(source, window, name, descriptor);
  return spec?.needsAddress === true
    ? new RegionInRam(source, name, descriptor, inflater)
    : regionOnDevice(source, name, descriptor);
}
