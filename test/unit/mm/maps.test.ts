import { describe, expect, it } from 'vitest';
import { formatMaps, formatSmaps } from '../../../src/mm/maps.ts';
import { MmStruct } from '../../../src/mm/mm.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { FakeFile, page, World } from './fake.ts';

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

describe('maps and smaps against the measured kernel', () => {
  it('given a raw page read, then Rss 0 and the line and flags of the measurement (without soft-dirty)', () => {
    const world = new World('6.1-x86');
    const base = world.map(vm.PROT_READ, { file: new Busybox(world.memory), pages: 1, first: 3 });
    world.mm.touch(base, 'read');
    const range = `${base.toString(16)}-${(base + 4096).toString(16)}`;
    expect(formatMaps(world.mm)).toBe(
      `${range} r--p 00003000 00:17 11                         /mnt/bin/busybox\n`,
    );
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
      VmFlags: 'rd mr mw me io mm ',
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
      VmFlags: 'rd wr mr mw me io ac mm ',
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

  it('given kernels, then each prints the lines it has, in its order', () => {
    const names = (kernel: '2.6.28-arm' | '6.1-x86'): string[] => {
      const world = new World(kernel);
      world.map(1);
      return formatSmaps(world.mm)
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(':')[0] ?? '');
    };
    expect(names('2.6.28-arm')).toEqual([
      'Size',
      'Rss',
      'Pss',
      'Shared_Clean',
      'Shared_Dirty',
      'Private_Clean',
      'Private_Dirty',
      'Referenced',
    ]);
    expect(names('6.1-x86').at(-1)).toBe('VmFlags');
    expect(names('6.1-x86').at(1)).toBe('KernelPageSize');
  });

  it('given anonymous, shared and executable mappings on ARM, then maps shows them in 32-bit columns', () => {
    const world = new World('4.9-arm');
    world.mapAnonymous(3, 1);
    const file = new (class extends FakeFile {
      override readonly name = '/mnt/a\nb';
    })(world.memory);
    world.map(5, { file, pages: 2, flags: vm.MAP_SHARED });
    expect(formatMaps(world.mm)).toBe(
      'b6ffd000-b6fff000 r-xs 00000000 00:17 11         /mnt/a\\012b\n' +
        'b6fff000-b7000000 rw-p 00000000 00:00 0 \n',
    );
  });

  it('given a mapping over absent page tables, then they are skipped', () => {
    const world = new World('6.1-x86');
    const base = world.map(1, { pages: 100_000 });
    world.mm.touch(page(base, 1), 'read');
    expect(lines(formatSmaps(world.mm), ['Rss'])).toEqual({ Rss: '4 kB' });
  });
});
