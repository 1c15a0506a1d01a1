import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import type { SimEvent } from '../../../src/base/events.ts';
import { physAddr } from '../../../src/base/units.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import { createNorFlash, DEFAULT_FLASH_PHYS } from '../../../src/mtd/nor.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';

const MIB = 1024 * 1024;
const part = MTD_PARTS.p30;
/** Contents of any size, without the memory. */
const zeros = (size: number): FlashContents => ({
  size,
  view: (_offset, length) => new Uint8Array(length),
});

describe('createNorFlash', () => {
  test.each([
    [0, 8 * MIB],
    [8 * MIB, 8 * MIB],
    [9 * MIB, 16 * MIB],
  ])('contents of %d bytes get a device of %d', (held, size) => {
    const { info } = createNorFlash({ part, contents: zeros(held) });
    expect(info).toMatchObject({
      name: 'p30',
      type: 'nor',
      size,
      erasesize: 128 * 1024,
      writesize: 2,
    });
    expect(info.eraseRegions.reduce((sum, row) => sum + row.blocks * row.erasesize, 0)).toBe(size);
  });

  test('stands at 0x34000000 unless told, and holds 0xFF behind its contents', () => {
    const device = createNorFlash({ part, contents: memoryContents(Uint8Array.of(1, 2)) });
    expect(DEFAULT_FLASH_PHYS).toBe(0x3400_0000);
    const window = device.point(0, device.info.size);
    expect(window.phys).toBe(DEFAULT_FLASH_PHYS);
    expect(window.bytes(0, 4)).toEqual(Uint8Array.of(1, 2, 0xff, 0xff));
    expect(window.bytes(device.info.size - 1, 1)).toEqual(Uint8Array.of(0xff));
  });

  test('takes a size, an address beyond 2^32 and a sink', () => {
    const events: SimEvent[] = [];
    const device = createNorFlash({
      part,
      contents: memoryContents(Uint8Array.of(7)),
      size: 32 * MIB,
      phys: physAddr(0x1_3400_0000),
      sink: (event) => events.push({ ...event }),
    });
    expect(device.info.size).toBe(32 * MIB);
    expect(device.point(16 * MIB, 4096).phys).toBe(0x1_3500_0000);
    device.read(0, new Uint8Array(2));
    expect(events).toEqual([{ type: 'mtd_read', bytes: 2 }]);
  });

  test.each([0, -131072, 1, 131071, 131073, 8 * MIB + 4096, 196608.5, NaN])(
    'a size of %d bytes is no whole number of erase blocks',
    (size) => {
      expect(() => createNorFlash({ part, contents: zeros(0), size })).toThrow(
        new AxfsError(
          'EINVAL',
          `p30: size is ${String(size)} bytes, expected whole erase blocks of 131072`,
        ),
      );
    },
  );

  test('contents that do not fit the size asked for are refused', () => {
    expect(() => createNorFlash({ part, contents: zeros(8 * MIB + 1), size: 8 * MIB })).toThrow(
      new AxfsError('EFBIG', 'p30: contents of 8388609 bytes do not fit in 8388608 bytes'),
    );
  });
});

describe('createRamDevice', () => {
  test('is exactly its contents, one block, at physical address 0', () => {
    const device = createRamDevice('a.axfs', memoryContents(Uint8Array.of(1, 2, 3)));
    expect(device.info).toEqual({
      name: 'a.axfs',
      type: 'ram',
      size: 3,
      erasesize: 3,
      writesize: 1,
      eraseRegions: [{ offset: 0, erasesize: 3, blocks: 1 }],
    });
    expect(device.point(0, 3).phys).toBe(0);
    expect(() => device.point(0, 4)).toThrow(
      /^a\.axfs: point of 4 bytes at 0 is outside the 3 bytes/,
    );
  });
});
