import { describe, expect, it } from 'vitest';
import { pfn } from '../../../src/base/units.ts';
import { Frames, POISON } from '../../../src/mm/frames.ts';

const take = (frames: Frames, use: Parameters<Frames['allocPage']>[0] = 'anon') =>
  frames.allocPage(use)!;

describe('Frames', () => {
  it('given fresh RAM, when pages are taken, then lowest first, C 1 M 0, poisoned, and undefined at the end', () => {
    const frames = new Frames(pfn(0x100), 2);
    const [a, b] = [take(frames), take(frames)];
    expect([frames.pageToPfn(a), frames.pageToPfn(b)]).toEqual([0x100, 0x101]);
    expect([frames.refcount(a), frames.mapcount(a)]).toEqual([1, 0]);
    expect(frames.bytes(a).every((byte) => byte === POISON)).toBe(true);
    expect(frames.allocPage('anon')).toBeUndefined();
    expect(frames.free).toBe(0);
  });

  it('given a page freed, when the next is taken, then it is that one, poisoned and without flags', () => {
    const frames = new Frames(pfn(0), 4);
    const a = take(frames);
    take(frames);
    frames.bytes(a).fill(1);
    frames.setFlag(a, 'dirty', true);
    frames.setFlag(a, 'lru', true);
    const view = frames.bytes(a);
    frames.putPage(a);
    expect(view[4095]).toBe(POISON);
    const again = take(frames, 'driver');
    expect(again).toBe(a);
    expect([frames.testFlag(a, 'dirty'), frames.testFlag(a, 'lru')]).toEqual([false, false]);
    expect(frames.useOf(a)).toBe('driver');
    expect(frames.bytes(again)).toBe(view);
  });

  it('given references, when put, then the page lives until the last one', () => {
    const frames = new Frames(pfn(0), 1);
    const a = take(frames);
    frames.getPage(a);
    frames.putPage(a);
    expect(frames.refcount(a)).toBe(1);
    frames.putPage(a);
    expect(frames.refcount(a)).toBe(0);
    expect(() => {
      frames.putPage(a);
    }).toThrow(/only an allocated page is put/);
    expect(() => {
      frames.getPage(a);
    }).toThrow(/only an allocated page gets/);
  });

  it.each([
    [
      'mapped',
      (f: Frames, p: ReturnType<typeof take>) => {
        f.addRmap(p);
      },
    ],
    [
      'locked',
      (f: Frames, p: ReturnType<typeof take>) => {
        f.setFlag(p, 'locked', true);
      },
    ],
    [
      'reserved',
      (f: Frames, p: ReturnType<typeof take>) => {
        f.setFlag(p, 'reserved', true);
      },
    ],
    [
      'cached',
      (f: Frames, p: ReturnType<typeof take>) => {
        f.setMapping(p, 3, 7);
      },
    ],
  ])('given a %s page, when its last reference goes, then it is a bug', (_, prepare) => {
    const frames = new Frames(pfn(0), 1);
    const a = take(frames);
    prepare(frames, a);
    expect(() => {
      frames.putPage(a);
    }).toThrow(/a freed page has no/);
  });

  it('given no mapping, when one is removed, then it is a bug', () => {
    const frames = new Frames(pfn(0), 1);
    const a = take(frames);
    expect(() => {
      frames.removeRmap(a);
    }).toThrow(/only a mapped page/);
  });

  it('given uses, when pages come and go, then usage is current and peak is the first highest moment', () => {
    const frames = new Frames(pfn(0), 8);
    const a = take(frames, 'page_cache');
    const b = take(frames, 'anon');
    frames.putPage(b);
    take(frames, 'driver');
    expect(frames.usage).toEqual({
      total: 2,
      byUse: { page_cache: 1, anon: 0, page_table: 0, driver: 1, metadata: 0, kernel: 0 },
    });
    expect(frames.peak.byUse).toMatchObject({ page_cache: 1, anon: 1, driver: 0 });
    take(frames, 'metadata');
    expect(frames.peak).toEqual({
      total: 3,
      byUse: { page_cache: 1, anon: 0, page_table: 0, driver: 1, metadata: 1, kernel: 0 },
    });
    expect([...frames.allocated()]).toHaveLength(3);
    expect(frames.describe(a)).toBe('pfn 0x0 (page_cache) count 1 mapcount 0 mapping 0 flags none');
  });

  it('given a mapping, when asked, then owner and index are told', () => {
    const frames = new Frames(pfn(0), 1);
    const a = take(frames);
    frames.setMapping(a, 3, 2 ** 33);
    expect([frames.mappingOf(a), frames.indexOf(a)]).toEqual([3, 2 ** 33]);
  });

  it.each([0, -1, 1.5, 2 ** 31])('given %d frames, then EINVAL', (count) => {
    expect(() => new Frames(pfn(0), count)).toThrow(/frames, expected/);
  });
});
