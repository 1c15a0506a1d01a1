import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, pfn } from '../../../src/base/units.ts';
import { Frames } from '../../../src/mm/frames.ts';
import { PhysicalMemory, type FlashWindow } from '../../../src/mm/physical.ts';

const HIGH = 2 ** 24 + 5;
const window = (firstPfn: number, pages: number): FlashWindow => ({
  firstPfn: pfn(firstPfn),
  pages,
  page: (index) => new Uint8Array(PAGE_SIZE).fill(index),
});
const machine = (): { frames: Frames; physical: PhysicalMemory } => {
  const frames = new Frames(pfn(0x100), 16);
  return { frames, physical: new PhysicalMemory(frames) };
};

describe('PhysicalMemory', () => {
  it('given RAM and a window above 2^32 bytes, when asked, then only RAM has struct pages and both have bytes', () => {
    const { frames, physical } = machine();
    physical.addWindow(window(HIGH, 4));
    expect([0xff, 0x100, 0x10f, 0x110, HIGH].map((n) => physical.pfnValid(pfn(n)))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    const p = frames.allocPage('driver')!;
    expect(physical.pageToPfn(p)).toBe(0x100);
    expect(physical.pfnToPage(pfn(0x100))).toBe(p);
    expect(physical.bytesOf(pfn(0x100))).toBe(frames.bytes(p));
    expect(physical.bytesOf(pfn(HIGH + 3))[0]).toBe(3);
    expect(physical.highestMemmapPfn).toBe(0x10f);
  });

  it('S28 given a flash pfn, when its struct page is asked for, then the kernel stops', () => {
    const { physical } = machine();
    physical.addWindow(window(0x34000, 4));
    expect(() => physical.pfnToPage(pfn(0x34000))).toThrow(
      expect.objectContaining({
        name: 'KernelBug',
        function: 'pfn_to_page',
        pfn: 0x34000,
      }) as Error,
    );
  });

  it.each([
    ['RAM', 0xf8, 9],
    ['RAM', 0x10f, 1],
    ['a flash window', 0x203, 1],
  ])('given a window over %s, then EBUSY', (what, first, pages) => {
    const { physical } = machine();
    physical.addWindow(window(0x200, 4));
    expect(() => {
      physical.addWindow(window(first, pages));
    }).toThrow(`overlaps ${what}`);
  });

  it.each([0, 1.5, 2 ** 41])('given a window of %d pages, then EINVAL', (pages) => {
    const { physical } = machine();
    expect(() => {
      physical.addWindow(window(0x200, pages));
    }).toThrow(expect.objectContaining({ code: 'EINVAL' }) as Error);
  });

  it('given neighbours and a window removed, then no overlap, and nothing answers there any more', () => {
    const { physical } = machine();
    const first = window(0x110, 4);
    physical.addWindow(first);
    physical.addWindow(window(0x114, 4));
    physical.removeWindow(first);
    expect(() => physical.bytesOf(pfn(0x110))).toThrow(
      expect.objectContaining({ code: 'ENXIO' }) as Error,
    );
    expect(() => {
      physical.removeWindow(first);
    }).toThrow(/never added/);
  });
});
