import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../src/cli/manifest.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';
import { run } from './axfs-host.ts';

describe('axfs cat', () => {
  it('writes contents of several files, byte by byte, in the order given', async () => {
    const paths = ['lib/noise', 'etc/motd', 'etc/empty', '/bin/prog', 'bin/../etc/motd'];
    const { code, err, host } = await run(['cat', 'rootfs.axfs', ...paths]);
    expect([code, err]).toEqual([0, '']);
    const motd = new TextEncoder().encode('hello\n');
    const expected = Buffer.concat([noiseBytes(5000), motd, textBytes(9000), motd]);
    expect(Buffer.compare(host.stdoutBytes, expected)).toBe(0);
  });

  it('follows links, at the end and on the way', async () => {
    const { host } = await run(['cat', 'rootfs.axfs', 'slink/sh']);
    expect(Buffer.compare(host.stdoutBytes, textBytes(9000))).toBe(0);
  });

  it('writes long files in pieces', async () => {
    const content = textBytes(64 * 4096 * 2 + 5);
    const { bytes } = await patchOf({ f: { content } });
    const { host } = await run(['cat', 'i', 'f'], new FakeHost({ '/i': bytes }));
    expect(Buffer.compare(host.stdoutBytes, content)).toBe(0);
  });

  it('says which node is damaged, and lists the rest of the image all the same', async () => {
    const patch = await patchOf({ bad: textBytes(5000), good: 'fine' });
    patch.poke('compressed', 0, 0);
    const host = (): FakeHost => new FakeHost({ '/i': patch.bytes });
    expect(await run(['cat', 'i', 'bad'], host())).toMatchObject({
      code: 8,
      out: '',
      err: 'axfs: i: node 0: cblock 0 does not expand: damaged zlib stream: incorrect header check\n',
    });
    expect(await run(['cat', 'i', 'good'], host())).toMatchObject({ code: 0, out: 'fine' });
    expect(await run(['ls', 'i'], host())).toMatchObject({ code: 0, out: 'bad\ngood\n' });
    const { code, out, err } = await run(['manifest', 'i'], host());
    expect(code).toBe(8);
    expect(err).toBe(
      'axfs: bad: i: node 0: cblock 0 does not expand: damaged zlib stream: incorrect header check\n' +
        'axfs: i: 1 entry damaged, see above; all others are given\n',
    );
    const { entries } = JSON.parse(out) as Manifest;
    expect(entries.map(({ path, error, sha256 }) => [path, error, sha256?.length])).toEqual([
      ['.', undefined, undefined],
      ['bad', expect.stringContaining('does not expand'), undefined],
      ['good', undefined, 64],
    ]);
  });
});

describe('axfs info', () => {
  it('counts what is not damaged', async () => {
    const patch = await patchOf({ a: '1', b: '2', c: '3' });
    patch.setEntry('inode_mode_index', 2, 200);
    const { code, out, err } = await run(
      ['info', '--json', 'i'],
      new FakeHost({ '/i': patch.bytes }),
    );
    expect(code).toBe(8);
    expect(JSON.parse(out)).toMatchObject({ inodes: { total: 3 }, fileBytes: 2 });
    expect(err).toBe(
      'axfs: b: i: table modes has 2 entries, but entry 200 is asked for\n' +
        'axfs: i: 1 entry damaged, see above, and not counted\n',
    );
  });
});
