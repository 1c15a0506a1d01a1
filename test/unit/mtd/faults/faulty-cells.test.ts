import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../../src/base/errno.ts';
import { FaultyCells } from '../../../../src/mtd/faults/faulty-cells.ts';
import type { BlockGeometry } from '../../../../src/mtd/faults/geometry.ts';
import type { FlashFault } from '../../../../src/mtd/faults/kinds.ts';
import { MemoryCells } from '../../../../src/mtd/memory-cells.ts';
import { BLOCK, SIZE, chip, differences, original, refusal, under } from './small-chip.ts';

/** Reads `count` times; says which reads failed. */
const failingReads = (cells: FaultyCells, count: number, offset = 0): number[] =>
  Array.from({ length: count }, (_, i) => i + 1).filter(
    () => refusal(() => cells.read(offset, 16)) !== 'done',
  );

test('without faults cells are those below', () => {
  const { cells } = under([]);
  expect(cells.read(5, 100)).toEqual({
    bytes: original().subarray(5, 105),
    flips: [],
    delayNanoseconds: 0,
  });
  cells.erase(BLOCK, BLOCK);
  cells.program(BLOCK, Uint8Array.of(1, 2));
  expect(cells.view(BLOCK - 1, 4)).toEqual(Uint8Array.of(original()[BLOCK - 1]!, 1, 2, 0xff));
  expect(cells.operations).toEqual({ reads: 1, programs: 1, erases: 1 });
});

describe('reads that fail', () => {
  test('the nth, and no other', () => {
    const { cells } = under([{ kind: 'read_error', nth: 3 }]);
    expect(failingReads(cells, 9)).toEqual([3]);
    expect(cells.injected.read_error).toBe(1);
  });

  test('every nth', () => {
    expect(failingReads(under([{ kind: 'read_error', every: 4 }]).cells, 9)).toEqual([4, 8]);
  });

  test('those of a range, of which alone the count is', () => {
    const { cells } = under([{ kind: 'read_error', nth: 2, offset: 100, length: 10 }]);
    expect(failingReads(cells, 5, 84)).toEqual([]);
    expect(failingReads(cells, 5, 110)).toEqual([]);
    expect(failingReads(cells, 5, 85)).toEqual([2]);
    expect(refusal(() => under([{ kind: 'read_error', nth: 1 }]).cells.read(7, 9))).toBe(
      'EIO chip: read failed, 9 bytes at 7',
    );
  });

  test('all of a range with a bus error', () => {
    const { cells } = under([{ kind: 'bus_error', offset: 64, length: 32 }]);
    expect(failingReads(cells, 3, 64)).toEqual([1, 2, 3]);
    expect(failingReads(cells, 3, 96)).toEqual([]);
    expect(failingReads(cells, 3, 48)).toEqual([]);
    expect(cells.view(64, 2)).toEqual(original().subarray(64, 66));
  });

  test('two faults count the same reads, whichever strikes', () => {
    const faults: FlashFault[] = [
      { kind: 'read_error', nth: 2 },
      { kind: 'read_error', nth: 3 },
    ];
    expect(failingReads(under(faults).cells, 5)).toEqual([2, 3]);
  });
});

describe('delays', () => {
  test.each([
    [{ nth: 2 }, [0, 5, 0, 0]],
    [{ every: 2 }, [0, 5, 0, 5]],
    [{ rate: 1 }, [5, 5, 5, 5]],
    [{ rate: 0 }, [0, 0, 0, 0]],
  ])('%j', (when, expected) => {
    const { cells } = under([{ kind: 'slow_read', nanoseconds: 5, ...when }]);
    expect(expected.map(() => cells.read(0, 1).delayNanoseconds)).toEqual(expected);
  });

  test('of two faults add up', () => {
    const slow = { kind: 'slow_read', every: 1, nanoseconds: 4 } as const;
    expect(under([slow, slow]).cells.read(0, 1).delayNanoseconds).toBe(8);
  });
});

describe('transient flips', () => {
  const flips: FlashFault = { kind: 'bit_flips', rate: 0.01 };

  test('are reported where they are, differ from read to read, and leave no trace', () => {
    const { cells } = under([flips]);
    const first = cells.read(100, 900);
    const second = cells.read(100, 900);
    for (const { bytes, flips: told } of [first, second]) {
      expect(told).toEqual(differences(bytes, 100));
      expect(Math.abs(told.length - 72)).toBeLessThan(40);
    }
    expect(second.flips).not.toEqual(first.flips);
    expect(cells.view(0, SIZE)).toEqual(original());
    expect(cells.injected.bit_flips).toBe(first.flips.length + second.flips.length);
  });

  test('repeat with seed and operations, and change with the seed', () => {
    const all = (seed: number): (readonly number[])[] => {
      const { cells } = under([flips], seed);
      return [0, 0, 1024, 0].map((offset) => cells.read(offset, 512).flips);
    };
    expect(all(3)).toEqual(all(3));
    expect(all(4)).not.toEqual(all(3));
  });

  test('keep to their range', () => {
    const { cells } = under([{ kind: 'bit_flips', rate: 1, offset: 10, length: 2 }]);
    expect(cells.read(8, 5).flips).toEqual(Array.from({ length: 16 }, (_, i) => 16 + i));
  });
});

describe('damage that lasts', () => {
  test('a cell reads as the other value until its block is erased', () => {
    const { cells, base } = under([{ kind: 'cell', offset: 1030, bit: 3 }]);
    expect(cells.read(1028, 8).flips).toEqual([19]);
    expect(differences(cells.view(1028, 8), 1028)).toEqual([19]);
    expect(differences(cells.read(1028, 8).bytes, 1028)).toEqual([19]);
    expect(cells.read(0, 1030).flips).toEqual([]);
    expect(base.view(0, SIZE)).toEqual(original());
    cells.erase(0, BLOCK);
    expect(cells.read(1028, 8).flips).toEqual([19]);
    cells.erase(BLOCK, BLOCK);
    expect(cells.read(1028, 8)).toMatchObject({ flips: [], bytes: new Uint8Array(8).fill(0xff) });
  });

  test('a program gives a cell its charge where it writes 0, and leaves it where it writes 1', () => {
    const cell = (bit: number): FlashFault => ({ kind: 'cell', offset: 0, bit });
    const { cells } = under([cell(0), cell(4)]);
    cells.program(0, Uint8Array.of(0xfe));
    expect(cells.read(0, 1).flips).toEqual([4]);
  });

  test('the same cell twice is right again', () => {
    const cell: FlashFault = { kind: 'cell', offset: 77, bit: 5 };
    expect(under([cell, cell]).cells.read(70, 10).flips).toEqual([]);
  });

  test.each([
    [0, [0xff, 0xfb]],
    [1, [0xff, 0xff]],
  ])('a bit stuck at %d stays there through erase and program', (value, erased) => {
    const { cells } = under([{ kind: 'stuck_bit', offset: 1025, bit: 2, value }]);
    cells.erase(BLOCK, BLOCK);
    expect([...cells.read(BLOCK, 2).bytes]).toEqual(erased);
    expect(cells.read(BLOCK, 2).flips).toEqual(value === 0 ? [10] : []);
    cells.program(BLOCK, Uint8Array.of(0, 0));
    expect([...cells.read(BLOCK, 2).bytes]).toEqual([0, value === 0 ? 0 : 4]);
    expect(cells.read(BLOCK, 2).flips).toEqual(value === 0 ? [] : [10]);
    expect([...cells.view(BLOCK, 2)]).toEqual([0, value === 0 ? 0 : 4]);
  });

  test('nothing else flips a stuck bit', () => {
    const { cells } = under([
      { kind: 'stuck_bit', offset: 0, bit: 0, value: 0 },
      { kind: 'cell', offset: 0, bit: 0 },
      { kind: 'bit_flips', rate: 1, offset: 0, length: 1 },
    ]);
    // Byte 0 is 0: seven bits turn over, the stuck one stays.
    expect([...cells.read(0, 1).bytes]).toEqual([0xfe]);
  });

  test('retention: age times rate, laid out once and for whoever looks first', () => {
    const old: FlashFault = { kind: 'retention', days: 100, rate: 1e-4 };
    const one = under([old]).cells;
    const flips = one.read(0, SIZE).flips;
    expect(Math.abs(flips.length - SIZE * 8 * 0.01)).toBeLessThan(80);
    expect(one.read(0, SIZE).flips).toEqual(flips);
    expect(one.injected.retention).toBe(flips.length);
    const other = under([old]).cells;
    const parts = [3, 1, 0, 2].map((block) =>
      other.read(block * BLOCK, BLOCK).flips.map((bit) => bit + 8 * block * BLOCK),
    );
    expect(parts.flat().sort((a, b) => a - b)).toEqual(flips);
  });

  test('retention is of what was there: what is written anew is young', () => {
    const { cells } = under([{ kind: 'retention', days: 1, rate: 1 }]);
    cells.erase(0, BLOCK);
    expect(cells.read(0, BLOCK).flips).toEqual([]);
    expect(cells.read(BLOCK, BLOCK).flips).toHaveLength(8 * BLOCK);
  });

  test('read disturb: one bit after the first reads, one more every so many, until erased', () => {
    const { cells } = under([{ kind: 'read_disturb', reads: 10, every: 5, block: 1 }]);
    const flipsAfter = (reads: number): number => {
      let flips = 0;
      for (let k = 0; k < reads; k += 1) flips = cells.read(BLOCK, BLOCK).flips.length;
      return flips;
    };
    expect([9, 1, 4, 1, 5].map(flipsAfter)).toEqual([0, 1, 1, 2, 3]);
    expect(cells.read(0, BLOCK).flips).toEqual([]);
    cells.erase(BLOCK, BLOCK);
    expect([9, 1].map(flipsAfter)).toEqual([0, 1]);
  });

  test('read disturb without a block is of each block on its own', () => {
    const { cells } = under([{ kind: 'read_disturb', reads: 2, every: 100 }]);
    cells.read(0, 1);
    cells.read(BLOCK, 1);
    expect(cells.injected.read_disturb).toBe(0);
    cells.read(BLOCK - 1, 2);
    expect(cells.injected.read_disturb).toBe(2);
  });
});

describe('wear', () => {
  const programs = (cells: FaultyCells, count: number, offset = 512): string[] =>
    Array.from({ length: count }, () =>
      refusal(() => {
        cells.program(offset, Uint8Array.of(0));
      }),
    );
  const FAILED = expect.stringMatching(/^EIO chip: (program|erase) failed: /) as string;

  test('a weak page programs so many times', () => {
    const { cells } = under([{ kind: 'weak_page', page: 2, programs: 2 }]);
    expect(programs(cells, 4)).toEqual(['done', 'done', FAILED, FAILED]);
    expect(programs(cells, 4, 511)).toEqual(['done', 'done', 'done', 'done']);
    expect(cells.injected.weak_page).toBe(2);
  });

  test('a weak block erases so many times', () => {
    const { cells } = under([{ kind: 'weak_block', block: 1, erases: 1 }]);
    const erase = (offset: number): string =>
      refusal(() => {
        cells.erase(offset, BLOCK);
      });
    expect([erase(BLOCK), erase(BLOCK), erase(0), erase(0)]).toEqual([
      'done',
      'EIO chip: erase failed: block 1 was erased too often, 1024 bytes at 1024',
      'done',
      'done',
    ]);
  });

  test('a grave page reads so many times, then as noise, another one each time', () => {
    const { cells } = under([{ kind: 'grave_page', page: 1, reads: 1 }]);
    expect(cells.read(256, 256).flips).toEqual([]);
    const noise = [1, 2].map(() => cells.read(256, 256).flips);
    for (const flips of noise) expect(Math.abs(flips.length - 1024)).toBeLessThan(150);
    expect(noise[0]).not.toEqual(noise[1]);
    expect(cells.read(0, 256).flips).toEqual([]);
    // Of a longer read only that page is noise.
    expect(cells.read(0, 300).flips.every((bit) => bit >= 8 * 256)).toBe(true);
  });

  test.each([
    ['any', 1, [FAILED, FAILED, FAILED]],
    ['program', 2, ['done', 'done', FAILED]],
    ['erase', 1, ['done', FAILED, 'done']],
  ] as const)('a grown bad block fails %s from number %d on', (operation, nth, expected) => {
    const { cells } = under([{ kind: 'bad_block', block: 0, origin: 'grown', operation, nth }]);
    expect([
      refusal(() => {
        cells.program(0, Uint8Array.of(0));
      }),
      refusal(() => {
        cells.erase(0, BLOCK);
      }),
      refusal(() => {
        cells.program(0, Uint8Array.of(0));
      }),
    ]).toEqual(expected);
    expect(
      refusal(() => {
        cells.erase(BLOCK, BLOCK);
      }),
    ).toBe('done');
  });

  test('a program that failed has done a part: never more than asked', () => {
    let partly = 0;
    for (let seed = 0; seed < 30; seed += 1) {
      const { cells } = under([{ kind: 'weak_page', page: 0, programs: 0 }], seed);
      expect(() => {
        cells.program(0, new Uint8Array(100));
      }).toThrow(AxfsError);
      const left = cells.view(0, 100);
      left.forEach((byte, i) => {
        expect(byte & ~original()[i]!).toBe(0);
      });
      if (left.some((byte) => byte !== 0)) partly += 1;
      expect(cells.view(100, 100)).toEqual(original().subarray(100, 200));
    }
    expect(partly).toBeGreaterThan(20);
  });
});

test('faults over faulty cells: bits flipped by both are right again', () => {
  const cell: FlashFault = { kind: 'cell', offset: 20, bit: 1 };
  const { cells } = under([cell, { kind: 'cell', offset: 21, bit: 1 }]);
  const over = new FaultyCells(cells, { seed: 1, faults: [cell] }, chip);
  expect(over.read(20, 4).flips).toEqual([9]);
  expect(differences(over.read(20, 4).bytes, 20)).toEqual([9]);
});

test.each<[FlashFault, string]>([
  [
    { kind: 'cell', offset: SIZE, bit: 0 },
    'byte 4096 is in no erase block, expected less than 4096',
  ],
  [
    { kind: 'stuck_bit', offset: SIZE, bit: 0, value: 0 },
    'byte 4096 is in no erase block, expected less than 4096',
  ],
  [
    { kind: 'weak_page', page: 16, programs: 1 },
    'byte 4096 is in no erase block, expected less than 4096',
  ],
  [{ kind: 'weak_block', block: 4, erases: 1 }, 'there is no erase block 4, expected 0 to 3'],
  [{ kind: 'bad_block', block: 4, origin: 'grown' }, 'there is no erase block 4, expected 0 to 3'],
])('a place that there is not: %j', (fault, message) => {
  expect(() => under([fault])).toThrow(new AxfsError('EINVAL', `chip: ${message}`));
});

test('blocks of different sizes, and places beyond 2^32', () => {
  const huge: BlockGeometry = {
    ...chip,
    size: 2 ** 33,
    eraseRegions: [
      { offset: 0, erasesize: 512, blocks: 4 },
      { offset: 2048, erasesize: 2048, blocks: 2 ** 22 - 1 },
    ],
  };
  const base = new MemoryCells({ size: 0, view: () => new Uint8Array(0) }, 2 ** 33);
  const offset = 2 ** 33 - 3;
  const faults: FlashFault[] = [
    { kind: 'cell', offset, bit: 6 },
    { kind: 'weak_block', block: 4, erases: 0 },
  ];
  const cells = new FaultyCells(base, { seed: 0, faults }, huge);
  expect(cells.read(offset - 1, 4)).toMatchObject({
    flips: [14],
    bytes: Uint8Array.of(0xff, 0xbf, 0xff, 0xff),
  });
  cells.erase(1536, 512);
  expect(() => {
    cells.erase(2048, 2048);
  }).toThrow('block 4 was erased too often');
  cells.erase(4096, 2048);
});
