/**
 * Machines as rows: which CPU, flash, RAM and kernel stand together, and how much of each. Names are those of the
 * tables that hold the parts; src/compare/machines.ts puts them together.
 *
 * @module
 */
import { parameter } from '../base/parameter.ts';
import type { Parameter, ParameterStatus } from '../base/parameter.ts';

/** One of several things with a name: a part, a kernel, a policy. */
export interface Choice {
  readonly value: string;
  readonly status: ParameterStatus;
  readonly source: string;
}

/** What is chosen by name. */
export const MACHINE_CHOICES = [
  'cpu',
  'flash',
  'ram',
  'kernel',
  'cache.policy',
  'kernel.faultRoute',
] as const;
/** One of {@link MACHINE_CHOICES}. */
export type MachineChoice = (typeof MACHINE_CHOICES)[number];

/** Numbers of a machine that are no prices, with their units; a switch is 0 or 1. */
export const MACHINE_NUMBERS = {
  'ram.size': 'bytes',
  'cache.size': 'bytes',
  'cache.ways': 'ways',
  'kernel.reclaim': 'switch',
  'kernel.faultAroundPages': 'pages',
  'medium.readAheadPages': 'pages',
  'trace.readsByCall': 'switch',
} as const satisfies Record<string, string>;
/** Name of one of {@link MACHINE_NUMBERS}. */
export type MachineNumber = keyof typeof MACHINE_NUMBERS;

/** One machine. */
export interface MachinePreset {
  readonly name: string;
  readonly title: string;
  readonly choices: Readonly<Record<MachineChoice, Choice>>;
  readonly numbers: Readonly<Record<MachineNumber, Parameter>>;
}

const KIB = 1024;
const MIB = 1024 * KIB;

const choice = (value: string, status: ParameterStatus, source: string): Choice => ({
  value,
  status,
  source,
});
const number = (
  name: MachineNumber,
  value: number,
  status: ParameterStatus,
  source: string,
): Parameter => parameter(value, MACHINE_NUMBERS[name], status, source);

const ROUTE = choice('return', 'measured', 'the original driver: filemap_fault returns the page');
const ONE_LEVEL = 'the model has one level for code and data';

/** What AXFS itself decides, the same on every machine. */
const AXFS = {
  'kernel.reclaim': number('kernel.reclaim', 1, 'measured', 'every kernel reclaims'),
  'kernel.faultAroundPages': number(
    'kernel.faultAroundPages',
    1,
    'measured',
    'the driver has no map_pages, so the kernel maps one page a fault; more models a driver that has',
  ),
  'medium.readAheadPages': number(
    'medium.readAheadPages',
    1,
    'measured',
    'on MTD and physical memory nothing is read ahead; 32 models its mount on a block device',
  ),
  'trace.readsByCall': number(
    'trace.readsByCall',
    0,
    'assumed',
    'traces record touches of mappings; 1 plays lines that only read as read(2)',
  ),
};

type CacheNumbers = Pick<MachinePreset['numbers'], 'cache.size' | 'cache.ways'>;

const cacheOf = (size: number, ways: number, source: string): CacheNumbers => ({
  'cache.size': number('cache.size', size, 'assumed', source),
  'cache.ways': number('cache.ways', ways, 'assumed', source),
});

const preset = (
  name: string,
  title: string,
  choices: Omit<MachinePreset['choices'], 'kernel.faultRoute'>,
  ram: Parameter,
  cache: CacheNumbers,
): MachinePreset => ({
  name,
  title,
  choices: { ...choices, 'kernel.faultRoute': ROUTE },
  numbers: { 'ram.size': ram, ...cache, ...AXFS },
});

const POSTER = 'AXFS poster, ELC 2007: a phone went from 48 to 32 MB of RAM';
const BRANDT = 'linux-mtd, 2016-01-27 (C. Brandt)';

/** The machines by name. */
export const MACHINE_PRESETS = {
  'phone-2008': preset(
    'phone-2008',
    'A phone of 2008: ARM926 at 200 MHz, P30 NOR, SDR SDRAM',
    {
      cpu: choice(
        'arm926-200',
        'assumed',
        'the class of CPU; the phones of the poster are unnamed',
      ),
      flash: choice('p30', 'assumed', 'the NOR of the company that AXFS came from'),
      ram: choice('sdr-133', 'assumed', 'Mobile SDRAM of the time'),
      kernel: choice('2.6.28-arm', 'derived', 'the kernel that AXFS was proposed for (2008)'),
      'cache.policy': choice(
        'round-robin',
        'assumed',
        'ARM926EJ-S: round-robin or random, by a bit',
      ),
    },
    number('ram.size', 32 * MIB, 'measured', POSTER),
    cacheOf(32 * KIB, 4, `AT91SAM9263: 16 KiB of code and 16 KiB of data, 4 ways; ${ONE_LEVEL}`),
  ),
  rza1: preset(
    'rza1',
    'Renesas RZ/A1: Cortex-A9 at 400 MHz, dual QSPI NOR, on-chip RAM, no DRAM',
    {
      cpu: choice('cortex-a9-400', 'measured', BRANDT),
      flash: choice('dual-qspi-66', 'measured', `${BRANDT}: dual QSPI, 8 bits a clock`),
      ram: choice('on-chip', 'measured', `${BRANDT}: no DRAM at all`),
      kernel: choice('4.9-arm', 'measured', 'the Renesas board support package has 4.9 with AXFS'),
      'cache.policy': choice('random', 'assumed', 'PL310: pseudo-random unless told otherwise'),
    },
    number('ram.size', 10 * MIB, 'measured', `${BRANDT}: 3, 5 or 10 MB of on-chip RAM`),
    cacheOf(128 * KIB, 8, `second level: PL310 of 128 KiB, 8 ways; ${ONE_LEVEL}`),
  ),
  'board-a9': preset(
    'board-a9',
    'A Cortex-A9 board: 1 GHz, quad SPI NOR, LPDDR',
    {
      cpu: choice('cortex-a9-1000', 'assumed', 'the class of CPU (OMAP4430)'),
      flash: choice('qspi-133', 'assumed', 'a usual boot flash of such boards'),
      ram: choice('lpddr-166', 'assumed', 'a usual RAM of such boards'),
      kernel: choice('4.9-arm', 'assumed', 'a kernel that still took the driver'),
      'cache.policy': choice('random', 'assumed', 'PL310: pseudo-random unless told otherwise'),
    },
    number('ram.size', 256 * MIB, 'assumed', 'a small board'),
    cacheOf(1024 * KIB, 16, `second level of the OMAP4430: 1 MiB, 16 ways; ${ONE_LEVEL}`),
  ),
  'board-a53': preset(
    'board-a53',
    'A Cortex-A53 board: 1.2 GHz, octal SPI NOR, LPDDR',
    {
      cpu: choice('cortex-a53-1200', 'assumed', 'the class of CPU (Raspberry Pi 3)'),
      flash: choice('octal-200', 'assumed', 'the fastest serial NOR of the table'),
      ram: choice('lpddr-166', 'assumed', 'slower than what such boards have'),
      kernel: choice('4.9-arm', 'assumed', 'a kernel that still took the driver, 32-bit'),
      'cache.policy': choice('random', 'assumed', 'Cortex-A53: pseudo-random second level'),
    },
    number('ram.size', 512 * MIB, 'assumed', 'a small board'),
    cacheOf(512 * KIB, 16, `second level: 512 KiB, 16 ways; ${ONE_LEVEL}`),
  ),
  'x86-host': preset(
    'x86-host',
    'An x86 host: AMD EPYC at 2.6 GHz, image in persistent memory',
    {
      cpu: choice('epyc-2600', 'measured', 'the host that inflate was timed on'),
      flash: choice('optane-dimm', 'assumed', 'memory without struct pages that can be mapped'),
      ram: choice('dram-server', 'assumed', 'DRAM of a server'),
      kernel: choice('6.1-x86', 'measured', 'the kernel whose faults were counted'),
      'cache.policy': choice('lru', 'assumed', 'something like it'),
    },
    number('ram.size', 512 * MIB, 'assumed', 'what a guest has'),
    cacheOf(512 * KIB, 8, `second level of a core: 512 KiB, 8 ways; ${ONE_LEVEL}`),
  ),
  'x86-counted': preset(
    'x86-counted',
    'The emulated PC whose instructions were counted: no time, no cache',
    {
      cpu: choice('x86-counted', 'measured', 'Linux 6.1.192 with the original driver'),
      flash: choice(
        'optane-dimm',
        'assumed',
        'the image was in memory; instructions do not see it',
      ),
      ram: choice('dram-server', 'assumed', 'instructions do not see it'),
      kernel: choice('6.1-x86', 'measured', 'Linux 6.1.192'),
      'cache.policy': choice('lru', 'assumed', 'instructions do not see it'),
    },
    number('ram.size', 256 * MIB, 'assumed', 'more than any of the runs took'),
    cacheOf(512 * KIB, 8, 'instructions do not see it'),
  ),
} as const satisfies Record<string, MachinePreset>;

/** Names of {@link MACHINE_PRESETS}. */
export const MACHINE_NAMES: readonly string[] = Object.keys(MACHINE_PRESETS);
