import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../src/base/bytestring.ts';
import { PAGE_SIZE, virtAddr } from '../../src/base/units.ts';
import { LedgerSink } from '../../src/cost/ledger.ts';
import { AxfsError } from '../../src/base/errno.ts';
import { FAULT_ROUTES } from '../../src/fs/file.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import type { XipPolicy } from '../../src/mkfs/policy.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import type { TreeDirectory } from '../../src/mkfs/tree.ts';
import { assertMm } from '../../src/mm/check.ts';
import { formatMaps } from '../../src/mm/maps.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import { DESIGN_POLICIES, buildDesign } from '../../src/sim/designs.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { profileFromTrace } from '../../src/sim/profile.ts';
import { replay } from '../../src/sim/replay.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import type { Trace } from '../../src/workload/trace.ts';
import { demoTrace, demoTraceText, demoTree, testZlib } from '../support/demo.ts';
import { textBytes } from '../support/sample-data.ts';
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

describe('a replay', () => {
  const KIB = 1024;
  const parse = (...rows: readonly string[]): Trace =>
    parseTrace(
      new TextEncoder().encode(['pid,epoch,path,offset,access,count', ...rows].join('\n')),
      't.csv',
    );
  const FILES = {
    'usr/bin/prog': textBytes(4 * PAGE_SIZE),
    bin: { type: 'symlink', target: 'usr/bin' },
  } as const;
  const imageWith = async (xip: XipPolicy): Promise<Uint8Array> =>
    (await buildImage(treeFrom(FILES), { xip })).toBytes();
  /** Machine, ledger and the touches in order, of a replay that may fail. */
  function play(
    image: Uint8Array,
    trace: Trace,
    ramPages = 256,
  ): {
    machine: Machine;
    ledger: LedgerSink;
    touches: unknown[];
    failure: unknown;
    vmas: number[];
  } {
    const ledger = new LedgerSink();
    const touches: unknown[] = [];
    const vmas: number[] = [];
    const machine = createMachine({ image, ramPages, sink: ledger.sink });
    let failure: unknown;
    try {
      replay(
        machine,
        trace,
        (event) => {
          ledger.sink(event);
          if (event.type === 'page_touch') touches.push([event.memory, event.lines]);
        },
        {
          afterLine: (mms) => {
            for (const mm of mms) vmas.push(formatMaps(mm).split('\n').length - 1);
          },
        },
      );
    } catch (error) {
      failure = error;
    }
    return { machine, ledger, touches, failure, vmas };
  }

  it('maps a file once, whatever its paths in the trace', async () => {
    const { machine, ledger, vmas, failure } = play(
      await imageWith({ kind: 'none' }),
      parse(
        '1,0,/usr/bin/prog,0,r,1',
        '1,0,bin/prog,0,r,1',
        '1,0,/bin/prog,0,w,1',
        '1,0,usr/bin/prog,4096,r,1',
        '1,0,./bin/prog,4096,x,1',
        '1,1,bin/prog,4096,r,1',
      ),
    );
    expect(failure).toBeUndefined();
    // The process has exited after the last line.
    expect(vmas).toEqual([1, 1, 1, 1, 1]);
    const { faults } = ledger.read();
    expect([faults.file_major, faults.file_minor, faults.wp_file]).toEqual([2, 0, 1]);
    expect([...machine.mount.files]).toHaveLength(1);
  });

  it('takes what a line reads and then writes from where it was read', async () => {
    const rows = ['1,0,/bin/prog,0,rw,9', '1,0,/bin/prog,0,rw,8', '1,0,/bin/prog,4096,w,7'];
    const xip = play(await imageWith({ kind: 'all' }), parse(...rows, '1,0,/bin/prog,8192,rx,6'));
    expect(xip.touches).toEqual([
      ['flash', 9],
      // Copied by the line before.
      ['ram', 8],
      ['ram', 7],
      ['flash', 6],
    ]);
    expect(xip.ledger.read().touchedLines).toEqual({ flash: 15, ram: 15 });
    const none = play(await imageWith({ kind: 'none' }), parse(...rows));
    expect(none.touches).toEqual([
      ['ram', 9],
      ['ram', 8],
      ['ram', 7],
    ]);
  });

  const allGone = ({ machine }: { machine: Machine }): void => {
    const { frames } = machine.memory;
    expect(frames.usage.byUse).toMatchObject({ anon: 0, page_table: 0 });
    for (const file of machine.mount.files) expect(file.mappings).toBe(0);
    assertMm(machine.memory, [], (page) => machine.mount.references(page));
  };

  it('that runs out of RAM says ENOMEM and where; every process has exited', async () => {
    // Frames: zero page, two buffers, and 5 per process for its page tables; 4 are left.
    const rows = [0, 1, 2, 3].map((page) => `7,0,bin/prog,${String(page * 4 * KIB)},rw,2`);
    const trace = parse('# a comment', '3,0,bin/prog,0,r,1', ...rows, '3,1,bin/prog,0,r,1');
    const run = play(await imageWith({ kind: 'none' }), trace, 1 + 2 + 2 * 5 + 4);
    expect(run.failure).toBeInstanceOf(AxfsError);
    expect(run.failure).toMatchObject({
      code: 'ENOMEM',
      message: 't.csv:6: pid 7, bin/prog page 2: RAM of 17 pages is full, and nothing is reclaimed',
    });
    allGone(run);
  });

  it('that meets damage says EIO, where, and what; every process has exited', async () => {
    const image = await imageWith({ kind: 'none' });
    const volume = createMachine({ image }).mount.volume;
    const { descriptors, tables } = volume.image;
    // The last byte of the second cblock: its checksum. Node 0 is the symlink's.
    const at = descriptors.compressed.fsoffset + tables.cblock_offset.get(2) - 1;
    image[at] = (image[at] ?? 0) ^ 1;
    const run = play(
      image,
      parse(
        '3,0,bin/prog,0,r,1',
        '7,0,bin/prog,0,r,1',
        '7,0,bin/prog,4096,x,1',
        '3,1,bin/prog,0,r,1',
      ),
    );
    expect(run.failure).toBeInstanceOf(AxfsError);
    expect(run.failure).toMatchObject({
      code: 'EIO',
      message:
        't.csv:4: pid 7, bin/prog page 1: SIGBUS: image: node 2: cblock 1 does not expand: damaged zlib stream: incorrect data check',
    });
    allGone(run);
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
