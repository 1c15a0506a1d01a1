import { deflateSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import type { AxfsVolume } from '../../../src/fs/volume.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { contentAt, failureOf, pages, Patch, patchOf, volumeOf } from './patch.ts';
import type { Region } from './patch.ts';

/** One file for each kind of node; `packed` and `other` have two cblocks each. Nodes in this order. */
const FILES = {
  a_xip: textBytes(8192),
  b_packed: Uint8Array.of(...textBytes(4096), ...textBytes(4096).reverse()),
  c_other: Uint8Array.of(...new Uint8Array(4096).fill(7), ...textBytes(700)),
  d_noise: noiseBytes(5000),
} as const;
const NODES = { a_xip: 0, b_packed: 2, c_other: 4, d_noise: 6 } as const;
type Name = keyof typeof FILES;

let good: Uint8Array;
beforeAll(async () => {
  good = (await patchOf(FILES, pages({ a_xip: [0, 1] }))).bytes;
});
let patch: Patch;
beforeEach(() => {
  patch = new Patch(good);
});

const same = (volume: AxfsVolume, name: Name): boolean =>
  Buffer.compare(contentAt(volume, name), FILES[name]) === 0;

/** Reading `damaged` fails with this message; every other file reads right, before and after. */
function expectDamage(damaged: Name, message: string): void {
  const volume = volumeOf(patch.bytes);
  const others = (Object.keys(FILES) as Name[]).filter((name) => name !== damaged);
  for (let round = 0; round < 2; round += 1) {
    for (const name of others) expect(same(volume, name), name).toBe(true);
    expect(failureOf(() => contentAt(volume, damaged))).toEqual(['EIO', `image: ${message}`]);
  }
  for (const name of others) expect(same(volume, name), name).toBe(true);
}

it('stores the files as these tests mean them', () => {
  const nodes = Array.from({ length: 8 }, (_, node) => patch.entry('node_type', node));
  expect(nodes).toEqual([0, 0, 1, 1, 1, 1, 2, 2]);
  const volume = volumeOf(good);
  for (const [name, first] of Object.entries(NODES)) {
    expect(volume.resolve(fromText(name)).arrayIndex).toBe(first);
    expect(same(volume, name as Name)).toBe(true);
  }
});

describe('a damaged node', () => {
  it.each([3, 7, 255])('of type %i', (type) => {
    patch.setEntry('node_type', NODES.b_packed + 1, type);
    expectDamage('b_packed', `node 3: node type is ${String(type)}, expected 0, 1 or 2`);
  });

  it.each([2, 2 ** 32 - 1])('of XIP page %i', (page) => {
    patch.setEntry('node_index', NODES.a_xip + 1, page);
    expectDamage(
      'a_xip',
      `node 1: XIP page ${String(page)} lies outside the xip region of 2 pages`,
    );
  });

  it('of a byte-aligned offset behind the region', () => {
    const size = patch.region('byte_aligned').length;
    patch.setEntry('banode_offset', patch.entry('node_index', NODES.d_noise), size - 4095);
    expectDamage(
      'd_noise',
      `node 6: 4096 bytes at offset ${String(size - 4095)} lie outside the byte_aligned region of ${String(size)} bytes`,
    );
  });

  it('of a byte-aligned offset that just fits is none', () => {
    const { length } = patch.region('byte_aligned');
    patch.setEntry('banode_offset', patch.entry('node_index', NODES.d_noise), length - 4096);
    expect(contentAt(volumeOf(patch.bytes), 'd_noise')).toHaveLength(5000);
  });

  it('of a cblock stored outside the region', () => {
    const size = patch.region('compressed').length;
    // The end of the last cblock is the sentinel behind it.
    patch.setEntry('cblock_offset', 4, size + 1);
    const start = patch.entry('cblock_offset', 3);
    expectDamage(
      'c_other',
      `node 5: cblock 3 is stored at ${String(start)} to ${String(size + 1)}, outside the compressed region of ${String(size)} bytes`,
    );
  });

  it('of a cblock that ends before it starts', () => {
    const [end, size] = [patch.entry('cblock_offset', 1), patch.region('compressed').length];
    patch.setEntry('cblock_offset', 0, end + 1);
    expectDamage(
      'b_packed',
      `node 2: cblock 0 is stored at ${String(end + 1)} to ${String(end)}, outside the compressed region of ${String(size)} bytes`,
    );
  });

  it('of a cblock longer than the driver’s buffer', () => {
    const size = patch.region('compressed').length;
    patch.replace(
      'compressed',
      Uint8Array.of(...patch.region('compressed'), ...new Uint8Array(9000)),
    );
    const start = patch.entry('cblock_offset', 3);
    patch.setEntry('cblock_offset', 4, start + 4097);
    expectDamage('c_other', 'node 5: cblock 3 is stored in 4097 bytes, more than cblock_size 4096');
    patch.setEntry('cblock_offset', 4, start + 4096);
    expectDamage(
      'c_other',
      `node 5: cblock 3 does not expand: damaged zlib stream: ${String(4096 - (size - start))} bytes follow the end of the stream`,
    );
  });

  it('whose Adler-32 does not fit', () => {
    const last = patch.entry('cblock_offset', 1) - 1;
    patch.poke('compressed', last, patch.region('compressed')[last]! ^ 1);
    expectDamage(
      'b_packed',
      'node 2: cblock 0 does not expand: damaged zlib stream: incorrect data check',
    );
  });

  it('whose stream is no zlib stream', () => {
    patch.poke('compressed', patch.entry('cblock_offset', 1), 0);
    expectDamage(
      'b_packed',
      'node 3: cblock 1 does not expand: damaged zlib stream: incorrect header check',
    );
  });

  it('whose stream is cut short', () => {
    const stored = patch.entry('cblock_offset', 4) - patch.entry('cblock_offset', 3);
    patch.setEntry('cblock_offset', 4, patch.entry('cblock_offset', 4) - 1);
    expectDamage(
      'c_other',
      `node 5: cblock 3 does not expand: damaged zlib stream: it is cut short after ${String(stored - 1)} bytes`,
    );
  });

  it('that takes more than its cblock has', () => {
    patch.setEntry('cnode_offset', 3, 1);
    expectDamage('c_other', 'node 5: 700 bytes at offset 1 lie outside cblock 3 of 700 bytes');
  });

  it.each([
    ['node_index', 3, 'cnode_index has 5 entries, but entry 4294967295 is asked for'],
    ['cnode_index', 1, 'cblock_offset has 5 entries, but entry 4294967295 is asked for'],
  ] as const)('whose %s is outside the tables', (table, index, what) => {
    patch.setEntry(table, index, 2 ** 32 - 1);
    const volume = volumeOf(patch.bytes);
    expect(failureOf(() => contentAt(volume, 'b_packed'))).toEqual(['EIO', `image: table ${what}`]);
    for (const name of ['a_xip', 'c_other', 'd_noise'] as const)
      expect(same(volume, name), name).toBe(true);
  });
});

describe('each look-up is a read of the window', () => {
  // Table entries looked up for a node, and the bytes it is made of.
  const depth = (...tables: readonly Region[]): number =>
    tables.reduce((sum, table) => sum + patch.of(table, 'depth'), 0);
  const NODE = ['node_type', 'node_index'] as const;
  const CNODE = [...NODE, 'cnode_index', 'cnode_offset'] as const;
  const BLOCK = ['cblock_offset', 'cblock_offset'] as const;

  it.each([
    ['of an XIP page', 0, [], 3, () => 4096 + depth(...NODE)],
    [
      'of a page whose cblock is expanded for it',
      2,
      [],
      7,
      () => patch.entry('cblock_offset', 1) + depth(...CNODE, ...BLOCK),
    ],
    ['of a page whose cblock is expanded', 2, [2], 4, () => depth(...CNODE)],
    ['of a byte-aligned page', 6, [], 4, () => 4096 + depth(...NODE, 'banode_offset')],
  ] as const)('%s: node %i after %j', (_what, node, before, reads, bytes) => {
    const volume = volumeOf(patch.bytes);
    const { device } = volume.image.source;
    const into = new Uint8Array(4096);
    for (const earlier of before) volume.nodes.readPage(earlier, 4096, into);
    const start = device.counters;
    volume.nodes.readPage(node, 4096, into);
    const end = device.counters;
    expect({
      reads: end.mappedReads - start.mappedReads,
      bytes: end.mappedBytes - start.mappedBytes,
      operations: end.readOperations - start.readOperations,
    }).toEqual({ reads, bytes: bytes(), operations: 0 });
  });

  it('and counts nothing where the table is in RAM', () => {
    for (const table of [...CNODE, 'cblock_offset', 'banode_offset'] as const)
      patch.describe(table, 'incore', 1);
    const volume = volumeOf(patch.bytes);
    const { device } = volume.image.source;
    const start = device.counters.mappedBytes;
    volume.nodes.readPage(6, 904, new Uint8Array(4096));
    expect(device.counters.mappedBytes - start).toBe(904);
  });
});

describe('the expanded cblock', () => {
  const read = (volume: AxfsVolume, node: number, length = 4096): Uint8Array => {
    const into = new Uint8Array(4096);
    volume.nodes.readPage(node, length, into);
    return into;
  };

  it('is kept, and says so', () => {
    const volume = volumeOf(good);
    const into = new Uint8Array(4096);
    const hits = [2, 2, 3, 2, 2].map((node) => volume.nodes.readPage(node, 4096, into).cblockHit);
    expect(hits).toEqual([false, true, false, false, true]);
  });

  it('is forgotten when expanding another one fails half-way', () => {
    // Damage late in cblock 1, so that its start overwrites the buffer with bytes that look right.
    const last = patch.entry('cblock_offset', 2) - 1;
    patch.poke('compressed', last, patch.region('compressed')[last]! ^ 0x40);
    const volume = volumeOf(patch.bytes);
    const first = FILES.b_packed.subarray(0, 4096);
    expect(Buffer.compare(read(volume, 2), first)).toBe(0);
    expect(failureOf(() => read(volume, 3))).toEqual([
      'EIO',
      'image: node 3: cblock 1 does not expand: damaged zlib stream: incorrect data check',
    ]);
    // Neither the old cblock nor the damaged one may be served from the buffer now.
    expect(volume.nodes.readPage(2, 4096, new Uint8Array(4096)).cblockHit).toBe(false);
    expect(failureOf(() => read(volume, 3))).not.toBe('no failure');
    expect(failureOf(() => read(volume, 3))).not.toBe('no failure');
    expect(Buffer.compare(read(volume, 2), first)).toBe(0);
  });

  it('never shows through behind the bytes asked for', () => {
    const volume = volumeOf(good);
    read(volume, 2);
    const into = new Uint8Array(4096).fill(0xee);
    volume.nodes.readPage(5, 700, into);
    expect(Buffer.compare(into.subarray(0, 700), FILES.c_other.subarray(4096))).toBe(0);
    expect(into.subarray(700).every((byte) => byte === 0)).toBe(true);
  });

  it('may hold pages of several files, at any offset', () => {
    // One cblock of 3 pages and a bit, as the format allows and the builder does not make.
    const block = Uint8Array.of(...noiseBytes(100, 4), ...FILES.b_packed, ...FILES.c_other);
    const stored = deflateSync(block);
    patch
      .set('cblock_size', block.length)
      .replace('compressed', stored)
      .replaceTable('cblock_offset', [0, stored.length], 2)
      .replaceTable('cnode_index', [0, 0, 0, 0, 1], 1)
      .replaceTable('cnode_offset', [100, 4196, 8292, 12388, 0], 3);
    const volume = volumeOf(patch.bytes);
    for (const name of Object.keys(FILES) as Name[]) expect(same(volume, name), name).toBe(true);
    const into = new Uint8Array(4096);
    const again = volumeOf(patch.bytes);
    const hits = [5, 2, 4, 0, 3].map((node) => again.nodes.readPage(node, 700, into).cblockHit);
    expect(hits).toEqual([false, true, true, false, true]);
    expect(again.nodes.bufferBytes).toBe(2 * block.length);
  });
});
