import { describe, expect, it } from 'vitest';
import { buildImage } from '../../../src/mkfs/build.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { fromText } from '../../../src/base/bytestring.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes, sha256, textBytes } from '../../support/sample-data.ts';

const hex = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replaceAll(/\s+/g, ''), 'hex'));

describe('the worked example of the format description, section 4', () => {
  const single = treeFrom({ only: 'only file' });

  it('is built byte for byte', async () => {
    const { report, size, toBytes } = await buildImage(single, { compat: true });
    const bytes = toBytes();
    expect(bytes.subarray(0x3d8, 0x440)).toEqual(
      hex(`
        02020100
        00000000 00000001 00000000 00000000
        00000000
        00000000
        00000000 0000000a
        00000000
        00000005 00000009
        00000000 00000003
        00000001 00000001
        00000000 00000001
        00000001 00000000
        000041ed 000081a4
        00000000 00000000
        00000000 00000000`),
    );
    expect(bytes.subarray(0x440, 0x1000).every((byte) => byte === 0)).toBe(true);
    expect(bytes.subarray(0x1000, 0x1016)).toEqual(
      Uint8Array.of(
        ...new TextEncoder().encode('only file\0'),
        ...new TextEncoder().encode('./\0only\0'),
        ...[0x48, 0xa0, 0xe4, 0xcd],
      ),
    );
    expect(bytes.subarray(0x1016).every((byte) => byte === 0)).toBe(true);
    expect(size).toBe(0x2000);
    expect(report.size).toBe(0x1016);
  });

  it('is, head included, the image that the original builder made', async () => {
    const image = await buildImage(single, { compat: true });
    expect(await sha256(image.toBytes())).toBe(
      '42a075f04a67779c57aae9d3522bc25190d02491cb4dcc31dbc9267b13d25c55',
    );
  });

  it('is the same without compat, and differs by the timestamp alone with one', async () => {
    const plain = (await buildImage(single, { compat: true })).toBytes();
    expect((await buildImage(single)).toBytes()).toEqual(plain);
    const dated = (await buildImage(single, { timestamp: 0x0102030405 })).toBytes();
    expect([...dated.subarray(248, 256)]).toEqual([0, 0, 0, 1, 2, 3, 4, 5]);
    dated.fill(0, 248, 256);
    expect(dated).toEqual(plain);
  });
});

const SPEC: Record<string, EntrySpec> = {
  'bin/prog': { content: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(9000)), mode: 0o755 },
  'bin/script': { content: '#!/bin/sh\n', mode: 0o755 },
  'etc/noise': noiseBytes(6000),
  'etc/empty': '',
  'a\udcff': { type: 'symlink', target: 'bin/\udcfe' },
  'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666, gid: 5 },
  'dev/big': { type: 'block', rdev: { major: 259, minor: 70000 } },
  'run/p': { type: 'fifo' },
  'run/s': { type: 'socket' },
  void: { type: 'dir', mode: 0o1777, uid: 2 ** 32 - 1 },
};

const listed = profileOf([
  { path: fromText('bin/prog'), offset: 4096, count: 1 },
  { path: fromText('bin/prog'), offset: 8192, count: 1 },
]);

describe.each([
  ['none', { kind: 'none' }, { xip: 0, compressed: 3, byteAligned: 4 }, 0],
  ['profile', { kind: 'profile', profile: listed }, { xip: 2, compressed: 1, byteAligned: 4 }, 1],
  ['files', { kind: 'files', profile: listed }, { xip: 3, compressed: 0, byteAligned: 4 }, 1],
  ['elf', { kind: 'elf' }, { xip: 3, compressed: 0, byteAligned: 4 }, 1],
  ['all', { kind: 'all' }, { xip: 6, compressed: 0, byteAligned: 1 }, 0],
] as const)('policy %s', (_name, xip, nodes, tailsThatCompatMoves) => {
  const tree = treeFrom(SPEC);

  it.each([false, true])('keeps the whole tree (compat: %s)', async (compat) => {
    const image = await buildImage(tree, { xip, compat });
    const copy = new ReferenceReader(image.toBytes()).tree();
    expect(comparableTree(copy)).toEqual(comparableTree(tree));
  });

  it('stores the pages it should where it should', async () => {
    const { report } = await buildImage(tree, { xip });
    expect(report.nodes).toEqual(nodes);
    expect(report.xipPages).toBe(nodes.xip);
    expect(report.regions.xip).toBe(nodes.xip * 4096);
    const original = await buildImage(tree, { xip, compat: true });
    expect(original.report.nodes.xip).toBe(nodes.xip - tailsThatCompatMoves);
    expect(original.report.nodes.byteAligned).toBe(nodes.byteAligned + tailsThatCompatMoves);
  });
});

describe('the report', () => {
  it('names a few of many devices, in one line', async () => {
    const devices = Array.from({ length: 300 }, (_, i) => [
      `dev/${String(i).padStart(3, '0')}`,
      { type: 'char', rdev: { major: 5, minor: i } } as const,
    ]);
    const { report } = await buildImage(treeFrom(Object.fromEntries(devices) as typeof SPEC));
    expect(report.kernelProblems).toEqual([
      'the kernel driver misreads device numbers above 255, 44 here: dev/256 (5:256), dev/257 (5:257), dev/258 (5:258) and 41 more',
    ]);
  });

  it('counts', async () => {
    const { report, size, chunks } = await buildImage(treeFrom(SPEC));
    expect(report).toMatchObject({
      files: 15,
      inodes: { dir: 6, file: 4, symlink: 1, char: 1, block: 1, fifo: 1, socket: 1 },
      fileBytes: 9004 + 10 + 6000,
      mountableByKernel: true,
      warnings: [
        'the kernel driver misreads device numbers above 255, 1 here: dev/big (259:70000)',
      ],
    });
    expect(report).not.toHaveProperty('profile');
    expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(size);
    expect(size % 4096).toBe(0);
  });

  it('lists profile lines that select nothing', async () => {
    const profile = profileOf([
      { path: fromText('bin/prog'), offset: 0, count: 1 },
      { path: fromText('a\udcff'), offset: 0, count: 1 },
      { path: fromText('bin'), offset: 0, count: 1 },
      { path: fromText('bin/prog'), offset: 12288, count: 1 },
    ]);
    const { report } = await buildImage(treeFrom(SPEC), { xip: { kind: 'profile', profile } });
    expect(report.profile).toMatchObject({ lines: 4, matched: 1 });
    expect(report.profile?.unmatched.map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  it('says that no kernel mounts an empty tree', async () => {
    const { report, size } = await buildImage(treeFrom({}));
    expect(report.mountableByKernel).toBe(false);
    expect(report.warnings).toEqual([
      'the tree is empty: the kernel driver refuses a root without entries',
    ]);
    expect(size).toBe(8192);
  });
});

it('asserts against a timestamp that is none', async () => {
  await expect(buildImage(treeFrom({ a: '' }), { timestamp: -1 })).rejects.toThrow(
    'a timestamp is whole seconds from 0: -1',
  );
});
