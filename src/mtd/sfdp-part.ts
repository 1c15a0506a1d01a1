/**
 * A part made from the SFDP bytes of a chip.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { eraseFigure } from './part.ts';
import type { FigureName, MtdPart } from './part.ts';
import { assumed, derived, figures, measured, missing, size } from './parts/rows.ts';
import type { Cell, Cells } from './parts/rows.ts';
import { decodeSfdp } from './sfdp.ts';
import type { FastReadName, Sfdp } from './sfdp.ts';

/** Reads on one line are in every chip. */
export type SerialReadName = FastReadName | '1-1-1';

/** What SFDP does not say. */
export interface SfdpPartOptions {
  /** Clock of the bus, MHz; without it the part cannot be priced. */
  readonly megahertz?: number;
  /** Which read the board uses; default: with the most lines that SFDP lists, else one line (0Bh). */
  readonly read?: SerialReadName;
  /** Address bytes sent; default: 4 where the chip takes nothing else, else 3. */
  readonly addressBytes?: 3 | 4;
  /** Reads continue without a command, if the chip can (0-4-4). Default: false. */
  readonly continuous?: boolean;
}

/** From the widest on. */
const PREFERENCE: readonly FastReadName[] = ['1-4-4', '1-1-4', '1-2-2', '1-1-2'];
const FAST_READ = { opcode: 0x0b, modeClocks: 0, dummyClocks: 8 } as const;

function readCells(sfdp: Sfdp, name: string, options: SfdpPartOptions): Cells {
  const how: SerialReadName =
    options.read ?? PREFERENCE.find((known) => sfdp.fastReads[known] !== undefined) ?? '1-1-1';
  const read = how === '1-1-1' ? FAST_READ : sfdp.fastReads[how];
  if (read === undefined)
    throw new AxfsError(
      'EINVAL',
      `${name}: read is '${how}', expected one of ${['1-1-1', ...Object.keys(sfdp.fastReads)].join(', ')}`,
    );
  const [command = 1, address = 1, data = 1] = how.split('-').map(Number);
  const addressBytes = options.addressBytes ?? (sfdp.addressing === '4' ? 4 : 3);
  const addressClocks = (8 * addressBytes) / address;
  const source = `${name}: SFDP, ${how} read ${read.opcode.toString(16).toUpperCase()}h`;
  const continues = options.continuous === true && sfdp.continuous === true && how === '1-4-4';
  return {
    'read.clock':
      options.megahertz === undefined
        ? missing(`${name}: the clock of the bus, which SFDP does not give`)
        : assumed(options.megahertz, `${name}: clock of the bus, given with the SFDP bytes`),
    'read.commandClocks': derived(8 / command, source),
    'read.addressClocks': derived(
      addressClocks,
      `${source}, ${String(addressBytes)} address bytes`,
    ),
    'read.modeClocks': measured(read.modeClocks, source),
    'read.dummyClocks': measured(read.dummyClocks, source),
    'read.clocksPerByte': derived(8 / data, source),
    ...(continues
      ? {
          'read.resumeClocks': derived(
            addressClocks + read.modeClocks + read.dummyClocks,
            `${source}, continued (0-4-4)`,
          ),
        }
      : {}),
  };
}

function timeCells(sfdp: Sfdp, name: string): Cells {
  const told = `${name}: SFDP`;
  const { times, suspend } = sfdp;
  const erases = sfdp.eraseTypes.flatMap(({ bytes, typical, most }): [FigureName, Cell][] =>
    typical === undefined || most === undefined
      ? [[eraseFigure('erase', bytes), missing(`${told} of the first edition has no times`)]]
      : [
          [eraseFigure('erase', bytes), measured(typical, `${told}, erase, typical`)],
          [eraseFigure('eraseMax', bytes), measured(most, `${told}, erase, maximum`)],
        ],
  );
  return {
    ...(times === undefined
      ? { 'program.page': missing(`${told} of the first edition has no times`) }
      : {
          'program.page': measured(times.pageProgram, `${told}, page program, typical`),
          'program.pageMax': measured(times.pageProgramMax, `${told}, page program, maximum`),
          'erase.chip': measured(times.chipErase, `${told}, chip erase, typical`),
        }),
    ...Object.fromEntries(erases),
    ...(suspend === undefined
      ? {}
      : {
          'suspend.program': measured(suspend.program, `${told}, suspend latency, maximum`),
          'suspend.erase': measured(suspend.erase, `${told}, suspend latency, maximum`),
        }),
    ...(sfdp.wake === undefined
      ? {}
      : { 'wake.deepPowerDown': measured(sfdp.wake, `${told}, exit of deep power-down`) }),
  };
}

/**
 * The part that SFDP `bytes` describe, called `name`. Its erase block is the chip's smallest.
 *
 * @throws AxfsError EINVAL for bytes that are no SFDP (naming the DWORD), a clock that is none, or a read that
 * the chip does not list.
 */
export function partFromSfdp(
  bytes: Uint8Array,
  name: string,
  options: SfdpPartOptions = {},
): MtdPart {
  const { megahertz } = options;
  if (megahertz !== undefined && !(Number.isFinite(megahertz) && megahertz > 0))
    throw new AxfsError(
      'EINVAL',
      `${name}: clock is ${String(megahertz)} MHz, expected more than 0`,
    );
  const sfdp = decodeSfdp(bytes, name);
  const told = `${name}: SFDP`;
  const smallest = Math.min(...sfdp.eraseTypes.map((type) => type.bytes));
  return {
    name,
    title: `${name}, from its SFDP table`,
    type: 'nor',
    bus: 'serial',
    mapped: true,
    smallestSize: size(sfdp.density, 'measured', `${told}, density`),
    erasesize: size(smallest, 'measured', `${told}, smallest erase type`),
    writesize: size(1, 'assumed', 'as the SPI NOR family: page program of 1 to 256 bytes'),
    figures: figures({
      ...(sfdp.pageBytes === undefined
        ? { writebufsize: assumed(256, 'as the SPI NOR family: 256-byte pages') }
        : { writebufsize: measured(sfdp.pageBytes, `${told}, page size`) }),
      ...readCells(sfdp, name, options),
      ...timeCells(sfdp, name),
    }),
  };
}
