import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import { codecOf } from '../../../src/codec/codecs.ts';
import type { CodecName } from '../../../src/codec/codecs.ts';
import { compareDesigns } from '../../../src/compare/designs.ts';
import type { CompareRequest } from '../../../src/compare/designs.ts';
import { runEvaluation } from '../../../src/compare/evaluation-task.ts';
import type { EvaluationTask, Evaluator } from '../../../src/compare/evaluation-task.ts';
import { NAMED_POLICIES, USUAL_AXES, gridDesigns, listPolicy } from '../../../src/compare/grid.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const names = (axes: Partial<typeof USUAL_AXES>): readonly string[] =>
  gridDesigns({ ...USUAL_AXES, ...axes }).map(({ name }) => name);
const policies = NAMED_POLICIES.filter(({ name }) => ['none', 'profile'].includes(name));

const tree = treeFrom({
  'bin/prog': { content: textBytes(6 * 4096), mode: 0o755 },
  'lib/noise': noiseBytes(9000),
});
const text =
  'pid,epoch,path,offset,access,count\n' +
  '1,0,/bin/prog,0,rx,200\n1,0,/bin/prog,8192,x,17\n1,0,/lib/noise,4096,r,3\n2,0,/bin/prog,0,w,1\n';
const trace = parseTrace(new TextEncoder().encode(text), 'boot.csv');

const inflaterFor = (codec: CodecName = 'zlib') => codecOf(codec).makeInflater({});
/** A comparison, and how many compressors of each codec were made and closed. */
function request(patch: Partial<CompareRequest> = {}): CompareRequest & {
  readonly compressors: string[];
} {
  const compressors: string[] = [];
  const make = (codec: CodecName): CompareRequest['compressor'] => ({
    ...createInlineCompressor(codecOf(codec).makeDeflater({})),
    close: () => {
      compressors.push(`-${codec}`);
      return Promise.resolve();
    },
  });
  return {
    compressors,
    tree,
    treeName: 'tree',
    trace,
    compat: false,
    faultRoute: 'insert',
    flash: [MTD_PARTS.p30],
    cpu: 'arm926-200',
    compressor: make('zlib'),
    compressorFor: (codec) => {
      compressors.push(`+${codec}`);
      return make(codec);
    },
    inflater: inflaterFor(),
    inflaterFor,
    ...patch,
  };
}

const grid = gridDesigns({
  policies,
  cblockSizes: [4096, 16384],
  codecs: ['zlib', 'lz4'],
  splits: [false, true],
});

describe('gridDesigns', () => {
  it('names designs by the axes that vary', () => {
    expect(names({ policies })).toEqual(['none', 'profile']);
    expect(names({ policies, codecs: ['lz4'] })).toEqual(['none', 'profile']);
    expect(names({ policies, cblockSizes: [4096, 1048576] })).toEqual([
      ...['none/4K', 'none/1M', 'profile/4K', 'profile/1M'],
    ]);
    expect(names({ policies: policies.slice(0, 1), splits: [false, true] })).toEqual([
      ...['none', 'none/split'],
    ]);
  });

  it('has every combination once, the last axis fastest', () => {
    expect(grid).toHaveLength(16);
    expect(new Set(grid.map(({ name }) => name)).size).toBe(16);
    expect(grid.slice(0, 5).map(({ name }) => name)).toEqual([
      ...['none/4K/zlib', 'none/4K/zlib/split', 'none/4K/lz4', 'none/4K/lz4/split'],
      'none/16K/zlib',
    ]);
  });
});

describe('compareDesigns on a grid', () => {
  it('gives designs in the order asked for, each as when it is compared alone', async () => {
    const [all] = await compareDesigns(request({ designs: grid }));
    expect(all?.designs.map(({ design }) => design)).toEqual(grid.map(({ name }) => name));
    for (const index of [3, 6, 13]) {
      const [alone] = await compareDesigns(request({ designs: [grid[index]!] }));
      expect(alone?.designs).toEqual([all?.designs[index]]);
    }
  });

  it('makes one compressor for each codec, and closes it', async () => {
    const asked = request({ designs: grid });
    await compareDesigns(asked);
    expect(asked.compressors).toEqual(['+zlib', '-zlib', '+lz4', '-lz4']);
  });

  it('is the same wherever and in whatever order images are run', async () => {
    const waiting: (() => void)[] = [];
    const late: Evaluator = {
      parallelism: 3,
      evaluate: (task: EvaluationTask) =>
        new Promise((resolve, reject) => {
          // As another thread would get it, and the last one first.
          const copy = structuredClone(task);
          waiting.unshift(() => {
            Promise.resolve()
              .then(() => runEvaluation(copy, inflaterFor))
              .then(resolve, reject);
          });
          setTimeout(() => waiting.shift()?.());
        }),
    };
    const flash = [MTD_PARTS.p30, MTD_PARTS['slc-onfi']];
    const here = await compareDesigns(request({ designs: grid, flash }));
    const there = await compareDesigns(request({ designs: grid, flash, evaluator: late }));
    expect(there).toEqual(here);
  });

  it('takes exactly the pages of a list', async () => {
    const list = profileOf([{ path: fromText('lib/noise'), offset: 0, count: 1 }]);
    const designs = gridDesigns({ ...USUAL_AXES, policies: [listPolicy('a.csv', list)] });
    const [only] = await compareDesigns(request({ designs }));
    expect(only?.designs.map(({ design, xipPages }) => [design, xipPages])).toEqual([['a.csv', 1]]);
  });

  it('says so where nothing is executed in place', async () => {
    const flash = [MTD_PARTS.p30, MTD_PARTS['slc-onfi']];
    const [nor, nand] = await compareDesigns(request({ flash }));
    expect(nor).not.toHaveProperty('notes');
    expect(nand?.notes).toEqual([
      expect.stringMatching(/^slc-onfi has no window .* XIP region of profile, files, all /),
    ]);
    const all = (of: typeof nor) => of?.designs.find(({ design }) => design === 'all');
    expect(all(nand)?.ledger.faults.raw_pfn).toBe(0);
    const copied = (all(nand)?.ram.metadata ?? 0) - (all(nor)?.ram.metadata ?? 0);
    expect(copied).toBeGreaterThanOrEqual((all(nand)?.xipPages ?? 0) * 4096);
  });

  it('puts the rest of a split design on the second part, and nothing of the others', async () => {
    const designs = gridDesigns({ ...USUAL_AXES, policies, splits: [false, true] });
    const second = MTD_PARTS['slc-onfi'];
    const [both] = await compareDesigns(request({ designs, second }));
    const loads = both?.designs.map(({ design, ledger }) => [
      design,
      ledger.bus.second.arrayLoads > 0,
    ]);
    expect(loads).toEqual([
      ['none', false],
      ['none/split', true],
      ['profile', false],
      ['profile/split', true],
    ]);
    expect(both?.notes?.join()).toMatch(/none\/split, profile\/split: .* the rest on slc-onfi/);
  });

  it('refuses a second part behind one without a window', async () => {
    const [flash, second] = [[MTD_PARTS['slc-onfi']], MTD_PARTS['slc-onfi']];
    await expect(compareDesigns(request({ flash, second }))).rejects.toThrow(
      /^flash part slc-onfi has no window, expected one: /,
    );
  });

  it('reports the failure of the first design, and closes what it made', async () => {
    const asked = request({ designs: grid, ramPages: 1 });
    await expect(compareDesigns(asked)).rejects.toThrow('tree (none/4K/zlib): ');
    expect(asked.compressors).toEqual(['+zlib', '-zlib']);
  });

  it('says how far it is, and never goes back', async () => {
    const seen: number[] = [];
    const totals = new Set<number>();
    await compareDesigns(
      request({
        designs: grid,
        onProgress: (_design, done, total) => {
          seen.push(done);
          totals.add(total);
        },
      }),
    );
    expect(totals.size).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe([...totals][0]);
  });
});
