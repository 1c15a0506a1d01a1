/**
 * The MTD interface, in Linux's terms (include/linux/mtd/mtd.h): `read`, `write` and `erase` move bytes
 * over the bus, `point` gives the window through which the CPU addresses the cells directly, and the spare
 * area, bad blocks and ECC are NAND's. Devices count what they do and report it as events; they know
 * nothing of prices.
 *
 * @module
 */
import type { BusWork } from '../base/events.ts';
import type { PhysAddr } from '../base/units.ts';

/** A run of equal erase blocks. Mirrors `mtd_erase_region_info`. */
export interface EraseRegion {
  readonly offset: number;
  readonly erasesize: number;
  readonly blocks: number;
}

/** Kinds of devices, as /sys/class/mtd/mtdN/type names them. */
export const MTD_TYPES = ['ram', 'rom', 'nor', 'nand'] as const;
/** One of {@link MTD_TYPES}. */
export type MtdType = (typeof MTD_TYPES)[number];

/**
 * `MTD_WRITEABLE`, `MTD_BIT_WRITEABLE` (single bits may be programmed) and `MTD_NO_ERASE` (a write needs no
 * erase before it).
 */
export const MTD_FLAGS = ['writeable', 'bit_writeable', 'no_erase'] as const;
/** One of {@link MTD_FLAGS}. */
export type MtdFlag = (typeof MTD_FLAGS)[number];

/** What a device says of itself. Mirrors `struct mtd_info`. */
export interface MtdInfo {
  readonly name: string;
  readonly type: MtdType;
  readonly flags: readonly MtdFlag[];
  /** Bytes. */
  readonly size: number;
  /** Bytes of the largest erase block. */
  readonly erasesize: number;
  /** Smallest unit of programming, bytes: a NAND page. */
  readonly writesize: number;
  /** What the device programs at once when it is given as much, bytes. */
  readonly writebufsize: number;
  /** Spare bytes a page; 0: none. */
  readonly oobsize: number;
  /** Smallest part of a NAND page that may be programmed on its own, bytes; else `writesize`. */
  readonly subpageSize: number;
  /** Bits a step that ECC puts right; 0: no ECC. */
  readonly eccStrength: number;
  /** Bytes an ECC step covers; 0: no ECC. */
  readonly eccStepSize: number;
  /** Corrected bits in one step from which `read` answers EUCLEAN; 0: never. */
  readonly bitflipThreshold: number;
  readonly eraseRegions: readonly EraseRegion[];
}

/** ECC since the device was made. Mirrors `mtd_ecc_stats`; never reset. */
export interface EccStats {
  /** Bits corrected. */
  readonly corrected: number;
  /** Steps that could not be corrected. */
  readonly failed: number;
  /** Blocks marked bad. */
  readonly badblocks: number;
}

/** Totals since the device was made; they never reset, a measurement is a difference of two readings. */
export interface MtdCounters {
  /** Calls of `read` that came to an end. */
  readonly readOperations: number;
  readonly readBytes: number;
  /** Copies by the CPU through the mapped window. */
  readonly mappedReads: number;
  readonly mappedBytes: number;
  /** Cache lines those copies touched. */
  readonly mappedLines: number;
  /** Cache lines filled for code and data used in place. */
  readonly filledLines: number;
  /** Bus work of all of them. */
  readonly bus: Readonly<BusWork>;
  /** Program units (words, buffers or pages), their bytes, and blocks erased. */
  readonly programs: number;
  readonly programmedBytes: number;
  readonly erases: number;
  /**
   * Bits given out that differ from what was programmed and that ECC did not put right; what the device
   * itself cannot know, the model does.
   */
  readonly flippedBits: number;
}

/**
 * What `read` answers: `EUCLEAN` means that the bytes are right, but so many had to be put right that the
 * block should be written anew.
 */
export type MtdReadStatus = 'ok' | 'EUCLEAN';

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
  /**
   * The same bytes, counted as a copy by the CPU through the mapping (memcpy from flash).
   *
   * @throws AxfsError EIO when a line fails on the bus.
   */
  copyFrom(offset: number, length: number): Uint8Array;
  /**
   * What loads of the CPU get there, with whatever the cells do to them this time. The caches between hide how often
   * the bus is used for it, so that nothing is counted but wrong bits.
   *
   * @throws AxfsError EIO when a line fails on the bus.
   */
  load(offset: number, length: number): Uint8Array;
  /** Counts a look-up of `length` bytes at `offset` that goes through {@link bytes}. */
  countRead(offset: number, length: number): void;
  /**
   * The CPU's cache takes the `lines` lines from `offset` (a multiple of the line) on: code that runs, or data
   * used in place. Answers how many bits the CPU sees that differ from what was programmed.
   *
   * @throws AxfsError EIO when a line fails on the bus, which the touching task sees as SIGBUS.
   */
  fillLines(offset: number, lines: number): number;
}

/** A device. Everything throws AxfsError EINVAL outside the device. */
export interface MtdDevice {
  readonly info: MtdInfo;
  readonly counters: MtdCounters;
  readonly eccStats: EccStats;
  /** {@link MtdCounters.flippedBits} alone: asked before and after every fill. */
  readonly flippedBits: number;
  /** The CPU can address the cells: `point` works. */
  readonly canPoint: boolean;
  /**
   * Reads `into.length` bytes from device offset `from`. Mirrors `mtd_read`. A read that fails leaves `into` as
   * it was.
   *
   * @throws AxfsError EBADMSG when ECC cannot put the bytes right, EIO when the device fails.
   */
  read(from: number, into: Uint8Array): MtdReadStatus;
  /**
   * Programs `bytes` at `to`. Mirrors `mtd_write`.
   *
   * @throws AxfsError EINVAL for a place that the writesize does not divide or pages out of order, EROFS for
   * a device that is not writeable, EIO when bits would have to be set that only an erase sets, or when the
   * device says that programming failed (what has been programmed by then stays).
   */
  write(to: number, bytes: Uint8Array): void;
  /**
   * Erases whole blocks. Mirrors `mtd_erase`.
   *
   * @throws AxfsError EINVAL when `from` or `length` is no block border, EROFS, EIO for a bad block or when
   * the device says that erasing failed.
   */
  erase(from: number, length: number): void;
  /**
   * Maps `[from, from + length)`. Mirrors `mtd_point` with a physical address.
   *
   * @throws AxfsError EOPNOTSUPP when the device has no window.
   */
  point(from: number, length: number): MtdWindow;
  /** Gives a window back. Mirrors `mtd_unpoint`. @throws AxfsError EINVAL for a window not held. */
  unpoint(window: MtdWindow): void;
  /**
   * Reads or programs the spare area of the page at `offset`. Mirror `mtd_read_oob` and `mtd_write_oob` with
   * MTD_OPS_RAW and no data.
   *
   * @throws AxfsError EOPNOTSUPP for a device without one, EINVAL for no page or too many bytes, EIO.
   */
  readOob(offset: number, into: Uint8Array): void;
  writeOob(offset: number, bytes: Uint8Array): void;
  /** The block at `offset` is marked bad. Mirrors `mtd_block_isbad`; false for devices without bad blocks. */
  blockIsBad(offset: number): boolean;
  /** @throws AxfsError EOPNOTSUPP for devices without bad blocks. Mirrors `mtd_block_markbad`. */
  blockMarkBad(offset: number): void;
}
