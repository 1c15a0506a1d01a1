/**
 * Expanded cblocks, the ones used last. The driver keeps one, and so does a mount; commands that only read an
 * image may keep more, so that files whose pages alternate between cblocks do not expand them every time.
 *
 * @module
 */

/** Room for one expanded cblock. */
export interface ExpandedCblock {
  readonly bytes: Uint8Array;
  /** Valid bytes. */
  length: number;
}

/** Cblocks kept at most: small ones are expanded fast. */
const CBLOCKS_MAX = 2048;

/** Keeps expanded cblocks by number. */
export class CblockCache {
  readonly #cblockSize: number;
  readonly #most: number;
  /** In the order of their last use. */
  readonly #kept = new Map<number, ExpandedCblock>();
  /** Taken and not kept, as an expansion failed. */
  #spare: ExpandedCblock | undefined;
  #lastNumber = -1;
  #last: ExpandedCblock | undefined;

  /** Keeps as many cblocks as `bytes` hold, and always one. */
  constructor(cblockSize: number, bytes: number) {
    this.#cblockSize = cblockSize;
    this.#most = Math.min(CBLOCKS_MAX, Math.max(1, Math.floor(bytes / cblockSize)));
  }

  get(cblock: number): ExpandedCblock | undefined {
    if (cblock === this.#lastNumber) return this.#last;
    const found = this.#kept.get(cblock);
    if (found === undefined) return undefined;
    this.#kept.delete(cblock);
    return this.keep(cblock, found);
  }

  /** Room to expand a cblock into; what was used longest ago makes way. It counts once it is kept. */
  take(): ExpandedCblock {
    const [oldest] = this.#kept;
    if (this.#spare === undefined && oldest !== undefined && this.#kept.size === this.#most) {
      this.#kept.delete(oldest[0]);
      if (oldest[0] === this.#lastNumber) this.#lastNumber = -1;
      this.#spare = oldest[1];
    }
    this.#spare ??= { bytes: new Uint8Array(this.#cblockSize), length: 0 };
    return this.#spare;
  }

  /** Remembers `expanded`, which was taken, as that cblock. */
  keep(cblock: number, expanded: ExpandedCblock): ExpandedCblock {
    if (expanded === this.#spare) this.#spare = undefined;
    this.#kept.set(cblock, expanded);
    this.#lastNumber = cblock;
    this.#last = expanded;
    return expanded;
  }
}
