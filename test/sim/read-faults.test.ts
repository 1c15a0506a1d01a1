import { describe, expect, test } from 'vitest';
import { buildImage } from '../../src/mkfs/build.ts';
import { parseProfile } from '../../src/mkfs/profile.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { sweepReads } from '../../src/mtd/faults/sweep.ts';
import { partNamed } from '../../src/mtd/parts.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import { flashScenario } from '../support/fault-scenario.ts';
import type { FlashScenario } from '../support/fault-scenario.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';

const PAGE = 4096;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Pages in place, cblocks, byte-aligned pages, an XIP tail, a symlink, a second directory. */
const files: ReadonlyMap<string, Uint8Array> = new Map([
  ['bin/prog', textBytes(4 * PAGE)],
  ['bin/tool', noiseBytes(PAGE + 700)],
  ['etc/text', textBytes(3 * PAGE + 100)],
  ['etc/noise', noiseBytes(1500)],
]);
const links = new Map([['bin/link', 'prog']]);
const tree = treeFrom({
  ...Object.fromEntries(Array.from(files, ([path, content]) => [path, { content }])),
  'bin/link': { type: 'symlink', target: 'prog' },
});
const profile = parseProfile(
  bytes('./bin/prog,0,1\n./bin/prog,8192,1\n./bin/tool,0,1\n./bin/tool,4096,1\n'),
  'pages',
);
const xip = { kind: 'profile', profile } as const;
const plain = (await buildImage(tree, { xip })).toBytes();
const packed = (
  await buildImage(tree, { xip, features: { compressTables: true, cblockSize: 4 * PAGE } })
).toBytes();
const built = await buildImage(tree, { xip, features: { split: true } });
const [head, tail] = [
  built.toBytes().slice(0, built.mmapSize),
  built.toBytes().slice(built.mmapSize),
];

/** Every kind of page is executed, read and written, by two processes at a time. */
const trace = parseTrace(
  bytes(
    [
      'pid,epoch,path,offset,access,count',
      '1,0,bin/prog,0,x,20',
      '2,0,bin/link,0,x,3',
      '1,0,bin/prog,4096,x,20',
      '2,0,bin/prog,8192,rx,8',
      '1,0,bin/tool,0,r,8',
      '1,0,bin/tool,4096,r,8',
      '2,0,etc/text,0,rw,8',
      '2,0,etc/text,12288,r,8',
      '1,1,etc/noise,0,r,8',
      '2,1,bin/prog,0,x,128',
      '1,1,bin/prog,12288,x,4',
    ].join('\n'),
  ),
  'made',
);

const common = { files, links, trace };
/** Mapped cells are read line by line: there are thousands of reads, of which every how many-th is tried here. */
const CASES: readonly (readonly [what: string, stride: number, scenario: FlashScenario])[] = [
  ['NOR, pointed', 41, { ...common, image: plain, part: partNamed('p30') }],
  [
    'NOR by its address',
    43,
    { ...common, image: plain, part: partNamed('m18'), access: 'physical' },
  ],
  ['NOR, tables compressed', 47, { ...common, image: packed, part: partNamed('p30') }],
  ['QSPI behind a controller', 307, { ...common, image: plain, part: partNamed('rp2040') }],
  ['NAND as a block device', 1, { ...common, image: plain, part: partNamed('slc-onfi') }],
  ['NAND, tables compressed', 1, { ...common, image: packed, part: partNamed('slc-onfi') }],
  [
    'split, the NOR fails',
    13,
    {
      ...common,
      image: head,
      part: partNamed('p30'),
      second: { part: partNamed('slc-onfi'), image: tail },
    },
  ],
  [
    'split, the NAND fails',
    1,
    {
      ...common,
      image: head,
      part: partNamed('p30'),
      second: { part: partNamed('slc-onfi'), image: tail },
      damaged: 'second',
    },
  ],
];

describe('each read of a mount and a replay failed once: no byte of it is delivered, no counter lies:', () => {
  test.each(CASES)('%s, every %d', (_what, stride, scenario) => {
    const report = sweepReads(flashScenario(scenario), { stride });
    expect(report.failures).toEqual([]);
    expect(report.cases).toBe(Math.ceil(report.operations / stride));
    expect(report.struck).toBe(report.cases);
    expect(report.refused + report.right).toBe(report.cases);
    expect(report.refused).toBeGreaterThan(0.9 * report.cases);
  });
});
