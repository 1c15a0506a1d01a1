import { describe, expect, test } from 'vitest';
import { PAGE_SIZE, pfn } from '../../../src/base/units.ts';
import { vmInsertMixed, vmInsertPage, vmInsertPfn } from '../../../src/mm/insert.ts';
import { KernelBug } from '../../../src/mm/kernel-bug.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { ALL_KERNELS, at, Machine, MAP_PRIVATE, MAP_SHARED, R, RW, thrown } from './machine.ts';

const NSP = ['2.6.24', '2.6.28-arm', '4.9-arm'] as const;

describe('any order in a shared PFNMAP mapping', () => {
  test.each(ALL_KERNELS)(
    'S1 S7 T28 the handler inserts base + (7i + 3) mod 64 at page i, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const start = m.map(m.device('anyorder'), { flags: MAP_SHARED });
      const faults = m.faults(() => {
        for (let i = 0; i < 8; i += 1) expect(m.byte(at(start, i))).toBe(0x40 + ((7 * i + 3) % 64));
      });
      expect(m.frames(start, 8)).toEqual(
        [0x03, 0x0a, 0x11, 0x18, 0x1f, 0x26, 0x2d, 0x34].map((i) => 0x34000 + i),
      );
      expect([faults, m.rss(), m.reports]).toEqual([8, [0, 0], []]);
      m.check();
    },
  );

  test('S3 all entries of a PFNMAP mapping that is not COW are raw, those of RAM as well: unmap changes nothing', () => {
    for (const kernel of NSP) {
      const m = new Machine(kernel);
      const pages = m.device('test');
      for (let i = 0; i < 8; i += 1) pages.actions['page-make']!.run({ page: String(i) });
      const frames = [5, 2, 7, 0].map((i) => m.memory.frames.pageToPfn(pages.pageAt(i)!));
      const shared = m.device('test', { flags: 'pfnmap' });
      const start = m.map(shared, { flags: MAP_SHARED });
      frames.forEach((frame, i) => {
        expect(vmInsertPfn(m.vma(start), at(start, i), frame)).toBe(0);
        expect(m.pte(at(start, i))).toMatchObject({ pfn: frame, page: undefined });
      });
      m.check();
      m.mm.munmap(start, 8 * PAGE_SIZE);
      for (const i of [5, 2, 7, 0]) expect(m.counts(pages.pageAt(i)!)).toEqual([1, 0]);
      expect(m.rss()).toEqual([0, 0]);
      m.check();
    }
  });

  test('S5 a private one is COW though nobody may write: vm_insert_pfn is a BUG', () => {
    for (const kernel of ['2.6.28-arm', '6.12-x86'] as const) {
      const m = new Machine(kernel);
      const start = m.map(m.device('anyorder'), { flags: MAP_PRIVATE });
      const error = thrown(() => m.byte(start));
      expect(error).toBeInstanceOf(KernelBug);
      expect(error.rule).toBe('a PFNMAP vma that takes any pfn is not COW');
    }
  });

  test('S34 before 2.6.26 a PFNMAP vma has no fault handler but nopfn', () => {
    const m = new Machine('2.6.24');
    const withFault = m.device('test', { flags: 'pfnmap', fault: 'pfn' });
    const error = thrown(() => m.byte(m.map(withFault, { flags: MAP_SHARED })));
    expect([error.name, error.rule]).toEqual([
      'KernelBug',
      'a vma whose handler is asked is not PFNMAP',
    ]);
    const withNopfn = m.device('test', { flags: 'pfnmap', fault: 'nopfn', retries: '2' });
    const start = m.map(withNopfn, { flags: MAP_SHARED });
    expect(m.faults(() => m.byte(start))).toBe(3);
    expect(m.frames(start, 2)).toEqual([0x34000, undefined]);
    expect(thrown(() => m.byte(m.map(withNopfn, { flags: MAP_SHARED, first: 8 }))).name).toBe(
      'SignalError',
    );
    m.check();
  });

  test('S34 nopfn takes neither COW mappings nor unmarked ones, and stores make the entry dirty', () => {
    const m = new Machine('2.6.24');
    const file = m.device('test', { flags: 'pfnmap', fault: 'nopfn', writable: 'yes' });
    expect(thrown(() => m.byte(m.map(file))).rule).toBe(
      'a PFNMAP vma that takes any pfn is not COW',
    );
    const unmarked = m.device('test', { fault: 'nopfn' });
    expect(thrown(() => m.byte(m.map(unmarked, { flags: MAP_SHARED }))).rule).toBe(
      'a vma whose handler gives frames is PFNMAP',
    );
    const n = new Machine('2.6.24');
    const start = n.map(
      n.device('test', { flags: 'pfnmap', fault: 'nopfn', writable: 'yes', base: '0x50000' }),
      { flags: MAP_SHARED, prot: RW },
    );
    n.mm.touch(start, 'write');
    expect(n.pte(start)).toMatchObject({ pfn: 0x50000, write: true, dirty: true });
    n.check();
  });
});

describe('/dev/mem', () => {
  test.each(ALL_KERNELS)(
    'S2 T38 T48 a private mapping is linear: vm_pgoff is the first pfn, and stays right, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      m.device('test', { pages: '4' });
      const start = m.map(m.device('devmem'), { pages: 4, first: 0x34000, prot: RW });
      expect(m.vma(start).vmPgoff).toBe(0x34000);
      expect(m.frames(start, 4)).toEqual([0x34000, 0x34001, 0x34002, 0x34003]);
      for (let i = 0; i < 4; i += 1) expect(m.pte(at(start, i))!.page).toBeUndefined();
      m.mm.munmap(start, PAGE_SIZE);
      const rest = m.vma(at(start, 1));
      expect([rest.vmStart, rest.vmPgoff]).toEqual([at(start, 1), 0x34001]);
      expect(m.pte(at(start, 2))).toMatchObject({ pfn: 0x34002, page: undefined });
      m.check();
    },
  );

  test.each(ALL_KERNELS)(
    'S14 S15 T47 a RAM page has C=1 M=0 at all times, mapped shared or privately, on %s',
    (kernel) => {
      for (const flags of [MAP_SHARED, MAP_PRIVATE]) {
        const m = new Machine(kernel);
        const owner = m.device('test');
        owner.actions['page-make']!.run({ page: '0' });
        const page = owner.pageAt(0)!;
        const first = m.memory.frames.pageToPfn(page);
        const start = m.map(m.device('devmem'), { pages: 1, first, flags });
        expect(m.memory.physical.pfnValid(first)).toBe(true);
        expect([m.counts(page), m.byte(start), m.rss()]).toEqual([[1, 0], 0x40, [0, 0]]);
        m.check();
        m.mm.munmap(start, PAGE_SIZE);
        expect([m.counts(page), m.memory.frames.refcountWrites(page)]).toEqual([[1, 0], 0]);
        m.check();
      }
    },
  );

  test('S15 the owner frees the page while it is mapped: nobody hears of it, and the entry stays', () => {
    const m = new Machine('6.12-x86');
    const owner = m.device('test');
    owner.actions['page-make']!.run({ page: '0' });
    const page = owner.pageAt(0)!;
    const first = m.memory.frames.pageToPfn(page);
    const start = m.map(m.device('devmem'), { pages: 1, first, flags: MAP_SHARED });
    expect(owner.actions['page-put']!.run({ page: '0' })).toBe('dropped');
    expect([m.counts(page), m.pte(start)!.pfn, m.reports]).toEqual([[0, 0], first, []]);
    m.check();
    m.mm.exit();
    expect(m.reports).toEqual([]);
  });

  test('T12 a copy that gets the very frame that the linear rule expects is taken for raw, and leaks', () => {
    const m = new Machine('2.6.28-arm');
    const { frames } = m.memory;
    const devmem = m.device('devmem');
    // The page table is there, so the next frame handed out is the copy's.
    const neighbour = m.map(devmem, { pages: 1, first: 0x34000, prot: RW });
    const next = frames.allocPage('driver')!;
    frames.putPage(next);
    const first = frames.pageToPfn(next);
    const start = m.map(devmem, { pages: 1, first, prot: RW });
    expect(Math.floor(start / 2 ** 21)).toBe(Math.floor(neighbour / 2 ** 21));
    m.mm.touch(start, 'write');
    expect(m.pte(start)).toMatchObject({ pfn: first, write: true, page: undefined });
    m.mm.munmap(start, PAGE_SIZE);
    expect([frames.refcount(next), frames.useOf(next), m.rss()]).toEqual([1, 'anon', [0, 1]]);
  });
});

describe('a page of the kernel that everybody maps', () => {
  const processes = 5;
  test.each(ALL_KERNELS)('S16 raw: no reference count is written, on %s', (kernel) => {
    const m = new Machine(kernel);
    const vdso = m.device('vdso');
    const page = vdso.pageAt(0)!;
    for (let i = 0; i < processes; i += 1) {
      const mm = m.process();
      const start = m.map(vdso, { mm, pages: 1, flags: MAP_SHARED });
      expect(m.byte(start, mm)).toBe(0x7f);
      expect(m.counts(page)).toEqual([1, 0]);
      m.check();
      mm.exit();
    }
    expect(vdso.actions['writes']!.run({})).toBe('refcount writes 0');
  });

  test('S16 raw in a private mapping, by the linear rule', () => {
    for (const kernel of ALL_KERNELS) {
      const m = new Machine(kernel);
      const vdso = m.device('vdso');
      const start = m.map(vdso, { pages: 1 });
      expect([m.faults(() => m.byte(start)), m.pte(start)!.page]).toEqual([0, undefined]);
      m.check();
      expect(thrown(() => m.map(vdso, { pages: 2 })).code).toBe('EINVAL');
      m.check();
    }
  });

  test.each(ALL_KERNELS)(
    'S16 counted: one get and one put for each of 5 processes, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const vdso = m.device('vdso-counted');
      const page = vdso.pageAt(0)!;
      for (let i = 0; i < processes; i += 1) {
        const mm = m.process();
        expect(m.byte(m.map(vdso, { mm, pages: 1 }), mm)).toBe(0x7f);
        expect([m.counts(page), m.rss(mm)]).toEqual([
          [i + 2, i + 1],
          [1, 0],
        ]);
        m.check();
      }
      for (const mm of m.mms.slice(1)) mm.exit();
      expect(vdso.actions['writes']!.run({})).toBe(`refcount writes ${String(2 * processes)}`);
      expect(m.counts(page)).toEqual([1, 0]);
    },
  );
});

describe('frames that switch', () => {
  test.each(ALL_KERNELS)(
    'S23 S35 zap first, then the next fault gets the other frame, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const spu = m.device('spufs');
      const start = m.map(spu, { flags: MAP_SHARED, prot: RW });
      const other = m.process();
      const there = m.map(spu, { flags: MAP_SHARED, prot: RW, mm: other });
      m.mm.writeMemory(start, Uint8Array.of(0x99));
      m.byte(there, other);
      expect([m.frames(start, 1), m.frames(there, 1, other)]).toEqual([[0x48000], [0x48000]]);
      spu.actions['switch']!.run({});
      expect([m.frames(start, 1), m.frames(there, 1, other)]).toEqual([[undefined], [undefined]]);
      const saved = spu.pageAt(0)!;
      // The bytes move along.
      expect([m.byte(start), m.byte(there, other)]).toEqual([0x99, 0x99]);
      expect(m.frames(start, 1)).toEqual([m.memory.frames.pageToPfn(saved)]);
      expect(m.counts(saved)).toEqual([1, 0]);
      m.check();
      spu.actions['switch']!.run({});
      m.byte(start);
      expect(m.frames(start, 1)).toEqual([0x48000]);
      m.check();
    },
  );

  test('S23 as MIXEDMAP: without the special bit the RAM frames are counted while they are mapped', () => {
    for (const [kernel, counts] of [
      ['2.6.28-arm', [2, 1]],
      ['2.6.28-x86', [1, 0]],
      ['4.9-arm', [2, 1]],
      ['6.12-x86', [1, 0]],
    ] as const) {
      const m = new Machine(kernel);
      const spu = m.device('spufs', { mapping: 'mixedmap' });
      const start = m.map(spu, { flags: MAP_SHARED, prot: RW });
      m.byte(start);
      spu.actions['switch']!.run({});
      m.byte(start);
      expect(m.counts(spu.pageAt(0)!)).toEqual(counts);
      m.check();
      spu.actions['switch']!.run({});
      expect(m.counts(spu.pageAt(0)!)).toEqual([1, 0]);
      m.check();
    }
  });

  test('S35 while it switches the handler hands out nothing: the access tries again', () => {
    for (const kernel of ALL_KERNELS) {
      const m = new Machine(kernel);
      const spu = m.device('spufs');
      const start = m.map(spu, { flags: MAP_SHARED, prot: RW });
      m.byte(start);
      spu.actions['switch']!.run({ retries: '3' });
      expect(m.faults(() => m.byte(start))).toBe(4);
      m.check();
    }
  });

  test('S35 without the zap the old frame stays where it is mapped', () => {
    const m = new Machine('2.6.28-arm');
    const spu = m.device('spufs');
    const start = m.map(spu, { flags: MAP_SHARED, prot: RW });
    m.byte(start);
    spu.actions['switch']!.run({ zap: 'no' });
    m.byte(start);
    m.byte(at(start, 1));
    const saved = m.memory.frames.pageToPfn(spu.pageAt(1)!);
    expect(m.frames(start, 2)).toEqual([0x48000, saved]);
  });

  test('S23 T30 an insert over an entry never replaces it', () => {
    const m = new Machine('2.6.28-arm');
    const spu = m.device('spufs', { mapping: 'mixedmap' });
    const start = m.map(spu, { flags: MAP_SHARED, prot: RW });
    m.byte(start);
    expect(vmInsertMixed(m.vma(start), start, pfn(0x48001))).toBe('EBUSY');
    expect(m.frames(start, 1)).toEqual([0x48000]);
  });

  test('a private mapping of a local store is refused', () => {
    const m = new Machine('2.6.24');
    expect(thrown(() => m.map(m.device('spufs'))).code).toBe('EINVAL');
    m.check();
  });

  test('and a MIXEDMAP one by a kernel that has none', () => {
    const m = new Machine('2.6.24');
    expect(thrown(() => m.device('spufs', { mapping: 'mixedmap' })).code).toBe('EOPNOTSUPP');
  });
});

describe('the general test driver', () => {
  const withFault = (fault: string): Machine => {
    const m = new Machine('2.6.28-arm');
    m.device('test', { flags: 'mixedmap', fault, memmap: 'no' });
    return m;
  };

  test.each([
    ['pfn', 'raw'],
    ['mixed', 'raw'],
    ['page', 'page'],
    ['insert_page', 'page'],
  ])('fault=%s gives a %s entry', (fault, kind) => {
    const m = withFault(fault);
    const [driver] = m.drivers;
    const start = m.map(driver!);
    expect([m.faults(() => m.byte(start)), m.byte(start)]).toEqual([1, 0x40]);
    expect(m.pte(start)!.page === undefined).toBe(kind === 'raw');
    expect(m.rss()).toEqual([kind === 'raw' ? 0 : 1, 0]);
    m.check();
    expect(thrown(() => m.byte(m.map(driver!, { first: 8 }))).message).toMatch(/^SIGBUS/);
  });

  test('fault=sigbus is SIGBUS; fault=none is anonymous memory, or SIGBUS from 4.9 on', () => {
    expect(
      thrown(() => {
        const m = withFault('sigbus');
        m.byte(m.map(m.drivers[0]!));
      }).message,
    ).toMatch(/^SIGBUS/);
    for (const [kernel, isAnonymous] of [
      ['2.6.28-arm', true],
      ['4.9-arm', false],
    ] as const) {
      const m = new Machine(kernel);
      const start = m.map(m.device('test'), { prot: RW });
      if (isAnonymous) expect([m.byte(start), m.rss()]).toEqual([0, [0, 1]]);
      else expect(thrown(() => m.byte(start)).message).toMatch(/^SIGBUS/);
      m.check();
    }
  });

  test('S22 retries: a handler may ask for another try, each page anew', () => {
    const m = new Machine('2.6.28-arm');
    const start = m.map(m.device('test', { fault: 'page', retries: '2' }));
    expect(m.faults(() => m.byte(start))).toBe(3);
    expect(m.faults(() => m.byte(at(start, 1)))).toBe(3);
    m.check();
  });

  test('S18 flags=both: the insert functions refuse, and the machine can go on', () => {
    const m = new Machine('2.6.28-arm');
    const start = m.map(m.device('test', { flags: 'both' }));
    expect(thrown(() => vmInsertPfn(m.vma(start), start, pfn(0x34000))).rule).toBe(
      'the vma is not both PFNMAP and MIXEDMAP',
    );
    const child = m.fork();
    child.exit();
    m.mm.munmap(at(start, 2), PAGE_SIZE);
    expect(m.mm.vmas.size).toBe(2);
  });

  test('S26 the last mapping frees a page whose driver let go of it', () => {
    const m = new Machine('4.9-arm');
    const driver = m.device('test', { flags: 'mixedmap', fault: 'insert_page' });
    const start = m.map(driver);
    m.byte(start);
    const page = driver.pageAt(0)!;
    expect(m.counts(page)).toEqual([2, 1]);
    expect(driver.actions['page-put']!.run({ page: '0' })).toBe('dropped');
    expect(driver.actions['page-put']!.run({ page: '0' })).toBe('no reference is held');
    expect(m.counts(page)).toEqual([1, 1]);
    m.check();
    expect(madvise(m.mm, start, PAGE_SIZE, 'dontneed')).toBe(0);
    expect(m.counts(page)).toEqual([0, 0]);
    // What is free cannot be mapped again.
    expect(thrown(() => m.byte(start)).message).toMatch(/^SIGBUS/);
    expect(vmInsertPage(m.vma(start), start, page)).toBe('EINVAL');
    m.check();
  });

  test('a handler that returns a free page is reported, and answers SIGBUS', () => {
    const m = new Machine('4.9-arm');
    const driver = m.device('test', { fault: 'page' });
    const start = m.map(driver);
    m.byte(at(start, 1));
    driver.actions['page-make']!.run({ page: '0' });
    driver.actions['page-put']!.run({ page: '0' });
    expect(thrown(() => m.byte(start)).message).toMatch(/^SIGBUS/);
    expect(m.reports).toMatchObject([{ kind: 'bad_page', function: 'get_page' }]);
  });

  test('memory that is there already is used as it is', () => {
    const m = new Machine('2.6.28-arm');
    m.device('test', { pages: '8', base: '0x60000' });
    m.device('test', { pages: '4', base: '0x60004' });
    m.device('test', { pages: '4', base: '0x100' });
    expect(thrown(() => m.device('test', { pages: '9', base: '0x60000' })).code).toBe('EBUSY');
    expect(
      thrown(() => m.device('test', { pages: '4', base: '0x60000', memmap: 'yes' })).message,
    ).toContain("option 'memmap' is 'yes'");
    expect(thrown(() => m.device('test', { flags: 'invalidpfnmap' })).code).toBe('EOPNOTSUPP');
    expect(thrown(() => new Machine('2.6.24').device('test', { flags: 'mixedmap' })).code).toBe(
      'EOPNOTSUPP',
    );
  });

  test('flags=io is VM_IO alone, flags=io_mixedmap as AXFS from 3.7 on', () => {
    const m = new Machine('4.9-arm');
    expect(m.vma(m.map(m.device('test', { flags: 'io' }))).vmFlags).toBe(0x71 + vm.VM_IO);
    expect(m.vma(m.map(m.device('test', { flags: 'io_mixedmap' }))).vmFlags).toBe(0x10004071);
    expect(m.map(m.device('test'), { prot: R })).toBeDefined();
  });
});
