/**
 * Raw SLC NAND: the array loads a page register in tR, the bus clocks it out in tRC a byte.
 *
 * @module
 */
import type { MtdPart } from '../part.ts';
import { assumed, family, figures, KIB, measured, MIB, missing, MS, size, US } from './rows.ts';

const MT29F2G08 = 'Micron MT29F2G08 data sheet (2004)';
const ONFI = 'Micron MT29F1G08/MT29F4G08 data sheet (ONFI 1.0, 1 to 16 Gbit)';
const NANDSIM = 'Linux drivers/mtd/nand/raw/nandsim.c, module defaults';
const OF_ID = 'nandsim takes its geometry from the ID bytes; here as the MT29F2G08';
const HAMMING =
  "Linux drivers/mtd/nand/ecc-sw-hamming.c: one bit in 256 bytes; what the chip's sheet asks for was not read";

const nand = { type: 'nand', mapped: false, bus: 'nand' } as const satisfies Partial<MtdPart>;
const sizes = (sheet: string, bytes: number) => ({
  smallestSize: size(bytes, 'measured', `${sheet}: smallest density`),
  erasesize: size(128 * KIB, 'measured', `${sheet}: 64 pages of 2,048 bytes`),
  writesize: size(2048, 'measured', `${sheet}: 2,048-byte pages`),
});
const ecc = {
  'ecc.strength': assumed(1, HAMMING),
  'ecc.step': assumed(256, HAMMING),
} as const;
const onfi = {
  oobsize: measured(64, `${ONFI}: 64 spare bytes`),
  ...ecc,
  'read.wordBytes': measured(1, `${ONFI}: x8`),
  'read.array': measured(25 * US, `${ONFI}: tR 25 us`),
  'program.page': measured(200 * US, `${ONFI}: tPROG 200 us`),
  'erase.131072': measured(700 * US, `${ONFI}: tBERS 700 us`),
  endurance: missing(`${ONFI}: cycles, page not read`),
} as const;

/** NAND parts by preset name. */
export const NAND = family({
  'slc-2004': {
    ...nand,
    ...sizes(MT29F2G08, 256 * MIB),
    title: 'Micron MT29F2G08, 2 Gbit SLC of 2004, 30 ns cycle',
    figures: figures({
      oobsize: measured(64, `${MT29F2G08}: 64 spare bytes`),
      ...ecc,
      'read.wordBytes': measured(1, `${MT29F2G08}: x8`),
      'read.array': measured(25 * US, `${MT29F2G08}: tR 25 us`),
      'read.cycle': measured(30, `${MT29F2G08}: 30 ns cycle`),
      'program.page': measured(300 * US, `${MT29F2G08}: tPROG 300 us`),
      'erase.131072': measured(2 * MS, `${MT29F2G08}: tBERS 2 ms`),
      endurance: measured(100_000, `${MT29F2G08}: 100,000 cycles; block 0 is good`),
    }),
  },
  'slc-onfi': {
    ...nand,
    ...sizes(ONFI, 128 * MIB),
    title: 'Micron MT29F, ONFI 1.0 SLC, 3.3 V, 20 ns cycle',
    figures: figures({
      ...onfi,
      'read.cycle': measured(20, `${ONFI}: tRC 20 ns at 3.3 V`),
      'supply.voltage': measured(3.3, `${ONFI}: 3.3 V`),
    }),
  },
  'slc-onfi-1v8': {
    ...nand,
    ...sizes(ONFI, 128 * MIB),
    title: 'Micron MT29F, ONFI 1.0 SLC, 1.8 V, 25 ns cycle',
    figures: figures({
      ...onfi,
      'read.cycle': measured(25, `${ONFI}: tRC 25 ns at 1.8 V`),
      'supply.voltage': measured(1.8, `${ONFI}: 1.8 V`),
    }),
  },
  nandsim: {
    ...nand,
    title: 'Linux nandsim with its default delays',
    smallestSize: size(128 * MIB, 'assumed', OF_ID),
    erasesize: size(128 * KIB, 'assumed', OF_ID),
    writesize: size(2048, 'assumed', OF_ID),
    figures: figures({
      oobsize: assumed(64, OF_ID),
      ...ecc,
      'read.wordBytes': assumed(1, `${NANDSIM}: bus_width 8`),
      'read.array': assumed(25 * US, `${NANDSIM}: access_delay 25 us, a constant of the simulator`),
      'read.cycle': assumed(40, `${NANDSIM}: output_cycle 40 ns, a constant of the simulator`),
      'program.page': assumed(200 * US, `${NANDSIM}: program_delay 200 us`),
      'erase.131072': assumed(2 * MS, `${NANDSIM}: erase_delay 2 ms`),
      endurance: missing('nandsim counts erases but knows no limit'),
    }),
  },
});
