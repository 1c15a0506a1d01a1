import { describe, expect, test } from 'vitest';
import { PAGE_SIZE, pfn, virtAddr } from '../../../src/base/units.ts';
import { vmfInsertMixedMkwrite, vmInsertMixed } from '../../../src/mm/insert.ts';
import type { MmStruct } from '../../../src/mm/mm.ts';
import { PTE_PRESENT, PTE_SPECIAL, PTE_USER, pteIndex } from '../../../src/mm/pagetable.ts';
import { accessProcessVm } from '../../../src/mm/remote-access.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { at, Machine, MAP_PRIVATE, MAP_SHARED, RW } from './machine.ts';

describe('shared writable mappings', () => {
  test.each([
    ['2.6.28-arm', 1],
    ['2.6.28-x86', 0],
    ['4.9-arm', 1],
    ['6.12-x86', 0],
  ] as const)(
    'T69 S29 a raw page stays the same frame, on %s with %i more faults',
    (kernel, more) => {
      const m = new Machine(kernel);
      const file = m.device('test', { flags: 'mixedmap', fault: 'mixed', writable: 'yes' });
      const start = m.map(file, { flags: MAP_SHARED, prot: RW });
      m.byte(start);
      expect(m.pte(start)).toMatchObject({ pfn: 0x34000, write: true, dirty: false });
      expect(
        m.faults(() => {
          m.mm.writeMemory(start, Uint8Array.of(0x42));
        }),
      ).toBe(more);
      expect(m.pte(start)).toMatchObject({
        pfn: 0x34000,
        write: true,
        dirty: true,
        page: undefined,
      });
      expect(m.rss()).toEqual([0, 0]);
      // The store reached the medium.
      expect(m.memory.physical.bytesOf(pfn(0x34000))[0]).toBe(0x42);
      m.check();
    },
  );

  test.each(['2.6.28-arm', '4.9-arm', '6.12-x86'] as const)(
    'T70 a page of the driver stays the same page, and gets dirty, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const file = m.device('test', { flags: 'mixedmap', fault: 'page', writable: 'yes' });
      const start = m.map(file, { flags: MAP_SHARED, prot: RW });
      m.byte(start);
      const page = file.pageAt(0)!;
      m.mm.writeMemory(start, Uint8Array.of(0x42));
      expect(m.pte(start)).toMatchObject({ page, write: true, dirty: true });
      expect([m.rss(), m.counts(page)]).toEqual([
        [1, 0],
        [2, 1],
      ]);
      m.check();
      m.mm.munmap(start, PAGE_SIZE);
      expect(m.memory.frames.testFlag(page, 'dirty')).toBe(true);
    },
  );

  test('T36 vmf_insert_mixed_mkwrite makes an entry of the same frame writable, dirty and young', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('test', { flags: 'mixedmap', writable: 'yes' });
    const start = m.map(file, { flags: MAP_SHARED, prot: RW });
    const leaf = m.mm.pageTable.leafAlloc(start)!;
    leaf.set(pteIndex(start), pfn(0x34001), PTE_PRESENT + PTE_USER + PTE_SPECIAL);
    expect(vmfInsertMixedMkwrite(m.vma(start), start, pfn(0x34001))).toBe(vm.VM_FAULT_NOPAGE);
    expect(m.pte(start)).toMatchObject({ pfn: 0x34001, write: true, dirty: true });
    expect(
      m.faults(() => {
        m.mm.touch(start, 'write');
      }),
    ).toBe(0);
    expect(m.reports).toEqual([]);
    m.check();
  });

  test('T37 it leaves an entry of another frame, and warns once', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('test', { flags: 'mixedmap', writable: 'yes' });
    const start = m.map(file, { flags: MAP_SHARED, prot: RW });
    expect(vmInsertMixed(m.vma(start), start, pfn(0x34001))).toBe(0);
    for (let i = 0; i < 2; i += 1)
      expect(vmfInsertMixedMkwrite(m.vma(start), start, pfn(0x34002))).toBe(vm.VM_FAULT_NOPAGE);
    expect(m.pte(start)).toMatchObject({ pfn: 0x34001, dirty: false });
    expect(m.reports).toEqual([
      {
        kind: 'warning',
        function: 'insert_pfn',
        rule: 'an entry that becomes writable maps the frame asked for',
        pfn: 0x34001,
      },
    ]);
    m.check();
  });

  test('T36 into an empty entry it inserts a writable one; outside the vma it answers SIGBUS', () => {
    const m = new Machine('6.12-x86');
    const file = m.device('test', { flags: 'mixedmap', fault: 'mkwrite', writable: 'yes' });
    const start = m.map(file, { flags: MAP_SHARED, prot: RW });
    expect(
      m.faults(() => {
        m.mm.touch(start, 'write');
      }),
    ).toBe(1);
    expect(m.pte(start)).toMatchObject({ pfn: 0x34000, write: true, dirty: true });
    expect(vmfInsertMixedMkwrite(m.vma(start), at(start, 9), pfn(0x34002))).toBe(
      vm.VM_FAULT_SIGBUS,
    );
    m.check();
  });
});

describe("a debugger writes to another process's raw private page", () => {
  const setUp = (kernel: '4.9-arm' | '6.12-x86', flags: string) => {
    const m = new Machine(kernel);
    const file = m.device('test', { flags, fault: 'mixed' });
    const start = m.map(file, { flags: MAP_PRIVATE, prot: RW });
    m.byte(start);
    const debugger_ = m.process();
    return { m, start, debugger_ };
  };
  const poke = (m: Machine, start: number, debugger_: MmStruct): number =>
    accessProcessVm(m.mm, {
      address: virtAddr(start + 4),
      bytes: Uint8Array.of(0x42, 0x4b, 0x50, 0x54),
      write: true,
      debugger: debugger_,
    });

  test.each(['4.9-arm', '6.12-x86'] as const)(
    "T71 and the page becomes a copy of the debugger's own, on %s",
    (kernel) => {
      const { m, start, debugger_ } = setUp(kernel, 'mixedmap');
      debugger_.mmap({
        length: PAGE_SIZE,
        prot: RW,
        flags: MAP_PRIVATE + vm.MAP_ANONYMOUS + vm.MAP_FIXED,
        address: start,
      });
      debugger_.writeMemory(start, new Uint8Array(PAGE_SIZE).fill(0x58));
      expect(poke(m, start, debugger_)).toBe(4);
      expect([...m.mm.readMemory(start, 12)]).toEqual([
        0x58, 0x58, 0x58, 0x58, 0x42, 0x4b, 0x50, 0x54, 0x58, 0x58, 0x58, 0x58,
      ]);
      m.check();
    },
  );

  test('T71 with nothing mapped there: zeros', () => {
    const { m, start, debugger_ } = setUp('6.12-x86', 'mixedmap');
    expect(poke(m, start, debugger_)).toBe(4);
    expect([...m.mm.readMemory(start, 8)]).toEqual([0, 0, 0, 0, 0x42, 0x4b, 0x50, 0x54]);
    m.check();
  });

  test('T72 VM_IO shields it: nothing is written, the raw entry stays', () => {
    const { m, start, debugger_ } = setUp('4.9-arm', 'io_mixedmap');
    expect(poke(m, start, debugger_)).toBe(0);
    expect(m.pte(start)).toMatchObject({ pfn: 0x34000, page: undefined });
    m.check();
  });
});
