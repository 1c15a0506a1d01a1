/**
 * A device shadowed in RAM: what boards do whose flash cannot be mapped. A boot loader copies the image to
 * RAM, and from then on the RAM is pointed (phram over the copy).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { PhysAddr } from '../base/units.ts';
import type { BusShape } from './bus.ts';
import { MEMORY_BUS } from './bus.ts';
import { memoryContents } from './contents.ts';
import type { Reporting } from './counting.ts';
import type { MtdDevice } from './device.ts';
import { MappedDevice } from './mapped-device.ts';
import { MemoryCells } from './memory-cells.ts';
import { ramInfo } from './ram.ts';
import { blockAt } from './ranges.ts';

/** How to shadow a device. */
export interface ShadowOptions extends Reporting {
  /** Physical address of the copy. */
  readonly phys: PhysAddr;
  /** Bytes to copy, as of the image; default: all good blocks. */
  readonly bytes?: number;
  /** The bus of the RAM; default: {@link MEMORY_BUS}. */
  readonly bus?: BusShape;
}

/** A copy in RAM of what stands on another device. It is read-only: nobody writes it back. */
export class ShadowDevice extends MappedDevice {
  /** The device it was copied from; what copying took is in its counters. */
  readonly source: MtdDevice;
  /** RAM that the copy takes, bytes. */
  readonly ramBytes: number;
  /** Blocks whose bits had to be put right in so large a number that they should be written anew. */
  readonly scrub: readonly number[];

  constructor(source: MtdDevice, options: ShadowOptions) {
    const { phys, bytes, bus = MEMORY_BUS, ...reporting } = options;
    const copy = copyGoodBlocks(source, bytes);
    const { length } = copy.bytes;
    super(
      ramInfo(`${source.info.name}-shadow`, length, length, []),
      bus,
      new MemoryCells(memoryContents(copy.bytes)),
      { phys, ...reporting },
    );
    this.source = source;
    this.ramBytes = length;
    this.scrub = copy.scrub;
  }
}

/**
 * Copies `source` to RAM, block by block, past the bad ones (as U-Boot's `nand read` does: what was written
 * past them stands in the copy without a gap), and gives the copy as a device.
 *
 * @throws AxfsError EIO or EBADMSG when a block cannot be read, EINVAL when the good blocks hold fewer bytes
 * than asked for, ENOMEM.
 */
export const createShadow = (source: MtdDevice, options: ShadowOptions): ShadowDevice =>
  new ShadowDevice(source, options);

function copyGoodBlocks(
  source: MtdDevice,
  wanted: number | undefined,
): { readonly bytes: Uint8Array; readonly scrub: readonly number[] } {
  const { info } = source;
  const blocks: { readonly offset: number; readonly length: number }[] = [];
  let held = 0;
  for (let offset = 0; offset < info.size && held < (wanted ?? Infinity);) {
    const block = blockAt(info, offset) ?? { offset, erasesize: info.size - offset };
    const length = Math.min(block.erasesize, (wanted ?? Infinity) - held);
    if (!source.blockIsBad(offset)) {
      blocks.push({ offset, length });
      held += length;
    }
    offset += block.erasesize;
  }
  if (wanted !== undefined && held !== wanted)
    throw new AxfsError(
      'EINVAL',
      `${info.name}: shadow of ${String(wanted)} bytes, expected at most ${String(held)}, which the good blocks hold`,
    );
  const bytes = memory(info.name, held);
  const scrub: number[] = [];
  let done = 0;
  for (const { offset, length } of blocks) {
    if (source.read(offset, bytes.subarray(done, done + length)) === 'EUCLEAN') scrub.push(offset);
    done += length;
  }
  return { bytes, scrub };
}

function memory(name: string, bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new AxfsError(
      'ENOMEM',
      `${name}: shadow of ${String(bytes)} bytes does not fit in memory`,
    );
  }
}
