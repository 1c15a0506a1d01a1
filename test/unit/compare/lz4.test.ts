import { expect, test } from 'vitest';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import { codecOf } from '../../../src/codec/codecs.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { buildSpec, evaluate, machinePrices, runnable } from '../../../src/compare/evaluate.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import type { DesignResult } from '../../../src/cost/comparison.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import { textBytes } from '../../support/sample-data.ts';

const trace = parseTrace(
  new TextEncoder().encode('pid,epoch,path,offset,access,count\n1,0,f,0,r,1\n1,0,f,4096,r,1\n'),
  'made',
);

async function run(codec: 'zlib' | 'lz4'): Promise<DesignResult> {
  const spec = { name: codec, xip: { kind: 'none' }, codec } as const;
  const compressor = createInlineCompressor(codecOf(codec).makeDeflater({}));
  const built = await buildSpec(treeFrom({ f: textBytes(8192) }), spec, { compressor });
  const cpu = cpuPreset('x86-counted');
  const machine = { cpu, part: MTD_PARTS.p30, faultRoute: 'return' } as const;
  return evaluate(runnable(codec, built), trace, machine, {
    prices: machinePrices(machine),
    inflater: createPakoInflater(),
  });
}

test('an image of LZ4 blocks is priced as such, whatever expands them here', async () => {
  const [zlib, lz4] = [await run('zlib'), await run('lz4')];
  expect(zlib.ledger.inflate.lz4.cblocks).toBe(0);
  expect(lz4.ledger.inflate).toMatchObject({ cblocks: 2, bytes: 8192, lz4: { bytes: 8192 } });
  expect(lz4.cost.parts.inflate).toBeCloseTo(1.7 * 8192, 6);
  expect(lz4.cost.parts.inflate).toBeLessThan(zlib.cost.parts.inflate / 5);
});
