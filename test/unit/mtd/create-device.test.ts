import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { SimEvent } from '../../../src/base/events.ts';
import { physAddr } from '../../../src/base/units.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createDevice, mtdInfoOf, xipControllerOf } from '../../../src/mtd/create-device.ts';
import { MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { priceOf, transferNanoseconds, unitPrices } from '../../../src/mtd/part-timing.ts';
import { MTD_PARTS, smallestDeviceSize } from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';

const MIB = 1024 * 1024;
const contents = memoryContents(Uint8Array.from({ length: 10_000 }, (_, i) => i % 251));
/** Parts whose read page nobody has sourced cannot be built. */
const BUILDABLE = Object.entries<MtdPart>(MTD_PARTS).filter(([name]) => name !== 's29gl512p');

describe('every part becomes a device', () => {
  test.each(BUILDABLE)('%s reads its contents, and 0xFF behind them', (_name, part) => {
    const device = createDevice(part, { contents });
    const into = new Uint8Array(10);
    expect(device.read(9_995, into)).toBe('ok');
    expect([...into]).toEqual([206, 207, 208, 209, 210, 255, 255, 255, 255, 255]);
    expect(device.info.size).toBe(smallestDeviceSize(part, contents.size));
    expect(device.info.type).toBe(part.type);
    expect(device.canPoint).toBe(part.mapped);
  });

  test.each(BUILDABLE)('%s takes bytes where it is erased', (_name, part) => {
    const device = createDevice(part);
    const bytes = new Uint8Array(2 * part.writesize.value).fill(0x5a);
    const at = device.info.erasesize;
    device.write(at, bytes);
    const into = new Uint8Array(bytes.length);
    device.read(at, into);
    expect(Buffer.compare(into, bytes)).toBe(0);
    device.erase(0, device.info.erasesize * 2);
    device.read(at, into);
    expect(into.every((byte) => byte === 0xff)).toBe(true);
  });

  // Beyond its command and address cycles, which the price leaves out, a NAND with ECC clocks spare bytes.
  test.each(BUILDABLE.filter(([, { bus }]) => bus !== 'nand'))(
    '%s: a page read does the work that the price of a page is for',
    (_name, part) => {
      const device = createDevice(part, { contents });
      device.read(0, new Uint8Array(4096));
      const cold = { ...device.counters.bus };
      let prices;
      try {
        prices = unitPrices(part);
      } catch (error) {
        expect((error as AxfsError).message).toMatch(/is unsourced/);
        return;
      }
      expect(priceOf(prices, cold)).toBeCloseTo(transferNanoseconds(part, 4096), 6);
    },
  );

  test('a part whose bus is not known is refused', () => {
    expect(() => createDevice(MTD_PARTS.s29gl512p)).toThrow(/'read\.pageBytes' is unsourced/);
  });
});

describe('mtdInfoOf', () => {
  test('p30', () => {
    expect(mtdInfoOf(MTD_PARTS.p30, 8 * MIB)).toEqual({
      name: 'p30',
      type: 'nor',
      flags: ['writeable', 'bit_writeable'],
      size: 8 * MIB,
      erasesize: 131072,
      writesize: 2,
      writebufsize: 2,
      oobsize: 0,
      subpageSize: 2,
      eccStrength: 0,
      eccStepSize: 0,
      bitflipThreshold: 0,
      eraseRegions: [
        { offset: 0, erasesize: 32768, blocks: 4 },
        { offset: 131072, erasesize: 131072, blocks: 63 },
      ],
    });
  });

  test('a serial NOR programs pages of 256 bytes', () => {
    expect(mtdInfoOf(MTD_PARTS.w25q512jv, 64 * MIB)).toMatchObject({
      writesize: 1,
      writebufsize: 256,
      erasesize: 4096,
    });
  });

  test('a NAND has spare areas and the Hamming code of Linux', () => {
    expect(mtdInfoOf(MTD_PARTS['slc-2004'], 256 * MIB)).toMatchObject({
      type: 'nand',
      flags: ['writeable'],
      writesize: 2048,
      writebufsize: 2048,
      oobsize: 64,
      eccStrength: 1,
      eccStepSize: 256,
      bitflipThreshold: 1,
    });
  });

  test.each([
    [{ strength: 4, stepSize: 512 }, 3],
    [{ strength: 8, stepSize: 512 }, 6],
    [{ strength: 8, stepSize: 512, threshold: 2 }, 2],
    [{ strength: 0, stepSize: 0 }, 0],
  ])('ECC %j: threshold %d', (ecc, threshold) => {
    expect(mtdInfoOf(MTD_PARTS['slc-onfi'], 128 * MIB, ecc)).toMatchObject({
      eccStrength: ecc.strength,
      eccStepSize: ecc.stepSize,
      bitflipThreshold: threshold,
    });
  });

  test('memory needs no erase and takes any number of bytes at once', () => {
    expect(mtdInfoOf(MTD_PARTS['sdr-133'], 32 * MIB)).toMatchObject({
      flags: ['writeable', 'bit_writeable', 'no_erase'],
      writesize: 1,
      writebufsize: 32 * MIB,
    });
  });
});

describe('createDevice', () => {
  test('says which size it cannot build', () => {
    expect(() => createDevice(MTD_PARTS.m18, { size: 1000 })).toThrow(
      new AxfsError('EINVAL', 'm18: size is 1000 bytes, expected whole erase blocks of 262144'),
    );
  });

  test.each([0, -131072, NaN, 131072, 2 ** 60])('p30 of %d bytes is refused', (size) => {
    expect(() => createDevice(MTD_PARTS.p30, { size })).toThrow(AxfsError);
  });

  test('contents larger than the device are refused', () => {
    expect(() => createDevice(MTD_PARTS.rp2040, { contents, size: 8192 })).toThrow(
      expect.objectContaining({ code: 'EFBIG' }) as Error,
    );
  });

  test('events name the device, windows its address', () => {
    const events: SimEvent[] = [];
    const device = createDevice(MTD_PARTS.m18, {
      contents,
      phys: physAddr(2 ** 33),
      device: 'second',
      sink: (event) => events.push({ ...event }),
    });
    expect(device.point(4096, 4096).phys).toBe(2 ** 33 + 4096);
    device.read(0, new Uint8Array(4));
    expect(events).toEqual([
      {
        type: 'mtd_read',
        device: 'second',
        bytes: 4,
        opens: 1,
        resumes: 0,
        busBytes: 4,
        arrayLoads: 0,
        bufferHits: 0,
      },
    ]);
  });

  test('damage is laid over the cells, or over those given', () => {
    const size = 1 * MIB;
    const given = new MemoryCells(contents, size);
    const seen: unknown[] = [];
    createDevice(MTD_PARTS.rp2040, {
      size,
      cells: given,
      damage: (cells) => {
        seen.push(cells);
        return cells;
      },
    });
    expect(seen).toEqual([given]);
  });

  test('offsets beyond 2^31 are read', () => {
    const device = createDevice(MTD_PARTS.mx66l1g45g, { size: 2 ** 33 });
    device.write(2 ** 32 + 5, Uint8Array.of(1, 2, 3));
    const into = new Uint8Array(3);
    device.read(2 ** 32 + 5, into);
    expect([...into]).toEqual([1, 2, 3]);
  });
});

describe('xipControllerOf', () => {
  test('rp2040: 16 KiB, two ways, filled four bytes at a time', () => {
    expect(xipControllerOf(MTD_PARTS.rp2040)).toEqual({
      lineBytes: 4,
      ways: 2,
      sets: 2048,
      prefetchLines: 0,
      policy: 'lru',
    });
  });

  test('parts without a cache have none', () => {
    expect(xipControllerOf(MTD_PARTS.p30)).toBeUndefined();
  });

  test('an RP2040 reads a line once, word by word; a device without its controller again and again', () => {
    const wordTime = 320;
    const prices = unitPrices(MTD_PARTS.rp2040);
    const line = (options: { controller?: null }): number[] => {
      const device = createDevice(MTD_PARTS.rp2040, { contents, ...options });
      const window = device.point(0, 4096);
      return [0, 1].map(() => {
        const before = priceOf(prices, device.counters.bus);
        window.fillLines(32, 1);
        return priceOf(prices, device.counters.bus) - before;
      });
    };
    const [first = 0, second] = line({});
    // Eight words, the first with its command: 8 clocks of 16 ns.
    expect(first).toBeCloseTo(8 * wordTime + 128, 6);
    expect(second).toBe(0);
    const [cold = 0, again = 0] = line({ controller: null });
    expect(cold).toBeCloseTo((20 + 64) * 16, 6);
    expect(again).toBeCloseTo((12 + 64) * 16, 6);
  });
});
