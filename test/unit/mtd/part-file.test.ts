import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { MTD_TYPES } from '../../../src/mtd/device.ts';
import { BUS_KINDS, FIGURES, figureUnit, READ_ROWS } from '../../../src/mtd/part.ts';
import type { FigureName } from '../../../src/mtd/part.ts';
import { formatPart, parsePart } from '../../../src/mtd/part-file.ts';
import { transferNanoseconds } from '../../../src/mtd/part-timing.ts';
import { flashParameters, MTD_PARTS } from '../../../src/mtd/parts.ts';
import type { MtdPart } from '../../../src/mtd/parts.ts';

const EXAMPLE = readFileSync(
  new URL('../../../images/parts/example-part.json', import.meta.url),
  'utf8',
);

describe('images/parts/example-part.json', () => {
  const part = parsePart(EXAMPLE, 'example-part.json');

  test('numbers with a source are measured, plain ones assumed, null is unsourced', () => {
    expect(part).toMatchObject({ name: 'example-nor', type: 'nor', bus: 'page', mapped: true });
    expect(part.erasesize).toEqual({
      value: 131072,
      unit: 'bytes',
      status: 'measured',
      source: 'data sheet, page 7',
    });
    expect(part.writesize).toEqual({
      value: 2,
      unit: 'bytes',
      status: 'assumed',
      source: 'example-part.json, without a source',
    });
    expect(part.figures['read.pageBytes']).toMatchObject({ value: 32, status: 'derived' });
    expect(part.figures.endurance).toMatchObject({ value: 100000, unit: 'cycles' });
    expect(part.figures['erase.131072']).toEqual({
      value: null,
      unit: 'ns',
      status: 'unsourced',
      source: 'page 62 of the data sheet',
    });
  });

  test('it can be priced: a line takes 90 + 15 x 15 ns', () => {
    expect(transferNanoseconds(part, 32)).toBe(315);
    expect(flashParameters(part).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['flash.line', 'flash.programUnit']),
    );
  });
});

/** The example with fields replaced; undefined takes one away. */
const edited = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...(JSON.parse(EXAMPLE) as object), ...fields });
const figured = (fields: Readonly<Record<string, unknown>>): string => {
  const { figures } = JSON.parse(EXAMPLE) as { figures: object };
  return edited({ figures: { ...figures, ...fields } });
};

describe('refusals name file, field, value and what was expected', () => {
  test.each([
    [
      edited({ colour: 1 }),
      'has a field "colour", expected name, title, type, bus, mapped, smallestSize, erasesize, writesize, figures',
    ],
    [edited({ writesize: undefined }), 'writesize is missing'],
    [edited({ name: undefined }), 'name is missing'],
    [edited({ name: '' }), 'name is "", expected a line of text'],
    [edited({ title: 'a\nb' }), 'title is "a\\nb", expected a line of text'],
    [edited({ type: 'flash' }), 'type is "flash", expected one of ram, rom, nor, nand'],
    [
      edited({ bus: 3 }),
      'bus is 3, expected one of async, page, burst, ddr, serial, nand, managed',
    ],
    [edited({ mapped: 'yes' }), 'mapped is "yes", expected true or false'],
    [edited({ bus: 'nand' }), 'bus is "nand" with type "nor", expected nand for both or neither'],
    [edited({ bus: 'managed' }), 'mapped is true, expected false for a bus "managed"'],
    [edited({ smallestSize: -1 }), 'smallestSize is -1, expected a whole number from 1 (bytes)'],
    [
      edited({ smallestSize: 3 * 2 ** 20 }),
      'smallestSize is 3145728, expected a power of two (bytes)',
    ],
    [
      edited({ smallestSize: 65536 }),
      'smallestSize is 65536, expected a multiple of erasesize 131072',
    ],
    [
      edited({ erasesize: { value: null, source: 'x' } }),
      'erasesize is null, expected a whole number from 1 (bytes)',
    ],
    [edited({ erasesize: 0.5 }), 'erasesize is 0.5, expected a whole number from 1 (bytes)'],
    [edited({ writesize: '2' }), 'writesize is "2", expected a whole number from 1 (bytes)'],
    [edited({ writesize: 3 }), 'erasesize is 131072, expected a multiple of writesize 3'],
    [edited({ figures: [] }), 'figures is [], expected an object'],
    [
      figured({ 'read.speed': 1 }),
      'figures has a field "read.speed", expected names such as read.firstAccess or erase.65536',
    ],
    [
      figured({ 'erase.0': 1 }),
      'figures has a field "erase.0", expected names such as read.firstAccess or erase.65536',
    ],
    [
      figured({ 'read.nextWord': undefined }),
      'figures has no read.nextWord, which a bus "page" needs',
    ],
    [figured({ 'read.nextWord': -15 }), 'read.nextWord is -15, expected a number from 0 (ns)'],
    [figured({ 'read.nextWord': true }), 'read.nextWord is true, expected a number from 0 (ns)'],
    [figured({ 'read.nextWord': null }), 'read.nextWord is null, expected a number from 0 (ns)'],
    [figured({ 'read.nextWord': {} }), 'read.nextWord: source is nothing, expected a line of text'],
    [
      figured({ 'read.nextWord': { value: 1, source: ' ' } }),
      'read.nextWord: source is " ", expected a line of text',
    ],
    [
      figured({ 'read.nextWord': { source: 'x' } }),
      'read.nextWord is nothing, expected a number from 0 (ns)',
    ],
    [
      figured({ 'read.nextWord': { value: 1, unit: 'us', source: 'x' } }),
      'read.nextWord: unit is "us", expected "ns"',
    ],
    [
      figured({ 'read.nextWord': { value: 1, status: 'sure', source: 'x' } }),
      'read.nextWord: status is "sure", expected one of measured, derived, assumed',
    ],
    [
      figured({ 'read.nextWord': { value: 1, status: 'unsourced', source: 'x' } }),
      'read.nextWord: status is "unsourced", expected one of measured, derived, assumed',
    ],
    [
      figured({ 'read.nextWord': { value: null, status: 'measured', source: 'x' } }),
      'read.nextWord: status is "measured" without a value, expected "unsourced"',
    ],
    [
      figured({ 'read.nextWord': { value: 1, source: 'x', page: 3 } }),
      'read.nextWord has a field "page", expected value, unit, status, source',
    ],
    [figured({ 'read.clock': 0 }), 'read.clock is 0, expected a number above 0 (MHz)'],
    [figured({ 'read.pageBytes': 24 }), 'read.pageBytes is 24, expected a power of two (bytes)'],
    ['[]', 'holds [], expected an object'],
    ['null', 'holds null, expected an object'],
    ['"x"', 'holds "x", expected an object'],
  ])('%#', (text, message) => {
    expect(() => parsePart(text, 'my.json')).toThrow(
      new AxfsError('EINVAL', `my.json: ${message}`),
    );
  });

  test.each(['', '{', '{"name": NaN}', '{\n"name": }'])(
    '%j is no JSON, said in one line',
    (text) => {
      expect(() => parsePart(text, 'my.json')).toThrow(/^my\.json: is no JSON: [^\n]+$/);
    },
  );

  test('a number too large for a double is refused', () => {
    expect(() => parsePart(figured({}).replace('100000', '1e999'), 'my.json')).toThrow(
      new AxfsError('EINVAL', 'my.json: endurance is Infinity, expected a number from 0 (cycles)'),
    );
  });
});

describe('formatPart', () => {
  test.each(Object.entries<MtdPart>(MTD_PARTS))('%s comes back as it was', (_name, part) => {
    expect(parsePart(formatPart(part), 'x.json')).toEqual(part);
  });

  const line = fc
    .string({ minLength: 1 })
    .filter((text) => text.trim() !== '' && !/[\r\n]/.test(text));
  const status = fc.constantFrom('measured', 'derived', 'assumed');
  const valueOf = (name: string, unit: string): fc.Arbitrary<number> => {
    if (name === 'read.wordBytes' || name === 'read.pageBytes')
      return fc.nat(12).map((power) => 2 ** power);
    if (['bytes', 'blocks', 'bits', 'ways'].includes(unit))
      return fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    return fc.double({ min: 0.001, max: 1e12, noNaN: true });
  };
  const rowOf = (name: string, unit: string): fc.Arbitrary<object> =>
    fc.oneof(
      fc.record({ value: valueOf(name, unit), unit: fc.constant(unit), status, source: line }),
      fc.record({
        value: fc.constant(null),
        unit: fc.constant(unit),
        status: fc.constant('unsourced'),
        source: line,
      }),
    );
  const NAMES = [
    ...Object.keys(FIGURES),
    'erase.4096',
    'eraseMax.4096',
    'erase.131072',
  ] as FigureName[];
  const arbitraryPart = fc
    .record({ bus: fc.constantFrom(...BUS_KINDS), extra: fc.subarray(NAMES), mapped: fc.boolean() })
    .chain(({ bus, extra, mapped }) => {
      const names = [...new Set<FigureName>([...READ_ROWS[bus].required, ...extra])];
      return fc
        .record({
          name: line,
          title: line,
          type: fc.constantFrom(
            ...MTD_TYPES.filter((type) => (type === 'nand') === (bus === 'nand')),
          ),
          powers: fc.tuple(fc.nat(12), fc.nat(12), fc.nat(20)),
          sources: fc.tuple(line, line, line),
          statuses: fc.tuple(status, status, status),
          figures: fc.record(
            Object.fromEntries(names.map((name) => [name, rowOf(name, figureUnit(name)!)])),
          ),
        })
        .map(({ powers, sources, statuses, figures, ...rest }) => {
          const size = (index: 0 | 1 | 2, power: number): object => ({
            value: 2 ** power,
            unit: 'bytes',
            status: statuses[index],
            source: sources[index],
          });
          const [write, erase, whole] = powers;
          return {
            ...rest,
            bus,
            mapped: mapped && bus !== 'nand' && bus !== 'managed',
            smallestSize: size(0, write + erase + whole),
            erasesize: size(1, write + erase),
            writesize: size(2, write),
            figures,
          } as unknown as MtdPart;
        });
    });

  test('any part comes back as it was', () => {
    fc.assert(
      fc.property(arbitraryPart, (part) => {
        expect(parsePart(formatPart(part), 'x.json')).toEqual(part);
      }),
    );
  });

  test('writes a row a line', () => {
    const text = formatPart(MTD_PARTS.p30);
    expect(text).toContain(
      '\n    "endurance": {"value":100000,"unit":"cycles","status":"measured","source":',
    );
    expect(text.endsWith('}\n')).toBe(true);
  });
});
