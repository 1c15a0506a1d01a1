/**
 * Third stage: inodes and nodes become the 14 byte tables and the strings region (format description,
 * sections 5 and 6.4). Three sentinel nodes end the node tables, as the original builder writes them.
 *
 * @module
 */
import { bytesNeeded } from '../base/bits.ts';
import { toBytes } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { encodeByteTable } from '../ondisk/bytetable.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import { TABLE_NAMES } from '../ondisk/regions.ts';
import type { TableName } from '../ondisk/regions.ts';
import { ByteSink } from './chunks.ts';
import type { InodePlan } from './inodes.ts';
import type { StoredNodes } from './node-store.ts';

/** Values of every table, by name. */
export type TableValues = Readonly<Record<TableName, ArrayLike<number>>>;

/** An encoded table. */
export interface EncodedTable {
  readonly bytes: Uint8Array;
  /** Bytes an entry. */
  readonly depth: number;
  /** Entries, sentinels included. */
  readonly entries: number;
}

/** Depths that the original builder always uses: 1 for node types, 4 for everything else. */
const originalDepth = (name: TableName): number => (name === 'node_type' ? 1 : 4);

/** Names in inode order, each with its NUL, never shared; and where each begins. */
export function encodeNames(plan: InodePlan): {
  readonly strings: ByteSink;
  readonly offsets: readonly number[];
} {
  const strings = new ByteSink();
  const offsets = plan.inodes.map(({ name }) => {
    const offset = strings.size;
    strings.append(toBytes(name));
    strings.appendZeros(1);
    return offset;
  });
  return { strings, offsets };
}

/** Columns of all tables. */
export function tableValues(
  plan: InodePlan,
  nodes: StoredNodes,
  nameOffsets: readonly number[],
): TableValues {
  const cnodes = nodes.cnodeOffsets.length;
  const banodes = nodes.banodeOffsets.length;
  return {
    node_type: ended(nodes.types, NODE_TYPE.byteAligned, NODE_TYPE.compressed, NODE_TYPE.xip),
    node_index: ended(nodes.indexes, banodes, cnodes, nodes.xip.size / PAGE_SIZE),
    cnode_offset: ended(nodes.cnodeOffsets, 0),
    cnode_index: ended(nodes.cnodeCblocks, nodes.cblockOffsets.length),
    banode_offset: ended(nodes.banodeOffsets, nodes.byteAligned.size),
    cblock_offset: ended(nodes.cblockOffsets, nodes.compressed.size),
    inode_file_size: plan.inodes.map((inode) => inode.fileSize),
    inode_name_offset: nameOffsets,
    inode_num_entries: plan.inodes.map((inode) => inode.numEntries),
    inode_mode_index: plan.inodes.map((inode) => inode.modeIndex),
    inode_array_index: plan.inodes.map((inode, number) =>
      inode.entry.type === 'dir' && inode.numEntries > 0
        ? inode.arrayIndex
        : (nodes.firstNodes[number] ?? 0),
    ),
    modes: plan.modes.map((row) => row.mode),
    uids: plan.modes.map((row) => row.uid),
    gids: plan.modes.map((row) => row.gid),
  };
}

/** A column with its sentinels. */
function ended(column: Uint8Array | Uint32Array | Float64Array, ...end: number[]): Float64Array {
  const all = new Float64Array(column.length + end.length);
  all.set(column);
  all.set(end, column.length);
  return all;
}

/**
 * Encodes all tables: as narrow as their values allow (`minimal`), or at the original's depths and deeper
 * only where a value needs it.
 *
 * @throws AxfsError EFBIG in `compat`, naming a table whose values exceed the original's depth.
 */
export function encodeTables(
  values: TableValues,
  how: { readonly minimal: boolean; readonly compat: boolean },
): Readonly<Record<TableName, EncodedTable>> {
  const tables: Partial<Record<TableName, EncodedTable>> = {};
  for (const name of TABLE_NAMES) {
    const column = values[name];
    let most = 0;
    for (let i = 0; i < column.length; i += 1) {
      const value = column[i] ?? 0;
      if (value > most) most = value;
    }
    const depth = Math.max(how.minimal ? 1 : originalDepth(name), bytesNeeded(most));
    if (how.compat && depth > originalDepth(name))
      throw new AxfsError(
        'EFBIG',
        `table ${name} holds ${String(most)}, more than the original's ${String(originalDepth(name))} bytes an entry`,
      );
    tables[name] = { bytes: encodeByteTable(column, depth), depth, entries: column.length };
  }
  return tables as Record<TableName, EncodedTable>;
}
