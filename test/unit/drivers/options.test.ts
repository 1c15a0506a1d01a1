import { describe, expect, test } from 'vitest';
import { DRIVERS } from '../../../src/drivers/drivers.ts';
import {
  choice,
  expectationOf,
  defaultText,
  frame,
  number,
  pageSet,
  parseOptions,
  yesOrNo,
} from '../../../src/drivers/options.ts';
import { KERNELS } from '../../../src/mm/kernel.ts';
import { Machine, thrown } from './machine.ts';

const TABLE = {
  pages: number('size', 'pages', 8, [1, 16]),
  base: frame('first frame', 0x34000),
  writable: yesOrNo('open', false),
  mode: choice('mode', ['a', 'b'], 'a'),
  holes: pageSet('holes', 'none'),
} as const;

describe('options of drivers', () => {
  test('have defaults', () => {
    const values = parseOptions('x', TABLE, {});
    expect(values).toMatchObject({ pages: 8, base: 0x34000, writable: false, mode: 'a' });
    expect([0, 1, 2].map(values.holes)).toEqual([false, false, false]);
  });

  test('are parsed by their rows', () => {
    const values = parseOptions('x', TABLE, {
      pages: '0x10',
      base: '256',
      writable: 'yes',
      mode: 'b',
      holes: '0,2,5-7',
    });
    expect(values).toMatchObject({ pages: 16, base: 0x100, writable: true, mode: 'b' });
    expect([0, 1, 2, 3, 5, 6, 7, 8].map(values.holes)).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
    const even = parseOptions('x', TABLE, { holes: 'even' }).holes;
    expect([0, 1, 2].map(even)).toEqual([true, false, true]);
  });

  test.each([
    [{ pages: '0' }, "x: option 'pages' is '0', expected a whole number of pages from 1 to 16"],
    [{ pages: '17' }, "x: option 'pages' is '17', expected a whole number of pages from 1 to 16"],
    [{ pages: '' }, "x: option 'pages' is '', expected a whole number of pages from 1 to 16"],
    [{ pages: '-1' }, "x: option 'pages' is '-1', expected a whole number of pages from 1 to 16"],
    [{ base: 'here' }, "x: option 'base' is 'here', expected a page frame number such as 0x34000"],
    [{ writable: 'true' }, "x: option 'writable' is 'true', expected yes or no"],
    [{ mode: 'c' }, "x: option 'mode' is 'c', expected one of a, b"],
    [
      { holes: '5-2' },
      "x: option 'holes' is '5-2', expected page numbers such as 0,2,5-7, or even, odd, all, none",
    ],
    [{ size: '1' }, "x: no option 'size', expected pages, base, writable, mode, holes"],
    [{ toString: '1' }, "x: no option 'toString', expected pages, base, writable, mode, holes"],
  ])('refuse %o', (texts, message) => {
    const error = thrown(() => parseOptions('x', TABLE, texts));
    expect([error.code, error.message]).toEqual(['EINVAL', message]);
  });

  test('a wrong option of a device names device, kind and option', () => {
    const error = thrown(() => new Machine('2.6.28-arm').device('spufs', { pages: '0' }));
    expect(error.message).toBe(
      "device /dev/spufs100 (spufs): option 'pages' is '0', expected a whole number of pages from 1 to 64",
    );
  });

  test('a driver without options says that there are none', () => {
    const error = thrown(() => new Machine('2.6.28-arm').device('vdso', { pages: '1' }));
    expect(error.message).toBe("device /dev/vdso100 (vdso): no option 'pages', expected none");
  });
});

describe('the table of drivers', () => {
  test.each(Object.entries(DRIVERS))('%s: defaults are what the rows expect', (kind, row) => {
    expect(row.purpose).toMatch(/^\S.*\.$/);
    for (const [name, option] of Object.entries(row.options)) {
      expect(option.purpose, name).not.toBe('');
      expect(expectationOf(option), name).not.toBe('');
      expect(() => parseOptions(kind, row.options, { [name]: defaultText(option) })).not.toThrow();
    }
  });

  test.each(Object.entries(DRIVERS))(
    '%s: runs on a kernel, or names what it lacks',
    (kind, row) => {
      for (const kernel of Object.values(KERNELS)) {
        const m = new Machine(kernel);
        const create = (): unknown => m.device(kind as keyof typeof DRIVERS);
        if (row.runsOn(kernel)) {
          create();
          m.check();
        } else {
          const error = thrown(create);
          expect(error.code).toBe('EOPNOTSUPP');
          expect(error.message).toContain(`on kernel ${kernel.name}, expected ${row.needs!}`);
        }
      }
    },
  );

  test.each(Object.entries(DRIVERS))('%s: gives all RAM back when it is closed', (kind, row) => {
    const kernel = Object.values(KERNELS).find((preset) => row.runsOn(preset))!;
    const m = new Machine(kernel);
    const before = m.memory.frames.usage.total;
    const driver = m.device(kind as keyof typeof DRIVERS);
    driver.close();
    expect(m.memory.frames.usage.total).toBe(before);
  });

  test('names what each kernel has', () => {
    const runs = Object.fromEntries(
      Object.entries(DRIVERS).map(([kind, row]) => [
        kind,
        Object.values(KERNELS)
          .filter((kernel) => row.runsOn(kernel))
          .map(({ name }) => name),
      ]),
    );
    expect(runs['filemap_xip']).toEqual(['2.6.23', '2.6.24', '2.6.28-arm', '2.6.28-x86']);
    expect(runs['dax']).toEqual(['6.1-x86', '6.12-x86']);
    expect(runs['cramfs']).not.toContain('2.6.24');
    expect(runs['test']).toHaveLength(Object.keys(KERNELS).length);
  });
});
