/**
 * A NAND device as boot loaders read it, and nanddump(8) with `--bb=skipbad`: its good blocks one behind the
 * other, bad ones left out. Read only; what {@link writeImage} of this layer wrote starts at byte 0.
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
} from '../mtd/device.ts';
import { blocksIn } from '../mtd/faults/geometry.ts';

class SkippingDevice implements MtdDevice {
  readonly info: MtdInfo;
  readonly canPoint = false;
  readonly #device: MtdDevice;
  /** Offsets of the good blocks. */
  readonly #blocks: readonly number[];

  constructor(device: MtdDevice) {
    const { info } = device;
    this.#device = device;
    this.#blocks = [...blocksIn(info, 0, info.size)]
      .map(({ offset }) => offset)
      .filter((offset) => !device.blockIsBad(offset));
    const blocks = this.#blocks.length;
    this.info = {
      ...info,
      flags: info.flags.filter((flag) => flag !== 'writeable'),
      size: blocks * info.erasesize,
      eraseRegions: [{ offset: 0, erasesize: info.erasesize, blocks }],
    };
  }

  get flippedBits(): number {
    return this.#device.flippedBits;
  }

  get counters(): MtdCounters {
    return this.#device.counters;
  }

  get eccStats(): EccStats {
    return this.#device.eccStats;
  }

  read(from: number, into: Uint8Array): MtdReadStatus {
    this.#check(from, into.length);
    // A read that fails leaves `into` as it was, whichever block fails.
    const bytes = new Uint8Array(into.length);
    let status: MtdReadStatus = 'ok';
    for (let done = 0; done < bytes.length;) {
      const inBlock = (from + done) % this.info.erasesize;
      const count = Math.min(this.info.erasesize - inBlock, bytes.length - done);
      const place = this.#placeOf(from + done);
      if (this.#device.read(place, bytes.subarray(done, done + count)) !== 'ok') status = 'EUCLEAN';
      done += count;
    }
    into.set(bytes);
    return status;
  }

  readOob(offset: number, into: Uint8Array): void {
    this.#check(offset, 1);
    this.#device.readOob(this.#placeOf(offset), into);
  }

  blockIsBad(offset: number): boolean {
    this.#check(offset, 1);
    return false;
  }

  write(): void {
    throw this.#readOnly('write');
  }
  erase(): void {
    throw this.#readOnly('erase');
  }
  writeOob(): void {
    throw this.#readOnly('writeOob');
  }
  blockMarkBad(): void {
    throw this.#readOnly('blockMarkBad');
  }

  point(): MtdWindow {
    throw new AxfsError('EOPNOTSUPP', `${this.info.name}: has no window`);
  }
  unpoint(): void {
    throw new AxfsError('EINVAL', `${this.info.name}: unpoint of a window that is not held`);
  }

  #placeOf(offset: number): number {
    const block = this.#blocks[Math.floor(offset / this.info.erasesize)] ?? 0;
    return block + (offset % this.info.erasesize);
  }

  #readOnly(operation: string): AxfsError {
    return new AxfsError(
      'EROFS',
      `${this.info.name}: ${operation}: the view without bad blocks is read-only`,
    );
  }

  #check(from: number, length: number): void {
    if (!(from >= 0 && length >= 0 && from + length <= this.info.size))
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: ${String(length)} bytes at ${String(from)} are outside the ${String(this.info.size)} bytes of good blocks`,
      );
  }
}

/**
 * `device` without its bad blocks, as they are now; a later bad block is not left out.
 *
 * @throws AxfsError EINVAL when its blocks are not all of one size.
 */
export function skipBadBlocks(device: MtdDevice): MtdDevice {
  const { name, erasesize, eraseRegions } = device.info;
  const odd = eraseRegions.find((region) => region.erasesize !== erasesize);
  if (odd !== undefined)
    throw new AxfsError(
      'EINVAL',
      `${name}: has erase blocks of ${String(odd.erasesize)} bytes, expected all of ${String(erasesize)}`,
    );
  return new SkippingDevice(device);
}
