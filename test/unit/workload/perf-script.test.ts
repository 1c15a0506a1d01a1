import { describe, expect, it, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { frameOf, parsePerfLine } from '../../../src/workload/formats/perf-lines.ts';
import { PerfAddressSpace } from '../../../src/workload/formats/perf-maps.ts';
import { PERF_SCRIPT_COMMAND, readPerfScript } from '../../../src/workload/formats/perf-script.ts';
import { bytesOf, rowsOf, sample } from './samples/read.ts';

const read = (text: string): ReturnType<typeof readPerfScript> =>
  readPerfScript(bytesOf(text), 'f.txt');
const MAP = 'a 1/1 1.0: PERF_RECORD_MMAP2 1/1: [0x100000(0x9000) @ 0 fe:00 1 0]: r-xp /a\n';

describe('perf script', () => {
  const { trace, report } = readPerfScript(sample('perf-page-faults.txt'), 'f.txt');

  it('faults become pages of files through the mmap records', () => {
    expect(rowsOf(trace)).toEqual([
      '1 0 /bin/sh 35 w 1',
      // A fetch, and later in this epoch a read of the same page.
      '1 0 /bin/sh 5 rx 2',
      '1 0 /bin/sh 1 r 1',
      '1 2 /bin/sh 1 r 1',
      // The child has the mappings of its parent until it executes.
      '2 2 /bin/sh 35 w 1',
      // An mmap record with a build id.
      '3 2 /usr/bin/my tool 2 x 1',
    ]);
  });

  it('the report says what was left out, assumed, and who the processes were', () => {
    expect(report).toMatchObject({ format: 'perf-script', rows: 21, taken: 7, doubts: [] });
    expect(report.dropped).toEqual([
      {
        reason: 'fault in memory that is no file',
        count: 1,
        examples: ['f.txt:9: sh 501: address 0x7ffe10001000'],
      },
      {
        reason: 'fault in no mapping that was recorded',
        count: 1,
        examples: ['f.txt:19: my tool 7 502: address 0x570000000000'],
      },
    ]);
    expect(report.assumptions).toContain('a fault in a private writable mapping is a write');
    expect(report.processes).toEqual([
      { pid: 1, was: 501, name: 'sh' },
      { pid: 2, was: 502, name: 'sh' },
      { pid: 3, was: 502, name: 'my tool 7' },
    ]);
  });

  it('call chains, old mmap records, threads and lost records', () => {
    const chains = readPerfScript(sample('perf-callchain.txt'), 'f.txt');
    expect(rowsOf(chains.trace)).toEqual(['1 0 /bin/cat 1 x 1', '1 0 /bin/cat 11 r 1']);
    expect(chains.report.doubts).toEqual(['perf lost 12 records']);
    expect(chains.report.processes).toEqual([{ pid: 1, was: 77, name: 'cat' }]);
  });

  it('the tracepoints say what a fault was for', () => {
    const points = readPerfScript(sample('perf-tracepoint.txt'), 'f.txt');
    expect(rowsOf(points.trace)).toEqual([
      '1 0 /lib/ld.so 1 x 1',
      '1 0 /lib/ld.so 2 w 1',
      '1 0 /lib/ld.so 3 rw 2',
    ]);
    expect(points.report.assumptions.join()).not.toContain('is a write');
  });

  it('an epoch is as long as one asks for', () => {
    const options = { epochSeconds: 0.0001 };
    const { trace: fine } = readPerfScript(sample('perf-page-faults.txt'), 'f.txt', options);
    expect(fine.lines.at(-1)!.epoch).toBe(2501);
  });

  it('without task events, times, or mappings of data it says so', () => {
    const { report: bare } = read(`${MAP}a 1/1 page-faults: 101800 101804\n`);
    expect(bare.assumptions).toContain('lines have no time: all is one epoch');
    expect(bare.assumptions).toContain(
      'there are no task events: a pid is one process, whatever it executes',
    );
    expect(bare.doubts).toEqual([
      'no mapping of data is recorded: run perf record with --data (-d)',
    ]);
  });

  it('leaves out faults of the kernel, and of shared writable mappings', () => {
    const shared = 'a 1/1 1.0: PERF_RECORD_MMAP2 1/1: [0x10a000(0x1000) @ 0 fe:00 1 0]: rw-s /s\n';
    const { report: some } = read(
      `${MAP}${shared}a 1/1 1.0: faults: 101000 101000\na 1/1 1.0: faults: ffffffff81000000 ffffffff81000000\na 1/1 1.0: faults: 10a000 101000\na 1/1 1.0: cycles: 5\n`,
    );
    expect(some.dropped.map(({ reason }) => reason)).toEqual([
      'fault at an address of the kernel',
      'fault in a shared writable mapping, which a read-only filesystem has not',
      'sample of another event',
    ]);
  });

  test.each([
    [
      'a line of something else',
      `${MAP}hello\n`,
      `f.txt:2: 'hello' is no line of perf script, expected what ${PERF_SCRIPT_COMMAND} prints`,
    ],
    [
      'an mmap record that cannot be read',
      'a 1 1.0: PERF_RECORD_MMAP2 1/1: [0x1000]: r-xp /a\n',
      `f.txt:1: 'a 1 1.0: PERF_RECORD_MMAP2 1/1: [0x1000]: r-xp /a' is no line of perf script, expected what ${PERF_SCRIPT_COMMAND} prints`,
    ],
    [
      "perf's usual output, which has the instruction's address alone",
      `${MAP}a 1 1.0:     1 page-faults:   1800 main+0x4 (/a)\n`,
      `f.txt:2: the sample has no address of the fault, expected what perf record --data and ${PERF_SCRIPT_COMMAND} print`,
    ],
    [
      'a sample without any address',
      `${MAP}a 1 1.0: page-faults:\n`,
      `f.txt:2: the sample has no address of the fault, expected what perf record --data and ${PERF_SCRIPT_COMMAND} print`,
    ],
    [
      'faults outside all files',
      'a 1 1.0: page-faults: 101800 101800\n',
      'f.txt: read as perf-script, no page is left: 1 × fault in no mapping that was recorded',
    ],
  ])('refuses %s', (_what, text, message) => {
    expect(() => read(text)).toThrow(new AxfsError('EINVAL', message));
  });
});

describe('lines of perf script', () => {
  test.each([
    ['a b 12 34 1.5: faults: 10 20', { comm: 'a b 12', tid: 34, time: 1.5, hasPid: false }],
    ['a 12/34 [003] 1.5: faults: 10 20', { comm: 'a', pid: 12, tid: 34, hasPid: true }],
    [
      ' x:1 7 1.000000001:  3 minor-faults:uH: 10 (/a b) 20f0f0 (/c)',
      { record: { kind: 'fault', address: 16, ip: 0x20f0f0 } },
    ],
    ['a 1 1.0: major-faults: 10', { record: { kind: 'fault', address: 16 } }],
    ['a 1 1.0: faults: 10 (/lib/x.so)', { record: { kind: 'fault', address: 16 } }],
    ['a 1 1.0: PERF_RECORD_EXIT(7:8):(1:1)', { record: { kind: 'exit', pid: 7, tid: 8 } }],
    ['a 1 1.0: PERF_RECORD_COMM: a:7/8', { record: { kind: 'side' } }],
    ['a 1 1.0: sched:sched_switch: prev=1', { record: { kind: 'other' } }],
  ])('%s', (text, expected) => {
    expect(parsePerfLine(text)).toMatchObject(expected);
  });

  it('frames are lines of an address', () => {
    expect(frameOf('\t    7f00000010b3 f+0x1 (/lib)')).toBe(0x7f00000010b3);
    expect(frameOf('page')).toBeUndefined();
  });
});

describe('an address space', () => {
  it('finds the newest mapping, and what a smaller one leaves of an older', () => {
    const space = new PerfAddressSpace();
    const map = (start: number, length: number, path: string): void => {
      const rights = { isExecutable: true, isWritable: false, isShared: false };
      space.add({ start, length, offset: 0, path, ...rights });
    };
    map(0x1000, 0x3000, 'old');
    const before = space.clone();
    map(0x2000, 0x1000, 'new');
    const found = (address: number): string | undefined => space.find(address)?.path;
    expect([0xfff, 0x1000, 0x2000, 0x2fff, 0x3000, 0x4000].map(found)).toEqual([
      ...[undefined, 'old', 'new', 'new', 'old', undefined],
    ]);
    map(0, 0x10000, 'all');
    expect([0x1000, 0x2000].map(found)).toEqual(['all', 'all']);
    expect(before.find(0x2000)?.path).toBe('old');
  });
});
