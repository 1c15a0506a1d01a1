import { describe, expect, test } from 'vitest';
import {
  burstNanoseconds,
  eraseRegions,
  flashParameters,
  MTD_PARTS,
  smallestDeviceSize,
} from '../../../src/mtd/parts.ts';

const { p30 } = MTD_PARTS;
const MIB = 1024 * 1024;

describe('p30 against FLASH_PARTS section 1 (P30 130 nm, sync burst 52 MHz, 19.2 ns a word)', () => {
  test('a 32-byte line takes 85 + 15 x 19.2 = 373 ns', () => {
    expect(burstNanoseconds(p30.timing, 32)).toBeCloseTo(373, 9);
  });

  test('a 4 KiB page in one burst takes 39.4 us', () => {
    expect(burstNanoseconds(p30.timing, 4096) / 1000).toBeCloseTo(39.4, 1);
  });

  test('a sequential page moves 104 MB/s', () => {
    expect((4096 / burstNanoseconds(p30.timing, 4096)) * 1000).toBeCloseTo(104, 0);
  });

  test.each([
    [0, 0],
    [1, 85],
    [2, 85],
    [3, 104.2],
    [4, 104.2],
    [31, 373],
  ])('%d bytes take %d ns: whole words, the first at the price of the access', (bytes, ns) => {
    expect(burstNanoseconds(p30.timing, bytes)).toBeCloseTo(ns, 9);
  });

  test('words are 16 bits, main blocks 128 KiB, parameter blocks 4 of 32 KiB', () => {
    expect(p30.timing.wordBytes.value).toBe(2);
    expect(p30.writesize.value).toBe(2);
    expect(p30.erasesize.value).toBe(128 * 1024);
    const { blocks, erasesize } = p30.parameterBlocks;
    expect([blocks.value, erasesize.value]).toEqual([4, 32 * 1024]);
  });
});

describe('every part', () => {
  test.each(Object.entries(MTD_PARTS))('%s is a row under its own name, sourced', (name, part) => {
    expect(part.name).toBe(name);
    const rows = [
      part.smallestSize,
      ...Object.values(part.parameterBlocks),
      part.erasesize,
      part.writesize,
      ...Object.values(part.timing),
    ];
    for (const row of rows) {
      expect(row.value).toBeGreaterThan(0);
      expect(row.unit).not.toBe('');
      expect(['measured', 'derived', 'assumed']).toContain(row.status);
      expect(row.source.length).toBeGreaterThan(10);
    }
    expect(Math.log2(part.smallestSize.value) % 1).toBe(0);
  });
});

describe('flashParameters', () => {
  const rows = flashParameters(p30);
  const value = (name: string): number => rows.find((row) => row.name === name)!.value;

  test('names are unique and start with flash.', () => {
    const names = rows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^flash\.[a-zA-Z]+$/);
  });

  test('the line row is the 373 ns of FLASH_PARTS', () => {
    expect(value('flash.line')).toBeCloseTo(373, 9);
  });

  test.each([2, 32, 4096])('open + byte x %d is the time of that burst', (bytes) => {
    expect(value('flash.open') + value('flash.byte') * bytes).toBeCloseTo(
      burstNanoseconds(p30.timing, bytes),
      6,
    );
  });

  test('every row says unit, standing and source', () => {
    for (const row of rows) {
      expect(row.unit).toMatch(/^(ns|bytes)/);
      expect(['measured', 'derived', 'assumed']).toContain(row.status);
      expect(row.source.length).toBeGreaterThan(10);
    }
  });
});

describe('smallestDeviceSize', () => {
  test.each([
    [0, 8 * MIB],
    [1, 8 * MIB],
    [8 * MIB, 8 * MIB],
    [8 * MIB + 1, 16 * MIB],
    [33 * MIB, 64 * MIB],
    [2 ** 31, 2 ** 31],
    [2 ** 31 + 1, 2 ** 32],
    [2 ** 32 + 1, 2 ** 33],
  ])('%d bytes need %d', (bytes, size) => {
    expect(smallestDeviceSize(p30, bytes)).toBe(size);
  });
});

describe('eraseRegions', () => {
  test.each([8 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 2 ** 32])(
    'tile a device of %d bytes exactly',
    (size) => {
      let end = 0;
      for (const region of eraseRegions(p30, size)) {
        expect(region.offset).toBe(end);
        expect(Number.isSafeInteger(region.blocks)).toBe(true);
        expect(region.blocks).toBeGreaterThan(0);
        end += region.blocks * region.erasesize;
      }
      expect(end).toBe(size);
    },
  );

  test('8 MiB: 4 x 32 KiB, then 63 x 128 KiB', () => {
    expect(eraseRegions(p30, 8 * MIB)).toEqual([
      { offset: 0, erasesize: 32768, blocks: 4 },
      { offset: 131072, erasesize: 131072, blocks: 63 },
    ]);
  });
});
