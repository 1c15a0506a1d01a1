/**
 * Operations of random tests as a script.
 */
import { expect, it } from 'vitest';
import { kernelsOf, labKernel, runScript } from '../../../src/lab/run.ts';
import { parseScript } from '../../../src/lab/syntax.ts';
import type { Operation, WorldSpec } from '../../model/contract.ts';
import { labScript } from '../../model/lab-script.ts';

const SPEC: WorldSpec = {
  preset: '4.9-arm',
  debugVm: false,
  ramFrames: 60,
  swapSlots: 4,
  files: [
    { kind: 'axfs', pages: ['xip', 'ram'], xipFirst: 0x34001 },
    { kind: 'cached', pages: 2 },
  ],
};

const AT = 0x10000000;
const OPERATIONS: readonly Operation[] = [
  { op: 'mmap', task: 0, at: AT, pages: 2, prot: 'rw', shared: false, file: 0, pgoff: 0 },
  { op: 'access', task: 0, at: AT, access: 'write', value: 90 },
  { op: 'fork', task: 0, child: 1 },
  { op: 'access', task: 1, at: AT + 4096, access: 'read', value: 0 },
  { op: 'reclaimAnonPage', task: 0, at: AT },
  { op: 'read', file: 1, pgoff: 1 },
  { op: 'exit', task: 1 },
  { op: 'fork', task: 0, child: 1 },
  { op: 'mprotect', task: 1, at: AT, pages: 1, prot: 'r' },
];

it('says every operation, names tasks that come again anew, and runs', async () => {
  const text = labScript(SPEC, OPERATIONS);
  expect(text.split('\n').slice(1, -4)).toEqual([
    'presets 4.9-arm',
    'ram pages=124 page-tables=no',
    'swap slots=4',
    'file f0 xc',
    'device f1 cached pages=2 readahead=1 writable=yes',
    'mmap m f0 pages=2 offset=0 prot=rw at=0x10000000',
    'write 0x10000000 value=90',
    'fork t0',
    't0: read 0x10001000',
    'shrink 0x10000000',
    'action f1 read offset=4096',
    't0: exit',
    'fork t1',
    't1: mprotect 0x10000000 pages=1 prot=r',
  ]);
  const script = parseScript(text, 'random.lab');
  const run = await runScript(script, labKernel('4.9-arm', kernelsOf(script)), {
    readFile: () => new Uint8Array(0),
  });
  expect([...run.world.tasks.values()].map((mm) => [mm.exited, mm.anonRss])).toEqual([
    [false, 1],
    [true, 0],
    [false, 1],
  ]);
});
