import { expect, it } from 'vitest';
import { counted, exactSize, parseSize, percent } from '../../../src/cli/sizes.ts';

it('gives bytes exactly, and in a binary unit from 1 KiB', () => {
  expect([0, 1, 1023, 1024, 26_812_416].map(exactSize)).toEqual([
    '0 bytes',
    '1 byte',
    '1,023 bytes',
    '1,024 bytes (1.00 KiB)',
    '26,812,416 bytes (25.6 MiB)',
  ]);
});

it('gives shares in percent, of nothing none', () => {
  expect(percent(1, 3)).toBe('33.3 %');
  expect(percent(5, 4)).toBe('125.0 %');
  expect(percent(5, 0)).toBe('-');
});

it('counts in singular and plural', () => {
  expect([0, 1, 1995].map((count) => counted(count, 'inode'))).toEqual([
    '0 inodes',
    '1 inode',
    '1,995 inodes',
  ]);
  expect(counted(2, 'directory', 'directories')).toBe('2 directories');
});

it.each([
  ['0', 0],
  ['4096', 4096],
  ['16K', 16384],
  ['16k', 16384],
  ['32M', 33_554_432],
  ['1g', 1_073_741_824],
  ['8388607G', 8_388_607 * 2 ** 30],
  ['8388608G', undefined],
  ['', undefined],
  ['K', undefined],
  ['-1', undefined],
  ['1.5M', undefined],
  ['1 M', undefined],
  ['1T', undefined],
  ['1MB', undefined],
  ['0x10', undefined],
  ['1e3', undefined],
])('reads the size %j as %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});
