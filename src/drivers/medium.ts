/**
 * Device memory in the physical address space that a driver hands out frames of: what is there already, or a
 * new window whose page k is filled with byte 0x40 + k mod 0x80.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE, pfn, type Pfn } from '../base/units.ts';
import type { Memory } from '../mm/memory.ts';
import { hex } from './driver-file.ts';
import { frame, yesOrNo } from './options.ts';

/** Frames of a driver. */
export interface Medium {
  readonly firstPfn: Pfn;
  readonly pages: number;
  /** Frame of page `index`. */
  pfnOf(index: number): Pfn;
  /** The 4096 bytes of page `index`, writable. */
  bytes(index: number): Uint8Array;
}

/** Options of whoever has a medium. */
export const mediumOptions = (base: number) =>
  ({
    base: frame('first frame of the device memory; made if nothing is there', base),
    memmap: yesOrNo('the device memory that is made has struct pages (pfn_valid)', false),
  }) as const;

/** First byte of page `index` of device memory that was made here. */
export const mediumByte = (index: number): number => 0x40 + (index % 0x80);

/**
 * The `pages` frames from `base`: RAM or device memory that is there, or new device memory.
 *
 * @throws AxfsError EBUSY when something else begins or ends in the range; EINVAL when struct pages are wanted
 * for memory that is there without.
 */
export function mediumAt(
  memory: Memory,
  { base, pages, memmap }: { readonly base: Pfn; readonly pages: number; readonly memmap: boolean },
): Medium {
  const { physical } = memory;
  const last = pfn(base + pages - 1);
  const window = physical.windowOf(base);
  const isThere =
    (window !== undefined && physical.windowOf(last) === window) ||
    (window === undefined && physical.pfnValid(base) && physical.pfnValid(last));
  if (!isThere) {
    const made = new Uint8Array(pages * PAGE_SIZE);
    const page = (index: number): Uint8Array =>
      made.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
    for (let index = 0; index < pages; index += 1) page(index).fill(mediumByte(index));
    physical.addWindow({ firstPfn: base, pages, memmap, page });
  }
  if (memmap && !physical.pfnValid(base))
    throw new AxfsError(
      'EINVAL',
      `option 'memmap' is 'yes', but the device memory at ${hex(base)} is there already and has no struct pages`,
    );
  return {
    firstPfn: base,
    pages,
    pfnOf: (index) => pfn(base + index),
    bytes: (index) => physical.bytesOf(pfn(base + index)),
  };
}
