import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { patchOf } from '../fs/patch.ts';
import { run, usualHost } from './axfs-host.ts';

const IMAGE = 'rootfs.axfs';

/** Mode and owner of what was extracted. */
const lstat = (host: FakeHost, path: string): readonly number[] => {
  const { mode, uid, gid } = host.files.lstat(fromText(path));
  return [mode, uid, gid];
};

/** Paths in and below `/out`. */
const extracted = (host: FakeHost): readonly string[] =>
  host.paths.filter((path) => path.startsWith('/out')).map((path) => path.slice(5));

describe('axfs extract of owners that cannot be', () => {
  const hostile = async (id: number): Promise<FakeHost> => {
    const patch = await patchOf({
      evil: { content: 'x', mode: 0o6755, uid: 7, gid: 7 },
      'evil.d': { type: 'dir', mode: 0o2755, uid: 7, gid: 7 },
      'evil.d/x': 'y',
      good: 'z',
    });
    const wrong = [1, 2].map((inode) => patch.entry('inode_mode_index', inode));
    // More rows than there are modes do no harm here.
    const uids = Array.from({ length: 8 }, (_, row) => (wrong.includes(row) ? id : 0));
    return new FakeHost({ '/i': patch.replaceTable('uids', uids, 5).bytes });
  };

  it.each([2 ** 32 - 1, 2 ** 32, 2 ** 33])('leaves out what belongs to %d', async (id) => {
    const { code, err, host } = await run(['extract', 'i', 'out'], await hostile(id));
    expect(code).toBe(8);
    expect(err.trim().split('\n')).toEqual([
      `axfs: evil: i: inode 1: owner ${String(id)}:7 cannot be, expected users and groups below 4294967295`,
      `axfs: evil.d: i: inode 2: owner ${String(id)}:7 cannot be, expected users and groups below 4294967295`,
      'axfs: i: 2 entries could not be extracted, see above; all others were',
    ]);
    expect(extracted(host)).toEqual(['', 'evil.d', 'evil.d/x', 'good']);
    expect(lstat(host, '/out/evil.d')).toEqual([0o040700, 0, 0]);
  });

  it('--strict refuses before anything is made', async () => {
    const { code, err, host } = await run(
      ['extract', 'i', 'out', '--strict'],
      await hostile(2 ** 32 - 1),
    );
    expect(code).toBe(8);
    expect(err).toBe(
      'axfs: i: 2 owners cannot be: ids of users and groups are below 2^32-1: evil and 1 more (--strict)\n',
    );
    expect(extracted(host)).toEqual([]);
  });

  it('cpio leaves out the one that its headers have no room for', async () => {
    const { code, err, host } = await run(['extract', 'i', '--cpio', 'o'], await hostile(2 ** 32));
    expect(code).toBe(8);
    expect(err).toContain(
      'axfs: evil: i: inode 1: uid is 4294967296, expected at most 4294967295 in a cpio archive\n',
    );
    expect(Buffer.from(host.contentOf('/o') ?? []).toString('latin1')).toContain('good');
  });
});

describe('axfs extract pauses', () => {
  it('now and then, and lets go of directories', async () => {
    const host = await usualHost();
    host.tick = 30;
    expect((await run(['extract', IMAGE, 'out'], host)).code).toBe(0);
    expect(host.breaths).toBeGreaterThan(5);
    expect(host.held).toBe(0);
  });
});

describe('axfs extract into a directory that is held', () => {
  it('says so when its path leads elsewhere in the end', async () => {
    const host = await usualHost();
    const { tree } = host;
    let top = 0;
    Object.assign(host, {
      tree: {
        ...tree,
        hold: (path: Parameters<typeof tree.hold>[0]) => {
          // It is held to the end; only who asks for its path again notices.
          const held = tree.hold(path);
          if (path !== 'out' || (top += 1) === 1) return held;
          return { ...held, stat: () => ({ ...held.stat(), inode: 0n }) };
        },
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(8);
    expect(err).toContain('axfs: out: a dir is there now, expected the directory made here');
  });
});

describe('axfs extract of a time that files cannot have', () => {
  it('says what they got', async () => {
    const host = await usualHost();
    const { tree } = host;
    const modified = 15_032_385_535n * 10n ** 9n;
    Object.assign(host, {
      tree: {
        ...tree,
        hold: (path: Parameters<typeof tree.hold>[0]) => {
          const held = tree.hold(path);
          return { ...held, stat: () => ({ ...held.stat(), modified }) };
        },
      },
    });
    const { code, err } = await run(['extract', IMAGE, 'out'], host);
    expect(code).toBe(0);
    expect(err).toContain(
      "axfs: warning: the image's time 1700000000 is none that files can have here, they got 15032385535\n",
    );
  });
});
