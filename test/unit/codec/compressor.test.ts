import { expect, it } from 'vitest';
import { createInlineCompressor, deflateIfSmaller } from '../../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../../src/codec/pako.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const deflater = createPakoDeflater();

it('keeps a stream only when it is smaller than its block', () => {
  const text = textBytes(4096);
  expect(deflateIfSmaller(deflater, text)).toEqual(deflater.deflate(text));
  expect(deflateIfSmaller(deflater, noiseBytes(4096))).toBeUndefined();
  // Six equal bytes take 11 bytes, eleven take 11, twelve take 11: only less counts.
  const run = (length: number): Uint8Array => new Uint8Array(length).fill(97);
  expect(deflater.deflate(run(11)).length).toBe(11);
  expect(deflateIfSmaller(deflater, run(11))).toBeUndefined();
  expect(deflateIfSmaller(deflater, run(12))?.length).toBe(11);
});

it('compresses a batch in order in the calling thread', async () => {
  const compressor = createInlineCompressor(deflater);
  const blocks = [textBytes(4096), noiseBytes(4096), textBytes(50)];
  const expected = blocks.map((block) => deflateIfSmaller(deflater, block));
  const result = compressor.compress(blocks);
  for (const block of blocks) block.fill(0);
  expect(await result).toEqual(expected);
  await compressor.close();
});
