import { describe, expect, it } from 'vitest';
import { forkMm } from '../../../src/mm/fork.ts';
import type { KernelName } from '../../../src/mm/kernel.ts';
import { madvise } from '../../../src/mm/madvise.ts';
import { mlock } from '../../../src/mm/mlock.ts';
import { MmStruct } from '../../../src/mm/mm.ts';
import { formatSmaps } from '../../../src/mm/smaps.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { FakeFile, page, World } from './fake.ts';
import { mapPfns } from './pfnmap.ts';

/** A file as in the measured run: name, inode, and the flags AXFS sets. */
class Busybox extends FakeFile {
  override readonly name = '/mnt/bin/busybox';
  override mmapFlags = vm.VM_MIXEDMAP + vm.VM_IO;
  override xip = (): boolean => true;
}

const lines = (text: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^(\w+):\s+(.*)$/.exec(line))
      .filter((match) => match !== null && names.includes(match[1] ?? ''))
      .map((match) => [match![1], match![2]]),
  ) as Record<string, string>;
const ALL = [
  'Rss',
  'Pss',
  'Shared_Clean',
  'Shared_Dirty',
  'Private_Clean',
  'Private_Dirty',
  'Anonymous',
  'VmFlags',
];

describe('smaps against the measured kernel', () => {
  it('given a raw page read, then Rss 0 and the flags of the measurement', () => {
    const world = new World('6.1-x86');
    const base = world.map(vm.PROT_READ, { file: new Busybox(world.memory), pages: 1, first: 3 });
    world.mm.touch(base, 'read');
    const text = formatSmaps(world.mm);
    expect(text).toContain('\nRss:                   0 kB\n');
    expect(lines(text, ALL)).toEqual({
      Rss: '0 kB',
      Pss: '0 kB',
      Shared_Clean: '0 kB',
      Shared_Dirty: '0 kB',
      Private_Clean: '0 kB',
      Private_Dirty: '0 kB',
      Anonymous: '0 kB',
      VmFlags: 'rd mr mw me io sd mm ',
    });
  });

  it('given a raw page written, then 2 faults, Rss, Private_Dirty and Anonymous 4 kB, and flag ac', () => {
    const world = new World('6.1-x86');
    const base = world.map(3, { file: new Busybox(world.memory), pages: 1, first: 3 });
    expect(world.mm.touch(base, 'write')).toBe(2);
    expect(lines(formatSmaps(world.mm), ALL)).toEqual({
      Rss: '4 kB',
      Pss: '4 kB',
      Shared_Clean: '0 kB',
      Shared_Dirty: '0 kB',
      Private_Clean: '0 kB',
      Private_Dirty: '4 kB',
      Anonymous: '4 kB',
      VmFlags: 'rd wr mr mw me io ac sd mm ',
    });
  });
});

describe('smaps', () => {
  it.each([
    ['T106', '2.6.28-arm', { Rss: '8 kB', Pss: '4 kB' }],
    ['T107', '4.9-arm', { Rss: '4 kB', Pss: '4 kB' }],
  ] as const)('%s %s: given p0 raw and p1 a file page, then %j', (_, kernel, expected) => {
    const world = new World(kernel);
    const base = world.map(vm.PROT_READ);
    world.mm.touch(base, 'read');
    world.mm.touch(page(base, 1), 'read');
    expect(lines(formatSmaps(world.mm), ['Rss', 'Pss'])).toEqual(expected);
    expect(lines(formatSmaps(world.mm), ['Referenced', 'Private_Clean', 'Size'])).toEqual({
      Referenced: '4 kB',
      Private_Clean: '4 kB',
      Size: '64 kB',
    });
  });

  it('given a page of two processes, then it is shared and Pss is half', () => {
    const world = new World('4.9-arm');
    const other = new MmStruct(world.memory);
    for (const mm of [world.mm, other]) mm.touch(page(world.map(1, { mm }), 1), 'read');
    expect(lines(formatSmaps(other), ['Pss', 'Shared_Clean', 'Private_Clean'])).toEqual({
      Pss: '2 kB',
      Shared_Clean: '4 kB',
      Private_Clean: '0 kB',
    });
  });

  it('given 3 pages of three processes, then Pss adds up what the kernel rounds off each share', () => {
    const world = new World('4.9-arm');
    const file = new FakeFile(world.memory);
    file.xip = (): boolean => false;
    const mms = [world.mm, new MmStruct(world.memory), new MmStruct(world.memory)];
    for (const mm of mms) {
      const base = world.map(1, { mm, file });
      for (const index of [0, 1, 2]) mm.touch(page(base, index), 'read');
    }
    // 3 x floor(4096 x 4096 / 3) / 4096 bytes, not a whole 4 kB.
    for (const mm of mms)
      expect(lines(formatSmaps(mm), ['Rss', 'Pss'])).toEqual({ Rss: '12 kB', Pss: '3 kB' });
  });

  const LINES = {
    '2.6.24': 'Size Rss Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced',
    '2.6.28-arm':
      'Size Rss Pss Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced Swap',
    '4.9-arm':
      'Size Rss Pss Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced Anonymous ' +
      'AnonHugePages ShmemPmdMapped Shared_Hugetlb Private_Hugetlb Swap SwapPss KernelPageSize ' +
      'MMUPageSize Locked VmFlags',
    '6.1-x86':
      'Size KernelPageSize MMUPageSize Rss Pss Pss_Dirty Shared_Clean Shared_Dirty Private_Clean ' +
      'Private_Dirty Referenced Anonymous LazyFree AnonHugePages ShmemPmdMapped FilePmdMapped ' +
      'Shared_Hugetlb Private_Hugetlb Swap SwapPss Locked THPeligible ProtectionKey VmFlags',
    '6.12-x86':
      'Size KernelPageSize MMUPageSize Rss Pss Pss_Dirty Shared_Clean Shared_Dirty Private_Clean ' +
      'Private_Dirty Referenced Anonymous KSM LazyFree AnonHugePages ShmemPmdMapped FilePmdMapped ' +
      'Shared_Hugetlb Private_Hugetlb Swap SwapPss Locked THPeligible ProtectionKey VmFlags',
  } as const satisfies Partial<Record<KernelName, string>>;

  it.each(Object.entries(LINES) as [KernelName, string][])(
    '%s prints the lines it has, in its order',
    (kernel, names) => {
      const world = new World(kernel);
      world.mapAnonymous(1, 1);
      const lines = formatSmaps(world.mm).trimEnd().split('\n').slice(1);
      expect(lines.map((line) => line.split(':')[0]).join(' ')).toBe(names);
    },
  );

  it("given lines that are no sums, then their columns are the kernel's", () => {
    const linesOf = (kernel: KernelName): string[] => {
      const world = new World(kernel);
      world.mapAnonymous(1, 1);
      return formatSmaps(world.mm).split('\n');
    };
    expect(linesOf('6.1-x86')).toContain('THPeligible:    0');
    expect(linesOf('6.12-x86')).toContain('THPeligible:           0');
    expect(linesOf('6.1-x86')).toContain('ProtectionKey:         0');
    expect(linesOf('6.1-x86')).toContain('Private_Hugetlb:       0 kB');
  });

  it('given an anonymous page in swap of two processes, then Swap counts it and SwapPss half of it', () => {
    const world = new World('6.1-x86', { swapSlots: 4 });
    const base = world.mapAnonymous(3, 2);
    for (const index of [0, 1]) world.mm.touch(page(base, index), 'write');
    expect(madvise(world.mm, base, 4096, 'pageout')).toBe(0);
    const names = ['Rss', 'Pss', 'Pss_Dirty', 'Swap', 'SwapPss', 'Anonymous'];
    const alone = { Rss: '4 kB', Pss: '4 kB', Pss_Dirty: '4 kB', Anonymous: '4 kB' };
    expect(lines(formatSmaps(world.mm), names)).toEqual({
      ...alone,
      Swap: '4 kB',
      SwapPss: '4 kB',
    });
    const child = forkMm(world.mm);
    expect(lines(formatSmaps(child), names)).toEqual({
      ...alone,
      ...{ Pss: '2 kB', Pss_Dirty: '2 kB', Swap: '4 kB', SwapPss: '2 kB' },
    });
  });

  it('given a locked vma, then Locked is its Pss, and 0 for the unlocked copy of a child', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(3, 2);
    expect(mlock(world.mm, base, 8192)).toBe(0);
    expect(lines(formatSmaps(world.mm), ['Pss', 'Locked'])).toEqual({
      Pss: '8 kB',
      Locked: '8 kB',
    });
    const child = forkMm(world.mm);
    expect(lines(formatSmaps(world.mm), ['Pss', 'Locked'])).toEqual({
      Pss: '4 kB',
      Locked: '4 kB',
    });
    expect(lines(formatSmaps(child), ['Pss', 'Locked'])).toEqual({ Pss: '4 kB', Locked: '0 kB' });
  });

  it.each([
    ['2.6.28-x86', 'Private_Clean'],
    ['4.9-arm', 'Private_Dirty'],
  ] as const)('%s: given a dirty page and a clean entry, then it is %s', (kernel, name) => {
    const world = new World(kernel);
    const base = world.map(1, { pages: 2 });
    world.mm.touch(page(base, 1), 'read');
    world.memory.frames.setFlag(world.file.mapping.peek(1)!, 'dirty', true);
    expect(lines(formatSmaps(world.mm), [name])).toEqual({ [name]: '4 kB' });
  });

  it.each([
    ['2.6.28-x86', { Rss: '16 kB', Private_Dirty: '4 kB' }],
    ['4.9-arm', { Rss: '0 kB', Private_Dirty: '0 kB' }],
    ['6.1-x86', { Rss: '0 kB', Private_Dirty: '0 kB' }],
  ] as const)('T108 %s: given a PFNMAP vma with a private copy, then %j', (kernel, expected) => {
    const world = new World(kernel);
    world.mm.touch(mapPfns(world, 3, 4), 'write');
    expect(world.rss()).toEqual([0, 1]);
    expect(lines(formatSmaps(world.mm), ['Rss', 'Private_Dirty'])).toEqual(expected);
  });

  it('given a mapping over absent page tables, then they are skipped', () => {
    const world = new World('6.1-x86');
    const base = world.map(1, { pages: 100_000 });
    world.mm.touch(page(base, 1), 'read');
    expect(lines(formatSmaps(world.mm), ['Rss'])).toEqual({ Rss: '4 kB' });
  });
});
