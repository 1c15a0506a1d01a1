import { expect, it } from 'vitest';
import { ByteSink, joinChunks, totalLength } from '../../../src/mkfs/chunks.ts';
import { noiseBytes } from '../../support/sample-data.ts';

it('keeps what is appended, across chunks', () => {
  const sink = new ByteSink();
  const piece = noiseBytes(700_001);
  sink.append(piece);
  sink.appendZeros(1_500_000);
  sink.append(new Uint8Array(0));
  sink.append(piece);
  expect(sink.size).toBe(2 * piece.length + 1_500_000);
  expect(totalLength(sink.chunks())).toBe(sink.size);
  expect(sink.chunks().length).toBeGreaterThan(2);
  const all = joinChunks(sink.chunks());
  expect(Buffer.compare(all.subarray(0, piece.length), piece)).toBe(0);
  expect(all.subarray(piece.length, -piece.length).every((byte) => byte === 0)).toBe(true);
  expect(Buffer.compare(all.subarray(-piece.length), piece)).toBe(0);
});

it('copies what is appended', () => {
  const sink = new ByteSink();
  const piece = Uint8Array.of(1, 2);
  sink.append(piece);
  piece.fill(9);
  expect(joinChunks(sink.chunks())).toEqual(Uint8Array.of(1, 2));
});

it('has no chunks while empty', () => {
  expect(new ByteSink().chunks()).toEqual([]);
});

it('refuses to join more than an array holds', () => {
  const huge = { length: 2 ** 52 } as Uint8Array;
  expect(() => joinChunks([huge, huge])).toThrow(
    expect.objectContaining({
      code: 'EFBIG',
      message: '9007199254740992 bytes do not fit in one array; use the chunks',
    }),
  );
});
