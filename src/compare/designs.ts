/**
 * The comparison: builds a tree as several designs, replays one trace on each, and prices what happened.
 *
 * @module
 */
import type { Inflater } from '../codec/zlib.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { breakEven } from '../cost/break-even.ts';
import type { BreakEven } from '../cost/break-even.ts';
import type { Comparison, DesignResult } from '../cost/comparison.ts';
import { cpuPreset } from '../cost/params.ts';
import type { PriceList } from '../cost/params.ts';
import type { FaultRoute } from '../fs/file.ts';
import { AxfsVolume } from '../fs/volume.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { memoryContents } from '../mtd/contents.ts';
import type { MtdPart } from '../mtd/part.ts';
import { createRamDevice } from '../mtd/ram.ts';
import { evaluate, machinePrices, runnable } from './evaluate.ts';
import type { MachineSpec } from './evaluate.ts';
import { DESIGN_POLICIES, buildDesign } from '../sim/designs.ts';
import type { BuiltDesign, DesignName } from '../sim/designs.ts';
import type { CpuCacheShape } from '../sim/cpu-cache.ts';
import { profileFromTrace } from '../sim/profile.ts';
import type { Trace } from '../workload/trace.ts';

/** What to compare. */
export interface CompareRequest {
  readonly tree: TreeDirectory;
  /** The tree's name, for the report. */
  readonly treeName: string;
  readonly trace: Trace;
  /** A page list; default: the trace's pages that are never written. */
  readonly profile?: { readonly profile: PageProfile; readonly name: string };
  readonly compat: boolean;
  readonly faultRoute: FaultRoute;
  /** Parts to run on, each by itself; images are built once. */
  readonly flash: readonly MtdPart[];
  readonly cpu: string;
  /** The CPU's cache; default: none that lasts from one line of the trace to the next. */
  readonly cache?: CpuCacheShape;
  /** RAM of the machine, pages; default: 256 MiB. */
  readonly ramPages?: number;
  readonly compressor: PageCompressor;
  readonly inflater: Inflater;
  readonly onProgress?: (design: DesignName, done: number, total: number) => void;
  /** Called with what each build reports: unmatched lines of the page list, warnings. */
  readonly onBuilt?: (design: DesignName, report: BuildReport) => void;
}

/**
 * Builds every design, and runs and prices it on each part. The design `none` is built first: its image is also
 * where a profile from the trace finds the paths behind symlinks.
 *
 * @throws AxfsError EINVAL for an unknown CPU, a part that lacks a price, or a trace that does not fit the
 * tree; what building throws.
 */
export async function compareDesigns(request: CompareRequest): Promise<readonly Comparison[]> {
  const cpu = cpuPreset(request.cpu);
  // Before anything is built: a part without a price should not cost a minute.
  const priced = request.flash.map((part) => {
    const { faultRoute, cache, ramPages } = request;
    const machine: MachineSpec = {
      cpu,
      part,
      faultRoute,
      ...(cache === undefined ? {} : { cache }),
      ...(ramPages === undefined ? {} : { ramPages }),
    };
    return { part, machine, prices: machinePrices(machine) };
  });
  const none = await build(request, 'none', { entries: [], pages: new Map() });
  const given = request.profile;
  const profile = given?.profile ?? profileFromTrace(request.trace, volumeOf(request, none));
  const built: BuiltDesign[] = [];
  for (const { name } of DESIGN_POLICIES)
    built.push(name === 'none' ? none : await build(request, name, profile));
  const { inflater } = request;
  const images = built.map(({ name, image }) =>
    runnable(name, image, `${request.treeName} (${name})`),
  );
  return priced.map(({ part, machine, prices }) => {
    const designs = images.map((image) =>
      evaluate(image, request.trace, machine, { prices, inflater }),
    );
    return {
      tree: request.treeName,
      trace: { name: request.trace.name, lines: request.trace.lines.length },
      profile:
        given === undefined
          ? { from: 'trace', name: request.trace.name }
          : { from: 'file', name: given.name },
      compat: request.compat,
      faultRoute: request.faultRoute,
      flash: { name: part.name, title: part.title, mapped: part.mapped },
      cpu: prices.preset,
      parameters: prices.rows,
      designs,
      breakEven: balanceOf(part, prices, designs),
    };
  });
}

/** Where execution in place tips over, for pages as this tree has them. */
function balanceOf(
  part: MtdPart,
  prices: PriceList,
  [none]: readonly DesignResult[],
): BreakEven | undefined {
  const { cblocks, storedBytes } = none?.ledger.inflate ?? { cblocks: 0, storedBytes: 0 };
  return part.mapped && prices.unit === 'ns' && cblocks > 0
    ? breakEven(prices, storedBytes / cblocks)
    : undefined;
}

async function build(
  request: CompareRequest,
  name: DesignName,
  profile: PageProfile,
): Promise<BuiltDesign> {
  const { compat, compressor, onProgress } = request;
  const built = await buildDesign(name, request.tree, profile, {
    compat,
    compressor,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  request.onBuilt?.(name, built.image.report);
  return built;
}

const volumeOf = (request: CompareRequest, { image }: BuiltDesign): AxfsVolume =>
  new AxfsVolume(createRamDevice(request.treeName, memoryContents(image.toBytes())), {
    name: request.treeName,
    inflater: request.inflater,
  });
