import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { pages } from '../fs/patch.ts';
import type { Patch } from '../fs/patch.ts';
import { golden, run } from './axfs-host.ts';
import { compatPatch } from './compat-image.ts';

interface Dump {
  readonly image: string;
  readonly superblock?: readonly {
    readonly field: string;
    readonly offset: number;
    readonly bytes: number;
    readonly value: number | string;
  }[];
  readonly descriptors?: readonly Readonly<Record<string, unknown>>[];
  readonly tables: readonly {
    readonly table: string;
    readonly depth: number;
    readonly length: number;
    readonly maxIndex: number;
    readonly imageOffset: number | null;
    readonly entries: readonly number[];
  }[];
}

const small = (): Promise<Patch> =>
  compatPatch(
    { 'bin/prog': { content: textBytes(9000), mode: 0o755, uid: 7 }, 'etc/motd': 'hello\n' },
    pages({ 'bin/prog': [0] }),
  );

async function dumped(patch: Patch, ...options: readonly string[]): Promise<string> {
  const { code, out, err } = await run(
    ['dump', 'i', ...options],
    new FakeHost({ '/i': patch.bytes }),
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}
const dumpedJson = async (patch: Patch, ...options: readonly string[]): Promise<Dump> =>
  JSON.parse(await dumped(patch, '--json', ...options)) as Dump;

describe('axfs dump', () => {
  it('prints superblock, descriptors and tables', async () => {
    await expect(await dumped(await small())).toMatchFileSnapshot(golden('dump.txt'));
  });

  it('prints every field with the place that it has in the image', async () => {
    const patch = await small();
    const image = Buffer.from(patch.bytes);
    const { superblock = [], descriptors = [], tables } = await dumpedJson(patch);
    expect(superblock).toHaveLength(32);
    expect(superblock.slice(0, 2)).toEqual([
      { field: 'magic', offset: 0, bytes: 4, value: '0x48a0e4cd' },
      { field: 'signature', offset: 4, bytes: 16, value: 'Advanced XIP FS' },
    ]);
    for (const { field, offset, bytes, value } of superblock.slice(2))
      expect([field, image.subarray(offset, offset + bytes).toString('hex')]).toEqual([
        field,
        typeof value === 'string' ? value : value.toString(16).padStart(2 * bytes, '0'),
      ]);
    expect(descriptors).toHaveLength(18);
    expect(descriptors[1]).toEqual({
      region: 'xip',
      offset: patch.descriptorAt('xip'),
      fsoffset: patch.of('xip', 'fsoffset'),
      size: 4096,
      compressedSize: 0,
      maxIndex: patch.of('xip', 'max_index'),
      tableByteDepth: patch.of('xip', 'depth'),
      incore: 0,
    });
    expect(tables).toHaveLength(14);
    for (const { table, entries, length, imageOffset } of tables) {
      const name = table as Parameters<Patch['entry']>[0];
      expect(entries).toEqual(entries.map((_, i) => patch.entry(name, i)));
      expect([entries.length, imageOffset]).toEqual([length, patch.of(name, 'fsoffset')]);
    }
  });

  it('--table prints one table alone', async () => {
    const patch = await small();
    const at = patch.of('uids', 'fsoffset');
    expect(await dumped(patch, '--table', 'uids')).toBe(
      `uids: 3 entries, 4 bytes each, at ${String(at)}\n  0  00000000  0\n  1  00000007  7\n  2  00000000  0\n`,
    );
    expect(await dumpedJson(patch, '--table', 'uids')).toEqual({
      image: 'i',
      tables: [
        { table: 'uids', depth: 4, length: 3, maxIndex: 3, imageOffset: at, entries: [0, 7, 0] },
      ],
    });
  });

  it('--table names the tables there are when it is none of them', async () => {
    const { code, out, err } = await run(['dump', 'rootfs.axfs', '--table', 'xip']);
    expect({ code, out }).toEqual({ code: 16, out: '' });
    expect(err).toMatch(
      /^axfs: option '--table <name>' argument 'xip' is invalid\. Allowed choices are node_type, .*, gids\.\n$/,
    );
  });

  it('prints a wrong max_index, entries beyond 2^53, and a table without entries', async () => {
    const patch = await small();
    patch.describe('uids', 'max_index', 77);
    expect(await dumped(patch, '--table', 'uids')).toMatch(/^uids: 3 entries, max_index 77, /);
    patch.replaceTable('gids', [0, 5, 0], 8).poke('gids', 16, 0xff);
    expect(await dumped(patch, '--table', 'gids')).toContain(
      '  1  0000000000000005  5\n  2  ff00000000000000  18374686479671623680\n',
    );
    const empty = await compatPatch({});
    expect(await dumped(empty, '--table', 'banode_offset')).toMatch(/^banode_offset: \d entr/);
  });

  it('says where a table is that is stored compressed', async () => {
    const patch = await small();
    const { deflateSync } = await import('node:zlib');
    const plain = patch.region('modes');
    const stored = deflateSync(plain);
    patch.replace('modes', stored);
    patch
      .describe('modes', 'size', plain.length)
      .describe('modes', 'compressed_size', stored.length);
    expect(await dumped(patch, '--table', 'modes')).toMatch(
      /^modes: \d entries, 4 bytes each, in a compressed region\n {2}0 {2}000041ed {2}16877\n/,
    );
    expect((await dumpedJson(patch, '--table', 'modes')).tables[0]?.imageOffset).toBeNull();
  });

  it('streams tables of many entries', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`f${String(i).padStart(4, '0')}`, ''] as const),
    );
    const patch = await compatPatch(files);
    const text = await dumped(patch, '--table', 'inode_name_offset');
    expect(text.split('\n')).toHaveLength(3003);
    expect(text).toMatch(/\n {2}3000 {2}[0-9a-f]{8} {2}\d+\n$/);
    const { tables } = await dumpedJson(patch, '--table', 'inode_name_offset');
    expect(tables[0]?.entries).toHaveLength(3001);
  });
});
