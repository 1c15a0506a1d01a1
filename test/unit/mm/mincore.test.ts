import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../../../src/base/units.ts';
import type { MappedFile } from '../../../src/mm/mappable.ts';
import { mincore } from '../../../src/mm/mincore.ts';
import { FakeFile, MIXED, page, World } from './fake.ts';
import { mapPfns } from './pfnmap.ts';

/** One digit a page, or the error. */
const vec = (world: World, base: VirtAddr, pages: number): string => {
  const result = mincore(world.mm, base, pages * PAGE_SIZE);
  return typeof result === 'string' ? result : result.map(Number).join('');
};

describe('mincore', () => {
  it.each(MIXED)('T111 %s: given XIP pages, then 0 before a touch and 1 after', (kernel) => {
    const world = new World(kernel);
    const file = new FakeFile(world.memory);
    file.xip = () => true;
    const base = world.map(1, { file, pages: 4 });
    expect(vec(world, base, 4)).toBe('0000');
    world.mm.touch(page(base, 2), 'read');
    expect(vec(world, base, 4)).toBe('0010');
  });

  it('T111 given pages of the file in the page cache, then 1 without a touch', () => {
    const world = new World('4.9-arm');
    for (const index of [1, 3]) world.file.fill(index);
    expect(vec(world, world.map(1, { pages: 6 }), 6)).toBe('010100');
  });

  it.each([
    ['2.6.28-x86', '11'],
    ['4.9-arm', '00'],
    ['6.1-x86', '00'],
  ] as const)('T112 %s: given a PFNMAP vma all mapped, then %s', (kernel, expected) => {
    const world = new World(kernel);
    expect(vec(world, mapPfns(world, 1, 2), 2)).toBe(expected);
  });

  it.each([
    ['4.9-arm', '0000'],
    ['6.1-x86', '1111'],
  ] as const)('%s: given a file of somebody else, then %s', (kernel, expected) => {
    const world = new World(kernel);
    const file: MappedFile = new (class extends FakeFile {
      readonly mayInspect = false;
    })(world.memory);
    expect(vec(world, world.map(1, { file, pages: 4 }), 4)).toBe(expected);
  });

  it('given a hole or an unaligned address, then ENOMEM and EINVAL', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(1, 2);
    expect(vec(world, base, 3)).toBe('ENOMEM');
    expect(vec(world, virtAddr(base + 1), 1)).toBe('EINVAL');
  });
});
