/**
 * The invariants of pages, LRU lists and swap, given what the page tables hold: a part of assertMm (check.ts).
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { ExtraReferences, Recount } from './check.ts';
import { FRAME_USES, type Page } from './frames.ts';
import { LRU_LISTS } from './lru.ts';
import type { Memory } from './memory.ts';

/** I1, I2 and the use of RAM. */
export function assertPages(
  memory: Memory,
  recount: Recount,
  extraReferences: ExtraReferences,
): void {
  const { frames } = memory;
  const uses = new Map(FRAME_USES.map((use) => [use, 0]));
  let total = 0;
  for (const page of frames.allocated()) {
    assertCounts(memory, page, recount, extraReferences(page));
    uses.set(frames.useOf(page), (uses.get(frames.useOf(page)) ?? 0) + 1);
    total += 1;
  }
  // Struct pages of devices have one reference of their own and are no RAM.
  for (const page of frames.devicePages())
    assertCounts(memory, page, recount, extraReferences(page) + 1);
  // Its own reference keeps the struct page of a device's frame.
  for (const page of frames.devicePages())
    assertCounts(memory, page, recount, 1 + extraReferences(page));
  const { usage } = frames;
  assert(
    usage.total === total && FRAME_USES.every((use) => usage.byUse[use] === uses.get(use)),
    () => `RAM in use is the sum of its uses: ${JSON.stringify(usage)} is ${String(total)}`,
  );
}

function assertCounts(memory: Memory, page: Page, recount: Recount, extra: number): void {
  const { frames, lru } = memory;
  const mapped = recount.mapped.get(page) ?? 0;
  const owned = recount.owned.get(page) ?? 0;
  const swapcache = frames.testFlag(page, 'swapcache') ? 1 : 0;
  const waiting = lru.waiting(page);
  const sum = mapped + owned + swapcache + waiting + extra;
  const count = frames.refcount(page);
  assert(
    count === sum || (recount.hasDead && count > sum),
    () =>
      `I1 count is ${String(mapped)} PTEs + ${String(owned)} page tables + ${String(swapcache)} swap cache + ` +
      `${String(waiting)} LRU batch + ${String(extra)} others: ${frames.describe(page)}`,
  );
  assert(
    frames.mapcount(page) === mapped,
    () => `I2 mapcount is ${String(mapped)} PTEs: ${frames.describe(page)}`,
  );
  assert(
    !frames.testFlag(page, 'anon_exclusive') || (frames.testFlag(page, 'anon') && mapped <= 1),
    () => `I2 an exclusive page is anonymous and mapped once at most: ${frames.describe(page)}`,
  );
  const space = memory.spaceOf(page);
  assert(
    space === undefined || space.peek(frames.indexOf(page)) === page,
    () => `a page that belongs to a file is in its cache: ${frames.describe(page)}`,
  );
}

/** A page that is on a list is on the one that its flags name, and no free page is on any. */
export function assertLru({ frames, lru }: Memory): void {
  let listed = 0;
  for (const list of LRU_LISTS)
    for (const page of lru.pages(list)) {
      listed += 1;
      assert(
        frames.refcount(page) > 0 && frames.testFlag(page, 'lru') && lru.listOf(page) === list,
        () =>
          `I6 a page on the list ${list} is allocated and has its flags: ${frames.describe(page)}`,
      );
    }
  let flagged = 0;
  for (const page of frames.allocated()) if (frames.testFlag(page, 'lru')) flagged += 1;
  assert(
    listed === flagged,
    () => `pages flagged as listed are: ${String(flagged)} flagged, ${String(listed)} listed`,
  );
}

/** I3 for swap: the count of a slot is the entries that name it; its page in the swap cache is flagged. */
export function assertSwap({ frames, swap }: Memory, recount: Recount): void {
  const cachedPages = new Set<Page>();
  const slots = new Set<number>();
  for (const { slot, count, cached } of swap.slots()) {
    const named = recount.swapped.get(slot) ?? 0;
    slots.add(slot);
    assert(
      count === named && (count > 0 || cached !== undefined),
      () =>
        `I3 the count of a swap slot is the entries that name it, and it is in use: slot ${String(slot)} ${String(count)} is ${String(named)}`,
    );
    if (cached === undefined) continue;
    cachedPages.add(cached);
    assert(
      frames.refcount(cached) > 0 &&
        frames.testFlag(cached, 'swapcache') &&
        frames.testFlag(cached, 'anon'),
      () => `a page in the swap cache is anonymous and flagged: ${frames.describe(cached)}`,
    );
  }
  for (const slot of recount.swapped.keys())
    assert(slots.has(slot), () => `I6 a swap entry names a slot in use: slot ${String(slot)}`);
  for (const page of frames.allocated())
    assert(
      !frames.testFlag(page, 'swapcache') || cachedPages.has(page),
      () => `a page flagged as swap cache has a slot: ${frames.describe(page)}`,
    );
}
