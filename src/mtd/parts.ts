/**
 * Flash parts: geometry and timing, number by number with its source. A part is a row; a device of any
 * size is built from it.
 *
 * @module
 */
import { parameter } from '../base/parameter.ts';
import type { NamedParameter, Parameter } from '../base/parameter.ts';
import { CACHE_LINE_BYTES } from '../base/units.ts';
import type { EraseRegion } from './device.ts';

const KIB = 1024;

/** Read timing of a bus that opens a burst and then moves one word per step. */
export interface BurstTiming {
  /** Time until the first word, ns. */
  readonly firstAccess: Parameter;
  /** Time for each further word of the burst, ns. */
  readonly nextWord: Parameter;
  /** Width of the data bus, bytes. */
  readonly wordBytes: Parameter;
}

/** One part. */
export interface MtdPart {
  readonly name: string;
  readonly title: string;
  readonly type: 'nor';
  /** Smallest device of the family, bytes; larger ones are taken as powers of two. */
  readonly smallestSize: Parameter;
  /** Blocks at the bottom that are smaller than the rest, and their size in bytes. */
  readonly parameterBlocks: { readonly blocks: Parameter; readonly erasesize: Parameter };
  readonly erasesize: Parameter;
  /** Program unit, bytes. */
  readonly writesize: Parameter;
  readonly timing: BurstTiming;
}

const P30_SHEET = 'Intel/Numonyx StrataFlash P30 (130 nm) data sheet 306666-12';

/** The parts, by preset name. */
export const MTD_PARTS = {
  p30: {
    name: 'p30',
    title: 'Numonyx StrataFlash P30, 130 nm, x16, synchronous 52 MHz burst',
    type: 'nor',
    smallestSize: parameter(
      8 * KIB * KIB,
      'bytes',
      'assumed',
      'smallest density of the family, 64 Mbit; a bank of any power of two above is taken as one device',
    ),
    parameterBlocks: {
      blocks: parameter(4, 'blocks', 'measured', `${P30_SHEET}: four parameter blocks`),
      erasesize: parameter(
        32 * KIB,
        'bytes',
        'measured',
        `${P30_SHEET}: 32-KByte parameter blocks`,
      ),
    },
    erasesize: parameter(128 * KIB, 'bytes', 'measured', `${P30_SHEET}: 128-KByte main blocks`),
    writesize: parameter(2, 'bytes', 'measured', `${P30_SHEET}: x16 word programming`),
    timing: {
      firstAccess: parameter(85, 'ns', 'measured', `${P30_SHEET}: initial access 85 ns`),
      nextWord: parameter(
        19.2,
        'ns',
        'derived',
        `${P30_SHEET}: burst clock 52 MHz with 17 ns clock-to-data, so one word a clock: 1/52 MHz, rounded to 0.1 ns`,
      ),
      wordBytes: parameter(2, 'bytes', 'measured', `${P30_SHEET}: 16-bit data bus`),
    },
  },
} as const satisfies Record<string, MtdPart>;

/** Name of a part. */
export type MtdPartName = keyof typeof MTD_PARTS;

/** Time to move `bytes` in one burst, ns. */
export function burstNanoseconds(timing: BurstTiming, bytes: number): number {
  if (bytes === 0) return 0;
  const words = Math.ceil(bytes / timing.wordBytes.value);
  return timing.firstAccess.value + (words - 1) * timing.nextWord.value;
}

/** Smallest power-of-two device of `part` that holds `bytes`. */
export function smallestDeviceSize(part: MtdPart, bytes: number): number {
  let size = part.smallestSize.value;
  while (size < bytes) size *= 2;
  return size;
}

/** Erase blocks of a device of `size` bytes: parameter blocks at the bottom, main blocks above. */
export function eraseRegions(part: MtdPart, size: number): readonly EraseRegion[] {
  const blocks = part.parameterBlocks.blocks.value;
  const erasesize = part.parameterBlocks.erasesize.value;
  const main = part.erasesize.value;
  return [
    { offset: 0, erasesize, blocks },
    { offset: blocks * erasesize, erasesize: main, blocks: (size - blocks * erasesize) / main },
  ];
}

/**
 * The part's timing as named rows, for a price list: the three sourced values and what the model derives
 * from them: ns to open a burst (`flash.open`), per byte moved, and for a 32-byte line fill.
 */
export function flashParameters(part: MtdPart): readonly NamedParameter[] {
  const { firstAccess, nextWord, wordBytes } = part.timing;
  const line = burstNanoseconds(part.timing, CACHE_LINE_BYTES);
  return [
    { name: 'flash.firstAccess', ...firstAccess },
    { name: 'flash.nextWord', ...nextWord },
    { name: 'flash.wordBytes', ...wordBytes },
    {
      name: 'flash.open',
      ...parameter(
        firstAccess.value - nextWord.value,
        'ns/read',
        'derived',
        'flash.firstAccess - flash.nextWord: what a read costs beyond its words',
      ),
    },
    {
      name: 'flash.byte',
      ...parameter(
        nextWord.value / wordBytes.value,
        'ns/byte',
        'derived',
        'flash.nextWord / flash.wordBytes',
      ),
    },
    {
      name: 'flash.line',
      ...parameter(
        line,
        'ns/line',
        'derived',
        `one ${String(CACHE_LINE_BYTES)}-byte line fill: flash.firstAccess + ${String(CACHE_LINE_BYTES / wordBytes.value - 1)} x flash.nextWord`,
      ),
    },
  ];
}
