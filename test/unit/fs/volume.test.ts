import { beforeAll, describe, expect, it } from 'vitest';
import { fromText, toText } from '../../../src/base/bytestring.ts';
import type { AxfsVolume } from '../../../src/fs/volume.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { contentAt, failureOf, pages, patchOf, volumeOf } from './patch.ts';

/** Pages 0 and 3 XIP, 1 and 5 compressed, 2 and 4 byte-aligned; the last one partial. */
const MIXED = Uint8Array.of(
  ...textBytes(4096).reverse(),
  ...textBytes(4096),
  ...noiseBytes(4096),
  ...noiseBytes(4096, 200, 7),
  ...noiseBytes(4096, 256, 9),
  ...textBytes(1234),
);

const SPEC: Readonly<Record<string, EntrySpec>> = {
  '.': { type: 'dir', mode: 0o700, uid: 3, gid: 4 },
  'usr/bin/prog': { content: MIXED, mode: 0o4755, uid: 1, gid: 2 },
  'usr/lib/libc.so.6': 'libc',
  'usr/lib/libc.so': { type: 'symlink', target: 'libc.so.6' },
  // Absolute, and not in the root.
  'usr/abs': { type: 'symlink', target: '/usr/lib' },
  bin: { type: 'symlink', target: 'usr/bin' },
  sbin: { type: 'symlink', target: '/usr/./bin/' },
  up: { type: 'symlink', target: '../../usr/lib/../bin' },
  loop: { type: 'symlink', target: 'loop' },
  ping: { type: 'symlink', target: 'pong' },
  pong: { type: 'symlink', target: 'ping' },
  dangling: { type: 'symlink', target: 'nowhere/at/all' },
  'raw\udcff': { type: 'symlink', target: 'x\udcfe/\udc80' },
  empty: '',
  void: { type: 'dir', mode: 0o1777 },
  'dev/null': { type: 'char', rdev: { major: 1, minor: 3 }, mode: 0o666 },
  'dev/big': { type: 'block', rdev: { major: 259, minor: 70000 } },
  'run/p': { type: 'fifo' },
  'run/s': { type: 'socket' },
};

let volume: AxfsVolume;
beforeAll(async () => {
  const patch = await patchOf(SPEC, pages({ 'usr/bin/prog': [0, 3] }));
  volume = volumeOf(patch.bytes);
});

const pathOf = (path: string, follow = true): string => {
  const { number } = volume.resolve(fromText(path), follow);
  const found = [...volume.walk()].filter(({ inode }) => inode.number === number);
  expect(found).toHaveLength(1);
  return toText(found[0]!.path);
};

describe('a walk', () => {
  it('yields every inode once, directories before their children, names in byte order', () => {
    const paths = [...volume.walk()].map(({ path }) => toText(path));
    expect(paths).toEqual([
      '.',
      'bin',
      'dangling',
      'dev',
      'dev/big',
      'dev/null',
      'empty',
      'loop',
      'ping',
      'pong',
      'raw\udcff',
      'run',
      'run/p',
      'run/s',
      'sbin',
      'up',
      'usr',
      'usr/abs',
      'usr/bin',
      'usr/bin/prog',
      'usr/lib',
      'usr/lib/libc.so',
      'usr/lib/libc.so.6',
      'void',
    ]);
    expect(volume.inodes.count).toBe(paths.length);
  });

  it('keeps metadata, devices beyond 16 bits included', () => {
    const stat = (path: string): unknown => {
      const { type, mode, uid, gid, size, rdev } = volume.resolve(fromText(path), false);
      return [type, mode.toString(8), uid, gid, size, ...(rdev ? [rdev.major, rdev.minor] : [])];
    };
    expect(['.', 'usr/bin/prog', 'void', 'loop'].map(stat)).toEqual([
      // The size of a directory: 13 names of 51 bytes together, and a byte more each.
      ['dir', '40700', 3, 4, 64],
      ['file', '104755', 1, 2, MIXED.length],
      ['dir', '41777', 0, 0, 0],
      ['symlink', '120777', 0, 0, 4],
    ]);
    expect(['dev/null', 'dev/big', 'run/p', 'run/s', 'empty'].map(stat)).toEqual([
      ['char', '20666', 0, 0, 0, 1, 3],
      ['block', '60644', 0, 0, 0, 259, 70000],
      ['fifo', '10644', 0, 0, 0],
      ['socket', '140644', 0, 0, 0],
      ['file', '100644', 0, 0, 0],
    ]);
  });
});

describe('an inode in two directories', () => {
  it('ends a walk with EIO that names it and both', async () => {
    const patch = await patchOf({ 'a/f': '1', 'b/g': '2' });
    const [a, b] = ['a', 'b'].map((path) => volumeOf(patch.bytes).resolve(fromText(path)).number);
    patch.setEntry('inode_array_index', b!, patch.entry('inode_array_index', a!));
    const crossed = volumeOf(patch.bytes);
    const child = patch.entry('inode_array_index', a!);
    expect(failureOf(() => [...crossed.walk()])).toEqual([
      'EIO',
      `image: inode ${String(child)} is a child of both inode ${String(a)} and inode ${String(b)}`,
    ]);
    // Looking up is not walking: each path leads somewhere.
    expect(crossed.resolve(fromText('a/f')).number).toBe(child);
  });

  it('cannot make a walk of a small image exponential', async () => {
    // Directory k has k + 1 and k + 2: Fibonacci's number of paths.
    const names = Array.from({ length: 60 }, (_, i) => `d${String(i).padStart(2, '0')}`);
    const patch = await patchOf(Object.fromEntries(names.map((name) => [name, { type: 'dir' }])));
    for (let number = 0; number < names.length - 1; number += 1)
      patch
        .setEntry('inode_num_entries', number, 2)
        .setEntry('inode_array_index', number, number + 1);
    expect(patch.bytes.length).toBeLessThanOrEqual(8192);
    const start = performance.now();
    expect(failureOf(() => [...volumeOf(patch.bytes).walk()])).toEqual([
      'EIO',
      'image: inode 2 is a child of both inode 0 and inode 1',
    ]);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('resolve', () => {
  it.each([
    ['', '.'],
    ['/', '.'],
    ['.', '.'],
    ['..', '.'],
    ['../../..', '.'],
    ['/../usr', 'usr'],
    ['usr/..', '.'],
    ['usr//bin///prog', 'usr/bin/prog'],
    ['./usr/./bin/../lib/libc.so.6', 'usr/lib/libc.so.6'],
    ['void/', 'void'],
    ['usr/lib/libc.so', 'usr/lib/libc.so.6'],
    ['bin', 'usr/bin'],
    ['bin/', 'usr/bin'],
    ['bin/prog', 'usr/bin/prog'],
    // `..` goes to the parent of where the link led, as in the kernel.
    ['bin/..', 'usr'],
    ['bin/../lib/libc.so', 'usr/lib/libc.so.6'],
    ['/sbin/prog', 'usr/bin/prog'],
    ['usr/abs/libc.so', 'usr/lib/libc.so.6'],
    ['bin/../abs/..', 'usr'],
    ['up/prog', 'usr/bin/prog'],
    ['void/../up/../lib', 'usr/lib'],
  ])('%j is %j', (path, expected) => {
    expect(pathOf(path)).toBe(expected);
  });

  it('does not follow the last link unless told to, and every other one', () => {
    expect(pathOf('bin', false)).toBe('bin');
    expect(pathOf('loop', false)).toBe('loop');
    expect(pathOf('bin/prog', false)).toBe('usr/bin/prog');
    expect(pathOf('sbin/../lib/libc.so', false)).toBe('usr/lib/libc.so');
    // A trailing slash asks for the directory behind the link.
    expect(pathOf('bin/', false)).toBe('usr/bin');
  });

  const missing = 'no such file or directory';
  const links = 'more than 40 symbolic links';
  it.each([
    ['nope', 'ENOENT', missing],
    ['usr/nope/x', 'ENOENT', missing],
    ['dangling', 'ENOENT', missing],
    ['usr/bi', 'ENOENT', missing],
    ['usr/binary', 'ENOENT', missing],
    ['loop', 'ELOOP', links],
    ['ping/x', 'ELOOP', links],
    ['usr/bin/prog/', 'ENOTDIR', 'not a directory'],
    ['usr/bin/prog/.', 'ENOTDIR', 'not a directory'],
    ['empty/..', 'ENOTDIR', "'..' is looked for in a file"],
    ['bin/prog/x', 'ENOTDIR', "'x' is looked for in a file"],
    ['dev/null/x', 'ENOTDIR', "'x' is looked for in a char"],
    ['loop/', 'ELOOP', links],
  ])('%j fails with %s', (path, code, what) => {
    expect(failureOf(() => volume.resolve(fromText(path)))).toEqual([
      code,
      `image: ${path}: ${what}`,
    ]);
  });

  it('prints hostile paths harmlessly', () => {
    expect(failureOf(() => volume.resolve(fromText('\u001b[2J\n\udcff')))).toEqual([
      'ENOENT',
      'image: \\x1b[2J\\x0a\\xff: no such file or directory',
    ]);
  });

  it('follows 40 links and not 41', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 41 }, (_, i): [string, EntrySpec] => [
        `l${String(i)}`,
        i === 0 ? 'end' : { type: 'symlink', target: `l${String(i - 1)}` },
      ]),
    );
    const { bytes } = await patchOf({ ...chain, one: { type: 'symlink', target: 'l40' } });
    const chained = volumeOf(bytes);
    expect(chained.resolve(fromText('l40')).type).toBe('file');
    expect(failureOf(() => chained.resolve(fromText('one')))).toEqual([
      'ELOOP',
      'image: one: more than 40 symbolic links',
    ]);
  });
});

describe('readdir', () => {
  it('lists children in table order with their numbers', () => {
    const rows = volume.readdir(volume.resolve(fromText('usr/lib')));
    expect(rows.map(({ name }) => name)).toEqual(['libc.so', 'libc.so.6']);
    for (const { name, number } of rows)
      expect(volume.resolve(fromText(`usr/lib/${name}`), false).number).toBe(number);
    expect(volume.readdir(volume.resolve(fromText('void')))).toEqual([]);
  });

  it('is for directories', () => {
    const failure = failureOf(() => volume.readdir(volume.resolve(fromText('empty'))));
    expect(failure).toEqual([
      'ENOTDIR',
      expect.stringMatching(/^image: inode \d+ is a file, not a directory$/),
    ]);
  });
});

describe('readlink', () => {
  it('gives targets byte by byte', () => {
    const target = (path: string): string => volume.readlink(volume.resolve(fromText(path), false));
    expect(target('sbin')).toBe('/usr/./bin/');
    expect(target('raw\udcff')).toBe('x\xfe/\x80');
  });

  it('gives targets of up to 4095 bytes', async () => {
    const longest = 'abcdefghij/'.repeat(400).slice(0, 4095);
    // No builder makes them: they are files that become symlinks.
    const patch = await patchOf({
      l: { content: longest, mode: 0o777 },
      m: { content: `${longest}x`, mode: 0o777 },
    });
    const { bytes } = patch.setEntry('modes', 1, 0o120777);
    const linked = volumeOf(bytes);
    expect(linked.readlink(linked.resolve(fromText('l'), false))).toBe(longest);
    const tooLong = ['EIO', 'image: inode 2: symlink target has 4096 bytes, expected at most 4095'];
    expect(failureOf(() => linked.readlink(linked.resolve(fromText('m'), false)))).toEqual(tooLong);
    expect(failureOf(() => linked.resolve(fromText('m')))).toEqual(tooLong);
  });

  it('that are empty lead nowhere, as in the kernel', async () => {
    const patch = await patchOf({ d: { type: 'dir' }, l: { type: 'symlink', target: 'd' } });
    const { number } = volumeOf(patch.bytes).resolve(fromText('l'), false);
    patch.setEntry('inode_file_size', number, 0).setEntry('inode_num_entries', number, 0);
    const linked = volumeOf(patch.bytes);
    expect(linked.readlink(linked.resolve(fromText('l'), false))).toBe('');
    for (const path of ['l', 'l/', 'l/x', 'd/../l'])
      expect(failureOf(() => linked.resolve(fromText(path)))).toEqual([
        'ENOENT',
        `image: ${path}: a symbolic link without target`,
      ]);
  });

  it('is for symlinks', () => {
    const { number } = volume.resolve(fromText('usr'));
    expect(failureOf(() => volume.readlink(volume.resolve(fromText('usr'))))).toEqual([
      'EINVAL',
      `image: inode ${String(number)} is a dir, not a symlink`,
    ]);
  });
});

describe('read', () => {
  it('gives a file of all three node types', () => {
    expect(
      [0, 1, 2, 3, 4, 5].map((page) =>
        volume.nodes.type(volume.resolve(fromText('bin/prog')).arrayIndex + page),
      ),
    ).toEqual([0, 1, 2, 0, 2, 1]);
    expect(Buffer.compare(contentAt(volume, 'bin/prog'), MIXED)).toBe(0);
  });

  it.each([
    [4095, 2],
    [0, 1],
    [4096, 4096],
    [8191, 8194],
    [12287, 5000],
    [20479, 1],
    [20480, 9999],
    [MIXED.length - 1, 1],
    [MIXED.length - 1, 2],
    [MIXED.length, 1],
    [MIXED.length + 5000, 10],
    [100, 0],
  ])('from %i, %i bytes', (offset, length) => {
    const into = new Uint8Array(length).fill(0xcc);
    const expected = MIXED.subarray(offset, offset + length);
    const count = volume.read(volume.resolve(fromText('bin/prog')), offset, into);
    expect(count).toBe(expected.length);
    expect([...into.subarray(0, count)]).toEqual([...expected]);
    // What lies behind the end of the file stays the caller's.
    expect(into.subarray(count).every((byte) => byte === 0xcc)).toBe(true);
  });

  it('of an empty file gives nothing', () => {
    expect(volume.read(volume.resolve(fromText('empty')), 0, new Uint8Array(5))).toBe(0);
  });

  it.each([
    ['usr', 'EISDIR', 'dir'],
    ['dev/null', 'EINVAL', 'char'],
    ['dev/big', 'EINVAL', 'block'],
    ['run/p', 'EINVAL', 'fifo'],
    ['run/s', 'EINVAL', 'socket'],
  ])('of %s is refused', (path, code, type) => {
    const inode = volume.resolve(fromText(path));
    expect(failureOf(() => volume.read(inode, 0, new Uint8Array(1)))).toEqual([
      code,
      `image: inode ${String(inode.number)} is a ${type} and has no contents`,
    ]);
  });
});

it('refuses a root that is no directory', async () => {
  const patch = await patchOf({ f: 'content' });
  const row = patch.entry('inode_mode_index', 0);
  patch.setEntry('modes', row, 0o100644);
  // As a file, the root needs a number of pages that fits its size.
  expect(failureOf(() => volumeOf(patch.bytes))).toEqual([
    'EINVAL',
    'image: root inode is a file, expected a directory',
  ]);
});
