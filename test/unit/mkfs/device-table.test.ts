import { describe, expect, it } from 'vitest';
import { parseDeviceTable } from '../../../src/mkfs/device-table.ts';
import { refusal } from '../../support/archives.ts';

const parse = (text: string): ReturnType<typeof parseDeviceTable> =>
  parseDeviceTable(Buffer.from(text, 'latin1'), 'dev.txt');

describe('parseDeviceTable', () => {
  it('reads the example of genext2fs(8)', () => {
    const rows = parse(
      [
        '# name    type mode uid gid major minor start inc count',
        '',
        '/dev      d    755  0    0    -    -    -    -    -',
        '/dev/mem  c    640  0    0    1    1    0    0    -',
        '/dev/tty  c    666  0    0    5    0    0    0    -',
        '/dev/tty  c    666  0    0    4    0    0    1    6',
        '/dev/loop b    640  0    0    7    0    0    1    2   # comment',
        '/dev/hda  b    640  0    0    3    0    0    0    -',
        '/dev/hda  b    640  0    0    3    1    1    1    16',
        '/dev/log  s    666  0    0    -    -    -    -    -',
      ].join('\n'),
    );
    const names = [
      ...['dev', 'dev/mem', 'dev/tty'],
      ...Array.from({ length: 6 }, (_, i) => `dev/tty${String(i)}`),
      ...['dev/loop0', 'dev/loop1', 'dev/hda'],
      ...Array.from({ length: 15 }, (_, i) => `dev/hda${String(i + 1)}`),
      'dev/log',
    ];
    expect(rows.map(({ path }) => path)).toEqual(names);
    expect(rows[0]).toEqual({
      ...{ path: 'dev', type: 'dir', mode: 0o755, uid: 0, gid: 0, where: 'dev.txt:3' },
    });
    expect(rows[1]).toMatchObject({
      type: 'char',
      rdev: { major: 1, minor: 1 },
      where: 'dev.txt:4',
    });
    expect(rows.find(({ path }) => path === 'dev/tty5')?.rdev).toEqual({ major: 4, minor: 5 });
    expect(rows.find(({ path }) => path === 'dev/hda15')?.rdev).toEqual({ major: 3, minor: 15 });
    expect(rows.at(-1)).toMatchObject({ type: 'socket', mode: 0o666 });
  });

  it('counts minors as genext2fs 1.5 does: minor + number * inc - start', () => {
    const rows = parse('/x c 640 1 2 9 10 2 3 5');
    expect(rows.map(({ path, rdev }) => [path, rdev?.minor])).toEqual([
      ['x2', 14],
      ['x3', 17],
      ['x4', 20],
    ]);
  });

  it('takes short lines, names as bytes, the root, and an increment of one where there is none', () => {
    expect(parse('/ d 711\r\n\t./a\xff//b f 4755 7 8\n l l 777')).toMatchObject([
      { path: '', type: 'dir', mode: 0o711, uid: 0, gid: 0 },
      { path: 'a\xff/b', type: 'file', mode: 0o4755, uid: 7, gid: 8 },
      { path: 'l', type: 'symlink' },
    ]);
    expect(parse('n b 600 0 0 1 5 0 - 2').map(({ rdev }) => rdev?.minor)).toEqual([5, 6]);
  });

  it.each([
    ['/a c', '2 columns, expected name, type, mode and up to 7 more'],
    ['/a c 1 2 3 4 5 6 7 8 9', '11 columns, expected'],
    ['/a x 644', "type is 'x', expected one of f, d, c, b, p, s, l"],
    ['/a f 648', "mode is '648', expected 0 to 7777 (octal)"],
    ['/a f 644 -', "uid is '-', expected 0 to 4294967295"],
    ['/a f 644 0 4294967296', "gid is '4294967296', expected 0 to 4294967295"],
    ['/a c 644 0 0 4096 0', "major is '4096', expected 0 to 4095"],
    ['/a c 644 0 0 - 0', 'a device without major, expected a number'],
    ['/a c 644 0 0 1', 'a device without minor, expected a number'],
    ['/a c 644 0 0 1 0 3 1 3', 'numbers from 3 to below 3 are none, expected a count above'],
    ['/a c 644 0 0 1 0 3 0 9', 'minor of number 3 is -3, below 0'],
    ['/a p 644 0 0 - - 0 1 3', 'a fifo with a count, expected one only for devices (c, b)'],
    ['/a/../b d 755', "name is '/a/../b', expected one without '..' and NUL bytes"],
  ])('refuses %s', (line, message) => {
    expect(refusal(() => parse(`# one\n${line}\n`))).toContain(`EINVAL dev.txt:2: ${message}`);
  });
});
