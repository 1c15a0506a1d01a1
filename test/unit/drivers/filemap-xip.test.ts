import { describe, expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import { KernelBug } from '../../../src/mm/kernel-bug.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { at, Machine, MAP_PRIVATE, MAP_SHARED, R, RW, thrown } from './machine.ts';

const K28 = ['2.6.28-arm', '2.6.28-x86'] as const;
const ALL = ['2.6.23', '2.6.24', ...K28] as const;

describe('a file by mm/filemap_xip.c', () => {
  test.each(K28)('maps blocks raw where they lie, on %s', (kernel) => {
    const m = new Machine(kernel);
    const start = m.map(m.device('filemap_xip'));
    expect([m.byte(start), m.byte(at(start, 3))]).toEqual([0x40, 0x43]);
    expect(m.frames(start, 4)).toEqual([0x50000, undefined, undefined, 0x50003]);
    expect([m.pte(start)!.page, m.rss()]).toEqual([undefined, [0, 0]]);
    expect(vm.hasAny(m.vma(start).vmFlags, vm.VM_MIXEDMAP)).toBe(true);
    m.check();
  });

  test.each(['2.6.23', '2.6.24'] as const)(
    'S31 asked for struct pages it has mm count them, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const file = m.device('filemap_xip');
      const start = m.map(file, { prot: RW });
      m.byte(start);
      const page = m.memory.physical.pfnToPage(
        m.memory.physical.windowOf(0x50000 as never)!.firstPfn,
      );
      expect([m.pte(start)!.page, m.counts(page), m.rss()]).toEqual([page, [2, 1], [1, 0]]);
      m.check();
      m.mm.writeMemory(start, Uint8Array.of(1));
      expect([m.counts(page), m.rss(), file.actions['read']!.run({})]).toEqual([
        [1, 0],
        [0, 1],
        '1 bytes, first 0x40',
      ]);
      m.check();
    },
  );

  test.each(ALL)('T105 a hole is one page of zeros that processes share, on %s', (kernel) => {
    const m = new Machine(kernel);
    const file = m.device('filemap_xip', { holes: '1,2' });
    const start = m.map(file);
    expect(m.byte(at(start, 1))).toBe(0);
    const sparse = file.pageAt(1)!;
    expect([m.counts(sparse), m.rss()]).toEqual([
      [2, 1],
      [1, 0],
    ]);
    expect(vm.hasAny(m.vma(start).vmFlags, vm.VM_INSERTPAGE)).toBe(
      (K28 as readonly string[]).includes(kernel),
    );
    m.check();
    const other = m.process();
    m.byte(at(m.map(file, { mm: other }), 1), other);
    expect(m.counts(sparse)).toEqual([3, 2]);
    m.byte(at(start, 2));
    expect(m.counts(sparse)).toEqual([4, 3]);
    m.check();
    other.exit();
    m.mm.munmap(start, 8 * PAGE_SIZE);
    expect(m.counts(sparse)).toEqual([1, 0]);
    m.check();
  });

  test.each(ALL)(
    'T104 a shared mapping that may be written to fills the hole even on a read: the page of zeros goes everywhere, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const file = m.device('filemap_xip', { holes: '1' });
      const readers = [m.process(), m.process()].map((mm) => ({ mm, start: m.map(file, { mm }) }));
      for (const { mm, start } of readers) {
        m.byte(at(start, 1), mm);
        expect(m.rss(mm)).toEqual([1, 0]);
      }
      const sparse = file.pageAt(1)!;
      expect(m.counts(sparse)).toEqual([3, 2]);
      const start = m.map(file, { flags: MAP_SHARED, prot: RW });
      expect(m.byte(at(start, 1))).toBe(0);
      expect(m.counts(sparse)).toEqual([1, 0]);
      for (const reader of readers) {
        expect(m.rss(reader.mm)).toEqual([0, 0]);
        expect(m.pte(at(reader.start, 1), reader.mm)).toBeUndefined();
      }
      expect(m.frames(start, 2)).toEqual([undefined, 0x50001]);
      expect(file.actions['blocks']!.run({})).toContain('0,1,2');
      m.check();
      // Now they see the stores.
      m.mm.writeMemory(at(start, 1), Uint8Array.of(7));
      expect(readers.map(({ mm, start: there }) => m.byte(at(there, 1), mm))).toEqual([7, 7]);
      m.check();
    },
  );

  test('T104 on a read-only mount, or shared but never to be written to, the hole stays one', () => {
    const ro = new Machine('2.6.28-arm');
    const first = ro.device('filemap_xip', { holes: '1', mount: 'ro' });
    ro.byte(at(ro.map(first, { flags: MAP_SHARED, prot: R }), 1));
    expect(first.pageAt(1)).toBeDefined();
    ro.check();
    const m = new Machine('2.6.28-arm');
    const file = m.device('filemap_xip', { holes: '1', writable: 'no' });
    m.byte(at(m.map(file, { flags: MAP_SHARED, prot: R }), 1));
    expect(file.pageAt(1)).toBeDefined();
    m.check();
  });

  test('a private store to a hole copies the page of zeros', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('filemap_xip', { holes: '1' });
    const start = m.map(file, { prot: RW });
    m.mm.writeMemory(at(start, 1), Uint8Array.of(7));
    expect([[...m.mm.readMemory(at(start, 1), 2)], m.rss()]).toEqual([
      [7, 0],
      [0, 1],
    ]);
    expect(file.actions['read']!.run({ offset: '4096' })).toBe('1 bytes, first 0x0');
    m.check();
  });

  test('T62 a second thread on the same page: a BUG until 3.2, nothing later', () => {
    const m = new Machine('2.6.28-arm');
    const buggy = m.device('filemap_xip');
    buggy.actions['race']!.run({});
    const error = thrown(() => m.byte(m.map(buggy)));
    expect(error).toBeInstanceOf(KernelBug);
    expect(error.rule).toBe('vm_insert_mixed finds no entry there');
    const n = new Machine('2.6.28-arm');
    const fixed = n.device('filemap_xip', { busy: 'nopage' });
    fixed.actions['race']!.run({});
    const start = n.map(fixed);
    expect([n.byte(start), n.frames(start, 1)]).toEqual([0x40, [0x50000]]);
    n.check();
  });

  test('fork copies a mapping that had a hole (INSERTPAGE), and not one without', () => {
    for (const [holes, copied] of [
      ['1', true],
      ['none', false],
    ] as const) {
      const m = new Machine('2.6.28-arm');
      const start = m.map(m.device('filemap_xip', { holes }));
      m.byte(start);
      m.byte(at(start, 1));
      const child = m.fork();
      expect(m.pte(start, child) !== undefined).toBe(copied);
      m.check();
    }
  });

  test('read and write go straight to the medium; write fills holes; both end with the file', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('filemap_xip', { pages: '4', holes: '1,2' });
    const run = (name: string, options: Readonly<Record<string, string>>): string =>
      file.actions[name]!.run(options);
    const start = m.map(file, { pages: 4 });
    m.byte(at(start, 1));
    expect(run('read', { offset: '4096', length: '100000' })).toBe('12288 bytes, first 0x0');
    expect(run('write', { offset: '4095', length: '2', value: '9' })).toBe('2 bytes');
    expect(m.pte(at(start, 1))).toBeUndefined();
    expect([...m.mm.readMemory(at(start, 1), 2)]).toEqual([9, 0]);
    expect(run('read', { offset: '4095' })).toBe('1 bytes, first 0x9');
    expect(run('write', { offset: '16383', length: '2' })).toBe('1 bytes');
    expect(run('read', { offset: '16384' })).toBe('0 bytes, first 0x0');
    expect(run('blocks', {})).toBe('0,1,3');
    m.check();
  });

  test('truncate zeroes the tail on the medium and unmaps the rest, copies included', () => {
    const m = new Machine('2.6.28-arm');
    const file = m.device('filemap_xip', { pages: '4' });
    const start = m.map(file, { prot: RW, pages: 4 });
    for (let i = 0; i < 4; i += 1) m.byte(at(start, i));
    m.mm.touch(at(start, 2), 'write');
    expect(file.actions['truncate']!.run({ size: '4100' })).toBe('4100 bytes');
    expect(m.frames(start, 4)).toEqual([0x50000, 0x50001, undefined, undefined]);
    expect([...m.mm.readMemory(at(start, 1), 5)]).toEqual([0x41, 0x41, 0x41, 0x41, 0]);
    expect(m.rss()).toEqual([0, 0]);
    expect(thrown(() => m.byte(at(start, 2))).message).toMatch(/^SIGBUS/);
    expect(thrown(() => file.actions['truncate']!.run({ size: '4101' })).code).toBe('EINVAL');
    m.check();
  });

  test('a read-only mount refuses write and truncate', () => {
    const file = new Machine('2.6.28-arm').device('filemap_xip', { mount: 'ro' });
    for (const name of ['write', 'truncate'])
      expect(thrown(() => file.actions[name]!.run({})).code).toBe('EROFS');
  });

  test('without RAM for the page of zeros a hole is an OOM', () => {
    const m = new Machine('2.6.28-arm', { ramPages: 6 });
    const file = m.device('filemap_xip', { holes: 'all' });
    const start = m.map(file);
    expect(thrown(() => m.byte(start)).message).toMatch(/OOM/);
    expect(m.map(file, { flags: MAP_PRIVATE })).toBeDefined();
  });
});
