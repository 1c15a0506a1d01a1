/**
 * A device whose cells the CPU can address: parallel NOR, or plain RAM standing in for one. Reading is
 * checked as `mtd_read` and `mtd_point` do, counted, and reported as events. Erased cells read 0xFF.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { ignoreEvents } from '../base/events.ts';
import type { EventSink, MappedReadEvent, MtdReadEvent } from '../base/events.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE, physAddr } from '../base/units.ts';
import type { PhysAddr } from '../base/units.ts';
import type { FlashContents } from './contents.ts';
import type { MtdCounters, MtdDevice, MtdInfo, MtdWindow } from './device.ts';

const ERASED = 0xff;

/** Where and how a device is attached. */
export interface Attachment {
  /** Physical address of the device's first byte, page aligned. */
  readonly phys: PhysAddr;
  readonly sink?: EventSink;
}

/** A memory-mapped device. */
export class MappedDevice implements MtdDevice {
  readonly info: MtdInfo;
  readonly #contents: FlashContents;
  readonly #phys: PhysAddr;
  readonly #sink: EventSink;
  readonly #windows = new Set<MtdWindow>();
  readonly #totals = {
    readOperations: 0,
    readBytes: 0,
    mappedReads: 0,
    mappedBytes: 0,
    mappedLines: 0,
  };
  readonly #readEvent: MtdReadEvent = { type: 'mtd_read', bytes: 0 };
  readonly #mappedEvent: MappedReadEvent = { type: 'mapped_read', bytes: 0, lines: 0 };

  /**
   * @throws AxfsError EFBIG when the contents exceed the device, EINVAL when `phys` is not page aligned.
   */
  constructor(info: MtdInfo, contents: FlashContents, attachment: Attachment) {
    if (contents.size > info.size)
      throw new AxfsError(
        'EFBIG',
        `${info.name}: contents of ${String(contents.size)} bytes do not fit in ${String(info.size)} bytes`,
      );
    if (attachment.phys % PAGE_SIZE !== 0)
      throw new AxfsError(
        'EINVAL',
        `${info.name}: physical address 0x${attachment.phys.toString(16)} is not a multiple of ${String(PAGE_SIZE)}`,
      );
    this.info = info;
    this.#contents = contents;
    this.#phys = attachment.phys;
    this.#sink = attachment.sink ?? ignoreEvents;
  }

  get counters(): MtdCounters {
    return { ...this.#totals };
  }

  read(from: number, into: Uint8Array): void {
    this.#checkRange('read', from, into.length);
    into.set(this.#cells(from, into.length));
    this.#totals.readOperations += 1;
    this.#totals.readBytes += into.length;
    this.#readEvent.bytes = into.length;
    this.#sink(this.#readEvent);
  }

  point(from: number, length: number): MtdWindow {
    this.#checkRange('point', from, length);
    if (from % PAGE_SIZE !== 0)
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: point at ${String(from)}, expected a multiple of ${String(PAGE_SIZE)}`,
      );
    const window: MtdWindow = {
      phys: physAddr(this.#phys + from),
      length,
      bytes: (offset, count) => {
        this.#checkWindow(length, offset, count);
        return this.#cells(from + offset, count);
      },
      copyFrom: (offset, count) => {
        this.#checkWindow(length, offset, count);
        const bytes = this.#cells(from + offset, count);
        this.#countMapped(from + offset, count);
        return bytes;
      },
      countRead: (offset, count) => {
        this.#checkWindow(length, offset, count);
        this.#countMapped(from + offset, count);
      },
    };
    this.#windows.add(window);
    return window;
  }

  unpoint(window: MtdWindow): void {
    if (!this.#windows.delete(window))
      throw new AxfsError('EINVAL', `${this.info.name}: unpoint of a window that is not held`);
  }

  #cells(from: number, length: number): Uint8Array {
    if (from + length <= this.#contents.size) return this.#contents.view(from, length);
    const held = Math.max(0, this.#contents.size - from);
    const bytes = new Uint8Array(length).fill(ERASED);
    if (held > 0) bytes.set(this.#contents.view(from, held));
    return bytes;
  }

  #countMapped(offset: number, length: number): void {
    if (length === 0) return;
    const lines =
      Math.floor((offset + length - 1) / CACHE_LINE_BYTES) -
      Math.floor(offset / CACHE_LINE_BYTES) +
      1;
    this.#totals.mappedReads += 1;
    this.#totals.mappedBytes += length;
    this.#totals.mappedLines += lines;
    this.#mappedEvent.bytes = length;
    this.#mappedEvent.lines = lines;
    this.#sink(this.#mappedEvent);
  }

  #checkRange(operation: string, from: number, length: number): void {
    if (!(from >= 0 && length >= 0 && from + length <= this.info.size))
      throw new AxfsError(
        'EINVAL',
        `${this.info.name}: ${operation} of ${String(length)} bytes at ${String(from)} is outside the ${String(this.info.size)} bytes of the device`,
      );
  }

  #checkWindow(length: number, offset: number, count: number): void {
    assert(
      offset >= 0 && offset + count <= length,
      () =>
        `access stays in its window: ${String(count)} bytes at ${String(offset)} of ${String(length)}`,
    );
  }
}
