import { describe, expect, test } from 'vitest';
import { MACHINE_CPUS } from '../../../src/cost/cpus.ts';
import { INFLATE_RATES, inflateDisagreements } from '../../../src/cost/inflate-rates.ts';
import { INSTRUCTION_ROWS, cpuPreset } from '../../../src/cost/params.ts';

import { publishedTable } from '../../support/calibration.ts';

const all = Object.values(MACHINE_CPUS).flatMap((cpu) =>
  inflateDisagreements(cpu).map((row) => ({ cpu: cpu.name, ...row })),
);

describe('published rates of zlib', () => {
  test.each(INFLATE_RATES)(
    '$source: for CPUs that there are',
    ({ cpus, cyclesPerByte, source }) => {
      for (const cpu of cpus) expect(MACHINE_CPUS[cpu]?.unit).toBe('ns');
      expect(cyclesPerByte).toBeGreaterThan(1);
      expect(source.length).toBeGreaterThan(20);
    },
  );

  test('every CPU in time has one, those in instructions none', () => {
    for (const cpu of Object.values(MACHINE_CPUS))
      expect(inflateDisagreements(cpu).length > 0).toBe(cpu.unit === 'ns');
  });

  test('figures that were published as megabytes a second', () => {
    const of = (word: string): number =>
      INFLATE_RATES.find(({ source }) => source.includes(word))?.cyclesPerByte ?? NaN;
    expect(of('AT91SAM9263')).toBeCloseTo(200 / 5, 0);
    expect(of('OMAP4430')).toBeCloseTo(72, 0);
    expect(of('lzbench')).toBeCloseTo(9, 1);
  });

  test('the price is that of a page of the mean size with its own set-up', () => {
    const instructions =
      INSTRUCTION_ROWS['inflate.setup'].value + 2382 * INSTRUCTION_ROWS['inflate.storedByte'].value;
    const [first] = inflateDisagreements(cpuPreset('arm926-200'));
    expect(first?.priced).toBeCloseTo((instructions * 2.24) / 4096, 6);
    expect(first?.ratio).toBeCloseTo((first?.priced ?? NaN) / (first?.cyclesPerByte ?? NaN), 9);
  });

  test('the source that a CPU takes its cycles from agrees, the others within a factor of four', () => {
    for (const { ratio } of all) expect(Math.max(ratio, 1 / ratio)).toBeLessThan(4);
    const a53 = all.find(({ source }) => source.includes('4 KiB blocks: 27 MB/s'));
    expect(a53?.ratio).toBeCloseTo(1, 1);
  });

  test('the published table is this one', () => {
    expect(publishedTable('inflate').slice(1)).toEqual(
      all.map((row) => [
        `\`${row.cpu}\``,
        row.priced.toFixed(1),
        row.cyclesPerByte.toFixed(1),
        row.ratio.toFixed(2),
        row.source,
      ]),
    );
  });
});
