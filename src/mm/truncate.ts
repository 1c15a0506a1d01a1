/**
 * Taking pages of a file away from whoever maps them: because the file gets shorter, or because a page changes
 * its place.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { VirtAddr } from '../base/units.ts';
import type { AddressSpace } from './address-space.ts';
import type { Memory } from './memory.ts';
import { zapPageRange } from './zap.ts';

/**
 * Zaps file pages `first … first + pages − 1` in every vma that maps them. Raw entries always go; private
 * copies only with `evenCows`. Mirrors `unmap_mapping_range` (mm/memory.c).
 */
export function unmapMappingRange(
  mapping: AddressSpace,
  first: number,
  pages: number,
  evenCows: boolean,
): void {
  for (const vma of [...mapping.vmas]) {
    const inVma = first - vma.vmPgoff;
    const from = Math.max(vma.vmStart, vma.vmStart + inVma * PAGE_SIZE);
    const to = Math.min(vma.vmEnd, vma.vmStart + (inVma + pages) * PAGE_SIZE);
    if (from < to) zapPageRange(vma, from as VirtAddr, to as VirtAddr, { mapping, evenCows });
  }
}

/**
 * Cuts a file's cache and mappings down to its first `pages` pages; the caller has set its size. Copies of the
 * pages go as well. Mirrors `vmtruncate` (≤ 2.6.35), `truncate_pagecache` (later).
 */
export function truncatePagecache(mapping: AddressSpace, pages: number): void {
  const rest = Number.MAX_SAFE_INTEGER - pages;
  unmapMappingRange(mapping, pages, rest, true);
  mapping.truncate(pages);
  unmapMappingRange(mapping, pages, rest, true);
}

/**
 * Drops one cached page if nobody uses it: clean, unmapped, and referenced by the cache alone. Mirrors
 * `invalidate_complete_page`.
 */
export function invalidateCompletePage(
  memory: Memory,
  mapping: AddressSpace,
  index: number,
): boolean {
  const { frames } = memory;
  const page = mapping.peek(index);
  if (page === undefined || frames.testFlag(page, 'dirty')) return false;
  if (frames.mapcount(page) > 0 || frames.refcount(page) !== 1) return false;
  mapping.deleteFromPageCache(index);
  return true;
}
