import { describe, expect, test } from 'vitest';
import type { BusWork, SimEvent } from '../../../src/base/events.ts';
import { breakEven } from '../../../src/cost/break-even.ts';
import { COMPARISON_COLUMNS } from '../../../src/cost/comparison.ts';
import type { Comparison, DesignResult, RamAtPeak } from '../../../src/cost/comparison.ts';
import { LedgerSink } from '../../../src/cost/ledger.ts';
import { cpuPreset, priceList } from '../../../src/cost/params.ts';
import { priceLedger } from '../../../src/cost/price.ts';
import { flashParameters, MTD_PARTS } from '../../../src/mtd/parts.ts';
import { ramParameters } from '../../../src/mtd/ram-parameters.ts';
import { comparisonJson, comparisonText, verdict } from '../../../src/report/comparison.ts';

const part = MTD_PARTS.p30;

/** Bus work of `opens` bursts that move `busBytes`. */
const work = (opens: number, busBytes: number): BusWork => ({
  opens,
  resumes: 0,
  busBytes,
  arrayLoads: 0,
  bufferHits: 0,
});

const repeat = (times: number, event: SimEvent): SimEvent[] =>
  Array.from({ length: times }, () => event);

/** Two designs of one small tree: everything compressed, and the two hottest pages in place. */
const RUNS: readonly {
  readonly design: string;
  readonly flashBytes: number;
  readonly xipPages: number;
  readonly ram: RamAtPeak;
  readonly events: readonly SimEvent[];
}[] = [
  {
    design: 'none',
    flashBytes: 1_048_575,
    xipPages: 0,
    ram: { pageCache: 12288, anonymous: 4096, pageTables: 1023, metadata: 5000 },
    events: [
      ...repeat(3, { type: 'fault', kind: 'file_major', earlyCow: false }),
      ...repeat(2, {
        type: 'page_fill',
        bytes: 4096,
        reason: 'compressed_node',
        cblockHit: false,
      }),
      { type: 'page_fill', bytes: 100, reason: 'byte_aligned_node', cblockHit: false },
      ...repeat(2, { type: 'inflate', storedBytes: 2000, bytes: 4096 }),
      ...repeat(1200, { type: 'fault', kind: 'file_minor', earlyCow: false }),
      { type: 'fault', kind: 'wp_file', earlyCow: false },
      { type: 'cow_copy', source: 'page' },
      { type: 'mapped_read', device: 'first', bytes: 4100, lines: 129, ...work(129, 4128) },
      { type: 'page_touch', memory: 'ram', lines: 500, misses: 500 },
    ],
  },
  {
    design: 'profile',
    flashBytes: 1_060_864,
    xipPages: 2,
    ram: { pageCache: 0, anonymous: 4096, pageTables: 1023, metadata: 5000 },
    events: [
      ...repeat(2, { type: 'fault', kind: 'raw_pfn', earlyCow: false }),
      { type: 'fault', kind: 'wp_raw', earlyCow: false },
      { type: 'cow_copy', source: 'raw' },
      { type: 'mtd_read', device: 'first', bytes: 999, ...work(1, 999) },
      { type: 'page_touch', memory: 'flash', lines: 500, misses: 500 },
      { type: 'line_fill', device: 'first', lines: 500, ...work(500, 16_000) },
    ],
  },
];

function comparisonOn(cpu: string, patch: Partial<Comparison> = {}): Comparison {
  const prices = priceList(cpuPreset(cpu), {
    flash: flashParameters(part),
    ram: ramParameters(MTD_PARTS['sdr-133']),
  });
  const designs = RUNS.map(({ events, ...run }): DesignResult => {
    const sink = new LedgerSink();
    for (const event of events) sink.sink(event);
    const ledger = sink.read();
    const mountLedger = new LedgerSink().read();
    const mountCost = priceLedger(mountLedger, prices);
    return { ...run, mountLedger, mountCost, ledger, cost: priceLedger(ledger, prices) };
  });
  return {
    tree: 'rootfs.tar',
    trace: { name: 'boot.trace', lines: 1206 },
    profile: { from: 'trace', name: 'boot.trace' },
    compat: false,
    faultRoute: 'insert',
    flash: { name: part.name, title: part.title, mapped: part.mapped },
    cpu: prices.preset,
    parameters: prices.rows,
    designs,
    breakEven: prices.unit === 'ns' ? breakEven(prices, 2382) : undefined,
    ...patch,
  };
}

/** Blocks of a text, split at empty lines. */
const blocks = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n\n')
    .map((block) => block.split('\n'));

describe('comparisonText', () => {
  test('in simulated time', () => {
    expect(comparisonText(comparisonOn('arm926-200'), false)).toMatchInlineSnapshot(`
      "tree      rootfs.tar
      trace     boot.trace, 1,206 lines
      profile   pages that the trace touches and never writes
      flash     p30: Numonyx StrataFlash P30, 130 nm, x16, synchronous 52 MHz burst
      cpu       arm926-200: ARM926EJ-S, 200 MHz (AT91SAM9263), x16 SDR SDRAM
      route     insert (faults priced as measured on route return)

      Flash and RAM
      design      flash  XIP pages  RAM peak     cache      anon    ptes      meta
      -------  --------  ---------  --------  --------  --------  ------  --------
      none     1.00 MiB          0  21.9 KiB  12.0 KiB  4.00 KiB  1023 B  4.88 KiB
      profile  1.01 MiB          2  9.88 KiB       0 B  4.00 KiB  1023 B  4.88 KiB

      Page faults
      design   faults  XIP  fill    hit  wp/COW  flash read
      -------  ------  ---  ----  -----  ------  ----------
      none      1,204    0     3  1,200       1    4.03 KiB
      profile       3    2     0      0       1    4.98 KiB

      Cost in simulated time
      design      cost  mount     trap    flash  inflate     copy      RAM
      -------  -------  -----  -------  -------  -------  -------  -------
      none     30.3 ms      0  27.3 ms  48.1 us  2.77 ms   124 us  78.9 us
      profile   360 us      0  89.8 us   244 us        0  25.9 us        0

      Against 'none'
      design       flash        RAM  RAM saved per flash   cost
      -------  ---------  ---------  -------------------  -----
      profile  +12.0 KiB  -12.0 KiB             1.00 : 1  1.2 %

      Pages filled into RAM instead of being mapped from flash, by reason
      design   compressed_node  byte_aligned_node
      -------  ---------------  -----------------
      none                   2                  1
      profile                0                  0

      Crossover: cache misses of a page from which execution in place is slower than RAM (arm926-200)
      part  flash line  RAM line  XIP fault     fill  break-even  profile: misses  profile: cost  all: misses  all: cost
      ----  ----------  --------  ---------  -------  ----------  ---------------  -------------  -----------  ---------
      p30       373 ns    158 ns    24.9 us  1.64 ms       7,487              250          1.2 %            -          -
      "
    `);
  });

  test('in instructions, of images as the original builder makes them', () => {
    const comparison = comparisonOn('x86-counted', { compat: true, faultRoute: 'return' });
    expect(comparisonText(comparison, false)).toMatchInlineSnapshot(`
      "tree      rootfs.tar
      trace     boot.trace, 1,206 lines
      profile   pages that the trace touches and never writes
      flash     p30: Numonyx StrataFlash P30, 130 nm, x16, synchronous 52 MHz burst
      cpu       x86-counted: instructions, as counted on x86_64 with the original driver
      route     return
      images    as the original builder makes them

      Flash and RAM
      design      flash  XIP pages  RAM peak     cache      anon    ptes      meta
      -------  --------  ---------  --------  --------  --------  ------  --------
      none     1.00 MiB          0  21.9 KiB  12.0 KiB  4.00 KiB  1023 B  4.88 KiB
      profile  1.01 MiB          2  9.88 KiB       0 B  4.00 KiB  1023 B  4.88 KiB

      Page faults
      design   faults  XIP  fill    hit  wp/COW  flash read
      -------  ------  ---  ----  -----  ------  ----------
      none      1,204    0     3  1,200       1    4.03 KiB
      profile       3    2     0      0       1    4.98 KiB

      Cost in instructions
      design     cost  mount    trap  flash  inflate   copy  RAM
      -------  ------  -----  ------  -----  -------  -----  ---
      none     2.69 M      0  2.44 M      0  247,140  2,048    0
      profile   8,531      0   8,019      0        0    512    0

      Against 'none'
      design       flash        RAM  RAM saved per flash   cost
      -------  ---------  ---------  -------------------  -----
      profile  +12.0 KiB  -12.0 KiB             1.00 : 1  0.3 %

      Pages filled into RAM instead of being mapped from flash, by reason
      design   compressed_node  byte_aligned_node
      -------  ---------------  -----------------
      none                   2                  1
      profile                0                  0
      "
    `);
  });

  test('every column stands in exactly one block, under its title', () => {
    const [, ...tables] = blocks(comparisonText(comparisonOn('arm926-200'), false));
    const headings = tables.slice(0, 3).flatMap(([, heading]) => heading!.split(/ {2,}/));
    expect(headings.filter((title) => title !== 'design').sort()).toEqual(
      COMPARISON_COLUMNS.map(({ title }) => title).sort(),
    );
    for (const [, , , ...rows] of tables.slice(0, 3))
      expect(rows.map((row) => row.split(' ')[0])).toEqual(['none', 'profile']);
  });

  test('without fills there is no table of reasons', () => {
    const comparison = comparisonOn('arm926-200');
    const text = comparisonText({ ...comparison, designs: comparison.designs.slice(1) }, false);
    expect(text).not.toContain('by reason');
    expect(text).toMatch(/[^\n]\n$/);
  });

  test('with parameters: every price with unit, standing and source, then what the parts mean', () => {
    const comparison = comparisonOn('arm926-200');
    const plain = comparisonText(comparison, false);
    const text = comparisonText(comparison, true);
    expect(text.startsWith(`${plain}\nPrices\n`)).toBe(true);
    const [prices, legend] = blocks(text.slice(plain.length + 1));
    expect(prices).toHaveLength(3 + comparison.parameters.length);
    for (const [i, row] of comparison.parameters.entries()) {
      const cells = prices![3 + i]!.trim().split(/ {2,}/);
      expect(cells).toEqual([row.name, String(row.value), row.unit, row.status, row.source]);
    }
    expect(legend).toMatchInlineSnapshot(`
      [
        "trap      entering the kernel, finding and mapping pages",
        "flash     waiting for flash: look-ups, stored bytes, lines of mapped pages",
        "inflate   expanding cblocks",
        "copy      copying into page-cache pages and for copy-on-write, zeroing",
        "ram       waiting for RAM: lines of pages mapped from RAM",
      ]
    `);
  });

  test('no line ends in a blank', () => {
    expect(comparisonText(comparisonOn('arm926-200'), true)).not.toMatch(/[ \t]$/m);
  });
});

describe('comparisonJson', () => {
  const comparison = comparisonOn('arm926-200');
  interface Row extends Record<string, unknown> {
    readonly design: string;
    readonly ledger: unknown;
  }
  const json = JSON.parse(comparisonJson(comparison)) as {
    readonly designs: readonly Row[];
    readonly parameters: unknown;
    readonly cpu: unknown;
  };

  test('has every column of every design, exact, costs to a thousandth', () => {
    for (const [i, result] of comparison.designs.entries())
      expect(json.designs[i]).toEqual({
        design: result.design,
        ...Object.fromEntries(
          COMPARISON_COLUMNS.map(({ key, kind, value }) => [
            key,
            kind === 'cost' ? Number(value(result).toFixed(3)) : value(result),
          ]),
        ),
        mountLedger: result.mountLedger,
        ledger: result.ledger,
      });
    expect(json.designs[0]).toMatchObject({
      flashBytes: 1_048_575,
      ramPeak: 12288 + 4096 + 1023 + 5000,
      faults: 1204,
      faultsXip: 0,
      faultsFill: 3,
      faultsHit: 1200,
      faultsWriteProtect: 1,
      flashRead: 129 * 32,
      cost: 30_343_797,
    });
    expect(json.designs[1]).toMatchObject({ xipPages: 2, faultsXip: 2, flashRead: 999 + 4096 });
  });

  test('has all parameters with their sources', () => {
    expect(json.parameters).toEqual(comparison.parameters);
  });

  test('the rest, byte for byte', () => {
    const { designs, parameters, ...rest } = json;
    expect([designs, parameters].every(Array.isArray)).toBe(true);
    expect(`${JSON.stringify(rest, null, 2)}\n`).toMatchInlineSnapshot(`
      "{
        "tree": "rootfs.tar",
        "trace": {
          "name": "boot.trace",
          "lines": 1206
        },
        "profile": {
          "from": "trace",
          "name": "boot.trace"
        },
        "compat": false,
        "faultRoute": "insert",
        "flash": {
          "name": "p30",
          "title": "Numonyx StrataFlash P30, 130 nm, x16, synchronous 52 MHz burst",
          "mapped": true
        },
        "breakEven": {
          "xipFault": 24859.6,
          "compressedFault": 1635266.0863157893,
          "flashLine": 373,
          "ramLine": 157.89473684210526,
          "misses": 7486.5973183263995
        },
        "cpu": {
          "name": "arm926-200",
          "title": "ARM926EJ-S, 200 MHz (AT91SAM9263), x16 SDR SDRAM",
          "unit": "ns"
        }
      }
      "
    `);
  });

  test('is indented by two and ends in one newline', () => {
    expect(comparisonJson(comparison)).toBe(`${JSON.stringify(json, null, 2)}\n`);
  });
});

test('column keys are unique, and each cost part has its column', () => {
  const keys = COMPARISON_COLUMNS.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const [first] = comparisonOn('arm926-200').designs;
  const parts = COMPARISON_COLUMNS.filter(({ key }) => /^cost./.test(key));
  expect(parts.reduce((sum, { value }) => sum + value(first!), 0)).toBeCloseTo(
    first!.cost.total,
    3,
  );
});

describe('the heading', () => {
  const heading = (patch: Partial<Comparison>): readonly string[] =>
    blocks(comparisonText(comparisonOn('arm926-200', patch), false))[0]!;

  test('names a page list, or says that the trace made it', () => {
    expect(heading({})).toContain('profile   pages that the trace touches and never writes');
    expect(heading({ profile: { from: 'file', name: 'pages.csv' } })).toContain(
      'profile   pages.csv',
    );
  });

  test('counts lines', () => {
    expect(heading({ trace: { name: 't.csv', lines: 1 } })).toContain('trace     t.csv, 1 line');
    expect(heading({ trace: { name: 't.csv', lines: 12345 } })).toContain(
      'trace     t.csv, 12,345 lines',
    );
  });

  test('says where faults are priced as measured on the other route', () => {
    expect(heading({ faultRoute: 'return' })).toContain('route     return');
    expect(heading({ faultRoute: 'insert' })).toContain(
      'route     insert (faults priced as measured on route return)',
    );
  });

  test('says whose images they are, if not ours', () => {
    const line = 'images    as the original builder makes them';
    expect(heading({ compat: true })).toContain(line);
    expect(heading({})).not.toContain(line);
  });
});

describe('verdict', () => {
  test('of a comparison with a design `profile`', () => {
    expect(verdict(comparisonOn('arm926-200'))).toBe(
      'Running the profiled pages straight from flash takes 12.0 KiB more flash, 12.0 KiB less RAM at the peak,\n' +
        'and 99 % less time in faults, flash and RAM than inflating every page (arm926-200, p30).',
    );
    expect(verdict(comparisonOn('x86-counted'))).toContain('% less instructions in faults');
  });

  test('of nothing', () => {
    const none = comparisonOn('arm926-200');
    for (const designs of [[], none.designs.slice(0, 1)])
      expect(verdict({ ...none, designs })).toBe('There is nothing to compare.');
  });
});
