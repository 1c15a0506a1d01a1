import { describe, expect, test } from 'vitest';
import { PAGE_SIZE, pfn } from '../../../src/base/units.ts';
import type { Page } from '../../../src/mm/frames.ts';
import { getUserPage } from '../../../src/mm/gup.ts';
import { vmInsertMixed, vmInsertPage, vmInsertPfn } from '../../../src/mm/insert.ts';
import { KernelBug } from '../../../src/mm/kernel-bug.ts';
import { KERNELS, type KernelName } from '../../../src/mm/kernel.ts';
import { PROPOSALS, withProposal, type ProposalName } from '../../../src/mm/proposals.ts';
import { remapPfnRange } from '../../../src/mm/remap.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { at, Machine, MAP_PRIVATE, MAP_SHARED, R, RW, thrown } from '../drivers/machine.ts';

const machine = (kernel: KernelName, proposal?: ProposalName): Machine =>
  new Machine(proposal === undefined ? KERNELS[kernel] : withProposal(KERNELS[kernel], proposal));

/** A page that a driver owns: C=1 M=0, first byte 0x40. The page tables of the process are there already. */
function driverPage(m: Machine): { page: Page; frame: ReturnType<typeof pfn>; put: () => string } {
  const owner = m.device('test', { base: '0x60000' });
  m.mm.pageTable.leafAlloc(0x40000000 as never);
  owner.actions['page-make']!.run({ page: '0' });
  const page = owner.pageAt(0)!;
  return {
    page,
    frame: m.memory.frames.pageToPfn(page),
    put: () => owner.actions['page-put']!.run({ page: '0' }),
  };
}

const reported = (m: Machine): string[] =>
  m.reports.map(({ kind, function: where }) => `${kind} ${where}`);

describe('withProposal', () => {
  test('changes rows of a copy, and its name', () => {
    const kernel = withProposal(KERNELS['2.6.24'], 'rfc');
    expect(kernel.name).toBe('2.6.24+rfc');
    expect(kernel.rawUnlessPfnValid).toBe(vm.VM_PFNMAP);
    expect(KERNELS['2.6.24']).toMatchObject({ rawUnlessPfnValid: 0, skips: [] });
  });

  test('refuses rules about pfns where the special bit decides', () => {
    for (const name of ['rfc', 'invalidpfnmap'] as const) {
      const error = thrown(() => withProposal(KERNELS['6.12-x86'], name));
      expect([error.code, error.message]).toEqual([
        'EINVAL',
        `proposal ${name} on kernel 6.12-x86, which tells raw entries by their special bit, expected one without`,
      ]);
    }
    expect(withProposal(KERNELS['6.12-x86'], 'no-bug-ons').name).toBe('6.12-x86+no-bug-ons');
  });

  test('no released kernel skips an assertion', () => {
    for (const kernel of Object.values(KERNELS)) expect(kernel.skips).toEqual([]);
    for (const { purpose } of Object.values(PROPOSALS)) expect(purpose).toMatch(/\.$/);
  });
});

describe('rfc: under VM_PFNMAP a pfn is raw when it has no struct page', () => {
  test.each(['2.6.23', '2.6.24', '2.6.28-arm'] as const)(
    'S33 it does what it was for: a private mapping of frames in any order, stores copy, on %s',
    (kernel) => {
      const m = machine(kernel, 'rfc');
      const file = m.device('test', { flags: 'pfnmap', fault: 'pfn', base: '0x48000' });
      const start = m.map(file, { prot: RW, address: 0x40000000 });
      expect(m.byte(start)).toBe(0x40);
      m.mm.writeMemory(start, Uint8Array.of(1));
      expect([[...m.mm.readMemory(start, 2)], m.rss(), m.reports]).toEqual([[1, 0x40], [0, 1], []]);
      expect(m.pte(start)!.page).toBeDefined();
      m.check();
      m.mm.munmap(start, 8 * PAGE_SIZE);
      expect([m.rss(), m.reports]).toEqual([[0, 0], []]);
      m.check();
    },
  );

  test('S33 2.6.23 without the assertions does so, too, with a complaint for each look at the entry', () => {
    const m = machine('2.6.23', 'no-bug-ons');
    const file = m.device('test', { flags: 'pfnmap', fault: 'pfn', base: '0x48000' });
    const start = m.map(file, { prot: RW, address: 0x40000000 });
    expect(m.byte(start)).toBe(0x40);
    m.mm.writeMemory(start, Uint8Array.of(1));
    expect([[...m.mm.readMemory(start, 2)], m.rss()]).toEqual([
      [1, 0x40],
      [0, 1],
    ]);
    expect(new Set(reported(m))).toEqual(new Set(['bad_pte print_bad_pte']));
    m.check();
  });

  test('S4 S33 2.6.24 uses a struct page that is none: without CONFIG_DEBUG_VM the kernel is lost', () => {
    const m = machine('2.6.24', 'no-bug-ons');
    const file = m.device('test', { flags: 'pfnmap', fault: 'pfn', base: '0x48000' });
    const error = thrown(() => m.byte(m.map(file, { prot: RW })));
    expect(error).toBeInstanceOf(KernelBug);
    expect(error.rule).toBe('a PTE that is not raw has a struct page');
  });

  test('S12 pages of RAM in the same mapping are counted, and are not taken for copies', () => {
    const m = machine('2.6.24', 'rfc');
    const file = m.device('test', { flags: 'pfnmap', fault: 'page', base: '0x48000' });
    const start = m.map(file, { address: 0x40000000 });
    m.byte(start);
    expect(vmInsertPfn(m.vma(start), at(start, 1), pfn(0x48001))).toBe(0);
    const { page } = m.pte(start)!;
    expect([page, m.rss(), m.counts(page!)]).toEqual([file.pageAt(0), [1, 0], [2, 1]]);
    expect(m.memory.frames.testFlag(page!, 'anon')).toBe(false);
    expect(m.pte(at(start, 1))!.page).toBeUndefined();
    m.check();
  });

  test.each(['2.6.23', '2.6.24', '2.6.28-arm', '4.9-arm'] as const)(
    'S14 S32 but /dev/mem on RAM changes C and M, which PFNMAP as it is does not, on %s',
    (kernel) => {
      for (const [proposal, after, reports] of [
        [undefined, [2, 1], []],
        ['rfc', [1, 0], []],
      ] as const) {
        const m = machine(kernel, proposal);
        const { page, frame } = driverPage(m);
        const owner = m.map(m.device('test', { flags: kernel < '2.6.28' ? 'none' : 'mixedmap' }));
        m.mm.withMmapWriteLock(() => vmInsertPage(m.vma(owner), owner, page));
        expect(m.counts(page)).toEqual([2, 1]);
        const start = m.map(m.device('devmem'), { pages: 1, first: frame, flags: MAP_SHARED });
        expect([m.byte(start), m.counts(page)]).toEqual([0x40, [2, 1]]);
        m.mm.munmap(start, PAGE_SIZE);
        expect([m.counts(page), reported(m)]).toEqual([after, reports]);
      }
    },
  );

  test('S32 and frees a page that somebody owns: a bad page, found again when he drops it', () => {
    const m = machine('2.6.24', 'rfc');
    const { page, frame, put } = driverPage(m);
    const start = m.map(m.device('devmem'), {
      pages: 1,
      first: frame,
      flags: MAP_SHARED,
      address: 0x40000000,
    });
    m.mm.munmap(start, PAGE_SIZE);
    expect([m.counts(page), m.rss()]).toEqual([
      [0, 0],
      [-1, 0],
    ]);
    expect(reported(m)).toEqual(['bad_page page_remove_rmap']);
    put();
    expect(reported(m)).toEqual(['bad_page page_remove_rmap', 'bad_page put_page']);
  });

  test('S32 a page of a page cache that loses its last reference is reported, and never used again', () => {
    const m = machine('2.6.24', 'rfc');
    const file = m.device('cached', { readahead: '1' });
    file.actions['read']!.run({});
    const page = file.pageAt(0)!;
    const start = m.map(m.device('devmem'), {
      pages: 1,
      first: m.memory.frames.pageToPfn(page),
      flags: MAP_SHARED,
    });
    m.mm.munmap(start, PAGE_SIZE);
    expect(reported(m)).toEqual(['bad_page page_remove_rmap', 'bad_page free_pages_check']);
    expect(m.counts(page)).toEqual([0, 0]);
    const taken = Array.from({ length: 8 }, () => m.memory.frames.allocPage('driver'));
    expect(taken).not.toContain(page);
    // Who looks the page up does not get it; who drops it is reported.
    expect(file.mapping!.findGetPage(0)).toBeUndefined();
    file.close();
    expect(reported(m).slice(2)).toEqual(['bad_page get_page', 'bad_page put_page']);
  });

  test('S17 get_user_pages of a page that is free by mistake fails, and is reported', () => {
    const m = machine('2.6.24', 'no-bug-ons');
    const { page, frame, put } = driverPage(m);
    const start = m.map(m.device('test', { flags: 'pfnmap' }), { address: 0x40000000 });
    expect(vmInsertPfn(m.vma(start), start, frame)).toBe(0);
    put();
    expect(m.counts(page)).toEqual([0, 0]);
    expect(getUserPage(m.mm, start, { write: false })).toBe('EFAULT');
    const mixed = machine('2.6.28-arm', 'no-bug-ons');
    const other = driverPage(mixed);
    const there = mixed.map(mixed.device('test', { flags: 'mixedmap' }), { address: 0x40000000 });
    expect(vmInsertPfn(mixed.vma(there), there, other.frame)).toBe(0);
    other.put();
    expect(getUserPage(mixed.mm, there, { write: false })).toBe('EFAULT');
    expect(reported(mixed)).toEqual(['bad_page get_page']);
  });
});

describe('invalidpfnmap: the same rule under a flag of its own', () => {
  test.each(['2.6.23', '2.6.24', '2.6.28-arm'] as const)(
    'S18 S19 raw frames, pages of RAM and copies side by side; a pfn with struct page is a BUG; on %s',
    (kernel) => {
      const m = machine(kernel, 'invalidpfnmap');
      const file = m.device('test', { flags: 'invalidpfnmap', fault: 'page', base: '0x48000' });
      const start = m.map(file, { prot: RW, address: 0x40000000 });
      m.byte(start);
      for (const [i, frame] of [
        [1, 0x48005],
        [2, 0x48001],
      ] as const)
        expect(vmInsertPfn(m.vma(start), at(start, i), pfn(frame))).toBe(0);
      m.mm.writeMemory(at(start, 2), Uint8Array.of(1));
      expect([0, 1, 2].map((i) => m.pte(at(start, i))!.page !== undefined)).toEqual([
        true,
        false,
        true,
      ]);
      expect([m.rss(), [...m.mm.readMemory(at(start, 2), 2)], m.reports]).toEqual([
        [1, 1],
        [1, 0x41],
        [],
      ]);
      m.check();
      const { frame } = driverPage(m);
      const error = thrown(() => vmInsertPfn(m.vma(start), at(start, 3), frame));
      expect([error.name, error.rule]).toEqual([
        'KernelBug',
        'a raw pfn in a MIXEDMAP vma has no struct page',
      ]);
    },
  );

  test('S18 S32 VM_PFNMAP keeps its meaning: /dev/mem changes nothing', () => {
    const m = machine('2.6.24', 'invalidpfnmap');
    const { page, frame } = driverPage(m);
    const start = m.map(m.device('devmem'), { pages: 1, first: frame, flags: MAP_SHARED });
    m.check();
    m.mm.munmap(start, PAGE_SIZE);
    expect([m.counts(page), m.reports]).toEqual([[1, 0], []]);
    m.check();
  });

  test('S5 a private PFNMAP mapping still takes no pfn', () => {
    const m = machine('2.6.24', 'invalidpfnmap');
    const start = m.map(m.device('test', { flags: 'pfnmap' }));
    expect(thrown(() => vmInsertPfn(m.vma(start), start, pfn(0x34000))).name).toBe('KernelBug');
  });
});

describe('no-bug-ons: the assertions taken out', () => {
  test.each(['2.6.24', '2.6.28-arm', '4.9-arm'] as const)(
    'S17 a valid pfn that is not linear, in a private PFNMAP mapping: its page loses a reference it never got, on %s',
    (kernel) => {
      const m = machine(kernel, 'no-bug-ons');
      const { page, frame, put } = driverPage(m);
      const file = m.device('test', { flags: 'pfnmap' });
      const start = m.map(file, { address: 0x40000000 });
      expect(vmInsertPfn(m.vma(start), start, frame)).toBe(0);
      expect([m.counts(page), m.pte(start)!.page]).toEqual([[1, 0], page]);
      m.mm.munmap(start, 8 * PAGE_SIZE);
      expect([m.counts(page), m.rss()]).toEqual([
        [0, 0],
        [-1, 0],
      ]);
      expect(m.reports).toMatchObject([
        {
          kind: 'bad_page',
          function: 'page_remove_rmap',
          rule: 'a page that loses a mapping has one',
          pfn: frame,
        },
      ]);
      put();
      expect(reported(m).slice(1)).toEqual(['bad_page put_page']);
      m.mm.exit();
      // Kernels from 3.4 on look at the counters a process leaves behind.
      expect(reported(m).slice(2)).toEqual(kernel === '4.9-arm' ? ['bad_rss check_mm'] : []);
    },
  );

  test.each(['2.6.28-arm', '4.9-arm'] as const)(
    'S20 a valid pfn put raw into a MIXEDMAP mapping: unmap takes C and M that others need, on %s',
    (kernel) => {
      const m = machine(kernel, 'no-bug-ons');
      const { page, frame } = driverPage(m);
      const start = m.map(m.device('test', { flags: 'mixedmap' }), { address: 0x40000000 });
      expect(vmInsertPage(m.vma(start), start, page)).toBe(0);
      expect(vmInsertPfn(m.vma(start), at(start, 1), frame)).toBe(0);
      expect([m.counts(page), m.rss()]).toEqual([
        [2, 1],
        [1, 0],
      ]);
      m.mm.munmap(at(start, 1), PAGE_SIZE);
      // Still mapped at `start`, and owned by the driver: C should be 2, M 1, F 1.
      expect([m.counts(page), m.rss(), m.pte(start)!.page]).toEqual([[1, 0], [0, 0], page]);
      expect(m.reports).toEqual([]);
      m.mm.munmap(start, PAGE_SIZE);
      expect(m.counts(page)).toEqual([0, 0]);
      expect(reported(m)).toEqual(['bad_page page_remove_rmap']);
    },
  );

  test('S20 with the special bit the same frame is raw: nothing goes wrong', () => {
    const m = machine('6.12-x86', 'no-bug-ons');
    const { page, frame } = driverPage(m);
    const start = m.map(m.device('test', { flags: 'mixedmap' }));
    expect(vmInsertPfn(m.vma(start), start, frame)).toBe(0);
    m.check();
    m.mm.munmap(start, 8 * PAGE_SIZE);
    expect([m.counts(page), m.reports]).toEqual([[1, 0], []]);
    m.check();
  });

  test('S17 remap over an entry forgets what was there: its page is never given back', () => {
    const m = machine('2.6.28-arm', 'no-bug-ons');
    const { page } = driverPage(m);
    const start = m.map(m.device('test', { flags: 'none' }), { flags: MAP_SHARED });
    vmInsertPage(m.vma(start), start, page);
    expect(remapPfnRange(m.vma(start), start, pfn(0x34000), PAGE_SIZE)).toBe(0);
    m.mm.munmap(start, 8 * PAGE_SIZE);
    expect([m.counts(page), m.rss()]).toEqual([
      [2, 1],
      [1, 0],
    ]);
  });

  test('S17 a raw frame in an unmarked mapping is a bad entry, or the end', () => {
    const reports = machine('4.9-arm', 'no-bug-ons');
    const there = reports.map(reports.device('test'));
    expect(vmInsertPfn(reports.vma(there), there, pfn(0x34000))).toBe(0);
    expect(vmInsertMixed(reports.vma(there), at(there, 1), pfn(0x34001))).toBe(0);
    expect(reports.pte(there)!.page).toBeUndefined();
    expect(reported(reports)).toEqual(['bad_pte print_bad_pte']);
    const lost = machine('2.6.28-arm', 'no-bug-ons');
    const start = lost.map(lost.device('test'));
    vmInsertPfn(lost.vma(start), start, pfn(0x34000));
    expect(thrown(() => lost.pte(start))).toBeInstanceOf(KernelBug);
  });

  test('S17 vm_insert_page goes into a PFNMAP mapping and leaves it with both marks', () => {
    const m = machine('6.12-x86', 'no-bug-ons');
    const { page } = driverPage(m);
    const start = m.map(m.device('test', { flags: 'pfnmap' }), { flags: MAP_SHARED });
    expect(vmInsertPage(m.vma(start), start, page)).toBe(0);
    expect(vm.hasAll(m.vma(start).vmFlags, vm.VM_PFNMAP + vm.VM_MIXEDMAP)).toBe(true);
    expect(vmInsertPfn(m.vma(start), at(start, 1), pfn(0x34000))).toBe(0);
  });
});

describe('precedence-trap: flags & VM_PFNMAP|VM_MIXEDMAP', () => {
  const neither = 0x71;

  test('S37 the question is right for a vma with neither flag', () => {
    expect(vm.hasAny(neither, vm.VM_PFNMAP + vm.VM_MIXEDMAP)).toBe(false);
    expect(vm.hasAny(neither + vm.VM_PFNMAP, vm.VM_PFNMAP + vm.VM_MIXEDMAP)).toBe(true);
    expect(vm.hasAny(neither + vm.VM_MIXEDMAP, vm.VM_PFNMAP + vm.VM_MIXEDMAP)).toBe(true);
    // As C reads it: never 0.
    expect((neither & vm.VM_PFNMAP) | vm.VM_MIXEDMAP).not.toBe(0);
  });

  test('S37 S18 a vma with neither flag: a BUG, but in the draft an insertion', () => {
    for (const kernel of ['2.6.28-arm', '4.9-arm', '6.12-x86'] as const) {
      const real = machine(kernel);
      const start = real.map(real.device('test'), { flags: MAP_PRIVATE, prot: R });
      expect(real.vma(start).vmFlags & 0xff).toBe(neither);
      expect(thrown(() => vmInsertPfn(real.vma(start), start, pfn(0x34000)))).toBeInstanceOf(
        KernelBug,
      );
      const draft = machine(kernel, 'precedence-trap');
      const there = draft.map(draft.device('test'), { flags: MAP_PRIVATE, prot: R });
      expect(vmInsertPfn(draft.vma(there), there, pfn(0x34000))).toBe(0);
    }
  });

  test('S37 the other assertions still hold', () => {
    const m = machine('2.6.28-arm', 'precedence-trap');
    const start = m.map(m.device('test', { flags: 'both' }));
    expect(thrown(() => vmInsertPfn(m.vma(start), start, pfn(0x34000))).rule).toBe(
      'the vma is not both PFNMAP and MIXEDMAP',
    );
  });
});
