/** Small images that ask for much memory, or much work, are refused. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { checkImage } from '../../../src/fs/check.ts';
import type { CheckResult } from '../../../src/fs/check.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { contentAt, failureOf, patchOf, volumeOf } from './patch.ts';
import type { Region, Patch } from './patch.ts';

const check = (image: Uint8Array): CheckResult =>
  checkImage(createRamDevice('image', memoryContents(image)), {
    ...{ name: 'image', inflater: createPakoInflater() },
  });

/** Gives a region bytes that are stored as one stream. */
function compress(patch: Patch, region: Region, bytes: Uint8Array): Patch {
  const stored = deflateSync(bytes, { level: 9 });
  patch.replace(region, stored).describe(region, 'compressed_size', stored.length);
  return patch.describe(region, 'size', bytes.length);
}

describe('compressed regions', () => {
  it('may expand to 8 MiB, or to 64 times what is stored', async () => {
    const zeros = compress(await patchOf({ f: 'x' }), 'uids', new Uint8Array(2 ** 22));
    expect(check(zeros.bytes).counts).not.toHaveProperty('expansion');
    compress(zeros, 'gids', new Uint8Array(2 ** 22 + 1));
    expect(failureOf(() => volumeOf(zeros.bytes))).toEqual([
      'EFBIG',
      'image: compressed regions claim to expand to 8388609 bytes together, expected at most 8388608',
    ]);
    const { verdict, counts } = check(zeros.bytes);
    expect([verdict, counts.expansion]).toEqual(['unmountable', 1]);
  });
});

describe('tables', () => {
  const far = async (places: readonly number[]): Promise<AxfsVolume> => {
    const bytes = 2 ** 25;
    const patch = await patchOf({ f: 'x' });
    const size = patch.get('size');
    const all = places.length * bytes + size;
    const tables = [
      'node_type',
      'node_index',
      'cnode_offset',
      'cnode_index',
      'banode_offset',
    ] as const;
    places.forEach((place, i) => {
      const at = size + place * bytes;
      patch.describe(tables[i]!, 'fsoffset', at).describe(tables[i]!, 'size', bytes);
    });
    patch.set('size', all + 4).set('mmap_size', 0);
    const image = patch.bytes;
    const device = createRamDevice('image', {
      size: all + 4,
      view: (offset, length) => {
        const view = new Uint8Array(length);
        view.set(image.subarray(offset, offset + length));
        if (offset === all) view.set([0x48, 0xa0, 0xe4, 0xcd]);
        return view;
      },
    });
    return new AxfsVolume(device, { name: 'image', inflater: createPakoInflater() });
  };

  it('come to 128 MiB at most', async () => {
    expect(await far([0, 1, 2]).then(({ name }) => name)).toBe('image');
    await expect(far([0, 1, 2, 3, 4])).rejects.toThrow(
      /^image: strings and tables come to \d+ bytes together, expected at most 134217728$/,
    );
  });

  it('are held once where they stand in one place', async () => {
    const { image } = await far([0, 0, 0, 0, 0]);
    expect(image.regions.node_type.resident).toBe(image.regions.node_index.resident);
  });
});

describe('directories', () => {
  it('have no more children than strings has bytes', async () => {
    const files = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${String(i)}`, '']));
    const patch = await patchOf(files);
    patch.replace('strings', Uint8Array.from(Buffer.from('a\0b\0c\0d\0')));
    for (let inode = 1; inode < 10; inode += 1) patch.setEntry('inode_name_offset', inode, 0);
    expect(failureOf(() => volumeOf(patch.bytes))).toEqual([
      'EIO',
      'image: inode 0: 9 children, expected at most one for each of the 8 bytes of strings',
    ]);
    expect(check(patch.bytes)).toMatchObject({
      verdict: 'unmountable',
      counts: { child_names: 1 },
    });
  });

  it('that claim the same children over and over are left out in the end', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `d${String(i).padStart(3, '0')}`);
    const patch = await patchOf({
      ...Object.fromEntries(names.map((name) => [name, { type: 'dir' as const }])),
      ...Object.fromEntries(names.map((name) => [`z/${name}`, ''])),
    });
    // Inodes: 1 to 200 directories, 201 z, 202 to 401 its files.
    for (let inode = 1; inode <= 200; inode += 1)
      patch.setEntry('inode_num_entries', inode, 200).setEntry('inode_array_index', inode, 202);
    let told = 0;
    const volume = volumeOf(patch.bytes);
    const walked = [...volume.walk(() => (told += 1))];
    expect(walked).toHaveLength(402);
    expect(told).toBeLessThan(1000);
  });
});

describe('files whose pages alternate between cblocks', () => {
  const SIZE = 2 ** 16;
  const PAGES = 256;
  const alternating = async (cblocks: number): Promise<Patch> => {
    const patch = await patchOf({ f: new Uint8Array(PAGES * 4096) });
    const streams = Array.from({ length: cblocks }, (_, i) =>
      deflateSync(new Uint8Array(SIZE).fill(i + 1)),
    );
    const offsets = [0];
    for (const { length } of streams) offsets.push(offsets.at(-1)! + length);
    const all = Array.from({ length: cblocks }, (_, i) => i);
    return patch
      .set('cblock_size', SIZE)
      .replace('compressed', Buffer.concat(streams))
      .replaceTable('cblock_offset', offsets, 4)
      .replaceTable('cnode_index', all, 2)
      .replaceTable(
        'cnode_offset',
        all.map(() => 0),
        1,
      )
      .replaceTable(
        'node_type',
        Array.from({ length: PAGES }, () => 1),
        1,
      )
      .replaceTable(
        'node_index',
        Array.from({ length: PAGES }, (_, i) => i % cblocks),
        2,
      )
      .setEntry('inode_array_index', 1, 0);
  };
  const open = (
    patch: Patch,
    cblockBytes?: number,
  ): { volume: AxfsVolume; count: () => number } => {
    let inflated = 0;
    const volume = new AxfsVolume(createRamDevice('image', memoryContents(patch.bytes)), {
      ...{ name: 'image', inflater: createPakoInflater() },
      sink: ({ type }) => {
        if (type === 'inflate') inflated += 1;
      },
      ...(cblockBytes === undefined ? {} : { cblockBytes }),
    });
    return { volume, count: () => inflated };
  };
  const expected = (cblocks: number): Buffer =>
    Buffer.concat(Array.from({ length: PAGES }, (_, i) => Buffer.alloc(4096, (i % cblocks) + 1)));

  it.each([
    ['as the driver, which keeps one, every time', undefined, PAGES],
    ['once where they are all kept', 4 * SIZE, 4],
    ['every time where one too few is kept', 3 * SIZE, PAGES],
  ])('expand them %s', async (_what, bytes, count) => {
    const { volume, count: inflated } = open(await alternating(4), bytes);
    expect(Buffer.compare(contentAt(volume, 'f'), expected(4))).toBe(0);
    expect(inflated()).toBe(count);
  });

  it('expand no more than they may', async () => {
    const { volume, count } = open(await alternating(4));
    volume.nodes.maxExpandedBytes = 10 * SIZE;
    const into = new Uint8Array(PAGES * 4096);
    const inode = volume.resolve(fromText('f'));
    expect(failureOf(() => volume.read(inode, 0, into))).toEqual([
      'EFBIG',
      `image: cblocks came to ${String(11 * SIZE)} bytes, expected at most ${String(10 * SIZE)} for what is read`,
    ]);
    expect(count()).toBe(11);
  });

  it('are damaged one by one where a cblock is', async () => {
    const patch = (await alternating(4)).poke('compressed', 0, 0);
    const { volume } = open(patch, 4 * SIZE);
    const inode = volume.resolve(fromText('f'));
    const page = new Uint8Array(4096);
    for (let round = 0; round < 3; round += 1)
      for (const number of [0, 1, 2, 3])
        expect([number, failureOf(() => volume.read(inode, number * 4096, page))[0]]).toEqual([
          number,
          number === 0 ? 'EIO' : 'n',
        ]);
    expect([...page]).toEqual([...Buffer.alloc(4096, 4)]);
  });
});
