import fc from 'fast-check';
import { expect, it } from 'vitest';
import { manifestOf } from '../../src/cli/manifest.ts';
import type { ManifestEntry } from '../../src/cli/manifest.ts';
import { createPakoInflater } from '../../src/codec/pako.ts';
import { AxfsVolume } from '../../src/fs/volume.ts';
import { buildImage } from '../../src/mkfs/build.ts';
import { treeFrom } from '../../src/mkfs/tree.ts';
import type { EntrySpec } from '../../src/mkfs/tree.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { createRamDevice } from '../../src/mtd/ram.ts';
import { DIALECT_REGIONS, encodeDialect } from '../support/dialects.ts';
import type { Dialect } from '../support/dialects.ts';
import { FakeHost } from '../support/fake-host.ts';
import { noiseBytes, textBytes } from '../support/sample-data.ts';

const contents = fc
  .record({ length: fc.nat(9000), noise: fc.boolean(), seed: fc.nat(3) })
  .map(({ length, noise, seed }) => {
    if (noise) return noiseBytes(length, 256, seed);
    const text = textBytes(length);
    return seed > 1 ? text.reverse() : text;
  });
const entry: fc.Arbitrary<EntrySpec> = fc.oneof(
  { weight: 4, arbitrary: contents.map((content) => ({ content, uid: content.length % 3 })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<EntrySpec>(
      { type: 'dir', mode: 0o1777, uid: 2 ** 31 },
      { type: 'symlink', target: 'here/and/there' },
      { type: 'block', rdev: { major: 259, minor: 70000 } },
      { type: 'fifo' },
    ),
  },
);
const names = ['a', 'b', 'b.c', 'bb', 'dir/a', 'dir/z', 'dir/sub/a', 'raw\udcff', 'x'.repeat(255)];
const tree = fc.dictionary(fc.constantFrom(...names), entry, { maxKeys: 7 });

const someRegions = fc.subarray(DIALECT_REGIONS);
const dialect: fc.Arbitrary<Dialect> = fc
  .record({
    tail: fc.constantFrom('aligned' as const, 'i386' as const, 'none' as const),
    planar: fc.boolean(),
    deeper: fc.array(fc.nat(7), { minLength: 1, maxLength: 5 }),
    compressed: someRegions,
    incore: someRegions,
    sentinels: fc.boolean(),
    shared: fc.boolean(),
    cblockSize: fc.nat(8).map((power) => 4096 * 2 ** power),
    stride: fc.integer({ min: 34, max: 50 }),
    split: fc.boolean(),
    codec: fc.constantFrom('zlib' as const, 'lz4' as const),
    digest: fc.boolean(),
    seed: fc.nat(),
  })
  .map((row) =>
    row.tail === 'none'
      ? { ...row, planar: true, codec: 'zlib', compressed: row.compressed, split: row.split }
      : row,
  );

const device = (bytes: Uint8Array): ReturnType<typeof createRamDevice> =>
  createRamDevice('image', memoryContents(bytes));
const host = new FakeHost();
function entriesOf(image: Uint8Array, second?: Uint8Array): readonly ManifestEntry[] {
  const volume = new AxfsVolume(device(image), {
    name: 'image',
    inflater: createPakoInflater(),
    ...(second === undefined ? {} : { second: device(second) }),
  });
  return manifestOf(volume, host).entries;
}

it('a tree reads the same whatever dialect it is written in, on one device or two', async () => {
  await fc.assert(
    fc.asyncProperty(tree, dialect, async (spec, written) => {
      const root = treeFrom(spec);
      const expected = entriesOf((await buildImage(root, {})).toBytes());
      const { image, mmapSize } = encodeDialect(root, written);
      expect(entriesOf(image)).toEqual(expected);
      if (mmapSize === 0 || !written.split) return;
      const front = image.subarray(0, mmapSize);
      expect(entriesOf(front, image.subarray(mmapSize))).toEqual(expected);
      expect(entriesOf(front, image)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});
