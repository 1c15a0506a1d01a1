/**
 * A partition: a range of a device as a device of its own (drivers/mtd/mtdpart.c).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type {
  EccStats,
  MtdCounters,
  MtdDevice,
  MtdInfo,
  MtdReadStatus,
  MtdWindow,
} from './device.ts';
import { failAs } from './forwarding.ts';
import {
  blockAt,
  blocksToErase,
  checkRange,
  checkWriteable,
  clipRegions,
  isBlockBorder,
  largestErasesize,
} from './ranges.ts';

/** Which range is a partition. */
export interface PartitionOptions {
  readonly name: string;
  readonly offset: number;
  /** Bytes; default: to the end of the device (MTDPART_SIZ_FULL). */
  readonly size?: number;
}

/**
 * A partition. Ends off the borders of erase blocks make it read-only, as in Linux; it has no erase regions
 * then.
 *
 * @throws AxfsError EINVAL for a range that is not inside the device.
 */
export const createPartition = (device: MtdDevice, options: PartitionOptions): MtdDevice =>
  new Partition(device, options);

class Partition implements MtdDevice {
  readonly info: MtdInfo;
  readonly #device: MtdDevice;
  readonly #offset: number;
  readonly #windows = new Set<MtdWindow>();
  #corrected = 0;
  #failed = 0;
  #badBlocks: number | undefined;

  constructor(device: MtdDevice, options: PartitionOptions) {
    this.#device = device;
    this.#offset = options.offset;
    this.info = partitionInfo(device.info, options);
  }

  get canPoint(): boolean {
    return this.#device.canPoint;
  }

  /** The device's: partitions share its bus. */
  get flippedBits(): number {
    return this.#device.flippedBits;
  }

  get counters(): MtdCounters {
    return this.#device.counters;
  }

  /** Of reads through this partition, and of the blocks in it. */
  get eccStats(): EccStats {
    return {
      corrected: this.#corrected,
      failed: this.#failed,
      badblocks: (this.#badBlocks ??= this.#countBad()),
    };
  }

  read(from: number, into: Uint8Array): MtdReadStatus {
    checkRange(this.info, 'read', from, into.length);
    if (this.info.eccStrength === 0)
      return this.#forward(from, (at) => this.#device.read(at, into));
    const before = this.#device.eccStats;
    try {
      return this.#forward(from, (at) => this.#device.read(at, into));
    } finally {
      const after = this.#device.eccStats;
      this.#corrected += after.corrected - before.corrected;
      this.#failed += after.failed - before.failed;
    }
  }

  write(to: number, bytes: Uint8Array): void {
    checkRange(this.info, 'write', to, bytes.length);
    checkWriteable(this.info, 'write', to);
    this.#forward(to, (at) => {
      this.#device.write(at, bytes);
    });
  }

  erase(from: number, length: number): void {
    blocksToErase(this.info, from, length);
    this.#forward(from, (at) => {
      this.#device.erase(at, length);
    });
  }

  point(from: number, length: number): MtdWindow {
    checkRange(this.info, 'point', from, length);
    const window = this.#forward(from, (at) => this.#device.point(at, length));
    this.#windows.add(window);
    return window;
  }

  unpoint(window: MtdWindow): void {
    if (!this.#windows.delete(window))
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: unpoint of a window that is not held: ${String(window.length)} bytes at 0x${window.phys.toString(16)}`,
      );
    this.#device.unpoint(window);
  }

  readOob(offset: number, into: Uint8Array): void {
    this.#checkSpare('read of the spare area', offset);
    this.#forward(offset, (at) => {
      this.#device.readOob(at, into);
    });
  }

  writeOob(offset: number, bytes: Uint8Array): void {
    this.#checkSpare('write of the spare area', offset);
    if (this.info.oobsize > 0) checkWriteable(this.info, 'write of a spare area', offset);
    this.#forward(offset, (at) => {
      this.#device.writeOob(at, bytes);
    });
  }

  blockIsBad(offset: number): boolean {
    checkRange(this.info, 'look at a block', offset, 1);
    return this.#device.blockIsBad(this.#offset + offset);
  }

  blockMarkBad(offset: number): void {
    checkRange(this.info, 'mark of a block', offset, 1);
    if (this.info.oobsize > 0) checkWriteable(this.info, 'mark of a block', offset);
    const counted = this.#badBlocks !== undefined && !this.blockIsBad(offset);
    this.#forward(offset, (at) => {
      this.#device.blockMarkBad(at);
    });
    if (counted && this.#badBlocks !== undefined) this.#badBlocks += 1;
  }

  #checkSpare(operation: string, offset: number): void {
    if (this.info.oobsize > 0) checkRange(this.info, operation, offset, this.info.writesize);
  }

  #forward<T>(at: number, call: (deviceOffset: number) => T): T {
    try {
      return call(this.#offset + at);
    } catch (failure) {
      return failAs(this.info, at, failure);
    }
  }

  #countBad(): number {
    let bad = 0;
    for (const { offset, erasesize, blocks } of this.info.eraseRegions)
      for (let block = 0; block < blocks; block += 1)
        if (this.blockIsBad(offset + block * erasesize)) bad += 1;
    return bad;
  }
}

function partitionInfo(device: MtdInfo, { name, offset, size }: PartitionOptions): MtdInfo {
  const bytes = size ?? device.size - offset;
  if (!(offset >= 0 && bytes > 0 && offset + bytes <= device.size))
    throw new AxfsError(
      'EINVAL',
      `${name}: partition of ${String(bytes)} bytes at ${String(offset)} is outside the ${String(device.size)} bytes of ${device.name}`,
    );
  const whole = isBlockBorder(device, offset) && isBlockBorder(device, offset + bytes);
  const eraseRegions = whole ? clipRegions(device.eraseRegions, offset, bytes) : [];
  return {
    ...device,
    name,
    size: bytes,
    eraseRegions,
    erasesize: whole
      ? largestErasesize(eraseRegions)
      : (blockAt(device, offset)?.erasesize ?? device.erasesize),
    flags: whole ? device.flags : device.flags.filter((flag) => flag !== 'writeable'),
  };
}
