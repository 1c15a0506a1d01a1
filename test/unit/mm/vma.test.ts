import { describe, expect, it } from 'vitest';
import { pgoff, virtAddr } from '../../../src/base/units.ts';
import { anonVmaPrepare } from '../../../src/mm/anon-vma.ts';
import { linearPageIndex, VmaSet, VmArea } from '../../../src/mm/vma.ts';
import { World } from './fake.ts';

const { mm } = new World('4.9-arm');
const area = (start: number, end: number, first = 0, flags = 0x71): VmArea =>
  new VmArea(
    mm,
    { start: virtAddr(start * 4096), end: virtAddr(end * 4096), pgoff: pgoff(first) },
    flags,
    undefined,
  );

describe('VmaSet', () => {
  it('given vmas in any order, when searched, then the first that ends above is found', () => {
    const set = new VmaSet();
    for (const [start, end] of [
      [20, 30],
      [1, 2],
      [10, 20],
    ] as const)
      set.insert(area(start, end));
    expect([...set].map((vma) => vma.vmStart / 4096)).toEqual([1, 10, 20]);
    const found = [0, 1, 2, 10, 19, 20, 29, 30].map((n) => {
      const start = set.find(virtAddr(n * 4096))?.vmStart;
      return start === undefined ? -1 : start / 4096;
    });
    expect(found).toEqual([1, 1, 10, 10, 10, 20, 20, -1]);
  });

  it('given a vma, when split, then the upper part goes on at its file page', () => {
    const set = new VmaSet();
    const lower = area(10, 20, 5);
    const family = anonVmaPrepare(lower);
    set.insert(lower);
    const upper = set.split(lower, virtAddr(13 * 4096));
    expect([lower.vmEnd / 4096, lower.vmPgoff]).toEqual([13, 5]);
    expect([upper.vmStart / 4096, upper.vmEnd / 4096, upper.vmPgoff]).toEqual([13, 20, 8]);
    expect(upper.anonVma).toBe(family);
    expect(linearPageIndex(upper, virtAddr(15 * 4096 + 7))).toBe(10);
    expect(set.find(virtAddr(13 * 4096))).toBe(upper);
    set.remove(lower);
    expect(set.find(virtAddr(10 * 4096))).toBe(upper);
    expect(() => {
      set.remove(lower);
    }).toThrow(/is in the set/);
  });

  it.each([
    ['overlapping', area(15, 25)],
    ['containing', area(5, 25)],
    ['empty', area(30, 30)],
  ])('given an %s vma, when inserted, then it is a bug', (_, vma) => {
    const set = new VmaSet();
    set.insert(area(10, 20));
    expect(() => {
      set.insert(vma);
    }).toThrow(/InvariantError|vma/);
  });

  it.each([10, 20])('given the edge %i, when split there, then it is a bug', (at) => {
    const set = new VmaSet();
    const vma = area(10, 20);
    set.insert(vma);
    expect(() => set.split(vma, virtAddr(at * 4096))).toThrow(/inside it/);
  });
});
