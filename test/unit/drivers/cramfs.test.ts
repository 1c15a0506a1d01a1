import { describe, expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import { formatMaps } from '../../../src/mm/maps.ts';
import { mprotect } from '../../../src/mm/mprotect.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { at, Machine, MAP_SHARED, R, RW, thrown } from './machine.ts';

const KERNELS = ['2.6.28-arm', '4.9-arm', '6.1-x86', '6.12-x86'] as const;
/** As measured: 8 direct pages, then 8 compressed ones. */
const PART = { direct: '0-7' };
const flagsOf = (m: Machine, start: Parameters<Machine['vma']>[0]): number =>
  vm.withoutFlags(m.vma(start).vmFlags, m.memory.kernel.softDirty ? vm.VM_SOFTDIRTY : 0);

describe('cramfs on mapped flash', () => {
  test.each([
    ['2.6.28-arm', 0x84471],
    ['4.9-arm', 0x4044471],
    ['6.12-x86', 0x4044471],
  ] as const)(
    'T74 16 direct pages, mapped privately and read-only: PFNMAP, no faults, on %s',
    (kernel, flags) => {
      const m = new Machine(kernel);
      const start = m.map(m.device('cramfs'), { pages: 16 });
      expect(m.faults(() => m.byte(start))).toBe(0);
      expect([flagsOf(m, start), m.vma(start).vmPgoff]).toEqual([flags, 0x40000]);
      expect(m.byte(at(start, 15))).toBe(0x4f);
      expect(m.rss()).toEqual([0, 0]);
      // maps shows where it lies, as an offset.
      expect(formatMaps(m.mm)).toMatch(/r--p 40000000 00:05 100 +\/dev\/cramfs100\n/);
      m.check();
    },
  );

  test.each(KERNELS)(
    'T75 8 of 16: MIXEDMAP with 8 raw pages without faults, the ninth faults; 8 of 8: PFNMAP; on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const file = m.device('cramfs', PART);
      const start = m.map(file, { pages: 16 });
      expect(flagsOf(m, start)).toBe(0x10000071);
      expect(m.faults(() => m.mm.readMemory(start, 8 * PAGE_SIZE))).toBe(0);
      expect(m.faults(() => m.byte(at(start, 8)))).toBe(1);
      expect([m.byte(at(start, 8)), m.rss()]).toEqual([0x48, [1, 0]]);
      expect(m.frames(start, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => 0x40000 + i));
      const short = m.map(file, { pages: 8 });
      expect(vm.hasAny(m.vma(short).vmFlags, vm.VM_PFNMAP)).toBe(true);
      expect(vm.hasAny(m.vma(short).vmFlags, vm.VM_MIXEDMAP)).toBe(false);
      m.check();
    },
  );

  test.each(KERNELS)(
    'T76 a private writable mapping has no special flags, and pages of RAM, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const start = m.map(m.device('cramfs'), { pages: 16, prot: RW });
      expect(flagsOf(m, start)).toBe(0x100073);
      expect(m.faults(() => m.byte(start))).toBe(1);
      expect(m.pte(start)!.page).toBeDefined();
      m.check();
    },
  );

  test.each([
    ['data', 4],
    ['zeros', 5],
  ])('T77 with %s behind the end of the file %i of 5 pages are direct', (slack, run) => {
    const m = new Machine('6.12-x86');
    const file = m.device('cramfs', { pages: '5', tail: '100', slack });
    expect(file.actions['run']!.run({})).toBe(String(run));
    const start = m.map(file, { pages: 5 });
    expect(m.faults(() => m.byte(at(start, 4)))).toBe(5 - run);
    expect([...m.mm.readMemory(at(start, 4), 101).subarray(99)]).toEqual([0x44, 0]);
    expect(vm.hasAny(m.vma(start).vmFlags, run === 5 ? vm.VM_PFNMAP : vm.VM_MIXEDMAP)).toBe(true);
    m.check();
  });

  test('T77 a file of one page that would show foreign bytes is not mapped from flash', () => {
    const m = new Machine('6.12-x86');
    const start = m.map(m.device('cramfs', { pages: '1', tail: '1', slack: 'data' }), { pages: 1 });
    expect(flagsOf(m, start)).toBe(0x71);
    m.check();
  });

  test.each(KERNELS)('T78 a page dropped comes back as a copy in RAM, on %s', (kernel) => {
    const m = new Machine(kernel);
    const file = m.device('cramfs', { ...PART, readahead: '1' });
    const start = m.map(file, { pages: 16 });
    expect(madvise(m.mm, at(start, 2), PAGE_SIZE, 'dontneed')).toBe(0);
    expect(m.byte(at(start, 2))).toBe(0x42);
    expect([m.counts(file.pageAt(2)!), m.rss()]).toEqual([
      [2, 1],
      [1, 0],
    ]);
    m.check();
    const whole = m.map(file, { pages: 8 });
    expect(madvise(m.mm, at(whole, 2), PAGE_SIZE, 'dontneed')).toBe('EINVAL');
  });

  test('a run ends at the first page that does not follow the one before', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('cramfs', { gaps: '3' });
    expect(file.actions['run']!.run({})).toBe('3');
    const start = m.map(file, { pages: 8 });
    expect(m.frames(start, 4)).toEqual([0x40000, 0x40001, 0x40002, undefined]);
    expect(m.byte(at(start, 3))).toBe(0x43);
    // From there on it is in one piece again.
    expect(m.frames(m.map(file, { pages: 2, first: 3 }), 2)).toEqual([0x40004, 0x40005]);
    m.check();
  });

  test.each([
    [{ direct: '1-15' }, 0],
    [{ direct: 'none' }, 0],
    [{ aligned: 'no' }, 0],
    [{}, 16],
  ])('%o: bails out where flash cannot be mapped', (options, first) => {
    const m = new Machine('6.12-x86');
    const start = m.map(m.device('cramfs', options), { pages: 2, first });
    expect(flagsOf(m, start)).toBe(0x71);
    m.check();
  });

  test('a mapping that goes past the end of the file is MIXEDMAP', () => {
    const m = new Machine('6.12-x86');
    const start = m.map(m.device('cramfs', { pages: '4' }), { pages: 6 });
    expect(flagsOf(m, start)).toBe(0x10000071);
    expect(thrown(() => m.byte(at(start, 4))).message).toMatch(/^SIGBUS/);
    m.check();
  });

  test.each(KERNELS)(
    'made writable later, a store copies the flash page, on %s',
    (kernel: KernelName) => {
      const m = new Machine(kernel);
      const start = m.map(m.device('cramfs'), { pages: 16 });
      expect(mprotect(m.mm, start, 2 * PAGE_SIZE, RW)).toBe(0);
      m.mm.writeMemory(at(start, 1), Uint8Array.of(1));
      expect([[...m.mm.readMemory(at(start, 1), 2)], m.rss()]).toEqual([
        [1, 0x41],
        [0, 1],
      ]);
      expect(m.pte(start)!.page).toBeUndefined();
      m.check();
    },
  );

  test('a full direct last block is read as zeros though the mapping shows it (6.12), unless repaired', () => {
    for (const [lastblock, byte] of [
      ['zeros', 0],
      ['data', 0x43],
    ] as const) {
      const m = new Machine('6.12-x86');
      const file = m.device('cramfs', { pages: '4', lastblock });
      expect(m.byte(at(m.map(file, { pages: 4 }), 3))).toBe(0x43);
      expect(m.byte(at(m.map(file, { pages: 4, prot: RW }), 3))).toBe(byte);
      m.check();
    }
  });

  test('a shared mapping that may be written to is refused', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('cramfs', { writable: 'yes' });
    expect(thrown(() => m.map(file, { flags: MAP_SHARED, prot: R })).code).toBe('EINVAL');
    expect(m.mm.vmas.size).toBe(0);
    const shared = m.map(m.device('cramfs', { base: '0x44000' }), { flags: MAP_SHARED, pages: 16 });
    expect(m.vma(shared).vmPgoff).toBe(0);
    expect(m.byte(shared)).toBe(0x40);
    m.check();
  });
});
