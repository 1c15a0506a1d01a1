/**
 * Blocks compressed once, whatever number of designs hold them: a compressor in front of another one, which
 * remembers blocks by their content. Designs of one grid differ in few pages, so most blocks come back.
 *
 * @module
 */
import type { CompressedBlock, PageCompressor } from '../codec/compressor.ts';
import { fingerprint } from '../codec/page-hash.ts';
import type { Fingerprint } from '../codec/page-hash.ts';

/** Bytes that a pool keeps at most where nobody says: blocks and their streams. */
export const DEFAULT_POOL_BYTES = 256 * 1024 * 1024;

/** What a pool has done. */
export interface PoolCounts {
  /** Blocks asked for, and those of them that went to the compressor behind. */
  readonly asked: number;
  readonly compressed: number;
  /** Bytes kept now. */
  readonly keptBytes: number;
}

/** A compressor that remembers. */
export interface BlockPool extends PageCompressor {
  readonly counts: PoolCounts;
}

/** A block that is being compressed, or was. */
interface Kept {
  readonly block: Uint8Array;
  readonly fingerprint: Fingerprint;
  readonly stored: Promise<CompressedBlock>;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * A pool in front of `compressor`, closed together with it. What it keeps never exceeds `mostBytes`: the first
 * blocks stay, because designs ask for the same ones in the same order.
 */
export function createBlockPool(
  compressor: PageCompressor,
  mostBytes = DEFAULT_POOL_BYTES,
): BlockPool {
  const kept = new Map<number, Kept[]>();
  const counts = { asked: 0, compressed: 0, keptBytes: 0 };
  const remember = (entry: Kept): void => {
    // A stream is smaller than its block.
    const bytes = 2 * entry.block.length;
    if (counts.keptBytes + bytes > mostBytes) return;
    counts.keptBytes += bytes;
    const others = kept.get(entry.fingerprint.low);
    if (others === undefined) kept.set(entry.fingerprint.low, [entry]);
    else others.push(entry);
  };
  return {
    parallelism: compressor.parallelism,
    counts,
    async compress(blocks) {
      const fresh: Uint8Array[] = [];
      let answer: (streams: Promise<readonly CompressedBlock[]>) => void = () => undefined;
      const streams = new Promise<readonly CompressedBlock[]>((resolve) => (answer = resolve));
      const wanted = blocks.map((block) => {
        const print = { low: 0, high: 0 };
        fingerprint(block, print);
        const known = kept
          .get(print.low)
          ?.find((one) => one.fingerprint.high === print.high && isEqual(one.block, block));
        if (known !== undefined) return known.stored;
        const index = fresh.push(block) - 1;
        const stored = streams.then((all) => all[index]);
        remember({ block: block.slice(), fingerprint: print, stored });
        return stored;
      });
      counts.asked += blocks.length;
      counts.compressed += fresh.length;
      // At once, as callers reuse their blocks when this returns.
      answer(fresh.length === 0 ? Promise.resolve([]) : compressor.compress(fresh));
      return Promise.all(wanted);
    },
    close: () => compressor.close(),
  };
}
