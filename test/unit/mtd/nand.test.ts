import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { SimEvent } from '../../../src/base/events.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { MtdInfo } from '../../../src/mtd/device.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { NandDevice } from '../../../src/mtd/nand.ts';
import type { NandOptions } from '../../../src/mtd/nand.ts';
import { NAND_BUS, NAND_INFO } from './device-kinds.ts';
import { createRecorder } from './recorder.ts';
import { scriptedCells } from './scripted-cells.ts';
import type { Script } from './scripted-cells.ts';

const HELD = Uint8Array.from({ length: 4096 }, (_, i) => i % 251);
const NO_ECC: Partial<MtdInfo> = { eccStrength: 0, eccStepSize: 0, bitflipThreshold: 0 };

interface Choice {
  readonly info?: Partial<MtdInfo>;
  readonly options?: NandOptions;
  readonly script?: Script;
  readonly held?: Uint8Array;
}

const make = ({ info: change, options, script, held = HELD }: Choice = {}): {
  readonly device: NandDevice;
  readonly events: SimEvent[];
} => {
  const { events, sink } = createRecorder();
  const info = { ...NAND_INFO, ...change };
  const sound = new MemoryCells(memoryContents(held), info.size);
  const cells = script === undefined ? sound : scriptedCells(sound, script);
  return { device: new NandDevice(info, NAND_BUS, cells, { sink, ...options }), events };
};

const read = (device: NandDevice, from: number, length: number): Uint8Array => {
  const into = new Uint8Array(length).fill(0xa5);
  device.read(from, into);
  return into;
};

describe('work of a read', () => {
  test.each([
    { what: 'a byte is a page and its spare area', from: 5, length: 1, pages: 1, busBytes: 528 },
    { what: 'a page', from: 512, length: 512, pages: 1, busBytes: 528 },
    { what: 'two bytes of two pages', from: 511, length: 2, pages: 2, busBytes: 1056 },
    { what: 'across blocks', from: 2000, length: 600, pages: 3, busBytes: 1584 },
    { what: 'nothing', from: 3, length: 0, pages: 0, busBytes: 0 },
  ])('$what', ({ from, length, pages, busBytes }) => {
    const { device, events } = make();
    expect(read(device, from, length)).toEqual(HELD.subarray(from, from + length));
    expect(events).toEqual([
      {
        type: 'mtd_read',
        device: 'first',
        bytes: length,
        opens: pages,
        resumes: 0,
        busBytes,
        arrayLoads: pages,
        bufferHits: 0,
      },
    ]);
  });

  test('a chip that corrects itself clocks no spare area', () => {
    const { device } = make({ options: { clocksSpare: false } });
    read(device, 5, 1);
    expect(device.counters.bus).toMatchObject({ arrayLoads: 1, busBytes: 512 });
  });

  test('without ECC the bytes asked for are clocked', () => {
    const { device } = make({ info: NO_ECC });
    read(device, 511, 2);
    expect(device.counters.bus).toMatchObject({ arrayLoads: 2, opens: 2, busBytes: 2 });
  });

  test('the page in the register needs no load, until something else is done', () => {
    const { device } = make();
    const loads = (act: () => unknown): number => {
      const before = device.counters.bus.arrayLoads;
      act();
      return device.counters.bus.arrayLoads - before;
    };
    expect(loads(() => read(device, 0, 600))).toBe(2);
    expect(loads(() => read(device, 700, 10))).toBe(0);
    expect(loads(() => read(device, 1000, 100))).toBe(1);
    expect(loads(() => read(device, 0, 1))).toBe(1);
    expect(
      loads(() => {
        device.readOob(0, new Uint8Array(4));
      }),
    ).toBe(0);
    for (const change of [
      () => {
        device.write(4096, new Uint8Array(512));
      },
      () => {
        device.erase(6144, 2048);
      },
      () => {
        device.writeOob(512, Uint8Array.of(1));
      },
      () => {
        device.blockMarkBad(6144);
      },
    ]) {
      change();
      expect(loads(() => read(device, 0, 1))).toBe(1);
    }
  });

  test('cells that could misbehave are loaded each time', () => {
    const { device } = make({ script: {} });
    read(device, 0, 1);
    read(device, 1, 1);
    expect(device.counters.bus.arrayLoads).toBe(2);
  });

  test('spare bytes are clocked from behind the page', () => {
    const { device, events } = make();
    device.readOob(512, new Uint8Array(6));
    expect(events).toMatchObject([
      { type: 'mtd_read', bytes: 6, opens: 1, busBytes: 6, arrayLoads: 1 },
    ]);
    device.readOob(512, new Uint8Array(0));
    expect(device.counters).toMatchObject({ readOperations: 2, bus: { opens: 1 } });
  });
});

describe('ECC (2 bits in 256 bytes, EUCLEAN from 2)', () => {
  const at = (byte: number, bit = 0): number => 8 * byte + bit;

  test('a flipped bit is put right and counted', () => {
    const { device, events } = make({ script: { flips: [at(3, 5)] } });
    const into = new Uint8Array(8);
    expect(device.read(0, into)).toBe('ok');
    expect(into).toEqual(HELD.subarray(0, 8));
    expect(device.eccStats).toEqual({ corrected: 1, failed: 0, badblocks: 0 });
    expect(events.map(({ type }) => type)).toEqual(['mtd_ecc', 'mtd_read']);
    expect(events[0]).toEqual({ type: 'mtd_ecc', device: 'first', corrected: 1, failed: 0 });
    expect(device.counters.flippedBits).toBe(0);
  });

  test('one in each step stays below the threshold, two in one step do not', () => {
    const apart = make({ script: { flips: [at(0), at(256), at(512)] } }).device;
    expect(apart.read(0, new Uint8Array(1024))).toBe('ok');
    expect(apart.eccStats.corrected).toBe(3);
    const { device } = make({ script: { flips: [at(0), at(255, 7)] } });
    const into = new Uint8Array(512);
    expect(device.read(0, into)).toBe('EUCLEAN');
    expect(into).toEqual(HELD.subarray(0, 512));
  });

  test('without a threshold nothing is EUCLEAN', () => {
    const { device } = make({ script: { flips: [0, 1] }, info: { bitflipThreshold: 0 } });
    expect(device.read(0, new Uint8Array(1))).toBe('ok');
    expect(device.eccStats.corrected).toBe(2);
  });

  test('the whole page is corrected, whatever was asked for', () => {
    const { device } = make({ script: { flips: [at(500)] } });
    read(device, 0, 1);
    expect(device.eccStats.corrected).toBe(1);
  });

  test('more than that: EBADMSG, nothing is given out, and all pages are looked at', () => {
    const { device, events } = make({
      script: { flips: [at(520), at(521), at(522), at(1030), at(1600), at(1601), at(1602)] },
    });
    const into = new Uint8Array(2048).fill(0xa5);
    expect(() => device.read(0, into)).toThrow(
      new AxfsError(
        'EBADMSG',
        'nand: read of 2048 bytes at 0: page at 512: more than 2 flipped bits in 256 bytes',
      ),
    );
    expect(into.every((byte) => byte === 0xa5)).toBe(true);
    expect(device.eccStats).toEqual({ corrected: 1, failed: 2, badblocks: 0 });
    expect(events).toEqual([{ type: 'mtd_ecc', device: 'first', corrected: 1, failed: 2 }]);
    expect(device.counters).toMatchObject({ readOperations: 0, flippedBits: 0 });
    expect(read(device, 0, 512)).toEqual(HELD.subarray(0, 512));
  });

  test('a page that cannot be read: EIO, and nothing is counted, not even what was corrected', () => {
    const { device, events } = make({ script: { flips: [0], readFails: [600] } });
    expect(() => read(device, 0, 1024)).toThrow(new AxfsError('EIO', 'cells: read at 512'));
    expect(events).toEqual([]);
    expect(device.eccStats.corrected).toBe(0);
  });

  test('without ECC flipped bits are given out and counted, those asked for', () => {
    const { device } = make({
      script: { flips: [at(3, 7), at(4, 1), at(6), at(9)] },
      info: NO_ECC,
    });
    expect(read(device, 4, 2)).toEqual(Uint8Array.of(4 ^ 2, 5));
    expect(device.counters.flippedBits).toBe(1);
    expect(device.eccStats).toEqual({ corrected: 0, failed: 0, badblocks: 0 });
  });

  test('delays of pages add up', () => {
    const { device, events } = make({ script: { delayNanoseconds: 100 } });
    read(device, 500, 100);
    expect(events[0]).toEqual({ type: 'mtd_delay', device: 'first', nanoseconds: 200 });
  });
});

describe('programming', () => {
  const page = (fill = 0): Uint8Array => new Uint8Array(512).fill(fill);

  test('a block that holds something takes pages behind it', () => {
    const { device } = make({ held: HELD.subarray(0, 600) });
    expect(() => {
      device.write(0, page());
    }).toThrow(
      new AxfsError(
        'EINVAL',
        'nand: write at 0: page 0 of its block comes after page 1, expected ascending order',
      ),
    );
    device.write(1024, page(3));
    expect(read(device, 1024, 512)).toEqual(page(3));
  });

  test('a page that holds something has been programmed once for each subpage', () => {
    expect(() => {
      make({ held: HELD.subarray(0, 512) }).device.write(0, page());
    }).toThrow(/page 0 of its block has been programmed 2 times/);
    const { device } = make({ held: HELD.subarray(0, 256) });
    device.write(256, page(7).subarray(0, 256));
    expect(read(device, 255, 2)).toEqual(Uint8Array.of(HELD[255]!, 7));
  });

  test('a page takes as many programs as it has subpages, each of an erased one', () => {
    const { device, events } = make();
    device.write(4096, page().subarray(0, 256));
    expect(() => {
      device.write(4096, page().subarray(0, 256));
    }).toThrow(
      new AxfsError(
        'EIO',
        'nand: write at 4096: page 0 of its block: subpage 0 is programmed already, expected an erased one',
      ),
    );
    device.write(4352, page(1).subarray(0, 256));
    expect(() => {
      device.write(4352, page(1).subarray(0, 256));
    }).toThrow(/page 0 of its block has been programmed 2 times, which is all/);
    expect(events).toEqual([
      { type: 'mtd_program', device: 'first', programs: 1, bytes: 256 },
      { type: 'mtd_program', device: 'first', programs: 1, bytes: 256 },
    ]);
  });

  test('programming 0xFF is programming, too', () => {
    const { device } = make();
    device.write(4608, page(0xff));
    expect(() => {
      device.write(4096, page());
    }).toThrow(/comes after page 1/);
  });

  test('a write goes on from one page and one block to the next, or not at all', () => {
    const { device, events } = make({ held: new Uint8Array(0) });
    const bytes = Uint8Array.from({ length: 2048 }, (_, i) => i % 247);
    device.write(1280, bytes);
    expect(read(device, 1280, 2048)).toEqual(bytes);
    expect(events[0]).toMatchObject({ type: 'mtd_program', programs: 5, bytes: 2048 });
    device.write(6144, page());
    expect(() => {
      device.write(5632, new Uint8Array(1024));
    }).toThrow(/page 0 of its block/);
    expect(read(device, 5632, 512)).toEqual(page(0xff));
  });

  test('a page whose programming failed is not erased any more', () => {
    const { device } = make({ script: { programFails: [4608] } });
    expect(() => {
      device.write(4096, new Uint8Array(1024));
    }).toThrow(new AxfsError('EIO', 'cells: program at 4608'));
    expect(device.counters.programs).toBe(0);
    expect(read(device, 4096, 512)).toEqual(page());
    expect(() => {
      device.write(4096, page());
    }).toThrow(/comes after page 1/);
  });
});

describe('bad blocks', () => {
  const factory = (): NandOptions => {
    const oob = new Uint8Array(256).fill(0xff);
    oob[64 * 2] = 0;
    return { oob: new MemoryCells(memoryContents(oob)) };
  };

  test('those that left the factory bad are known from their spare areas', () => {
    const { device } = make({ options: factory() });
    expect([0, 2048, 4096, 8191].map((offset) => device.blockIsBad(offset))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(device.eccStats.badblocks).toBe(1);
  });

  test('an erase that touches one erases none', () => {
    const { device } = make({ options: factory() });
    expect(() => {
      device.erase(0, 8192);
    }).toThrow(new AxfsError('EIO', 'nand: erase of the block at 4096: it is marked bad'));
    expect(read(device, 0, 512)).toEqual(HELD.subarray(0, 512));
    device.erase(0, 4096);
    expect(device.counters.erases).toBe(2);
  });

  test('a mark written as spare bytes counts', () => {
    const { device } = make();
    expect(device.eccStats.badblocks).toBe(0);
    device.writeOob(2048 + 512, Uint8Array.of(0));
    expect(device.eccStats.badblocks).toBe(0);
    device.writeOob(2048, Uint8Array.of(0x7f));
    expect(device.eccStats.badblocks).toBe(1);
    device.writeOob(2048, Uint8Array.of(0x0f));
    device.blockMarkBad(2048);
    expect(device.eccStats.badblocks).toBe(1);
    expect(device.counters.programs).toBe(3);
  });
});

describe('construction', () => {
  test.each([
    [{ size: 8191 }, 'nand: size is 8191, expected a multiple of its erasesize of 2048'],
    [
      { erasesize: 1000, size: 8000 },
      'nand: erasesize is 1000, expected a multiple of its writesize of 512',
    ],
    [{ subpageSize: 0 }, 'nand: writesize is 512, expected a multiple of its subpageSize of 0'],
    [{ eccStepSize: 500 }, 'nand: writesize is 512, expected a multiple of its eccStepSize of 500'],
  ])('a geometry of %j is refused', (change, message) => {
    expect(() => make({ info: change })).toThrow(new AxfsError('EINVAL', message));
  });

  test('cells that are not as many as the bytes are refused', () => {
    const oob = new MemoryCells(ERASED_CONTENTS, 255);
    expect(() => make({ options: { oob } })).toThrow(
      new AxfsError('EINVAL', 'nand: cells of spare areas of 255 bytes, expected 256'),
    );
    expect(
      () => new NandDevice(NAND_INFO, NAND_BUS, new MemoryCells(ERASED_CONTENTS, 4096)),
    ).toThrow(new AxfsError('EINVAL', 'nand: cells of 4096 bytes, expected 8192'));
  });
});
