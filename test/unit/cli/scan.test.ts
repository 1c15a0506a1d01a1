import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { scanTree } from '../../../src/cli/scan.ts';
import type { ScannedTree } from '../../../src/cli/scan.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { TreeDirectory, TreeEntry, TreeFile } from '../../../src/mkfs/tree.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes } from '../../support/sample-data.ts';

const scan = (host: FakeHost, path = '/tree'): Promise<ScannedTree> =>
  scanTree(host.files, fromText(path));

const contentOf = (entry: TreeEntry | undefined): Uint8Array => {
  const content = (entry as TreeFile).content;
  if (content instanceof Uint8Array) return content;
  const read = content.read();
  return read instanceof Uint8Array ? read : Buffer.concat([...read]);
};

describe('scanTree', () => {
  it('takes everything over as lstat and readlink tell it', async () => {
    const host = new FakeHost()
      .directory('/tree', { mode: 0o1777, uid: 3 })
      .file('/tree/bin/prog', 'abc', { mode: 0o4755, uid: 1, gid: 2 })
      .symlink('/tree/l\udcff', '../x\udcfe')
      .special('/tree/null', 'char', { major: 1, minor: 3 })
      .special('/tree/disk', 'block', { major: 259, minor: 70000 })
      .special('/tree/pipe', 'fifo')
      .special('/tree/sock', 'socket');
    const { tree, fileBytes } = await scan(host);
    expect(fileBytes).toBe(3);
    expect(tree).toMatchObject({ type: 'dir', mode: 0o1777, uid: 3, gid: 0 });
    expect([...tree.entries.keys()]).toEqual(
      ['bin', 'disk', 'l\udcff', 'null', 'pipe', 'sock'].map(fromText),
    );
    const at = (name: string): TreeEntry | undefined => tree.entries.get(fromText(name));
    expect(at('l\udcff')).toMatchObject({ type: 'symlink', mode: 0o777, target: '../x\xfe' });
    expect(at('null')).toMatchObject({ type: 'char', rdev: { major: 1, minor: 3 } });
    expect(at('disk')).toMatchObject({ type: 'block', rdev: { major: 259, minor: 70000 } });
    expect(at('pipe')).toMatchObject({ type: 'fifo' });
    expect(at('sock')).toMatchObject({ type: 'socket' });
    const prog = (at('bin') as TreeDirectory).entries.get(fromText('prog'));
    expect(prog).toMatchObject({ type: 'file', mode: 0o4755, uid: 1, gid: 2 });
    expect(Buffer.from(contentOf(prog)).toString()).toBe('abc');
  });

  it('follows a symlink to the tree, and only that one', async () => {
    const host = new FakeHost({ '/real/f': 'x' })
      .symlink('/tree', 'real')
      .symlink('/real/d', '/real');
    const { tree } = await scan(host);
    expect(tree.entries.get(fromText('d'))?.type).toBe('symlink');
    expect((await scan(host, '/tree/')).tree.entries.size).toBe(2);
  });

  it('makes names of one inode one object, and counts its bytes for each', async () => {
    const host = new FakeHost({ '/tree/a/one': 'abc', '/tree/other': 'abc' })
      .link('/tree/two', '/tree/a/one')
      .special('/tree/pipe', 'fifo')
      .link('/tree/a/pipe', '/tree/pipe');
    const { tree, fileBytes } = await scan(host);
    const at = (name: string): TreeEntry | undefined => tree.entries.get(fromText(name));
    const inA = (at('a') as TreeDirectory).entries;
    expect(at('two')).toBe(inA.get(fromText('one')));
    expect(at('pipe')).toBe(inA.get(fromText('pipe')));
    expect(at('other')).not.toBe(at('two'));
    expect(fileBytes).toBe(9);
  });

  it('reads large files in pieces', async () => {
    const content = noiseBytes(1024 * 1024 * 2 + 5);
    const { tree } = await scan(new FakeHost({ '/tree/f': content }));
    expect(Buffer.compare(contentOf(tree.entries.get(fromText('f'))), content)).toBe(0);
  });

  it('gives what an image holds in the end', async () => {
    const host = new FakeHost({ '/tree/a/b': 'text', '/tree/c': noiseBytes(5000) });
    const { tree } = await scan(host);
    const image = await buildImage(tree);
    const copy = new ReferenceReader(image.toBytes()).tree();
    const c = copy.entries.get(fromText('c'));
    expect(comparableTree(c!)).toEqual(
      comparableTree({ ...(c as TreeFile), content: noiseBytes(5000) }),
    );
  });

  it.each([
    ['a file as the tree', new FakeHost({ '/tree': 'x' }), 'ENOTDIR', '/tree is not a directory'],
    ['no tree', new FakeHost(), 'ENOENT', 'cannot stat /tree: ENOENT'],
    [
      'an unlistable directory',
      new FakeHost({ '/tree/d/f': '' }).fail('list', '/tree/d', 'EACCES'),
      'EACCES',
      'cannot list /tree/d: EACCES',
    ],
    [
      'an entry that vanishes',
      new FakeHost({ '/tree/d/f': '' }).fail('stat', '/tree/d/f', 'ENOENT'),
      'ENOENT',
      'cannot stat /tree/d/f: ENOENT',
    ],
    [
      'an unknown type',
      new FakeHost().file('/tree/d/odd', '', { format: 0o150000 }),
      'EINVAL',
      '/tree/d/odd: unknown file type, mode 0150644',
    ],
  ] as const)('refuses %s', async (_name, host, code, message) => {
    await expect(scan(host)).rejects.toMatchObject({ code, message });
  });

  const host = (): FakeHost => new FakeHost({ '/tree/f': 'x'.repeat(5000) });
  const stale = '/tree/f changed while it was packed: 5000 bytes at first';
  it.each([
    [
      'cannot be opened',
      host().fail('open', '/tree/f', 'EACCES'),
      'EACCES',
      'cannot open /tree/f: EACCES',
    ],
    ['cannot be read', host().fail('read', '/tree/f', 'EIO'), 'EIO', 'cannot read /tree/f: EIO'],
    ['grows', host().resize('/tree/f', 5001), 'ESTALE', `${stale}, 5001 now`],
    ['shrinks', host().resize('/tree/f', 10), 'ESTALE', `${stale}, 10 now`],
    ['vanishes into nothing', host().resize('/tree/f', 0), 'ESTALE', `${stale}, 0 now`],
  ] as const)('fails when it comes to a file that %s', async (_name, faulty, code, message) => {
    const { tree } = await scan(faulty);
    expect(() => contentOf(tree.entries.get(fromText('f')))).toThrow(
      expect.objectContaining({ code, message }),
    );
  });

  const changing = (open: Partial<ReturnType<FakeHost['files']['open']>>): Promise<ScannedTree> => {
    const { files } = host();
    return scanTree(
      { ...files, open: (path) => ({ ...files.open(path), ...open }) },
      fromText('/tree'),
    );
  };
  const stat = (size: number, mode = 0o100644): ReturnType<FakeHost['files']['stat']> => ({
    ...{ mode, uid: 0, gid: 0, rdev: 0 },
    ...{ device: 1, inode: 3n, links: 1, modified: 0n, changed: 0n },
    size,
  });
  it('notices a change while it reads, a change of type, and closes the file every time', async () => {
    let closed = 0;
    const close = (): void => {
      closed += 1;
    };
    const sizes = [5000, 6000];
    const grown = changing({ stat: () => stat(sizes.shift() ?? 0), close });
    const cut = changing({ stat: () => stat(5000), readAt: () => 100, close });
    const replaced = changing({ stat: () => stat(5000, 0o010644), close });
    const scanned = await Promise.all([grown, cut, replaced]);
    const messages = scanned.map(({ tree }) => {
      try {
        return String(contentOf(tree.entries.get(fromText('f'))).length);
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages).toEqual([
      `${stale}, 6000 now`,
      `${stale}, only 100 could be read`,
      `${stale}, another type of file now`,
    ]);
    expect(closed).toBe(3);
  });

  it.each<[string, Partial<ReturnType<typeof stat>>, string]>([
    ['its content', { modified: 1n, changed: 1n }, 'and changed since'],
    ['its content, and sets the time back', { changed: 1n }, 'and changed since'],
    ['the file', { inode: 9n }, 'another file of that name now'],
  ])('notices who replaces %s by as many bytes', async (_what, change, text) => {
    const { tree } = await changing({ stat: () => ({ ...stat(5000), ...change }) });
    expect(() => contentOf(tree.entries.get(fromText('f')))).toThrow(`${stale}, ${text}`);
  });

  it('reads a part of a file again, checks it, and closes the file every time', async () => {
    const into = new Uint8Array(3);
    const readAgain = async (scanned: Promise<ScannedTree>): Promise<void> => {
      const { content } = (await scanned).tree.entries.get(fromText('f')) as TreeFile;
      if (!(content instanceof Uint8Array)) content.readAt?.(into, 4997);
    };
    await readAgain(scan(new FakeHost({ '/tree/f': `${'x'.repeat(4996)}-abc` })));
    expect(Buffer.from(into).toString()).toBe('abc');
    let closed = 0;
    const close = (): void => {
      closed += 1;
    };
    await expect(readAgain(changing({ stat: () => stat(6000), close }))).rejects.toThrow(
      `${stale}, 6000 now`,
    );
    await expect(readAgain(changing({ readAt: () => 2, close }))).rejects.toThrow(
      `${stale}, only 4999 could be read`,
    );
    expect(closed).toBe(2);
  });

  it('notices who writes as many bytes while it reads', async () => {
    const faulty = host();
    const { tree } = await scan(faulty);
    const { content } = tree.entries.get(fromText('f')) as TreeFile;
    if (content instanceof Uint8Array) throw new TypeError('content is read when it is asked for');
    const read = () => {
      for (const piece of content.read()) {
        expect(piece).toHaveLength(5000);
        faulty.rewrite('/tree/f', 'y'.repeat(5000));
      }
    };
    expect(read).toThrow(`${stale}, and changed since`);
  });

  it('pauses in a large directory', async () => {
    const names = Array.from({ length: 600 }, (_, i) => [`/tree/${String(i)}`, ''] as const);
    const large = new FakeHost(Object.fromEntries(names));
    await scanTree(large.files, fromText('/tree'), () => large.breathe());
    expect(large.breaths).toBe(2);
  });
});
