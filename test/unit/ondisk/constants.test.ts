import { describe, expect, test } from 'vitest';
import {
  AXFS_MAGIC,
  AXFS_SIGNATURE,
  COMPRESSION_ZLIB,
  DESCRIPTOR_BYTES,
  DESCRIPTOR_SLOT_BYTES,
  MAGIC_BYTES,
  MAX_TABLE_DEPTH,
  NAME_MAX,
  NODE_TYPE,
  NODE_TYPE_NAMES,
  SUPERBLOCK_BYTES,
} from '../../../src/ondisk/constants.ts';

describe('constants against AXFS_FORMAT', () => {
  test('section 2: magic and signature, 4 and 16 bytes', () => {
    expect(AXFS_MAGIC.toString(16)).toBe('48a0e4cd');
    expect(MAGIC_BYTES).toBe(4);
    expect(AXFS_SIGNATURE).toHaveLength(16);
    expect(Buffer.from(AXFS_SIGNATURE, 'latin1').toString('hex')).toBe(
      '416476616e63656420584950204653' + '00',
    );
  });

  test('section 3: 264 + 18 slots of 40 bytes end at 984; 34 bytes of a slot are content', () => {
    expect(SUPERBLOCK_BYTES + 18 * DESCRIPTOR_SLOT_BYTES).toBe(984);
    expect(DESCRIPTOR_BYTES).toBe(34);
  });

  test('section 6: node types 0, 1, 2', () => {
    expect(NODE_TYPE).toEqual({ xip: 0, compressed: 1, byteAligned: 2 });
    for (const [i, name] of NODE_TYPE_NAMES.entries()) expect(NODE_TYPE[name]).toBe(i);
    expect(NODE_TYPE_NAMES).toHaveLength(Object.keys(NODE_TYPE).length);
  });

  test('sections 2, 4 and 11: zlib is 0, tables are 1 to 8 deep, names up to 255 bytes', () => {
    expect([COMPRESSION_ZLIB, MAX_TABLE_DEPTH, NAME_MAX]).toEqual([0, 8, 255]);
  });
});
