import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { skipBadBlocks } from '../../../src/flash/skip-bad-blocks.ts';
import type { FlashFault } from '../../../src/mtd/faults/kinds.ts';
import { NAND, NOR, chipOf } from './small-devices.ts';

const held = Uint8Array.from({ length: NAND.size }, (_, i) => i % 251);
const bad = (...blocks: readonly number[]): FlashFault[] =>
  blocks.map((block) => ({ kind: 'bad_block', block, origin: 'factory' }));
const good = (...blocks: readonly number[]): Uint8Array =>
  Buffer.concat(blocks.map((block) => held.subarray(512 * block, 512 * (block + 1))));

describe('a NAND without its bad blocks', () => {
  test.each([
    [[], [0, 1, 2, 3, 4, 5, 6, 7]],
    [[0], [1, 2, 3, 4, 5, 6, 7]],
    [[7], [0, 1, 2, 3, 4, 5, 6]],
    [
      [1, 2, 5],
      [0, 3, 4, 6, 7],
    ],
    [[0, 1, 2, 3, 4, 5, 6, 7], []],
  ])('bad %j: holds %j', (blocks, left) => {
    const device = skipBadBlocks(chipOf(NAND, bad(...blocks), { held }).boot());
    const into = new Uint8Array(device.info.size);
    expect(device.read(0, into)).toBe('ok');
    expect(Buffer.compare(into, good(...left))).toBe(0);
    expect(device.info).toMatchObject({
      size: left.length * 512,
      eraseRegions: [{ offset: 0, erasesize: 512, blocks: left.length }],
    });
  });

  test.each([
    [0, 1],
    [500, 30],
    [511, 514],
    [1023, 1],
    [100, 0],
  ])('reads at %d, %d bytes', (from, length) => {
    const device = skipBadBlocks(chipOf(NAND, bad(1, 2), { held }).boot());
    const into = new Uint8Array(length);
    device.read(from, into);
    expect(Buffer.compare(into, good(0, 3, 4).subarray(from, from + length))).toBe(0);
  });

  test('says when ECC had much to do in any of the blocks, and leaves a failed read alone', () => {
    const cells = (...offsets: readonly number[]): FlashFault[] =>
      offsets.map((offset) => ({ kind: 'cell', offset, bit: 0 }));
    const worn = skipBadBlocks(chipOf(NAND, cells(512, 513), { held }).boot());
    expect(worn.read(0, new Uint8Array(2000))).toBe('EUCLEAN');
    expect(worn.eccStats.corrected).toBe(2);
    const broken = skipBadBlocks(chipOf(NAND, cells(512, 513, 514), { held }).boot());
    const into = new Uint8Array(600).fill(0xa5);
    expect(() => broken.read(0, into)).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
    expect(into).toEqual(new Uint8Array(600).fill(0xa5));
    expect(broken.counters.readOperations).toBeGreaterThan(0);
  });

  test('spare areas are those of the blocks behind it', () => {
    const chip = chipOf(NAND, bad(0), { held });
    chip.boot().writeOob(512 + 128, Uint8Array.of(1, 2, 3));
    const into = new Uint8Array(3);
    skipBadBlocks(chip.boot()).readOob(128, into);
    expect(into).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('a block that goes bad later stays where it is', () => {
    const chip = chipOf(NAND, [], { held });
    const below = chip.boot();
    const device = skipBadBlocks(below);
    below.blockMarkBad(0);
    const into = new Uint8Array(512);
    device.read(0, into);
    expect(Buffer.compare(into, good(0))).toBe(0);
    expect(device.blockIsBad(0)).toBe(false);
  });
});

describe('refused', () => {
  const device = skipBadBlocks(chipOf(NAND, bad(1), { held }).boot());

  test.each([
    [
      'write',
      'EROFS',
      () => {
        device.write(0, new Uint8Array(128));
      },
    ],
    [
      'erase',
      'EROFS',
      () => {
        device.erase(0, 512);
      },
    ],
    [
      'writeOob',
      'EROFS',
      () => {
        device.writeOob(0, new Uint8Array(1));
      },
    ],
    [
      'blockMarkBad',
      'EROFS',
      () => {
        device.blockMarkBad(0);
      },
    ],
    ['point', 'EOPNOTSUPP', () => device.point(0, 512)],
    ['read behind the end', 'EINVAL', () => device.read(7 * 512 - 1, new Uint8Array(2))],
    ['read before the start', 'EINVAL', () => device.read(-1, new Uint8Array(2))],
    ['a block that is not there', 'EINVAL', () => device.blockIsBad(7 * 512)],
  ])('%s: %s', (_what, code, run) => {
    expect(run).toThrow(expect.objectContaining({ code }));
    expect(device.canPoint).toBe(false);
    expect(device.info.flags).toEqual([]);
  });

  test('a device whose blocks differ', () => {
    expect(() => skipBadBlocks(chipOf(NOR).boot())).toThrow(
      new AxfsError('EINVAL', 'nor: has erase blocks of 256 bytes, expected all of 1024'),
    );
  });
});
