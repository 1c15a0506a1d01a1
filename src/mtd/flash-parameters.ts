/**
 * A part as rows of a price list, all named `flash.*`: its own read rows, the price of each unit of bus
 * work, and what line fills, pages, programming and erasing come to.
 *
 * @module
 */
import type { BusWork } from '../base/events.ts';
import type { NamedParameter, Parameter } from '../base/parameter.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { READ_ROWS, sourcedRow } from './part.ts';
import type { FigureName, MtdPart } from './part.ts';
import { busShapeOf, derivedRow, priceOf, transferWork, unitPrices } from './part-timing.ts';
import type { UnitPrices } from './part-timing.ts';

const UNIT_ROWS: Readonly<Record<keyof BusWork, string>> = {
  opens: 'flash.open',
  resumes: 'flash.resume',
  busBytes: 'flash.byte',
  arrayLoads: 'flash.arrayLoad',
  bufferHits: 'flash.bufferHit',
};

const named = (name: string, row: Parameter): NamedParameter => ({ name, ...row });

/** The part's read rows that have a value, `read.x` as `flash.x`. */
const readRows = (part: MtdPart): readonly NamedParameter[] => {
  const { required, optional } = READ_ROWS[part.bus];
  return [...required, ...optional].flatMap((name: FigureName) => {
    const row = sourcedRow(part, name);
    return row === undefined ? [] : [named(name.replace('read.', 'flash.'), row)];
  });
};

function transferRow(
  part: MtdPart,
  prices: UnitPrices,
  what: { readonly name: string; readonly unit: string; readonly bytes: number },
): NamedParameter {
  const start = busShapeOf(part).resumes ? 'continuous' : 'cold';
  const work = transferWork(part, what.bytes, start);
  const used = (Object.keys(UNIT_ROWS) as (keyof BusWork)[]).filter((unit) => work[unit] > 0);
  return named(
    what.name,
    derivedRow(
      priceOf(prices, work),
      what.unit,
      used.map((unit) => prices[unit]),
      `${String(what.bytes)} bytes in one transaction: ${used
        .map((unit) => `${String(work[unit])} x ${UNIT_ROWS[unit]}`)
        .join(' + ')}`,
    ),
  );
}

/**
 * Programming, as far as sourced: by unit (what a device programs at once), and by byte where the sheet gives
 * a rate. Memory has no unit.
 */
function programRows(part: MtdPart): readonly NamedParameter[] {
  const page = sourcedRow(part, 'program.page');
  const byte = sourcedRow(part, 'program.byte');
  const size = sourcedRow(part, 'writebufsize') ?? part.writesize;
  const rate = byte === undefined ? [] : [named('flash.programByte', byte)];
  const unit =
    page ??
    (byte === undefined
      ? undefined
      : derivedRow(
          byte.value * size.value,
          'ns',
          [byte, size],
          'flash.programBytes x flash.programByte',
        ));
  return part.type === 'ram' || unit === undefined
    ? rate
    : [
        named('flash.programUnit', { ...unit, unit: 'ns/program' }),
        named('flash.programBytes', size),
        ...rate,
      ];
}

const eraseRows = (part: MtdPart): readonly NamedParameter[] =>
  (Object.keys(part.figures) as FigureName[])
    .filter((name) => /^erase\.[0-9]+$/.test(name))
    .flatMap((name) => {
      const row = sourcedRow(part, name);
      return row === undefined ? [] : [named(`flash.${name}`, { ...row, unit: 'ns/erase' })];
    });

/**
 * The part's timing as named rows. Always there: `flash.open`, `flash.resume`, `flash.byte`,
 * `flash.arrayLoad`, `flash.bufferHit` (ns a unit of bus work, 0 where the bus has none), `flash.line` (a
 * 32-byte line fill) and `flash.page` (4 KiB in one transaction), both continuous where reads are. Where
 * sourced: `flash.programUnit` with `flash.programBytes`, `flash.programByte`, and `flash.erase.<bytes>`.
 *
 * @throws AxfsError EINVAL naming the row when a read row that the prices need is unsourced.
 */
export function flashParameters(part: MtdPart): readonly NamedParameter[] {
  const prices = unitPrices(part);
  return [
    ...readRows(part),
    ...Object.entries(UNIT_ROWS).map(([unit, name]) => named(name, prices[unit as keyof BusWork])),
    transferRow(part, prices, { name: 'flash.line', unit: 'ns/line', bytes: CACHE_LINE_BYTES }),
    transferRow(part, prices, { name: 'flash.page', unit: 'ns/page', bytes: PAGE_SIZE }),
    ...programRows(part),
    ...eraseRows(part),
  ];
}
