/**
 * The table of drivers, by kind: every user of raw and mixed mappings that the discussion of November 2007 names,
 * and what became of it.
 *
 * @module
 */
import { ANYORDER_DRIVER } from './anyorder.ts';
import { CACHED_DRIVER, READONLY_DRIVER } from './cached.ts';
import { CRAMFS_DRIVER } from './cramfs.ts';
import { DAX_DRIVER } from './dax.ts';
import { DEVMEM_DRIVER } from './devmem.ts';
import type { DriverKind } from './driver.ts';
import { FILEMAP_XIP_DRIVER } from './filemap-xip.ts';
import { SPUFS_DRIVER } from './spufs.ts';
import { TEST_DRIVER } from './test.ts';
import { VDSO_COUNTED_DRIVER, VDSO_DRIVER } from './vdso.ts';

/** Kinds of drivers. */
export const DRIVERS = {
  test: TEST_DRIVER,
  anyorder: ANYORDER_DRIVER,
  devmem: DEVMEM_DRIVER,
  spufs: SPUFS_DRIVER,
  vdso: VDSO_DRIVER,
  'vdso-counted': VDSO_COUNTED_DRIVER,
  filemap_xip: FILEMAP_XIP_DRIVER,
  cramfs: CRAMFS_DRIVER,
  dax: DAX_DRIVER,
  cached: CACHED_DRIVER,
  readonly: READONLY_DRIVER,
} as const satisfies Readonly<Record<string, DriverKind>>;

/** Name of a kind of driver. */
export type DriverKindName = keyof typeof DRIVERS;
