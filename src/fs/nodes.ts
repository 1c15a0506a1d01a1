/**
 * From a node number to the bytes of a file page: XIP page, part of a cblock, or byte-aligned chunk. One
 * expanded cblock is kept per mount, as the driver does; commands that only read keep more.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { EventSink, InflateEvent, NotXipReason } from '../base/events.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { codecOfType } from '../codec/codecs.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { ByteTable } from '../ondisk/bytetable.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import type { TableName } from '../ondisk/regions.ts';
import { CblockCache } from './cblock-cache.ts';
import type { ExpandedCblock } from './cblock-cache.ts';
import type { OpenImage } from './image.ts';
import type { RegionBytes } from './regions.ts';

/** How a page came to its bytes. */
export interface PageOrigin {
  /** Why it is not mapped from flash, if it is not an XIP node. */
  readonly reason: Extract<NotXipReason, 'compressed_node' | 'byte_aligned_node'> | undefined;
  /** Its cblock was expanded already. */
  readonly cblockHit: boolean;
}

const FROM_XIP: PageOrigin = { reason: undefined, cblockHit: false };
const FROM_BYTE_ALIGNED: PageOrigin = { reason: 'byte_aligned_node', cblockHit: false };
const FROM_CBLOCK: PageOrigin = { reason: 'compressed_node', cblockHit: false };
const FROM_EXPANDED_CBLOCK: PageOrigin = { reason: 'compressed_node', cblockHit: true };

/** A table, and the region that it stands in. */
interface PlacedTable {
  readonly table: ByteTable;
  readonly region: RegionBytes;
}

const placed = ({ tables, regions }: OpenImage, name: TableName): PlacedTable => ({
  table: tables[name],
  region: regions[name],
});

/** The tables that lead from a node to its bytes: looked up by name once, not at every fault. */
const nodeTables = (image: OpenImage) => ({
  nodeType: placed(image, 'node_type'),
  nodeIndex: placed(image, 'node_index'),
  cnodeIndex: placed(image, 'cnode_index'),
  cnodeOffset: placed(image, 'cnode_offset'),
  cblockOffset: placed(image, 'cblock_offset'),
  banodeOffset: placed(image, 'banode_offset'),
});

/** Reads nodes of one image. */
export class NodeReader {
  /** RAM the reader holds: one cblock expanded and one stored, as the driver's two buffers. */
  readonly bufferBytes: number;
  readonly #image: OpenImage;
  readonly #tables: ReturnType<typeof nodeTables>;
  readonly #inflater: Inflater;
  readonly #sink: EventSink;
  readonly #cblocks: CblockCache;
  /** Most bytes that cblocks may expand to, one by one: tiny images can ask for any amount of work. */
  maxExpandedBytes = Infinity;
  #expandedBytes = 0;
  readonly #inflateEvent: InflateEvent;

  /** @param cblockBytes bytes of expanded cblocks to keep; by default one cblock, as the driver. */
  constructor(image: OpenImage, sink: EventSink, cblockBytes = 0) {
    this.#image = image;
    this.#tables = nodeTables(image);
    this.#inflater = image.inflater;
    this.#inflateEvent = {
      type: 'inflate',
      ...(codecOfType(image.superblock.compressionType) === 'lz4' ? { codec: 'lz4' as const } : {}),
      storedBytes: 0,
      bytes: 0,
    };
    this.#sink = sink;
    this.#cblocks = new CblockCache(image.superblock.cblockSize, cblockBytes);
    this.bufferBytes = 2 * image.superblock.cblockSize;
  }

  /** Value of `node_type` for a node. */
  type(node: number): number {
    return this.#lookUp(this.#tables.nodeType, node);
  }

  /**
   * Number of the XIP page that an XIP node names.
   *
   * @throws AxfsError EIO when it lies outside the region.
   */
  xipPage(node: number): number {
    const { regions } = this.#image;
    const page = this.#lookUp(this.#tables.nodeIndex, node);
    if ((page + 1) * PAGE_SIZE > regions.xip.size)
      this.#damaged(
        node,
        `XIP page ${String(page)} lies outside the xip region of ${String(regions.xip.size / PAGE_SIZE)} pages`,
      );
    return page;
  }

  /** Bytes `[offset, offset + count)` of an XIP node's page, counted. @throws AxfsError as {@link xipPage}. */
  readXip(node: number, offset: number, count: number): Uint8Array {
    return this.#image.regions.xip.read(this.xipPage(node) * PAGE_SIZE + offset, count);
  }

  /**
   * Copies the first `length` (≤ PAGE_SIZE) bytes of a node's page into `into` and zeroes the rest of
   * `into`: what stands behind the end of a file belongs to others.
   *
   * @throws AxfsError EIO when the image is damaged there.
   */
  readPage(node: number, length: number, into: Uint8Array): PageOrigin {
    return this.readPageOfType(node, this.type(node), length, into);
  }

  /** {@link readPage} for a caller who has looked up the node's type. */
  readPageOfType(node: number, type: number, length: number, into: Uint8Array): PageOrigin {
    const { regions } = this.#image;
    if (length < into.length) into.fill(0, length);
    switch (type) {
      case NODE_TYPE.xip:
        into.set(this.readXip(node, 0, length));
        return FROM_XIP;
      case NODE_TYPE.byteAligned: {
        const offset = this.#lookUp(
          this.#tables.banodeOffset,
          this.#lookUp(this.#tables.nodeIndex, node),
        );
        if (offset + length > regions.byte_aligned.size)
          this.#damaged(
            node,
            `${String(length)} bytes at offset ${String(offset)} lie outside the byte_aligned region of ${String(regions.byte_aligned.size)} bytes`,
          );
        into.set(regions.byte_aligned.read(offset, length));
        return FROM_BYTE_ALIGNED;
      }
      case NODE_TYPE.compressed:
        return this.#readCompressed(node, length, into);
      default:
        return this.#damaged(node, `node type is ${String(type)}, expected 0, 1 or 2`);
    }
  }

  #readCompressed(node: number, length: number, into: Uint8Array): PageOrigin {
    const cnode = this.#lookUp(this.#tables.nodeIndex, node);
    const cblock = this.#lookUp(this.#tables.cnodeIndex, cnode);
    const offset = this.#lookUp(this.#tables.cnodeOffset, cnode);
    const known = this.#cblocks.get(cblock);
    const expanded = known ?? this.#expand(node, cblock);
    if (offset + length > expanded.length)
      this.#damaged(
        node,
        `${String(length)} bytes at offset ${String(offset)} lie outside cblock ${String(cblock)} of ${String(expanded.length)} bytes`,
      );
    const whole = offset === 0 && length === expanded.bytes.length;
    into.set(whole ? expanded.bytes : expanded.bytes.subarray(offset, offset + length));
    return known === undefined ? FROM_CBLOCK : FROM_EXPANDED_CBLOCK;
  }

  /** Expanded bytes of the cblock that a compressed node names. @throws AxfsError EIO when it is damaged. */
  cblockLength(node: number, cblock: number): number {
    return (this.#cblocks.get(cblock) ?? this.#expand(node, cblock)).length;
  }

  #expand(node: number, cblock: number): ExpandedCblock {
    const { regions, superblock } = this.#image;
    const start = this.#lookUp(this.#tables.cblockOffset, cblock);
    const end = this.#lookUp(this.#tables.cblockOffset, cblock + 1);
    if (end < start || end > regions.compressed.size)
      this.#damaged(
        node,
        `cblock ${String(cblock)} is stored at ${String(start)} to ${String(end)}, outside the compressed region of ${String(regions.compressed.size)} bytes`,
      );
    if (end - start > superblock.cblockSize)
      this.#damaged(
        node,
        `cblock ${String(cblock)} is stored in ${String(end - start)} bytes, more than cblock_size ${String(superblock.cblockSize)}`,
      );
    if (this.#expandedBytes > this.maxExpandedBytes)
      throw new AxfsError(
        'EFBIG',
        `${this.#image.source.name}: cblocks came to ${String(this.#expandedBytes)} bytes, expected at most ${String(this.maxExpandedBytes)} for what is read`,
      );
    // Kept only when it is whole: until then its room holds no valid cblock.
    const expanded = this.#cblocks.take();
    const stored = regions.compressed.read(start, end - start);
    try {
      expanded.length = this.#inflater.inflate(stored, expanded.bytes);
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      this.#damaged(node, `cblock ${String(cblock)} does not expand: ${error.message}`);
    }
    this.#expandedBytes += expanded.length;
    this.#inflateEvent.storedBytes = stored.length;
    this.#inflateEvent.bytes = expanded.length;
    this.#sink(this.#inflateEvent);
    return this.#cblocks.keep(cblock, expanded);
  }

  /** An entry of a table, counted as the flash access that the look-up is where the table is in flash. */
  #lookUp({ table, region }: PlacedTable, index: number): number {
    const value = table.get(index);
    region.countRead(index * table.depth, table.depth);
    return value;
  }

  #damaged(node: number, what: string): never {
    throw new AxfsError('EIO', `${this.#image.source.name}: node ${String(node)}: ${what}`);
  }
}
