/**
 * Second stage: every page of every file becomes a node, stored in one of three regions (format
 * description, section 6). Nodes are made inode by inode, page by page; pages to be compressed leave in
 * batches and come back in order, so the result does not depend on who compresses them.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { toBytes, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { CompressedBlock, PageCompressor } from '../codec/compressor.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import type { NodeTypeValue } from '../ondisk/constants.ts';
import { ByteSink } from './chunks.ts';
import type { InodePlan, PlannedInode } from './inodes.ts';
import { selectPages } from './policy.ts';
import type { PageSelector, XipPolicy } from './policy.ts';

/** How pages are stored. */
export interface NodeOptions {
  readonly policy: XipPolicy;
  /** A partial last page selected for XIP gets a zero-padded XIP page; else it becomes byte-aligned. */
  readonly xipTails: boolean;
  readonly compressor: PageCompressor;
  /** Called as nodes are stored. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Stored nodes: columns by node number or typed index, and three regions. */
export interface StoredNodes {
  readonly types: readonly NodeTypeValue[];
  /** Typed index of each node. */
  readonly indexes: readonly number[];
  /** Start of each banode in `byteAligned`. */
  readonly banodeOffsets: readonly number[];
  /** Start of each cblock in `compressed`; cnode n is cblock n. */
  readonly cblockOffsets: readonly number[];
  readonly xip: ByteSink;
  readonly byteAligned: ByteSink;
  readonly compressed: ByteSink;
}

/** Where a page is to go before compression has had its say. */
type Route = 'xip' | 'tail' | 'compress';

interface RoutedPage {
  readonly bytes: Uint8Array;
  readonly route: Route;
}

interface BatchInFlight {
  readonly pages: readonly RoutedPage[];
  readonly stored: Promise<readonly CompressedBlock[]>;
}

/** Pages to compress in a batch, and pages of any kind. */
const BATCH_BLOCKS = 64;
const BATCH_PAGES = 512;

/**
 * Stores all pages.
 *
 * @throws AxfsError EIO naming a file whose content is not as long as announced; whatever reading it throws.
 */
export async function storeNodes(plan: InodePlan, options: NodeOptions): Promise<StoredNodes> {
  const { compressor, onProgress } = options;
  const store = new NodeStore();
  const inFlight: BatchInFlight[] = [];
  const settleOldest = async (): Promise<void> => {
    const batch = inFlight.shift();
    if (batch === undefined) return;
    store.add(batch.pages, await batch.stored);
    onProgress?.(store.types.length, plan.blocks);
  };
  const start = (pages: readonly RoutedPage[]): void => {
    const blocks = pages.flatMap(({ bytes, route }) => (route === 'compress' ? [bytes] : []));
    const stored = blocks.length === 0 ? Promise.resolve([]) : compressor.compress(blocks);
    // Awaited in its turn; until then a failure of a later batch must not count as unhandled.
    stored.catch(() => undefined);
    inFlight.push({ pages, stored });
  };

  let pages: RoutedPage[] = [];
  let blocks = 0;
  for (const inode of plan.inodes) {
    for (const page of routedPages(inode, options)) {
      pages.push(page);
      if (page.route === 'compress') blocks += 1;
      if (blocks < BATCH_BLOCKS && pages.length < BATCH_PAGES) continue;
      if (inFlight.length >= compressor.parallelism) await settleOldest();
      start(pages);
      pages = [];
      blocks = 0;
    }
  }
  if (pages.length > 0) start(pages);
  while (inFlight.length > 0) await settleOldest();
  assertStored(store, plan);
  return store;
}

function* routedPages(inode: PlannedInode, options: NodeOptions): Generator<RoutedPage> {
  const { entry } = inode;
  if (entry.type !== 'file' && entry.type !== 'symlink') return;
  let selector: PageSelector | undefined;
  let page = 0;
  for (const bytes of pagesOfContent(inode)) {
    selector ??=
      entry.type === 'file' ? selectPages(options.policy, inode.path, entry, bytes) : () => false;
    const wanted = selector(page);
    const whole = bytes.length === PAGE_SIZE || options.xipTails;
    yield { bytes, route: wanted ? (whole ? 'xip' : 'tail') : 'compress' };
    page += 1;
  }
}

/** The content page by page; whole pages are views on what was read. */
function* pagesOfContent({ path, entry, fileSize }: PlannedInode): Generator<Uint8Array> {
  if (entry.type === 'symlink') {
    yield* pieces([toBytes(entry.target)]);
    return;
  }
  if (entry.type !== 'file') return;
  const content = entry.content instanceof Uint8Array ? entry.content : entry.content.read();
  let length = 0;
  for (const page of pieces(content instanceof Uint8Array ? [content] : content)) {
    length += page.length;
    if (length > fileSize) break;
    yield page;
  }
  if (length !== fileSize)
    throw new AxfsError(
      'EIO',
      `${toPrintable(path)}: its content has ${length > fileSize ? 'more than' : 'only'} ${String(Math.min(length, fileSize))} bytes, expected ${String(fileSize)}`,
    );
}

/** Cuts pieces of any length into pages; only the last one may be partial. */
function* pieces(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for (const part of parts) {
    let from = 0;
    if (rest.length > 0) {
      from = Math.min(PAGE_SIZE - rest.length, part.length);
      const joined = new Uint8Array(rest.length + from);
      joined.set(rest);
      joined.set(part.subarray(0, from), rest.length);
      rest = joined;
      if (rest.length < PAGE_SIZE) continue;
      yield rest;
    }
    for (; part.length - from >= PAGE_SIZE; from += PAGE_SIZE)
      yield part.subarray(from, from + PAGE_SIZE);
    rest = part.subarray(from);
  }
  if (rest.length > 0) yield rest;
}

class NodeStore implements StoredNodes {
  readonly types: NodeTypeValue[] = [];
  readonly indexes: number[] = [];
  readonly banodeOffsets: number[] = [];
  readonly cblockOffsets: number[] = [];
  readonly xip = new ByteSink();
  readonly byteAligned = new ByteSink();
  readonly compressed = new ByteSink();
  #xipPages = 0;

  /** Adds the pages of a batch in order; `stored` has one result for each page that was to be compressed. */
  add(pages: readonly RoutedPage[], stored: readonly CompressedBlock[]): void {
    let next = 0;
    for (const { bytes, route } of pages) {
      if (route === 'xip') {
        this.#node(NODE_TYPE.xip, this.#xipPages);
        this.#xipPages += 1;
        this.xip.append(bytes);
        this.xip.appendZeros(PAGE_SIZE - bytes.length);
      } else if (route === 'tail') {
        this.#banode(bytes, 0);
      } else {
        const cblock = stored[next];
        next += 1;
        // The extra zero ends a symlink's target or a text for readers of C strings (section 6.2).
        if (cblock === undefined) this.#banode(bytes, 1);
        else this.#cnode(cblock, bytes.length);
      }
    }
    assert(
      next === stored.length,
      () => `every block sent comes back: ${String(next)} sent, ${String(stored.length)} back`,
    );
  }

  #node(type: NodeTypeValue, index: number): void {
    this.types.push(type);
    this.indexes.push(index);
  }

  #banode(bytes: Uint8Array, zeros: number): void {
    this.#node(NODE_TYPE.byteAligned, this.banodeOffsets.length);
    this.banodeOffsets.push(this.byteAligned.size);
    this.byteAligned.append(bytes);
    this.byteAligned.appendZeros(zeros);
  }

  #cnode(cblock: Uint8Array, expanded: number): void {
    assert(
      cblock.length > 0 && cblock.length < expanded,
      () => `a cblock is smaller than its page: ${String(cblock.length)} of ${String(expanded)}`,
    );
    this.#node(NODE_TYPE.compressed, this.cblockOffsets.length);
    this.cblockOffsets.push(this.compressed.size);
    this.compressed.append(cblock);
  }
}

/** Each node has its place, and each place its node. */
function assertStored(store: StoredNodes, plan: InodePlan): void {
  assert(
    store.types.length === plan.blocks,
    () => `every page has a node: ${String(store.types.length)} of ${String(plan.blocks)}`,
  );
  const xipPages = store.types.length - store.banodeOffsets.length - store.cblockOffsets.length;
  assert(
    store.xip.size === xipPages * PAGE_SIZE,
    () => `the xip region is whole pages: ${String(store.xip.size)} for ${String(xipPages)}`,
  );
}
