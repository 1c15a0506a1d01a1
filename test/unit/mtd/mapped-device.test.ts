import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import type { SimEvent } from '../../../src/base/events.ts';
import { physAddr } from '../../../src/base/units.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdInfo } from '../../../src/mtd/device.ts';
import { MappedDevice } from '../../../src/mtd/mapped-device.ts';

const SIZE = 16384;
const HELD = 5000;
/** 251 is prime: no offset looks like another a power of two away. */
const cell = (offset: number): number => (offset < HELD ? offset % 251 : 0xff);
const cells = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => cell(from + i));

const info: MtdInfo = {
  name: 'chip',
  type: 'nor',
  size: SIZE,
  erasesize: 4096,
  writesize: 2,
  eraseRegions: [{ offset: 0, erasesize: 4096, blocks: 4 }],
};

const make = (
  contents: FlashContents = memoryContents(cells(0, HELD)),
): { device: MappedDevice; events: SimEvent[] } => {
  const events: SimEvent[] = [];
  // Events are reused objects: a sink that keeps one copies it.
  const device = new MappedDevice(info, contents, {
    phys: physAddr(0x3400_0000),
    sink: (event) => events.push({ ...event }),
  });
  return { device, events };
};

describe('construction', () => {
  test('contents may fill the device, but not exceed it', () => {
    const attach = (bytes: number): MappedDevice =>
      new MappedDevice(info, memoryContents(new Uint8Array(bytes)), { phys: physAddr(0) });
    expect(attach(SIZE).info).toBe(info);
    expect(() => attach(SIZE + 1)).toThrow(
      new AxfsError('EFBIG', 'chip: contents of 16385 bytes do not fit in 16384 bytes'),
    );
  });

  test.each([1, 2048, 0x3400_0800, 0x1_0000_0001])('physical address %d is refused', (phys) => {
    expect(
      () => new MappedDevice(info, memoryContents(new Uint8Array(0)), { phys: physAddr(phys) }),
    ).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: physical address 0x${phys.toString(16)} is not a multiple of 4096`,
      ),
    );
  });
});

describe('read', () => {
  test.each([
    { what: 'from the start', from: 0, length: 100 },
    { what: 'in the middle, unaligned', from: 4001, length: 333 },
    { what: 'the last byte held', from: HELD - 1, length: 1 },
    { what: 'across the end of the contents: erased cells are 0xFF', from: HELD - 10, length: 30 },
    { what: 'erased cells only', from: HELD, length: 64 },
    { what: 'the last byte of the device', from: SIZE - 1, length: 1 },
    { what: 'everything', from: 0, length: SIZE },
    { what: 'nothing', from: 7, length: 0 },
    { what: 'nothing at the very end', from: SIZE, length: 0 },
  ])('$what', ({ from, length }) => {
    const { device, events } = make();
    const into = new Uint8Array(length).fill(0xa5);
    device.read(from, into);
    expect(into).toEqual(cells(from, length));
    expect(events).toEqual([{ type: 'mtd_read', bytes: length }]);
    expect(device.counters).toEqual({
      readOperations: 1,
      readBytes: length,
      mappedReads: 0,
      mappedBytes: 0,
      mappedLines: 0,
    });
  });

  test.each([
    [SIZE, 1],
    [SIZE - 1, 2],
    [0, SIZE + 1],
    [-1, 1],
    [2 ** 40, 1],
    [NaN, 1],
  ])('at %d, %d bytes: outside the device, counted nowhere', (from, length) => {
    const { device, events } = make();
    const into = new Uint8Array(length).fill(0xa5);
    expect(() => {
      device.read(from, into);
    }).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: read of ${String(length)} bytes at ${String(from)} is outside the 16384 bytes of the device`,
      ),
    );
    expect(into.every((byte) => byte === 0xa5)).toBe(true);
    expect(events).toEqual([]);
    expect(device.counters.readOperations).toBe(0);
  });

  test('a medium that fails is neither counted nor hidden', () => {
    const broken: FlashContents = {
      size: 100,
      view: () => {
        throw new AxfsError('EIO', 'image.axfs: read error');
      },
    };
    const { device, events } = make(broken);
    expect(() => {
      device.read(0, new Uint8Array(4));
    }).toThrow(new AxfsError('EIO', 'image.axfs: read error'));
    expect(() => device.point(0, 100).copyFrom(0, 4)).toThrow(/read error/);
    expect(events).toEqual([]);
    expect(device.counters).toMatchObject({ readOperations: 0, mappedReads: 0 });
  });
});

describe('counters', () => {
  test('never reset; a reading stays as it was', () => {
    const { device } = make();
    device.read(0, new Uint8Array(10));
    const before = device.counters;
    device.read(0, new Uint8Array(7));
    device.point(0, 100).copyFrom(0, 40);
    expect(before).toMatchObject({ readOperations: 1, readBytes: 10, mappedReads: 0 });
    expect(device.counters).toEqual({
      readOperations: 2,
      readBytes: 17,
      mappedReads: 1,
      mappedBytes: 40,
      mappedLines: 2,
    });
  });

  test('devices count apart', () => {
    const [one, other] = [make().device, make().device];
    one.read(0, new Uint8Array(10));
    expect(other.counters.readBytes).toBe(0);
  });

  test('no sink is needed', () => {
    const device = new MappedDevice(info, memoryContents(cells(0, HELD)), { phys: physAddr(0) });
    const into = new Uint8Array(3);
    device.read(1, into);
    expect(into).toEqual(cells(1, 3));
  });
});

describe('point', () => {
  test.each([
    { phys: 0x3400_0000, from: 4096, expected: 0x3400_1000 },
    { phys: 0x8000_0000, from: 0, expected: 0x8000_0000 },
    { phys: 0xffff_f000, from: 8192, expected: 0x1_0000_1000 },
    { phys: 0x2_4000_0000, from: 4096, expected: 0x2_4000_1000 },
    { phys: 2 ** 47, from: 12288, expected: 2 ** 47 + 12288 },
  ])('device at $phys, offset $from', ({ phys, from, expected }) => {
    const device = new MappedDevice(info, memoryContents(cells(0, HELD)), {
      phys: physAddr(phys),
    });
    const window = device.point(from, 100);
    expect(window.phys).toBe(expected);
    expect(window.length).toBe(100);
    expect(window.bytes(0, 100)).toEqual(cells(from, 100));
  });

  test.each([1, 4095, 4097])('at %d: windows start at a page', (from) => {
    expect(() => make().device.point(from, 10)).toThrow(
      new AxfsError('EINVAL', `chip: point at ${String(from)}, expected a multiple of 4096`),
    );
  });

  test.each([
    [0, SIZE + 1],
    [4096, SIZE - 4095],
    [SIZE, 1],
    [-4096, 4096],
    [0, -1],
  ])('at %d, %d bytes: outside the device', (from, length) => {
    expect(() => make().device.point(from, length)).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: point of ${String(length)} bytes at ${String(from)} is outside the 16384 bytes of the device`,
      ),
    );
  });

  test('looking at bytes counts nothing and copies nothing', () => {
    const held = cells(0, HELD);
    const { device, events } = make(memoryContents(held));
    const window = device.point(0, SIZE);
    const seen = window.bytes(100, 50);
    held[100] = 0xee;
    expect(seen[0]).toBe(0xee);
    expect(window.bytes(HELD - 2, 4)).toEqual(
      Uint8Array.of(cell(HELD - 2), cell(HELD - 1), 255, 255),
    );
    expect(events).toEqual([]);
    expect(device.counters.mappedReads).toBe(0);
  });

  test.each([
    { offset: 0, length: 1, lines: 1 },
    { offset: 0, length: 32, lines: 1 },
    { offset: 0, length: 33, lines: 2 },
    { offset: 31, length: 1, lines: 1 },
    { offset: 31, length: 2, lines: 2 },
    { offset: 16, length: 32, lines: 2 },
    { offset: 30, length: 36, lines: 3 },
    { offset: 0, length: 4096, lines: 128 },
    { offset: 1, length: 4096, lines: 129 },
    { offset: 4095, length: 2, lines: 2 },
  ])('copying $length bytes from $offset touches $lines lines of 32 bytes', (row) => {
    const { device, events } = make();
    const window = device.point(4096, 8192);
    expect(window.copyFrom(row.offset, row.length)).toEqual(cells(4096 + row.offset, row.length));
    const expected = { type: 'mapped_read', bytes: row.length, lines: row.lines };
    expect(events).toEqual([expected]);
    window.countRead(row.offset, row.length);
    expect(events).toEqual([expected, expected]);
    expect(device.counters).toEqual({
      readOperations: 0,
      readBytes: 0,
      mappedReads: 2,
      mappedBytes: 2 * row.length,
      mappedLines: 2 * row.lines,
    });
  });

  test('copying nothing is no access', () => {
    const { device, events } = make();
    expect(device.point(0, 4096).copyFrom(33, 0)).toHaveLength(0);
    expect(events).toEqual([]);
    expect(device.counters.mappedReads).toBe(0);
  });

  test.each([
    [0, 101],
    [100, 1],
    [-1, 1],
    [2 ** 33, 1],
  ])('an access at %d of %d bytes leaves the window: a bug of the caller', (offset, count) => {
    const { device, events } = make();
    const window = device.point(4096, 100);
    const rule = `access stays in its window: ${String(count)} bytes at ${String(offset)} of 100`;
    expect(() => window.bytes(offset, count)).toThrow(new InvariantError(rule));
    expect(() => window.copyFrom(offset, count)).toThrow(new InvariantError(rule));
    expect(() => {
      window.countRead(offset, count);
    }).toThrow(new InvariantError(rule));
    expect(events).toEqual([]);
  });
});

describe('unpoint', () => {
  test('gives back each window once; equal windows are two', () => {
    const { device } = make();
    const first = device.point(0, 4096);
    const second = device.point(0, 4096);
    device.unpoint(first);
    expect(() => {
      device.unpoint(first);
    }).toThrow(new AxfsError('EINVAL', 'chip: unpoint of a window that is not held'));
    expect(second.bytes(0, 4)).toEqual(cells(0, 4));
    device.unpoint(second);
  });

  test('a window of another device is refused', () => {
    const window = make().device.point(0, 4096);
    expect(() => {
      make().device.unpoint(window);
    }).toThrow(/^chip: unpoint of a window that is not held$/);
  });
});
