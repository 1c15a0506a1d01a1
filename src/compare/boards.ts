/**
 * Figures that others measured on boards, against what the parts' data sheets predict. At most one number is
 * fitted a board, to one published figure; it must then predict another. Nothing here is used for prices.
 *
 * @module
 */
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { INSTRUCTION_ROWS, cpuPreset } from '../cost/params.ts';
import { flashParameters, partNamed } from '../mtd/parts.ts';
import { ramParameters } from '../mtd/ram-parameters.ts';

/** One figure of a board. */
export interface BoardFigure {
  readonly board: string;
  readonly figure: string;
  readonly unit: string;
  readonly published: number;
  readonly predicted: number;
  /** The published number was used to fit something: what, and what it came to. */
  readonly fitted?: string;
}

const line = (part: string): number =>
  flashParameters(partNamed(part)).find(({ name }) => name === 'flash.line')?.value ?? NaN;
const ramLine = (part: string): number => ramParameters(partNamed(part))[0]?.value ?? NaN;

/**
 * OMAP5912 at 196 MHz booting Linux from NOR in place or from RAM (D. Shin, eLinux Kernel XIP, case 3), us. The
 * boots from OneNAND give what start-up code and kernel take from RAM: both agree on the kernel's part to 12 us.
 */
const OMAP5912 = {
  fromRam: 478_938 - 56_884,
  asynchronous: 468_287,
  synchronous: 436_626,
} as const;

function omap5912(): readonly BoardFigure[] {
  const { fromRam, asynchronous, synchronous } = OMAP5912;
  const ram = ramLine('sdr-133');
  const lines = ((asynchronous - fromRam) * 1000) / (line('p30-async') - ram);
  const predict = (part: string): number => fromRam + (lines * (line(part) - ram)) / 1000;
  const board = 'OMAP5912, boot from NOR';
  return [
    {
      board,
      figure: 'asynchronous reads of 85 ns',
      unit: 'us',
      published: asynchronous,
      predicted: predict('p30-async'),
      fitted: `cache lines missed: ${lines.toFixed(0)}`,
    },
    {
      board,
      figure: 'tuned: synchronous bursts (l18)',
      unit: 'us',
      published: synchronous,
      predicted: predict('l18'),
    },
  ];
}

/** OMAP1510, ARM925T at 168 MHz, cramfs from RAM or in place, a script of TinyX (T. Poynor, 2004), ms. */
const OMAP1510 = {
  first: 3195,
  firstXip: 2035,
  second: 1744,
  secondXip: 1765,
  megahertz: 168,
} as const;
/** Mean stored bytes of a page of ARM code (zlib, 4 KiB): the profiled root file system. */
const STORED_BYTES = 2382;

function omap1510(linesPerPage: number): readonly BoardFigure[] {
  const { first, firstXip, second, secondXip, megahertz } = OMAP1510;
  const instructions =
    INSTRUCTION_ROWS['trap.fileMajor'].value +
    INSTRUCTION_ROWS['inflate.setup'].value +
    INSTRUCTION_ROWS['inflate.storedByte'].value * STORED_BYTES +
    INSTRUCTION_ROWS['copy.page'].value -
    INSTRUCTION_ROWS['trap.rawPfn'].value;
  const cyclesPerInstruction = cpuPreset('arm926-200').time?.['cpu.cpi'].value ?? NaN;
  const savedByPage = (instructions * cyclesPerInstruction) / megahertz / 1000;
  const lost = (part: string): number => (linesPerPage * (line(part) - ramLine('sdr-133'))) / 1e6;
  const pagesOn = (part: string): number => (first - firstXip) / (savedByPage - lost(part));
  const board = 'OMAP1510, TinyX from cramfs';
  return ['p30', 'p30-65', 'p30-async'].flatMap((part) => [
    {
      board,
      figure: `first run in place (${part})`,
      unit: '%',
      published: 100 * (firstXip / first - 1),
      predicted: (100 * -pagesOn(part) * (savedByPage - lost(part))) / first,
      fitted: `pages filled: ${pagesOn(part).toFixed(0)}`,
    },
    {
      board,
      figure: `second run in place (${part})`,
      unit: '%',
      published: 100 * (secondXip / second - 1),
      predicted: (100 * pagesOn(part) * lost(part)) / second,
    },
  ]);
}

/**
 * AM64x, Cortex-R5F at 800 MHz with 8D OSPI NOR at 133 MHz (TI MCU+ SDK, XIP benchmark), cycles, and what its
 * sources (examples/kernel/dpl/xip_benchmark) read from flash, bytes: 320 samples and 29 coefficients of four
 * bytes, 64 words. Code: the FIR loop compiled by GCC for this CPU has 928 to 1,048 bytes; memcpy is assumed.
 */
const AM64X = {
  megahertz: 800,
  ospiMegahertz: 133,
  fir: { warm: 26_721, cold: 59_814, oneOfTen: 30_033, bytes: 1280 + 116 + 1024 },
  memcpy: { warm: 1564, cold: 5073, oneOfTen: 1919, bytes: 256 + 128 },
} as const;

function am64x(): readonly BoardFigure[] {
  const { fir, memcpy, megahertz, ospiMegahertz } = AM64X;
  const lines = (bytes: number): number => Math.ceil(bytes / CACHE_LINE_BYTES);
  const fromSheet = (line('octal-200') * 200 * megahertz) / ospiMegahertz / 1000;
  const fitted = (fir.cold - fir.warm) / lines(fir.bytes);
  const cold = (run: typeof fir | typeof memcpy, cycles: number): number =>
    run.warm + lines(run.bytes) * cycles;
  const ratio = (run: typeof fir | typeof memcpy): number => run.cold / run.warm;
  const board = 'AM64x R5F, OSPI';
  return [
    {
      board,
      figure: 'FIR, cold against warm',
      unit: 'x',
      published: ratio(fir),
      predicted: cold(fir, fitted) / fir.warm,
      fitted: `cycles a line: ${fitted.toFixed(0)} (the sheet alone gives ${fromSheet.toFixed(0)})`,
    },
    {
      board,
      figure: 'memcpy, cold against warm',
      unit: 'x',
      published: ratio(memcpy),
      predicted: cold(memcpy, fitted) / memcpy.warm,
    },
    {
      board,
      figure: 'FIR, nothing fitted',
      unit: 'x',
      published: ratio(fir),
      predicted: cold(fir, fromSheet) / fir.warm,
    },
    {
      board,
      figure: 'memcpy, nothing fitted',
      unit: 'x',
      published: ratio(memcpy),
      predicted: cold(memcpy, fromSheet) / memcpy.warm,
    },
    {
      board,
      figure: 'FIR, one run of ten cold',
      unit: 'cycles',
      published: fir.oneOfTen,
      predicted: (cold(fir, fitted) + 9 * fir.warm) / 10,
    },
  ];
}

/** RP2040 at 125 MHz (Klipper, pull request 6464), ns: a word by continuous quad reads, and by 03h. */
const RP2040 = { quadWord: 320, serialWord: 2000 } as const;

function rp2040(): readonly BoardFigure[] {
  const rows = flashParameters(partNamed('rp2040'));
  const value = (name: string): number => rows.find((row) => row.name === name)?.value ?? NaN;
  const board = 'RP2040, QSPI at 62.5 MHz';
  return [
    {
      board,
      figure: 'a 32-bit word (at least)',
      unit: 'ns',
      published: RP2040.quadWord,
      predicted: value('flash.resume') + 4 * value('flash.byte'),
    },
    {
      board,
      figure: 'a 32-bit word by 03h, clock / 4 (more than)',
      unit: 'ns',
      published: RP2040.serialWord,
      // 64 clocks on one line.
      predicted: (64 * 4 * 1000) / 125,
    },
  ];
}

/**
 * Every figure. `linesPerPage`: cache lines that a program uses of a page each time it comes to it; the trace of
 * a real ARM program says it.
 */
export const boardFigures = (linesPerPage: number): readonly BoardFigure[] => [
  ...omap1510(Math.min(linesPerPage, PAGE_SIZE / CACHE_LINE_BYTES)),
  ...omap5912(),
  ...am64x(),
  ...rp2040(),
];
