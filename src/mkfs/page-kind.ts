/**
 * Kinds of pages that must not share with another kind: those selected for execution in place, because no
 * other page may get into the XIP region; and targets of symlinks, because some readers ask for a NUL behind
 * them.
 *
 * @module
 */
import type { PlannedInode } from './inodes.ts';
import { selectPages } from './policy.ts';
import type { PageSelector, XipPolicy } from './policy.ts';

/** The kinds. */
export const PAGE_KIND = { plain: 0, xip: 1, target: 2 } as const;

/** Value of a kind. */
export type PageKind = (typeof PAGE_KIND)[keyof typeof PAGE_KIND];

/** Kind of a page, by what has it and whether it is selected for execution in place. */
export function kindOf({ entry }: PlannedInode, isSelected: boolean): PageKind {
  if (entry.type === 'symlink') return PAGE_KIND.target;
  return isSelected ? PAGE_KIND.xip : PAGE_KIND.plain;
}

/** The pages of one file that a policy selects; symlinks are never executed in place. */
export const selectorOf = (
  policy: XipPolicy,
  { entry, path }: PlannedInode,
  head: Uint8Array,
): PageSelector => (entry.type === 'file' ? selectPages(policy, path, entry, head) : () => false);
