/**
 * Stored nodes: columns by node number and typed index, and the three regions that hold pages (format
 * description, section 6).
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { CompressedBlock } from '../codec/compressor.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import type { NodeTypeValue } from '../ondisk/constants.ts';
import { ByteSink } from './chunks.ts';
import type { ByteStore } from './chunks.ts';
import { Column } from './columns.ts';

/** What became of all pages. */
export interface StoredNodes {
  /** `node_type` and `node_index`, by node number. */
  readonly types: Uint8Array;
  readonly indexes: Uint32Array;
  /** Start of each banode in `byteAligned`. */
  readonly banodeOffsets: Float64Array;
  /** By cnode: its cblock, and where in that it begins. */
  readonly cnodeCblocks: Uint32Array;
  readonly cnodeOffsets: Uint32Array;
  /** Start of each cblock in `compressed`. */
  readonly cblockOffsets: Float64Array;
  /** Largest expanded cblock, bytes; 0 without cblocks. */
  readonly cblockSize: number;
  readonly xip: ByteSink;
  readonly byteAligned: ByteSink;
  readonly compressed: ByteSink;
  /** `inode_array_index` of what is no directory with entries: its first node, or the next one there is. */
  readonly firstNodes: Float64Array;
  /** Nodes whose bytes are those of an earlier node. */
  readonly sharedNodes: number;
  /** Inodes whose nodes are those of an earlier inode, and how many nodes they would have had. */
  readonly sharedInodes: number;
  readonly sharedInodeNodes: number;
}

/** A page on its way into a cblock. */
export interface QueuedPage {
  readonly node: number;
  readonly bytes: Uint8Array;
  /** Zeros that follow it in the cblock. */
  readonly zeros: number;
}

/** Of a node whose type is not known yet. */
const PENDING = 255;

/** Collects nodes; pages that are compressed are settled when they come back, in the order they left. */
export class NodeStore {
  readonly xip: ByteSink;
  readonly byteAligned: ByteSink;
  readonly compressed: ByteSink;
  cblockSize = 0;
  sharedNodes = 0;
  readonly #types = new Column(Uint8Array);
  readonly #indexes = new Column(Uint32Array);
  /** Node whose bytes a node has: itself, or an earlier one. */
  readonly #origins = new Column(Uint32Array);
  readonly #banodeOffsets = new Column(Float64Array);
  readonly #cnodeCblocks = new Column(Uint32Array);
  readonly #cnodeOffsets = new Column(Uint32Array);
  readonly #cblockOffsets = new Column(Float64Array);
  #xipPages = 0;

  constructor(makeStore: (() => ByteStore) | undefined) {
    this.xip = new ByteSink(makeStore);
    this.byteAligned = new ByteSink(makeStore);
    this.compressed = new ByteSink(makeStore);
  }

  /** Nodes so far. */
  get count(): number {
    return this.#types.length;
  }

  /** A node whose place will be settled. */
  reserve(): number {
    this.#indexes.push(0);
    this.#origins.push(this.count);
    return this.#types.push(PENDING);
  }

  /** A node with the bytes of an earlier one, which may still be pending. */
  share(origin: number): void {
    const node = this.reserve();
    this.#origins.set(node, origin);
    this.sharedNodes += 1;
  }

  /** Takes back the nodes from `first` on; all of them share. */
  unshare(first: number): void {
    for (let node = first; node < this.count; node += 1)
      assert(this.originOf(node) < first, () => `a node shares: ${String(node)}`);
    this.sharedNodes -= this.count - first;
    for (const column of [this.#indexes, this.#origins, this.#types]) column.truncate(first);
  }

  /** Node that really has the bytes of `node`. */
  originOf(node: number): number {
    return this.#origins.get(node);
  }

  /** Settles a node: a page of its own in the XIP region, filled up with zeros. */
  settleXip(node: number, bytes: Uint8Array): void {
    this.#settle(node, NODE_TYPE.xip, this.#xipPages);
    this.#xipPages += 1;
    this.xip.append(bytes);
    this.xip.appendZeros(PAGE_SIZE - bytes.length);
  }

  /** Settles a node: bytes without alignment, and `zeros` behind them. */
  settleBanode({ node, bytes }: Pick<QueuedPage, 'node' | 'bytes'>, zeros: number): void {
    this.#settle(node, NODE_TYPE.byteAligned, this.#banodeOffsets.push(this.byteAligned.size));
    this.byteAligned.append(bytes);
    this.byteAligned.appendZeros(zeros);
  }

  /** Settles the pages of a cblock; one that did not shrink is stored byte-aligned, page by page. */
  settleCblock(pages: readonly QueuedPage[], stored: CompressedBlock): void {
    if (stored === undefined) {
      // The extra zero ends a symlink's target or a text for readers of C strings (section 6.2).
      for (const page of pages) this.settleBanode(page, 1);
      return;
    }
    const cblock = this.#cblockOffsets.push(this.compressed.size);
    let expanded = 0;
    for (const { node, bytes, zeros } of pages) {
      this.#cnodeCblocks.push(cblock);
      this.#settle(node, NODE_TYPE.compressed, this.#cnodeOffsets.push(expanded));
      expanded += bytes.length + zeros;
    }
    assert(
      stored.length > 0 && stored.length < expanded,
      () => `a cblock is smaller than its pages: ${String(stored.length)} of ${String(expanded)}`,
    );
    this.compressed.append(stored);
    this.cblockSize = Math.max(this.cblockSize, expanded);
  }

  /** The columns, once every page is settled; nodes that share bytes get the place of their origin. */
  finish(): Omit<StoredNodes, 'firstNodes' | 'sharedInodes' | 'sharedInodeNodes'> {
    const [types, indexes, origins] = [
      this.#types.values(),
      this.#indexes.values(),
      this.#origins.values(),
    ];
    for (let node = 0; node < types.length; node += 1) {
      const origin = origins[node] ?? 0;
      if (origin !== node) {
        types[node] = types[origin] ?? PENDING;
        indexes[node] = indexes[origin] ?? 0;
      }
      assert(types[node] !== PENDING, () => `every node has its place: node ${String(node)}`);
    }
    assert(
      this.xip.size === this.#xipPages * PAGE_SIZE,
      () => `the xip region is whole pages: ${String(this.xip.size)} for ${String(this.#xipPages)}`,
    );
    const { xip, byteAligned, compressed, cblockSize, sharedNodes } = this;
    return {
      ...{ types, indexes, xip, byteAligned, compressed, cblockSize, sharedNodes },
      banodeOffsets: this.#banodeOffsets.values(),
      cnodeCblocks: this.#cnodeCblocks.values(),
      cnodeOffsets: this.#cnodeOffsets.values(),
      cblockOffsets: this.#cblockOffsets.values(),
    };
  }

  close(): void {
    for (const sink of [this.xip, this.byteAligned, this.compressed]) sink.close();
  }

  #settle(node: number, type: NodeTypeValue, index: number): void {
    assert(this.#types.get(node) === PENDING, () => `a node is settled once: ${String(node)}`);
    this.#types.set(node, type);
    this.#indexes.set(node, index);
  }
}
