import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { AxfsError, ERRNO } from '../../../src/base/errno.ts';
import type { Errno } from '../../../src/base/errno.ts';

describe('ERRNO', () => {
  // Linux's numbers; other systems number the later ones differently.
  const linux: Partial<Record<string, number>> =
    process.platform === 'linux' ? constants.errno : {};

  test.each(Object.entries(ERRNO))('%s is %d on this Linux too', (name, number) => {
    expect(linux[name] ?? number).toBe(number);
  });

  test('EUCLEAN, which Node does not list, is 117 as in asm-generic/errno.h', () => {
    expect(ERRNO.EUCLEAN).toBe(117);
  });

  test('no two names share a number', () => {
    const numbers = Object.values(ERRNO);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('AxfsError', () => {
  test('carries the code for programs and the sentence for people', () => {
    const error = new AxfsError('EINVAL', 'a.img: page_shift is 13, expected 12');
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(InvariantError);
    expect(error).toMatchObject({
      name: 'AxfsError',
      code: 'EINVAL',
      message: 'a.img: page_shift is 13, expected 12',
    });
    expect(String(error)).toBe('AxfsError: a.img: page_shift is 13, expected 12');
  });

  test('a code that is no errno name does not compile', () => {
    // @ts-expect-error -- EWRONG is not an errno
    const code: Errno = 'EWRONG';
    expect(Object.keys(ERRNO)).not.toContain(code);
  });
});
