import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { physAddr } from '../../../src/base/units.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { createNorFlash, DEFAULT_FLASH_PHYS } from '../../../src/mtd/nor.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { createRecorder } from './recorder.ts';
import { scriptedCells } from './scripted-cells.ts';

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
      flags: ['writeable', 'bit_writeable'],
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

  test('takes a size, an address beyond 2^32, a sink and a role', () => {
    const { events, sink } = createRecorder();
    const device = createNorFlash({
      part,
      contents: memoryContents(Uint8Array.of(7)),
      size: 32 * MIB,
      phys: physAddr(0x1_3400_0000),
      sink,
      device: 'second',
    });
    expect(device.info.size).toBe(32 * MIB);
    expect(device.point(16 * MIB, 4096).phys).toBe(0x1_3500_0000);
    device.read(0, new Uint8Array(3));
    expect(events).toMatchObject([
      { type: 'mtd_read', device: 'second', bytes: 3, opens: 1, busBytes: 4 },
    ]);
  });

  test('takes cells that misbehave', () => {
    const cells = scriptedCells(new MemoryCells(ERASED_CONTENTS, 8 * MIB), { flips: [3] });
    const device = createNorFlash({ part, contents: ERASED_CONTENTS, cells });
    const into = new Uint8Array(1);
    device.read(0, into);
    expect(into).toEqual(Uint8Array.of(0xf7));
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

  test('a part that the CPU cannot address is refused', () => {
    const nand = Object.values<MtdPart>(MTD_PARTS).find(({ type }) => type === 'nand')!;
    expect(() => createNorFlash({ part: nand, contents: zeros(0) })).toThrow(
      new AxfsError('EINVAL', `${nand.name}: the CPU cannot address a nand part`),
    );
  });
});

describe('createRamDevice', () => {
  test('is exactly its contents, one block, at physical address 0', () => {
    const device = createRamDevice('a.axfs', memoryContents(Uint8Array.of(1, 2, 3)));
    expect(device.info).toEqual({
      name: 'a.axfs',
      type: 'ram',
      flags: ['writeable', 'bit_writeable', 'no_erase'],
      size: 3,
      erasesize: 3,
      writesize: 1,
      writebufsize: 3,
      oobsize: 0,
      subpageSize: 1,
      eccStrength: 0,
      eccStepSize: 0,
      bitflipThreshold: 0,
      eraseRegions: [{ offset: 0, erasesize: 3, blocks: 1 }],
    });
    expect(device.point(0, 3).phys).toBe(0);
    expect(device.point(0, 3).fillLines(0, 1)).toBe(0);
    expect(() => device.point(0, 4)).toThrow(
      /^a\.axfs: point of 4 bytes at 0 is outside the 3 bytes/,
    );
  });

  test('writes reach the device and not the contents', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const device = createRamDevice('a.axfs', memoryContents(bytes));
    device.write(1, Uint8Array.of(0xff));
    expect(device.point(0, 3).bytes(0, 3)).toEqual(Uint8Array.of(1, 0xff, 3));
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('of nothing: nothing can be read or written', () => {
    const device = createRamDevice('empty', memoryContents(new Uint8Array(0)));
    device.read(0, new Uint8Array(0));
    device.erase(0, 0);
    expect(() => device.read(0, new Uint8Array(1))).toThrow(/outside the 0 bytes/);
  });
});
