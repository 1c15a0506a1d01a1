import { describe, expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import { tryToFreePages } from '../../../src/mm/reclaim.ts';
import { at, Machine, MAP_SHARED, R, RW, thrown } from './machine.ts';

const readAll = { offset: '0', length: String(16 * PAGE_SIZE) };

describe('a file in the page cache', () => {
  test.each([
    ['2.6.28-arm', 1],
    ['4.9-arm', 16],
    ['6.12-x86', 16],
  ] as const)(
    'T73 16 cached pages, one is read: on %s %i entries by one fault',
    (kernel, mapped) => {
      const m = new Machine(kernel);
      const file = m.device('cached');
      file.actions['read']!.run(readAll);
      const start = m.map(file, { pages: 16, address: 0x40000000 });
      expect(m.faults(() => m.byte(at(start, 3)))).toBe(1);
      expect([m.rss(), m.mm.majflt]).toEqual([[mapped, 0], 0]);
      expect(m.counts(file.pageAt(3)!)).toEqual([2, 1]);
      m.check();
    },
  );

  test('T73 the window ends with the vma', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('cached');
    file.actions['read']!.run(readAll);
    const start = m.map(file, { pages: 3, first: 5 });
    m.byte(start);
    expect(m.rss()).toEqual([3, 0]);
    m.check();
  });

  test('a page that is not cached is a major fault, which reads around; readahead=1 reads one', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('cached');
    const start = m.map(file, { pages: 16 });
    expect(m.byte(at(start, 3))).toBe(0x43);
    expect([m.mm.majflt, file.mapping!.size, m.rss()]).toEqual([1, 16, [1, 0]]);
    const one = m.device('cached', { readahead: '1' });
    m.byte(m.map(one, { pages: 16 }));
    expect(one.mapping!.size).toBe(1);
    m.check();
  });

  test('reading around centres on the fault and ends with the file', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('cached', { pages: '10', readahead: '4' });
    m.byte(at(m.map(file, { pages: 10 }), 5));
    const cached = (): number[] => [...file.mapping!.entries()].map(([index]) => index);
    expect(cached()).toEqual([3, 4, 5, 6]);
    m.byte(at(m.map(file, { pages: 10 }), 9));
    expect(cached()).toEqual([3, 4, 5, 6, 7, 8, 9]);
    m.check();
  });

  test('a shared store makes the page dirty; sync and reclaim write it to the disk', () => {
    for (const kernel of ['2.6.28-arm', '6.12-x86'] as const) {
      const m = new Machine(kernel);
      const file = m.device('cached', { readahead: '1' });
      const start = m.map(file, { flags: MAP_SHARED, prot: RW });
      m.byte(start);
      expect(m.pte(start)!.write).toBe(false);
      m.mm.writeMemory(start, Uint8Array.of(0x99));
      const page = file.pageAt(0)!;
      expect(m.memory.frames.testFlag(page, 'dirty')).toBe(true);
      expect(file.actions['sync']!.run({})).toBe('1 pages written');
      m.mm.munmap(start, PAGE_SIZE);
      m.check();
      for (let i = 0; i < 3 && file.mapping!.size > 0; i += 1) tryToFreePages(m.memory, 32);
      expect(file.mapping!.size).toBe(0);
      expect(file.actions['read']!.run({})).toBe('1 bytes, first 0x99');
      m.check();
    }
  });

  test('page_mkwrite is asked before the first store, and can refuse', () => {
    const m = new Machine('4.9-arm');
    const agrees = m.device('cached', { mkwrite: 'agree' });
    const start = m.map(agrees, { flags: MAP_SHARED, prot: RW });
    m.mm.writeMemory(start, Uint8Array.of(1));
    expect(m.pte(start)).toMatchObject({ write: true, dirty: true });
    const refuses = m.device('cached', { mkwrite: 'sigbus' });
    const there = m.map(refuses, { flags: MAP_SHARED, prot: RW });
    expect(
      thrown(() => {
        m.mm.touch(there, 'write');
      }).message,
    ).toMatch(/^SIGBUS/);
    m.byte(there);
    expect(
      thrown(() => {
        m.mm.touch(there, 'write');
      }).message,
    ).toMatch(/^SIGBUS/);
    m.check();
  });

  test('write goes through the cache, and who has it mapped sees it', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('cached', { pages: '2', tail: '10' });
    const start = m.map(file, { pages: 2 });
    m.byte(start);
    expect(file.actions['write']!.run({ offset: '4095', length: '100', value: '7' })).toBe(
      '11 bytes',
    );
    expect([...m.mm.readMemory(at(start, 1), 11)]).toEqual([...new Array<number>(10).fill(7), 0]);
    m.check();
  });

  test('truncate zeroes the tail, drops the rest with its copies, and beyond is SIGBUS', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('cached', { pages: '4' });
    const start = m.map(file, { pages: 4, prot: RW });
    m.mm.readMemory(start, 4 * PAGE_SIZE);
    m.mm.touch(at(start, 3), 'write');
    expect(m.rss()).toEqual([3, 1]);
    expect(file.actions['truncate']!.run({ size: '4098' })).toBe('4098 bytes');
    expect([m.rss(), file.mapping!.size]).toEqual([[2, 0], 2]);
    expect([...m.mm.readMemory(at(start, 1), 3)]).toEqual([0x41, 0x41, 0]);
    expect(thrown(() => m.byte(at(start, 2))).message).toMatch(/^SIGBUS/);
    expect(thrown(() => file.actions['truncate']!.run({ size: '5000' })).code).toBe('EINVAL');
    m.check();
  });

  test('drop frees what nobody maps', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('cached');
    file.actions['read']!.run(readAll);
    m.byte(m.map(file, { pages: 16 }));
    expect(file.actions['drop']!.run({})).toBe('15 pages dropped');
    m.check();
  });

  test('a full RAM: a fault is an OOM, and what was read ahead stays', () => {
    const m = new Machine('2.6.28-arm', { ramPages: 10 });
    const file = m.device('cached');
    const start = m.map(file, { pages: 16 });
    expect(thrown(() => m.byte(at(start, 15))).message).toMatch(/OOM/);
    expect(file.mapping!.size).toBe(4);
    expect(thrown(() => file.actions['read']!.run(readAll)).code).toBe('ENOMEM');
    m.check();
  });
});

describe('a file of a read-only file system', () => {
  test('shared and to be written to it cannot be mapped; else as any file', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('readonly');
    expect(m.byte(m.map(file, { flags: MAP_SHARED }))).toBe(0x40);
    expect(thrown(() => m.map(file, { flags: MAP_SHARED, prot: RW })).code).toBe('EACCES');
    const open = m.device('readonly', { writable: 'yes' });
    expect(thrown(() => m.map(open, { flags: MAP_SHARED, prot: R })).code).toBe('EINVAL');
    expect(file.actions['read']!.run({})).toBe('1 bytes, first 0x40');
    expect(file.actions['write']).toBeUndefined();
    m.check();
  });

  test('owner=no is what mincore is told', () => {
    const m = new Machine('6.12-x86');
    expect(m.device('readonly', { owner: 'no' }).mayInspect).toBe(false);
    expect(m.device('cached').mayInspect).toBe(true);
  });
});
