import { describe, expect, test } from 'vitest';
import { PAGE_SIZE, pfn } from '../../../src/base/units.ts';
import { getUserPage } from '../../../src/mm/gup.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { at, Machine, MAP_SHARED, R, RW, thrown } from './machine.ts';

const KERNELS = ['6.1-x86', '6.12-x86'] as const;

describe.each(KERNELS)('a file on persistent memory, on %s', (kernel) => {
  test('a frame is mapped raw though it has a struct page and its vma no mark', () => {
    const m = new Machine(kernel);
    const file = m.device('dax');
    const start = m.map(file);
    expect([m.faults(() => m.byte(start)), m.byte(start)]).toEqual([1, 0x40]);
    expect(vm.hasAny(m.vma(start).vmFlags, vm.VM_MIXEDMAP + vm.VM_PFNMAP)).toBe(false);
    expect(m.memory.physical.pfnValid(pfn(0x58000))).toBe(true);
    expect(m.pte(start)).toMatchObject({ pfn: 0x58000, special: true, page: undefined });
    expect([m.counts(file.pageAt(0)!), m.rss(), m.reports]).toEqual([[1, 0], [0, 0], []]);
    expect(file.actions['entries']!.run({})).toBe('0:block');
    m.check();
    m.mm.exit();
    expect(m.counts(file.pageAt(0)!)).toEqual([1, 0]);
  });

  test('a private store copies in the handler (DONE_COW): one fault, no entry', () => {
    const m = new Machine(kernel);
    const file = m.device('dax', { holes: '1' });
    const start = m.map(file, { prot: RW });
    expect(
      m.faults(() => {
        m.mm.writeMemory(start, Uint8Array.of(1));
      }),
    ).toBe(1);
    expect([[...m.mm.readMemory(start, 2)], m.rss()]).toEqual([
      [1, 0x40],
      [0, 1],
    ]);
    m.mm.writeMemory(at(start, 1), Uint8Array.of(1));
    expect([...m.mm.readMemory(at(start, 1), 2)]).toEqual([1, 0]);
    expect(file.actions['entries']!.run({})).toBe('');
    expect(m.events.filter(({ type }) => type === 'cow_copy')).toHaveLength(1);
    m.check();
  });

  test('a private store to a page read before copies it as any raw page', () => {
    const m = new Machine(kernel);
    const start = m.map(m.device('dax'), { prot: RW });
    m.byte(start);
    expect(
      m.faults(() => {
        m.mm.touch(start, 'write');
      }),
    ).toBe(1);
    expect(m.rss()).toEqual([0, 1]);
    m.check();
  });

  test('a hole reads as the page of zeros; a shared store puts a block in its place, for all', () => {
    const m = new Machine(kernel);
    const file = m.device('dax', { holes: '1' });
    const start = m.map(file, { flags: MAP_SHARED, prot: RW });
    const other = m.process();
    const there = m.map(file, { mm: other });
    expect([m.byte(at(start, 1)), m.byte(at(there, 1), other)]).toEqual([0, 0]);
    const zero = m.memory.frames.pageToPfn(m.memory.zeroPage);
    expect([m.frames(start, 2), m.rss(), m.counts(m.memory.zeroPage)]).toEqual([
      [undefined, zero],
      [0, 0],
      [1, 0],
    ]);
    expect(file.actions['entries']!.run({})).toBe('1:zero');
    m.check();
    m.mm.writeMemory(at(start, 1), Uint8Array.of(9));
    expect(m.pte(at(start, 1))).toMatchObject({ pfn: 0x58001, write: true, dirty: true });
    expect(m.pte(at(there, 1), other)).toBeUndefined();
    expect(m.byte(at(there, 1), other)).toBe(9);
    expect(file.actions['entries']!.run({})).toBe('1:block:dirty');
    expect([m.rss(), m.reports]).toEqual([[0, 0], []]);
    m.check();
  });

  test('a shared store to an untouched hole is a major fault, to a block a minor one', () => {
    const m = new Machine(kernel);
    const start = m.map(m.device('dax', { holes: '1' }), { flags: MAP_SHARED, prot: RW });
    m.mm.touch(at(start, 1), 'write');
    expect([m.mm.majflt, m.mm.minflt]).toEqual([1, 0]);
    m.mm.touch(start, 'write');
    expect([m.mm.majflt, m.mm.minflt]).toEqual([1, 1]);
    m.check();
  });

  test('T36 the first store to a page read before asks pfn_mkwrite, which makes the entry writable', () => {
    const m = new Machine(kernel);
    const file = m.device('dax');
    const start = m.map(file, { flags: MAP_SHARED, prot: RW });
    m.byte(start);
    expect(m.pte(start)).toMatchObject({ write: false, dirty: false });
    expect(
      m.faults(() => {
        m.mm.touch(start, 'write');
      }),
    ).toBe(1);
    expect(m.pte(start)).toMatchObject({ pfn: 0x58000, write: true, dirty: true });
    expect(file.actions['entries']!.run({})).toBe('0:block:dirty');
    m.check();
  });

  test('get_user_pages gets the struct page with a reference, which is not a mapping', () => {
    const m = new Machine(kernel);
    const file = m.device('dax');
    const start = m.map(file);
    const page = getUserPage(m.mm, start, { write: false });
    expect(page).toBe(file.pageAt(0));
    expect(m.counts(file.pageAt(0)!)).toEqual([2, 0]);
    m.memory.frames.putPage(file.pageAt(0)!);
    m.check();
  });

  test('truncate takes entries away everywhere; beyond the end is SIGBUS', () => {
    const m = new Machine(kernel);
    const file = m.device('dax');
    const start = m.map(file);
    m.byte(at(start, 1));
    m.byte(at(start, 2));
    expect(file.actions['truncate']!.run({ pages: '2' })).toBe(`${String(2 * PAGE_SIZE)} bytes`);
    expect(m.frames(start, 3)).toEqual([undefined, 0x58001, undefined]);
    expect(file.actions['entries']!.run({})).toBe('1:block');
    expect(thrown(() => m.byte(at(start, 2))).message).toMatch(/^SIGBUS/);
    m.check();
  });

  test('on a read-only file system there are no shared mappings that may be written to', () => {
    const m = new Machine(kernel);
    const file = m.device('dax', { readonlyfs: 'yes' });
    expect(thrown(() => m.map(file, { flags: MAP_SHARED, prot: R })).code).toBe('EINVAL');
    expect(m.byte(m.map(file))).toBe(0x40);
    expect(file.actions['frames']!.run({})).toBe('0x58000');
    m.check();
  });

  test('fork leaves nothing in the child: it faults', () => {
    const m = new Machine(kernel);
    const start = m.map(m.device('dax'));
    m.byte(start);
    const child = m.fork();
    expect(m.pte(start, child)).toBeUndefined();
    expect(m.byte(start, child)).toBe(0x40);
    m.check();
  });
});
