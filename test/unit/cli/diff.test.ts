import { describe, expect, it } from 'vitest';
import type { ImageDifference } from '../../../src/cli/diff.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { pages } from '../fs/patch.ts';
import type { Patch } from '../fs/patch.ts';
import { golden, run } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';
import { compatPatch } from './compat-image.ts';
import { watchReads } from './watched-reads.ts';

const OLD: Readonly<Record<string, EntrySpec>> = {
  'bin/prog': { content: textBytes(9000), mode: 0o755 },
  'bin/sh': { type: 'symlink', target: 'prog' },
  'dev/null': { type: 'char', rdev: { major: 1, minor: 3 } },
  'etc/gone': 'gone',
  'etc/kind': 'a file',
  'etc/motd': 'hello\n',
  'etc/noise': noiseBytes(5000),
  'etc/same': 'same',
};
const NEW: Readonly<Record<string, EntrySpec>> = {
  'bin/prog': { content: textBytes(9000), mode: 0o4755, uid: 7 },
  'bin/sh': { type: 'symlink', target: 'frog' },
  'dev/null': { type: 'char', rdev: { major: 1, minor: 5 } },
  'etc/kind': { type: 'fifo' },
  'etc/motd': 'hello, world\n',
  'etc/noise': noiseBytes(5000),
  'etc/same': 'same',
  'odd\nname': 'new',
};

const diff = async (a: Patch, b: Patch, ...options: readonly string[]): Promise<Outcome> =>
  run(['diff', 'a', 'b', ...options], new FakeHost({ '/a': a.bytes, '/b': b.bytes }));

async function differences(a: Patch, b: Patch): Promise<ImageDifference> {
  const { code, out, err } = await diff(a, b, '--json');
  const difference = JSON.parse(out) as ImageDifference;
  expect({ code, err }).toEqual({ code: difference.equal ? 0 : 1, err: '' });
  return difference;
}

describe('axfs diff', () => {
  it('of an image and itself is nothing, and exit code 0', async () => {
    const image = await compatPatch(OLD);
    expect(await diff(image, image)).toMatchObject({
      code: 0,
      out: 'a and b do not differ\n',
      err: '',
    });
    expect(await differences(image, image)).toMatchObject({
      equal: true,
      files: { added: [], removed: [], changed: [] },
      placement: { files: [], totals: [] },
      superblock: [],
    });
  });

  it('does not read what stands behind the end of an image', async () => {
    const image = (await compatPatch(OLD)).bytes;
    const garbage = new Uint8Array(Buffer.concat([image, noiseBytes(2 ** 20)]));
    const host = new FakeHost({ '/a': garbage });
    const reads = watchReads(host);
    expect(await run(['diff', 'a', 'a'], host)).toMatchObject({ code: 0, err: '' });
    expect(reads.end).toBeLessThanOrEqual(image.length);
    expect(reads.bytes).toBeLessThan(6 * image.length);
  });

  it('finds files that came, went and changed, by field', async () => {
    const { files, equal } = await differences(await compatPatch(OLD), await compatPatch(NEW));
    expect(equal).toBe(false);
    expect(files).toEqual({
      added: ['odd\\x0aname'],
      removed: ['etc/gone'],
      changed: [
        {
          path: 'bin/prog',
          metadata: [
            { field: 'mode', a: '0755', b: '04755' },
            { field: 'uid', a: '0', b: '7' },
          ],
          content: false,
        },
        { path: 'bin/sh', metadata: [], content: true },
        { path: 'dev/null', metadata: [{ field: 'device', a: '1:3', b: '1:5' }], content: false },
        {
          path: 'etc/kind',
          metadata: [
            { field: 'type', a: 'file', b: 'fifo' },
            { field: 'size', a: '6', b: '0' },
          ],
          content: false,
        },
        { path: 'etc/motd', metadata: [{ field: 'size', a: '6', b: '13' }], content: true },
      ],
    });
  });

  it('finds content of the same size that differs far inside', async () => {
    const [a, b] = [textBytes(600_000), textBytes(600_000)];
    b[599_999] = 0;
    const { files } = await differences(
      await compatPatch({ f: { content: a } }),
      await compatPatch({ f: { content: b } }),
    );
    expect(files.changed).toEqual([{ path: 'f', metadata: [], content: true }]);
  });

  it('counts pages that are stored in another way', async () => {
    const spec = { 'bin/prog': textBytes(9000), noise: noiseBytes(8192), same: textBytes(5000) };
    const { files, placement } = await differences(
      await compatPatch(spec, pages({ 'bin/prog': [2], noise: [0] })),
      await compatPatch(spec, pages({ 'bin/prog': [0, 1], noise: [1] })),
    );
    expect(files.changed).toEqual([]);
    expect(placement).toEqual({
      files: [
        {
          path: 'noise',
          moves: [
            { from: 'xip', to: 'byteAligned', pages: 1 },
            { from: 'byteAligned', to: 'xip', pages: 1 },
          ],
        },
        {
          path: 'bin/prog',
          moves: [
            { from: 'compressed', to: 'xip', pages: 2 },
            { from: 'byteAligned', to: 'compressed', pages: 1 },
          ],
        },
      ].sort((x, y) => (x.path < y.path ? -1 : 1)),
      totals: [
        { from: 'xip', to: 'byteAligned', pages: 1 },
        { from: 'compressed', to: 'xip', pages: 2 },
        { from: 'byteAligned', to: 'xip', pages: 1 },
        { from: 'byteAligned', to: 'compressed', pages: 1 },
      ],
    });
  });

  it('compares superblocks, and regions byte by byte', async () => {
    const [a, b] = [await compatPatch(OLD), await compatPatch(OLD)];
    // The lowest byte of the timestamp, the first of the digest, and the tail of the strings.
    b.pokeImage(255, 9).pokeImage(20, 0xab);
    b.replace('strings', Uint8Array.of(...b.region('strings'), 0));
    const { superblock, regions, files } = await differences(a, b);
    expect(files.changed).toEqual([]);
    expect(superblock.map(({ field }) => field)).toEqual([
      'size',
      'mmapSize',
      'timestamp',
      'digest',
    ]);
    expect(superblock).toContainEqual({ field: 'timestamp', a: '0', b: '9' });
    expect(regions).toHaveLength(18);
    const size = a.of('strings', 'size');
    expect(regions.filter(({ differs }) => differs)).toEqual([
      { region: 'strings', a: size, b: size + 1, differs: true },
    ]);
    const same = await differences(a, (await compatPatch(OLD)).setEntry('uids', 0, 0));
    expect(same.equal).toBe(true);
  });

  it('prints all of that', async () => {
    const spec = { ...OLD, noise: noiseBytes(8192) };
    const texts = [
      await diff(await compatPatch(OLD), await compatPatch(NEW)),
      await diff(
        await compatPatch(spec, pages({ noise: [0] })),
        await compatPatch(spec, pages({ 'bin/prog': [0, 1], noise: [0] })),
      ),
    ].map(({ code, out, err }) => {
      expect({ code, err }).toEqual({ code: 1, err: '' });
      return `$ axfs diff a b\n${out}`;
    });
    await expect(texts.join('\n')).toMatchFileSnapshot(golden('diff.txt'));
  });

  it('goes on behind damage, and ends with 8', async () => {
    const good = await compatPatch(OLD);
    const bad = (await compatPatch(OLD)).poke('compressed', 0, 0);
    const { code, out, err } = await diff(good, bad);
    expect(code).toBe(8);
    expect(err).toBe(
      'axfs: bin/prog: b: node 0: cblock 0 does not expand: damaged zlib stream: incorrect header check\n' +
        'axfs: a and b: 1 entry damaged, see above; all others are compared\n',
    );
    expect(out).toMatch(/^a {2}a\nb {2}b\n\nregions that differ\n(.*\n){2} {2}compressed .*\n$/);
    expect(await diff(bad, bad)).toMatchObject({
      ...{ code: 8, out: 'a and b do not differ where they can be read\n' },
    });
  });

  it('ends with 8 and one line when an image cannot be read', async () => {
    const good = await compatPatch(OLD);
    expect(await run(['diff', 'a', 'nowhere'], new FakeHost({ '/a': good.bytes }))).toMatchObject({
      code: 8,
      out: '',
      err: 'axfs: cannot stat nowhere: ENOENT\n',
    });
    expect(await run(['diff', 'a'], new FakeHost({ '/a': good.bytes }))).toMatchObject({
      code: 16,
      err: "axfs: missing required argument 'b'\n",
    });
  });

  it('documents its exit codes', async () => {
    const { code, out } = await run(['diff', '--help']);
    expect(code).toBe(0);
    expect(out).toContain(
      'Exit code: 0 when nothing differs, 1 when something does, 8 when an image cannot be read.',
    );
  });
});
