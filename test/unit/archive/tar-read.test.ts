import { describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { TAR_FIELDS, checksumsOf } from '../../../src/archive/tar-fields.ts';
import { paxRecord } from '../../../src/archive/tar-pax.ts';
import { looksLikeTar, readTar } from '../../../src/archive/tar-read.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import {
  contentBackwards,
  fileEntry,
  inputOf,
  meta,
  plainEntry,
  refusal,
  tarOf,
} from '../../support/archives.ts';
import { gnuArchive, holesContent } from '../../support/gnu-archives.ts';
import type { GnuArchive } from '../../support/gnu-archives.ts';

type Fields = Partial<Record<keyof typeof TAR_FIELDS, string>>;

/** A header with fields as text, its checksum right. */
function header(fields: Fields): Buffer {
  const block = Buffer.alloc(512);
  const all: Fields = { mode: '0000644', type: '0', size: '0', magic: 'ustar\0', ...fields };
  for (const [field, text] of Object.entries(all))
    block.write(text, TAR_FIELDS[field as keyof typeof TAR_FIELDS][0], 'latin1');
  const { unsigned } = checksumsOf(block);
  block.write(`${unsigned.toString(8).padStart(6, '0')}\0 `, TAR_FIELDS.checksum[0]);
  return block;
}

/** Text padded to whole blocks. */
const blocks = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
};
const END = Buffer.alloc(1024);
const octal = (value: number): string => value.toString(8);

/** A header of another entry with `text` as its content: pax records or a long name. */
const extension = (type: string, text: string): Buffer =>
  Buffer.concat([header({ name: 'ext', type, size: octal(text.length) }), blocks(text)]);
const pax = (...records: readonly [string, string][]): Buffer =>
  extension('x', records.map(([keyword, value]) => paxRecord(keyword, value)).join(''));

const read = (...parts: readonly Uint8Array[]): readonly ArchiveEntry[] =>
  readTar(inputOf(Buffer.concat([...parts, END]))).entries;
const plain = (...parts: readonly Uint8Array[]): unknown[] => read(...parts).map(plainEntry);
const base256 = (value: number, length: number): string => {
  const bytes = Buffer.alloc(length);
  bytes.writeBigInt64BE(BigInt(value), length - 8);
  if (value < 0) bytes.fill(0xff, 0, length - 8);
  bytes[0] = bytes[0]! | 0x80;
  return bytes.toString('latin1');
};

describe('archives of GNU tar', () => {
  const small = [
    { path: 'd', type: 'dir' },
    { path: 'd/f', type: 'file', content: 'hello\n', uid: 12, gid: 34, mtime: 1e9, mode: 0o644 },
    { path: 'd/link', type: 'hardlink', linkTarget: 'd/f' },
    { path: 'd/sym', type: 'symlink', linkTarget: 'f' },
  ];
  const long = `${'n'.repeat(150)}/${'m'.repeat(200)}`;
  const longs = [
    { path: 'n'.repeat(150), type: 'dir' },
    { path: long, type: 'file', content: 'long\n' },
    { path: 'll', type: 'symlink', linkTarget: long },
  ];
  const byPath = (entries: readonly { readonly path: string }[]): unknown[] =>
    [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));

  it.each<[GnuArchive, readonly { readonly path: string }[]]>([
    ['v7.tar', small],
    ['ustar.tar', [...small, { path: 'pipe', type: 'fifo' }]],
    ['pax.tar', [...small, ...longs]],
    ['long-gnu.tar', longs],
  ])('%s', (name, expected) => {
    const { entries, ignored } = readTar(inputOf(gnuArchive(name)));
    expect(byPath(entries.map((entry) => plainEntry(entry) as { path: string }))).toMatchObject(
      byPath(expected),
    );
    expect([...ignored]).toEqual([]);
    for (const entry of entries)
      if (entry.type === 'file')
        expect(contentBackwards(entry)).toEqual(Buffer.concat([...entry.content.read()]));
  });

  it.each<GnuArchive>(['sparse-gnu.tar', 'sparse-0.0.tar', 'sparse-0.1.tar', 'sparse-1.0.tar'])(
    '%s: holes read as zeros',
    (name) => {
      const { entries } = readTar(inputOf(gnuArchive(name)));
      expect(entries.map(({ path, type }) => [path, type])).toEqual([
        ['holes', 'file'],
        ['hole', 'file'],
      ]);
      const [holes, hole] = entries.map((entry) => {
        if (entry.type !== 'file') throw new TypeError('a file');
        const pieces = [...entry.content.read()];
        expect(pieces.every(({ length }) => length <= 1024 * 1024)).toBe(true);
        const content = Buffer.concat(pieces);
        expect(content.length).toBe(entry.content.size);
        return content;
      });
      expect(Buffer.compare(holes!, holesContent())).toBe(0);
      expect(Buffer.compare(hole!, Buffer.alloc(10_000))).toBe(0);
      expect(Buffer.compare(contentBackwards(entries[0]!), holes!)).toBe(0);
      expect(Buffer.compare(contentBackwards(entries[1]!), hole!)).toBe(0);
    },
  );
});

describe('headers', () => {
  it('joins the prefix of POSIX, not of GNU, and a shorter one of star', () => {
    const fields = { name: 'n', prefix: 'p/q' };
    expect(read(header(fields))[0]?.path).toBe('p/q/n');
    expect(read(header({ ...fields, magic: 'ustar ' }))[0]?.path).toBe('n');
    const star = { ...fields, prefix: `${'p'.repeat(131)}00000`, starMagic: 'tar\0' };
    expect(read(header(star))[0]?.path).toBe(`${'p'.repeat(131)}/n`);
  });

  it('reads numbers in octal, padded or not, and in base 256', () => {
    const [entry] = plain(
      header({
        name: 'f',
        uid: base256(3_000_000_000, 8),
        gid: '     7 \0',
        mtime: base256(-2, 12),
        mode: '0104755\0',
      }),
    );
    expect(entry).toMatchObject({ uid: 3_000_000_000, gid: 7, mtime: -2, mode: 0o4755 });
    const device = { name: 'd', type: '3', devmajor: base256(259, 8), devminor: '3641100\0' };
    expect(read(header(device))[0]).toMatchObject({
      type: 'char',
      rdev: { major: 259, minor: 1_000_000 },
    });
    expect(read(header({ ...device, type: '4' }))[0]?.type).toBe('block');
  });

  it('takes a name that ends in a slash for a directory, and the checksum of old signed tars', () => {
    expect(read(header({ name: 'old/', type: '\0', magic: '' }))[0]).toMatchObject({
      type: 'dir',
      path: 'old',
    });
    const block = header({ name: 'f\xff' });
    const { signed } = checksumsOf(block);
    block.write(`${signed.toString(8).padStart(6, '0')}\0 `, TAR_FIELDS.checksum[0]);
    expect(read(block)[0]?.path).toBe('f\xff');
  });

  it('normalises paths: no ./, no empty component, the root is empty', () => {
    expect(read(header({ name: './', type: '5' }))[0]?.path).toBe('');
    expect(read(header({ name: './a//b/./c/', type: '5' }))[0]?.path).toBe('a/b/c');
  });

  it('knows contiguous files, directories with a list, labels; no content of devices is skipped', () => {
    expect(
      plain(
        header({ name: 'label', type: 'V' }),
        header({ name: 'd', type: 'D', size: '5' }),
        blocks('Yf\0\0'),
        header({ name: 'd/f', type: '7', size: '2' }),
        blocks('ab'),
        header({ name: 'fifo', type: '6', size: '777' }),
      ),
    ).toMatchObject([
      { path: 'd', type: 'dir' },
      { path: 'd/f', content: 'ab' },
      { path: 'fifo', type: 'fifo' },
    ]);
  });

  it('finds out whether a hard link with a size has content', () => {
    const link = header({ name: 'l', type: '1', linkname: './f', size: '3' });
    const next = header({ name: 'g' });
    expect(plain(link, next)).toEqual(plain(link, blocks('abc'), next));
    expect(plain(link, next)).toMatchObject([{ linkTarget: 'f' }, { path: 'g' }]);
  });
});

describe('extended headers', () => {
  it('override what the header says', () => {
    expect(
      plain(
        pax(
          ['path', 'x\n\xff'],
          ['size', '3'],
          ['uid', '4000000000'],
          ['gid', '9'],
          ['mtime', '-1.5'],
          ['hdrcharset', 'BINARY'],
        ),
        header({ name: 'f', uid: 'garbage' }),
        blocks('abc'),
      ),
    ).toEqual([
      {
        ...meta('', { uid: 4_000_000_000, gid: 9, mtime: -2 }),
        path: 'x\n\xff',
        type: 'file',
        content: 'abc',
      },
    ]);
    expect(plain(pax(['linkpath', 't']), header({ name: 's', type: '2' }))).toMatchObject([
      { type: 'symlink', linkTarget: 't' },
    ]);
  });

  it('global records hold until they change; an empty value takes one back', () => {
    const global = (keyword: string, value: string): Buffer =>
      extension('g', paxRecord(keyword, value));
    const f = header({ name: 'f', uid: '1' });
    const uids = read(
      global('uid', '5'),
      f,
      pax(['uid', '6']),
      f,
      pax(['uid', '']),
      f,
      f,
      global('uid', ''),
      f,
    ).map(({ uid }) => uid);
    expect(uids).toEqual([5, 6, 1, 5, 1]);
  });

  it('counts the keywords that no image can hold', () => {
    const xattr = pax(['SCHILY.xattr.user.a', 'b'], ['atime', '1'], ['uname', 'x']);
    const { ignored } = readTar(
      inputOf(Buffer.concat([xattr, header({ name: 'f' }), xattr, header({ name: 'g' }), END])),
    );
    expect([...ignored]).toEqual([['SCHILY.xattr.user.a', 2]]);
  });

  it('joins GNU long names and links', () => {
    expect(
      read(
        extension('L', 'long name\0'),
        extension('K', 'long link\0'),
        header({ name: 's', type: '2' }),
        header({ name: 't', type: '2', linkname: 'u' }),
      ),
    ).toMatchObject([
      { path: 'long name', linkTarget: 'long link' },
      { path: 't', linkTarget: 'u' },
    ]);
  });

  it('reads sizes above 8 GiB exactly, and their contents only when asked', () => {
    const size = 9 * 2 ** 30 + 5;
    const start = header({ name: 'big', size: base256(size, 12) });
    const total = 512 + Math.ceil(size / 512) * 512 + 1024;
    const reads: number[] = [];
    const input = {
      name: 'big.tar',
      size: total,
      readAt(into: Uint8Array, position: number) {
        reads.push(into.length);
        into.fill(0);
        if (position === 0) into.set(start);
        return Math.min(into.length, total - position);
      },
    };
    const [entry] = readTar(input).entries;
    expect(reads).toEqual([512, 512, 512]);
    if (entry?.type !== 'file') throw new TypeError('a file');
    expect(entry.content.size).toBe(size);
    const [piece] = entry.content.read();
    expect(piece?.length).toBe(1024 * 1024);
  });

  it('reads sparse files of 16 TiB whose map is one region', () => {
    const size = 2 ** 44;
    const [entry] = read(
      pax(['GNU.sparse.size', String(size)], ['GNU.sparse.map', `${String(size - 3)},3`]),
      header({ name: 'huge', size: '3' }),
      blocks('end'),
    );
    if (entry?.type !== 'file') throw new TypeError('a file');
    expect(entry.content.size).toBe(size);
    const [piece] = entry.content.read();
    expect(piece?.every((byte) => byte === 0)).toBe(true);
  });
});

describe('refuses', () => {
  const f = header({ name: 'f' });
  it.each<[string, readonly Uint8Array[], string]>([
    ['an empty input', [], 'EIO a.tar: header at offset 0: the archive ends at 0'],
    ['a wrong checksum', [Buffer.from(f).fill('x', 0, 1)], 'header at offset 0: its checksum is'],
    ['a lone zero block', [Buffer.alloc(512), f, END], 'offset 0: a single zero block'],
    ['garbage at the end', [f, END, Buffer.from('x')], 'offset 512: more bytes follow the end'],
    [
      'an absolute path',
      [header({ name: '/etc/x' }), END],
      'entry /etc/x at offset 0: its path is',
    ],
    ['..', [header({ name: 'a/../b' }), END], "its path contains '..'"],
    ['an empty name', [header({}), END], 'entry . at offset 0: its path is empty'],
    [
      'a path of more than 4095 bytes',
      [pax(['path', 'd/'.repeat(2047) + 'ff']), f, END],
      'its path has more than 4095 bytes',
    ],
    ['a NUL in a pax path', [pax(['path', 'a\0b']), f, END], 'its path contains a NUL byte'],
    ['a NUL in a long name', [extension('L', 'a\0b\0'), f, END], 'its long name contains a NUL'],
    ['.. in a hard link', [header({ name: 'l', type: '1', linkname: '../x' })], 'its link target'],
    ['an empty symlink', [header({ name: 'l', type: '2' }), END], 'its link target is empty'],
    [
      'an unknown type',
      [header({ name: 'f', type: 'M' }), END],
      "entry f at offset 0: its type is 'M'",
    ],
    ['no number', [header({ name: 'f', uid: '12x' }), END], "its uid is '12x"],
    ['a minus', [header({ name: 'f', size: '-1' }), END], "its size is '-1"],
    ['a negative size', [header({ name: 'f', size: base256(-1, 12) }), END], 'its size is -1'],
    ['a negative uid', [header({ name: 'f', uid: base256(-1, 8) }), END], 'its uid is -1'],
    [
      'a uid of 33 bits',
      [header({ name: 'f', uid: base256(2 ** 32, 8) }), END],
      'its uid is 4294967296',
    ],
    ['2^60', [header({ name: 'f', size: base256(2 ** 60, 12) }), END], 'expected less than 2^53'],
    ['a pax size of 2^64', [pax(['size', '18446744073709551616']), f, END], 'its size is'],
    ['a fraction', [pax(['uid', '1.5']), f, END], "its uid is '1.5'"],
    [
      'content beyond the end',
      [header({ name: 'f', size: '77777' })],
      'EIO a.tar: entry f at offset 0',
    ],
    ['an extended header beyond the end', [header({ name: 'x', type: 'x', size: '7777' })], 'EIO'],
    [
      'a huge extended header',
      [header({ name: 'x', type: 'x', size: base256(2 ** 40, 12) })],
      'EINVAL',
    ],
    [
      'a header that extends nothing',
      [pax(['uid', '1']), END],
      'expected the entry of the last header',
    ],
    [
      'a pax record without length',
      [extension('x', 'uid=1\n'), f, END],
      'pax record at byte 0 has no',
    ],
    ['a pax record of a wrong length', [extension('x', '7 uid=1\n'), f, END], 'has length 7'],
    ['a pax record of a great length', [extension('x', '99 uid=1\n'), f, END], 'has length 99'],
    ['a pax record without keyword', [extension('x', '6 =aa\n'), f, END], 'has no keyword'],
    [
      'sparse 2.0',
      [pax(['GNU.sparse.major', '2'], ['GNU.sparse.size', '1']), f, END],
      'format is 2.0',
    ],
    ['sparse without size', [pax(['GNU.sparse.map', '']), f, END], 'a sparse file says no size'],
    ['an odd map', [pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '1,2,3']), f, END], 'pairs'],
    ['overlap', [pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '2,2,3,1']), f, END], 'is 3+1'],
    [
      'a region outside',
      [pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '8,2']), f, END],
      'is 8+2',
    ],
    [
      'a wrong sum',
      [pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '1,2']), f, END],
      'have 2 bytes',
    ],
    [
      'a map in data that does not end',
      [
        pax(['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.realsize', '9']),
        header({ name: 'f', size: '1000' }),
        blocks('999\n'.padEnd(512, '1\n')),
        END,
      ],
      'its sparse map',
    ],
  ])('%s', (_what, parts, message) => {
    const bytes = Buffer.concat(parts);
    const text = refusal(() => readTar(inputOf(bytes)));
    expect(text).toContain(message);
    expect(text).toMatch(/^(EINVAL|EIO) a\.tar: (entry .* at|header at) offset \d+: .*$/);
  });

  it('says when the archive shrinks while it is read', () => {
    const bytes = tarOf(fileEntry('f', 'x'.repeat(1000)));
    const input = inputOf(bytes);
    const [entry] = readTar({
      ...input,
      readAt: (into, position) => (into.length === 1000 ? 9 : input.readAt(into, position)),
    }).entries;
    expect(refusal(() => plainEntry(entry!))).toBe(
      'EIO a.tar: entry f at offset 0: the archive ended at 521 while it was read, expected 2560 bytes',
    );
  });

  it('every truncation, up to the end marker', () => {
    const bytes = Buffer.concat([
      pax(['path', 'p'.repeat(600)]),
      header({ name: 'f', size: '5' }),
      blocks('hello'),
      END,
    ]);
    for (let size = 0; size < bytes.length; size += 1)
      expect(refusal(() => readTar(inputOf(bytes.subarray(0, size))))).toMatch(/^(EIO|EINVAL) /);
    expect(readTar(inputOf(bytes)).entries).toHaveLength(1);
    for (const name of ['sparse-1.0.tar', 'long-gnu.tar', 'sparse-gnu.tar'] as const) {
      const whole = gnuArchive(name);
      for (let size = 0; size < whole.length; size += 37)
        expect(() => readTar(inputOf(whole.subarray(0, size)))).toThrow(AxfsError);
    }
  });
});

describe('looksLikeTar', () => {
  it('knows headers and the end of an empty archive', () => {
    expect(looksLikeTar(header({ name: 'f' }))).toBe(true);
    expect(looksLikeTar(new Uint8Array(512))).toBe(true);
    expect(looksLikeTar(new Uint8Array(511))).toBe(false);
    expect(looksLikeTar(Buffer.alloc(512, 'x'))).toBe(false);
    expect(read()).toEqual([]);
  });
});
