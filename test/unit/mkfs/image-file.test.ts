import { expect, it } from 'vitest';
import { joinChunks } from '../../../src/mkfs/chunks.ts';
import { digestOf, partOf } from '../../../src/mkfs/image-file.ts';

it('parts are cut wherever pieces end', () => {
  const pieces = [Uint8Array.of(0, 1, 2), new Uint8Array(0), Uint8Array.of(3), Uint8Array.of(4, 5)];
  for (let from = 0; from <= 6; from += 1)
    for (let to = from; to <= 6; to += 1)
      expect([...joinChunks([...partOf(pieces, from, to)])]).toEqual(
        [0, 1, 2, 3, 4, 5].slice(from, to),
      );
});

it('a digest is 20 bytes and 20 zeros; anything else is a bug', async () => {
  const seen: number[] = [];
  const sha1 = (hex: string): Parameters<typeof digestOf>[1] => ({
    update: (bytes) => void seen.push(...bytes),
    hex: () => hex,
  });
  const digest = await digestOf([Uint8Array.of(1), Uint8Array.of(2)], sha1('0a'.repeat(20)));
  expect(seen).toEqual([1, 2]);
  expect([...digest]).toEqual([
    ...Array.from({ length: 20 }, () => 10),
    ...Array.from({ length: 20 }, () => 0),
  ]);
  await expect(digestOf([], sha1('0a'))).rejects.toThrow('a SHA-1 has 20 bytes');
});
