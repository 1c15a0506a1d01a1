/**
 * The 18 regions and their descriptors. Encoder, decoder, `axfs info` and the builder walk this table.
 *
 * @module
 */
import { getField, getU64Clamped, setField } from '../base/bytes.ts';

/** One row: a region, in the order in which the superblock names their descriptors. */
export interface RegionSpec {
  readonly name: string;
  /** `raw`: bytes; `table`: packed integers; `pages`: whole pages at page-aligned offsets. */
  readonly kind: 'raw' | 'table' | 'pages';
  /** The driver copies the region to RAM when it is not addressable; the others are read piecewise. */
  readonly needsAddress: boolean;
}

/** Regions in superblock order; `byte_aligned` stands before `compressed`. */
export const REGIONS = [
  { name: 'strings', kind: 'raw', needsAddress: true },
  { name: 'xip', kind: 'pages', needsAddress: true },
  { name: 'byte_aligned', kind: 'raw', needsAddress: false },
  { name: 'compressed', kind: 'raw', needsAddress: false },
  { name: 'node_type', kind: 'table', needsAddress: true },
  { name: 'node_index', kind: 'table', needsAddress: true },
  { name: 'cnode_offset', kind: 'table', needsAddress: true },
  { name: 'cnode_index', kind: 'table', needsAddress: true },
  { name: 'banode_offset', kind: 'table', needsAddress: true },
  { name: 'cblock_offset', kind: 'table', needsAddress: true },
  { name: 'inode_file_size', kind: 'table', needsAddress: true },
  { name: 'inode_name_offset', kind: 'table', needsAddress: true },
  { name: 'inode_num_entries', kind: 'table', needsAddress: true },
  { name: 'inode_mode_index', kind: 'table', needsAddress: true },
  { name: 'inode_array_index', kind: 'table', needsAddress: true },
  { name: 'modes', kind: 'table', needsAddress: true },
  { name: 'uids', kind: 'table', needsAddress: true },
  { name: 'gids', kind: 'table', needsAddress: true },
] as const satisfies readonly RegionSpec[];

/** Name of a region. */
export type RegionName = (typeof REGIONS)[number]['name'];
/** Name of a region that is a byte table. */
export type TableName = Extract<(typeof REGIONS)[number], { kind: 'table' }>['name'];

/** Names of the byte tables, in superblock order, which is also the order they are written in. */
export const TABLE_NAMES: readonly TableName[] = REGIONS.flatMap((row) =>
  row.kind === 'table' ? [row.name] : [],
);

/** A decoded region descriptor. */
export interface RegionDescriptor {
  /** Image offset of the region's bytes. */
  readonly fsoffset: number;
  /** Length in bytes, expanded. */
  readonly size: number;
  /** 0 = stored plain; otherwise the length of the zlib stream that expands to `size` bytes. */
  readonly compressedSize: number;
  /** Byte tables: number of entries, sentinels included. */
  readonly maxIndex: number;
  /** Byte tables: bytes an entry. */
  readonly tableByteDepth: number;
  /** Non-zero asks the driver for a copy in RAM. */
  readonly incore: number;
}

/** Where a field of a descriptor stands. */
export interface DescriptorField {
  readonly key: keyof RegionDescriptor;
  readonly offset: number;
  readonly bytes: 1 | 8;
  readonly idle?: true;
  readonly idleWhenEmpty?: true;
}

/** Bytes that the region takes in the image. */
export const storedSize = (descriptor: RegionDescriptor): number =>
  descriptor.compressedSize > 0 ? descriptor.compressedSize : descriptor.size;

/**
 * Field names of a descriptor, for reports. Nothing hangs on `idle` ones, nor on `idleWhenEmpty` ones of a
 * region of no bytes: values above 2^53-1 are read as 2^53-1.
 */
export const DESCRIPTOR_FIELDS = [
  { key: 'fsoffset', offset: 0, bytes: 8, idleWhenEmpty: true },
  { key: 'size', offset: 8, bytes: 8 },
  { key: 'compressedSize', offset: 16, bytes: 8, idleWhenEmpty: true },
  { key: 'maxIndex', offset: 24, bytes: 8, idle: true },
  { key: 'tableByteDepth', offset: 32, bytes: 1 },
  { key: 'incore', offset: 33, bytes: 1 },
] as const satisfies readonly DescriptorField[];

const SIZE_AT = 8;

/** True for a field of the descriptor at `offset` of `view` that nothing hangs on. */
export const isIdle = (view: DataView, offset: number, field: DescriptorField): boolean =>
  field.idle === true ||
  (field.idleWhenEmpty === true && getU64Clamped(view, offset + SIZE_AT) === 0);

/**
 * Decodes the 34 bytes at `offset` of `view`. `image` is the image's name, for messages.
 *
 * @throws AxfsError EOVERFLOW when a field exceeds 2^53-1.
 */
export function decodeDescriptor(
  view: DataView,
  offset: number,
  name: RegionName,
  image?: string,
): RegionDescriptor {
  const prefix = image === undefined ? '' : `${image}: `;
  const values: Partial<Record<keyof RegionDescriptor, number>> = {};
  for (const field of DESCRIPTOR_FIELDS)
    values[field.key] = isIdle(view, offset, field)
      ? getU64Clamped(view, offset + field.offset)
      : getField(
          view,
          offset + field.offset,
          field.bytes,
          `${prefix}${field.key} of region ${name}`,
        );
  return values as RegionDescriptor;
}

/** Writes a descriptor's 34 bytes at `offset` of `view`. */
export function encodeDescriptor(view: DataView, offset: number, value: RegionDescriptor): void {
  for (const field of DESCRIPTOR_FIELDS)
    setField(view, offset + field.offset, field.bytes, value[field.key]);
}
