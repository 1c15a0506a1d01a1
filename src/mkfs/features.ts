/**
 * What this builder does beyond the original: each feature can be turned off, and `compat` turns off all.
 * What only wins is on by default in `mkfs.axfs`. Compressed tables save flash and cost RAM: the driver reads plain tables
 * in place where the flash is mapped, but has to expand compressed ones into RAM at mount (driver
 * description, section 1.3). Larger cblocks save flash and cost time at each page fault. Both are asked for.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { DEFAULT_CODEC } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import { MAX_CBLOCK_SIZE } from '../ondisk/constants.ts';

/** Features of the builder. */
export interface Features {
  /** Table entries are as narrow as their values allow. */
  readonly minimalTables: boolean;
  /** Tables and names are stored compressed where that is smaller. */
  readonly compressTables: boolean;
  /** Equal pages are stored once; equal files and names of one file share their nodes. */
  readonly dedupe: boolean;
  /** Most expanded bytes of a cblock: a power of two from 4 KiB to 1 MiB. */
  readonly cblockSize: number;
  /** Partial last pages selected for XIP get a page of the XIP region. */
  readonly xipTails: boolean;
  /** Everything that needs an address comes first, and `mmap_size` ends behind it. */
  readonly split: boolean;
  /** What the compressor makes. */
  readonly codec: CodecName;
}

/** What the original builder does. */
export const ORIGINAL_FEATURES: Features = {
  minimalTables: false,
  compressTables: false,
  dedupe: false,
  cblockSize: PAGE_SIZE,
  xipTails: false,
  split: false,
  codec: DEFAULT_CODEC,
};

/**
 * What only wins: the features that `mkfs.axfs` has where nothing is said. libdeflate's streams are smaller
 * than zlib's and made in a third of the time; no driver can tell who made a stream.
 */
export const IMPROVED_FEATURES: Features = {
  ...ORIGINAL_FEATURES,
  minimalTables: true,
  dedupe: true,
  xipTails: true,
  codec: 'zlib-fast',
};

/** What a library call has where nothing is said: one place for each page, as experiments count them. */
export const PLAIN_FEATURES: Features = { ...ORIGINAL_FEATURES, xipTails: true };

/** True for a size that cblocks may have. */
export const isCblockSize = (bytes: number): boolean =>
  bytes >= PAGE_SIZE && bytes <= MAX_CBLOCK_SIZE && Number.isInteger(Math.log2(bytes));

/** The features of a build by `mkfs.axfs`: `wanted` beside the improved ones, none beside `compat`. */
export function featuresOf(wanted: Partial<Features>, compat: boolean): Features {
  const features = { ...(compat ? ORIGINAL_FEATURES : IMPROVED_FEATURES), ...wanted };
  assert(
    !compat || Object.keys(wanted).length === 0,
    () => `compat leaves nothing to choose: ${Object.keys(wanted).join()}`,
  );
  assert(
    isCblockSize(features.cblockSize),
    () => `a cblock is a power of two pages, up to 1 MiB: ${String(features.cblockSize)}`,
  );
  return features;
}
