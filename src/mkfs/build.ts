/**
 * Builds an image from a tree: plan inodes, store nodes, encode tables, place regions, write. Every stage
 * is a function of its own file; this one strings them together.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { codecOf } from '../codec/codecs.ts';
import { createInlineCompressor } from '../codec/compressor.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { RegionName } from '../ondisk/regions.ts';
import { joinChunks } from './chunks.ts';
import type { ByteRun, ByteStore } from './chunks.ts';
import { PLAIN_FEATURES, featuresOf } from './features.ts';
import type { Features } from './features.ts';
import { digestOf, filePieces, runOf } from './image-file.ts';
import type { Sha1 } from './image-file.ts';
import { planInodes } from './inodes.ts';
import type { InodePlan } from './inodes.ts';
import { encodeHead, placeRegions } from './layout.ts';
import type { RegionContent } from './layout.ts';
import type { StoredNodes } from './node-store.ts';
import { storeNodes } from './nodes.ts';
import type { Pause } from './pace.ts';
import type { XipPolicy } from './policy.ts';
import { reportBuild } from './report.ts';
import type { BuildReport } from './report.ts';
import { placementOrder } from './sort-list.ts';
import type { SortList } from './sort-list.ts';
import { encodeNames, encodeTables, tableValues } from './tables.ts';
import type { EncodedTable } from './tables.ts';
import type { TreeDirectory } from './tree.ts';

/** How to build. */
export interface BuildOptions {
  /** Pages to execute in place; default: none. */
  readonly xip?: XipPolicy;
  /**
   * Write what the original builder writes, byte for byte, and refuse what it would truncate. It differs
   * only in partial last pages selected for XIP by `all`, a policy it does not have.
   */
  readonly compat?: boolean;
  /**
   * Features to have or not to have; none with `compat`. Default: plain images with a place of its own for
   * each page; `IMPROVED_FEATURES` are those of mkfs.axfs.
   */
  readonly features?: Partial<Features>;
  /** Files whose pages come first; default: all in the order of their inodes. */
  readonly sort?: SortList;
  /** Seconds since 1970, for every inode; default 0. */
  readonly timestamp?: number;
  /** Makes what `features.codec` says; default: that codec in the calling thread. The caller closes it. */
  readonly compressor?: PageCompressor;
  /** A fresh SHA-1 for the digest field; without it, or with `compat`, the field is zero. */
  readonly sha1?: () => Sha1;
  /** Makes temporary files for regions of more than some megabytes; default: everything stays in memory. */
  readonly makeStore?: () => ByteStore;
  /** Called with stored and total file pages. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called every few milliseconds of work, and waited for; the image does not depend on it. */
  readonly pause?: Pause;
}

/** A finished image. */
export interface BuiltImage {
  /** The file's bytes, in order; an image may exceed what one array holds. Regions in files come to memory. */
  readonly chunks: readonly Uint8Array[];
  /** The file's length, bytes: a whole number of pages. */
  readonly size: number;
  /** Bytes from 0 that must be addressable: where a split image is cut. */
  readonly mmapSize: number;
  readonly report: BuildReport;
  /** The file's bytes, in order; a piece is valid until the next one is asked for. */
  readonly pieces: () => Iterable<Uint8Array>;
  /**
   * The file as one array.
   *
   * @throws AxfsError EFBIG when no array holds that many bytes.
   */
  readonly toBytes: () => Uint8Array;
  /** Gives temporary files back, if there are any; the bytes are gone. */
  readonly close: () => void;
}

/**
 * Builds an image.
 *
 * @throws AxfsError EINVAL for an entry that cannot be stored, EFBIG for more contents than 2^25
 * pages, and in `compat` for a file or an image that the original format cannot hold, EIO for a file that is not as long as announced.
 */
export async function buildImage(
  tree: TreeDirectory,
  options: BuildOptions = {},
): Promise<BuiltImage> {
  const { compat = false, timestamp = 0 } = options;
  const policy = options.xip ?? { kind: 'none' };
  const features = featuresOf({ ...(compat ? {} : PLAIN_FEATURES), ...options.features }, compat);
  assert(
    Number.isSafeInteger(timestamp) && timestamp >= 0,
    () => `a timestamp is whole seconds from 0: ${String(timestamp)}`,
  );
  const compressor =
    options.compressor ?? createInlineCompressor(codecOf(features.codec).makeDeflater({}));
  const plan = planInodes(tree, compat);
  const nodes = await storeNodes(plan, {
    policy,
    xipTails: features.xipTails || policy.kind === 'all',
    dedupe: features.dedupe,
    cblockSize: features.cblockSize,
    compressor,
    order: placementOrder(plan, options.sort),
    makeStore: options.makeStore,
    onProgress: options.onProgress,
    pause: options.pause,
  });
  const close = (): void => {
    for (const sink of [nodes.xip, nodes.byteAligned, nodes.compressed]) sink.close();
  };
  try {
    const regions = await encodeRegions(plan, nodes, { features, compat, compressor });
    const layout = placeRegions(contentsOf(regions), features.split ? 'split' : 'original');
    const facts = {
      files: plan.inodes.length,
      blocks: nodes.types.length,
      cblockSize: Math.max(PAGE_SIZE, nodes.cblockSize),
      timestamp,
      compressionType: codecOf(features.codec).compressionType,
    };
    const runs = runsOf(regions);
    const sha1 = compat ? undefined : options.sha1;
    const blank = encodeHead(layout, facts);
    const digest = sha1 && (await digestOf(filePieces(layout, blank, runs), sha1(), options.pause));
    const head = digest === undefined ? blank : encodeHead(layout, { ...facts, digest });
    const pieces = (): Iterable<Uint8Array> => filePieces(layout, head, runs);
    // Pieces that come from files share one buffer.
    const isShared = options.makeStore !== undefined;
    const chunks = (): readonly Uint8Array[] =>
      Array.from(pieces(), (piece) => (isShared ? piece.slice() : piece));
    return {
      size: layout.fileSize,
      mmapSize: layout.mmapSize,
      report: reportBuild({ plan, nodes, layout, policy, features, digest, sort: options.sort }),
      pieces,
      get chunks() {
        return chunks();
      },
      toBytes: () => joinChunks(chunks()),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** A region as it will be stored. */
interface StoredRegion {
  readonly content: RegionContent;
  readonly bytes: ByteRun;
}

type StoredRegions = Readonly<Record<RegionName, StoredRegion>>;

const mapRegions = <T>(
  regions: StoredRegions,
  what: (region: StoredRegion) => T,
): Record<RegionName, T> =>
  Object.fromEntries(
    Object.entries(regions).map(([name, region]) => [name, what(region)]),
  ) as Record<RegionName, T>;

const contentsOf = (regions: StoredRegions): Record<RegionName, RegionContent> =>
  mapRegions(regions, ({ content }) => content);
const runsOf = (regions: StoredRegions): Record<RegionName, ByteRun> =>
  mapRegions(regions, ({ bytes }) => bytes);

/** Region of packed integers, or of bytes without entries. */
const regionOf = (bytes: ByteRun, table?: EncodedTable): StoredRegion => ({
  content: {
    size: bytes.size,
    compressedSize: 0,
    maxIndex: table?.entries ?? 0,
    tableByteDepth: table?.depth ?? 0,
    incore: 0,
  },
  bytes,
});

interface RegionOptions {
  readonly features: Features;
  readonly compat: boolean;
  readonly compressor: PageCompressor;
}

async function encodeRegions(
  plan: InodePlan,
  nodes: StoredNodes,
  { features, compat, compressor }: RegionOptions,
): Promise<StoredRegions> {
  const names = encodeNames(plan);
  const tables = encodeTables(tableValues(plan, nodes, names.offsets), {
    minimal: features.minimalTables,
    compat,
  });
  const metadata: Partial<Record<RegionName, StoredRegion>> = { strings: regionOf(names.strings) };
  for (const [name, table] of Object.entries(tables) as [RegionName, EncodedTable][])
    metadata[name] = regionOf(runOf(table.bytes), table);
  if (features.compressTables)
    for (const [name, region] of Object.entries(metadata) as [RegionName, StoredRegion][])
      metadata[name] = await compressedRegion(region, compressor);
  return {
    ...(metadata as StoredRegions),
    xip: regionOf(nodes.xip),
    byte_aligned: regionOf(nodes.byteAligned),
    compressed: regionOf(nodes.compressed),
  };
}

/** The region as one stream, where that is smaller. */
async function compressedRegion(
  region: StoredRegion,
  compressor: PageCompressor,
): Promise<StoredRegion> {
  const bytes = joinChunks(Array.from(region.bytes.pieces()));
  if (bytes.length === 0) return region;
  const [stored] = await compressor.compress([bytes]);
  return stored === undefined
    ? region
    : { content: { ...region.content, compressedSize: stored.length }, bytes: runOf(stored) };
}
