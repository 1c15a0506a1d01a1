import { describe, expect, it } from 'vitest';
import { codecOf } from '../../../src/codec/codecs.ts';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { PLAIN_FEATURES } from '../../../src/mkfs/features.ts';
import type { Features } from '../../../src/mkfs/features.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';
import { golden, run, sampleImage } from './axfs-host.ts';
import { compatPatch } from './compat-image.ts';

describe('axfs info', () => {
  it('prints superblock, counts and regions', async () => {
    const { code, out, err } = await run(['info', 'rootfs.axfs']);
    expect([code, err]).toEqual([0, '']);
    await expect(out).toMatchFileSnapshot(golden('info.txt'));
  });

  it('names the codec of the image', async () => {
    const features: Features = { ...PLAIN_FEATURES, codec: 'lz4' };
    const compressor = createInlineCompressor(codecOf('lz4').makeDeflater({}));
    const image = await buildImage(treeFrom({ f: 'text '.repeat(2000) }), { features, compressor });
    const host = new FakeHost({ '/lz4.axfs': image.toBytes() });
    const { out } = await run(['info', '--json', '/lz4.axfs'], host);
    expect(JSON.parse(out)).toMatchObject({ compression: 'lz4' });
  });

  it('prints exact numbers as JSON', async () => {
    const { code, out, err } = await run(['info', '--json', 'rootfs.axfs']);
    expect([code, err]).toEqual([0, '']);
    const info = JSON.parse(out) as { readonly regions: readonly { readonly name: string }[] };
    const image = Buffer.from(await sampleImage());
    expect(info).toMatchObject({
      image: 'rootfs.axfs',
      version: '2.2.0',
      size: Number(image.readBigUInt64BE(72)),
      mmapSize: Number(image.readBigUInt64BE(88)),
      cblockSize: 4096,
      pageSize: 4096,
      timestamp: 1_700_000_000,
      compression: 'zlib',
      digest: null,
      inodes: {
        ...{ total: 21, dir: 8, file: 6, symlink: 3 },
        ...{ char: 1, block: 1, fifo: 1, socket: 1 },
      },
      // motd, one, two, the links and the noise do not shrink.
      nodes: { total: 11, xip: 2, compressed: 1, byteAligned: 8 },
      // Files and link targets.
      fileBytes: 9000 + 6 + 5000 + 3 + 3 + 4 + 1 + 3,
    });
    expect(info.regions).toHaveLength(18);
    expect(info.regions.find(({ name }) => name === 'node_type')).toEqual({
      name: 'node_type',
      offset: 264 + 18 * 40,
      size: 14,
      storedSize: 14,
      entries: 14,
      depth: 1,
      incore: false,
    });
    expect(info.regions.find(({ name }) => name === 'xip')).toMatchObject({
      offset: 4096,
      size: 8192,
      entries: 0,
      depth: 0,
    });
  });

  it('shows a digest, a region in core and one stored compressed', async () => {
    const patch = await patchOf({ f: 'text' });
    patch.pokeImage(20, 0xab).pokeImage(39, 0x01).describe('modes', 'incore', 1);
    const { out } = await run(['info', 'i', '--json'], new FakeHost({ '/i': patch.bytes }));
    const info = JSON.parse(out) as {
      readonly digest: string;
      readonly regions: readonly { readonly name: string; readonly incore: boolean }[];
    };
    expect(info.digest).toBe(`ab${'00'.repeat(18)}01`);
    expect(info.regions.filter(({ incore }) => incore).map(({ name }) => name)).toEqual(['modes']);
  });

  it('counts a node as often as files have it, wherever their runs begin and end', async () => {
    // Nodes 0 to 4 of a, none of b, 5 and 6 of c; inodes 1, 2 and 3.
    const patch = await compatPatch({
      ...{ a: { content: textBytes(5 * 4096) }, b: '', c: { content: noiseBytes(2 * 4096) } },
      ...{ d: 'x', e: 'y' },
    });
    for (const [inode, first, count] of [
      [4, 3, 3],
      [5, 6, 1],
    ] as const)
      patch
        .setEntry('inode_array_index', inode, first)
        .setEntry('inode_num_entries', inode, count)
        .setEntry('inode_file_size', inode, count * 4096);
    const { out } = await run(['info', '--json', 'i'], new FakeHost({ '/i': patch.bytes }));
    expect(JSON.parse(out)).toMatchObject({
      nodes: { total: 5 + 2 + 3 + 1, compressed: 5 + 2, byteAligned: 2 + 1 + 1 },
    });
  });

  it('of an empty tree says so without dividing by it', async () => {
    const { bytes } = await patchOf({});
    const { code, out } = await run(['info', 'i'], new FakeHost({ '/i': bytes }));
    expect(code).toBe(0);
    expect(out).toContain('\ninodes    1: 1 dir\npages     0\ncontents  0 B (0 bytes)\n');
  });
});
