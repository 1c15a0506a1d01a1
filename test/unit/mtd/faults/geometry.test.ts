import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../../src/base/errno.ts';
import { blockAt, blockCount, blockOf, blocksIn } from '../../../../src/mtd/faults/geometry.ts';
import type { BlockGeometry } from '../../../../src/mtd/faults/geometry.ts';

/** Two small blocks, then large ones up to 8 GiB. */
const mixed: BlockGeometry = {
  name: 'chip',
  size: 2 ** 33,
  erasesize: 131072,
  writesize: 2,
  eraseRegions: [
    { offset: 0, erasesize: 65536, blocks: 2 },
    { offset: 131072, erasesize: 131072, blocks: 65535 },
  ],
};

describe('blocks by number', () => {
  test.each([
    [0, 0, 0, 65536],
    [65535, 0, 0, 65536],
    [65536, 1, 65536, 65536],
    [131072, 2, 131072, 131072],
    [2 ** 32 + 5, 32769, 2 ** 32, 131072],
    [2 ** 33 - 1, 65536, 2 ** 33 - 131072, 131072],
  ])('byte %d is in block %d', (at, number, offset, erasesize) => {
    expect(blockAt(mixed, at)).toEqual({ number, offset, erasesize });
    expect(blockOf(mixed, number)).toEqual({ number, offset, erasesize });
  });

  test('there are so many', () => {
    expect(blockCount(mixed)).toBe(65537);
    expect(blockCount({ ...mixed, eraseRegions: [] })).toBe(65536);
  });

  test.each([-1, 2 ** 33])('byte %d is in none', (at) => {
    expect(() => blockAt(mixed, at)).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: byte ${String(at)} is in no erase block, expected less than 8589934592`,
      ),
    );
  });

  test.each([-1, 65537])('there is no block %d', (number) => {
    expect(() => blockOf(mixed, number)).toThrow(
      new AxfsError(
        'EINVAL',
        `chip: there is no erase block ${String(number)}, expected 0 to 65536`,
      ),
    );
  });

  test.each([
    [0, 1, [0]],
    [65535, 2, [0, 1]],
    [100, 262144, [0, 1, 2, 3]],
    [131072, 131072, [2]],
    [70000, 0, []],
  ])('bytes from %d, %d of them, are in blocks %j', (offset, length, numbers) => {
    expect([...blocksIn(mixed, offset, length)].map(({ number }) => number)).toEqual(numbers);
  });
});
