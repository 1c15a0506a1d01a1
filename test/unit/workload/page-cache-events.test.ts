import { describe, expect, it, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { readPageCacheEvents } from '../../../src/workload/formats/page-cache-events.ts';
import { deviceName, parsePathMap } from '../../../src/workload/path-map.ts';
import { bytesOf, rowsOf, sample } from './samples/read.ts';

const pathMap = parsePathMap(sample('paths.txt'), 'paths.txt');
const read = (name: string): ReturnType<typeof readPageCacheEvents> =>
  readPageCacheEvents(sample(name), name, { pathMap });

describe('page cache events', () => {
  it('as older kernels print them, with thread groups, losses and unknown devices', () => {
    const { trace, report } = read('ftrace-old.txt');
    expect(rowsOf(trace)).toEqual([
      '1 0 /usr/bin/less 1 r 1',
      '1 0 /usr/bin/less 2 r 1',
      '2 1 /lib/libc.so.6 0 r 1',
    ]);
    expect(report.processes).toEqual([
      { pid: 1, was: 177, name: '<...>' },
      { pid: 2, was: 12, name: 'Binder:12_3' },
    ]);
    expect(report.doubts).toEqual(['the kernel lost 3 events before line 10']);
    expect(report.dropped).toEqual([
      {
        reason: 'page removed from the page cache',
        count: 1,
        examples: ['ftrace-old.txt:11: device 8:1, inode 6699, page 1'],
      },
      {
        reason: 'page of a file that is not in the path map',
        count: 1,
        examples: [
          'ftrace-old.txt:12: device 0:31 (the map has device 8:1, 253:0), inode 5, page 0',
        ],
      },
    ]);
    expect(report.assumptions).toContain(
      'a page added to the page cache was touched, although read-ahead adds others, too',
    );
  });

  it('as newer kernels print them: an order is a power of two of pages', () => {
    expect(rowsOf(read('ftrace-new.txt').trace)).toEqual(
      [0, 4, 5, 6, 7].map((page) => `1 0 /usr/bin/less ${String(page)} r 1`),
    );
  });

  it('as perf prints them; faults and reads count instead of what was added', () => {
    const { trace, report } = read('perf-filemap.txt');
    expect(rowsOf(trace)).toEqual([
      '1 0 /usr/bin/less 36 r 1',
      '2 2 /lib/libc.so.6 0 r 1',
      '2 2 /lib/libc.so.6 1 r 1',
    ]);
    expect(report.dropped.map(({ reason, count }) => [reason, count])).toEqual([
      ['page added to the page cache, where events of faults and reads say what was touched', 1],
      ['range of cached pages mapped around a fault', 1],
    ]);
  });

  test.each([
    ['dev 8:1 inode 1a2b pfn=1 ofs=0', 'fields of another name'],
    ['dev 8:1 ino 1a2b pfn=1 ofs=0 order=19', 'an order beyond any page'],
    ['dev 8:1 ino 1a2b pfn=1 ofs=9007199254740992', 'an offset that is not exact'],
  ])('%s: %s is refused with its line', (fields) => {
    const text = `# x\n less-9 [000] .... 1.5: mm_filemap_add_to_page_cache: ${fields}\n`;
    expect(() => readPageCacheEvents(bytesOf(text), 'e', { pathMap })).toThrow(
      new RegExp(
        `^e:2: '.*' is no mm_filemap_add_to_page_cache as the kernel prints it, expected `,
      ),
    );
  });

  it('needs a path map', () => {
    expect(() => readPageCacheEvents(sample('ftrace-new.txt'), 'e')).toThrow(
      new AxfsError(
        'EINVAL',
        "e: page cache events name files by device and inode number: a path map is needed (find / -xdev -type f -printf '%D:%i %p\\n')",
      ),
    );
  });
});

describe('a path map', () => {
  it('gives paths by device and inode; the first of several names counts', () => {
    expect([pathMap.files, pathMap.furtherNames, [...pathMap.devices]]).toEqual([
      3,
      1,
      ['8:1', '253:0'],
    ]);
    expect(pathMap.path('8:1', '7')).toBe('/lib/libc.so.6');
    expect(pathMap.path('253:0', '7')).toBe('/mnt/other');
    expect(pathMap.path('253:1', '7')).toBeUndefined();
  });

  it('with zero bytes as ends a name may have line ends', () => {
    const map = parsePathMap(bytesOf('2049:1 /a\nb\0' + '2049:2 /c d\0'), 'm');
    expect([map.path('8:1', '1'), map.path('8:1', '2')]).toEqual(['/a\nb', '/c d']);
  });

  test.each(['/a', '1:2', '1:2 ', 'x:2 /a', '18446744073709551616:2 /a'])(
    '%j is refused',
    (row) => {
      expect(() => parsePathMap(bytesOf(`1:1 /a\n${row}\n`), 'm')).toThrow(
        /^m:2: '.*' is no file of a path map, expected DEVICE:INODE PATH/,
      );
    },
  );

  test.each([
    // makedev(3) of glibc: 8:1, 253:0, 259:70000 and 4096:256.
    [0x801n, '8:1'],
    [0xfd00n, '253:0'],
    [0x11110370n, '259:70000'],
    [0x100000100000n, '4096:256'],
  ])('st_dev %d is %s', (device, name) => {
    expect(deviceName(device)).toBe(name);
  });
});
