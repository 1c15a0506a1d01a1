/**
 * Memory that stands in for flash or is compared with it: SDRAM, persistent memory, memory behind a link.
 *
 * @module
 */
import { parameter } from '../../base/parameter.ts';
import type { MtdPart } from '../part.ts';
import { assumed, derived, family, figures, KIB, measured, MIB, missing, size } from './rows.ts';

const SDRAM = 'Micron MT48H16M16LF data sheet 09005aef8219eedd';
const LPDDR = 'Micron MT46H64M32LF data sheet (eeworld)';
const TRCD = 'tRCD taken as 3 clocks (15 to 22.5 ns are usual)';
const OPTANE = 'Izraelevitz et al. on Optane DC persistent memory (grayxu.cn/wiki/PM, paperium)';
const DAXFS = 'daxfs paper: GPU reading host memory over PCIe 5';

const ram = {
  type: 'ram',
  mapped: true,
  erasesize: size(4 * KIB, 'assumed', 'memory needs no erase; a page stands for a block'),
  writesize: parameter(1, 'bytes', 'assumed', 'memory is written byte by byte'),
} as const satisfies Partial<MtdPart>;
const any = size(1 * MIB, 'assumed', 'memory of any power of two is taken as one device');
const SDRAM_CLOCK = 1000 / 133;
const LPDDR_CLOCK = 1000 / 166;

/** Memory parts by preset name. */
export const MEMORY = family({
  'sdr-133': {
    ...ram,
    smallestSize: any,
    title: 'Mobile SDRAM MT48H16M16LF, x16, 133 MHz, CL 3',
    bus: 'burst',
    figures: figures({
      'read.wordBytes': measured(2, `${SDRAM}: x16`),
      'read.firstAccess': assumed(
        6 * SDRAM_CLOCK,
        `${SDRAM}: CL 3 at 133 MHz, and ${TRCD}: 6 clocks`,
      ),
      'read.resumeAccess': derived(3 * SDRAM_CLOCK, `${SDRAM}: CL 3 at 133 MHz in an open row`),
      'read.nextWord': derived(SDRAM_CLOCK, `${SDRAM}: 133 MHz, a word a clock`),
      'supply.voltage': measured(1.8, `${SDRAM} (dtsheet 584769): VDD 1.70 V to 1.95 V`),
    }),
  },
  'lpddr-166': {
    ...ram,
    smallestSize: any,
    title: 'LPDDR MT46H64M32LF used with 16 bits, 166 MHz, CL 3',
    bus: 'ddr',
    figures: figures({
      'read.wordBytes': assumed(2, 'a x16 bus of the same family'),
      'read.firstAccess': assumed(
        6 * LPDDR_CLOCK,
        `${LPDDR}: CL 3 at 166 of its 208 MHz, and ${TRCD}: 6 clocks`,
      ),
      'read.resumeAccess': derived(3 * LPDDR_CLOCK, `${LPDDR}: CL 3 at 166 MHz in an open row`),
      'read.nextWord': derived(LPDDR_CLOCK / 2, `${LPDDR}: a word on both edges of 166 MHz`),
    }),
  },
  'dram-server': {
    ...ram,
    smallestSize: any,
    title: 'DRAM of a server',
    bus: 'ddr',
    figures: figures({
      'read.wordBytes': assumed(64, 'a cache line of a server'),
      'read.firstAccess': measured(100, 'Intel via pcper (2018): less than 100 ns; the bound'),
      'read.nextWord': missing('bandwidth of the DRAM of the same comparison'),
    }),
  },
  'optane-dimm': {
    ...ram,
    smallestSize: any,
    title: 'Optane DC persistent memory, one DIMM',
    bus: 'ddr',
    figures: figures({
      'read.wordBytes': assumed(64, 'a cache line of a server'),
      'read.firstAccess': measured(305, `${OPTANE}: random load 305 ns`),
      'read.resumeAccess': measured(169, `${OPTANE}: sequential load 169 ns`),
      'read.nextWord': derived(64 / 6.6, `${OPTANE}: 6.6 GB/s read by DIMM: 64 bytes`),
      'read.pageBytes': measured(256, `${OPTANE}: internal access size 256 B`),
      'program.byte': derived(1 / 2.3, `${OPTANE}: 2.3 GB/s write by DIMM`),
    }),
  },
  'pcie5-host-memory': {
    ...ram,
    smallestSize: any,
    title: 'Host memory read by a GPU over PCIe 5',
    bus: 'ddr',
    figures: figures({
      'read.wordBytes': assumed(4, 'a volatile read of a word'),
      'read.firstAccess': measured(529, `${DAXFS}: volatile read 529 ns (CAS 1,811 ns)`),
      'read.nextWord': missing(`${DAXFS}: bandwidth of reads that follow`),
    }),
  },
  cxl: {
    ...ram,
    smallestSize: any,
    title: 'CXL.mem',
    bus: 'ddr',
    figures: figures({
      'read.wordBytes': assumed(64, 'a cache line of a server'),
      'read.firstAccess': missing('a measurement of CXL.mem (150 to 400 ns are quoted)'),
      'read.nextWord': missing('a measurement of CXL.mem bandwidth'),
    }),
  },
});
