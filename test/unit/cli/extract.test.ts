import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import type { NewMetadata, TreeFiles } from '../../../src/host/host.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';
import type { Patch } from '../fs/patch.ts';
import { run, usualHost } from './axfs-host.ts';

const IMAGE = 'rootfs.axfs';
const USER = { uid: 1000, gid: 50 };

/** Mode, owner and, for devices, number of what was extracted, by path. */
const lstat = (host: FakeHost, path: string): readonly number[] => {
  const { mode, uid, gid, rdev } = host.files.lstat(fromText(path));
  return rdev === 0 ? [mode, uid, gid] : [mode, uid, gid, rdev];
};

/** Paths in and below `/out`. */
const extracted = (host: FakeHost): readonly string[] =>
  host.paths.filter((path) => path.startsWith('/out')).map((path) => path.slice(5));

const hostWith = async (spec: Readonly<Record<string, EntrySpec>>): Promise<FakeHost> =>
  new FakeHost({ '/i': (await patchOf(spec)).bytes });

/** Gives an inode the name of another. */
function rename(patch: Patch, inode: number, as: number): Patch {
  return patch.setEntry('inode_name_offset', inode, patch.entry('inode_name_offset', as));
}

describe('axfs extract IMAGE DIRECTORY, as root', () => {
  it('makes everything but sockets, with owners, modes, devices and times', async () => {
    const { code, out, err, host } = await run(['extract', IMAGE, 'out']);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'extracted 20 entries, 14,012 bytes (13.7 KiB), to out\n',
      err: 'axfs: warning: 1 socket left out: only a program that listens can make them: run/socket\n',
    });
    expect(extracted(host)).toHaveLength(20);
    for (const [path, ...expected] of [
      ['', 0o040755, 0, 0],
      ['bin/prog', 0o104755, 1000, 50],
      ['bin/sh', 0o120777, 0, 0],
      ['dev/big', 0o060660, 0, 6, 0x11110370],
      ['dev/null', 0o020666, 0, 0, 0x103],
      ['run/fifo', 0o010644, 0, 0],
      ['tmp', 0o041777, 0, 0],
    ] as const)
      expect([path, ...lstat(host, `/out/${path}`)]).toEqual([path, ...expected]);
    expect(host.contentOf('/out/bin/prog')).toEqual(textBytes(9000));
    expect(host.contentOf('/out/lib/noise')).toEqual(noiseBytes(5000));
    expect(host.contentOf('/out/etc/empty')).toEqual(new Uint8Array(0));
    expect(host.files.readlink(fromText('/out/odd/raw\udcff'))).toBe('\xfe');
    expect(host.contentOf('/out/odd/line\nbreak')).toEqual(Uint8Array.from(Buffer.from('one')));
    expect(host.times.size).toBe(20);
    expect([...new Set(host.times.values())]).toEqual([1_700_000_000]);
  });

  it.each([['out'], ['out/'], ['/out///'], ['./out']])('takes an empty %s', async (name) => {
    const host = (await usualHost()).directory('/out', { mode: 0o777, uid: 7, gid: 7 });
    expect((await run(['extract', IMAGE, name], host)).code).toBe(0);
    expect(extracted(host)).toHaveLength(20);
    expect(lstat(host, '/out')).toEqual([0o040755, 0, 0]);
  });

  it('--strict refuses before anything is made', async () => {
    const { code, out, err, host } = await run(['extract', IMAGE, 'out', '--strict']);
    expect({ code, out, err }).toEqual({
      code: 8,
      out: '',
      err: 'axfs: rootfs.axfs: 1 socket left out: only a program that listens can make them: run/socket (--strict)\n',
    });
    expect(extracted(host)).toEqual([]);
    const plain = await hostWith({ f: 'x', 'd/p': { type: 'fifo' } });
    expect(await run(['extract', 'i', 'out', '--strict'], plain)).toMatchObject({
      code: 0,
      out: 'extracted 4 entries, 1 byte, to out\n',
      err: '',
    });
  });

  it('gives directories their mode last, the deepest first', async () => {
    const host = await hostWith({ 'a/b/c': 'x', a: { type: 'dir', mode: 0o555 } });
    await run(['extract', 'i', 'out'], host);
    expect([...host.times.keys()]).toEqual(['/out/a/b/c', '/out/a/b', '/out/a', '/out']);
    expect(lstat(host, '/out/a')).toEqual([0o040555, 0, 0]);
  });

  it('shows how far it is on a terminal, and wipes that away', async () => {
    const host = await usualHost();
    host.errIsTty = true;
    host.tick = 700;
    const { err } = await run(['extract', IMAGE, 'out'], host);
    expect(err).toContain('extracting [###');
    expect(err.endsWith('\r\x1b[K')).toBe(true);
  });
});

describe('axfs extract as another user', () => {
  const asUser = async (): Promise<FakeHost> => {
    const host = await usualHost();
    host.user = USER;
    return host;
  };

  it('leaves out devices and owners, and says so', async () => {
    const { code, out, err, host } = await run(['extract', IMAGE, 'out'], await asUser());
    expect({ code, out }).toEqual({
      code: 0,
      out: 'extracted 18 entries, 14,012 bytes (13.7 KiB), to out\n',
    });
    expect(err.trim().split('\n')).toEqual([
      'axfs: warning: 2 devices left out: only root can make them: dev/big and 1 more',
      'axfs: warning: 1 socket left out: only a program that listens can make them: run/socket',
      'axfs: warning: 17 owners not set: only root can give files away: . and 16 more',
    ]);
    expect(lstat(host, '/out/etc/motd')).toEqual([0o100644, 1000, 50]);
  });

  it('keeps setuid where the owner is the one meant, and nowhere else', async () => {
    const spec = {
      mine: { content: 'x', mode: 0o6755, ...USER },
      theirs: { content: 'x', mode: 0o6755 },
      group: { content: 'x', mode: 0o2755, uid: 1000, gid: 51 },
      sticky: { type: 'dir', mode: 0o7777 },
    } as const;
    const host = await hostWith(spec);
    host.user = USER;
    expect((await run(['extract', 'i', 'out'], host)).code).toBe(0);
    expect(
      Object.keys(spec).map((name) => [name, (lstat(host, `/out/${name}`)[0] ?? 0) % 0o10000]),
    ).toEqual([
      ['mine', 0o6755],
      ['theirs', 0o755],
      ['group', 0o755],
      ['sticky', 0o1777],
    ]);
  });

  it('--strict names what comes first', async () => {
    const { code, err, host } = await run(['extract', IMAGE, 'out', '--strict'], await asUser());
    expect({ code, err }).toEqual({
      code: 8,
      err: 'axfs: rootfs.axfs: 2 devices left out: only root can make them: dev/big and 1 more (--strict)\n',
    });
    expect(extracted(host)).toEqual([]);
  });
});

describe('axfs extract refuses a target', () => {
  const NEW = 'expected a new or an empty directory';
  it.each([
    ['full', `full: it holds 1 entry, ${NEW}`],
    ['rootfs.axfs', `rootfs.axfs: it is a file, ${NEW}`],
    ['link', `link: it is a symlink, ${NEW}`],
    ['link/', `link: it is a symlink, ${NEW}`],
    ['dangling', `dangling: it is a symlink, ${NEW}`],
    ['nowhere/out', 'cannot create nowhere/out: ENOENT'],
    ['rootfs.axfs/out', 'cannot stat rootfs.axfs/out: ENOTDIR'],
  ])('%s', async (target, message) => {
    const host = (await usualHost())
      .file('/full/x')
      .directory('/empty')
      .symlink('/link', 'empty')
      .symlink('/dangling', 'nothing');
    const before = host.paths;
    const result = await run(['extract', IMAGE, target], host);
    expect(result).toMatchObject({ code: 8, out: '' });
    expect(result.err.trim().split('\n').at(-1)).toBe(`axfs: ${message}`);
    expect(host.paths).toEqual(before);
  });

  it('that somebody puts a file into before it is taken', async () => {
    const host = (await usualHost()).directory('/out');
    replaceTree(host, {
      hold(path) {
        const held = original(host).hold(path);
        const setMetadata = (metadata: NewMetadata): void => {
          host.symlink('/out/bin', '/etc');
          held.setMetadata(metadata);
        };
        return { ...held, setMetadata };
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain(`axfs: out: it holds 1 entry, ${NEW}\n`);
    expect(host.paths.some((path) => path.startsWith('/etc'))).toBe(false);
  });
});

const originals = new WeakMap<FakeHost, TreeFiles>();
const original = (host: FakeHost): TreeFiles => originals.get(host) ?? host.tree;

/** Puts other calls before those of the host's tree. */
function replaceTree(host: FakeHost, calls: Partial<TreeFiles>): void {
  originals.set(host, host.tree);
  Object.assign(host, { tree: { ...host.tree, ...calls } });
}

describe('axfs extract stays inside its directory', () => {
  it.each([['..'], ['.'], ['x/../../y'], ['/etc'], ['']])('with a file called %j', async (name) => {
    const patch = await patchOf({ bad: 'hostile', good: 'fine' });
    const strings = new TextEncoder().encode(`./\0good\0${name}\0`);
    patch.replace('strings', strings);
    patch.setEntry('inode_name_offset', 1, 8).setEntry('inode_name_offset', 2, 3);
    const host = new FakeHost({ '/i': patch.bytes });
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect(code).toBe(8);
    expect(err).toMatch(
      /^axfs: \.: i: inode 1: ('.*' cannot be a name|name has 0 bytes.*)\naxfs: i: 1 entry could not/,
    );
    expect(host.paths).toEqual(['/', '/i', '/out', '/out/good']);
  });

  it('with a symlink and a directory of one name', async () => {
    // Inodes: 1 escape, 2 other, 3 file below it.
    const spec = { escape: { type: 'symlink', target: '/etc' }, 'other/passwd': 'evil' } as const;
    const patch = rename(await patchOf(spec), 2, 1);
    const host = new FakeHost({ '/i': patch.bytes }).directory('/etc');
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect({ code, err }).toEqual({
      code: 8,
      err:
        "axfs: escape: i: inode 2: a second 'escape' in one directory, expected each name once\n" +
        'axfs: i: 1 entry could not be extracted, see above; all others were\n',
    });
    expect(host.paths).toEqual(['/', '/etc', '/i', '/out', '/out/escape']);
  });

  it('with a directory that two directories claim', async () => {
    const patch = await patchOf({ 'a/x': '1', 'b/y': '2' });
    // Inodes: 1 a, 2 b, 3 a/x, 4 b/y.
    patch.setEntry('inode_array_index', 2, 3);
    const host = new FakeHost({ '/i': patch.bytes });
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain('axfs: b/x: i: inode 3 is a child of both inode 1 and inode 2\n');
    expect(extracted(host)).toEqual(['', 'a', 'a/x', 'b']);
  });

  it.each([
    // Just before something is put into it, and when it gets its metadata in the end.
    ['dev/big', 'out/dev: a symlink is there now'],
    ['dev/null', 'out/dev: cannot open out/dev: ENOTDIR'],
  ])('and stops when a directory becomes a symlink behind %s', async (last, what) => {
    const host = (await usualHost()).directory('/etc');
    const swap = (path: string): void => {
      if (path === `out/${last}`) host.symlink('/out/dev', '/etc');
    };
    replaceTree(host, {
      setMetadata(path, metadata) {
        original(host).setMetadata(path, metadata);
        swap(path);
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain(`axfs: ${what}, expected the directory made here: left alone: stopped; `);
    expect(host.paths.some((path) => path.startsWith('/etc/'))).toBe(false);
    expect(lstat(host, '/etc')).toEqual([0o040755, 0, 0]);
    expect(host.held).toBe(0);
  });

  it('when what was a directory a moment ago is a symlink', async () => {
    const host = (await usualHost()).directory('/etc');
    replaceTree(host, {
      makeDirectory(path) {
        if (path === 'out/bin') host.symlink('/out/bin', '/etc');
        else original(host).makeDirectory(path);
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain(
      'axfs: out/bin: cannot open out/bin: ENOTDIR, expected the directory made here: left alone: stopped; 1 of 21 ',
    );
    expect(host.paths.some((path) => path.startsWith('/etc/'))).toBe(false);
  });

  it('and replaces nothing that turns up there', async () => {
    const host = await usualHost();
    replaceTree(host, {
      makeDirectory(path) {
        original(host).makeDirectory(path);
        if (path === 'out/etc') host.file('/out/etc/motd', 'theirs');
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain('axfs: etc/motd: cannot create out/etc/motd: EEXIST\n');
    expect(Buffer.from(host.contentOf('/out/etc/motd') ?? []).toString()).toBe('theirs');
  });

  it.each([
    ['', 'is empty'],
    ['a\0b', 'contains a NUL byte'],
  ])('with the link target %j', async (target, what) => {
    const patch = await patchOf({ l: { type: 'symlink', target: 'abc' }, z: 'fine' });
    const node = patch.entry('inode_array_index', 1);
    const at = patch.entry('banode_offset', patch.entry('node_index', node));
    if (target === '') patch.setEntry('inode_file_size', 1, 0).setEntry('inode_num_entries', 1, 0);
    else patch.poke('byte_aligned', at + 1, 0);
    const host = new FakeHost({ '/i': patch.bytes });
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain(`axfs: l: i: inode 1: symlink target ${what}, expected a path\n`);
    expect(extracted(host)).toEqual(['', 'z']);
  });

  it('with directories nested deeper than paths are long', async () => {
    const deep = Array.from({ length: 20 }, () => 'n'.repeat(250)).join('/');
    const host = await hostWith({ [`${deep}/x`]: 'unreachable', top: 'fine' });
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain('inode 18: its path has 4266 bytes, expected at most 4095\n');
    expect(extracted(host)).toHaveLength(18);
    expect(extracted(host)).toContain('top');
  });
});

describe('axfs extract from a damaged image', () => {
  const damaged = async (): Promise<FakeHost> => {
    const patch = await patchOf({
      'a/bad': textBytes(300_000),
      'a/good': 'fine',
      z: textBytes(5000),
    });
    const cblock = patch.entry('node_index', patch.entry('inode_array_index', 3) + 70);
    patch.poke('compressed', patch.entry('cblock_offset', cblock), 0);
    return new FakeHost({ '/i': patch.bytes });
  };
  const LINE = /^axfs: a\/bad: i: node \d+: cblock \d+ does not expand: .*$/m;

  it('names the file, leaves nothing of it, and goes on', async () => {
    const { code, out, err, host } = await run(['extract', 'i', 'out'], await damaged());
    expect({ code, out }).toEqual({ code: 8, out: '' });
    expect(err).toMatch(LINE);
    expect(err.trim().split('\n')).toHaveLength(2);
    expect(err).toContain('axfs: i: 1 entry could not be extracted, see above; all others were\n');
    expect(extracted(host)).toEqual(['', 'a', 'a/good', 'z']);
  });

  it.each(['tar', 'cpio'])('does so in a %s archive, too', async (format) => {
    const { code, err, host } = await run(
      ['extract', 'i', `--${format}`, 'out.a'],
      await damaged(),
    );
    expect(code).toBe(8);
    expect(err).toMatch(LINE);
    const archive = Buffer.from(host.contentOf('/out.a') ?? []).toString('latin1');
    expect(archive).toContain('a/good');
    expect(archive).not.toContain('a/bad');
  });

  it('names an inode that cannot be read', async () => {
    const patch = await patchOf({ a: '1', b: '2', c: '3' });
    const bytes = patch.setEntry('inode_mode_index', 2, 200).bytes;
    const host = new FakeHost({ '/i': bytes });
    const { code, err } = await run(['extract', 'i', 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain('axfs: b: i: table modes has 2 entries, but entry 200 is asked for\n');
    expect(extracted(host)).toEqual(['', 'a', 'c']);
  });
});

describe('axfs extract when the disk fails', () => {
  it('stops when it is full, and says what is complete', async () => {
    const host = await usualHost();
    host.diskBytes = 12_000;
    const { code, out, err } = await run(['extract', IMAGE, 'out'], host);
    expect({ code, out }).toEqual({ code: 8, out: '' });
    expect(err).toContain(
      'axfs: cannot write out/lib/noise: ENOSPC: stopped; 11 of 21 entries are complete in out\n',
    );
    expect(host.paths.filter((path) => path.endsWith('.tmp'))).toEqual([]);
    expect(extracted(host)).not.toContain('lib/noise');
    expect(lstat(host, '/out/lib')).toEqual([0o040755, 0, 0]);
  });

  it('removes an archive that does not fit', async () => {
    for (const format of ['--tar', '--cpio']) {
      const host = await usualHost();
      host.diskBytes = 12_000;
      const { code, err } = await run(['extract', IMAGE, format, 'out.a'], host);
      expect(code).toBe(8);
      expect(err).toContain('axfs: cannot write out.a: ENOSPC\n');
      expect(host.paths).toEqual((await usualHost()).paths);
    }
  });

  it.each([
    ['create', '/out/bin', 'axfs: bin: cannot create out/bin: EACCES', 17],
    ['create', '/out/etc/motd', 'axfs: etc/motd: cannot create out/etc/motd: EACCES', 19],
    ['write', '/out/etc/motd', 'axfs: etc/motd: cannot write out/etc/motd: EACCES', 19],
    ['own', '/out/bin/sh', 'axfs: bin/sh: cannot own out/bin/sh: EACCES', 20],
    ['own', '/out/tmp', 'axfs: tmp: cannot own out/tmp: EACCES', 20],
    ['create', '/out/dev/null', 'axfs: dev/null: cannot create out/dev/null: EACCES', 19],
  ] as const)('goes on past a failed %s of %s', async (call, path, line, count) => {
    const host = (await usualHost()).fail(call, path, 'EACCES');
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain(`${line}\n`);
    expect(err).toContain('axfs: rootfs.axfs: 1 entry could not be extracted');
    expect(extracted(host)).toHaveLength(count);
  });
});
