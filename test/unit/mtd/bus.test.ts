import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { BusWork } from '../../../src/base/events.ts';
import { addBusWork } from '../../../src/base/events.ts';
import { Bus, MEMORY_BUS, clearBusWork, noBusWork } from '../../../src/mtd/bus.ts';
import type { BusShape } from '../../../src/mtd/bus.ts';
import { ASYNC_BUS, BURST_BUS, PAGE_BUS, SERIAL_BUS } from './device-kinds.ts';

const workOf = (shape: BusShape, act: (bus: Bus, work: BusWork) => void): BusWork => {
  const work = noBusWork();
  act(new Bus(shape), work);
  return work;
};

describe('a transaction', () => {
  test.each([
    {
      what: 'asynchronous: a word an access',
      shape: ASYNC_BUS,
      from: 0,
      length: 32,
      opens: 16,
      busBytes: 32,
    },
    {
      what: 'asynchronous, half words at both ends',
      shape: ASYNC_BUS,
      from: 3,
      length: 2,
      opens: 2,
      busBytes: 4,
    },
    {
      what: 'page mode: one access a read page',
      shape: PAGE_BUS,
      from: 0,
      length: 32,
      opens: 2,
      busBytes: 32,
    },
    {
      what: 'page mode, across a border',
      shape: PAGE_BUS,
      from: 15,
      length: 2,
      opens: 2,
      busBytes: 4,
    },
    {
      what: 'page mode, inside a page',
      shape: PAGE_BUS,
      from: 17,
      length: 1,
      opens: 1,
      busBytes: 2,
    },
    {
      what: 'burst: one access',
      shape: BURST_BUS,
      from: 0,
      length: 4096,
      opens: 1,
      busBytes: 4096,
    },
    {
      what: 'burst behind 2^40',
      shape: BURST_BUS,
      from: 2 ** 40 + 1,
      length: 2,
      opens: 1,
      busBytes: 4,
    },
    { what: 'plain memory', shape: MEMORY_BUS, from: 7, length: 5, opens: 1, busBytes: 5 },
    {
      what: 'sectors',
      shape: { ...BURST_BUS, wordBytes: 512, burstBytes: 4096 },
      from: 4000,
      length: 200,
      opens: 2,
      busBytes: 1024,
    },
    { what: 'nothing', shape: BURST_BUS, from: 9, length: 0, opens: 0, busBytes: 0 },
  ])('$what', ({ shape, from, length, opens, busBytes }) => {
    expect(
      workOf(shape, (bus, work) => {
        bus.transaction(work, from, length);
      }),
    ).toEqual({ ...noBusWork(), opens, busBytes });
  });
});

describe('cache lines', () => {
  test.each([
    { what: 'asynchronous', shape: ASYNC_BUS, opens: 48, busBytes: 96 },
    { what: 'page mode of half a line', shape: PAGE_BUS, opens: 6, busBytes: 96 },
    {
      what: 'page mode of two lines',
      shape: { ...PAGE_BUS, burstBytes: 64 },
      opens: 3,
      busBytes: 96,
    },
    { what: 'burst', shape: BURST_BUS, opens: 3, busBytes: 96 },
    {
      what: 'memory that moves 256 bytes at once',
      shape: { ...MEMORY_BUS, wordBytes: 256 },
      opens: 3,
      busBytes: 768,
    },
  ])('three of them, $what', ({ shape, opens, busBytes }) => {
    expect(
      workOf(shape, (bus, work) => {
        bus.setLines(work, 3);
      }),
    ).toEqual({ ...noBusWork(), opens, busBytes });
  });
});

describe('continuous read', () => {
  test('the first burst opens, the next resume, until cells change', () => {
    const bus = new Bus(SERIAL_BUS);
    const work = noBusWork();
    bus.setLines(work, 3);
    expect(work).toMatchObject({ opens: 1, resumes: 2, busBytes: 96 });
    bus.transaction(work, 100, 5);
    expect(work).toMatchObject({ opens: 1, resumes: 3, busBytes: 101 });
    bus.interrupt();
    bus.transaction(work, 0, 0);
    bus.setLines(work, 0);
    expect(work).toEqual(noBusWork());
    bus.setLines(work, 1);
    expect(work).toMatchObject({ opens: 1, resumes: 0, busBytes: 32 });
  });

  test('a bus without it opens every time', () => {
    const bus = new Bus(BURST_BUS);
    for (let time = 0; time < 2; time += 1) {
      const work = { ...noBusWork(), opens: 99, busBytes: 99 };
      bus.setLines(work, 2);
      expect(work).toEqual({ ...noBusWork(), opens: 2, busBytes: 64 });
    }
  });
});

test('a burst that goes on opens nothing, except where an aligned piece ends', () => {
  expect(
    workOf(BURST_BUS, (bus, work) => {
      bus.goOn(work, 64, 64);
    }),
  ).toEqual({ ...noBusWork(), busBytes: 64 });
  const piece = { ...BURST_BUS, burstBytes: 128 };
  expect(
    workOf(piece, (bus, work) => {
      bus.goOn(work, 64, 64);
    }).opens,
  ).toBe(0);
  expect(
    workOf(piece, (bus, work) => {
      bus.goOn(work, 128, 64);
    }).opens,
  ).toBe(1);
});

test('work is added up and cleared', () => {
  const sum = { opens: 1, resumes: 2, busBytes: 3, arrayLoads: 4, bufferHits: 5 };
  addBusWork(sum, { opens: 10, resumes: 20, busBytes: 30, arrayLoads: 40, bufferHits: 50 });
  expect(sum).toEqual({ opens: 11, resumes: 22, busBytes: 33, arrayLoads: 44, bufferHits: 55 });
  clearBusWork(sum);
  expect(sum).toEqual(noBusWork());
});

test.each([
  [{ wordBytes: 3 }, /words of 3 and bursts of Infinity bytes, expected powers of two/],
  [{ wordBytes: 0 }, /words of 0 /],
  [{ burstBytes: 24 }, /bursts of 24 bytes/],
  [{ burstBytes: NaN }, /bursts of NaN bytes/],
  [{ wordBytes: 4, burstBytes: 2 }, /bursts of 2 bytes, expected at least a word of 4/],
])('a bus of %j is refused', (change, message) => {
  const build = (): Bus => new Bus({ ...BURST_BUS, ...change });
  expect(build).toThrow(AxfsError);
  expect(build).toThrow(message);
});
