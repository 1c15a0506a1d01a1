import { describe, expect, it } from 'vitest';
import { readCpio } from '../../../src/archive/cpio-read.ts';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { readTar } from '../../../src/archive/tar-read.ts';
import { collect } from '../../../src/cli/extract-archive.ts';
import { inputOf, plainEntry } from '../../support/archives.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';
import { run, usualHost } from './axfs-host.ts';

const IMAGE = 'rootfs.axfs';
const READERS = { tar: readTar, cpio: readCpio } as const;

/** Entries of the archive of the usual image. */
async function archived(
  format: keyof typeof READERS,
): Promise<{ err: string; entries: readonly ArchiveEntry[] }> {
  const { code, err, host } = await run(['extract', IMAGE, `--${format}`, '-']);
  expect(code).toBe(0);
  return { err, entries: READERS[format](inputOf(host.stdoutBytes)).entries };
}

describe('axfs extract --tar and --cpio', () => {
  it.each(['tar', 'cpio'] as const)(
    '%s holds names, owners and devices exactly',
    async (format) => {
      const { entries } = await archived(format);
      const plain = entries.map(plainEntry);
      const mtime = 1_700_000_000;
      for (const expected of [
        { path: '', type: 'dir', mode: 0o755, uid: 0, gid: 0, mtime },
        { path: 'bin/sh', type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime, linkTarget: 'prog' },
        {
          ...{ path: 'dev/big', type: 'block', mode: 0o660, uid: 0, gid: 6, mtime },
          rdev: { major: 259, minor: 70000 },
        },
        {
          path: 'odd/line\nbreak',
          type: 'file',
          mode: 0o644,
          uid: 0,
          gid: 0,
          mtime,
          content: 'one',
        },
        {
          ...{ path: 'odd/raw\xff', type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime },
          linkTarget: '\xfe',
        },
        { path: 'run/fifo', type: 'fifo', mode: 0o644, uid: 0, gid: 0, mtime },
        {
          ...{ path: 'bin/prog', type: 'file', mode: 0o4755, uid: 1000, gid: 50, mtime },
          content: Buffer.from(textBytes(9000)).toString('latin1'),
        },
      ])
        expect(plain).toContainEqual(expected);
    },
  );

  it('cpio has everything; tar names the sockets that it cannot hold', async () => {
    const [tar, cpio] = [await archived('tar'), await archived('cpio')];
    expect([tar.entries.length, cpio.entries.length]).toEqual([20, 21]);
    expect(cpio.err).toBe('');
    expect(tar.err).toBe(
      'axfs: warning: 1 socket left out: tar has no type for them: run/socket\n',
    );
    const strict = await run(['extract', IMAGE, '--strict', '--tar', 'out.tar']);
    expect(strict).toMatchObject({
      code: 8,
      err: 'axfs: rootfs.axfs: 1 socket left out: tar has no type for them: run/socket (--strict)\n',
    });
    expect(strict.host.contentOf('/out.tar')).toBeUndefined();
    expect((await run(['extract', IMAGE, '--strict', '--cpio', '-'])).code).toBe(0);
  });

  it.each(['tar', 'cpio'])('%s is the same every time, in a file and on a pipe', async (format) => {
    const [pipe, file] = await Promise.all([
      run(['extract', IMAGE, `--${format}`, '-']),
      run(['extract', IMAGE, `--${format}`, 'out.a']),
    ]);
    expect(file).toMatchObject({ code: 0, out: '' });
    expect(Buffer.compare(file.host.contentOf('/out.a')!, pipe.host.stdoutBytes)).toBe(0);
  });

  it('writes files of many pieces', async () => {
    const content = textBytes(3 * 1024 * 1024 + 5);
    const host = new FakeHost({ '/i': (await patchOf({ f: { content } })).bytes });
    expect((await run(['extract', 'i', '--tar', 'o'], host)).code).toBe(0);
    const [, file] = readTar(inputOf(host.contentOf('/o')!)).entries;
    expect(file).toMatchObject({ path: 'f', type: 'file', content: { size: content.length } });
    if (file?.type === 'file')
      expect(Buffer.compare(Buffer.concat([...file.content.read()]), content)).toBe(0);
  });

  it('says what a format cannot hold', async () => {
    const patch = await patchOf({ f: 'x' });
    // Seconds since 1970, offset 248 of the superblock: 2^32.
    const host = new FakeHost({ '/i': patch.pokeImage(251, 1).bytes });
    expect(await run(['extract', 'i', '--cpio', 'o'], host)).toMatchObject({
      code: 8,
      err: 'axfs: .: mtime is 4294967296, expected 0 to 4294967295 in this archive format\n',
    });
    expect(host.paths).toEqual(['/', '/i']);
    expect((await run(['extract', 'i', '--tar', 'o'], host)).code).toBe(0);
    expect(readTar(inputOf(host.contentOf('/o')!)).entries[1]?.mtime).toBe(2 ** 32);
  });
});

describe('axfs extract is used wrongly', () => {
  const ONE = 'expected one: a directory, --tar FILE or --cpio FILE';
  it.each([
    [[], `extract has 0 targets, ${ONE}`],
    [['out', '--tar', 'x'], `extract has 2 targets, ${ONE}`],
    [['out', '--tar', 'x', '--cpio', '-'], `extract has 3 targets, ${ONE}`],
    [['--tar', IMAGE], 'archive rootfs.axfs is the image itself, expected another file'],
    [['--cpio', 'link'], 'archive link is the image itself, expected another file'],
    [['--tar'], "option '--tar <file>' argument missing"],
  ] as const)('%j', async (argv, message) => {
    const host = (await usualHost()).symlink('/link', IMAGE);
    const before = host.paths;
    expect(await run(['extract', IMAGE, ...argv], host)).toMatchObject({
      code: 16,
      out: '',
      err: expect.stringContaining(`axfs: ${message}\n`) as string,
    });
    expect(host.paths).toEqual(before);
  });

  it('when it would fill a terminal with an archive', async () => {
    const host = await usualHost();
    host.outIsTty = true;
    expect(await run(['extract', IMAGE, '--tar', '-'], host)).toMatchObject({
      code: 16,
      out: '',
      err: 'axfs: option --tar - writes an archive to the terminal, expected standard output to go elsewhere\n',
    });
  });
});

describe('collect', () => {
  it('gives on large pieces in order', () => {
    const out: number[][] = [];
    const { sink, flush } = collect((bytes) => out.push([bytes.length, bytes[0] ?? -1]));
    for (const [length, value] of [
      [10, 1],
      [200_000, 2],
      [100_000, 3],
      [400_000, 4],
      [5, 5],
    ] as const)
      sink(new Uint8Array(length).fill(value));
    flush();
    flush();
    expect(out).toEqual([
      [200_010, 1],
      [100_000, 3],
      [400_000, 4],
      [5, 5],
    ]);
  });
});
