/**
 * SFDP: what a serial NOR flash says of itself (JEDEC JESD216, basic flash parameter table). Density, erase
 * types, program and erase times and the fast reads are in it; a clock is not.
 *
 * @module
 */
import { floorShift, lowBits } from '../base/bits.ts';
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';

/** Signature, revision and one parameter header are this long; each further header adds as much as a header. */
const HEADER_BYTES = 8;
const DWORD_BYTES = 4;
const BASIC_TABLE_ID = 0xff00;
/** The first edition of the standard has nine dwords in the table, without times. */
const FIRST_EDITION_DWORDS = 9;
const TIMES_DWORDS = 11;

/** Reads other than on one line, as command-address-data lines. */
export const FAST_READS = ['1-1-2', '1-2-2', '1-1-4', '1-4-4', '2-2-2', '4-4-4'] as const;
/** One of {@link FAST_READS}. */
export type FastReadName = (typeof FAST_READS)[number];

/** A fast read. */
export interface FastRead {
  readonly opcode: number;
  readonly modeClocks: number;
  readonly dummyClocks: number;
}

/** An erase type; times in ns, undefined in tables of the first edition. */
export interface EraseType {
  readonly bytes: number;
  readonly opcode: number;
  readonly typical?: number;
  readonly most?: number;
}

/** Times of the table in ns. */
export interface SfdpTimes {
  readonly pageProgram: number;
  readonly pageProgramMax: number;
  readonly chipErase: number;
}

/** What the basic flash parameter table says. */
export interface Sfdp {
  /** Revision of the table, major and minor. */
  readonly revision: readonly [number, number];
  /** Bytes of the chip. */
  readonly density: number;
  /** Address bytes a command takes. */
  readonly addressing: '3' | '3-or-4' | '4';
  /** Fast reads with both clock edges are there, too. */
  readonly dtr: boolean;
  readonly fastReads: Readonly<Partial<Record<FastReadName, FastRead>>>;
  /** Reads that continue without a command (0-4-4); undefined where the table does not say. */
  readonly continuous: boolean | undefined;
  readonly eraseTypes: readonly EraseType[];
  /** Bytes of a page; undefined in tables of the first edition. */
  readonly pageBytes: number | undefined;
  readonly times: SfdpTimes | undefined;
  /** Most ns until a suspended program or erase lets the array be read; undefined: no suspend, or not said. */
  readonly suspend: { readonly program: number; readonly erase: number } | undefined;
  /** Ns from deep power-down; undefined: no deep power-down, or not said. */
  readonly wake: number | undefined;
  /** Quad enable requirement, 0 … 7; undefined where the table does not say. */
  readonly quadEnable: number | undefined;
  /** Ways into 4-byte addressing, a bit each, as in DWORD 16; undefined where the table does not say. */
  readonly enter4Byte: number | undefined;
}

/** Where each fast read stands: DWORD and bit of its support, DWORD and lowest bit of its clocks and opcode. */
const FAST_READ_FIELDS: Readonly<
  Record<
    FastReadName,
    { readonly supported: readonly [number, number]; readonly at: readonly [number, number] }
  >
> = {
  '1-1-2': { supported: [1, 16], at: [4, 0] },
  '1-2-2': { supported: [1, 20], at: [4, 16] },
  '1-1-4': { supported: [1, 22], at: [3, 16] },
  '1-4-4': { supported: [1, 21], at: [3, 0] },
  '2-2-2': { supported: [5, 0], at: [6, 16] },
  '4-4-4': { supported: [5, 4], at: [7, 16] },
};
/** Where an erase type stands: DWORD and lowest bit of its size, lowest bits of its count and unit in DWORD 10. */
const ERASE_FIELDS = [
  { dword: 8, at: 0, count: 4, unit: 9 },
  { dword: 8, at: 16, count: 11, unit: 16 },
  { dword: 9, at: 0, count: 18, unit: 23 },
  { dword: 9, at: 16, count: 25, unit: 30 },
] as const;

const MS = 1_000_000;
const ERASE_UNITS = [MS, 16 * MS, 128 * MS, 1000 * MS] as const;
const PROGRAM_UNITS = [8000, 64_000] as const;
const CHIP_UNITS = [16 * MS, 256 * MS, 4000 * MS, 64_000 * MS] as const;
const LATENCY_UNITS = [128, 1000, 8000, 64_000] as const;
const ADDRESSING = ['3', '3-or-4', '4'] as const;

/** Bits `[low, low + width)` of a DWORD, which the standard counts from 1. */
type Field = (dword: number, low: number, width: number) => number;
type Refuse = (where: string, what: string) => AxfsError;

function basicTable(
  bytes: Uint8Array,
  refuse: Refuse,
): { at: number; length: number; revision: [number, number] } {
  if (bytes.length < 2 * HEADER_BYTES)
    throw refuse(
      'header',
      `has ${String(bytes.length)} bytes, expected at least ${String(2 * HEADER_BYTES)}`,
    );
  const view = viewOf(bytes);
  const signature = String.fromCharCode(...bytes.subarray(0, 4));
  if (signature !== 'SFDP')
    throw refuse('header DWORD 1', `is 0x${view.getUint32(0, true).toString(16)}, expected 'SFDP'`);
  if (view.getUint8(5) !== 1)
    throw refuse('header DWORD 2', `has major revision ${String(view.getUint8(5))}, expected 1`);
  const headers = view.getUint8(6) + 1;
  for (let i = 0; i < headers; i += 1) {
    const at = HEADER_BYTES * (i + 1);
    if (at + HEADER_BYTES > bytes.length)
      throw refuse(
        `parameter header ${String(i + 1)}`,
        `is behind the ${String(bytes.length)} bytes given`,
      );
    const id = view.getUint8(at + 7) * 256 + view.getUint8(at);
    if (id !== BASIC_TABLE_ID) continue;
    return {
      at: view.getUint16(at + 4, true) + view.getUint8(at + 6) * 65536,
      length: view.getUint8(at + 3),
      revision: [view.getUint8(at + 2), view.getUint8(at + 1)],
    };
  }
  throw refuse(
    'header',
    `lists ${String(headers)} tables, expected the basic flash parameter table (FF00h)`,
  );
}

function densityOf(dword: number, refuse: Refuse): number {
  const exponent = dword - 2 ** 31;
  const bits = exponent < 0 ? dword + 1 : 2 ** exponent;
  if (!(bits % 8 === 0 && Number.isSafeInteger(bits / 8) && bits >= 8))
    throw refuse(
      'DWORD 2',
      `is a density of ${exponent < 0 ? String(bits) : `2^${String(exponent)}`} bits, expected whole bytes below 2^53`,
    );
  return bits / 8;
}

function fastReadsOf(field: Field): Sfdp['fastReads'] {
  return Object.fromEntries(
    FAST_READS.flatMap((name) => {
      const { supported, at } = FAST_READ_FIELDS[name];
      const [dword, low] = at;
      if (field(supported[0], supported[1], 1) === 0) return [];
      const read: FastRead = {
        dummyClocks: field(dword, low, 5),
        modeClocks: field(dword, low + 5, 3),
        opcode: field(dword, low + 8, 8),
      };
      return [[name, read]];
    }),
  );
}

function eraseTypesOf(
  field: Field,
  hasTimes: boolean,
  density: number,
  refuse: Refuse,
): EraseType[] {
  const types = ERASE_FIELDS.flatMap(({ dword, at, count, unit }): EraseType[] => {
    const exponent = field(dword, at, 8);
    if (exponent === 0) return [];
    const bytes = 2 ** exponent;
    if (!(bytes <= density))
      throw refuse(
        `DWORD ${String(dword)}`,
        `has an erase type of 2^${String(exponent)} bytes, expected at most the ${String(density)} of the chip`,
      );
    const opcode = field(dword, at + 8, 8);
    if (!hasTimes) return [{ bytes, opcode }];
    const typical = (field(10, count, 5) + 1) * (ERASE_UNITS[field(10, unit, 2)] ?? 0);
    return [{ bytes, opcode, typical, most: typical * 2 * (field(10, 0, 4) + 1) }];
  });
  if (types.length === 0)
    throw refuse('DWORD 8', 'and DWORD 9 have no erase type, expected at least one');
  return types;
}

function timesOf(field: Field): SfdpTimes {
  const pageProgram = (field(11, 8, 5) + 1) * (PROGRAM_UNITS[field(11, 13, 1)] ?? 0);
  return {
    pageProgram,
    pageProgramMax: pageProgram * 2 * (field(11, 0, 4) + 1),
    chipErase: (field(11, 24, 5) + 1) * (CHIP_UNITS[field(11, 29, 2)] ?? 0),
  };
}

const latency = (field: Field, dword: number, count: number, unit: number): number =>
  (field(dword, count, 5) + 1) * (LATENCY_UNITS[field(dword, unit, 2)] ?? 0);

/**
 * Reads SFDP bytes from address 0 on; `name` stands in messages.
 *
 * @throws AxfsError EINVAL naming the DWORD that is wrong.
 */
export function decodeSfdp(bytes: Uint8Array, name: string): Sfdp {
  const refuse: Refuse = (where, what) => new AxfsError('EINVAL', `${name}: SFDP ${where} ${what}`);
  const { at, length, revision } = basicTable(bytes, refuse);
  if (length < FIRST_EDITION_DWORDS)
    throw refuse(
      'parameter header',
      `gives the basic table ${String(length)} DWORDs, expected at least ${String(FIRST_EDITION_DWORDS)}`,
    );
  const end = at + length * DWORD_BYTES;
  if (end > bytes.length)
    throw refuse(
      `DWORD ${String(Math.max(1, Math.floor((bytes.length - at) / DWORD_BYTES) + 1))}`,
      `of the basic table ends behind the ${String(bytes.length)} bytes given, expected ${String(end)}`,
    );
  const view = viewOf(bytes.subarray(at, end));
  const dwordAt = (dword: number): number => view.getUint32((dword - 1) * DWORD_BYTES, true);
  const field: Field = (dword, low, width) => lowBits(floorShift(dwordAt(dword), low), width);
  const has = (dword: number): boolean => dword <= length;

  const density = densityOf(dwordAt(2), refuse);
  const addressing = ADDRESSING[field(1, 17, 2)];
  if (addressing === undefined)
    throw refuse('DWORD 1', 'has address bytes 3 (reserved), expected 0, 1 or 2');
  return {
    revision,
    density,
    addressing,
    dtr: field(1, 19, 1) === 1,
    fastReads: fastReadsOf(field),
    continuous: has(15) ? field(15, 9, 1) === 1 : undefined,
    eraseTypes: eraseTypesOf(field, has(TIMES_DWORDS), density, refuse),
    pageBytes: has(TIMES_DWORDS) ? 2 ** field(11, 4, 4) : undefined,
    times: has(TIMES_DWORDS) ? timesOf(field) : undefined,
    suspend:
      has(12) && field(12, 31, 1) === 0
        ? { program: latency(field, 12, 13, 18), erase: latency(field, 12, 24, 29) }
        : undefined,
    wake: has(14) && field(14, 31, 1) === 0 ? latency(field, 14, 8, 13) : undefined,
    quadEnable: has(15) ? field(15, 20, 3) : undefined,
    enter4Byte: has(16) ? field(16, 24, 8) : undefined,
  };
}
