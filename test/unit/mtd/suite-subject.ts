import { expect } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { Errno } from '../../../src/base/errno.ts';
import type { MtdDevice, MtdFlag } from '../../../src/mtd/device.ts';
import { blockAt } from '../../../src/mtd/ranges.ts';
import type { EraseBlock } from '../../../src/mtd/ranges.ts';
import type { Recorder } from './recorder.ts';

/** A device under the suite, and its events. */
export interface Subject extends Recorder {
  readonly device: MtdDevice;
}

export const bytesAt = (device: MtdDevice, from: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  device.read(from, bytes);
  return bytes;
};

/** Refused with this errno, and nothing was counted, reported, or marked. */
export function refused({ device, events }: Subject, code: Errno, act: () => unknown): void {
  const before = { counters: device.counters, ecc: device.eccStats, events: events.length };
  let failure: unknown;
  try {
    act();
  } catch (thrown) {
    failure = thrown;
  }
  expect(failure).toBeInstanceOf(AxfsError);
  expect((failure as AxfsError).code).toBe(code);
  expect((failure as AxfsError).message).toContain(device.info.name);
  expect({ counters: device.counters, ecc: device.eccStats, events: events.length }).toEqual(
    before,
  );
}

export const has = (device: MtdDevice, flag: MtdFlag): boolean => device.info.flags.includes(flag);

/** First and last erase block. */
export const endBlocks = (device: MtdDevice): EraseBlock[] =>
  [0, device.info.size - 1].map((at) => blockAt(device.info, at)!);
