import { describe, expect, it } from 'vitest';
import { listLines } from '../../../src/cli/list.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { failureOf, patchOf, volumeOf } from '../fs/patch.ts';
import { golden, run } from './axfs-host.ts';

const lines = async (...argv: readonly string[]): Promise<readonly string[]> => {
  const { code, out, err } = await run(['ls', ...argv]);
  expect([code, err]).toEqual([0, '']);
  expect(out === '' || out.endsWith('\n')).toBe(true);
  return out.split('\n').slice(0, -1);
};
const IMAGE = 'rootfs.axfs';

describe('axfs ls', () => {
  it('lists the root, names in byte order', async () => {
    const root = ['bin', 'dev', 'etc', 'lib', 'odd', 'run', 'slink', 'tmp'];
    expect(await lines(IMAGE)).toEqual(root);
    expect(await lines(IMAGE, '/')).toEqual(root);
    expect(await lines(IMAGE, 'etc/../..')).toEqual(root);
  });

  it('lists files first, then directories under headings, in the order given', async () => {
    expect(await lines(IMAGE, 'etc', 'bin/sh', 'bin', 'etc/motd')).toEqual([
      ...['bin/sh', 'etc/motd', '', 'etc:', 'empty', 'motd', '', 'bin:', 'prog', 'sh'],
    ]);
  });

  it('follows a link named on the command line, unless -l shows the link', async () => {
    expect(await lines(IMAGE, 'slink')).toEqual(['prog', 'sh']);
    expect(await lines(IMAGE, '-l', 'slink')).toEqual(['lrwxrwxrwx  0  0  3  slink -> bin']);
    expect(await lines(IMAGE, '-l', 'slink/')).toHaveLength(2);
  });

  it('prints nothing for an empty directory', async () => {
    expect(await lines(IMAGE, 'tmp')).toEqual([]);
    expect(await lines(IMAGE, 'tmp', 'etc/motd')).toEqual(['etc/motd', '', 'tmp:']);
  });

  it('prints names so that one line stays one line', async () => {
    expect(await lines(IMAGE, 'odd')).toEqual(['line\\x0abreak', 'n\u00e9', 'raw\\xff']);
  });

  it('-l shows mode, owner, size or device, and targets', async () => {
    expect(await lines(IMAGE, '-l', 'bin')).toEqual([
      '-rwsr-xr-x  1000  50  9000  prog',
      'lrwxrwxrwx     0   0     4  sh -> prog',
    ]);
    expect(await lines(IMAGE, '-l', 'dev')).toEqual([
      'brw-rw----  0  6  259, 70000  big',
      'crw-rw-rw-  0  0        1, 3  null',
    ]);
  });

  it('-l, -R and -lR of the whole image', async () => {
    const texts = await Promise.all(
      [['-l'], ['-R'], ['-lR']].map(async (options) => {
        const rows = await lines(...options, IMAGE);
        return `$ axfs ls ${options.join(' ')}\n${rows.join('\n')}\n`;
      }),
    );
    await expect(texts.join('\n')).toMatchFileSnapshot(golden('ls.txt'));
  });
});

describe('axfs ls of an image whose directories share an inode', () => {
  const crossed = async (): Promise<FakeHost> => {
    const patch = await patchOf({ 'a/f': '1', 'b/g': '2' });
    // Inodes: root, a, b, f, g.
    patch.setEntry('inode_array_index', 2, patch.entry('inode_array_index', 1));
    return new FakeHost({ '/crossed.axfs': patch.bytes });
  };
  const damage =
    'axfs: ./b/f: crossed.axfs: inode 3 is a child of both inode 1 and inode 2\n' +
    'axfs: crossed.axfs: 1 entry damaged, see above; all others are given\n';

  it.each([['-R'], ['-lR'], ['-R', '--json']])('%s %s gives the rest', async (...options) => {
    const { code, out, err } = await run(['ls', ...options, 'crossed.axfs'], await crossed());
    expect([code, err]).toEqual([8, damage]);
    if (options.length > 1)
      expect((JSON.parse(out) as readonly Entry[]).map(({ path }) => path)).toEqual([
        'a',
        'b',
        'a/f',
      ]);
    else expect(out.split('\n').filter((line) => line.endsWith('f'))).toHaveLength(1);
  });

  it('without -R lists each', async () => {
    for (const path of ['a', 'b'])
      expect(await run(['ls', 'crossed.axfs', path], await crossed())).toMatchObject({
        code: 0,
        out: 'f\n',
      });
  });

  it('gives lines as it goes', async () => {
    const patch = await patchOf({ 'a/f': '1', 'b/g': '2' });
    patch.setEntry('inode_array_index', 2, patch.entry('inode_array_index', 1));
    const lines = listLines(volumeOf(patch.bytes), ['.'], { long: false, recursive: true });
    const first = Array.from({ length: 8 }, () => lines.next().value as string);
    expect(first).toEqual(['.:', 'a', 'b', '', './a:', 'f', '', './b:']);
    expect(failureOf(() => lines.next())[0]).toBe('EIO');
  });
});

interface Entry {
  readonly path: string;
  readonly type: string;
}

describe('axfs ls of a damaged image', () => {
  it('shows a link whose target is damaged', async () => {
    const target = 't'.repeat(200);
    const patch = await patchOf({ a: 'x', l: { type: 'symlink', target }, z: 'y' });
    patch.poke('compressed', 0, 0);
    const host = (): FakeHost => new FakeHost({ '/i': patch.bytes });
    const long = await run(['ls', '-l', 'i'], host());
    expect(long.code).toBe(8);
    expect(long.out).toMatch(/ a\n.* l -> \?\n.* z\n$/);
    expect(long.err).toMatch(
      /^axfs: \.\/l: i: node \d+: cblock 0 does not expand: .*\naxfs: i: 1 entry /,
    );
    const json = await run(['ls', '--json', 'i'], host());
    expect(json.code).toBe(8);
    expect(JSON.parse(json.out)).toMatchObject([
      { path: 'a' },
      { path: 'l', error: expect.stringContaining('does not expand') as string },
      { path: 'z' },
    ]);
  });

  it('tells of the first entries, and counts the others', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `f${String(i).padStart(2, '0')}`);
    const patch = await patchOf(Object.fromEntries(names.map((name) => [name, ''])));
    for (let inode = 2; inode <= 50; inode += 1)
      patch.setEntry('inode_name_offset', inode, 2 ** 30);
    const { code, out, err } = await run(['ls', 'i'], new FakeHost({ '/i': patch.bytes }));
    expect([code, out]).toEqual([8, 'f00\n']);
    expect(err.split('\n').slice(20)).toEqual([
      'axfs: and 29 more entries',
      'axfs: i: 49 entries damaged, see above; all others are given',
      '',
    ]);
  });

  it('ends where paths are longer than the kernel takes', async () => {
    const deep = Array.from({ length: 20 }, () => 'n'.repeat(250)).join('/');
    const patch = await patchOf({ [`${deep}/x`]: 'unreachable', top: 'fine' });
    for (const command of [
      ['ls', '-R', 'i'],
      ['manifest', 'i'],
      ['diff', 'i', 'i'],
    ]) {
      const { code, err } = await run(command, new FakeHost({ '/i': patch.bytes }));
      expect(code).toBe(8);
      expect(err).toMatch(/inode 18: its path has 42\d\d bytes, expected at most 4095\n/);
    }
  });

  it('lines of more than 4096 files are as wide as they need, table by table', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `f${String(i).padStart(4, '0')}`);
    const patch = await patchOf(Object.fromEntries(names.map((name) => [name, ''])));
    const { out } = await run(['ls', '-l', 'i'], new FakeHost({ '/i': patch.bytes }));
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-1)),
    ).toEqual(names);
  });
});

describe('axfs ls --json', () => {
  const entries = async (...argv: readonly string[]): Promise<readonly Entry[]> =>
    JSON.parse((await lines('--json', IMAGE, ...argv)).join('\n')) as readonly Entry[];

  it('gives entries as the manifest has them, without contents', async () => {
    expect(await entries('bin')).toEqual([
      {
        path: 'bin/prog',
        type: 'file',
        mode: '0104755',
        uid: 1000,
        gid: 50,
        size: 9000,
      },
      {
        path: 'bin/sh',
        type: 'symlink',
        mode: '0120777',
        uid: 0,
        gid: 0,
        size: 4,
        linkTarget: 'prog',
      },
    ]);
    expect(await entries('dev/big')).toEqual([
      {
        path: 'dev/big',
        type: 'block',
        mode: '060660',
        uid: 0,
        gid: 6,
        rdev: [259, 70000],
        rdevRaw: 0x11110370,
      },
    ]);
  });

  it('gives everything below with -R, with whole paths', async () => {
    const paths = (await entries('-R')).map(({ path }) => path);
    // Directory by directory, as the text of -R has them.
    expect(paths).toEqual([
      ...['bin', 'dev', 'etc', 'lib', 'odd', 'run', 'slink', 'tmp'],
      ...['bin/prog', 'bin/sh', 'dev/big', 'dev/null', 'etc/empty', 'etc/motd', 'lib/noise'],
      ...['odd/line\nbreak', 'odd/n\u00e9', 'odd/raw\udcff', 'run/fifo', 'run/socket'],
    ]);
    expect((await entries('-R', '/etc/')).map(({ path }) => path)).toEqual([
      '/etc/empty',
      '/etc/motd',
    ]);
  });

  it.each([
    ['/', '/etc/motd'],
    ['./', './etc/motd'],
    ['.', 'etc/motd'],
  ])('puts one slash between %j and what is below', async (top, motd) => {
    expect((await entries('-R', top)).map(({ path }) => path)).toContain(motd);
    expect((await entries(top)).map(({ path }) => path)).toContain(motd.replace('/motd', ''));
  });
});
