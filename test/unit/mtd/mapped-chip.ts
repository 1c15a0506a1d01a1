/**
 * One mapped device for tests: 16 KiB, of which 5,000 bytes are known.
 *
 * @module
 */
import type { SimEvent } from '../../../src/base/events.ts';
import { physAddr } from '../../../src/base/units.ts';
import type { BusShape } from '../../../src/mtd/bus.ts';
import type { FlashCells } from '../../../src/mtd/cells.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import type { MtdInfo } from '../../../src/mtd/device.ts';
import { MappedDevice } from '../../../src/mtd/mapped-device.ts';
import type { Attachment } from '../../../src/mtd/mapped-device.ts';
import { MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { BURST_BUS, NOR_INFO } from './device-kinds.ts';
import { createRecorder } from './recorder.ts';
import { scriptedCells } from './scripted-cells.ts';
import type { Script } from './scripted-cells.ts';

/** Bytes of the device, and those of its contents. */
export const SIZE = 16384;
export const HELD = 5000;
/** 251 is prime: no offset looks like another a power of two away. */
export const cell = (offset: number): number => (offset < HELD ? offset % 251 : 0xff);
/** What stands at `[from, from + length)`. */
export const cells = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => cell(from + i));

export const info: MtdInfo = {
  ...NOR_INFO,
  name: 'chip',
  size: SIZE,
  erasesize: 4096,
  eraseRegions: [{ offset: 0, erasesize: 4096, blocks: 4 }],
};

/** A device, and what it reported. */
export interface Built {
  readonly device: MappedDevice;
  readonly events: SimEvent[];
}

/** A device over given cells. */
export const build = (
  over: FlashCells,
  bus: BusShape = BURST_BUS,
  attachment: Partial<Attachment> = {},
): Built => {
  const { events, sink } = createRecorder();
  const phys = physAddr(0x3400_0000);
  return { device: new MappedDevice(info, bus, over, { phys, sink, ...attachment }), events };
};

/** A device over given contents. */
export const make = (contents: FlashContents = memoryContents(cells(0, HELD))): Built =>
  build(new MemoryCells(contents, SIZE));

/** A device whose cells misbehave. */
export const broken = (
  script: Script,
  bus?: BusShape,
  attachment?: Partial<Attachment>,
): Built & { readonly reads: ReturnType<typeof scriptedCells>['reads'] } => {
  const over = scriptedCells(new MemoryCells(memoryContents(cells(0, HELD)), SIZE), script);
  return { ...build(over, bus, attachment), reads: over.reads };
};
