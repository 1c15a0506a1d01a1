import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { EXIT, makeCommand, runCommand } from '../../../src/cli/exit.ts';
import { addChoiceOptions, readChoice } from '../../../src/cli/choice.ts';
import type { ChoiceOptions, ReadChoice } from '../../../src/cli/choice.ts';
import { scanTree } from '../../../src/cli/scan.ts';
import { featuresOf } from '../../../src/mkfs/features.ts';
import type { Features } from '../../../src/mkfs/features.ts';
import { elfHead } from '../../support/elf.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const prog = new Uint8Array(4 * 4096);
prog.set(
  elfHead({
    bits: 32,
    order: 'little',
    segments: [{ type: 1, flags: 6, offset: 0x2800, filesz: 0x1800 }],
  }),
);

const usual = (list = './usr/bin/prog,0,3\n./usr/bin/prog,8192,9\n./lib/data,0,1\n'): FakeHost =>
  new FakeHost({ '/list.csv': list })
    .file('/tree/usr/bin/prog', prog, { mode: 0o755 })
    .file('/tree/lib/data', textBytes(2 * 4096))
    .file('/tree/lib/noise', noiseBytes(4096))
    .symlink('/tree/bin', 'usr/bin');

/** Reads a command line as the builder does: its options first, then those of a choice. */
async function run(
  line: string,
  host = usual(),
): Promise<{
  host: FakeHost;
  code: number;
  read: ReadChoice | undefined;
  account: string;
  err: string;
}> {
  let read: ReadChoice | undefined;
  let account = '';
  const code = await runCommand('mkfs.axfs', host, async () => {
    const command = addChoiceOptions(
      makeCommand('mkfs.axfs', host)
        .option('-i, --profile <file>')
        .option('-e')
        .option('-a')
        .option('--xip <mode>')
        .option('--compat')
        .option('--strict')
        .option('--json'),
    );
    command.parse(line === '' ? [] : line.split(' '), { from: 'user' });
    const { tree } = await scanTree(host.files, fromText('/tree'));
    read = await readChoice(host, command.opts<ChoiceOptions>(), tree);
    account = Buffer.from(read.report.account ?? []).toString();
    return EXIT.ok;
  });
  return { host, code, read, account, err: host.stderr };
}

/** Chosen pages by path. */
const pagesOf = (read: ReadChoice | undefined): unknown =>
  read?.policy.kind === 'profile' &&
  Object.fromEntries([...read.policy.profile.pages].map(([path, pages]) => [path, [...pages]]));

describe('readChoice without a choice', () => {
  it.each([
    ['', { kind: 'none' }],
    ['--xip all', { kind: 'all' }],
    ['-a', { kind: 'elf' }],
    ['-i list.csv', { kind: 'profile' }],
    ['-e -i list.csv', { kind: 'files' }],
    ['--xip files -i list.csv', { kind: 'files' }],
    ['-a -i list.csv', { kind: 'elf', listed: { kind: 'profile' } }],
    ['-a -e -i list.csv', { kind: 'elf', listed: { kind: 'files' } }],
  ])('is the policy of the options: %j', async (line, policy) => {
    const { read, host, err } = await run(line);
    expect(read?.policy).toMatchObject(policy);
    expect(read?.report).toMatchObject({ warnings: [], summary: '' });
    expect(host.compressors.jobs).toEqual([]);
    expect(err).toBe('');
  });
});

describe('--xip-budget', () => {
  it('takes pages by uses per byte until it is spent', async () => {
    const { read, host } = await run('-i list.csv --xip-budget 8K');
    expect(pagesOf(read)).toEqual({ 'usr/bin/prog': [2, 0] });
    expect(read?.report).toMatchObject({
      form: 'list',
      budget: 8192,
      totals: { worth: { pages: 2 }, 'over-budget': { pages: 1 } },
    });
    expect(read?.report.summary).toMatch(
      /^chosen {3}2 of 3 pages, 8,[0-9]{3} bytes of flash more than compressed \(7\.9[0-9] KiB\) of 8,192 allowed\nleft {5}1 over budget\n$/,
    );
    expect(host.compressors).toEqual({ jobs: [0], closed: 1 });
  });

  it('keeps the lines of the list for the builder to match', async () => {
    const { read } = await run('-i list.csv --xip-budget 0');
    expect(pagesOf(read)).toEqual({});
    expect(read?.policy.kind === 'profile' && read.policy.profile.entries).toHaveLength(3);
  });

  it('uses and leaves open a compressor that it is given', async () => {
    const host = usual();
    const compressor = host.makeCompressor(0);
    const { tree } = await scanTree(host.files, fromText('/tree'));
    const options = { profile: 'list.csv', xipBudget: 4096, compressor };
    await readChoice(host, options, tree);
    expect(host.compressors).toEqual({ jobs: [0], closed: 0 });
  });
});

describe('features of the builder', () => {
  const read = async (features: Partial<Features>): Promise<ReadChoice> => {
    const host = usual('lib/data,0,1\nlib/same,0,1\n').file('/tree/lib/same', textBytes(2 * 4096));
    const { tree } = await scanTree(host.files, fromText('/tree'));
    const options = { profile: 'list.csv', xipBudget: 99_999 };
    return readChoice(host, { ...options, features: featuresOf(features, false) }, tree);
  };

  it('pay equal pages once if they are stored once', async () => {
    const once = (await read({})).report.spent ?? 0;
    expect((await read({ dedupe: false })).report.spent).toBe(2 * once);
  });

  it('with large cblocks make a budget an estimate', async () => {
    expect((await read({ cblockSize: 16384 })).report.warnings).toEqual([
      'option --xip-budget counts pages compressed one by one: with cblocks of 16384 bytes the image grows by more',
    ]);
  });
});

describe('--exclude-written', () => {
  it('goes by ELF headers, with any policy, and needs no sizes', async () => {
    const { read, host } = await run('-i list.csv --exclude-written');
    expect(pagesOf(read)).toEqual({ 'lib/data': [0], 'usr/bin/prog': [0] });
    expect(read?.report.summary).toBe('chosen   2 of 3 pages\nleft     1 in writable segments\n');
    expect(pagesOf((await run('-a --exclude-written')).read)).toEqual({ 'usr/bin/prog': [0, 1] });
    expect(host.compressors.jobs).toEqual([]);
  });

  it('goes by the marks of a list', async () => {
    const { read } = await run(
      '-i list.csv --exclude-written',
      usual('lib/data,0,1,rw\nlib/data,4096,1,r\n'),
    );
    expect(pagesOf(read)).toEqual({ 'lib/data': [1] });
  });

  it('warns of ELF files that it cannot read', async () => {
    const host = usual().file('/tree/usr/bin/odd', prog.slice(0, 30), { mode: 0o755 });
    const { read } = await run('-a --exclude-written', host);
    expect(read?.report.warnings).toEqual([
      '1 ELF file: cannot tell which pages are written, first usr/bin/odd: its header is cut',
    ]);
  });
});

describe('--explain-choice', () => {
  const HEADER = 'path,offset,count,stored,added,decision,reason';

  it('writes a line for every page and every line without one', async () => {
    const list = 'lib/noise,0,0\nlib/data,0,1\nno,0,4\nusr/bin/prog,8192,9\n';
    const { account, host } = await run(
      '-i list.csv --exclude-written --xip-budget 100 --explain-choice why.csv',
      usual(list),
    );
    // Who called writes it, when the image is written.
    expect(host.contentOf('/why.csv')).toBeUndefined();
    expect(account.replace(/,[0-9]+,[0-9]+,left,over/, ',S,A,left,over')).toBe(
      [
        HEADER,
        'lib/noise,0,0,4097,0,taken,free',
        'lib/data,0,1,S,A,left,over-budget',
        'usr/bin/prog,8192,9,,,left,writable',
        'no,0,4,,,left,no-page',
        '',
      ].join('\n'),
    );
  });

  it('explains a choice without a budget, names quoted', async () => {
    const host = usual('a,"b,0,1\n').file('/tree/a,"b', noiseBytes(4096));
    expect((await run('-i list.csv --explain-choice -', host)).account).toBe(
      `${HEADER}\n"a,""b",0,1,4097,0,taken,listed\n`,
    );
  });
});

describe('--fix-driver-paths', () => {
  const list = 'bin/prog,0,3\nlib/data,0,1\nlib/no,0,1\n';

  it('keeps the marks of pages that were written', async () => {
    const marked = 'lib/data,0,1,rw\nlib/data,4096,1,r\n';
    const line = '-i list.csv --fix-driver-paths --exclude-written';
    const host = usual(marked).file('/tree/usr/lib/only', textBytes(8192));
    expect(pagesOf((await run(line, host)).read)).toEqual({ 'lib/data': [1] });
    const deep = usual('lib/only,0,1,rw\nlib/only,4096,1,r\n');
    deep.file('/tree/usr/lib/only', textBytes(8192));
    expect(pagesOf((await run(line, deep)).read)).toEqual({ 'usr/lib/only': [1] });
  });

  it('gives lines of the driver the files of the tree', async () => {
    const { read } = await run('-i list.csv --fix-driver-paths', usual(list));
    expect(pagesOf(read)).toEqual({ 'usr/bin/prog': [0], 'lib/data': [0], 'lib/no': [0] });
    expect(read?.report).toEqual({ form: 'driver', warnings: [], summary: '' });
  });

  it('is advised when it would help', async () => {
    const { read } = await run('-i list.csv', usual(list));
    expect(read?.report.warnings).toEqual([
      'list.csv: 1 more line would name a file by its last directory, as the kernel driver does: try --fix-driver-paths',
    ]);
  });

  const doubled = (): FakeHost => usual(list).file('/tree/opt/bin/prog', prog);
  const doubt =
    'list.csv: 1 line may mean more than one file and selects none, first line 1: bin/prog,0: opt/bin/prog or usr/bin/prog';

  it('counts and lists lines that may mean several files', async () => {
    const { read, account } = await run(
      '-i list.csv --fix-driver-paths --explain-choice why.csv',
      doubled(),
    );
    expect(pagesOf(read)).toEqual({ 'lib/data': [0] });
    expect(read?.report.warnings).toEqual([doubt]);
    expect(read?.report.summary).toContain('lines    1 without a page in the tree, 1 ambiguous\n');
    expect(account).toContain(
      'bin/prog,0,3,,,left,ambiguous: opt/bin/prog usr/bin/prog\nlib/no,0,1,,,left,no-page\n',
    );
  });

  it('ends the run under --strict', async () => {
    const { code, err } = await run('-i list.csv --fix-driver-paths --strict', doubled());
    expect([code, err]).toEqual([8, `mkfs.axfs: ${doubt}\n`]);
  });
});

describe('lists that are cut', () => {
  const cut =
    "list.csv:2: the last line has no end, it may be cut: 'lib/data,4096,1' is left out; end it to have it count";

  it('are reported, and the last line is left out', async () => {
    const { read } = await run('-i list.csv', usual('lib/data,0,1\nlib/data,4096,1'));
    expect(pagesOf(read)).toEqual({ 'lib/data': [0] });
    expect(read?.report.warnings).toEqual([cut]);
  });

  it('end the run under --strict', async () => {
    const host = usual('lib/data,0,1\nlib/data,4096,1');
    const { code, err } = await run('-i list.csv --strict', host);
    expect([code, err]).toEqual([8, `mkfs.axfs: ${cut}\n`]);
  });

  it('are taken as they are with --compat, as the original does', async () => {
    const host = usual('lib/data,0,1\nlib/data,4096,1');
    const { read } = await run('-i list.csv --compat', host);
    expect(pagesOf(read)).toEqual({ 'lib/data': [0, 1] });
    expect(read?.report.warnings).toEqual([]);
  });
});

describe('a trace as a list', () => {
  const TRACE =
    '# made by hand\r\n\npid,epoch,path,offset,access,count\n' +
    '1,0,/bin/prog,0,rx,5\n1,0,/lib/data,4096,r,2\n1,1,/lib/data,4096,rw,3\n1,2,/usr/bin/prog,0,x,1\n';

  it('selects what it touches and never writes, symlinks followed', async () => {
    const { read } = await run('-i list.csv', usual(TRACE));
    expect(pagesOf(read)).toEqual({ 'usr/bin/prog': [0] });
    expect(read?.report).toMatchObject({ form: 'trace', totals: { written: { pages: 1 } } });
  });

  it('has counts for a budget', async () => {
    const { account } = await run('-i list.csv --xip-budget 1M --explain-choice -', usual(TRACE));
    expect(account).toMatch(
      /\nusr\/bin\/prog,0,6,[0-9]+,[0-9]+,taken,worth\nlib\/data,4096,5,,,left,written\n$/,
    );
  });

  it('is refused as traces are', async () => {
    const { code, err } = await run('-i list.csv', usual(TRACE.replace('rx,5', 'q,5')));
    expect(code).toBe(8);
    expect(err).toBe(
      "mkfs.axfs: list.csv:4: access is 'q', expected one or more of the letters r, x, w, each once\n",
    );
  });
});

describe('usage', () => {
  it.each([
    [
      '-i list.csv --xip-budget lots',
      "option '--xip-budget <size>' argument 'lots' is invalid. Expected bytes, or a number with K, M or G, e.g. 512K.",
    ],
    ['--xip-budget 4K', 'option --xip-budget needs -i, --profile FILE'],
    [
      '--xip-budget 4K -e -i list.csv',
      "option --xip-budget 4096 goes by the counts of a list's pages: leave out -e, -a and --xip files",
    ],
    ['--fix-driver-paths -a', 'option --fix-driver-paths needs -i, --profile FILE'],
    ['--exclude-written', 'option --exclude-written needs pages to choose from: -i, -a or --xip'],
    ['--explain-choice x', 'option --explain-choice needs pages to choose from: -i, -a or --xip'],
    [
      '-a --explain-choice - --json',
      'option --explain-choice - and --json both write to standard output: give one a file',
    ],
    ['--xip all -i list.csv', 'option --xip all has no use for -i, --profile'],
    ['--xip profile', 'option --xip profile needs -i, --profile FILE'],
    ['-e', 'option -e needs -i, --profile FILE'],
    ['--strict', 'option --strict needs -i, --profile FILE'],
    ['--xip all -a', 'option --xip says it all: leave out -a'],
    ['--xip all -e', 'option --xip says it all: leave out -e'],
  ])('%s', async (line, message) => {
    const { code, err } = await run(line);
    expect([code, err]).toEqual([16, `mkfs.axfs: ${message}\n`]);
  });
});
