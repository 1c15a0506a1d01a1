import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { CACHE_LINE_BYTES } from '../../../src/base/units.ts';
import { CpuCache, REPLACEMENT_POLICIES } from '../../../src/sim/cpu-cache.ts';
import type { CpuCacheShape } from '../../../src/sim/cpu-cache.ts';

/** Sets of `ways` lines. */
const shape = (
  sets: number,
  ways: number,
  policy: CpuCacheShape['policy'] = 'lru',
): CpuCacheShape => ({ size: sets * ways * CACHE_LINE_BYTES, ways, policy });

const misses = (cache: CpuCache, lines: readonly number[]): number =>
  lines.filter((line) => !cache.use(line)).length;

const loop = (lines: number, times: number): number[] =>
  Array.from({ length: lines * times }, (_, i) => i % lines);

describe('a loop', () => {
  test.each(REPLACEMENT_POLICIES)('that fits is fetched once (%s)', (policy) => {
    expect(misses(new CpuCache(shape(128, 4, policy)), loop(512, 20))).toBe(512);
  });

  test('one line larger than a full set misses at every turn with lru and round-robin', () => {
    // Five lines of one set of four ways.
    const lines = loop(5, 10).map((line) => line * 16);
    for (const policy of ['lru', 'round-robin'] as const)
      expect(misses(new CpuCache(shape(16, 4, policy)), lines)).toBe(50);
    // Random replacement is known for this: it keeps some.
    expect(misses(new CpuCache(shape(16, 4, 'random')), lines)).toBeLessThan(50);
  });
});

test('lru keeps what was used last, round-robin what came last', () => {
  const touches = [0, 1, 0, 2, 0];
  expect(misses(new CpuCache(shape(1, 2, 'lru')), touches)).toBe(3);
  expect(misses(new CpuCache(shape(1, 2, 'round-robin')), touches)).toBe(4);
});

test('lines beyond 2^32 are told apart', () => {
  const cache = new CpuCache(shape(4, 1));
  expect(misses(cache, [2 ** 40, 2 ** 40 + 4, 2 ** 40])).toBe(3);
  expect(misses(cache, [2 ** 40])).toBe(0);
});

test('the same seed replaces the same lines', () => {
  const lines = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 97);
  const run = (seed: number): boolean[] => {
    const cache = new CpuCache({ ...shape(4, 4, 'random'), seed });
    return lines.map((line) => cache.use(line));
  };
  expect(run(3)).toEqual(run(3));
  expect(run(3)).not.toEqual(run(4));
});

test('lru equals a list in order of use', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 4),
      fc.constantFrom(1, 3, 8),
      fc.array(fc.nat(60), { maxLength: 400 }),
      (sets, ways, lines) => {
        const cache = new CpuCache(shape(sets, ways));
        const lists = Array.from({ length: sets }, (): number[] => []);
        for (const line of lines) {
          const list = lists[line % sets]!;
          const at = list.indexOf(line);
          expect(cache.use(line)).toBe(at >= 0);
          if (at >= 0) list.splice(at, 1);
          list.unshift(line);
          list.splice(ways);
        }
      },
    ),
    { seed: 5, numRuns: 100 },
  );
});

test.each([
  [{ size: 1000, ways: 4 }, /size is 1000 bytes, expected a multiple of 128, 4 ways/],
  [{ size: 0, ways: 4 }, /size is 0 bytes/],
  [{ size: 128, ways: 0 }, /ways are 0, expected 1 or more/],
  [{ size: 128, ways: 1.5 }, /ways are 1.5/],
])('%j is refused', (part, message) => {
  const make = (): CpuCache => new CpuCache({ ...part, policy: 'lru' });
  expect(make).toThrow(AxfsError);
  expect(make).toThrow(message);
});
