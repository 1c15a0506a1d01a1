/**
 * Sort lists: which files' pages come first in an image, in the format of mksquashfs -sort. A line is a path
 * and a priority, higher ones first; a directory speaks for everything below it that has no line of its own.
 *
 * @module
 */
import { fromBytes, toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { InodePlan } from './inodes.ts';

/** Priorities by path, from the root and without a '/' in front. */
export type SortList = ReadonlyMap<ByteString, number>;

/** As mksquashfs has them: 16 bits with sign; files that no line names have 0. */
const PRIORITY_MAX = 2 ** 15 - 1;
const DEFAULT_PRIORITY = 0;

/**
 * Reads a sort list. A path may contain blanks: the priority is the last word. The later of two lines for one
 * path counts. `name` is the list's name, for messages.
 *
 * @throws AxfsError EINVAL `NAME:LINE: …` naming the value and what was expected.
 */
export function parseSortList(text: Uint8Array, name: string): SortList {
  const priorities = new Map<ByteString, number>();
  fromBytes(withoutMark(text))
    .split('\n')
    .forEach((content, i) => {
      const line = content.trimEnd();
      if (line === '') return;
      const refuse = (what: string): AxfsError =>
        new AxfsError('EINVAL', `${name}:${String(i + 1)}: ${what}`);
      const [, path = '', word = ''] = /^(.*?)[ \t]+(\S+)$/s.exec(line) ?? [];
      if (path === '') throw refuse(`'${toPrintable(line as ByteString)}', expected PATH PRIORITY`);
      const priority = /^[-+]?[0-9]+$/.test(word) ? Number(word) : NaN;
      if (!(Math.abs(priority) <= PRIORITY_MAX))
        throw refuse(
          `priority is '${toPrintable(word as ByteString)}', expected -${String(PRIORITY_MAX)} to ${String(PRIORITY_MAX)}`,
        );
      priorities.set(path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '') as ByteString, priority);
    });
  return priorities;
}

/** Inode numbers in the order in which pages are placed; those of one priority stay ascending. */
export function placementOrder(plan: InodePlan, list?: SortList): readonly number[] {
  const order = plan.inodes.map((_, number) => number);
  if (list === undefined || list.size === 0) return order;
  const priorities = plan.inodes.map(({ path }) => priorityOf(list, path));
  return order.sort((a, b) => (priorities[b] ?? 0) - (priorities[a] ?? 0) || a - b);
}

function priorityOf(list: SortList, path: ByteString): number {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const priority = list.get(path.slice(0, end) as ByteString);
    if (priority !== undefined) return priority;
  }
  return list.get('' as ByteString) ?? DEFAULT_PRIORITY;
}

/** Paths of a list that no inode has. */
export function unmatchedPaths(plan: InodePlan, list: SortList): readonly ByteString[] {
  const known = new Set(plan.inodes.map(({ path }) => path));
  return [...list.keys()].filter((path) => !known.has(path));
}
