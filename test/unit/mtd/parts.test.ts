import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { BUS_KINDS, figureUnit, partRows, READ_ROWS, requireRow } from '../../../src/mtd/part.ts';
import {
  eraseRegions,
  MTD_PART_NAMES,
  MTD_PARTS,
  partNamed,
  smallestDeviceSize,
} from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';

const { p30 } = MTD_PARTS;
const MIB = 1024 * 1024;
const PARTS = Object.entries<MtdPart>(MTD_PARTS);

describe('every part', () => {
  test.each(PARTS)('%s is a row under its own name', (name, part) => {
    expect(part.name).toBe(name);
    expect(part.title).not.toBe('');
    expect(Math.log2(part.smallestSize.value) % 1).toBe(0);
    expect(part.smallestSize.value % part.erasesize.value).toBe(0);
    expect(part.erasesize.value % part.writesize.value).toBe(0);
  });

  test.each(PARTS)(
    '%s: each row has the unit of its figure, a status and a source',
    (_name, part) => {
      for (const { name, row } of partRows(part)) {
        expect([name, row.unit]).toEqual([name, figureUnit(name) ?? 'bytes']);
        expect(row.source.length).toBeGreaterThan(10);
        expect(row.source).not.toContain('\n');
        if (row.value === null) expect(row.status).toBe('unsourced');
        else {
          expect(Number.isFinite(row.value) && row.value >= 0).toBe(true);
          expect(['measured', 'derived', 'assumed']).toContain(row.status);
        }
      }
    },
  );

  test.each(PARTS)(
    '%s has the read rows of its bus, with or without value, and no others',
    (_name, part) => {
      const { required, optional } = READ_ROWS[part.bus];
      const given = Object.keys(part.figures).filter((name) => name.startsWith('read.'));
      expect(given).toEqual(expect.arrayContaining([...required]));
      expect([...required, ...optional]).toEqual(expect.arrayContaining(given));
    },
  );

  test('all kinds of buses are there', () => {
    expect(new Set(PARTS.map(([, { bus }]) => bus))).toEqual(new Set(BUS_KINDS));
  });

  test('a NAND and a block device have no window', () => {
    for (const [, part] of PARTS)
      expect(part.mapped).toBe(part.bus !== 'nand' && part.bus !== 'managed');
  });
});

describe('requireRow', () => {
  test('gives a row that has a value', () => {
    expect(requireRow(p30, 'read.firstAccess', 'a test').value).toBe(85);
  });

  test('names part, row, what is missing and who needs it', () => {
    expect(() => requireRow(p30, 'erase.131072', 'pricing of erases')).toThrow(
      new AxfsError(
        'EINVAL',
        "part p30: 'erase.131072' is unsourced (Intel/Numonyx StrataFlash P30 (130 nm) data sheet 306666-12: block erase times, page not read), expected a value: pricing of erases needs it",
      ),
    );
  });

  test('names a row that the part does not have', () => {
    expect(() => requireRow(p30, 'read.array', 'pricing of reads')).toThrow(
      new AxfsError('EINVAL', "part p30 has no row 'read.array', which pricing of reads needs"),
    );
  });
});

describe('partNamed', () => {
  test.each(MTD_PART_NAMES)('knows %s', (name) => {
    expect(partNamed(name)).toBe(MTD_PARTS[name]);
  });

  test.each([
    ['p3', 'p30'],
    ['P33', 'p33'],
    ['qspi104', 'qspi-104'],
    ['w25q512', 'w25q512jv'],
    ['hyperflash', 'hyperflash-166'],
    ['emmc-hs40', 'emmc-hs400'],
  ])('%s: suggests %s', (name, suggested) => {
    expect(() => partNamed(name)).toThrow(
      new AxfsError(
        'EINVAL',
        `flash part is '${name}', expected one of ${String(MTD_PART_NAMES.length)} known parts, e.g. '${suggested}'`,
      ),
    );
  });

  test.each(['', 'toString', 'constructor', '__proto__'])('does not know %j', (name) => {
    expect(() => partNamed(name)).toThrow(AxfsError);
  });
});

describe('smallestDeviceSize', () => {
  test.each([
    [0, 8 * MIB],
    [1, 8 * MIB],
    [8 * MIB, 8 * MIB],
    [8 * MIB + 1, 16 * MIB],
    [33 * MIB, 64 * MIB],
    [2 ** 31, 2 ** 31],
    [2 ** 31 + 1, 2 ** 32],
    [2 ** 32 + 1, 2 ** 33],
  ])('%d bytes need %d', (bytes, size) => {
    expect(smallestDeviceSize(p30, bytes)).toBe(size);
  });
});

describe('eraseRegions', () => {
  test.each(PARTS)('%s: tile devices of every size exactly', (_name, part) => {
    for (const factor of [1, 2, 2 ** 9]) {
      const size = part.smallestSize.value * factor;
      let end = 0;
      for (const region of eraseRegions(part, size)) {
        expect(region.offset).toBe(end);
        expect(Number.isSafeInteger(region.blocks)).toBe(true);
        expect(region.blocks).toBeGreaterThan(0);
        end += region.blocks * region.erasesize;
      }
      expect(end).toBe(size);
    }
  });

  test('p30, 8 MiB: 4 x 32 KiB, then 63 x 128 KiB', () => {
    expect(eraseRegions(p30, 8 * MIB)).toEqual([
      { offset: 0, erasesize: 32768, blocks: 4 },
      { offset: 131072, erasesize: 131072, blocks: 63 },
    ]);
  });

  test('a part with one size of blocks has one region', () => {
    expect(eraseRegions(MTD_PARTS.m18, 32 * MIB)).toEqual([
      { offset: 0, erasesize: 262144, blocks: 128 },
    ]);
  });
});
