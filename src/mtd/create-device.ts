/**
 * Builds the device of a part: what it says of itself, its bus, the controller in front of it, its cells.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { PhysAddr } from '../base/units.ts';
import type { FlashCells } from './cells.ts';
import type { FlashContents } from './contents.ts';
import type { Reporting } from './counting.ts';
import type { MtdDevice, MtdFlag, MtdInfo, MtdType } from './device.ts';
import { LinearDevice } from './linear-device.ts';
import { DEFAULT_FLASH_PHYS, MappedDevice } from './mapped-device.ts';
import { ERASED_CONTENTS, MemoryCells } from './memory-cells.ts';
import { NandDevice } from './nand.ts';
import { figureOr, sourcedRow } from './part.ts';
import type { MtdPart } from './part.ts';
import { busShapeOf } from './part-timing.ts';
import { eraseRegions, smallestDeviceSize } from './parts.ts';
import type { XipControllerShape } from './xip-controller.ts';

/** MTD_CAP_RAM, MTD_CAP_ROM, MTD_CAP_NORFLASH, MTD_CAP_NANDFLASH (include/uapi/mtd/mtd-abi.h). */
const CAPABILITIES: Readonly<Record<MtdType, readonly MtdFlag[]>> = {
  ram: ['writeable', 'bit_writeable', 'no_erase'],
  rom: [],
  nor: ['writeable', 'bit_writeable'],
  nand: ['writeable'],
};

/** What ECC puts right. */
export interface EccShape {
  /** Bits a step. */
  readonly strength: number;
  /** Bytes of a step. */
  readonly stepSize: number;
  /** Bits put right in a step from which `read` answers EUCLEAN; default: three quarters, as nand_scan_tail. */
  readonly threshold?: number;
}

const NO_ECC: EccShape = { strength: 0, stepSize: 0, threshold: 0 };

/** ECC as the part's rows have it; none for parts without a page register. */
function eccOf(part: MtdPart): EccShape {
  const strength = sourcedRow(part, 'ecc.strength');
  const step = sourcedRow(part, 'ecc.step');
  return part.type !== 'nand' || strength === undefined || step === undefined
    ? NO_ECC
    : { strength: strength.value, stepSize: step.value };
}

/**
 * What a device of `size` bytes says of itself. Memory takes any number of bytes at once; a NAND programs
 * pages.
 */
export function mtdInfoOf(part: MtdPart, size: number, ecc: EccShape = eccOf(part)): MtdInfo {
  const writesize = part.writesize.value;
  return {
    name: part.name,
    type: part.type,
    flags: CAPABILITIES[part.type],
    size,
    erasesize: part.erasesize.value,
    writesize,
    writebufsize: figureOr(part, 'writebufsize', part.type === 'ram' ? size : writesize),
    oobsize: figureOr(part, 'oobsize', 0),
    subpageSize: figureOr(part, 'subpageSize', writesize),
    eccStrength: ecc.strength,
    eccStepSize: ecc.stepSize,
    bitflipThreshold: ecc.threshold ?? Math.ceil((ecc.strength * 3) / 4),
    eraseRegions: eraseRegions(part, size),
  };
}

/**
 * The controller that keeps what it read of the part; undefined: there is none. A controller that fills its
 * lines piece by piece is one with lines of that piece.
 */
export function xipControllerOf(part: MtdPart): XipControllerShape | undefined {
  const size = sourcedRow(part, 'cache.size');
  const line = sourcedRow(part, 'cache.fillBytes') ?? sourcedRow(part, 'cache.lineBytes');
  if (size === undefined || line === undefined) return undefined;
  const ways = figureOr(part, 'cache.ways', 1);
  return {
    lineBytes: line.value,
    ways,
    sets: size.value / (ways * line.value),
    prefetchLines: 0,
    policy: 'lru',
  };
}

/** How to build a device. */
export interface DeviceOptions extends Reporting {
  /** From offset 0; erased cells behind. Default: nothing. */
  readonly contents?: FlashContents;
  /** Bytes, whole erase blocks; default: the smallest power of two of the part that holds the contents. */
  readonly size?: number;
  /** Physical address of the first byte; a device without a window has no use for it. */
  readonly phys?: PhysAddr;
  /** Instead of cells over the contents; as many as the device has bytes. */
  readonly cells?: FlashCells;
  /** Puts misbehaving cells over the well-behaved ones. */
  readonly damage?: (cells: FlashCells) => FlashCells;
  /** Cells of a NAND's spare areas. */
  readonly oob?: FlashCells;
  /** Default: as the part has it. */
  readonly ecc?: EccShape;
  /** A NAND page is clocked with its spare area; see NandOptions. */
  readonly clocksSpare?: boolean;
  /** Instead of the part's controller; `null`: none. */
  readonly controller?: XipControllerShape | null;
}

function checkSize(part: MtdPart, size: number): void {
  const block = part.erasesize.value;
  const low =
    figureOr(part, 'parameterBlocks.blocks', 0) * figureOr(part, 'parameterBlocks.erasesize', 0);
  if (!(Number.isSafeInteger(size) && size > low && size % block === 0))
    throw new AxfsError(
      'EINVAL',
      `${part.name}: size is ${String(size)} bytes, expected whole erase blocks of ${String(block)}`,
    );
}

/**
 * The device of a part: mapped where the CPU can address it, a NAND with its spare areas, or one that is only
 * read and written.
 *
 * @throws AxfsError EINVAL for a size or a bus that cannot be built, EFBIG when the contents do not fit.
 */
export function createDevice(part: MtdPart, options: DeviceOptions = {}): MtdDevice {
  const contents = options.contents ?? ERASED_CONTENTS;
  const size = options.size ?? smallestDeviceSize(part, contents.size);
  checkSize(part, size);
  const info = mtdInfoOf(part, size, options.ecc);
  const bus = busShapeOf(part);
  const sound = options.cells ?? new MemoryCells(contents, size, part.name);
  const cells = options.damage?.(sound) ?? sound;
  const reporting = {
    ...(options.sink === undefined ? {} : { sink: options.sink }),
    ...(options.device === undefined ? {} : { device: options.device }),
  };
  if (part.type === 'nand')
    return new NandDevice(info, bus, cells, {
      ...reporting,
      ...(options.oob === undefined ? {} : { oob: options.oob }),
      ...(options.clocksSpare === undefined ? {} : { clocksSpare: options.clocksSpare }),
    });
  if (!part.mapped) return new LinearDevice(info, bus, cells, reporting);
  const controller =
    options.controller === undefined ? xipControllerOf(part) : (options.controller ?? undefined);
  return new MappedDevice(info, bus, cells, {
    ...reporting,
    phys: options.phys ?? DEFAULT_FLASH_PHYS,
    ...(controller === undefined ? {} : { controller }),
  });
}
