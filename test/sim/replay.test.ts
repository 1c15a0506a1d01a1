import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { PAGE_SIZE, virtAddr } from '../../src/base/units.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { FAULT_ROUTES } from '../../src/fs/file.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import { DESIGN_POLICIES, buildDesign } from '../../src/sim/designs.ts';
import { createMachine } from '../../src/sim/machine.ts';
import { profileFromTrace } from '../../src/sim/profile.ts';
import { replay } from '../../src/sim/replay.ts';
import { parseTrace } from '../../src/sim/trace.ts';
import { demoTrace, demoTraceText, demoTree, testZlib } from '../support/demo.ts';
import { expectConsistent, replayChecked } from '../support/replayed.ts';

const images = new Map<string, Uint8Array>();
let tree: TreeDirectory;

beforeAll(async () => {
  tree = demoTree();
  const { compressor, inflater } = testZlib();
  const none = await buildImage(tree, { compressor });
  const { volume } = createMachine({ image: none.toBytes(), inflater }).mount;
  const profile = profileFromTrace(demoTrace(), volume);
  for (const { name } of DESIGN_POLICIES)
    for (const compat of [false, true]) {
      const { image } = await buildDesign(name, tree, profile, { compat, compressor });
      images.set(`${name}${compat ? ' --compat' : ''}`, image.toBytes());
    }
});

const imageOf = (name: string): Uint8Array => images.get(name) ?? new Uint8Array(0);

describe('the recorded 7za run, on every design and both routes', () => {
  const designs = DESIGN_POLICIES.flatMap(({ name }) => [name, `${name} --compat`]);
  it.each(designs.flatMap((design) => FAULT_ROUTES.map((route) => ({ design, route }))))(
    '$design, route $route: every count is the one counted without the simulator',
    ({ design, route }) => {
      const { inflater } = testZlib();
      const replayed = replayChecked(imageOf(design), demoTraceText(), demoTrace(), {
        faultRoute: route,
        inflater,
      });
      expectConsistent(replayed);
    },
  );

  it('all: no page-cache page for what is read or executed only', () => {
    const { ledger, machine } = replayChecked(imageOf('all'), demoTraceText(), demoTrace(), {
      faultRoute: 'insert',
      inflater: testZlib().inflater,
    });
    expect(ledger.fills.pages).toBe(0);
    expect(machine.memory.frames.peak.byUse.page_cache).toBe(0);
    expect(ledger.faults.raw_pfn).toBeGreaterThan(0);
  });

  it('none: no XIP fault', () => {
    const { ledger } = replayChecked(imageOf('none'), demoTraceText(), demoTrace(), {
      faultRoute: 'insert',
      inflater: testZlib().inflater,
    });
    expect(ledger.faults.raw_pfn).toBe(0);
    expect(ledger.faults.file_major).toBeGreaterThan(0);
  });

  it('the routes differ in faults only by the pages whose first touch is a write to RAM', () => {
    const [insert, returned] = FAULT_ROUTES.map((faultRoute) =>
      replayChecked(imageOf('none'), demoTraceText(), demoTrace(), {
        faultRoute,
        inflater: testZlib().inflater,
      }),
    );
    const early = returned!.expected.earlyCow;
    expect(insert!.expected.faults - returned!.expected.faults).toBe(early);
    expect(insert!.ledger.cowCopies).toEqual(returned!.ledger.cowCopies);
  });
});

describe('the same bytes through every design', () => {
  it.each(DESIGN_POLICIES.map(({ name }) => name))('%s: by read() and through mappings', (name) => {
    const reference = createMachine({ image: imageOf('none'), inflater: testZlib().inflater });
    const machine = createMachine({ image: imageOf(name), inflater: testZlib().inflater });
    for (const path of ['7za', 'etc/passwd', 'usr/share/typescript/lib.es5.d.ts']) {
      const expected = new Uint8Array(reference.mount.open(path).size);
      expect(reference.mount.open(path).read(0, expected)).toBe(expected.length);
      const file = machine.mount.open(path);
      const read = new Uint8Array(file.size);
      expect(file.read(0, read)).toBe(read.length);
      const mm = machine.spawn();
      const base = mm.mmap({ length: file.size, prot: PROT_READ, flags: MAP_PRIVATE, file });
      const wholePages = Math.ceil(file.size / PAGE_SIZE) * PAGE_SIZE;
      const mapped = mm.readMemory(base, wholePages);
      expect(Buffer.compare(read, expected)).toBe(0);
      expect(Buffer.compare(mapped.subarray(0, file.size), expected)).toBe(0);
      // Behind the end of the file a mapping shows zeros, never another file's bytes.
      expect(mapped.subarray(file.size).every((byte) => byte === 0)).toBe(true);
      mm.exit();
    }
  });
});

describe('a trace and a tree that do not fit', () => {
  const header = 'pid,epoch,path,offset,access,count\n';
  const run = async (line: string): Promise<void> => {
    const image = await buildImage(
      treeFrom({
        'usr/bin/prog': 'x'.repeat(5000),
        bin: { type: 'symlink', target: 'usr/bin' },
        'usr/lib': { type: 'dir' },
      }),
    );
    const machine = createMachine({ image: image.toBytes(), name: 'image' });
    replay(machine, parseTrace(new TextEncoder().encode(header + line), 't.csv'), () => undefined);
  };

  it.each([
    [
      '1,0,/usr/bin/none,0,r,1',
      'ENOENT',
      't.csv:2: image: /usr/bin/none: no such file or directory',
    ],
    [
      '1,0,/usr/bin/prog,8192,r,1',
      'EINVAL',
      't.csv:2: /usr/bin/prog: page 2 is touched, but the file has 2: was the trace made with another tree?',
    ],
    ['1,0,/usr/lib,0,r,1', 'EISDIR', 't.csv:2: image: /usr/lib: is a dir, expected a regular file'],
  ])('%s is refused', async (line, code, message) => {
    const failure = await run(line).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AxfsError);
    expect(failure).toMatchObject({ code, message });
  });

  it('a path through a symlinked directory is the file itself', async () => {
    await expect(run('1,0,/bin/prog,4096,x,1')).resolves.toBeUndefined();
  });
});

describe('profileFromTrace', () => {
  it('takes pages touched and never written, under their real paths, counts summed', async () => {
    const image = await buildImage(
      treeFrom({
        'usr/bin/prog': 'x'.repeat(3 * PAGE_SIZE),
        bin: { type: 'symlink', target: 'usr/bin' },
      }),
    );
    const { volume } = createMachine({ image: image.toBytes() }).mount;
    const text =
      'pid,epoch,path,offset,access,count\n' +
      '1,0,/bin/prog,8192,rx,5\n1,0,/usr/bin/prog,0,r,2\n1,1,/bin/prog,4096,rw,2\n2,0,/usr/bin/prog,8192,x,3\n';
    const profile = profileFromTrace(parseTrace(new TextEncoder().encode(text), 't'), volume);
    expect(profile.entries.map(({ path, offset, count }) => [path, offset, count])).toEqual([
      ['usr/bin/prog', 0, 2],
      ['usr/bin/prog', 8192, 8],
    ]);
    expect(profile.pages.get(fromText('usr/bin/prog'))).toEqual(new Set([0, 2]));
  });
});

describe('addresses beyond 2^32', () => {
  it('a device and a mapping high up serve the same bytes', async () => {
    const content = new Uint8Array(2 * PAGE_SIZE).map((_, i) => i % 251);
    const image = await buildImage(treeFrom({ f: { content } }), { xip: { kind: 'all' } });
    const { KERNELS } = await import('../../src/mm/kernel.ts');
    const { physAddr } = await import('../../src/base/units.ts');
    const machine = createMachine({
      image: image.toBytes(),
      kernel: KERNELS['6.1-x86'],
      flashPhys: physAddr(2 ** 40),
    });
    const file = machine.mount.open('f');
    const mm = machine.spawn();
    const base = mm.mmap({ length: file.size, prot: PROT_READ, flags: MAP_PRIVATE, file });
    expect(base).toBeGreaterThan(2 ** 32);
    expect(machine.mount.xipPfn).toBeGreaterThan(2 ** 28);
    expect(mm.touch(virtAddr(base + PAGE_SIZE), 'read')).toBe(1);
    expect(Buffer.compare(mm.readMemory(base, file.size), content)).toBe(0);
    expect(mm.fileRss + mm.anonRss).toBe(0);
  });
});
