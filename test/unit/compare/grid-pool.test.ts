import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import type { PageCompressor } from '../../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../../src/codec/pako.ts';
import { createBlockPool } from '../../../src/compare/block-pool.ts';
import { InFlight } from '../../../src/compare/in-flight.ts';

/** A compressor that notes what it is given. */
function watched(): { readonly compressor: PageCompressor; readonly seen: Uint8Array[] } {
  const seen: Uint8Array[] = [];
  const inner = createInlineCompressor(createPakoDeflater());
  return {
    seen,
    compressor: {
      ...inner,
      compress(blocks) {
        seen.push(...blocks.map((block) => block.slice()));
        return inner.compress(blocks);
      },
    },
  };
}

const block = (fill: number, length = 64): Uint8Array => new Uint8Array(length).fill(fill);

describe('createBlockPool', () => {
  it('compresses equal blocks once, within a batch and over batches', async () => {
    const { compressor, seen } = watched();
    const pool = createBlockPool(compressor);
    const [a, , c] = await pool.compress([block(1), block(2), block(1)]);
    expect(c).toEqual(a);
    expect(await pool.compress([block(2), block(1)])).toHaveLength(2);
    expect(seen).toEqual([block(1), block(2)]);
    expect(pool.counts).toEqual({ asked: 5, compressed: 2, keptBytes: 2 * 2 * 64 });
  });

  it('tells blocks apart that differ in one byte or in their length', async () => {
    const { compressor, seen } = watched();
    const pool = createBlockPool(compressor);
    const other = block(0);
    other[63] = 1;
    await pool.compress([block(0), other, block(0, 63)]);
    expect(seen).toHaveLength(3);
  });

  it('keeps no more than it may, and still gives the right answer', async () => {
    const { compressor, seen } = watched();
    const pool = createBlockPool(compressor, 2 * 64);
    const first = await pool.compress([block(1), block(2)]);
    expect(await pool.compress([block(1), block(2)])).toEqual(first);
    expect(pool.counts.keptBytes).toBe(128);
    expect(seen).toEqual([block(1), block(2), block(2)]);
  });

  it('lets callers reuse their blocks at once', async () => {
    const pool = createBlockPool(watched().compressor);
    const reused = block(7);
    const early = pool.compress([reused]);
    const want = await createBlockPool(watched().compressor).compress([block(7)]);
    reused.fill(9);
    expect(await early).toEqual(want);
    expect(await pool.compress([block(7)])).toEqual(want);
  });

  it('passes a failure on, and closes what is behind it', async () => {
    let closed = 0;
    const pool = createBlockPool({
      parallelism: 4,
      compress: () => Promise.reject(new Error('full')),
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    });
    await expect(pool.compress([block(1)])).rejects.toThrow('full');
    await pool.close();
    expect([pool.parallelism, closed]).toEqual([4, 1]);
  });

  it('answers as the compressor behind it does', async () => {
    const blocks = fc.array(
      fc.uint8Array({ minLength: 1, maxLength: 40, max: 3 }).chain((bytes) =>
        fc.integer({ min: 0, max: 3 }).map((shift) => {
          // At any place in memory.
          const room = new Uint8Array(bytes.length + shift);
          room.set(bytes, shift);
          return room.subarray(shift);
        }),
      ),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(blocks, { maxLength: 5 }), async (batches) => {
        const pool = createBlockPool(watched().compressor, 600);
        for (const batch of batches)
          expect(await pool.compress(batch)).toEqual(await watched().compressor.compress(batch));
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

describe('InFlight', () => {
  it('runs no more at once than its limit', async () => {
    const flight = new InFlight<number>(2);
    let running = 0;
    let most = 0;
    const results: Promise<number>[] = [];
    for (let i = 0; i < 7; i += 1) {
      const { result } = await flight.start(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve));
        running -= 1;
        return i;
      });
      results.push(result);
    }
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(2);
  });

  it('throws the failure of what was started first, not of what failed first', async () => {
    const flight = new InFlight<number>(3);
    let failFirst: (error: Error) => void = () => undefined;
    await flight.start(() => new Promise((_, reject) => (failFirst = reject)));
    await flight.start(() => Promise.reject(new Error('second')));
    await Promise.resolve().then(() => undefined);
    failFirst(new Error('first'));
    await flight.settle();
    expect(flight.hasFailed).toBe(true);
    expect(() => {
      flight.throwFirst();
    }).toThrow('first');
  });
});
