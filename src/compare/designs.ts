/**
 * The comparison: builds a tree as several designs, replays one trace on each, and prices what happened.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { DEFAULT_CODEC } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Comparison, DesignResult } from '../cost/comparison.ts';
import { cpuPreset } from '../cost/params.ts';
import type { PriceList } from '../cost/params.ts';
import type { FaultRoute } from '../fs/file.ts';
import { AxfsVolume } from '../fs/volume.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { BuildReport } from '../mkfs/report.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { memoryContents } from '../mtd/contents.ts';
import type { MtdPart } from '../mtd/part.ts';
import { createRamDevice } from '../mtd/ram.ts';
import type { CpuCacheShape } from '../sim/cpu-cache.ts';
import { profileFromTrace } from '../sim/profile.ts';
import type { Trace } from '../workload/trace.ts';
import { createBlockPool } from './block-pool.ts';
import { buildSpec, machinePrices, runnable } from './evaluate.ts';
import type { ImageSpec, MachineSpec, RunnableImage } from './evaluate.ts';
import { inlineEvaluator } from './evaluation-task.ts';
import type { Evaluator } from './evaluation-task.ts';
import { USUAL_DESIGNS, sharingBlocks } from './grid.ts';
import type { PlannedDesign } from './grid.ts';
import { InFlight } from './in-flight.ts';
import { balanceOf, notesOf } from './notes.ts';

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
  /** Designs in the order of the result; default: one for each policy. */
  readonly designs?: readonly PlannedDesign[];
  /** Parts to run on, each by itself; images are built once. */
  readonly flash: readonly MtdPart[];
  /** Holds the rest of designs that are cut for two parts. */
  readonly second?: MtdPart;
  readonly cpu: string;
  /** The CPU's cache; default: none that lasts from one line of the trace to the next. */
  readonly cache?: CpuCacheShape;
  /** RAM of the machine, pages; default: 256 MiB. */
  readonly ramPages?: number;
  /** The machine around a part; default: what `cpu`, `cache`, `ramPages` and `faultRoute` say, and nothing else. */
  readonly machineFor?: (part: MtdPart) => MachineSpec;
  /** What designs without a codec of their own are made with. The caller closes it. */
  readonly compressor: PageCompressor;
  /** Makes a compressor for each codec that designs name; closed here. Default: `compressor` for all. */
  readonly compressorFor?: (codec: CodecName) => PageCompressor;
  readonly inflater: Inflater;
  /** Default: `inflater` for all. */
  readonly inflaterFor?: (codec: CodecName) => Inflater;
  /** Where images are run; default: here. The result does not depend on it. */
  readonly evaluator?: Evaluator;
  /** `total` is the same in every call, and `done` never falls. */
  readonly onProgress?: (design: string, done: number, total: number) => void;
  /** Called with what each build reports: unmatched lines of the page list, warnings. */
  readonly onBuilt?: (design: string, report: BuildReport) => void;
}

/** Steps that a design counts for, for progress. */
const STEPS = 1000;

/** A part to run on. */
interface PricedPart {
  readonly part: MtdPart;
  readonly machine: MachineSpec;
  readonly prices: PriceList;
}

/**
 * Builds every design, and runs and prices it on each part. Blocks that several designs hold are compressed once.
 *
 * @throws AxfsError EINVAL for an unknown CPU, a part that lacks a price, or a trace that does not fit the
 * tree; what building throws. Of several failures, that of the design that was built first.
 */
export async function compareDesigns(request: CompareRequest): Promise<readonly Comparison[]> {
  // Before anything is built: a part without a price should not cost a minute.
  const priced = pricedParts(request);
  const designs = request.designs ?? USUAL_DESIGNS;
  const results = await new Run(request, designs, priced).run();
  const given = request.profile;
  return priced.map(({ part, machine, prices }, i) => {
    const ofPart = results[i] ?? [];
    const notes = notesOf({ part, second: request.second, designs: ofPart });
    return {
      tree: request.treeName,
      trace: { name: request.trace.name, lines: request.trace.lines.length },
      profile:
        given === undefined
          ? { from: 'trace', name: request.trace.name }
          : { from: 'file', name: given.name },
      compat: request.compat,
      faultRoute: machine.faultRoute,
      flash: { name: part.name, title: part.title, mapped: part.mapped },
      cpu: prices.preset,
      parameters: prices.rows,
      designs: ofPart,
      ...(notes.length === 0 ? {} : { notes }),
      breakEven: balanceOf(part, prices, ofPart),
    };
  });
}

/** A design built, and the machine of the first part that it runs on. */
export interface DesignAlone {
  readonly image: RunnableImage;
  readonly machine: MachineSpec;
  readonly codec: CodecName | undefined;
}

/** Builds one design of a comparison again, for whoever wants to look at it more closely. */
export async function buildDesignAlone(
  request: CompareRequest,
  name: string,
): Promise<DesignAlone> {
  const design = (request.designs ?? USUAL_DESIGNS).find((one) => one.name === name);
  const [first] = pricedParts(request);
  assert(design !== undefined && first !== undefined, () => `the design was compared: ${name}`);
  const { codec, split = false } = design;
  // What the build has to say was said the first time.
  const quiet = { ...request, onBuilt: () => undefined };
  const compressor =
    codec === undefined || request.compressorFor === undefined
      ? request.compressor
      : request.compressorFor(codec);
  try {
    const built = await new Run(quiet, [design], [first]).buildOne(design, compressor);
    const { second, ...single } = first.machine;
    return {
      image: runnable(name, built, `${request.treeName} (${name})`),
      machine: split && second !== undefined ? first.machine : single,
      codec,
    };
  } finally {
    if (compressor !== request.compressor) await compressor.close();
  }
}

function pricedParts(request: CompareRequest): readonly PricedPart[] {
  const { faultRoute, cache, ramPages, second } = request;
  const cpu = cpuPreset(request.cpu);
  return request.flash.map((part) => {
    if (second !== undefined && !part.mapped)
      throw new AxfsError(
        'EINVAL',
        `flash part ${part.name} has no window, expected one: a second part (${second.name}) goes with a first one that the CPU can address`,
      );
    const around: MachineSpec = request.machineFor?.(part) ?? {
      cpu,
      part,
      faultRoute,
      ...(cache === undefined ? {} : { cache }),
      ...(ramPages === undefined ? {} : { ramPages }),
    };
    const machine = second === undefined ? around : { ...around, second };
    return { part: machine.part, machine, prices: machinePrices(machine) };
  });
}

const NO_PROFILE: PageProfile = { entries: [], pages: new Map() };

/** One comparison under way. */
class Run {
  readonly #request: CompareRequest;
  readonly #designs: readonly PlannedDesign[];
  readonly #parts: readonly PricedPart[];
  readonly #evaluator: Evaluator;
  readonly #running: InFlight<DesignResult>;
  #profile: PageProfile | undefined;
  #steps = 0;

  constructor(
    request: CompareRequest,
    designs: readonly PlannedDesign[],
    parts: readonly PricedPart[],
  ) {
    this.#request = request;
    this.#designs = designs;
    this.#parts = parts;
    const { inflater, inflaterFor } = request;
    this.#evaluator =
      request.evaluator ??
      inlineEvaluator((codec) =>
        codec === undefined || inflaterFor === undefined ? inflater : inflaterFor(codec),
      );
    // One more than are at work, so that none waits; more would only keep images in memory.
    this.#running = new InFlight(this.#evaluator.parallelism + 1);
    this.#profile = request.profile?.profile;
  }

  /** Results by part, then design. */
  async run(): Promise<readonly (readonly DesignResult[])[]> {
    const evaluated = new Map<PlannedDesign, readonly Promise<DesignResult>[]>();
    let codec: CodecName | undefined;
    let compressor = this.#request.compressor;
    const endCodec = (): Promise<void> =>
      compressor === this.#request.compressor ? Promise.resolve() : compressor.close();
    try {
      for (const group of sharingBlocks(this.#designs)) {
        if (this.#running.hasFailed) break;
        const [first] = group;
        if (first?.codec !== codec) {
          await endCodec();
          codec = first?.codec;
          compressor =
            codec === undefined || this.#request.compressorFor === undefined
              ? this.#request.compressor
              : this.#request.compressorFor(codec);
        }
        await this.#runGroup(group, compressor, evaluated);
      }
    } finally {
      await endCodec();
      await this.#running.settle();
      // Before what building a later design may have thrown.
      this.#running.throwFirst();
    }
    return Promise.all(
      this.#parts.map((_, i) =>
        Promise.all(
          this.#designs.map((design) => {
            const result = evaluated.get(design)?.[i];
            assert(result !== undefined, () => `every design runs on every part: ${design.name}`);
            return result;
          }),
        ),
      ),
    );
  }

  async #runGroup(
    group: readonly PlannedDesign[],
    compressor: PageCompressor,
    evaluated: Map<PlannedDesign, readonly Promise<DesignResult>[]>,
  ): Promise<void> {
    const pool = createBlockPool(compressor);
    // Those that need no profile come first: one of their images says what a trace's paths lead to.
    const inOrder = [
      ...group.filter(({ policy }) => !policy.needsProfile),
      ...group.filter(({ policy }) => policy.needsProfile),
    ];
    for (const design of inOrder) {
      if (this.#running.hasFailed) return;
      const built = await this.buildOne(design, pool);
      evaluated.set(design, await this.#evaluate(design, built));
    }
  }

  /** Builds a design, after finding the profile that it may need. */
  async buildOne(design: PlannedDesign, compressor: PageCompressor): Promise<BuiltImage> {
    if (design.policy.needsProfile) await this.#findProfile(compressor, design);
    return this.#build(design, compressor);
  }

  async #evaluate(
    design: PlannedDesign,
    built: BuiltImage,
  ): Promise<readonly Promise<DesignResult>[]> {
    const { name, codec, split = false, point } = design;
    const image = runnable(name, built, `${this.#request.treeName} (${name})`);
    const results: Promise<DesignResult>[] = [];
    for (const { machine } of this.#parts) {
      const { second, ...single } = machine;
      const { result } = await this.#running.start(async () => {
        const evaluated = await this.#evaluator.evaluate({
          image,
          ...(codec === undefined ? {} : { codec }),
          trace: this.#request.trace,
          machine: split && second !== undefined ? machine : single,
        });
        return point === undefined ? evaluated : { ...evaluated, point };
      });
      results.push(result);
    }
    return results;
  }

  /** The profile of the trace, from an image of any design: all have the same paths. */
  async #findProfile(compressor: PageCompressor, design: PlannedDesign): Promise<void> {
    if (this.#profile !== undefined) return;
    const spec: ImageSpec = { ...this.#specOf(design, NO_PROFILE), xip: { kind: 'none' } };
    this.#learnPaths(await buildSpec(this.#request.tree, spec, { compressor }), design.codec);
  }

  #learnPaths(image: BuiltImage, codec: CodecName | undefined): void {
    const { treeName, trace, inflater, inflaterFor } = this.#request;
    const volume = new AxfsVolume(createRamDevice(treeName, memoryContents(image.toBytes())), {
      name: treeName,
      inflater: codec === undefined || inflaterFor === undefined ? inflater : inflaterFor(codec),
    });
    this.#profile = profileFromTrace(trace, volume);
  }

  #specOf(
    { name, policy, codec, cblockSize, split }: PlannedDesign,
    profile: PageProfile,
  ): ImageSpec {
    return {
      name,
      xip: policy.xip(profile),
      compat: this.#request.compat,
      ...(codec === undefined ? {} : { codec }),
      ...(cblockSize === undefined ? {} : { cblockSize }),
      ...(split === undefined ? {} : { split }),
    };
  }

  async #build(design: PlannedDesign, compressor: PageCompressor): Promise<BuiltImage> {
    const { tree, onProgress, onBuilt } = this.#request;
    const total = this.#designs.length * STEPS;
    const image = await buildSpec(tree, this.#specOf(design, this.#profile ?? NO_PROFILE), {
      compressor,
      ...(onProgress === undefined
        ? {}
        : {
            onProgress: (done: number, pages: number) => {
              onProgress(design.name, this.#steps + (done / Math.max(1, pages)) * STEPS, total);
            },
          }),
    });
    this.#steps += STEPS;
    onProgress?.(design.name, this.#steps, total);
    onBuilt?.(design.name, image.report);
    if (this.#profile === undefined && this.#designs.some(({ policy }) => policy.needsProfile))
      this.#learnPaths(image, design.codec ?? DEFAULT_CODEC);
    return image;
  }
}
