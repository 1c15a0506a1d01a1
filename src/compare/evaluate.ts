/**
 * One design on one machine: its image built, run under a workload, and priced. Everything that compares,
 * chooses or explains designs goes through here.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { DesignResult } from '../cost/comparison.ts';
import { LedgerSink, ledgerSince } from '../cost/ledger.ts';
import type { Ledger } from '../cost/ledger.ts';
import { priceList } from '../cost/params.ts';
import type { CpuPreset, PriceList } from '../cost/params.ts';
import { priceLedger } from '../cost/price.ts';
import type { FaultRoute } from '../fs/file.ts';
import { buildImage } from '../mkfs/build.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import type { XipPolicy } from '../mkfs/policy.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import type { RamUsage } from '../mm/frames.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import type { MtdPart } from '../mtd/part.ts';
import { flashParameters, partNamed } from '../mtd/parts.ts';
import { ramParameters } from '../mtd/ram-parameters.ts';
import type { CpuCacheShape } from '../sim/cpu-cache.ts';
import { runDesign } from '../sim/designs.ts';
import type { Trace } from '../workload/trace.ts';

/** How an image is made, beside its XIP pages. */
export interface ImageSpec {
  /** Name of the design, for tables and messages. */
  readonly name: string;
  readonly xip: XipPolicy;
  /** Most expanded bytes of a cblock, whole pages; default one page. */
  readonly cblockSize?: number;
  /** Default: the compressor's. */
  readonly codec?: CodecName;
  /** `mmap_size` at the end of the XIP region: the rest stands on the second part. */
  readonly split?: boolean;
  /** As the original builder makes it. */
  readonly compat?: boolean;
}

/** What a design runs on. */
export interface MachineSpec {
  readonly cpu: CpuPreset;
  readonly part: MtdPart;
  /** Holds the rest of a split image. */
  readonly second?: MtdPart;
  /** RAM, pages. */
  readonly ramPages?: number;
  /** Take RAM back when it is full; without it a full RAM ends the run with ENOMEM. */
  readonly reclaim?: boolean;
  /** The CPU's cache; default: none that lasts from one line of the trace to the next. */
  readonly cache?: CpuCacheShape;
  readonly kernel?: KernelPreset;
  readonly faultRoute: FaultRoute;
  /** The RAM part; default: the one that boards of the CPU have. */
  readonly ram?: MtdPart;
  /** Pages that a read fault maps around, as if the driver had `map_pages`; default 1: none. */
  readonly faultAroundPages?: number;
  /** Pages that a fill reads at once; default 1: none ahead. */
  readonly readAheadPages?: number;
  /** Lines of the trace that only read do so by read(2); default: through the mapping. */
  readonly readsByCall?: boolean;
}

/** An image ready to be run. */
export interface RunnableImage {
  /** The design's. */
  readonly name: string;
  /** What messages call the image. */
  readonly label?: string;
  readonly bytes: Uint8Array;
  /** Where a split image is cut. */
  readonly mmapSize: number;
  readonly xipPages: number;
}

/** Builds a design. @throws what `buildImage` throws. */
export async function buildSpec(
  tree: TreeDirectory,
  spec: ImageSpec,
  options: {
    readonly compressor: PageCompressor;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<BuiltImage> {
  const { xip, compat = false, cblockSize, codec, split } = spec;
  return buildImage(tree, {
    xip,
    compat,
    features: {
      ...(cblockSize === undefined ? {} : { cblockSize }),
      ...(codec === undefined ? {} : { codec }),
      ...(split === undefined ? {} : { split }),
    },
    ...options,
  });
}

/** A built image by its design's name. */
export const runnable = (name: string, image: BuiltImage, label = name): RunnableImage => ({
  name,
  label,
  bytes: image.toBytes(),
  mmapSize: image.mmapSize,
  xipPages: image.report.xipPages,
});

/** Prices of a machine; those in instructions need no part. @throws AxfsError EINVAL when a part lacks one. */
export function machinePrices({ cpu, part, second, ram }: MachineSpec): PriceList {
  if (cpu.unit === 'instructions') return priceList(cpu, { flash: [], ram: [] });
  return priceList(cpu, {
    flash: flashParameters(part),
    ram: ramParameters(ram ?? partNamed(cpu.ram ?? '')),
    ...(second === undefined ? {} : { second: flashParameters(second) }),
  });
}

/**
 * Runs an image under `trace` on a fresh machine and prices what happened, mounting apart.
 *
 * @throws AxfsError when the trace does not fit the image, or RAM is too small.
 */
export function evaluate(
  image: RunnableImage,
  trace: Trace,
  machine: MachineSpec,
  { prices, inflater }: { readonly prices: PriceList; readonly inflater: Inflater },
): DesignResult {
  const counted = new LedgerSink();
  const before = counted.read();
  let mounted = before;
  const run = runDesign({ ...image, name: image.label ?? image.name }, trace, {
    ...machine,
    inflater,
    sink: counted.sink,
    // Mounting happens once, whatever runs: it has a cost of its own.
    onMounted: () => {
      mounted = counted.read();
    },
  });
  return resultOf(image, { before, mounted, after: counted.read(), peak: run.peak }, prices);
}

/** Totals of a run at its steps, and RAM at its peak. */
interface RunTotals {
  readonly before: Ledger;
  readonly mounted: Ledger;
  readonly after: Ledger;
  readonly peak: RamUsage;
}

/** What a run came to. */
export function resultOf(
  image: RunnableImage,
  { before, mounted, after, peak }: RunTotals,
  prices: PriceList,
): DesignResult {
  const mountLedger = ledgerSince(before, mounted);
  const ledger = ledgerSince(mounted, after);
  const { byUse } = peak;
  return {
    design: image.name,
    flashBytes: image.bytes.length,
    xipPages: image.xipPages,
    ram: {
      pageCache: byUse.page_cache * PAGE_SIZE,
      anonymous: byUse.anon * PAGE_SIZE,
      pageTables: byUse.page_table * PAGE_SIZE,
      metadata: byUse.metadata * PAGE_SIZE,
    },
    mountLedger,
    mountCost: priceLedger(mountLedger, prices),
    ledger,
    cost: priceLedger(ledger, prices),
  };
}
