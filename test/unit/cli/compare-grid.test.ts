import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { COMPARISON_COLUMNS } from '../../../src/cost/comparison.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { run } from './axfs-host.ts';
import type { Outcome } from './axfs-host.ts';

const HEADER = 'pid,epoch,path,offset,access,count\n';
/** Breaks out of text, attributes, scripts and tables, where any of them lets it. */
const HOSTILE = '"><script>a|b</script>\u202e,\u00e9';
const TRACE =
  `${HEADER}1,0,/bin/prog,0,rx,200\n1,0,/bin/prog,8192,x,17\n` +
  `1,1,/etc/${HOSTILE},0,r,9\n2,0,/bin/prog,0,x,200\n2,0,/bin/prog,20480,w,1\n`;

const usual = (): FakeHost =>
  new FakeHost({ '/boot.csv': TRACE, '/hot.csv': 'bin/prog,8192,1\nbin/none,0,1\n' })
    .file('/tree/bin/prog', textBytes(6 * 4096), { mode: 0o755 })
    .file(`/tree/etc/${HOSTILE}`, textBytes(5000));

const compare = (options: string, host = usual()): Promise<Outcome> =>
  run(`compare tree --trace boot.csv ${options}`.trim().split(' '), host);
const out = async (options: string, host = usual()): Promise<string> => {
  const { code, out: text, err } = await compare(options, host);
  expect([code, err]).toEqual([0, '']);
  return text;
};

const GRID = '--policies none,profile --cblock-size 4K,16K --codec zlib,lz4';

interface Row {
  readonly design: string;
  readonly cost: number;
  readonly flashBytes: number;
  readonly [key: string]: unknown;
}
const rows = async (options: string): Promise<readonly Row[]> =>
  (JSON.parse(await out(`--json ${options}`)) as { designs: readonly Row[] }).designs;

describe('axfs compare on a grid', () => {
  it('has each combination, with its values', async () => {
    const designs = await rows(GRID);
    expect(designs.map(({ design }) => design)).toEqual(
      ['none', 'profile'].flatMap((policy) =>
        ['4K', '16K'].flatMap((size) =>
          ['zlib', 'lz4'].map((codec) => `${policy}/${size}/${codec}`),
        ),
      ),
    );
    expect(designs[3]).toMatchObject({
      ...{ policy: 'none', cblockSize: 16384, codec: 'lz4', split: false },
    });
  });

  it('warns once of lines of a list that select nothing', async () => {
    const { code, out: text, err } = await compare('--policies hot.csv --codec zlib,lz4');
    expect([code, err]).toEqual([
      0,
      'axfs: warning: hot.csv: 1 of 2 lines selects no page of a regular file in the tree, first line 2: bin/none,0\n',
    ]);
    expect(text).toMatch(/^hot\.csv\/zlib /m);
  });

  it('sorts by a column, and marks the smallest', async () => {
    const designs = await rows(`${GRID} --sort cost`);
    const costs = designs.map(({ cost }) => cost);
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    const text = await out(`${GRID} --sort flashBytes`);
    const sizes = await rows(`${GRID} --sort flashBytes`);
    const [first] = /^Flash and RAM\n.*\n.*\n(.*)$/m.exec(text)?.slice(1) ?? [];
    expect(first).toMatch(new RegExp(`^${sizes[0]!.design} +[0-9.]+ KiB\\*`));
    expect(text).toContain('\nsorted    by flashBytes\n* marks the smallest of a column\n');
  });

  it('holds designs against the baseline that it is given', async () => {
    const parsed = JSON.parse(await out(`--json ${GRID} --baseline profile/4K/lz4`)) as {
      readonly baseline: string;
      readonly designs: readonly (Row & {
        readonly changes: Record<string, { difference: number; share: number }>;
      })[];
    };
    const { baseline, designs } = parsed;
    const base = designs.find(({ design }) => design === baseline)!;
    for (const { flashBytes, changes } of designs) {
      expect(changes['flashBytes']!.difference).toBe(flashBytes - base.flashBytes);
      expect(changes['flashBytes']!.share).toBeCloseTo(flashBytes / base.flashBytes - 1, 12);
    }
    expect(await out(`${GRID} --baseline profile/4K/lz4`)).toContain(
      "\nAgainst 'profile/4K/lz4'\n",
    );
  });

  it('writes CSV: a line a part and design, exact numbers', async () => {
    const designs = await rows(GRID);
    const [head = '', ...lines] = (await out(`${GRID} --flash p30,slc-onfi --format csv`))
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(2 * designs.length);
    const columns = head.split(',');
    for (const { key } of COMPARISON_COLUMNS) expect(columns).toContain(key);
    lines.slice(0, designs.length).forEach((line, i) => {
      const cells = line.split(',');
      expect(cells[columns.indexOf('cost')]).toBe(String(designs[i]!.cost));
      expect(cells.slice(0, 4)).toEqual(['p30', 'arm926-200', 'ns', designs[i]!.design]);
    });
  });

  it('writes Markdown: every row of a table has as many cells as its head', async () => {
    const text = await out(`${GRID} --format markdown`);
    const tables = text.split(/\n\n/).filter((block) => block.startsWith('|'));
    expect(tables).toHaveLength(4);
    for (const table of tables) {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => line.split('|').length);
      expect(new Set(widths).size).toBe(1);
    }
    expect(text).toMatch(/\*\*[0-9.]+ [A-Za-z]+\*\*/);
  });

  it('writes to a file instead', async () => {
    const host = usual();
    expect(await out('--format csv --output report.csv', host)).toBe('');
    expect(new TextDecoder().decode(host.contentOf('/report.csv'))).toBe(await out('--format csv'));
  });

  it('is what it always was without a word about grids', async () => {
    expect(await out('--format json')).toBe(await out('--json'));
    const usualText = await out('--format text');
    expect(usualText).toBe(await out(''));
    expect(usualText).not.toContain('*');
  });

  it.each([
    [
      '--policies nine',
      "argument 'nine' is invalid. 'nine' is none of none, profile, files, elf, all, and no page list's file: those have a dot or a slash in their name.",
    ],
    ['--policies all,all', "argument 'all,all' is invalid. 'all' is there twice."],
    ['--cblock-size 4K,5K', "argument '4K,5K' is invalid. '5K' is no power of two from 4K to 1M."],
    [
      '--codec gzip',
      "argument 'gzip' is invalid. 'gzip' is none of zlib, zlib-fast, zlib-small, lz4.",
    ],
    ['--sort speed', "argument 'speed' is invalid. Allowed choices are design, flashBytes,"],
    ['--jobs 0', "argument '0' is invalid. Expected a whole number from 1 to 64."],
    ['--second slc-onfi', 'option --second needs --split: only such designs have something for it'],
    ['--compat --codec lz4', 'option --compat leaves nothing to choose: leave out --codec'],
    ['--json --format csv', 'option --json is --format json: leave out --format csv'],
    ['--map none', 'option --map needs --format html'],
    [
      '--baseline small',
      "option --baseline: 'small' is no design, expected one of none, profile, files, elf, all",
    ],
  ])('refuses %s', async (options, message) => {
    const { code, out: text, err } = await compare(options);
    expect([code, text]).toEqual([16, '']);
    expect(err).toContain(message);
  });
});

describe('the page of a comparison', () => {
  /** Content of the only element of a name. */
  const contentOf = (page: string, name: RegExp): string => {
    const found = [...page.matchAll(name)];
    expect(found).toHaveLength(1);
    return found[0]![1]!;
  };

  it('runs its own script and style alone, and loads nothing', async () => {
    const page = await out('--format html');
    const script = contentOf(page, /<script>([^]*?)<\/script>/g);
    const style = contentOf(page, /<style>([^]*?)<\/style>/g);
    const hash = (text: string): string =>
      `sha256-${createHash('sha256').update(text).digest('base64')}`;
    const policy = contentOf(page, /Content-Security-Policy" content="([^"]*)"/g);
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; script-src '${hash(script)}'; style-src '${hash(style)}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page).not.toMatch(/https?:|\bsrc=|\bstyle=|\bon[a-z]+=|@import|url\(/);
    expect(() => new Script(script)).not.toThrow();
  });

  it('shows hostile names as text', async () => {
    const page = await out('--format html');
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page).toContain('etc/&quot;&gt;&lt;script&gt;a|b&lt;/script&gt;');
    expect(page).not.toContain('\u202e');
    const data = JSON.parse(
      contentOf(page, /<script type="application\/json" id="data">([^<]*)<\/script>/g),
    ) as { readonly map: { readonly files: readonly string[] } };
    expect(data.map.files.some((name) => name.startsWith('etc/"><script>a|b</script>'))).toBe(true);
  });

  it('adds up: the costs of pages are the cost of the design', async () => {
    const [page, designs] = [await out('--format html --map profile'), await rows('')];
    const { map } = JSON.parse(contentOf(page, /id="data">([^<]*)<\/script>/g)) as {
      readonly map: { readonly cost: readonly number[]; readonly file: readonly number[] };
    };
    expect(map.file).toHaveLength(8);
    const cost = designs.find(({ design }) => design === 'profile')!.cost;
    expect(map.cost.reduce((sum, one) => sum + one)).toBeCloseTo(cost, 1);
  });

  it('has a point in each chart for each design, and a row in each table', async () => {
    const page = await out(`${GRID} --format html`);
    expect(page.match(/class="mark"/g)).toHaveLength(2 * 8);
    expect(page.match(/<th class="name" scope="row">profile\/16K\/lz4</g)).toHaveLength(2);
  });
});

describe('axfs report', () => {
  it('writes a page of one image', async () => {
    const host = usual();
    const made = await run(['report', 'image', '--trace', 'boot.csv'], host);
    expect(made).toMatchObject({ code: 8, err: 'axfs: cannot stat image: ENOENT\n' });
  });

  it('needs a trace', async () => {
    expect(await run(['report', 'rootfs.axfs'])).toMatchObject({
      code: 16,
      err: "axfs: required option '--trace <file>' not specified\n",
    });
  });

  it('shows where each page is, and what it cost', async () => {
    const host = (await run(['info', 'rootfs.axfs'])).host;
    host.file('/t.csv', `${HEADER}1,0,/bin/prog,0,x,20\n1,0,/bin/prog,4096,r,2\n`);
    const made = await run(
      ['report', 'rootfs.axfs', '--trace', 't.csv', '--part', 'qspi-133', '-o', 'r.html'],
      host,
    );
    expect([made.code, made.err]).toEqual([0, '']);
    const page = new TextDecoder().decode(host.contentOf('/r.html'));
    expect(page).toContain('<title>rootfs.axfs under t.csv</title>');
    expect(page).toContain('The image on qspi-133');
    expect(page).not.toContain('class="mark"');
    const { map } = JSON.parse(/id="data">([^<]*)</.exec(page)![1]!) as {
      readonly map: Readonly<Record<string, readonly unknown[]>>;
    };
    // Pages 0 and 2 of bin/prog are in place; the others come behind.
    expect(map['placement']!.slice(0, 3)).toEqual([0, 0, 2]);
    expect(map['offset']!.slice(0, 2)).toEqual([4096, 8192]);
    const json = await run(['report', 'rootfs.axfs', '--trace', 't.csv', '--json']);
    expect(json).toMatchObject({ code: 8, err: 'axfs: cannot read t.csv: ENOENT\n' });
  });
});
