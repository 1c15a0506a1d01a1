/**
 * The cells of a flash device, below its bus and its ECC: what they hold, and what wear, age and damage
 * make of it. Devices read and program through this interface; faults are cells that misbehave.
 *
 * @module
 */

/** A look at cells. */
export interface CellRead {
  /** May share memory with the cells: read only, valid until the next call. */
  readonly bytes: Uint8Array;
  /**
   * Bits that differ from what was programmed, ascending, as `8 x byte + bit` from the start of the read;
   * what ECC sees, and what a device without ECC gives out without knowing.
   */
  readonly flips: readonly number[];
  /** Time taken beyond what the part says. */
  readonly delayNanoseconds: number;
}

/** Cells by offset; those never programmed hold 0xFF. */
export interface FlashCells {
  readonly size: number;
  /**
   * They never misbehave: `read` answers what `view` shows, at once and without flips, so devices need not
   * look at bytes that nobody asked for. Absent: they could.
   */
  readonly isPerfect?: boolean;
  /**
   * Reads as the device does for one operation (one read of a NOR, one page of a NAND).
   *
   * @throws AxfsError EIO when the read fails.
   */
  read(offset: number, length: number): CellRead;
  /**
   * What stands in the cells now, damage that lasts included, without a read: for frames mapped in place and
   * for looking from outside.
   */
  view(offset: number, length: number): Uint8Array;
  /**
   * Clears bits: each byte becomes what was there AND `bytes`.
   *
   * @throws AxfsError EIO when the cells say that programming failed.
   */
  program(offset: number, bytes: Uint8Array): void;
  /**
   * Sets every bit of whole erase blocks; of any bytes where the device needs no erase (MTD_NO_ERASE).
   *
   * @throws AxfsError EIO when the cells say that erasing failed.
   */
  erase(offset: number, length: number): void;
}
