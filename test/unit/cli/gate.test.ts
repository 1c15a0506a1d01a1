import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseBudgets } from '../../../src/gate/budget-file.ts';
import type { FakeHost } from '../../support/fake-host.ts';
import { run, sampleImage, usualHost } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const TRACE = 'pid,epoch,path,offset,access,count\n7,0,/bin/sh,0,rx,40\n8,1,bin/prog,4096,r,3\n';

const hostWith = async (budget: object | string): Promise<FakeHost> =>
  (await usualHost())
    .directory('/ci')
    .file('/ci/boot.csv', TRACE)
    .file('/ci/image', await sampleImage())
    .file('/ci/b.json', typeof budget === 'string' ? budget : JSON.stringify(budget));

const HERE = { image: 'image', trace: 'boot.csv' };

const gate = async (budget: object | string, ...more: readonly string[]): Promise<Outcome> =>
  run(['gate', '/ci/b.json', ...more], await hostWith(budget));

describe('axfs gate', () => {
  it('0 when all hold, with paths from the folder of the file', async () => {
    const { code, out, err } = await gate({ ...HERE, budgets: ['fills <= 1', 'flash <= 1MiB'] });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^\/ci\/image under \/ci\/boot\.csv \(p30, arm926-200\)\n/);
    expect(out.endsWith('\n\n2 budgets: all hold\n')).toBe(true);
  });

  it('1 when one is broken, and says who has most', async () => {
    const { code, out, err } = await gate({ ...HERE, budgets: ['fills <= 0', 'flash <= 1MiB'] });
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/\nbroken {2}fills +1 {2}<= +0\n {10}bin\/sh:4096 1 \(100\.0 %\)\n/);
  });

  it('options stand for what the file says', async () => {
    const { out } = await gate(
      { image: 'nowhere', trace: 'nowhere', machine: { part: 'p30' }, budgets: ['fills <= 1'] },
      ...['--image', '/rootfs.axfs', '--trace', '/ci/boot.csv', '--part', 'qspi-133'],
    );
    expect(out).toContain('/rootfs.axfs under /ci/boot.csv (qspi-133, arm926-200)');
  });

  it('the machine of the file counts', async () => {
    const budget = { ...HERE, budgets: ['time.instructions <= 1M'] };
    const { code, out } = await gate({
      ...budget,
      machine: {
        part: 'qspi-133',
        cpu: 'x86-counted',
        ram: '32MiB',
        cache: '16K,4',
        faultRoute: 'return',
      },
    });
    expect(code).toBe(0);
    expect(out).toContain('(qspi-133, x86-counted)');
    const { code: full, err } = await gate({
      ...budget,
      machine: { ram: '4K', cpu: 'x86-counted' },
    });
    expect([full, err.includes('RAM')]).toEqual([8, true]);
  });

  it('--json: every metric; --all: as a table; --github: annotations', async () => {
    const budget = { ...HERE, budgets: ['xip.coldPages == 0'] };
    const { code, out } = await gate(budget, '--json', '--github');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      holds: false,
      budgets: '/ci/b.json',
      verdicts: [
        { metric: 'xip.coldPages', measured: 1, culprits: [{ what: 'bin/prog', amount: 1 }] },
      ],
    });
    expect((await gate(budget, '--all')).out).toMatch(/\nxip\.pages +2 {2}pages in place\n/);
    expect((await gate(budget, '--github')).out).toMatch(
      /\n::error title=Broken budget%3A xip\.coldPages == 0,file=\/ci\/b\.json,line=1::xip\.coldPages is 1, expected == 0%0Abin\/prog 1 \(100\.0 %25\)\n$/,
    );
  });

  it('the example is a budget file', () => {
    const path = resolve(import.meta.dirname, '../../../images/budgets/example.json');
    const { budgets, phases } = parseBudgets(readFileSync(path, 'utf8'), 'example.json');
    expect(budgets.map(({ line }) => line)).toEqual(
      budgets.map((_, i) => (budgets[0]?.line ?? 0) + i),
    );
    expect(phases).toHaveLength(1);
  });
});

describe('axfs gate ends with one line', () => {
  it.each([
    [{ budgets: ['fills <= 1'] }, 16, 'option --image is missing, and /ci/b.json names no image'],
    [
      { image: 'image', budgets: ['fills <= 1'] },
      16,
      'option --trace is missing, and /ci/b.json names no trace',
    ],
    [
      { ...HERE, machine: { part: 'p31' }, budgets: ['fills <= 1'] },
      8,
      /^\/ci\/b\.json: machine\.part is "p31": flash part is 'p31'/,
    ],
    [
      { ...HERE, machine: { cpu: 'z80' }, budgets: ['fills <= 1'] },
      8,
      /^\/ci\/b\.json: machine\.cpu is "z80": Expected one of /,
    ],
    [
      { ...HERE, machine: { ram: '5' }, budgets: ['fills <= 1'] },
      8,
      /^\/ci\/b\.json: machine\.ram is "5": Expected bytes/,
    ],
    [
      { ...HERE, budgets: ['fils <= 1'] },
      8,
      /^\/ci\/b\.json: budgets\[0\] "fils <= 1": metric is 'fils', .*'fills' comes nearest$/,
    ],
    [
      { image: 'gone', trace: 'boot.csv', budgets: ['fills <= 1'] },
      8,
      'cannot stat /ci/gone: ENOENT',
    ],
    ['{"budgets": ', 8, /^\/ci\/b\.json: is not JSON: /],
  ] as const)('%j', async (budget, code, message) => {
    const outcome = await gate(budget);
    expect([outcome.code, outcome.out]).toEqual([code, '']);
    const [line = '', ...rest] = outcome.err.split('\n');
    expect(rest).toEqual(['']);
    if (typeof message === 'string') expect(line).toBe(`axfs: ${message}`);
    else expect(line.replace(/^axfs: /, '')).toMatch(message);
  });
});
