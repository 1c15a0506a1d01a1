/**
 * Several designs of one root filesystem under one workload, side by side.
 *
 * @module
 */
import type { NamedParameter } from '../base/parameter.ts';
import type { BreakEven } from './break-even.ts';
import { flashBytesRead, totalFaults } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { CpuPreset } from './params.ts';
import type { Cost } from './price.ts';

/** RAM by use, bytes, at the moment of the highest total. */
export interface RamAtPeak {
  readonly pageCache: number;
  readonly anonymous: number;
  readonly pageTables: number;
  readonly metadata: number;
}

/** How the image of a design is made: a point of the grid that was compared. */
export interface DesignPoint {
  /** Which pages are in place: a policy's name, or the page list's. */
  readonly policy: string;
  /** Most expanded bytes of a cblock. */
  readonly cblockSize: number;
  readonly codec: string;
  /** Cut for two parts. */
  readonly split: boolean;
}

/** One design's image, run and price. */
export interface DesignResult {
  readonly design: string;
  /** Present where a grid was compared. */
  readonly point?: DesignPoint;
  /** Bytes of the image in flash. */
  readonly flashBytes: number;
  /** Pages in the xip region. */
  readonly xipPages: number;
  readonly ram: RamAtPeak;
  /** What mounting did, and what that cost: a part without window has its XIP region copied to RAM then. */
  readonly mountLedger: Ledger;
  readonly mountCost: Cost;
  readonly ledger: Ledger;
  readonly cost: Cost;
}

/** What was compared, and how. */
export interface Comparison {
  readonly tree: string;
  readonly trace: { readonly name: string; readonly lines: number };
  /** Where the page list came from: a file, or the trace itself. */
  readonly profile: { readonly from: 'file' | 'trace'; readonly name: string };
  readonly compat: boolean;
  readonly faultRoute: string;
  readonly flash: {
    readonly name: string;
    readonly title: string;
    /** The CPU can address it; else it is mounted as a block device. */
    readonly mapped: boolean;
  };
  readonly cpu: CpuPreset;
  readonly parameters: readonly NamedParameter[];
  readonly designs: readonly DesignResult[];
  /** What a reader of the numbers has to know about this part and these designs, a sentence each. */
  readonly notes?: readonly string[];
  /** For a page of the size that this tree's pages are stored in; of a mapped part priced in time. */
  readonly breakEven: BreakEven | undefined;
}

/** A column of the comparison: a number of one design. */
export interface ComparisonColumn {
  readonly key: string;
  readonly title: string;
  readonly kind: 'bytes' | 'count' | 'cost';
  readonly value: (result: DesignResult) => number;
}

const wp = ({ ledger: { faults } }: DesignResult): number =>
  faults.wp_file + faults.wp_raw + faults.wp_anon + faults.wp_zero;

/** All columns; text, JSON and every later format walk this table. */
export const COMPARISON_COLUMNS: readonly ComparisonColumn[] = [
  { key: 'flashBytes', title: 'flash', kind: 'bytes', value: (r) => r.flashBytes },
  { key: 'xipPages', title: 'XIP pages', kind: 'count', value: (r) => r.xipPages },
  { key: 'faults', title: 'faults', kind: 'count', value: (r) => totalFaults(r.ledger) },
  { key: 'faultsXip', title: 'XIP', kind: 'count', value: (r) => r.ledger.faults.raw_pfn },
  { key: 'faultsFill', title: 'fill', kind: 'count', value: (r) => r.ledger.faults.file_major },
  { key: 'faultsHit', title: 'hit', kind: 'count', value: (r) => r.ledger.faults.file_minor },
  { key: 'faultsWriteProtect', title: 'wp/COW', kind: 'count', value: wp },
  {
    key: 'ramPeak',
    title: 'RAM peak',
    kind: 'bytes',
    value: (result) => ramPeak(result),
  },
  { key: 'ramPageCache', title: 'cache', kind: 'bytes', value: (r) => r.ram.pageCache },
  { key: 'ramAnonymous', title: 'anon', kind: 'bytes', value: (r) => r.ram.anonymous },
  { key: 'ramPageTables', title: 'ptes', kind: 'bytes', value: (r) => r.ram.pageTables },
  { key: 'ramMetadata', title: 'meta', kind: 'bytes', value: (r) => r.ram.metadata },
  {
    key: 'flashRead',
    title: 'flash read',
    kind: 'bytes',
    value: (r) => flashBytesRead(r.ledger),
  },
  { key: 'cost', title: 'cost', kind: 'cost', value: (r) => r.cost.total },
  { key: 'mountCost', title: 'mount', kind: 'cost', value: (r) => r.mountCost.total },
  { key: 'costTrap', title: 'trap', kind: 'cost', value: (r) => r.cost.parts.trap },
  { key: 'costFlash', title: 'flash', kind: 'cost', value: (r) => r.cost.parts.flash },
  { key: 'costInflate', title: 'inflate', kind: 'cost', value: (r) => r.cost.parts.inflate },
  { key: 'costCopy', title: 'copy', kind: 'cost', value: (r) => r.cost.parts.copy },
  { key: 'costRam', title: 'RAM', kind: 'cost', value: (r) => r.cost.parts.ram },
];

/** RAM at its peak for what a design decides, bytes; the kernel's own is the same for all. */
export const ramPeak = ({ ram }: DesignResult): number =>
  ram.pageCache + ram.anonymous + ram.pageTables + ram.metadata;

/** A design against the first one of a comparison. */
export interface Difference {
  readonly design: string;
  /** Bytes of flash it takes more. */
  readonly flashAdded: number;
  /** Bytes of RAM it needs less at the peak. */
  readonly ramSaved: number;
  /** RAM saved for each byte of flash added; `undefined` when none was added. */
  readonly ramPerFlash: number | undefined;
  /** Its cost as a share of the first design's; `undefined` when that one cost nothing. */
  readonly costShare: number | undefined;
}

/** Every design but the first, against the first. */
export function differences({ designs }: Comparison): readonly Difference[] {
  const [baseline, ...others] = designs;
  if (baseline === undefined) return [];
  return others.map((result) => {
    const flashAdded = result.flashBytes - baseline.flashBytes;
    const ramSaved = ramPeak(baseline) - ramPeak(result);
    return {
      design: result.design,
      flashAdded,
      ramSaved,
      ramPerFlash: flashAdded > 0 ? ramSaved / flashAdded : undefined,
      costShare: baseline.cost.total > 0 ? result.cost.total / baseline.cost.total : undefined,
    };
  });
}

/** Cache misses for each page that a design has mapped from flash; `undefined` when it mapped none. */
export const missesPerXipPage = ({ ledger }: DesignResult): number | undefined =>
  ledger.faults.raw_pfn === 0 ? undefined : ledger.missedLines.flash / ledger.faults.raw_pfn;
