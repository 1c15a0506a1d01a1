import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { wearOf } from '../../../src/flash/report.ts';
import { writeImage } from '../../../src/flash/write-image.ts';
import type { WriteOptions } from '../../../src/flash/write-image.ts';
import { MEMORY_BUS } from '../../../src/mtd/bus.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashFault } from '../../../src/mtd/faults/kinds.ts';
import { LinearDevice } from '../../../src/mtd/linear-device.ts';
import { MemoryCells } from '../../../src/mtd/memory-cells.ts';
import { NAND, NOR, chipOf, imageOf, readBack } from './small-devices.ts';
import type { Chip } from './small-devices.ts';

const write = (chip: Chip, image: Uint8Array, options: WriteOptions = {}) =>
  writeImage(chip.boot(), memoryContents(image), options);
const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes);
const refusal = (run: () => unknown): AxfsError => {
  try {
    run();
  } catch (error) {
    if (error instanceof AxfsError) return error;
    throw error;
  }
  throw new Error('not refused');
};

describe.each([NOR, NAND])('on $type', (info) => {
  const image = imageOf(1900);

  test('a blank device is programmed without an erase, units of ones are left out', () => {
    const chip = chipOf(info);
    const { tally, ...report } = write(chip, image);
    expect(report).toMatchObject({ bytes: 1900, verify: 'right', badBlocks: [], wornBlocks: [] });
    expect(readBack(chip.boot(), 1900)).toEqual(image);
    expect(tally).toMatchObject({ blocksKept: 0, retries: 0, blocksProgrammed: report.blocks });
    expect(tally.blocksBlank).toBe(report.blocks);
    expect([...tally.erases]).toEqual([]);
    expect(chip.cells.operations).toMatchObject({ erases: 0, programs: tally.programs });
    expect(tally.blankUnits).toBeGreaterThan(0);
    const unit = info.writebufsize;
    expect(tally.programs + tally.blankUnits).toBe(report.end / unit);
    expect(tally.programmedBytes).toBe(tally.programs * unit);
  });

  test('what is there already is kept, unless it is forced', () => {
    const chip = chipOf(info);
    const first = write(chip, image);
    const before = chip.cells.operations;
    const again = write(chip, image);
    expect(again.tally).toMatchObject({ blocksKept: first.blocks, programs: 0, blocksBlank: 0 });
    expect(chip.cells.operations).toMatchObject({ programs: before.programs, erases: 0 });
    const forced = write(chip, image, { force: true });
    expect(forced.tally).toMatchObject({ blocksKept: 0, programs: first.tally.programs });
    expect(wearOf(forced.tally)).toEqual({ max: 1, sum: first.blocks });
    expect(chip.cells.operations.erases).toBe(first.blocks);
  });

  test('only blocks that differ are written anew', () => {
    const chip = chipOf(info);
    write(chip, image);
    const changed = image.slice();
    changed[700] = (changed[700]! + 1) % 256;
    const { tally, blocks } = write(chip, changed);
    expect(tally).toMatchObject({ blocksKept: blocks - 1, blocksProgrammed: 1 });
    expect(wearOf(tally)).toEqual({ max: 1, sum: 1 });
    expect(readBack(chip.boot(), 1900)).toEqual(changed);
  });

  test('what was there goes; behind the end of the image its last block is blank, others stay', () => {
    const chip = chipOf(info, [], { held: zeros(info.size) });
    const { end, tally, blocks } = write(chip, image);
    expect(wearOf(tally)).toEqual({ max: 1, sum: blocks });
    expect(chip.cells.view(0, 1900)).toEqual(image);
    expect(chip.cells.view(1900, end - 1900)).toEqual(zeros(end - 1900).fill(0xff));
    expect(chip.cells.view(end, info.size - end)).toEqual(zeros(info.size - end));
  });

  test('an image of nothing takes nothing', () => {
    expect(write(chipOf(info), zeros(0))).toMatchObject({ blocks: 0, end: 0, verify: 'right' });
  });

  test('the whole device, to its last byte', () => {
    const chip = chipOf(info, [], { held: zeros(info.size) });
    const all = imageOf(info.size);
    expect(write(chip, all).end).toBe(info.size);
    expect(chip.cells.view(0, info.size)).toEqual(all);
  });

  test('one byte too much is refused before anything is changed', () => {
    const chip = chipOf(info);
    const error = refusal(() => write(chip, zeros(info.size + 1)));
    expect(error.code).toBe('ENOSPC');
    expect(error.message).toMatch(/needs 1 more good blocks? than the [78] that the device has/);
    expect(chip.cells.operations).toEqual({ reads: 0, programs: 0, erases: 0 });
  });

  test('without verify nothing is read behind the comparison', () => {
    const chip = chipOf(info);
    const verified = chipOf(info);
    expect(write(chip, image, { verify: false }).verify).toBe('off');
    write(verified, image);
    expect(chip.cells.operations.reads * 2).toBe(verified.cells.operations.reads);
  });

  test('after a power loss the block before the first wrong one, and that one, are erased', () => {
    const chip = chipOf(info);
    write(chip, image.subarray(0, 1024));
    const { tally } = write(chip, image, { afterPowerLoss: true });
    // The last of the blocks that are right, and the blank one behind it.
    expect([...tally.wear.keys()]).toEqual(info === NOR ? [768, 1024] : [512, 1024]);
    expect(readBack(chip.boot(), 1900)).toEqual(image);
    // All is right: the last one may be weak.
    const last = write(chip, image, { afterPowerLoss: true });
    expect([...last.tally.wear.keys()]).toEqual(info === NOR ? [1024] : [1536]);
  });

  test('a comparison that cannot read writes anew', () => {
    const chip = chipOf(info, [{ kind: 'read_error', nth: 1 }]);
    const { tally } = write(chip, image);
    expect(wearOf(tally).sum).toBe(1);
    expect(readBack(chip.boot(), 1900)).toEqual(image);
  });

  test('a read-only device is refused', () => {
    const chip = chipOf({ ...info, flags: [] });
    expect(refusal(() => write(chip, image)).code).toBe('EROFS');
  });
});

describe('erase commands', () => {
  const serial = {
    ...NOR,
    size: 8192,
    erasesize: 256,
    eraseRegions: [{ offset: 0, erasesize: 256, blocks: 32 }],
  };
  const erasesOf = (bytes: number, kept: readonly number[] = []): [number, number][] => {
    const image = imageOf(bytes);
    const held = zeros(8192);
    for (const block of kept) held.set(image.subarray(block * 256, (block + 1) * 256), block * 256);
    const chip = chipOf(serial, [], { held });
    const { tally, blocks } = write(chip, image, { eraseSizes: [256, 1024, 4096] });
    expect(chip.cells.view(0, bytes)).toEqual(image);
    expect(wearOf(tally)).toEqual({ max: 1, sum: blocks - kept.length });
    return [...tally.erases].sort(([a], [b]) => a - b);
  };

  test.each([
    ['all of one', 4096, [], [[4096, 1]]],
    [
      'the largest that fit, then smaller ones',
      4096 + 1024 + 512,
      [],
      [
        [256, 2],
        [1024, 1],
        [4096, 1],
      ],
    ],
    [
      'none over a block that is kept',
      4096,
      [5],
      [
        [256, 3],
        [1024, 3],
      ],
    ],
    ['none beyond the image', 3900, [], [[4096, 1]]],
    [
      'none beyond the image',
      3800,
      [],
      [
        [256, 3],
        [1024, 3],
      ],
    ],
    [
      'small ones up to where a large one is aligned',
      4096,
      [0],
      [
        [256, 3],
        [1024, 3],
      ],
    ],
  ] as const)('%s: %d bytes, blocks %j kept', (_what, bytes, kept, expected) => {
    expect(erasesOf(bytes, kept)).toEqual(expected);
  });

  test('never join blocks of different sizes', () => {
    const chip = chipOf(NOR, [], { held: zeros(4096) });
    const { tally } = write(chip, imageOf(4096), { eraseSizes: [256, 1024, 2048, 4096] });
    expect([...tally.erases]).toEqual([
      [1024, 2],
      [2048, 1],
    ]);
  });
});

describe('RAM, where a write needs no erase', () => {
  test('is written as it is, with units of ones', () => {
    const info = {
      ...NOR,
      type: 'ram',
      flags: ['writeable', 'bit_writeable', 'no_erase'],
    } as const;
    const cells = new MemoryCells(memoryContents(zeros(4096)));
    const image = imageOf(1500);
    const { tally, verify } = writeImage(
      new LinearDevice(info, MEMORY_BUS, cells),
      memoryContents(image),
    );
    expect(verify).toBe('right');
    expect(cells.view(0, 1500)).toEqual(image);
    expect(tally).toMatchObject({ blankUnits: 0, blocksBlank: tally.blocksProgrammed });
    expect(wearOf(tally).sum).toBe(0);
  });
});

describe('NOR that fails', () => {
  const image = imageOf(1900);

  test('a program that keeps failing is given up after three tries', () => {
    const chip = chipOf(NOR, [{ kind: 'weak_page', page: 40, programs: 0 }]);
    const error = refusal(() => write(chip, image));
    expect(error.code).toBe('EIO');
    expect(error.message).toMatch(
      /^nor: block at 0 cannot be written after 3 tries: nor: program failed: page 40 /,
    );
    expect(chip.cells.injected.weak_page).toBe(3);
  });

  test('a bit that has flipped since is put right by an erase', () => {
    const chip = chipOf(NOR, [{ kind: 'cell', offset: 3, bit: 0 }]);
    const { tally, verify } = write(
      chip,
      image.map((byte, i) => (i === 3 ? 0xff : byte)),
    );
    expect(verify).toBe('right');
    expect(wearOf(tally)).toEqual({ max: 1, sum: 1 });
  });

  test('a stuck bit cannot be written over', () => {
    const chip = chipOf(NOR, [{ kind: 'stuck_bit', offset: 5, bit: 0, value: 1 }]);
    const error = refusal(() => write(chip, zeros(100)));
    expect(error.message).toBe(
      'nor: block at 0 cannot be written after 3 tries: nor: block at 0 reads back other bytes than were written',
    );
  });

  test('a read that fails during verify costs a retry, no more', () => {
    // Five blocks are compared, then the first is read back.
    const chip = chipOf(NOR, [{ kind: 'read_error', nth: 6 }]);
    const { tally, verify } = write(chip, image);
    expect([verify, tally.retries, tally.wear.get(0)]).toEqual(['right', 1, 1]);
  });
});

describe('NAND that fails', () => {
  const image = imageOf(1900);

  test('bad blocks are passed over', () => {
    const bad = [0, 2].map((block): FlashFault => ({
      kind: 'bad_block',
      block,
      origin: 'factory',
    }));
    const chip = chipOf(NAND, bad);
    const { badBlocks, end, tally } = write(chip, image);
    expect(badBlocks).toEqual([0, 1024]);
    expect(end).toBe(6 * 512);
    expect(tally).toMatchObject({ markedBad: [], retries: 0 });
    expect(readBack(chip.boot(), 1900)).toEqual(image);
    expect(chip.cells.injected.bad_block).toBe(0);
    expect(chip.cells.view(512, 512)).toEqual(image.subarray(0, 512));
  });

  test.each([
    ['program', undefined],
    ['erase', zeros(NAND.size)],
  ] as const)(
    'a block that fails to %s is marked bad, and its piece goes into the next one',
    (operation, held) => {
      const grown: FlashFault = { kind: 'bad_block', block: 1, origin: 'grown', operation };
      const chip = chipOf(NAND, [grown], held === undefined ? {} : { held });
      const { badBlocks, end, tally } = write(chip, image);
      expect(tally.markedBad).toEqual([512]);
      expect(badBlocks).toEqual([512]);
      expect(end).toBe(5 * 512);
      expect(chip.boot().blockIsBad(512)).toBe(true);
      expect(readBack(chip.boot(), 1900)).toEqual(image);
      expect(write(chip, image).tally.blocksKept).toBe(4);
    },
  );

  test('good blocks that run out are named', () => {
    const grown = [0, 3, 5, 6, 7].map((block): FlashFault => ({
      kind: 'bad_block',
      block,
      origin: 'grown',
      operation: 'program',
    }));
    const error = refusal(() => write(chipOf(NAND, grown), image));
    expect(error.code).toBe('ENOSPC');
    expect(error.message).toBe(
      'nand: an image of 1900 bytes needs 1 more good block than the 3 that the device has (of 512 bytes each) besides 5 bad ones',
    );
  });

  test('much for ECC to do: the block is written anew', () => {
    const cells = [1, 9].map((offset): FlashFault => ({ kind: 'cell', offset, bit: 2 }));
    const chip = chipOf(NAND, cells, { held: image });
    const { tally, verify } = write(chip, image);
    expect([verify, [...tally.wear]]).toEqual(['right', [[0, 1]]]);
  });

  test('and reported when that does not help', () => {
    const stuck = [1, 9].map((offset): FlashFault => ({
      kind: 'stuck_bit',
      offset,
      bit: 2,
      value: 0,
    }));
    const all = zeros(1900).fill(0xf7);
    const { tally, verify, wornBlocks } = write(chipOf(NAND, stuck), all);
    expect([verify, wornBlocks, tally.refreshed]).toEqual(['worn', [0], 1]);
  });

  test('what ECC cannot put right is a bad block', () => {
    const stuck = [1, 9, 17].map((offset): FlashFault => ({
      kind: 'stuck_bit',
      offset,
      bit: 2,
      value: 0,
    }));
    const chip = chipOf(NAND, stuck);
    const { tally, badBlocks } = write(chip, zeros(1900).fill(0xf7));
    expect([badBlocks, tally.retries]).toEqual([[0], 2]);
    expect(readBack(chip.boot(), 1900)).toEqual(zeros(1900).fill(0xf7));
  });
});
