import { describe, expect, it } from 'vitest';
import { joinChunks } from '../../../src/mkfs/chunks.ts';
import { planInodes } from '../../../src/mkfs/inodes.ts';
import { encodeNames, encodeTables, tableValues } from '../../../src/mkfs/tables.ts';
import type { TableValues } from '../../../src/mkfs/tables.ts';
import { ByteSink } from '../../../src/mkfs/chunks.ts';
import type { StoredNodes } from '../../../src/mkfs/node-store.ts';
import { TABLE_NAMES } from '../../../src/ondisk/regions.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';

const sinkOf = (size: number): ByteSink => {
  const sink = new ByteSink();
  sink.appendZeros(size);
  return sink;
};

/** Two XIP pages, one cblock, two banodes. */
const nodes: StoredNodes = {
  types: Uint8Array.of(0, 1, 2, 0, 2),
  indexes: Uint32Array.of(0, 0, 0, 1, 1),
  banodeOffsets: Float64Array.of(0, 10),
  cnodeCblocks: Uint32Array.of(0),
  cnodeOffsets: Uint32Array.of(0),
  cblockOffsets: Float64Array.of(0),
  cblockSize: 4096,
  firstNodes: Float64Array.of(0, 0, 0, 1),
  ...{ sharedNodes: 0, sharedInodes: 0, sharedInodeNodes: 0 },
  xip: sinkOf(8192),
  byteAligned: sinkOf(15),
  compressed: sinkOf(77),
};
const plan = planInodes(treeFrom({ 'b/c': 'x', a: 'y' }), true);

it('writes names in inode order, each with its NUL', () => {
  const { strings, offsets } = encodeNames(plan);
  expect(Buffer.from(joinChunks(strings.chunks())).toString()).toBe('./\0a\0b\0c\0');
  expect(offsets).toEqual([0, 3, 5, 7]);
});

const values = tableValues(plan, nodes, [0, 3, 5, 7]);

it('ends the node tables with the three sentinels (section 6.4)', () => {
  const lists = Object.fromEntries(
    Object.entries(values).map(([name, column]) => [name, Array.from(column)]),
  );
  expect(lists).toMatchObject({
    node_type: [0, 1, 2, 0, 2, 2, 1, 0],
    node_index: [0, 0, 0, 1, 1, 2, 1, 2],
    cnode_offset: [0, 0],
    cnode_index: [0, 1],
    banode_offset: [0, 10, 15],
    cblock_offset: [0, 77],
  });
});

describe('encodeTables', () => {
  it('uses the original depths', () => {
    const tables = encodeTables(values, { minimal: false, compat: true });
    for (const name of TABLE_NAMES)
      expect(tables[name].depth, name).toBe(name === 'node_type' ? 1 : 4);
    expect(tables.banode_offset).toEqual({
      bytes: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 15),
      depth: 4,
      entries: 3,
    });
  });

  const with33Bits: TableValues = { ...values, cblock_offset: [0, 2 ** 32 - 1, 2 ** 32] };
  it('takes a deeper table where a value needs it', () => {
    const tables = encodeTables(with33Bits, { minimal: false, compat: false });
    expect(tables.cblock_offset.depth).toBe(5);
    expect(tables.cblock_offset.bytes).toEqual(
      Uint8Array.of(0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0),
    );
    expect(tables.banode_offset.depth).toBe(4);
  });

  it('refuses it in compat', () => {
    expect(() => encodeTables(with33Bits, { minimal: false, compat: true })).toThrow(
      expect.objectContaining({
        code: 'EFBIG',
        message: "table cblock_offset holds 4294967296, more than the original's 4 bytes an entry",
      }),
    );
    const fits = { ...values, cblock_offset: [0, 2 ** 32 - 1] };
    expect(() => encodeTables(fits, { minimal: false, compat: true })).not.toThrow();
  });

  it('uses the narrowest depths on demand', () => {
    const tables = encodeTables(
      { ...values, cblock_offset: [0, 255, 256], banode_offset: [0, 2 ** 32] },
      { minimal: true, compat: false },
    );
    const depths = TABLE_NAMES.map((name) => tables[name].depth);
    expect(depths).toEqual([1, 1, 1, 1, 5, 2, 1, 1, 1, 1, 1, 2, 1, 1]);
    expect(tables.cblock_offset.bytes).toEqual(Uint8Array.of(0, 0, 0, 255, 1, 0));
  });
});
