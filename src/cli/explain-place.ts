/**
 * Where in an image things stand: entries of tables, and the bytes of file pages, with every step between.
 *
 * @module
 */
import { toHex } from '../base/bytes.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { OpenImage } from '../fs/image.ts';
import type { Inode } from '../fs/inode.ts';
import { bytesInPage } from '../fs/volume.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import type { RegionName, TableName } from '../ondisk/regions.ts';

/** One entry of a table. */
export interface TableEntry {
  readonly table: TableName;
  readonly index: number;
  readonly value: number;
  /** Bytes of an entry. */
  readonly depth: number;
  /** Where the entry's bytes begin in the image; `null` in a region that is stored compressed. */
  readonly imageOffset: number | null;
  /** Where they begin in the region, expanded. */
  readonly regionOffset: number;
  /** Planar tables: where each byte stands, the most significant first, counted as `imageOffset` or, where that is `null`, as `regionOffset`. */
  readonly byteOffsets?: readonly number[];
  /** Hex digits, the most significant byte first. */
  readonly bytes: string;
}

/** Offset in the image of a byte of a region, or `null` when the region is stored compressed. */
export function imageOffset(image: OpenImage, region: RegionName, offset: number): number | null {
  const { compressedSize, fsoffset } = image.descriptors[region];
  return compressedSize > 0 ? null : fsoffset + offset;
}

/**
 * Entry `index` of a table.
 *
 * @throws AxfsError EIO when the table has no such entry; EOVERFLOW when it is above 2^53-1.
 */
export const tableEntry = (image: OpenImage, table: TableName, index: number): TableEntry =>
  entryWith(image, table, index, image.tables[table].get(index));

/** As {@link tableEntry}; of an entry that nothing hangs on, and which may be any, the value is at most 2^53-1. */
export const idleEntry = (image: OpenImage, table: TableName, index: number): TableEntry =>
  entryWith(image, table, index, image.tables[table].getClamped(index));

function entryWith(image: OpenImage, table: TableName, index: number, value: number): TableEntry {
  const entries = image.tables[table];
  const offsets = entries.offsetsOf(index);
  const [first = 0] = offsets;
  return {
    ...{ table, index, value, depth: entries.depth },
    imageOffset: imageOffset(image, table, first),
    regionOffset: first,
    ...(image.layout === 'planar' && offsets.length > 1
      ? { byteOffsets: offsets.map((at) => imageOffset(image, table, at) ?? at) }
      : {}),
    bytes: toHex(entries.bytesOf(index)),
  };
}

/** How one page of a file comes to its bytes. */
export interface PagePlace {
  readonly page: number;
  readonly node: number;
  readonly type: NodeTypeName;
  /** The look-ups that lead to the bytes, in their order. */
  readonly entries: readonly TableEntry[];
  /** Value of node_index: number of the XIP page, the cnode or the byte-aligned chunk. */
  readonly index: number;
  /** Compressed pages: the cblock, and where in it, expanded, the page begins. */
  readonly cblock?: number;
  readonly cnodeOffset?: number;
  readonly region: 'xip' | 'compressed' | 'byte_aligned';
  /** Where the stored bytes begin: in the region, and in the image (`null` as for tables). */
  readonly regionOffset: number;
  readonly imageOffset: number | null;
  readonly storedBytes: number;
  /** Bytes that the stored ones expand to: the whole cblock. */
  readonly expandedBytes: number;
  /** XIP pages: page frames between the start of the image and the page. */
  readonly frame?: number;
  /** Bytes of the page that belong to the file. */
  readonly fileBytes: number;
  readonly content: Uint8Array;
}

type Stored = Pick<PagePlace, 'region' | 'regionOffset' | 'storedBytes' | 'expandedBytes'> &
  Partial<Pick<PagePlace, 'cblock' | 'cnodeOffset'>>;

/** Explains pages of one image. */
export class PageExplainer {
  readonly #volume: AxfsVolume;

  constructor(volume: AxfsVolume) {
    this.#volume = volume;
  }

  /** Page `page` of a file or symlink. @throws AxfsError EIO when the image is damaged there. */
  place(inode: Inode, page: number): PagePlace {
    const { image, nodes } = this.#volume;
    const node = inode.arrayIndex + page;
    const fileBytes = bytesInPage(inode, page);
    const content = new Uint8Array(PAGE_SIZE);
    // First, as it checks everything that is looked at below.
    nodes.readPage(node, fileBytes, content);
    const entries: TableEntry[] = [];
    const lookUp = (table: TableName, index: number): number => {
      const entry = tableEntry(image, table, index);
      entries.push(entry);
      return entry.value;
    };
    const type = NODE_TYPE_NAMES[lookUp('node_type', node)] ?? 'xip';
    const index = lookUp('node_index', node);
    const cblockLength = (cblock: number): number => nodes.cblockLength(node, cblock);
    const stored = storedPage(type, { index, fileBytes, lookUp, cblockLength });
    const offset = imageOffset(image, stored.region, stored.regionOffset);
    return {
      page,
      node,
      type,
      entries,
      index,
      ...stored,
      imageOffset: offset,
      ...(type === 'xip' && offset !== null ? { frame: offset / PAGE_SIZE } : {}),
      fileBytes,
      content: content.subarray(0, fileBytes),
    };
  }
}

/** How to find out where a page is stored. */
interface PageLookUp {
  /** Value of node_index. */
  readonly index: number;
  readonly fileBytes: number;
  readonly lookUp: (table: TableName, index: number) => number;
  readonly cblockLength: (cblock: number) => number;
}

function storedPage(
  type: NodeTypeName,
  { index, fileBytes, lookUp, cblockLength }: PageLookUp,
): Stored {
  const plain = { storedBytes: fileBytes, expandedBytes: fileBytes };
  switch (type) {
    case 'xip':
      return { region: 'xip', regionOffset: index * PAGE_SIZE, ...plain };
    case 'byteAligned':
      return { region: 'byte_aligned', regionOffset: lookUp('banode_offset', index), ...plain };
    case 'compressed': {
      const cblock = lookUp('cnode_index', index);
      const cnodeOffset = lookUp('cnode_offset', index);
      const start = lookUp('cblock_offset', cblock);
      const storedBytes = lookUp('cblock_offset', cblock + 1) - start;
      return {
        ...{ region: 'compressed', regionOffset: start, storedBytes, cblock, cnodeOffset },
        expandedBytes: cblockLength(cblock),
      };
    }
  }
}
