import { describe, expect, it, test } from 'vitest';
import { importTrace } from '../../../src/workload/formats/formats.ts';
import { parseTrace } from '../../../src/workload/trace.ts';
import { rowsOf, sample } from '../workload/samples/read.ts';
import { run, usualHost } from './axfs-host.ts';
import type { FakeHost } from '../../support/fake-host.ts';

const HEADER = 'pid,epoch,path,offset,access,count';
const A = `${HEADER}\n4,0,/bin/a,0,x,3\n4,1,/lib/b,4096,r,1\n`;
const B = `${HEADER}\n4,0,/tmp/c,0,rw,2\n`;
const hostWith = async (): Promise<FakeHost> => {
  const host = await usualHost();
  for (const name of ['perf-page-faults.txt', 'ftrace-new.txt', 'paths.txt', 'driver.csv'])
    host.file(`/${name}`, sample(name));
  return host.file('/a.csv', A).file('/b.csv', B);
};
const workload = async (...argv: string[]): ReturnType<typeof run> =>
  run(['workload', ...argv], await hostWith());
const rows = (text: Uint8Array | undefined): string[] => rowsOf(parseTrace(text!, 't'));

describe('axfs workload', () => {
  test.each(['import', 'generate', 'combine', 'info'])(
    '%s --help has examples and exit codes',
    async (name) => {
      const { code, out } = await workload(name, '--help');
      expect(code).toBe(0);
      for (const word of ['--json', 'Examples:', `$ axfs workload ${name} `, 'Exit codes:'])
        expect(out).toContain(word);
    },
  );

  test.each([
    [
      ['import', 'driver.csv', '--json'],
      '--json needs --output: the report goes to standard output',
    ],
    [['combine', 'a.csv', '--seed', '1'], '--seed goes with --interleave'],
    [['combine', 'a.csv*0'], "'a.csv*0': expected 1 to 1000000 times"],
    [['generate'], 'files are needed: give either an image or directory, or --list'],
    [
      ['generate', 'x', '--list', 'y'],
      'files are needed: give either an image or directory, or --list',
    ],
    [
      ['import', 'a.csv', '--epoch', '0'],
      "option '--epoch <seconds>' argument '0' is invalid. Expected seconds above 0, e.g. 0.1.",
    ],
    [
      ['generate', 'x', '--zipf', '11'],
      "option '--zipf <exponent>' argument '11' is invalid. Expected a number from 0 to 10.",
    ],
    [
      ['generate', 'x', '--seed', '-1'],
      "option '--seed <number>' argument '-1' is invalid. Expected a whole number from 0.",
    ],
  ])('%j is a mistake of the command line', async (argv, message) => {
    expect(await workload(...argv)).toMatchObject({ code: 16, out: '', err: `axfs: ${message}\n` });
  });

  test.each([
    [['import', 'nowhere'], 'cannot read nowhere: ENOENT'],
    [['info', 'driver.csv'], `driver.csv:1: first line is './noxip,0,2', expected '${HEADER}'`],
    [['generate', 'hello'], 'hello: not an AXFS image: 5 bytes, expected at least 264'],
    [
      ['combine', 'a.csv', '--only', 'usr'],
      'a.csv: no line is of a file below usr: nothing is left',
    ],
  ])('%j is a fault of a file', async (argv, message) => {
    const { code, err, host } = await workload(
      ...argv,
      ...(argv[0] === 'info' ? [] : ['-o', 'out.csv']),
    );
    expect([code, err]).toEqual([8, `axfs: ${message}\n`]);
    expect(host.contentOf('/out.csv')).toBeUndefined();
  });
});

describe('axfs workload import', () => {
  it('writes the trace with its origin, and reports on standard error', async () => {
    const { code, out, err } = await workload('import', 'perf-page-faults.txt');
    expect(code).toBe(0);
    expect(out.startsWith('# imported from perf-page-faults.txt, read as perf-script\n')).toBe(
      true,
    );
    const { trace } = importTrace(sample('perf-page-faults.txt'), 'x');
    expect(rows(new TextEncoder().encode(out))).toEqual(rowsOf(trace));
    expect(err).toContain(
      'perf-page-faults.txt: perf-script, 21 lines: 7 touches in 6 lines of a trace\n',
    );
    expect(err).toContain(
      'left out: 1 × fault in memory that is no file\n  perf-page-faults.txt:9: ',
    );
    expect(err).toContain('processes: 1 was 501 sh, 2 was 502 sh, 3 was 502 my tool 7\n');
  });

  it('--json is the report, exact; the trace is in its file', async () => {
    const { code, out, err, host } = await workload(
      ...['import', '--format', 'page-cache-events', 'ftrace-new.txt'],
      ...['--path-map', 'paths.txt', '-o', 'out.csv', '--json'],
    );
    expect([code, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({
      format: 'page-cache-events',
      rows: 2,
      taken: 5,
      lines: 5,
    });
    expect(rows(host.contentOf('/out.csv'))).toHaveLength(5);
  });

  it('reads standard input', async () => {
    const host = await hostWith();
    host.input = sample('driver.csv');
    const { code, out, err } = await run(['workload', 'import', '-'], host);
    expect(code).toBe(0);
    expect(out).toContain('1,0,deep/d.so,0,r,3\n');
    expect(err).toContain('  standard input:4: deep/d.so,81\n');
    expect(err).toContain('doubtful: ');
  });
});

describe('axfs workload generate', () => {
  const OPTIONS = [
    '--boot-pages',
    '3',
    '--launches',
    '2',
    '--launch-pages',
    '2',
    '--epochs',
    '1',
    '--touches',
    '4',
  ];

  it('over an image: its files and sizes; the same again', async () => {
    const argv = ['generate', 'rootfs.axfs', '--seed', '5', ...OPTIONS];
    const { code, out, err } = await workload(...argv);
    expect(code).toBe(0);
    expect(err).toMatch(
      /^1 file with a line end in the name left out\n[0-9]+ lines: [0-9]+ pages of [0-9]+ files, 3 processes, 4 epochs\n$/,
    );
    expect(out).toContain('# made up, not measured\n');
    expect((await workload(...argv)).out).toBe(out);
    const sizes: Readonly<Record<string, number>> = {
      '/bin/prog': 3,
      '/etc/motd': 1,
      '/lib/noise': 2,
    };
    for (const { path, page } of parseTrace(new TextEncoder().encode(out), 't').lines)
      if (!path.startsWith('/odd/')) expect(page).toBeLessThan(sizes[path]!);
  });

  it('over a directory, and over a listing of it', async () => {
    const host = (await hostWith())
      .file('/tree/bin/a', 'x'.repeat(9000), { mode: 0o755 })
      .file('/tree/etc/b', 'y')
      .file('/list', '755 9000 /bin/a\n644 1 /etc/b\n')
      .file('/bare', '9000 /bin/a\n1 /etc/b\n');
    const made: string[] = [];
    for (const source of [['tree'], ['--list', 'list'], ['--list', 'bare']]) {
      const { code, host: after } = await run(
        ['workload', 'generate', ...source, ...OPTIONS, '-o', 'o', '--json'],
        host,
      );
      expect(code).toBe(0);
      made.push(rows(after.contentOf('/o')).join('\n'));
    }
    expect(made[1]).toBe(made[0]);
    expect(made[2]).toBe(made[0]);
    expect(made[0]).toContain('/bin/a');
    const bad = await run(['workload', 'generate', '--list', 'hello'], host);
    expect(bad).toMatchObject({ code: 8 });
    expect(bad.err).toMatch(/^axfs: hello:1: 'hello' is no file of a listing, expected SIZE PATH/);
  });
});

describe('axfs workload combine', () => {
  it('so many runs, one after the other', async () => {
    const { code, out, err } = await workload('combine', 'a.csv*2', 'b.csv');
    expect([code, err]).toEqual([0, '5 lines, 3 processes, 5 epochs\n']);
    expect(out).toBe(
      `# combined from a.csv*2 b.csv\n${HEADER}\n1,0,/bin/a,0,x,3\n1,1,/lib/b,4096,r,1\n2,2,/bin/a,0,x,3\n2,3,/lib/b,4096,r,1\n3,4,/tmp/c,0,rw,2\n`,
    );
  });

  it('at the same time, in turn or by a seed', async () => {
    const { out } = await workload('combine', 'a.csv', 'b.csv', '--interleave');
    expect(out.split('\n').slice(2, -1)).toEqual([
      ...['1,0,/bin/a,0,x,3', '2,0,/tmp/c,0,rw,2', '1,1,/lib/b,4096,r,1'],
    ]);
    const seeded = await workload(
      'combine',
      'a.csv*9',
      '--interleave',
      '--seed',
      '4',
      '-o',
      'o',
      '--json',
    );
    expect(JSON.parse(seeded.out)).toMatchObject({ lines: 18, processes: 9, epochs: 18, cuts: [] });
    expect(JSON.parse(seeded.out)).not.toHaveProperty('byFile');
  });

  it('cut down, and says what was left out', async () => {
    const { out, err } = await workload('combine', 'a.csv', '--root', '/bin');
    expect(out).toBe(`# combined from a.csv, root /bin\n${HEADER}\n1,0,/a,0,x,3\n`);
    expect(err).toBe('a.csv: --root left out 1 line\n1 line, 1 process, 1 epoch\n');
    const only = await workload('combine', 'a.csv', '--only', 'lib,tmp', '-o', 'o', '--json');
    expect(JSON.parse(only.out)).toMatchObject({
      lines: 1,
      cuts: [{ trace: 'a.csv', option: '--only', dropped: 1 }],
    });
  });
});

describe('axfs workload info', () => {
  it('for people', async () => {
    const { code, out } = await workload('info', 'a.csv');
    expect(code).toBe(0);
    expect(out).toBe(`a.csv
  lines       2
  processes   1
  epochs      2
  pages       2 (8.00 KiB) of 2 files
    executed  1
    written   0
    shared    0, by two or more processes
  touches     4
  top 10 %    1 pages take 75.0 % of the touches
  addresses   no

pages  executed  written  touches   share  file
-----  --------  -------  -------  ------  ------
    1         1        0        3  75.0 %  /bin/a
    1         0        0        1  25.0 %  /lib/b
`);
    expect((await workload('info', 'a.csv', '--files', '1')).out).toContain('\nand 1 more files\n');
    expect((await workload('info', 'a.csv', '--files', '0')).out).not.toContain('/bin/a');
  });

  it('as JSON', async () => {
    expect(JSON.parse((await workload('info', 'b.csv', '--json')).out)).toEqual({
      ...{ trace: 'b.csv', lines: 1, files: 1, pages: 1, writtenPages: 1, executedPages: 0 },
      ...{ processes: 1, epochs: 1, touches: 2, sharedPages: 0, hasAddresses: false },
      top: { pages: 1, touches: 2 },
      byFile: [{ path: '/tmp/c', pages: 1, writtenPages: 1, executedPages: 0, touches: 2 }],
    });
  });
});
