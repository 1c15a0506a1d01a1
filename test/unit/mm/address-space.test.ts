import { beforeEach, describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { pfn } from '../../../src/base/units.ts';
import { AddressSpace } from '../../../src/mm/address-space.ts';
import type { Frames, Page } from '../../../src/mm/frames.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { Memory } from '../../../src/mm/memory.ts';

let memory: Memory;
let frames: Frames;
let space: AddressSpace;
beforeEach(() => {
  // One frame is the zero page.
  memory = new Memory({ kernel: KERNELS['4.9-arm'], firstPfn: pfn(0x100), ramPages: 5 });
  frames = memory.frames;
  space = new AddressSpace(memory);
});
const newPage = (): Page => frames.allocPage('page_cache')!;

describe('a page cache', () => {
  it('takes a reference of its own, and marks the page as its own', () => {
    const page = newPage();
    space.addToPageCache(page, 12);
    expect([frames.refcount(page), frames.mapcount(page)]).toEqual([2, 0]);
    expect([frames.mappingOf(page), frames.indexOf(page)]).toEqual([space.owner, 12]);
    expect(frames.testFlag(page, 'lru')).toBe(true);
    expect([...space.entries()]).toEqual([[12, page]]);
  });

  it('finds a page with a reference for the caller, and nothing elsewhere', () => {
    const page = newPage();
    space.addToPageCache(page, 0);
    expect(space.findGetPage(1)).toBeUndefined();
    expect(space.findGetPage(0)).toBe(page);
    expect(frames.refcount(page)).toBe(3);
    expect(new AddressSpace(memory).findGetPage(0)).toBeUndefined();
  });

  it('frees a page that nobody else holds, and only that', () => {
    const [held, free] = [newPage(), newPage()];
    space.addToPageCache(held, 0);
    space.addToPageCache(free, 1);
    frames.putPage(free);
    space.truncate();
    expect([space.size, frames.usage.total, frames.refcount(held)]).toEqual([0, 2, 1]);
    expect(frames.mappingOf(held)).toBe(0);
    frames.putPage(held);
    expect(frames.usage.total).toBe(1);
  });

  it('holds one page for each index, and removes only what it holds', () => {
    space.addToPageCache(newPage(), 3);
    expect(() => {
      space.addToPageCache(newPage(), 3);
    }).toThrow(new InvariantError('a page of a file is cached once: page 3 of mapping 1'));
    expect(() => {
      space.deleteFromPageCache(4);
    }).toThrow(new InvariantError('only a cached page is removed: page 4'));
  });
});
