/**
 * A part as JSON text. Names of figures, their units and which of them a bus needs are those of
 * src/mtd/part.ts:
 *
 * ```json
 * {
 *   "name": "my-nor",
 *   "title": "a NOR on our board",
 *   "type": "nor",
 *   "bus": "burst",
 *   "mapped": true,
 *   "smallestSize": 8388608,
 *   "erasesize": { "value": 131072, "source": "data sheet X, page 7" },
 *   "writesize": 2,
 *   "figures": {
 *     "read.wordBytes": 2,
 *     "read.firstAccess": { "value": 85, "unit": "ns", "source": "data sheet X, page 30" },
 *     "read.nextWord": { "value": 19.2, "status": "derived", "source": "1 / 52 MHz" },
 *     "program.page": { "value": null, "source": "page 41 is missing" }
 *   }
 * }
 * ```
 *
 * A plain number is taken as assumed, with the file as its source. In an object `unit` may be left out, and
 * `status`, too: `measured` for a number with a source, `unsourced` for null.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { isJsonObject, shownJson } from '../base/json.ts';
import { parameter, unsourced } from '../base/parameter.ts';
import type { Parameter, ParameterRow, ParameterStatus } from '../base/parameter.ts';
import { MTD_TYPES } from './device.ts';
import { BUS_KINDS, PART_SIZES, READ_ROWS, figureUnit } from './part.ts';
import type { Figures, MtdPart } from './part.ts';

type Refuse = (message: string) => AxfsError;

const STATUSES: readonly ParameterStatus[] = ['measured', 'derived', 'assumed'];
const PART_FIELDS = ['name', 'title', 'type', 'bus', 'mapped', ...PART_SIZES, 'figures'] as const;
const ROW_FIELDS = ['value', 'unit', 'status', 'source'] as const;

/** A value in a message. */
const shown = (value: unknown): string => shownJson(value, 'nothing');

/** Numbers that a unit takes; those not listed take any number from 0. */
const WHOLE = {
  expected: 'a whole number from 1',
  is: (n: number) => Number.isSafeInteger(n) && n > 0,
};
const POSITIVE = { expected: 'a number above 0', is: (n: number) => n > 0 };
const FROM_0 = { expected: 'a number from 0', is: (n: number) => n >= 0 };
const UNIT_RULES: Readonly<Record<string, typeof FROM_0>> = {
  bytes: WHOLE,
  blocks: WHOLE,
  bits: WHOLE,
  ways: WHOLE,
  MHz: POSITIVE,
  'clocks/byte': POSITIVE,
};
/** Widths of a bus, which its arithmetic needs as powers of two. */
const POWERS_OF_TWO: readonly string[] = ['read.wordBytes', 'read.pageBytes', 'smallestSize'];

function checkedNumber(name: string, unit: string, value: unknown, bad: Refuse): number {
  const rule = UNIT_RULES[unit] ?? FROM_0;
  if (!(typeof value === 'number' && Number.isFinite(value) && rule.is(value)))
    throw bad(`${name} is ${shown(value)}, expected ${rule.expected} (${unit})`);
  if (POWERS_OF_TWO.includes(name) && !Number.isInteger(Math.log2(value)))
    throw bad(`${name} is ${shown(value)}, expected a power of two (${unit})`);
  return value;
}

function parseRow(
  name: string,
  unit: string,
  json: unknown,
  fileName: string,
  bad: Refuse,
): ParameterRow {
  if (!isJsonObject(json))
    return parameter(
      checkedNumber(name, unit, json, bad),
      unit,
      'assumed',
      `${fileName}, without a source`,
    );
  for (const field of Object.keys(json))
    if (!(ROW_FIELDS as readonly string[]).includes(field))
      throw bad(`${name} has a field ${shown(field)}, expected ${ROW_FIELDS.join(', ')}`);
  const { value, source } = json;
  if (json['unit'] !== undefined && json['unit'] !== unit)
    throw bad(`${name}: unit is ${shown(json['unit'])}, expected ${shown(unit)}`);
  if (typeof source !== 'string' || source.trim() === '' || /[\r\n]/.test(source))
    throw bad(`${name}: source is ${shown(source)}, expected a line of text`);
  const { status = value === null ? 'unsourced' : 'measured' } = json;
  if (value === null) {
    if (status !== 'unsourced')
      throw bad(`${name}: status is ${shown(status)} without a value, expected "unsourced"`);
    return unsourced(unit, source);
  }
  if (!STATUSES.includes(status as ParameterStatus))
    throw bad(`${name}: status is ${shown(status)}, expected one of ${STATUSES.join(', ')}`);
  return parameter(checkedNumber(name, unit, value, bad), unit, status as ParameterStatus, source);
}

function parseSize(name: string, json: unknown, fileName: string, bad: Refuse): Parameter {
  const row = parseRow(name, 'bytes', json, fileName, bad);
  if (row.value === null) throw bad(`${name} is null, expected ${WHOLE.expected} (bytes)`);
  return row;
}

function parseFigures(json: unknown, fileName: string, bad: Refuse): Figures {
  if (!isJsonObject(json)) throw bad(`figures is ${shown(json)}, expected an object`);
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const unit = figureUnit(name);
      if (unit === undefined)
        throw bad(
          `figures has a field ${shown(name)}, expected names such as read.firstAccess or erase.65536`,
        );
      return [name, parseRow(name, unit, value, fileName, bad)];
    }),
  );
}

function choice<T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
  bad: Refuse,
): T {
  const found = choices.find((known) => known === value);
  if (found === undefined)
    throw bad(`${name} is ${shown(value)}, expected one of ${choices.join(', ')}`);
  return found;
}

function textOf(name: string, value: unknown, bad: Refuse): string {
  if (typeof value !== 'string' || value.trim() === '' || /[\r\n]/.test(value))
    throw bad(`${name} is ${shown(value)}, expected a line of text`);
  return value;
}

/** What must hold between fields. */
function checkPart(part: MtdPart, bad: Refuse): MtdPart {
  if ((part.bus === 'nand') !== (part.type === 'nand'))
    throw bad(`bus is "${part.bus}" with type "${part.type}", expected nand for both or neither`);
  if (part.mapped && (part.bus === 'nand' || part.bus === 'managed'))
    throw bad(`mapped is true, expected false for a bus "${part.bus}"`);
  for (const name of READ_ROWS[part.bus].required)
    if (part.figures[name] === undefined)
      throw bad(`figures has no ${name}, which a bus "${part.bus}" needs`);
  const { smallestSize, erasesize, writesize } = part;
  if (erasesize.value % writesize.value !== 0)
    throw bad(
      `erasesize is ${String(erasesize.value)}, expected a multiple of writesize ${String(writesize.value)}`,
    );
  if (smallestSize.value % erasesize.value !== 0)
    throw bad(
      `smallestSize is ${String(smallestSize.value)}, expected a multiple of erasesize ${String(erasesize.value)}`,
    );
  return part;
}

/**
 * Reads a part.
 *
 * @throws AxfsError EINVAL naming file, field, value and what was expected.
 */
export function parsePart(text: string, fileName: string): MtdPart {
  const bad: Refuse = (message) => new AxfsError('EINVAL', `${fileName}: ${message}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw bad(`is no JSON: ${why.replaceAll(/\s+/g, ' ')}`);
  }
  if (!isJsonObject(json)) throw bad(`holds ${shown(json)}, expected an object`);
  for (const field of Object.keys(json))
    if (!(PART_FIELDS as readonly string[]).includes(field))
      throw bad(`has a field ${shown(field)}, expected ${PART_FIELDS.join(', ')}`);
  for (const field of PART_FIELDS)
    if (!Object.hasOwn(json, field)) throw bad(`${field} is missing`);
  const { mapped } = json;
  if (typeof mapped !== 'boolean') throw bad(`mapped is ${shown(mapped)}, expected true or false`);
  return checkPart(
    {
      name: textOf('name', json['name'], bad),
      title: textOf('title', json['title'], bad),
      type: choice('type', json['type'], MTD_TYPES, bad),
      bus: choice('bus', json['bus'], BUS_KINDS, bad),
      mapped,
      smallestSize: parseSize('smallestSize', json['smallestSize'], fileName, bad),
      erasesize: parseSize('erasesize', json['erasesize'], fileName, bad),
      writesize: parseSize('writesize', json['writesize'], fileName, bad),
      figures: parseFigures(json['figures'], fileName, bad),
    },
    bad,
  );
}

/** The text that {@link parsePart} reads: a row a line, nothing left out. */
export function formatPart(part: MtdPart): string {
  const line = (name: string, value: unknown): string =>
    `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const { figures, ...rest } = part;
  const head = PART_FIELDS.filter((name) => name !== 'figures').map(
    (name) => `  ${line(name, rest[name])}`,
  );
  const rows = Object.entries(figures).map(([name, row]) => `    ${line(name, row)}`);
  const list = rows.length === 0 ? '{}' : `{\n${rows.join(',\n')}\n  }`;
  return `{\n${head.join(',\n')},\n  "figures": ${list}\n}\n`;
}
