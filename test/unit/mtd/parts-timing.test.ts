import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { noBusWork } from '../../../src/mtd/bus.ts';
import { figureOr } from '../../../src/mtd/part.ts';
import {
  busShapeOf,
  priceOf,
  transferNanoseconds,
  transferWork,
  unitPrices,
} from '../../../src/mtd/part-timing.ts';
import type { TransferStart } from '../../../src/mtd/part-timing.ts';
import { flashParameters, MTD_PART_NAMES, MTD_PARTS } from '../../../src/mtd/parts.ts';
import type { MtdPart, MtdPartName } from '../../../src/mtd/parts.ts';

/** Line in ns, page in us, MB/s as published or worked out by hand from the sheets, with half of the last digit. */
const PUBLISHED: readonly (readonly [
  part: MtdPartName,
  start: TransferStart,
  line: readonly [ns: number, within: number],
  page: readonly [us: number, within: number],
  rate: readonly [mbs: number, within: number],
])[] = [
  ['p30', 'cold', [373, 0.5], [39.4, 0.05], [104, 0.5]],
  ['p30-65', 'cold', [475, 0.5], [60.8, 0.05], [67, 0.5]],
  ['p30-async', 'cold', [1360, 0.5], [174, 0.5], [23.5, 0.05]],
  // 4,096 bytes in 15.4 us, itself rounded.
  ['m18', 'cold', [209, 0.5], [15.4, 0.05], [266, 1]],
  ['s29gl-s', 'cold', [335, 0.5], [42.9, 0.05], [95, 0.6]],
  ['spi-50', 'cold', [5760, 5], [656, 0.5], [6.2, 0.05]],
  ['qspi-104', 'cold', [808, 0.5], [79, 0.5], [52, 0.5]],
  ['qspi-133', 'continuous', [541, 0.5], [61.7, 0.05], [66, 0.5]],
  ['dual-qspi-66', 'cold', [788, 0.5], [62, 0.5], [66, 0.5]],
  ['octal-200', 'cold', [195, 0.5], [10.4, 0.05], [395, 1]],
  ['hyperflash-166', 'cold', [192, 0.5], [12.4, 0.05], [330, 1]],
];

describe('line fills, pages and rates by arithmetic from the data sheets', () => {
  const within = (value: number, [wanted, by]: readonly [number, number]): void => {
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(by);
  };

  test.each(PUBLISHED)('%s, %s', (name, start, line, page, rate) => {
    const part = MTD_PARTS[name];
    const nanoseconds = transferNanoseconds(part, 4096, start);
    within(transferNanoseconds(part, 32, start), line);
    within(nanoseconds / 1000, page);
    within((4096 / nanoseconds) * 1000, rate);
  });

  test.each([
    ['slc-onfi', 66, 31],
    ['slc-onfi-1v8', 76, 27],
    ['slc-2004', 86, 24],
    ['nandsim', 107, 19],
  ] as const)('%s: a 2,048-byte page in %d us, %d MB/s', (name, us, mbs) => {
    const nanoseconds = transferNanoseconds(MTD_PARTS[name], 2048);
    within(nanoseconds / 1000, [us, 0.5]);
    within((2048 / nanoseconds) * 1000, [mbs, 0.5]);
  });

  test.each([
    ['sdr-133', 'cold', 158],
    ['sdr-133', 'continuous', 135],
    ['lpddr-166', 'cold', 84],
  ] as const)('%s, %s: a 32-byte line in %d ns', (name, start, ns) => {
    within(transferNanoseconds(MTD_PARTS[name], 32, start), [ns, 0.5]);
  });

  test('rp2040: a 32-bit word takes at least 320 ns (Klipper 6464: 20 flash clocks)', () => {
    expect(transferNanoseconds(MTD_PARTS.rp2040, 4, 'continuous')).toBe(320);
    expect(transferNanoseconds(MTD_PARTS.rp2040, 4, 'cold')).toBe(448);
  });

  test.each([
    ['w25q512jv', 133, 20 + 64],
    ['kh25l8005', 66, 40 + 256],
    ['mx66l1g45g', undefined, undefined],
  ] as const)('%s: a cold line in clocks', (name, megahertz, clocks) => {
    if (clocks === undefined) {
      expect(() => transferNanoseconds(MTD_PARTS[name], 32)).toThrow(AxfsError);
      return;
    }
    expect(transferNanoseconds(MTD_PARTS[name], 32)).toBeCloseTo((clocks * 1000) / megahertz, 6);
  });
});

describe('p30 by bytes', () => {
  test.each([
    [0, 0],
    [1, 85],
    [2, 85],
    [3, 104.2],
    [4, 104.2],
    [31, 373],
  ])('%d bytes take %d ns: whole words, the first at the price of the access', (bytes, ns) => {
    expect(transferNanoseconds(MTD_PARTS.p30, bytes)).toBeCloseTo(ns, 9);
  });
});

describe('busShapeOf', () => {
  test.each([
    ['p30', { wordBytes: 2, burstBytes: Infinity, resumes: false, arrayPageBytes: 0 }],
    ['p30-65', { wordBytes: 2, burstBytes: 32, resumes: false, arrayPageBytes: 0 }],
    ['p30-async', { wordBytes: 2, burstBytes: 2, resumes: false, arrayPageBytes: 0 }],
    ['j3', { wordBytes: 2, burstBytes: 16, resumes: false, arrayPageBytes: 0 }],
    ['qspi-104', { wordBytes: 1, burstBytes: Infinity, resumes: false, arrayPageBytes: 0 }],
    ['qspi-133', { wordBytes: 1, burstBytes: Infinity, resumes: true, arrayPageBytes: 0 }],
    ['octal-200', { wordBytes: 2, burstBytes: Infinity, resumes: false, arrayPageBytes: 0 }],
    ['slc-onfi', { wordBytes: 1, burstBytes: Infinity, resumes: false, arrayPageBytes: 2112 }],
    ['emmc-hs400', { wordBytes: 512, burstBytes: Infinity, resumes: false, arrayPageBytes: 0 }],
    ['optane-dimm', { wordBytes: 64, burstBytes: 256, resumes: false, arrayPageBytes: 0 }],
  ] as const)('%s', (name, shape) => {
    expect(busShapeOf(MTD_PARTS[name])).toEqual(shape);
  });

  test('a read page of unknown length is refused', () => {
    expect(() => busShapeOf(MTD_PARTS.s29gl512p)).toThrow(
      /^part s29gl512p: 'read\.pageBytes' is unsourced .* the shape of its bus needs it$/,
    );
  });
});

describe('transferWork', () => {
  test('a NAND loads whole pages and clocks what was asked for', () => {
    expect(transferWork(MTD_PARTS.nandsim, 4096)).toEqual({
      ...noBusWork(),
      arrayLoads: 2,
      busBytes: 4096,
    });
  });

  test('a part that cannot continue opens even so', () => {
    expect(transferWork(MTD_PARTS.p30, 32, 'continuous')).toEqual(transferWork(MTD_PARTS.p30, 32));
  });

  test('page mode opens once a read page', () => {
    expect(transferWork(MTD_PARTS['p30-65'], 4096)).toMatchObject({ opens: 128, busBytes: 4096 });
  });
});

/** Parts that no source lets price, and the first row they lack. */
const UNPRICED = {
  s29gl512p: 'read.nextWord',
  mx66l1g45g: 'read.clock',
  is25wp256: 'read.clock',
  mt25qu512: 'read.modeClocks',
  n25q00aa: 'read.modeClocks',
  'emmc-hs400': 'read.firstAccess',
  'emmc-hs400-64g': 'read.firstAccess',
  'emmc-35': 'read.firstAccess',
  'optane-ssd': 'read.nextWord',
  'dram-server': 'read.nextWord',
  'pcie5-host-memory': 'read.nextWord',
  cxl: 'read.firstAccess',
} as const;
const PRICED = MTD_PART_NAMES.filter((name) => !Object.hasOwn(UNPRICED, name));

describe('flashParameters', () => {
  const rowsOf = (part: MtdPart): Map<string, number> =>
    new Map(flashParameters(part).map(({ name, value }) => [name, value]));

  test.each(Object.entries(UNPRICED))('%s is refused for want of %s', (name, row) => {
    expect(() => flashParameters(MTD_PARTS[name as MtdPartName])).toThrow(
      new RegExp(`^part ${name}: '${row}' is unsourced .* pricing of reads needs it$`),
    );
  });

  test.each(PRICED)('%s: names are unique, every row says unit, standing and source', (name) => {
    const rows = flashParameters(MTD_PARTS[name]);
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.name).toMatch(/^flash\.([a-zA-Z]+|erase\.[0-9]+)$/);
      expect(row.unit).toMatch(/^(ns|bytes|MHz|clocks)/);
      expect(['measured', 'derived', 'assumed']).toContain(row.status);
      expect(row.source.length).toBeGreaterThan(10);
      expect(row.value).toBeGreaterThanOrEqual(0);
    }
  });

  test.each(PRICED)('%s: line and page are what their work costs at the unit prices', (name) => {
    const part = MTD_PARTS[name];
    const rows = rowsOf(part);
    const start = busShapeOf(part).resumes ? 'continuous' : 'cold';
    for (const [row, bytes] of [
      ['flash.line', 32],
      ['flash.page', 4096],
    ] as const) {
      const work = transferWork(part, bytes, start);
      const priced =
        work.opens * rows.get('flash.open')! +
        work.resumes * rows.get('flash.resume')! +
        work.busBytes * rows.get('flash.byte')! +
        work.arrayLoads * rows.get('flash.arrayLoad')! +
        work.bufferHits * rows.get('flash.bufferHit')!;
      expect(rows.get(row)).toBeCloseTo(priced, 6);
    }
  });

  test('p30: the sheet, then open and byte, then the 373 ns line; no erase time is known', () => {
    expect(Object.fromEntries(rowsOf(MTD_PARTS.p30))).toEqual({
      'flash.wordBytes': 2,
      'flash.firstAccess': 85,
      'flash.nextWord': 19.2,
      'flash.open': expect.closeTo(65.8, 9) as number,
      'flash.resume': 0,
      'flash.byte': 9.6,
      'flash.arrayLoad': 0,
      'flash.bufferHit': 0,
      'flash.line': expect.closeTo(373, 9) as number,
      'flash.page': expect.closeTo(39387.4, 6) as number,
      'flash.programUnit': 14000,
      'flash.programBytes': 2,
      'flash.programByte': 7000,
    });
  });

  test('octal-200: programming by pages and erasing by size; what rests on the assumed clock is assumed', () => {
    const rows = flashParameters(MTD_PARTS['octal-200']);
    expect(rows).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ name: 'flash.programUnit', value: 120_000, unit: 'ns/program' }),
        expect.objectContaining({ name: 'flash.programBytes', value: 256 }),
        expect.objectContaining({ name: 'flash.erase.4096', value: 48_000_000, unit: 'ns/erase' }),
        expect.objectContaining({ name: 'flash.erase.131072', value: 192_000_000 }),
        expect.objectContaining({ name: 'flash.line', status: 'assumed' }),
      ]) as object,
    );
    expect(rows.some(({ name }) => name.startsWith('flash.eraseMax'))).toBe(false);
  });

  test('a line of measured rows is derived', () => {
    const line = flashParameters(MTD_PARTS.p30).find(({ name }) => name === 'flash.line');
    expect(line).toMatchObject({ status: 'derived', unit: 'ns/line' });
  });
});

describe('unitPrices', () => {
  test('price work linearly', () => {
    const prices = unitPrices(MTD_PARTS['qspi-133']);
    const work = { opens: 1, resumes: 2, busBytes: 96, arrayLoads: 0, bufferHits: 5 };
    expect(priceOf(prices, work)).toBeCloseTo(((20 + 2 * 8 + 96 * 2) * 1000) / 133, 6);
  });

  test('the row of a hit in an open row is cheaper than one in a closed row', () => {
    const { opens, resumes } = unitPrices(MTD_PARTS['sdr-133']);
    expect(resumes.value).toBeLessThan(opens.value);
    expect(figureOr(MTD_PARTS['sdr-133'], 'read.resumeAccess', 0)).toBeGreaterThan(0);
  });
});
