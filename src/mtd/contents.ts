/**
 * What the cells of a device hold, apart from how the device is read.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';

/** Bytes by offset. `view` may share memory with the contents: read only, never write. */
export interface FlashContents {
  /** Bytes held; a device larger than its contents reads as erased behind them. */
  readonly size: number;
  /**
   * Bytes `[offset, offset + length)`, wholly inside `size`.
   *
   * @throws AxfsError EIO when the medium behind them cannot be read.
   */
  view(offset: number, length: number): Uint8Array;
}

/** Contents in memory, without a copy. */
export const memoryContents = (bytes: Uint8Array): FlashContents => ({
  size: bytes.length,
  view: (offset, length) => {
    if (offset < 0 || offset + length > bytes.length)
      throw new AxfsError(
        'EIO',
        `read of ${String(length)} bytes at ${String(offset)} of contents of ${String(bytes.length)} bytes`,
      );
    return bytes.subarray(offset, offset + length);
  },
});
