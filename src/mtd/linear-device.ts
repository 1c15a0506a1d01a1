/**
 * A device of bytes in a row, without spare areas: what NOR, RAM and block devices have in common. Reading
 * and writing are checked as drivers/mtd/mtdcore.c does, counted, and reported as events.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { Bus } from './bus.ts';
import type { BusShape } from './bus.ts';
import { firstProgrammed, firstSetBit } from './cell-bits.ts';
import type { FlashCells } from './cells.ts';
import { DeviceCounts } from './counting.ts';
import type { Reporting } from './counting.ts';
import type {
  EccStats,
  MtdCounters,
  MtdDevice,
  MtdInfo,
  MtdReadStatus,
  MtdWindow,
} from './device.ts';
import { blocksToErase, checkRange, checkUnits, checkWriteable } from './ranges.ts';

const NO_ECC: EccStats = { corrected: 0, failed: 0, badblocks: 0 };

/** @throws AxfsError EOPNOTSUPP, always. */
export function notSupported(info: MtdInfo, operation: string): never {
  throw new AxfsError('EOPNOTSUPP', `${info.name}: ${operation}: this ${info.type} device cannot`);
}

/** @throws AxfsError EINVAL when the cells are not as many as the device has bytes. */
export function checkCells(info: MtdInfo, what: string, cells: FlashCells, expected: number): void {
  if (cells.size !== expected)
    throw new AxfsError(
      'EINVAL',
      `${info.name}: ${what} of ${String(cells.size)} bytes, expected ${String(expected)}`,
    );
}

/** A device that is read over a bus; addressing its cells is for those who extend it. */
export class LinearDevice implements MtdDevice {
  readonly info: MtdInfo;
  readonly eccStats: EccStats = NO_ECC;
  protected readonly cells: FlashCells;
  protected readonly bus: Bus;
  protected readonly counts: DeviceCounts;

  /** @throws AxfsError EINVAL when cells or bus do not fit the device. */
  constructor(info: MtdInfo, bus: BusShape, cells: FlashCells, reporting: Reporting = {}) {
    checkCells(info, 'cells', cells, info.size);
    this.info = info;
    this.cells = cells;
    this.bus = new Bus(bus);
    this.counts = new DeviceCounts(reporting);
  }

  get canPoint(): boolean {
    return false;
  }

  get flippedBits(): number {
    return this.counts.flippedBits;
  }

  get counters(): MtdCounters {
    return this.counts.read();
  }

  read(from: number, into: Uint8Array): MtdReadStatus {
    const { length } = into;
    checkRange(this.info, 'read', from, length);
    const { cells, counts } = this;
    if (cells.isPerfect === true) into.set(cells.view(from, length));
    else if (length > 0) {
      const { bytes, flips, delayNanoseconds } = cells.read(from, length);
      into.set(bytes);
      counts.countFlips(flips.length);
      counts.reportDelay(delayNanoseconds);
    }
    this.bus.transaction(counts.startRead(), from, length);
    this.commandSent();
    counts.countRead(length);
    return 'ok';
  }

  write(to: number, bytes: Uint8Array): void {
    const { info, cells } = this;
    checkRange(info, 'write', to, bytes.length);
    checkWriteable(info, 'write', to);
    checkUnits(info, to, bytes.length, info.writesize);
    if (bytes.length === 0) return;
    const overwrites = info.flags.includes('no_erase');
    if (!overwrites) this.#checkProgrammable(to, bytes);
    this.cellsChange();
    if (overwrites) cells.erase(to, bytes.length);
    let programs = 0;
    for (let done = 0; done < bytes.length; programs += 1) {
      const room = info.writebufsize - ((to + done) % info.writebufsize);
      const end = Math.min(bytes.length, done + room);
      cells.program(to + done, bytes.subarray(done, end));
      done = end;
    }
    this.counts.countPrograms(programs, bytes.length);
  }

  erase(from: number, length: number): void {
    const blocks = blocksToErase(this.info, from, length);
    if (blocks.length === 0) return;
    this.cellsChange();
    for (const { offset, erasesize } of blocks) this.cells.erase(offset, erasesize);
    for (const { erasesize } of blocks) this.counts.countErase(erasesize);
  }

  point(from: number, length: number): MtdWindow {
    checkRange(this.info, 'point', from, length);
    return notSupported(this.info, 'point');
  }

  unpoint(window: MtdWindow): void {
    throw new AxfsError(
      'EINVAL',
      `${this.info.name}: unpoint of a window that is not held: ${String(window.length)} bytes at 0x${window.phys.toString(16)}`,
    );
  }

  readOob(offset: number, into: Uint8Array): void {
    notSupported(this.info, `read of ${String(into.length)} spare bytes at ${String(offset)}`);
  }

  writeOob(offset: number, bytes: Uint8Array): void {
    notSupported(this.info, `write of ${String(bytes.length)} spare bytes at ${String(offset)}`);
  }

  blockIsBad(offset: number): boolean {
    checkRange(this.info, 'look at a block', offset, 1);
    return false;
  }

  blockMarkBad(offset: number): void {
    notSupported(this.info, `marking the block at ${String(offset)} bad`);
  }

  /** A command went over the bus: no earlier burst goes on behind it. */
  protected commandSent(): void {
    // Without a controller there is nothing to end.
  }

  /** Cells are about to be programmed or erased. */
  protected cellsChange(): void {
    this.bus.interrupt();
  }

  /** @throws AxfsError EIO for bits that only an erase sets, or for a unit that cannot be programmed twice. */
  #checkProgrammable(to: number, bytes: Uint8Array): void {
    const { info } = this;
    const there = this.cells.view(to, bytes.length);
    const bitwise = info.flags.includes('bit_writeable');
    const at = bitwise ? firstSetBit(there, bytes) : firstProgrammed(there);
    if (at < 0) return;
    const holds = `byte ${String(to + at)} holds 0x${(there[at] ?? 0).toString(16)}`;
    throw new AxfsError(
      'EIO',
      `${info.name}: write of ${String(bytes.length)} bytes at ${String(to)}: ${holds}, ${
        bitwise
          ? `and only an erase makes it 0x${(bytes[at] ?? 0).toString(16)}`
          : 'expected an erased one'
      }`,
    );
  }
}
