import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { EventSink } from '../../../src/base/events.ts';
import { createBlockDevice } from '../../../src/mtd/block-device.ts';
import { concatDevices } from '../../../src/mtd/concat.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdDevice, MtdInfo } from '../../../src/mtd/device.ts';
import { MappedDevice } from '../../../src/mtd/mapped-device.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { NandDevice } from '../../../src/mtd/nand.ts';
import { createPartition } from '../../../src/mtd/partition.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { createShadow } from '../../../src/mtd/shadow.ts';
import { BURST_BUS, NAND_BUS, NAND_INFO, NOR_INFO, PHYS } from './device-kinds.ts';
import { createRecorder } from './recorder.ts';
import { scriptedCells } from './scripted-cells.ts';
import type { Script } from './scripted-cells.ts';

const pattern = (length: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i + seed) % 251);

const nor = (change: Partial<MtdInfo> = {}, sink?: EventSink): MappedDevice => {
  const info = { ...NOR_INFO, ...change };
  return new MappedDevice(
    info,
    BURST_BUS,
    new MemoryCells(memoryContents(pattern(info.size)), info.size),
    { phys: PHYS, ...(sink === undefined ? {} : { sink }) },
  );
};

const nand = (script: Script = {}, bad: readonly number[] = [], seed = 0): NandDevice => {
  const oob = new Uint8Array(256).fill(0xff);
  for (const block of bad) oob[64 * block] = 0;
  const cells = new MemoryCells(memoryContents(pattern(8192, seed)));
  return new NandDevice(NAND_INFO, NAND_BUS, scriptedCells(cells, script), {
    oob: new MemoryCells(memoryContents(oob)),
  });
};

const read = (device: MtdDevice, from: number, length: number): Uint8Array => {
  const into = new Uint8Array(length);
  device.read(from, into);
  return into;
};

describe('createShadow', () => {
  test('copies the device once and is pointed in RAM', () => {
    const source = nand();
    const { events, sink } = createRecorder();
    const shadow = createShadow(source, { phys: PHYS, sink });
    expect(shadow.source).toBe(source);
    expect(shadow.ramBytes).toBe(8192);
    expect(source.counters).toMatchObject({ readOperations: 4, readBytes: 8192 });
    expect(source.counters.bus.arrayLoads).toBe(16);
    expect(shadow.counters.readOperations).toBe(0);
    const window = shadow.point(4096, 4096);
    expect(window.copyFrom(0, 100)).toEqual(pattern(8192).subarray(4096, 4196));
    expect(events.map(({ type }) => type)).toEqual(['mapped_read']);
    expect(source.counters.readOperations).toBe(4);
    expect(shadow.info).toMatchObject({ name: 'nand-shadow', type: 'ram', flags: [], size: 8192 });
  });

  test('copies as much as is asked for', () => {
    const source = nand();
    const shadow = createShadow(source, { phys: PHYS, bytes: 3000 });
    expect(shadow.ramBytes).toBe(3000);
    expect(source.counters.readBytes).toBe(3000);
    expect(read(shadow, 0, 3000)).toEqual(pattern(3000));
  });

  test('goes past bad blocks', () => {
    const shadow = createShadow(nand({}, [1]), { phys: PHYS, bytes: 4096 });
    expect(read(shadow, 2048, 2048)).toEqual(pattern(8192).subarray(4096, 6144));
    expect(() => createShadow(nand({}, [1]), { phys: PHYS, bytes: 8192 })).toThrow(
      new AxfsError(
        'EINVAL',
        'nand: shadow of 8192 bytes, expected at most 6144, which the good blocks hold',
      ),
    );
  });

  test('says which blocks should be written anew, and fails where ECC does', () => {
    const worn = createShadow(nand({ flips: [8 * 5000, 8 * 5001] }), { phys: PHYS });
    expect(worn.scrub).toEqual([4096]);
    expect(read(worn, 5000, 2)).toEqual(pattern(8192).subarray(5000, 5002));
    expect(() => createShadow(nand({ flips: [0, 1, 2] }), { phys: PHYS })).toThrow(
      expect.objectContaining({ code: 'EBADMSG' }),
    );
  });

  test('memory that nobody has: ENOMEM', () => {
    const size = 2 ** 50;
    const huge = createRamDevice('huge', { size, view: (_at, length) => new Uint8Array(length) });
    expect(() => createShadow(huge, { phys: PHYS })).toThrow(
      expect.objectContaining({ code: 'ENOMEM' }),
    );
  });
});

describe('createBlockDevice', () => {
  const contents = memoryContents(pattern(8192));

  test.each([
    { from: 0, length: 1, opens: 1, busBytes: 512 },
    { from: 511, length: 2, opens: 1, busBytes: 1024 },
    { from: 1024, length: 4096, opens: 1, busBytes: 4096 },
  ])('$length bytes at $from are one request of $busBytes', ({ from, length, ...work }) => {
    const device = createBlockDevice('mmc', contents);
    expect(read(device, from, length)).toEqual(pattern(8192).subarray(from, from + length));
    expect(device.counters.bus).toMatchObject(work);
    expect(device.info).toMatchObject({ type: 'ram', erasesize: 4096, writesize: 1 });
  });

  test('requests have a longest length, and sectors theirs', () => {
    const device = createBlockDevice('mmc', contents, { sectorBytes: 1024, requestBytes: 2048 });
    read(device, 2000, 100);
    expect(device.counters.bus).toMatchObject({ opens: 2, busBytes: 2048 });
  });

  test('an image of odd length is one block', () => {
    expect(createBlockDevice('odd', memoryContents(pattern(1001))).info).toMatchObject({
      size: 1001,
      erasesize: 1001,
    });
  });
});

describe('createPartition', () => {
  test('reads and writes at its place', () => {
    const device = nor();
    const part = createPartition(device, { name: 'rootfs', offset: 1024, size: 2048 });
    expect(read(part, 10, 5)).toEqual(pattern(4096).subarray(1034, 1039));
    part.erase(0, 1024);
    part.write(0, Uint8Array.of(1, 2));
    expect(read(device, 1022, 4)).toEqual(Uint8Array.of(1022 % 251, 1023 % 251, 1, 2));
    expect(part.counters).toEqual(device.counters);
  });

  test('reaches to the end unless told', () => {
    expect(createPartition(nor(), { name: 'rest', offset: 3072 }).info.size).toBe(1024);
  });

  test.each([
    { offset: 4096 },
    { offset: -1, size: 2 },
    { offset: 0, size: 4097 },
    { offset: 0, size: 0 },
    { offset: NaN, size: 1 },
  ])('%j is outside the device', (range) => {
    expect(() => createPartition(nor(), { name: 'part', ...range })).toThrow(
      /^part: partition of .* is outside the 4096 bytes of nor$/,
    );
  });

  test('has the erase blocks of its range', () => {
    const device = nor({
      eraseRegions: [
        { offset: 0, erasesize: 256, blocks: 4 },
        { offset: 1024, erasesize: 1024, blocks: 3 },
      ],
    });
    const part = createPartition(device, { name: 'part', offset: 512, size: 1536 });
    expect(part.info.eraseRegions).toEqual([
      { offset: 0, erasesize: 256, blocks: 2 },
      { offset: 512, erasesize: 1024, blocks: 1 },
    ]);
    expect(createPartition(device, { name: 'low', offset: 0, size: 512 }).info.erasesize).toBe(256);
  });

  test.each([
    { offset: 0, size: 1000 },
    { offset: 1000, size: 1048 },
  ])('off the borders of blocks (%j) it is read-only', (range) => {
    const part = createPartition(nor(), { name: 'part', ...range });
    expect(part.info).toMatchObject({ flags: ['bit_writeable'], eraseRegions: [] });
    expect(() => {
      part.write(0, new Uint8Array(2));
    }).toThrow(new AxfsError('EROFS', 'part: write at 0: the device is read-only'));
  });

  test('failures say both places', () => {
    const part = createPartition(nor(), { name: 'part', offset: 1024 });
    expect(() => {
      part.write(4, Uint8Array.of(255, 255));
    }).toThrow(/^part at 4: nor: write of 2 bytes at 1028: byte 1028 holds 0x18, /);
    expect(() => part.read(3000, new Uint8Array(73))).toThrow(
      new AxfsError(
        'EINVAL',
        'part: read of 73 bytes at 3000 is outside the 3072 bytes of the device',
      ),
    );
  });

  test('has ECC statistics of its own reads and blocks', () => {
    const device = nand({ flips: [0, 8 * 2048, 8 * 4096, 8 * 4097, 8 * 4098] }, [0, 3]);
    const part = createPartition(device, { name: 'part', offset: 2048 });
    read(device, 0, 1);
    read(part, 0, 1);
    expect(part.eccStats).toEqual({ corrected: 1, failed: 0, badblocks: 1 });
    expect(device.eccStats).toEqual({ corrected: 2, failed: 0, badblocks: 2 });
    expect(() => part.read(2048, new Uint8Array(1))).toThrow(/^part at 2048: nand: read of 1 /);
    expect(part.eccStats.failed).toBe(1);
    part.blockMarkBad(2048);
    expect([part.eccStats.badblocks, device.eccStats.badblocks]).toEqual([2, 3]);
  });

  test('windows are those of the device, given back through the partition', () => {
    const device = nor({
      size: 16_384,
      erasesize: 4096,
      eraseRegions: [{ offset: 0, erasesize: 4096, blocks: 4 }],
    });
    const part = createPartition(device, { name: 'part', offset: 8192 });
    const window = part.point(4096, 100);
    expect(window.phys).toBe(PHYS + 12_288);
    expect(window.bytes(0, 100)).toEqual(pattern(16_384).subarray(12_288, 12_388));
    expect(() => {
      part.unpoint(device.point(0, 10));
    }).toThrow(/^part: unpoint of a window that is not held/);
    part.unpoint(window);
  });
});

describe('concatDevices', () => {
  test('reads, writes and erases across the border', () => {
    const [one, two] = [nor(), nor({ name: 'upper' })];
    const both = concatDevices('both', [one, two]);
    expect(read(both, 4090, 12)).toEqual(
      Uint8Array.of(...pattern(4096).subarray(4090), ...pattern(6)),
    );
    both.erase(3072, 2048);
    both.write(4094, Uint8Array.of(1, 2, 3, 4));
    expect(read(one, 4094, 2)).toEqual(Uint8Array.of(1, 2));
    expect(read(two, 0, 3)).toEqual(Uint8Array.of(3, 4, 255));
    expect(both.counters).toMatchObject({ readOperations: 4, programs: 2, erases: 2 });
  });

  test('joins regions of equal blocks', () => {
    const small = nor({ erasesize: 512, eraseRegions: [{ offset: 0, erasesize: 512, blocks: 8 }] });
    const { info } = concatDevices('three', [small, nor(), nor()]);
    expect(info.eraseRegions).toEqual([
      { offset: 0, erasesize: 512, blocks: 8 },
      { offset: 4096, erasesize: 1024, blocks: 8 },
    ]);
    expect(info).toMatchObject({ name: 'three', size: 12_288, erasesize: 1024 });
  });

  test('points inside one device', () => {
    const both = concatDevices('both', [nor(), nor()]);
    expect(both.canPoint).toBe(true);
    expect(both.point(4096, 64).bytes(0, 3)).toEqual(pattern(3));
    expect(() => both.point(0, 4097)).toThrow(
      new AxfsError('EOPNOTSUPP', 'both: point of 4097 bytes at 0 is on 2 devices, expected one'),
    );
    expect(concatDevices('nands', [nand(), nand()]).canPoint).toBe(false);
  });

  test('adds ECC statistics up, and answers EUCLEAN for any of them', () => {
    const both = concatDevices('both', [
      nand({ flips: [8 * 8190, 8 * 8191] }, [1]),
      nand({ flips: [0] }, [2, 3], 8),
    ]);
    const into = new Uint8Array(4);
    expect(both.read(8190, into)).toBe('EUCLEAN');
    expect(into).toEqual(Uint8Array.of(8190 % 251, 8191 % 251, 8, 9));
    expect(both.eccStats).toEqual({ corrected: 3, failed: 0, badblocks: 3 });
    expect([2048, 8192, 8192 + 4096].map((at) => both.blockIsBad(at))).toEqual([true, false, true]);
  });

  test('a read that fails behind a border gives nothing out', () => {
    const both = concatDevices('both', [nand(), nand({ flips: [0, 1, 2] })]);
    const into = new Uint8Array(4).fill(0xa5);
    expect(() => both.read(8190, into)).toThrow(/^both at 8192: nand: read of 2 bytes at 0: /);
    expect(into).toEqual(new Uint8Array(4).fill(0xa5));
  });

  test('can do what all can', () => {
    const both = concatDevices('both', [nor(), nor({ flags: ['bit_writeable'] })]);
    expect(both.info.flags).toEqual(['bit_writeable']);
    const scrub = { ...NAND_INFO, bitflipThreshold: 1 };
    const strict = new NandDevice(scrub, NAND_BUS, new MemoryCells(ERASED_CONTENTS, 8192));
    expect(concatDevices('nands', [nand(), strict]).info.bitflipThreshold).toBe(1);
  });

  test.each([
    ['type', { type: 'rom' }],
    ['writesize', { writesize: 4 }],
    ['oobsize', { oobsize: 8 }],
    ['subpageSize', { subpageSize: 1 }],
  ] as const)('devices that differ in %s are refused', (field, change) => {
    expect(() => concatDevices('both', [nor(), nor({ name: 'other', ...change })])).toThrow(
      new RegExp(`^both: ${field} of other is .*, expected .* as of nor$`),
    );
  });

  test('no devices are none', () => {
    expect(() => concatDevices('none', [])).toThrow(
      new AxfsError('EINVAL', 'none: no devices to concatenate, expected one or more'),
    );
  });
});
