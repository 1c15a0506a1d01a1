import { beforeAll, describe, expect, it } from 'vitest';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { readImage } from '../../../src/fs/source.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdCounters } from '../../../src/mtd/device.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { contentAt, failureOf, pages, Patch, patchOf, REGION_NAMES } from './patch.ts';
import type { Region } from './patch.ts';

const FILES = {
  xip: textBytes(8192),
  packed: textBytes(6000).reverse(),
  noise: noiseBytes(5000),
} as const;

let good: Uint8Array;
beforeAll(async () => {
  good = (await patchOf(FILES, pages({ xip: [0, 1] }))).bytes;
});

interface Opened {
  readonly volume: AxfsVolume;
  readonly counters: () => MtdCounters;
}

function open(patch: Patch): Opened {
  const device = createRamDevice('image', memoryContents(patch.bytes));
  const volume = new AxfsVolume(device, { name: 'image', inflater: createPakoInflater() });
  return { volume, counters: () => device.counters };
}

const placesOf = ({ volume }: Opened): Readonly<Record<string, readonly string[]>> => {
  const places: Record<string, string[]> = { window: [], ram: [], device: [] };
  for (const name of REGION_NAMES) {
    const region = volume.image.regions[name];
    if (region.size > 0) places[region.place]!.push(name);
  }
  return places;
};

/** What reading every file counts. */
function readAll({ volume, counters }: Opened): Partial<MtdCounters> {
  const before = counters();
  for (const [name, content] of Object.entries(FILES))
    expect(Buffer.compare(contentAt(volume, name), content), name).toBe(0);
  const after = counters();
  return {
    readOperations: after.readOperations - before.readOperations,
    readBytes: after.readBytes - before.readBytes,
    mappedBytes: after.mappedBytes - before.mappedBytes,
  };
}

/** Bytes of table entries that reading every file looks up: 6 pages, two cblocks, two chunks. */
function lookUps(patch: Patch): number {
  const times = {
    ...{ node_type: 6, node_index: 6, cnode_index: 2, cnode_offset: 2 },
    ...{ cblock_offset: 2 * 2, banode_offset: 2 },
  } as const;
  return (Object.entries(times) as [Region, number][]).reduce(
    (sum, [table, count]) => sum + count * patch.of(table, 'depth'),
    0,
  );
}

const storedBytes = (patch: Patch): number => patch.region('compressed').length;
const TABLES = REGION_NAMES.slice(4);
const all = REGION_NAMES;

describe('a window over the whole image', () => {
  it('holds every region; nothing is copied, nothing is read by the device after mounting', () => {
    const patch = new Patch(good);
    const opened = open(patch);
    expect(placesOf(opened)).toEqual({ window: [...all], ram: [], device: [] });
    // Contents of XIP and byte-aligned pages, stored cblocks, and every table entry on the way.
    expect(readAll(opened)).toEqual({
      readOperations: 0,
      readBytes: 0,
      mappedBytes: 8192 + 5000 + storedBytes(patch) + lookUps(patch),
    });
  });

  it('is as long as mmap_size, which must not be more than the size', () => {
    const patch = new Patch(good);
    const size = patch.get('size');
    expect(open(patch.set('mmap_size', size)).volume.image.source.window?.length).toBe(size);
    for (const mmapSize of [size + 1, 2 ** 40])
      expect(failureOf(() => open(patch.set('mmap_size', mmapSize)))).toEqual([
        'EINVAL',
        `image: superblock field mmap_size is ${String(mmapSize)}, expected at most the size ${String(size)}`,
      ]);
  });
});

describe('a window that ends at a page before the data', () => {
  const short = (): Patch => {
    const patch = new Patch(good);
    return patch.set('mmap_size', patch.of('xip', 'fsoffset') + 8192);
  };

  it('keeps tables and XIP mapped, copies the strings, reads the rest piece by piece', () => {
    const opened = open(short());
    expect(placesOf(opened)).toEqual({
      window: ['xip', ...TABLES],
      ram: ['strings'],
      device: ['byte_aligned', 'compressed'],
    });
    const patch = short();
    expect(readAll(opened)).toEqual({
      // Two cblocks, two chunks.
      readOperations: 4,
      readBytes: 5000 + storedBytes(patch),
      mappedBytes: 8192 + lookUps(patch),
    });
  });
});

describe('a window that ends inside a region', () => {
  it('copies an XIP region of which it holds a part', () => {
    const patch = new Patch(good);
    patch.set('mmap_size', patch.of('xip', 'fsoffset') + 4096);
    const opened = open(patch);
    expect(placesOf(opened)).toEqual({
      window: TABLES,
      ram: ['strings', 'xip'],
      device: ['byte_aligned', 'compressed'],
    });
    expect(readAll(opened)).toMatchObject({ readOperations: 4, mappedBytes: lookUps(patch) });
  });

  it('reads a range that straddles its end in two pieces', () => {
    const patch = new Patch(good);
    patch.set('mmap_size', 4096 + 100);
    const opened = open(patch);
    const before = opened.counters();
    const bytes = readImage(opened.volume.image.source, 4096, 300);
    expect(Buffer.compare(bytes, patch.bytes.subarray(4096, 4396))).toBe(0);
    const after = opened.counters();
    expect(after.readBytes - before.readBytes).toBe(200);
    expect(after.mappedBytes - before.mappedBytes).toBe(100);
  });
});

describe('no window', () => {
  it('copies what needs an address and reads the rest', () => {
    const patch = new Patch(good);
    patch.set('mmap_size', 0);
    const opened = open(patch);
    expect(opened.volume.image.source.window).toBeUndefined();
    expect(placesOf(opened)).toEqual({
      window: [],
      ram: ['strings', 'xip', ...TABLES],
      device: ['byte_aligned', 'compressed'],
    });
    expect(readAll(opened)).toEqual({
      readOperations: 4,
      readBytes: 5000 + storedBytes(patch),
      mappedBytes: 0,
    });
  });
});

describe('incore', () => {
  it.each(['strings', 'xip', 'compressed', 'byte_aligned', 'node_type'] as const)(
    'copies %s although it is in the window',
    (name) => {
      const patch = new Patch(good);
      patch.describe(name, 'incore', 1);
      const opened = open(patch);
      expect(placesOf(opened)['ram']).toEqual([name]);
      expect(opened.volume.image.regions[name].windowOffset).toBe(-1);
      readAll(opened);
    },
  );
});
