import { Command } from 'commander';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { UsageError } from '../../../src/cli/exit.ts';
import { addSourceOptions, readSource } from '../../../src/cli/source.ts';
import type { Source, SourceOptions } from '../../../src/cli/source.ts';
import { createNodeHost } from '../../../src/host/node-host.ts';
import type { TreeDirectory, TreeEntry, TreeFile } from '../../../src/mkfs/tree.ts';
import { cpioOf, fileEntry, meta, tarOf } from '../../support/archives.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { gnuArchive } from '../../support/gnu-archives.ts';

const entries = [
  { ...meta('', { mode: 0o755 }), type: 'dir' },
  { ...meta('d', { mode: 0o700 }), type: 'dir' },
  fileEntry('d/f', 'hello'),
  { ...meta('hard'), type: 'hardlink', linkTarget: fromText('d/f') },
  { ...meta('c'), type: 'char', rdev: { major: 1, minor: 3 } },
] as const;
const tar = tarOf(...entries);
const cpio = cpioOf(...entries);
const read = (host: FakeHost, source = '/a', options: SourceOptions = {}): Promise<Source> =>
  readSource(host, source, options);

/** A tree with contents and hard links as plain data. */
function plainTree(tree: TreeDirectory): unknown {
  const seen = new Map<TreeEntry, string>();
  const plain = (entry: TreeEntry, path: string): unknown => {
    const first = seen.get(entry);
    if (first !== undefined) return { link: first };
    seen.set(entry, path);
    if (entry.type === 'dir')
      return {
        ...entry,
        entries: [...entry.entries]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, below]) => [name, plain(below, `${path}/${name}`)]),
      };
    if (entry.type !== 'file') return entry;
    const { content } = entry;
    if (content instanceof Uint8Array) throw new TypeError('content is lazy');
    const bytes = Buffer.concat([...(content.read() as Iterable<Uint8Array>)]);
    return { ...entry, content: bytes.toString('latin1') };
  };
  return plain(tree, '');
}

describe('readSource', () => {
  it('reads the same tree from a directory and from archives of every kind, by their bytes', async () => {
    const host = new FakeHost()
      .directory('/dir', { mode: 0o755, uid: 1, gid: 2 })
      .directory('/dir/d', { mode: 0o700, uid: 1, gid: 2 })
      .file('/dir/d/f', 'hello', { uid: 1, gid: 2 })
      .link('/dir/hard', '/dir/d/f')
      .file('/tar', tar)
      .file('/tar.weird', gzipSync(tar))
      .file('/cpio', cpio)
      .file('/cpio.gz', gzipSync(cpio));
    const dir = await read(host, '/dir');
    const expected = plainTree(dir.tree);
    expect(dir).toMatchObject({ fileBytes: 10, notes: [], excluded: [] });
    for (const source of ['/tar', '/tar.weird', '/cpio', '/cpio.gz']) {
      const found = await read(host, source, { exclude: ['c'] });
      const { tree, fileBytes, notes } = found;
      expect(plainTree(tree), source).toEqual(expected);
      expect({ fileBytes, notes }).toEqual({ fileBytes: 10, notes: [] });
      found.close();
    }
    expect(host.spools).toEqual({ made: 2, closed: 2 });
  });

  it('reads standard input, packed or not, through a temporary file', async () => {
    const host = new FakeHost({ '/a': tar });
    const expected = plainTree((await read(host)).tree);
    for (const input of [tar, gzipSync(tar), cpio, gzipSync(cpio)]) {
      host.input = input;
      const found = await read(host, '-');
      expect(plainTree(found.tree)).toEqual(expected);
      found.close();
    }
    expect(host.spools).toEqual({ made: 4, closed: 4 });
    // The name of standard input, not of a file.
    host.directory('/-');
    host.input = new Uint8Array(0);
    await expect(read(host, '-')).rejects.toThrow(/^standard input is neither a directory/);
    expect((await read(host, './-')).fileBytes).toBe(0);
  });

  it('reads large streams in pieces', async () => {
    const big = tarOf(fileEntry('f', Buffer.alloc(3 * 2 ** 20, 'abc')));
    const host = new FakeHost({ '/a.gz': gzipSync(big) });
    host.input = big;
    for (const source of ['-', '/a.gz'])
      expect((await read(host, source)).fileBytes).toBe(3 * 2 ** 20);
  });

  it('takes the format it is told', async () => {
    const host = new FakeHost({ '/a': tar, '/b': cpio, '/d/f': '' });
    expect((await read(host, '/a', { sourceFormat: 'tar' })).fileBytes).toBe(10);
    expect((await read(host, '/b', { sourceFormat: 'cpio' })).fileBytes).toBe(10);
    expect((await read(host, '/d', { sourceFormat: 'dir' })).fileBytes).toBe(0);
    const rejects = async (
      source: string,
      sourceFormat: 'tar' | 'cpio' | 'dir',
      message: string,
    ): Promise<void> => {
      await expect(read(host, source, { sourceFormat })).rejects.toThrow(message);
    };
    await rejects('/b', 'tar', '/b: header at offset 0: its checksum is wrong');
    await rejects('/a', 'cpio', '/a: header at offset 0: its magic is wrong');
    await rejects('/a', 'dir', '/a is not a directory');
    await rejects('/d', 'tar', '/d is a directory, expected a tar');
    await rejects('-', 'dir', 'option --source-format dir needs a directory');
  });

  it('applies exclude, then owners, then the device table', async () => {
    const host = new FakeHost({
      '/a': tar,
      '/dev.txt': 'dev d 755 7 7\ndev/tty c 666 0 5 4 0 0 1 2\nhard f 600 3 4\n',
    });
    const { tree, excluded, notes } = await read(host, '/a', {
      exclude: ['c', '*.o'],
      allRoot: true,
      deviceTable: '/dev.txt',
    });
    expect([...tree.entries.keys()].sort()).toEqual(['d', 'dev', 'hard']);
    expect(tree).toMatchObject({ uid: 0, gid: 0 });
    expect(tree.entries.get(fromText('dev'))).toMatchObject({ uid: 7, gid: 7 });
    expect(tree.entries.get(fromText('hard'))).toMatchObject({ mode: 0o600, uid: 3, gid: 4 });
    const d = tree.entries.get(fromText('d')) as TreeDirectory;
    expect(d.entries.get(fromText('f'))).toBe(tree.entries.get(fromText('hard')) as TreeFile);
    expect(excluded.map(({ pattern, entries: count }) => [pattern, count])).toEqual([
      ['c', 1],
      ['*.o', 0],
    ]);
    expect(notes).toEqual(['option --exclude *.o matches nothing']);
    const owned = await read(host, '/a', { gid: 9 });
    expect(owned.tree).toMatchObject({ uid: 1, gid: 9 });
  });

  it('says what of an archive no image holds', async () => {
    const pax = Buffer.from(gnuArchive('pax.tar'));
    const at = pax.indexOf('comment=hi');
    pax.write('SCHILY.a=b', at);
    const { notes } = await read(new FakeHost({ '/a': pax }));
    expect(notes).toEqual(['/a: 1 × SCHILY.a left out: no image holds it']);
  });

  it.each([
    ['xz', Buffer.from('fd377a585a000000', 'hex'), '/a is packed by xz; expand it: xz -dc'],
    ['gzip twice', gzipSync(gzipSync(tar)), '/a is packed by gzip twice; expand it: gzip -dc'],
    ['odc', Buffer.from('0707071234'), '/a is cpio in the format odc; make it with cpio -H newc'],
    [
      'text',
      Buffer.from('text'),
      '/a is neither a directory, a tar archive nor a cpio archive (newc)',
    ],
    ['nothing', Buffer.alloc(0), '/a is neither a directory'],
    ['half a gzip', gzipSync(tar).subarray(0, 100), '/a: cannot expand it: '],
    ['half a tar', tar.subarray(0, 1000), '/a: header at offset 512: the archive ends at 1000'],
    ['half a packed tar', gzipSync(tar.subarray(0, 1000)), '/a: header at offset 512: the archive'],
  ])('refuses %s, and lets go of what it opened', async (_what, bytes, message) => {
    const host = new FakeHost({ '/a': bytes });
    await expect(read(host)).rejects.toThrow(message);
    expect(host.spools.closed).toBe(host.spools.made);
  });

  it('refuses other things, and passes on what the machine says', async () => {
    const host = new FakeHost({ '/a': gzipSync(tar), '/bad': '/x y 1' }).special('/p', 'fifo');
    await expect(read(host, '/p')).rejects.toThrow(
      '/p is a fifo, expected a directory or an archive; for a pipe use -',
    );
    await expect(read(host, '/no')).rejects.toThrow('cannot stat /no: ENOENT');
    await expect(read(host, '/a', { deviceTable: '/bad' })).rejects.toThrow("/bad:1: type is 'y'");
    await expect(read(host, '/a', { exclude: [''] })).rejects.toThrow("pattern '' names nothing");
    host.diskBytes = 100;
    await expect(read(host, '/a')).rejects.toThrow('cannot write a temporary file: ENOSPC');
    host.input = tar;
    host.fail('read', '/stdin', 'EIO');
    await expect(read(host, '-')).rejects.toThrow('cannot read standard input: EIO');
    await expect(read(host, '/a', { allRoot: true, uid: 1 })).rejects.toThrow(UsageError);
    expect(host.spools.closed).toBe(host.spools.made);
  });
});

describe('addSourceOptions', () => {
  const parse = (...argv: readonly string[]): SourceOptions => {
    const command = new Command('x').exitOverride().configureOutput({ writeErr: () => undefined });
    addSourceOptions(command).parse([...argv], { from: 'user' });
    return command.opts();
  };

  it('gives what readSource takes', () => {
    expect(parse()).toEqual({});
    expect(
      parse(
        ...['--exclude', 'a', '--exclude=b c', '--all-root', '--uid', '4294967295', '--gid=0'],
        ...['--device-table', 'dev.txt', '--source-format', 'cpio'],
      ),
    ).toEqual({
      exclude: ['a', 'b c'],
      allRoot: true,
      uid: 4294967295,
      gid: 0,
      deviceTable: 'dev.txt',
      sourceFormat: 'cpio',
    });
  });

  it.each([
    ['--uid', '4294967296'],
    ['--uid', '-1'],
    ['--gid', 'root'],
    ['--gid', ''],
    ['--source-format', 'zip'],
  ])('refuses %s %s', (option, value) => {
    expect(() => parse(`${option}=${value}`)).toThrow(/invalid/);
  });
});

const isRoot = process.getuid?.() === 0;
const versionOf = (program: string): string =>
  spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout || '';
const missing = [
  ...(isRoot ? [] : ['root rights']),
  ...(versionOf('tar').includes('GNU tar') ? [] : ['GNU tar']),
  ...(versionOf('cpio').includes('GNU cpio') ? [] : ['GNU cpio']),
];
const whyNot = missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')} here)`;

describe.skipIf(missing.length > 0)(`one tree on this machine, three ways${whyNot}`, () => {
  let folder = '';
  beforeAll(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'axfs-source-'));
    const tree = join(folder, 'tree');
    fs.mkdirSync(join(tree, 'd'), { recursive: true });
    fs.writeFileSync(join(tree, 'd/f'), 'hello');
    fs.chownSync(join(tree, 'd/f'), 4_000_000_000, 70_000);
    fs.chmodSync(join(tree, 'd/f'), 0o6751);
    fs.linkSync(join(tree, 'd/f'), join(tree, 'hard'));
    fs.symlinkSync('d/f', join(tree, 'sym'));
    fs.lchownSync(join(tree, 'sym'), 5, 6);
    fs.writeFileSync(Buffer.from(`${tree}/\xff\n`, 'latin1'), '');
    fs.chmodSync(join(tree, 'd'), 0o3701);
    fs.chownSync(tree, 7, 8);
    fs.chmodSync(tree, 0o1777);
    execFileSync('mknod', [join(tree, 'c'), 'c', '259', '70000']);
    execFileSync('mknod', [join(tree, 'b'), 'b', '8', '1']);
    execFileSync('mkfifo', [join(tree, 'p')]);
    for (const format of ['gnu', 'pax'])
      execFileSync('tar', ['-C', tree, `--format=${format}`, '-cf', join(folder, format), '.']);
    execFileSync('tar', ['-C', tree, '-czf', join(folder, 'gz'), '.']);
    const input = execFileSync('find', ['.', '-print0'], { cwd: tree });
    const cpioBytes = execFileSync('cpio', ['--quiet', '-0', '-o', '-H', 'newc'], {
      cwd: tree,
      input,
    });
    fs.writeFileSync(join(folder, 'cpio'), cpioBytes);
  });
  afterAll(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it.each(['gnu', 'pax', 'gz', 'cpio'])('directory and %s', async (archive) => {
    const host = createNodeHost();
    const dir = await readSource(host, join(folder, 'tree'), {});
    const other = await readSource(host, join(folder, archive), {});
    expect(plainTree(other.tree)).toEqual(plainTree(dir.tree));
    expect(other.fileBytes).toBe(dir.fileBytes);
    expect(dir.tree).toMatchObject({ mode: 0o1777, uid: 7, gid: 8 });
    dir.close();
    other.close();
  });
});
