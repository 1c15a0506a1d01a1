/**
 * Third part of a check: nodes and what they lead to. Files say how many bytes of which nodes they need;
 * then every node and every cblock is looked at once, and one cblock is held at a time.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, pagesOf } from '../base/units.ts';
import type { Inflater } from '../codec/zlib.ts';
import { MAX_CBLOCK_SIZE, NODE_TYPE } from '../ondisk/constants.ts';
import type { TableName } from '../ondisk/regions.ts';
import type { Findings, RuleId } from './check-rules.ts';
import type { CheckedStructure } from './check-structure.ts';
import { entryOf } from './tables.ts';

/** How much of each node the files need. Files may share nodes. */
export class NodeUse {
  /** Nodes that there are. */
  readonly count: number;
  /** Nodes up to the last one used. */
  end = 0;
  /** At each node, files whose full pages start there less those whose full pages end before. */
  readonly #full: Int32Array;
  /** Bytes that last pages need. */
  readonly #last: Uint16Array;

  constructor(count: number) {
    this.count = count;
    this.#full = new Int32Array(count + 1);
    this.#last = new Uint16Array(count);
  }

  /** A file of `size` > 0 bytes whose first node is `first`, within the tables. */
  addFile(first: number, size: number): void {
    const last = first + pagesOf(size) - 1;
    this.#full[first] = (this.#full[first] ?? 0) + 1;
    this.#full[last] = (this.#full[last] ?? 0) - 1;
    const held = size - (last - first) * PAGE_SIZE;
    this.#last[last] = Math.max(this.#last[last] ?? 0, held);
    this.end = Math.max(this.end, last + 1);
  }

  /** Nodes that are used, with the bytes needed of each. */
  *nodes(): Generator<readonly [node: number, needed: number]> {
    let files = 0;
    for (let node = 0; node < this.end; node += 1) {
      files += this.#full[node] ?? 0;
      const needed = files > 0 ? PAGE_SIZE : (this.#last[node] ?? 0);
      if (needed > 0) yield [node, needed];
    }
  }
}

/** Length of a cblock that is not known: it does not expand, or nothing here expands it. */
const UNKNOWN = 0xffff_ffff;
/** Bytes that cblocks may expand to in one check, or this many times what is stored if that is more. */
const WORK_FREE = 2 ** 30;
const WORK_RATIO = 64;

/** Checks nodes and cblocks. */
export class NodeCheck {
  readonly #image: CheckedStructure;
  readonly #findings: Findings;
  readonly #inflater: Inflater | undefined;
  /** Expanded length of each cblock. */
  readonly #lengths: Uint32Array;
  /** Where the cblocks looked at so far end: none overlaps another. */
  #reached = 0;
  #work: number;

  /** Without `inflater` all but the expansion is checked. */
  constructor(image: CheckedStructure, findings: Findings, inflater: Inflater | undefined) {
    this.#image = image;
    this.#findings = findings;
    this.#inflater = inflater;
    this.#lengths = new Uint32Array(Math.max(0, image.tables.cblock_offset.length - 1));
    this.#work = Math.max(WORK_FREE, WORK_RATIO * (image.regions.compressed?.size ?? 0));
  }

  run(use: NodeUse): void {
    const { regions, superblock, tables } = this.#image;
    if (regions.node_type === undefined || regions.node_index === undefined) return;
    if (superblock.blocks !== use.end)
      this.#findings.add('blocks', {
        ...{ region: 'superblock', index: null, value: superblock.blocks, expected: use.end },
      });
    for (let cblock = 0; cblock < this.#lengths.length; cblock += 1)
      this.#lengths[cblock] = this.#expand(cblock);
    for (const [node, needed] of use.nodes()) {
      const [type, index] = [entryOf(tables.node_type, node), entryOf(tables.node_index, node)];
      if (type === undefined || index === undefined) continue;
      if (type === NODE_TYPE.xip) this.#checkXip(node, index, needed);
      else if (type === NODE_TYPE.byteAligned) this.#checkByteAligned(node, index, needed);
      else if (type === NODE_TYPE.compressed) this.#checkCompressed(node, index, needed);
      else this.#add('node_type', 'node_type', node, type, '0, 1 or 2');
    }
  }

  #add(
    rule: RuleId,
    region: TableName | 'xip' | 'compressed',
    index: number,
    value: number | string,
    expected: number | string,
  ): void {
    this.#findings.add(rule, { region, index, value, expected });
  }

  #checkXip(node: number, page: number, needed: number): void {
    const { xip } = this.#image.regions;
    if (xip === undefined) return;
    if ((page + 1) * PAGE_SIZE > xip.size) {
      this.#add('xip_range', 'node_index', node, page, `below ${String(xip.size / PAGE_SIZE)}`);
      return;
    }
    if (needed === PAGE_SIZE) return;
    const tail = xip.read(page * PAGE_SIZE + needed, PAGE_SIZE - needed);
    const at = tail.findIndex((byte) => byte !== 0);
    if (at >= 0) this.#add('xip_tail', 'xip', page * PAGE_SIZE + needed + at, tail[at] ?? 0, 0);
  }

  #checkByteAligned(node: number, index: number, needed: number): void {
    const { regions } = this.#image;
    const offset = this.#row('banode_offset', node, index);
    if (offset === undefined || regions.byte_aligned === undefined) return;
    const { size } = regions.byte_aligned;
    if (offset + needed > size) {
      const expected = `at most ${String(size - needed)} for ${String(needed)} bytes`;
      this.#add('banode_range', 'banode_offset', index, offset, expected);
    }
  }

  #checkCompressed(node: number, index: number, needed: number): void {
    const cblock = this.#row('cnode_index', node, index);
    if (cblock === undefined) return;
    const cblocks = this.#lengths.length;
    if (cblock >= cblocks) {
      this.#add('cnode_cblock', 'cnode_index', index, cblock, `below ${String(cblocks)}`);
      return;
    }
    const offset = this.#row('cnode_offset', node, index);
    const length = this.#lengths[cblock] ?? 0;
    if (offset === undefined || length === UNKNOWN || offset + needed <= length) return;
    const value = `${String(needed)} bytes at ${String(offset)}`;
    this.#add('cnode_range', 'cnode_offset', index, value, `within ${String(length)} bytes`);
  }

  /** Entry of a typed table. */
  #row(
    name: 'banode_offset' | 'cnode_index' | 'cnode_offset',
    node: number,
    index: number,
  ): number | undefined {
    const table = this.#image.tables[name];
    if (index < table.length) return entryOf(table, index);
    this.#add('node_index', 'node_index', node, index, `below ${String(table.length)} (${name})`);
    return undefined;
  }

  /** Expanded length of a cblock, or {@link UNKNOWN} after its damage has been reported. */
  #expand(cblock: number): number {
    const { regions, superblock, tables } = this.#image;
    const start = entryOf(tables.cblock_offset, cblock);
    const end = entryOf(tables.cblock_offset, cblock + 1);
    const { compressed } = regions;
    if (start === undefined || end === undefined || compressed === undefined) return UNKNOWN;
    const fail = (
      rule: RuleId,
      index: number,
      value: number | string,
      expected: string,
    ): number => {
      this.#add(rule, 'cblock_offset', index, value, expected);
      return UNKNOWN;
    };
    if (end < start) return fail('cblock_order', cblock + 1, end, `at least ${String(start)}`);
    if (end > compressed.size)
      return fail('cblock_end', cblock + 1, end, `at most ${String(compressed.size)}`);
    const isBehind = start < this.#reached;
    this.#reached = Math.max(this.#reached, end);
    const room = Math.min(superblock.cblockSize, MAX_CBLOCK_SIZE);
    if (end - start > room)
      return fail('cblock_length', cblock, end - start, `at most ${String(room)}`);
    // Behind a decrease, which has been reported: the same bytes could be expanded any number of times.
    if (isBehind) return UNKNOWN;
    // An empty one expands to nothing: who names it is told so.
    if (end === start) return 0;
    if (this.#inflater === undefined || this.#work < 0) return UNKNOWN;
    try {
      const length = this.#inflater.inflate(
        compressed.read(start, end - start),
        this.#buffer(room),
      );
      this.#work -= length;
      if (this.#work < 0) fail('cblock_work', cblock, 'too much', 'less; the rest is not expanded');
      return length;
    } catch (error) {
      if (!(error instanceof AxfsError)) throw error;
      return fail('cblock_stream', cblock, error.message, 'a stream that expands');
    }
  }

  #held = new Uint8Array(0);

  #buffer(bytes: number): Uint8Array {
    if (this.#held.length !== bytes) this.#held = new Uint8Array(bytes);
    return this.#held;
  }
}
