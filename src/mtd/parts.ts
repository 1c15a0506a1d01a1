/**
 * The flash parts that are known by name, and what a device of a part looks like.
 *
 * Names are the maker's where a row is one chip (`w25q512jv`), else the family or the bus and its clock in
 * MHz (`qspi-104`), so that one chip read in several ways is several rows (`p30`, `p30-async`).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { nearestName } from '../base/nearest.ts';
import type { EraseRegion } from './device.ts';
import { figureOr } from './part.ts';
import type { MtdPart } from './part.ts';
import { BLOCK } from './parts/block.ts';
import { HYPERFLASH } from './parts/hyperflash.ts';
import { MEMORY } from './parts/memory.ts';
import { NAND } from './parts/nand.ts';
import { PARALLEL_NOR } from './parts/parallel-nor.ts';
import { SPI_NOR } from './parts/spi-nor.ts';

export { flashParameters } from './flash-parameters.ts';
export type { MtdPart } from './part.ts';

/** The parts, by preset name. */
export const MTD_PARTS = {
  ...PARALLEL_NOR,
  ...SPI_NOR,
  ...HYPERFLASH,
  ...NAND,
  ...BLOCK,
  ...MEMORY,
} as const satisfies Record<string, MtdPart>;

/** Name of a part. */
export type MtdPartName = keyof typeof MTD_PARTS;

/** Names of {@link MTD_PARTS}. */
export const MTD_PART_NAMES = Object.keys(MTD_PARTS) as readonly MtdPartName[];

/**
 * The part called `name`.
 *
 * @throws AxfsError EINVAL that suggests the nearest name.
 */
export function partNamed(name: string): MtdPart {
  if (Object.hasOwn(MTD_PARTS, name)) return MTD_PARTS[name as MtdPartName];
  throw new AxfsError(
    'EINVAL',
    `flash part is '${name}', expected one of ${String(MTD_PART_NAMES.length)} known parts, e.g. '${nearestName(MTD_PART_NAMES, name)}'`,
  );
}

/** Smallest power-of-two device of `part` that holds `bytes`. */
export function smallestDeviceSize(part: MtdPart, bytes: number): number {
  let size = part.smallestSize.value;
  while (size < bytes) size *= 2;
  return size;
}

/** Erase blocks of a device of `size` bytes: parameter blocks, if it has any, at the bottom, main blocks above. */
export function eraseRegions(part: MtdPart, size: number): readonly EraseRegion[] {
  const main = part.erasesize.value;
  const blocks = figureOr(part, 'parameterBlocks.blocks', 0);
  const erasesize = figureOr(part, 'parameterBlocks.erasesize', 0);
  const above = blocks * erasesize;
  const low = blocks === 0 ? [] : [{ offset: 0, erasesize, blocks }];
  return [...low, { offset: above, erasesize: main, blocks: (size - above) / main }];
}
