import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { BusWork } from '../../../src/base/events.ts';
import { Bus, noBusWork } from '../../../src/mtd/bus.ts';
import { XipController } from '../../../src/mtd/xip-controller.ts';
import type { XipControllerShape } from '../../../src/mtd/xip-controller.ts';
import { CONTROLLER, SERIAL_BUS } from './device-kinds.ts';

const make = (change: Partial<XipControllerShape> = {}): XipController =>
  new XipController({ ...CONTROLLER, prefetchLines: 0, ...change }, new Bus(SERIAL_BUS));

/** Work of accesses to these lines, one after the other. */
const touch = (controller: XipController, ...lines: readonly number[]): BusWork => {
  const work = noBusWork();
  for (const line of lines)
    controller.access(work, line * controller.shape.lineBytes, controller.shape.lineBytes);
  return work;
};

describe('its cache', () => {
  test('a line is fetched once and then held', () => {
    const controller = make();
    expect(touch(controller, 0)).toEqual({ ...noBusWork(), opens: 1, busBytes: 64 });
    expect(touch(controller, 0)).toEqual({ ...noBusWork(), bufferHits: 1 });
    expect(controller.holds(0)).toBe(true);
    expect(controller.cacheBytes).toBe(256);
  });

  test('a CPU line of 32 bytes is a part of one line of 64, or four of 8', () => {
    const work = noBusWork();
    const wide = make();
    wide.access(work, 32, 32);
    wide.access(work, 64, 32);
    wide.access(work, 96, 32);
    expect(work).toMatchObject({ opens: 1, resumes: 1, busBytes: 128, bufferHits: 1 });
    const narrow = make({ lineBytes: 8, sets: 4 });
    const again = noBusWork();
    narrow.access(again, 0, 32);
    narrow.access(again, 16, 32);
    expect(again).toMatchObject({ opens: 1, resumes: 5, busBytes: 48, bufferHits: 2 });
  });

  test.each([
    // Lines 0, 2, 4 share a set of two ways.
    { policy: 'lru' as const, gone: 2, held: [0, 4] },
    { policy: 'fifo' as const, gone: 0, held: [2, 4] },
  ])('$policy: of 0, 2, 0, 4 in one set, $gone gives way', ({ policy, gone, held }) => {
    const controller = make({ policy });
    touch(controller, 0, 2, 0, 4);
    expect(controller.holds(gone)).toBe(false);
    for (const line of held) expect(controller.holds(line)).toBe(true);
  });

  test('changed cells make all of it stale', () => {
    const controller = make();
    touch(controller, 0, 1, 2);
    controller.invalidate();
    for (const line of [0, 1, 2]) expect(controller.holds(line)).toBe(false);
  });

  test('looking changes nothing', () => {
    const controller = make();
    touch(controller, 0, 2);
    controller.holds(0);
    touch(controller, 4);
    expect(controller.holds(0)).toBe(false);
  });

  test('holds what a list of the lines used last says, whatever its shape', () => {
    const shape = fc.record({
      ways: fc.integer({ min: 0, max: 3 }),
      sets: fc.integer({ min: 0, max: 3 }),
      policy: fc.constantFrom('lru' as const, 'fifo' as const),
    });
    fc.assert(
      fc.property(shape, fc.array(fc.nat(9), { maxLength: 60 }), (change, lines) => {
        const controller = make(change);
        const { ways, sets, policy } = change;
        const lists: number[][] = Array.from({ length: sets }, () => []);
        let hits = 0;
        for (const line of lines) {
          const list = lists[line % sets];
          if (list === undefined || ways === 0) continue;
          const at = list.indexOf(line);
          if (at >= 0) hits += 1;
          if (at >= 0 && policy === 'lru') list.splice(at, 1);
          if (at < 0 || policy === 'lru') list.push(line);
          if (list.length > ways) list.shift();
        }
        const work = touch(controller, ...lines);
        expect(work.bufferHits).toBe(hits);
        expect(work.busBytes).toBe(64 * (lines.length - hits));
        for (let line = 0; line < 10; line += 1)
          expect(controller.holds(line)).toBe(
            ways > 0 && lists[line % sets]?.includes(line) === true,
          );
      }),
      { seed: 20_100_301, numRuns: 200 },
    );
  });
});

describe('its prefetch', () => {
  const lines = { ways: 0, prefetchLines: 2 };

  test('lines that follow come without an opening', () => {
    expect(touch(make(lines), 5, 6, 7, 8)).toEqual({ ...noBusWork(), opens: 1, busBytes: 256 });
  });

  test('lines passed over are clocked, too', () => {
    expect(touch(make(lines), 5, 7)).toEqual({ ...noBusWork(), opens: 1, busBytes: 192 });
  });

  test.each([
    ['too far ahead', 8],
    ['behind', 4],
    ['the same line', 5],
  ])('%s is a burst of its own', (_what, line) => {
    expect(touch(make(lines), 5, line)).toEqual({
      ...noBusWork(),
      opens: 1,
      resumes: 1,
      busBytes: 128,
    });
  });

  test('no burst goes on behind a command or a change', () => {
    for (const end of ['endBurst', 'invalidate'] as const) {
      const controller = make(lines);
      touch(controller, 5);
      controller[end]();
      expect(touch(controller, 6).resumes).toBe(1);
    }
  });

  test('a hit in the cache leaves the burst where it is', () => {
    const controller = make({ prefetchLines: 1 });
    expect(touch(controller, 0, 1, 0, 2)).toMatchObject({ opens: 1, resumes: 0, bufferHits: 1 });
  });
});

test.each([
  { lineBytes: 48 },
  { lineBytes: 0 },
  { ways: -1 },
  { sets: 1.5 },
  { prefetchLines: -1 },
  { prefetchLines: NaN },
])('a controller of %j is refused', (change) => {
  expect(() => make(change)).toThrow(AxfsError);
  expect(() => make(change)).toThrow(/^XIP controller: /);
});
