import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { toHex } from '../../../src/base/bytes.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { ByteTable, encodeByteTable, minimalDepth } from '../../../src/ondisk/bytetable.ts';

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('worked examples of AXFS_FORMAT section 4', () => {
  const EXAMPLES = [
    ['node_type', 1, '02 02 01 00', [2, 2, 1, 0]],
    ['node_index', 4, '00000000 00000001 00000000 00000000', [0, 1, 0, 0]],
    ['banode_offset', 4, '00000000 0000000a', [0, 10]],
    ['inode_file_size', 4, '00000005 00000009', [5, 9]],
    ['modes', 4, '000041ed 000081a4', [0o040755, 0o100644]],
    ['depth 3', 3, '00 00 01 12 34 56', [1, 0x123456]],
  ] as const;

  test.each(EXAMPLES)('%s, depth %d: %s', (name, depth, hex, values) => {
    const table = new ByteTable(name, bytesOf(hex), depth);
    expect(table).toMatchObject({ name, depth, length: values.length });
    expect(values.map((_, k) => table.get(k))).toEqual(values);
    expect(toHex(encodeByteTable(values, depth))).toBe(hex.replaceAll(' ', ''));
  });
});

describe('ByteTable', () => {
  test('an entry beyond 2^31 is positive at depth 4', () => {
    expect(new ByteTable('t', bytesOf('ffffffff 80000000'), 4).get(0)).toBe(0xffff_ffff);
    expect(new ByteTable('t', bytesOf('ffffffff 80000000'), 4).get(1)).toBe(0x8000_0000);
  });

  test('reads in place, through a subarray', () => {
    const bytes = bytesOf('eeee 000102 030405 ee');
    const table = new ByteTable('t', bytes.subarray(2, 8), 3);
    expect([table.get(0), table.get(1)]).toEqual([0x000102, 0x030405]);
    bytes[2] = 0xff;
    expect(table.get(0)).toBe(0xff0102);
  });

  test('an entry cut short is no entry', () => {
    expect(new ByteTable('t', bytesOf('0001 0002 00'), 2).length).toBe(2);
  });

  test.each([
    { depth: 1, bytes: '', index: 0, length: 0 },
    { depth: 0, bytes: '', index: 0, length: 0 },
    { depth: 0, bytes: '01', index: 0, length: 0 },
    { depth: 1, bytes: '0102', index: 2, length: 2 },
    { depth: 4, bytes: '00000001', index: 1, length: 1 },
    { depth: 4, bytes: '00000001', index: -1, length: 1 },
    { depth: 3, bytes: '0000010000', index: 1, length: 1 },
    { depth: 4, bytes: '00000001', index: 2 ** 32, length: 1 },
    { depth: 4, bytes: '00000001', index: NaN, length: 1 },
  ])('EIO for entry $index of $length at depth $depth', ({ depth, bytes, index, length }) => {
    const table = new ByteTable('node_index', bytesOf(bytes), depth);
    expect(() => table.get(index)).toThrow(
      new AxfsError(
        'EIO',
        `table node_index has ${String(length)} entries, but entry ${String(index)} is asked for`,
      ),
    );
  });

  test('EOVERFLOW for an entry no double holds', () => {
    const table = new ByteTable('uids', bytesOf('001fffffffffffff 0020000000000000'), 8);
    expect(table.get(0)).toBe(2 ** 53 - 1);
    expect(() => table.get(1)).toThrow(
      new AxfsError('EOVERFLOW', 'entry 1 of table uids exceeds 2^53-1'),
    );
  });
});

describe('encodeByteTable', () => {
  test.each([
    [256, 1],
    [65536, 2],
    [2 ** 32, 4],
    [2 ** 48, 6],
  ])('refuses %d at depth %d', (value, depth) => {
    expect(() => encodeByteTable([0, value], depth)).toThrow(
      new InvariantError(
        `a table entry fits its depth: ${String(value)} in ${String(depth)} bytes`,
      ),
    );
  });

  test.each([-1, 1.5, NaN])('refuses %d, which no table can hold', (value) => {
    expect(() => encodeByteTable([value], 4)).toThrow(InvariantError);
  });

  test.each([0, 9, -1, 1.5])('refuses a depth of %d', (depth) => {
    expect(() => encodeByteTable([1, 2], depth)).toThrow(
      new InvariantError(`a table is 1 to 8 bytes deep: ${String(depth)}`),
    );
  });

  test('no values make no bytes at any depth', () => {
    for (const depth of [1, 4, 8]) expect(encodeByteTable([], depth)).toHaveLength(0);
  });
});

test('minimalDepth is set by the largest value', () => {
  expect(minimalDepth([])).toBe(1);
  expect(minimalDepth([0, 0])).toBe(1);
  expect(minimalDepth([1, 256, 255])).toBe(2);
  expect(minimalDepth([0xffff_ffff, 3])).toBe(4);
  expect(minimalDepth([2 ** 32])).toBe(5);
});

describe('a planar table (section 10)', () => {
  test.each([
    ['least significant plane first', 2, '5634 1200', [0x1256, 0x0034]],
    ['one plane', 1, '0102', [1, 2]],
    ['a cut entry is left out', 2, '5634 1200 ff', [0x1256, 0x0034]],
    ['four planes', 4, '0403 0301 0203 0103', [0x0102_0304, 0x0303_0103]],
    ['nothing', 4, '', []],
    ['no depth', 0, '0102', []],
  ])('%s', (_what, depth, planes, values) => {
    const table = new ByteTable('uids', bytesOf(planes), depth, { layout: 'planar' });
    expect(Array.from({ length: table.length }, (_, i) => table.get(i))).toEqual(values);
    for (const [i, value] of values.entries())
      expect(Number(`0x${toHex(table.bytesOf(i))}`)).toBe(value);
  });

  test('says where the bytes of an entry are', () => {
    const planar = new ByteTable('uids', new Uint8Array(15), 3, { layout: 'planar' });
    expect(planar.offsetsOf(2)).toEqual([12, 7, 2]);
    expect(new ByteTable('uids', new Uint8Array(15), 3).offsetsOf(2)).toEqual([6, 7, 8]);
  });
});

test('getClamped gives 2^53-1 for what no double holds', () => {
  const table = new ByteTable('uids', bytesOf('001ffffffffffffe ffffffffffffffff'), 8);
  expect([0, 1].map((i) => table.getClamped(i))).toEqual([2 ** 53 - 2, 2 ** 53 - 1]);
  expect(() => table.getClamped(2)).toThrow('entry 2 is asked for');
});
