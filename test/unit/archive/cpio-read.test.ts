import { describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { CPIO_FIELDS, looksLikeCpio, readCpio } from '../../../src/archive/cpio-read.ts';
import {
  contentBackwards,
  cpioOf,
  fileEntry,
  inputOf,
  meta,
  plainEntry,
  refusal,
} from '../../support/archives.ts';
import { gnuArchive } from '../../support/gnu-archives.ts';

type Fields = Partial<Record<(typeof CPIO_FIELDS)[number] | 'magic', number | string>>;

/** An entry from text: header, name, content, all padded. */
function member(name: string, content = '', fields: Fields = {}): Buffer {
  const all: Fields = {
    mode: 0o100644,
    nlink: 1,
    filesize: content.length,
    namesize: name.length + 1,
    ...fields,
  };
  const digits = CPIO_FIELDS.map((field) => {
    const value = all[field] ?? 0;
    return typeof value === 'string' ? value : value.toString(16).padStart(8, '0');
  });
  const pad = (text: string): string => text + '\0'.repeat((4 - (text.length % 4)) % 4);
  const head = pad(`${String(all.magic ?? '070701')}${digits.join('')}${name}\0`);
  return Buffer.from(pad(head + content), 'latin1');
}
const TRAILER = member('TRAILER!!!');
const read = (...parts: readonly Uint8Array[]): readonly ArchiveEntry[] =>
  readCpio(inputOf(Buffer.concat(parts), 'a.cpio')).entries;
const plain = (...parts: readonly Uint8Array[]): unknown[] => read(...parts).map(plainEntry);

describe('archives of GNU cpio', () => {
  const small = [
    { path: 'd', type: 'dir', mode: 0o755 },
    { path: 'd/f', type: 'file', content: 'hello\n', uid: 12, gid: 34, mtime: 1e9 },
    { path: 'd/link', type: 'hardlink', linkTarget: 'd/f' },
    { path: 'd/sym', type: 'symlink', linkTarget: 'f' },
  ];
  it.each([
    ['newc.cpio', [...small, { path: 'pipe', type: 'fifo' }]],
    ['crc.cpio', small],
  ] as const)('%s', (name, expected) => {
    expect(looksLikeCpio(gnuArchive(name))).toBe(true);
    expect(plain(gnuArchive(name))).toMatchObject(expected);
    const file = read(gnuArchive(name)).find(({ type }) => type === 'file')!;
    expect(contentBackwards(file).toString()).toBe('hello\n');
  });
});

describe('readCpio', () => {
  it('reads every type', () => {
    expect(
      read(
        member('.', '', { mode: 0o41755, uid: 4_000_000_000 }),
        member('./c', '', { mode: 0o20600, rdevmajor: 5, rdevminor: 70000 }),
        member('b', '', { mode: 0o60600, rdevmajor: 7 }),
        member('s', '', { mode: 0o140777 }),
        member('p', '', { mode: 0o10640 }),
        member('l', 'a\xff\n', { mode: 0o120777 }),
        member('m', 'a\0', { mode: 0o120777 }),
        TRAILER,
      ),
    ).toMatchObject([
      { path: '', type: 'dir', mode: 0o1755, uid: 4_000_000_000 },
      { path: 'c', type: 'char', rdev: { major: 5, minor: 70000 } },
      { path: 'b', type: 'block', rdev: { major: 7, minor: 0 } },
      { path: 's', type: 'socket' },
      { path: 'p', type: 'fifo' },
      { path: 'l', type: 'symlink', linkTarget: 'a\xff\n' },
      { path: 'm', linkTarget: 'a' },
    ]);
  });

  it('gives the first name the content of the last that has one', () => {
    const linked = { nlink: 2, ino: 7, uid: 1 };
    expect(
      plain(
        member('a', '', linked),
        member('other', 'o', { nlink: 2, ino: 7, devminor: 1 }),
        member('pipe', '', { ...linked, mode: 0o10644 }),
        member('b', 'text', { ...linked, uid: 2 }),
        member('c', '', linked),
        TRAILER,
      ),
    ).toMatchObject([
      { path: 'a', type: 'file', content: 'text', uid: 2 },
      { path: 'other', type: 'file', content: 'o' },
      { path: 'pipe', type: 'fifo' },
      { path: 'b', type: 'hardlink', linkTarget: 'a', uid: 2 },
      { path: 'c', type: 'hardlink', linkTarget: 'a' },
    ]);
  });

  it('keeps inode numbers of archives in a row apart', () => {
    const one = Buffer.concat([member('a', 'x', { nlink: 2, ino: 1 }), TRAILER]);
    const two = Buffer.concat([member('b', 'y', { nlink: 2, ino: 1 }), TRAILER]);
    expect(plain(one, Buffer.alloc(512), two, Buffer.alloc(3))).toMatchObject([
      { path: 'a', content: 'x' },
      { path: 'b', content: 'y' },
    ]);
  });

  it('checks the sum of format crc when the content is read', () => {
    const good = { magic: '070702', check: 97 + 98 };
    expect(plain(member('f', 'ab', good), TRAILER)).toMatchObject([{ content: 'ab' }]);
    const [bad] = read(member('f', 'ac', good), TRAILER);
    expect(refusal(() => plainEntry(bad!))).toBe(
      'EIO a.cpio: entry f at offset 0: its content has checksum 196, expected 195',
    );
    // GNU cpio does not sum the targets of symlinks.
    expect(read(member('l', 'ac', { ...good, mode: 0o120777 }), TRAILER)).toHaveLength(1);
  });
});

describe('refuses', () => {
  it.each<[string, readonly Uint8Array[], string]>([
    ['nothing', [], 'EIO a.cpio: header at offset 0: the archive ends at 0'],
    ['no trailer', [member('f')], 'EIO a.cpio: header at offset 112: the archive ends at 112'],
    ['format odc', [member('f', '', { magic: '070707' }), TRAILER], 'its magic is wrong'],
    ['no number', [member('f', '', { uid: '0000000g' }), TRAILER], 'a field is no number'],
    ['no name', [member('', ''), TRAILER], 'its name has 1 bytes with its NUL'],
    ['a long name', [member('f', '', { namesize: 5000 }), TRAILER], 'its name has 5000 bytes'],
    ['no NUL', [member('ffff', '', { namesize: 4 }), TRAILER], 'its name has a NUL byte elsewhere'],
    ['a NUL', [member('f\0f'), TRAILER], 'its name has a NUL byte elsewhere'],
    ['an absolute path', [member('/f'), TRAILER], 'entry /f at offset 0: its path is absolute'],
    ['..', [member('f/..'), TRAILER], "its path contains '..'"],
    [
      'no type',
      [member('f', '', { mode: 0o644 }), TRAILER],
      'entry f at offset 0: its mode is 0644',
    ],
    [
      'content beyond the end',
      [member('f', '', { filesize: 4e9 }), TRAILER],
      'EIO a.cpio: entry f',
    ],
    ['an empty symlink', [member('l', '', { mode: 0o120777 }), TRAILER], 'its link target has 0'],
    [
      'a symlink of 4096 bytes',
      [member('l', 'x'.repeat(4096), { mode: 0o120777 }), TRAILER],
      'its link target has 4096 bytes, expected 1 to 4095',
    ],
    [
      'a NUL in a symlink',
      [member('l', 'a\0b', { mode: 0o120777 }), TRAILER],
      'its link target con',
    ],
    ['garbage', [TRAILER, Buffer.from('\0\0\0\0abc')], 'header at offset 128: more bytes follow'],
    ['a crooked archive', [TRAILER, Buffer.from('\x000707')], 'header at offset 125: more bytes'],
  ])('%s', (_what, parts, message) => {
    const text = refusal(() => read(...parts));
    expect(text).toContain(message);
    expect(text).toMatch(/^(EINVAL|EIO) a\.cpio: (entry .* at|header at) offset \d+: .*$/);
  });

  it('every truncation, up to the trailer', () => {
    const bytes = cpioOf(fileEntry('f', 'hello'), {
      ...meta('s'),
      type: 'symlink',
      linkTarget: meta('t').path,
    });
    for (let size = 0; size < bytes.length; size += 1)
      if (size < bytes.length - 1)
        expect(refusal(() => read(bytes.subarray(0, size)))).toMatch(/^(EIO|EINVAL) /);
    expect(read(bytes)).toHaveLength(2);
  });
});
