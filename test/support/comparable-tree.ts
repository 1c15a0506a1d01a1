/**
 * Trees in a form that `toEqual` compares by meaning: entries sorted, content as hex digits.
 *
 * @module
 */
import type { TreeEntry } from '../../src/mkfs/tree.ts';

/** An entry, and everything below it, as plain data. */
export function comparableTree(entry: TreeEntry): unknown {
  if (entry.type === 'file') {
    const { content } = entry;
    if (!(content instanceof Uint8Array)) throw new TypeError('only trees in memory are compared');
    return { ...entry, content: Buffer.from(content).toString('hex') };
  }
  if (entry.type !== 'dir') return entry;
  const entries = [...entry.entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...entry, entries: entries.map(([name, child]) => [name, comparableTree(child)]) };
}
