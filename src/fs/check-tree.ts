/**
 * Second part of a check: inodes, names and directories. Every inode and every directory is looked at once,
 * however often damaged tables claim it.
 *
 * @module
 */
import { fromBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { pagesOf } from '../base/units.ts';
import type { ByteTable } from '../ondisk/bytetable.ts';
import { NAME_MAX, PATH_MAX } from '../ondisk/constants.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import type { TableName } from '../ondisk/regions.ts';
import type { Findings, RuleId } from './check-rules.ts';
import type { CheckedStructure } from './check-structure.ts';
import type { NodeUse } from './check-nodes.ts';
import { SIZED } from './inode.ts';
import { INODE_TABLES, entryOf, inodeCount } from './tables.ts';

const PARALLEL = [
  ['node_type', 'node_index'],
  ['cnode_offset', 'cnode_index'],
  ['modes', 'uids'],
  ['modes', 'gids'],
] as const satisfies readonly (readonly [TableName, TableName])[];

/** Longest target that symlink(2) makes. */
const TARGET_MAX = PATH_MAX - 1;
/** Largest mode, and largest user, group or device number; as a user or a group, the largest stands for none. */
const MODE_MAX = 0o177777;
const ID_MAX = 2 ** 32 - 1;
/** Entries of fewer bytes are below 2^53. */
const WIDE_DEPTH = 7;

/** Checks tables, inodes and directories; tells `use` the nodes of every file. */
export class TreeCheck {
  readonly #image: CheckedStructure;
  readonly #findings: Findings;
  readonly #use: NodeUse;
  readonly #count: number;
  /** At each inode, directories whose children start there less those whose end before. */
  readonly #covers: Int32Array;

  constructor(image: CheckedStructure, findings: Findings, use: NodeUse) {
    this.#image = image;
    this.#findings = findings;
    this.#use = use;
    this.#count = inodeCount(image.tables, image.superblock.files);
    this.#covers = new Int32Array(this.#count + 1);
  }

  run(): void {
    this.#checkTables();
    const directories: number[] = [];
    for (let inode = 0; inode < this.#count; inode += 1) {
      const type = this.#typeOf(inode);
      if (inode === 0 && type !== 'dir')
        this.#add('root', 0, type ?? 'no inode', 'a directory', 'inode_mode_index');
      if (inode !== 0) this.#checkName(inode);
      if (type === 'dir') {
        if (this.#checkChildren(inode)) directories.push(inode);
      } else if (type === 'file' || type === 'symlink') this.#checkPages(inode, type);
      else if (type !== undefined && this.#value('inode_num_entries', inode) !== 0)
        this.#add('special_entries', inode, this.#shown('inode_num_entries', inode), 0);
      const size = this.#value('inode_file_size', inode);
      if ((type === 'char' || type === 'block') && size !== undefined && size > ID_MAX)
        this.#add('device', inode, size, `at most ${String(ID_MAX)}`, 'inode_file_size');
    }
    if (this.#count === 0) this.#add('root', 0, 'no inode', 'a directory', 'inode_mode_index');
    this.#checkClaims();
    this.#checkOrder(directories);
  }

  #value(table: TableName, index: number): number | undefined {
    return entryOf(this.#image.tables[table], index);
  }

  #shown(table: TableName, index: number): number | string {
    return this.#value(table, index) ?? 'nothing';
  }

  #add(
    rule: RuleId,
    index: number | null,
    value: number | string,
    expected: number | string,
    region: TableName = 'inode_num_entries',
  ): void {
    this.#findings.add(rule, { region, index, value, expected });
  }

  /** The tables' regions could be read, so that what they lack is their own fault. */
  #isThere(...names: readonly TableName[]): boolean {
    return names.every((name) => this.#image.regions[name] !== undefined);
  }

  /** More files than rows: the short tables are at fault where others are longer, else the superblock. */
  #checkFiles(): void {
    const { tables, superblock } = this.#image;
    const { files } = superblock;
    if (files === this.#count) return;
    const rows = Math.max(...INODE_TABLES.map((name) => tables[name].length));
    const short = INODE_TABLES.filter((name) => tables[name].length < Math.min(rows, files));
    for (const name of short) {
      const value = `${String(tables[name].length)} rows`;
      this.#add('files', null, value, `a row for each of ${String(files)} files`, name);
    }
    if (short.length === 0)
      this.#findings.add('files', {
        ...{ region: 'superblock', index: null, value: files },
        expected: `at most the ${String(this.#count)} rows of the inode tables`,
      });
  }

  /** Rows of modes, uids and gids. */
  #checkOwners(): void {
    const { tables } = this.#image;
    for (let row = 0; row < tables.modes.length; row += 1) {
      const mode = entryOf(tables.modes, row);
      if (mode !== undefined && mode > MODE_MAX)
        this.#add('mode_bits', row, `0${mode.toString(8)}`, 'at most 0177777', 'modes');
    }
    for (const name of ['uids', 'gids'] as const)
      for (let row = 0; row < tables[name].length; row += 1) {
        const id = entryOf(tables[name], row);
        if (id === undefined || id < ID_MAX) continue;
        this.#add(id > ID_MAX ? 'owner' : 'no_owner', row, id, `below ${String(ID_MAX)}`, name);
      }
  }

  /** Tables whose entries may be too large for numbers. */
  #checkEntries(): void {
    for (const [name, table] of Object.entries(this.#image.tables) as [TableName, ByteTable][])
      for (let k = 0; table.depth >= WIDE_DEPTH && k < table.length; k += 1) {
        if (entryOf(table, k) !== undefined) continue;
        const rule = this.#isIdle(name, k) ? 'idle_field' : 'entry';
        this.#add(rule, k, '2^53 or more', 'less than 2^53', name);
      }
  }

  /** Nothing hangs on the entry: first children or nodes where there are none, sizes of what has no contents. */
  #isIdle(table: TableName, inode: number): boolean {
    if (table === 'inode_array_index') return this.#value('inode_num_entries', inode) === 0;
    if (table !== 'inode_file_size') return false;
    const row = this.#value('inode_mode_index', inode);
    const mode = row === undefined ? undefined : this.#value('modes', row);
    const type = mode === undefined ? undefined : typeOfMode(mode);
    return type !== undefined && !SIZED.includes(type);
  }

  #checkTables(): void {
    const { tables } = this.#image;
    this.#checkFiles();
    this.#checkOwners();
    for (const [one, other] of PARALLEL)
      if (this.#isThere(one, other) && tables[one].length !== tables[other].length)
        this.#add('table_lengths', null, tables[other].length, tables[one].length, other);
    this.#checkEntries();
  }

  #typeOf(inode: number): InodeType | undefined {
    const { tables } = this.#image;
    const { modes } = tables;
    const row = this.#value('inode_mode_index', inode);
    if (row === undefined) return undefined;
    const parallel = (['modes', 'uids', 'gids'] as const).filter((name) => this.#isThere(name));
    const rows = Math.min(...parallel.map((name) => tables[name].length));
    if (row >= rows) {
      this.#add('mode_index', inode, row, `below ${String(rows)}`, 'inode_mode_index');
      return undefined;
    }
    const mode = entryOf(modes, row);
    const type = mode === undefined ? undefined : typeOfMode(mode);
    if (mode !== undefined && type === undefined)
      this.#add('mode', row, `0${mode.toString(8)}`, 'a known type', 'modes');
    return type;
  }

  /** The name's bytes; `undefined` for one that is nowhere, empty, or does not end where names do. */
  #heldName(inode: number): ByteString | undefined {
    const { strings } = this.#image.regions;
    const offset = this.#value('inode_name_offset', inode);
    if (strings === undefined || offset === undefined) return undefined;
    const held = strings.resident.subarray(offset, offset + NAME_MAX + 1);
    const length = held.indexOf(0);
    return length <= 0 ? undefined : fromBytes(held.subarray(0, length));
  }

  #checkName(inode: number): void {
    const { strings } = this.#image.regions;
    const offset = this.#value('inode_name_offset', inode);
    if (strings === undefined || offset === undefined) return;
    const at = 'inode_name_offset';
    if (offset >= strings.size) {
      this.#add('name_offset', inode, offset, `below ${String(strings.size)}`, at);
      return;
    }
    const name = this.#heldName(inode);
    if (name === undefined) {
      const held = strings.resident.subarray(offset, offset + NAME_MAX + 1);
      if (held[0] === 0) this.#add('name_length', inode, 0, `1 to ${String(NAME_MAX)} bytes`, at);
      else if (offset + held.length === strings.size)
        this.#add('name_end', inode, 'no NUL', 'a NUL before the end of strings', at);
      else {
        const value = `more than ${String(NAME_MAX)}`;
        this.#add('name_length', inode, value, `1 to ${String(NAME_MAX)} bytes`, at);
      }
      return;
    }
    if (name.includes('/')) this.#add('name_slash', inode, toPrintable(name), 'no slash', at);
    if (name === '.' || name === '..') this.#add('name_dots', inode, name, 'a name', at);
  }

  /** True when the directory has children that exist. */
  #checkChildren(inode: number): boolean {
    const [first, children] = [
      this.#value('inode_array_index', inode),
      this.#value('inode_num_entries', inode),
    ];
    if (inode === 0 && children === 0)
      this.#add('empty_root', 0, 0, 'at least 1', 'inode_num_entries');
    if (first === undefined || children === undefined || children === 0) return false;
    const at = 'inode_array_index';
    const last = first + children - 1;
    if (first < 1 || last >= this.#count) {
      const value = `${String(first)} to ${String(last)}`;
      this.#add('child_range', inode, value, `1 to ${String(this.#count - 1)}`, at);
      if (inode === 0) this.#add('root', 0, value, 'children that exist', at);
      return false;
    }
    if (first <= inode) {
      this.#add('child_cycle', inode, first, `above ${String(inode)}`, at);
      return false;
    }
    const { strings } = this.#image.regions;
    if (strings !== undefined && children > strings.size) {
      const expected = `at most ${String(strings.size)}, the bytes of strings`;
      this.#add('child_names', inode, children, expected);
      if (inode === 0) this.#add('root', 0, children, expected);
      return false;
    }
    this.#covers[first] = (this.#covers[first] ?? 0) + 1;
    this.#covers[last + 1] = (this.#covers[last + 1] ?? 0) - 1;
    return true;
  }

  #checkPages(inode: number, type: 'file' | 'symlink'): void {
    const [size, pages, first] = [
      this.#value('inode_file_size', inode),
      this.#value('inode_num_entries', inode),
      this.#value('inode_array_index', inode),
    ];
    if (size === undefined || pages === undefined || (first === undefined && pages > 0)) return;
    if (type === 'symlink' && (size < 1 || size > TARGET_MAX))
      this.#add('symlink_size', inode, size, `1 to ${String(TARGET_MAX)}`, 'inode_file_size');
    if (pages !== pagesOf(size)) {
      this.#add('page_count', inode, pages, pagesOf(size));
      return;
    }
    if (pages === 0 || first === undefined) return;
    if (!this.#isThere('node_type', 'node_index')) return;
    const { node_type: types, node_index: indices } = this.#image.tables;
    const nodes = Math.min(types.length, indices.length);
    if (first + pages > nodes) {
      const value = `${String(first)} to ${String(first + pages - 1)}`;
      this.#add('node_range', inode, value, `below ${String(nodes)}`, 'inode_array_index');
      return;
    }
    this.#use.addFile(first, size);
  }

  #checkClaims(): void {
    let directories = 0;
    for (let inode = 0; inode < this.#count; inode += 1) {
      directories += this.#covers[inode] ?? 0;
      if (inode === 0) continue;
      const value = `${String(directories)} directories`;
      if (directories > 1)
        this.#add('child_twice', inode, value, '1 directory', 'inode_array_index');
      if (directories === 0)
        this.#add('unreachable', inode, 'no directory', '1 directory', 'inode_array_index');
    }
  }

  /** Names of each directory; those of a child that two directories claim, in the one that starts first. */
  #checkOrder(directories: number[]): void {
    const firstOf = (directory: number): number => this.#value('inode_array_index', directory) ?? 0;
    directories.sort((a, b) => firstOf(a) - firstOf(b));
    let reached = 0;
    for (const directory of directories) {
      const first = firstOf(directory);
      const end = first + (this.#value('inode_num_entries', directory) ?? 0);
      this.#checkNames(Math.max(first, reached), end);
      reached = Math.max(reached, end);
    }
  }

  #checkNames(first: number, end: number): void {
    const seen = new Set<ByteString>();
    let before: ByteString | undefined;
    for (let inode = first; inode < end; inode += 1) {
      const name = this.#heldName(inode);
      if (name === undefined) continue;
      if (seen.has(name))
        this.#add('name_twice', inode, toPrintable(name), 'another name', 'inode_name_offset');
      else if (before !== undefined && name < before)
        this.#add(
          'name_order',
          inode,
          toPrintable(name),
          `above ${toPrintable(before)}`,
          'inode_name_offset',
        );
      seen.add(name);
      before = name;
    }
  }
}
