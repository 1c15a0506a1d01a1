/**
 * Builds an image from a tree: plan inodes, store nodes, encode tables, place regions, write. Every stage
 * is a value → value function of its own file; this one strings them together.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { viewOf } from '../base/bytes.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { createInlineCompressor } from '../codec/compressor.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { createPakoDeflater } from '../codec/pako.ts';
import { AXFS_MAGIC, MAGIC_BYTES } from '../ondisk/constants.ts';
import type { RegionName } from '../ondisk/regions.ts';
import { joinChunks, totalLength } from './chunks.ts';
import { planInodes } from './inodes.ts';
import { encodeHead, placeRegions } from './layout.ts';
import type { Layout, RegionContent } from './layout.ts';
import { storeNodes } from './nodes.ts';
import type { XipPolicy } from './policy.ts';
import { reportBuild } from './report.ts';
import type { BuildReport } from './report.ts';
import { encodeNames, encodeTables, tableValues } from './tables.ts';
import type { TreeDirectory } from './tree.ts';

/** How to build. */
export interface BuildOptions {
  /** Pages to execute in place; default: none. */
  readonly xip?: XipPolicy;
  /**
   * Write what the original builder writes, byte for byte, and refuse what it would truncate. It differs
   * only in partial last pages selected for XIP, which it stores byte-aligned.
   */
  readonly compat?: boolean;
  /** Seconds since 1970, for every inode; default 0. */
  readonly timestamp?: number;
  /** Default: pako in the calling thread. The caller closes it. */
  readonly compressor?: PageCompressor;
  /** Called with stored and total file pages. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A finished image. */
export interface BuiltImage {
  /** The file's bytes, in order; an image may exceed what one array holds. */
  readonly chunks: readonly Uint8Array[];
  /** The file's length, bytes: a whole number of pages. */
  readonly size: number;
  readonly report: BuildReport;
  /**
   * The file as one array.
   *
   * @throws AxfsError EFBIG when no array holds that many bytes.
   */
  readonly toBytes: () => Uint8Array;
}

/**
 * Builds an image.
 *
 * @throws AxfsError EINVAL for an entry that cannot be stored, EFBIG in `compat` for a file or an image that
 * the original format cannot hold, EIO for a file that is not as long as announced.
 */
export async function buildImage(
  tree: TreeDirectory,
  options: BuildOptions = {},
): Promise<BuiltImage> {
  const { compat = false, timestamp = 0 } = options;
  const policy = options.xip ?? { kind: 'none' };
  assert(
    Number.isSafeInteger(timestamp) && timestamp >= 0,
    () => `a timestamp is whole seconds from 0: ${String(timestamp)}`,
  );
  const plan = planInodes(tree, compat);
  const nodes = await storeNodes(plan, {
    policy,
    xipTails: !compat || policy.kind === 'all',
    compressor: options.compressor ?? createInlineCompressor(createPakoDeflater()),
    onProgress: options.onProgress,
  });
  const names = encodeNames(plan);
  const tables = encodeTables(tableValues(plan, nodes, names.offsets), compat);

  const data = {
    strings: names.strings,
    xip: nodes.xip,
    byte_aligned: nodes.byteAligned,
    compressed: nodes.compressed,
  };
  const contents: Partial<Record<RegionName, RegionContent>> = {};
  const bytes: Partial<Record<RegionName, readonly Uint8Array[]>> = {};
  for (const [name, sink] of Object.entries(data) as [keyof typeof data, typeof names.strings][]) {
    contents[name] = plainRegion(sink.size, 0, 0);
    bytes[name] = sink.chunks();
  }
  for (const [name, table] of Object.entries(tables) as [
    keyof typeof tables,
    (typeof tables)['modes'],
  ][]) {
    contents[name] = plainRegion(table.bytes.length, table.entries, table.depth);
    bytes[name] = [table.bytes];
  }
  const layout = placeRegions(contents as Record<RegionName, RegionContent>);
  const head = encodeHead(layout, {
    files: plan.inodes.length,
    blocks: plan.blocks,
    cblockSize: PAGE_SIZE,
    timestamp,
  });
  const chunks = assemble(layout, head, bytes as Record<RegionName, readonly Uint8Array[]>);
  return {
    chunks,
    size: layout.fileSize,
    report: reportBuild({ plan, nodes, layout, policy }),
    toBytes: () => joinChunks(chunks),
  };
}

/** A region stored as it is. */
const plainRegion = (size: number, maxIndex: number, tableByteDepth: number): RegionContent => ({
  size,
  compressedSize: 0,
  maxIndex,
  tableByteDepth,
  incore: 0,
});

/** The file's bytes in order: head, regions with the gaps between them, magic, padding. */
function assemble(
  layout: Layout,
  head: Uint8Array,
  bytes: Readonly<Record<RegionName, readonly Uint8Array[]>>,
): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [head];
  let at = head.length;
  const advanceTo = (offset: number): void => {
    if (offset > at) chunks.push(new Uint8Array(offset - at));
    at = offset;
  };
  for (const name of layout.order) {
    const { fsoffset } = layout.descriptors[name];
    assert(
      fsoffset >= at,
      () => `region ${name} starts at or after ${String(at)}: ${String(fsoffset)}`,
    );
    advanceTo(fsoffset);
    for (const chunk of bytes[name]) {
      if (chunk.length > 0) chunks.push(chunk);
      at += chunk.length;
    }
  }
  const magic = new Uint8Array(MAGIC_BYTES);
  viewOf(magic).setUint32(0, AXFS_MAGIC);
  chunks.push(magic);
  at += MAGIC_BYTES;
  assert(
    at === layout.size,
    () => `the magic ends the image: ${String(at)} of ${String(layout.size)}`,
  );
  advanceTo(layout.fileSize);
  assert(
    totalLength(chunks) === layout.fileSize,
    () => `the chunks are the file: ${String(totalLength(chunks))} of ${String(layout.fileSize)}`,
  );
  return chunks;
}
