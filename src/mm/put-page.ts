/**
 * Taking and dropping references where the counts may be wrong by now, because the kernel mapped a page without
 * counting it. What does not come out even is reported and left; {@link Frames} itself stays strict.
 *
 * @module
 */
import type { Page } from './frames.ts';
import type { Memory } from './memory.ts';

/**
 * C + 1, unless the page is free: that is reported. Mirrors `get_page` with its VM_BUG_ON.
 *
 * @returns false for a free page.
 */
export function getPage(memory: Memory, page: Page): boolean {
  const { frames } = memory;
  if (frames.refcount(page) === 0) {
    memory.reportBadPage('get_page', 'a page that gets a reference is not free', page);
    return false;
  }
  frames.getPage(page);
  return true;
}

/**
 * C − 1. A free page, and a last reference to a page that is still mapped, cached, locked or reserved, are
 * reported; the latter is not used for anything again. Mirrors `put_page` with `free_pages_check`.
 */
export function putPage(memory: Memory, page: Page): void {
  const { frames } = memory;
  if (frames.refcount(page) === 0)
    memory.reportBadPage('put_page', 'a page that is put is not free', page);
  else if (frames.refcount(page) > 1 || frames.mayBeFreed(page)) frames.putPage(page);
  else {
    memory.reportBadPage(
      'free_pages_check',
      'a page that is freed is not mapped, cached, locked or reserved',
      page,
    );
    frames.abandonPage(page);
  }
}

/**
 * M − 1, unless it is 0: that is reported. Mirrors `page_remove_rmap`, without the BUG that kernels up to 2.6.28
 * add to the report.
 */
export function removeRmap(memory: Memory, page: Page): void {
  const { frames } = memory;
  if (frames.mapcount(page) > 0) frames.removeRmap(page);
  else memory.reportBadPage('page_remove_rmap', 'a page that loses a mapping has one', page);
}
