import { describe, expect, test } from 'vitest';
import type { EventSink } from '../../../src/base/events.ts';
import { CACHE_LINE_BYTES } from '../../../src/base/units.ts';
import type { MtdDevice } from '../../../src/mtd/device.ts';
import { MTD_FLAGS, MTD_TYPES } from '../../../src/mtd/device.ts';
import { countersOf, createRecorder } from './recorder.ts';
import { bytesAt, endBlocks, has, refused } from './suite-subject.ts';
import type { Subject } from './suite-subject.ts';

/** A device of a suite: new each time, reporting to `sink`; its first and last blocks are good. */
export type SuiteMaker = (sink: EventSink) => { readonly device: MtdDevice };

/** What every device must do, whatever it is; differences are those that its `info` tells. */
export function deviceSuite(label: string, make: SuiteMaker): void {
  const start = (): Subject => {
    const recorder = createRecorder();
    return { ...recorder, ...make(recorder.sink) };
  };
  describe(label, () => {
    geometryLaws(start);
    readLaws(start);
    const { device } = start();
    if (has(device, 'writeable')) writeLaws(start);
    else readOnlyLaws(start);
    if (device.canPoint) windowLaws(start);
    else noWindowLaws(start);
    if (device.info.oobsize > 0) spareLaws(start);
    else noSpareLaws(start);
  });
}

function geometryLaws(start: () => Subject): void {
  test('geometry: regions in order, without gaps, of blocks of whole units', () => {
    const { info } = start().device;
    expect(MTD_TYPES).toContain(info.type);
    expect(MTD_FLAGS).toEqual(expect.arrayContaining([...info.flags]));
    expect(info.size).toBeGreaterThan(0);
    let end = 0;
    for (const { offset, erasesize, blocks } of info.eraseRegions) {
      expect(offset).toBe(end);
      expect(Number.isSafeInteger(blocks) && blocks > 0).toBe(true);
      expect(erasesize % info.writesize).toBe(0);
      end += erasesize * blocks;
    }
    // A device without regions has no whole block: nothing of it can be erased.
    if (info.eraseRegions.length > 0) {
      expect(end).toBe(info.size);
      expect(info.erasesize).toBe(Math.max(...info.eraseRegions.map((one) => one.erasesize)));
    } else expect(info.flags).not.toContain('writeable');
    expect(info.writesize % info.subpageSize).toBe(0);
    expect(info.writebufsize % info.writesize).toBe(0);
    if (info.eccStrength > 0) expect(info.writesize % info.eccStepSize).toBe(0);
    else expect([info.eccStepSize, info.bitflipThreshold]).toEqual([0, 0]);
    expect(info.bitflipThreshold).toBeLessThanOrEqual(info.eccStrength);
  });
}

function readLaws(start: () => Subject): void {
  test('reads are counted as they are reported, and two readings of one place agree', () => {
    const subject = start();
    const { device, events } = subject;
    const { size } = device.info;
    const last = bytesAt(device, Math.max(0, size - 40), Math.min(40, size));
    expect(bytesAt(device, size - 1, 1)).toEqual(last.subarray(-1));
    expect(bytesAt(device, size, 0)).toEqual(new Uint8Array(0));
    const { flippedBits, ...counted } = device.counters;
    expect(flippedBits).toBe(0);
    expect(counted).toEqual(countersOf(events));
    expect(counted.readOperations).toBe(3);
    expect(counted.readBytes).toBe(last.length + 1);
    expect(counted.bus.busBytes).toBeGreaterThanOrEqual(last.length + 1);
    expect(events.map(({ type }) => type)).toEqual(['mtd_read', 'mtd_read', 'mtd_read']);
  });

  test('a reading of the counters stays as it was', () => {
    const { device } = start();
    const before = device.counters;
    bytesAt(device, 0, 1);
    expect(before.readOperations).toBe(0);
    expect(before.bus.busBytes).toBe(0);
    expect(device.counters.readOperations).toBe(1);
  });

  test('outside the device: EINVAL, and `into` stays as it was', () => {
    const subject = start();
    const { device } = subject;
    const { size } = device.info;
    for (const [from, length] of [
      [size, 1],
      [size - 1, 2],
      [-1, 1],
      [2 ** 50, 1],
      [NaN, 1],
    ] as const) {
      const into = new Uint8Array(length).fill(0xa5);
      refused(subject, 'EINVAL', () => device.read(from, into));
      expect(into.every((byte) => byte === 0xa5)).toBe(true);
      refused(subject, 'EINVAL', () => {
        device.write(from, into);
      });
      refused(subject, 'EINVAL', () => {
        device.erase(from, length);
      });
      refused(subject, 'EINVAL', () => device.point(from, length));
      if (length === 1) refused(subject, 'EINVAL', () => device.blockIsBad(from));
    }
    refused(subject, 'EINVAL', () => device.point(0, -1));
    refused(subject, 'EINVAL', () => {
      device.erase(0, -1);
    });
  });
}

function writeLaws(start: () => Subject): void {
  /** A new device whose first and last blocks are erased, with the unit to write. */
  const erasedEnds = (): Subject & { readonly unit: number } => {
    const subject = start();
    for (const { offset, erasesize } of endBlocks(subject.device))
      subject.device.erase(offset, erasesize);
    return { ...subject, unit: subject.device.info.writesize };
  };

  test('erased blocks read 0xFF, to their ends', () => {
    const { device } = erasedEnds();
    for (const { offset, erasesize } of endBlocks(device)) {
      const bytes = bytesAt(device, offset, erasesize);
      expect(bytes.every((byte) => byte === 0xff)).toBe(true);
    }
  });

  test('what is written is read back, in its place alone', () => {
    const { device, unit, events } = erasedEnds();
    for (const { offset } of endBlocks(device)) {
      const before = device.counters;
      const bytes = Uint8Array.from({ length: unit }, (_, i) => (i * 7 + 3) % 251);
      device.write(offset, bytes);
      expect(bytesAt(device, offset, unit)).toEqual(bytes);
      const after = device.counters;
      expect(after.programs - before.programs).toBe(1);
      expect(after.programmedBytes - before.programmedBytes).toBe(unit);
    }
    const [first] = endBlocks(device);
    if (first!.erasesize > unit)
      expect(
        bytesAt(device, unit, Math.min(unit, first!.erasesize - unit)).every(
          (byte) => byte === 0xff,
        ),
      ).toBe(true);
    expect(device.counters).toMatchObject(countersOf(events));
  });

  test('a second write clears bits, overwrites, or is refused, as the flags say', () => {
    const subject = erasedEnds();
    const { device, unit } = subject;
    const of = (byte: number): Uint8Array => new Uint8Array(unit).fill(byte);
    device.write(0, of(0xf0));
    if (has(device, 'no_erase')) {
      device.write(0, of(0x0f));
      expect(bytesAt(device, 0, unit)).toEqual(of(0x0f));
      return;
    }
    if (has(device, 'bit_writeable')) {
      device.write(0, of(0x90));
      expect(bytesAt(device, 0, unit)).toEqual(of(0x90));
    }
    const there = bytesAt(device, 0, unit);
    refused(subject, 'EIO', () => {
      device.write(0, of(0x0f));
    });
    expect(bytesAt(device, 0, unit)).toEqual(there);
    device.erase(0, endBlocks(device)[0]!.erasesize);
    device.write(0, of(0x0f));
    expect(bytesAt(device, 0, unit)).toEqual(of(0x0f));
  });

  test('writing nothing is nothing', () => {
    const { device, events } = erasedEnds();
    const before = [device.counters, events.length];
    device.write(0, new Uint8Array(0));
    device.erase(0, 0);
    expect([device.counters, events.length]).toEqual(before);
  });

  test('writes off the unit and erases off the blocks: EINVAL, and nothing changes', () => {
    const subject = erasedEnds();
    const { device } = subject;
    const { subpageSize } = device.info;
    const { erasesize } = endBlocks(device)[0]!;
    if (subpageSize > 1) {
      refused(subject, 'EINVAL', () => {
        device.write(1, new Uint8Array(subpageSize));
      });
      refused(subject, 'EINVAL', () => {
        device.write(0, new Uint8Array(subpageSize - 1));
      });
    }
    if (erasesize > 1) {
      for (const [from, length] of [
        [1, erasesize - 1],
        [0, erasesize - 1],
        [erasesize - 1, 1],
      ] as const)
        refused(subject, 'EINVAL', () => {
          device.erase(from, length);
        });
    }
    expect(bytesAt(device, 0, erasesize).every((byte) => byte === 0xff)).toBe(true);
  });

  test('an erase counts its blocks and leaves its neighbour', () => {
    const { device, unit } = erasedEnds();
    const [first, last] = endBlocks(device);
    device.write(last!.offset, new Uint8Array(unit).fill(0x11));
    const before = device.counters.erases;
    device.erase(first!.offset, first!.erasesize);
    expect(device.counters.erases - before).toBe(1);
    const expected = first!.offset === last!.offset ? 0xff : 0x11;
    expect(bytesAt(device, last!.offset, unit)).toEqual(new Uint8Array(unit).fill(expected));
  });

  test('pages of a NAND block are programmed in ascending order, others in any', () => {
    const subject = erasedEnds();
    const { device, unit } = subject;
    if (endBlocks(device)[0]!.erasesize < 2 * unit) return;
    device.write(unit, new Uint8Array(unit));
    const first = (): void => {
      device.write(0, new Uint8Array(unit));
    };
    if (device.info.type === 'nand') refused(subject, 'EINVAL', first);
    else first();
    expect(bytesAt(device, 0, unit).every((b) => b === 0)).toBe(device.info.type !== 'nand');
  });
}

function readOnlyLaws(start: () => Subject): void {
  test('a device that is not writeable: EROFS', () => {
    const subject = start();
    const { device } = subject;
    const { writesize, oobsize } = device.info;
    refused(subject, 'EROFS', () => {
      device.write(0, new Uint8Array(writesize));
    });
    refused(subject, 'EROFS', () => {
      device.erase(0, device.info.erasesize);
    });
    if (oobsize > 0)
      refused(subject, 'EROFS', () => {
        device.blockMarkBad(0);
      });
  });
}

function windowLaws(start: () => Subject): void {
  test('a window shows what a read gives, and counts copies, look-ups and line fills', () => {
    const { device, events } = start();
    const length = Math.min(device.info.size, 300);
    const read = bytesAt(device, 0, length);
    const window = device.point(0, length);
    expect(window.length).toBe(length);
    expect(window.phys % 4096).toBe(0);
    const before = device.counters;
    expect(window.bytes(0, length)).toEqual(read);
    expect(window.load(0, length)).toEqual(read);
    expect(device.counters).toEqual(before);
    expect(window.copyFrom(7, length - 7)).toEqual(read.subarray(7));
    window.countRead(31, 2);
    expect(window.fillLines(CACHE_LINE_BYTES, 3)).toBe(0);
    const after = device.counters;
    expect(after.mappedReads - before.mappedReads).toBe(2);
    expect(after.mappedBytes - before.mappedBytes).toBe(length - 7 + 2);
    expect(after.mappedLines - before.mappedLines).toBe(Math.ceil(length / CACHE_LINE_BYTES) + 2);
    expect(after.filledLines - before.filledLines).toBe(3);
    expect(after).toMatchObject(countersOf(events));
  });

  test('accesses of nothing count nothing', () => {
    const { device, events } = start();
    const window = device.point(0, 64);
    expect(window.copyFrom(33, 0)).toHaveLength(0);
    window.countRead(5, 0);
    expect(window.fillLines(0, 0)).toBe(0);
    expect(events).toEqual([]);
  });

  test('each window is given back once', () => {
    const subject = start();
    const { device } = subject;
    const window = device.point(0, 64);
    const other = device.point(0, 64);
    device.unpoint(window);
    refused(subject, 'EINVAL', () => {
      device.unpoint(window);
    });
    refused(subject, 'EINVAL', () => {
      device.unpoint(start().device.point(0, 64));
    });
    device.unpoint(other);
  });

  test('windows start at pages: EINVAL', () => {
    const subject = start();
    refused(subject, 'EINVAL', () => subject.device.point(32, 64));
  });
}

function noWindowLaws(start: () => Subject): void {
  test('no window: EOPNOTSUPP, and none to give back', () => {
    const subject = start();
    refused(subject, 'EOPNOTSUPP', () => subject.device.point(0, 1));
    refused(subject, 'EINVAL', () => {
      subject.device.unpoint({ length: 1, phys: 0 } as never);
    });
  });
}

function spareLaws(start: () => Subject): void {
  const spareAt = (device: MtdDevice, offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    device.readOob(offset, bytes);
    return bytes;
  };

  test('spare bytes are kept apart from the page, and erased with it', () => {
    const subject = start();
    const { device, events } = subject;
    const { writesize, oobsize } = device.info;
    for (const { offset, erasesize } of endBlocks(device)) {
      device.erase(offset, erasesize);
      const page = offset + erasesize - writesize;
      const bytes = Uint8Array.from({ length: oobsize }, (_, i) => i + 1);
      device.writeOob(page, bytes);
      expect(spareAt(device, page, oobsize)).toEqual(bytes);
      expect(bytesAt(device, page, writesize).every((byte) => byte === 0xff)).toBe(true);
      refused(subject, 'EIO', () => {
        device.writeOob(page, Uint8Array.of(0xff));
      });
      device.erase(offset, erasesize);
      expect(spareAt(device, page, oobsize).every((byte) => byte === 0xff)).toBe(true);
    }
    expect(device.counters).toMatchObject(countersOf(events));
  });

  test('spare areas are those of pages: EINVAL', () => {
    const subject = start();
    const { device } = subject;
    const { size, writesize, oobsize } = device.info;
    for (const [offset, length] of [
      [1, 1],
      [0, oobsize + 1],
      [size, 1],
      [-writesize, 1],
    ] as const) {
      refused(subject, 'EINVAL', () => {
        device.readOob(offset, new Uint8Array(length));
      });
      refused(subject, 'EINVAL', () => {
        device.writeOob(offset, new Uint8Array(length));
      });
    }
  });

  test('a block marked bad stays bad and cannot be erased', () => {
    const subject = start();
    const { device } = subject;
    const [, last] = endBlocks(device);
    const { writesize } = device.info;
    expect(device.blockIsBad(last!.offset)).toBe(false);
    const bad = device.eccStats.badblocks;
    device.blockMarkBad(last!.offset + writesize);
    device.blockMarkBad(last!.offset);
    expect(device.blockIsBad(last!.offset + last!.erasesize - 1)).toBe(true);
    expect(device.blockIsBad(0)).toBe(false);
    expect(device.eccStats.badblocks).toBe(bad + 1);
    refused(subject, 'EIO', () => {
      device.erase(last!.offset, last!.erasesize);
    });
    expect(spareAt(device, last!.offset, 1)).toEqual(Uint8Array.of(0));
  });
}

function noSpareLaws(start: () => Subject): void {
  test('no spare areas and no bad blocks: EOPNOTSUPP', () => {
    const subject = start();
    const { device } = subject;
    refused(subject, 'EOPNOTSUPP', () => {
      device.readOob(0, new Uint8Array(1));
    });
    refused(subject, 'EOPNOTSUPP', () => {
      device.writeOob(0, new Uint8Array(1));
    });
    refused(subject, 'EOPNOTSUPP', () => {
      device.blockMarkBad(0);
    });
    expect(device.blockIsBad(device.info.size - 1)).toBe(false);
    expect(device.eccStats).toEqual({ corrected: 0, failed: 0, badblocks: 0 });
  });
}
