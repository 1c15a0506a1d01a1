/**
 * One board: RAM, a flash part holding an image, the image mounted, and processes. Everything that a run
 * does is reported to one sink.
 *
 * @module
 */
import { alignUp } from '../base/bits.ts';
import type { EventSink } from '../base/events.ts';
import { PAGE_SIZE, pfn, physAddr } from '../base/units.ts';
import type { PhysAddr } from '../base/units.ts';
import { createPakoInflater } from '../codec/pako.ts';
import type { Inflater } from '../codec/zlib.ts';
import { AxfsMount } from '../fs/mount.ts';
import type { MountOptions } from '../fs/mount.ts';
import { KERNELS } from '../mm/kernel.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import { Memory } from '../mm/memory.ts';
import { MmStruct } from '../mm/mm.ts';
import { memoryContents } from '../mtd/contents.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { DEFAULT_FLASH_PHYS, createNorFlash } from '../mtd/nor.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import type { MtdPart } from '../mtd/parts.ts';

/** RAM of a machine when nobody says: 256 MiB from physical address 0. */
export const DEFAULT_RAM_PAGES = (256 * 1024 * 1024) / PAGE_SIZE;

/** What a machine is made of. */
export interface MachineOptions extends Pick<
  MountOptions,
  'faultRoute' | 'profiling' | 'profilePastEof'
> {
  /** The image: bytes, or contents that are read as needed. */
  readonly image: Uint8Array | FlashContents;
  /** The image's name, for messages; default: `image`. */
  readonly name?: string;
  /** The flash part; default: P30. */
  readonly part?: MtdPart;
  /** Default: pako, which runs everywhere. */
  readonly inflater?: Inflater;
  /** Default: 4.9 on ARM, the kernel of the boards that AXFS shipped on. */
  readonly kernel?: KernelPreset;
  readonly ramPages?: number;
  /** Where flash stands; default: at its usual address, or above RAM where that reaches further. */
  readonly flashPhys?: PhysAddr;
  readonly sink?: EventSink;
}

/** A running board. */
export interface Machine {
  readonly memory: Memory;
  readonly device: MtdDevice;
  readonly mount: AxfsMount;
  /** A new process with an empty address space. */
  spawn(): MmStruct;
}

/** Spacing of chip selects, bytes. */
const CHIP_SELECT_BYTES = 64 * 1024 * 1024;

const flashAbove = (ramPages: number): PhysAddr =>
  physAddr(Math.max(DEFAULT_FLASH_PHYS, alignUp(ramPages * PAGE_SIZE, CHIP_SELECT_BYTES)));

/**
 * Builds the board and mounts its image.
 *
 * @throws AxfsError for an image that cannot be mounted, or too little RAM.
 */
export function createMachine(options: MachineOptions): Machine {
  const ramPages = options.ramPages ?? DEFAULT_RAM_PAGES;
  const memory = new Memory({
    kernel: options.kernel ?? KERNELS['4.9-arm'],
    firstPfn: pfn(0),
    ramPages,
    ...(options.sink === undefined ? {} : { events: options.sink }),
  });
  const { image } = options;
  const device = createNorFlash({
    part: options.part ?? MTD_PARTS.p30,
    contents: image instanceof Uint8Array ? memoryContents(image) : image,
    phys: options.flashPhys ?? flashAbove(ramPages),
    ...(options.sink === undefined ? {} : { sink: options.sink }),
  });
  const mount = new AxfsMount(memory, device, {
    name: options.name ?? 'image',
    inflater: options.inflater ?? createPakoInflater(),
    ...(options.faultRoute === undefined ? {} : { faultRoute: options.faultRoute }),
    ...(options.profiling === undefined ? {} : { profiling: options.profiling }),
    ...(options.profilePastEof === undefined ? {} : { profilePastEof: options.profilePastEof }),
  });
  return { memory, device, mount, spawn: () => new MmStruct(memory) };
}
