import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { CONTROLLER, SERIAL_BUS } from './device-kinds.ts';
import { broken } from './mapped-chip.ts';

describe('cells that misbehave', () => {
  test('a read gives out flipped bits, and the device counts them', () => {
    const { device } = broken({ flips: [8 * 10, 8 * 11 + 7, 8 * 40] });
    const into = new Uint8Array(20);
    expect(device.read(10, into)).toBe('ok');
    expect([into[0], into[1], into[2]]).toEqual([10 ^ 1, 11 ^ 128, 12]);
    expect(device.counters.flippedBits).toBe(2);
  });

  test('a read that fails leaves `into` and the counters alone', () => {
    const { device, events } = broken({ readFails: [50], delayNanoseconds: 5 });
    const into = new Uint8Array(4).fill(0xa5);
    expect(() => device.read(48, into)).toThrow(new AxfsError('EIO', 'cells: read at 48'));
    expect(() => device.point(0, 100).copyFrom(0, 60)).toThrow(/^cells: read at 32$/);
    expect(() => device.point(0, 100).fillLines(32, 1)).toThrow(/^cells: read at 32$/);
    expect(into).toEqual(new Uint8Array(4).fill(0xa5));
    expect(events).toEqual([]);
    expect(device.counters).toMatchObject({ readOperations: 0, mappedReads: 0, filledLines: 0 });
  });

  test('delays are reported before what was delayed', () => {
    const { device, events } = broken({ delayNanoseconds: 7 });
    device.read(0, new Uint8Array(64));
    device.point(0, 100).fillLines(0, 3);
    expect(
      events.map((event) => (event.type === 'mtd_delay' ? event.nanoseconds : event.type)),
    ).toEqual([7, 'mtd_read', 21, 'line_fill']);
  });

  test('each line filled is a read of its own, and says how many bits are wrong', () => {
    const { device, reads } = broken({ flips: [8 * 33, 8 * 34, 8 * 70] });
    const window = device.point(0, 128);
    expect(window.fillLines(32, 1)).toBe(2);
    expect(window.fillLines(0, 1)).toBe(0);
    expect(window.fillLines(0, 3)).toBe(3);
    expect(device.counters.flippedBits).toBe(5);
    expect(reads.map(({ offset }) => offset)).toEqual([32, 0, 0, 32, 64]);
  });

  test('a copy counts the wrong bits it gives out, not those beside it in the line', () => {
    const { device } = broken({ flips: [8 * 33, 8 * 34] });
    const bytes = device.point(0, 128).copyFrom(34, 3);
    expect(bytes).toEqual(Uint8Array.of(34 ^ 1, 35, 36));
    expect(device.counters.flippedBits).toBe(1);
  });

  test('loads get what the cells do this time, and count wrong bits alone', () => {
    const { device, events } = broken({ flips: [8 * 33, 8 * 34], delayNanoseconds: 5 });
    expect(device.point(0, 128).load(34, 3)).toEqual(Uint8Array.of(34 ^ 1, 35, 36));
    expect(events).toEqual([]);
    expect(device.counters).toMatchObject({ flippedBits: 1, mappedReads: 0, filledLines: 0 });
    expect(() =>
      broken({ readFails: [33] })
        .device.point(0, 128)
        .load(32, 1),
    ).toThrow(new AxfsError('EIO', 'cells: read at 32'));
  });

  test('what is mapped shows what lasts, not what a read flips', () => {
    const { device } = broken({ flips: [8 * 10] });
    expect(device.point(0, 64).bytes(10, 1)).toEqual(Uint8Array.of(10));
  });

  test('a line that the controller holds is served as it was fetched, without a read', () => {
    const { device, reads } = broken({ flips: [8 * 70] }, SERIAL_BUS, { controller: CONTROLLER });
    const window = device.point(0, 4096);
    expect(window.fillLines(64, 1)).toBe(1);
    expect(window.fillLines(64, 2)).toBe(1);
    expect(window.copyFrom(70, 1)).toEqual(Uint8Array.of(70 ^ 1));
    expect(window.fillLines(0, 1)).toBe(0);
    expect(window.fillLines(0, 1)).toBe(0);
    expect(reads).toEqual([
      { offset: 64, length: 64 },
      { offset: 0, length: 64 },
    ]);
    device.erase(12288, 4096);
    window.fillLines(64, 1);
    expect(reads).toHaveLength(3);
  });
});
