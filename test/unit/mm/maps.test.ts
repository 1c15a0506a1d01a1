import { describe, expect, it } from 'vitest';
import { formatMaps } from '../../../src/mm/maps.ts';
import * as vm from '../../../src/mm/vmflags.ts';
import { FakeFile, World } from './fake.ts';

describe('maps', () => {
  it('given a file of the measured kernel, then its line and columns', () => {
    const world = new World('6.1-x86');
    const file = new (class extends FakeFile {
      override readonly name = '/mnt/bin/busybox';
    })(world.memory);
    const base = world.map(vm.PROT_READ, { file, pages: 1, first: 3 });
    const range = `${base.toString(16)}-${(base + 4096).toString(16)}`;
    expect(formatMaps(world.mm)).toBe(
      `${range} r--p 00003000 00:17 11                         /mnt/bin/busybox\n`,
    );
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
});
