/**
 * Fourth stage: places superblock, descriptors and regions in the image (format description, section 7).
 * The order is the original builder's, unless the image is to be split. Its bug is not: the trailing magic always has its place, and the
 * file grows by a page when the last one has no room for it.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { alignUp, isAligned } from '../base/bits.ts';
import { viewOf } from '../base/bytes.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../base/units.ts';
import {
  COMPRESSION_ZLIB,
  DESCRIPTOR_SLOT_BYTES,
  MAGIC_BYTES,
  SUPERBLOCK_BYTES,
  VERSION,
} from '../ondisk/constants.ts';
import { REGIONS, TABLE_NAMES, encodeDescriptor, storedSize } from '../ondisk/regions.ts';
import type { RegionDescriptor, RegionName } from '../ondisk/regions.ts';
import { NO_DIGEST, encodeSuperblock } from '../ondisk/superblock.ts';
import type { Superblock } from '../ondisk/superblock.ts';

/** A region before it has a place. */
export type RegionContent = Omit<RegionDescriptor, 'fsoffset'>;

/** Orders in which regions follow one another. */
const PLACEMENTS: Readonly<Record<'original' | 'split', readonly RegionName[]>> = {
  original: [...TABLE_NAMES, 'xip', 'byte_aligned', 'compressed', 'strings'],
  // What needs an address first, what is read piecewise behind it (section 8).
  split: [...TABLE_NAMES, 'strings', 'xip', 'byte_aligned', 'compressed'],
};

/** Where everything is. */
export interface Layout {
  readonly descriptors: Readonly<Record<RegionName, RegionDescriptor>>;
  /** Region names, ascending by place. */
  readonly order: readonly RegionName[];
  /** Image bytes up to and including the trailing magic. */
  readonly size: number;
  /** File bytes: `size` and padding to a page. */
  readonly fileSize: number;
  /** Bytes from 0 that must be addressable: all, or of a split image those up to the end of the XIP region. */
  readonly mmapSize: number;
}

/** Places the regions, in the original's order or so that the image can be split. */
export function placeRegions(
  contents: Readonly<Record<RegionName, RegionContent>>,
  placement: keyof typeof PLACEMENTS = 'original',
): Layout {
  const pageAligned = new Set<string>(
    REGIONS.filter((row) => row.kind === 'pages').map((row) => row.name),
  );
  const descriptors: Partial<Record<RegionName, RegionDescriptor>> = {};
  let at = SUPERBLOCK_BYTES + REGIONS.length * DESCRIPTOR_SLOT_BYTES;
  for (const name of PLACEMENTS[placement]) {
    if (pageAligned.has(name)) at = alignUp(at, PAGE_SIZE);
    const descriptor = { ...contents[name], fsoffset: at };
    descriptors[name] = descriptor;
    at += storedSize(descriptor);
  }
  const size = at + MAGIC_BYTES;
  const layout: Layout = {
    descriptors: descriptors as Record<RegionName, RegionDescriptor>,
    order: PLACEMENTS[placement],
    size,
    fileSize: alignUp(size, PAGE_SIZE),
    mmapSize: placement === 'split' ? endOfXip(descriptors.xip) : size,
  };
  assertLayout(layout);
  return layout;
}

const endOfXip = (xip: RegionDescriptor | undefined): number =>
  xip === undefined ? 0 : xip.fsoffset + xip.size;

/** What a mount relies on: no overlap, whole XIP pages, descriptors in the first page, the magic inside. */
function assertLayout({ descriptors, order, size, fileSize, mmapSize }: Layout): void {
  let end = SUPERBLOCK_BYTES + REGIONS.length * DESCRIPTOR_SLOT_BYTES;
  assert(end <= PAGE_SIZE, () => `the descriptors are in the first page: ${String(end)}`);
  assert(
    new Set(order).size === REGIONS.length,
    () => `every region has one place: ${order.join()}`,
  );
  for (const name of order) {
    const descriptor = descriptors[name];
    assert(
      descriptor.fsoffset >= end,
      () =>
        `region ${name} follows what is before it: ${String(descriptor.fsoffset)} ≥ ${String(end)}`,
    );
    end = descriptor.fsoffset + storedSize(descriptor);
    assert(
      descriptor.maxIndex * descriptor.tableByteDepth <= descriptor.size,
      () =>
        `table ${name} holds its entries: ${String(descriptor.maxIndex)} of ${String(descriptor.tableByteDepth)} bytes in ${String(descriptor.size)}`,
    );
  }
  assert(
    isAligned(descriptors.xip.fsoffset, PAGE_SIZE) && isAligned(descriptors.xip.size, PAGE_SIZE),
    () => `the xip region is whole pages: ${String(descriptors.xip.fsoffset)}`,
  );
  assert(
    mmapSize === size || (isAligned(mmapSize, PAGE_SIZE) && mmapSize < size),
    () => `a part that is mapped is whole pages: ${String(mmapSize)} of ${String(size)}`,
  );
  assert(
    size === end + MAGIC_BYTES && fileSize >= size,
    () => `the magic is in the file: ${String(end)}, ${String(size)}, ${String(fileSize)}`,
  );
}

/** What the superblock says beyond the layout. */
export interface ImageFacts {
  readonly files: number;
  readonly blocks: number;
  /** Largest expanded cblock, bytes. */
  readonly cblockSize: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Default: zlib's. */
  readonly compressionType?: number;
  /** SHA-1 of the whole file with zeros in its place; default: zeros. */
  readonly digest?: Uint8Array;
}

/** Superblock and descriptors: the first bytes of the image. */
export function encodeHead(layout: Layout, facts: ImageFacts): Uint8Array {
  const descriptorOffsets: Partial<Record<RegionName, number>> = {};
  const head = new Uint8Array(SUPERBLOCK_BYTES + REGIONS.length * DESCRIPTOR_SLOT_BYTES);
  REGIONS.forEach(({ name }, i) => {
    const offset = SUPERBLOCK_BYTES + i * DESCRIPTOR_SLOT_BYTES;
    descriptorOffsets[name] = offset;
    encodeDescriptor(viewOf(head), offset, layout.descriptors[name]);
  });
  const { digest = NO_DIGEST, compressionType = COMPRESSION_ZLIB } = facts;
  const superblock: Superblock = {
    ...facts,
    size: layout.size,
    mmapSize: layout.mmapSize,
    versionMajor: VERSION.major,
    versionMinor: VERSION.minor,
    versionSub: VERSION.sub,
    compressionType,
    pageShift: PAGE_SHIFT,
    digest,
    descriptorOffsets: descriptorOffsets as Record<RegionName, number>,
  };
  head.set(encodeSuperblock(superblock));
  return head;
}
