import { describe, expect, it } from 'vitest';
import { readCpio } from '../../../src/archive/cpio-read.ts';
import type { ArchiveEntry } from '../../../src/archive/entry.ts';
import { readTar } from '../../../src/archive/tar-read.ts';
import { writeTar } from '../../../src/archive/tar-write.ts';
import { fromText } from '../../../src/base/bytestring.ts';
import {
  archiveContent,
  cpioOf,
  fileEntry,
  inputOf,
  meta,
  plainEntry,
  refusal,
  tarOf,
} from '../../support/archives.ts';

const everything: readonly ArchiveEntry[] = [
  { ...meta('', { mode: 0o1777 }), type: 'dir' },
  { ...meta('d', { mode: 0o755 }), type: 'dir' },
  fileEntry('d/f', 'hello'),
  fileEntry('d/empty', ''),
  { ...meta('d/hard'), type: 'hardlink', linkTarget: fromText('d/f') },
  { ...meta('d/sym', { mode: 0o777 }), type: 'symlink', linkTarget: fromText('../x\n') },
  { ...meta('d/c'), type: 'char', rdev: { major: 4095, minor: 1_048_575 } },
  { ...meta('d/b'), type: 'block', rdev: { major: 8, minor: 1 } },
  { ...meta('d/p'), type: 'fifo' },
];
const socket: ArchiveEntry = { ...meta('d/s'), type: 'socket' };
const plainOf = (entries: readonly ArchiveEntry[]): unknown[] => entries.map(plainEntry);
const fromTar = (bytes: Uint8Array): unknown[] => plainOf(readTar(inputOf(bytes)).entries);
const fromCpio = (bytes: Uint8Array): unknown[] => plainOf(readCpio(inputOf(bytes)).entries);

describe('writeTar', () => {
  it('writes what readTar reads, in plain ustar', () => {
    const bytes = tarOf(...everything);
    expect(fromTar(bytes)).toEqual(plainOf(everything));
    // Ten blocks of headers and content, two at the end: no pax header.
    expect(bytes.length).toBe((everything.length + 1 + 2) * 512);
    expect(Buffer.from(bytes.subarray(257, 265)).toString('latin1')).toBe('ustar\x0000');
  });

  it('names sockets, which tar cannot hold', () => {
    const parts: Uint8Array[] = [];
    const { sockets } = writeTar([...everything, socket], (bytes) => parts.push(bytes));
    expect(sockets).toEqual(['d/s']);
    expect(Buffer.concat(parts).equals(tarOf(...everything))).toBe(true);
  });

  it.each<[string, Parameters<typeof fileEntry>[0], Parameters<typeof meta>[1], number]>([
    ['100 bytes', 'n'.repeat(100), {}, 0],
    ['101 bytes without a slash', 'n'.repeat(101), {}, 1],
    ['a prefix', `${'p'.repeat(155)}/${'n'.repeat(100)}`, {}, 0],
    ['a prefix too long', `${'p'.repeat(156)}/${'n'.repeat(99)}`, {}, 1],
    ['no slash in the middle', `p/${'n'.repeat(101)}`, {}, 1],
    ['several slashes', `${'abcdefg/'.repeat(30)}n`, {}, 0],
    ['a newline', 'a\nb', {}, 0],
    ['UTF-8', 'ä', {}, 1],
    ['Latin-1', 'a\udce4', {}, 1],
    ['300 bytes', 'long'.repeat(75), {}, 1],
    ['the greatest octal ids', 'f', { uid: 0o7777777, gid: 0o7777777 }, 0],
    ['greater ids', 'f', { uid: 0o10000000, gid: 2 ** 32 - 1 }, 1],
    ['before 1970', 'f', { mtime: -1 }, 1],
    ['after 2242', 'f', { mtime: 2 ** 33 }, 1],
  ])('%s', (_what, path, more, paxHeaders) => {
    for (const entry of [
      fileEntry(path, 'x', more),
      { ...meta('l', more), type: 'symlink', linkTarget: fromText(path) } as const,
    ]) {
      const bytes = tarOf(entry);
      expect(fromTar(bytes)).toEqual(plainOf([entry]));
      const needsPax = paxHeaders > 0 || (entry.type === 'symlink' && path.length > 100);
      expect(bytes[156] === 'x'.charCodeAt(0)).toBe(needsPax);
    }
  });

  it('says BINARY only where a value is no UTF-8', () => {
    const text = (path: string): string =>
      Buffer.from(tarOf(fileEntry(path, ''))).toString('latin1');
    expect(text('a\udce4')).toContain('21 hdrcharset=BINARY\n11 path=a\xe4\n');
    expect(text('ä')).not.toContain('hdrcharset');
  });

  it('writes directories of 100 bytes with their slash', () => {
    const entry: ArchiveEntry = { ...meta('d'.repeat(100)), type: 'dir' };
    expect(fromTar(tarOf(entry))).toEqual([entry]);
  });

  it('writes sizes above 8 GiB exactly', () => {
    const size = 8 * 2 ** 30 + 1;
    const enough = new Error('enough');
    const parts: Uint8Array[] = [];
    const read = function* (): Generator<Uint8Array> {
      yield new Uint8Array(1);
      throw enough;
    };
    expect(() =>
      writeTar([{ ...meta('f'), type: 'file', content: { size, read } }], (part) =>
        parts.push(part),
      ),
    ).toThrow(enough);
    expect(Buffer.concat(parts).toString('latin1')).toContain(`19 size=${String(size)}\n`);
  });

  it.each([
    ['more', 'EFBIG', { ...meta('c'), type: 'char', rdev: { major: 2 ** 21, minor: 0 } }],
    [
      'less',
      'ESTALE',
      { ...meta('f'), type: 'file', content: { ...archiveContent('ab'), size: 3 } },
    ],
    [
      'too much',
      'ESTALE',
      { ...meta('f'), type: 'file', content: { ...archiveContent('ab'), size: 1 } },
    ],
  ] as const)('refuses %s than it can say', (_what, code, entry) => {
    expect(refusal(() => tarOf(entry))).toMatch(new RegExp(`^${code} ${entry.path}: .* expected`));
    if (entry.type === 'file') expect(refusal(() => cpioOf(entry))).toContain(code);
  });
});

describe('writeCpio', () => {
  it('writes what readCpio reads, sockets too', () => {
    const all = [...everything, socket];
    expect(fromCpio(cpioOf(...all))).toEqual(plainOf(all));
  });

  it('stores a content once, with the last name, and numbers inodes by their order', () => {
    const text = Buffer.from(cpioOf(...everything)).toString('latin1');
    expect(text.split('hello')).toHaveLength(2);
    expect(text.indexOf('hello')).toBeGreaterThan(text.indexOf('d/hard'));
    const numbers = [...text.matchAll(/070701([0-9A-F]{8})/g)].map(([, ino]) =>
      Number(`0x${ino!}`),
    );
    expect(numbers).toEqual([1, 2, 3, 4, 3, 5, 6, 7, 8, 0]);
  });

  it('stores a file called like the trailer', () => {
    const entries = [fileEntry('TRAILER!!!', 'x'), fileEntry('d/TRAILER!!!', 'y')];
    expect(fromCpio(cpioOf(...entries))).toEqual(plainOf(entries));
  });

  it.each<[string, ArchiveEntry, string]>([
    [
      '4 GiB',
      { ...meta('big'), type: 'file', content: { size: 2 ** 32, read: () => [] } },
      'EFBIG big: filesize is 4294967296, expected 0 to 4294967295 in this archive format',
    ],
    ['2^32 as uid', fileEntry('f', '', { uid: 2 ** 32 }), 'EFBIG f: uid is 4294967296'],
    ['a time before 1970', fileEntry('f', '', { mtime: -1 }), 'EFBIG f: mtime is -1'],
    [
      'a hard link to nothing',
      { ...meta('l'), type: 'hardlink', linkTarget: fromText('t') },
      'ENOENT l: hard link to t, expected an earlier entry of that path',
    ],
  ])('refuses %s', (_what, entry, message) => {
    expect(refusal(() => cpioOf(entry))).toContain(message);
  });
});
