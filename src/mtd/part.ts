/**
 * What a flash part is: geometry, read timing, programming, erasing and supply as rows of value, unit,
 * status and source. A row whose value nobody has sourced is in the table, too, without a value: whoever
 * needs it asks with {@link requireRow} and is told what is missing.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Parameter, ParameterRow } from '../base/parameter.ts';
import type { MtdType } from './device.ts';

/**
 * How a part answers a read; each kind has read rows of its own ({@link READ_ROWS}).
 *
 * - `async`: every word is an access of its own.
 * - `page`: within an aligned read page, words after the first come faster.
 * - `burst`: a clocked burst whose first word comes with the first access.
 * - `ddr`: an initial latency without data, then words (HyperBus, LPDDR).
 * - `serial`: command, address, mode and dummy clocks, then bytes (SPI, QPI, octal).
 * - `nand`: the array loads a page register, which is then clocked out.
 * - `managed`: a controller of its own answers (eMMC): latency, then a rate.
 */
export const BUS_KINDS = ['async', 'page', 'burst', 'ddr', 'serial', 'nand', 'managed'] as const;
/** One of {@link BUS_KINDS}. */
export type BusKind = (typeof BUS_KINDS)[number];

/** Rows a part may have besides its three sizes, with their units. */
export const FIGURES = {
  /** Bytes programmed at once when the device is given as much; without it: `writesize`. */
  writebufsize: 'bytes',
  /** Spare bytes a page. */
  oobsize: 'bytes',
  /** Smallest part of a page that may be programmed on its own; without it: `writesize`. */
  subpageSize: 'bytes',
  /** Bits a step that ECC has to put right, and the bytes of a step. */
  'ecc.strength': 'bits',
  'ecc.step': 'bytes',
  /** Smaller blocks at the bottom. */
  'parameterBlocks.blocks': 'blocks',
  'parameterBlocks.erasesize': 'bytes',

  /** Bytes of a transfer on the bus. */
  'read.wordBytes': 'bytes',
  /** From idle to the first word; `ddr` and `managed`: to where data starts. */
  'read.firstAccess': 'ns',
  /** The same where the bus or the row is open already. */
  'read.resumeAccess': 'ns',
  /** Each further word; `ddr` and `managed`: each word. */
  'read.nextWord': 'ns',
  /** Aligned bytes that one access covers. */
  'read.pageBytes': 'bytes',
  /** Serial clock, and what a read clocks before its data. */
  'read.clock': 'MHz',
  'read.commandClocks': 'clocks',
  'read.addressClocks': 'clocks',
  'read.modeClocks': 'clocks',
  'read.dummyClocks': 'clocks',
  /** All clocks before the data of a read that continues without a command. */
  'read.resumeClocks': 'clocks',
  'read.clocksPerByte': 'clocks/byte',
  /** Array to page register (tR). */
  'read.array': 'ns',
  /** One word out of the page register (tRC). */
  'read.cycle': 'ns',

  /** A whole program unit of `writebufsize` bytes, typical and at most. */
  'program.page': 'ns',
  'program.pageMax': 'ns',
  /** Programming by byte where the sheet gives a rate, buffered and in factory mode. */
  'program.byte': 'ns/byte',
  'program.factoryByte': 'ns/byte',
  'erase.chip': 'ns',
  /** From a suspend command until the array can be read. */
  'suspend.program': 'ns',
  'suspend.erase': 'ns',

  'current.read': 'mA',
  'current.clockStop': 'mA',
  'current.standby': 'uA',
  'current.deepPowerDown': 'uA',
  /** From deep power-down to the first command. */
  'wake.deepPowerDown': 'ns',
  'supply.voltage': 'V',
  endurance: 'cycles',
  retention: 'years',

  /** The cache of the controller in front of the part. */
  'cache.size': 'bytes',
  'cache.ways': 'ways',
  'cache.lineBytes': 'bytes',
  /** Bytes that a miss reads; without it: the whole line. */
  'cache.fillBytes': 'bytes',
} as const satisfies Record<string, string>;

/** A fixed row name, or the time to erase a block of so many bytes: typical `erase.`, at most `eraseMax.`. */
export type FigureName = keyof typeof FIGURES | `erase.${number}` | `eraseMax.${number}`;

/** The name of the time to erase a block of `bytes`. */
export const eraseFigure = (kind: 'erase' | 'eraseMax', bytes: number): FigureName =>
  `${kind}.${String(bytes)}` as FigureName;

/** The read rows that each kind of bus has; those after `optional` may be left out. */
export const READ_ROWS = {
  async: { required: ['read.wordBytes', 'read.firstAccess'], optional: [] },
  page: {
    required: ['read.wordBytes', 'read.firstAccess', 'read.nextWord', 'read.pageBytes'],
    optional: [],
  },
  burst: {
    required: ['read.wordBytes', 'read.firstAccess', 'read.nextWord'],
    optional: ['read.resumeAccess'],
  },
  ddr: {
    required: ['read.wordBytes', 'read.firstAccess', 'read.nextWord'],
    optional: ['read.resumeAccess', 'read.pageBytes'],
  },
  serial: {
    required: [
      'read.clock',
      'read.commandClocks',
      'read.addressClocks',
      'read.modeClocks',
      'read.dummyClocks',
      'read.clocksPerByte',
    ],
    optional: ['read.resumeClocks', 'read.wordBytes'],
  },
  nand: { required: ['read.wordBytes', 'read.array', 'read.cycle'], optional: [] },
  managed: { required: ['read.wordBytes', 'read.firstAccess', 'read.nextWord'], optional: [] },
} as const satisfies Record<
  BusKind,
  { readonly required: readonly FigureName[]; readonly optional: readonly FigureName[] }
>;

/** Rows of a part by name. */
export type Figures = Readonly<Partial<Record<FigureName, ParameterRow>>>;

/** One part. */
export interface MtdPart {
  readonly name: string;
  readonly title: string;
  readonly type: MtdType;
  readonly bus: BusKind;
  /** The CPU can address the cells, itself or through a controller's window. */
  readonly mapped: boolean;
  /** Smallest device of the part, bytes; larger ones are taken as powers of two. */
  readonly smallestSize: Parameter;
  /** Main erase block, bytes. */
  readonly erasesize: Parameter;
  /** Smallest unit of programming, bytes. */
  readonly writesize: Parameter;
  readonly figures: Figures;
}

/** Names of the sizes every part has, all in bytes. */
export const PART_SIZES = ['smallestSize', 'erasesize', 'writesize'] as const;

/** A row of a part under its name: sizes first, then figures in the part's order. */
export interface NamedRow {
  readonly name: string;
  readonly row: ParameterRow;
}

/** Every row of `part`. */
export const partRows = (part: MtdPart): readonly NamedRow[] => [
  ...PART_SIZES.map((name) => ({ name, row: part[name] })),
  ...(Object.entries(part.figures) as [string, ParameterRow][]).map(([name, row]) => ({
    name,
    row,
  })),
];

/** The unit of the row called `name`; undefined when there is no such row. */
export const figureUnit = (name: string): string | undefined => {
  if (Object.hasOwn(FIGURES, name)) return FIGURES[name as keyof typeof FIGURES];
  return /^erase(Max)?\.[1-9][0-9]*$/.test(name) ? 'ns' : undefined;
};

/** The row when it has a value. */
export function sourcedRow(part: MtdPart, name: FigureName): Parameter | undefined {
  const row = part.figures[name];
  return row === undefined || row.value === null ? undefined : row;
}

/** The row's value, or `otherwise` without one. */
export const figureOr = (part: MtdPart, name: FigureName, otherwise: number): number =>
  sourcedRow(part, name)?.value ?? otherwise;

/**
 * The row called `name`, which `purpose` cannot do without.
 *
 * @throws AxfsError EINVAL when the part has no such row or nobody has sourced its value.
 */
export function requireRow(part: MtdPart, name: FigureName, purpose: string): Parameter {
  const row = part.figures[name];
  if (row === undefined)
    throw new AxfsError('EINVAL', `part ${part.name} has no row '${name}', which ${purpose} needs`);
  if (row.value === null)
    throw new AxfsError(
      'EINVAL',
      `part ${part.name}: '${name}' is unsourced (${row.source}), expected a value: ${purpose} needs it`,
    );
  return row;
}
