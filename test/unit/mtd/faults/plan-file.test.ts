import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../../src/base/errno.ts';
import { FLASH_FAULTS, FLASH_FAULT_KINDS } from '../../../../src/mtd/faults/kinds.ts';
import type { FaultKindRow, FlashFault } from '../../../../src/mtd/faults/kinds.ts';
import {
  faultKindsHelp,
  formatFaultPlan,
  parseFaultPlan,
} from '../../../../src/mtd/faults/plan-file.ts';

/** One fault of each kind, with every field that it may have. */
const ALL: readonly FlashFault[] = [
  { kind: 'read_error', nth: 3, offset: 0, length: 4096 },
  { kind: 'bit_flips', rate: 1e-7, offset: 512 },
  { kind: 'cell', offset: 2 ** 40, bit: 7 },
  { kind: 'stuck_bit', offset: 9, bit: 0, value: 1 },
  { kind: 'read_disturb', block: 1, reads: 1000, every: 10 },
  { kind: 'retention', days: 3650.5, rate: 1e-12 },
  { kind: 'bad_block', block: 3, origin: 'grown', operation: 'erase', nth: 2 },
  { kind: 'weak_page', page: 64, programs: 0 },
  { kind: 'grave_page', page: 65, reads: 3 },
  { kind: 'weak_block', block: 2, erases: 3 },
  { kind: 'power_loss', nth: 17, torn: 'part' },
  { kind: 'slow_read', rate: 0.5, nanoseconds: 1e6, offset: 1 },
  { kind: 'bus_error', offset: 4096, length: 32 },
];

test('the samples are of every kind, and name every field but alternatives', () => {
  expect(ALL.map(({ kind }) => kind)).toEqual(FLASH_FAULT_KINDS);
  const { slow_read: slow, read_error: failing } = FLASH_FAULTS;
  expect([failing.oneOf, slow.oneOf]).toEqual([
    ['nth', 'every'],
    ['nth', 'every', 'rate'],
  ]);
});

test('a plan is written a fault a line, and reads back as it was', () => {
  const plan = { seed: 2 ** 53 - 1, faults: ALL };
  const text = formatFaultPlan(plan);
  expect(parseFaultPlan(text, 'p.json')).toEqual(plan);
  expect(text.split('\n').filter((line) => line.includes('"kind"'))).toHaveLength(ALL.length);
  expect(formatFaultPlan({ seed: 1, faults: [] })).toBe('{\n  "seed": 1,\n  "faults": []\n}\n');
});

test('without a seed it is 0', () => {
  expect(parseFaultPlan('{"faults": []}', 'p.json')).toEqual({ seed: 0, faults: [] });
});

const oneFault = (fault: string): string =>
  `{"faults": [{"kind": "cell", "offset": 0, "bit": 0}, ${fault}]}`;

describe('refused, naming file, fault, field, value and what is expected', () => {
  test.each([
    ['[]', 'holds [], expected an object with seed and faults'],
    ['{"faults": [], "seeed": 1}', 'has a field "seeed", expected seed and faults'],
    ['{"seed": -1, "faults": []}', 'seed is -1, expected a whole number from 0 to 2^53-1'],
    ['{"seed": "1", "faults": []}', 'seed is "1", expected a whole number from 0 to 2^53-1'],
    ['{"seed": 1}', 'faults is missing, expected an array'],
    [oneFault('7'), 'fault 1: is 7, expected an object with a kind'],
    [
      oneFault('{"kind": "toString"}'),
      `fault 1: kind is "toString", expected one of ${FLASH_FAULT_KINDS.join(', ')}`,
    ],
    [
      oneFault('{"kind": "cell", "offset": 1, "bit": 8}'),
      'fault 1: cell: bit is 8, expected a whole number from 0 to 7',
    ],
    [
      oneFault('{"kind": "cell", "offset": 1.5, "bit": 1}'),
      'fault 1: cell: offset is 1.5, expected a whole number from 0 to 2^53-1',
    ],
    [
      oneFault('{"kind": "cell", "bit": 1}'),
      'fault 1: cell: offset is missing, expected a whole number from 0 to 2^53-1',
    ],
    [
      oneFault('{"kind": "cell", "offset": 1, "bit": 1, "value": 0}'),
      'fault 1: cell has a field "value", expected offset, bit',
    ],
    [
      oneFault('{"kind": "bit_flips", "rate": 1.01}'),
      'fault 1: bit_flips: rate is 1.01, expected a number from 0 to 1',
    ],
    [
      oneFault('{"kind": "bad_block", "block": 1, "origin": "bought"}'),
      'fault 1: bad_block: origin is "bought", expected one of factory, grown',
    ],
    [
      oneFault('{"kind": "read_error", "nth": 0}'),
      'fault 1: read_error: nth is 0, expected a whole number from 1 to 2^53-1',
    ],
    [
      oneFault('{"kind": "read_error"}'),
      'fault 1: read_error has none, expected exactly one of nth, every',
    ],
    [
      oneFault('{"kind": "slow_read", "nth": 1, "rate": 0.5, "nanoseconds": 1}'),
      'fault 1: slow_read has nth and rate, expected exactly one of nth, every, rate',
    ],
    [
      oneFault('{"kind": "bit_flips", "rate": 0, "length": 5}'),
      'fault 1: bit_flips: length is 5 without an offset, expected both',
    ],
  ])('%s', (text, message) => {
    expect(() => parseFaultPlan(text, 'p.json')).toThrow(
      new AxfsError('EINVAL', `p.json: ${message}`),
    );
  });

  test('no JSON, and a value too long to show', () => {
    expect(() => parseFaultPlan('{"seed"', 'p.json')).toThrow(/^p\.json: is no JSON: /);
    expect(() => parseFaultPlan(`{"seed": "${'x'.repeat(500)}", "faults": []}`, 'p')).toThrow(
      /^p: seed is "x{59}…, expected/,
    );
  });
});

test('help has every kind, its fields, and how long it lasts', () => {
  const help = faultKindsHelp();
  for (const [kind, { fields, summary }] of Object.entries<FaultKindRow>(FLASH_FAULTS)) {
    const at = help.indexOf(`  ${kind} `);
    expect(at, kind).toBeGreaterThanOrEqual(0);
    expect(help.slice(at)).toContain(summary);
    for (const name of Object.keys(fields)) expect(help.slice(at).split('\n')[0]).toContain(name);
  }
  expect(help).toContain('read_disturb [block] reads every\n');
  expect(help).toContain('(until erased)');
});
