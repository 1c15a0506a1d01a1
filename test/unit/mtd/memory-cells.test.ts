import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import type { FlashContents } from '../../../src/mtd/contents.ts';
import { ERASED_CONTENTS, MemoryCells } from '../../../src/mtd/memory-cells.ts';

const own = (): Uint8Array => Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
const TIB = 2 ** 40;

describe('unchanged', () => {
  test('views share memory with the contents, and reads are views without flips', () => {
    const bytes = own();
    const cells = new MemoryCells(memoryContents(bytes));
    const view = cells.view(4000, 5000);
    expect(view.buffer).toBe(bytes.buffer);
    expect(view.byteOffset).toBe(4000);
    expect(cells.read(1, 2)).toEqual({
      bytes: bytes.subarray(1, 3),
      flips: [],
      delayNanoseconds: 0,
    });
    expect(cells.isPerfect).toBe(true);
    expect(cells.changedBytes).toBe(0);
  });

  test('behind the contents cells are erased', () => {
    const cells = new MemoryCells(memoryContents(Uint8Array.of(1, 2)), 5);
    expect(cells.view(1, 4)).toEqual(Uint8Array.of(2, 255, 255, 255));
    expect(cells.view(3, 2)).toEqual(Uint8Array.of(255, 255));
    expect(new MemoryCells(ERASED_CONTENTS, 3).view(0, 3)).toEqual(Uint8Array.of(255, 255, 255));
  });

  test('contents that do not fit are refused', () => {
    expect(() => new MemoryCells(memoryContents(own()), 9999, 'chip')).toThrow(
      new AxfsError('EFBIG', 'chip: contents of 10000 bytes do not fit in 9999 bytes'),
    );
  });
});

describe('changed', () => {
  test('programming clears bits, in the cells alone', () => {
    const bytes = own();
    const cells = new MemoryCells(memoryContents(bytes));
    cells.program(4095, Uint8Array.of(0xf0, 0x0f));
    expect(cells.view(4095, 2)).toEqual(Uint8Array.of(bytes[4095]! & 0xf0, bytes[4096]! & 0x0f));
    expect(bytes).toEqual(own());
  });

  test('a page stays one view of one piece of memory', () => {
    const cells = new MemoryCells(memoryContents(own()));
    cells.program(0, Uint8Array.of(0));
    const page = cells.view(0, 4096);
    cells.program(7, Uint8Array.of(0));
    expect(page[7]).toBe(0);
    expect(cells.view(0, 4096).buffer).toBe(page.buffer);
  });

  test('pages that nobody changed still share memory with the contents', () => {
    const bytes = own();
    const cells = new MemoryCells(memoryContents(bytes));
    cells.program(0, Uint8Array.of(0));
    expect(cells.view(4096, 4096).buffer).toBe(bytes.buffer);
    expect(cells.changedBytes).toBe(4096);
  });

  test('erased pages take no memory, and can be programmed each for itself', () => {
    const cells = new MemoryCells(memoryContents(own()));
    cells.erase(0, 8192);
    expect(cells.changedBytes).toBe(0);
    cells.program(0, Uint8Array.of(1));
    expect(cells.view(0, 1)).toEqual(Uint8Array.of(1));
    expect(cells.view(4096, 1)).toEqual(Uint8Array.of(255));
    expect(cells.view(8191, 2)).toEqual(Uint8Array.of(255, own()[8192]!));
  });

  test('any bytes can be erased', () => {
    const cells = new MemoryCells(memoryContents(own()));
    cells.erase(4090, 10);
    expect(cells.view(4089, 12)).toEqual(
      Uint8Array.of(own()[4089]!, ...new Array<number>(10).fill(255), own()[4100]!),
    );
    cells.erase(3, 0);
    expect(cells.view(3, 1)).toEqual(Uint8Array.of(3));
  });
});

describe('huge', () => {
  const asked: [number, number][] = [];
  const sparse: FlashContents = {
    size: TIB,
    view: (offset, length) => {
      asked.push([offset, length]);
      return new Uint8Array(length).fill(offset > 2 ** 32 ? 0x7f : 0x3f);
    },
  };

  test('contents are asked for what is needed, page by page', () => {
    const cells = new MemoryCells(sparse, 2 * TIB);
    cells.program(2 ** 33 + 5, Uint8Array.of(0xfe));
    expect(cells.view(2 ** 33 + 4, 3)).toEqual(Uint8Array.of(0x7f, 0x7e, 0x7f));
    expect(asked).toEqual([[2 ** 33, 4096]]);
    expect(cells.view(5, 1)).toEqual(Uint8Array.of(0x3f));
  });

  test('erasing cells that nothing was in takes nothing, however many', () => {
    const cells = new MemoryCells(ERASED_CONTENTS, 4 * TIB);
    cells.program(3 * TIB, Uint8Array.of(0));
    cells.erase(TIB, 3 * TIB);
    expect(cells.changedBytes).toBe(0);
    expect(cells.view(3 * TIB, 1)).toEqual(Uint8Array.of(255));
  });
});
