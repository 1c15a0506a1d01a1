/**
 * Numbers of a machine set by hand: `cpu.clock=400`, `flash.firstAccess=110`, `ram.size=16M`.
 *
 * Only what others do not follow from can be set; a price that is computed says what to set instead.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { nearestName } from '../base/nearest.ts';
import type { NamedParameter, Parameter, ParameterRow } from '../base/parameter.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { TIME_ROW_NAMES } from '../cost/cpus.ts';
import type { TimeRow } from '../cost/cpus.ts';
import { INSTRUCTION_ROW_NAMES } from '../cost/instructions.ts';
import type { InstructionRow } from '../cost/instructions.ts';
import { MACHINE_NUMBERS } from '../cost/machine-presets.ts';
import type { MachineNumber } from '../cost/machine-presets.ts';
import { workRows } from '../cost/params.ts';
import { READ_ROWS } from '../mtd/part.ts';
import type { FigureName, MtdPart } from '../mtd/part.ts';
import { flashParameters } from '../mtd/parts.ts';
import { checkCacheShape } from '../sim/cpu-cache.ts';
import type { MachineSpec } from './evaluate.ts';
import { machineRows, ramOf } from './machines.ts';
import type { MachineRow } from './machines.ts';

/** A number to be set, as it was written. */
export interface Setting {
  readonly name: string;
  readonly text: string;
}

/**
 * `name=value`, as options have it.
 *
 * @throws AxfsError EINVAL when it is not of that form.
 */
export function parseSetting(text: string): Setting {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1)
    throw new AxfsError(
      'EINVAL',
      `setting is '${text}', expected name=value such as cpu.clock=400`,
    );
  return { name: text.slice(0, at).trim(), text: text.slice(at + 1).trim() };
}

/** What numbers of a unit may be; of every other, 0 or more. */
const UNIT_RULES: Readonly<
  Record<string, { readonly what: string; readonly holds: (value: number) => boolean }>
> = {
  bytes: { what: 'a whole number of bytes, 1 or more', holds: isCount },
  ways: { what: 'a whole number of ways, 1 or more', holds: isCount },
  pages: {
    what: 'a number of pages that is a power of two, 1 to 512',
    holds: (value) => isCount(value) && value <= 512 && Number.isInteger(Math.log2(value)),
  },
  switch: { what: '0 or 1', holds: (value) => value === 0 || value === 1 },
  MHz: { what: 'a finite number of MHz above 0', holds: (value) => value > 0 },
};

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

const NUMBER = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?$/;
const SIZE = /^([0-9]+)([KMG])$/i;
const SUFFIXES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** The number that `text` says. @throws AxfsError EINVAL naming the row, the unit and what was expected. */
function valueOf({ name, text }: Setting, unit: string): number {
  const [, digits, suffix = ''] = (unit === 'bytes' ? SIZE.exec(text) : null) ?? [];
  const value =
    digits === undefined
      ? NUMBER.test(text)
        ? Number(text)
        : NaN
      : Number(digits) * (SUFFIXES[suffix.toUpperCase()] ?? NaN);
  const { what, holds } = UNIT_RULES[unit] ?? {
    what: `a finite number of ${unit}, 0 or more`,
    holds: () => true,
  };
  if (!(Number.isFinite(value) && value >= 0 && holds(value)))
    throw new AxfsError('EINVAL', `${name} is '${text}', expected ${what}`);
  return value;
}

/** The row with a value set by hand, which nobody has measured. */
const changed = (row: ParameterRow, value: number): Parameter => ({
  value,
  unit: row.unit,
  status: 'assumed',
  source: `set by hand, instead of ${row.value === null ? 'nothing' : String(row.value)} (${row.status}: ${row.source})`,
});

/** Something that can be set. */
interface Settable {
  readonly unit: string;
  readonly set: (machine: MachineSpec, value: number) => MachineSpec;
}

const NUMBER_SETTERS: Readonly<
  Record<MachineNumber, (machine: MachineSpec, value: number) => Partial<MachineSpec>>
> = {
  'ram.size': (_machine, value) => ({ ramPages: value / PAGE_SIZE }),
  'cache.size': ({ cache }, size) => (cache === undefined ? {} : { cache: { ...cache, size } }),
  'cache.ways': ({ cache }, ways) => (cache === undefined ? {} : { cache: { ...cache, ways } }),
  'kernel.reclaim': (_machine, value) => ({ reclaim: value === 1 }),
  'kernel.faultAroundPages': (_machine, faultAroundPages) => ({ faultAroundPages }),
  'medium.readAheadPages': (_machine, readAheadPages) => ({ readAheadPages }),
  'trace.readsByCall': (_machine, value) => ({ readsByCall: value === 1 }),
};

/** Read rows of a part, by the name they have in front. */
const PART_ROWS = [
  { prefix: 'flash.', field: 'part', of: ({ part }: MachineSpec) => part },
  { prefix: 'second.flash.', field: 'second', of: ({ second }: MachineSpec) => second },
  { prefix: 'ram.', field: 'ram', of: ramOf },
] as const;

function withFigure(part: MtdPart, figure: FigureName, value: number): MtdPart {
  const row = part.figures[figure];
  return row === undefined
    ? part
    : { ...part, figures: { ...part.figures, [figure]: changed(row, value) } };
}

/** Everything that can be set on `machine`, by name. */
function settablesOf(machine: MachineSpec): ReadonlyMap<string, Settable> {
  const settables = new Map<string, Settable>();
  for (const [name, unit] of Object.entries(MACHINE_NUMBERS) as [MachineNumber, string][])
    if (!name.startsWith('cache.') || machine.cache !== undefined)
      settables.set(name, {
        unit,
        set: (spec, value) => ({ ...spec, ...NUMBER_SETTERS[name](spec, value) }),
      });
  for (const name of INSTRUCTION_ROW_NAMES) settables.set(name, workSettable(name, machine));
  for (const name of machine.cpu.time === undefined ? [] : TIME_ROW_NAMES)
    settables.set(name, {
      unit: machine.cpu.time?.[name].unit ?? '',
      set: (spec, value) => withTime(spec, name, value),
    });
  for (const { prefix, field, of } of PART_ROWS) {
    const part = of(machine);
    if (part === undefined || machine.cpu.time === undefined) continue;
    const { required, optional } = READ_ROWS[part.bus];
    for (const figure of [...required, ...optional] as readonly FigureName[]) {
      const row = part.figures[figure];
      if (row === undefined) continue;
      settables.set(figure.replace('read.', prefix), {
        unit: row.unit,
        set: (spec, value) => ({ ...spec, [field]: withFigure(of(spec) ?? part, figure, value) }),
      });
    }
  }
  return settables;
}

function workSettable(name: InstructionRow, machine: MachineSpec): Settable {
  const row = workRows(machine.cpu).find((candidate) => candidate.name === name);
  return {
    unit: row?.unit ?? '',
    set: (spec, value) =>
      row === undefined
        ? spec
        : {
            ...spec,
            cpu: { ...spec.cpu, work: { ...spec.cpu.work, [name]: changed(row, value) } },
          },
  };
}

const withTime = (spec: MachineSpec, name: TimeRow, value: number): MachineSpec => {
  const { time } = spec.cpu;
  return time === undefined
    ? spec
    : { ...spec, cpu: { ...spec.cpu, time: { ...time, [name]: changed(time[name], value) } } };
};

/** Why a row that is there cannot be set. */
function refusal({ name, unit }: MachineRow, settable: readonly string[]): AxfsError {
  if (unit === 'name')
    return new AxfsError('EINVAL', `${name} is chosen by name and not a number to set`);
  const prefix = /^(?:second\.)?[a-z]+\./.exec(name)?.[0] ?? '';
  const instead = settable.filter((other) => other.startsWith(prefix) && !other.endsWith('.size'));
  return new AxfsError(
    'EINVAL',
    `${name} cannot be set: it follows from others, or no price of a run does from it; set ${instead.join(', ')}`,
  );
}

/**
 * The machine with numbers set by hand, in order: the last of a name counts.
 *
 * @throws AxfsError EINVAL for a name that is none, with the nearest; for a value that is not finite, negative or
 * none of its unit; and when the result does not hold together (a cache without whole sets).
 */
export function withOverrides<Machine extends MachineSpec>(
  machine: Machine,
  settings: readonly Setting[],
): Machine {
  const settables = settablesOf(machine);
  let result: MachineSpec = machine;
  for (const setting of settings) {
    const settable = settables.get(setting.name);
    if (settable === undefined) throw unknownName(machine, setting.name, [...settables.keys()]);
    const value = valueOf(setting, settable.unit);
    if (setting.name === 'ram.size' && value % PAGE_SIZE !== 0)
      throw new AxfsError(
        'EINVAL',
        `ram.size is '${setting.text}', expected bytes in whole pages of ${String(PAGE_SIZE)}`,
      );
    result = settable.set(result, value);
  }
  if (result.cache !== undefined) checkCacheShape(result.cache);
  if (result.cpu.time !== undefined) checkPrices(result);
  return result as Machine;
}

function unknownName(machine: MachineSpec, name: string, names: readonly string[]): AxfsError {
  const row = machineRows(machine).find((candidate) => candidate.name === name);
  return row === undefined
    ? new AxfsError(
        'EINVAL',
        `no parameter is called '${name}'; '${nearestName(names, name)}' is nearest`,
      )
    : refusal(row, names);
}

/** A resumed access cannot be faster than the words that it saves, or the price of an opening is negative. */
function checkPrices({ part, second }: MachineSpec): void {
  for (const rows of [flashParameters(part), second === undefined ? [] : flashParameters(second)])
    for (const { name, value, unit } of rows)
      if (!(Number.isFinite(value) && value >= 0))
        throw new AxfsError(
          'EINVAL',
          `${name} comes to ${String(value)} ${unit}, expected a finite number of 0 or more: the rows set do not go together`,
        );
}

/**
 * Rows with values set by hand: for a table that stands for itself.
 *
 * @throws AxfsError EINVAL as {@link withOverrides} does for names and values.
 */
export function overrideRows(
  rows: readonly NamedParameter[],
  settings: readonly Setting[],
): readonly NamedParameter[] {
  const names = rows.map(({ name }) => name);
  const set = new Map<string, Setting>();
  for (const setting of settings) {
    if (!names.includes(setting.name))
      throw new AxfsError(
        'EINVAL',
        `no parameter is called '${setting.name}'; '${nearestName(names, setting.name)}' is nearest`,
      );
    set.set(setting.name, setting);
  }
  return rows.map((row) => {
    const setting = set.get(row.name);
    return setting === undefined
      ? row
      : { name: row.name, ...changed(row, valueOf(setting, row.unit)) };
  });
}
