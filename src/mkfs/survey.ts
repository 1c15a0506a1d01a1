/**
 * A look at all contents before anything is stored: which pages may be equal, which files may share their
 * nodes, and which pages someone wants to execute in place. It only finds candidates. The pass that stores
 * pages compares bytes, so a content that changes in between is stored as it is then.
 *
 * @module
 */
import type { PlannedInode, InodePlan } from './inodes.ts';
import { hasPages, pagesOfContent } from './content.ts';
import type { Pace } from './pace.ts';
import { PAGE_KIND, PageGroups, lotOf } from './page-groups.ts';
import type { PageKind } from './page-groups.ts';
import { selectPages } from './policy.ts';
import type { PageSelector, XipPolicy } from './policy.ts';
import type { TreeEntry } from './tree.ts';

/** Kind of a page, by what has it and whether it is selected for execution in place. */
export function kindOf({ entry }: PlannedInode, isSelected: boolean): PageKind {
  if (entry.type === 'symlink') return PAGE_KIND.target;
  return isSelected ? PAGE_KIND.xip : PAGE_KIND.plain;
}

/** No other inode. */
export const NO_TWIN = -1;

/** What was found. Pages are numbered by `arrayIndex` of the plan. */
export interface Survey {
  readonly groups: PageGroups;
  /** Group of each page. */
  readonly groupOfPage: Uint32Array;
  /** {@link PAGE_KIND} of each page. */
  readonly kinds: Uint8Array;
  /** By inode: an inode placed earlier whose pages and their kinds are likely the same, or {@link NO_TWIN}. */
  readonly twins: Int32Array;
  /** Number of the pages that a page may share with. */
  lotOfPage(page: number): number;
}

/** Bytes of a content that a policy looks at. */
const HEAD_BYTES = 16;
const HASH_FACTOR = 31;
const HASH_LIMIT = 2 ** 40;

/** The pages of one file that a policy selects; symlinks are never executed in place. */
export const selectorOf = (
  policy: XipPolicy,
  { entry, path }: PlannedInode,
  head: Uint8Array,
): PageSelector => (entry.type === 'file' ? selectPages(policy, path, entry, head) : () => false);

/**
 * Reads all contents once, in the order of `inodes`. The names of one tree entry are read once. A page is a
 * step of `pace`.
 *
 * @throws AxfsError EIO naming a file whose content is not as long as announced; whatever reading it throws.
 */
export async function surveyPages(
  plan: InodePlan,
  inodes: readonly number[],
  policy: XipPolicy,
  pace: Pace,
): Promise<Survey> {
  const surveyor = new Surveyor(plan, policy, pace);
  for (const number of inodes) {
    const inode = plan.inodes[number];
    if (inode !== undefined && hasPages(inode)) await surveyor.visit(number, inode);
  }
  return surveyor;
}

class Surveyor implements Survey {
  readonly groups = new PageGroups();
  readonly groupOfPage: Uint32Array;
  readonly kinds: Uint8Array;
  readonly twins: Int32Array;
  readonly #plan: InodePlan;
  readonly #policy: XipPolicy;
  /** First inode of each entry, with the start of its content. */
  readonly #read = new Map<TreeEntry, { readonly first: number; readonly head: Uint8Array }>();
  /** Inodes without a twin, by size and a hash over groups and kinds. */
  readonly #originals = new Map<string, number[]>();
  readonly #pace: Pace;

  constructor(plan: InodePlan, policy: XipPolicy, pace: Pace) {
    this.#plan = plan;
    this.#policy = policy;
    this.#pace = pace;
    this.groupOfPage = new Uint32Array(plan.blocks);
    this.kinds = new Uint8Array(plan.blocks);
    this.twins = new Int32Array(plan.inodes.length).fill(NO_TWIN);
  }

  lotOfPage(page: number): number {
    return lotOf(this.groupOfPage[page] ?? 0, (this.kinds[page] ?? PAGE_KIND.plain) as PageKind);
  }

  async visit(number: number, inode: PlannedInode): Promise<void> {
    const known = this.#read.get(inode.entry);
    const head = known === undefined ? await this.#readPages(inode) : known.head;
    if (known === undefined) this.#read.set(inode.entry, { first: number, head });
    else this.#copyGroups(known.first, inode);
    const selector = selectorOf(this.#policy, inode, head);
    for (let page = 0; page < inode.numEntries; page += 1)
      this.kinds[inode.arrayIndex + page] = kindOf(inode, selector(page));
    const twin = this.#twinOf(number, inode);
    this.twins[number] = twin;
    // One more name of the same entry has no pages of its own.
    if (twin === NO_TWIN || this.#plan.inodes[twin]?.entry !== inode.entry) this.#count(inode);
  }

  async #readPages(inode: PlannedInode): Promise<Uint8Array> {
    let head = new Uint8Array(0);
    let page = inode.arrayIndex;
    for (const bytes of pagesOfContent(inode)) {
      if (page === inode.arrayIndex) head = bytes.slice(0, HEAD_BYTES);
      this.groupOfPage[page] = this.groups.groupOf(bytes);
      page += 1;
      const pause = this.#pace.step();
      if (pause !== undefined) await pause;
    }
    return head;
  }

  #copyGroups(from: number, { arrayIndex, numEntries }: PlannedInode): void {
    const start = this.#plan.inodes[from]?.arrayIndex ?? 0;
    this.groupOfPage.copyWithin(arrayIndex, start, start + numEntries);
  }

  #count({ arrayIndex, numEntries }: PlannedInode): void {
    for (let page = arrayIndex; page < arrayIndex + numEntries; page += 1)
      this.groups.meet(this.lotOfPage(page));
  }

  #twinOf(number: number, inode: PlannedInode): number {
    const key = this.#keyOf(inode);
    const originals = this.#originals.get(key);
    const twin = originals?.find((original) => this.#looksAlike(original, inode));
    if (twin !== undefined) return twin;
    if (originals === undefined) this.#originals.set(key, [number]);
    else originals.push(number);
    return NO_TWIN;
  }

  #keyOf({ arrayIndex, numEntries, fileSize }: PlannedInode): string {
    let hash = 0;
    for (let page = arrayIndex; page < arrayIndex + numEntries; page += 1)
      hash = (hash * HASH_FACTOR + this.lotOfPage(page)) % HASH_LIMIT;
    return `${String(fileSize)}:${String(hash)}`;
  }

  #looksAlike(original: number, { arrayIndex, numEntries, fileSize }: PlannedInode): boolean {
    const other = this.#plan.inodes[original];
    if (other?.fileSize !== fileSize) return false;
    for (let page = 0; page < numEntries; page += 1) {
      const [here, there] = [arrayIndex + page, other.arrayIndex + page];
      if (this.lotOfPage(here) !== this.lotOfPage(there)) return false;
    }
    return true;
  }
}
