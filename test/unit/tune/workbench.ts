/**
 * A workbench for tests of choosing: a tree and a trace on a P30 with an ARM926, compressed in this thread.
 *
 * @module
 */
import { codecOf } from '../../../src/codec/codecs.ts';
import type { CodecName } from '../../../src/codec/codecs.ts';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import type { PageCompressor } from '../../../src/codec/compressor.ts';
import type { Inflater } from '../../../src/codec/zlib.ts';
import { evaluate, machinePrices, runnable } from '../../../src/compare/evaluate.ts';
import type { MachineSpec } from '../../../src/compare/evaluate.ts';
import { ramPeak } from '../../../src/cost/comparison.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import { loadLibdeflate, loadZlibModule } from '../../../src/host/node-host.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { IMPROVED_FEATURES } from '../../../src/mkfs/features.ts';
import type { XipPolicy } from '../../../src/mkfs/policy.ts';
import type { TreeDirectory } from '../../../src/mkfs/tree.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import type { Figures } from '../../../src/tune/budgets.ts';
import { remembering } from '../../../src/tune/memo-compressor.ts';
import type { Compression, Workbench } from '../../../src/tune/prepare.ts';
import type { Trace } from '../../../src/workload/trace.ts';

const MODULES = { zlib: loadZlibModule(), libdeflate: loadLibdeflate() };

/** The machine of every test that does not say otherwise. */
export const MACHINE: MachineSpec = {
  cpu: cpuPreset('arm926-200'),
  part: MTD_PARTS.p30,
  faultRoute: 'insert',
};

export const makeCompressor = (codec: CodecName): PageCompressor =>
  createInlineCompressor(codecOf(codec).makeDeflater(MODULES));
export const makeInflater = (codec: CodecName): Inflater => codecOf(codec).makeInflater(MODULES);

/** A bench whose compressors remember. */
export function workbench(tree: TreeDirectory, trace: Trace, machine = MACHINE): Workbench {
  const compressors = new Map<CodecName, PageCompressor>();
  return {
    ...{ tree, trace, machine, prices: machinePrices(machine), inflaterOf: makeInflater },
    compressorOf(codec) {
      let compressor = compressors.get(codec);
      if (compressor === undefined)
        compressors.set(codec, (compressor = remembering(makeCompressor(codec), 2 ** 20)));
      return compressor;
    },
  };
}

/** Builds a policy and runs it, without anything of src/tune. */
export async function figuresOf(
  { tree, trace, machine, prices, compressorOf, inflaterOf }: Workbench,
  { codec, cblockSize }: Compression,
  xip: XipPolicy,
): Promise<Figures> {
  const image = await buildImage(tree, {
    xip,
    features: { ...IMPROVED_FEATURES, codec, cblockSize },
    compressor: compressorOf(codec),
  });
  const result = evaluate(runnable('design', image), trace, machine, {
    prices,
    inflater: inflaterOf(codec),
  });
  return {
    flash: result.flashBytes,
    ram: ramPeak(result),
    time: result.mountCost.total + result.cost.total,
  };
}
