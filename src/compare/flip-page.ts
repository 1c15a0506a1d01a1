/**
 * The same image with one page stored the other way: a page in place compressed instead, any other one in place.
 * Everything else stays where it is, and what the page took stays unused, so that two runs differ by that page
 * alone.
 *
 * @module
 */
import { bytesNeeded } from '../base/bits.ts';
import { bytesEqual, viewOf } from '../base/bytes.ts';
import { PAGE_SIZE, inodeNumber } from '../base/units.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { OpenImage } from '../fs/image.ts';
import { bytesInPage } from '../fs/volume.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Inode } from '../fs/inode.ts';
import { encodeHead, placeRegions } from '../mkfs/layout.ts';
import type { RegionContent } from '../mkfs/layout.ts';
import { encodeByteTable } from '../ondisk/bytetable.ts';
import { AXFS_MAGIC, MAGIC_BYTES, NODE_TYPE, NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { REGIONS, TABLE_NAMES } from '../ondisk/regions.ts';
import type { RegionName, TableName } from '../ondisk/regions.ts';
import type { RunnableImage } from './evaluate.ts';

/** An image with one page stored the other way. */
export interface FlippedPage {
  readonly image: RunnableImage;
  /** How the page is stored in it. */
  readonly type: NodeTypeName;
  /** Bytes of the page's XIP page, its own cblock, or its byte-aligned chunk. */
  readonly storedBytes: number;
  /** Bytes that pages would take more in an image built so; below 0: less. Tables and padding aside. */
  readonly flashAdded: number;
}

/** Pages of all kinds, and the tables that lead to them; sentinels are not among the values. */
interface NodeTables {
  readonly values: Record<TableName, number[]>;
  xip: Uint8Array;
  byteAligned: Uint8Array;
  compressed: Uint8Array;
}

const join = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const regionBytes = ({ regions }: OpenImage, name: RegionName): Uint8Array =>
  regions[name].size === 0 ? new Uint8Array(0) : regions[name].read(0, regions[name].size);

function readTables(image: OpenImage): NodeTables {
  const values = Object.fromEntries(
    TABLE_NAMES.map((name) => {
      const table = image.tables[name];
      return [name, Array.from({ length: table.length }, (_, i) => table.getClamped(i))];
    }),
  ) as Record<TableName, number[]>;
  return {
    values,
    xip: regionBytes(image, 'xip'),
    byteAligned: regionBytes(image, 'byte_aligned'),
    compressed: regionBytes(image, 'compressed'),
  };
}

/** Nodes of one type, sentinels left out, with what node_index says. */
const indexesOf = ({ values }: NodeTables, nodes: number, type: number): readonly number[] =>
  values.node_index.slice(0, nodes).filter((_, node) => values.node_type[node] === type);

/** Bytes that would be free without a node, by its type: none while others need what it names. */
const FREED: Readonly<
  Record<NodeTypeName, (tables: NodeTables, others: readonly number[], page: StoredPage) => number>
> = {
  xip: (_, others, { index }) => (others.includes(index) ? 0 : PAGE_SIZE),
  compressed: ({ values }, others, { index }) => {
    const { cnode_index: cblocks, cblock_offset: offsets } = values;
    const cblock = cblocks[index];
    if (cblock === undefined || others.some((cnode) => cblocks[cnode] === cblock)) return 0;
    return (offsets[cblock + 1] ?? 0) - (offsets[cblock] ?? 0);
  },
  byteAligned: ({ values: { banode_offset: offsets } }, others, { index, fileBytes }) => {
    const start = offsets[index] ?? 0;
    const isOthers = (at: number): boolean => at >= start && at < start + fileBytes;
    return others.some((other) => isOthers(offsets[other] ?? 0)) ? 0 : fileBytes;
  },
};

/** What a node says, and how much of its file is there. */
interface StoredPage {
  readonly index: number;
  readonly fileBytes: number;
}

/** The XIP page with these bytes: one that is there, or a new one. */
function addXip(tables: NodeTables, content: Uint8Array): number {
  const page = new Uint8Array(PAGE_SIZE);
  page.set(content);
  const pages = tables.xip.length / PAGE_SIZE;
  for (let i = 0; i < pages; i += 1)
    if (bytesEqual(tables.xip.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), page)) return i;
  tables.xip = join(tables.xip, page);
  return pages;
}

/** A cnode of a new cblock; its table's last entry is where the region ends. */
function addCompressed(tables: NodeTables, stored: Uint8Array): number {
  const { cnode_index: cblocks, cnode_offset: inCblock, cblock_offset: offsets } = tables.values;
  if (offsets.length === 0) offsets.push(tables.compressed.length);
  offsets[offsets.length - 1] = tables.compressed.length;
  tables.compressed = join(tables.compressed, stored);
  offsets.push(tables.compressed.length);
  cblocks.push(offsets.length - 2);
  inCblock.push(0);
  return cblocks.length - 1;
}

function addByteAligned(tables: NodeTables, content: Uint8Array): number {
  const { banode_offset: offsets } = tables.values;
  offsets.push(tables.byteAligned.length);
  tables.byteAligned = join(tables.byteAligned, content);
  return offsets.length - 1;
}

/** Puts the regions into an image again. */
function assemble({ image }: AxfsVolume, tables: NodeTables): Omit<RunnableImage, 'name'> {
  const contents: Partial<Record<RegionName, RegionContent>> = {};
  const bytes: Partial<Record<RegionName, Uint8Array>> = {};
  const pages = {
    xip: tables.xip,
    byte_aligned: tables.byteAligned,
    compressed: tables.compressed,
    strings: regionBytes(image, 'strings'),
  };
  for (const { name } of REGIONS) {
    const { tableByteDepth, compressedSize, incore } = image.descriptors[name];
    const isTable = !(name in pages);
    const values = isTable ? tables.values[name as TableName] : [];
    const depth = isTable
      ? Math.max(1, tableByteDepth, bytesNeeded(values.reduce((most, v) => Math.max(most, v), 0)))
      : tableByteDepth;
    const region = isTable ? encodeByteTable(values, depth) : pages[name as keyof typeof pages];
    bytes[name] = region;
    contents[name] = {
      size: region.length,
      compressedSize: 0,
      maxIndex: isTable ? values.length : 0,
      tableByteDepth: depth,
      // What was expanded to RAM stays there, though it is stored plain now.
      incore: compressedSize > 0 ? 1 : incore,
    };
  }
  const { superblock } = image;
  const isSplit = superblock.mmapSize > 0 && superblock.mmapSize < superblock.size;
  const layout = placeRegions(
    contents as Record<RegionName, RegionContent>,
    isSplit ? 'split' : 'original',
  );
  const { files, blocks, cblockSize, timestamp, compressionType } = superblock;
  const all = new Uint8Array(layout.fileSize);
  all.set(
    encodeHead(layout, {
      files,
      blocks,
      cblockSize: Math.max(PAGE_SIZE, cblockSize),
      timestamp,
      compressionType,
    }),
  );
  for (const { name } of REGIONS)
    all.set(bytes[name] ?? new Uint8Array(0), layout.descriptors[name].fsoffset);
  viewOf(all).setUint32(layout.size - MAGIC_BYTES, AXFS_MAGIC);
  return { bytes: all, mmapSize: layout.mmapSize, xipPages: tables.xip.length / PAGE_SIZE };
}

const stored = ({ xip, byteAligned, compressed }: NodeTables): number =>
  xip.length + byteAligned.length + compressed.length;

/**
 * Stores page `page` of a file the other way. All files that share its node see that. A page that does not get
 * smaller becomes byte-aligned, as in the builder; one that leaves a cblock with others gives no flash back.
 *
 * @throws AxfsError EIO when the image is damaged there, EFBIG when no array holds the image.
 */
export async function flipPage(
  volume: AxfsVolume,
  inode: Inode,
  page: number,
  compressor: PageCompressor,
): Promise<FlippedPage> {
  const node = inode.arrayIndex + page;
  const content = new Uint8Array(bytesInPage(inode, page));
  volume.nodes.readPage(node, content.length, content);
  const tables = readTables(volume.image);
  const before = stored(tables);
  const { node_type: types, node_index: indexes } = tables.values;
  const was = NODE_TYPE_NAMES[types[node] ?? 0] ?? 'xip';
  const index = indexes[node] ?? 0;
  // Nodes behind those of files are sentinels.
  const nodes = countNodes(volume);
  const place = async (): Promise<readonly [NodeTypeName, number, number]> => {
    if (was !== 'xip') return ['xip', addXip(tables, content), PAGE_SIZE];
    const [cblock] = await compressor.compress([content]);
    return cblock === undefined
      ? ['byteAligned', addByteAligned(tables, content), content.length]
      : ['compressed', addCompressed(tables, cblock), cblock.length];
  };
  const [type, newIndex, storedBytes] = await place();
  types[node] = NODE_TYPE[type];
  indexes[node] = newIndex;
  const others = indexesOf(tables, nodes, NODE_TYPE[was]);
  const freed = FREED[was](tables, others, { index, fileBytes: content.length });
  return {
    image: { name: `${volume.name} with the page ${type}`, ...assemble(volume, tables) },
    type,
    storedBytes,
    flashAdded: stored(tables) - before - freed,
  };
}

/** Nodes up to the last that a file has. */
function countNodes({ image: { tables }, inodes }: AxfsVolume): number {
  let end = 0;
  for (let number = 0; number < inodes.count; number += 1) {
    const inode = inodes.get(inodeNumber(number));
    if (inode.type === 'file' || inode.type === 'symlink')
      end = Math.max(end, inode.arrayIndex + inode.numEntries);
  }
  return Math.min(end, tables.node_type.length);
}
