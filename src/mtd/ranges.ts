/**
 * Which places of a device an operation may name: the checks of drivers/mtd/mtdcore.c, and erase blocks of
 * different sizes on one device.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { EraseRegion, MtdInfo } from './device.ts';

/** An erase block. */
export interface EraseBlock {
  readonly offset: number;
  readonly erasesize: number;
}

/** @throws AxfsError EINVAL unless `[from, from + length)` is inside the device. */
export function checkRange(info: MtdInfo, operation: string, from: number, length: number): void {
  if (!(from >= 0 && length >= 0 && from + length <= info.size))
    throw new AxfsError(
      'EINVAL',
      `${info.name}: ${operation} of ${String(length)} bytes at ${String(from)} is outside the ${String(info.size)} bytes of the device`,
    );
}

/** @throws AxfsError EROFS for a device that is not writeable. */
export function checkWriteable(info: MtdInfo, operation: string, at: number): void {
  if (!info.flags.includes('writeable'))
    throw new AxfsError(
      'EROFS',
      `${info.name}: ${operation} at ${String(at)}: the device is read-only`,
    );
}

/** @throws AxfsError EINVAL unless `unit` divides place and length of a write. */
export function checkUnits(info: MtdInfo, to: number, length: number, unit: number): void {
  if (to % unit !== 0 || length % unit !== 0)
    throw new AxfsError(
      'EINVAL',
      `${info.name}: write of ${String(length)} bytes at ${String(to)}, expected multiples of ${String(unit)}`,
    );
}

const regionEnd = (region: EraseRegion): number => region.offset + region.blocks * region.erasesize;

/** The erase block that holds the byte at `offset`; undefined where no region has one. */
export function blockAt(info: MtdInfo, offset: number): EraseBlock | undefined {
  const region = info.eraseRegions.find((one) => offset >= one.offset && offset < regionEnd(one));
  if (region === undefined) return undefined;
  const { erasesize } = region;
  return {
    offset: region.offset + Math.floor((offset - region.offset) / erasesize) * erasesize,
    erasesize,
  };
}

/** `offset` is where a block starts or the last one ends. */
export const isBlockBorder = (info: MtdInfo, offset: number): boolean =>
  info.eraseRegions.some(
    (region) =>
      offset >= region.offset &&
      offset <= regionEnd(region) &&
      (offset - region.offset) % region.erasesize === 0,
  );

/**
 * The blocks of an erase.
 *
 * @throws AxfsError EINVAL outside the device or off its block borders, EROFS.
 */
export function blocksToErase(info: MtdInfo, from: number, length: number): EraseBlock[] {
  checkRange(info, 'erase', from, length);
  checkWriteable(info, 'erase', from);
  if (length === 0) return [];
  for (const border of [from, from + length])
    if (!isBlockBorder(info, border))
      throw new AxfsError(
        'EINVAL',
        `${info.name}: erase of ${String(length)} bytes at ${String(from)}: ${String(border)} is no border of an erase block (erasesize ${String(info.erasesize)})`,
      );
  const blocks: EraseBlock[] = [];
  for (let block = blockAt(info, from); block !== undefined;) {
    blocks.push(block);
    const next = block.offset + block.erasesize;
    block = next < from + length ? blockAt(info, next) : undefined;
  }
  return blocks;
}

/** The part of `regions` in `[offset, offset + size)`, counted from there; its ends are block borders. */
export const clipRegions = (
  regions: readonly EraseRegion[],
  offset: number,
  size: number,
): EraseRegion[] =>
  regions.flatMap((region) => {
    const start = Math.max(region.offset, offset);
    const end = Math.min(regionEnd(region), offset + size);
    const { erasesize } = region;
    return start < end
      ? [{ offset: start - offset, erasesize, blocks: (end - start) / erasesize }]
      : [];
  });

/** Regions one behind the other; neighbours with blocks of one size are one region. */
export function joinRegions(regions: readonly EraseRegion[]): EraseRegion[] {
  const joined: EraseRegion[] = [];
  for (const region of regions) {
    const before = joined.at(-1);
    if (before?.erasesize === region.erasesize && regionEnd(before) === region.offset)
      joined[joined.length - 1] = { ...before, blocks: before.blocks + region.blocks };
    else joined.push(region);
  }
  return joined;
}

/** Bytes of the largest block of `regions`; 0: there are none. */
export const largestErasesize = (regions: readonly EraseRegion[]): number =>
  regions.reduce((largest, { erasesize }) => Math.max(largest, erasesize), 0);
