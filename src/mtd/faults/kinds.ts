/**
 * Kinds of faults of a flash device, as a closed table: what each does, whether it lasts, what its count
 * means, and its fields. Parser, formatter, help and the models (src/mtd/faults/models.ts) walk it.
 *
 * Kinds that count (`weak_page`, `weak_block`, `grave_page`) are those of Linux's nandsim
 * (drivers/mtd/nand/raw/nandsim.c: weakpages, weakblocks, gravepages).
 *
 * @module
 */

/** A field that holds a whole number from `min` to `max` (2^53-1). */
interface WholeField {
  readonly type: 'whole';
  readonly min: number;
  readonly max?: number;
  readonly required?: true;
  readonly text: string;
}

/** A field that holds a number from 0 to `max`. */
interface NumberField {
  readonly type: 'number';
  readonly max: number;
  readonly required?: true;
  readonly text: string;
}

/** A field that holds one of a few words. */
interface ChoiceField {
  readonly type: 'choice';
  readonly choices: readonly string[];
  readonly required?: true;
  readonly text: string;
}

/** A field of a fault. */
export type FaultField = WholeField | NumberField | ChoiceField;

/** A kind of fault. */
export interface FaultKindRow {
  readonly summary: string;
  /**
   * `once`: over when it has happened (read the same place again, and all is well); `until_erased`: stays in
   * the cells until their block is erased; `for_good`: nothing takes it away.
   */
  readonly lasts: 'once' | 'until_erased' | 'for_good';
  /** What `injected` counts. */
  readonly counts: string;
  readonly fields: Readonly<Record<string, FaultField>>;
  /** Of these fields exactly one is given. */
  readonly oneOf?: readonly string[];
}

const NTH = { type: 'whole', min: 1, text: 'this one from now, and no other' } as const;
const EVERY = { type: 'whole', min: 1, text: 'each one whose number this divides' } as const;
/** Fields that keep a fault of reads to a range; reads elsewhere are not counted. */
const RANGE = {
  offset: { type: 'whole', min: 0, text: 'only reads that touch bytes from here' },
  length: { type: 'whole', min: 1, text: 'and this many, to the end if left out' },
} as const;
const AT = { type: 'whole', min: 0, required: true, text: 'byte' } as const;
const BIT = {
  type: 'whole',
  min: 0,
  max: 7,
  required: true,
  text: 'bit of it, 0 is the lowest',
} as const;
const BLOCK = { type: 'whole', min: 0, required: true, text: 'erase block, from 0' } as const;
const PAGE = {
  type: 'whole',
  min: 0,
  required: true,
  text: 'page of writesize bytes, from 0',
} as const;
const SHARE = { type: 'number', max: 1, required: true } as const;

/** All kinds. Places are bytes of the device, counts are of operations from the start of the plan. */
export const FLASH_FAULTS = {
  read_error: {
    summary: 'a read fails with EIO',
    lasts: 'once',
    counts: 'reads that failed',
    fields: { nth: NTH, every: EVERY, ...RANGE },
    oneOf: ['nth', 'every'],
  },
  bit_flips: {
    summary: 'bits come out wrong, other ones at every read',
    lasts: 'once',
    counts: 'bits given out wrong',
    fields: { rate: { ...SHARE, text: 'probability for each bit read' }, ...RANGE },
  },
  cell: {
    summary: 'a cell has lost its charge, and reads as the other value',
    lasts: 'until_erased',
    counts: 'bits laid out',
    fields: { offset: AT, bit: BIT },
  },
  stuck_bit: {
    summary: 'a bit keeps its value whatever is programmed or erased',
    lasts: 'for_good',
    counts: 'bits laid out',
    fields: {
      offset: AT,
      bit: BIT,
      value: { type: 'whole', min: 0, max: 1, required: true, text: 'the value it keeps' },
    },
  },
  read_disturb: {
    summary: 'reading a block often flips bits in it',
    lasts: 'until_erased',
    counts: 'bits flipped',
    fields: {
      block: { type: 'whole', min: 0, text: 'erase block, from 0; all if left out' },
      reads: {
        type: 'whole',
        min: 1,
        required: true,
        text: 'reads since its erase before the first',
      },
      every: {
        type: 'whole',
        min: 1,
        required: true,
        text: 'further reads before each further one',
      },
    },
  },
  retention: {
    summary: 'what was there at the start of the plan has stood for a long time',
    lasts: 'until_erased',
    counts: 'bits flipped, in the blocks looked at',
    fields: {
      days: { type: 'number', max: 1e9, required: true, text: 'age of the contents, days' },
      rate: { ...SHARE, text: 'probability for each bit and day' },
    },
  },
  bad_block: {
    summary: 'a block cannot be used',
    lasts: 'for_good',
    counts: 'operations that failed',
    fields: {
      block: BLOCK,
      origin: {
        type: 'choice',
        choices: ['factory', 'grown'],
        required: true,
        text: 'factory: its maker marked it; grown: it fails in use',
      },
      operation: {
        type: 'choice',
        choices: ['program', 'erase', 'any'],
        text: 'what fails, with EIO; any if left out',
      },
      nth: { type: 'whole', min: 1, text: 'from which one on; the first if left out' },
    },
  },
  weak_page: {
    summary: 'a page fails to program with EIO once it has been programmed too often',
    lasts: 'for_good',
    counts: 'programs that failed',
    fields: {
      page: PAGE,
      programs: { type: 'whole', min: 0, required: true, text: 'programs that work' },
    },
  },
  grave_page: {
    summary: 'a page comes out as noise once it has been read too often',
    lasts: 'for_good',
    counts: 'reads that gave noise',
    fields: {
      page: PAGE,
      reads: { type: 'whole', min: 0, required: true, text: 'reads that work' },
    },
  },
  weak_block: {
    summary: 'a block fails to erase with EIO once it has been erased too often',
    lasts: 'for_good',
    counts: 'erases that failed',
    fields: {
      block: BLOCK,
      erases: { type: 'whole', min: 0, required: true, text: 'erases that work' },
    },
  },
  power_loss: {
    summary: 'power goes away during a program or an erase, which is left torn',
    lasts: 'once',
    counts: 'losses',
    fields: {
      nth: {
        type: 'whole',
        min: 1,
        required: true,
        text: 'this operation from now, programs and erases counted together',
      },
      torn: {
        type: 'choice',
        choices: ['none', 'part', 'all'],
        text: 'how much of it the cells have got; a seeded part if left out',
      },
    },
  },
  slow_read: {
    summary: 'a read takes longer',
    lasts: 'once',
    counts: 'reads delayed',
    fields: {
      nth: NTH,
      every: EVERY,
      rate: { type: 'number', max: 1, text: 'each one with this probability' },
      nanoseconds: { type: 'number', max: 1e15, required: true, text: 'time added' },
      ...RANGE,
    },
    oneOf: ['nth', 'every', 'rate'],
  },
  bus_error: {
    summary: 'no read of a range gets through: EIO, SIGBUS for what is mapped',
    lasts: 'for_good',
    counts: 'reads that failed',
    fields: { offset: AT, length: { type: 'whole', min: 1, required: true, text: 'bytes' } },
  },
} as const satisfies Record<string, FaultKindRow>;

type Table = typeof FLASH_FAULTS;
/** Name of a kind. */
export type FlashFaultKind = keyof Table;

type ValueOf<F> = F extends { readonly choices: readonly (infer C)[] } ? C : number;
type RequiredOf<F> = {
  [N in keyof F]: F[N] extends { readonly required: true } ? N : never;
}[keyof F];

/** A fault of one kind. */
export type FlashFaultOf<K extends FlashFaultKind> = { readonly kind: K } & {
  readonly [N in RequiredOf<Table[K]['fields']>]: ValueOf<Table[K]['fields'][N]>;
} & {
  readonly [N in Exclude<keyof Table[K]['fields'], RequiredOf<Table[K]['fields']>>]?: ValueOf<
    Table[K]['fields'][N]
  >;
};

/** A fault: plain data. */
export type FlashFault = { [K in FlashFaultKind]: FlashFaultOf<K> }[FlashFaultKind];

/** All names. */
export const FLASH_FAULT_KINDS = Object.keys(FLASH_FAULTS) as readonly FlashFaultKind[];

/** The name is one of {@link FLASH_FAULTS}. */
export const isFlashFaultKind = (name: unknown): name is FlashFaultKind =>
  typeof name === 'string' && Object.hasOwn(FLASH_FAULTS, name);

/** Faults and the seed of all that is left to chance in them. Equal plans do the same to equal operations. */
export interface FaultPlan {
  readonly seed: number;
  readonly faults: readonly FlashFault[];
}
