import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SimEvent } from '../../src/base/events.ts';
import { physAddr } from '../../src/base/units.ts';
import { memoryContents } from '../../src/mtd/contents.ts';
import { MappedDevice } from '../../src/mtd/mapped-device.ts';
import {
  burstNanoseconds,
  eraseRegions,
  MTD_PARTS,
  smallestDeviceSize,
} from '../../src/mtd/parts.ts';

const SIZE = 3 * 4096;

type Step = {
  readonly how: 'read' | 'copy' | 'count' | 'look';
  readonly from: number;
  readonly length: number;
};

const step: fc.Arbitrary<Step> = fc
  .record({
    how: fc.constantFrom('read', 'copy', 'count', 'look'),
    from: fc.nat(SIZE),
    length: fc.oneof(fc.nat(70), fc.nat(SIZE)),
  })
  .map(({ how, from, length }) => ({ how, from, length: Math.min(length, SIZE - from) }));

describe('a mapped device', () => {
  test('is an array of cells whose counters are the sums of its events', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: SIZE }), fc.array(step), (held, steps) => {
        const cells = new Uint8Array(SIZE).fill(0xff);
        cells.set(held);
        const sum = {
          readOperations: 0,
          readBytes: 0,
          mappedReads: 0,
          mappedBytes: 0,
          mappedLines: 0,
        };
        const sink = (event: Readonly<SimEvent>): void => {
          if (event.type === 'mtd_read') {
            sum.readOperations += 1;
            sum.readBytes += event.bytes;
          } else if (event.type === 'mapped_read') {
            sum.mappedReads += 1;
            sum.mappedBytes += event.bytes;
            sum.mappedLines += event.lines;
          }
        };
        const device = new MappedDevice(
          {
            name: 'chip',
            type: 'nor',
            size: SIZE,
            erasesize: SIZE,
            writesize: 2,
            eraseRegions: [],
          },
          memoryContents(held),
          { phys: physAddr(2 ** 33), sink },
        );
        const window = device.point(0, SIZE);
        let lines = 0;
        for (const { how, from, length } of steps) {
          let seen: Uint8Array = cells.slice(from, from + length);
          if (how === 'read') device.read(from, (seen = new Uint8Array(length)));
          else if (how === 'copy') seen = window.copyFrom(from, length);
          else if (how === 'look') seen = window.bytes(from, length);
          else window.countRead(from, length);
          expect(Buffer.compare(seen, cells.subarray(from, from + length))).toBe(0);
          if (how === 'copy' || how === 'count')
            lines += new Set(Array.from({ length }, (_, i) => Math.trunc((from + i) / 32))).size;
        }
        expect(device.counters).toEqual(sum);
        expect(device.counters.mappedLines).toBe(lines);
      }),
    );
  });
});

describe('parts', () => {
  test('the smallest device holds the bytes, and half of it does not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 36 }), (bytes) => {
        for (const part of Object.values(MTD_PARTS)) {
          const size = smallestDeviceSize(part, bytes);
          expect(size).toBeGreaterThanOrEqual(bytes);
          expect(size === part.smallestSize.value || size / 2 < bytes).toBe(true);
          const [low, main] = eraseRegions(part, size);
          expect(low!.blocks * low!.erasesize).toBe(main!.offset);
          expect(main!.offset + main!.blocks * main!.erasesize).toBe(size);
        }
      }),
    );
  });

  test('a longer burst takes longer, and two bursts longer than one', () => {
    const { timing } = MTD_PARTS.p30;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 20 }),
        fc.integer({ min: 1, max: 2 ** 20 }),
        (a, b) => {
          const both = burstNanoseconds(timing, a + b);
          expect(both).toBeGreaterThanOrEqual(burstNanoseconds(timing, a));
          expect(both).toBeLessThan(burstNanoseconds(timing, a) + burstNanoseconds(timing, b));
        },
      ),
    );
  });
});
