/**
 * Designs: ways to build one tree, each run under the same trace on a machine of its own.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { EventSink } from '../base/events.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { FaultRoute } from '../fs/file.ts';
import { buildImage } from '../mkfs/build.ts';
import type { BuiltImage } from '../mkfs/build.ts';
import type { XipPolicy } from '../mkfs/policy.ts';
import type { PageProfile } from '../mkfs/profile.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import type { RamUsage } from '../mm/frames.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import type { MtdPart } from '../mtd/parts.ts';
import { CpuCache } from './cpu-cache.ts';
import type { CpuCacheShape } from './cpu-cache.ts';
import { createMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { replay } from './replay.ts';
import type { LineWatch, ReplayResult } from './replay.ts';
import type { Trace } from '../workload/trace.ts';

/** The designs that `compare` runs, by the name of their XIP policy. */
export const DESIGN_POLICIES = [
  { name: 'none', policy: (): XipPolicy => ({ kind: 'none' }) },
  { name: 'profile', policy: (profile: PageProfile): XipPolicy => ({ kind: 'profile', profile }) },
  { name: 'files', policy: (profile: PageProfile): XipPolicy => ({ kind: 'files', profile }) },
  { name: 'elf', policy: (): XipPolicy => ({ kind: 'elf' }) },
  { name: 'all', policy: (): XipPolicy => ({ kind: 'all' }) },
] as const;

/** Name of a design. */
export type DesignName = (typeof DESIGN_POLICIES)[number]['name'];

/** A design built. */
export interface BuiltDesign {
  readonly name: DesignName;
  readonly image: BuiltImage;
}

/** What building the designs needs. */
export interface BuildDesignsOptions {
  readonly compat: boolean;
  readonly compressor: PageCompressor;
  readonly onProgress?: (design: DesignName, done: number, total: number) => void;
}

/** Builds one design of `tree`. */
export async function buildDesign(
  name: DesignName,
  tree: TreeDirectory,
  profile: PageProfile,
  options: BuildDesignsOptions,
): Promise<BuiltDesign> {
  const row = DESIGN_POLICIES.find((candidate) => candidate.name === name);
  assert(row !== undefined, () => `every design has a policy: ${name}`);
  const { onProgress } = options;
  const image = await buildImage(tree, {
    xip: row.policy(profile),
    compat: options.compat,
    compressor: options.compressor,
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: (done: number, total: number) => {
            onProgress(name, done, total);
          },
        }),
  });
  return { name, image };
}

/** On what a design runs. */
export interface RunOptions {
  readonly part: MtdPart;
  /** Holds the image from where it is cut. */
  readonly second?: MtdPart;
  /** The CPU's cache, made anew for each run; default: none that lasts. */
  readonly cache?: CpuCacheShape;
  readonly inflater: Inflater;
  readonly faultRoute: FaultRoute;
  readonly kernel?: KernelPreset;
  readonly ramPages?: number;
  /** Take RAM back when it is full. */
  readonly reclaim?: boolean;
  /** As of {@link MachineOptions}. */
  readonly faultAroundPages?: number;
  readonly readAheadPages?: number;
  /** As of {@link ReplayOptions}. */
  readonly readsByCall?: boolean;
  readonly sink: EventSink;
  /** Called between mounting and the trace's first line. */
  readonly onMounted?: (machine: Machine) => void;
  /** Looks on as the trace's lines are played. */
  readonly watch?: LineWatch;
}

/** What a run came to, beside its events. */
export interface DesignRun {
  readonly replay: ReplayResult;
  /** RAM in use at the moment of the highest total, pages. */
  readonly peak: RamUsage;
}

/** An image to run; one for two parts is cut at `mmapSize`. */
export interface ImageToRun {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mmapSize: number;
}

/**
 * Mounts an image on a fresh machine and replays `trace` on it.
 *
 * @throws AxfsError when the trace does not fit the tree, or RAM is too small.
 */
export function runDesign(
  { name, bytes, mmapSize }: ImageToRun,
  trace: Trace,
  options: RunOptions,
): DesignRun {
  const { cache, onMounted, watch, readsByCall, second, ...machineOptions } = options;
  const machine = createMachine({
    ...machineOptions,
    name,
    ...(second === undefined
      ? { image: bytes }
      : {
          image: bytes.subarray(0, mmapSize),
          second: { part: second, image: bytes.subarray(mmapSize) },
        }),
  });
  onMounted?.(machine);
  const result = replay(machine, trace, options.sink, {
    ...(cache === undefined ? {} : { cache: new CpuCache(cache) }),
    ...(watch === undefined ? {} : { watch }),
    ...(readsByCall === undefined ? {} : { readsByCall }),
  });
  return { replay: result, peak: machine.memory.frames.peak };
}
