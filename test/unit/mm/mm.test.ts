import { describe, expect, it } from 'vitest';
import { pfn, virtAddr } from '../../../src/base/units.ts';
import { vmInsertPage, vmInsertPfn } from '../../../src/mm/insert.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { formatMaps } from '../../../src/mm/maps.ts';
import { MmStruct } from '../../../src/mm/mm.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { ALL, contentOf, FakeFile, MIXED, page, World } from './fake.ts';

const RW = vm.PROT_READ + vm.PROT_WRITE;
const failsWith = (code: string): Error =>
  expect.objectContaining({ name: 'AxfsError', code }) as Error;

describe('mmap', () => {
  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])(
    'given pgoff %d, then EINVAL and nothing mapped',
    (first) => {
      const world = new World('4.9-arm');
      expect(() => world.map(RW, { pages: 1, first })).toThrow(
        expect.objectContaining({
          name: 'AxfsError',
          code: 'EINVAL',
          message: `mmap pgoff is ${String(first)}, expected a page number from 0`,
        }) as Error,
      );
      expect([formatMaps(world.mm), world.file.users]).toEqual(['', 0]);
    },
  );
});

describe.each(MIXED)('unmapping, %s', (kernel) => {
  it('T83 given p0 raw, p1 file, p2 anonymous, when unmapped, then F 0 A 0, the cache page C 1 M 0, the copy freed', () => {
    const world = new World(kernel);
    const base = world.map(RW);
    world.mm.touch(base, 'read');
    world.mm.touch(page(base, 1), 'read');
    world.mm.touch(page(base, 2), 'write');
    expect(world.rss()).toEqual([1, 1]);
    world.check();
    world.mm.munmap(base, 16 * 4096);
    expect(world.rss()).toEqual([0, 0]);
    expect(world.counts(world.file.cache.get(1)!)).toEqual([1, 0]);
    expect(world.memory.frames.usage.byUse.anon).toBe(0);
    expect(world.file.users).toBe(0);
    expect(world.mm.pageTable.leaves).toBe(0);
    world.check();
  });

  it.each([
    ['T84', 'dropped', 0],
    ['T85', 'kept', 1],
  ] as const)(
    '%s given a page inserted and the driver reference %s, when unmapped, then C %i M 0',
    (_, what, count) => {
      const world = new World(kernel);
      const vma = world.vmaWith(vm.VM_MIXEDMAP);
      const p = world.driverPage();
      vmInsertPage(vma, vma.vmStart, p);
      if (what === 'dropped') world.driverPut(p);
      expect(world.counts(p)).toEqual([count + 1, 1]);
      world.mm.munmap(vma.vmStart, 8 * 4096);
      expect(world.counts(p)).toEqual([count, 0]);
      world.check();
    },
  );

  it('T113 given two processes on F0, when each reads p0 and p1, then C 3 M 2, F 1 each, flash nothing', () => {
    const world = new World(kernel);
    const other = new MmStruct(world.memory);
    world.mms.push(other);
    for (const mm of world.mms) {
      const base = world.map(vm.PROT_READ, { mm });
      mm.touch(base, 'read');
      mm.touch(page(base, 1), 'read');
    }
    expect(world.counts(world.file.cache.get(1)!)).toEqual([3, 2]);
    expect([world.rss(), world.rss(other)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(world.take()).toEqual(['raw_pfn', 'file_major', 'raw_pfn', 'file_minor']);
    world.check();
    other.exit();
    expect(world.counts(world.file.cache.get(1)!)).toEqual([2, 1]);
    expect(world.file.users).toBe(1);
    world.check();
  });

  it('given a map, when its middle is unmapped, then both ends keep their file pages', () => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    for (let i = 0; i < 16; i += 1) world.mm.touch(page(base, i), 'read');
    world.mm.munmap(page(base, 4), 4 * 4096);
    expect([...world.mm.vmas].map((vma) => [vma.vmStart, vma.vmEnd, vma.vmPgoff])).toEqual([
      [base, page(base, 4), 0],
      [page(base, 8), page(base, 16), 8],
    ]);
    expect(world.file.users).toBe(2);
    expect(world.rss()).toEqual([6, 0]);
    expect(() => world.mm.touch(page(base, 5), 'read')).toThrow(/SEGV_MAPERR/);
    expect(world.mm.readMemory(page(base, 11), 1)[0]).toBe(contentOf(11));
    world.check();
  });

  it('given a process, when it exits, then all its RAM is back and it cannot be used', () => {
    const world = new World(kernel);
    const before = world.memory.frames.usage.total;
    const other = new MmStruct(world.memory);
    expect(world.memory.frames.usage.byUse.page_table).toBe(2 * KERNELS[kernel].pgdFrames);
    const base = world.map(RW, { mm: other });
    for (let i = 0; i < 16; i += 1) other.touch(page(base, i), 'write');
    expect(other.pageTable.leaves).toBe(1);
    expect(world.memory.frames.usage.byUse.page_table).toBe(2 * KERNELS[kernel].pgdFrames + 1);
    other.exit();
    expect(world.memory.frames.usage.total).toBe(before + world.file.cache.size);
    expect(world.rss(other)).toEqual([0, 0]);
    expect(other.peakRss.anon).toBe(16);
    expect(() => other.mmap({ length: 1, prot: 1, flags: 0x22 })).toThrow(/exited/);
    world.check();
  });
});

describe.each(ALL)('unmapping PFNMAP, %s', (kernel) => {
  it('T47 S15 given a RAM page in a shared PFNMAP vma, when read and unmapped, then C 1 M 0 throughout', () => {
    const world = new World(kernel);
    const vma = world.vmaWith(vm.VM_PFNMAP, { flags: vm.MAP_SHARED });
    const p = world.driverPage();
    world.memory.frames.bytes(p).fill(0x42);
    expect(vmInsertPfn(vma, vma.vmStart, pfn(p))).toBe(0);
    expect(world.mm.readMemory(vma.vmStart, 2)).toEqual(Uint8Array.of(0x42, 0x42));
    expect([world.counts(p), world.rss()]).toEqual([
      [1, 0],
      [0, 0],
    ]);
    world.check();
    world.mm.munmap(vma.vmStart, 8 * 4096);
    expect(world.counts(p)).toEqual([1, 0]);
    world.check();
  });

  it('T48 given a linear private PFNMAP vma, when the first page is unmapped, then the rest is still linear', () => {
    const world = new World(kernel);
    const start = world.vmaWith(vm.VM_PFNMAP, { first: 0x34000 }).vmStart;
    world.mm.munmap(start, 4096);
    const rest = [...world.mm.vmas][0]!;
    expect([rest.vmStart, rest.vmPgoff]).toEqual([page(start, 1), 0x34001]);
  });
});

describe('mmap', () => {
  const world = new World('4.9-arm');
  const anonymous = vm.MAP_PRIVATE + vm.MAP_ANONYMOUS;

  it.each([
    ['length 0', { length: 0, prot: 1, flags: anonymous }, 'EINVAL'],
    ['no file', { length: 1, prot: 1, flags: vm.MAP_PRIVATE }, 'EINVAL'],
    [
      'shared anonymous',
      { length: 1, prot: 1, flags: vm.MAP_SHARED + vm.MAP_ANONYMOUS },
      'EOPNOTSUPP',
    ],
    ['too long', { length: 2 ** 40, prot: 1, flags: anonymous }, 'ENOMEM'],
    ['fixed without address', { length: 1, prot: 1, flags: anonymous + vm.MAP_FIXED }, 'EINVAL'],
    [
      'fixed and unaligned',
      { length: 1, prot: 1, flags: anonymous + vm.MAP_FIXED, address: virtAddr(0x1001) },
      'EINVAL',
    ],
    [
      'fixed beyond user space',
      { length: 4096, prot: 1, flags: anonymous + vm.MAP_FIXED, address: virtAddr(0xbf000000) },
      'ENOMEM',
    ],
  ] as const)('given %s, then %s', (_, options, code) => {
    expect(() => world.mm.mmap(options)).toThrow(failsWith(code));
    expect(world.mm.vmas.size).toBe(0);
  });

  it.each([
    ['unaligned', 0x1001, 4096],
    ['length 0', 0x1000, 0],
    ['beyond user space', 0xbefff000, 8192],
  ] as const)('given munmap %s, then EINVAL', (_, address, length) => {
    expect(() => {
      world.mm.munmap(virtAddr(address), length);
    }).toThrow(failsWith('EINVAL'));
  });

  it('given MAP_FIXED over a mapping, then it replaces the pages below it', () => {
    const w = new World('4.9-arm');
    const base = w.map(vm.PROT_READ);
    for (let i = 0; i < 16; i += 1) w.mm.touch(page(base, i), 'read');
    w.mm.mmap({
      length: 8 * 4096,
      prot: RW,
      flags: anonymous + vm.MAP_FIXED,
      address: page(base, 8),
    });
    expect(w.rss()).toEqual([4, 0]);
    expect(w.mm.vmas.size).toBe(2);
    expect(w.mm.readMemory(page(base, 8), 1)[0]).toBe(0);
    w.check();
  });

  it('given accesses across pages, when written and read, then bytes agree and pages before a failing one stay written', () => {
    const w = new World('6.1-x86');
    const base = w.map(RW, { pages: 17 });
    const text = Uint8Array.from({ length: 9000 }, (_, i) => i % 251);
    w.mm.writeMemory(virtAddr(base + 100), text);
    expect(w.mm.readMemory(virtAddr(base + 100), 9000)).toEqual(text);
    expect(w.mm.readMemory(base, 100)).toEqual(new Uint8Array(100).fill(contentOf(0)));
    const edge = virtAddr(base + 16 * 4096 - 2);
    expect(() => {
      w.mm.writeMemory(edge, Uint8Array.of(1, 2, 3));
    }).toThrow(/SIGBUS/);
    expect(w.mm.readMemory(edge, 2)).toEqual(Uint8Array.of(1, 2));
    w.check();
  });

  it('given no RAM for the page directory, when a process starts, then ENOMEM and nothing is kept', () => {
    const w = new World('2.6.28-arm', { ramPages: 6 });
    expect(() => new MmStruct(w.memory)).toThrow(failsWith('ENOMEM'));
    // The zero page, and the directory of the first process.
    expect(w.memory.frames.usage.total).toBe(1 + 4);
    w.check();
  });

  it.each(['2.6.23', '2.6.24'] as const)(
    'C1.0 %s: given a file that asks for VM_MIXEDMAP, then EOPNOTSUPP by name, and nothing mapped',
    (kernel) => {
      const w = new World(kernel);
      expect(() => w.map(RW)).toThrow(
        expect.objectContaining({
          name: 'AxfsError',
          code: 'EOPNOTSUPP',
          message: `/mnt/f0: kernel ${kernel} has no VM_MIXEDMAP, expected 2.6.26 or later`,
        }) as Error,
      );
      expect([w.mm.vmas.size, w.file.users, w.file.mapping.vmas.size]).toEqual([0, 0, 0]);
    },
  );

  it('given the mmap lock, when taken or released twice, then the caller is wrong', () => {
    expect(() => {
      world.mm.mmapWriteUnlock();
    }).toThrow(/is held/);
    world.mm.mmapWriteLock();
    expect(() => {
      world.mm.mmapWriteLock();
    }).toThrow(/is free/);
    world.mm.mmapWriteUnlock();
  });

  it('given an address above 2^32, when touched, then it works', () => {
    const w = new World('6.1-x86');
    const base = w.map(vm.PROT_READ);
    expect(base).toBe(0x7ffff7fff000 - 16 * 4096);
    expect(w.mm.touch(page(base, 15), 'read')).toBe(1);
    w.check();
  });
});

describe('place of a mapping', () => {
  const anonymous = vm.MAP_PRIVATE + vm.MAP_ANONYMOUS;
  const map = (world: World, pages: number, address?: number): number =>
    world.mm.mmap({
      length: pages * 4096,
      prot: 1,
      flags: anonymous,
      ...(address === undefined ? {} : { address: virtAddr(address) }),
    });

  it('2.6.28-arm: given holes, then the lowest that fits above 0x40000000', () => {
    const world = new World('2.6.28-arm');
    expect([map(world, 4), map(world, 4), map(world, 1)]).toEqual([
      0x40000000, 0x40004000, 0x40008000,
    ]);
    world.mm.munmap(virtAddr(0x40000000), 4 * 4096);
    expect([map(world, 5), map(world, 2), map(world, 2)]).toEqual([
      0x40009000, 0x40000000, 0x40002000,
    ]);
    expect(() => map(world, 0x7f000)).toThrow(failsWith('ENOMEM'));
  });

  it('4.9-arm: given holes, then the highest that fits below 0xb7000000, then above it', () => {
    const world = new World('4.9-arm');
    expect([map(world, 4), map(world, 4), map(world, 1)]).toEqual([
      0xb6ffc000, 0xb6ff8000, 0xb6ff7000,
    ]);
    world.mm.munmap(virtAddr(0xb6ff8000), 4 * 4096);
    expect([map(world, 5), map(world, 2), map(world, 2)]).toEqual([
      0xb6ff2000, 0xb6ffa000, 0xb6ff8000,
    ]);
    expect(map(world, 0xb6ff2 - 1)).toBe(0x1000);
    expect(map(world, 1)).toBe(0xb7000000);
  });

  it('given a wish, then it is honoured when free, rounded up', () => {
    const world = new World('4.9-arm');
    expect(map(world, 1, 0x10001)).toBe(0x11000);
    expect(map(world, 1, 0x11000)).toBe(0xb6fff000);
    expect(map(world, 1, 0xbf000000)).toBe(0xb6ffe000);
  });
});

it('given files that count their users, when vmas come, split and go, then the count follows', () => {
  const world = new World('4.9-arm');
  const file = new FakeFile(world.memory);
  const base = world.map(1, { file });
  world.mm.munmap(page(base, 2), 4096);
  expect(file.users).toBe(2);
  world.mm.exit();
  expect(file.users).toBe(0);
});
