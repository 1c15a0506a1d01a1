/**
 * One page of a file under a workload: what is done with it, what it costs as it is stored, what it would cost
 * stored the other way, and which way is better.
 *
 * @module
 */
import type { BreakEven } from './break-even.ts';
import type { RamAtPeak } from './comparison.ts';
import type { Ledger } from './ledger.ts';
import type { CostUnit } from './params.ts';
import type { Cost } from './price.ts';

/** How pages are stored, in the format's words. */
export type PageStorage = 'xip' | 'compressed' | 'byteAligned';

/** What a workload does with a page. */
export interface PageUse {
  /** Lines of the trace. */
  readonly lines: number;
  /** What the column count adds up to. */
  readonly touches: number;
  /** Lines with each letter. */
  readonly reads: number;
  readonly fetches: number;
  readonly writes: number;
  /** In the order of their first touch. */
  readonly processes: readonly number[];
  /** Ascending. */
  readonly epochs: readonly number[];
}

/** The page stored in one way. */
export interface PageWay {
  readonly type: PageStorage;
  /** Bytes of its XIP page, the cblock it is in, or its chunk. */
  readonly storedBytes: number;
  /** What the lines that touch it did, */
  readonly ledger: Ledger;
  /** what that costs, */
  readonly cost: Cost;
  /** and the RAM that they held at the run's peak, bytes. */
  readonly ram: RamAtPeak;
  /** The whole run: its cost, and RAM at its peak, bytes. */
  readonly runCost: number;
  readonly runRam: number;
}

/** What the other way would bring. */
export interface PageChange {
  /** Bytes of flash, bytes of RAM at the peak, and cost that the whole run takes more; below 0: less. */
  readonly flashAdded: number;
  readonly ramAdded: number;
  readonly costAdded: number;
}

/** Why a way is better: by cost, by flash where the cost is the same, or not at all. */
export type ChoiceReason = 'cost' | 'flash' | 'same';

/** Which way is better. */
export interface PageChoice {
  /** The page should be stored the other way. */
  readonly moves: boolean;
  readonly reason: ChoiceReason;
}

/** The whole answer. */
export interface PageAnswer extends PageChange {
  readonly unit: CostUnit;
  readonly use: PageUse;
  readonly now: PageWay;
  readonly other: PageWay;
  /** Of mapped parts priced in time. */
  readonly breakEven: BreakEven | undefined;
  readonly choice: PageChoice;
}

/** Rounding of sums of products, as a share. */
const NOISE = 1e-9;

/** The cheaper way; of two that cost the same the one that takes less flash; else the page stays. */
export function chooseWay({ costAdded, flashAdded }: PageChange, runCost: number): PageChoice {
  if (Math.abs(costAdded) > NOISE * Math.max(1, Math.abs(runCost)))
    return { moves: costAdded < 0, reason: 'cost' };
  if (flashAdded !== 0) return { moves: flashAdded < 0, reason: 'flash' };
  return { moves: false, reason: 'same' };
}
