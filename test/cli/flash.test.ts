/**
 * `axfs flash`: flashing through bad blocks and power losses, and what is known of parts.
 */
import { describe, expect, it } from 'vitest';
import { MTD_PARTS } from '../../src/mtd/parts.ts';
import { run, sampleImage, usualHost } from '../unit/cli/axfs-host.ts';
import type { Outcome } from '../unit/cli/axfs-host.ts';
import { noiseBytes } from '../support/sample-data.ts';

const BLOCK = 128 * 1024;
const IMAGE = noiseBytes(3 * BLOCK - 100);

/** `axfs flash write` of an image of three NAND blocks, with files beside it. */
async function write(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Outcome> {
  const host = await usualHost();
  host.file('/image', IMAGE);
  for (const [path, content] of Object.entries(files)) host.file(path, content);
  return run(['flash', 'write', '/image', ...args], host);
}

interface WriteJson {
  readonly blocks: number;
  readonly badBlocks: readonly number[];
  readonly markedBad: readonly number[];
  readonly end: number;
  readonly verify: string;
  readonly blocksKept: number;
  readonly blocksProgrammed: number;
  readonly programs: number;
  readonly erases: Readonly<Record<string, number>>;
  readonly wear: { readonly max: number; readonly sum: number };
  readonly restarts: readonly string[];
  readonly injected: Readonly<Record<string, number>>;
  readonly time: {
    readonly nanoseconds: Readonly<Record<string, number | null>>;
    readonly total: number | null;
    readonly missing: Readonly<Record<string, string>>;
  };
}

async function writeJson(
  args: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<WriteJson & { readonly dump: Uint8Array | undefined }> {
  const { code, out, err, host } = await write([...args, '--json', '--dump', '/dump'], files);
  expect([code, err]).toEqual([0, '']);
  return { ...(JSON.parse(out) as WriteJson), dump: host.contentOf('/dump') };
}

const startsWith = (bytes: Uint8Array | undefined, at = 0): boolean =>
  bytes !== undefined && Buffer.compare(bytes.subarray(at, at + IMAGE.length), IMAGE) === 0;

describe('axfs flash write', () => {
  it('says what flashing took', async () => {
    const { code, out } = await write(['--part', 'slc-onfi']);
    expect(code).toBe(0);
    expect(out).toMatch(/^image +\/image: 393,116 bytes/);
    expect(out).toContain('3: 0 kept, 3 programmed, 3 of them blank');
    expect(out).toMatch(/^programs +192 of up to 2,048 bytes/m);
    expect(out).toMatch(/^verify +every byte reads back$/m);
    // 192 pages of 200 us.
    expect(out).toMatch(/^program time +38\.4 ms$/m);
    expect(out).toContain("'current.read' is unsourced");
  });

  it('prices what the device did: each page is read twice, programmed once', async () => {
    const { time, programs, dump } = await writeJson(['--part', 'slc-onfi']);
    // tR, then the page with its spare area at 20 ns a byte.
    const pageRead = 25_000 + (2048 + 64) * 20;
    expect(time.nanoseconds).toEqual({
      read: 2 * 192 * pageRead,
      program: 192 * 200_000,
      erase: 0,
      delay: 0,
    });
    expect(time.total).toBe(2 * 192 * pageRead + 192 * 200_000);
    expect(programs).toBe(192);
    expect(startsWith(dump)).toBe(true);
    expect(dump).toHaveLength(3 * BLOCK);
  });

  it('names the row that is missing', async () => {
    const { time } = await writeJson(['--part', 'p30', '--over', '/old'], {
      '/old': new Uint8Array(100),
    });
    expect(time.nanoseconds['erase']).toBeNull();
    expect(time.total).toBeNull();
    expect(time.missing['erase']).toMatch(/^part p30: 'erase\.32768' is unsourced \(/);
  });

  it('passes over bad blocks, in the dump, too', async () => {
    const { badBlocks, blocks, end, dump } = await writeJson([
      '--part',
      'slc-onfi',
      '--bad-blocks',
      '0,2',
    ]);
    expect([badBlocks, blocks, end]).toEqual([[0, 2 * BLOCK], 3, 5 * BLOCK]);
    expect(Buffer.compare(dump!.subarray(BLOCK, 2 * BLOCK), IMAGE.subarray(0, BLOCK))).toBe(0);
    expect(dump!.subarray(0, BLOCK).every((byte) => byte === 0xff)).toBe(true);
  });

  it('starts again after each power loss', async () => {
    const { restarts, injected, verify, dump } = await writeJson([
      '--part',
      'slc-onfi',
      '--power-loss',
      '70,200',
    ]);
    expect(restarts).toEqual([
      expect.stringMatching(
        /^slc-onfi: power lost during program of 2048 bytes at \d+, operation 70$/,
      ),
      expect.stringMatching(
        /^slc-onfi: power lost during (program|erase) of \d+ bytes at \d+, operation 200$/,
      ),
    ]);
    expect([injected['power_loss'], verify, startsWith(dump)]).toEqual([2, 'right', true]);
    const { out } = await write(['--part', 'slc-onfi', '--power-loss', '70']);
    expect(out).toMatch(/^restarted +slc-onfi: power lost during program/m);
  });

  it('keeps what is there, unless forced; erases with the largest commands', async () => {
    const part = ['--part', 'w25q512jv', '--over', '/old'];
    const changed = IMAGE.slice();
    changed[5000] = (changed[5000]! + 1) % 256;
    const kept = await writeJson(part, { '/old': changed });
    expect([kept.blocksKept, kept.blocksProgrammed, kept.erases]).toEqual([95, 1, { 4096: 1 }]);
    expect(startsWith(kept.dump)).toBe(true);
    const forced = await writeJson([...part, '--force'], { '/old': changed });
    expect([forced.blocksKept, forced.erases]).toEqual([0, { 65536: 6 }]);
    expect(forced.wear).toMatchObject({ max: 1, sum: 96 });
    // 6 erases of 160 ms.
    expect(forced.time.nanoseconds['erase']).toBe(6 * 160e6);
  });

  it('takes a plan: a block that fails is marked bad, a worn one reported', async () => {
    const plan = JSON.stringify({
      seed: 3,
      faults: [
        { kind: 'bad_block', block: 1, origin: 'grown', operation: 'program', nth: 10 },
        { kind: 'stuck_bit', offset: 5, bit: 0, value: 1 - (IMAGE[5]! % 2) },
        { kind: 'stuck_bit', offset: 6, bit: 0, value: 1 - (IMAGE[6]! % 2) },
        { kind: 'stuck_bit', offset: 7, bit: 0, value: 1 - (IMAGE[7]! % 2) },
        { kind: 'slow_read', nth: 1, nanoseconds: 1000 },
      ],
    });
    const args = ['--part', 'slc-onfi', '--ecc', '4/512', '--faults', '/plan.json'];
    const { markedBad, verify, time, end } = await writeJson(args, { '/plan.json': plan });
    expect([markedBad, verify, end, time.nanoseconds['delay']]).toEqual([
      [BLOCK],
      'worn',
      4 * BLOCK,
      1000,
    ]);
    const { out } = await write(args, { '/plan.json': plan });
    expect(out).toMatch(/^bad blocks +1; marked now: 1$/m);
    expect(out).toMatch(/^verify .* in blocks 0$/m);
    expect(out).toMatch(/^ECC +\d+ bits put right, 0 steps beyond that$/m);
    expect(out).toMatch(/^injected +bad_block 2$/m);
  });

  it('takes a part of one’s own', async () => {
    const part = {
      name: 'mine',
      title: 'a NOR of ours',
      type: 'nor',
      bus: 'burst',
      mapped: true,
      smallestSize: 1048576,
      erasesize: 65536,
      writesize: 2,
      figures: {
        writebufsize: 64,
        'read.wordBytes': 2,
        'read.firstAccess': 100,
        'read.nextWord': 20,
        'program.page': 1000,
        'erase.65536': 1e6,
        'current.read': 10,
        'supply.voltage': 3,
      },
    };
    const { out, code } = await write(['--part-file', '/part.json', '--force'], {
      '/part.json': JSON.stringify(part),
    });
    expect(code).toBe(0);
    expect(out).toContain('a NOR of ours');
    expect(out).toMatch(/^read energy +[0-9.]+ uJ$/m);
    expect(out).toMatch(/^erase time +6\.00 ms$/m);
    expect(out).not.toContain('not priced');
  });

  it.each([
    [['--part', 'p31'], 8, "axfs: flash part is 'p31', expected one of "],
    [[], 16, 'axfs: a flash part is needed: give either --part or --part-file'],
    [['--part', 'p30', '--part-file', '/x'], 16, 'axfs: a flash part is needed'],
    [
      ['--part', 'p30', '--bad-blocks', '1'],
      8,
      'axfs: p30: block 1 cannot be marked bad: the part has no spare areas',
    ],
    [
      ['--part', 'slc-onfi', '--bad-blocks', '1024'],
      8,
      'axfs: slc-onfi: there is no erase block 1024, expected 0 to 1023',
    ],
    [
      ['--part', 'p30', '--power-loss', '0'],
      16,
      "axfs: option '--power-loss <numbers>' argument '0' is invalid.",
    ],
    [
      ['--part', 'slc-onfi', '--bad-blocks', '1,x'],
      16,
      "axfs: option '--bad-blocks <numbers>' argument '1,x' is invalid.",
    ],
    [
      ['--part', 'slc-onfi', '--ecc', '4'],
      16,
      "axfs: option '--ecc <bits/bytes>' argument '4' is invalid. Expected bits/bytes",
    ],
    [['--part', 'p30', '--size', '0'], 16, "axfs: option '--size <size>' argument '0' is invalid."],
    [
      ['--part', 'slc-onfi', '--size', '256K'],
      8,
      'axfs: slc-onfi: an image of 393116 bytes needs 1 more good block than the 2 that the device has',
    ],
    [['--part', 'p30', '--faults', '/hello'], 8, 'axfs: /hello: is no JSON: '],
    [['--part', 'p30', '--faults', '/none'], 8, 'axfs: cannot read /none: '],
  ] as const)('%j ends with %d: %s', async (args, exit, message) => {
    const { code, out, err } = await write([...args, '--dump', '/dump']);
    expect([code, out]).toEqual([exit, '']);
    expect(err.startsWith(message), err).toBe(true);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('leaves no half a dump when the disk is full', async () => {
    const host = await usualHost();
    host.file('/image', IMAGE);
    host.diskBytes = 100_000;
    const before = host.paths;
    const { code } = await run(['flash', 'write', '/image', '--part', 'p30', '--dump', '/d'], host);
    expect([code, host.paths]).toEqual([8, before]);
  });

  it('repeats exactly', async () => {
    const plan =
      '{"seed": 9, "faults": [{"kind": "bit_flips", "rate": 1e-6}, {"kind": "power_loss", "nth": 99}]}';
    const args = ['--part', 'slc-onfi', '--ecc', '4/512', '--faults', '/plan', '--json'];
    const [one, two] = [await write(args, { '/plan': plan }), await write(args, { '/plan': plan })];
    expect(one.out).toBe(two.out);
    expect((JSON.parse(one.out) as WriteJson).injected['bit_flips']).toBeGreaterThan(0);
  });
});

describe('axfs flash parts', () => {
  it('has a line for every part, with - for what is not sourced', async () => {
    const { code, out } = await run(['flash', 'parts']);
    expect(code).toBe(0);
    for (const name of Object.keys(MTD_PARTS)) expect(out).toMatch(new RegExp(`^${name} `, 'm'));
    expect(out).toMatch(/^p30 +nor +burst +373 +39\.4 +104 +14\.0 us +- +128 KiB/m);
    expect(out).toMatch(/^slc-onfi +nand +nand +- +/m);
  });

  it('gives the same as JSON', async () => {
    const { out } = await run(['flash', 'parts', '--json']);
    const parts = JSON.parse(out) as readonly Readonly<Record<string, unknown>>[];
    expect(parts.map(({ name }) => name)).toEqual(Object.keys(MTD_PARTS));
    expect(parts[0]).toMatchObject({ name: 'p30', lineNanoseconds: 373, eraseNanoseconds: null });
  });
});

describe('axfs flash show', () => {
  it('has every row with its source', async () => {
    const { code, out } = await run(['flash', 'show', 'p30']);
    expect(code).toBe(0);
    for (const name of Object.keys(MTD_PARTS.p30.figures)) expect(out).toContain(`\n${name} `);
    expect(out).toMatch(/^read\.firstAccess +85 +ns +measured +Intel\/Numonyx StrataFlash P30/m);
    expect(out).toMatch(/^erase\.131072 +- +ns +unsourced /m);
    expect(out).toMatch(/^flash\.line +373 +ns\/line +derived /m);
  });

  it('gives null for what is not sourced, as JSON', async () => {
    const { out } = await run(['flash', 'show', 'p30', '--json']);
    const { rows } = JSON.parse(out) as {
      readonly rows: readonly { readonly name: string; readonly value: number | null }[];
    };
    expect(rows.find(({ name }) => name === 'erase.131072')?.value).toBeNull();
    expect(rows.find(({ name }) => name === 'read.firstAccess')?.value).toBe(85);
  });
});

describe('axfs flash bench', () => {
  it.each([
    ['p30', 'fill of a 32-byte line, bus idle', '373 ns'],
    ['p30', 'read of 4 KiB, bus idle', '39.4 us'],
    ['p30-65', 'fill of a 32-byte line, bus idle', '475 ns'],
    ['spi-50', 'fill of a 32-byte line, bus idle', '5.76 us'],
    ['qspi-133', 'fill of a 32-byte line, bus idle', '632 ns'],
    ['qspi-133', 'fills of 32-byte lines, anywhere', '542 ns'],
    ['slc-onfi', 'read of a page of the part', '67.2 us'],
    ['slc-onfi', 'erase of an erase block', '700 us'],
    ['m18', 'erase of an erase block', '900 ms'],
    ['kh25l8005', 'program of a blank erase block', '22.4 ms'],
    ['p30', 'erase of an erase block', '-'],
  ])('%s, %s: %s', async (part, operation, time) => {
    const { code, out } = await run(['flash', 'bench', part]);
    expect(code).toBe(0);
    const line = out.split('\n').find((text) => text.startsWith(operation)) ?? '';
    expect(line.split(/ {2,}/)[3]).toBe(time);
  });

  it('asks no NAND for lines, and no RAM for an erase', async () => {
    expect((await run(['flash', 'bench', 'slc-onfi'])).out).not.toContain('line');
    expect((await run(['flash', 'bench', 'sdr-133'])).out).not.toContain('erase of');
  });

  it('says which row is missing, and goes on', async () => {
    const { code, out } = await run(['flash', 'bench', 'emmc-hs400']);
    expect(code).toBe(0);
    expect(out).toContain("not priced: part emmc-hs400: 'read.firstAccess' is unsourced");
    // 4 KiB at 40 MB/s.
    expect(out).toMatch(/^program of a blank erase block +4,096 +1 +102 us +40\.0$/m);
  });

  it('draws bars, as wide as they are fast', async () => {
    const { host, out } = await run(['flash', 'bench', 'p30', '--svg', '/p30.svg', '--json']);
    const svg = new TextDecoder().decode(host.contentOf('/p30.svg'));
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    const { operations } = JSON.parse(out) as {
      readonly operations: readonly { readonly megabytesPerSecond: number | null }[];
    };
    const rates = operations.flatMap(({ megabytesPerSecond: rate }) =>
      rate === null ? [] : [rate],
    );
    const widths = [...svg.matchAll(/<rect x="270" [^>]*?width="([0-9.]+)"/g)].map((m) =>
      Number(m[1]),
    );
    expect(widths).toHaveLength(rates.length);
    rates.forEach((rate, i) => {
      expect(widths[i]).toBeCloseTo((380 * rate) / Math.max(...rates), 0);
    });
    // Tags are closed, and names cannot open others.
    expect(svg.match(/<text/g)).toHaveLength(svg.match(/<\/text>/g)!.length);
    expect(svg).toContain('</svg>\n');
  });

  it('every part that is known plays', async () => {
    for (const name of Object.keys(MTD_PARTS)) {
      const { code, err } = await run(['flash', 'bench', name]);
      if (code !== 0) expect([name, err]).toEqual([name, expect.stringContaining('unsourced')]);
    }
  });
});

it('help has examples', async () => {
  for (const command of ['write', 'show', 'bench']) {
    const { code, out } = await run(['flash', command, '--help']);
    expect([code, out.includes('$ axfs flash ')]).toEqual([0, true]);
  }
  expect((await run(['flash', '--help'])).out).toContain('parts');
});

it('an AXFS image is flashed as any other', async () => {
  const { out } = await run(['flash', 'write', '/rootfs.axfs', '--part', 'p30', '--json']);
  expect(JSON.parse(out)).toMatchObject({ bytes: (await sampleImage()).length, verify: 'right' });
});
