/**
 * Serial NOR flash: SPI with one, four or eight lines. A read clocks out command, address, mode and dummy
 * bits before its data; a continuous read leaves the command out.
 *
 * @module
 */
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
  SECOND,
  size,
  US,
} from './rows.ts';
import {
  BYTE_WRITES,
  clocks,
  perByte,
  QUAD,
  quadRead,
  sfdp,
  sfdpSizes,
  sfdpTimes,
} from './serial.ts';

const W25Q = 'Winbond W25Q128JV-DTR data sheet';
const PLAIN_READ = 'opcode 03h: 8 command and 24 address bits on one line, no dummies';
const PAGE_256 = `${W25Q}: 256-byte pages`;
const W25Q_SIZES = {
  smallestSize: size(
    1 * MIB,
    'assumed',
    'the W25Q family from 8 Mbit on; any power of two above is taken as one device',
  ),
  erasesize: size(4 * KIB, 'measured', `${W25Q}: 4,096 sectors of 4 KB`),
  writesize: BYTE_WRITES,
};
const W25Q_OTHER = {
  writebufsize: measured(256, PAGE_256),
  'program.page': missing(`${W25Q}: page program time, AC table not read (W25Q512JV: 704 us)`),
  'erase.4096': missing(`${W25Q}: sector erase time, AC table not read`),
  'erase.32768': missing(`${W25Q}: 32-KB block erase time, AC table not read`),
  'erase.65536': missing(`${W25Q}: 64-KB block erase time, AC table not read`),
} as const;
const LIKE_W25Q512 = quadRead(assumed, `as ${sfdp('W25Q512JV')}: 2 mode and 4 dummy clocks`);
const serial = { type: 'nor', mapped: true, bus: 'serial' } as const;

const MX66L = 'MX66L1G45G';
const IS25 = 'IS25WP256';
const MT25 = 'Micron MT25QU512 data sheet (dtsheet 1384704)';
const N25 = 'Micron N25Q00AA data sheet';
const KH = 'Macronix KH25L8005 data sheet PM1307';
const KH_READ = `${KH}: 32 clocks of command and address, 40 with the dummy byte`;
const OCTAL = '8D-8D-8D: 16 bits a clock, a command with its extension, no mode bits';
const MT35_LINUX =
  'Linux ad624dfd7bb6 (mtd: spi-nor: micron-st: MT35XU512ABA in octal DTR mode): 20 dummy cycles for the maximum of 200 MHz';
const KLIPPER =
  'Klipper pull request 6464: a 32-bit flash read of an RP2040 at 125 MHz takes at least 320 ns, 20 flash clocks of two CPU clocks';
const RP2040 = 'RP2040 data sheet 2.5.3.1 (XIP cache)';

/** Serial NOR parts by preset name. */
export const SPI_NOR = family({
  'spi-50': {
    ...serial,
    ...W25Q_SIZES,
    title: 'SPI NOR, one line at 50 MHz, plain read (03h)',
    figures: figures({
      'read.clock': assumed(50, 'a common limit of the plain read; the board chooses the clock'),
      ...clocks(8, 24, derived(0, PLAIN_READ), derived(0, PLAIN_READ), PLAIN_READ),
      ...perByte(8, 'eight bits on one line'),
      ...W25Q_OTHER,
    }),
  },
  'qspi-104': {
    ...serial,
    ...W25Q_SIZES,
    title: 'Winbond W25Q, four lines at 104 MHz, every read with its command (EBh)',
    figures: figures({
      'read.clock': assumed(104, 'a common quad clock; the board chooses the clock'),
      ...LIKE_W25Q512,
      ...W25Q_OTHER,
    }),
  },
  'qspi-133': {
    ...serial,
    ...W25Q_SIZES,
    title: 'Winbond W25Q128JV, four lines at 133 MHz, continuous read',
    figures: figures({
      'read.clock': measured(133, `${W25Q}: 133 MHz`),
      ...LIKE_W25Q512,
      'read.resumeClocks': measured(
        8,
        `${W25Q}: continuous read: as few as 8 clocks for an address`,
      ),
      ...W25Q_OTHER,
    }),
  },
  w25q512jv: {
    ...serial,
    ...sfdpSizes('W25Q512JV', 64 * MIB),
    title: 'Winbond W25Q512JV, four lines at 133 MHz (EBh)',
    figures: figures({
      'read.clock': assumed(133, `as ${W25Q}: 133 MHz`),
      ...quadRead(measured, `${sfdp('W25Q512JV')}: EBh, 2 mode and 4 dummy clocks`),
      ...sfdpTimes(
        'W25Q512JV',
        [704 * US, 4.224 * MS],
        {
          4096: [64 * MS, 896 * MS],
          32768: [128 * MS, 1792 * MS],
          65536: [160 * MS, 2240 * MS],
        },
        192 * SECOND,
      ),
    }),
  },
  mx66l1g45g: {
    ...serial,
    ...sfdpSizes(MX66L, 128 * MIB),
    title: 'Macronix MX66L1G45G, four lines, continuous read (EBh)',
    figures: figures({
      'read.clock': missing('MX66L1G45G data sheet: clock of the quad read; SFDP has none'),
      ...quadRead(measured, `${sfdp(MX66L)}: EBh, 2 mode and 4 dummy clocks`),
      'read.resumeClocks': derived(12, `${sfdp(MX66L)}: address, mode and dummy clocks of EBh`),
      ...sfdpTimes(
        MX66L,
        [256 * US, 3.072 * MS],
        {
          4096: [30 * MS, 420 * MS],
          32768: [160 * MS, 2240 * MS],
          65536: [288 * MS, 4032 * MS],
        },
        256 * SECOND,
      ),
    }),
  },
  is25wp256: {
    ...serial,
    ...sfdpSizes(IS25, 32 * MIB),
    title: 'ISSI IS25WP256, four lines (EBh)',
    figures: figures({
      'read.clock': missing('IS25WP256 data sheet: clock of the quad read; SFDP has none'),
      ...quadRead(measured, `${sfdp(IS25)}: EBh, 2 mode and 4 dummy clocks`),
      ...sfdpTimes(
        IS25,
        [200 * US, 1.2 * MS],
        {
          4096: [48 * MS, 384 * MS],
          32768: [160 * MS, 1280 * MS],
          65536: [304 * MS, 2432 * MS],
        },
        60 * SECOND,
      ),
    }),
  },
  mt25qu512: {
    ...serial,
    title: 'Micron MT25QU512, four lines at 133 MHz',
    smallestSize: size(64 * MIB, 'derived', 'part number: 512 Mbit'),
    erasesize: size(4 * KIB, 'measured', `${MT25}: 4-KB, 32-KB and 64-KB erase`),
    writesize: BYTE_WRITES,
    figures: figures({
      'read.clock': measured(133, `${MT25}: 133 MHz STR (66 MHz DTR, 65 MB/s)`),
      'read.commandClocks': derived(8, 'a command on one line'),
      'read.addressClocks': derived(6, '24 address bits on four lines'),
      'read.modeClocks': missing(`${MT25}: mode clocks as configured`),
      'read.dummyClocks': missing(`${MT25}: dummy clocks as configured`),
      ...QUAD,
      'program.page': missing(`${MT25}: page program time, AC table not read`),
      'erase.4096': missing(`${MT25}: erase times, AC table not read`),
      'erase.32768': missing(`${MT25}: erase times, AC table not read`),
      'erase.65536': missing(`${MT25}: erase times, AC table not read`),
    }),
  },
  n25q00aa: {
    ...serial,
    title: 'Micron N25Q00AA, four lines at 108 MHz',
    smallestSize: size(128 * MIB, 'derived', 'part number: 1 Gbit'),
    erasesize: size(4 * KIB, 'measured', `${N25}: 4-KB and 64-KB erase`),
    writesize: BYTE_WRITES,
    figures: figures({
      'read.clock': measured(108, `${N25}: 108 MHz STR (54 MHz DTR, 54 MB/s)`),
      'read.commandClocks': derived(8, 'a command on one line'),
      'read.addressClocks': derived(6, '24 address bits on four lines'),
      'read.modeClocks': missing(`${N25}: mode clocks as configured`),
      'read.dummyClocks': missing(`${N25}: dummy clocks as configured`),
      ...QUAD,
      'program.page': missing(`${N25}: page program time, AC table not read`),
      'erase.4096': missing(`${N25}: erase times, AC table not read`),
      'erase.65536': missing(`${N25}: erase times, AC table not read`),
    }),
  },
  kh25l8005: {
    ...serial,
    title: 'Macronix KH25L8005, one line at 66 MHz, fast read (0Bh)',
    smallestSize: size(1 * MIB, 'measured', `${KH}: 8 Mbit`),
    erasesize: size(4 * KIB, 'measured', `${KH}: 4-KB sectors, 64-KB blocks`),
    writesize: BYTE_WRITES,
    figures: figures({
      'read.clock': measured(66, `${KH}: 66 MHz`),
      ...clocks(8, 24, derived(0, KH_READ), derived(8, KH_READ), KH_READ),
      ...perByte(8, 'eight bits on one line'),
      writebufsize: assumed(256, 'as the SPI NOR family: 256-byte pages'),
      'program.page': measured(1.4 * MS, `${KH}: page program 1.4 ms typical`),
      'program.pageMax': measured(5 * MS, `${KH}: page program 5 ms maximum`),
      'erase.4096': measured(60 * MS, `${KH}: sector erase 60 ms typical`),
      'eraseMax.4096': measured(120 * MS, `${KH}: sector erase 120 ms maximum`),
      'erase.65536': measured(1 * SECOND, `${KH}: block erase 1 s typical`),
      'eraseMax.65536': measured(2 * SECOND, `${KH}: block erase 2 s maximum`),
    }),
  },
  'dual-qspi-66': {
    ...serial,
    ...W25Q_SIZES,
    title: 'Two quad SPI chips side by side at 66 MHz, eight lines (as on Renesas RZ/A1)',
    figures: figures({
      'read.clock': assumed(66, 'RZ/A1 boards: 66 MHz; the board chooses the clock'),
      ...LIKE_W25Q512,
      ...perByte(1, 'eight bits on two times four lines'),
      ...W25Q_OTHER,
      writebufsize: derived(512, 'a 256-byte page in each chip'),
    }),
  },
  'octal-200': {
    ...serial,
    ...sfdpSizes('MT35XU01G', 128 * MIB),
    title: 'Micron MT35XU01G Xccela, eight lines DTR at 200 MHz',
    figures: figures({
      'read.clock': assumed(200, `${MT35_LINUX}; taken for the MT35XU01G of the same family`),
      ...clocks(
        1,
        2,
        derived(0, OCTAL),
        assumed(20, `${MT35_LINUX}; taken for the MT35XU01G of the same family`),
        OCTAL,
      ),
      'read.wordBytes': derived(2, '8D-8D-8D: two bytes a clock'),
      ...perByte(0.5, '8D-8D-8D: two bytes a clock'),
      ...sfdpTimes(
        'MT35XU01G',
        [120 * US, 2.88 * MS],
        {
          4096: [48 * MS, 480 * MS],
          32768: [112 * MS, 1120 * MS],
          131072: [192 * MS, 1920 * MS],
        },
        128 * SECOND,
      ),
    }),
  },
  rp2040: {
    ...serial,
    ...W25Q_SIZES,
    title: 'W25Q16-like flash at 62.5 MHz, continuous read, behind the XIP cache of an RP2040',
    figures: figures({
      'read.clock': derived(62.5, KLIPPER),
      ...LIKE_W25Q512,
      'read.resumeClocks': derived(12, `${KLIPPER}: 20 clocks less 8 for four bytes`),
      ...W25Q_OTHER,
      'cache.size': measured(16 * KIB, `${RP2040}: 16 kB`),
      'cache.ways': measured(2, `${RP2040}: two-way set-associative, hit in one cycle`),
      'cache.lineBytes': measured(8, 'pico-sdk issue 1182: lines of 8 bytes'),
      'cache.fillBytes': measured(4, 'pico-sdk issue 1182: a line is filled one half at a time'),
    }),
  },
});
