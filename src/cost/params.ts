/**
 * Prices of what a CPU does, as rows with unit, source and standing. Work is counted in instructions, as
 * a real kernel with the original driver was measured; presets in nanoseconds convert instructions by a
 * clock and a number of cycles per instruction, which are rows too.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork, DeviceRole } from '../base/events.ts';
import { parameter } from '../base/parameter.ts';
import type { NamedParameter, Parameter } from '../base/parameter.ts';

/** What a total is measured in. */
export type CostUnit = 'instructions' | 'ns';

const MEASURED =
  'instruction counts of Linux 6.1.192 (x86_64) with the original AXFS driver, in an emulated PC';
const REPLAY = `${MEASURED}, replaying the armhf root filesystem's trace`;
const EARLY_DECOMPRESSOR =
  'gzip rate of the boot-time decompressor on an AT91SAM9263 (linux-arm-kernel, 2012-02-16; early caches, so on the slow side)';
/** Mean stored size of a 4 KiB page of the profiled ARM root filesystem, bytes. */
const MEAN_STORED = 2382;

/** Rows every preset has: work in instructions. */
export const INSTRUCTION_ROWS = {
  'trap.rawPfn': parameter(
    2153,
    'instructions',
    'measured',
    `${MEASURED}: XIP fault, physical address, median`,
  ),
  'trap.fileMinor': parameter(
    2016,
    'instructions',
    'measured',
    `${MEASURED}: page already in the page cache, median`,
  ),
  'trap.fileMajor': parameter(
    5618,
    'instructions',
    'derived',
    `${MEASURED}: page whose cblock is expanded already, 6,130 median, less copy.page`,
  ),
  'trap.writeProtectFile': parameter(
    3658,
    'instructions',
    'derived',
    `${REPLAY}: write-protect copy of a cached page, 4,170 median, less copy.page`,
  ),
  'trap.writeProtectRaw': parameter(
    3713,
    'instructions',
    'derived',
    `${REPLAY}: write-protect copy of an XIP page, 3,811 to 4,639, middle, less copy.page`,
  ),
  'trap.writeProtectAnon': parameter(
    2016,
    'instructions',
    'assumed',
    'as a fault on a cached page: no page is allocated or copied',
  ),
  'trap.anonymous': parameter(
    2850,
    'instructions',
    'derived',
    `${MEASURED}: first touch of a tmpfs page, 3,362 median, less zeroing it at the price of copy.page`,
  ),
  'trap.writeProtectZero': parameter(
    3658,
    'instructions',
    'assumed',
    'as trap.writeProtectFile: a page is allocated; zeroing it is paid at the price of copy.page',
  ),
  'trap.earlyCow': parameter(
    1618,
    'instructions',
    'derived',
    `${REPLAY}: what a write-protect copy costs beyond a cached fault (4,170 - 2,040), less copy.page: allocation and accounting added to the fault that copies at once`,
  ),
  'inflate.setup': parameter(
    61770,
    'instructions/cblock',
    'derived',
    `${REPLAY}: fit of a compressed fill, 67,900 + 30.9 x stored bytes (r2 0.87), less the 6,130 of a fill without inflate`,
  ),
  'inflate.storedByte': parameter(
    30.9,
    'instructions/byte',
    'derived',
    `${REPLAY}: slope of the fit over stored bytes, ARM code`,
  ),
  'copy.page': parameter(
    512,
    'instructions',
    'measured',
    `${MEASURED}: one 4 KiB copy, counted per 8-byte word`,
  ),
} as const satisfies Record<string, Parameter>;

/** Rows of a preset in nanoseconds. */
export const TIME_ROW_NAMES = ['cpu.clock', 'cpu.cpi'] as const;

/** Name of an instruction row. */
export type InstructionRow = keyof typeof INSTRUCTION_ROWS;
/** Name of a row that turns work into time. */
export type TimeRow = (typeof TIME_ROW_NAMES)[number];

/** A CPU to price with. */
export interface CpuPreset {
  readonly name: string;
  readonly title: string;
  readonly unit: CostUnit;
  /** Present exactly for unit `ns`. */
  readonly time?: Readonly<Record<TimeRow, Parameter>>;
  /** RAM part of such boards, by its preset name; present exactly for unit `ns`. */
  readonly ram?: string;
}

/** Cycles per counted instruction at which `instructions` take `nanoseconds` at `megahertz`, to 0.01. */
const cyclesPerInstruction = (
  nanoseconds: number,
  megahertz: number,
  instructions: number,
): number => Math.round((nanoseconds * megahertz) / instructions / 10) / 100;

/** A stream is set up once, so a streaming rate says only what the stored bytes cost. */
const MEAN_STREAM = INSTRUCTION_ROWS['inflate.storedByte'].value * MEAN_STORED;
/** The same page with its own set-up: the lower bound that the streaming rate leaves. */
const MEAN_INFLATE = MEAN_STREAM + INSTRUCTION_ROWS['inflate.setup'].value;

const CPI_UNIT = 'cycles/counted instruction';

/** CPU presets by name. */
export const CPU_PRESETS: Readonly<Record<string, CpuPreset>> = {
  'x86-counted': {
    name: 'x86-counted',
    title: 'instructions, as counted on x86_64 with the original driver',
    unit: 'instructions',
  },
  'arm926-200': {
    name: 'arm926-200',
    title: 'ARM926EJ-S, 200 MHz (AT91SAM9263), x16 SDR SDRAM',
    unit: 'ns',
    ram: 'sdr-133',
    time: {
      'cpu.clock': parameter(
        200,
        'MHz',
        'assumed',
        'AT91SAM9263 nominal clock; the board of the measurement does not state its own',
      ),
      'cpu.cpi': parameter(
        cyclesPerInstruction(824_000, 200, MEAN_STREAM),
        CPI_UNIT,
        'assumed',
        `${EARLY_DECOMPRESSOR}: 4,647,908 bytes in 0.9355 s = 0.824 ms a page, over the ${String(Math.round(MEAN_STREAM))} instructions that inflate.storedByte gives for ${String(MEAN_STORED)} stored bytes; with inflate.setup counted, too, it would be ${String(cyclesPerInstruction(824_000, 200, MEAN_INFLATE))}; the instructions are x86's`,
      ),
    },
  },
  'cortex-a9-1000': {
    name: 'cortex-a9-1000',
    title: 'Cortex-A9, 1 GHz (OMAP4430), x16 LPDDR',
    unit: 'ns',
    ram: 'lpddr-166',
    time: {
      'cpu.clock': parameter(
        1000,
        'MHz',
        'assumed',
        'OMAP4430 nominal clock; the board of the measurement does not state its own',
      ),
      'cpu.cpi': parameter(
        cyclesPerInstruction(3460, 1000, INSTRUCTION_ROWS['trap.fileMinor'].value),
        CPI_UNIT,
        'assumed',
        `lmbench file fault of a Cortex-A7, Linux 3.10.19, 3.46 us (linux-mm, July 2014), over trap.fileMinor at 1 GHz, taken for an A9; the OMAP4430 boot-time decompressor, 0.295 ms a page with early caches, would give ${String(cyclesPerInstruction(295_000, 1000, MEAN_STREAM))}; the instructions are x86's`,
      ),
    },
  },
};

/** Names of {@link CPU_PRESETS}. */
export const CPU_NAMES: readonly string[] = Object.keys(CPU_PRESETS);

/**
 * The preset called `name`.
 *
 * @throws AxfsError EINVAL naming the known ones.
 */
export function cpuPreset(name: string): CpuPreset {
  const preset = Object.hasOwn(CPU_PRESETS, name) ? CPU_PRESETS[name] : undefined;
  if (preset === undefined)
    throw new AxfsError(
      'EINVAL',
      `CPU preset is '${name}', expected one of ${CPU_NAMES.join(', ')}`,
    );
  return preset;
}

/** Prices of one flash device, by unit of its bus work. */
export type FlashPrices = Readonly<Record<keyof BusWork | 'line', number>>;

/** Rows of a part that prices need: bus work by unit, and a line as one fill. */
const FLASH_ROWS = {
  opens: 'flash.open',
  resumes: 'flash.resume',
  busBytes: 'flash.byte',
  arrayLoads: 'flash.arrayLoad',
  bufferHits: 'flash.bufferHit',
  line: 'flash.line',
} as const satisfies Record<keyof FlashPrices, string>;

/** Prices of one CPU with its flash, in the preset's unit. */
export interface PriceList {
  readonly preset: CpuPreset;
  readonly unit: CostUnit;
  /** Every row that the prices below come from. */
  readonly rows: readonly NamedParameter[];
  /** One instruction. */
  readonly instruction: number;
  readonly flash: Readonly<Record<DeviceRole, FlashPrices>>;
  /** One line fetched from RAM. */
  readonly ramLine: number;
  /** One nanosecond of a delay. */
  readonly nanosecond: number;
}

const FREE: FlashPrices = {
  opens: 0,
  resumes: 0,
  busBytes: 0,
  arrayLoads: 0,
  bufferHits: 0,
  line: 0,
};

/** The value of a row. @throws AxfsError EINVAL when nobody gives it. */
function valueOf(rows: readonly NamedParameter[], name: string, what: string): number {
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined)
    throw new AxfsError('EINVAL', `${what} has no parameter '${name}', which prices in ns need`);
  return row.value;
}

const flashPrices = (rows: readonly NamedParameter[]): FlashPrices =>
  Object.fromEntries(
    Object.entries(FLASH_ROWS).map(([unit, name]) => [unit, valueOf(rows, name, 'flash part')]),
  ) as FlashPrices;

/** Parts of a machine, as rows of their prices. */
export interface PartRows {
  /** `flash.*` of the flash part. */
  readonly flash: readonly NamedParameter[];
  /** `flash.*` of the part with the rest of a split image. */
  readonly second?: readonly NamedParameter[];
  /** `ram.*` of the RAM. */
  readonly ram: readonly NamedParameter[];
}

/**
 * Puts a CPU and the parts around it together; the rows of a second device get `second.` in front.
 *
 * @throws AxfsError EINVAL when a part lacks a row that the preset needs.
 */
export function priceList(preset: CpuPreset, { flash, second = [], ram }: PartRows): PriceList {
  const work = Object.entries(INSTRUCTION_ROWS).map(([name, row]) => ({ name, ...row }));
  if (preset.time === undefined)
    return {
      preset,
      unit: preset.unit,
      rows: work,
      instruction: 1,
      flash: { first: FREE, second: FREE },
      ramLine: 0,
      nanosecond: 0,
    };
  const { time } = preset;
  return {
    preset,
    unit: preset.unit,
    rows: [
      ...work,
      ...TIME_ROW_NAMES.map((name) => ({ name, ...time[name] })),
      ...ram,
      ...flash,
      ...second.map((row) => ({ ...row, name: `second.${row.name}` })),
    ],
    instruction: (time['cpu.cpi'].value * 1000) / time['cpu.clock'].value,
    flash: {
      first: flashPrices(flash),
      second: second.length === 0 ? FREE : flashPrices(second),
    },
    ramLine: valueOf(ram, 'ram.line', 'RAM part'),
    nanosecond: 1,
  };
}
