/**
 * What the kernel's work comes to, in instructions, as a real kernel with the original driver was counted.
 *
 * @module
 */
import { parameter } from '../base/parameter.ts';
import type { Parameter } from '../base/parameter.ts';

const MEASURED =
  'instruction counts of Linux 6.1.192 (x86_64) with the original AXFS driver, in an emulated PC';
const REPLAY = `${MEASURED}, replaying the armhf root filesystem's trace`;

/** Rows every preset has: work in instructions. */
export const INSTRUCTION_ROWS = {
  'trap.rawPfn': parameter(
    2153,
    'instructions',
    'measured',
    `${MEASURED}: XIP fault, physical address, median`,
  ),
  'trap.fileMinor': parameter(
    2016,
    'instructions',
    'measured',
    `${MEASURED}: page already in the page cache, median`,
  ),
  'trap.fileMajor': parameter(
    5618,
    'instructions',
    'derived',
    `${MEASURED}: page whose cblock is expanded already, 6,130 median, less copy.page`,
  ),
  'trap.writeProtectFile': parameter(
    3658,
    'instructions',
    'derived',
    `${REPLAY}: write-protect copy of a cached page, 4,170 median, less copy.page`,
  ),
  'trap.writeProtectRaw': parameter(
    3713,
    'instructions',
    'derived',
    `${REPLAY}: write-protect copy of an XIP page, 3,811 to 4,639, middle, less copy.page`,
  ),
  'trap.writeProtectAnon': parameter(
    2016,
    'instructions',
    'assumed',
    'as a fault on a cached page: no page is allocated or copied',
  ),
  'trap.anonymous': parameter(
    2850,
    'instructions',
    'derived',
    `${MEASURED}: first touch of a tmpfs page, 3,362 median, less zeroing it at the price of copy.page`,
  ),
  'trap.writeProtectZero': parameter(
    3658,
    'instructions',
    'assumed',
    'as trap.writeProtectFile: a page is allocated; zeroing it is paid at the price of copy.page',
  ),
  'trap.earlyCow': parameter(
    1618,
    'instructions',
    'derived',
    `${REPLAY}: what a write-protect copy costs beyond a cached fault (4,170 - 2,040), less copy.page: allocation and accounting added to the fault that copies at once`,
  ),
  'inflate.setup': parameter(
    61770,
    'instructions/cblock',
    'derived',
    `${REPLAY}: fit of a compressed fill, 67,900 + 30.9 x stored bytes (r2 0.87), less the 6,130 of a fill without inflate`,
  ),
  'inflate.storedByte': parameter(
    30.9,
    'instructions/byte',
    'derived',
    `${REPLAY}: slope of the fit over stored bytes, ARM code`,
  ),
  'inflate.lz4Byte': parameter(
    1.7,
    'instructions/byte',
    'assumed',
    'of expanded bytes; no kernel that expands AXFS with LZ4 was counted. Cycles a byte of LZ4 over those of zlib in lzbench 2.0.1 (EPYC 9554: 0.83 / 9.0) times the 18 that inflate.storedByte gives for an expanded byte; a whole random fault of EROFS with LZ4 took 41,800, an upper bound',
  ),
  'copy.page': parameter(
    512,
    'instructions',
    'measured',
    `${MEASURED}: one 4 KiB copy, counted per 8-byte word`,
  ),
} as const satisfies Record<string, Parameter>;

/** Name of an instruction row. */
export type InstructionRow = keyof typeof INSTRUCTION_ROWS;

/** The rows' names, in order. */
export const INSTRUCTION_ROW_NAMES = Object.keys(INSTRUCTION_ROWS) as readonly InstructionRow[];
