import { describe, expect, test } from 'vitest';
import { PAGE_SIZE, pfn } from '../../../src/base/units.ts';
import { vmInsertPfn } from '../../../src/mm/insert.ts';
import { at, Machine, MAP_PRIVATE, RW, thrown } from './machine.ts';

const FLASH = { flags: 'mixedmap', fault: 'mixed', base: '0x48000' };

describe('flash with struct pages', () => {
  test('S30 flash without them needs none: their number does not depend on its size', () => {
    for (const pages of ['1', '4096']) {
      const m = new Machine('2.6.28-arm');
      m.device('test', { ...FLASH, pages });
      expect(m.memory.frames.structPages).toBe(0x8000);
      expect(m.memory.physical.highestMemmapPfn).toBe(0x7fff);
    }
  });

  test('S31 with them a pfn of flash is valid, above RAM, never handed out, C=1 M=0', () => {
    const m = new Machine('2.6.28-arm');
    m.device('test', { ...FLASH, pages: '16', memmap: 'yes' });
    const { frames, physical } = m.memory;
    expect([frames.structPages, physical.highestMemmapPfn]).toEqual([0x8010, 0x4800f]);
    expect(physical.pfnValid(pfn(0x48010))).toBe(false);
    const page = physical.pfnToPage(pfn(0x4800f));
    expect(frames.pageToPfn(page)).toBe(0x4800f);
    expect([m.counts(page), frames.testFlag(page, 'reserved')]).toEqual([[1, 0], true]);
    expect(frames.bytes(page)).toEqual(physical.bytesOf(pfn(0x4800f)));
    expect(frames.describe(page)).toMatch(/^pfn 0x4800f/);
    expect(frames.usage.total).toBeLessThan(20);
    m.check();
  });

  test.each(['2.6.28-arm', '4.9-arm'] as const)(
    'S31 in a MIXEDMAP mapping they are counted: C+1 M+1 F+1 an entry, on %s',
    (kernel) => {
      const m = new Machine(kernel);
      const start = m.map(m.device('test', { ...FLASH, memmap: 'yes' }), { prot: RW });
      const page = m.memory.physical.pfnToPage(pfn(0x48000));
      expect(m.byte(start)).toBe(0x40);
      expect([m.pte(start)!.page, m.counts(page), m.rss()]).toEqual([page, [2, 1], [1, 0]]);
      m.check();
      const child = m.fork();
      m.byte(start, child);
      expect(m.counts(page)).toEqual([3, 2]);
      m.check();
      m.mm.writeMemory(start, Uint8Array.of(1));
      expect([m.counts(page), m.rss()]).toEqual([
        [2, 1],
        [0, 1],
      ]);
      expect(m.memory.physical.bytesOf(pfn(0x48000))[0]).toBe(0x40);
      m.check();
      child.exit();
      expect(m.counts(page)).toEqual([1, 0]);
      m.check();
    },
  );

  test('S31 with the special bit they are raw all the same', () => {
    const m = new Machine('6.12-x86');
    const start = m.map(m.device('test', { ...FLASH, memmap: 'yes' }));
    m.byte(start);
    expect([m.pte(start)!.page, m.rss()]).toEqual([undefined, [0, 0]]);
    m.check();
  });

  test('S31 vm_insert_pfn of one is a BUG, with and without the special bit', () => {
    for (const kernel of ['2.6.28-arm', '6.12-x86'] as const) {
      const m = new Machine(kernel);
      const start = m.map(m.device('test', { ...FLASH, memmap: 'yes' }), { flags: MAP_PRIVATE });
      expect(thrown(() => vmInsertPfn(m.vma(start), at(start, 1), pfn(0x48001))).rule).toBe(
        'a raw pfn in a MIXEDMAP vma has no struct page',
      );
    }
  });

  test('a mistaken last put of one is reported, and does not free it', () => {
    const m = new Machine('2.6.28-arm');
    m.device('test', { ...FLASH, memmap: 'yes' });
    const { frames, physical } = m.memory;
    const page = physical.pfnToPage(pfn(0x48000));
    expect(frames.mayBeFreed(page)).toBe(false);
    expect(() => {
      frames.putPage(page);
    }).toThrow(/a freed page has no mapping/);
    expect(PAGE_SIZE).toBe(frames.bytes(page).length);
  });
});
