import { describe, expect, test } from 'vitest';
import {
  alignDown,
  alignUp,
  bytesNeeded,
  floorShift,
  isAligned,
  lowBits,
  pageNumber,
} from '../../../src/base/bits.ts';

// Values around 2^31 (where int32 turns negative), 2^32 (where shifts wrap) and 2^53 (where doubles end).

describe('alignUp, alignDown, isAligned', () => {
  test.each([
    { value: 0, alignment: 4096, down: 0, up: 0 },
    { value: 1, alignment: 4096, down: 0, up: 4096 },
    { value: 4096, alignment: 4096, down: 4096, up: 4096 },
    { value: 4097, alignment: 4096, down: 4096, up: 8192 },
    { value: 2 ** 31 - 1, alignment: 4096, down: 0x7fff_f000, up: 2 ** 31 },
    { value: 2 ** 31 + 1, alignment: 4096, down: 2 ** 31, up: 0x8000_1000 },
    { value: 2 ** 32 - 1, alignment: 4096, down: 0xffff_f000, up: 2 ** 32 },
    { value: 2 ** 32 + 1, alignment: 4096, down: 2 ** 32, up: 0x1_0000_1000 },
    { value: 2 ** 53 - 1, alignment: 4096, down: 2 ** 53 - 4096, up: 2 ** 53 },
    { value: 7, alignment: 1, down: 7, up: 7 },
    { value: 264 + 1, alignment: 40, down: 240, up: 280 },
  ])('$value by $alignment', ({ value, alignment, down, up }) => {
    expect(alignDown(value, alignment)).toBe(down);
    expect(alignUp(value, alignment)).toBe(up);
    expect(isAligned(value, alignment)).toBe(down === up);
  });
});

describe('pageNumber', () => {
  test.each([
    [0, 0],
    [4095, 0],
    [4096, 1],
    [0x7fff_ffff, 0x7ffff],
    [0x8000_0000, 0x80000],
    [0xffff_ffff, 0xfffff],
    [0x1_0000_0000, 0x100000],
    [0x1_0000_0fff, 0x100000],
    [2 ** 53 - 1, 2 ** 41 - 1],
  ])('byte %d is in page %d', (address, page) => {
    expect(pageNumber(address)).toBe(page);
  });
});

describe('floorShift and lowBits', () => {
  test.each([
    { value: 0xffff_ffff, shift: 0, high: 0xffff_ffff, low: 0 },
    { value: 0xffff_ffff, shift: 1, high: 0x7fff_ffff, low: 1 },
    { value: 0xffff_ffff, shift: 31, high: 1, low: 0x7fff_ffff },
    { value: 0x8000_0000, shift: 12, high: 0x80000, low: 0 },
    { value: 0x8000_0001, shift: 31, high: 1, low: 1 },
    { value: 0x1_0000_0001, shift: 12, high: 0x100000, low: 1 },
    { value: 0x1_ffff_ffff, shift: 31, high: 3, low: 0x7fff_ffff },
    { value: 2 ** 53 - 1, shift: 31, high: 2 ** 22 - 1, low: 0x7fff_ffff },
  ])('$value by $shift bits', ({ value, shift, high, low }) => {
    expect(floorShift(value, shift)).toBe(high);
    expect(lowBits(value, shift)).toBe(low);
  });
});

describe('bytesNeeded', () => {
  test.each([
    [0, 1],
    [255, 1],
    [256, 2],
    [65535, 2],
    [65536, 3],
    [0xff_ffff, 3],
    [0x100_0000, 4],
    [0xffff_ffff, 4],
    [0x1_0000_0000, 5],
    [2 ** 48 - 1, 6],
    [2 ** 48, 7],
    [2 ** 53 - 1, 7],
  ])('%d takes %d bytes', (value, bytes) => {
    expect(bytesNeeded(value)).toBe(bytes);
  });
});
