/**
 * Which pages and files are stored already. Pages are looked up as they come, so that contents are read once;
 * a file whose pages all turn out to be those of an earlier one takes that one's nodes.
 *
 * @module
 */
import type { ByteStore } from './chunks.ts';
import type { InodePlan, PlannedInode } from './inodes.ts';
import { KeptPages } from './kept-pages.ts';
import type { NodeStore } from './node-store.ts';
import { kindOf, selectorOf } from './page-kind.ts';
import type { PageKind } from './page-kind.ts';
import { PageLots } from './page-lots.ts';
import type { XipPolicy } from './policy.ts';
import type { TreeEntry } from './tree.ts';

/** Bytes of a content that a policy looks at. */
const HEAD_BYTES = 16;
const HASH_FACTOR = 31;
const HASH_LIMIT = 2 ** 40;

/** What sharing looks at. */
export interface SharingOptions {
  readonly policy: XipPolicy;
  /** The nodes so far. */
  readonly store: NodeStore;
  /** First nodes of the inodes so far, by inode. */
  readonly firstNodes: Float64Array;
  readonly makeStore: (() => ByteStore) | undefined;
}

/** The first name of an entry, and the start of the content. */
interface FirstName {
  readonly number: number;
  readonly inode: PlannedInode;
  readonly head: Uint8Array;
}

/** Finds what is stored already. Inodes come one after the other, and their pages in order. */
export class Sharing {
  readonly #plan: InodePlan;
  readonly #options: SharingOptions;
  readonly #lots = new PageLots();
  readonly #kept: KeptPages;
  readonly #names = new Map<TreeEntry, FirstName>();
  /** Inodes with nodes of their own, by size and a hash over the pages that their nodes have. */
  readonly #originals = new Map<string, number[]>();
  /** Of the inode whose pages come: the hash so far, and whether others have all its pages so far. */
  #hash = 0;
  #isAllShared = true;

  constructor(plan: InodePlan, options: SharingOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#kept = new KeptPages(options.makeStore);
  }

  /** An earlier inode that is another name of the same entry, with pages of the same kinds. */
  otherName(inode: PlannedInode): number | undefined {
    const known = this.#names.get(inode.entry);
    if (known === undefined) return undefined;
    const { policy } = this.#options;
    const here = selectorOf(policy, inode, known.head);
    const there = selectorOf(policy, known.inode, known.head);
    for (let page = 0; page < inode.numEntries; page += 1)
      if (kindOf(inode, here(page)) !== kindOf(known.inode, there(page))) return undefined;
    return known.number;
  }

  /** The pages of this inode come next; `head` begins the first one. */
  begin(number: number, inode: PlannedInode, head: Uint8Array): void {
    if (!this.#names.has(inode.entry))
      this.#names.set(inode.entry, { number, inode, head: head.slice(0, HEAD_BYTES) });
    this.#kept.begin(inode, this.#options.store.count);
    this.#hash = 0;
    this.#isAllShared = true;
  }

  /** The node that has the bytes of the next page already; `undefined` when the page is to be stored. */
  find(bytes: Uint8Array, kind: PageKind): number | undefined {
    const node = this.#options.store.count;
    const first = this.#lots.firstOf(bytes, kind, node);
    if (first === undefined) this.#kept.keep(node, bytes);
    const known = first !== undefined && this.#kept.isEqual(first, bytes) ? first : undefined;
    if (known === undefined) this.#isAllShared = false;
    this.#hash = (this.#hash * HASH_FACTOR + (known ?? node)) % HASH_LIMIT;
    return known;
  }

  /** All pages of the inode came. An earlier inode that has, page by page, the bytes of this one. */
  originalOf(number: number, inode: PlannedInode): number | undefined {
    const key = `${String(inode.fileSize)}:${String(this.#hash)}`;
    const originals = this.#originals.get(key);
    const original = this.#isAllShared
      ? originals?.find((other) => this.#hasSamePages(other, number))
      : undefined;
    if (original !== undefined) return original;
    if (originals === undefined) this.#originals.set(key, [number]);
    else originals.push(number);
    return undefined;
  }

  close(): void {
    this.#kept.close();
  }

  #hasSamePages(other: number, number: number): boolean {
    const { store, firstNodes } = this.#options;
    const [there, here] = [firstNodes[other] ?? 0, firstNodes[number] ?? 0];
    const [one, two] = [this.#plan.inodes[other], this.#plan.inodes[number]];
    if (one?.fileSize !== two?.fileSize) return false;
    for (let page = 0; page < (two?.numEntries ?? 0); page += 1)
      if (store.originOf(there + page) !== store.originOf(here + page)) return false;
    return true;
  }
}
