import { constants } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  decodeRdev,
  encodeRdev,
  formatOf,
  formatOfType,
  INODE_TYPES,
  modeText,
  permissionsOf,
  typeOfMode,
} from '../../../src/ondisk/mode.ts';

describe('modeText, as ls -l', () => {
  test.each([
    [0o100644, '-rw-r--r--'],
    [0o100755, '-rwxr-xr-x'],
    [0o100000, '----------'],
    [0o100421, '-r---w---x'],
    [0o040755, 'drwxr-xr-x'],
    [0o120777, 'lrwxrwxrwx'],
    [0o020620, 'crw--w----'],
    [0o060660, 'brw-rw----'],
    [0o010600, 'prw-------'],
    [0o140666, 'srw-rw-rw-'],
    [0o104755, '-rwsr-xr-x'],
    [0o104655, '-rwSr-xr-x'],
    [0o102755, '-rwxr-sr-x'],
    [0o102745, '-rwxr-Sr-x'],
    [0o041777, 'drwxrwxrwt'],
    [0o041776, 'drwxrwxrwT'],
    [0o107777, '-rwsrwsrwt'],
    [0o107000, '---S--S--T'],
    [0o000644, '?rw-r--r--'],
    [0o170644, '?rw-r--r--'],
  ])('%d is %s', (mode, text) => {
    expect(modeText(mode)).toBe(text);
  });
});

describe('types', () => {
  test.each([
    ['fifo', constants.S_IFIFO],
    ['char', constants.S_IFCHR],
    ['dir', constants.S_IFDIR],
    ['block', constants.S_IFBLK],
    ['file', constants.S_IFREG],
    ['symlink', constants.S_IFLNK],
    ['socket', constants.S_IFSOCK],
  ] as const)('%s has the S_IFMT bits of this system', (type, format) => {
    expect(formatOfType(type)).toBe(format);
    expect(typeOfMode(format + 0o7777)).toBe(type);
    expect(formatOf(format + 0o7777)).toBe(format);
  });

  test('every other S_IFMT value has no type', () => {
    const known: readonly number[] = INODE_TYPES.map(({ format }) => format);
    for (let format = 0; format < 0o200000; format += 0o010000)
      if (!known.includes(format)) expect(typeOfMode(format + 0o644)).toBeUndefined();
    expect(known).toHaveLength(7);
  });

  test('bits above st_mode do not change the type (modes are 32-bit values, section 5.1)', () => {
    expect(typeOfMode(0x8000_0000 + 0o040755)).toBe('dir');
    expect(permissionsOf(0x8000_0000 + 0o044755)).toBe(0o4755);
  });
});

describe('rdev (AXFS_FORMAT section 5.3)', () => {
  test.each([
    [0, 0, 0],
    [1, 3, 0x0103],
    [5, 1, 0x0501],
    [255, 255, 0xffff],
    [259, 70000, 0x1111_0370],
    [0, 256, 0x0010_0000],
    [4095, 0, 0x000f_ff00],
    [4095, 2 ** 20 - 1, 0xffff_ffff],
  ])('%d:%d is stored as %d', (major, minor, value) => {
    expect(encodeRdev({ major, minor })).toBe(value);
    expect(decodeRdev(value)).toEqual({ major, minor });
  });
});
