import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../src/base/errno.ts';
import type { SimEvent } from '../../src/base/events.ts';
import { MemoryCells } from '../../src/mtd/memory-cells.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import type { MtdDevice, MtdWindow } from '../../src/mtd/device.ts';
import { eraseRegions, MTD_PARTS, smallestDeviceSize } from '../../src/mtd/parts.ts';
import type { MtdPart } from '../../src/mtd/parts.ts';
import { DEVICE_KINDS } from '../unit/mtd/device-kinds.ts';
import { countersOf } from '../unit/mtd/recorder.ts';
import { DeviceModel } from './mtd-device-model.ts';

const SEED = 20_080_424;

/** Where devices of a kind are put together. */
const BORDERS: Readonly<Record<string, readonly number[]>> = {
  'concatenated nor of two erase sizes': [4096],
  'concatenated nand': [8192],
  'partition of concatenated nand': [2048],
};

interface Real {
  readonly device: MtdDevice;
  readonly events: SimEvent[];
  readonly windows: { readonly window: MtdWindow; readonly from: number }[];
}

const OPERATIONS = [
  'read',
  'write',
  'write',
  'write',
  'erase',
  'point',
  'look',
  'copy',
  'fill',
  'unpoint',
  'writeOob',
  'readOob',
  'markBad',
] as const;

interface Choice {
  readonly what: (typeof OPERATIONS)[number];
  /** Place and length in sixteenths of what the device has, rounded to one of its units. */
  readonly at: number;
  readonly length: number;
  readonly unit: 'byte' | 'subpage' | 'page' | 'block';
  readonly value: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  what: fc.constantFrom(...OPERATIONS),
  at: fc.nat(2 ** 20),
  length: fc.nat(5),
  unit: fc.constantFrom('byte', 'subpage', 'subpage', 'page', 'page', 'block', 'block'),
  value: fc.constantFrom(0x00, 0x0f, 0x5a, 0xf0, 0xff),
});

const verdictOf = (act: () => void): string => {
  try {
    act();
    return 'ok';
  } catch (failure) {
    if (failure instanceof AxfsError) return failure.code;
    throw failure;
  }
};

class Operation implements fc.Command<DeviceModel, Real> {
  readonly #choice: Choice;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  check(): boolean {
    return true;
  }

  run(model: DeviceModel, real: Real): void {
    const { size, subpageSize, writesize } = model.info;
    const { what, value, unit } = this.#choice;
    const starts = model.blockStarts();
    let from: number;
    let length: number;
    if (unit === 'block' && starts.length > 1) {
      const first = this.#choice.at % (starts.length - 1);
      from = starts[first]!;
      length = starts[Math.min(starts.length - 1, first + 1 + (this.#choice.length % 2))]! - from;
    } else {
      const step = unit === 'page' ? writesize : unit === 'subpage' ? subpageSize : 1;
      from = (this.#choice.at % Math.ceil(size / step)) * step;
      length = Math.min(size - from, this.#choice.length * step * (step < 8 ? 13 : 1));
    }
    const before = real.device.counters;
    const verdict = STEPS[what]({ model, real, from, length, value });
    // What failed on one device counts nothing; a device put together counts what its parts have done.
    if (verdict === 'failed' && !model.isPutTogether) expect(real.device.counters).toEqual(before);
  }

  toString(): string {
    const { what, at, length, unit, value } = this.#choice;
    return `${what}(${String(at)} +${String(length)} ${unit}s, ${String(value)})`;
  }
}

interface Step {
  readonly model: DeviceModel;
  readonly real: Real;
  readonly from: number;
  readonly length: number;
  readonly value: number;
}

const same = (seen: Uint8Array, expected: Uint8Array): void => {
  expect(Buffer.compare(seen, expected)).toBe(0);
};

const agree = (act: () => void, expected: string): 'ok' | 'failed' => {
  expect(verdictOf(act)).toBe(expected);
  return expected === 'ok' ? 'ok' : 'failed';
};

/** An access through one of the windows held, if any. */
const inWindow = (
  { model, real, from, length }: Step,
  access: (window: MtdWindow, offset: number, count: number, expected: Uint8Array) => void,
): 'ok' => {
  const held = real.windows.at(from % Math.max(1, real.windows.length));
  if (held === undefined) return 'ok';
  const offset = from % (held.window.length + 1);
  const count = Math.min(length, held.window.length - offset);
  const start = held.from + offset;
  access(held.window, offset, count, model.bytes.subarray(start, start + count));
  return 'ok';
};

const STEPS: Readonly<Record<Choice['what'], (step: Step) => 'ok' | 'failed'>> = {
  read: ({ model, real, from, length }) => {
    const into = new Uint8Array(length).fill(0xa5);
    expect(real.device.read(from, into)).toBe('ok');
    same(into, model.bytes.subarray(from, from + length));
    return 'ok';
  },
  write: ({ model, real, from, length, value }) => {
    const bytes = new Uint8Array(length).fill(value);
    const expected = model.write(from, bytes);
    return agree(() => {
      real.device.write(from, bytes);
    }, expected);
  },
  erase: ({ model, real, from, length }) => {
    const expected = model.erase(from, length);
    return agree(() => {
      real.device.erase(from, length);
    }, expected);
  },
  point: ({ model, real, from, length }) => {
    const start = from - (from % 4096);
    const count = Math.min(model.info.size - start, length + 100);
    if (!real.device.canPoint) return agree(() => real.device.point(start, count), 'EOPNOTSUPP');
    const crosses = model.crosses(start, count);
    return agree(
      () => {
        real.windows.push({ window: real.device.point(start, count), from: start });
      },
      crosses ? 'EOPNOTSUPP' : 'ok',
    );
  },
  look: (step) =>
    inWindow(step, (window, offset, count, expected) => {
      same(window.bytes(offset, count), expected);
    }),
  copy: (step) =>
    inWindow(step, (window, offset, count, expected) => {
      same(window.copyFrom(offset, count), expected);
    }),
  fill: (step) =>
    inWindow(step, (window, offset, count) => {
      const line = offset - (offset % 32);
      const lines = Math.min(Math.ceil(count / 32), Math.ceil((window.length - line) / 32));
      expect(window.fillLines(line, lines)).toBe(0);
    }),
  unpoint: ({ real }) => {
    const held = real.windows.pop();
    if (held === undefined) return 'ok';
    real.device.unpoint(held.window);
    return agree(() => {
      real.device.unpoint(held.window);
    }, 'EINVAL');
  },
  writeOob: ({ model, real, from, length, value }) => {
    const bytes = new Uint8Array(Math.min(length, model.info.oobsize + 1)).fill(value);
    const expected = model.writeSpare(from, bytes);
    return agree(() => {
      real.device.writeOob(from, bytes);
    }, expected);
  },
  readOob: ({ model, real, from }) => {
    const { oobsize, writesize } = model.info;
    const page = Math.floor(from / writesize);
    const into = new Uint8Array(oobsize);
    const act = (): void => {
      real.device.readOob(page * writesize, into);
    };
    if (oobsize === 0) return agree(act, 'EOPNOTSUPP');
    act();
    same(into, model.spare.subarray(page * oobsize, (page + 1) * oobsize));
    return 'ok';
  },
  markBad: ({ model, real, from, value }) => {
    // Seldom: a device of bad blocks has no story to tell.
    if (value !== 0) {
      expect(real.device.blockIsBad(from)).toBe(model.isBad(from));
      return 'ok';
    }
    const expected = model.markBad(from);
    return agree(() => {
      real.device.blockMarkBad(from);
    }, expected);
  },
};

describe.each(Object.entries(DEVICE_KINDS))('%s', (kind, make) => {
  test(`is an array of bytes with erase semantics, seed=${String(SEED)}`, () => {
    fc.assert(
      fc.property(
        fc.commands([choice.map((one) => new Operation(one))], { maxCommands: 60, size: 'max' }),
        (commands) => {
          const setup = (): { model: DeviceModel; real: Real } => {
            const events: SimEvent[] = [];
            const device = make((event) => events.push({ ...event }));
            const { info } = device;
            const bytes = new Uint8Array(info.size);
            device.read(0, bytes);
            return {
              model: new DeviceModel(info, bytes, BORDERS[kind] ?? []),
              real: { device, events, windows: [] },
            };
          };
          let last = setup();
          fc.modelRun(() => (last = setup()), commands);
          const { model, real } = last;
          const all = new Uint8Array(model.info.size);
          real.device.read(0, all);
          same(all, model.bytes);
          const { flippedBits, ...counted } = real.device.counters;
          expect(flippedBits).toBe(0);
          expect(counted).toEqual(countersOf(real.events));
          const bad = model.info.oobsize === 0 ? [] : model.blockStarts().slice(0, -1);
          expect(real.device.eccStats).toEqual({
            corrected: 0,
            failed: 0,
            badblocks: bad.filter((at) => model.isBad(at)).length,
          });
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('cells', () => {
  const SIZE = 5 * 4096 + 100;

  test(`are bytes that programming clears and erasing sets, seed=${String(SEED)}`, () => {
    const range = fc
      .tuple(fc.nat(SIZE), fc.oneof(fc.nat(70), fc.nat(SIZE)), fc.nat(255))
      .map(([from, length, value]) => ({ from, length: Math.min(length, SIZE - from), value }));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: SIZE }),
        fc.array(fc.record({ how: fc.constantFrom('program', 'erase', 'look'), range })),
        (held, steps) => {
          const contents = held.slice();
          const cells = new MemoryCells(memoryContents(contents), SIZE);
          const model = new Uint8Array(SIZE).fill(0xff);
          model.set(held);
          for (const { how, range: one } of steps) {
            const { from, length, value } = one;
            if (how === 'program') {
              cells.program(from, new Uint8Array(length).fill(value));
              for (let i = from; i < from + length; i += 1) model[i]! &= value;
            } else if (how === 'erase') {
              cells.erase(from, length);
              model.fill(0xff, from, from + length);
            }
            same(cells.view(from, length), model.subarray(from, from + length));
          }
          same(cells.view(0, SIZE), model);
          same(contents, held);
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });
});

describe('parts', () => {
  test(`the smallest device holds the bytes, and half of it does not, seed=${String(SEED)}`, () => {
    const parts: readonly MtdPart[] = Object.values(MTD_PARTS);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 36 }), (bytes) => {
        for (const part of parts) {
          const size = smallestDeviceSize(part, bytes);
          expect(size).toBeGreaterThanOrEqual(bytes);
          expect(size === part.smallestSize.value || size / 2 < bytes).toBe(true);
          let end = 0;
          for (const region of eraseRegions(part, size)) {
            expect(region.offset).toBe(end);
            end += region.blocks * region.erasesize;
          }
          expect(end).toBe(size);
        }
      }),
      { seed: SEED },
    );
  });
});
