import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { textBytes, noiseBytes } from '../../support/sample-data.ts';
import { run } from './axfs-host.ts';

interface Entry {
  readonly path: string;
  readonly sha256?: string;
}

const hashOf = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

describe('axfs manifest', () => {
  it('lists every inode with the hash of its contents', async () => {
    const { code, out, err } = await run(['manifest', 'rootfs.axfs']);
    expect([code, err]).toEqual([0, '']);
    const { tree, entries } = JSON.parse(out) as {
      readonly tree: string;
      readonly entries: readonly Entry[];
    };
    expect(tree).toBe('rootfs.axfs');
    expect(entries).toHaveLength(21);
    const of = (path: string): Entry | undefined => entries.find((entry) => entry.path === path);
    expect(entries[0]).toEqual({ path: '.', type: 'dir', mode: '040755', uid: 0, gid: 0 });
    expect(of('bin/prog')).toEqual({
      path: 'bin/prog',
      type: 'file',
      mode: '0104755',
      uid: 1000,
      gid: 50,
      size: 9000,
      sha256: hashOf(textBytes(9000)),
    });
    expect(of('lib/noise')?.sha256).toBe(hashOf(noiseBytes(5000)));
    expect(of('etc/empty')?.sha256).toBe(hashOf(''));
    expect(of('slink')).toMatchObject({ linkTarget: 'bin', sha256: hashOf('bin') });
    expect(of('odd/raw\udcff')).toEqual({
      path: 'odd/raw\udcff',
      pathHex: '6f64642f726177ff',
      type: 'symlink',
      mode: '0120777',
      uid: 0,
      gid: 0,
      size: 1,
      linkTarget: '\udcfe',
      linkTargetHex: 'fe',
      sha256: hashOf(Uint8Array.of(0xfe)),
    });
    expect(of('dev/null')).toEqual({
      path: 'dev/null',
      type: 'char',
      mode: '020666',
      uid: 0,
      gid: 0,
      rdev: [1, 3],
      rdevRaw: 0x103,
    });
    expect(of('odd/n\u00e9')).not.toHaveProperty('pathHex');
    expect(of('run/socket')).not.toHaveProperty('size');
    expect(entries.filter(({ sha256 }) => sha256 !== undefined)).toHaveLength(9);
  });

  it('is the same with --json', async () => {
    const [plain, json] = await Promise.all([
      run(['manifest', 'rootfs.axfs']),
      run(['manifest', '--json', 'rootfs.axfs']),
    ]);
    expect(json.out).toBe(plain.out);
  });
});
