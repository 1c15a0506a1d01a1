import type { EventSink } from '../../../src/base/events.ts';
import { physAddr } from '../../../src/base/units.ts';
import { createBlockDevice } from '../../../src/mtd/block-device.ts';
import type { BusShape } from '../../../src/mtd/bus.ts';
import type { FlashCells } from '../../../src/mtd/cells.ts';
import { concatDevices } from '../../../src/mtd/concat.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdDevice, MtdInfo } from '../../../src/mtd/device.ts';
import { MappedDevice } from '../../../src/mtd/mapped-device.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { NandDevice } from '../../../src/mtd/nand.ts';
import { createPartition } from '../../../src/mtd/partition.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { createShadow } from '../../../src/mtd/shadow.ts';
import type { XipControllerShape } from '../../../src/mtd/xip-controller.ts';
import { scriptedCells } from './scripted-cells.ts';

/** A small NOR: four blocks of 1 KiB, words of 2 bytes, buffers of 64. */
export const NOR_INFO: MtdInfo = {
  name: 'nor',
  type: 'nor',
  flags: ['writeable', 'bit_writeable'],
  size: 4096,
  erasesize: 1024,
  writesize: 2,
  writebufsize: 64,
  oobsize: 0,
  subpageSize: 2,
  eccStrength: 0,
  eccStepSize: 0,
  bitflipThreshold: 0,
  eraseRegions: [{ offset: 0, erasesize: 1024, blocks: 4 }],
};

/** A small NAND: four blocks of four pages of 512 + 16 bytes in two subpages; 2 bits a step of 256. */
export const NAND_INFO: MtdInfo = {
  name: 'nand',
  type: 'nand',
  flags: ['writeable'],
  size: 8192,
  erasesize: 2048,
  writesize: 512,
  writebufsize: 512,
  oobsize: 16,
  subpageSize: 256,
  eccStrength: 2,
  eccStepSize: 256,
  bitflipThreshold: 2,
  eraseRegions: [{ offset: 0, erasesize: 2048, blocks: 4 }],
};

export const BURST_BUS: BusShape = {
  wordBytes: 2,
  burstBytes: Infinity,
  resumes: false,
  arrayPageBytes: 0,
};
export const ASYNC_BUS: BusShape = { ...BURST_BUS, burstBytes: 2 };
export const PAGE_BUS: BusShape = { ...BURST_BUS, burstBytes: 16 };
export const SERIAL_BUS: BusShape = { ...BURST_BUS, wordBytes: 1, resumes: true };
export const NAND_BUS: BusShape = { ...BURST_BUS, wordBytes: 1, arrayPageBytes: 528 };

/** Two sets of two lines of 64 bytes, bursts that go on for two lines. */
export const CONTROLLER: XipControllerShape = {
  lineBytes: 64,
  ways: 2,
  sets: 2,
  prefetchLines: 2,
  policy: 'lru',
};

export const PHYS = physAddr(0x3400_0000);

const erased = (info: MtdInfo): MemoryCells => new MemoryCells(ERASED_CONTENTS, info.size);
/** Cells that never say that they behave. */
const doubtful = (info: MtdInfo): FlashCells => scriptedCells(erased(info));

interface NorChoice {
  readonly info?: Partial<MtdInfo>;
  readonly bus?: BusShape;
  readonly controller?: XipControllerShape;
  readonly cells?: (info: MtdInfo) => FlashCells;
}

const nor = (sink: EventSink, choice: NorChoice = {}): MappedDevice => {
  const info = { ...NOR_INFO, ...choice.info };
  return new MappedDevice(info, choice.bus ?? BURST_BUS, (choice.cells ?? erased)(info), {
    phys: PHYS,
    sink,
    ...(choice.controller === undefined ? {} : { controller: choice.controller }),
  });
};

const nand = (
  sink: EventSink,
  change: Partial<MtdInfo> = {},
  cells: (info: MtdInfo) => FlashCells = erased,
): NandDevice => {
  const info = { ...NAND_INFO, ...change };
  return new NandDevice(info, NAND_BUS, cells(info), { sink });
};

const ram = (sink: EventSink, size = 4096): MappedDevice =>
  createRamDevice(
    'ram',
    { size, view: (_at, length) => new Uint8Array(length) },
    {
      erasesize: 512,
      phys: PHYS,
      sink,
    },
  );

const regions = (...rows: readonly (readonly [erasesize: number, blocks: number])[]) => {
  let offset = 0;
  return rows.map(([erasesize, blocks]) => {
    const region = { offset, erasesize, blocks };
    offset += erasesize * blocks;
    return region;
  });
};

/** Blocks that start where windows may. */
const WINDOWED: Partial<MtdInfo> = {
  size: 16_384,
  erasesize: 4096,
  eraseRegions: regions([4096, 4]),
};

const quiet: EventSink = () => undefined;

/** A kind of device; made new each time. */
export type MakeDevice = (sink: EventSink) => MtdDevice;

/** Every kind of device and wrapper, small enough for a model. Not all hold nothing. */
export const DEVICE_KINDS: Readonly<Record<string, MakeDevice>> = {
  ram: ram,
  'ram of one odd block': (sink) =>
    createRamDevice('image', memoryContents(new Uint8Array(1001).fill(7)), { sink }),
  rom: (sink) => nor(sink, { info: { type: 'rom', flags: [] } }),
  'asynchronous nor': (sink) => nor(sink, { bus: ASYNC_BUS }),
  'page-mode nor': (sink) => nor(sink, { bus: PAGE_BUS }),
  'burst nor': nor,
  'nor with parameter blocks at both ends': (sink) =>
    nor(sink, { info: { size: 5120, eraseRegions: regions([256, 4], [1024, 3], [512, 2]) } }),
  'nor that programs a unit once': (sink) =>
    nor(sink, { info: { flags: ['writeable'], writesize: 32, subpageSize: 32 } }),
  'serial nor': (sink) => nor(sink, { bus: SERIAL_BUS }),
  'serial nor behind a controller': (sink) =>
    nor(sink, { bus: SERIAL_BUS, controller: CONTROLLER }),
  'serial nor behind a controller without a cache': (sink) =>
    nor(sink, { bus: SERIAL_BUS, controller: { ...CONTROLLER, ways: 0 } }),
  'doubtful nor': (sink) => nor(sink, { cells: doubtful }),
  'doubtful nor behind a controller': (sink) =>
    nor(sink, { cells: doubtful, bus: SERIAL_BUS, controller: CONTROLLER }),
  nand: nand,
  'nand without ecc': (sink) => nand(sink, { eccStrength: 0, eccStepSize: 0, bitflipThreshold: 0 }),
  'nand without subpages': (sink) => nand(sink, { subpageSize: 512 }),
  'nand without spare areas': (sink) => nand(sink, { oobsize: 0 }),
  'doubtful nand': (sink) => nand(sink, {}, doubtful),
  'block device': (sink) =>
    createBlockDevice('mmc', memoryContents(new Uint8Array(4096).fill(1)), {
      erasesize: 1024,
      sink,
    }),
  'partition of nor': (sink) =>
    createPartition(nor(sink, { info: WINDOWED }), { name: 'part', offset: 4096, size: 8192 }),
  'partition of nor off the borders': (sink) =>
    createPartition(nor(sink, { info: WINDOWED }), { name: 'part', offset: 4096, size: 4100 }),
  'partition of nand': (sink) => createPartition(nand(sink), { name: 'part', offset: 2048 }),
  'concatenated nor of two erase sizes': (sink) =>
    concatDevices('two', [
      nor(sink),
      nor(sink, { info: { erasesize: 512, eraseRegions: regions([512, 8]) } }),
    ]),
  'concatenated nand': (sink) => concatDevices('two', [nand(sink), nand(sink)]),
  'partition of concatenated nand': (sink) =>
    createPartition(concatDevices('two', [nand(sink), nand(sink)]), {
      name: 'part',
      offset: 6144,
      size: 4096,
    }),
  'shadow of nand': (sink) => createShadow(nand(quiet), { phys: PHYS, sink }),
};

const TIB = 2 ** 40;

/** Devices larger than 2^31 bytes, and places behind that on them. */
export const HUGE_KINDS: Readonly<Record<string, MakeDevice>> = {
  'ram of 3 GiB': (sink) => ram(sink, 3 * 2 ** 30),
  'nor of 1 TiB': (sink) =>
    nor(sink, {
      info: { size: TIB, erasesize: 2 ** 18, eraseRegions: regions([2 ** 18, TIB / 2 ** 18]) },
    }),
  'serial nor of 1 TiB behind a controller': (sink) =>
    nor(sink, {
      bus: SERIAL_BUS,
      controller: CONTROLLER,
      info: { size: TIB, erasesize: 2 ** 18, eraseRegions: regions([2 ** 18, TIB / 2 ** 18]) },
    }),
  'nand of 8 GiB': (sink) =>
    nand(sink, { size: 2 ** 33, erasesize: 2 ** 19, eraseRegions: regions([2 ** 19, 2 ** 14]) }),
  'partition behind 2^32': (sink) =>
    createPartition(
      nor(sink, {
        info: { size: TIB, erasesize: 2 ** 18, eraseRegions: regions([2 ** 18, TIB / 2 ** 18]) },
      }),
      { name: 'part', offset: 2 ** 33, size: 2 ** 32 },
    ),
  'concatenated ram of 6 GiB': (sink) =>
    concatDevices('two', [ram(sink, 3 * 2 ** 30), ram(sink, 3 * 2 ** 30)]),
};
