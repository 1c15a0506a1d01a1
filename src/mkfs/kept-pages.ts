/**
 * The bytes of stored pages once more, for comparison: fingerprints alone decide nothing. A page is read again
 * from where it came from; only where that goes in one direction, its bytes are kept.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { bytesEqual } from '../base/bytes.ts';
import { toBytes } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { ByteSink } from './chunks.ts';
import type { ByteStore } from './chunks.ts';
import { Column } from './columns.ts';
import type { PlannedInode } from './inodes.ts';
import type { LazyContent } from './tree.ts';

/** Bytes read at a time: copies of a file ask for one page after the other. */
const WINDOW_BYTES = 16 * PAGE_SIZE;

/** Pages by node. */
export class KeptPages {
  /** Inodes in the order of their nodes, and the first node of each. */
  readonly #inodes: PlannedInode[] = [];
  readonly #firstNodes = new Column(Float64Array);
  /** Of contents that cannot be read from within: where a node's bytes are in the sink. */
  readonly #kept = new Map<number, number>();
  readonly #sink: ByteSink;
  readonly #keptPage = new Uint8Array(PAGE_SIZE);
  /** The page compared last: runs of equal pages (zeros) are compared without reading again. */
  #page: { readonly node: number; readonly bytes: Uint8Array } | undefined;
  /** What was read last, and where it is in its content. */
  #window: { readonly content: unknown; readonly at: number; readonly bytes: Uint8Array } = {
    ...{ content: undefined, at: 0 },
    bytes: new Uint8Array(0),
  };

  constructor(makeStore: (() => ByteStore) | undefined) {
    this.#sink = new ByteSink(makeStore);
  }

  /** The nodes from `firstNode` on are the pages of this inode, from its first one on. */
  begin(inode: PlannedInode, firstNode: number): void {
    this.#inodes.push(inode);
    this.#firstNodes.push(firstNode);
  }

  /** Notes a page of the inode begun last, while its bytes are here. */
  keep(node: number, bytes: Uint8Array): void {
    const { entry } = this.#inodes.at(-1) ?? {};
    if (entry?.type !== 'file' || entry.content instanceof Uint8Array) return;
    if (entry.content.readAt !== undefined) return;
    this.#kept.set(node, this.#sink.size);
    this.#sink.append(bytes);
  }

  /** The bytes of a node that was noted are these. */
  isEqual(node: number, bytes: Uint8Array): boolean {
    if (this.#page?.node !== node) this.#page = { node, bytes: this.#bytesOf(node) };
    return bytesEqual(this.#page.bytes, bytes);
  }

  close(): void {
    this.#sink.close();
  }

  /** Valid until the next call. */
  #bytesOf(node: number): Uint8Array {
    const { inode, firstNode } = this.#inodeOf(node);
    const { entry, fileSize } = inode;
    const at = (node - firstNode) * PAGE_SIZE;
    const length = Math.min(PAGE_SIZE, fileSize - at);
    assert(
      length > 0 && (entry.type === 'file' || entry.type === 'symlink'),
      () => `a node is a page of its inode: ${String(node)}, ${String(at)} of ${String(fileSize)}`,
    );
    if (entry.type === 'symlink') return toBytes(entry.target);
    const { content } = entry;
    if (content instanceof Uint8Array) return content.subarray(at, at + length);
    const kept = this.#kept.get(node);
    if (kept === undefined) return this.#readAgain(content, at, length);
    const page = this.#keptPage.subarray(0, length);
    this.#sink.readAt(page, kept);
    return page;
  }

  #readAgain(content: LazyContent, at: number, length: number): Uint8Array {
    const window = this.#window;
    if (
      window.content !== content ||
      at < window.at ||
      at + length > window.at + window.bytes.length
    ) {
      const bytes = new Uint8Array(Math.min(WINDOW_BYTES, content.size - at));
      content.readAt?.(bytes, at);
      this.#window = { content, at, bytes };
    }
    const { at: start, bytes } = this.#window;
    return bytes.subarray(at - start, at - start + length);
  }

  /** The inode begun last whose first node is not behind this one. */
  #inodeOf(node: number): { readonly inode: PlannedInode; readonly firstNode: number } {
    let [low, high] = [0, this.#inodes.length];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#firstNodes.get(middle) <= node) low = middle;
      else high = middle;
    }
    const inode = this.#inodes[low];
    assert(inode !== undefined, () => `a node is one of an inode: ${String(node)}`);
    return { inode, firstNode: this.#firstNodes.get(low) };
  }
}
