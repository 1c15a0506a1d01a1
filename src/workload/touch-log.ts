/**
 * Lines of a trace in the making: touches come one by one, and those of one page by one process in one epoch
 * become one line, which stands where the first of them was.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { ByteString } from '../base/bytestring.ts';
import { unionOf } from './access.ts';
import type { TraceAccess } from './access.ts';
import type { TraceLine } from './trace.ts';

/** Touches of a page. */
export interface Touch {
  readonly pid: number;
  /** Never smaller than that of the touch before. */
  readonly epoch: number;
  readonly path: ByteString;
  readonly page: number;
  readonly accesses: readonly TraceAccess[];
  /** At least one for each access. */
  readonly count: number;
}

type OpenLine = { -readonly [K in keyof TraceLine]: TraceLine[K] };

/** Collects touches. */
export class TouchLog {
  readonly #lines: OpenLine[] = [];
  readonly #ofEpoch = new Map<string, OpenLine>();
  #epoch = 0;

  add({ pid, epoch, path, page, accesses, count }: Touch): void {
    assert(
      epoch >= this.#epoch,
      () => `epochs do not go back: ${String(epoch)} after ${String(this.#epoch)}`,
    );
    if (epoch > this.#epoch) this.#ofEpoch.clear();
    this.#epoch = epoch;
    const key = `${String(pid)}:${String(page)}:${path}`;
    const line = this.#ofEpoch.get(key);
    if (line !== undefined) {
      line.accesses = unionOf(line.accesses, accesses);
      line.count += count;
      return;
    }
    const added = { line: this.#lines.length + 1, pid, epoch, path, page, accesses, count };
    this.#lines.push(added);
    this.#ofEpoch.set(key, added);
  }

  /** All lines so far, numbered from 1. */
  get lines(): readonly TraceLine[] {
    return this.#lines;
  }
}
