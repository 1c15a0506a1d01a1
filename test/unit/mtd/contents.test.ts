import { expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';

const bytes = Uint8Array.of(10, 11, 12, 13, 14);

test('views share memory with the bytes', () => {
  const own = bytes.slice();
  const contents = memoryContents(own);
  expect(contents.size).toBe(5);
  const view = contents.view(1, 3);
  own[2] = 99;
  expect(view).toEqual(Uint8Array.of(11, 99, 13));
});

test.each([
  [0, 5],
  [4, 1],
  [5, 0],
  [0, 0],
])('a view at %d of %d bytes is inside', (offset, length) => {
  expect(memoryContents(bytes).view(offset, length)).toEqual(bytes.slice(offset, offset + length));
});

test.each([
  [0, 6],
  [5, 1],
  [6, 0],
  [2 ** 40, 1],
  [-2, 1],
])('a view at %d of %d bytes is refused', (offset, length) => {
  expect(() => memoryContents(bytes).view(offset, length)).toThrow(
    new AxfsError(
      'EIO',
      `read of ${String(length)} bytes at ${String(offset)} of contents of 5 bytes`,
    ),
  );
});
