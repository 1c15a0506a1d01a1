import { describe, expect, it } from 'vitest';
import { PAGE_SIZE, virtAddr } from '../../../src/base/units.ts';
import { forkMm } from '../../../src/mm/fork.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import { mlock } from '../../../src/mm/mlock.ts';
import { mremap } from '../../../src/mm/mremap.ts';
import { formatStatus } from '../../../src/mm/status.ts';
import { VM_IO, VM_MIXEDMAP, VM_RESERVED } from '../../../src/mm/vmflags.ts';
import { FakeFile, page, World } from './fake.ts';

/** The numbers of the lines, kB. */
const linesOf = (world: World, mm = world.mm): Record<string, number> =>
  Object.fromEntries(
    Array.from(formatStatus(mm).matchAll(/^(\w+):\t +(\d+) kB$/gm), ([, name, value]) => [
      name,
      Number(value),
    ]),
  ) as Record<string, number>;

const OLD = 'VmPeak VmSize VmLck VmHWM VmRSS VmPTE';
const NEW = 'VmPeak VmSize VmLck VmHWM VmRSS RssAnon RssFile RssShmem VmPTE VmSwap';

describe('status', () => {
  it.each<[KernelName, string]>([
    ['2.6.23', OLD],
    ['2.6.28-arm', OLD],
    ['4.9-arm', NEW],
    ['6.12-x86', NEW],
  ])('%s prints the lines it has, in its order and columns', (kernel, names) => {
    const world = new World(kernel);
    world.mm.touch(world.mapAnonymous(3, 4), 'write');
    const text = formatStatus(world.mm);
    expect(text.startsWith('VmPeak:\t      16 kB\nVmSize:\t      16 kB\n')).toBe(true);
    expect(Object.keys(linesOf(world)).join(' ')).toBe(names);
  });

  it('T109 given XIP pages and data pages, then VmRSS is the data pages', () => {
    const world = new World('4.9-arm');
    const file = new FakeFile(world.memory, 100);
    file.xip = () => true;
    const code = world.map(1, { file, pages: 100 });
    for (let index = 0; index < 100; index += 1) world.mm.touch(page(code, index), 'read');
    const data = world.mapAnonymous(3, 10);
    for (let index = 0; index < 10; index += 1) world.mm.touch(page(data, index), 'write');
    world.mm.touch(page(world.map(1), 1), 'read');
    expect(linesOf(world)).toMatchObject({ VmRSS: 44, RssAnon: 40, RssFile: 4, VmHWM: 44 });
  });

  it('given memory that comes and goes, then VmPeak and VmHWM keep the most', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(3, 8);
    for (let index = 0; index < 8; index += 1) world.mm.touch(page(base, index), 'write');
    world.mm.munmap(base, 8 * PAGE_SIZE);
    world.mapAnonymous(3, 2);
    expect(linesOf(world)).toMatchObject({ VmPeak: 32, VmSize: 8, VmHWM: 32, VmRSS: 0 });
    expect(linesOf(world, forkMm(world.mm))).toMatchObject({ VmPeak: 8, VmSize: 8 });
  });

  it('given a move, then the two places together are no peak', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(3, 4);
    const to = virtAddr(base - 64 * PAGE_SIZE);
    const bytes = 4 * PAGE_SIZE;
    expect(mremap(world.mm, { address: base, oldLength: bytes, newLength: bytes, to })).toBe(to);
    expect(linesOf(world)).toMatchObject({ VmPeak: 16, VmSize: 16 });
  });

  it('given locked pages and pages in swap, then VmLck and VmSwap count them', () => {
    const world = new World('6.1-x86', { swapSlots: 4 });
    const base = world.mapAnonymous(3, 4);
    for (let index = 0; index < 4; index += 1) world.mm.touch(page(base, index), 'write');
    expect(madvise(world.mm, base, 2 * PAGE_SIZE, 'pageout')).toBe(0);
    expect(mlock(world.mm, page(base, 2), PAGE_SIZE)).toBe(0);
    expect(linesOf(world)).toMatchObject({ VmLck: 4, VmSwap: 8, RssAnon: 8, VmRSS: 8 });
  });

  it.each<[KernelName, number]>([
    ['2.6.28-arm', 16],
    ['2.6.28-x86', 16],
    ['4.9-arm', 24],
  ])('%s: VmSize with a vma of 2 pages of a device is %d kB, VmPeak 24', (kernel, size) => {
    const world = new World(kernel);
    const device = new FakeFile(world.memory);
    device.mmapFlags = VM_MIXEDMAP + (size === 16 ? VM_RESERVED : VM_IO);
    world.map(1, { file: device, pages: 2 });
    world.mapAnonymous(3, 4);
    expect(linesOf(world)).toMatchObject({ VmSize: size, VmPeak: 24 });
  });

  it.each<[KernelName, number]>([
    // 512 entries of 4 bytes a table.
    ['2.6.28-arm', 4],
    ['4.9-arm', 4],
    ['2.6.28-x86', 8],
    // Two tables, the two above them, and the one above these.
    ['6.1-x86', 20],
  ])('%s: VmPTE of two pages 1 GiB apart is %d kB', (kernel, expected) => {
    const world = new World(kernel);
    for (const gigabytes of [0x40000000, 0x80000000])
      world.mm.touch(
        world.mm.mmap({
          length: PAGE_SIZE,
          prot: 3,
          flags: 0x32,
          address: virtAddr(gigabytes),
        }),
        'write',
      );
    expect(linesOf(world)).toMatchObject({ VmPTE: expected });
  });
});
