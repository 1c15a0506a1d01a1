import { describe, expect, expectTypeOf, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import {
  byteCount,
  byteOffset,
  inodeNumber,
  nodeNumber,
  PAGE_SHIFT,
  PAGE_SIZE,
  pagesOf,
  pfn,
  pfnToPhys,
  pgoff,
  physAddr,
  physToPfn,
  virtAddr,
} from '../../../src/base/units.ts';
import type { ByteCount, Pfn, PhysAddr, VirtAddr } from '../../../src/base/units.ts';

const CONSTRUCTORS = [
  ['Pfn', pfn],
  ['PhysAddr', physAddr],
  ['VirtAddr', virtAddr],
  ['ByteOffset', byteOffset],
  ['ByteCount', byteCount],
  ['Pgoff', pgoff],
  ['InodeNumber', inodeNumber],
  ['NodeNumber', nodeNumber],
] as const;

describe.each(CONSTRUCTORS)('%s', (name, make) => {
  test.each([0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1])('accepts %d unchanged', (value) => {
    expect(make(value)).toBe(value);
  });

  test.each([-1, -(2 ** 40), 0.5, 4096.25, 2 ** 53, 2 ** 60, NaN, Infinity, -Infinity])(
    'rejects %d, naming the unit and the value',
    (value) => {
      expect(() => make(value)).toThrow(
        new InvariantError(`a ${name} is a whole number from 0 to 2^53-1: ${String(value)}`),
      );
    },
  );
});

describe('conversions', () => {
  test('a page is 4,096 bytes, 2^PAGE_SHIFT', () => {
    expect(PAGE_SIZE).toBe(4096);
    expect(2 ** PAGE_SHIFT).toBe(PAGE_SIZE);
  });

  test.each([
    [0, 0],
    [4095, 0],
    [4096, 1],
    [0x3400_0fff, 0x34000],
    [0x8000_0000, 0x80000],
    [0xffff_ffff, 0xfffff],
    [0x1_0000_0000, 0x100000],
    [2 ** 53 - 1, 2 ** 41 - 1],
  ])('physical address %d lies in frame %d', (address, frame) => {
    expect(physToPfn(physAddr(address))).toBe(frame);
  });

  test.each([
    [0x34000, 0x3400_0000],
    [0x80000, 0x8000_0000],
    [0x100000, 0x1_0000_0000],
    [2 ** 41 - 1, 2 ** 53 - 4096],
  ])('frame %d starts at %d', (frame, address) => {
    expect(pfnToPhys(pfn(frame))).toBe(address);
  });

  test('a frame whose address would pass 2^53-1 is refused', () => {
    expect(() => pfnToPhys(pfn(2 ** 41))).toThrow(InvariantError);
  });

  test.each([
    [0, 0],
    [1, 1],
    [4095, 1],
    [4096, 1],
    [4097, 2],
    [2 ** 32 + 1, 2 ** 20 + 1],
  ])('%d bytes occupy %d pages', (bytes, pages) => {
    expect(pagesOf(bytes)).toBe(pages);
  });
});

describe('types (checked by tsc)', () => {
  const takesPfn = (frame: Pfn): number => frame;

  test('a unit is accepted where it belongs, and where a number is wanted', () => {
    expectTypeOf(pfn(1)).toEqualTypeOf<Pfn>();
    expectTypeOf(physToPfn(physAddr(4096))).toEqualTypeOf<Pfn>();
    expectTypeOf(pfnToPhys(pfn(1))).toEqualTypeOf<PhysAddr>();
    expectTypeOf<Pfn>().toExtend<number>();
    expect(takesPfn(pfn(7))).toBe(7);
  });

  test('another unit, a plain number and a sum are not', () => {
    expectTypeOf<VirtAddr>().not.toExtend<Pfn>();
    expectTypeOf<number>().not.toExtend<Pfn>();
    expectTypeOf<PhysAddr>().not.toExtend<VirtAddr>();
    expectTypeOf<ByteCount>().not.toExtend<ReturnType<typeof byteOffset>>();
    // @ts-expect-error -- a virtual address is no frame number
    expect(takesPfn(virtAddr(1))).toBe(1);
    // @ts-expect-error -- a plain number is no frame number
    expect(takesPfn(1)).toBe(1);
    // @ts-expect-error -- arithmetic yields a plain number
    expect(takesPfn(pfn(1) + 1)).toBe(2);
    // @ts-expect-error -- only physical addresses lie in frames
    expect(physToPfn(virtAddr(4096))).toBe(1);
  });

  test('units of two kinds are never equal', () => {
    // @ts-expect-error -- frame numbers and addresses have no value in common
    expect(pfn(1) === virtAddr(1)).toBe(true);
  });
});
