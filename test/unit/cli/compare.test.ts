import { describe, expect, it } from 'vitest';
import type { ByteString } from '../../../src/base/bytestring.ts';
import { COMPARISON_COLUMNS } from '../../../src/cost/comparison.ts';
import type { Ledger } from '../../../src/cost/ledger.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { golden, run } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const HEADER = 'pid,epoch,path,offset,access,count\n';
/** Two processes run 3 of 6 pages of a program, write to one of them, and read a text. */
const TRACE =
  `# a comment\n${HEADER}` +
  '1,0,/bin/prog,0,rx,200\n' +
  '1,0,/bin/prog,8192,x,17\n' +
  '1,0,/bin/prog,20480,rw,3\n' +
  '1,1,/etc/text,0,r,9\n' +
  '2,0,/bin/prog,0,x,200\n' +
  '2,0,/bin/prog,8192,x,1\n' +
  '2,0,/bin/prog,20480,w,1\n';

const usual = (trace = TRACE): FakeHost =>
  new FakeHost({ '/boot.csv': trace, '/tree/etc/text': textBytes(5000) })
    .file('/tree/bin/prog', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(6 * 4096 - 4)), {
      mode: 0o755,
    })
    .file('/tree/lib/never', textBytes(20000));

const compare = (options = '', host = usual()): Promise<Outcome> =>
  run(`compare tree --trace boot.csv ${options}`.trim().split(' '), host);

interface Json {
  readonly parameters: readonly Readonly<Record<string, unknown>>[];
  readonly designs: readonly Readonly<Record<string, number | string>>[];
  readonly [key: string]: unknown;
}
const json = async (options = '', host = usual()): Promise<Json> => {
  const { code, out, err } = await compare(`--json ${options}`.trim(), host);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Json;
};
/** One number of every design, by design. */
const column = ({ designs }: Json, key: string): unknown =>
  Object.fromEntries(designs.map((row) => [row['design'], row[key]]));

describe('axfs compare', () => {
  it('prints tables for people', async () => {
    const { code, out, err } = await compare();
    expect([code, err]).toEqual([0, '']);
    await expect(out).toMatchFileSnapshot(golden('compare.txt'));
  });

  it('prints every price with its source on demand, after the same tables', async () => {
    const [plain, withPrices] = [await compare(), await compare('--params')];
    expect(withPrices.out.startsWith(plain.out)).toBe(true);
    expect(withPrices.out).toContain('\nPrices\nparameter ');
    for (const name of ['trap.rawPfn', 'cpu.clock', 'flash.line'])
      expect(withPrices.out).toMatch(new RegExp(`^${name.replace('.', '\\.')} +[0-9]`, 'm'));
  });

  it('prints every column and every price as JSON', async () => {
    const result = await json();
    expect(result).toMatchObject({
      tree: 'tree',
      trace: { name: 'boot.csv', lines: 7 },
      profile: { from: 'trace', name: 'boot.csv' },
      compat: false,
      faultRoute: 'insert',
      flash: { name: 'p30' },
      cpu: { name: 'arm926-200', unit: 'ns' },
    });
    expect(result.designs.map((row) => row['design'])).toEqual([
      ...['none', 'profile', 'files', 'elf', 'all'],
    ]);
    for (const row of result.designs) {
      expect(Object.keys(row)).toEqual([
        'design',
        ...COMPARISON_COLUMNS.map(({ key }) => key),
        'mountLedger',
        'ledger',
      ]);
      for (const { key } of COMPARISON_COLUMNS) expect(row[key]).toBeTypeOf('number');
    }
    expect(result.parameters.length).toBeGreaterThan(15);
    for (const row of result.parameters)
      expect(row).toEqual({
        name: expect.stringMatching(/^(trap|inflate|copy|cpu|ram|touch|flash)\.\w+$/) as string,
        value: expect.any(Number) as number,
        unit: expect.stringMatching(/./) as string,
        status: expect.stringMatching(/^(measured|derived|assumed)$/) as string,
        source: expect.stringMatching(/.{10}/) as string,
      });
  });

  it('counts what the trace says, design by design', async () => {
    const result = await json();
    // 6 + 2 + 5 pages in files.
    expect(column(result, 'xipPages')).toEqual({ none: 0, profile: 3, files: 8, elf: 6, all: 13 });
    // Seven pages are touched first; the third page of prog is written after reading or at once.
    expect(column(result, 'faultsXip')).toEqual({ none: 0, profile: 5, files: 7, elf: 6, all: 7 });
    expect(column(result, 'faultsFill')).toEqual({ none: 4, profile: 1, files: 0, elf: 1, all: 0 });
    expect(column(result, 'faultsHit')).toEqual({ none: 3, profile: 1, files: 0, elf: 0, all: 0 });
    for (const row of result.designs)
      expect([row['faultsWriteProtect'], row['faults']]).toEqual([2, 9]);
    expect(column(result, 'ramPageCache')).toEqual({
      ...{ none: 4 * 4096, profile: 4096, files: 0, elf: 4096, all: 0 },
    });
  });

  it('takes one fault less where the written page is returned and copied at once', async () => {
    const returned = await json('--fault-route return');
    expect(returned['faultRoute']).toBe('return');
    // The second process writes the cached page first.
    expect(column(returned, 'faults')).toEqual({ none: 8, profile: 8, files: 9, elf: 9, all: 9 });
  });

  it('follows a page list instead of the trace', async () => {
    const host = usual().file('/pages.csv', './lib/never,0,1\nbin/prog,20480,1\n');
    const result = await json('--profile pages.csv', host);
    expect(result['profile']).toEqual({ from: 'file', name: 'pages.csv' });
    expect(column(result, 'xipPages')).toEqual({ none: 0, profile: 2, files: 11, elf: 6, all: 13 });
  });

  it('takes paths with and without a slash in front for the same', async () => {
    const bare = await compare('', usual(TRACE.replaceAll(',/', ',')));
    expect(bare.out).toBe((await compare()).out);
  });

  it('warns of lines of the page list that select nothing, and of what the builder warns of', async () => {
    const host = usual().file('/pages.csv', 'bin/prog,0,1\nbin/none,0,1\nbin/prog,40960,1\n');
    const { code, out, err } = await compare('--json --profile pages.csv', host);
    expect(code).toBe(0);
    expect(err).toBe(
      'axfs: warning: pages.csv: 2 of 3 lines select no page of a regular file in the tree, first line 2: bin/none,0\n',
    );
    expect(column(JSON.parse(out) as Json, 'xipPages')).toMatchObject({ profile: 1 });
  });

  it('counts nothing of what mounting reads', async () => {
    // Every file is opened and one page touched: in XIP, that is two table entries, and no burst.
    const result = await json('', usual(`${HEADER}1,0,/bin/prog,0,x,1\n`));
    const all = result.designs.find((row) => row['design'] === 'all')!;
    const { mtdReads, mappedReads } = all['ledger'] as unknown as Ledger;
    expect(mtdReads).toEqual({ operations: 0, bytes: 0 });
    expect(mappedReads.operations).toBe(2);
  });

  it('rounds costs to a thousandth', async () => {
    for (const row of (await json()).designs)
      for (const { key } of COMPARISON_COLUMNS.filter(({ kind }) => kind === 'cost'))
        expect(row[key]).toBe(Number(Number(row[key]).toFixed(3)));
  });

  it('runs with the RAM it is given', async () => {
    const usualRam = (await compare()).out;
    for (const size of ['256M', '1G', '262144k', '128K'])
      expect((await compare(`--ram ${size}`)).out).toBe(usualRam);
    const { code, out, err } = await compare('--ram 36864');
    expect([code, out]).toEqual([8, '']);
    expect(err).toMatch(
      /^axfs: boot\.csv:\d+: pid 1, \/[a-z]+\/[a-z]+ page \d+: RAM of 9 pages is full, and nothing is reclaimed\n$/,
    );
    expect(await compare('--ram 4096')).toMatchObject({
      code: 8,
      err: expect.stringMatching(
        /^axfs: tree \(none\): mounting needs \d+ more pages of RAM than are free\n$/,
      ) as string,
    });
  });

  it('builds the original’s images on demand', async () => {
    const result = await json('--compat');
    // Without tails in XIP, but in design `all`, which the original does not have.
    expect(column(result, 'xipPages')).toEqual({ none: 0, profile: 3, files: 7, elf: 6, all: 13 });
    expect((await compare('--compat')).out).toContain(
      'route     insert (faults priced as measured on route return)\nimages    as the original builder makes them\n',
    );
  });

  it('prices in instructions with the counted CPU', async () => {
    const result = await json('--cpu x86-counted');
    expect(result['cpu']).toEqual({
      name: 'x86-counted',
      title: expect.any(String) as string,
      unit: 'instructions',
    });
    expect((await compare('--cpu x86-counted')).out).toContain('\nCost in instructions\n');
  });

  it('gives the same text whatever the order of the directory’s names and the speed of the clock', async () => {
    const other = usual();
    const files = { ...other.files };
    Object.assign(other.files, {
      readdir: (path: ByteString) => [...files.readdir(path)].reverse(),
    });
    other.tick = 777;
    expect((await compare('', other)).out).toBe((await compare()).out);
  });

  it('closes its compressor, at the end and after a failure', async () => {
    const good = await compare();
    const bad = await compare('', usual(`${HEADER}1,0,/nowhere,0,r,1\n`));
    expect([good.code, bad.code]).toEqual([0, 8]);
    for (const { host } of [good, bad]) expect(host.compressors).toEqual({ jobs: [2], closed: 1 });
  });
});

describe('axfs compare refuses', () => {
  const choices = 'Allowed choices are';
  it.each([
    [
      '--cpu z80',
      `option '--cpu <name>' argument 'z80' is invalid. ${choices} x86-counted, arm926-200, cortex-a9-1000.`,
    ],
    [
      '--flash nand',
      `option '--flash <parts>' argument 'nand' is invalid. flash part is 'nand', expected one of 39 known parts, e.g. 'nandsim'`,
    ],
    [
      '--cache 1000,4',
      `option '--cache <shape>' argument '1000,4' is invalid. CPU cache: size is 1000 bytes, expected a multiple of 128, 4 ways of 32-byte lines`,
    ],
    [
      '--fault-route walk',
      `option '--fault-route <route>' argument 'walk' is invalid. ${choices} insert, return.`,
    ],
    ...['', '0', '4095', '4097', '1.5M', '-4096', '4_K', '65G', '1T', '0x1000'].map(
      (size): [string, string] => [
        `--ram=${size}`,
        `option '--ram <size>' argument '${size}' is invalid. Expected bytes with K, M or G, whole pages of 4096 bytes, at most 64G.`,
      ],
    ),
    ['--trace', "option '--trace <file>' argument missing"],
    ['more', "too many arguments for 'compare'. Expected 1 argument but got 2."],
  ])('%s: a usage error', async (options, message) => {
    expect(await compare(options)).toMatchObject({ code: 16, out: '', err: `axfs: ${message}\n` });
  });

  it('a command line without trace', async () => {
    expect(await run(['compare', 'tree'], usual())).toMatchObject({
      code: 16,
      err: "axfs: required option '--trace <file>' not specified\n",
    });
  });

  it.each([
    ['', `boot.csv:1: no header line, expected '${HEADER.trim()}'`],
    [
      '1,0,/bin/prog,0,r,1\n',
      `boot.csv:1: first line is '1,0,/bin/prog,0,r,1', expected '${HEADER.trim()}'`,
    ],
    [`#\n${HEADER}1,0,/bin/prog,0,r\n`, `boot.csv:3: 5 columns, expected 6: ${HEADER.trim()}`],
    [`${HEADER}1,0,/bin/prog,12,r,1\n`, 'boot.csv:2: offset is 12, expected a multiple of 4096'],
    [
      `${HEADER}1,0,/bin/prog,-4096,r,1\n`,
      "boot.csv:2: offset is '-4096', expected a whole number",
    ],
    [
      `${HEADER}\n\n1,0,/bin/prog,0,rq,1\n`,
      "boot.csv:4: access is 'rq', expected one or more of the letters r, x, w, each once",
    ],
    [`${HEADER}1,0,,0,r,1\n`, 'boot.csv:2: path is empty, expected a file of the tree'],
    [HEADER, 'boot.csv:2: no line after the header: nothing is touched'],
    [`${HEADER}1,0,/bin/nope,0,r,1\n`, 'boot.csv: tree: /bin/nope: no such file or directory'],
    [
      `${HEADER}1,0,/bin/prog,24576,r,1\n`,
      'boot.csv:2: /bin/prog: page 6 is touched, but the file has 6: was the trace made with another tree?',
    ],
    [
      `${HEADER}1,0,/bin,0,r,1\n`,
      'boot.csv:2: tree (none): /bin: is a dir, expected a regular file',
    ],
  ])('the trace %j', async (trace, message) => {
    expect(await compare('', usual(trace))).toMatchObject({
      code: 8,
      out: '',
      err: `axfs: ${message}\n`,
    });
  });

  it.each([
    ['--profile pages.csv', 8, 'cannot read pages.csv: ENOENT'],
    ['--profile bad.csv', 8, "bad.csv:2: offset is '4k', expected a decimal number below 2^53"],
    ['--profile short.csv', 8, 'short.csv:1: the line has 2 fields, expected path,offset,count'],
  ])('%s', async (options, code, message) => {
    const host = usual()
      .file('/bad.csv', 'bin/prog,0,1\nbin/prog,4k,1\n')
      .file('/short.csv', 'bin/prog,0\n');
    expect(await compare(options, host)).toMatchObject({
      code,
      out: '',
      err: `axfs: ${message}\n`,
    });
  });

  it('a tree that is none, a trace that is none', async () => {
    const argv = (tree: string, trace: string): string[] => ['compare', tree, '--trace', trace];
    expect(await run(argv('nowhere', 'boot.csv'), usual())).toMatchObject({
      code: 8,
      err: 'axfs: cannot stat nowhere: ENOENT\n',
    });
    expect(await run(argv('boot.csv', 'boot.csv'), usual())).toMatchObject({
      code: 8,
      err: 'axfs: boot.csv is not a directory\n',
    });
    expect(await run(argv('tree', 'nowhere'), usual())).toMatchObject({
      code: 8,
      err: 'axfs: cannot read nowhere: ENOENT\n',
    });
  });
});

describe('the progress bar of axfs compare', () => {
  const runWith = (tick: number, tty: boolean): Promise<Outcome> => {
    const host = usual();
    host.errIsTty = tty;
    host.tick = tick;
    return compare('', host);
  };

  it('appears on a terminal after a second, is removed, and is never part of the output', async () => {
    const { out, err } = await runWith(700, true);
    expect(err).toMatch(/building \[#+\.*\] +\d+ %/);
    expect(err.endsWith('\r\x1b[K')).toBe(true);
    expect(out).toBe((await compare()).out);
    expect(out).not.toContain('\x1b');
  });

  it.each([
    ['within the first second', 1, true],
    ['where no terminal is', 5000, false],
  ])('does not appear %s', async (_when, tick, tty) => {
    expect((await runWith(tick, tty)).err).toBe('');
  });

  it('is removed before an error is printed', async () => {
    const host = usual(`${HEADER}1,0,/bin/prog,24576,r,1\n`);
    host.errIsTty = true;
    host.tick = 1500;
    const { err } = await compare('', host);
    const lines = err.split('\r\u001b[K');
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.at(-1)).toMatch(/^axfs: boot\.csv:2: \/bin\/prog: page 6 [^\n]*\n$/);
  });
});
