import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { bytesEqual, getU64, setU64, toHex, viewOf } from '../../../src/base/bytes.ts';
import { AxfsError } from '../../../src/base/errno.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('u64, big-endian', () => {
  const VALUES = [
    ['0000000000000000', 0],
    ['0000000000000001', 1],
    ['000000007fffffff', 2 ** 31 - 1],
    ['0000000080000000', 2 ** 31],
    ['00000000ffffffff', 2 ** 32 - 1],
    ['0000000100000000', 2 ** 32],
    ['0000000123456789', 0x1_2345_6789],
    ['001fffffffffffff', 2 ** 53 - 1],
  ] as const;

  test.each(VALUES)('%s is %d', (hex, value) => {
    expect(getU64(viewOf(bytesOf(hex)), 0, 'x')).toBe(value);
  });

  test.each(VALUES)('%s is what %d is written as', (hex, value) => {
    const bytes = new Uint8Array(8).fill(0xa5);
    setU64(viewOf(bytes), 0, value);
    expect(toHex(bytes)).toBe(hex);
  });

  test.each([
    ['0020000000000000', '9007199254740992'],
    ['0020000000000001', '9007199254740993'],
    ['1122334455667788', '1234605616436508552'],
    ['ffffffffffffffff', '18446744073709551615'],
  ])('%s, which no double holds, is refused with its exact value', (hex, exact) => {
    expect(() => getU64(viewOf(bytesOf(hex)), 0, 'a.img: superblock field size')).toThrow(
      new AxfsError(
        'EOVERFLOW',
        `a.img: superblock field size is ${exact}, expected less than 2^53`,
      ),
    );
  });

  test.each([-1, 1.5, 2 ** 53, NaN])('%d is not written at all', (value) => {
    const bytes = new Uint8Array(8);
    expect(() => {
      setU64(viewOf(bytes), 0, value);
    }).toThrow(InvariantError);
    expect(toHex(bytes)).toBe('0000000000000000');
  });

  test('reads and writes only its eight bytes', () => {
    const bytes = new Uint8Array(24).fill(0xee);
    setU64(viewOf(bytes), 8, 0x1_0000_0002);
    expect(toHex(bytes)).toBe(`${'ee'.repeat(8)}0000000100000002${'ee'.repeat(8)}`);
    expect(getU64(viewOf(bytes), 8, 'x')).toBe(0x1_0000_0002);
  });
});

describe('viewOf', () => {
  test('sees exactly the bytes of a subarray', () => {
    const view = viewOf(bytesOf('0102030405060708').subarray(2, 6));
    expect(view.byteLength).toBe(4);
    expect(view.getUint32(0)).toBe(0x03040506);
    expect(() => view.getUint8(4)).toThrow(RangeError);
  });
});

describe('bytesEqual', () => {
  test.each([
    ['', '', true],
    ['00', '', false],
    ['0102', '0102', true],
    ['0102', '0103', false],
    ['0202', '0102', false],
    ['0102', '010200', false],
  ])('%j and %j: %j', (a, b, equal) => {
    expect(bytesEqual(bytesOf(a), bytesOf(b))).toBe(equal);
    expect(bytesEqual(bytesOf(b), bytesOf(a))).toBe(equal);
  });
});

test('toHex writes two lower-case digits a byte', () => {
  expect(toHex(Uint8Array.of(0, 9, 0x0f, 0x48, 0xa0, 0xe4, 0xcd, 0xff))).toBe('00090f48a0e4cdff');
  expect(toHex(new Uint8Array(0))).toBe('');
});
