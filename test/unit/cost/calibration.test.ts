import { beforeAll, describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { fitFills, inflateRows } from '../../../src/cost/calibration.ts';
import type { Ledger } from '../../../src/cost/ledger.ts';
import { INSTRUCTION_ROWS } from '../../../src/cost/params.ts';
import {
  calibrationTable,
  fillSamples,
  fittedLine,
  kernelRuns,
  publishedTable,
  runRow,
  simulate,
  tableCells,
  unseenRow,
  unseenSamples,
} from '../../support/calibration.ts';

describe('fitFills', () => {
  test('finds a line that is there', () => {
    const samples = [10, 700, 3000].map((storedBytes, page) => ({
      ...{ page, storedBytes },
      instructions: 5000 + 7 * storedBytes,
    }));
    const line = fitFills(samples);
    expect(line.intercept).toBeCloseTo(5000, 6);
    expect(line.slope).toBeCloseTo(7, 9);
    expect(line.r2).toBeCloseTo(1, 9);
  });
  test('sizes that are all the same have no slope', () => {
    const sample = { page: 0, storedBytes: 9, instructions: 1 };
    expect(() => fitFills([sample, sample])).toThrow(InvariantError);
  });
  test('its rows and what is counted by itself add up to the line', () => {
    const rows = inflateRows({ intercept: 60_000, slope: 31, r2: 1 });
    const rest = INSTRUCTION_ROWS['trap.fileMajor'].value + INSTRUCTION_ROWS['copy.page'].value;
    expect(rows['inflate.setup'] + rest).toBe(60_000);
    expect(rows['inflate.storedByte']).toBe(31);
  });
});

describe('the line through the even-numbered pages', () => {
  test('explains nine tenths of their variance', () => {
    expect(fillSamples()).toHaveLength(2048);
    expect(fittedLine().r2).toBeGreaterThan(0.9);
  });
  test('predicts the odd ones: their mean within 1 %, half of them within 2 %, nine tenths within 7 %', () => {
    const { intercept, slope } = fittedLine();
    const { measured, predicted } = unseenRow();
    expect(Math.abs(predicted / measured - 1)).toBeLessThan(0.01);
    const errors = unseenSamples()
      .map((one) => Math.abs((intercept + slope * one.storedBytes) / one.instructions - 1))
      .sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.02);
    expect(errors[Math.floor(errors.length * 0.9)]).toBeLessThan(0.07);
  });
});

describe('runs of the kernel, played on the simulator', () => {
  const runs = kernelRuns();
  const ledgers: Ledger[] = [];
  beforeAll(async () => {
    for (const run of runs) ledgers.push(await simulate(run));
  });

  const cases = runs.map((run, i) => ({ ...run, i }));
  test.each(cases)(
    "$run $cblockBytes $cache $order: the kernel's kinds and numbers of faults",
    ({ i, ...run }) => {
      const { faults, fills, inflate } = ledgers[i]!;
      // The kernel that reads ahead counts one of its pages major that the simulator finds in the cache.
      const late = run.medium === 'block' && run.major === 65 ? 1 : 0;
      const minor = run.pagesAre === 'xip' ? faults.raw_pfn : faults.file_minor;
      expect([minor, faults.file_major]).toEqual([run.minor + late, run.major - late]);
      expect(faults.raw_pfn).toBe(run.pagesAre === 'xip' ? run.pages : 0);
      const isFilled = run.pagesAre !== 'xip' && run.cache === 'cold';
      expect(fills.pages).toBe(isFilled ? run.pages : 0);
      expect(inflate.cblocks > 0).toBe(isFilled && run.pagesAre === 'compressed');
    },
  );

  test.each(cases)(
    '$run $cblockBytes $cache $order: the mean within its tolerance',
    ({ i, ...run }) => {
      const { measured, predicted } = runRow(run, ledgers[i]!);
      const tolerance = run.run === 'cblock' ? 0.2 : 0.1;
      expect(Math.abs(predicted / measured - 1)).toBeLessThan(tolerance);
    },
  );

  test('the published table is what is computed', () => {
    const rows = calibrationTable([unseenRow(), ...runs.map((run, i) => runRow(run, ledgers[i]!))]);
    expect(publishedTable('calibration')).toEqual(tableCells(rows));
  });
});
