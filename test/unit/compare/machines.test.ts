import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { PAGE_SIZE } from '../../../src/base/units.ts';
import { machinePrices } from '../../../src/compare/evaluate.ts';
import type { MachineSpec } from '../../../src/compare/evaluate.ts';
import {
  MACHINE_NAMES,
  allMachines,
  machineNamed,
  machineRows,
} from '../../../src/compare/machines.ts';
import { overrideRows, parseSetting, withOverrides } from '../../../src/compare/overrides.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import { MTD_PARTS } from '../../../src/mtd/parts.ts';

const set = (name: string, ...texts: string[]): MachineSpec =>
  withOverrides(machineNamed(name), texts.map(parseSetting));
const row = (machine: MachineSpec, name: string): unknown =>
  machineRows(machine).find((one) => one.name === name);
const message = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AxfsError) return error.message;
    throw error;
  }
  return 'nothing was thrown';
};

describe('every machine', () => {
  const rows = allMachines().flatMap((machine) =>
    machineRows(machine).map((one) => ({ machine: machine.name, ...one })),
  );

  test.each(rows)('$machine $name has value, unit, status and source', (one) => {
    if (typeof one.value === 'string') expect(one.value).not.toBe('');
    else expect(Number.isFinite(one.value) && one.value >= 0).toBe(true);
    expect(one.unit).not.toBe('');
    expect(['measured', 'derived', 'assumed']).toContain(one.status);
    expect(one.source.length).toBeGreaterThan(5);
    expect(one.source).not.toContain('\n');
  });

  test.each(MACHINE_NAMES)(
    '%s: names are unique; choices, numbers and prices are there',
    (name) => {
      const machine = machineNamed(name);
      const names = machineRows(machine).map((one) => one.name);
      expect(new Set(names).size).toBe(names.length);
      for (const wanted of [
        'cpu',
        'flash',
        'ram',
        'kernel',
        'ram.size',
        'cache.ways',
        'trap.rawPfn',
      ])
        expect(names).toContain(wanted);
      expect(machine.ramPages).toBe(
        Number.isInteger(machine.ramPages) ? machine.ramPages : 'whole',
      );
      expect(machinePrices(machine).unit).toBe(name === 'x86-counted' ? 'instructions' : 'ns');
    },
  );

  test('an RZ/A1 has no DRAM: 10 MB of RAM on the chip, two quad chips, 400 MHz', () => {
    expect(machineNamed('rza1')).toMatchObject({
      cpu: { name: 'cortex-a9-400' },
      part: { name: 'dual-qspi-66' },
      ram: { name: 'on-chip' },
      ramPages: (10 * 1024 * 1024) / PAGE_SIZE,
    });
  });

  test.each(['', 'rza', 'phone', '__proto__', 'toString'])(
    '%j is none: the nearest is named',
    (name) => {
      expect(message(() => machineNamed(name))).toMatch(
        /^machine is '.*', expected one of phone-2008, rza1, .*; '[a-z0-9-]+' is nearest$/,
      );
    },
  );

  test('a machine put together by hand has the same rows, as given', () => {
    const machine: MachineSpec = {
      cpu: cpuPreset('arm926-200'),
      part: MTD_PARTS.p30,
      faultRoute: 'insert',
    };
    expect(row(machine, 'ram.size')).toEqual({
      ...{ name: 'ram.size', value: 256 * 1024 * 1024, unit: 'bytes' },
      ...{ status: 'assumed', source: 'as given' },
    });
    expect(row(machine, 'cache.size')).toBeUndefined();
    expect(machineRows(machine).slice(-machinePrices(machine).rows.length)).toEqual(
      machinePrices(machine).rows,
    );
  });
});

describe('withOverrides', () => {
  test('nothing set changes nothing', () => {
    const machine = machineNamed('rza1');
    expect(withOverrides(machine, [])).toEqual(machine);
  });

  test.each([
    ['ram.size=16M', { ramPages: 4096 }],
    ['ram.size=8192', { ramPages: 2 }],
    ['kernel.reclaim=0', { reclaim: false }],
    ['kernel.faultAroundPages=16', { faultAroundPages: 16 }],
    ['medium.readAheadPages=32', { readAheadPages: 32 }],
    ['trace.readsByCall=1', { readsByCall: true }],
    ['cache.size=64k', { cache: { size: 65536, ways: 4, policy: 'round-robin' } }],
    ['cache.ways=8', { cache: { size: 32768, ways: 8, policy: 'round-robin' } }],
  ])('%s', (text, expected) => {
    expect(set('phone-2008', text)).toMatchObject(expected);
  });

  test('what was set says so, and what it was', () => {
    expect(row(set('phone-2008', 'cpu.clock=400'), 'cpu.clock')).toMatchObject({
      value: 400,
      unit: 'MHz',
      status: 'assumed',
      source: expect.stringMatching(
        /^set by hand, instead of 200 \(assumed: AT91SAM9263/,
      ) as string,
    });
    expect(row(set('phone-2008', 'ram.size=16M'), 'ram.size')).toMatchObject({
      source: 'as given',
    });
  });

  test('twice the clock halves every instruction, and nothing of flash or RAM', () => {
    const before = machinePrices(machineNamed('phone-2008'));
    const after = machinePrices(set('phone-2008', 'cpu.clock=400'));
    expect(after.instruction).toBeCloseTo(before.instruction / 2, 9);
    expect(after.work['trap.rawPfn']).toBeCloseTo(before.work['trap.rawPfn'] / 2, 6);
    expect([after.flash, after.ramLine]).toEqual([before.flash, before.ramLine]);
  });

  test('a row of work changes its own price only', () => {
    const before = machinePrices(machineNamed('x86-counted')).work;
    const after = machinePrices(set('x86-counted', 'inflate.storedByte=40.2')).work;
    expect(after).toEqual({ ...before, 'inflate.storedByte': 40.2 });
  });

  test('what is computed from a row follows it', () => {
    const before = machinePrices(machineNamed('phone-2008'));
    const after = machinePrices(
      set('phone-2008', 'flash.firstAccess=185', 'ram.firstAccess=145.1'),
    );
    expect(after.flash.first.line - before.flash.first.line).toBeCloseTo(100, 9);
    expect(after.flash.first.opens - before.flash.first.opens).toBeCloseTo(100, 9);
    expect(after.ramLine - before.ramLine).toBeCloseTo(145.1 - (6 * 1000) / 133, 9);
  });

  test('rows of the second device have second. in front', () => {
    const machine = { ...machineNamed('phone-2008'), second: MTD_PARTS['slc-onfi'] };
    const changed = withOverrides(machine, [parseSetting('second.flash.array=50000')]);
    expect(machinePrices(changed).flash.second.arrayLoads).toBe(50_000);
    expect(machinePrices(changed).flash.first).toEqual(machinePrices(machine).flash.first);
    expect(message(() => set('phone-2008', 'second.flash.array=1'))).toContain('no parameter');
  });

  test('the last of a name counts', () => {
    expect(set('rza1', 'ram.size=16M', 'ram.size=4M').ramPages).toBe(1024);
  });

  test.each([
    ['cpu.clok=1', "no parameter is called 'cpu.clok'; 'cpu.clock' is nearest"],
    [
      'flash.firstacces=1',
      "no parameter is called 'flash.firstacces'; 'flash.firstAccess' is nearest",
    ],
    ['cpu.clock=-5', "cpu.clock is '-5', expected a finite number of MHz above 0"],
    ['cpu.clock=0', "cpu.clock is '0', expected a finite number of MHz above 0"],
    ['cpu.clock=NaN', "cpu.clock is 'NaN', expected a finite number of MHz above 0"],
    ['cpu.clock=1e999', "cpu.clock is '1e999', expected a finite number of MHz above 0"],
    ['cpu.clock=0x10', "cpu.clock is '0x10', expected a finite number of MHz above 0"],
    ['trap.rawPfn=-1', "trap.rawPfn is '-1', expected a finite number of instructions, 0 or more"],
    [
      'flash.firstAccess=Infinity',
      "flash.firstAccess is 'Infinity', expected a finite number of ns, 0 or more",
    ],
    ['ram.size=4097', "ram.size is '4097', expected bytes in whole pages of 4096"],
    ['ram.size=1.5M', "ram.size is '1.5M', expected a whole number of bytes, 1 or more"],
    ['cache.ways=0', "cache.ways is '0', expected a whole number of ways, 1 or more"],
    ['kernel.reclaim=2', "kernel.reclaim is '2', expected 0 or 1"],
    [
      'kernel.faultAroundPages=3',
      "kernel.faultAroundPages is '3', expected a number of pages that is a power of two, 1 to 512",
    ],
    ['cpu=4', 'cpu is chosen by name and not a number to set'],
    [
      'flash.line=1',
      'flash.line cannot be set: it follows from others, or no price of a run does from it; set flash.wordBytes, flash.firstAccess, flash.nextWord',
    ],
    [
      'ram.line=1',
      'ram.line cannot be set: it follows from others, or no price of a run does from it; set ram.wordBytes, ram.firstAccess, ram.nextWord, ram.resumeAccess',
    ],
    [
      'cache.ways=3',
      'CPU cache: size is 32768 bytes, expected a multiple of 96, 3 ways of 32-byte lines',
    ],
    ['cpu.clock', "setting is 'cpu.clock', expected name=value such as cpu.clock=400"],
    ['=4', "setting is '=4', expected name=value such as cpu.clock=400"],
    ['cpu.clock=', "setting is 'cpu.clock=', expected name=value such as cpu.clock=400"],
    [
      'flash.nextWord=100',
      'flash.open comes to -15 ns/open, expected a finite number of 0 or more: the rows set do not go together',
    ],
  ])('%s is refused', (text, expected) => {
    expect(message(() => set('phone-2008', text))).toBe(expected);
  });

  test('in instructions there is no clock and no flash to set', () => {
    expect(message(() => set('x86-counted', 'cpu.clock=1'))).toContain(
      "no parameter is called 'cpu.clock'",
    );
    expect(message(() => set('x86-counted', 'flash.clock=1'))).toContain('no parameter');
  });

  test('any number of a price that is set is read back, and only its own row and what follows change', () => {
    const machine = machineNamed('phone-2008');
    const settable = machineRows(machine).filter(({ name }) =>
      /^(trap|inflate|copy|cpu\.)/.test(name),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...settable),
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        ({ name }, value) => {
          const changed = withOverrides(machine, [{ name, text: String(value) }]);
          for (const one of machineRows(changed))
            if (one.name === name) expect(one.value).toBe(value);
            else expect(one).toEqual(row(machine, one.name));
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });
});

describe('overrideRows', () => {
  const rows = [
    { name: 'a.b', value: 1, unit: 'ns', status: 'measured', source: 'a sheet' },
  ] as const;
  test('a table that stands for itself', () => {
    expect(overrideRows(rows, [parseSetting('a.b=2.5')])).toEqual([
      {
        name: 'a.b',
        value: 2.5,
        unit: 'ns',
        status: 'assumed',
        source: 'set by hand, instead of 1 (measured: a sheet)',
      },
    ]);
    expect(overrideRows(rows, [])).toEqual(rows);
  });
  test('refuses what is not in it', () => {
    expect(message(() => overrideRows(rows, [parseSetting('a.c=1')]))).toBe(
      "no parameter is called 'a.c'; 'a.b' is nearest",
    );
    expect(message(() => overrideRows(rows, [parseSetting('a.b=-1')]))).toBe(
      "a.b is '-1', expected a finite number of ns, 0 or more",
    );
  });
});
