import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { machinePrices, runnable } from '../../../src/compare/evaluate.ts';
import type { MachineSpec } from '../../../src/compare/evaluate.ts';
import { gate } from '../../../src/compare/gate.ts';
import type { GateResult } from '../../../src/compare/gate.ts';
import { cpuPreset } from '../../../src/cost/params.ts';
import { AxfsVolume } from '../../../src/fs/volume.ts';
import { parseBudgets } from '../../../src/gate/budget-file.ts';
import { parseLimit } from '../../../src/gate/limit.ts';
import { gateAnnotations, gateJson, gateText } from '../../../src/report/gate.ts';
import type { GateReport } from '../../../src/report/gate.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import type { BuiltImage } from '../../../src/mkfs/build.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { partNamed } from '../../../src/mtd/parts.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import { testZlib } from '../../support/demo.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const { compressor, inflater } = testZlib();
let image: BuiltImage;

beforeAll(async () => {
  image = await buildImage(
    treeFrom({
      'bin/a': { content: textBytes(4 * 4096), mode: 0o755 },
      'bin/b': noiseBytes(3 * 4096),
      'etc/small': 'hello\n',
      'lib/c': noiseBytes(2 * 4096 + 77),
    }),
    {
      compressor,
      xip: {
        kind: 'profile',
        profile: profileOf(
          [
            ['bin/a', 0],
            ['bin/b', 4096],
            ['lib/c', 0],
          ].map(([path, offset]) => ({
            path: fromText(String(path)),
            offset: Number(offset),
            count: 1,
          })),
        ),
      },
    },
  );
});

const TRACE = parseTrace(
  new TextEncoder().encode(
    [
      'pid,epoch,path,offset,access,count',
      '101,0,/bin/a,0,x,50',
      '101,0,/bin/a,4096,rx,20',
      '101,2,/bin/a,8192,r,3',
      '102,5,/bin/b,4096,r,9',
      '102,6,/lib/c,4096,rw,9',
      '',
    ].join('\n'),
  ),
  'boot.csv',
);

function run(json: object | string, cpu = 'arm926-200'): GateResult {
  const text = typeof json === 'string' ? json : JSON.stringify(json, null, 2);
  const machine: MachineSpec = {
    cpu: cpuPreset(cpu),
    part: partNamed('p30'),
    faultRoute: 'insert',
  };
  return gate({
    budgets: parseBudgets(text, 'b.json'),
    volume: new AxfsVolume(createRamDevice('i', memoryContents(image.toBytes())), {
      name: 'i',
      inflater,
    }),
    image: runnable('i', image),
    trace: TRACE,
    machine,
    prices: machinePrices(machine),
    inflater,
  });
}

const value = ({ measurements }: GateResult, metric: string): number => {
  const found = measurements.find(({ name }) => name === metric);
  if (found === undefined) throw new Error(`no metric ${metric}`);
  return found.value;
};

describe('metrics', () => {
  it('are what the image and the run have', () => {
    const result = run({
      budgets: ['process.101.fills == 2', 'process.102.faults.raw_pfn == 1'],
      phases: { launch: { epochs: [0, 2] }, later: { processes: [102], epochs: [6, 9] } },
    });
    const table = {
      flash: image.size,
      'xip.pages': 3,
      'xip.coldPages': 1,
      'flash.xip': 3 * 4096,
      faults: 6,
      'faults.raw_pfn': 2,
      'faults.file_major': 3,
      'faults.wp_file': 1,
      fills: 3,
      'cow.copies': 1,
      'silent.bits': 0,
      'lines.flash': 59,
      'launch.fills': 2,
      'later.fills': 1,
      'later.faults': 2,
      'ram.cache': 3 * 4096,
    };
    for (const [name, expected] of Object.entries(table))
      expect([name, value(result, name)]).toEqual([name, expected]);
    expect(result.verdicts.map(({ holds }) => holds)).toEqual([true, true]);
  });

  it('have parts that add up, and wholes that their splits add up to', () => {
    const result = run({
      budgets: ['flash <= 1G'],
      phases: { one: { processes: [101] }, two: { processes: [102] } },
    });
    for (const { parts, value: whole } of result.measurements)
      expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBe(whole);
    const sums: readonly (readonly [string, readonly string[]])[] = [
      ['flash', ['flash.xip', 'flash.compressed', 'flash.byteAligned', 'flash.tables']],
      ['ram.peak', ['ram.cache', 'ram.anon', 'ram.pageTables', 'ram.metadata']],
      ['time.ms', ['trap', 'flash', 'inflate', 'copy', 'ram'].map((part) => `time.${part}.ms`)],
      ['faults', ['one.faults', 'two.faults']],
    ];
    for (const [whole, parts] of sums)
      expect(parts.reduce((sum, part) => sum + value(result, part), 0)).toBeCloseTo(
        value(result, whole),
        6,
      );
  });

  it('in instructions are called so', () => {
    const { verdicts } = run({ budgets: ['time.instructions <= 20M'] }, 'x86-counted');
    expect(verdicts).toMatchObject([{ holds: true, limit: 20e6, kind: 'instructions' }]);
    expect(() => run({ budgets: ['time.ms <= 20'] }, 'x86-counted')).toThrow(
      /metric is 'time\.ms'/,
    );
  });
});

describe('a broken budget', () => {
  it('names the files that have most, or the pages of one that has more than half', () => {
    const { verdicts } = run({
      budgets: ['xip.pages <= 2', 'fills < 1', 'lines.flash <= 10', 'flash >= 1GiB'],
    });
    expect(verdicts.map(({ holds }) => holds)).toEqual([false, false, false, false]);
    expect(verdicts.map(({ culprits }) => culprits.map(({ what }) => what))).toEqual([
      ['bin/a', 'bin/b', 'lib/c'],
      ['bin/a:4096', 'bin/a:8192'],
      ['bin/a:0'],
      [],
    ]);
  });
});

describe('parseLimit', () => {
  it.each([
    ['16MiB', 'bytes', 16 * 2 ** 20],
    ['1.5 KiB', 'bytes', 1536],
    ['64K', 'bytes', 65536],
    ['0', 'bytes', 0],
    ['12', 'count', 12],
    ['400', 'time', 400e6],
    ['0.4s', 'time', 400e6],
    ['7us', 'time', 7000],
    ['20M', 'instructions', 20e6],
  ] as const)('%s of %s is %d', (text, kind, expected) => {
    expect(parseLimit(text, kind, '<=')).toEqual({ value: expected });
  });

  it.each([
    ['NaN', 'bytes', "limit is 'NaN'"],
    ['Infinity', 'count', "limit is 'Infinity'"],
    ['-1', 'count', "limit is '-1'"],
    ['1e3', 'count', "limit is '1e3'"],
    ['16', 'bytes', "limit '16' has no unit"],
    ['16MB', 'bytes', "limit '16MB' is in 'MB'"],
    ['16ms', 'bytes', "limit '16ms' is in 'ms'"],
    ['3 pages', 'count', "limit '3 pages' is in 'pages'"],
    ['1.5', 'count', "limit '1.5' is 1.5"],
    ['0.3B', 'bytes', "limit '0.3B' is 0.3"],
    ['400KiB', 'time', "limit '400KiB' is in 'KiB'"],
    ['1 constructor', 'time', "limit '1 constructor' is in 'constructor'"],
    ['9007199254740993', 'count', "limit '9007199254740993' is 9007199254740992"],
  ] as const)('%s of %s: %s', (text, kind, problem) => {
    const parsed = parseLimit(text, kind, '<=');
    expect(parsed).toMatchObject({ problem });
    expect(parsed).toHaveProperty('expected');
  });

  it('whatever it reads is a finite number from 0', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('bytes', 'count', 'time', 'instructions'),
        (text, kind) => {
          const parsed = parseLimit(text, kind, '<=');
          return 'problem' in parsed || (Number.isFinite(parsed.value) && parsed.value >= 0);
        },
      ),
      { seed: 20120301 },
    );
  });
});

describe('a budget file that cannot be understood', () => {
  it.each([
    ['{', /^b\.json: is not JSON: /],
    ['[]', 'b.json: the file is [], expected an object'],
    [{}, 'b.json: budgets is missing, expected a list, not empty'],
    [{ budgets: [] }, 'b.json: budgets is [], expected a list, not empty'],
    [
      { budget: ['a < 1'] },
      /^b\.json: a field is "budget", expected one of image, .*; 'budgets' comes nearest$/,
    ],
    [{ budgets: [7] }, /^b\.json: budgets\[0\] is 7, expected METRIC OPERATOR LIMIT/],
    [
      { budgets: ['flash 16MiB'] },
      /^b\.json: budgets\[0\] is "flash 16MiB", expected METRIC .*, with one of <= < >= > == !=$/,
    ],
    [
      { budgets: ['flash <= 16MiB', 'ram.peek <= 6MiB'] },
      /^b\.json: budgets\[1\] "ram\.peek <= 6MiB": metric is 'ram\.peek', expected one of [0-9]+; 'ram\.peak' comes nearest$/,
    ],
    [
      { budgets: ['flash <= NaN'] },
      `b.json: budgets[0] "flash <= NaN": limit is 'NaN', expected a size with its unit, B, KiB, MiB or GiB, such as 6MiB`,
    ],
    [
      { budgets: ['fills <= 3ms'] },
      `b.json: budgets[0] "fills <= 3ms": limit '3ms' is in 'ms', expected a whole number without unit, such as 100`,
    ],
    [
      { budgets: ['time.ms == 3'] },
      /operator is '==', expected <=, <, >= or > for a sum of prices$/,
    ],
    [{ budgets: ['process.7.ms <= 3'] }, /metric is 'process\.7\.ms'/],
    [
      { machine: { cpus: 'x' }, budgets: ['fills < 1'] },
      /a field of machine is "cpus", .*'cpu' comes nearest$/,
    ],
    [
      { machine: { cpu: 7 }, budgets: ['fills < 1'] },
      'b.json: machine.cpu is 7, expected a string',
    ],
    [
      { phases: { a: {} }, budgets: ['fills < 1'] },
      'b.json: phases.a is {}, expected processes, epochs or both',
    ],
    [
      { phases: { a: { epochs: [3] } }, budgets: ['fills < 1'] },
      /phases\.a\.epochs is \[3\], expected the first and the last epoch/,
    ],
    [{ phases: { a: { epochs: [3, 1] } }, budgets: ['fills < 1'] }, /the first and the last epoch/],
    [
      { phases: { a: { processes: [-1] } }, budgets: ['fills < 1'] },
      'b.json: phases.a.processes[0] is -1, expected a whole number from 0',
    ],
    [
      { phases: { 'a b': { processes: [1] } }, budgets: ['fills < 1'] },
      /the name of a phase is "a b"/,
    ],
    [
      { phases: { a: { processes: [9] } }, budgets: ['fills < 1'] },
      /^b\.json: phases\.a has no line of boot\.csv/,
    ],
    [
      { phases: { ram: { processes: [101] } }, budgets: ['fills < 1'] },
      /phases\.ram has the name of metrics/,
    ],
  ] as const)('%j', (json, message) => {
    expect(() => run(json)).toThrow(message);
  });
});

const report = (result: GateResult, budgets = 'ci/b,1:%.json'): GateReport => ({
  ...{ budgets, image: 'i.axfs', trace: 'boot.csv', part: 'p30', cpu: 'arm926-200' },
  ...result,
});

describe('what the gate says', () => {
  it('as text: one line for each budget, and who has most of a broken one', () => {
    const result = run({ budgets: ['xip.pages <= 2', 'ram.peak <= 6MiB'] });
    const text = gateText(report(result), { color: false, all: false });
    expect(text).toContain('\nbroken  xip.pages         3  <=      2\n');
    expect(text).toContain('\n          bin/a 1 (33.3 %)\n');
    expect(text).toMatch(/\nok {6}ram\.peak .*<= {2}6 MiB\n/);
    expect(text).toContain('\n2 budgets: 1 broken\n');
    const colored = gateText(report(result), { color: true, all: true });
    expect(colored).toContain('\u001b[31mbroken  xip.pages         3  <=      2\u001b[0m\n');
  });

  it('shows exact numbers where rounding would hide the difference', () => {
    const text = gateText(
      report(
        run({ budgets: [`flash < ${String(image.size)}B`, `flash <= ${String(image.size - 1)}B`] }),
      ),
      {
        color: false,
        all: false,
      },
    );
    expect(text).toMatch(/broken +flash +[0-9,]+ B +<= +[0-9,]+ B/);
  });

  it('as JSON: exact numbers', () => {
    const json = JSON.parse(gateJson(report(run({ budgets: ['fills <= 2'] })))) as {
      holds: boolean;
      verdicts: readonly object[];
      metrics: readonly { name: string }[];
    };
    expect(json.holds).toBe(false);
    expect(json.verdicts).toMatchObject([{ metric: 'fills', measured: 3, limit: 2, holds: false }]);
    expect(json.metrics.map(({ name }) => name)).toContain('flash');
  });

  it('as annotations: at the line of the budget, with data and properties escaped', () => {
    const result = run('{\n  "budgets": [\n    "flash <= 1GiB",\n    "fills <= 2"\n  ]\n}\n');
    const text = gateAnnotations(report(result));
    expect(text).toBe(
      '::error title=Broken budget%3A fills <= 2,file=ci/b%2C1%3A%25.json,line=4::fills is 3, expected <= 2' +
        '%0Abin/a:4096 1 (33.3 %25)%0Abin/a:8192 1 (33.3 %25)\n',
    );
    expect(gateAnnotations(report(run({ budgets: ['fills <= 3'] })))).toBe(
      '::notice title=Budgets::1 budget: all hold\n',
    );
  });

  it('as annotations: nothing in a name ends a command', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const [verdict] = run({ budgets: ['fills <= 2'] }).verdicts;
        const text = gateAnnotations({
          ...report(
            {
              verdicts: [{ ...verdict!, culprits: [{ what: name, amount: 1 }] }],
              measurements: [],
            },
            name,
          ),
        });
        expect(text.match(/[\r\n]/g)).toEqual(['\n']);
        expect(text.split('::')[1]?.split(',')).toHaveLength(3);
      }),
      { seed: 20120302, numRuns: 20 },
    );
  });
});
