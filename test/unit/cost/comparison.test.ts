import { describe, expect, test } from 'vitest';
import { FAULT_KINDS } from '../../../src/base/events.ts';
import { COMPARISON_COLUMNS, differences, ramPeak } from '../../../src/cost/comparison.ts';
import type { Comparison, DesignResult } from '../../../src/cost/comparison.ts';
import { LedgerSink } from '../../../src/cost/ledger.ts';
import { cpuPreset } from '../../../src/cost/params.ts';

const result = (
  design: string,
  flashBytes: number,
  pageCache: number,
  total: number,
): DesignResult => ({
  design,
  flashBytes,
  xipPages: 0,
  ram: { pageCache, anonymous: 20, pageTables: 300, metadata: 4000 },
  mountLedger: new LedgerSink().read(),
  mountCost: { unit: 'ns', total: 0, parts: { trap: 0, flash: 0, inflate: 0, copy: 0, ram: 0 } },
  ledger: new LedgerSink().read(),
  cost: { unit: 'ns', total, parts: { trap: total, flash: 0, inflate: 0, copy: 0, ram: 0 } },
});

const comparison = (...designs: DesignResult[]): Comparison => ({
  tree: 't',
  trace: { name: 't', lines: 1 },
  profile: { from: 'file', name: 'p' },
  compat: false,
  faultRoute: 'insert',
  flash: { name: 'p30', title: 'P30', mapped: true },
  cpu: cpuPreset('arm926-200'),
  parameters: [],
  designs,
  breakEven: undefined,
});

test('ramPeak adds all uses of RAM, and is the column of that name', () => {
  const one = result('none', 0, 1, 1);
  expect(ramPeak(one)).toBe(4321);
  expect(COMPARISON_COLUMNS.find(({ key }) => key === 'ramPeak')!.value(one)).toBe(4321);
});

test('wp/COW counts write-protect faults of every kind', () => {
  const sink = new LedgerSink();
  const kinds = FAULT_KINDS.filter((kind) => kind.startsWith('wp_'));
  for (const kind of kinds) sink.sink({ type: 'fault', kind, earlyCow: false });
  const one = { ...result('none', 0, 0, 0), ledger: sink.read() };
  const column = COMPARISON_COLUMNS.find(({ key }) => key === 'faultsWriteProtect')!;
  expect(column.value(one)).toBe(kinds.length);
});

describe('differences', () => {
  test('are taken against the first design', () => {
    expect(
      differences(
        comparison(
          result('none', 1000, 5000, 400),
          result('profile', 1500, 4000, 100),
          result('all', 3000, 0, 500),
        ),
      ),
    ).toEqual([
      { design: 'profile', flashAdded: 500, ramSaved: 1000, ramPerFlash: 2, costShare: 0.25 },
      { design: 'all', flashAdded: 2000, ramSaved: 5000, ramPerFlash: 2.5, costShare: 1.25 },
    ]);
  });

  test.each([1000, 900])(
    'no ratio where no flash was added: %d bytes against 1000',
    (flashBytes) => {
      const [row] = differences(
        comparison(result('none', 1000, 5000, 400), result('elf', flashBytes, 6000, 400)),
      );
      expect(row).toEqual({
        design: 'elf',
        flashAdded: flashBytes - 1000,
        ramSaved: -1000,
        ramPerFlash: undefined,
        costShare: 1,
      });
    },
  );

  test('one design or none differ from nothing', () => {
    expect(differences(comparison())).toEqual([]);
    expect(differences(comparison(result('none', 1, 1, 1)))).toEqual([]);
  });
});
