/**
 * Machines by name, everything that one is made of as rows, and numbers set by hand.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { nearestName } from '../base/nearest.ts';
import { parameter } from '../base/parameter.ts';
import type { NamedParameter, ParameterStatus } from '../base/parameter.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { MACHINE_CPUS } from '../cost/cpus.ts';
import {
  MACHINE_CHOICES,
  MACHINE_NAMES,
  MACHINE_NUMBERS,
  MACHINE_PRESETS,
} from '../cost/machine-presets.ts';
import type { MachineChoice, MachineNumber, MachinePreset } from '../cost/machine-presets.ts';
import type { FaultRoute } from '../fs/file.ts';
import { KERNELS } from '../mm/kernel.ts';
import { READ_ROWS } from '../mtd/part.ts';
import type { FigureName, MtdPart } from '../mtd/part.ts';
import { MTD_PARTS, partNamed } from '../mtd/parts.ts';
import { DEFAULT_RAM_PAGES } from '../sim/machine.ts';
import type { ReplacementPolicy } from '../sim/cpu-cache.ts';
import { machinePrices } from './evaluate.ts';
import type { MachineSpec } from './evaluate.ts';

export { MACHINE_NAMES } from '../cost/machine-presets.ts';

/** A machine that knows where its rows come from. */
export interface NamedMachine extends MachineSpec {
  readonly name: string;
  readonly title: string;
  /** Choices and numbers of the machine itself; prices come from CPU and parts. */
  readonly facts: readonly MachineRow[];
}

/** A row of a machine: a number, or one of several things by name. */
export type MachineRow = NamedParameter | NamedChoice;

/** A choice under its name; its unit is always `name`. */
export interface NamedChoice {
  readonly name: string;
  readonly value: string;
  readonly unit: 'name';
  readonly status: ParameterStatus;
  readonly source: string;
}

/** RAM parts that stand in no table of flash parts, or lack a row there. */
const RAM_PARTS: Readonly<Record<string, MtdPart>> = {
  'on-chip': {
    ...MTD_PARTS['sdr-133'],
    name: 'on-chip',
    title: 'On-chip RAM of the RZ/A1, 128 bits at 133 MHz',
    figures: {
      'read.wordBytes': parameter(16, 'bytes', 'assumed', 'a bus of 128 bits; no sheet read'),
      'read.firstAccess': parameter(30, 'ns', 'assumed', '4 clocks of 133 MHz; no sheet read'),
      'read.nextWord': parameter(7.5, 'ns', 'assumed', 'a word a clock of 133 MHz; no sheet read'),
    },
  },
  'dram-server': {
    ...MTD_PARTS['dram-server'],
    figures: {
      ...MTD_PARTS['dram-server'].figures,
      'read.nextWord': parameter(0, 'ns', 'assumed', 'the 100 ns are a bound for the whole line'),
    },
  },
};

const named = <T>(what: string, table: Readonly<Record<string, T>>, name: string): T => {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found === undefined)
    throw new AxfsError(
      'EINVAL',
      `${what} is '${name}', expected one of ${Object.keys(table).join(', ')}; '${nearestName(Object.keys(table), name)}' is nearest`,
    );
  return found;
};

/**
 * The machine called `name`, ready for {@link machinePrices} and `evaluate`.
 *
 * @throws AxfsError EINVAL naming the known ones and the nearest.
 */
export function machineNamed(name: string): NamedMachine {
  const { title, choices, numbers }: MachinePreset = named('machine', MACHINE_PRESETS, name);
  const ram = choices.ram.value;
  return {
    name,
    title,
    facts: [
      ...MACHINE_CHOICES.map((key) => ({ name: key, unit: 'name' as const, ...choices[key] })),
      ...numberNames.map((key) => ({ name: key, ...numbers[key] })),
    ],
    cpu: named('CPU', MACHINE_CPUS, choices.cpu.value),
    part: partNamed(choices.flash.value),
    ram: Object.hasOwn(RAM_PARTS, ram) ? named('RAM', RAM_PARTS, ram) : partNamed(ram),
    kernel: named('kernel', KERNELS, choices.kernel.value),
    faultRoute: choices['kernel.faultRoute'].value as FaultRoute,
    cache: {
      size: numbers['cache.size'].value,
      ways: numbers['cache.ways'].value,
      policy: choices['cache.policy'].value as ReplacementPolicy,
    },
    ramPages: numbers['ram.size'].value / PAGE_SIZE,
    reclaim: numbers['kernel.reclaim'].value === 1,
    faultAroundPages: numbers['kernel.faultAroundPages'].value,
    readAheadPages: numbers['medium.readAheadPages'].value,
    readsByCall: numbers['trace.readsByCall'].value === 1,
  };
}

/** Every machine. */
export const allMachines = (): readonly NamedMachine[] => MACHINE_NAMES.map(machineNamed);

const numberNames = Object.keys(MACHINE_NUMBERS) as readonly MachineNumber[];

/** The numbers of a machine where it has them: without a cache there are none of it. */
const NUMBER_OF: Readonly<Record<MachineNumber, (machine: MachineSpec) => number | undefined>> = {
  'ram.size': ({ ramPages = DEFAULT_RAM_PAGES }) => ramPages * PAGE_SIZE,
  'cache.size': ({ cache }) => cache?.size,
  'cache.ways': ({ cache }) => cache?.ways,
  'kernel.reclaim': ({ reclaim = false }) => Number(reclaim),
  'kernel.faultAroundPages': ({ faultAroundPages = 1 }) => faultAroundPages,
  'medium.readAheadPages': ({ readAheadPages = 1 }) => readAheadPages,
  'trace.readsByCall': ({ readsByCall = false }) => Number(readsByCall),
};

const CHOICE_OF: Readonly<Record<MachineChoice, (machine: MachineSpec) => string | undefined>> = {
  cpu: ({ cpu }) => cpu.name,
  flash: ({ part }) => part.name,
  ram: ({ cpu, ram }) => ram?.name ?? cpu.ram,
  kernel: ({ kernel = KERNELS['4.9-arm'] }) => kernel.name,
  'cache.policy': ({ cache }) => cache?.policy,
  'kernel.faultRoute': ({ faultRoute }) => faultRoute,
};

const GIVEN = { status: 'assumed', source: 'as given' } as const;

/** Choices and numbers, those that a preset sourced with its sources, as long as they are as it says. */
function factRows(machine: MachineSpec & Partial<Pick<NamedMachine, 'facts'>>): MachineRow[] {
  const { facts = [] } = machine;
  const known = (name: string, value: string | number): MachineRow | undefined =>
    facts.find((row) => row.name === name && row.value === value);
  const choices = MACHINE_CHOICES.flatMap((name): MachineRow[] => {
    const value = CHOICE_OF[name](machine);
    if (value === undefined) return [];
    return [known(name, value) ?? { name, value, unit: 'name', ...GIVEN }];
  });
  const numbers = numberNames.flatMap((name): MachineRow[] => {
    const value = NUMBER_OF[name](machine);
    if (value === undefined) return [];
    return [known(name, value) ?? { name, value, unit: MACHINE_NUMBERS[name], ...GIVEN }];
  });
  return [...choices, ...numbers];
}

/** Rows of a RAM part that `ram.line` rests on, `read.x` as `ram.x`. */
function ramReadRows({ bus, figures }: MtdPart): readonly NamedParameter[] {
  const { required, optional } = READ_ROWS[bus];
  return [...required, ...optional].flatMap((figure: FigureName) => {
    const row = figures[figure];
    const name = figure.replace('read.', 'ram.');
    return row === undefined || row.value === null ? [] : [{ name, ...row }];
  });
}

/** The RAM part of a machine; none where prices are in instructions. */
export const ramOf = ({ cpu, ram }: MachineSpec): MtdPart | undefined =>
  cpu.unit === 'instructions' ? undefined : (ram ?? partNamed(cpu.ram ?? ''));

/**
 * Everything that a run on the machine and its price depend on: choices, numbers, then prices.
 *
 * @throws AxfsError EINVAL when a part lacks a price.
 */
export function machineRows(machine: MachineSpec): readonly MachineRow[] {
  const ram = ramOf(machine);
  return [
    ...factRows(machine),
    ...(ram === undefined ? [] : ramReadRows(ram)),
    ...machinePrices(machine).rows,
  ];
}
