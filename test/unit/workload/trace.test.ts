import { describe, expect, test } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import type { Trace } from '../../../src/workload/trace.ts';

const HEADER = 'pid,epoch,path,offset,access,count';
const parse = (text: string): Trace => parseTrace(new TextEncoder().encode(text), 'boot.trace');
const parseRow = (row: string): Trace['lines'] => parse(`${HEADER}\n${row}\n`).lines;

describe('parseTrace', () => {
  test('reads the start of a recorded trace (profiles/README)', () => {
    const text = [
      '# Ordered page-touch trace of linux/arm/7za.',
      '# pid 1..4: add, list, test, extract, each run once, in this order.',
      HEADER,
      '1,0,/7za,0,r,2132',
      '1,0,/7za,1003520,rw,1767',
      '',
    ].join('\n');
    expect(parse(text)).toEqual({
      name: 'boot.trace',
      lines: [
        { line: 4, pid: 1, epoch: 0, path: '/7za', page: 0, accesses: ['read'], count: 2132 },
        {
          line: 5,
          pid: 1,
          epoch: 0,
          path: '/7za',
          page: 245,
          accesses: ['read', 'write'],
          count: 1767,
        },
      ],
    });
  });

  test.each([
    ['r', ['read']],
    ['x', ['exec']],
    ['w', ['write']],
    ['rx', ['read', 'exec']],
    ['xr', ['read', 'exec']],
    ['wr', ['read', 'write']],
    ['xw', ['exec', 'write']],
    ['wx', ['exec', 'write']],
    ['rwx', ['read', 'exec', 'write']],
    ['wxr', ['read', 'exec', 'write']],
    ['xrw', ['read', 'exec', 'write']],
  ])('letters %s happen in the order r, x, w (profiles/README)', (letters, accesses) => {
    expect(parseRow(`1,0,/a,0,${letters},3`)[0]!.accesses).toEqual(accesses);
  });

  test('keeps the order of lines, and takes every pid, epoch and page', () => {
    const lines = parse(
      `${HEADER}\n14,999,/b,8192,x,3\n1,0,/a,0,r,1\n14,1000,/b,17592186044416,r,7\n`,
    ).lines;
    expect(
      lines.map(({ pid, epoch, path, page, count }) => [pid, epoch, path, page, count]),
    ).toEqual([
      [14, 999, '/b', 2, 3],
      [1, 0, '/a', 0, 1],
      [14, 1000, '/b', 2 ** 32, 7],
    ]);
  });

  test('commas in paths belong to the path', () => {
    expect(parseRow('1,0,/a,b,c,4096,rx,7')).toEqual([
      { line: 2, pid: 1, epoch: 0, path: '/a,b,c', page: 1, accesses: ['read', 'exec'], count: 7 },
    ]);
    expect(parseRow('1,0,/,,0,w,1')[0]!.path).toBe('/,');
    expect(parseRow('1,0,/x,0,r,1,0,r,1')[0]!.path).toBe('/x,0,r,1');
  });

  test('paths are bytes: UTF-8 and undecodable ones stay as they are', () => {
    expect(parseRow('1,0,/é💩,0,r,1')[0]!.path).toBe(fromText('/é💩'));
    const bytes = Buffer.concat([
      Buffer.from(`${HEADER}\n1,0,/`),
      Buffer.of(0xff, 0x80),
      Buffer.from(',0,r,1'),
    ]);
    expect(parseTrace(Uint8Array.from(bytes), 'boot.trace').lines[0]!.path).toBe('/\u00ff\u0080');
  });

  test('CRLF, empty lines, comments anywhere and a missing last newline do not matter', () => {
    const plain = parse(`${HEADER}\n1,0,/a,0,r,1\n1,1,/a,0,w,2\n`);
    const odd = `\r\n# made elsewhere\r\n${HEADER}\r\n1,0,/a,0,r,1\r\n\r\n# epoch 1\r\n1,1,/a,0,w,2`;
    const unnumbered = ({ name, lines }: Trace): unknown => ({
      name,
      lines: lines.map((line) => ({ ...line, line: 0 })),
    });
    expect(unnumbered(parse(odd))).toEqual(unnumbered(plain));
    // Lines are numbered as an editor does, whatever stands between them.
    expect(parse(odd).lines.map(({ line }) => line)).toEqual([4, 7]);
    expect(plain.lines.map(({ line }) => line)).toEqual([2, 3]);
  });

  test('a path may start with a slash or not, and stays as it is', () => {
    expect(parseRow('1,0,bin/ls,0,r,1')[0]!.path).toBe('bin/ls');
    expect(parseRow('1,0,/bin/ls,0,r,1')[0]!.path).toBe('/bin/ls');
    expect(parseRow('1,0,./bin/ls,0,r,1')[0]!.path).toBe('./bin/ls');
  });

  test('a byte order mark in front of the file is ignored, elsewhere it is not', () => {
    const text = `${HEADER}\n1,0,/a,0,r,1\n`;
    expect(parse(`\ufeff${text}`)).toEqual(parse(text));
    expect(parse(`\ufeff# made elsewhere\n${text}`).lines).toHaveLength(1);
    expect(parseRow('1,0,\ufeffa,0,r,1')[0]!.path).toBe(fromText('\ufeffa'));
    expect(() => parse(`\n\ufeff${text}`)).toThrow(/^boot\.trace:2: first line is /);
  });

  test.each([
    ['r', 1],
    ['rx', 2],
    ['xwr', 3],
  ])('each letter of %s is a touch: the count is at least %i', (letters, least) => {
    expect(parseRow(`1,0,/a,0,${letters},${String(least)}`)[0]!.count).toBe(least);
    expect(() => parseRow(`1,0,/a,0,${letters},${String(least - 1)}`)).toThrow(
      new AxfsError(
        'EINVAL',
        `boot.trace:2: count is ${String(least - 1)}, expected at least 1 for each letter of '${letters}'`,
      ),
    );
  });
});

describe('refusals name file and line', () => {
  const row = (text: string): string =>
    `# comment\n${HEADER}\n1,0,/a,0,r,1\n${text}\n1,0,/a,0,r,1\n`;
  test.each([
    ['an empty file', '', 1, `no header line, expected '${HEADER}'`],
    ['comments only', '# a\n# b\n', 1, `no header line, expected '${HEADER}'`],
    ['no header', '# a\n1,0,/a,0,r,1\n', 2, `first line is '1,0,/a,0,r,1', expected '${HEADER}'`],
    [
      'a header of another table',
      'path,offset,count\n',
      1,
      `first line is 'path,offset,count', expected '${HEADER}'`,
    ],
    [
      'a header with an escape sequence',
      '\x1b[2J\n',
      1,
      `first line is '\\x1b[2J', expected '${HEADER}'`,
    ],
    ['too few columns', row('1,0,/a,0,r'), 4, `5 columns, expected 6: ${HEADER}`],
    ['one word', row('hello'), 4, `1 columns, expected 6: ${HEADER}`],
    ['the header again', row(HEADER), 4, "epoch is 'epoch', expected a whole number"],
    ['an empty path', row('1,0,,0,r,1'), 4, 'path is empty, expected a file of the tree'],
    ['a header alone', HEADER, 1, 'no line after the header: nothing is touched'],
    [
      'a header and comments',
      `# a\n${HEADER}\n# b\n\n`,
      5,
      'no line after the header: nothing is touched',
    ],
    ['a word for a pid', row('one,0,/a,0,r,1'), 4, "pid is 'one', expected a whole number"],
    ['an empty pid', row(',0,/a,0,r,1'), 4, "pid is '', expected a whole number"],
    ['a negative epoch', row('1,-1,/a,0,r,1'), 4, "epoch is '-1', expected a whole number"],
    [
      'a hexadecimal offset',
      row('1,0,/a,0x1000,r,1'),
      4,
      "offset is '0x1000', expected a whole number",
    ],
    ['an offset with a blank', row('1,0,/a, 0,r,1'), 4, "offset is ' 0', expected a whole number"],
    [
      'an offset beyond 2^53',
      row('1,0,/a,9007199254740992,r,1'),
      4,
      "offset is '9007199254740992', expected a whole number",
    ],
    [
      'an offset inside a page',
      row('1,0,/a,4097,r,1'),
      4,
      'offset is 4097, expected a multiple of 4096',
    ],
    [
      'no access',
      row('1,0,/a,0,,1'),
      4,
      "access is '', expected one or more of the letters r, x, w, each once",
    ],
    [
      'an unknown letter',
      row('1,0,/a,0,rz,1'),
      4,
      "access is 'rz', expected one or more of the letters r, x, w, each once",
    ],
    [
      'a letter twice',
      row('1,0,/a,0,rr,1'),
      4,
      "access is 'rr', expected one or more of the letters r, x, w, each once",
    ],
    [
      'capitals',
      row('1,0,/a,0,R,1'),
      4,
      "access is 'R', expected one or more of the letters r, x, w, each once",
    ],
    ['a fraction', row('1,0,/a,0,r,1.5'), 4, "count is '1.5', expected a whole number"],
    ['an exponent', row('1,0,/a,0,r,1e3'), 4, "count is '1e3', expected a whole number"],
    ['no count', row('1,0,/a,0,r,'), 4, "count is '', expected a whole number"],
  ])('%s', (_what, text, line, message) => {
    expect(() => parse(text)).toThrow(
      new AxfsError('EINVAL', `boot.trace:${String(line)}: ${message}`),
    );
  });
});

describe('addresses', () => {
  const runs = (column: string): unknown =>
    parse(`${HEADER},addresses\n1,0,/a,b,0,x,9,${column}\n`).lines[0];

  test('become runs of cache lines, in order; commas still belong to the path', () => {
    expect(runs('0 64 68-200 4095 0-95*20')).toEqual({
      line: 2,
      pid: 1,
      epoch: 0,
      path: '/a,b',
      page: 0,
      accesses: ['exec'],
      count: 9,
      runs: [
        { first: 0, last: 0, times: 1 },
        { first: 2, last: 2, times: 1 },
        { first: 2, last: 6, times: 1 },
        { first: 127, last: 127, times: 1 },
        { first: 0, last: 2, times: 20 },
      ],
    });
  });

  test.each(['', '4096', '5-4', '-1', '1.5', '0*0', '0x10', '1  2', '0-4096'])(
    '%j is refused',
    (column) => {
      expect(() => runs(column)).toThrow(/^boot\.trace:2: addresses have '.*', expected an offset/);
    },
  );
});
