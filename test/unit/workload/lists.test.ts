import { describe, expect, it, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { readDriverProfile } from '../../../src/workload/formats/driver-profile.ts';
import { readFincore } from '../../../src/workload/formats/fincore.ts';
import { detectFormat, importTrace, TRACE_FORMATS } from '../../../src/workload/formats/formats.ts';
import { pagesPerCell, readVmtouch } from '../../../src/workload/formats/vmtouch.ts';
import { bytesOf, rowsOf, sample } from './samples/read.ts';

describe("the driver's profile", () => {
  it('is one process, one epoch, ascending; the cut last line is not trusted', () => {
    const { trace, report } = readDriverProfile(sample('driver.csv'), 'd.csv');
    expect(rowsOf(trace)).toEqual([
      '1 0 deep/d.so 0 r 3',
      '1 0 deep/d.so 1 r 1',
      '1 0 noxip 0 r 2',
    ]);
    expect(report.dropped).toEqual([
      {
        reason: 'last line without an end, which may be cut',
        count: 1,
        examples: ['d.csv:4: deep/d.so,81'],
      },
    ]);
    expect(report.assumptions).toContain('one process touches all pages, in one epoch');
    expect(report.doubts).toHaveLength(1);
  });

  it('a list of whole paths: a w writes, a count of 0 is no touch, offsets mean their page', () => {
    const { trace, report } = readDriverProfile(
      bytesOf('usr/bin/b,4097,1,rw\nusr/bin/b,0,0\nusr/bin/a,0,5 \n'),
      'l',
    );
    expect(rowsOf(trace)).toEqual(['1 0 usr/bin/a 0 r 5', '1 0 usr/bin/b 1 rw 2']);
    expect(report.dropped.map(({ examples }) => examples)).toEqual([['l:2: usr/bin/b,0,0']]);
    expect(report.assumptions).toContain(
      'an offset inside a page means that page, and not also the next',
    );
  });

  it('whole blocks of 4096 bytes look cut', () => {
    const text = `a/b/${'c'.repeat(56)},0,1\n`.repeat(64);
    expect(text).toHaveLength(4160);
    const row = `a/b/${'c'.repeat(55)},0,1\n`;
    expect(readDriverProfile(bytesOf(row.repeat(64)), 'l').report.doubts).toEqual([
      'it has 4096 bytes, whole blocks of 4096: it looks cut, pages may be missing; copy it again',
    ]);
    expect(readDriverProfile(bytesOf(text), 'l').report.doubts).toEqual([]);
  });

  it('a malformed line and an empty list are refused', () => {
    expect(() => readDriverProfile(bytesOf('a,0,1\nb,x,1\n'), 'l')).toThrow(
      new AxfsError('EINVAL', "l:2: offset is 'x', expected a decimal number below 2^53"),
    );
    expect(() => readDriverProfile(bytesOf('a,0,1'), 'l')).toThrow(
      new AxfsError(
        'EINVAL',
        'l: read as driver-profile, no page is left: 1 × last line without an end, which may be cut',
      ),
    );
  });
});

describe('fincore', () => {
  it('a table: only whole files have pages that can be named', () => {
    const { trace, report } = readFincore(sample('fincore.txt'), 'f');
    expect(trace.lines).toHaveLength(38);
    expect(rowsOf(trace).slice(-3)).toEqual([
      '1 0 /bin/ls 35 r 1',
      '1 0 /etc/a b 0 r 1',
      '1 0 /etc/a b 1 r 1',
    ]);
    expect(report.dropped).toEqual([
      {
        reason: 'file that is partly in the page cache: which pages is not known',
        count: 1,
        examples: ['f:3: 1 of 3 pages of /etc/half'],
      },
      {
        reason: 'file of which nothing is in the page cache',
        count: 1,
        examples: ['f:4: /etc/none'],
      },
    ]);
  });

  it('JSON, numbers or texts; raw output escapes blanks', () => {
    const { trace } = readFincore(sample('fincore.json'), 'f');
    expect(trace.lines.map(({ path }) => path)).toEqual(Array(3).fill('/bin/\u00c3\u00a9'));
    expect(rowsOf(readFincore(bytesOf('PAGES SIZE FILE\n1 7 /a\\x20b\n'), 'f').trace)).toEqual([
      '1 0 /a b 0 r 1',
    ]);
  });

  test.each([
    [
      'RES PAGES SIZE FILE\n144K 36 147.8K /a\n',
      /^f:2: SIZE is '147\.8K', .* run fincore --bytes$/,
    ],
    ['RES PAGES SIZE FILE\n16384 1 9 /a\n', /^f:2: pages are of 16384 bytes, expected 4096$/],
    ['PAGES SIZE FILE\n3 4096 /a\n', /^f:2: 3 of 1 pages of \/a are there$/],
    ['PAGES FILE\n3 /a\n', /^f:1: no column SIZE/],
    ['FILE PAGES SIZE\n/a 1 1\n', /^f:1: FILE is not the last column/],
    ['PAGES SIZE FILE\n3 4096\n', /^f:2: 2 columns, expected 3$/],
    ['{ "fincore": [', /^f: not JSON: /],
    ['{ "fincore": 1 }', /^f: no list 'fincore'/],
    ['{ "fincore": [null] }', /^f:1: a file of the list has no name/],
    ['{ "fincore": [{"file": "/a", "size": 1}] }', /^f:1: PAGES is ''/],
  ])('%j is refused', (text, message) => {
    expect(() => readFincore(bytesOf(text), 'f')).toThrow(message);
  });
});

describe('vmtouch', () => {
  it('charts: whole cells are known, half ones are not', () => {
    const { trace, report } = readVmtouch(sample('vmtouch.txt'), 'v');
    expect(rowsOf(trace).map((row) => row.slice(4, -4))).toEqual([
      ...['/bin/small 0', '/bin/small 2'],
      ...[0, 1, 2, 3, 4, 5, 129].map((page) => `/lib/large ${String(page)}`),
    ]);
    expect(report.dropped).toEqual([
      {
        reason: 'cell of a chart that is partly in the page cache: which pages is not known',
        count: 1,
        examples: ['v:4: /lib/large: pages 6 to 8'],
      },
    ]);
  });

  test.each([
    // vmtouch.c: one page each up to 60, then pages / 60 + 1.
    [1, 1],
    [60, 1],
    [61, 2],
    [120, 3],
    [3600, 61],
  ])('of %i pages a cell is %i', (pages, width) => {
    expect(pagesPerCell(pages)).toBe(width);
  });

  test.each([
    ['\r[O] 1/1\n', /^v:1: a chart without a file in the line before$/],
    ['/a\n\r[OO] 1/1\n', /^v:2: the chart of \/a has 2 cells for 1 pages, expected 1$/],
    ['/a\n\r[OO] 1/2\n', /^v:2: the chart of \/a shows 2 pages, expected 1 at most$/],
    ['/a\n\r[  ] 0/2\n', /^v: read as vmtouch, no page is left: 1 × file of which nothing/],
  ])('%j is refused', (text, message) => {
    expect(() => readVmtouch(bytesOf(text), 'v')).toThrow(message);
  });
});

describe('formats are recognized', () => {
  test.each([
    ['perf-page-faults.txt', 'perf-script'],
    ['perf-callchain.txt', 'perf-script'],
    ['perf-tracepoint.txt', 'perf-script'],
    ['perf-filemap.txt', 'page-cache-events'],
    ['ftrace-old.txt', 'page-cache-events'],
    ['ftrace-new.txt', 'page-cache-events'],
    ['fincore.txt', 'fincore'],
    ['fincore.json', 'fincore'],
    ['vmtouch.txt', 'vmtouch'],
    ['driver.csv', 'driver-profile'],
  ])('%s', (name, format) => {
    expect(detectFormat(sample(name))?.name).toBe(format);
  });

  it('a trace, with comments in front', () => {
    const text = '# made\npid,epoch,path,offset,access,count\n3,1,/a,4096,x,7\n';
    const { trace, report } = importTrace(bytesOf(text), 't');
    expect(rowsOf(trace)).toEqual(['3 1 /a 1 x 7']);
    expect(report).toMatchObject({ format: 'trace', rows: 3, taken: 1, dropped: [] });
  });

  it('what is not recognized, and a name that no format has', () => {
    const names = TRACE_FORMATS.map(({ name }) => name).join(', ');
    expect(() => importTrace(bytesOf('hello\n'), 't')).toThrow(
      new AxfsError('EINVAL', `t: not recognized, expected one of the formats ${names}`),
    );
    expect(() => importTrace(bytesOf('hello\n'), 't', { format: 'x' })).toThrow(
      new AxfsError('EINVAL', `format is 'x', expected one of ${names}`),
    );
  });
});
