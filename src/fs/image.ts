/**
 * Opening an image on a device: superblock, descriptors, trailing magic, and the regions' places. The
 * checks are those a reader needs before it may believe any offset.
 *
 * @module
 */
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { ByteTable } from '../ondisk/bytetable.ts';
import {
  AXFS_MAGIC,
  DESCRIPTOR_BYTES,
  MAGIC_BYTES,
  MAX_CBLOCK_SIZE,
  MAX_TABLE_DEPTH,
  SUPERBLOCK_BYTES,
} from '../ondisk/constants.ts';
import { REGIONS, TABLE_NAMES, decodeDescriptor, storedSize } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName, TableName } from '../ondisk/regions.ts';
import { decodeSuperblock } from '../ondisk/superblock.ts';
import type { Superblock } from '../ondisk/superblock.ts';
import { placeRegion, readImage } from './regions.ts';
import type { ImageSource, RegionBytes } from './regions.ts';

/** An image whose structure has been read and checked. */
export interface OpenImage {
  readonly source: ImageSource;
  readonly superblock: Superblock;
  readonly descriptors: Readonly<Record<RegionName, RegionDescriptor>>;
  readonly regions: Readonly<Record<RegionName, RegionBytes>>;
  readonly tables: Readonly<Record<TableName, ByteTable>>;
}

/**
 * Opens the image at offset 0 of `device`.
 *
 * @throws AxfsError EINVAL with one sentence naming `name`, the field and what was expected.
 */
export function openImage(device: MtdDevice, name: string, inflater: Inflater): OpenImage {
  const head = new Uint8Array(Math.min(SUPERBLOCK_BYTES, device.info.size));
  device.read(0, head);
  const superblock = decodeSuperblock(head, name);
  checkSizes(superblock, device, name);
  const window = superblock.mmapSize > 0 ? device.point(0, superblock.mmapSize) : undefined;
  const source: ImageSource = { name, device, size: superblock.size, window };
  try {
    return readStructure(source, superblock, inflater);
  } catch (error) {
    if (window !== undefined) device.unpoint(window);
    throw error;
  }
}

/** Lets go of the device. The image must not be used any more. */
export function closeImage({ source }: OpenImage): void {
  if (source.window !== undefined) source.device.unpoint(source.window);
}

function readStructure(source: ImageSource, superblock: Superblock, inflater: Inflater): OpenImage {
  checkTrailingMagic(source);
  const descriptors: Partial<Record<RegionName, RegionDescriptor>> = {};
  const regions: Partial<Record<RegionName, RegionBytes>> = {};
  for (const { name: region, kind } of REGIONS) {
    const descriptor = readDescriptor(source, region, superblock.descriptorOffsets[region]);
    checkRegion(source, region, kind, descriptor);
    descriptors[region] = descriptor;
    regions[region] = placeRegion(source, region, descriptor, inflater);
  }
  const tables: Partial<Record<TableName, ByteTable>> = {};
  for (const table of TABLE_NAMES)
    tables[table] = new ByteTable(
      table,
      regions[table]?.resident ?? new Uint8Array(0),
      descriptors[table]?.tableByteDepth ?? 0,
      source.name,
    );
  return {
    source,
    superblock,
    descriptors: descriptors as Record<RegionName, RegionDescriptor>,
    regions: regions as Record<RegionName, RegionBytes>,
    tables: tables as Record<TableName, ByteTable>,
  };
}

function refuse(name: string, what: string): never {
  throw new AxfsError('EINVAL', `${name}: ${what}`);
}

function checkSizes(superblock: Superblock, device: MtdDevice, name: string): void {
  const { size, mmapSize, cblockSize } = superblock;
  if (size < SUPERBLOCK_BYTES + MAGIC_BYTES)
    refuse(
      name,
      `superblock field size is ${String(size)}, too small for a superblock and the magic`,
    );
  if (size > device.info.size)
    refuse(
      name,
      `truncated: the superblock says ${String(size)} bytes up to and including the trailing magic, but there are ${String(device.info.size)}`,
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

function readDescriptor(source: ImageSource, region: RegionName, offset: number): RegionDescriptor {
  if (offset < SUPERBLOCK_BYTES || offset + DESCRIPTOR_BYTES > source.size)
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
