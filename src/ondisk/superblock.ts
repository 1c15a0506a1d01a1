/**
 * The superblock of version 2.2.0: 264 bytes at image offset 0.
 *
 * @module
 */
import { getField, getU64, setField, setU64, viewOf } from '../base/bytes.ts';
import { byteStringOf, fromBytes, toBytes, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SHIFT } from '../base/units.ts';
import {
  AXFS_MAGIC,
  AXFS_SIGNATURE,
  COMPRESSION_ZLIB,
  SUPERBLOCK_BYTES,
  VERSION,
} from './constants.ts';
import { REGIONS } from './regions.ts';
import type { RegionName } from './regions.ts';

/** Numeric fields outside magic, signature, digest and descriptor offsets. */
export interface SuperblockFields {
  /** Largest expanded size of a cblock, bytes. */
  readonly cblockSize: number;
  /** Inodes, the root included. */
  readonly files: number;
  /** Image bytes up to and including the trailing magic, without the final page padding. */
  readonly size: number;
  /** Nodes (file pages), without sentinels. */
  readonly blocks: number;
  /** Bytes from offset 0 that must be directly addressable. */
  readonly mmapSize: number;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly versionSub: number;
  readonly compressionType: number;
  /** Seconds since 1970, for every inode. */
  readonly timestamp: number;
  readonly pageShift: number;
}

/** A whole superblock. */
export interface Superblock extends SuperblockFields {
  /** 40 bytes; all zero = none, else SHA-1 in the first 20. */
  readonly digest: Uint8Array;
  /** Image offset of each region's descriptor. */
  readonly descriptorOffsets: Readonly<Record<RegionName, number>>;
}

/** Where the fields stand. Offsets and sizes as in the format description, section 2. */
export const SUPER_FIELDS = [
  { key: 'cblockSize', offset: 60, bytes: 4 },
  { key: 'files', offset: 64, bytes: 8 },
  { key: 'size', offset: 72, bytes: 8 },
  { key: 'blocks', offset: 80, bytes: 8 },
  { key: 'mmapSize', offset: 88, bytes: 8 },
  { key: 'versionMajor', offset: 240, bytes: 1 },
  { key: 'versionMinor', offset: 241, bytes: 1 },
  { key: 'versionSub', offset: 242, bytes: 1 },
  { key: 'compressionType', offset: 243, bytes: 1 },
  { key: 'timestamp', offset: 248, bytes: 8 },
  { key: 'pageShift', offset: 256, bytes: 1 },
] as const satisfies readonly {
  key: keyof SuperblockFields;
  offset: number;
  bytes: 1 | 4 | 8;
}[];

const MAGIC_OFFSET = 0;
const SIGNATURE_OFFSET = 4;
const DIGEST_OFFSET = 20;
const DIGEST_BYTES = 40;
const DESCRIPTOR_OFFSETS_OFFSET = 96;
const VERSION_OFFSET = 240;
/** `strings` field of the newer, unfinished builder's packed superblock: its first descriptor follows at once. */
const PACKED_SUPERBLOCK_BYTES = 253;

/** Values of a superblock before they are known. */
export const NO_DIGEST: Uint8Array = new Uint8Array(DIGEST_BYTES);

/** Writes a superblock; padding is zero. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  const view = viewOf(bytes);
  view.setUint32(MAGIC_OFFSET, AXFS_MAGIC);
  bytes.set(toBytes(byteStringOf(AXFS_SIGNATURE)), SIGNATURE_OFFSET);
  bytes.set(superblock.digest, DIGEST_OFFSET);
  REGIONS.forEach((region, i) => {
    setU64(view, DESCRIPTOR_OFFSETS_OFFSET + 8 * i, superblock.descriptorOffsets[region.name]);
  });
  for (const field of SUPER_FIELDS)
    setField(view, field.offset, field.bytes, superblock[field.key]);
  return bytes;
}

/**
 * Reads a superblock and checks what a 2.2.0 reader must: magic, signature, layout, version, page size and
 * compression type. `name` is the image's name, for messages.
 *
 * @throws AxfsError EINVAL naming the field, its value and what was expected; EOVERFLOW when a field exceeds
 * 2^53-1.
 */
export function decodeSuperblock(bytes: Uint8Array, name: string): Superblock {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${name}: ${what}`);
  };
  if (bytes.length < SUPERBLOCK_BYTES)
    refuse(
      `not an AXFS image: ${String(bytes.length)} bytes, expected at least ${String(SUPERBLOCK_BYTES)}`,
    );
  const view = viewOf(bytes);
  const magic = view.getUint32(MAGIC_OFFSET);
  if (magic !== AXFS_MAGIC)
    refuse(
      `not an AXFS image: magic is 0x${magic.toString(16).padStart(8, '0')}, expected 0x${AXFS_MAGIC.toString(16)}`,
    );
  const signature = fromBytes(bytes.subarray(SIGNATURE_OFFSET, DIGEST_OFFSET));
  if (signature !== AXFS_SIGNATURE)
    refuse(
      `not an AXFS image: signature is '${toPrintable(signature)}', expected '${toPrintable(byteStringOf(AXFS_SIGNATURE))}'`,
    );

  const descriptorOffsets: Partial<Record<RegionName, number>> = {};
  REGIONS.forEach((region, i) => {
    descriptorOffsets[region.name] = getU64(
      view,
      DESCRIPTOR_OFFSETS_OFFSET + 8 * i,
      `${name}: descriptor offset of region ${region.name}`,
    );
  });
  if (descriptorOffsets.strings === PACKED_SUPERBLOCK_BYTES)
    refuse(
      'packed 253-byte superblock of the unfinished newer builder, whose images no driver can mount',
    );
  // Before the tail, which version 1 does not have.
  const version = Array.from(bytes.subarray(VERSION_OFFSET, VERSION_OFFSET + 3));
  if (version[0] !== VERSION.major) refuse(`format version is ${version.join('.')}, expected 2.x`);

  const fields: Partial<Record<keyof SuperblockFields, number>> = {};
  for (const field of SUPER_FIELDS)
    fields[field.key] = getField(
      view,
      field.offset,
      field.bytes,
      `${name}: superblock field ${field.key}`,
    );
  const superblock: Superblock = {
    ...(fields as unknown as SuperblockFields),
    digest: bytes.slice(DIGEST_OFFSET, DIGEST_OFFSET + DIGEST_BYTES),
    descriptorOffsets: descriptorOffsets as Record<RegionName, number>,
  };
  if (superblock.pageShift !== PAGE_SHIFT)
    refuse(`page_shift is ${String(superblock.pageShift)}, expected ${String(PAGE_SHIFT)}`);
  if (superblock.compressionType !== COMPRESSION_ZLIB)
    refuse(
      `compression_type is ${String(superblock.compressionType)}, expected ${String(COMPRESSION_ZLIB)} (zlib)`,
    );
  return superblock;
}
