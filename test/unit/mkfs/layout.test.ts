import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { viewOf } from '../../../src/base/bytes.ts';
import { encodeHead, placeRegions } from '../../../src/mkfs/layout.ts';
import type { RegionContent } from '../../../src/mkfs/layout.ts';
import { REGIONS, decodeDescriptor } from '../../../src/ondisk/regions.ts';
import type { RegionName } from '../../../src/ondisk/regions.ts';
import { decodeSuperblock } from '../../../src/ondisk/superblock.ts';

const EMPTY: RegionContent = {
  size: 0,
  compressedSize: 0,
  maxIndex: 0,
  tableByteDepth: 0,
  incore: 0,
};

const contents = (sizes: Partial<Record<RegionName, number>>): Record<RegionName, RegionContent> =>
  Object.fromEntries(
    REGIONS.map(({ name }) => [name, { ...EMPTY, size: sizes[name] ?? 0 }]),
  ) as Record<RegionName, RegionContent>;

describe('placeRegions', () => {
  it('packs tables after the descriptors, XIP at a page, data and strings behind it', () => {
    const { descriptors, size, fileSize } = placeRegions(
      contents({ node_type: 5, gids: 3, xip: 8192, byte_aligned: 7, compressed: 11, strings: 13 }),
    );
    expect(descriptors.node_type.fsoffset).toBe(984);
    expect(descriptors.node_index.fsoffset).toBe(989);
    expect(descriptors.gids.fsoffset).toBe(989);
    expect(descriptors.xip.fsoffset).toBe(4096);
    expect(descriptors.byte_aligned.fsoffset).toBe(12288);
    expect(descriptors.compressed.fsoffset).toBe(12295);
    expect(descriptors.strings.fsoffset).toBe(12306);
    expect(size).toBe(12319 + 4);
    expect(fileSize).toBe(16384);
  });

  it.each([
    [4096 - 4, 4096 * 2, 4096 * 2],
    [4096 - 3, 4096 * 2 + 1, 4096 * 3],
    [4096 - 1, 4096 * 2 + 3, 4096 * 3],
    [4096, 4096 * 2 + 4, 4096 * 3],
  ])('has room for the magic after %i bytes of the last page', (strings, size, fileSize) => {
    expect(placeRegions(contents({ strings }))).toMatchObject({ size, fileSize });
  });

  it('does not pad tables that end at a page', () => {
    expect(placeRegions(contents({ modes: 4096 - 984 })).descriptors.xip.fsoffset).toBe(4096);
    expect(placeRegions(contents({ modes: 4097 - 984 })).descriptors.xip.fsoffset).toBe(8192);
  });

  it('places regions beyond 4 GiB', () => {
    const { descriptors, size } = placeRegions(contents({ xip: 2 ** 32, compressed: 2 ** 33 }));
    expect(descriptors.strings.fsoffset).toBe(4096 + 2 ** 32 + 2 ** 33);
    expect(size).toBe(4096 + 2 ** 32 + 2 ** 33 + 4);
  });

  it.each([
    [
      'an XIP region of half a page',
      { xip: { ...EMPTY, size: 2048 } },
      'xip region is whole pages',
    ],
    [
      'a table shorter than its entries',
      { modes: { ...EMPTY, size: 7, maxIndex: 2, tableByteDepth: 4 } },
      'table modes holds its entries',
    ],
  ])('asserts against %s', (_name, wrong, rule) => {
    const place = (): unknown => placeRegions({ ...contents({}), ...wrong });
    expect(place).toThrow(InvariantError);
    expect(place).toThrow(rule);
  });
});

it('encodes a head that decodes to the same layout', () => {
  const layout = placeRegions(contents({ xip: 4096, strings: 100 }));
  const head = encodeHead(layout, { files: 3, blocks: 2, cblockSize: 4096, timestamp: 2 ** 33 });
  const superblock = decodeSuperblock(head, 'head');
  expect(superblock).toMatchObject({
    files: 3,
    blocks: 2,
    cblockSize: 4096,
    timestamp: 2 ** 33,
    size: layout.size,
    mmapSize: layout.size,
    versionMajor: 2,
    versionMinor: 2,
    versionSub: 0,
  });
  for (const { name } of REGIONS) {
    const offset = superblock.descriptorOffsets[name];
    expect(decodeDescriptor(viewOf(head), offset, name)).toEqual(layout.descriptors[name]);
  }
});
