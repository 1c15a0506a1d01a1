import { describe, expect, it } from 'vitest';
import { getUserPage, getUserPageFast } from '../../../src/mm/gup.ts';
import { VM_IO, VM_MIXEDMAP } from '../../../src/mm/vmflags.ts';
import { FakeFile, page, World } from './fake.ts';

const READ = { write: false } as const;

/** F0 in a VM_IO vma, as AXFS maps it from 3.7 on. */
class DeviceFile extends FakeFile {
  override mmapFlags = VM_MIXEDMAP + VM_IO;
}

describe('get_user_pages_fast', () => {
  it.each([
    ['6.1-x86', true],
    ['2.6.28-x86', true],
    ['4.9-arm', false],
  ] as const)('%s: a mapped RAM page of a VM_IO vma can be had: %s', (kernel, can) => {
    const world = new World(kernel);
    const file = new DeviceFile(world.memory);
    const base = world.map(3, { file });
    const cached = page(base, 1);
    expect(getUserPageFast(world.mm, cached, READ)).toBe('EFAULT');
    world.mm.touch(cached, 'read');
    expect(getUserPage(world.mm, cached, READ)).toBe('EFAULT');
    const got = getUserPageFast(world.mm, cached, READ);
    if (!can || typeof got === 'string') {
      expect([can, got]).toEqual([false, 'EFAULT']);
      return;
    }
    expect(got).toBe(file.mapping.peek(1));
    expect(world.counts(got)).toEqual([3, 1]);
    // Its entry cannot be written through: the long way, and that refuses the vma.
    expect(getUserPageFast(world.mm, cached, { write: true })).toBe('EFAULT');
  });

  it.each(['6.1-x86', '2.6.28-x86', '4.9-arm'] as const)('%s: a raw page never is', (kernel) => {
    const world = new World(kernel);
    const base = world.map(3, { file: new DeviceFile(world.memory) });
    world.mm.touch(base, 'read');
    expect(getUserPageFast(world.mm, base, READ)).toBe('EFAULT');
  });

  it('an untouched anonymous page is faulted in the long way', () => {
    const world = new World('6.1-x86');
    const base = world.mapAnonymous(3, 1);
    const got = getUserPageFast(world.mm, base, { write: true });
    if (typeof got === 'string') throw new Error(got);
    expect([world.counts(got), world.rss()]).toEqual([
      [2, 1],
      [0, 1],
    ]);
  });
});
