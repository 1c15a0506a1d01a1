/**
 * How one way of compressing stores the pages of a tree, and so how long the image is for any set of pages
 * executed in place. Of cblocks of one page the length is exact. Larger cblocks are cut anew whenever a page
 * leaves; there a page takes of its cblock as much as its own stream would, in proportion.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { alignUp, bytesNeeded } from '../base/bits.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { DESCRIPTOR_SLOT_BYTES, MAGIC_BYTES, SUPERBLOCK_BYTES } from '../ondisk/constants.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import { REGIONS } from '../ondisk/regions.ts';
import type { RegionName } from '../ondisk/regions.ts';
import type { TreePages } from './tree-pages.ts';

/** Pages of a tree under one codec and cblock size. */
export interface StoredPages {
  /** Most expanded bytes of a cblock. */
  readonly cblockSize: number;
  /** By content: bytes that it takes when it is not executed in place. */
  readonly share: Float64Array;
  /** By content: 1 when it is part of a cblock, 0 when it is stored as it is. */
  readonly isCompressed: Uint8Array;
  /** Bytes of regions that hold the same whatever is executed in place. */
  readonly constantBytes: number;
  readonly stringsBytes: number;
  /** Bytes an entry of `cnode_offset` takes. */
  readonly cnodeOffsetDepth: number;
}

/** Tables whose length depends on what is executed in place. */
const VARIABLE_TABLES: readonly RegionName[] = [
  'node_index',
  'cnode_offset',
  'cnode_index',
  'banode_offset',
  'cblock_offset',
];

/**
 * Reads how an image without XIP pages stores the pages. `weights`: by content, in proportion to what pages take
 * of a cblock that several share; default: their lengths.
 */
export function readStoredPages(
  volume: AxfsVolume,
  pages: TreePages,
  image: BuiltImage,
  weights?: Float64Array,
): StoredPages {
  const { tables } = volume.image;
  const count = pages.firstNode.length;
  const share = new Float64Array(count);
  const isCompressed = new Uint8Array(count);
  const weightOf = (content: number): number =>
    (weights === undefined ? pages.lengths[content] : weights[content]) ?? 0;
  const blocks = new Map<number, number[]>();
  for (let content = 0; content < count; content += 1) {
    const node = pages.firstNode[content] ?? 0;
    if (tables.node_type.get(node) === NODE_TYPE.compressed) {
      isCompressed[content] = 1;
      const cblock = tables.cnode_index.get(tables.node_index.get(node));
      const members = blocks.get(cblock);
      if (members === undefined) blocks.set(cblock, [content]);
      else members.push(content);
      // As it is, with a zero behind it.
    } else share[content] = (pages.lengths[content] ?? 0) + 1;
  }
  for (const [cblock, members] of blocks) {
    const stored = tables.cblock_offset.get(cblock + 1) - tables.cblock_offset.get(cblock);
    const sum = members.reduce((total, content) => total + weightOf(content), 0);
    assert(sum > 0, () => `a cblock holds bytes: ${String(cblock)}`);
    for (const content of members) share[content] = (stored * weightOf(content)) / sum;
  }
  const { regions, features } = image.report;
  const isVariable = new Set<RegionName>([
    ...VARIABLE_TABLES,
    ...(['strings', 'xip', 'byte_aligned', 'compressed'] as const),
  ]);
  return {
    ...{ cblockSize: features.cblockSize, share, isCompressed },
    constantBytes: REGIONS.reduce(
      (sum, { name }) => sum + (isVariable.has(name) ? 0 : regions[name]),
      0,
    ),
    stringsBytes: regions.strings,
    cnodeOffsetDepth: volume.image.descriptors.cnode_offset.tableByteDepth,
  };
}

/** What an image holds, for its length. */
export interface ImageCounts {
  xipPages: number;
  cnodes: number;
  cblocks: number;
  compressedBytes: number;
  banodes: number;
  byteAlignedBytes: number;
}

/** The length of an image, bytes (format description, sections 6.4 and 7). */
export function imageBytes(
  { nodes }: TreePages,
  { constantBytes, stringsBytes, cnodeOffsetDepth }: StoredPages,
  counts: Readonly<ImageCounts>,
): number {
  const { xipPages, cnodes, cblocks, compressedBytes, banodes, byteAlignedBytes } = counts;
  const compressed = Math.round(compressedBytes);
  // Each table ends with a sentinel, those of nodes with one of each type.
  const tables =
    (nodes + 3) * bytesNeeded(Math.max(xipPages, cnodes, banodes)) +
    (cnodes + 1) * (cnodes === 0 ? 1 : cnodeOffsetDepth) +
    (cnodes + 1) * bytesNeeded(cblocks) +
    (banodes + 1) * bytesNeeded(byteAlignedBytes) +
    (cblocks + 1) * bytesNeeded(compressed);
  const head = SUPERBLOCK_BYTES + REGIONS.length * DESCRIPTOR_SLOT_BYTES;
  const xip = alignUp(head + constantBytes + tables, PAGE_SIZE);
  const end = xip + xipPages * PAGE_SIZE + byteAlignedBytes + compressed + stringsBytes;
  return alignUp(end + MAGIC_BYTES, PAGE_SIZE);
}
