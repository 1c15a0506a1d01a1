import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../../src/mkfs/profile.ts';
import { run, usualHost } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const TRACE =
  'pid,epoch,path,offset,access,count\n' +
  '1,0,/bin/sh,0,rx,40\n1,1,bin/prog,4096,r,3\n2,0,bin/prog,4096,r,3\n2,1,bin/prog,0,x,3\n3,0,bin/prog,8192,w,1\n';
const profile = async (...words: readonly string[]): Promise<Outcome> =>
  run(
    ['workload', 'profile', '/rootfs.axfs', '--trace', '/boot.csv', ...words],
    (await usualHost()).file('/boot.csv', TRACE),
  );

describe('axfs workload profile', () => {
  it('prints the faults of mappings that nobody writes to, with whole paths', async () => {
    const { code, out, err } = await profile();
    expect([code, err]).toEqual([0, '']);
    const lines = out.trimEnd().split('\n').sort();
    // Process 3 writes: its mapping is not counted. /bin/sh is a link to bin/prog.
    expect(lines.filter((line) => line.startsWith('./bin/prog,'))).toEqual([
      ...['./bin/prog,0,2', './bin/prog,4096,2'],
    ]);
  });

  it('prints a list that the builder takes', async () => {
    const { out } = await profile();
    const { entries } = parseProfile(new TextEncoder().encode(out), 'pages.csv');
    expect(entries.length).toBe(out.trimEnd().split('\n').length);
  });

  it('prints what the driver does on demand', async () => {
    const { out } = await profile('--as-driver');
    expect(out).toContain('bin/prog,4096,2\n');
    expect(out).not.toContain('./bin/prog');
  });

  it('refuses a trace of another tree', async () => {
    const host = (await usualHost()).file(
      '/boot.csv',
      'pid,epoch,path,offset,access,count\n1,0,/no/such,0,r,1\n',
    );
    const outcome = await run(
      ['workload', 'profile', '/rootfs.axfs', '--trace', '/boot.csv'],
      host,
    );
    expect([outcome.code, outcome.out]).toEqual([8, '']);
    expect(outcome.err).toMatch(/^axfs: \/boot\.csv:2: .*no such/);
  });
});
