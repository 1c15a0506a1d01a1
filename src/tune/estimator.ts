/**
 * What a set of pages executed in place comes to, without building or running anything: lengths from the
 * builder's own sizes, costs and RAM from two measured runs (measure.ts). Cblocks are cut and expanded as the
 * builder and the driver would: in order, and one expanded at a time.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { Figures } from './budgets.ts';
import type { MeasuredRun } from './measure.ts';
import { imageBytes } from './stored-pages.ts';
import type { ImageCounts, StoredPages } from './stored-pages.ts';
import type { TreePages } from './tree-pages.ts';

/** What choosing a content changes, seen from a set without it; positive is better, but for `flash`. */
export interface Gain {
  /** Bytes of flash it takes more; may be negative. */
  readonly flash: number;
  readonly ram: number;
  readonly time: number;
}

/**
 * What a page gains that shares an expansion with the fills around it: what is saved when it alone goes
 * (`single`), hardly anything, or its share of what is saved when all of them go.
 */
export type ExpansionGain = 'single' | 'shared';

/** Where the runs come from. */
export interface EstimatorParts {
  readonly pages: TreePages;
  readonly stored: StoredPages;
  /** With every page compressed, under this codec and cblock size. */
  readonly compressed: MeasuredRun;
  /** With every candidate in place, and which those are. */
  readonly inPlace: MeasuredRun;
  readonly candidates: readonly number[];
}

/** Table bytes that a page in place saves: its entries of `cnode_offset`, `cnode_index` and `cblock_offset`. */
const ENTRY_BYTES = 6;

/** Estimates are right. */
export const NO_CORRECTION: Figures = { flash: 0, ram: 0, time: 0 };

const NO_COUNTS: ImageCounts = {
  ...{ xipPages: 0, cnodes: 0, cblocks: 0, compressedBytes: 0, banodes: 0, byteAlignedBytes: 0 },
};

/** Estimates designs of one codec and cblock size. Sets are a byte by content: 1 is in place. */
export class Estimator {
  readonly pages: TreePages;
  readonly candidates: readonly number[];
  readonly #stored: StoredPages;
  readonly #compressed: MeasuredRun;
  readonly #inPlace: MeasuredRun;
  /** By content: its cblock in the set looked at last; and what each is stored in. */
  readonly #cblockOf: Int32Array;
  readonly #cblockBytes: Float64Array;
  readonly #nothingInPlace: ImageCounts;
  #correction = NO_CORRECTION;
  #ramPeakAfter = 0;

  constructor({ pages, stored, compressed, inPlace, candidates }: EstimatorParts) {
    this.pages = pages;
    this.candidates = candidates;
    this.#stored = stored;
    this.#compressed = compressed;
    this.#inPlace = inPlace;
    this.#cblockOf = Int32Array.from(pages.firstNode, (_, content) => content);
    this.#cblockBytes = Float64Array.from(stored.share);
    const counts = { ...NO_COUNTS };
    stored.share.forEach((bytes, content) => {
      if (stored.isCompressed[content] === 0) {
        counts.banodes += 1;
        counts.byteAlignedBytes += bytes;
      } else {
        counts.cnodes += 1;
        counts.cblocks += 1;
        counts.compressedBytes += bytes;
      }
    });
    this.#nothingInPlace = counts;
  }

  /** From now on this is added to every estimate: what building and running a design has shown. */
  correct(by: Figures): void {
    this.#correction = by;
  }

  /** Figures without correction, corrected. */
  corrected({ flash, ram, time }: Figures): Figures {
    const by = this.#correction;
    return { flash: flash + by.flash, ram: ram + by.ram, time: time + by.time };
  }

  /** An empty set. */
  none(): Uint8Array {
    return new Uint8Array(this.pages.firstNode.length);
  }

  /** The figures of a set, corrected. */
  estimate(set: Uint8Array): Figures {
    return this.corrected(this.uncorrected(set));
  }

  /** The figures of a set as the measured runs have them. */
  uncorrected(set: Uint8Array): Figures {
    // In this order: cutting the cblocks says what expanding them costs.
    const flash = this.#flash(set);
    return { flash, ram: this.#ram(set), time: this.#time(set) };
  }

  /** What adding each candidate that is not in the set would change, by content. */
  gains(set: Uint8Array, expansions: ExpansionGain): ReadonlyMap<number, Gain> {
    this.uncorrected(set);
    const saved = this.#savedExpansions(set, expansions);
    const pagesOfRam = new Map<number, number>();
    for (const { content } of this.#compressed.fills.slice(0, this.#ramPeakAfter))
      pagesOfRam.set(content, (pagesOfRam.get(content) ?? 0) + 1);
    const gains = new Map<number, Gain>();
    for (const content of this.candidates) {
      if (set[content] === 1) continue;
      const { share, isCompressed } = this.#stored;
      const entries = isCompressed[content] === 1 ? ENTRY_BYTES : 0;
      gains.set(content, {
        flash: PAGE_SIZE - (share[content] ?? 0) - entries,
        ram: (pagesOfRam.get(content) ?? 0) * PAGE_SIZE,
        time:
          (this.#compressed.costs[content] ?? 0) -
          (this.#inPlace.costs[content] ?? 0) +
          (saved.get(content) ?? 0),
      });
    }
    return gains;
  }

  /** Cblocks are single pages: none changes when another page leaves. */
  get isSeparable(): boolean {
    return this.#stored.cblockSize === PAGE_SIZE;
  }

  /** The length of the image; cuts its cblocks on the way. */
  #flash(set: Uint8Array): number {
    return imageBytes(
      this.pages,
      this.#stored,
      this.isSeparable ? this.#countSingle(set) : this.#countCut(set),
    );
  }

  /** Cblocks of one page: the whole tree's, less what is in place. */
  #countSingle(set: Uint8Array): ImageCounts {
    const counts = { ...this.#nothingInPlace };
    for (const content of this.#members(set)) {
      const bytes = this.#stored.share[content] ?? 0;
      counts.xipPages += 1;
      if (this.#stored.isCompressed[content] === 0) {
        counts.banodes -= 1;
        counts.byteAlignedBytes -= bytes;
      } else {
        counts.cnodes -= 1;
        counts.cblocks -= 1;
        counts.compressedBytes -= bytes;
      }
    }
    return counts;
  }

  /** Larger ones are cut as the builder does. */
  #countCut(set: Uint8Array): ImageCounts {
    const { share, isCompressed, cblockSize } = this.#stored;
    const { lengths, isTarget } = this.pages;
    const sizes = this.#cblockBytes;
    const counts = { ...NO_COUNTS };
    let room = 0;
    for (let content = 0; content < share.length; content += 1) {
      const bytes = share[content] ?? 0;
      if (set[content] === 1) counts.xipPages += 1;
      else if (isCompressed[content] === 0) {
        counts.banodes += 1;
        counts.byteAlignedBytes += bytes;
      } else {
        counts.cnodes += 1;
        counts.compressedBytes += bytes;
        // A target has a zero behind it.
        const length = (lengths[content] ?? 0) + (isTarget[content] ?? 0);
        if (length > room) {
          sizes[counts.cblocks] = 0;
          counts.cblocks += 1;
          room = cblockSize;
        }
        room -= length;
        const cblock = counts.cblocks - 1;
        this.#cblockOf[content] = cblock;
        sizes[cblock] = (sizes[cblock] ?? 0) + bytes;
      }
    }
    return counts;
  }

  /** Contents of a set: few of them, all candidates or untouched. */
  #members(set: Uint8Array): readonly number[] {
    const members: number[] = [];
    for (let content = set.indexOf(1); content >= 0; content = set.indexOf(1, content + 1))
      members.push(content);
    return members;
  }

  /** RAM at its peak; notes after how many fills that is. */
  #ram(set: Uint8Array): number {
    const { fills, ramBesides } = this.#compressed;
    let most = 0;
    let filled = 0;
    this.#ramPeakAfter = 0;
    for (let i = 0; i <= fills.length; i += 1) {
      const besides = ramBesides[i] ?? -1;
      if (besides >= 0 && besides + filled * PAGE_SIZE > most) {
        most = besides + filled * PAGE_SIZE;
        this.#ramPeakAfter = i;
      }
      if (set[fills[i]?.content ?? 0] !== 1) filled += 1;
    }
    return most;
  }

  #time(set: Uint8Array): number {
    const { costs, mountCost, fills } = this.#compressed;
    let time = mountCost;
    for (const content of this.pages.touched)
      time += (set[content] === 1 ? this.#inPlace.costs[content] : costs[content]) ?? 0;
    let expanded = -1;
    for (const { content, isCompressed } of fills) {
      if (set[content] === 1 || !isCompressed) continue;
      const cblock = this.#cblockOf[content] ?? 0;
      if (cblock !== expanded) time += this.#expansionCost(cblock);
      expanded = cblock;
    }
    return time;
  }

  #expansionCost(cblock: number): number {
    const { setup, storedByte } = this.#compressed.expansion;
    return setup + storedByte * (this.#cblockBytes[cblock] ?? 0);
  }

  /** Time for expansions that is saved when a content goes: its neighbours in the run decide. */
  #savedExpansions(set: Uint8Array, gain: ExpansionGain): ReadonlyMap<number, number> {
    const { storedByte } = this.#compressed.expansion;
    const runs = this.#runs(set);
    const saved = new Map<number, number>();
    runs.forEach(({ cblock, contents }, i) => {
      const [before, after] = [runs[i - 1]?.cblock ?? -1, runs[i + 1]?.cblock ?? -2];
      const own = this.#expansionCost(cblock);
      // Without the run, the cblock before it would still be there for the one behind.
      const alone = own + (before === after ? this.#expansionCost(after) : 0);
      for (const content of contents) {
        const bytes = storedByte * (this.#stored.share[content] ?? 0);
        const time =
          contents.length === 1 ? alone : gain === 'shared' ? own / contents.length : bytes;
        saved.set(content, (saved.get(content) ?? 0) + time);
      }
    });
    return saved;
  }

  /** Fills one after the other that one expansion serves. */
  #runs(set: Uint8Array): readonly { readonly cblock: number; readonly contents: number[] }[] {
    const runs: { readonly cblock: number; readonly contents: number[] }[] = [];
    for (const { content, isCompressed } of this.#compressed.fills) {
      if (set[content] === 1 || !isCompressed) continue;
      const cblock = this.#cblockOf[content] ?? 0;
      const last = runs.at(-1);
      if (last?.cblock === cblock) last.contents.push(content);
      else runs.push({ cblock, contents: [content] });
    }
    return runs;
  }
}
