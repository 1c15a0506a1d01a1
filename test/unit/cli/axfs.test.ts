import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { patchOf } from '../fs/patch.ts';
import { run, sampleImage, usualHost } from './axfs-host.ts';

const COMMANDS = [
  ...(['info', 'ls', 'cat', 'manifest', 'extract', 'explain', 'diff', 'dump', 'check'] as const),
  'compare',
  'report',
  'why',
  'gate',
  'lab',
] as const;

/** Commands that read no image. */
const WITHOUT_IMAGE: readonly string[] = ['compare', 'lab'];

describe('axfs', () => {
  it('prints its version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3-test\n', err: '' });
  });

  it.each([['--help'], ['-h'], ['help']])('%s names every command and exit code', async (word) => {
    const { code, out, err } = await run([word]);
    expect([code, err]).toEqual([0, '']);
    const [, list = ''] = out.split('\nCommands:\n');
    const named = [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    expect(named).toEqual([...COMMANDS, 'flash', 'workload', 'params', 'tune', 'help']);
    for (const name of COMMANDS) expect(out).toContain(`$ axfs ${name} `);
    for (const line of ['Examples:', '  0   done', '  8 ', '  16 ', '  70 '])
      expect(out).toContain(line);
  });

  it.each(COMMANDS)('%s --help describes arguments and options', async (name) => {
    const { code, out, err } = await run([name, '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out.startsWith(`Usage: axfs ${name} [options] <`)).toBe(true);
    expect(out).toContain('\nArguments:\n');
    expect(out).toContain('\nOptions:\n');
    expect(out.includes('--json') || name === 'cat').toBe(true);
    expect(out.includes('--second-device') || WITHOUT_IMAGE.includes(name)).toBe(true);
  });

  it('without arguments prints the help where errors go, and that is a usage error', async () => {
    const { code, out, err } = await run([]);
    expect([code, out]).toEqual([16, '']);
    expect(err).toContain('Usage: axfs [options] [command]');
  });
});

describe('axfs ends with one line', () => {
  const IMAGE = '/rootfs.axfs';
  it.each([
    [['frob'], 16, "unknown command 'frob'"],
    [['inof', IMAGE], 16, "unknown command 'inof' (Did you mean info?)"],
    [['--frob'], 16, "unknown option '--frob'"],
    [['info'], 16, "missing required argument 'image'"],
    [['cat', IMAGE], 16, "missing required argument 'path'"],
    [['manifest'], 16, "missing required argument 'image'"],
    [['extract'], 16, "missing required argument 'image'"],
    [['explain', IMAGE], 16, "missing required argument 'path[:offset]'"],
    [['diff', IMAGE], 16, "missing required argument 'b'"],
    [['dump'], 16, "missing required argument 'image'"],
    [['check'], 16, "missing required argument 'image'"],
    [['lab'], 16, "missing required argument 'script'"],
    [
      ['lab', '--preset', '9.9', '/x.lab'],
      16,
      "option '--preset <names>' argument '9.9' is invalid. Expected one of 2.6.23, 2.6.24, 2.6.28-arm, 2.6.28-x86, 4.9-arm, 6.1-x86, 6.12-x86.",
    ],
    [['info', IMAGE, 'x'], 16, "too many arguments for 'info'. Expected 1 argument but got 2."],
    ...COMMANDS.map(
      (name) =>
        [
          [
            name,
            IMAGE,
            ...(['compare', 'report', 'why'].includes(name) ? ['--trace', 't'] : []),
            '--frob',
          ],
          16,
          "unknown option '--frob'",
        ] as const,
    ),
    [['ls', IMAGE, 'nowhere'], 8, '/rootfs.axfs: nowhere: no such file or directory'],
    [
      ['ls', IMAGE, 'bin', 'etc/motd/x'],
      8,
      "/rootfs.axfs: etc/motd/x: 'x' is looked for in a file",
    ],
    [['cat', IMAGE, 'nowhere'], 8, '/rootfs.axfs: nowhere: no such file or directory'],
    [['cat', IMAGE, 'bin'], 8, '/rootfs.axfs: bin: is a dir, expected a regular file'],
    [['cat', IMAGE, 'slink'], 8, '/rootfs.axfs: slink: is a dir, expected a regular file'],
    [['cat', IMAGE, 'dev/null'], 8, '/rootfs.axfs: dev/null: is a char, expected a regular file'],
    [['cat', IMAGE, 'run/fifo'], 8, '/rootfs.axfs: run/fifo: is a fifo, expected a regular file'],
  ] as const)('%j', async (argv, code, message) => {
    expect(await run(argv)).toMatchObject({ code, out: '', err: `axfs: ${message}\n` });
  });

  it('and nothing before it: one bad path keeps cat from printing the good ones', async () => {
    const { code, out } = await run(['cat', IMAGE, 'etc/motd', 'nowhere']);
    expect([code, out]).toEqual([8, '']);
  });

  const READERS = [
    ...([['info'], ['ls'], ['cat', 'x'], ['manifest'], ['extract', 'out']] as const),
    ...([['explain', 'x'], ['diff', 'rootfs.axfs'], ['dump']] as const),
  ] as const;
  const cases = READERS.flatMap(([name, ...rest]) =>
    (
      [
        ['nowhere', 'cannot stat nowhere: ENOENT'],
        ['directory', 'directory: is a dir, expected an image file'],
        ['device', 'device: is a char, expected an image file'],
        ['hello', 'hello: not an AXFS image: 5 bytes, expected at least 264'],
        ['long', 'long: not an AXFS image: magic is 0x68656c6c, expected 0x48a0e4cd'],
      ] as const
    ).map(([image, message]) => ({ name, image, rest, message })),
  );
  it.each(cases)('$name $image', async ({ name, image, rest, message }) => {
    const host = (await usualHost()).file('/long', 'hello'.repeat(100));
    expect(await run([name, image, ...rest], host)).toMatchObject({
      code: 8,
      out: '',
      err: `axfs: ${message}\n`,
    });
  });

  it('for a truncated image, and one that got shorter while it was read', async () => {
    const bytes = await sampleImage();
    const size = Number(Buffer.from(bytes).readBigUInt64BE(72));
    const cut = new FakeHost({ '/cut': bytes.subarray(0, 4096) });
    expect(await run(['info', 'cut'], cut)).toMatchObject({
      code: 8,
      err: `axfs: cut: truncated: the superblock says ${String(size)} bytes up to and including the trailing magic, but there are 4096\n`,
    });
    const shrunk = (await usualHost()).resize('/rootfs.axfs', size - 2);
    expect(await run(['info', 'rootfs.axfs'], shrunk)).toMatchObject({
      code: 8,
      err: `axfs: rootfs.axfs: read 2 of 4 bytes at offset ${String(size - 4)}: the file got shorter\n`,
    });
  });

  it('for an image that cannot be opened or read', async () => {
    for (const call of ['open', 'read'] as const) {
      const host = (await usualHost()).fail(call, '/rootfs.axfs', 'EIO');
      expect(await run(['ls', 'rootfs.axfs'], host)).toMatchObject({
        code: 8,
        out: '',
        err: `axfs: cannot ${call} rootfs.axfs: EIO\n`,
      });
    }
  });

  it('in which a hostile path cannot act', async () => {
    const { code, err } = await run(['cat', IMAGE, 'odd\u001b[2J\n']);
    expect([code, err]).toEqual([
      8,
      'axfs: /rootfs.axfs: odd\\x1b[2J\\x0a: no such file or directory\n',
    ]);
    const { bytes } = await patchOf({ '\u001b[2J': { type: 'dir' } });
    expect(await run(['cat', 'i', '\u001b[2J'], new FakeHost({ '/i': bytes }))).toMatchObject({
      code: 8,
      err: 'axfs: i: \\x1b[2J: is a dir, expected a regular file\n',
    });
  });
});
