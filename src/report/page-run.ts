/**
 * One run of one image, page by page: what a report of it shows.
 *
 * @module
 */
import type { DesignResult } from '../cost/comparison.ts';
import type { CostUnit } from '../cost/params.ts';

/** How a page is stored. */
export const PLACEMENTS = ['xip', 'compressed', 'byte_aligned'] as const;
/** One of {@link PLACEMENTS}. */
export type Placement = (typeof PLACEMENTS)[number];

/** A page as it is stored in the image, and what the run did with it. */
export interface PageRow {
  /** Number of its file in {@link PageRun.files}: the first one where several share it. */
  readonly file: number;
  /** Page of that file. */
  readonly page: number;
  readonly placement: Placement;
  /** Where its bytes, or its cblock, begin in the image. */
  readonly offset: number;
  /** Bytes there: of a cblock, all of it. */
  readonly storedBytes: number;
  /** Files that have this page. */
  readonly sharedBy: number;
  /** Cache lines of it that the trace used. */
  readonly lines: number;
  readonly cost: number;
}

/** Faults by how they ended. */
export interface FaultCounts {
  /** Mapped straight from flash. */
  readonly xip: number;
  /** A page of RAM was filled first. */
  readonly fill: number;
  /** The page was in RAM. */
  readonly hit: number;
  /** Write-protect and all others. */
  readonly other: number;
}

/** The kinds of {@link FaultCounts} with what a legend says. */
export const FAULT_CLASSES = [
  { key: 'xip', title: 'XIP: mapped from flash' },
  { key: 'fill', title: 'fill: expanded into RAM' },
  { key: 'hit', title: 'hit: in RAM already' },
  { key: 'other', title: 'write-protect and others' },
] as const satisfies readonly { readonly key: keyof FaultCounts; readonly title: string }[];

/** A file. */
export interface FileRow {
  /** Printable. */
  readonly path: string;
  readonly pages: number;
  readonly xipPages: number;
  /** Pages that the trace touched. */
  readonly touchedPages: number;
  readonly faults: FaultCounts;
  readonly cost: number;
}

/** A process. */
export interface ProcessRow {
  readonly pid: number;
  readonly files: number;
  readonly touchedPages: number;
  readonly faults: FaultCounts;
  readonly cost: number;
}

/** A stretch of the trace. */
export interface TimelineRow {
  /** Lines of the trace, counted from 1. */
  readonly first: number;
  readonly last: number;
  readonly faults: FaultCounts;
  readonly cost: number;
}

/** A run. */
export interface PageRun {
  readonly unit: CostUnit;
  readonly result: DesignResult;
  /** In the order of the image. */
  readonly pages: readonly PageRow[];
  readonly files: readonly FileRow[];
  readonly processes: readonly ProcessRow[];
  readonly timeline: readonly TimelineRow[];
}
