import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import { machinePrices, runnable } from '../../../src/compare/evaluate.ts';
import type { MachineSpec } from '../../../src/compare/evaluate.ts';
import { flipPage } from '../../../src/compare/flip-page.ts';
import { why } from '../../../src/compare/why.ts';
import { chooseWay } from '../../../src/cost/page-choice.ts';
import type { PageAnswer } from '../../../src/cost/page-choice.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { BuiltImage } from '../../../src/mkfs/build.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { partNamed } from '../../../src/mtd/parts.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { NODE_TYPE_NAMES } from '../../../src/ondisk/constants.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import { testZlib } from '../../support/demo.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const { compressor, inflater } = testZlib();

const FILES = {
  'bin/a': textBytes(4 * PAGE_SIZE),
  'bin/b': noiseBytes(3 * PAGE_SIZE + 100),
  'bin/same': textBytes(4 * PAGE_SIZE).slice(PAGE_SIZE, 2 * PAGE_SIZE),
  'lib/c': textBytes(9000),
} as const;

const XIP = [
  ['bin/a', 0],
  ['bin/a', 2],
  ['bin/b', 1],
  ['lib/c', 2],
] as const;

type Features = NonNullable<Parameters<typeof buildImage>[1]>['features'];

const build = (features: Features = {}, compat = false): Promise<BuiltImage> =>
  buildImage(treeFrom(FILES), {
    compressor,
    compat,
    ...(compat ? {} : { features }),
    xip: {
      kind: 'profile',
      profile: profileOf(
        XIP.map(([path, page]) => ({ path: fromText(path), offset: page * PAGE_SIZE, count: 1 })),
      ),
    },
  });

const open = (bytes: Uint8Array): AxfsVolume =>
  new AxfsVolume(createRamDevice('i', memoryContents(bytes)), { name: 'i', inflater });

const typeOf = (volume: AxfsVolume, path: string, page: number): string | undefined => {
  const { arrayIndex } = volume.resolve(fromText(path));
  return NODE_TYPE_NAMES[volume.image.tables.node_type.get(arrayIndex + page)];
};

function expectContents(volume: AxfsVolume): void {
  for (const [path, content] of Object.entries(FILES)) {
    const inode = volume.resolve(fromText(path));
    const into = new Uint8Array(inode.size);
    volume.read(inode, 0, into);
    expect(Buffer.compare(into, content)).toBe(0);
  }
}

const ALL_PAGES = Object.entries(FILES).flatMap(([path, content]) =>
  Array.from({ length: Math.ceil(content.length / PAGE_SIZE) }, (_, page) => ({ path, page })),
);

describe('flipPage', () => {
  it.each([
    ['as usual', {}, false],
    ['with large cblocks', { cblockSize: 4 * PAGE_SIZE }, false],
    ['split', { split: true }, false],
    ['with compressed tables', { compressTables: true }, false],
    ['as the original builder', {}, true],
  ] as const)('%s: every page, and back; no file changes', async (_, features, compat) => {
    const image = await build(features, compat);
    const volume = open(image.toBytes());
    expectContents(volume);
    for (const { path, page } of ALL_PAGES) {
      const inode = volume.resolve(fromText(path));
      const was = typeOf(volume, path, page);
      const flipped = await flipPage(volume, inode, page, compressor);
      const other = open(flipped.image.bytes);
      expectContents(other);
      expect(typeOf(other, path, page)).toBe(flipped.type);
      expect(flipped.type === 'xip').toBe(was !== 'xip');
      expect(flipped.image.xipPages).toBe(other.image.descriptors.xip.size / PAGE_SIZE);
      const back = await flipPage(other, other.resolve(fromText(path)), page, compressor);
      expectContents(open(back.image.bytes));
      expect(back.type === 'xip').toBe(was === 'xip');
    }
  });

  it('takes what the page takes, and gives back what nobody else needs', async () => {
    const volume = open((await build()).toBytes());
    const flip = (path: string, page: number) =>
      flipPage(volume, volume.resolve(fromText(path)), page, compressor);
    const shrunk = await flip('bin/a', 0);
    expect(shrunk.type).toBe('compressed');
    expect(shrunk.flashAdded).toBe(shrunk.storedBytes - PAGE_SIZE);
    const noise = await flip('bin/b', 1);
    expect([noise.type, noise.flashAdded]).toEqual(['byteAligned', 0]);
    const grown = await flip('lib/c', 1);
    expect(grown.type).toBe('xip');
    expect(grown.flashAdded).toBeGreaterThan(0);
    expect(grown.flashAdded).toBeLessThan(PAGE_SIZE);
  });

  it('gives nothing back for a page that leaves a cblock with others in it', async () => {
    const volume = open((await build({ cblockSize: 4 * PAGE_SIZE })).toBytes());
    const inode = volume.resolve(fromText('lib/c'));
    expect((await flipPage(volume, inode, 1, compressor)).flashAdded).toBe(PAGE_SIZE);
  });
});

const HEADER = 'pid,epoch,path,offset,access,count\n';

async function ask(
  path: string,
  page: number,
  rows: readonly string[],
  part = 'p30',
): Promise<PageAnswer> {
  const image = await build();
  const volume = open(image.toBytes());
  const machine: MachineSpec = {
    cpu: cpuPreset('arm926-200'),
    part: partNamed(part),
    faultRoute: 'insert',
  };
  const type = typeOf(volume, path, page);
  return why(
    {
      volume,
      image: runnable('i', image),
      inode: volume.resolve(fromText(path)),
      page,
      type: type === 'xip' || type === 'compressed' ? type : 'byteAligned',
      storedBytes: 1000,
      trace: parseTrace(new TextEncoder().encode(`${HEADER}${rows.join('\n')}\n`), 't.csv'),
      machine,
      compressor,
    },
    { prices: machinePrices(machine), inflater },
  );
}

describe('why', () => {
  it('says what the workload does with the page', async () => {
    const { use } = await ask('bin/a', 1, [
      '1,0,bin/a,4096,rx,5',
      '1,3,bin/a,8192,x,9',
      '2,1,/bin/a,4096,w,2',
      '2,1,lib/c,4096,w,2',
    ]);
    expect(use).toEqual({
      ...{ lines: 2, touches: 7, reads: 1, fetches: 1, writes: 1 },
      ...{ processes: [1, 2], epochs: [0, 1] },
    });
  });

  it('a page touched a little is better in place, and one in a loop in RAM', async () => {
    const few = await ask('bin/a', 1, ['1,0,bin/a,4096,x,3']);
    expect([few.now.type, few.other.type]).toEqual(['compressed', 'xip']);
    expect([few.now.ledger.inflate.cblocks, few.other.ledger.inflate.cblocks]).toEqual([1, 0]);
    expect(few.costAdded).toBeLessThan(0);
    expect(few.choice).toEqual({ moves: true, reason: 'cost' });
    const loop = Array.from({ length: 400 }, (_, i) => `1,${String(i)},bin/a,0,x,128`);
    const hot = await ask('bin/a', 0, loop);
    expect([hot.now.type, hot.other.type]).toEqual(['xip', 'compressed']);
    expect(hot.now.ledger.missedLines.flash).toBe(400 * 128);
    expect(hot.choice).toEqual({ moves: true, reason: 'cost' });
    expect(hot.ramAdded).toBe(PAGE_SIZE);
    // The break-even that compare shows agrees with the two runs.
    expect(400 * 128).toBeGreaterThan(hot.breakEven?.misses ?? Infinity);
    expect(3).toBeLessThan(few.breakEven?.misses ?? 0);
  });

  it("what the page's lines cost more is what the run costs more, where nothing else is touched", async () => {
    const answer = await ask('lib/c', 1, ['1,0,lib/c,4096,rx,40', '2,0,lib/c,4096,rw,9']);
    const own = answer.other.cost.total - answer.now.cost.total;
    expect(own).toBeCloseTo(answer.costAdded, 3);
  });

  it('a page that nothing touches goes where it takes less flash', async () => {
    const cold = await ask('bin/a', 0, ['1,0,lib/c,0,r,1']);
    expect(cold.use.lines).toBe(0);
    expect(cold.now.cost.total).toBe(0);
    expect(cold.choice).toEqual({ moves: true, reason: 'flash' });
    const packed = await ask('bin/a', 1, ['1,0,lib/c,0,r,1']);
    expect(packed.choice).toEqual({ moves: false, reason: 'flash' });
  });

  it('on a part without a window both ways are run, and there is no break-even', async () => {
    const nand = await ask('bin/a', 1, ['1,0,bin/a,4096,x,3'], 'slc-onfi');
    expect(nand.breakEven).toBeUndefined();
    expect(nand.other.ledger.faults.raw_pfn + nand.other.ledger.faults.file_minor).toBeGreaterThan(
      0,
    );
  });

  it('a trace of another tree is an error that names line and path', async () => {
    await expect(ask('bin/a', 1, ['1,0,sbin/init,0,x,1'])).rejects.toThrow(
      /^t\.csv:2: i: sbin\/init: .*another tree/,
    );
    await expect(ask('bin/a', 1, ['1,0,bin/a,65536,x,1'])).rejects.toThrow(
      /^t\.csv:2: bin\/a: page 16 is touched, but the file has 4/,
    );
  });
});

describe('chooseWay', () => {
  it.each([
    [
      { costAdded: -5, flashAdded: 4096, ramAdded: 0 },
      { moves: true, reason: 'cost' },
    ],
    [
      { costAdded: 5, flashAdded: -4096, ramAdded: 0 },
      { moves: false, reason: 'cost' },
    ],
    [
      { costAdded: 1e-9, flashAdded: -96, ramAdded: 0 },
      { moves: true, reason: 'flash' },
    ],
    [
      { costAdded: 0, flashAdded: 96, ramAdded: 0 },
      { moves: false, reason: 'flash' },
    ],
    [
      { costAdded: 0, flashAdded: 0, ramAdded: -4096 },
      { moves: false, reason: 'same' },
    ],
  ] as const)('%j', (change, choice) => {
    expect(chooseWay(change, 100)).toEqual(choice);
  });
});
