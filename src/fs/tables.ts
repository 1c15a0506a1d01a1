/**
 * The byte tables of an image, whichever way round they are stored: packed entries, or the planes of format
 * version 1 (format description, sections 4 and 10).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { ByteTable } from '../ondisk/bytetable.ts';
import type { TableLayout } from '../ondisk/bytetable.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import { TABLE_NAMES } from '../ondisk/regions.ts';
import type { TableName } from '../ondisk/regions.ts';

/** The tables by name. */
export type Tables = Readonly<Record<TableName, ByteTable>>;

/** Tables with the layout they were read by. */
export interface LaidOutTables {
  readonly layout: TableLayout;
  readonly tables: Tables;
}

/** What the tables are made of. */
export interface TableSource {
  /** The image's name, for messages. */
  readonly name: string;
  readonly versionMajor: number;
  /** Inodes that the superblock claims. */
  readonly files: number;
  readonly stringsSize: number;
  /** Bytes of a table, expanded, and bytes an entry. */
  readonly bytesOf: (table: TableName) => Uint8Array;
  readonly depthOf: (table: TableName) => number;
}

const PLANAR_VERSION = 1;
/** Inodes looked at to tell one layout from the other. */
const PROBED_INODES = 1024;
/** Modes are st_mode: 16 bits. */
const MODES = 0o200000;

/** Tables with a row for every inode. */
export const INODE_TABLES = [
  'inode_file_size',
  'inode_name_offset',
  'inode_num_entries',
  'inode_mode_index',
  'inode_array_index',
] as const satisfies readonly TableName[];

/** Inodes that the tables hold: what the superblock claims, as far as there are rows. */
export const inodeCount = (tables: Tables, files: number): number =>
  Math.min(files, ...INODE_TABLES.map((name) => tables[name].length));

function readAs(source: TableSource, layout: TableLayout): Tables {
  const tables: Partial<Record<TableName, ByteTable>> = {};
  for (const name of TABLE_NAMES)
    tables[name] = new ByteTable(name, source.bytesOf(name), source.depthOf(name), {
      ...{ image: source.name, layout },
    });
  return tables as Tables;
}

/** An entry, or `undefined` where there is none that a number holds. */
export function entryOf(table: ByteTable, index: number): number | undefined {
  try {
    return table.get(index);
  } catch (error) {
    if (!(error instanceof AxfsError)) throw error;
    return undefined;
  }
}

/** What inodes look like when the tables are read one way. */
interface Sense {
  /** Values that make none. */
  readonly wrong: number;
  /** Inode 0 is a directory whose children exist. */
  readonly hasRoot: boolean;
}

function senseOf(source: TableSource, tables: Tables): Sense {
  const count = inodeCount(tables, source.files);
  const modeOf = (inode: number): number | undefined => {
    const row = entryOf(tables.inode_mode_index, inode);
    const mode = row === undefined ? undefined : entryOf(tables.modes, row);
    return mode !== undefined && mode < MODES ? mode : undefined;
  };
  let wrong = 0;
  for (let inode = 0; inode < Math.min(count, PROBED_INODES); inode += 1) {
    const mode = modeOf(inode);
    const name = entryOf(tables.inode_name_offset, inode);
    if (mode === undefined || typeOfMode(mode) === undefined) wrong += 1;
    if (name === undefined || name >= source.stringsSize) wrong += 1;
  }
  const [rootMode, children, first] = [
    modeOf(0),
    entryOf(tables.inode_num_entries, 0),
    entryOf(tables.inode_array_index, 0),
  ];
  const hasRoot =
    rootMode !== undefined &&
    typeOfMode(rootMode) === 'dir' &&
    children !== undefined &&
    first !== undefined &&
    (children === 0 || first + children <= count);
  return { wrong, hasRoot };
}

/**
 * The tables of an image: planar for version 1, packed for every other one, unless only the other layout
 * makes sense of the inodes, the root among them.
 */
export function openTables(source: TableSource): LaidOutTables {
  const expected = source.versionMajor === PLANAR_VERSION ? 'planar' : 'packed';
  const tables = readAs(source, expected);
  const sense = senseOf(source, tables);
  if (sense.wrong === 0 && sense.hasRoot) return { layout: expected, tables };
  const other = expected === 'planar' ? 'packed' : 'planar';
  const otherTables = readAs(source, other);
  const otherSense = senseOf(source, otherTables);
  const isBetter = otherSense.hasRoot && otherSense.wrong < sense.wrong + (sense.hasRoot ? 0 : 1);
  return isBetter ? { layout: other, tables: otherTables } : { layout: expected, tables };
}
