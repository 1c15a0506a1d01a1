import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { pages } from '../fs/patch.ts';
import type { Patch } from '../fs/patch.ts';
import { SPEC, golden, run } from './axfs-host.ts';
import { compatPatch } from './compat-image.ts';

const IMAGE = 'rootfs.axfs';

/** The parts of the answer that tests look into. */
interface Answer {
  readonly path: string;
  readonly steps: readonly {
    readonly path: string;
    readonly inode: number;
    readonly type: string;
  }[];
  readonly inode: number;
  readonly type: string;
  readonly entries: readonly Entry[];
  readonly children?: unknown;
  readonly rdev?: unknown;
  readonly at?: unknown;
  readonly pages: readonly Page[];
}
interface Entry {
  readonly table: string;
  readonly index: number;
  readonly value: number;
  readonly depth: number;
  readonly imageOffset: number | null;
  readonly regionOffset: number;
  readonly bytes: string;
}
interface Page {
  readonly page: number;
  readonly node: number;
  readonly type: string;
  readonly entries: readonly Entry[];
  readonly error?: string;
}

async function explained(path: string, host?: FakeHost, image = IMAGE): Promise<Answer> {
  const { code, out, err } = await run(['explain', '--json', image, path], host);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Answer;
}

const hostOf = (patch: Patch): FakeHost => new FakeHost({ '/i': patch.bytes });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 16)).toString('hex');

describe('axfs explain', () => {
  it('shows the way to every kind of file', async () => {
    const patch = await compatPatch(SPEC, pages({ 'bin/prog': [0, 2] }));
    const texts = await Promise.all(
      [
        ...['bin/prog', 'bin/prog:8500', 'slink/sh', 'lib/noise', 'etc/empty', 'bin', 'tmp'],
        ...['dev/big', 'run/fifo', 'odd/raw\udcff', '/'],
      ].map(async (path) => {
        const { code, out, err } = await run(['explain', 'i', path], hostOf(patch));
        expect({ code, err }).toEqual({ code: 0, err: '' });
        return `$ axfs explain i ${JSON.stringify(path)}\n${out}`;
      }),
    );
    await expect(texts.join('\n')).toMatchFileSnapshot(golden('explain.txt'));
  });

  it('says of every table entry where its bytes are in the image', async () => {
    const patch = await compatPatch({ f: textBytes(9000) }, pages({ f: [0] }));
    const { entries, pages: all } = await explained('f', hostOf(patch), 'i');
    const bytes = Buffer.from(patch.bytes);
    const every = [...entries, ...all.flatMap((page) => page.entries)];
    expect(every.length).toBeGreaterThan(16);
    for (const entry of every) {
      const at = entry.imageOffset ?? -1;
      expect(bytes.subarray(at, at + entry.depth).toString('hex')).toBe(entry.bytes);
      expect(Number.parseInt(entry.bytes, 16)).toBe(entry.value);
    }
  });

  it('explains pages of all three types', async () => {
    const patch = await compatPatch(
      { a: textBytes(4096 * 2 + 100), b: noiseBytes(5000) },
      pages({ a: [0, 2] }),
    );
    const [a, b] = [
      await explained('a', hostOf(patch), 'i'),
      await explained('b', hostOf(patch), 'i'),
    ];
    const xip = patch.of('xip', 'fsoffset');
    expect(a.pages).toMatchObject([
      {
        ...{ page: 0, node: 0, type: 'xip', index: 0, region: 'xip', regionOffset: 0 },
        ...{ imageOffset: xip, frame: xip / 4096, storedBytes: 4096, expandedBytes: 4096 },
        ...{ fileBytes: 4096, firstBytes: hex(textBytes(16)) },
      },
      {
        ...{ page: 1, type: 'compressed', cblock: 0, cnodeOffset: 0, region: 'compressed' },
        ...{ imageOffset: patch.of('compressed', 'fsoffset'), expandedBytes: 4096 },
        storedBytes: patch.entry('cblock_offset', 1),
      },
      { page: 2, fileBytes: 100 },
    ]);
    expect(b.pages).toMatchObject([
      { type: 'byteAligned', region: 'byte_aligned', storedBytes: 4096 },
      { type: 'byteAligned', storedBytes: 904, firstBytes: hex(noiseBytes(5000).subarray(4096)) },
    ]);
    expect(a.pages[0]).not.toHaveProperty('content');
  });

  it('of a byte shows its page alone, with the look-ups', async () => {
    const answer = await explained('bin/prog:5000');
    expect(answer.at).toEqual({ offset: 5000, page: 1, inPage: 904 });
    expect(answer.pages.map(({ page }) => page)).toEqual([1]);
    expect(answer.pages[0]?.entries.map(({ table }) => table)).toEqual([
      ...['node_type', 'node_index', 'cnode_index', 'cnode_offset', 'cblock_offset'],
      'cblock_offset',
    ]);
    for (const [path, page] of [
      ['bin/prog:0', 0],
      ['bin/prog:4095', 0],
      ['bin/prog:4096', 1],
      ['bin/prog:8999', 2],
    ] as const)
      expect((await explained(path)).pages.map((row) => row.page)).toEqual([page]);
  });

  it('knows directories, devices and links', async () => {
    const [bin, tmp, big, link] = await Promise.all(
      ['bin', 'tmp', 'dev/big', 'bin/sh'].map((path) => explained(path)),
    );
    expect([bin?.children, tmp?.children]).toEqual([{ first: 9, last: 10 }, undefined]);
    expect(big?.rdev).toEqual({ raw: 0x11110370, major: 259, minor: 70000 });
    expect([link?.type, link?.pages.length]).toEqual(['symlink', 1]);
    const through = await explained('slink/../bin/./sh');
    expect(through.steps.map(({ path, type }) => `${path} ${type}`)).toEqual([
      ...['. dir', 'slink symlink', 'slink/ dir', 'slink/.. dir'],
      ...['slink/../bin dir', 'slink/../bin/sh symlink'],
    ]);
    expect((await explained('slink/')).type).toBe('dir');
  });

  it('says when an entry has no place of its own, in a region that is stored compressed', async () => {
    const patch = await compatPatch({ f: 'text' });
    const { deflateSync } = await import('node:zlib');
    const plain = patch.region('modes');
    const stored = deflateSync(plain);
    patch.replace('modes', stored);
    patch
      .describe('modes', 'size', plain.length)
      .describe('modes', 'compressed_size', stored.length);
    const { entries } = await explained('f', hostOf(patch), 'i');
    expect(entries.find(({ table }) => table === 'modes')).toMatchObject({
      imageOffset: null,
      regionOffset: 4,
      bytes: '000081a4',
    });
    const { out } = await run(['explain', 'i', 'f'], hostOf(patch));
    expect(out).toMatch(/modes +1 +33188 +4 +\+4 +000081a4/);
  });

  it('prints a table every 1024 pages', async () => {
    const patch = await compatPatch({ f: new Uint8Array(4096 * 1500) });
    const { out } = await run(['explain', 'i', 'f'], hostOf(patch));
    expect(out.match(/^pages$/gm)).toHaveLength(2);
    expect(out.match(/ compressed /g)?.length).toBeGreaterThanOrEqual(1500);
  });
});

describe('PATH:OFFSET of axfs explain', () => {
  const host = async (): Promise<FakeHost> =>
    hostOf(await compatPatch({ 'a:1': 'colon', 'a:1:2': 'two', b: 'bee', 'd:5/x': 'deep', e: '' }));

  it.each([
    ['a:1', 'a:1', undefined],
    ['a:1:2', 'a:1:2', undefined],
    ['a:1:3', 'a:1', 3],
    ['a:1:2:1', 'a:1:2', 1],
    ['b:2', 'b', 2],
    ['b:000', 'b', 0],
    ['d:5/x', 'd:5/x', undefined],
    ['d:5/x:3', 'd:5/x', 3],
    ['d:5', 'd:5', undefined],
  ])('%s is %s at %s', async (argument, path, offset) => {
    const answer = await explained(argument, await host(), 'i');
    expect(answer.path).toBe(path);
    expect((answer.at as { offset: number } | undefined)?.offset).toBe(offset);
  });

  it.each([
    ['b:3', 'i: b: offset 3 lies behind the end, expected 0 to 2'],
    [
      'b:99999999999999999999',
      'i: b: offset 99999999999999999999 lies behind the end, expected 0 to 2',
    ],
    ['e:0', 'i: e: offset 0 is asked for, but it is empty'],
    ['d:5:1', 'i: d:5: offset 1 is asked for in a dir, expected a file or a symlink'],
    ['nowhere', 'i: nowhere: no such file or directory'],
    ['nowhere:3', 'i: nowhere: no such file or directory'],
    ['b:x', 'i: b:x: no such file or directory'],
    ['b/c:1', "i: b/c: 'c' is looked for in a file"],
  ])('%s is refused', async (argument, message) => {
    expect(await run(['explain', 'i', argument], await host())).toMatchObject({
      code: 8,
      out: '',
      err: `axfs: ${message}\n`,
    });
  });
});

describe('axfs explain of a damaged image', () => {
  const damaged = async (): Promise<FakeHost> => {
    const patch = await compatPatch({ f: textBytes(9000), l: { type: 'symlink', target: 'f' } });
    patch.poke('compressed', patch.entry('cblock_offset', 1), 0);
    patch.setEntry('node_type', 3, 7);
    return hostOf(patch);
  };
  const WHAT = 'i: node 1: cblock 1 does not expand: damaged zlib stream: incorrect header check';

  it('explains the pages that are whole, and what is wrong with the others', async () => {
    const { code, out, err } = await run(['explain', 'i', 'f'], await damaged());
    expect({ code, err }).toEqual({ code: 8, err: 'axfs: i: f: 1 page damaged, expected none\n' });
    expect(out).toMatch(/^ +1 +1 {2}damaged$/m);
    expect(out).toContain(`  page 1: ${WHAT}\n`);
    const json = await run(['explain', '--json', 'i', 'f'], await damaged());
    expect(json.code).toBe(8);
    expect((JSON.parse(json.out) as Answer).pages).toMatchObject([
      { page: 0, type: 'compressed' },
      { page: 1, node: 1, error: WHAT },
      { page: 2, type: 'compressed' },
    ]);
    expect((await run(['explain', 'i', 'f:4096'], await damaged())).out).not.toContain('look-ups');
  });

  it('does so for a link, too', async () => {
    const { code, out } = await run(['explain', 'i', 'l'], await damaged());
    expect(code).toBe(8);
    expect(out).toContain('target damaged; page is node 3');
    expect(out).toContain('node type is 7, expected 0, 1 or 2');
  });

  it('names the table that has no such entry', async () => {
    const patch = (await compatPatch({ f: 'x' })).setEntry('inode_mode_index', 1, 99);
    expect(await run(['explain', 'i', 'f'], hostOf(patch))).toMatchObject({
      code: 8,
      out: '',
      err: 'axfs: i: table modes has 2 entries, but entry 99 is asked for\n',
    });
  });
});
