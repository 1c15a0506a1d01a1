import { describe, expect, it, test } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createRandom } from '../../../src/base/random.ts';
import {
  LINES_MAX,
  interleavingOf,
  onlyBelow,
  sequenceOf,
  stripRoot,
} from '../../../src/workload/combine.ts';
import { formatTrace } from '../../../src/workload/format.ts';
import { infoOf } from '../../../src/workload/info.ts';
import { HEADER, parseTrace } from '../../../src/workload/trace.ts';
import type { Trace } from '../../../src/workload/trace.ts';
import { bytesOf, rowsOf } from './samples/read.ts';

const trace = (name: string, ...rows: readonly string[]): Trace =>
  parseTrace(bytesOf([HEADER, ...rows, ''].join('\n')), name);
const A = trace('a', '7,0,/a,0,r,1', '9,0,/a,0,r,1', '7,2,/a,4096,x,2');
const B = trace('b', '7,5,/b,0,w,3');

describe('workloads one after the other', () => {
  it('have processes of their own, and epochs behind each other', () => {
    const made = sequenceOf([
      { trace: A, times: 2 },
      { trace: B, times: 1 },
    ]);
    expect(made.name).toBe('a*2 b');
    expect(rowsOf(made)).toEqual([
      ...['1 0 /a 0 r 1', '2 0 /a 0 r 1', '1 2 /a 1 x 2'],
      ...['3 3 /a 0 r 1', '4 3 /a 0 r 1', '3 5 /a 1 x 2'],
      '5 11 /b 0 w 3',
    ]);
    expect(made.lines.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('have an end', () => {
    const parts = [{ trace: A, times: LINES_MAX }];
    for (const combine of [sequenceOf, interleavingOf])
      expect(() => combine(parts)).toThrow(
        'the workloads have 60000000 lines together, expected 20000000 at most',
      );
  });
});

describe('workloads at the same time', () => {
  it('take turns epoch by epoch', () => {
    const made = interleavingOf([
      { trace: A, times: 2 },
      { trace: B, times: 1 },
    ]);
    expect(rowsOf(made)).toEqual([
      ...['1 0 /a 0 r 1', '2 0 /a 0 r 1', '3 0 /a 0 r 1', '4 0 /a 0 r 1', '5 0 /b 0 w 3'],
      ...['1 1 /a 1 x 2', '3 1 /a 1 x 2'],
    ]);
  });

  it('or in an order drawn by chance, each in its own order', () => {
    const drawn = (seed: number): string[] =>
      rowsOf(interleavingOf([{ trace: A, times: 10 }], createRandom(seed)));
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    for (const pid of [1, 3, 19]) {
      const pages = drawn(1)
        .filter((row) => row.startsWith(`${String(pid)} `))
        .map((row) => row.split(' ')[3]);
      expect(pages).toEqual(['0', '1']);
    }
    // A turn is an epoch: 10 runs of two each.
    expect(infoOf(interleavingOf([{ trace: A, times: 10 }], createRandom(1))).epochs).toBe(20);
  });
});

describe('cutting down', () => {
  const files = trace('t', '1,0,/usr/bin/ls,0,r,1', '1,0,usr/lib/x,0,r,1', '1,0,./usrx,0,r,1');
  test.each([
    [['/usr'], ['/usr/bin/ls', 'usr/lib/x']],
    [
      ['usr/bin/', '/usrx'],
      ['/usr/bin/ls', './usrx'],
    ],
    [['/usr/bin/ls'], ['/usr/bin/ls']],
    [['/'], ['/usr/bin/ls', 'usr/lib/x', './usrx']],
  ])('only below %j', (prefixes, left) => {
    const cut = onlyBelow(files, prefixes.map(fromText));
    expect(cut.trace.lines.map(({ path }) => path)).toEqual(left);
    expect(cut.dropped).toBe(3 - left.length);
  });

  it('paths from a directory on', () => {
    const { trace: cut, dropped } = stripRoot(files, fromText('/usr/'));
    expect(cut.lines.map(({ path }) => path)).toEqual(['/bin/ls', '/lib/x']);
    expect(dropped).toBe(1);
  });

  it('to nothing is refused', () => {
    expect(() => onlyBelow(files, [fromText('us')])).toThrow(
      't: no line is of a file below us: nothing is left',
    );
  });
});

describe('writing a trace', () => {
  it('comments stand in front, on lines of their own', () => {
    const text = Buffer.from(formatTrace(A, ['made\nby hand', 'é'])).toString();
    expect(text).toBe(
      `# made by hand\n# é\n${HEADER}\n7,0,/a,0,r,1\n9,0,/a,0,r,1\n7,2,/a,4096,x,2\n`,
    );
  });

  it('a line without addresses among others gets those that a replay takes it for', () => {
    const lines = [
      { ...A.lines[0]!, runs: [{ first: 1, last: 1, times: 1 }] },
      { ...A.lines[1]!, count: 3 },
      { ...A.lines[2]!, count: 1000 },
      { ...B.lines[0]!, runs: [{ first: 2, last: 4, times: 20 }] },
    ];
    const rows = Buffer.from(formatTrace({ lines })).toString().split('\n');
    expect(rows.slice(1, 5).map((row) => row.slice(row.lastIndexOf(',') + 1))).toEqual([
      ...['32', '0-95', '0-4095', '64-159*20'],
    ]);
  });

  test.each(['', 'a\nb'])('the path %j is refused', (path) => {
    expect(() => formatTrace({ lines: [{ ...A.lines[0]!, path: fromText(path) }] })).toThrow(
      /a trace holds no empty path and none with a line end$/,
    );
  });
});

describe('what a trace holds', () => {
  it('counts pages, processes, epochs, touches, by file and at the top', () => {
    const rows = Array.from({ length: 11 }, (_, i) => `1,0,/a,${String(i * 4096)},r,1`);
    const info = infoOf(
      trace('t', ...rows, '2,3,/a,0,w,88', '2,3,/b,0,x,1', '2,4,/b,0,x,1', '3,4,/b,4096,rx,2'),
    );
    expect(info).toEqual({
      ...{ lines: 15, files: 2, pages: 13, writtenPages: 1, executedPages: 2 },
      ...{ processes: 3, epochs: 3, touches: 103, sharedPages: 1, hasAddresses: false },
      top: { pages: 2, touches: 91 },
      byFile: [
        { path: '/a', pages: 11, writtenPages: 1, executedPages: 0, touches: 99 },
        { path: '/b', pages: 2, writtenPages: 0, executedPages: 2, touches: 4 },
      ],
    });
  });
});
