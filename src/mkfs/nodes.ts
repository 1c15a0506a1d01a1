/**
 * Second stage: every page of every file becomes a node, stored in one of three regions (format
 * description, section 6). Nodes are made file by file, page by page; pages to be compressed leave in
 * batches and come back in order, so the result does not depend on who compresses them.
 *
 * Without features the result is the original builder's. With them equal pages and files are stored once
 * (sharing.ts). Pages selected for execution in place share with one another only, and others with
 * others: a page that nobody selected never gets into the XIP region, where drivers up to Linux 3.15 misread
 * a read that goes on from it to a compressed page.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { CompressedBlock, PageCompressor } from '../codec/compressor.ts';
import type { ByteStore } from './chunks.ts';
import { hasPages, pagesOfContent } from './content.ts';
import type { InodePlan } from './inodes.ts';
import { NodeStore } from './node-store.ts';
import { Pace } from './pace.ts';
import type { Pause } from './pace.ts';
import { PAGE_KIND, kindOf, selectorOf } from './page-kind.ts';
import type { PageKind } from './page-kind.ts';
import type { QueuedPage, StoredNodes } from './node-store.ts';
import type { PageSelector, XipPolicy } from './policy.ts';
import { Sharing } from './sharing.ts';

/** How pages are stored. */
export interface NodeOptions {
  readonly policy: XipPolicy;
  /** A partial last page selected for XIP gets a zero-padded XIP page; else it becomes byte-aligned. */
  readonly xipTails: boolean;
  /** Equal pages are stored once, and equal files share their nodes. */
  readonly dedupe: boolean;
  /** Most expanded bytes of a cblock, whole pages; of one page, each page is a cblock of its own. */
  readonly cblockSize: number;
  readonly compressor: PageCompressor;
  /** Inode numbers in the order in which their pages are placed; default: ascending. */
  readonly order?: readonly number[] | undefined;
  /** Makes temporary files for regions; default: they stay in memory. */
  readonly makeStore?: (() => ByteStore) | undefined;
  /** Called as pages are stored. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Called now and then, and waited for. */
  readonly pause?: Pause | undefined;
}

/** Pages that leave together: one cblock, or a tail that is stored as it is. */
interface Parcel {
  readonly kind: 'cblock' | 'tail';
  readonly pages: readonly QueuedPage[];
}

interface BatchInFlight {
  readonly parcels: readonly Parcel[];
  readonly stored: Promise<readonly CompressedBlock[]>;
  /** Pages met when it left. */
  readonly pagesMet: number;
}

/** Bytes to compress in a batch, and parcels of any kind. */
const BATCH_BYTES = 64 * PAGE_SIZE;
const BATCH_PARCELS = 512;
/** Pages that may pass without anything to compress before progress is told. */
const PROGRESS_PAGES = 64;

/**
 * Stores all pages.
 *
 * @throws AxfsError EIO naming a file whose content is not as long as announced; whatever reading it throws.
 */
export async function storeNodes(plan: InodePlan, options: NodeOptions): Promise<StoredNodes> {
  assert(
    options.cblockSize >= PAGE_SIZE && options.cblockSize % PAGE_SIZE === 0,
    () => `a cblock is whole pages: ${String(options.cblockSize)}`,
  );
  const order = options.order ?? plan.inodes.map((_, number) => number);
  const writer = new NodeWriter(plan, options);
  try {
    for (const number of order) await writer.addInode(number);
    return await writer.finish();
  } catch (error) {
    writer.close();
    throw error;
  }
}

class NodeWriter {
  readonly #plan: InodePlan;
  readonly #options: NodeOptions;
  readonly #store: NodeStore;
  readonly #sharing: Sharing | undefined;
  readonly #pace: Pace;
  readonly #firstNodes: Float64Array;
  /** Of batches: pages of the open cblock, parcels of the open batch, batches under way. */
  #cblock: QueuedPage[] = [];
  #cblockBytes = 0;
  #parcels: Parcel[] = [];
  #parcelBytes = 0;
  readonly #inFlight: BatchInFlight[] = [];
  #pagesMet = 0;
  #pagesTold = 0;
  #sharedInodes = 0;
  #sharedInodeNodes = 0;

  constructor(plan: InodePlan, options: NodeOptions) {
    this.#plan = plan;
    this.#pace = new Pace(options.pause);
    this.#options = options;
    this.#store = new NodeStore(options.makeStore);
    this.#firstNodes = new Float64Array(plan.inodes.length);
    const { policy, makeStore } = options;
    this.#sharing = options.dedupe
      ? new Sharing(plan, { policy, makeStore, store: this.#store, firstNodes: this.#firstNodes })
      : undefined;
  }

  async addInode(number: number): Promise<void> {
    const inode = this.#plan.inodes[number];
    assert(inode !== undefined, () => `the order names inodes: ${String(number)}`);
    const first = this.#store.count;
    this.#firstNodes[number] = first;
    if (!hasPages(inode)) return;
    const name = this.#sharing?.otherName(inode);
    if (name !== undefined) {
      this.#takeNodes(number, name);
      this.#pagesMet += inode.numEntries;
      return;
    }
    let selector: PageSelector | undefined;
    let page = 0;
    for (const bytes of pagesOfContent(inode)) {
      if (page === 0) this.#sharing?.begin(number, inode, bytes);
      selector ??= selectorOf(this.#options.policy, inode, bytes);
      this.#addPage(bytes, kindOf(inode, selector(page)));
      page += 1;
      this.#pagesMet += 1;
      if (this.#parcelBytes >= BATCH_BYTES || this.#parcels.length >= BATCH_PARCELS)
        await this.#send();
      if (this.#inFlight.length === 0) this.#tell(this.#pagesMet, PROGRESS_PAGES);
      const pause = this.#pace.step();
      if (pause !== undefined) await pause;
    }
    const original = this.#sharing?.originalOf(number, inode);
    if (original === undefined) return;
    this.#store.unshare(first);
    this.#takeNodes(number, original);
  }

  async finish(): Promise<StoredNodes> {
    this.#closeCblock();
    if (this.#parcels.length > 0) await this.#send();
    while (this.#inFlight.length > 0) await this.#settleOldest();
    this.#sharing?.close();
    this.#tell(this.#pagesMet, 1);
    const nodes = this.#store.finish();
    assert(
      this.#pagesMet === this.#plan.blocks &&
        nodes.types.length + this.#sharedInodeNodes === this.#plan.blocks,
      () =>
        `every page has a node: ${String(nodes.types.length)} and ${String(this.#sharedInodeNodes)} shared of ${String(this.#plan.blocks)}`,
    );
    return {
      ...nodes,
      firstNodes: this.#firstNodes,
      sharedInodes: this.#sharedInodes,
      sharedInodeNodes: this.#sharedInodeNodes,
    };
  }

  close(): void {
    this.#sharing?.close();
    this.#store.close();
  }

  /** An inode has the nodes of an earlier one. */
  #takeNodes(number: number, from: number): void {
    this.#firstNodes[number] = this.#firstNodes[from] ?? 0;
    this.#sharedInodes += 1;
    this.#sharedInodeNodes += this.#plan.inodes[number]?.numEntries ?? 0;
  }

  #addPage(bytes: Uint8Array, kind: PageKind): void {
    const store = this.#store;
    const known = this.#sharing?.find(bytes, kind);
    if (known !== undefined) {
      store.share(known);
      return;
    }
    const node = store.reserve();
    if (kind !== PAGE_KIND.xip) this.#queue({ node, bytes, zeros: this.#zerosBehind(kind) });
    else if (bytes.length === PAGE_SIZE || this.#options.xipTails) store.settleXip(node, bytes);
    else this.#addParcel({ kind: 'tail', pages: [{ node, bytes, zeros: 0 }] });
  }

  /**
   * The driver copies what follows a page in its cblock, so a symlink's target, which readers take for a C
   * string, needs its NUL there. A cblock of one page needs none: behind it the driver fills up with zeros.
   */
  #zerosBehind(kind: PageKind): number {
    return kind === PAGE_KIND.target && this.#options.cblockSize > PAGE_SIZE ? 1 : 0;
  }

  #queue(page: QueuedPage): void {
    const length = page.bytes.length + page.zeros;
    if (this.#cblockBytes + length > this.#options.cblockSize) this.#closeCblock();
    this.#cblock.push(page);
    this.#cblockBytes += length;
    if (this.#options.cblockSize === PAGE_SIZE) this.#closeCblock();
  }

  #closeCblock(): void {
    if (this.#cblock.length === 0) return;
    this.#addParcel({ kind: 'cblock', pages: this.#cblock });
    this.#parcelBytes += this.#cblockBytes;
    this.#cblock = [];
    this.#cblockBytes = 0;
  }

  #addParcel(parcel: Parcel): void {
    this.#parcels.push(parcel);
  }

  async #send(): Promise<void> {
    const { compressor } = this.#options;
    if (this.#inFlight.length >= compressor.parallelism) await this.#settleOldest();
    const parcels = this.#parcels;
    this.#parcels = [];
    this.#parcelBytes = 0;
    const blocks = parcels.flatMap(({ kind, pages }) => (kind === 'cblock' ? [joined(pages)] : []));
    const stored = blocks.length === 0 ? Promise.resolve([]) : compressor.compress(blocks);
    // Awaited in its turn; until then a failure of a later batch must not count as unhandled.
    stored.catch(() => undefined);
    this.#inFlight.push({ parcels, stored, pagesMet: this.#pagesMet });
  }

  async #settleOldest(): Promise<void> {
    const batch = this.#inFlight.shift();
    if (batch === undefined) return;
    const results = await batch.stored;
    let next = 0;
    for (const { kind, pages } of batch.parcels) {
      if (kind === 'tail') {
        for (const page of pages) this.#store.settleBanode(page, 0);
        continue;
      }
      this.#store.settleCblock(pages, results[next]);
      next += 1;
    }
    assert(
      next === results.length,
      () => `every block sent comes back: ${String(next)} sent, ${String(results.length)} back`,
    );
    this.#tell(batch.pagesMet, 1);
  }

  #tell(pages: number, step: number): void {
    if (pages < this.#pagesTold + step) return;
    this.#pagesTold = pages;
    this.#options.onProgress?.(pages, this.#plan.blocks);
  }
}

/** The bytes of a cblock's pages, back to back but for the zeros that follow some. */
function joined(pages: readonly QueuedPage[]): Uint8Array {
  const [first] = pages;
  if (pages.length === 1 && first?.zeros === 0) return first.bytes;
  const block = new Uint8Array(
    pages.reduce((sum, { bytes, zeros }) => sum + bytes.length + zeros, 0),
  );
  let at = 0;
  for (const { bytes, zeros } of pages) {
    block.set(bytes, at);
    at += bytes.length + zeros;
  }
  return block;
}
