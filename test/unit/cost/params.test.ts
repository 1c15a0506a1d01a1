import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import {
  CPU_NAMES,
  CPU_PRESETS,
  cpuPreset,
  INSTRUCTION_ROWS,
  priceList,
  TIME_ROW_NAMES,
} from '../../../src/cost/params.ts';
import { flashParameters, MTD_PARTS } from '../../../src/mtd/parts.ts';
import { ramParameters } from '../../../src/mtd/ram-parameters.ts';

const flash = flashParameters(MTD_PARTS.p30);
const PARTS = { flash, ram: ramParameters(MTD_PARTS['sdr-133']) };
const LISTS = CPU_NAMES.map((name) => [name, priceList(cpuPreset(name), PARTS)] as const);

const isOptional = (name: string): boolean => /^flash\.(resume|arrayLoad|bufferHit)$/.test(name);

describe('every row', () => {
  const rows = LISTS.flatMap(([cpu, { rows: list }]) => list.map((row) => ({ cpu, ...row })));

  test.each(rows)('$cpu $name has value, unit, status and source', (row) => {
    // What a bus has not got costs nothing.
    if (isOptional(row.name)) expect(row.value).toBeGreaterThanOrEqual(0);
    else expect(row.value).toBeGreaterThan(0);
    expect(Number.isFinite(row.value)).toBe(true);
    expect(row.unit).toMatch(/^[a-zA-Z]+(\/[a-z]+( [a-z]+)?)?$/);
    expect(['measured', 'derived', 'assumed']).toContain(row.status);
    expect(row.source.length).toBeGreaterThan(10);
    expect(row.source).not.toContain('\n');
  });

  test.each(LISTS)('%s: names are unique and in groups', (_cpu, { rows: list }) => {
    const names = list.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect(name).toMatch(/^(trap|inflate|copy|cpu|ram|touch|flash)\.\w+$/);
  });
});

describe('cpuPreset', () => {
  test.each(CPU_NAMES)('knows %s', (name) => {
    expect(cpuPreset(name).name).toBe(name);
    expect(cpuPreset(name).title).not.toBe('');
  });

  test.each(['', 'x86', 'X86-COUNTED', 'toString', 'constructor', '__proto__'])(
    'does not know %j, and says which it knows',
    (name) => {
      expect(() => cpuPreset(name)).toThrow(
        new AxfsError(
          'EINVAL',
          `CPU preset is '${name}', expected one of x86-counted, arm926-200, cortex-a9-1000`,
        ),
      );
    },
  );

  test('presets in ns have every time row, the others none', () => {
    for (const preset of Object.values(CPU_PRESETS))
      expect(Object.keys(preset.time ?? {})).toEqual(
        preset.unit === 'ns' ? [...TIME_ROW_NAMES] : [],
      );
  });
});

describe('priceList', () => {
  test('x86-counted prices instructions alone: flash and RAM cost nothing, no flash row is needed', () => {
    expect(priceList(cpuPreset('x86-counted'), { flash: [], ram: [] })).toMatchObject({
      unit: 'instructions',
      instruction: 1,
      flash: {
        first: { opens: 0, resumes: 0, busBytes: 0, arrayLoads: 0, bufferHits: 0, line: 0 },
        second: { opens: 0, resumes: 0, busBytes: 0, arrayLoads: 0, bufferHits: 0, line: 0 },
      },
      ramLine: 0,
      nanosecond: 0,
    });
  });

  test('a 4 KiB copy counts 512 instructions (kernel measurements)', () => {
    expect(INSTRUCTION_ROWS['copy.page']).toMatchObject({
      value: 512,
      unit: 'instructions',
      status: 'measured',
    });
  });

  test.each([
    ['arm926-200', 2.24],
    ['cortex-a9-1000', 1.72],
  ])('%s: %d cycles per counted instruction, assumed as what it rests on', (name, cpi) => {
    const { rows } = priceList(cpuPreset(name), PARTS);
    const row = (wanted: string): unknown => rows.find((one) => one.name === wanted);
    expect(row('cpu.cpi')).toMatchObject({
      value: cpi,
      unit: 'cycles/counted instruction',
      status: 'assumed',
    });
    expect(row('ram.line')).toMatchObject({ status: 'assumed' });
    expect(row('inflate.storedByte')).toMatchObject({ value: 30.9, status: 'derived' });
    expect(row('inflate.setup')).toMatchObject({ value: 61_770, status: 'derived' });
  });

  test.each(['flash.open', 'flash.byte', 'flash.line'])('a part without %s is refused', (name) => {
    expect(() =>
      priceList(cpuPreset('arm926-200'), {
        ...PARTS,
        flash: flash.filter((row) => row.name !== name),
      }),
    ).toThrow(
      new AxfsError('EINVAL', `flash part has no parameter '${name}', which prices in ns need`),
    );
  });

  test('arm926-200: an instruction takes cpi / 200 MHz', () => {
    const { rows, instruction, flash: chips, ramLine } = priceList(cpuPreset('arm926-200'), PARTS);
    const cpi = rows.find(({ name }) => name === 'cpu.cpi')!.value;
    expect(instruction).toBeCloseTo(cpi * 5, 9);
    expect(chips.first.line).toBeCloseTo(373, 9);
    expect(ramLine).toBeCloseTo(21_000 / 133, 9);
  });

  // FLASH_PARTS section 5: bytes of output and seconds of the boot-time gzip decompressor, one stream.
  test('arm926-200 streams the stored bytes of a mean page in the time measured (FLASH_PARTS section 5)', () => {
    const { instruction } = priceList(cpuPreset('arm926-200'), PARTS);
    const perPage = (0.9355 * 1e9) / (4_647_908 / 4096);
    const modelled = INSTRUCTION_ROWS['inflate.storedByte'].value * 2382 * instruction;
    expect(modelled / perPage).toBeGreaterThan(0.99);
    expect(modelled / perPage).toBeLessThan(1.01);
  });

  test('cortex-a9-1000 takes the 3.46 us of lmbench for a fault on a cached page', () => {
    const { instruction } = priceList(cpuPreset('cortex-a9-1000'), PARTS);
    const modelled = INSTRUCTION_ROWS['trap.fileMinor'].value * instruction;
    expect(modelled / 3460).toBeGreaterThan(0.99);
    expect(modelled / 3460).toBeLessThan(1.01);
  });
});
