/**
 * What expanding zlib costs, as others measured it, against what the price lists make of it. Sources disagree by
 * factors: a price list takes one, by name, and this table says by how much the others differ.
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { ParameterStatus } from '../base/parameter.ts';
import { MEAN_STORED } from './cpus.ts';
import type { CpuPreset } from './cpus.ts';
import { priceWork } from './params.ts';

/** One published figure, in a unit that no clock is in. */
export interface InflateRate {
  /** CPUs that it can be held against. */
  readonly cpus: readonly string[];
  readonly source: string;
  readonly status: ParameterStatus;
  /** Cycles for each byte that comes out. */
  readonly cyclesPerByte: number;
}

/** From 10^6 bytes of output a second. */
const fromRate = (megabytesPerSecond: number, megahertz: number): number =>
  megahertz / megabytesPerSecond;
/** From nanoseconds for 4 KiB. */
const fromPage = (nanoseconds: number, megahertz: number): number =>
  (nanoseconds * megahertz) / 1000 / PAGE_SIZE;

const ARM926 = ['arm926-200'];
const A9 = ['cortex-a9-1000', 'cortex-a9-400'];
const A53 = ['cortex-a53-1200'];
const EPYC = ['epyc-2600'];
const OPDENACKER =
  'boot-time decompressor (linux-arm-kernel, 2012-02-16), one stream, early caches';

/** Everything that was found. */
export const INFLATE_RATES: readonly InflateRate[] = [
  {
    cpus: ARM926,
    source: `AT91SAM9263 at 200 MHz, ${OPDENACKER}: 4,647,908 bytes in 0.9355 s`,
    status: 'derived',
    cyclesPerByte: fromRate(4.647908 / 0.9355, 200),
  },
  {
    cpus: ARM926,
    source: 'zlib on single 4 KiB pages, scaled from an EPYC: 90 to 110, the middle',
    status: 'assumed',
    cyclesPerByte: 100,
  },
  {
    cpus: ARM926,
    source:
      'Raspberry Pi 1 (ARM1176 at 700 MHz), squashfs gzip 128 KiB: 303 MB in 68.0 s user and system time (LibreELEC pull request 3209)',
    status: 'derived',
    cyclesPerByte: fromRate(303 / 68, 700),
  },
  {
    cpus: A9,
    source: `OMAP4430 at 1 GHz, ${OPDENACKER}: 6,965,644 bytes in 0.5015 s`,
    status: 'derived',
    cyclesPerByte: fromRate(6.965644 / 0.5015, 1000),
  },
  {
    cpus: A53,
    source:
      'Raspberry Pi 3 at 1.2 GHz, squashfs gzip, 4 KiB blocks: 27 MB/s user and system time (LibreELEC pull request 2992)',
    status: 'derived',
    cyclesPerByte: fromRate(27, 1200),
  },
  {
    cpus: A53,
    source:
      'Raspberry Pi 3 at 1.2 GHz, squashfs gzip 128 KiB: 303 MB in 8.67 s user and system time (LibreELEC pull request 2992)',
    status: 'derived',
    cyclesPerByte: fromRate(303 / 8.67, 1200),
  },
  {
    cpus: EPYC,
    source: "the kernel's inflate, 4 KiB blocks of x86 code: 23,835 ns, median",
    status: 'derived',
    cyclesPerByte: fromPage(23_835, 2600),
  },
  {
    cpus: EPYC,
    source: 'zlib in user space, single 4 KiB pages of ARM code: 48 us',
    status: 'derived',
    cyclesPerByte: fromPage(48_000, 2600),
  },
  {
    cpus: EPYC,
    source: 'zlib.inflateSync of Node, single 4 KiB pages of ARM code: 83 us',
    status: 'derived',
    cyclesPerByte: fromPage(83_000, 2600),
  },
  {
    cpus: EPYC,
    source: 'lzbench 2.0.1, zlib 1.3.1 -6, one stream, EPYC 9554 at 3.1 GHz: 344 MB/s',
    status: 'derived',
    cyclesPerByte: fromRate(344, 3100),
  },
];

/** A source against the price list. */
export interface InflateDisagreement extends InflateRate {
  /** Cycles for each byte that the price list comes to: a 4 KiB page of ARM code, its set-up included. */
  readonly priced: number;
  /** `priced` over what the source says. */
  readonly ratio: number;
}

/** The sources that can be held against `cpu`; none for one in instructions. */
export function inflateDisagreements(cpu: CpuPreset): readonly InflateDisagreement[] {
  if (cpu.time === undefined) return [];
  const work = priceWork(cpu);
  const instructions = work['inflate.setup'] + work['inflate.storedByte'] * MEAN_STORED;
  const priced = (instructions * cpu.time['cpu.cpi'].value) / PAGE_SIZE;
  return INFLATE_RATES.filter(({ cpus }) => cpus.includes(cpu.name)).map((rate) => ({
    ...rate,
    priced,
    ratio: priced / rate.cyclesPerByte,
  }));
}
