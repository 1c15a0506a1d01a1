/**
 * One board: RAM, a flash part holding an image, the image mounted, and processes. Everything that a run
 * does is reported to one sink.
 *
 * @module
 */
import { alignUp } from '../base/bits.ts';
import type { DeviceRole, EventSink } from '../base/events.ts';
import { PAGE_SIZE, pfn, physAddr } from '../base/units.ts';
import type { PhysAddr } from '../base/units.ts';
import { createPakoInflater } from '../codec/pako.ts';
import type { Inflater } from '../codec/zlib.ts';
import { AxfsMount } from '../fs/mount.ts';
import type { MountOptions } from '../fs/mount.ts';
import type { DeviceAccess } from '../fs/source.ts';
import { KERNELS } from '../mm/kernel.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import { Memory } from '../mm/memory.ts';
import { MmStruct } from '../mm/mm.ts';
import { memoryContents } from '../mtd/contents.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { FlashCells } from '../mtd/cells.ts';
import { createDevice } from '../mtd/create-device.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { DEFAULT_FLASH_PHYS } from '../mtd/nor.ts';
import type { MtdPart } from '../mtd/part.ts';
import { MTD_PARTS } from '../mtd/parts.ts';

/** RAM of a machine when nobody says: 256 MiB from physical address 0. */
export const DEFAULT_RAM_PAGES = (256 * 1024 * 1024) / PAGE_SIZE;

/** What a machine is made of. */
export interface MachineOptions extends Pick<
  MountOptions,
  'faultRoute' | 'profiling' | 'profilePastEof' | 'readAheadPages'
> {
  /** The image: bytes, or contents that are read as needed. */
  readonly image: Uint8Array | FlashContents;
  /** The image's name, for messages; default: `image`. */
  readonly name?: string;
  /** The flash part; default: P30. */
  readonly part?: MtdPart;
  /** How the driver reaches it; default: `mtd` where the CPU can address the part, else `block`. */
  readonly access?: DeviceAccess;
  /** The part with the image from `mmap_size` on, and what it holds: the tail, or a whole image. */
  readonly second?: { readonly part: MtdPart; readonly image: Uint8Array | FlashContents };
  /** Damages the cells of a device: what it is given are sound ones. */
  readonly damage?: (cells: FlashCells, device: DeviceRole) => FlashCells;
  /** Default: pako, which runs everywhere. */
  readonly inflater?: Inflater;
  /** Default: 4.9 on ARM, the kernel of the boards that AXFS shipped on. */
  readonly kernel?: KernelPreset;
  readonly ramPages?: number;
  /** An allocation that finds no free frame reclaims first; default: it fails. */
  readonly reclaim?: boolean;
  /**
   * Pages in the page cache that a read fault maps around the one it wants: an aligned window, a power of two of
   * pages. Models a driver with `map_pages`, which AXFS has none of; default 1: only the one.
   */
  readonly faultAroundPages?: number;
  /** Where flash stands; default: at its usual address, or above RAM where that reaches further. */
  readonly flashPhys?: PhysAddr;
  readonly sink?: EventSink;
}

/** A running board. */
export interface Machine {
  readonly memory: Memory;
  readonly device: MtdDevice;
  readonly second: MtdDevice | undefined;
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
  const kernel = options.kernel ?? KERNELS['4.9-arm'];
  const { faultAroundPages = 1 } = options;
  const memory = new Memory({
    kernel: faultAroundPages === 1 ? kernel : { ...kernel, faultAroundPages },
    firstPfn: pfn(0),
    ramPages,
    ...(options.reclaim === undefined ? {} : { reclaim: options.reclaim }),
    ...(options.sink === undefined ? {} : { events: options.sink }),
  });
  const part = options.part ?? MTD_PARTS.p30;
  const attach = (
    role: DeviceRole,
    { part, image }: { readonly part: MtdPart; readonly image: Uint8Array | FlashContents },
  ): MtdDevice =>
    createDevice(part, {
      contents: image instanceof Uint8Array ? memoryContents(image) : image,
      phys: options.flashPhys ?? flashAbove(ramPages),
      device: role,
      ...(options.damage === undefined
        ? {}
        : { damage: (cells: FlashCells) => options.damage?.(cells, role) ?? cells }),
      ...(options.sink === undefined ? {} : { sink: options.sink }),
    });
  const device = attach('first', { part, image: options.image });
  const second = options.second === undefined ? undefined : attach('second', options.second);
  const mount = new AxfsMount(memory, device, {
    access: options.access ?? (device.canPoint ? 'mtd' : 'block'),
    ...(second === undefined ? {} : { second }),
    name: options.name ?? 'image',
    inflater: options.inflater ?? createPakoInflater(),
    mapsAround: faultAroundPages > 1,
    ...(options.readAheadPages === undefined ? {} : { readAheadPages: options.readAheadPages }),
    ...(options.faultRoute === undefined ? {} : { faultRoute: options.faultRoute }),
    ...(options.profiling === undefined ? {} : { profiling: options.profiling }),
    ...(options.profilePastEof === undefined ? {} : { profilePastEof: options.profilePastEof }),
  });
  return { memory, device, second, mount, spawn: () => new MmStruct(memory) };
}
