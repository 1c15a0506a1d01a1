/**
 * A process of a million pages in a Node of its own: raw ones, then anonymous ones.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/demo.ts';

const PROGRAM = `
import { KERNELS, Memory, MmStruct, vmfInsertMixed } from '${join(ROOT, 'dist/src/index.js')}';
const PAGES = 1_000_000;
const raw = process.argv[1] === 'raw';
const memory = new Memory({ kernel: KERNELS['6.1-x86'], firstPfn: 0, ramPages: raw ? 16384 : PAGES + 16384 });
const flash = new Uint8Array(4096);
memory.physical.addWindow({ firstPfn: 0x2000000, pages: PAGES, page: () => flash });
const fault = (vma, vmf) => vmfInsertMixed(vma, vmf.address, 0x2000000 + vmf.pgoff);
const file = { name: 'f', device: '00:01', ino: 1, readOnly: true, mmapFlags: 0x10000000, ops: { fault } };
const mm = new MmStruct(memory);
const length = PAGES * 4096;
const at = raw ? mm.mmap({ length, prot: 1, flags: 2, file }) : mm.mmap({ length, prot: 3, flags: 0x22 });
for (let i = 0; i < PAGES; i += 1) mm.touch(at + i * 4096, raw ? 'read' : 'write');
console.log(JSON.stringify({ faults: mm.minflt, anon: mm.anonRss, bytes: process.memoryUsage().rss }));
`;

describe('a million pages', () => {
  it.each(['raw', 'anonymous'])(
    '%s: fit in 200 MB of host memory',
    (kind) => {
      const out = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, kind], {
        encoding: 'utf8',
      });
      const { faults, anon, bytes } = JSON.parse(out) as Record<
        'faults' | 'anon' | 'bytes',
        number
      >;
      expect([faults, anon]).toEqual([1_000_000, kind === 'raw' ? 0 : 1_000_000]);
      expect(bytes).toBeLessThan(200e6);
    },
    60_000,
  );
});
