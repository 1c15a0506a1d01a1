/**
 * Benchmarks of the image builder: whole builds on 1 and 2 workers, beside bare deflate of the same pages
 * in the same run.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { Host } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import { sizeOf } from '../mkfs/tree.ts';
import type { FileContent, TreeDirectory } from '../mkfs/tree.ts';
import type { BenchRow } from './bench-faults.ts';

const BATCH_PAGES = 64;

/** Pages of every regular file, the last ones possibly short. */
function pagesOfTree(directory: TreeDirectory): Uint8Array[] {
  const pages: Uint8Array[] = [];
  for (const entry of directory.entries.values()) {
    if (entry.type === 'dir') for (const page of pagesOfTree(entry)) pages.push(page);
    if (entry.type !== 'file') continue;
    const bytes = wholeContent(entry.content);
    for (let at = 0; at < bytes.length; at += PAGE_SIZE)
      pages.push(bytes.subarray(at, at + PAGE_SIZE));
  }
  return pages;
}

function wholeContent(content: FileContent): Uint8Array {
  if (content instanceof Uint8Array) return content;
  const read = content.read();
  if (read instanceof Uint8Array) return read;
  const bytes = new Uint8Array(sizeOf(content));
  let at = 0;
  for (const piece of read) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Builds `tree` and deflates its pages alone, on each number of workers. */
export async function benchMkfs(
  host: Host,
  name: string,
  tree: TreeDirectory,
  workers: readonly number[],
): Promise<readonly BenchRow[]> {
  const pages = pagesOfTree(tree);
  const bytes = pages.reduce((sum, page) => sum + page.length, 0);
  const rows: BenchRow[] = [];
  for (const jobs of workers) {
    const start = host.now();
    const compressor = host.makeCompressor(jobs);
    try {
      const batches: Promise<unknown>[] = [];
      for (let at = 0; at < pages.length; at += BATCH_PAGES) {
        batches.push(compressor.compress(pages.slice(at, at + BATCH_PAGES)));
        if (batches.length > 2 * compressor.parallelism) await batches.shift();
      }
      await Promise.all(batches);
    } finally {
      await compressor.close();
    }
    const deflated = host.now();
    rows.push({
      name: `${name}, bare deflate, ${String(jobs)} workers`,
      perSecond: (bytes / (deflated - start)) * 1000,
      unit: 'MB/s',
      includes: 'start of the workers, deflate level 9 of every page in memory',
    });
    const builder = host.makeCompressor(jobs);
    const begin = host.now();
    try {
      await buildImage(tree, { compat: true, compressor: builder });
    } finally {
      await builder.close();
    }
    rows.push({
      name: `${name}, mkfs --compat, ${String(jobs)} workers`,
      perSecond: (bytes / (host.now() - begin)) * 1000,
      unit: 'MB/s',
      includes:
        'start of the workers, reading the tree, deflate, tables, layout; not writing the file',
    });
  }
  return rows;
}
