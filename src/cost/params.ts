/**
 * Price lists: a CPU and the parts around it, put together from rows with value, unit, source and standing. Work
 * is counted in instructions; CPUs in nanoseconds convert them by a clock and cycles per instruction, rows too.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { BusWork, DeviceRole } from '../base/events.ts';
import type { NamedParameter } from '../base/parameter.ts';
import { TIME_ROW_NAMES } from './cpus.ts';
import type { CostUnit, CpuPreset } from './cpus.ts';
import { INSTRUCTION_ROWS, INSTRUCTION_ROW_NAMES } from './instructions.ts';
import type { InstructionRow } from './instructions.ts';

export { CPU_NAMES, CPU_PRESETS, TIME_ROW_NAMES, cpuPreset } from './cpus.ts';
export type { CostUnit, CpuPreset, TimeRow } from './cpus.ts';
export { INSTRUCTION_ROWS } from './instructions.ts';
export type { InstructionRow } from './instructions.ts';

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
  /** One of what each row counts: a fault of a kind, a stored byte expanded, a page copied. */
  readonly work: Readonly<Record<InstructionRow, number>>;
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

/** Instructions of each row of a CPU. */
export const workRows = (preset: CpuPreset): readonly NamedParameter[] =>
  INSTRUCTION_ROW_NAMES.map((name) => ({
    name,
    ...(preset.work?.[name] ?? INSTRUCTION_ROWS[name]),
  }));

/** What each row counts at so much an instruction; default: in instructions. */
export const priceWork = (preset: CpuPreset, instruction = 1): PriceList['work'] =>
  Object.fromEntries(
    workRows(preset).map(({ name, value }) => [name, value * instruction]),
  ) as Record<InstructionRow, number>;

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
  const work = workRows(preset);
  if (preset.time === undefined)
    return {
      preset,
      unit: preset.unit,
      rows: work,
      instruction: 1,
      work: priceWork(preset),
      flash: { first: FREE, second: FREE },
      ramLine: 0,
      nanosecond: 0,
    };
  const { time } = preset;
  const instruction = (time['cpu.cpi'].value * 1000) / time['cpu.clock'].value;
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
    instruction,
    work: priceWork(preset, instruction),
    flash: {
      first: flashPrices(flash),
      second: second.length === 0 ? FREE : flashPrices(second),
    },
    ramLine: valueOf(ram, 'ram.line', 'RAM part'),
    nanosecond: 1,
  };
}
