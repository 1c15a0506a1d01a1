import { describe, expect, it } from 'vitest';
import type { FakeHost } from '../../support/fake-host.ts';
import { run, usualHost } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const HEADER = 'pid,epoch,path,offset,access,count\n';
const TRACE = `${HEADER}7,0,/bin/sh,0,rx,40\n7,1,bin/prog,4096,r,3\n8,4,bin/prog,4096,w,1\n`;

const hostWith = async (trace = TRACE): Promise<FakeHost> =>
  (await usualHost()).file('/boot.csv', trace);

const why = async (path: string, ...more: readonly string[]): Promise<Outcome> =>
  run(['why', '/rootfs.axfs', path, '--trace', '/boot.csv', ...more], await hostWith());

interface PageJson {
  readonly page: number;
  readonly place: { readonly type: string; readonly storedBytes: number };
  readonly use: object;
  readonly now: { readonly type: string; readonly cost: { readonly total: number } };
  readonly other: { readonly type: string; readonly runCost: number };
  readonly costAdded: number;
  readonly sentence: string;
}

const json = async (path: string, ...more: readonly string[]): Promise<PageJson> => {
  const { code, out, err } = await why(path, '--json', ...more);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as PageJson;
};

describe('axfs why', () => {
  it('a page: where it is, what is done with it, both ways, and the decision', async () => {
    const { code, out, err } = await why('bin/prog:4097');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^\/rootfs\.axfs: bin\/prog, page 1 of 3\nunder \/boot\.csv \(p30, arm926-200\)\n/,
    );
    expect(out).toMatch(
      /\nstored {4}compressed, [0-9,]+ bytes at [0-9,]+ in flash, cblock [0-9]+, node [0-9]+\n/,
    );
    expect(out).toContain(
      '\ntouched   4 times in 2 lines (1 read, 0 fetch, 1 write) by processes 7 to 8 in epochs 1, 4\n',
    );
    expect(out).toMatch(
      /\nbreak-even: from [0-9,]+ missed lines on RAM is faster; the page misses [0-9]+\n/,
    );
    expect(out).toMatch(
      /\nStore it in place: the run costs .* less than with it compressed \(.* %\), for .* more flash and .* RAM at the peak\.\n$/,
    );
  });

  it('as JSON: exact numbers, and the same decision', async () => {
    const page = await json('bin/prog:4096');
    expect(page).toMatchObject({
      page: 1,
      place: { type: 'compressed' },
      use: { lines: 2, touches: 4, reads: 1, writes: 1, processes: [7, 8], epochs: [1, 4] },
      now: { type: 'compressed' },
      other: { type: 'xip', storedBytes: 4096 },
      choice: { moves: true, reason: 'cost' },
    });
    expect(page.sentence).toMatch(/^Store it in place: /);
    expect(page.costAdded).toBeLessThan(0);
  });

  it('follows a symlink, in the image and in the trace', async () => {
    const viaLink = await json('bin/sh:0');
    const direct = await json('bin/prog:0');
    expect(viaLink.use).toEqual(direct.use);
    expect(viaLink.now).toEqual(direct.now);
    expect(viaLink.use).toMatchObject({ lines: 1, fetches: 1 });
  });

  it('without an offset: every page of the file, the dearest first', async () => {
    const { out } = await why('bin/prog');
    expect(out).toMatch(/^\/rootfs\.axfs: bin\/prog, 3 pages, 2 touched\n/);
    const pages = [...out.matchAll(/^ +([0-9]+) {2}(in place|compressed)/gm)].map(
      ([, page]) => page,
    );
    expect(pages).toEqual(['1', '0']);
    expect(out).toMatch(
      /\nall pages: .*; for one of them ask for its offset, e\.g\. bin\/prog:4096\n$/,
    );
    const { pages: all } = JSON.parse((await why('bin/prog', '--json')).out) as {
      pages: readonly { readonly lines: number }[];
    };
    expect(all.map(({ lines }) => lines)).toEqual([1, 2, 0]);
  });

  it('a page never touched: what it takes decides', async () => {
    const { out } = await why('lib/noise:4096');
    expect(out).toContain('\ntouched   never\n');
    expect(out).toMatch(
      /\n(Leave|Store) it .*: the trace never touches it, and it takes .* less flash than .*\.\n$/,
    );
  });

  it('on another machine, in instructions', async () => {
    const { out } = await why('bin/prog:0', '--cpu', 'x86-counted', '--part', 'qspi-133');
    expect(out).toContain('(qspi-133, x86-counted)');
    expect(out).toContain(' instructions less than ');
    expect(out).not.toContain('break-even');
  });
});

describe('axfs why ends with one line', () => {
  it.each([
    [['bin'], 8, '/rootfs.axfs: bin: is a dir, expected a regular file'],
    [['slink'], 8, '/rootfs.axfs: slink: is a dir, expected a regular file'],
    [['dev/null'], 8, '/rootfs.axfs: dev/null: is a char, expected a regular file'],
    [['etc/empty'], 8, '/rootfs.axfs: etc/empty: is empty, expected a file with pages'],
    [['nowhere:0'], 8, '/rootfs.axfs: nowhere: no such file or directory'],
    [
      ['bin/prog:9000'],
      8,
      '/rootfs.axfs: bin/prog: offset 9000 lies behind the end, expected 0 to 8999',
    ],
    [
      ['bin/prog', '--part-file', 'x', '--part', 'p30'],
      16,
      'option --part-file stands for --part: leave one of them out',
    ],
    [
      ['bin/prog', '--second-part', 'slc-onfi'],
      16,
      /^option --second-part: \/rootfs\.axfs is not split/,
    ],
    [['bin/prog', '--part', 'p31'], 16, /^option '--part <name>' argument 'p31' is invalid\./],
  ] as const)('%j', async ([path, ...more], code, message) => {
    const outcome = await why(path, ...more);
    expect([outcome.code, outcome.out]).toEqual([code, '']);
    const [line = '', ...rest] = outcome.err.split('\n');
    expect(rest).toEqual(['']);
    if (typeof message === 'string') expect(line).toBe(`axfs: ${message}`);
    else expect(line.replace(/^axfs: /, '')).toMatch(message);
  });

  it.each([
    [`${HEADER}1,0,sbin/init,0,x,1\n`, /^axfs: \/boot\.csv:2: .*sbin\/init: .*another tree/],
    [`${HEADER}1,0,bin/prog,65536,x,1\n`, /^axfs: \/boot\.csv:2: bin\/prog: page 16 is touched/],
    ['pid\n', /^axfs: \/boot\.csv:1: first line is 'pid'/],
  ])('for the trace %j', async (trace, message) => {
    const outcome = await run(
      ['why', '/rootfs.axfs', 'bin/prog:0', '--trace', '/boot.csv'],
      await hostWith(trace),
    );
    expect([outcome.code, outcome.out]).toEqual([8, '']);
    expect(outcome.err).toMatch(message);
  });
});
