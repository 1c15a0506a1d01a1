import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import type { ByteString } from '../../../src/base/bytestring.ts';
import type { NewMetadata } from '../../../src/host/host.ts';
import { createNodeTree } from '../../../src/host/node-tree.ts';
import { noiseBytes } from '../../support/sample-data.ts';
import { failureOf } from '../fs/patch.ts';

const tree = createNodeTree();
const isRoot = process.getuid?.() === 0;
let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-tree-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): ByteString => fromText(join(folder, name));
const meta = (mode: number, owner?: NewMetadata['owner']): NewMetadata => ({
  mode,
  mtime: 1_000_000_000,
  ...(owner === undefined ? {} : { owner }),
});
/** Type and permissions, owner, group, time. */
const look = (name: string): readonly number[] => {
  const { mode, uid, gid, mtimeMs } = fs.lstatSync(join(folder, name));
  return [mode, uid, gid, mtimeMs / 1000];
};
const own = (): readonly number[] => {
  const { uid, gid } = fs.statSync(folder);
  return [uid, gid];
};

describe('a new tree', () => {
  it('has directories, files, links and fifos, private until they are done', () => {
    tree.makeDirectory(at('d'));
    expect(fs.lstatSync(join(folder, 'd')).mode).toBe(0o040700);
    tree.makeSymlink(at('d/l'), '\xfe/nowhere' as ByteString);
    tree.makeSpecial(at('d/p'), { type: 'fifo' });
    const file = tree.createFile(at('d/f'));
    const [temporary = ''] = fs.readdirSync(join(folder, 'd')).filter((name) => name[0] === '.');
    expect(fs.lstatSync(join(folder, 'd', temporary)).mode).toBe(0o100600);
    const content = noiseBytes(10_000);
    file.write(content.subarray(0, 5000));
    file.write(content.subarray(5000));
    file.commit(meta(0o4751));
    file.discard();
    tree.setMetadata(at('d/p'), meta(0o640));
    tree.setMetadata(at('d/l'), meta(0o640));
    tree.setMetadata(at('d'), meta(0o555));
    expect(fs.readdirSync(join(folder, 'd')).sort()).toEqual(['f', 'l', 'p']);
    expect(Buffer.compare(fs.readFileSync(join(folder, 'd/f')), content)).toBe(0);
    expect(fs.readlinkSync(join(folder, 'd/l'), 'latin1')).toBe('\xfe/nowhere');
    for (const [name, mode] of [
      ['d', 0o040555],
      ['d/f', 0o104751],
      ['d/l', 0o120777],
      ['d/p', 0o010640],
    ] as const)
      expect([name, ...look(name)]).toEqual([name, mode, ...own(), 1_000_000_000]);
    fs.chmodSync(join(folder, 'd'), 0o755);
  });

  it('has files with holes, at their start, inside and at their end', () => {
    const hole = 2 ** 20;
    const file = tree.createFile(at('f'));
    file.skip(hole);
    file.write(noiseBytes(5000));
    file.skip(hole);
    file.write(noiseBytes(1));
    file.skip(hole);
    file.skip(hole);
    file.commit(meta(0o644));
    const [hollow, empty] = [fs.readFileSync(join(folder, 'f')), Buffer.alloc(hole)];
    const parts = [empty, noiseBytes(5000), empty, noiseBytes(1), empty, empty];
    expect(Buffer.compare(hollow, Buffer.concat(parts))).toBe(0);
    expect(look('f')[3]).toBe(1_000_000_000);
    const { blocks, size } = fs.statSync(join(folder, 'f'));
    expect(blocks * 512).toBeLessThan(size / 2);
  });

  it('knows its user', () => {
    expect(tree.user).toEqual({ uid: process.geteuid?.(), gid: process.getegid?.() });
  });

  it.each([['a\xff\n'], ['-p'], ['$(touch x) "\''], ['%b\\n']])(
    'has fifos whose names are any bytes: %j',
    (name) => {
      tree.makeSpecial(`${fromText(folder)}/${name}` as ByteString, { type: 'fifo' });
      expect(fs.readdirSync(folder, 'latin1')).toEqual([name]);
    },
  );

  it.runIf(isRoot)('has devices, and setuid files of others', () => {
    tree.makeSpecial(at('c'), { type: 'char', major: 1, minor: 3 });
    tree.makeSpecial(`${fromText(folder)}/b\xfe` as ByteString, {
      ...{ type: 'block', major: 259, minor: 70000 },
    });
    tree.setMetadata(at('c'), meta(0o666, { uid: 3, gid: 4 }));
    expect(look('c')).toEqual([0o020666, 3, 4, 1_000_000_000]);
    expect(fs.lstatSync(join(folder, 'c')).rdev).toBe(0x103);
    expect(fs.lstatSync(Buffer.from(`${folder}/b\xfe`, 'latin1')).rdev).toBe(0x11110370);
    const file = tree.createFile(at('f'));
    file.commit(meta(0o6755, { uid: 5, gid: 6 }));
    expect(look('f')).toEqual([0o106755, 5, 6, 1_000_000_000]);
    tree.makeDirectory(at('d'));
    tree.setMetadata(at('d'), meta(0o2755, { uid: 7, gid: 8 }));
    expect(look('d')).toEqual([0o042755, 7, 8, 1_000_000_000]);
    tree.makeSymlink(at('l'), fromText('f'));
    tree.setMetadata(at('l'), meta(0, { uid: 9, gid: 10 }));
    expect(look('l')).toEqual([0o120777, 9, 10, 1_000_000_000]);
    expect(look('f')).toEqual([0o106755, 5, 6, 1_000_000_000]);
  });
});

describe('a new tree replaces and follows nothing', () => {
  it.each(['file', 'directory', 'link', 'dangling'])('where a %s is', (name) => {
    fs.writeFileSync(join(folder, 'file'), 'theirs');
    fs.mkdirSync(join(folder, 'directory'));
    fs.symlinkSync('directory', join(folder, 'link'));
    fs.symlinkSync('nothing', join(folder, 'dangling'));
    const before = fs.readdirSync(folder).sort();
    const path = at(name);
    const calls = [
      () => {
        tree.makeDirectory(path);
      },
      () => {
        tree.makeSymlink(path, fromText('x'));
      },
      () => {
        tree.makeSpecial(path, { type: 'fifo' });
      },
      () => {
        const file = tree.createFile(path);
        file.write(Uint8Array.of(1));
        file.commit(meta(0o644));
      },
    ];
    for (const call of calls) {
      const [code, message = ''] = failureOf(call);
      expect(code).toBe('EEXIST');
      expect(message).toContain(`cannot create ${join(folder, name)}: `);
      expect(message.split('\n')).toHaveLength(1);
    }
    expect(fs.readdirSync(folder).sort()).toEqual(before);
    expect(fs.readFileSync(join(folder, 'file'), 'utf8')).toBe('theirs');
    expect(fs.readdirSync(join(folder, 'directory'))).toEqual([]);
  });

  it('sets metadata of a link, not of what it leads to', () => {
    fs.writeFileSync(join(folder, 'file'), '', { mode: 0o600 });
    fs.symlinkSync('file', join(folder, 'link'));
    tree.setMetadata(at('link'), meta(0o4777));
    expect(look('file')[0]).toBe(0o100600);
    expect(look('file')[3]).not.toBe(1_000_000_000);
  });
});

describe('a directory that is held', () => {
  it.runIf(process.platform === 'linux')('takes everything, wherever it is moved', () => {
    tree.makeDirectory(at('d'));
    const held = tree.hold(at('d'));
    fs.mkdirSync(join(folder, 'theirs'));
    fs.renameSync(join(folder, 'd'), join(folder, 'away'));
    fs.symlinkSync('theirs', join(folder, 'd'));
    tree.makeDirectory(at('d/sub'), held);
    tree.makeSymlink(at('d/l'), fromText('x'), held);
    tree.makeSpecial(at('d/p'), { type: 'fifo' }, held);
    const file = tree.createFile(at('d/f'), held);
    file.write(Uint8Array.of(1));
    file.commit(meta(0o640));
    tree.createFile(at('d/discarded'), held).discard();
    tree.setMetadata(at('d/p'), meta(0o600), held);
    const sub = tree.hold(at('d/sub'), held);
    tree.makeSymlink(at('d/sub/m'), fromText('x'), sub);
    const up = tree.hold(at('d'), sub, '..' as ByteString);
    expect(up.stat().inode).toBe(held.stat().inode);
    held.setMetadata(meta(0o750));
    for (const one of [up, sub, held]) one.close();
    expect(fs.readdirSync(join(folder, 'theirs'))).toEqual([]);
    expect(fs.readdirSync(join(folder, 'away')).sort()).toEqual(['f', 'l', 'p', 'sub']);
    expect(fs.readdirSync(join(folder, 'away/sub'))).toEqual(['m']);
    expect(look('away')).toEqual([0o040750, ...own(), 1_000_000_000]);
    expect(look('away/f')[0]).toBe(0o100640);
  });

  it('is none where a link or a file is', () => {
    fs.writeFileSync(join(folder, 'file'), '');
    fs.symlinkSync('.', join(folder, 'link'));
    for (const name of ['file', 'link'])
      expect(failureOf(() => tree.hold(at(name)))[1]).toMatch(
        new RegExp(`^cannot open .*/${name}: .* \\((ENOTDIR|ELOOP)\\)$`),
      );
  });

  it('keeps signals from being lost', () => {
    const before = process.listenerCount('SIGINT');
    tree.makeDirectory(at('d'));
    const [one, two] = [tree.hold(at('d')), tree.hold(at('d'))];
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    one.close();
    expect(process.listenerCount('SIGINT')).toBe(before + 1);
    two.close();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('a new tree gives nothing to no one', () => {
  it.each([2 ** 32 - 1, 2 ** 32, -1])('with the owner %d', (id) => {
    const owner = { uid: id, gid: 0 };
    const file = tree.createFile(at('f'));
    const refused = ['EINVAL', `owner ${String(id)} is no one, expected 0 to 4294967294`];
    expect(
      failureOf(() => {
        file.commit(meta(0o6755, owner));
      }),
    ).toEqual(refused);
    file.discard();
    tree.makeDirectory(at('d'));
    expect(
      failureOf(() => {
        tree.setMetadata(at('d'), meta(0o6755, owner));
      }),
    ).toEqual(refused);
    tree.makeSymlink(at('l'), fromText('x'));
    expect(
      failureOf(() => {
        tree.setMetadata(at('l'), meta(0o6755, owner));
      }),
    ).toEqual(refused);
    expect(fs.readdirSync(folder).sort()).toEqual(['d', 'l']);
    expect(look('d')[0]).toBe(0o040700);
  });
});

describe('a new tree says in one line what failed', () => {
  it('where there is no directory', () => {
    const why = (call: () => void): readonly [string, string] | 'no failure' => failureOf(call);
    const path = at('no/x');
    const shown = join(folder, 'no/x');
    expect([
      why(() => {
        tree.makeDirectory(path);
      }),
      why(() => {
        tree.makeSpecial(path, { type: 'fifo' });
      }),
      why(() => tree.createFile(path)),
      why(() => {
        tree.setMetadata(path, meta(0));
      }),
    ]).toEqual([
      ['ENOENT', `cannot create ${shown}: no such file or directory (ENOENT)`],
      ['ENOENT', `cannot create ${shown}: mkfifo: No such file or directory`],
      ['ENOENT', `cannot create ${shown}: no such file or directory (ENOENT)`],
      ['ENOENT', `cannot set owner, mode or time of ${shown}: no such file or directory (ENOENT)`],
    ]);
  });

  it('without the programs it needs', () => {
    const path = process.env['PATH'];
    try {
      process.env['PATH'] = folder;
      expect(
        failureOf(() => {
          tree.makeSpecial(at('p'), { type: 'fifo' });
        }),
      ).toEqual([
        'EIO',
        `cannot create ${join(folder, 'p')}: xargs cannot be run, expected it in PATH`,
      ]);
      fs.symlinkSync('/usr/bin/xargs', join(folder, 'xargs'));
      expect(
        failureOf(() => {
          tree.makeSpecial(at('p'), { type: 'fifo' });
        }),
      ).toEqual([
        'EIO',
        `cannot create ${join(folder, 'p')}: mkfifo cannot be run, expected it in PATH`,
      ]);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
