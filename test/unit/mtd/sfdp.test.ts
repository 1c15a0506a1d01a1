import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { sourcedRow } from '../../../src/mtd/part.ts';
import type { FigureName } from '../../../src/mtd/part.ts';
import { transferNanoseconds } from '../../../src/mtd/part-timing.ts';
import { flashParameters, MTD_PARTS } from '../../../src/mtd/parts.ts';
import { decodeSfdp } from '../../../src/mtd/sfdp.ts';
import { partFromSfdp } from '../../../src/mtd/sfdp-part.ts';

const MIB = 1024 * 1024;
const MS = 1_000_000;

/** Bytes in hexadecimal at their addresses, FFh between them. */
function image(pieces: Readonly<Record<number, string>>): Uint8Array {
  const bytes = new Uint8Array(256).fill(0xff);
  for (const [at, hex] of Object.entries(pieces))
    bytes.set(
      hex
        .split(' ')
        .flatMap((word) => [...word.matchAll(/../g)].map(([byte]) => parseInt(byte, 16))),
      Number(at),
    );
  return bytes;
}

/** The chips' own bytes, as in QEMU's hw/block/m25p80_sfdp.c (commit 062cfce8d4c0): headers, basic table. */
const CHIPS = {
  w25q512jv: image({
    0x00: '53464450060101ff 00060110800000ff 84000102d00000ff 03000102f00000ff',
    0x80: 'e520fbffffffff1f 44eb086b083b42bb feffffffffff0000 ffff40eb0c200f52 10d800003602a600 82ea14e2e9637633 7a757a75f7a2d55c 19f74dffe970f9a5',
  }),
  mx66l1g45g: image({
    0x00: '53464450060102ff 00060110300000ff c2000104100100ff 84000102c00000ff',
    0x30: 'e520fbffffffff3f 44eb086b083b04bb feffffffffff00ff ffff44eb0c200f52 10d800ffd649c500 85df04e344036738 30b030b0f7bdd55c 4a9e29fff050f985',
  }),
  is25wp256: image({
    0x00: '53464450060101ff 00060110300000ff 9d05010380000002',
    0x30: 'e520f9ffffffff0f 44eb086b083b80bb feffffffffff00ff ffff44eb0c200f52 10d800ff234ac900 82d811cecccd6846 7a757a75f7aed55c 4a422cfff030faa9',
  }),
  mt35xu01g: image({
    0x00: '53464450060101ff 00060110300000ff 84000102800000ff',
    0x30: 'e5208affffffff3f 0000000000000000 eeffffffffff0000 ffff00000c2011d8 0f520000245a9900 8b8e03e1ac012738 7a757a75fbbdd55c 000070ff81b03836',
  }),
  n25q256a: image({
    0x00: '53464450000100ff 00000109300000ff',
    0x30: 'e520fbffffffff0f 29eb276b083b27bb ffffffffffff27bb ffff29eb0c2010d8 00000000',
  }),
} as const;
type Chip = keyof typeof CHIPS;

describe('chips: times as their tables give them', () => {
  test.each([
    [
      'w25q512jv',
      64,
      [704, 4224],
      { 4096: [64, 896], 32768: [128, 1792], 65536: [160, 2240] },
      192,
    ],
    [
      'mx66l1g45g',
      128,
      [256, 3072],
      { 4096: [30, 420], 32768: [160, 2240], 65536: [288, 4032] },
      256,
    ],
    ['is25wp256', 32, [200, 1200], { 4096: [48, 384], 32768: [160, 1280], 65536: [304, 2432] }, 60],
    [
      'mt35xu01g',
      128,
      [120, 2880],
      { 4096: [48, 480], 32768: [112, 1120], 131072: [192, 1920] },
      128,
    ],
  ] as const)('%s: %d MiB', (chip, mib, [typical, most], erases, chipErase) => {
    const sfdp = decodeSfdp(CHIPS[chip], chip);
    expect(sfdp.density).toBe(mib * MIB);
    expect(sfdp.revision).toEqual([1, 6]);
    expect(sfdp.pageBytes).toBe(256);
    expect(sfdp.times).toEqual({
      pageProgram: typical * 1000,
      pageProgramMax: most * 1000,
      chipErase: chipErase * 1000 * MS,
    });
    expect(
      Object.fromEntries(
        sfdp.eraseTypes.map((type) => [type.bytes, [type.typical! / MS, type.most! / MS]]),
      ),
    ).toEqual(erases);
    expect(sfdp.dtr).toBe(true);
    // The ISSI table says 3 although the chip takes 4, which Linux puts right (drivers/mtd/spi-nor/issi.c).
    expect(sfdp.addressing).toBe(chip === 'is25wp256' ? '3' : '3-or-4');
  });

  test.each(['w25q512jv', 'mx66l1g45g', 'is25wp256'] as const)(
    '%s: quad read EBh with 2 mode and 4 dummy clocks, 6Bh with 8 dummies, continued without a command',
    (chip) => {
      const { fastReads, continuous } = decodeSfdp(CHIPS[chip], chip);
      expect(fastReads['1-4-4']).toEqual({ opcode: 0xeb, modeClocks: 2, dummyClocks: 4 });
      expect(fastReads['1-1-4']).toEqual({ opcode: 0x6b, modeClocks: 0, dummyClocks: 8 });
      expect(fastReads['1-1-2']).toEqual({ opcode: 0x3b, modeClocks: 0, dummyClocks: 8 });
      expect(continuous).toBe(true);
    },
  );

  test('w25q512jv: all fields', () => {
    expect(decodeSfdp(CHIPS.w25q512jv, 'w25q512jv')).toMatchObject({
      fastReads: {
        '1-2-2': { opcode: 0xbb, modeClocks: 2, dummyClocks: 2 },
        '4-4-4': { opcode: 0xeb, modeClocks: 2, dummyClocks: 0 },
      },
      eraseTypes: [{ opcode: 0x20 }, { opcode: 0x52 }, { opcode: 0xd8 }],
      quadEnable: 4,
      enter4Byte: 0xa5,
      suspend: { program: 20_000, erase: 20_000 },
      wake: 3000,
    });
  });

  test('mx66l1g45g: suspends within 25 us, wakes in 30 us, quad enable is bit 6', () => {
    expect(decodeSfdp(CHIPS.mx66l1g45g, 'mx66l1g45g')).toMatchObject({
      quadEnable: 2,
      suspend: { program: 25_000, erase: 25_000 },
      wake: 30_000,
    });
  });

  test('mt35xu01g: the basic table lists no read on several lines', () => {
    const { fastReads, eraseTypes } = decodeSfdp(CHIPS.mt35xu01g, 'mt35xu01g');
    expect(fastReads).toEqual({});
    expect(eraseTypes.map(({ opcode }) => opcode)).toEqual([0x20, 0xd8, 0x52]);
  });

  test('n25q256a: a table of the first edition, without times', () => {
    expect(decodeSfdp(CHIPS.n25q256a, 'n25q256a')).toEqual({
      revision: [1, 0],
      density: 32 * MIB,
      addressing: '3-or-4',
      dtr: true,
      fastReads: {
        '1-1-2': { opcode: 0x3b, modeClocks: 0, dummyClocks: 8 },
        '1-2-2': { opcode: 0xbb, modeClocks: 1, dummyClocks: 7 },
        '1-1-4': { opcode: 0x6b, modeClocks: 1, dummyClocks: 7 },
        '1-4-4': { opcode: 0xeb, modeClocks: 1, dummyClocks: 9 },
        '2-2-2': { opcode: 0xbb, modeClocks: 1, dummyClocks: 7 },
        '4-4-4': { opcode: 0xeb, modeClocks: 1, dummyClocks: 9 },
      },
      eraseTypes: [
        { bytes: 4096, opcode: 0x20 },
        { bytes: 65536, opcode: 0xd8 },
      ],
      continuous: undefined,
      pageBytes: undefined,
      times: undefined,
      suspend: undefined,
      wake: undefined,
      quadEnable: undefined,
      enter4Byte: undefined,
    });
  });
});

describe('partFromSfdp', () => {
  const TIMES: readonly FigureName[] = [
    'writebufsize',
    'program.page',
    'program.pageMax',
    'erase.4096',
    'eraseMax.4096',
    'erase.32768',
    'eraseMax.32768',
    'erase.65536',
    'erase.131072',
    'erase.chip',
  ];

  test.each([
    ['w25q512jv', 'w25q512jv'],
    ['mx66l1g45g', 'mx66l1g45g'],
    ['is25wp256', 'is25wp256'],
    ['mt35xu01g', 'octal-200'],
  ] as const)('%s: the numbers of the preset %s', (chip, preset) => {
    const part = partFromSfdp(CHIPS[chip], chip);
    const known = MTD_PARTS[preset];
    expect(part.smallestSize.value).toBe(known.smallestSize.value);
    expect(part.erasesize.value).toBe(known.erasesize.value);
    for (const name of TIMES)
      expect([name, sourcedRow(part, name)?.value]).toEqual([name, sourcedRow(known, name)?.value]);
  });

  test('w25q512jv at 133 MHz is priced as the preset', () => {
    const part = partFromSfdp(CHIPS.w25q512jv, 'chip', { megahertz: 133 });
    for (const bytes of [1, 32, 4096])
      expect(transferNanoseconds(part, bytes)).toBe(
        transferNanoseconds(MTD_PARTS.w25q512jv, bytes),
      );
  });

  test.each([
    [{ read: '1-1-1' }, 8 + 24 + 8, 8],
    [{ read: '1-1-2' }, 8 + 24 + 8, 4],
    [{ read: '1-2-2' }, 8 + 12 + 4, 4],
    [{ read: '1-1-4' }, 8 + 24 + 8, 2],
    [{ read: '1-4-4' }, 8 + 6 + 6, 2],
    [{ read: '4-4-4' }, 2 + 6 + 2, 2],
    [{ addressBytes: 4 }, 8 + 8 + 6, 2],
  ] as const)('w25q512jv %j: %d clocks, then %d a byte', (options, clocks, perByte) => {
    const part = partFromSfdp(CHIPS.w25q512jv, 'chip', { megahertz: 100, ...options });
    expect(transferNanoseconds(part, 32)).toBeCloseTo((clocks + 32 * perByte) * 10, 6);
  });

  test('a continued read leaves the command out', () => {
    const part = partFromSfdp(CHIPS.mx66l1g45g, 'chip', { megahertz: 100, continuous: true });
    expect(transferNanoseconds(part, 32, 'continuous')).toBeCloseTo((12 + 64) * 10, 6);
    expect(sourcedRow(partFromSfdp(CHIPS.mx66l1g45g, 'chip'), 'read.resumeClocks')).toBeUndefined();
  });

  test('without a clock it cannot be priced, and says why', () => {
    expect(() => flashParameters(partFromSfdp(CHIPS.is25wp256, 'chip'))).toThrow(
      new AxfsError(
        'EINVAL',
        "part chip: 'read.clock' is unsourced (chip: the clock of the bus, which SFDP does not give), expected a value: pricing of reads needs it",
      ),
    );
  });

  test('the first edition has no times, which the rows say', () => {
    const part = partFromSfdp(CHIPS.n25q256a, 'chip');
    expect(part.figures['erase.65536']).toMatchObject({ value: null, status: 'unsourced' });
    expect(part.figures['program.page']).toMatchObject({ value: null });
  });

  test.each([0, -1, NaN, Infinity])('a clock of %d MHz is refused', (megahertz) => {
    expect(() => partFromSfdp(CHIPS.w25q512jv, 'chip', { megahertz })).toThrow(
      new AxfsError('EINVAL', `chip: clock is ${String(megahertz)} MHz, expected more than 0`),
    );
  });

  test('a read that the chip does not list is refused', () => {
    expect(() => partFromSfdp(CHIPS.mt35xu01g, 'chip', { read: '1-4-4' })).toThrow(
      new AxfsError('EINVAL', "chip: read is '1-4-4', expected one of 1-1-1"),
    );
  });
});

describe('malformed bytes', () => {
  /** The chip's bytes with some of them changed. */
  const changed = (chip: Chip, at: number, hex: string): Uint8Array => {
    const bytes = CHIPS[chip].slice();
    bytes.set(
      [...hex.matchAll(/../g)].map(([byte]) => parseInt(byte, 16)),
      at,
    );
    return bytes;
  };
  const refused = (bytes: Uint8Array, message: string): void => {
    expect(() => decodeSfdp(bytes, 'chip')).toThrow(
      new AxfsError('EINVAL', `chip: SFDP ${message}`),
    );
  };

  test.each([
    ['nothing', new Uint8Array(0), 'header has 0 bytes, expected at least 16'],
    [
      'an erased chip',
      new Uint8Array(256).fill(0xff),
      "header DWORD 1 is 0xffffffff, expected 'SFDP'",
    ],
    [
      'another major revision',
      changed('w25q512jv', 5, '02'),
      'header DWORD 2 has major revision 2, expected 1',
    ],
    [
      'no basic table',
      changed('w25q512jv', 0x0f, '00').slice(0, 16),
      'parameter header 2 is behind the 16 bytes given',
    ],
    [
      'other tables only',
      changed('mt35xu01g', 0x08, '85'),
      'header lists 2 tables, expected the basic flash parameter table (FF00h)',
    ],
    [
      'a short table',
      changed('w25q512jv', 0x0b, '08'),
      'parameter header gives the basic table 8 DWORDs, expected at least 9',
    ],
    [
      'a table cut off',
      CHIPS.w25q512jv.slice(0, 0x80 + 9),
      'DWORD 3 of the basic table ends behind the 137 bytes given, expected 192',
    ],
    [
      'a table behind the end',
      changed('w25q512jv', 0x0c, '000001'),
      'DWORD 1 of the basic table ends behind the 256 bytes given, expected 65600',
    ],
    [
      'reserved address bytes',
      changed('w25q512jv', 0x82, 'ff'),
      'DWORD 1 has address bytes 3 (reserved), expected 0, 1 or 2',
    ],
    [
      'a density of half a byte',
      changed('w25q512jv', 0x84, '03000000'),
      'DWORD 2 is a density of 4 bits, expected whole bytes below 2^53',
    ],
    [
      'a density of 2^60 bits',
      changed('w25q512jv', 0x84, '3c000080'),
      'DWORD 2 is a density of 2^60 bits, expected whole bytes below 2^53',
    ],
    [
      'an erase type larger than the chip',
      changed('w25q512jv', 0x9e, '28'),
      'DWORD 8 has an erase type of 2^40 bytes, expected at most the 67108864 of the chip',
    ],
    [
      'no erase type',
      changed('w25q512jv', 0x9c, '0000000000000000'),
      'DWORD 8 and DWORD 9 have no erase type, expected at least one',
    ],
  ] as const)('%s', (_what, bytes, message) => {
    refused(bytes, message);
  });

  test('a density above 2 Gbit is a power of two', () => {
    expect(decodeSfdp(changed('w25q512jv', 0x84, '24000080'), 'chip').density).toBe(2 ** 33);
  });

  test('any bytes give a part or a message of one line', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(CHIPS) as Chip[])),
        fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 12 }),
        fc.nat(256),
        (chip, changes, length) => {
          const bytes = CHIPS[chip].slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            const { density, eraseTypes } = decodeSfdp(bytes.subarray(0, length), 'chip');
            expect(Number.isSafeInteger(density) && density > 0).toBe(true);
            expect(eraseTypes.length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(AxfsError);
            expect((error as AxfsError).message).toMatch(/^chip: SFDP [^\n]+$/);
          }
        },
      ),
    );
  });
});
