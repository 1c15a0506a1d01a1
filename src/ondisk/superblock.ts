/**
 * The superblock at image offset 0: 264 bytes as version 2.2.0 is written, and the shorter ends that other
 * writers gave it (format description, section 2.1).
 *
 * @module
 */
import { getField, getU64, getU64Clamped, setField, setU64, viewOf } from '../base/bytes.ts';
import { byteStringOf, fromBytes, toBytes, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SHIFT } from '../base/units.ts';
import { AXFS_MAGIC, AXFS_SIGNATURE, COMPRESSION_ZLIB, SUPERBLOCK_BYTES } from './constants.ts';
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

/**
 * How the superblock ends, the usual way first. `aligned`: timestamp 8-byte-aligned, as 64-bit, ARM, MIPS and
 * PPC drivers read it. `i386`: 32-bit x86 aligns to 4. `none`: version 1 ends at 243 and means zlib, pages of
 * 4 KiB and no timestamp. `bytes`: no descriptor can begin before.
 */
export const TAILS = [
  { name: 'aligned', bytes: SUPERBLOCK_BYTES, timestamp: 248, pageShift: 256 },
  { name: 'i386', bytes: 253, timestamp: 244, pageShift: 252 },
  { name: 'none', bytes: 243, timestamp: undefined, pageShift: undefined },
] as const;

/** A row of {@link TAILS}. */
export type Tail = (typeof TAILS)[number];

/** A whole superblock. */
export interface Superblock extends SuperblockFields {
  /** 40 bytes; all zero = none, else SHA-1 in the first 20. */
  readonly digest: Uint8Array;
  /** Image offset of each region's descriptor. */
  readonly descriptorOffsets: Readonly<Record<RegionName, number>>;
}

/** Where a field stands. */
export interface SuperField {
  readonly key: keyof SuperblockFields;
  readonly offset: number;
  readonly bytes: 1 | 4 | 8;
  readonly idle?: true;
}

/** A superblock as it was found. */
export interface FoundSuperblock extends Superblock {
  readonly tail: Tail['name'];
}

/**
 * Where the fields stand in the aligned superblock. Offsets and sizes as in the format description, section 2.
 * Nothing hangs on `idle` ones: values above 2^53-1 are read as 2^53-1.
 */
export const SUPER_FIELDS = [
  { key: 'cblockSize', offset: 60, bytes: 4 },
  { key: 'files', offset: 64, bytes: 8 },
  { key: 'size', offset: 72, bytes: 8 },
  { key: 'blocks', offset: 80, bytes: 8, idle: true },
  { key: 'mmapSize', offset: 88, bytes: 8 },
  { key: 'versionMajor', offset: 240, bytes: 1 },
  { key: 'versionMinor', offset: 241, bytes: 1 },
  { key: 'versionSub', offset: 242, bytes: 1 },
  { key: 'compressionType', offset: 243, bytes: 1 },
  { key: 'timestamp', offset: 248, bytes: 8, idle: true },
  { key: 'pageShift', offset: 256, bytes: 1 },
] as const satisfies readonly SuperField[];

const MAGIC_OFFSET = 0;
const SIGNATURE_OFFSET = 4;
const DIGEST_OFFSET = 20;
const DIGEST_BYTES = 40;
const DESCRIPTOR_OFFSETS_OFFSET = 96;
const VERSION_OFFSET = 240;
/** `strings` field of the newer, unfinished builder's packed superblock: its first descriptor follows at once. */
const PACKED_SUPERBLOCK_BYTES = 253;
const VERSION_WITHOUT_TAIL = 1;

/** The superblock is the newer builder's; version 1 may have a descriptor in that place. */
export const isPacked = (view: DataView): boolean =>
  view.getUint8(VERSION_OFFSET) !== VERSION_WITHOUT_TAIL &&
  view.getUint32(DESCRIPTOR_OFFSETS_OFFSET) === 0 &&
  view.getUint32(DESCRIPTOR_OFFSETS_OFFSET + 4) === PACKED_SUPERBLOCK_BYTES;

/** Values of a superblock before they are known. */
export const NO_DIGEST: Uint8Array = new Uint8Array(DIGEST_BYTES);

/** Writes a superblock with the aligned tail; padding is zero. */
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

const PAGE_SHIFT_FIELD = 'pageShift';
const TIMESTAMP_FIELD = 'timestamp';
/** What the superblock of version 1 does not have. */
const TAIL_FIELDS: readonly string[] = ['compressionType', TIMESTAMP_FIELD, PAGE_SHIFT_FIELD];

/** The row of a name. */
export const tailOf = (name: Tail['name']): Tail =>
  TAILS.find((row) => row.name === name) ?? TAILS[0];

/**
 * How a superblock ends: the first of {@link TAILS} whose page_shift is there, before every descriptor. One
 * that no row fits is of version 1, or damaged and counts as aligned.
 */
function tailAt(view: DataView, firstDescriptor: number): Tail {
  const fits = TAILS.find(
    ({ bytes, pageShift }) =>
      pageShift !== undefined &&
      firstDescriptor >= bytes &&
      pageShift < view.byteLength &&
      view.getUint8(pageShift) === PAGE_SHIFT,
  );
  return (
    fits ?? tailOf(view.getUint8(VERSION_OFFSET) === VERSION_WITHOUT_TAIL ? 'none' : 'aligned')
  );
}

/** The fields that a superblock with this end has, where they stand in it. */
export const fieldsOf = (tail: Tail): readonly SuperField[] =>
  SUPER_FIELDS.flatMap((field: SuperField): readonly SuperField[] => {
    const { key } = field;
    if (tail.name === 'none' && TAIL_FIELDS.includes(key)) return [];
    const moved = key === TIMESTAMP_FIELD || key === PAGE_SHIFT_FIELD ? tail[key] : undefined;
    return [{ ...field, offset: moved ?? field.offset }];
  });

/** What the superblock of version 1 says by not having it. */
const WITHOUT_TAIL = {
  compressionType: COMPRESSION_ZLIB,
  timestamp: 0,
  pageShift: PAGE_SHIFT,
} as const satisfies Partial<SuperblockFields>;

function readFields(view: DataView, tail: Tail, name: string): SuperblockFields {
  const fields: Partial<Record<keyof SuperblockFields, number>> = {};
  for (const { key, offset, bytes, idle } of fieldsOf(tail))
    fields[key] =
      idle === true
        ? getU64Clamped(view, offset)
        : getField(view, offset, bytes, `${name}: superblock field ${key}`);
  return { ...WITHOUT_TAIL, ...(fields as Omit<SuperblockFields, keyof typeof WITHOUT_TAIL>) };
}

function checkIdentity(view: DataView, name: string): void {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${name}: not an AXFS image: ${what}`);
  };
  if (view.byteLength < SUPERBLOCK_BYTES)
    refuse(`${String(view.byteLength)} bytes, expected at least ${String(SUPERBLOCK_BYTES)}`);
  const magic = view.getUint32(MAGIC_OFFSET);
  if (magic !== AXFS_MAGIC)
    refuse(
      `magic is 0x${magic.toString(16).padStart(8, '0')}, expected 0x${AXFS_MAGIC.toString(16)}`,
    );
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const signature = fromBytes(bytes.subarray(SIGNATURE_OFFSET, DIGEST_OFFSET));
  if (signature !== AXFS_SIGNATURE)
    refuse(
      `signature is '${toPrintable(signature)}', expected '${toPrintable(byteStringOf(AXFS_SIGNATURE))}'`,
    );
}

/**
 * Reads a superblock of any version and tail, and checks what a reader must before it believes the rest:
 * magic, signature, layout and page size. Whether the compression type is known is the reader's to say.
 * `name` is the image's name, for messages.
 *
 * @throws AxfsError EINVAL naming the field, its value and what was expected; EOVERFLOW when a field exceeds
 * 2^53-1.
 */
export function decodeSuperblock(bytes: Uint8Array, name: string): FoundSuperblock {
  const refuse = (what: string): never => {
    throw new AxfsError('EINVAL', `${name}: ${what}`);
  };
  const view = viewOf(bytes);
  checkIdentity(view, name);
  const descriptorOffsets: Partial<Record<RegionName, number>> = {};
  REGIONS.forEach((region, i) => {
    descriptorOffsets[region.name] = getU64(
      view,
      DESCRIPTOR_OFFSETS_OFFSET + 8 * i,
      `${name}: descriptor offset of region ${region.name}`,
    );
  });
  if (isPacked(view))
    refuse(
      'packed 253-byte superblock of the unfinished newer builder, whose images no driver can mount',
    );
  const tail = tailAt(view, Math.min(...Object.values(descriptorOffsets)));
  const fields = readFields(view, tail, name);
  if (fields.pageShift !== PAGE_SHIFT)
    refuse(`page_shift is ${String(fields.pageShift)}, expected ${String(PAGE_SHIFT)}`);
  return {
    ...fields,
    tail: tail.name,
    digest: bytes.slice(DIGEST_OFFSET, DIGEST_OFFSET + DIGEST_BYTES),
    descriptorOffsets: descriptorOffsets as Record<RegionName, number>,
  };
}
