/**
 * Devices one behind the other as one (drivers/mtd/mtdconcat.c).
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { addCounters } from './counting.ts';
import type {
  EccStats,
  MtdCounters,
  MtdDevice,
  MtdInfo,
  MtdReadStatus,
  MtdWindow,
} from './device.ts';
import { failAs } from './forwarding.ts';
import type { Part } from './forwarding.ts';
import {
  blocksToErase,
  checkRange,
  checkUnits,
  checkWriteable,
  joinRegions,
  largestErasesize,
} from './ranges.ts';

/** What devices must have in common to be one. */
const SAME = [
  'type',
  'writesize',
  'oobsize',
  'subpageSize',
  'eccStrength',
  'eccStepSize',
] as const satisfies readonly (keyof MtdInfo)[];

/**
 * One device of several; it can do what all of them can. What crosses a border is split there: an access
 * that fails behind a border has been done and counted before it.
 *
 * @throws AxfsError EINVAL for no devices, or devices that differ in type, pages, spare areas or ECC.
 */
export const concatDevices = (name: string, devices: readonly MtdDevice[]): MtdDevice =>
  new Concat(name, devices);

/** The part of an access on one device: `[from, from + length)` of it, `done` bytes into the access. */
interface Piece {
  readonly part: Part;
  readonly from: number;
  readonly length: number;
  readonly done: number;
}

class Concat implements MtdDevice {
  readonly info: MtdInfo;
  readonly canPoint: boolean;
  readonly #parts: readonly Part[];
  readonly #windows = new Map<MtdWindow, MtdDevice>();

  constructor(name: string, devices: readonly MtdDevice[]) {
    this.info = concatInfo(name, devices);
    this.canPoint = devices.every((device) => device.canPoint);
    let offset = 0;
    this.#parts = devices.map((device) => {
      const part = { device, offset, size: device.info.size };
      offset += device.info.size;
      return part;
    });
  }

  /** The sum of the devices'. */
  get flippedBits(): number {
    return this.#parts.reduce((bits, { device }) => bits + device.flippedBits, 0);
  }

  get counters(): MtdCounters {
    return addCounters(this.#parts.map(({ device }) => device.counters));
  }

  get eccStats(): EccStats {
    const sum = { corrected: 0, failed: 0, badblocks: 0 };
    for (const { device } of this.#parts) {
      const { corrected, failed, badblocks } = device.eccStats;
      sum.corrected += corrected;
      sum.failed += failed;
      sum.badblocks += badblocks;
    }
    return sum;
  }

  read(from: number, into: Uint8Array): MtdReadStatus {
    checkRange(this.info, 'read', from, into.length);
    const pieces = this.#pieces(from, into.length);
    // Only when all pieces are there does anything reach the reader.
    const bytes = pieces.length > 1 ? new Uint8Array(into.length) : into;
    let status: MtdReadStatus = 'ok';
    for (const piece of pieces)
      this.#forward(piece, ({ device }, at) => {
        const got = device.read(at, bytes.subarray(piece.done, piece.done + piece.length));
        if (got === 'EUCLEAN') status = got;
      });
    if (bytes !== into) into.set(bytes);
    return status;
  }

  write(to: number, bytes: Uint8Array): void {
    checkRange(this.info, 'write', to, bytes.length);
    checkWriteable(this.info, 'write', to);
    checkUnits(this.info, to, bytes.length, this.info.subpageSize);
    for (const piece of this.#pieces(to, bytes.length))
      this.#forward(piece, ({ device }, at) => {
        device.write(at, bytes.subarray(piece.done, piece.done + piece.length));
      });
  }

  erase(from: number, length: number): void {
    blocksToErase(this.info, from, length);
    for (const piece of this.#pieces(from, length))
      this.#forward(piece, ({ device }, at) => {
        device.erase(at, piece.length);
      });
  }

  point(from: number, length: number): MtdWindow {
    checkRange(this.info, 'point', from, length);
    const [piece, ...more] = this.#pieces(from, length);
    if (piece === undefined || more.length > 0)
      throw new AxfsError(
        'EOPNOTSUPP',
        `${this.info.name}: point of ${String(length)} bytes at ${String(from)} is on ${String(1 + more.length)} devices, expected one`,
      );
    return this.#forward(piece, ({ device }, at) => {
      const window = device.point(at, length);
      this.#windows.set(window, device);
      return window;
    });
  }

  unpoint(window: MtdWindow): void {
    const device = this.#windows.get(window);
    if (device === undefined)
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: unpoint of a window that is not held: ${String(window.length)} bytes at 0x${window.phys.toString(16)}`,
      );
    this.#windows.delete(window);
    device.unpoint(window);
  }

  readOob(offset: number, into: Uint8Array): void {
    this.#forward(this.#at('read of the spare area', offset), ({ device }, at) => {
      device.readOob(at, into);
    });
  }

  writeOob(offset: number, bytes: Uint8Array): void {
    this.#forward(this.#at('write of the spare area', offset), ({ device }, at) => {
      device.writeOob(at, bytes);
    });
  }

  blockIsBad(offset: number): boolean {
    return this.#forward(this.#at('look at a block', offset), ({ device }, at) =>
      device.blockIsBad(at),
    );
  }

  blockMarkBad(offset: number): void {
    this.#forward(this.#at('mark of a block', offset), ({ device }, at) => {
      device.blockMarkBad(at);
    });
  }

  /** The piece of the one byte at `offset`. */
  #at(operation: string, offset: number): Piece {
    checkRange(this.info, operation, offset, 1);
    const [piece] = this.#pieces(offset, 1);
    if (piece === undefined)
      throw new AxfsError('EINVAL', `${this.info.name}: ${operation} at ${String(offset)}`);
    return piece;
  }

  /** One piece for each device touched; one without bytes for an access of none. */
  #pieces(from: number, length: number): Piece[] {
    const pieces: Piece[] = [];
    for (const part of this.#parts) {
      const start = Math.max(from, part.offset);
      const end = Math.min(from + length, part.offset + part.size);
      if (start < end)
        pieces.push({
          part,
          from: start - part.offset,
          length: end - start,
          done: start - from,
        });
    }
    if (pieces.length > 0) return pieces;
    const part = this.#parts.find(({ offset, size }) => from <= offset + size);
    return part === undefined ? [] : [{ part, from: from - part.offset, length: 0, done: 0 }];
  }

  #forward<T>(piece: Piece, call: (part: Part, deviceOffset: number) => T): T {
    try {
      return call(piece.part, piece.from);
    } catch (failure) {
      return failAs(this.info, piece.part.offset + piece.from, failure);
    }
  }
}

function concatInfo(name: string, devices: readonly MtdDevice[]): MtdInfo {
  const [first] = devices;
  if (first === undefined)
    throw new AxfsError('EINVAL', `${name}: no devices to concatenate, expected one or more`);
  for (const { info } of devices)
    for (const field of SAME)
      if (info[field] !== first.info[field])
        throw new AxfsError(
          'EINVAL',
          `${name}: ${field} of ${info.name} is ${String(info[field])}, expected ${String(first.info[field])} as of ${first.info.name}`,
        );
  let size = 0;
  const regions = devices.flatMap(({ info }) => {
    const start = size;
    size += info.size;
    return info.eraseRegions.map((region) => ({ ...region, offset: region.offset + start }));
  });
  const eraseRegions = joinRegions(regions);
  return {
    ...first.info,
    name,
    size,
    eraseRegions,
    erasesize: largestErasesize(eraseRegions) || first.info.erasesize,
    writebufsize: Math.min(...devices.map(({ info }) => info.writebufsize)),
    flags: first.info.flags.filter((flag) =>
      devices.every(({ info }) => info.flags.includes(flag)),
    ),
    bitflipThreshold: lowestThreshold(devices),
  };
}

/** The threshold that is reached first; 0 is never. */
function lowestThreshold(devices: readonly MtdDevice[]): number {
  const reached = devices.map(({ info }) => info.bitflipThreshold).filter((bits) => bits > 0);
  return reached.length === 0 ? 0 : Math.min(...reached);
}
