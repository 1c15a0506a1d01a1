/**
 * Reclaim: finds out whether a page was used lately, unmaps it everywhere, writes it if it is dirty, and frees
 * it. Only pages on an LRU list are candidates: flash never is, nor a driver's page. Mirrors mm/vmscan.c.
 *
 * @module
 */
import type { Pfn } from '../base/units.ts';
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';
import { PTE_DIRTY, PTE_SWAP, PTE_SWAP_EXCLUSIVE, PTE_YOUNG } from './pagetable.ts';
import { rmapEntries } from './rmap.ts';
import type { RmapEntry } from './rmap.ts';
import { unmapPage } from './zap.ts';
import { hasAny, VM_EXEC, VM_LOCKED, withoutFlags } from './vmflags.ts';

/**
 * What became of a page that reclaim looked at: freed; kept for another round; moved to the active list; or
 * locked in memory.
 */
export type ReclaimResult = 'freed' | 'kept' | 'activated' | 'mlocked';

/** What was seen of a page's use since the last look. */
interface References {
  /** Entries that were young, and one of them in an executable vma of a file. */
  readonly young: number;
  readonly isExecuted: boolean;
  /** PG_referenced. */
  readonly flagged: boolean;
}

/** Makes a page old, and says whether it was young. Mirrors `page_referenced`. */
function pageReferenced(memory: Memory, page: Page, entries: readonly RmapEntry[]): References {
  const { frames } = memory;
  const young = entries.filter(({ leaf, index }) => hasAny(leaf.bitsAt(index), PTE_YOUNG));
  for (const { leaf, index } of young)
    leaf.set(index, leaf.pfnAt(index), withoutFlags(leaf.bitsAt(index), PTE_YOUNG));
  const flagged = frames.testFlag(page, 'referenced');
  frames.setFlag(page, 'referenced', false);
  const isFile = !frames.testFlag(page, 'anon');
  return {
    young: young.length,
    isExecuted: isFile && young.some(({ vma }) => hasAny(vma.vmFlags, VM_EXEC)),
    flagged,
  };
}

/** Whether use spares a page, by the kernel's row `reclaimReferenced`. */
const SPARES: Readonly<
  Record<
    Memory['kernel']['reclaimReferenced'],
    (memory: Memory, page: Page, seen: References, isMapped: boolean) => ReclaimResult | undefined
  >
> = {
  /** A used page of a file that someone has mapped, or in the swap cache, is active (≤ 2.6.28). */
  activate: (memory, page, { young, flagged }, isMapped) => {
    if (young === 0 && !flagged) return undefined;
    const isInUse =
      isMapped ||
      memory.frames.testFlag(page, 'swapcache') ||
      (memory.spaceOf(page)?.vmas.size ?? 0) > 0;
    return isInUse ? 'activated' : undefined;
  },
  second_chance_file: (memory, page, seen) =>
    seen.young > 0 && memory.frames.testFlag(page, 'anon')
      ? 'activated'
      : secondChance(memory, page, seen),
  second_chance: secondChance,
};

/** Used once: kept. Used again, by two entries, or executed: active. Mirrors `page_check_references`. */
function secondChance(memory: Memory, page: Page, seen: References): ReclaimResult | undefined {
  if (seen.young === 0) return undefined;
  memory.frames.setFlag(page, 'referenced', true);
  return seen.flagged || seen.young > 1 || seen.isExecuted ? 'activated' : 'kept';
}

/**
 * Looks at one page, taken off its list, and frees it if nothing speaks against that. The page is on the
 * list that its result names afterwards, or free. Mirrors one turn of `shrink_page_list`; `ignoresUse` as for
 * madvise(MADV_PAGEOUT).
 *
 * Pre: the page is on an LRU list.
 */
export function shrinkPage(
  memory: Memory,
  page: Page,
  { ignoresUse = false }: { readonly ignoresUse?: boolean } = {},
): ReclaimResult {
  const { frames, lru } = memory;
  lru.remove(page);
  frames.setFlag(page, 'active', false);
  frames.getPage(page);
  const result = shrinkIsolated(memory, page, ignoresUse);
  if (result !== 'freed') {
    if (result === 'activated') frames.setFlag(page, 'active', true);
    lru.putback(page);
  }
  frames.putPage(page);
  return result;
}

function shrinkIsolated(memory: Memory, page: Page, ignoresUse: boolean): ReclaimResult {
  const { frames, swap } = memory;
  const entries = rmapEntries(memory, page);
  const seen = pageReferenced(memory, page, entries);
  if (entries.some(({ vma }) => hasAny(vma.vmFlags, VM_LOCKED))) return 'mlocked';
  const spares = SPARES[memory.kernel.reclaimReferenced];
  const spared = ignoresUse ? undefined : spares(memory, page, seen, entries.length > 0);
  if (spared !== undefined) return spared;
  if (frames.testFlag(page, 'anon') && !frames.testFlag(page, 'swapcache') && !swap.addToSwap(page))
    return 'activated';
  tryToUnmap(memory, page, entries);
  writeDirty(memory, page);
  return removeMapping(memory, page) ? 'freed' : 'kept';
}

/** Clears all entries; those of anonymous pages name the slot afterwards. Mirrors `try_to_unmap`. */
function tryToUnmap(memory: Memory, page: Page, entries: readonly RmapEntry[]): void {
  const { frames, swap } = memory;
  const isAnon = frames.testFlag(page, 'anon');
  for (const { vma, leaf, index } of entries) {
    const bits = leaf.bitsAt(index);
    leaf.clear(index);
    if (isAnon) {
      const slot = swap.slotOf(page);
      swap.duplicate(slot);
      const exclusive = frames.testFlag(page, 'anon_exclusive') ? PTE_SWAP_EXCLUSIVE : 0;
      leaf.set(index, Number(slot) as Pfn, PTE_SWAP + exclusive);
      vma.mm.addRss('swap', 1);
    }
    if (hasAny(bits, PTE_DIRTY)) frames.setFlag(page, 'dirty', true);
    unmapPage(vma, page, 0);
  }
}

/** Writes a dirty page to where it came from. Mirrors `pageout`. */
function writeDirty(memory: Memory, page: Page): void {
  const { frames, swap } = memory;
  if (!frames.testFlag(page, 'dirty')) return;
  if (frames.testFlag(page, 'swapcache')) swap.write(page);
  else memory.spaceOf(page)?.writepage?.(page, frames.indexOf(page));
  frames.setFlag(page, 'dirty', false);
}

/**
 * Takes a page out of its cache when only cache and isolation hold it: the next put frees it. Mirrors
 * `__remove_mapping`.
 */
function removeMapping(memory: Memory, page: Page): boolean {
  const { frames, swap } = memory;
  if (frames.refcount(page) !== 2) return false;
  if (frames.testFlag(page, 'swapcache')) swap.deleteFromSwapCache(page);
  else memory.spaceOf(page)?.deleteFromPageCache(frames.indexOf(page));
  return true;
}

/**
 * Frees up to `wanted` pages, the longest unused first: inactive file pages, then, with swap, inactive
 * anonymous ones; and if those do not do, once more after the active ones were made inactive. Mirrors
 * `try_to_free_pages`, without its balancing of the lists.
 *
 * @returns pages freed.
 */
export function tryToFreePages(memory: Memory, wanted: number): number {
  const { lru, swap } = memory;
  lru.drain();
  let freed = 0;
  const shrink = (): void => {
    const anon = swap.used < swap.size ? lru.pages('inactive_anon') : [];
    for (const page of [...lru.pages('inactive_file'), ...anon]) {
      if (freed >= wanted) return;
      if (memory.frames.testFlag(page, 'lru') && shrinkPage(memory, page) === 'freed') freed += 1;
    }
  };
  shrink();
  if (freed >= wanted) return freed;
  for (const list of ['active_file', 'active_anon'] as const)
    for (const page of lru.pages(list)) lru.setActive(page, false);
  shrink();
  return freed;
}
