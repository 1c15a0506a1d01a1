import { describe, expect, it } from 'vitest';
import * as vm from '../../../src/mm/vmflags.ts';
import { World } from './fake.ts';

describe('vm_flags at mmap', () => {
  it('T01 given a read-only file of AXFS 4.9, when mapped PROT_READ MAP_PRIVATE, then flags are 0x10004071 and COW', () => {
    const world = new World('4.9-arm');
    const vma = world.vmaWith(vm.VM_MIXEDMAP + vm.VM_IO);
    expect(vma.vmFlags).toBe(0x10004071);
    expect(vm.isCowMapping(vma.vmFlags)).toBe(true);
    expect(world.vmaWith(vm.VM_MIXEDMAP + vm.VM_IO, { prot: 5 }).vmFlags).toBe(0x10004075);
  });

  it('T02 given a read-only file, when mapped PROT_READ MAP_SHARED, then only MAYSHARE stays (0xd1) and it is not COW', () => {
    const flags = vm.vmFlagsOf(vm.PROT_READ, vm.MAP_SHARED, true);
    expect(flags).toBe(0xd1);
    expect(vm.isCowMapping(flags)).toBe(false);
  });

  it('T03 given a read-only file, when mapped shared and writable, then EACCES', () => {
    expect(() => vm.vmFlagsOf(vm.PROT_READ + vm.PROT_WRITE, vm.MAP_SHARED, true)).toThrow(
      expect.objectContaining({ code: 'EACCES' }) as Error,
    );
  });

  it('T04 given flags, when asked for COW, then SHARED and MAYWRITE alone decide', () => {
    expect([0x73, 0x71, 0xfb, 0xd1, 0x51].map(vm.isCowMapping)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('given private and shared writable mappings, then only the private one is accounted', () => {
    expect(vm.vmFlagsOf(3, vm.MAP_PRIVATE, true)).toBe(0x100073);
    expect(vm.vmFlagsOf(3, vm.MAP_SHARED, false)).toBe(0xfb);
  });

  it.each([0, vm.MAP_SHARED + vm.MAP_PRIVATE])('given sharing bits %i, then EINVAL', (map) => {
    expect(() => vm.vmFlagsOf(1, map, true)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }) as Error,
    );
  });

  it('S37 given a vma with neither flag, when asked for PFNMAP or MIXEDMAP, then no', () => {
    expect(vm.hasAny(0x71, vm.VM_PFNMAP + vm.VM_MIXEDMAP)).toBe(false);
  });

  it('given the table, then values are single, distinct, ascending bits', () => {
    const values: number[] = vm.VM_FLAGS.map((row) => row.value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    for (const value of values) expect(Math.log2(value) % 1).toBe(0);
    expect(new Set(values).size).toBe(values.length);
  });
});
