/**
 * The MTD interface, in Linux's terms (include/linux/mtd/mtd.h), for reading: `read` moves bytes over the
 * bus, `point` gives the window through which the CPU addresses the cells directly. Devices count what
 * they do and report it as events; they know nothing of prices.
 *
 * @module
 */
import type { PhysAddr } from '../base/units.ts';

/** A run of equal erase blocks. */
export interface EraseRegion {
  readonly offset: number;
  readonly erasesize: number;
  readonly blocks: number;
}

/** What a device says of itself. */
export interface MtdInfo {
  readonly name: string;
  readonly type: 'nor' | 'ram';
  /** Bytes. */
  readonly size: number;
  /** Bytes of the largest erase block. */
  readonly erasesize: number;
  /** Smallest unit of programming, bytes. */
  readonly writesize: number;
  readonly eraseRegions: readonly EraseRegion[];
}

/** Totals since the device was made; they never reset, a measurement is a difference of two readings. */
export interface MtdCounters {
  /** Calls of `read`, one bus burst each. */
  readonly readOperations: number;
  readonly readBytes: number;
  /** Copies by the CPU through the mapped window. */
  readonly mappedReads: number;
  readonly mappedBytes: number;
  /** Cache lines those copies touched. */
  readonly mappedLines: number;
}

/** What `point` returns: part of the device in the physical address space. */
export interface MtdWindow {
  /** Physical address of the window's first byte. */
  readonly phys: PhysAddr;
  readonly length: number;
  /**
   * The bytes at `[offset, offset + length)` of the window, in place. Looking at them counts nothing:
   * this is what a mapping of the frames uses.
   */
  bytes(offset: number, length: number): Uint8Array;
  /** The same bytes, counted as a copy by the CPU through the mapping (memcpy from flash). */
  copyFrom(offset: number, length: number): Uint8Array;
  /** Counts a look-up of `length` bytes at `offset` that goes through {@link bytes}. */
  countRead(offset: number, length: number): void;
}

/** A device. */
export interface MtdDevice {
  readonly info: MtdInfo;
  readonly counters: MtdCounters;
  /**
   * Reads `into.length` bytes from device offset `from`. Mirrors `mtd_read`.
   *
   * @throws AxfsError EINVAL outside the device.
   */
  read(from: number, into: Uint8Array): void;
  /**
   * Maps `[from, from + length)`. Mirrors `mtd_point` with a physical address.
   *
   * @throws AxfsError EINVAL outside the device, EOPNOTSUPP when the device has no window.
   */
  point(from: number, length: number): MtdWindow;
  /** Gives a window back. Mirrors `mtd_unpoint`. @throws AxfsError EINVAL for a window not held. */
  unpoint(window: MtdWindow): void;
}
