import { describe, expect, it } from 'vitest';
import { readElfHead, writtenPages } from '../../../src/mkfs/choose-elf.ts';
import { elfHead } from '../../support/elf.ts';

const LOAD = 1;
const RELRO = 0x6474e552;
const segments = [
  { type: LOAD, flags: 5, offset: 0, filesz: 0x2345 },
  { type: LOAD, flags: 6, offset: 0x2f00, filesz: 0x1200 },
  { type: LOAD, flags: 6, offset: 0x5000, filesz: 0 },
  { type: RELRO, flags: 4, offset: 0x2f00, filesz: 0x100 },
];
const ranges = [
  { write: 'writable', start: 0x2f00, end: 0x4100 },
  { write: 'relocated', start: 0x2f00, end: 0x3000 },
];

describe('readElfHead', () => {
  it.each([
    [32, 'little'],
    [32, 'big'],
    [64, 'little'],
    [64, 'big'],
  ] as const)('reads %i bits, %s-endian', (bits, order) => {
    expect(readElfHead(elfHead({ bits, order, segments }))).toEqual({ kind: 'elf', ranges });
  });

  it('reads addresses above 4 GiB', () => {
    const far = [{ type: LOAD, flags: 2, offset: 2 ** 40, filesz: 2 ** 33 }];
    expect(readElfHead(elfHead({ bits: 64, order: 'big', segments: far }))).toEqual({
      kind: 'elf',
      ranges: [{ write: 'writable', start: 2 ** 40, end: 2 ** 40 + 2 ** 33 }],
    });
  });

  it('leaves other files alone, and objects without program headers', () => {
    for (const bytes of [[], [0x7f, 0x45, 0x4c], [0x23, 0x21, 0x2f, 0x62, 0x69]])
      expect(readElfHead(Uint8Array.from(bytes))).toEqual({ kind: 'other' });
    expect(readElfHead(elfHead({ bits: 64, order: 'little', segments: [] }))).toEqual({
      kind: 'elf',
      ranges: [],
    });
  });

  const usual = (): Uint8Array => elfHead({ bits: 32, order: 'little', segments });
  const patched = (at: number, ...bytes: number[]): Uint8Array => {
    const head = usual();
    head.set(bytes, at);
    return head;
  };
  it.each([
    ['an unknown class', patched(4, 3), 'its class or byte order is unknown'],
    ['an unknown byte order', patched(5, 0), 'its class or byte order is unknown'],
    ['only the magic', usual().slice(0, 4), 'its class or byte order is unknown'],
    ['half a header', usual().slice(0, 40), 'its header is cut'],
    [
      'headers elsewhere',
      patched(28, 0, 0, 1, 0),
      'its program headers are not within the first page',
    ],
    ['small headers', patched(42, 8, 0), 'its program headers are not within the first page'],
    [
      'too many headers',
      patched(44, 0xff, 0xff),
      'its program headers are not within the first page',
    ],
  ])('says so for %s', (_what, head, what) => {
    expect(readElfHead(head)).toEqual({ kind: 'unclear', what });
  });

  it('ends for any bytes behind the magic', () => {
    for (let fill = 0; fill < 256; fill += 1)
      for (const size of [16, 51, 52, 64, 4096])
        for (const kind of [1, 2]) {
          const head = new Uint8Array(size).fill(fill);
          head.set([0x7f, 0x45, 0x4c, 0x46, kind, 1]);
          const read = readElfHead(head);
          if (read.kind === 'elf') writtenPages(read.ranges, 1e6);
        }
  });
});

describe('writtenPages', () => {
  it('names every page that a range touches, within the file', () => {
    const read = readElfHead(elfHead({ bits: 64, order: 'little', segments }));
    expect(read.kind === 'elf' && [...writtenPages(read.ranges, 0x10000)]).toEqual([
      [2, 'relocated'],
      [3, 'writable'],
      [4, 'writable'],
    ]);
    expect(read.kind === 'elf' && [...writtenPages(read.ranges, 0x3100).keys()]).toEqual([2, 3]);
    expect(writtenPages([{ write: 'writable', start: 2 ** 60, end: 2 ** 61 }], 8192).size).toBe(0);
  });
});
