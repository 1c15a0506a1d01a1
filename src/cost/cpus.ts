/**
 * CPUs to price with: a clock and how many of its cycles a counted instruction takes, each from one named source.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { parameter } from '../base/parameter.ts';
import type { Parameter } from '../base/parameter.ts';
import { INSTRUCTION_ROWS } from './instructions.ts';
import type { InstructionRow } from './instructions.ts';

/** What a total is measured in. */
export type CostUnit = 'instructions' | 'ns';

const EARLY_DECOMPRESSOR =
  'gzip rate of the boot-time decompressor on an AT91SAM9263 (linux-arm-kernel, 2012-02-16; early caches, so on the slow side)';
/** Mean stored size of a 4 KiB page of the profiled ARM root filesystem, bytes. */
export const MEAN_STORED = 2382;

/** Rows of a preset in nanoseconds. */
export const TIME_ROW_NAMES = ['cpu.clock', 'cpu.cpi'] as const;

/** Name of a row that turns work into time. */
export type TimeRow = (typeof TIME_ROW_NAMES)[number];

/** A CPU to price with. */
export interface CpuPreset {
  readonly name: string;
  readonly title: string;
  readonly unit: CostUnit;
  /** Rows that stand for those of {@link INSTRUCTION_ROWS}; default: those. */
  readonly work?: Readonly<Partial<Record<InstructionRow, Parameter>>>;
  /** Present exactly for unit `ns`. */
  readonly time?: Readonly<Record<TimeRow, Parameter>>;
  /** RAM part of such boards, by its preset name; none for unit `instructions`. */
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

const cortexA9 = CPU_PRESETS['cortex-a9-1000'];
/** zlib streams of 4 KiB as squashfs has them: each pays its set-up. */
const RPI3_PAGE = (4096 / 27e6) * 1e9;
/** Medians of the same 2,048 pages of x86 code: a fill, and one whose cblock is expanded already. */
const X86_INFLATE = 146_700 - 6_130;

/** CPUs of machines, those of {@link CPU_PRESETS} among them. The others take their RAM from the machine. */
export const MACHINE_CPUS: Readonly<Record<string, CpuPreset>> = {
  ...CPU_PRESETS,
  'cortex-a9-400': {
    name: 'cortex-a9-400',
    title: 'Cortex-A9, 400 MHz (Renesas RZ/A1)',
    unit: 'ns',
    time: {
      'cpu.clock': parameter(
        400,
        'MHz',
        'measured',
        'Renesas RZ/A1, linux-mtd, 2016-01-27 (C. Brandt)',
      ),
      'cpu.cpi': parameter(
        cortexA9?.time?.['cpu.cpi'].value ?? NaN,
        CPI_UNIT,
        'assumed',
        'as cortex-a9-1000: the same core; a slower clock waits for fewer cycles',
      ),
    },
  },
  'cortex-a53-1200': {
    name: 'cortex-a53-1200',
    title: 'Cortex-A53, 1.2 GHz, 32-bit (Raspberry Pi 3)',
    unit: 'ns',
    ram: 'lpddr-166',
    time: {
      'cpu.clock': parameter(1200, 'MHz', 'assumed', 'Raspberry Pi 3 nominal clock'),
      'cpu.cpi': parameter(
        cyclesPerInstruction(RPI3_PAGE, 1200, MEAN_INFLATE),
        CPI_UNIT,
        'assumed',
        `squashfs, gzip, 4 KiB blocks, on a Raspberry Pi 3: 27 MB/s user and system time (LibreELEC pull request 2992) over inflate.setup and inflate.storedByte for ${String(MEAN_STORED)} stored bytes; the rest of squashfs is in it, so it is on the slow side; the instructions are x86's`,
      ),
    },
  },
  'epyc-2600': {
    name: 'epyc-2600',
    title: 'AMD EPYC, 2.6 GHz',
    unit: 'ns',
    time: {
      'cpu.clock': parameter(2600, 'MHz', 'measured', 'the host of the measurement below'),
      'cpu.cpi': parameter(
        cyclesPerInstruction(23_835, 2600, X86_INFLATE),
        CPI_UNIT,
        'derived',
        `the kernel's inflate run natively, blocks of 4 KiB, median of three runs 23,835 ns, over ${String(X86_INFLATE)} instructions, the median of a fill less that of one whose cblock is expanded already`,
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
