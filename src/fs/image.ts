/**
 * Opening an image on a device: superblock, descriptors, trailing magic, and the regions' places. The
 * checks are those a reader needs before it may believe any offset.
 *
 * @module
 */
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { CODECS, DEFAULT_CODEC, codecOf, codecOfType } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { MtdDevice, MtdWindow } from '../mtd/device.ts';
import {
  AXFS_MAGIC,
  DESCRIPTOR_BYTES,
  MAGIC_BYTES,
  MAX_CBLOCK_SIZE,
  MAX_TABLE_DEPTH,
  SUPERBLOCK_BYTES,
} from '../ondisk/constants.ts';
import { REGIONS, decodeDescriptor, storedSize } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';
import { decodeSuperblock, tailOf } from '../ondisk/superblock.ts';
import type { FoundSuperblock } from '../ondisk/superblock.ts';
import { BUDGETS } from './budgets.ts';
import { placeRegion } from './regions.ts';
import type { RegionBytes } from './regions.ts';
import { findSecond, readImage, reading } from './source.ts';
import type { DeviceAccess, ImageSource } from './source.ts';
import { openTables } from './tables.ts';
import type { LaidOutTables } from './tables.ts';

/** What opening an image needs beside the device. */
export interface ImageOptions {
  /** The image's name, for messages. */
  readonly name: string;
  /** For zlib, by far the usual compression. */
  readonly inflater: Inflater;
  /** For the other codecs; those that need no module of the machine do without. */
  readonly inflaterFor?: (codec: CodecName) => Inflater;
  /** Holds the image from `mmap_size` on. */
  readonly second?: MtdDevice;
  /** How the device is reached; default `mtd`. */
  readonly access?: DeviceAccess;
}

/** An image whose structure has been read and checked. */
export interface OpenImage extends LaidOutTables {
  readonly source: ImageSource;
  readonly superblock: FoundSuperblock;
  /** Expands what its compression_type says. */
  readonly inflater: Inflater;
  /** Its cblocks carry checksums, so that damage in them is seen. */
  readonly hasChecksums: boolean;
  readonly descriptors: Readonly<Record<RegionName, RegionDescriptor>>;
  readonly regions: Readonly<Record<RegionName, RegionBytes>>;
}

/** deflate cannot expand by more than this (zlib's technical notes), so a larger claim is damage. */
const DEFLATE_MAX_EXPANSION = 1032;
const DEFLATE_OVERHEAD = 1024;

/**
 * Opens the image at offset 0 of `device`, of any dialect of the format.
 *
 * @throws AxfsError EINVAL with one sentence naming the image, the field and what was expected; EOVERFLOW for
 * fields beyond 2^53-1 that matter; EFBIG for regions too large to be kept.
 */
export function openImage(device: MtdDevice, options: ImageOptions): OpenImage {
  const { name, access = 'mtd' } = options;
  if (access === 'block' && options.second !== undefined)
    refuse(name, 'a second device goes with an MTD or a physical address, not with a block device');
  const superblock = decodeSuperblock(readHead(device, access, name), name);
  const inflater = inflaterOf(superblock.compressionType, options);
  checkSizes(superblock, name);
  checkHeld(superblock, device, options);
  const second =
    options.second === undefined ? undefined : findSecond(options.second, name, superblock);
  const window = pointed(device, access, superblock.mmapSize, name);
  const source: ImageSource = { name, device, second, size: superblock.size, window };
  try {
    return readStructure(source, superblock, inflater);
  } catch (error) {
    if (window !== undefined) device.unpoint(window);
    throw error;
  }
}

/** The superblock's bytes, as far as the device has them. */
function readHead(device: MtdDevice, access: DeviceAccess, name: string): Uint8Array {
  const head = new Uint8Array(Math.min(SUPERBLOCK_BYTES, device.info.size));
  if (access !== 'physical') {
    reading(name, device, () => device.read(0, head));
    return head;
  }
  if (!device.canPoint)
    refuse(name, `device ${device.info.name} has no physical address; mount it as mtd or block`);
  const window = device.point(0, head.length);
  try {
    head.set(reading(name, device, () => window.copyFrom(0, head.length)));
  } finally {
    device.unpoint(window);
  }
  return head;
}

/** The window onto what the image wants mapped: none of a block device, and none where it wants nothing. */
function pointed(
  device: MtdDevice,
  access: DeviceAccess,
  mmapSize: number,
  name: string,
): MtdWindow | undefined {
  if (access === 'block' || mmapSize === 0) return undefined;
  if (!device.canPoint)
    refuse(
      name,
      `device ${device.info.name} has no mapped window, and mmap_size is ${String(mmapSize)}, expected 0 there; mounted as a block device, what has to be mapped is copied to RAM`,
    );
  return device.point(0, mmapSize);
}

/** Lets go of the device. The image must not be used any more. */
export function closeImage({ source }: OpenImage): void {
  if (source.window !== undefined) source.device.unpoint(source.window);
}

/** compression_type values that can be read, for messages: `0 (zlib) or 76 (lz4)`. */
export const READABLE_TYPES = [
  ...new Map(
    [...CODECS].reverse().map(({ compressionType, name }) => [compressionType, name] as const),
  ),
]
  .sort(([a], [b]) => a - b)
  .map(([type, name]) => `${String(type)} (${name})`)
  .join(' or ');

/** Expands what a compression_type says. @throws AxfsError EINVAL when no codec has it. */
export function inflaterOf(type: number, { name, inflater, inflaterFor }: ImageOptions): Inflater {
  const codec =
    codecOfType(type) ??
    refuse(name, `compression_type is ${String(type)}, expected ${READABLE_TYPES}`);
  if (codec === DEFAULT_CODEC) return inflater;
  return inflaterFor === undefined ? codecOf(codec).makeInflater({}) : inflaterFor(codec);
}

const hasChecksums = (type: number): boolean => {
  const codec = codecOfType(type);
  return codec !== undefined && codecOf(codec).checksum;
};

function readStructure(
  source: ImageSource,
  superblock: FoundSuperblock,
  inflater: Inflater,
): OpenImage {
  checkTrailingMagic(source);
  const descriptors: Partial<Record<RegionName, RegionDescriptor>> = {};
  const first = tailOf(superblock.tail).bytes;
  for (const { name: region, kind } of REGIONS) {
    const offset = superblock.descriptorOffsets[region];
    const descriptor = readDescriptor(source, region, offset, first);
    checkRegion(source, region, kind, descriptor);
    descriptors[region] = descriptor;
  }
  for (const { what, excessOf } of BUDGETS) {
    const excess = excessOf(descriptors);
    if (excess !== undefined)
      throw new AxfsError(
        'EFBIG',
        `${source.name}: ${what} to ${String(excess.bytes)} bytes together, expected at most ${String(excess.most)}`,
      );
  }
  const described = descriptors as Record<RegionName, RegionDescriptor>;
  const regions: Partial<Record<RegionName, RegionBytes>> = {};
  for (const { name: region } of REGIONS)
    regions[region] = placeRegion(source, region, described[region], inflater);
  const placed = regions as Record<RegionName, RegionBytes>;
  return {
    source,
    superblock,
    inflater,
    hasChecksums: hasChecksums(superblock.compressionType),
    descriptors: described,
    regions: placed,
    ...openTables({
      name: source.name,
      versionMajor: superblock.versionMajor,
      files: superblock.files,
      stringsSize: placed.strings.size,
      bytesOf: (table) => placed[table].resident,
      depthOf: (table) => described[table].tableByteDepth,
    }),
  };
}

function refuse(name: string, what: string): never {
  throw new AxfsError('EINVAL', `${name}: ${what}`);
}

/** The device holds what the superblock says, as far as no second one is there to hold it. */
function checkHeld(
  { size, mmapSize }: FoundSuperblock,
  device: MtdDevice,
  { name, second }: ImageOptions,
): void {
  const held = device.info.size;
  if (second !== undefined && held < mmapSize)
    refuse(
      name,
      `truncated: the superblock says ${String(mmapSize)} bytes are in front of the second device, but there are ${String(held)}`,
    );
  if (second === undefined && held < size)
    refuse(
      name,
      `truncated: the superblock says ${String(size)} bytes up to and including the trailing magic, but there are ${String(held)}${mmapSize > 0 && mmapSize <= held ? `; those from ${String(mmapSize)} on may be on a second device` : ''}`,
    );
}

function checkSizes({ size, mmapSize, cblockSize }: FoundSuperblock, name: string): void {
  if (size < SUPERBLOCK_BYTES + MAGIC_BYTES)
    refuse(
      name,
      `superblock field size is ${String(size)}, too small for a superblock and the magic`,
    );
  if (mmapSize > size)
    refuse(
      name,
      `superblock field mmap_size is ${String(mmapSize)}, expected at most the size ${String(size)}`,
    );
  if (cblockSize < 1 || cblockSize > MAX_CBLOCK_SIZE)
    refuse(
      name,
      `superblock field cblock_size is ${String(cblockSize)}, expected 1 to ${String(MAX_CBLOCK_SIZE)}`,
    );
}

function checkTrailingMagic(source: ImageSource): void {
  const at = source.size - MAGIC_BYTES;
  const magic = viewOf(readImage(source, at, MAGIC_BYTES)).getUint32(0);
  if (magic !== AXFS_MAGIC)
    refuse(
      source.name,
      `trailing magic at offset ${String(at)} is 0x${magic.toString(16).padStart(8, '0')}, expected 0x${AXFS_MAGIC.toString(16)}: the end of the image is missing or cut`,
    );
}

function readDescriptor(
  source: ImageSource,
  region: RegionName,
  offset: number,
  first: number,
): RegionDescriptor {
  if (offset < first || offset + DESCRIPTOR_BYTES > source.size)
    refuse(
      source.name,
      `descriptor of region ${region} is at offset ${String(offset)}, outside the image of ${String(source.size)} bytes`,
    );
  return decodeDescriptor(
    viewOf(readImage(source, offset, DESCRIPTOR_BYTES)),
    0,
    region,
    source.name,
  );
}

function checkRegion(
  source: ImageSource,
  region: RegionName,
  kind: (typeof REGIONS)[number]['kind'],
  descriptor: RegionDescriptor,
): void {
  const stored = storedSize(descriptor);
  if (descriptor.size > 0 && descriptor.fsoffset + stored > source.size)
    refuse(
      source.name,
      `region ${region} is ${String(stored)} bytes at offset ${String(descriptor.fsoffset)}, outside the image of ${String(source.size)} bytes`,
    );
  const { compressedSize, size } = descriptor;
  if (compressedSize > 0 && size > compressedSize * DEFLATE_MAX_EXPANSION + DEFLATE_OVERHEAD)
    refuse(
      source.name,
      `region ${region} claims to expand from ${String(compressedSize)} to ${String(size)} bytes, which deflate cannot do`,
    );
  if (kind === 'table' && descriptor.size > 0) {
    const depth = descriptor.tableByteDepth;
    if (depth < 1 || depth > MAX_TABLE_DEPTH)
      refuse(
        source.name,
        `table_byte_depth of region ${region} is ${String(depth)}, expected 1 to ${String(MAX_TABLE_DEPTH)}`,
      );
  }
  if (kind === 'pages' && descriptor.size > 0)
    for (const field of ['fsoffset', 'size'] as const)
      if (descriptor[field] % PAGE_SIZE !== 0)
        refuse(
          source.name,
          `${field} of region ${region} is ${String(descriptor[field])}, expected a multiple of ${String(PAGE_SIZE)}`,
        );
}
