import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPakoDeflater, createPakoInflater } from '../../src/codec/pako.ts';
import { createWasmZlib } from '../../src/codec/wasm-zlib.ts';
import type { Inflater } from '../../src/codec/zlib.ts';
import { loadZlibModule } from '../../src/host/node-host.ts';

const SEED = { seed: 20_080_918, numRuns: 200 };

const wasm = createWasmZlib(loadZlibModule()!);
const deflaters = [createPakoDeflater(), wasm] as const;
const inflaters = [createPakoInflater(), wasm] as const;

/** Noise, runs and repeats in any mixture: what pages of programs look like. */
const block = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(600)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.nat(60))
        .map(([unit, times]) => new Uint8Array(Buffer.concat(Array<Uint8Array>(times).fill(unit)))),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

const outcome = (inflater: Inflater, stored: Uint8Array, room: number): string => {
  const into = new Uint8Array(room);
  try {
    return Buffer.from(into.subarray(0, inflater.inflate(stored, into))).toString('hex');
  } catch (error) {
    return String(error);
  }
};

describe('zlib', () => {
  it('gives the same stream from both codecs, and both expand it', () => {
    fc.assert(
      fc.property(block, (input) => {
        const [pako, stock] = deflaters.map((deflater) => deflater.deflate(input));
        expect(pako).toEqual(stock);
        for (const inflater of inflaters) {
          const into = new Uint8Array(input.length);
          expect(inflater.inflate(pako!, into)).toBe(input.length);
          expect(into).toEqual(input);
        }
      }),
      SEED,
    );
  });

  it('judges damaged streams alike, and never lets other bytes pass', () => {
    const damage = fc.tuple(block, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(10));
    fc.assert(
      fc.property(damage, ([input, at, flip, cut]) => {
        const stored = wasm.deflate(input).slice(0);
        const index = at % stored.length;
        stored[index] = (stored[index] ?? 0) ^ flip;
        const bytes = cut < 3 ? stored.subarray(0, stored.length - cut) : stored;
        const [pako, stock] = inflaters.map((inflater) => outcome(inflater, bytes, input.length));
        expect(pako).toBe(stock);
        if (pako?.startsWith('AxfsError') === false)
          expect(pako).toBe(Buffer.from(input).toString('hex'));
      }),
      SEED,
    );
  });
});
