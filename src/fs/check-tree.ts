/**
 * Second part of a check: inodes, names and directories. Every inode and every directory is looked at once,
 * however often damaged tables claim it.
 *
 * @module
 */
import { fromBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { pagesOf } from '../base/units.ts';
import { NAME_MAX } from '../ondisk/constants.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import type { InodeType } from '../ondisk/mode.ts';
import type { TableName } from '../ondisk/regions.ts';
import type { Findings, RuleId } from './check-rules.ts';
import type { CheckedStructure } from './check-structure.ts';
import type { NodeUse } from './check-nodes.ts';
import { entryOf, inodeCount } from './tables.ts';

const PARALLEL = [
  ['node_type', 'node_index'],
  ['cnode_offset', 'cnode_index'],
  ['modes', 'uids'],
  ['modes', 'gids'],
] as const satisfies readonly (readonly [TableName, TableName])[];

/** Longest target that symlink(2) makes. */
const TARGET_MAX = 4095;
/** Entries of fewer bytes are below 2^53. */
const WIDE_DEPTH = 7;

/** Checks tables, inodes and directories; tells `use` the nodes of every file. */
export class TreeCheck {
  readonly #image: CheckedStructure;
  readonly #findings: Findings;
  readonly #use: NodeUse;
  readonly #count: number;
  readonly #names: (ByteString | undefined)[] = [];
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
      this.#names.push(inode === 0 ? undefined : this.#nameOf(inode));
      if (type === 'dir') {
        if (this.#checkChildren(inode)) directories.push(inode);
      } else if (type === 'file' || type === 'symlink') this.#checkPages(inode, type);
      else if (type !== undefined && this.#value('inode_num_entries', inode) !== 0)
        this.#add('special_entries', inode, this.#shown('inode_num_entries', inode), 0);
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

  #checkTables(): void {
    const { tables, superblock } = this.#image;
    if (superblock.files !== this.#count)
      this.#findings.add('files', {
        ...{ region: 'superblock', index: null, value: superblock.files },
        expected: `at most the ${String(this.#count)} rows of the inode tables`,
      });
    for (const [one, other] of PARALLEL)
      if (this.#isThere(one, other) && tables[one].length !== tables[other].length)
        this.#add('table_lengths', null, tables[other].length, tables[one].length, other);
    for (const [name, table] of Object.entries(tables) as [TableName, typeof tables.modes][])
      for (let k = 0; table.depth >= WIDE_DEPTH && k < table.length; k += 1)
        if (entryOf(table, k) === undefined)
          this.#add('entry', k, '2^53 or more', 'less than 2^53', name);
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

  /** The name as a message shows it; a damaged one is reported and none. */
  #nameOf(inode: number): ByteString | undefined {
    const { strings } = this.#image.regions;
    const offset = this.#value('inode_name_offset', inode);
    if (strings === undefined || offset === undefined) return undefined;
    const at = 'inode_name_offset';
    if (offset >= strings.size) {
      this.#add('name_offset', inode, offset, `below ${String(strings.size)}`, at);
      return undefined;
    }
    const held = strings.resident.subarray(offset, offset + NAME_MAX + 1);
    const length = held.indexOf(0);
    if (length < 0 && offset + held.length === strings.size) {
      this.#add('name_end', inode, 'no NUL', 'a NUL before the end of strings', at);
      return undefined;
    }
    if (length <= 0) {
      const value = length < 0 ? `more than ${String(NAME_MAX)}` : length;
      this.#add('name_length', inode, value, `1 to ${String(NAME_MAX)} bytes`, at);
      return undefined;
    }
    const name = fromBytes(held.subarray(0, length));
    if (name.includes('/')) this.#add('name_slash', inode, toPrintable(name), 'no slash', at);
    if (name === '.' || name === '..') this.#add('name_dots', inode, name, 'a name', at);
    return name;
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
    if (size === undefined || pages === undefined || first === undefined) return;
    if (type === 'symlink' && (size < 1 || size > TARGET_MAX))
      this.#add('symlink_size', inode, size, `1 to ${String(TARGET_MAX)}`, 'inode_file_size');
    if (pages !== pagesOf(size)) {
      this.#add('page_count', inode, pages, pagesOf(size));
      return;
    }
    if (pages === 0) return;
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
  #checkOrder(directories: readonly number[]): void {
    const ranges = directories
      .map((directory) => {
        const first = this.#value('inode_array_index', directory) ?? 0;
        return { first, end: first + (this.#value('inode_num_entries', directory) ?? 0) };
      })
      .sort((a, b) => a.first - b.first);
    let reached = 0;
    for (const { first, end } of ranges) {
      this.#checkNames(Math.max(first, reached), end);
      reached = Math.max(reached, end);
    }
  }

  #checkNames(first: number, end: number): void {
    const seen = new Set<ByteString>();
    let before: ByteString | undefined;
    for (let inode = first; inode < end; inode += 1) {
      const name = this.#names[inode];
      if (name === undefined) continue;
      const shown = toPrintable(name);
      if (seen.has(name))
        this.#add('name_twice', inode, shown, 'another name', 'inode_name_offset');
      else if (before !== undefined && name < before)
        this.#add('name_order', inode, shown, `above ${toPrintable(before)}`, 'inode_name_offset');
      seen.add(name);
      before = name;
    }
  }
}
