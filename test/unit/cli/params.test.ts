import { describe, expect, it } from 'vitest';
import { MACHINE_NAMES } from '../../../src/compare/machines.ts';
import type { ShownMachine } from '../../../src/report/parameters.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { run } from './axfs-host.ts';

const params = (...words: string[]): ReturnType<typeof run> =>
  run(['params', ...words], new FakeHost({}));
const json = async (...words: string[]): Promise<readonly ShownMachine[]> => {
  const { code, out, err } = await params('--json', ...words);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as readonly ShownMachine[];
};

describe('axfs params', () => {
  it('prints every machine', async () => {
    expect((await json()).map(({ name }) => name)).toEqual(MACHINE_NAMES);
    const { out } = await params();
    for (const name of MACHINE_NAMES) expect(out).toMatch(new RegExp(`^${name}: `, 'm'));
  });

  it('prints every row of one, with its source', async () => {
    const [machine] = await json('--machine', 'rza1');
    const { out } = await params('--machine', 'rza1');
    for (const { name, source } of machine?.rows ?? []) {
      expect(out).toMatch(new RegExp(`^${name.replaceAll('.', '\\.')} +\\S+ +\\S+`, 'm'));
      expect(out).toContain(source);
    }
    expect(machine?.rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'cpu',
        'ram.size',
        'kernel.reclaim',
        'trap.rawPfn',
        'flash.line',
        'ram.line',
      ]),
    );
  });

  it('shows how far sources of inflate disagree', async () => {
    const { out } = await params('--machine', 'phone-2008');
    expect(out).toMatch(/\n +74\.0 +40\.3 +1\.84 +derived +AT91SAM9263/);
    expect((await params('--machine', 'x86-counted')).out).not.toContain('Expanding zlib');
  });

  it('takes other values, exact in JSON', async () => {
    const [machine] = await json(
      ...['--machine', 'phone-2008', '--set', 'cpu.clock=266.5', '--set', 'ram.size=16M'],
    );
    const value = (name: string): unknown => machine?.rows.find((row) => row.name === name)?.value;
    expect([value('cpu.clock'), value('ram.size')]).toEqual([266.5, 16 * 1024 * 1024]);
  });

  it.each([
    [['--machine', 'rza2'], /^axfs: machine is 'rza2', expected one of .*; 'rza1' is nearest\n$/],
    [
      ['--machine', 'rza1', '--set', 'cpu.clok=1'],
      /^axfs: no parameter is called 'cpu\.clok'; 'cpu\.clock' is nearest\n$/,
    ],
    [
      ['--machine', 'rza1', '--set', 'cpu.clock=-1'],
      /^axfs: cpu\.clock is '-1', expected a finite number of MHz above 0\n$/,
    ],
    [
      ['--machine', 'rza1', '--set', 'cpu.clock'],
      /^axfs: setting is 'cpu\.clock', expected name=value/,
    ],
    [['--set', 'cpu.clock=1'], /^axfs: --set needs --machine, one of phone-2008, /],
    [['--frob'], /^axfs: unknown option '--frob'/],
  ])('%j is a usage error of one line', async (words, message) => {
    const { code, out, err } = await params(...words);
    expect([code, out]).toEqual([16, '']);
    expect(err).toMatch(message);
  });

  it('has examples in its help', async () => {
    const { code, out } = await params('--help');
    expect(code).toBe(0);
    expect(out).toContain('$ axfs params --machine phone-2008 --set cpu.clock=400');
  });
});
