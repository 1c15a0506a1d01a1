/**
 * Devices with a controller of their own, which answer in blocks, and simulators that answer after a fixed
 * time.
 *
 * @module
 */
import type { MtdPart } from '../part.ts';
import {
  assumed,
  derived,
  family,
  figures,
  KIB,
  measured,
  MIB,
  missing,
  MS,
  size,
  US,
} from './rows.ts';

const EMMC = 'Gateworks wiki, eMMC throughput by bus mode';
const SECTORS = 'sectors of 512 bytes, as block devices have';
const ZEPHYR = 'Zephyr drivers/flash/Kconfig.simulator, defaults';

const block = {
  type: 'ram',
  mapped: false,
  bus: 'managed',
  erasesize: size(4 * KIB, 'assumed', "block2mtd's default: a page stands for a block"),
  writesize: size(1, 'assumed', 'block2mtd writes any bytes, through its page cache'),
  smallestSize: size(1 * MIB, 'assumed', 'a block device of any power of two'),
} as const satisfies Partial<MtdPart>;
const emmc = (read: number, write: number, part: string) =>
  figures({
    'read.wordBytes': assumed(512, SECTORS),
    'read.firstAccess': missing(
      'random 4-KiB read latency of an eMMC (200 to 6,000 IOPS are quoted)',
    ),
    'read.nextWord': derived(
      (512 * 1000) / read,
      `${EMMC}: ${part} reads ${String(read)} MB/s: 512 bytes`,
    ),
    'program.byte': derived(1000 / write, `${EMMC}: ${part} writes ${String(write)} MB/s`),
  });

/** Block devices by preset name. */
export const BLOCK = family({
  'emmc-hs400': { ...block, title: 'eMMC HS400, 8 GB part', figures: emmc(166, 40, 'HS400, 8 GB') },
  'emmc-hs400-64g': {
    ...block,
    title: 'eMMC HS400, 64 GB part',
    figures: emmc(217, 76, 'HS400, 64 GB'),
  },
  'emmc-35': { ...block, title: 'eMMC on a 35 MHz bus', figures: emmc(43, 13, 'a 35 MHz bus') },
  'optane-ssd': {
    ...block,
    title: 'Optane SSD (PCIe)',
    figures: figures({
      'read.wordBytes': assumed(512, SECTORS),
      'read.firstAccess': measured(10 * US, 'Intel via pcper (2018): 10 us'),
      'read.nextWord': missing('bandwidth of the Optane SSD of the same comparison'),
    }),
  },
  'zephyr-simulator': {
    type: 'nor',
    mapped: false,
    bus: 'managed',
    title: 'Zephyr flash simulator with its default delays',
    smallestSize: size(1 * MIB, 'assumed', `${ZEPHYR}: 1 MiB`),
    erasesize: size(1024, 'assumed', `${ZEPHYR}: erase unit 1,024 bytes`),
    writesize: size(4, 'assumed', `${ZEPHYR}: program unit 4 bytes`),
    figures: figures({
      'read.wordBytes': assumed(1, `${ZEPHYR}: read unit of one byte`),
      'read.firstAccess': assumed(2 * US, `${ZEPHYR}: minimum read time 2 us`),
      'read.nextWord': assumed(0, `${ZEPHYR}: the read time does not depend on the length`),
      'program.page': assumed(100 * US, `${ZEPHYR}: minimum write time 100 us`),
      'erase.1024': assumed(2 * MS, `${ZEPHYR}: minimum erase time 2,000 us`),
    }),
  },
});
