import { describe, expect, test } from 'vitest';
import { toHex, viewOf } from '../../../src/base/bytes.ts';
import { AxfsError } from '../../../src/base/errno.ts';
import { DESCRIPTOR_BYTES } from '../../../src/ondisk/constants.ts';
import {
  decodeDescriptor,
  DESCRIPTOR_FIELDS,
  encodeDescriptor,
  REGIONS,
  storedSize,
  TABLE_NAMES,
} from '../../../src/ondisk/regions.ts';

describe('REGIONS (AXFS_FORMAT sections 1, 2 and 8)', () => {
  test('18 regions: 4 of raw data, 14 byte tables', () => {
    expect(REGIONS).toHaveLength(18);
    expect(REGIONS.filter(({ kind }) => kind !== 'table').map(({ name }) => name)).toEqual([
      'strings',
      'xip',
      'byte_aligned',
      'compressed',
    ]);
    expect(TABLE_NAMES).toHaveLength(14);
  });

  test('tables are written in the order of section 7', () => {
    expect(TABLE_NAMES).toEqual([
      'node_type',
      'node_index',
      'cnode_offset',
      'cnode_index',
      'banode_offset',
      'cblock_offset',
      'inode_file_size',
      'inode_name_offset',
      'inode_num_entries',
      'inode_mode_index',
      'inode_array_index',
      'modes',
      'uids',
      'gids',
    ]);
  });

  test('only xip is made of whole pages (section 6.1)', () => {
    expect(REGIONS.filter(({ kind }) => kind === 'pages').map(({ name }) => name)).toEqual(['xip']);
  });

  test('only compressed and byte_aligned may lie without an address (section 8)', () => {
    expect(REGIONS.filter((row) => !row.needsAddress).map(({ name }) => name)).toEqual([
      'byte_aligned',
      'compressed',
    ]);
  });
});

describe('descriptor (AXFS_FORMAT section 3)', () => {
  test('fields stand where the table says, without gap, and end at 34', () => {
    expect(DESCRIPTOR_FIELDS.map(({ offset, bytes, key }) => [offset, bytes, key])).toEqual([
      [0, 8, 'fsoffset'],
      [8, 8, 'size'],
      [16, 8, 'compressedSize'],
      [24, 8, 'maxIndex'],
      [32, 1, 'tableByteDepth'],
      [33, 1, 'incore'],
    ]);
    let end = 0;
    for (const { offset, bytes } of DESCRIPTOR_FIELDS) {
      expect(offset).toBe(end);
      end = offset + bytes;
    }
    expect(end).toBe(DESCRIPTOR_BYTES);
  });

  const BYTES = [
    '0000000000000420',
    '0000000000000008',
    '0000000100000002',
    '0000000000000002',
    '04',
    '01',
  ].join('');
  const VALUE = {
    fsoffset: 0x420,
    size: 8,
    compressedSize: 0x1_0000_0002,
    maxIndex: 2,
    tableByteDepth: 4,
    incore: 1,
  };

  test('is encoded as 34 bytes at its offset, and nothing else is touched', () => {
    const slot = new Uint8Array(48).fill(0xee);
    encodeDescriptor(viewOf(slot), 8, VALUE);
    expect(toHex(slot)).toBe(`${'ee'.repeat(8)}${BYTES}${'ee'.repeat(6)}`);
  });

  test('is decoded from exactly 34 bytes, at any offset', () => {
    const bytes = Uint8Array.from(Buffer.from(`ff${BYTES}`, 'hex'));
    expect(decodeDescriptor(viewOf(bytes), 1, 'modes')).toEqual(VALUE);
  });

  test.each([
    [0, 'fsoffset'],
    [8, 'size'],
    [16, 'compressedSize'],
  ])('an 8-byte field at %d beyond 2^53-1 is refused by name', (offset, field) => {
    const bytes = Uint8Array.from(Buffer.from(BYTES, 'hex'));
    bytes.set([0x00, 0x20, 0, 0, 0, 0, 0, 0], offset);
    expect(() => decodeDescriptor(viewOf(bytes), 0, 'modes')).toThrow(
      new AxfsError(
        'EOVERFLOW',
        `${field} of region modes is 9007199254740992, expected less than 2^53`,
      ),
    );
  });

  test('an 8-byte field that nothing hangs on may be anything', () => {
    const bytes = Uint8Array.from(Buffer.from(BYTES, 'hex'));
    bytes.fill(0xff, 24, 32);
    const most = Number.MAX_SAFE_INTEGER;
    expect(decodeDescriptor(viewOf(bytes), 0, 'modes')).toEqual({ ...VALUE, maxIndex: most });
    bytes.fill(0xff, 0, 8).fill(0, 8, 16).fill(0xff, 16, 24);
    expect(decodeDescriptor(viewOf(bytes), 0, 'modes')).toEqual({
      ...VALUE,
      ...{ fsoffset: most, size: 0, compressedSize: most, maxIndex: most },
    });
  });

  test('a region takes its compressed size in the image if it has one', () => {
    expect(storedSize({ ...VALUE, compressedSize: 0 })).toBe(8);
    expect(storedSize({ ...VALUE, compressedSize: 5 })).toBe(5);
  });
});
