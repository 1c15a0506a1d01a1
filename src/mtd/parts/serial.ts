/**
 * Shorthands for serial NOR flash: the clocks of a read, and what an SFDP table gives.
 *
 * @module
 */
import { derived, KIB, measured, size } from './rows.ts';
import type { Cell, Cells } from './rows.ts';
import type { MtdPart } from '../part.ts';

/** The quad read. */
export const EBH = 'opcode EBh (1-4-4)';
/** SFDP tables as shipped with QEMU (hw/block/m25p80_sfdp.c, commit 062cfce8d4c0). */
export const sfdp = (chip: string): string => `SFDP of the ${chip} (QEMU hw/block/m25p80_sfdp.c)`;

/** Command, address, mode and dummy clocks; the first two follow from the lines that carry them. */
export const clocks = (
  command: number,
  address: number,
  mode: Cell,
  dummy: Cell,
  source: string,
): Cells => ({
  'read.commandClocks': derived(command, source),
  'read.addressClocks': derived(address, source),
  'read.modeClocks': mode,
  'read.dummyClocks': dummy,
});
/** A cold quad read: 2 mode and 4 dummy clocks, told by `cell`. */
export const quadRead = (cell: (value: number, source: string) => Cell, source: string): Cells => ({
  ...clocks(
    8,
    6,
    cell(2, source),
    cell(4, source),
    `${EBH}: command on one line, 24 address bits on four`,
  ),
  ...QUAD,
});
/** Clocks of a byte on so many lines. */
export const perByte = (value: number, source: string): Cells => ({
  'read.clocksPerByte': derived(value, source),
});
/** Four lines. */
export const QUAD = perByte(2, 'eight bits on four lines');
/** A part whose SFDP gives page program and erase times: typical, at most. */
export const sfdpTimes = (
  chip: string,
  page: readonly [number, number],
  erase: Readonly<Record<number, readonly [number, number]>>,
  chipErase: number,
): Cells => ({
  writebufsize: measured(256, `${sfdp(chip)}: page size`),
  'program.page': measured(page[0], `${sfdp(chip)}: page program, typical`),
  'program.pageMax': measured(page[1], `${sfdp(chip)}: page program, maximum`),
  ...Object.fromEntries(
    Object.entries(erase).flatMap(([bytes, [typical, most]]) => [
      [`erase.${bytes}`, measured(typical, `${sfdp(chip)}: erase, typical`)],
      [`eraseMax.${bytes}`, measured(most, `${sfdp(chip)}: erase, maximum`)],
    ]),
  ),
  'erase.chip': measured(chipErase, `${sfdp(chip)}: chip erase, typical`),
});
/** SPI NOR programs from one byte up to a page. */
export const BYTE_WRITES = size(
  1,
  'assumed',
  'as the SPI NOR family: page program of 1 to 256 bytes',
);
/** Sizes of a chip as its SFDP has them. */
export const sfdpSizes = (
  chip: string,
  bytes: number,
  erasesize = 4 * KIB,
): Pick<MtdPart, 'smallestSize' | 'erasesize' | 'writesize'> => ({
  smallestSize: size(bytes, 'measured', `${sfdp(chip)}: density`),
  erasesize: size(erasesize, 'measured', `${sfdp(chip)}: erase type 1`),
  writesize: BYTE_WRITES,
});
