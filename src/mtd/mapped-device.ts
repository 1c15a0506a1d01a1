/**
 * A device whose cells the CPU can address: parallel NOR, serial NOR behind a controller that maps it,
 * HyperFlash, or plain RAM standing in for one.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE, physAddr } from '../base/units.ts';
import type { PhysAddr } from '../base/units.ts';
import type { BusShape } from './bus.ts';
import type { FlashCells } from './cells.ts';
import type { Reporting } from './counting.ts';
import type { MtdInfo, MtdWindow } from './device.ts';
import { LinearDevice } from './linear-device.ts';
import { MappedAccess } from './mapped-access.ts';
import { checkRange } from './ranges.ts';
import { XipController } from './xip-controller.ts';
import type { XipControllerShape } from './xip-controller.ts';

/** Where a device stands when nobody says: the chip select of the reference board, 0x34000000. */
export const DEFAULT_FLASH_PHYS: PhysAddr = physAddr(0x34000000);

/** Where and how a device is attached. */
export interface Attachment extends Reporting {
  /** Physical address of the device's first byte, page aligned. */
  readonly phys: PhysAddr;
  /** The controller that maps it; default: the CPU's bus is the device's. */
  readonly controller?: XipControllerShape;
}

/** A memory-mapped device. */
export class MappedDevice extends LinearDevice {
  readonly #access: MappedAccess;
  readonly #phys: PhysAddr;
  readonly #windows = new Set<MtdWindow>();

  /** @throws AxfsError EINVAL when `phys` is not page aligned, or cells, bus and controller do not fit. */
  constructor(info: MtdInfo, bus: BusShape, cells: FlashCells, attachment: Attachment) {
    super(info, bus, cells, attachment);
    const { phys, controller } = attachment;
    if (phys % PAGE_SIZE !== 0)
      throw new AxfsError(
        'EINVAL',
        `${info.name}: physical address 0x${phys.toString(16)} is not a multiple of ${String(PAGE_SIZE)}`,
      );
    this.#phys = phys;
    this.#access = new MappedAccess(
      cells,
      this.bus,
      this.counts,
      controller === undefined ? undefined : new XipController(controller, this.bus),
    );
  }

  override get canPoint(): boolean {
    return true;
  }

  override point(from: number, length: number): MtdWindow {
    checkRange(this.info, 'point', from, length);
    if (from % PAGE_SIZE !== 0)
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: point at ${String(from)}, expected a multiple of ${String(PAGE_SIZE)}`,
      );
    const window = new DeviceWindow(this.#access, from, physAddr(this.#phys + from), length);
    this.#windows.add(window);
    return window;
  }

  override unpoint(window: MtdWindow): void {
    if (!this.#windows.delete(window)) super.unpoint(window);
  }

  protected override commandSent(): void {
    this.#access.commandSent();
  }

  protected override cellsChange(): void {
    super.cellsChange();
    this.#access.cellsChange();
  }
}

/** Part of a device in the address space. */
class DeviceWindow implements MtdWindow {
  readonly phys: PhysAddr;
  readonly length: number;
  readonly #access: MappedAccess;
  readonly #from: number;

  constructor(access: MappedAccess, from: number, phys: PhysAddr, length: number) {
    this.#access = access;
    this.#from = from;
    this.phys = phys;
    this.length = length;
  }

  bytes(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && offset + length <= this.length)) this.#leaves(offset, length);
    return this.#access.look(this.#from + offset, length);
  }

  copyFrom(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && offset + length <= this.length)) this.#leaves(offset, length);
    return this.#access.copy(this.#from + offset, length);
  }

  load(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && offset + length <= this.length)) this.#leaves(offset, length);
    return this.#access.load(this.#from + offset, length);
  }

  countRead(offset: number, length: number): void {
    if (!(offset >= 0 && offset + length <= this.length)) this.#leaves(offset, length);
    this.#access.count(this.#from + offset, length);
  }

  fillLines(offset: number, lines: number): number {
    const length = lines * CACHE_LINE_BYTES;
    // The last line may reach behind the window's last byte.
    if (!(
      offset >= 0 &&
      offset % CACHE_LINE_BYTES === 0 &&
      offset + length < this.length + CACHE_LINE_BYTES
    ))
      this.#leaves(offset, length);
    return this.#access.fill(this.#from + offset, lines);
  }

  /** Out of line, so that an access inside makes no closure. */
  #leaves(offset: number, count: number): never {
    assert(
      false,
      () =>
        `access stays in its window: ${String(count)} bytes at ${String(offset)} of ${String(this.length)}`,
    );
  }
}
