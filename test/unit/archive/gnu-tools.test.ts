/**
 * Both ways between this project and the tar and cpio of the machine: what they write is read, what is
 * written they read.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCpio } from '../../../src/archive/cpio-read.ts';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { readTar } from '../../../src/archive/tar-read.ts';
import { fromText } from '../../../src/base/bytestring.ts';
import type { ByteString } from '../../../src/base/bytestring.ts';
import { cpioOf, fileEntry, inputOf, meta, plainEntry, tarOf } from '../../support/archives.ts';

const versionOf = (program: string): string =>
  spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout || '';
const hasTar = versionOf('tar').includes('GNU tar');
const hasCpio = versionOf('cpio').includes('GNU cpio');
const isRoot = process.getuid?.() === 0;
const why = (has: boolean, what: string): string => (has ? '' : ` (skipped: no ${what} here)`);

let folder = '';
let tree = '';
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-archive-'));
  tree = join(folder, 'tree');
  fs.mkdirSync(join(tree, 'd'), { recursive: true });
  fs.writeFileSync(join(tree, 'd/f'), 'hello\n', { mode: 0o640 });
  fs.linkSync(join(tree, 'd/f'), join(tree, 'hard'));
  fs.symlinkSync('d/f', join(tree, 'sym'));
  fs.writeFileSync(join(tree, 'new\nline'), '1');
  fs.writeFileSync(Buffer.from(`${tree}/latin\xe4`, 'latin1'), '2');
  const deep = join(tree, ...Array.from({ length: 3 }, (_, i) => String(i).repeat(100)));
  fs.mkdirSync(deep, { recursive: true });
  fs.writeFileSync(join(deep, 'x'.repeat(120)), '3');
  const sparse = fs.openSync(join(tree, 'sparse'), 'w');
  for (let i = 0; i < 30; i += 1) fs.writeSync(sparse, `region ${String(i)}`, 50_000 * i + 4096);
  fs.ftruncateSync(sparse, 3_000_001);
  fs.closeSync(sparse);
  execFileSync('mkfifo', [join(tree, 'pipe')]);
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Every entry of the tree by path, with content and target, as an archive should tell it. */
function found(): Record<string, unknown> {
  const rows: Record<string, unknown> = {};
  const visit = (path: string): void => {
    const full = Buffer.from(path === '' ? tree : `${tree}/${path}`, 'latin1');
    const stat = fs.lstatSync(full);
    const common = { mode: stat.mode % 0o10000, uid: stat.uid, gid: stat.gid };
    const mtime = Math.floor(stat.mtimeMs / 1000);
    rows[path] = stat.isDirectory()
      ? { ...common, mtime, type: 'dir' }
      : stat.isSymbolicLink()
        ? { ...common, mtime, type: 'symlink', content: fs.readlinkSync(full, 'latin1') }
        : stat.isFIFO()
          ? { ...common, mtime, type: 'fifo' }
          : { ...common, mtime, type: 'file', content: fs.readFileSync(full, 'latin1') };
    if (stat.isDirectory())
      for (const name of fs.readdirSync(full, 'latin1'))
        visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return rows;
}

/** Entries in the same form; a hard link counts as what it names. */
function told(entries: readonly ArchiveEntry[]): Record<string, unknown> {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const rows = entries.map((entry) => {
    const inode = entry.type === 'hardlink' ? byPath.get(entry.linkTarget)! : entry;
    const { mode, uid, gid, mtime, type } = inode;
    const { content } = plainEntry(inode) as { content?: string };
    const text = inode.type === 'symlink' ? inode.linkTarget : content;
    const common = { mode, uid, gid, mtime, type };
    return [entry.path, text === undefined ? common : { ...common, content: text }] as const;
  });
  return Object.fromEntries(rows);
}

const create = (...options: readonly string[]): Uint8Array =>
  execFileSync('tar', ['-C', tree, ...options, '-cf', '-', '.'], { maxBuffer: 2 ** 27 });

describe.skipIf(!hasTar)(`GNU tar${why(hasTar, 'GNU tar')}`, () => {
  it.each([
    '--format=gnu',
    '--format=pax',
    '--sparse --format=gnu',
    '--sparse --format=pax --sparse-version=0.0',
    '--sparse --format=pax --sparse-version=0.1',
    '--sparse --format=pax --sparse-version=1.0',
  ])('reads what tar %s writes', (options) => {
    const { entries } = readTar(inputOf(create(...options.split(' '))));
    expect(told(entries)).toEqual(found());
    expect(entries.filter(({ type }) => type === 'hardlink')).toHaveLength(1);
  });

  it.each(['v7', 'ustar'])(
    'reads what tar --format=%s writes, less what that cannot hold',
    (format) => {
      const options = [`--format=${format}`, '--exclude=./0*', '--exclude=./pipe'];
      const { entries } = readTar(inputOf(create(...options)));
      const expected = Object.entries(found()).filter(([path]) => !/^(0|pipe)/.test(path));
      expect(told(entries)).toEqual(Object.fromEntries(expected));
    },
  );

  it('writes what tar unpacks', () => {
    const out = fs.mkdtempSync(join(folder, 'out-'));
    const names = ['new\nline', 'a\udce4', 'ä', 'deep/'.repeat(60), 'n'.repeat(250)];
    const entries = [
      ...names.map((name, i) => fileEntry(`${name}f`, String(i), { mtime: -5, mode: 0o604 })),
      { ...meta('hard'), type: 'hardlink', linkTarget: fromText('äf') } as const,
      { ...meta('sym'), type: 'symlink', linkTarget: 't'.repeat(200) as ByteString } as const,
    ];
    execFileSync('tar', ['-C', out, '--no-same-owner', '-xf', '-'], {
      input: tarOf(...entries),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    for (const [i, name] of names.entries()) {
      const path = Buffer.from(`${fromText(out)}/${fromText(name)}f`, 'latin1');
      expect(fs.readFileSync(path, 'latin1')).toBe(String(i));
      expect(fs.statSync(path).mode % 0o10000).toBe(0o604);
      expect(fs.statSync(path).mtimeMs).toBe(-5000);
    }
    expect(fs.statSync(join(out, 'hard')).ino).toBe(fs.statSync(join(out, 'äf')).ino);
    expect(fs.readlinkSync(join(out, 'sym'))).toBe('t'.repeat(200));
  });

  it.skipIf(!isRoot)(`reads devices and large owners${why(isRoot, 'root rights')}`, () => {
    const out = fs.mkdtempSync(join(folder, 'dev-'));
    execFileSync('mknod', [join(out, 'c'), 'c', '259', '70000']);
    fs.chownSync(join(out, 'c'), 4_000_000_000, 3_000_000_000);
    for (const format of ['gnu', 'pax'])
      expect(
        readTar(inputOf(execFileSync('tar', ['-C', out, `--format=${format}`, '-cf', '-', 'c'])))
          .entries,
      ).toMatchObject([
        { type: 'char', rdev: { major: 259, minor: 70000 }, uid: 4e9, gid: 3e9, path: 'c' },
      ]);
  });
});

describe.skipIf(!hasCpio)(`GNU cpio${why(hasCpio, 'GNU cpio')}`, () => {
  it.each(['newc', 'crc'])('reads what cpio -H %s writes', (format) => {
    const list = execFileSync('find', ['.', '-print0'], { cwd: tree });
    const bytes = execFileSync('cpio', ['--quiet', '-0', '-o', '-H', format], {
      cwd: tree,
      input: list,
      maxBuffer: 2 ** 27,
    });
    const { entries } = readCpio(inputOf(bytes));
    expect(told(entries)).toEqual(found());
    expect(entries.filter(({ type }) => type === 'hardlink')).toHaveLength(1);
  });

  it('writes what cpio unpacks', () => {
    const out = fs.mkdtempSync(join(folder, 'out-'));
    const entries = [
      fileEntry('f', 'text', { mode: 0o604, mtime: 5 }),
      { ...meta('hard'), type: 'hardlink', linkTarget: fromText('f') } as const,
      { ...meta('sym'), type: 'symlink', linkTarget: fromText('f') } as const,
      fileEntry('d/TRAILER!!!', 'x'),
    ];
    execFileSync('cpio', ['--quiet', '-i', '-d', '-m', '--no-preserve-owner'], {
      cwd: out,
      input: cpioOf(...entries),
    });
    expect(fs.readFileSync(join(out, 'hard'), 'latin1')).toBe('text');
    expect(fs.statSync(join(out, 'hard')).ino).toBe(fs.statSync(join(out, 'f')).ino);
    expect(fs.statSync(join(out, 'f'))).toMatchObject({ mtimeMs: 5000, nlink: 2 });
    expect(fs.readlinkSync(join(out, 'sym'))).toBe('f');
    expect(fs.readFileSync(join(out, 'd/TRAILER!!!'), 'latin1')).toBe('x');
  });
});
