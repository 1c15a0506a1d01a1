import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { runMkfs } from '../../../src/cli/mkfs.ts';
import { parseProfile } from '../../../src/mkfs/profile.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { run } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const HEADER = 'pid,epoch,path,offset,access,count\n';
/** Two processes run 4 of 6 pages of a program, write to one of them, and read a text. */
const TRACE =
  HEADER +
  '1,0,/bin/prog,0,rx,20\n' +
  '1,0,/bin/prog,4096,x,9000\n' +
  '1,0,/bin/prog,8192,x,17\n' +
  '1,0,/bin/prog,20480,rw,3\n' +
  '1,1,/etc/text,0,r,9\n' +
  '2,0,/bin/prog,0,x,20\n' +
  '2,0,/bin/prog,20480,w,1\n';

const usual = (trace = TRACE): FakeHost =>
  new FakeHost({ '/boot.csv': trace, '/tree/etc/text': textBytes(5000) })
    .file('/tree/bin/prog', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, ...textBytes(6 * 4096 - 4)), {
      mode: 0o755,
    })
    .file('/tree/lib/never', textBytes(20000));

const tune = (options = '', host = usual()): Promise<Outcome> =>
  run(`tune tree --trace boot.csv ${options}`.trim().split(' '), host);

interface Json {
  readonly isMet: boolean;
  readonly objective: string;
  readonly design: {
    readonly codec: string;
    readonly cblockSize: number;
    readonly xipPages: number;
    readonly chip: number | null;
    readonly figures: Readonly<Record<'flash' | 'ram' | 'time', number>>;
    readonly pages: readonly { readonly path: string; readonly offset: number }[];
  };
  readonly budgets: readonly Readonly<Record<string, number | string>>[];
  readonly chips: readonly { readonly size: number; readonly best?: unknown }[];
  readonly curves: readonly {
    readonly metric: string;
    readonly points: readonly Readonly<Record<'x' | 'y', number>>[];
  }[];
}

const json = async (options = '', host = usual()): Promise<Json> => {
  const { code, out, err } = await tune(`--json ${options}`.trim(), host);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Json;
};

describe('axfs tune', () => {
  it('says what it chose, how the budgets stand, and how to build it', async () => {
    const { code, out, err } = await tune('--flash 64K --ram 64K --csv pages.csv');
    expect([code, err]).toEqual([0, '']);
    for (const text of [
      'tree under boot.csv (7 lines) on p30, arm926-200\n',
      'Chosen for least time: ',
      'Built and run: the figures below are measured.\n',
      'The smallest chip that holds the image: 8.00 MiB.\n',
      'Flash against RAM, by estimate\n',
      'Flash against time, by estimate\n',
      '  mkfs.axfs -i pages.csv --cblock-size ',
    ])
      expect(out).toContain(text);
    expect(out).toMatch(/^flash +[0-9.]+ KiB +64\.0 KiB +[0-9.]+ KiB +-?[0-9.]+ %$/m);
    expect(out).toMatch(/^time +[0-9.]+ us +- +- +-?[0-9.]+ %$/m);
  });

  it('gives exact numbers as JSON', async () => {
    const result = await json('--flash 64K --objective ram');
    const { design, budgets, curves } = result;
    expect(result).toMatchObject({ isMet: true, objective: 'ram', cpu: 'arm926-200', unit: 'ns' });
    expect(design).toMatchObject({ codec: 'zlib-fast', cblockSize: 4096, chip: 8 * 2 ** 20 });
    expect(budgets).toEqual([
      { metric: 'flash', limit: 65536, slack: 65536 - design.figures.flash },
    ]);
    expect(curves.map(({ metric }) => metric)).toEqual(['ram', 'time']);
    for (const { points } of curves)
      points.slice(1).forEach((point, i) => {
        expect(point.x).toBeGreaterThan(points[i]!.x);
        expect(point.y).toBeLessThan(points[i]!.y);
      });
  });

  it('writes a page list with which mkfs.axfs builds the image that was run', async () => {
    const host = usual();
    const { design } = await json('--objective ram --csv pages.csv', host);
    const list = parseProfile(host.contentOf('/pages.csv')!, 'pages.csv');
    expect(list.entries.map(({ path, offset }) => ({ path, offset }))).toEqual(
      design.pages.map(({ path, offset }) => ({ path: fromText(path), offset })),
    );
    expect(design.xipPages).toBeGreaterThan(0);
    const options = `-q -i pages.csv --cblock-size ${String(design.cblockSize)} --codec ${design.codec}`;
    expect(await runMkfs([...options.split(' '), 'tree', 'out.axfs'], host)).toBe(0);
    expect(host.contentOf('/out.axfs')?.length).toBe(design.figures.flash);
  });

  it('draws the curves', async () => {
    const host = usual();
    await json('--svg curve.svg', host);
    const svg = new TextDecoder().decode(host.contentOf('/curve.svg'));
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(svg.match(/<polyline /g)).toHaveLength(2);
    expect(svg).toContain('>chosen</text>');
  });

  it('keeps each budget, and says which one binds', async () => {
    const free = await json();
    const flash = free.design.figures.flash - 1;
    const { design, budgets } = await json(`--flash ${String(flash)} --cblock-size 4K`);
    expect(design.figures.flash).toBeLessThanOrEqual(flash);
    expect(design.figures.time).toBeGreaterThan(free.design.figures.time);
    expect(budgets[0]!['objectiveWithout']).toBeLessThan(design.figures.time);
    const boot = Math.ceil(free.design.figures.time / 1e6);
    const { design: small } = await json(`--boot-ms ${String(boot)} --objective flash`);
    expect(small.figures.time).toBeLessThanOrEqual(boot * 1e6);
    expect(small.figures.flash).toBeLessThanOrEqual(free.design.figures.flash);
  });

  it('takes the smallest of the chips that fits', async () => {
    const { design, chips } = await json('--chips 4K,64M,32M --objective ram');
    expect(chips.map(({ size, best }) => [size, best !== undefined])).toEqual([
      [4096, false],
      [32 * 2 ** 20, true],
    ]);
    expect(design.chip).toBe(32 * 2 ** 20);
  });

  it('chooses among the codecs that are named', async () => {
    const { design } = await json('--codec zlib,zlib-fast --cblock-size 16K --objective flash');
    expect(['zlib', 'zlib-fast']).toContain(design.codec);
    expect(design.cblockSize).toBe(16384);
  });

  it('has nothing in place on a part without window', async () => {
    const { design } = await json('--part slc-onfi --objective flash');
    expect([design.xipPages, design.pages]).toEqual([0, []]);
  });

  it('counts instructions where prices are instructions', async () => {
    const { out, code } = await tune('--cpu x86-counted');
    expect(code).toBe(0);
    expect(out).toMatch(/^time +[0-9.,]+( M)? instructions /m);
  });
});

describe('axfs tune when the budgets cannot be met', () => {
  it('shows the nearest design and what is missing, writes no page list, and ends with 8', async () => {
    const host = usual();
    const { code, out, err } = await tune('--flash 4K --ram 1M --csv pages.csv', host);
    expect(code).toBe(8);
    expect(err).toMatch(
      /^axfs: the budgets cannot be met: the nearest design exceeds flash by [0-9.]+ KiB\n$/,
    );
    expect(out).toContain('The budgets cannot be met. The nearest design: ');
    expect(out).toMatch(
      /^flash: [0-9.]+ KiB would do, [0-9.]+ KiB more \(the other budgets kept, by estimate\)\.$/m,
    );
    expect(host.paths.filter((path) => path.includes('pages'))).toEqual([]);
  });

  it('says so when several would have to be larger', async () => {
    const { code, out } = await tune('--flash 4K --ram 4K');
    expect(code).toBe(8);
    expect(out).toContain('No budget alone would have to be larger: several would.\n');
  });
});

describe('axfs tune refuses', () => {
  it.each([
    ['--flash 0', "option '--flash <size>' argument '0' is invalid. Expected bytes,"],
    ['--flash -1', "option '--flash <size>' argument '-1' is invalid."],
    ['--flash NaN', "option '--flash <size>' argument 'NaN' is invalid."],
    ['--ram 0K', "option '--ram <size>' argument '0K' is invalid."],
    ['--boot-ms 0', "option '--boot-ms <time>' argument '0' is invalid. Expected milliseconds,"],
    ['--boot-ms -5', "option '--boot-ms <time>' argument '-5' is invalid."],
    ['--boot-ms NaN', "option '--boot-ms <time>' argument 'NaN' is invalid."],
    ['--boot-ms Infinity', "option '--boot-ms <time>' argument 'Infinity' is invalid."],
    ['--chips 8M,', "option '--chips <sizes>' argument '8M,' is invalid."],
    ['--cblock-size 5000', 'Expected powers of two from 4K to 1M'],
    ['--codec brotli', 'Expected some of zlib, zlib-fast, zlib-small, lz4.'],
    ['--objective speed', 'Allowed choices are flash, ram, time.'],
    ['--part frob', "option '--part <name>' argument 'frob' is invalid."],
    ['--cpu x86-counted --boot-ms 9', 'option --boot-ms needs prices in time'],
    ['--csv a --svg a', 'options --csv and --svg both write to a: give each a file'],
  ])('%s', async (options, message) => {
    const { code, out, err } = await tune(options);
    expect([code, out]).toEqual([16, '']);
    expect(err).toContain(message);
  });

  it.each([
    [`${HEADER}1,0,/bin/none,0,x,1\n`, 'boot.csv:2: tree: /bin/none: no such file or directory'],
    [`${HEADER}1,0,/bin,0,x,1\n`, 'boot.csv:2: /bin: is a dir, expected a regular file'],
    [`${HEADER}1,0,/etc/text,8192,r,1\n`, 'boot.csv:2: /etc/text: page 2 is touched'],
  ])('a trace of another tree: %j', async (trace, message) => {
    const host = usual(trace);
    const { code, err } = await tune('--csv pages.csv', host);
    expect(code).toBe(8);
    expect(err).toContain(message);
    expect(host.paths.filter((path) => path.includes('pages'))).toEqual([]);
  });
});
