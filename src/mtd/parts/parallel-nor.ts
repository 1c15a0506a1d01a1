/**
 * Parallel NOR flash on a 16-bit bus. How the bus is set up belongs to the part: the same chip read
 * asynchronously is another row.
 *
 * @module
 */
import type { Parameter } from '../../base/parameter.ts';
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
  SECOND,
  size,
  US,
} from './rows.ts';

const P30 = 'Intel/Numonyx StrataFlash P30 (130 nm) data sheet 306666-12';
const P30_65 = 'Numonyx P30 65 nm data sheet 208042-05 and JS28F256P30TF (icpdf)';
const P33 = 'Numonyx StrataFlash P33 data sheet 314749-05';
const L18 = 'Intel StrataFlash Wireless Memory L18 data sheet 251902-12';
const M18 = 'Numonyx StrataFlash Cellular Memory M18 data sheet (dtsheet)';
const GL_S = 'Spansion/Cypress GL-S data sheet 001-98285, distinctive characteristics';
const GL_S_LIST = 'product page of the S29GL01GS11: speed 110 ns, access time 15 ns';
const GL_P_LIST = 'part page of the S29GL512P (eeworld): maximum access time 110 ns';
const J3D = 'Numonyx Embedded Flash Memory J3 v. D data sheet 316577-06, product features';

const wordWrites = (sheet: string): Parameter =>
  sheet === P30
    ? size(2, 'measured', `${P30}: x16 word programming`)
    : size(2, 'assumed', `word programming on a x16 bus, as the P30; not read in the ${sheet}`);
const smallest = (bytes: number, source: string): Parameter =>
  size(bytes, 'assumed', `${source}; a bank of any power of two above is taken as one device`);
const P30_SIZES = {
  smallestSize: smallest(8 * MIB, 'smallest density of the family, 64 Mbit'),
  erasesize: size(128 * KIB, 'measured', `${P30}: 128-KByte main blocks`),
  writesize: wordWrites(P30),
};
const P30_FIGURES = {
  'parameterBlocks.blocks': measured(4, `${P30}: four parameter blocks`),
  'parameterBlocks.erasesize': measured(32 * KIB, `${P30}: 32-KByte parameter blocks`),
  'read.wordBytes': measured(2, `${P30}: 16-bit data bus`),
  'read.firstAccess': measured(85, `${P30}: initial access 85 ns`),
} as const;
const P30_OTHER = {
  'program.byte': measured(7 * US, `${P30}: 7 us/byte, buffered`),
  'program.factoryByte': measured(
    5 * US,
    `${P30}: 5 us/byte, buffered enhanced factory programming`,
  ),
  'erase.32768': missing(`${P30}: block erase times, page not read`),
  'erase.131072': missing(`${P30}: block erase times, page not read`),
  'suspend.program': measured(20 * US, `${P30}: 20 us suspend latency`),
  'suspend.erase': measured(20 * US, `${P30}: 20 us suspend latency`),
  'current.read': measured(13, `${P30}: 13 mA at 40 MHz`),
  'current.standby': measured(20, `${P30}: standby 20 uA`),
  'supply.voltage': missing(`${P30}: supply voltage, page not read`),
  endurance: measured(100_000, `${P30}: 100,000 erase cycles a block`),
} as const;
const M18_PARTS = {
  smallestSize: smallest(32 * MIB, 'smallest density of the family taken as 256 Mbit'),
  erasesize: size(256 * KIB, 'measured', `${M18}: 256-KByte blocks`),
  writesize: wordWrites(M18),
};
const M18_OTHER = {
  'read.wordBytes': measured(2, `${M18}: 16-bit data bus`),
  'read.firstAccess': measured(96, `${M18}: initial access 96 ns`),
  'program.byte': derived(1 * US, `${M18}: 2.0 us/word of two bytes`),
  'erase.262144': measured(0.9 * SECOND, `${M18}: block erase 0.9 s typical`),
  'current.read': measured(24, `${M18}: 23 to 24 mA read`),
  'current.standby': missing(`${M18}: standby current, page not read`),
  'current.deepPowerDown': measured(2, `${M18}: deep power-down 2 uA`),
  'supply.voltage': missing(`${M18}: supply voltage, page not read`),
  endurance: missing(`${M18}: erase cycles, page not read`),
} as const;
const nor = { type: 'nor', mapped: true } as const satisfies Partial<MtdPart>;

/** Parallel NOR parts by preset name. */
export const PARALLEL_NOR = family({
  p30: {
    ...nor,
    ...P30_SIZES,
    title: 'Numonyx StrataFlash P30, 130 nm, x16, synchronous 52 MHz burst',
    bus: 'burst',
    figures: figures({
      ...P30_FIGURES,
      'read.nextWord': derived(
        19.2,
        `${P30}: burst clock 52 MHz with 17 ns clock-to-data, so one word a clock: 1/52 MHz, rounded to 0.1 ns`,
      ),
      ...P30_OTHER,
    }),
  },
  'p30-async': {
    ...nor,
    ...P30_SIZES,
    title: 'Numonyx StrataFlash P30, 130 nm, x16, asynchronous, no page mode',
    bus: 'async',
    figures: figures({ ...P30_FIGURES, ...P30_OTHER }),
  },
  'p30-65': {
    ...nor,
    title: 'Numonyx P30, 65 nm, 256/512 Mbit BGA, x16, asynchronous 16-word page',
    bus: 'page',
    smallestSize: size(32 * MIB, 'measured', `${P30_65}: 256 Mbit`),
    erasesize: size(128 * KIB, 'measured', `${P30_65}: 128-KByte blocks`),
    writesize: wordWrites(P30_65),
    figures: figures({
      writebufsize: measured(1024, `${P30_65}: 512-word buffer`),
      'read.wordBytes': measured(2, `${P30_65}: 16-bit data bus`),
      'read.firstAccess': measured(100, `${P30_65}: 100 ns BGA (110 ns TSOP)`),
      'read.nextWord': measured(25, `${P30_65}: page read 25 ns`),
      'read.pageBytes': measured(32, `${P30_65}: 16-word page`),
      'program.byte': derived(1000 / 1.5, `${P30_65}: 1.5 MB/s with the 512-word buffer`),
      'program.factoryByte': derived(500, `${P30_65}: 2.0 MB/s factory programming`),
      'erase.131072': missing(`${P30_65}: block erase times, page not read`),
      'suspend.program': measured(25 * US, `${P30_65}: 25 us`),
      'suspend.erase': measured(30 * US, `${P30_65}: 30 us`),
      'current.read': missing(`${P30_65}: read current, page not read`),
      'current.standby': measured(70, `${P30_65}: standby 70 uA`),
      'supply.voltage': missing(`${P30_65}: supply voltage, page not read`),
      endurance: missing(`${P30_65}: erase cycles, page not read`),
    }),
  },
  p33: {
    ...nor,
    title: 'Numonyx StrataFlash P33, x16, synchronous 52 MHz burst',
    bus: 'burst',
    smallestSize: smallest(8 * MIB, 'smallest density of the family taken as 64 Mbit'),
    erasesize: size(128 * KIB, 'measured', `${P33}: 128-KByte blocks`),
    writesize: wordWrites(P33),
    figures: figures({
      'read.wordBytes': measured(2, `${P33}: 16-bit data bus`),
      'read.firstAccess': measured(85, `${P33}: initial access 85 ns`),
      'read.nextWord': derived(19.2, `${P33}: 52 MHz burst: 1/52 MHz, rounded to 0.1 ns`),
      'program.byte': measured(7 * US, `${P33}: 7 us/byte, buffered`),
      'program.factoryByte': measured(5 * US, `${P33}: 5 us/byte, factory programming`),
      'erase.131072': missing(`${P33}: block erase times, page not read`),
      'current.read': measured(16, `${P33}: 16 mA`),
      'current.standby': measured(35, `${P33}: standby 35 uA`),
      'supply.voltage': missing(`${P33}: supply voltage, page not read`),
      endurance: missing(`${P33}: erase cycles, page not read`),
    }),
  },
  l18: {
    ...nor,
    title: 'Intel StrataFlash L18, 1.8 V, x16, synchronous 54 MHz burst, reads while writing',
    bus: 'burst',
    smallestSize: smallest(16 * MIB, 'smallest density of the family taken as 128 Mbit'),
    erasesize: size(128 * KIB, 'measured', `${L18}: 128-KByte blocks`),
    writesize: wordWrites(L18),
    figures: figures({
      'read.wordBytes': measured(2, `${L18}: 16-bit data bus`),
      'read.firstAccess': measured(85, `${L18}: initial access 85 ns`),
      'read.nextWord': derived(
        18.5,
        `${L18}: 54 MHz with 14 ns clock-to-data: 1/54 MHz, rounded to 0.1 ns`,
      ),
      'program.byte': measured(7 * US, `${L18}: 7 us/byte, buffered`),
      'program.factoryByte': measured(5 * US, `${L18}: 5 us/byte, factory programming`),
      'erase.131072': missing(`${L18}: block erase times, page not read`),
      'current.read': measured(15, `${L18}: 15 mA at 54 MHz`),
      'current.standby': missing(`${L18}: standby current, page not read`),
      'supply.voltage': measured(1.8, `${L18}: 1.8 V`),
      endurance: missing(`${L18}: erase cycles, page not read`),
    }),
  },
  m18: {
    ...nor,
    ...M18_PARTS,
    title: 'Numonyx StrataFlash M18, 65/90 nm, x16, synchronous 133 MHz burst',
    bus: 'burst',
    figures: figures({
      ...M18_OTHER,
      'read.nextWord': derived(7.5, `${M18}: 133 MHz, zero-wait: 1/133 MHz, rounded to 0.1 ns`),
    }),
  },
  'm18-108': {
    ...nor,
    ...M18_PARTS,
    title: 'Numonyx StrataFlash M18, 65/90 nm, x16, synchronous 108 MHz burst',
    bus: 'burst',
    figures: figures({
      ...M18_OTHER,
      'read.nextWord': derived(9.3, `${M18}: 108 MHz, zero-wait: 1/108 MHz, rounded to 0.1 ns`),
    }),
  },
  's29gl-s': {
    ...nor,
    title: 'Spansion S29GL-S (S29GL01GS11), x16, asynchronous 16-word page',
    bus: 'page',
    smallestSize: size(16 * MIB, 'measured', `${GL_S}: 128 Mbit to 1 Gbit`),
    erasesize: size(128 * KIB, 'measured', `${GL_S}: uniform 128-kbyte sectors`),
    writesize: size(2, 'measured', `${GL_S}: single word programming, x16`),
    figures: figures({
      writebufsize: measured(512, `${GL_S}: 512-byte programming buffer`),
      'read.wordBytes': measured(2, `${GL_S}: x16 data bus`),
      'read.firstAccess': measured(110, GL_S_LIST),
      'read.nextWord': measured(15, GL_S_LIST),
      'read.pageBytes': measured(32, `${GL_S}: asynchronous 32-byte page read`),
      'program.page': missing(`${GL_S}: buffer programming time, page not read`),
      'erase.131072': missing(`${GL_S}: sector erase time, page not read`),
      'current.read': missing(`${GL_S}: read current, page not read`),
      'current.standby': missing(`${GL_S}: standby current, page not read`),
      'supply.voltage': measured(3, `${GL_S}: single supply, 2.7 V to 3.6 V`),
      endurance: measured(100_000, `${GL_S}: 100,000 program/erase cycles`),
      retention: measured(20, `${GL_S}: 20 years data retention`),
    }),
  },
  s29gl512p: {
    ...nor,
    title: 'Spansion S29GL512P, 90 nm, x16, asynchronous page mode',
    bus: 'page',
    smallestSize: size(64 * MIB, 'derived', 'part number: 512 Mbit'),
    erasesize: size(
      128 * KIB,
      'assumed',
      `as its successor: ${GL_S}: uniform 128-kbyte sectors; the sheet of the P was not read`,
    ),
    writesize: size(2, 'assumed', `as its successor: ${GL_S}: single word programming`),
    figures: figures({
      'read.wordBytes': assumed(2, `as its successor: ${GL_S}: x16 data bus`),
      'read.firstAccess': measured(110, GL_P_LIST),
      'read.nextWord': missing('S29GL-P data sheet: page access time, not read'),
      'read.pageBytes': missing('S29GL-P data sheet: words of a read page, not read'),
      'program.page': missing('S29GL-P data sheet: buffer programming time, not read'),
      'erase.131072': missing('S29GL-P data sheet: sector erase time, not read'),
      'supply.voltage': measured(
        3,
        'part page of the S29GL512P (eeworld): rated 3 V, 2.7 V to 3.6 V',
      ),
      endurance: missing('S29GL-P data sheet: erase cycles, not read'),
    }),
  },
  j3: {
    ...nor,
    title: 'Numonyx J3 v. D, 130 nm, x16, asynchronous 8-word page',
    bus: 'page',
    smallestSize: size(4 * MIB, 'measured', `${J3D}: 32 to 256 Mbit`),
    erasesize: size(128 * KIB, 'measured', `${J3D}: symmetrical 128-Kbyte blocks`),
    writesize: size(2, 'assumed', 'word programming on a x16 bus, as the rest of StrataFlash'),
    figures: figures({
      writebufsize: measured(32, `${J3D}: 32-byte write buffer`),
      'read.wordBytes': assumed(2, 'x8/x16 part used with 16 bits'),
      'read.firstAccess': measured(75, `${J3D}: 75 ns initial access, 32 to 128 Mbit`),
      'read.nextWord': measured(25, `${J3D}: 25 ns asynchronous page-mode reads`),
      'read.pageBytes': derived(16, `${J3D}: 8-word page (it has 4-word pages, too)`),
      'program.byte': measured(4 * US, `${J3D}: 4 us/byte effective programming time`),
      'erase.131072': missing(`${J3D}: block erase times, page not read`),
      'supply.voltage': assumed(3, `${J3D}: VCC 2.7 V to 3.6 V, taken as 3 V`),
      endurance: measured(100_000, `${J3D}: 100,000 erase cycles a block at least`),
    }),
  },
});
