import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { physAddr } from '../../../src/base/units.ts';
import { noBusWork } from '../../../src/mtd/bus.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { MappedDevice } from '../../../src/mtd/mapped-device.ts';
import { MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { ASYNC_BUS, BURST_BUS, CONTROLLER, SERIAL_BUS } from './device-kinds.ts';
import { HELD, SIZE, cell, broken, build, cells, info, make } from './mapped-chip.ts';

describe('construction', () => {
  test.each([SIZE - 1, SIZE + 1])('%d cells are not those of the device', (size) => {
    expect(() => build(new MemoryCells(memoryContents(new Uint8Array(size))))).toThrow(
      new AxfsError('EINVAL', `chip: cells of ${String(size)} bytes, expected 16384`),
    );
  });

  test.each([1, 2048, 0x3400_0800, 0x1_0000_0001])('physical address %d is refused', (phys) => {
    expect(() =>
      build(new MemoryCells(memoryContents(new Uint8Array(SIZE))), BURST_BUS, {
        phys: physAddr(phys),
      }),
    ).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: physical address 0x${phys.toString(16)} is not a multiple of 4096`,
      ),
    );
  });

  test('no sink is needed', () => {
    const device = new MappedDevice(
      info,
      BURST_BUS,
      new MemoryCells(memoryContents(cells(0, SIZE))),
      {
        phys: physAddr(0),
      },
    );
    const into = new Uint8Array(3);
    expect(device.read(1, into)).toBe('ok');
    expect(into).toEqual(cells(1, 3));
  });
});

describe('read', () => {
  test.each([
    { what: 'from the start', from: 0, length: 100, busBytes: 100 },
    { what: 'in the middle, unaligned', from: 4001, length: 333, busBytes: 334 },
    { what: 'the last byte held', from: HELD - 1, length: 1, busBytes: 2 },
    { what: 'across the end of the contents', from: HELD - 10, length: 30, busBytes: 30 },
    { what: 'the last byte of the device', from: SIZE - 1, length: 1, busBytes: 2 },
    { what: 'everything', from: 0, length: SIZE, busBytes: SIZE },
  ])('$what: one burst of whole words', ({ from, length, busBytes }) => {
    const { device, events } = make();
    const into = new Uint8Array(length).fill(0xa5);
    expect(device.read(from, into)).toBe('ok');
    expect(into).toEqual(cells(from, length));
    const bus = { ...noBusWork(), opens: 1, busBytes };
    expect(events).toEqual([{ type: 'mtd_read', device: 'first', bytes: length, ...bus }]);
    expect(device.counters).toEqual({
      readOperations: 1,
      readBytes: length,
      mappedReads: 0,
      mappedBytes: 0,
      mappedLines: 0,
      filledLines: 0,
      bus,
      programs: 0,
      programmedBytes: 0,
      erases: 0,
      flippedBits: 0,
    });
  });

  test('of nothing: a call, but no work', () => {
    const { device } = make();
    device.read(SIZE, new Uint8Array(0));
    expect(device.counters).toMatchObject({ readOperations: 1, bus: noBusWork() });
  });

  test('a medium that fails is neither counted nor hidden', () => {
    const { device, events } = make({
      size: 100,
      view: () => {
        throw new AxfsError('EIO', 'image.axfs: read error');
      },
    });
    expect(() => device.read(0, new Uint8Array(4))).toThrow(
      new AxfsError('EIO', 'image.axfs: read error'),
    );
    expect(() => device.point(0, 100).copyFrom(0, 4)).toThrow(/read error/);
    expect(events).toEqual([]);
    expect(device.counters).toMatchObject({ readOperations: 0, mappedReads: 0 });
  });

  test('events say which device of a mount it is', () => {
    const { device, events } = build(new MemoryCells(memoryContents(cells(0, SIZE))), BURST_BUS, {
      device: 'second',
    });
    device.read(0, new Uint8Array(1));
    device.point(0, 64).fillLines(0, 1);
    device.erase(0, 4096);
    expect(events.map((event) => 'device' in event && event.device)).toEqual([
      'second',
      'second',
      'second',
    ]);
  });
});

describe('programming', () => {
  test('counts the buffers that it touches', () => {
    const { device, events } = make();
    device.write(8192 + 62, new Uint8Array(68));
    expect(events).toEqual([{ type: 'mtd_program', device: 'first', programs: 3, bytes: 68 }]);
    expect(device.counters).toMatchObject({ programs: 3, programmedBytes: 68 });
  });

  test('a bit that only an erase sets is named, and nothing is changed', () => {
    const { device, events } = make();
    const bytes = cells(100, 10);
    bytes[7] = 0xff;
    expect(() => {
      device.write(100, bytes);
    }).toThrow(
      new AxfsError(
        'EIO',
        'chip: write of 10 bytes at 100: byte 107 holds 0x6b, and only an erase makes it 0xff',
      ),
    );
    expect(events).toEqual([]);
    expect(device.point(0, 200).bytes(100, 10)).toEqual(cells(100, 10));
  });

  test('when it fails, what was programmed by then stays, and nothing is counted', () => {
    const { device, events } = broken({ programFails: [8192 + 130] });
    expect(() => {
      device.write(8192, new Uint8Array(200));
    }).toThrow(/^cells: program at 8320$/);
    expect(device.point(0, SIZE).bytes(8192 + 127, 2)).toEqual(Uint8Array.of(0, 255));
    expect(events).toEqual([]);
    expect(device.counters.programs).toBe(0);
  });

  test('when an erase fails, nothing is counted', () => {
    const { device, events } = broken({ eraseFails: [4096] });
    expect(() => {
      device.erase(0, 8192);
    }).toThrow(new AxfsError('EIO', 'cells: erase at 4096'));
    expect(events).toEqual([]);
    expect(device.counters.erases).toBe(0);
  });

  test('takes a serial bus out of continuous mode, and a controller from what it holds', () => {
    for (const change of ['write', 'erase'] as const) {
      const { device } = build(new MemoryCells(memoryContents(new Uint8Array(SIZE))), SERIAL_BUS, {
        controller: CONTROLLER,
      });
      const window = device.point(0, SIZE);
      window.fillLines(0, 2);
      if (change === 'write') device.write(4096, new Uint8Array(2));
      else device.erase(4096, 4096);
      window.fillLines(0, 2);
      expect(device.counters.bus).toMatchObject({ opens: 2, resumes: 0, bufferHits: 2 });
      expect(window.bytes(4096, 1)).toEqual(Uint8Array.of(change === 'write' ? 0 : 255));
    }
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
    const { device } = build(new MemoryCells(memoryContents(cells(0, SIZE))), BURST_BUS, {
      phys: physAddr(phys),
    });
    const window = device.point(from, 100);
    expect(window.phys).toBe(expected);
    expect(window.bytes(0, 100)).toEqual(cells(from, 100));
  });

  test.each([1, 4095, 4097])('at %d: windows start at a page', (from) => {
    expect(() => make().device.point(from, 10)).toThrow(
      new AxfsError('EINVAL', `chip: point at ${String(from)}, expected a multiple of 4096`),
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
  });

  test.each([
    { offset: 0, length: 1, lines: 1 },
    { offset: 0, length: 32, lines: 1 },
    { offset: 0, length: 33, lines: 2 },
    { offset: 31, length: 2, lines: 2 },
    { offset: 16, length: 32, lines: 2 },
    { offset: 30, length: 36, lines: 3 },
    { offset: 0, length: 4096, lines: 128 },
    { offset: 1, length: 4096, lines: 129 },
  ])('copying $length bytes from $offset fetches $lines lines of 32 bytes', (row) => {
    const { device, events } = make();
    const window = device.point(4096, 8192);
    expect(window.copyFrom(row.offset, row.length)).toEqual(cells(4096 + row.offset, row.length));
    const bus = { ...noBusWork(), opens: row.lines, busBytes: 32 * row.lines };
    const event = { type: 'mapped_read', device: 'first', bytes: row.length, lines: row.lines };
    expect(events).toEqual([{ ...event, ...bus }]);
    window.countRead(row.offset, row.length);
    expect(events).toEqual([
      { ...event, ...bus },
      { ...event, ...bus },
    ]);
    expect(device.counters).toMatchObject({
      mappedReads: 2,
      mappedBytes: 2 * row.length,
      mappedLines: 2 * row.lines,
    });
  });

  test.each([
    { what: 'asynchronous', bus: ASYNC_BUS, work: { opens: 64, busBytes: 128 } },
    { what: 'burst', bus: BURST_BUS, work: { opens: 4, busBytes: 128 } },
    { what: 'serial', bus: SERIAL_BUS, work: { opens: 1, resumes: 3, busBytes: 128 } },
    {
      what: 'behind a controller with lines of 64 bytes',
      bus: SERIAL_BUS,
      controller: { ...CONTROLLER, prefetchLines: 0 },
      work: { opens: 1, resumes: 1, busBytes: 128, bufferHits: 2 },
    },
    {
      what: 'behind a controller whose bursts go on',
      bus: SERIAL_BUS,
      controller: CONTROLLER,
      work: { opens: 1, busBytes: 128, bufferHits: 2 },
    },
  ])('filling four lines, $what', ({ bus, controller, work }) => {
    const { device, events } = build(
      new MemoryCells(memoryContents(cells(0, SIZE))),
      bus,
      controller === undefined ? {} : { controller },
    );
    expect(device.point(4096, 8192).fillLines(64, 4)).toBe(0);
    expect(events).toEqual([
      { type: 'line_fill', device: 'first', lines: 4, ...noBusWork(), ...work },
    ]);
    expect(device.counters).toMatchObject({ filledLines: 4, mappedReads: 0 });
  });

  test('a read between two fills ends the burst of the controller', () => {
    const { device } = build(new MemoryCells(memoryContents(cells(0, SIZE))), SERIAL_BUS, {
      controller: { ...CONTROLLER, ways: 0 },
    });
    const window = device.point(0, SIZE);
    window.fillLines(0, 2);
    device.read(0, new Uint8Array(1));
    window.fillLines(64, 2);
    // 64 bytes, twice each without a cache: the second half of a line is a burst of its own.
    expect(device.counters.bus).toMatchObject({ opens: 1, resumes: 4, bufferHits: 0 });
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

  test.each([
    [128, 1],
    [-32, 1],
    [0, 5],
    [16, 1],
  ])('filling from %d, %d lines: so is that', (offset, lines) => {
    const window = make().device.point(4096, 100);
    expect(() => window.fillLines(offset, lines)).toThrow(InvariantError);
    expect(window.fillLines(96, 1)).toBe(0);
  });

  test('a window of another device is not held', () => {
    const window = make().device.point(0, 4096);
    expect(() => {
      make().device.unpoint(window);
    }).toThrow(
      new AxfsError(
        'EINVAL',
        'chip: unpoint of a window that is not held: 4096 bytes at 0x34000000',
      ),
    );
  });
});
