/**
 * The bytes of pages that may come again, for comparison: fingerprints alone decide nothing.
 *
 * @module
 */
import { bytesEqual } from '../base/bytes.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { ByteSink } from './chunks.ts';
import type { ByteStore } from './chunks.ts';

interface KeptPage {
  readonly node: number;
  readonly at: number;
  readonly length: number;
}

/** First pages of lots (page-groups.ts), by lot. */
export class KeptPages {
  readonly #sink: ByteSink;
  readonly #pages = new Map<number, KeptPage>();
  readonly #bytes = new Uint8Array(PAGE_SIZE);
  /** Lot whose bytes are in `#bytes`; runs of equal pages (zeros) are compared without reading again. */
  #loaded = -1;

  constructor(makeStore: (() => ByteStore) | undefined) {
    this.#sink = new ByteSink(makeStore);
  }

  has(lot: number): boolean {
    return this.#pages.has(lot);
  }

  /** Keeps the bytes of `node` as those of the lot. */
  keep(lot: number, node: number, bytes: Uint8Array): void {
    this.#pages.set(lot, { node, at: this.#sink.size, length: bytes.length });
    this.#sink.append(bytes);
  }

  /** Node of the lot whose bytes are these, if they are. */
  find(lot: number, bytes: Uint8Array): number | undefined {
    const kept = this.#pages.get(lot);
    if (kept?.length !== bytes.length) return undefined;
    const there = this.#bytes.subarray(0, kept.length);
    if (this.#loaded !== lot) this.#sink.readAt(there, kept.at);
    this.#loaded = lot;
    return bytesEqual(there, bytes) ? kept.node : undefined;
  }

  close(): void {
    this.#sink.close();
  }
}
