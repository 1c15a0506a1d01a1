import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { run } from './axfs-host.ts';

const TRACE =
  'pid,epoch,path,offset,access,count\n1,0,/prog,0,rx,200\n1,0,/prog,4096,x,17\n1,1,/prog,8192,r,3\n';
const host = (): FakeHost =>
  new FakeHost({ '/boot.csv': TRACE, '/tree/prog': textBytes(3 * 4096) });

interface Json {
  readonly flash: { readonly name: string };
  readonly cpu: { readonly name: string };
  readonly faultRoute: string;
  readonly parameters: readonly { readonly name: string; readonly value: number }[];
  readonly designs: readonly { readonly design: string; readonly cost: number }[];
}
const compare = async (options: string): Promise<Json> => {
  const words = `compare tree --trace boot.csv --json ${options}`.trim().split(' ');
  const { code, out, err } = await run(words, host());
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Json;
};
const value = ({ parameters }: Json, name: string): number | undefined =>
  parameters.find((row) => row.name === name)?.value;
const cost = ({ designs }: Json, name: string): number =>
  designs.find(({ design }) => design === name)?.cost ?? NaN;

describe('axfs compare --machine', () => {
  it('takes CPU, part and fault route from the machine', async () => {
    const rza1 = await compare('--machine rza1');
    expect(rza1.flash.name).toBe('dual-qspi-66');
    expect(rza1.faultRoute).toBe('return');
    expect(value(rza1, 'cpu.clock')).toBe(400);
  });

  it('leaves to the command line what it says', async () => {
    const said = await compare('--machine rza1 --flash p30 --cpu arm926-200 --fault-route insert');
    expect([said.flash.name, said.cpu.name, said.faultRoute]).toEqual([
      ...['p30', 'arm926-200', 'insert'],
    ]);
  });

  it('a number set to what it is changes nothing but its source', async () => {
    const [usual, set] = [await compare(''), await compare('--set cpu.clock=200')];
    expect(set.designs).toEqual(usual.designs);
    expect(set.parameters).not.toEqual(usual.parameters);
  });
});

describe('axfs compare --set', () => {
  it('changes a number, and what rests on it', async () => {
    const [slow, fast] = [await compare(''), await compare('--set cpu.clock=400')];
    expect([value(slow, 'cpu.clock'), value(fast, 'cpu.clock')]).toEqual([200, 400]);
    expect(cost(fast, 'none')).toBeLessThan(0.6 * cost(slow, 'none'));
  });

  it('holds on every part', async () => {
    const words = 'compare tree --trace boot.csv --json --flash p30,m18 --set trap.rawPfn=5000';
    const { out } = await run(words.split(' '), host());
    const both = JSON.parse(out) as readonly Json[];
    expect(both.map((one) => value(one, 'trap.rawPfn'))).toEqual([5000, 5000]);
  });

  it.each([
    ['--set cpu.clok=1', /cpu\.clok.*cpu\.clock/],
    ['--set cpu.clock=NaN', /cpu\.clock/],
    ['--set cpu.clock', /name=value|cpu\.clock/],
    ['--set flash.line=3', /flash\.line/],
    ['--machine rza2', /rza2.*rza1/],
  ])('%s is a usage error', async (options, message) => {
    const words = `compare tree --trace boot.csv ${options}`.split(' ');
    const { code, out, err } = await run(words, host());
    expect([code, out]).toEqual([16, '']);
    expect(err).toMatch(message);
    expect(err.split('\n')).toHaveLength(2);
  });
});
