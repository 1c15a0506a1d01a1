import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/base/random.ts';
import { breakEven } from '../../src/cost/break-even.ts';
import { LedgerSink, ledgerSince } from '../../src/cost/ledger.ts';
import type { Ledger } from '../../src/cost/ledger.ts';
import { cpuPreset, priceList } from '../../src/cost/params.ts';
import type { PriceList } from '../../src/cost/params.ts';
import { priceLedger } from '../../src/cost/price.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import type { MtdPart } from '../../src/mtd/part.ts';
import { flashParameters, partNamed } from '../../src/mtd/parts.ts';
import { ramParameters } from '../../src/mtd/ram-parameters.ts';
import { createMachine } from '../../src/sim/machine.ts';
import { replay } from '../../src/sim/replay.ts';
import { parseTrace } from '../../src/workload/trace.ts';

const PAGE = 4096;
const LINES = 128;
const PAGES = 4;
/** Bytes of a page that do not compress: stored, it comes to about what a page of ARM code does, 2,382. */
const NOISE = 2350;

const random = createRandom(11);
const content = Uint8Array.from({ length: PAGES * PAGE }, (_, i) =>
  i % PAGE < NOISE ? random.below(256) : 0,
);

async function imageOf(xip: XipPolicy): Promise<Uint8Array> {
  const built = await buildImage(treeFrom({ program: { content } }), { xip });
  return built.toBytes();
}
const IMAGES = {
  inPlace: await imageOf({ kind: 'all' }),
  compressed: await imageOf({ kind: 'none' }),
};

/** Every page misses `misses` lines, at most all of them at a time. */
function traceOf(misses: number): Uint8Array {
  const rows = ['pid,epoch,path,offset,access,count'];
  for (let page = 0; page < PAGES; page += 1)
    for (let left = misses, epoch = 0; left > 0; left -= LINES, epoch += 1)
      rows.push(
        `1,${String(epoch)},program,${String(page * PAGE)},x,${String(Math.min(left, LINES))}`,
      );
  return new TextEncoder().encode(rows.join('\n'));
}

function run(image: Uint8Array, part: MtdPart, misses: number): Ledger {
  const counted = new LedgerSink();
  const machine = createMachine({ image, part, sink: counted.sink });
  const mounted = counted.read();
  replay(machine, parseTrace(traceOf(misses), 'made'), counted.sink);
  return ledgerSince(mounted, counted.read());
}

const pricesOf = (part: MtdPart, cpu: string): PriceList => {
  const preset = cpuPreset(cpu);
  return priceList(preset, {
    flash: flashParameters(part),
    ram: ramParameters(partNamed(preset.ram ?? '')),
  });
};

const PARTS = ['p30', 'p30-async', 'm18', 'qspi-133', 'octal-200', 'hyperflash-166'];

describe.each(['arm926-200', 'cortex-a9-1000'])('break-even with a %s', (cpu) => {
  test.each(PARTS)(
    '%s: 10 %% fewer misses and execution in place wins, 10 %% more and it loses',
    (name) => {
      const part = partNamed(name);
      const prices = pricesOf(part, cpu);
      const cost = (image: Uint8Array, misses: number): number =>
        priceLedger(run(image, part, misses), prices).total;
      const { storedBytes, cblocks } = run(IMAGES.compressed, part, 1).inflate;
      expect(cblocks).toBe(PAGES);
      const { misses } = breakEven(prices, storedBytes / cblocks);
      expect(misses).toBeGreaterThan(LINES);
      for (const [share, wins] of [
        [0.9, true],
        [1.1, false],
      ] as const) {
        const times = Math.round((misses ?? 0) * share);
        expect(cost(IMAGES.inPlace, times) < cost(IMAGES.compressed, times)).toBe(wins);
      }
    },
  );
});

test('a line from flash that is no dearer than one from RAM never loses', () => {
  const prices = pricesOf(partNamed('p30'), 'arm926-200');
  const { first, second } = prices.flash;
  const cheap = { ...prices, flash: { first: { ...first, line: prices.ramLine }, second } };
  expect(breakEven(cheap, 2382).misses).toBeUndefined();
});

test('a part without a window is mounted as a block device: pages in place come from RAM', () => {
  const nand = partNamed('slc-onfi');
  const ledger = run(IMAGES.inPlace, nand, 64);
  expect(ledger.faults).toMatchObject({ raw_pfn: 0, file_major: 0 });
  expect(ledger.missedLines).toEqual({ flash: 0, ram: PAGES * 64 });
  expect(ledger.bus.first).toMatchObject({ arrayLoads: 0, busBytes: 0 });
});
