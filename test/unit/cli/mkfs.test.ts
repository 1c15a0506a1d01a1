import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { run, usual } from '../../support/mkfs-command.ts';
import type { Outcome } from '../../support/mkfs-command.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes, sha256 } from '../../support/sample-data.ts';

/** Nodes of an image by type: xip, compressed, byte-aligned; without the three sentinels. */
const nodeTypes = ({ image }: Outcome): readonly number[] => {
  const { bytes, entries } = new ReferenceReader(image!).region('node_type');
  return [0, 1, 2].map(
    (type) => [...bytes.subarray(0, entries - 3)].filter((t) => t === type).length,
  );
};

describe('mkfs.axfs', () => {
  it('writes the image of the format description’s example', async () => {
    const { code, host, image } = await run(
      '--compat tree out.axfs',
      new FakeHost({ '/tree/only': 'only file' }),
    );
    expect([code, host.stderr]).toEqual([0, '']);
    expect(await sha256(image!)).toBe(
      '42a075f04a67779c57aae9d3522bc25190d02491cb4dcc31dbc9267b13d25c55',
    );
    expect(host.paths).toEqual(['/', '/out.axfs', '/tree', '/tree/only']);
  });

  it('says what it did', async () => {
    const { host } = await run('-i list.csv tree out.axfs');
    const lines = host.stdout.split('\n');
    expect(lines[0]).toMatch(
      /^image {4}out\.axfs: 16,384 bytes \(16\.0 KiB\), 1\d,\d{3} without padding$/,
    );
    expect(lines[1]).toBe('inodes   6: 3 directories, 3 files');
    expect(lines[2]).toBe('nodes    6: 2 xip, 3 compressed, 1 byte-aligned');
    expect(lines[3]).toMatch(
      /^bytes {4}xip 8,192, compressed [\d,]+, byte-aligned 10, strings 26, tables \d+$/,
    );
    expect(lines[4]).toBe('ratio    95.2 % of 17,205 bytes (16.8 KiB) in files');
    expect(lines[5]).toBe('profile  2 lines: 2 matched, 0 unmatched');
    expect(lines[6]).toMatch(/^time {5}0\.00 s, no workers$/);
    expect(lines.slice(7)).toEqual(['']);
  });

  it('is quiet on demand', async () => {
    const { code, host } = await run('-q tree out.axfs');
    expect([code, host.stdout, host.stderr]).toEqual([0, '', '']);
  });

  it('prints JSON on demand, even when quiet', async () => {
    const { host, image } = await run('--json -q -i list.csv tree out.axfs');
    const summary = JSON.parse(host.stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({
      image: 'out.axfs',
      source: 'tree',
      written: true,
      mmapSize: expect.any(Number) as number,
      features: { dedupe: true, codec: 'zlib-fast' },
      shared: { nodes: 0, files: 0, filePages: 0 },
      imageBytes: image!.length,
      files: 6,
      fileBytes: 17_205,
      inodes: { dir: 3, file: 3, symlink: 0 },
      nodes: { xip: 2, compressed: 3, byteAligned: 1 },
      xipPages: 2,
      profile: { lines: 2, matched: 2, unmatched: [] },
      mountableByKernel: true,
      warnings: [],
      jobs: 0,
    });
    const size = summary['size'] as number;
    expect([...image!.subarray(size - 4, size)]).toEqual([0x48, 0xa0, 0xe4, 0xcd]);
  });

  it.each([
    ['', [0, 5, 1]],
    ['--xip none', [0, 5, 1]],
    ['-i list.csv', [2, 3, 1]],
    ['--xip profile -i list.csv', [2, 3, 1]],
    ['-e -i list.csv', [5, 0, 1]],
    ['--xip files --profile list.csv', [5, 0, 1]],
    ['-a', [3, 2, 1]],
    ['--xip elf', [3, 2, 1]],
    ['-a -i list.csv', [4, 1, 1]],
    ['--xip elf -i list.csv', [4, 1, 1]],
    ['-a -e -i list.csv', [5, 0, 1]],
    ['--xip all', [6, 0, 0]],
    // The original has no XIP page for a tail.
    ['--compat -a', [2, 2, 2]],
    ['--compat --xip all', [6, 0, 0]],
  ] as const)('%s selects pages', async (options, expected) => {
    const outcome = await run(`${options} tree out.axfs`.trim());
    expect([outcome.code, outcome.host.stderr]).toEqual([0, '']);
    expect(nodeTypes(outcome)).toEqual(expected);
  });

  const timestampOf = ({ image }: Outcome): bigint => Buffer.from(image!).readBigUInt64BE(248);
  it.each([
    ['', undefined, 0n],
    ['--timestamp 1700000000', undefined, 1_700_000_000n],
    ['', '1600000000', 1_600_000_000n],
    ['--timestamp 5', '1600000000', 5n],
    ['--timestamp 0', '1600000000', 0n],
    ['', '', 0n],
    ['--compat', '1600000000', 0n],
  ])('takes the time from %j and SOURCE_DATE_EPOCH=%s', async (options, epoch, expected) => {
    const host = usual();
    if (epoch !== undefined) host.variables.set('SOURCE_DATE_EPOCH', epoch);
    expect(timestampOf(await run(`${options} tree out.axfs`.trim(), host))).toBe(expected);
  });

  it('uses threads for trees that are worth them, as many as asked', async () => {
    const large = (): FakeHost => new FakeHost({ '/tree/f': new Uint8Array(1024 * 1024) });
    const jobs = async (options: string, host: FakeHost): Promise<unknown> => {
      const outcome = await run(`${options} tree out.axfs`.trim(), host);
      expect(outcome.code).toBe(0);
      expect(outcome.host.compressors.closed).toBe(1);
      return outcome.host.compressors.jobs;
    };
    expect(await jobs('', large())).toEqual([2]);
    expect(await jobs('-j 7', large())).toEqual([7]);
    expect(await jobs('-j 7', usual())).toEqual([0]);
  });

  it('draws a bar on a slow terminal and removes it', async () => {
    const host = new FakeHost({ '/tree/f': new Uint8Array(4096 * 300) });
    host.errIsTty = true;
    host.tick = 600;
    await run('tree out.axfs', host);
    expect(host.stderr).toMatch(/packing \[#+\.*\] +\d+ %/);
    expect(host.stderr.endsWith('\r\x1b[K')).toBe(true);
  });

  it('replaces an image', async () => {
    const host = usual().file('/out.axfs', 'old');
    expect((await run('-q tree out.axfs', host)).image?.length).toBeGreaterThan(4096);
  });
});

describe('mkfs.axfs warns', () => {
  it('of profile lines that select nothing', async () => {
    const host = usual().file('/list.csv', 'bin/prog,0,1\nnone,0,1\nbin/prog,99999,1\n');
    const { code } = await run('-i list.csv tree out.axfs', host);
    expect(code).toBe(0);
    expect(host.stderr).toBe(
      'mkfs.axfs: warning: list.csv: 2 of 3 lines select no page of a regular file in the tree, first line 2: none,0\n',
    );
    expect(host.stdout).toContain('profile  3 lines: 1 matched, 2 unmatched\n');
  });

  it('of a tree that no kernel mounts', async () => {
    const { code, host } = await run('-q tree out.axfs', new FakeHost().directory('/tree'));
    expect([code, host.stderr]).toEqual([
      0,
      'mkfs.axfs: warning: the tree is empty: the kernel driver refuses a root without entries\n',
    ]);
  });
});

describe('mkfs.axfs --help', () => {
  it('names every option, exit code and the environment variable', async () => {
    const { code, host } = await run('--help');
    expect(code).toBe(0);
    for (const text of [
      ...[
        '-i, --profile',
        '-e',
        '-a',
        '--xip',
        '--compat',
        '--timestamp',
        '--strict',
        '-j, --jobs',
      ],
      ...['-q, --quiet', '--json', '--version', 'Examples:', 'SOURCE_DATE_EPOCH', 'Exit codes:'],
    ])
      expect(host.stdout).toContain(text);
  });
});

describe('noise', () => {
  it('is stored byte-aligned, never larger than it was by more than a byte a page', async () => {
    const host = new FakeHost({ '/tree/noise': noiseBytes(4096 * 5) });
    const outcome = await run('-q tree out.axfs', host);
    expect(nodeTypes(outcome)).toEqual([0, 0, 5]);
    expect(new ReferenceReader(outcome.image!).region('byte_aligned').bytes.length).toBe(4097 * 5);
  });
});
