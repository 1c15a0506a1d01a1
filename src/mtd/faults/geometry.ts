/**
 * The erase blocks of a device by number: counted from 0 in order of their place, whatever their sizes.
 *
 * @module
 */
import { AxfsError } from '../../base/errno.ts';
import type { EraseRegion, MtdInfo } from '../device.ts';

/** What places and numbers of blocks and pages follow from; a device's info is one. */
export type BlockGeometry = Pick<
  MtdInfo,
  'name' | 'size' | 'erasesize' | 'writesize' | 'eraseRegions'
>;

/** An erase block. */
export interface EraseBlock {
  readonly number: number;
  readonly offset: number;
  readonly erasesize: number;
}

/** The erase regions; without a list, the device is one region of its erasesize. */
const regionsOf = ({ size, erasesize, eraseRegions }: BlockGeometry): readonly EraseRegion[] =>
  eraseRegions.length > 0
    ? eraseRegions
    : [{ offset: 0, erasesize, blocks: Math.floor(size / erasesize) }];

/** Erase blocks of the device. */
export const blockCount = (geometry: BlockGeometry): number =>
  regionsOf(geometry).reduce((sum, { blocks }) => sum + blocks, 0);

/** The block that holds the byte at `offset`. @throws AxfsError EINVAL outside the device. */
export function blockAt(geometry: BlockGeometry, offset: number): EraseBlock {
  let before = 0;
  for (const region of regionsOf(geometry)) {
    const { erasesize, blocks } = region;
    if (offset >= region.offset && offset < region.offset + blocks * erasesize) {
      const inRegion = Math.floor((offset - region.offset) / erasesize);
      return { number: before + inRegion, offset: region.offset + inRegion * erasesize, erasesize };
    }
    before += blocks;
  }
  throw new AxfsError(
    'EINVAL',
    `${geometry.name}: byte ${String(offset)} is in no erase block, expected less than ${String(geometry.size)}`,
  );
}

/** The block of this number. @throws AxfsError EINVAL when there is none. */
export function blockOf(geometry: BlockGeometry, number: number): EraseBlock {
  let before = 0;
  for (const { offset, erasesize, blocks } of regionsOf(geometry)) {
    if (number >= before && number < before + blocks)
      return { number, offset: offset + (number - before) * erasesize, erasesize };
    before += blocks;
  }
  throw new AxfsError(
    'EINVAL',
    `${geometry.name}: there is no erase block ${String(number)}, expected 0 to ${String(before - 1)}`,
  );
}

/** Blocks that hold bytes of `[offset, offset + length)`, ascending. */
export function* blocksIn(
  geometry: BlockGeometry,
  offset: number,
  length: number,
): Generator<EraseBlock> {
  for (let at = offset; at < offset + length;) {
    const block = blockAt(geometry, at);
    yield block;
    at = block.offset + block.erasesize;
  }
}
