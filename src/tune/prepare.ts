/**
 * Everything that choosing needs, made once: the tree built without XIP pages in each way to compress and run
 * under the trace, and once with every touched page in place.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Inflater } from '../codec/zlib.ts';
import { runnable } from '../compare/evaluate.ts';
import type { MachineSpec } from '../compare/evaluate.ts';
import type { PriceList } from '../cost/params.ts';
import { AxfsVolume } from '../fs/volume.ts';
import { buildImage } from '../mkfs/build.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import { IMPROVED_FEATURES } from '../mkfs/features.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { memoryContents } from '../mtd/contents.ts';
import { createRamDevice } from '../mtd/ram.ts';
import type { Trace } from '../workload/trace.ts';
import { Estimator } from './estimator.ts';
import { measureRun } from './measure.ts';
import type { MeasuredRun } from './measure.ts';
import type { Variant } from './solve.ts';
import { readStoredPages } from './stored-pages.ts';
import { profileOfContents, readTreePages } from './tree-pages.ts';
import type { TreePages } from './tree-pages.ts';

/** A way to compress a tree. */
export interface Compression {
  readonly codec: CodecName;
  /** Most expanded bytes of a cblock. */
  readonly cblockSize: number;
}

/** What is built from, and run on. */
export interface Workbench {
  readonly tree: TreeDirectory;
  readonly trace: Trace;
  readonly machine: MachineSpec;
  readonly prices: PriceList;
  /** By codec; they may remember. The caller closes them. */
  readonly compressorOf: (codec: CodecName) => PageCompressor;
  readonly inflaterOf: (codec: CodecName) => Inflater;
  /** Called with pages stored and to be stored, of one image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Ways to compress with their estimators, and the tree's pages. */
export interface Prepared {
  readonly pages: TreePages;
  readonly variants: readonly Variant<Compression>[];
  /** The page list that puts a set in place. */
  readonly profileOf: (set: Uint8Array) => PageProfile;
}

/** Builds as `mkfs.axfs` does where only codec, cblock size and page list are given. */
export const buildAs = (
  { tree, compressorOf, onProgress }: Workbench,
  { codec, cblockSize }: Compression,
  profile?: PageProfile,
): Promise<BuiltImage> =>
  buildImage(tree, {
    xip: profile === undefined ? { kind: 'none' } : { kind: 'profile', profile },
    features: { ...IMPROVED_FEATURES, codec, cblockSize },
    compressor: compressorOf(codec),
    ...(onProgress === undefined ? {} : { onProgress }),
  });

/** Builds, runs and measures. `compressions`: at least one. @throws what building and running throw. */
export async function prepare(
  bench: Workbench,
  compressions: readonly Compression[],
): Promise<Prepared> {
  // Cblocks of one page first: what pages take by themselves says what they take of larger ones.
  const sorted = [...compressions].sort((a, b) => a.cblockSize - b.cblockSize);
  const weights = new Map<CodecName, Float64Array>();
  const variants: Variant<Compression>[] = [];
  let base: Base | undefined;
  for (const compression of sorted) {
    const { codec, cblockSize } = compression;
    const image = await buildAs(bench, compression);
    const bytes = image.toBytes();
    const volume = volumeOf(bytes, bench.inflaterOf(codec));
    const first: Base = base ?? (await baseOf(bench, compression, volume));
    base = first;
    const stored = readStoredPages(volume, first.pages, image, weights.get(codec));
    if (cblockSize === PAGE_SIZE) weights.set(codec, stored.share);
    const compressed = measureRun(runnable('none', image), bench.trace, bench.machine, {
      ...{ pages: first.pages, prices: bench.prices, inflater: bench.inflaterOf(codec) },
    });
    const { pages, candidates, inPlace } = first;
    variants.push({
      label: compression,
      estimator: new Estimator({
        ...{ pages, stored, compressed, candidates },
        inPlace: inPlace ?? compressed,
      }),
    });
  }
  assert(base !== undefined, () => 'there is a way to compress');
  const { pages, profileOf } = base;
  return { pages, variants, profileOf };
}

/** What all ways to compress have in common. */
interface Base {
  readonly pages: TreePages;
  readonly candidates: readonly number[];
  readonly profileOf: Prepared['profileOf'];
  /** The run with every candidate in place; absent without candidates. */
  readonly inPlace: MeasuredRun | undefined;
}

/** Without a window nothing can be executed in place: what is in the XIP region is copied to RAM at mount. */
const candidatesOf = ({ machine }: Workbench, { touched }: TreePages): readonly number[] =>
  machine.part.mapped ? touched : [];

async function baseOf(
  bench: Workbench,
  compression: Compression,
  volume: AxfsVolume,
): Promise<Base> {
  const pages = readTreePages(volume, bench.trace);
  const candidates = candidatesOf(bench, pages);
  const profileOf = (set: Uint8Array): PageProfile => profileOfContents(volume, pages, set);
  if (candidates.length === 0) return { pages, candidates, profileOf, inPlace: undefined };
  const set = new Uint8Array(pages.firstNode.length);
  for (const content of candidates) set[content] = 1;
  const image = await buildAs(bench, compression, profileOf(set));
  const inPlace = measureRun(runnable('in place', image), bench.trace, bench.machine, {
    ...{ pages, prices: bench.prices, inflater: bench.inflaterOf(compression.codec) },
  });
  return { pages, candidates, profileOf, inPlace };
}

const volumeOf = (bytes: Uint8Array, inflater: Inflater): AxfsVolume =>
  new AxfsVolume(createRamDevice('tree', memoryContents(bytes)), { name: 'tree', inflater });
