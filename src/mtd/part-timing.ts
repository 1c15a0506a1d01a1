/**
 * What bus work costs on a part. Time is linear in {@link BusWork}: each unit has a price that follows from
 * the part's read rows, in a table with one line a kind of bus.
 *
 * @module
 */
import type { BusWork } from '../base/events.ts';
import { BUS_WORK } from '../base/events.ts';
import { parameter } from '../base/parameter.ts';
import type { Parameter } from '../base/parameter.ts';
import { Bus, noBusWork } from './bus.ts';
import type { BusShape } from './bus.ts';
import { figureOr, requireRow, sourcedRow } from './part.ts';
import type { BusKind, FigureName, MtdPart } from './part.ts';

/** Nanoseconds of each unit of bus work, with where they come from. */
export type UnitPrices = Readonly<Record<keyof BusWork, Parameter>>;

/** A price before it has unit and status: its value, the rows it rests on, and how. */
interface Term {
  readonly value: number;
  readonly from: readonly Parameter[];
  readonly how: string;
}

/** Reads rows of a part that its price needs. */
type Need = (name: FigureName) => Parameter;
/** Prices of a kind of bus; a unit left out costs nothing. */
type Prices = Readonly<Partial<Record<keyof BusWork, Term>>>;

const needOf =
  (part: MtdPart, purpose: string): Need =>
  (name) =>
    requireRow(part, name, purpose);

const plain = (row: Parameter, how: string): Term => ({ value: row.value, from: [row], how });

const perByte = (step: Parameter, word: Parameter, how: string): Term => ({
  value: step.value / word.value,
  from: [step, word],
  how,
});

const BYTE_OF_WORD = 'flash.nextWord / flash.wordBytes';

/** The first word comes with the access: an opening is what the access takes beyond one further word. */
const burstPrices = (need: Need, resume: Parameter | undefined): Prices => {
  const [first, next] = [need('read.firstAccess'), need('read.nextWord')];
  return {
    opens: {
      value: first.value - next.value,
      from: [first, next],
      how: 'flash.firstAccess - flash.nextWord: what a read costs beyond its words',
    },
    ...(resume === undefined
      ? {}
      : {
          resumes: {
            value: resume.value - next.value,
            from: [resume, next],
            how: 'flash.resumeAccess - flash.nextWord',
          },
        }),
    busBytes: perByte(next, need('read.wordBytes'), BYTE_OF_WORD),
  };
};

/** Data starts after the access. */
const latencyPrices = (need: Need, resume: Parameter | undefined): Prices => ({
  opens: plain(need('read.firstAccess'), 'flash.firstAccess: latency before the data'),
  ...(resume === undefined ? {} : { resumes: plain(resume, 'flash.resumeAccess') }),
  busBytes: perByte(need('read.nextWord'), need('read.wordBytes'), BYTE_OF_WORD),
});

const serialPrices = (need: Need, part: MtdPart): Prices => {
  const clock = need('read.clock');
  const inClocks = (rows: readonly Parameter[], how: string): Term => ({
    value: (rows.reduce((sum, row) => sum + row.value, 0) * 1000) / clock.value,
    from: [clock, ...rows],
    how,
  });
  const before = [
    need('read.commandClocks'),
    need('read.addressClocks'),
    need('read.modeClocks'),
    need('read.dummyClocks'),
  ];
  const resume = sourcedRow(part, 'read.resumeClocks');
  return {
    opens: inClocks(before, 'command, address, mode and dummy clocks over flash.clock'),
    ...(resume === undefined
      ? {}
      : { resumes: inClocks([resume], 'flash.resumeClocks over flash.clock') }),
    busBytes: inClocks([need('read.clocksPerByte')], 'flash.clocksPerByte over flash.clock'),
  };
};

/** How each kind of bus is shaped and priced. */
const BUS_MODELS: Readonly<
  Record<
    BusKind,
    {
      readonly burstBytes: (part: MtdPart, need: Need) => number;
      readonly prices: (need: Need, part: MtdPart) => Prices;
    }
  >
> = {
  async: {
    burstBytes: (_part, need) => need('read.wordBytes').value,
    prices: (need) => ({
      opens: plain(need('read.firstAccess'), 'flash.firstAccess: each word is an access'),
    }),
  },
  page: {
    burstBytes: (_part, need) => need('read.pageBytes').value,
    prices: (need) => burstPrices(need, undefined),
  },
  burst: {
    burstBytes: () => Infinity,
    prices: (need, part) => burstPrices(need, sourcedRow(part, 'read.resumeAccess')),
  },
  ddr: {
    burstBytes: (part) => figureOr(part, 'read.pageBytes', Infinity),
    prices: (need, part) => latencyPrices(need, sourcedRow(part, 'read.resumeAccess')),
  },
  serial: { burstBytes: () => Infinity, prices: serialPrices },
  nand: {
    burstBytes: () => Infinity,
    prices: (need) => ({
      busBytes: perByte(
        need('read.cycle'),
        need('read.wordBytes'),
        'flash.cycle / flash.wordBytes',
      ),
      arrayLoads: plain(need('read.array'), 'flash.array: array to page register'),
    }),
  },
  managed: { burstBytes: () => Infinity, prices: (need) => latencyPrices(need, undefined) },
};

const UNITS: Readonly<Record<keyof BusWork, string>> = {
  opens: 'ns/open',
  resumes: 'ns/resume',
  busBytes: 'ns/byte',
  arrayLoads: 'ns/load',
  bufferHits: 'ns/hit',
};

/** A row derived from others is assumed when any of them is. */
export const derivedRow = (
  value: number,
  unit: string,
  from: readonly Parameter[],
  source: string,
): Parameter =>
  parameter(
    value,
    unit,
    from.some(({ status }) => status === 'assumed') ? 'assumed' : 'derived',
    source,
  );

/**
 * The price of each unit of bus work.
 *
 * @throws AxfsError EINVAL when a read row the part's bus needs is unsourced.
 */
export function unitPrices(part: MtdPart): UnitPrices {
  const terms = BUS_MODELS[part.bus].prices(needOf(part, 'pricing of reads'), part);
  return Object.fromEntries(
    BUS_WORK.map((unit) => {
      const term = terms[unit];
      return [
        unit,
        term === undefined
          ? parameter(0, UNITS[unit], 'derived', `a ${part.bus} bus has no cost of this kind`)
          : derivedRow(term.value, UNITS[unit], term.from, term.how),
      ];
    }),
  ) as Record<keyof BusWork, Parameter>;
}

/**
 * The shape of the part's bus. The page register of a NAND holds the spare area, too.
 *
 * @throws AxfsError EINVAL when the row with the width of a word or a read page is unsourced.
 */
export function busShapeOf(part: MtdPart): BusShape {
  const need = needOf(part, 'the shape of its bus');
  return {
    wordBytes:
      part.bus === 'serial' ? figureOr(part, 'read.wordBytes', 1) : need('read.wordBytes').value,
    burstBytes: BUS_MODELS[part.bus].burstBytes(part, need),
    resumes: sourcedRow(part, 'read.resumeClocks') !== undefined,
    arrayPageBytes: part.bus === 'nand' ? part.writesize.value + figureOr(part, 'oobsize', 0) : 0,
  };
}

/** Nanoseconds of `work`. */
export const priceOf = (prices: UnitPrices, work: Readonly<BusWork>): number =>
  BUS_WORK.reduce((sum, unit) => sum + work[unit] * prices[unit].value, 0);

/** How a transfer finds the bus: idle, or in the mode or row that the one before left. */
export type TransferStart = 'cold' | 'continuous';

/**
 * Bus work of one transfer of `bytes` from offset 0. Of a NAND: whole pages are loaded, and the bytes asked
 * for are clocked (the spare area costs its bytes on top). `continuous` makes openings resumptions where the
 * part has a price for them.
 */
export function transferWork(part: MtdPart, bytes: number, start: TransferStart = 'cold'): BusWork {
  const work = noBusWork();
  const shape = busShapeOf(part);
  new Bus({ ...shape, resumes: false }).transaction(work, 0, bytes);
  if (part.bus === 'nand') {
    work.opens = 0;
    work.arrayLoads = Math.ceil(bytes / part.writesize.value);
  }
  const resumes =
    sourcedRow(part, 'read.resumeClocks') ?? sourcedRow(part, 'read.resumeAccess') ?? undefined;
  if (start === 'continuous' && resumes !== undefined) {
    work.resumes = work.opens;
    work.opens = 0;
  }
  return work;
}

/**
 * Time of one transfer of `bytes`, ns.
 *
 * @throws AxfsError EINVAL when the part cannot be priced.
 */
export const transferNanoseconds = (
  part: MtdPart,
  bytes: number,
  start: TransferStart = 'cold',
): number => priceOf(unitPrices(part), transferWork(part, bytes, start));
