import { describe, expect, it } from 'vitest';
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
    expect(await run(['manifest', 'i'], host())).toMatchObject({ code: 8, out: '' });
  });
});
