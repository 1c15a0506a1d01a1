/**
 * Taking a RAM frame: a free one, or one that reclaim makes free.
 *
 * @module
 */
import type { FrameUse, Page } from './frames.ts';
import type { Memory } from './memory.ts';
import { tryToFreePages } from './reclaim.ts';

/** Pages that an allocation in need asks reclaim for. Mirrors SWAP_CLUSTER_MAX. */
const RECLAIM_BATCH = 32;

/**
 * A frame with C = 1. Mirrors `alloc_page` with direct reclaim (`__alloc_pages_slowpath`).
 *
 * @returns undefined when RAM is full and reclaim is off or finds nothing.
 */
export function allocPage(memory: Memory, use: FrameUse): Page | undefined {
  const page = memory.frames.allocPage(use);
  if (page !== undefined || !memory.reclaims) return page;
  tryToFreePages(memory, RECLAIM_BATCH);
  return memory.frames.allocPage(use);
}
