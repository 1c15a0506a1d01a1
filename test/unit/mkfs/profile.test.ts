import { describe, expect, it } from 'vitest';
import { fromText, toBytes } from '../../../src/base/bytestring.ts';
import { formatProfile, parseProfile, profileOf } from '../../../src/mkfs/profile.ts';

const parse = (text: string): ReturnType<typeof parseProfile> =>
  parseProfile(toBytes(fromText(text)), 'list.csv');

const pagesOf = (text: string): Record<string, number[]> =>
  Object.fromEntries([...parse(text).pages].map(([path, pages]) => [path, [...pages]]));

describe('parseProfile', () => {
  it('reads path, offset and count, with and without ./', () => {
    expect(parse('./bin/a,0,5\nbin/a,8192,7\nlib/b,4096,0\n').entries).toEqual([
      { path: 'bin/a', offset: 0, count: 5, line: 1 },
      { path: 'bin/a', offset: 8192, count: 7, line: 2 },
      { path: 'lib/b', offset: 4096, count: 0, line: 3 },
    ]);
    expect(pagesOf('./bin/a,0,5\nbin/a,8192,7\nlib/b,4096,0')).toEqual({
      'bin/a': [0, 2],
      'lib/b': [1],
    });
  });

  it('takes one / or ./ in front of a path for nothing, and no more', () => {
    expect(pagesOf('/bin/a,0,1\n./bin/b,0,1\nbin/c,0,1\n//d,0,1\n./../e,0,1\n.f,0,1\n')).toEqual({
      'bin/a': [0],
      'bin/b': [0],
      'bin/c': [0],
      '/d': [0],
      '../e': [0],
      '.f': [0],
    });
  });

  it('ignores a byte order mark in front of the list, and only there', () => {
    const marked = (text: string): Uint8Array =>
      Uint8Array.of(0xef, 0xbb, 0xbf, ...toBytes(fromText(text)));
    expect(parseProfile(marked('bin/a,0,5\n'), 'list.csv')).toEqual(parse('bin/a,0,5\n'));
    expect(parseProfile(marked('\ufeffb,0,1\n'), 'list.csv').entries[0]?.path).toBe(
      '\xef\xbb\xbfb',
    );
  });

  it('takes a path as a whole: bin/ls is not bin/lsof', () => {
    expect(pagesOf('bin/lsof,0,1\nbin/ls,4096,1\n')).toEqual({ 'bin/lsof': [0], 'bin/ls': [1] });
  });

  it('selects two pages for an offset inside a page', () => {
    expect(pagesOf('a,100,1\nb,4095,1\nc,4097,1\n')).toEqual({ a: [0, 1], b: [0, 1], c: [1, 2] });
  });

  it('accepts CRLF, empty lines and a last line without an end, and counts lines as editors do', () => {
    const { entries } = parse('\r\na,0,1\r\n\n\nb,4096,2');
    expect(entries.map(({ path, line }) => [path, line])).toEqual([
      ['a', 2],
      ['b', 5],
    ]);
  });

  it('takes offset and count from the end, so that a name may contain commas and blanks', () => {
    expect(pagesOf('a, b,c,4096,1\n')).toEqual({ 'a, b,c': [1] });
  });

  it('reads the first driver’s lines, which have a blank before the end', () => {
    expect(parse('./a/b/c,4096,3 \n./a/b/c,8192,1 \r\n').entries).toEqual([
      { path: 'a/b/c', offset: 4096, count: 3, line: 1 },
      { path: 'a/b/c', offset: 8192, count: 1, line: 2 },
    ]);
  });

  it('reads a fourth field of letters as uses, and takes no other for one', () => {
    expect(parse('a,0,5,r\na,4096,7,rw\na,w,8192,1,xw \na,0,1\n').entries).toEqual([
      { path: 'a', offset: 0, count: 5, line: 1 },
      { path: 'a', offset: 4096, count: 7, line: 2, written: true },
      { path: 'a,w', offset: 8192, count: 1, line: 3, written: true },
      { path: 'a', offset: 0, count: 1, line: 4 },
    ]);
    expect(() => parse('a,0,1,q\n')).toThrow("list.csv:1: count is 'q'");
    expect(() => parse('a,0,w\n')).toThrow("list.csv:1: count is 'w'");
  });

  it('keeps names that are not UTF-8', () => {
    expect(parse('a\udcff,0,1\n').entries[0]?.path).toBe('a\xff');
  });

  it.each([
    ['a,0\n', 'list.csv:1: the line has 2 fields, expected path,offset,count'],
    ['a,0,1\nnonsense\n', 'list.csv:2: the line has 1 field, expected path,offset,count'],
    [',0,1\n', "list.csv:1: path is '', expected a file in the tree"],
    ['./,0,1\n', "list.csv:1: path is './', expected a file in the tree"],
    ['/,0,1\n', "list.csv:1: path is '/', expected a file in the tree"],
    [',,\n', "list.csv:1: offset is '', expected a decimal number below 2^53"],
    ['a,0x10,1\n', "list.csv:1: offset is '0x10', expected a decimal number below 2^53"],
    ['a,-1,1\n', "list.csv:1: offset is '-1', expected a decimal number below 2^53"],
    ['a,1.5,1\n', "list.csv:1: offset is '1.5', expected a decimal number below 2^53"],
    [
      'a,9007199254740992,1\n',
      "list.csv:1: offset is '9007199254740992', expected a decimal number below 2^53",
    ],
    ['\n\na,0,many\n', "list.csv:3: count is 'many', expected a decimal number below 2^53"],
    ['a,0,\n', "list.csv:1: count is '', expected a decimal number below 2^53"],
    ['a,0,\x1b[2J\n', "list.csv:1: count is '\\x1b[2J', expected a decimal number below 2^53"],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'EINVAL', message }));
  });

  it('reads 60,000 lines of one long path in well under the original’s 15 s', () => {
    const path = 'usr/lib/'.repeat(20);
    const lines = Array.from({ length: 60_000 }, (_, i) => `${path},${String(i * 4096)},1\n`);
    const text = new TextEncoder().encode(lines.join(''));
    const start = performance.now();
    const profile = parseProfile(text, 'list.csv');
    expect(performance.now() - start).toBeLessThan(2000);
    expect(profile.pages.get(fromText(path))?.size).toBe(60_000);
  });
});

describe('formatProfile', () => {
  it('writes what parseProfile reads', () => {
    const text = 'bin/a,0,5\nbin/a,100,7\na,b,8192,2\n';
    expect(formatProfile(parse(text).entries)).toBe(text);
  });

  it.each([
    ['a\nb', "'a\\x0ab': a page list holds no empty path and none with a newline"],
    ['', "'': a page list holds no empty path and none with a newline"],
  ])('refuses the path %j', (path, message) => {
    expect(() => formatProfile([{ path: fromText(path), offset: 0, count: 1 }])).toThrow(message);
  });
});

it('numbers entries that carry no line', () => {
  const profile = profileOf([
    { path: fromText('a'), offset: 0, count: 1 },
    { path: fromText('a'), offset: 0, count: 2 },
  ]);
  expect(profile.entries.map((entry) => entry.line)).toEqual([1, 2]);
  expect([...(profile.pages.get(fromText('a')) ?? [])]).toEqual([0]);
});
