import { beforeAll, describe, expect, test } from 'vitest';
import { AxfsError } from '../../src/base/errno.ts';
import { physAddr } from '../../src/base/units.ts';
import { LedgerSink } from '../../src/cost/ledger.ts';
import { AxfsMount } from '../../src/fs/mount.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import { KERNELS } from '../../src/mm/kernel.ts';
import { Memory } from '../../src/mm/memory.ts';
import { pfn } from '../../src/base/units.ts';
import { MAP_PRIVATE, PROT_READ } from '../../src/mm/vmflags.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createDevice, mtdInfoOf } from '../../src/mtd/create-device.ts';
import { FaultyCells } from '../../src/mtd/faults/faulty-cells.ts';
import type { FlashFault } from '../../src/mtd/faults/kinds.ts';
import { partNamed } from '../../src/mtd/parts.ts';
import { createShadow } from '../../src/mtd/shadow.ts';
import { createMachine } from '../../src/sim/machine.ts';
import type { Machine, MachineOptions } from '../../src/sim/machine.ts';
import { replay } from '../../src/sim/replay.ts';
import type { ReplayResult } from '../../src/sim/replay.ts';
import { parseTrace } from '../../src/workload/trace.ts';
import { Patch } from '../unit/fs/patch.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';

const PAGE = 4096;
const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  // Pages 0 and 1 in place, page 2 compressed.
  ['prog', textBytes(3 * PAGE)],
  // One page in place, a byte-aligned tail.
  ['noise', noiseBytes(PAGE + 1000)],
  // Compressed, over several pages of a NAND.
  ['text', textBytes(20 * PAGE)],
]);
const SELECTED = new Map([
  ['prog', new Set([0, 1])],
  ['noise', new Set([0])],
]);

let whole: Uint8Array;
let split: { readonly head: Uint8Array; readonly tail: Uint8Array; readonly whole: Uint8Array };

beforeAll(async () => {
  const tree = treeFrom(
    Object.fromEntries(Array.from(FILES, ([name, content]) => [name, { content }])),
  );
  const xip = {
    kind: 'profile',
    profile: {
      entries: Array.from(SELECTED, ([path, pages]) =>
        [...pages].map((page) => ({ path, offset: page * PAGE, count: 1 })),
      ).flat(),
      pages: SELECTED,
    },
  } as unknown as NonNullable<Parameters<typeof buildImage>[1]>['xip'];
  const build = async (splitting: boolean): ReturnType<typeof buildImage> =>
    buildImage(tree, { ...(xip === undefined ? {} : { xip }), features: { split: splitting } });
  whole = (await build(false)).toBytes();
  const built = await build(true);
  const bytes = built.toBytes();
  expect(built.mmapSize).toBeLessThan(built.size);
  split = { head: bytes.slice(0, built.mmapSize), tail: bytes.slice(built.mmapSize), whole: bytes };
});

/** Every byte, by read() and through a mapping. */
function expectRight(machine: Machine): void {
  const { mount } = machine;
  for (const [path, expected] of FILES) {
    const file = mount.open(path);
    const read = new Uint8Array(expected.length);
    expect(file.read(0, read)).toBe(expected.length);
    expect(Buffer.compare(read, expected)).toBe(0);
    const mm = machine.spawn();
    const base = mm.mmap({ length: expected.length, prot: PROT_READ, flags: MAP_PRIVATE, file });
    expect(Buffer.compare(mm.readMemory(base, expected.length), expected)).toBe(0);
    mm.exit();
  }
}

const machineOf = (
  options: Omit<MachineOptions, 'sink'>,
): { machine: Machine; counted: LedgerSink } => {
  const counted = new LedgerSink();
  return { machine: createMachine({ ...options, sink: counted.sink }), counted };
};

const XIP_PAGES = 3;

describe('an image that wants its bytes mapped', () => {
  test.each([
    'p30',
    'p30-async',
    'm18',
    'qspi-133',
    'octal-200',
    'hyperflash-166',
    'rp2040',
    'sdr-133',
  ])('on %s, by physical address and as an MTD: in place from the window', (name) => {
    for (const access of ['physical', 'mtd'] as const) {
      const { machine, counted } = machineOf({ image: whole, part: partNamed(name), access });
      expect(machine.mount.xipPfn).toBeDefined();
      // Two cblock buffers, nothing else.
      expect(machine.memory.frames.usage.byUse.metadata).toBe(2);
      expectRight(machine);
      expect(counted.read().faults.raw_pfn).toBe(XIP_PAGES);
      // A physical mount never reads the device as an MTD.
      expect(counted.read().mtdReads.operations).toBe(access === 'physical' ? 0 : 1);
    }
  });

  test.each(['slc-onfi', 'emmc-hs400'])('on %s is refused as an MTD', (name) => {
    const mount = (): unknown =>
      machineOf({ image: whole, part: partNamed(name), access: 'mtd', name: 'root' });
    expect(mount).toThrow(AxfsError);
    expect(mount).toThrow(
      new RegExp(
        `^root: device ${name} has no mapped window, and mmap_size is [0-9]+, expected 0 there; mounted as a block device, what has to be mapped is copied to RAM$`,
      ),
    );
  });

  test('by physical address needs one', () => {
    expect(() =>
      machineOf({ image: whole, part: partNamed('slc-onfi'), access: 'physical', name: 'root' }),
    ).toThrow('root: device slc-onfi has no physical address; mount it as mtd or block');
  });

  test.each(['p30', 'slc-onfi', 'emmc-hs400'])(
    'on %s as a block device: the XIP region and all tables are copied to RAM, and have struct pages',
    (name) => {
      const { machine, counted } = machineOf({
        image: whole,
        part: partNamed(name),
        access: 'block',
      });
      expect(machine.mount.xipPfn).toBeUndefined();
      const { regions } = machine.mount.volume.image;
      const copied = Object.values(regions).filter(({ place }) => place === 'ram');
      expect(copied.map(({ name: region }) => region)).toContain('xip');
      expect(machine.memory.frames.usage.byUse.metadata).toBe(
        copied.reduce((sum, { size }) => sum + Math.ceil(size / PAGE), 2),
      );
      // The time of the copy is charged: all of it came over the bus.
      expect(counted.read().mtdReads.bytes).toBeGreaterThan(XIP_PAGES * PAGE);
      expect(counted.read().bus.first.busBytes).toBeGreaterThanOrEqual(XIP_PAGES * PAGE);
      expectRight(machine);
      const file = machine.mount.open('prog');
      const mm = machine.spawn();
      const base = mm.mmap({ length: PAGE, prot: PROT_READ, flags: MAP_PRIVATE, file });
      mm.touch(base, 'read');
      const frame = machine.mount.xipFrame(0);
      expect(machine.memory.physical.pfnValid(frame)).toBe(true);
      mm.exit();
    },
  );
});

test('an image with mmap_size 0 mounts on a NAND as an MTD: what needs an address is copied', () => {
  const image = new Patch(whole).set('mmap_size', 0).bytes;
  const { machine } = machineOf({ image, part: partNamed('slc-onfi'), access: 'mtd' });
  expect(machine.mount.xipPfn).toBeUndefined();
  expectRight(machine);
});

test('NAND behind a copy in RAM is pointed', () => {
  const counted = new LedgerSink();
  const nand = createDevice(partNamed('slc-onfi'), {
    contents: memoryContents(whole),
    sink: counted.sink,
  });
  const shadow = createShadow(nand, { phys: physAddr(0x40000000), bytes: whole.length });
  expect(shadow.ramBytes).toBe(whole.length);
  expect(counted.read().bus.first.arrayLoads).toBe(Math.ceil(whole.length / 2048));
  const memory = new Memory({ kernel: KERNELS['4.9-arm'], firstPfn: pfn(0), ramPages: 256 });
  const mount = new AxfsMount(memory, shadow, { name: 'root', inflater: createPakoInflater() });
  expect(mount.xipPfn).toBe(0x40000000 / PAGE + mount.volume.image.regions.xip.windowOffset / PAGE);
});

describe('an image split over NOR and NAND', () => {
  test.each(['mtd', 'physical'] as const)(
    '%s: pages in place from NOR, the rest from NAND',
    (access) => {
      for (const image of [split.tail, split.whole]) {
        const { machine, counted } = machineOf({
          image: split.head,
          part: partNamed('p30'),
          access,
          second: { part: partNamed('slc-onfi'), image },
        });
        expectRight(machine);
        const { bus, faults } = counted.read();
        expect(faults.raw_pfn).toBe(XIP_PAGES);
        expect(bus.first.arrayLoads).toBe(0);
        expect(bus.second.arrayLoads).toBeGreaterThan(0);
        expect(machine.second?.counters.readBytes).toBeGreaterThan(1000);
      }
    },
  );

  test('a second device beside a block device is refused', () => {
    expect(() =>
      machineOf({
        image: split.head,
        access: 'block',
        second: { part: partNamed('slc-onfi'), image: split.tail },
        name: 'root',
      }),
    ).toThrow(
      'root: a second device goes with an MTD or a physical address, not with a block device',
    );
  });
});

describe('damage', () => {
  /** A machine whose first device has these faults; each is given places in the image. */
  function damaged(
    part: string,
    faults: readonly FlashFault[],
    options: Partial<MachineOptions> = {},
  ) {
    let cells: FaultyCells | undefined;
    const made = machineOf({
      image: whole,
      part: partNamed(part),
      ...options,
      damage: (sound, device) => {
        if (device !== 'first') return sound;
        cells = new FaultyCells(sound, { seed: 1, faults }, mtdInfoOf(partNamed(part), sound.size));
        return cells;
      },
    });
    return { ...made, cells: () => cells };
  }

  const run = ({ machine, counted }: ReturnType<typeof damaged>, ...rows: string[]): ReplayResult =>
    replay(
      machine,
      parseTrace(
        new TextEncoder().encode(['pid,epoch,path,offset,access,count', ...rows].join('\n')),
        'boot.csv',
      ),
      counted.sink,
      { onSignal: 'kill' },
    );
  /** Offset in the image of the byte-aligned tail, and of the first byte of prog. */
  const placeOf = (region: 'xip' | 'byte_aligned' | 'compressed'): number =>
    machineOf({ image: whole }).machine.mount.volume.image.descriptors[region].fsoffset;

  /** Page 0 of prog: the files' pages are in the order of their names. */
  const progPage = (): number => placeOf('xip') + PAGE;

  test('a line that fails on the bus kills the task that runs it, and nobody else', () => {
    const board = damaged('p30', [{ kind: 'bus_error', offset: progPage() + 64, length: 1 }]);
    const { killed, processes } = run(
      board,
      '1,0,prog,0,x,2',
      '2,0,prog,0,x,9',
      '2,0,prog,4096,x,9',
      '1,1,prog,4096,x,9',
      '3,1,noise,0,r,5',
    );
    expect(killed.map(({ pid, error }) => [pid, error.message])).toEqual([
      [2, expect.stringMatching(/^boot\.csv:3: pid 2, prog page 0: SIGBUS: .*bus error/)],
    ]);
    expect(processes.map(({ pid }) => pid)).toEqual([1, 3]);
  });

  test('a failed read under a fault is SIGBUS; the next try is served', () => {
    const board = damaged('p30', [
      { kind: 'read_error', nth: 1, offset: placeOf('compressed'), length: 64 },
    ]);
    const { killed } = run(board, '1,0,prog,8192,r,1', '2,0,prog,8192,r,1');
    expect(killed.map(({ pid }) => pid)).toEqual([1]);
    expect(board.counted.read().fills.pages).toBe(1);
    expectRight(board.machine);
  });

  test('read() of a page that ECC gives up on is EIO, of the others the bytes', () => {
    const grave = Math.ceil(placeOf('compressed') / 2048) + 1;
    const board = damaged('slc-onfi', [{ kind: 'grave_page', page: grave, reads: 0 }]);
    const file = board.machine.mount.open('text');
    const expected = FILES.get('text') ?? new Uint8Array();
    const pages = Array.from({ length: 20 }, (_, i) => {
      const read = new Uint8Array(PAGE);
      try {
        file.read(i * PAGE, read);
      } catch (error) {
        expect((error as AxfsError).code).toBe('EIO');
        return 'EIO';
      }
      return Buffer.compare(read, expected.subarray(i * PAGE, (i + 1) * PAGE)) === 0
        ? 'right'
        : 'wrong';
    });
    expect(new Set(pages)).toEqual(new Set(['right', 'EIO']));
    expect(board.counted.read().ecc.failed).toBeGreaterThan(0);
    expect(board.machine.memory.frames.usage.byUse.page_cache).toBe(
      pages.filter((page) => page === 'right').length,
    );
  });

  test('flips that ECC puts right are counted and served', () => {
    const offset = placeOf('byte_aligned');
    const board = damaged('slc-onfi', [{ kind: 'cell', offset, bit: 3 }]);
    expectRight(board.machine);
    const { ecc, silentBits } = board.counted.read();
    expect(ecc.corrected).toBeGreaterThan(0);
    expect([ecc.failed, silentBits]).toEqual([0, 0]);
  });

  test('flips in a byte-aligned page of a NOR are served, and counted as silent', () => {
    const offset = placeOf('byte_aligned');
    const board = damaged('p30', [{ kind: 'cell', offset: offset + 7, bit: 0 }]);
    const noise = FILES.get('noise') ?? new Uint8Array();
    const read = new Uint8Array(noise.length);
    board.machine.mount.open('noise').read(0, read);
    expect(read[PAGE + 7]).toBe((noise[PAGE + 7] ?? 0) ^ 1);
    expect(board.counted.read().silentBits).toBe(1);
  });

  test('loads from a line that fails are SIGBUS, the rest of the page is there', () => {
    const board = damaged('p30', [{ kind: 'bus_error', offset: progPage() + 64, length: 1 }]);
    const { machine } = board;
    const file = machine.mount.open('prog');
    const mm = machine.spawn();
    const base = mm.mmap({ length: PAGE, prot: PROT_READ, flags: MAP_PRIVATE, file });
    expect(mm.readMemory(base, 64)).toEqual(FILES.get('prog')?.slice(0, 64));
    expect(() => mm.readMemory(base, 65)).toThrow(/^SIGBUS \(BUS_OBJERR\) at 0x/);
    mm.exit();
  });

  test('loads see flips of cells, and they are counted as silent', () => {
    const board = damaged('p30', [{ kind: 'cell', offset: progPage() + 9, bit: 1 }]);
    const { machine } = board;
    const mm = machine.spawn();
    const file = machine.mount.open('prog');
    const base = mm.mmap({ length: PAGE, prot: PROT_READ, flags: MAP_PRIVATE, file });
    const expected = (FILES.get('prog') ?? new Uint8Array()).slice(0, 32);
    expected[9] = (expected[9] ?? 0) ^ 2;
    expect(mm.readMemory(base, 32)).toEqual(expected);
    expect(board.counted.read().silentBits).toBe(1);
    mm.exit();
  });

  test('flips in a page run in place are counted at every fetch of their line', () => {
    const board = damaged('p30', [{ kind: 'cell', offset: progPage() + 33, bit: 2 }]);
    run(board, '1,0,prog,0,x,1', '1,1,prog,0,x,2', '1,2,prog,0,x,2');
    expect(board.counted.read().silentBits).toBe(2);
  });

  test('flips in a cblock are seen: EIO, and nothing silent', () => {
    const offset = placeOf('compressed') + 20;
    const board = damaged('p30', [{ kind: 'cell', offset, bit: 5 }]);
    const read = new Uint8Array(3 * PAGE);
    expect(() => board.machine.mount.open('prog').read(0, read)).toThrow(/does not expand/);
    expect(board.counted.read().silentBits).toBe(0);
  });

  test('a slow read costs what it takes', () => {
    const board = damaged('p30', [{ kind: 'slow_read', every: 1, nanoseconds: 1000 }], {
      access: 'block',
    });
    const { delays, mtdReads } = board.counted.read();
    expect(delays).toEqual({
      operations: mtdReads.operations,
      nanoseconds: 1000 * mtdReads.operations,
    });
  });
});
