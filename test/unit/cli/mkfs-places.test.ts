/** Files that `mkfs.axfs` writes are files of their own, or nothing is written. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { runMkfs } from '../../../src/cli/mkfs.ts';
import { createNodeHost } from '../../../src/host/node-host.ts';
import type { Files } from '../../../src/host/host.ts';
import type { FakeHost } from '../../support/fake-host.ts';
import { run, usual } from '../../support/mkfs-command.ts';

const where = (): FakeHost =>
  usual()
    .file('/src.tar', 'archive')
    .file('/sort', 'only 1\n')
    .file('/table', '')
    .file('/out.axfs', 'old')
    .symlink('/to-src', 'src.tar')
    .symlink('/to-to-src', '/to-src')
    .symlink('/to-list', './list.csv')
    .symlink('/into', 'tree/only')
    .symlink('/into-new', 'tree/new')
    .symlink('/to-out', 'out.axfs')
    .symlink('/to-new', 'new.axfs')
    .symlink('/circle', 'circle')
    .link('/hard', '/out.axfs');

describe('mkfs.axfs replaces none of its inputs', () => {
  const replaces = (what: string): string => `is ${what}: it would replace it`;
  it.each([
    ['src.tar to-src', `image to-src ${replaces('the source')}`],
    ['src.tar to-to-src', `image to-to-src ${replaces('the source')}`],
    ['to-src src.tar', `image src.tar ${replaces('the source')}`],
    ['tree into', 'image into is inside the tree tree: it would pack itself'],
    ['tree into-new', 'image into-new is inside the tree tree: it would pack itself'],
    ['--split tree out.axfs to-out', 'image to-out is named twice, expected two files'],
    ['--split tree to-out hard', 'image hard is named twice, expected two files'],
    ['--split tree new.axfs to-new', 'image to-new is named twice, expected two files'],
    ['-i list.csv tree list.csv', `image list.csv ${replaces('the list of -i, --profile')}`],
    ['-i list.csv tree to-list', `image to-list ${replaces('the list of -i, --profile')}`],
    ['--sort-file sort tree sort', `image sort ${replaces('the list of --sort-file')}`],
    ['--device-table table tree table', `image table ${replaces('the table of --device-table')}`],
    [
      '-a --explain-choice out.axfs tree out.axfs',
      'option --explain-choice out.axfs is named twice, expected two files',
    ],
    [
      '-i list.csv --explain-choice to-list tree out.axfs',
      `option --explain-choice to-list ${replaces('the list of -i, --profile')}`,
    ],
    [
      '-a --explain-choice tree/why tree out.axfs',
      'option --explain-choice tree/why is inside the tree tree: it would pack itself',
    ],
    ['tree circle', 'cannot stat circle: ELOOP'],
    ['-n tree into', 'image into is inside the tree tree: it would pack itself'],
    ['-n tree no/out', 'cannot stat no/: ENOENT'],
  ])('%s', async (line, message) => {
    const host = where();
    const before = host.paths;
    const { code } = await run(line, host);
    expect(host.stderr).toMatch(
      message.startsWith('cannot') ? /^mkfs\.axfs: cannot .*\n$/ : `mkfs.axfs: ${message}\n`,
    );
    expect([code, host.stdout, host.paths]).toEqual([16, '', before]);
    for (const [path, text] of [
      ['/src.tar', 'archive'],
      ['/tree/only', 'only file'],
      ['/sort', 'only 1\n'],
    ] as const)
      expect(Buffer.from(host.contentOf(path)!).toString()).toBe(text);
  });

  it.each([['tree', ''], ['-a --explain-choice= tree out.axfs']])(
    'an empty name is none: %s %j',
    async (...words) => {
      const host = where();
      const argv = words.flatMap((word) => (word === '' ? [''] : word.split(' ')));
      expect(await runMkfs(argv, host)).toBe(16);
      expect(host.stderr).toContain("'' is empty, expected a file name\n");
    },
  );

  it('writes through symlinks, to a file that is there or not', async () => {
    const host = where();
    expect((await run('-q tree to-out', host)).code).toBe(0);
    expect((await run('-q tree to-new', host)).code).toBe(0);
    expect(Buffer.from(host.contentOf('/to-out')!).toString()).toBe('out.axfs');
    expect(Buffer.from(host.contentOf('/to-new')!).toString()).toBe('new.axfs');
    expect(host.contentOf('/out.axfs')).toEqual(host.contentOf('/new.axfs'));
  });

  it('knows the tree by another name of its directory', async () => {
    const host = where();
    const { files } = host;
    // As where /again is a bind mount of /tree.
    host.directory('/again');
    const stat: Files['stat'] = (path) => files.stat(path === '/again' ? fromText('/tree') : path);
    Object.assign(host, { files: { ...files, stat } });
    const { code } = await run('tree again/out', host);
    expect([code, host.stderr]).toEqual([
      16,
      'mkfs.axfs: image again/out is inside the tree tree: it would pack itself\n',
    ]);
  });

  it('on a real machine, too', async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'axfs-places-'));
    try {
      fs.mkdirSync(join(folder, 'tree'));
      fs.writeFileSync(join(folder, 'tree', 'f'), 'text');
      execFileSync('tar', ['-cf', join(folder, 'src.tar'), '-C', folder, 'tree']);
      fs.symlinkSync('src.tar', join(folder, 'out.img'));
      const before = fs.readFileSync(join(folder, 'src.tar'));
      const said: string[] = [];
      const host = createNodeHost();
      const terminal = { ...host.terminal, err: (text: string) => said.push(text) };
      const argv = ['-q', join(folder, 'src.tar'), join(folder, 'out.img')];
      expect(await runMkfs(argv, { ...host, terminal })).toBe(16);
      expect(said.join('')).toContain('is the source: it would replace it');
      expect(fs.readFileSync(join(folder, 'src.tar')).equals(before)).toBe(true);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('--explain-choice', () => {
  const HEADER = 'path,offset,count,stored,added,decision,reason';

  it('writes a file beside the image', async () => {
    const { host } = await run('-q -i list.csv --explain-choice why.csv tree out.axfs');
    expect(Buffer.from(host.contentOf('/why.csv')!).toString()).toContain(HEADER);
    expect(host.contentOf('/out.axfs')).toBeDefined();
  });

  it.each([
    ['cannot be made', (host: FakeHost) => host.fail('create', '/why.csv', 'EACCES'), 16],
    ['has no room', (host: FakeHost) => host.fail('write', '/why.csv', 'ENOSPC'), 8],
    ['comes with an image that fails', (host: FakeHost) => host.fail('write', '/out', 'EIO'), 8],
    ['comes with a tree that fails', (host: FakeHost) => host.fail('read', '/tree/only', 'EIO'), 8],
  ] as const)('leaves nothing when it %s', async (_when, spoil, expected) => {
    const host = spoil(usual());
    const before = host.paths;
    const { code } = await run('-i list.csv --explain-choice why.csv tree out', host);
    expect([code, host.paths]).toEqual([expected, before]);
  });

  it('on standard output has it for itself', async () => {
    const { host } = await run('-i list.csv --explain-choice - tree out.axfs');
    expect(host.stdout.split('\n')[0]).toBe(HEADER);
    expect(host.stdout).not.toMatch(/^(image|chosen) /m);
    expect(host.stderr).toMatch(/^chosen [^]*^image {4}out\.axfs: /m);
  });

  it('writes no file in a dry run, and still prints', async () => {
    const host = usual();
    const before = host.paths;
    await run('-n -i list.csv --explain-choice why.csv tree out.axfs', host);
    await run('-n -i list.csv --explain-choice - tree out.axfs', host);
    expect(host.paths).toEqual(before);
    expect(host.stdout).toContain(`${HEADER}\n`);
  });
});

describe('several files', () => {
  const line = '-q --split -i list.csv tree one two';
  const old = (): FakeHost => usual().file('/one', 'old one').file('/two', 'old two');
  const contents = (host: FakeHost): readonly string[] =>
    ['/one', '/two'].map((path) => Buffer.from(host.contentOf(path)!).toString('latin1', 0, 7));

  it.each(['write', 'finish'] as const)('stay as they were when one fails to %s', async (call) => {
    for (const path of ['/one', '/two']) {
      const host = old().fail(call, path, 'ENOSPC');
      expect((await run(line, host)).code).toBe(8);
      expect(contents(host)).toEqual(['old one', 'old two']);
    }
  });

  it('are told apart when only one gets its name', async () => {
    const host = old().fail('rename', '/two', 'EIO');
    expect((await run(line, host)).code).toBe(8);
    expect(host.stderr).toBe('mkfs.axfs: cannot rename two: EIO; already new: one\n');
    expect(contents(host)[1]).toBe('old two');
  });
});

describe('patterns of --exclude', () => {
  it('are refused with the option, before anything is read', async () => {
    const { code, host } = await run('--exclude [z-a] nowhere out.axfs');
    expect([code, host.stderr]).toEqual([
      16,
      "mkfs.axfs: option '--exclude <glob>' argument '[z-a]' is invalid. The pattern '[z-a]' has a range whose end is before its start.\n",
    ]);
  });
});
