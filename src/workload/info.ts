/**
 * What a trace holds: pages, processes, epochs, touches, and how unevenly the touches are spread.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { epochOf } from './trace.ts';
import type { Trace } from './trace.ts';

/** Pages of one file. */
export interface FileUse {
  readonly path: ByteString;
  /** Different pages. */
  readonly pages: number;
  /** Pages that are written at least once. */
  readonly writtenPages: number;
  readonly executedPages: number;
  /** Sum of the counts. */
  readonly touches: number;
}

/** A trace in numbers. */
export interface TraceInfo {
  readonly lines: number;
  readonly files: number;
  /** Different pages of all files. */
  readonly pages: number;
  readonly writtenPages: number;
  readonly executedPages: number;
  readonly processes: number;
  /** Different epochs. */
  readonly epochs: number;
  readonly touches: number;
  /** Pages that two or more processes touch. */
  readonly sharedPages: number;
  /** The tenth of the pages (rounded up) that is touched most, and its touches. */
  readonly top: { readonly pages: number; readonly touches: number };
  /** The trace says where in the pages. */
  readonly hasAddresses: boolean;
  /** By touches, the most first; then by path. */
  readonly byFile: readonly FileUse[];
}

/** One page while it is counted. */
interface PageUse {
  touches: number;
  isWritten: boolean;
  isExecuted: boolean;
  pid: number;
  isShared: boolean;
}

const TOP_SHARE = 0.1;

/** Counts a trace. Paths that differ in their spelling are different files. */
export function infoOf({ lines }: Trace): TraceInfo {
  const files = new Map<ByteString, Map<number, PageUse>>();
  const pids = new Set<number>();
  const epochs = new Set<number>();
  for (const line of lines) {
    pids.add(line.pid);
    epochs.add(epochOf(line));
    let pages = files.get(line.path);
    if (pages === undefined) {
      pages = new Map<number, PageUse>();
      files.set(line.path, pages);
    }
    let use = pages.get(line.page);
    if (use === undefined) {
      use = { touches: 0, isWritten: false, isExecuted: false, pid: line.pid, isShared: false };
      pages.set(line.page, use);
    }
    use.touches += line.count;
    use.isWritten ||= line.accesses.includes('write');
    use.isExecuted ||= line.accesses.includes('exec');
    use.isShared ||= use.pid !== line.pid;
  }
  const all = [...files.values()].flatMap((pages) => [...pages.values()]);
  const byFile = Array.from(files, ([path, pages]) => fileUse(path, [...pages.values()]));
  const topPages = Math.ceil(all.length * TOP_SHARE);
  const most = all.map(({ touches }) => touches).sort((a, b) => b - a);
  return {
    lines: lines.length,
    files: files.size,
    pages: all.length,
    writtenPages: all.filter(({ isWritten }) => isWritten).length,
    executedPages: all.filter(({ isExecuted }) => isExecuted).length,
    processes: pids.size,
    epochs: epochs.size,
    touches: sumOf(most),
    sharedPages: all.filter(({ isShared }) => isShared).length,
    top: { pages: topPages, touches: sumOf(most.slice(0, topPages)) },
    hasAddresses: lines.some(({ runs }) => runs !== undefined),
    byFile: byFile.sort((a, b) => b.touches - a.touches || (a.path < b.path ? -1 : 1)),
  };
}

const sumOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0);

const fileUse = (path: ByteString, uses: readonly PageUse[]): FileUse => ({
  path,
  pages: uses.length,
  writtenPages: uses.filter(({ isWritten }) => isWritten).length,
  executedPages: uses.filter(({ isExecuted }) => isExecuted).length,
  touches: sumOf(uses.map(({ touches }) => touches)),
});
