import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import type { ByteString } from '../../../src/base/bytestring.ts';
import { createNodeFiles } from '../../../src/host/node-files.ts';
import { noiseBytes } from '../../support/sample-data.ts';

const files = createNodeFiles();
let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-files-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): ByteString => fromText(join(folder, name));

describe('reading', () => {
  it('sees files, directories, symlinks and fifos as they are', () => {
    fs.writeFileSync(join(folder, 'f'), 'hello', { mode: 0o640 });
    fs.symlinkSync('f', join(folder, 'l'));
    execFileSync('mkfifo', [join(folder, 'p')]);
    expect(files.lstat(at('f'))).toEqual({
      mode: 0o100640,
      uid: process.getuid?.(),
      gid: fs.statSync(join(folder, 'f')).gid,
      size: 5,
      rdev: 0,
      device: fs.statSync(folder).dev,
      inode: fs.statSync(join(folder, 'f'), { bigint: true }).ino,
      links: 1,
      modified: fs.statSync(join(folder, 'f'), { bigint: true }).mtimeNs,
      changed: fs.statSync(join(folder, 'f'), { bigint: true }).ctimeNs,
    });
    expect(files.lstat(at('l')).mode).toBe(0o120777);
    expect(files.stat(at('l')).mode).toBe(0o100640);
    expect(files.lstat(at('p')).mode % 0o1000000).toBeGreaterThanOrEqual(0o010000);
    expect(files.readlink(at('l'))).toBe('f');
    expect(files.realpath(at('l'))).toBe(files.realpath(at('f')));
    expect([...files.readdir(fromText(folder))].sort()).toEqual(['f', 'l', 'p']);
    expect(Buffer.from(files.readFile(at('f'))).toString()).toBe('hello');
  });

  it('passes names and targets as bytes', () => {
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0x61, 0xff, 0x0a)]);
    fs.symlinkSync(Buffer.of(0xfe, 0xc3), name);
    expect(files.readdir(fromText(folder))).toEqual(['a\xff\n']);
    expect(files.readlink(`${fromText(folder)}/a\xff\n` as ByteString)).toBe('\xfe\xc3');
  });

  it('encodes device numbers as Linux does', () => {
    const { rdev, mode } = files.stat(fromText('/dev/null'));
    expect([rdev, Math.floor(mode / 0o10000)]).toEqual([0x103, 0o02]);
  });

  it('reads at any position, and less only at the end', () => {
    const content = noiseBytes(10_000);
    fs.writeFileSync(join(folder, 'f'), content);
    const file = files.open(at('f'));
    const into = new Uint8Array(4096);
    expect(file.readAt(into, 8192)).toBe(10_000 - 8192);
    expect(into.subarray(0, 1808)).toEqual(content.subarray(8192));
    expect(file.readAt(into, 1)).toBe(4096);
    expect(into).toEqual(content.subarray(1, 4097));
    expect(file.readAt(into, 10_000)).toBe(0);
    fs.truncateSync(join(folder, 'f'), 7);
    expect(file.stat().size).toBe(7);
    file.close();
  });

  it('reads beyond 4 GiB', () => {
    const descriptor = fs.openSync(join(folder, 'sparse'), 'w');
    fs.writeSync(descriptor, Buffer.from('end'), 0, 3, 2 ** 32 + 5);
    fs.closeSync(descriptor);
    expect(files.lstat(at('sparse')).size).toBe(2 ** 32 + 8);
    const file = files.open(at('sparse'));
    const into = new Uint8Array(4);
    expect(file.readAt(into, 2 ** 32 + 4)).toBe(4);
    expect([...into]).toEqual([0, ...Buffer.from('end')]);
    file.close();
  });

  it('does not wait for the writer of a fifo', () => {
    execFileSync('mkfifo', [join(folder, 'p')]);
    const file = files.open(at('p'));
    expect(Math.floor(file.stat().mode / 0o10000)).toBe(0o01);
    file.close();
  });

  it.each([
    ['lstat', 'none', 'ENOENT', 'stat', 'no such file or directory (ENOENT)'],
    ['stat', 'f/x', 'ENOTDIR', 'stat', 'not a directory (ENOTDIR)'],
    ['readFile', 'd', 'EISDIR', 'read', 'illegal operation on a directory (EISDIR)'],
    ['readdir', 'f', 'ENOTDIR', 'list', 'not a directory (ENOTDIR)'],
    ['readlink', 'f', 'EINVAL', 'read', 'invalid argument (EINVAL)'],
    ['realpath', 'loop', 'ELOOP', 'resolve', 'too many symbolic links encountered (ELOOP)'],
    ['open', 'n'.repeat(300), 'ENAMETOOLONG', 'open', 'name too long (ENAMETOOLONG)'],
  ] as const)('%s of %s says %s and names the path', (call, name, code, verb, text) => {
    fs.writeFileSync(join(folder, 'f'), '');
    fs.mkdirSync(join(folder, 'd'));
    fs.symlinkSync('loop', join(folder, 'loop'));
    expect(() => files[call](at(name))).toThrow(
      expect.objectContaining({ code, message: `cannot ${verb} ${folder}/${name}: ${text}` }),
    );
  });

  it('keeps a message on one line, whatever the name', () => {
    expect(() => files.lstat(at('a\n\x1b[31m'))).toThrow(
      `cannot stat ${folder}/a\\x0a\\x1b[31m: no such file or directory (ENOENT)`,
    );
  });

  it('turns errno names that the project does not know into EIO, and says which it was', () => {
    fs.writeFileSync(join(folder, 'f'), 'x');
    const file = files.open(at('f'));
    file.close();
    expect(() => file.readAt(new Uint8Array(1), 0)).toThrow(
      expect.objectContaining({
        code: 'EIO',
        message: `cannot read ${folder}/f: bad file descriptor (EBADF)`,
      }),
    );
  });
});

describe('create', () => {
  const listing = (): readonly string[] => fs.readdirSync(folder).sort();

  it('shows a file only when it is complete', () => {
    const file = files.create(at('out'));
    file.write(Uint8Array.of(1, 2));
    file.write(new Uint8Array(0));
    file.write(Uint8Array.of(3));
    expect(listing()).not.toContain('out');
    expect(listing().length).toBe(1);
    file.commit();
    expect(listing()).toEqual(['out']);
    expect([...fs.readFileSync(join(folder, 'out'))]).toEqual([1, 2, 3]);
    file.discard();
    expect(listing()).toEqual(['out']);
  });

  it('leaves nothing when it is discarded, and the old file in its place', () => {
    fs.writeFileSync(join(folder, 'out'), 'old');
    const file = files.create(at('out'));
    file.write(Uint8Array.of(1));
    file.discard();
    file.discard();
    expect(listing()).toEqual(['out']);
    expect(fs.readFileSync(join(folder, 'out'), 'utf8')).toBe('old');
  });

  it('keeps the permissions of a file that it replaces, and a symlink to it', () => {
    fs.writeFileSync(join(folder, 'real'), 'old', { mode: 0o600 });
    fs.symlinkSync('real', join(folder, 'out'));
    const file = files.create(at('out'));
    file.write(Uint8Array.of(0x6e));
    file.commit();
    expect(listing()).toEqual(['out', 'real']);
    expect(fs.readFileSync(join(folder, 'real'), 'utf8')).toBe('n');
    expect(fs.statSync(join(folder, 'real')).mode).toBe(0o100600);
  });

  it('makes the file that a symlink leads to, and keeps the symlink', () => {
    fs.symlinkSync('new', join(folder, 'out'));
    expect(files.landing(at('out'))).toBe(at('new'));
    const file = files.create(at('out'));
    file.write(Uint8Array.of(0x6e));
    file.commit();
    expect(fs.readlinkSync(join(folder, 'out'))).toBe('new');
    expect(fs.readFileSync(join(folder, 'new'), 'utf8')).toBe('n');
  });

  it('has written everything when it is finished, and has no name yet', () => {
    const file = files.create(at('out'));
    file.write(Uint8Array.of(1, 2));
    file.finish();
    const [name = ''] = listing();
    expect(name).toMatch(/^\.axfs-.*\.tmp$/);
    expect([...fs.readFileSync(join(folder, name))]).toEqual([1, 2]);
    file.commit();
    expect(listing()).toEqual(['out']);
  });

  it.each([
    ['d', 'EISDIR', 'it is a directory (EISDIR)'],
    ['p', 'EEXIST', 'it exists and is not a regular file (EEXIST)'],
    ['none/x', 'ENOENT', 'no such file or directory (ENOENT)'],
  ])('refuses %s', (name, code, text) => {
    fs.mkdirSync(join(folder, 'd'));
    execFileSync('mkfifo', [join(folder, 'p')]);
    expect(() => files.create(at(name))).toThrow(
      expect.objectContaining({ code, message: `cannot create ${folder}/${name}: ${text}` }),
    );
    expect(listing()).toEqual(['d', 'p']);
  });

  it('removes what it wrote when it cannot finish', () => {
    fs.mkdirSync(join(folder, 'd'));
    const file = files.create(at('d/out'));
    fs.mkdirSync(join(folder, 'd', 'out'));
    expect(() => {
      file.commit();
    }).toThrow(`cannot write ${folder}/d/out:`);
    expect(fs.readdirSync(join(folder, 'd'))).toEqual(['out']);
  });

  const module = new URL('../../../dist/src/host/node-files.js', import.meta.url);
  it.each([
    [
      'a signal',
      'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 20000);',
      null,
      'SIGTERM',
    ],
    ['process.exit', 'process.exit(5);', 5, null],
    ['an exception', 'throw new Error("x");', 1, null],
  ] as const)('leaves nothing after %s', (_name, end, status, signal) => {
    const script = `
      const { createNodeFiles } = await import(${JSON.stringify(module.href)});
      const file = createNodeFiles().create(${JSON.stringify(join(folder, 'out'))});
      file.write(Uint8Array.of(1));
      process.stdout.write(String((await import('node:fs')).readdirSync(${JSON.stringify(folder)}).length));
      ${end}`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    expect([ended.stdout, ended.status, ended.signal]).toEqual(['1', status, signal]);
    expect(listing()).toEqual([]);
  });
});
