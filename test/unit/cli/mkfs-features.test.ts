import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { run, usual } from '../../support/mkfs-command.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes } from '../../support/sample-data.ts';
import { treeOfImage } from '../../support/volume-tree.ts';

const sameTree = (image: Uint8Array): void => {
  const plain = new ReferenceReader(image).tree();
  expect(comparableTree(treeOfImage(image))).toEqual(comparableTree(plain));
  expect([...plain.entries.keys()]).toEqual(['bin', 'lib', 'only']);
};

describe('options for features', () => {
  it.each([
    '--compat',
    '--cblock-size 16K',
    '--cblock-size 1m',
    '--compress-tables',
    '--no-minimal-tables',
    '--no-dedupe',
    '--no-digest',
    '--codec zlib',
    '--for-kernel',
    '--jobs 2 --sort-file order',
    '--all-root',
  ])('%s: the image holds the tree', async (options) => {
    const host = usual().file('/order', 'lib 5\nbin/prog 7\n');
    const { code, image } = await run(`${options} tree out.axfs`, host);
    expect([code, host.stderr]).toEqual([0, '']);
    sameTree(image!);
  });

  it('hard links and equal files share their nodes, unless told not to', async () => {
    const linked = (): FakeHost =>
      new FakeHost({ '/tree/a': noiseBytes(9000), '/tree/b': noiseBytes(9000) }).link(
        '/tree/c',
        '/tree/a',
      );
    const summary = async (options: string): Promise<Record<string, unknown>> =>
      JSON.parse((await run(`--json ${options}tree out.axfs`, linked())).host.stdout) as Record<
        string,
        unknown
      >;
    expect(await summary('')).toMatchObject({
      shared: { nodes: 0, files: 2, filePages: 6 },
      nodes: { byteAligned: 3 },
    });
    expect(await summary('--no-dedupe ')).toMatchObject({
      shared: { nodes: 0, files: 0, filePages: 0 },
      nodes: { byteAligned: 9 },
    });
    const { host } = await run('tree out.axfs', linked());
    expect(host.stdout).toContain(
      "shared   0 nodes with an earlier one's bytes, 2 files with an earlier one's 6 nodes\n",
    );
  });

  it('the digest is that of the file', async () => {
    const { image, host } = await run('--json tree out.axfs');
    const bytes = image!.slice();
    bytes.fill(0, 20, 60);
    const expected = createHash('sha1').update(bytes).digest('hex');
    expect(Buffer.from(image!.subarray(20, 40)).toString('hex')).toBe(expected);
    expect(JSON.parse(host.stdout)).toMatchObject({ sha1: expected });
    const without = (await run('--no-digest tree out.axfs')).image!;
    expect(without.subarray(20, 60).every((byte) => byte === 0)).toBe(true);
  });

  it('--dry-run says all and writes nothing', async () => {
    const before = usual().paths;
    const { code, host } = await run('-n tree out.axfs');
    expect([code, host.stderr]).toEqual([0, '']);
    expect(host.stdout).toMatch(/^image {4}out\.axfs: 8,192 bytes .* padding, not written$/m);
    expect(host.paths).toEqual(before);
    const json = await run('--json --dry-run tree out.axfs');
    expect(JSON.parse(json.host.stdout)).toMatchObject({ written: false });
  });

  it('lz4 is read back, and is nothing for a kernel', async () => {
    const { code, host, image } = await run('--codec lz4 tree out.axfs');
    expect(code).toBe(0);
    expect(host.stderr).toBe('mkfs.axfs: warning: codec lz4: the kernel driver refuses it\n');
    expect(image![243]).toBe(0x4c);
    const plain = (await run('tree out.axfs')).image!;
    expect(comparableTree(treeOfImage(image!))).toEqual(comparableTree(treeOfImage(plain)));
  });
});

describe('--split', () => {
  it('writes two parts that make the image', async () => {
    const whole = (await run('--split --xip elf --json tree out.axfs rest')).host;
    const [xip, rest] = [whole.contentOf('/out.axfs')!, whole.contentOf('/rest')!];
    const image = new Uint8Array(Buffer.concat([xip, rest]));
    sameTree(image);
    expect(Number(Buffer.from(image).readBigUInt64BE(88))).toBe(xip.length);
    expect(JSON.parse(whole.stdout)).toMatchObject({ mmapSize: xip.length, rest: 'rest' });
  });

  it('reads as XIP_OUT REST_OUT behind the source, and says what is for whom', async () => {
    const { host } = await run('tree --split out.axfs rest');
    expect(host.stdout).toMatch(
      /^split {4}out\.axfs: the first [\d,]+ bytes \(.*\), for addressable flash; rest: the rest, for an MTD \(second_dev\)\n {9}a second block device needs the whole image at its own offsets: --split-block$/m,
    );
  });

  it('--split-block writes the whole image as the second part', async () => {
    const { host } = await run('tree --split-block out.axfs rest');
    const [xip, rest] = [host.contentOf('/out.axfs')!, host.contentOf('/rest')!];
    sameTree(rest);
    expect(Buffer.compare(rest.subarray(0, xip.length), xip)).toBe(0);
    expect(host.stdout).toContain('rest: the whole image, for a block device (second_dev)\n');
  });

  it('leaves neither file when the second cannot be written', async () => {
    const host = usual().fail('write', '/rest', 'EIO');
    const before = host.paths;
    expect((await run('--split tree out.axfs rest', host)).code).toBe(8);
    expect(host.stderr).toBe('mkfs.axfs: cannot write rest: EIO\n');
    expect(host.paths).toEqual(before);
  });
});

describe('sources', () => {
  it('may be an archive, in a file or on standard input, with the same image', async () => {
    const tar = (host: FakeHost): Uint8Array => host.contentOf('/in.tar')!;
    const host = usual().file('/in.tar', tarOf('only', 'only file'));
    const fromFile = await run('in.tar out.axfs', host);
    expect([fromFile.code, host.stderr]).toEqual([0, '']);
    const input = usual();
    input.input = tar(host);
    const fromInput = await run('- out.axfs', input);
    expect(fromInput.code).toBe(0);
    expect(Buffer.compare(fromInput.image!, fromFile.image!)).toBe(0);
    expect(treeOfImage(fromInput.image!).entries.get(fromText('only'))).toMatchObject({ uid: 7 });
    expect(input.spools.closed).toBe(input.spools.made);
  });

  it('says what was excluded in vain', async () => {
    const { host } = await run('-q --exclude *.none tree out.axfs');
    expect(host.stderr).toBe('mkfs.axfs: warning: option --exclude *.none matches nothing\n');
  });
});

/** A ustar archive of one file of user 7. */
function tarOf(name: string, text: string): Uint8Array {
  const archive = Buffer.alloc(512 * 4);
  const put = (at: number, field: string): void => void archive.write(field, at, 'latin1');
  put(0, name);
  put(100, '0000644\0');
  put(108, '0000007\0');
  put(116, '0000000\0');
  put(124, `${text.length.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\x0000');
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  put(512, text);
  return archive;
}

describe('mkfs.axfs refuses', () => {
  it.each([
    [
      '--compat --cblock-size 8K tree out.axfs',
      16,
      'option --compat writes what the original writes: leave out --cblock-size',
    ],
    [
      '--compat --no-dedupe tree out.axfs',
      16,
      'option --compat writes what the original writes: leave out --no-dedupe',
    ],
    [
      '--compat --codec zlib tree out.axfs',
      16,
      'option --compat writes what the original writes: leave out --codec',
    ],
    [
      '--for-kernel --codec lz4 tree out.axfs',
      16,
      'option --for-kernel: the Linux driver does not know codec lz4',
    ],
    ...['3K', '12K', '2M', 'x', '0'].map(
      (size) =>
        [
          `--cblock-size ${size} tree out.axfs`,
          16,
          `option '--cblock-size <size>' argument '${size}' is invalid. Expected a power of two from 4K to 1M: bytes, or a number with K, M or G.`,
        ] as const,
    ),
    ['--split tree out.axfs', 16, 'option --split needs two files: XIP_OUT and REST_OUT'],
    ['tree out.axfs rest', 16, "argument 'rest' is one too many without --split"],
    ['--split tree out.axfs out.axfs', 16, 'image out.axfs is named twice, expected two files'],
    [
      '--split tree out.axfs tree/rest',
      16,
      'image tree/rest is inside the tree tree: it would pack itself',
    ],
    [
      '--compat --timestamp 9 tree out.axfs',
      16,
      'option --compat writes what the original writes: leave out --timestamp',
    ],
    ['list.csv list.csv', 16, 'image list.csv is the source: it would replace it'],
    ['--sort-file none tree out.axfs', 8, 'cannot read none: ENOENT'],
    [
      '--sort-file list.csv tree out.axfs',
      8,
      "list.csv:1: './bin/prog,4096,3', expected PATH PRIORITY",
    ],
  ] as const)('%s', async (line, expected, message) => {
    const host = usual();
    const before = host.paths;
    const { code } = await run(line, host);
    expect([code, host.stderr, host.stdout]).toEqual([expected, `mkfs.axfs: ${message}\n`, '']);
    expect(host.paths).toEqual(before);
    expect(host.compressors.closed).toBe(host.compressors.jobs.length);
    expect(host.spools.closed).toBe(host.spools.made);
  });

  it('codecs that need WebAssembly where it is turned off', async () => {
    const host = usual();
    host.webAssembly = false;
    expect((await run('tree out.axfs', host)).code).toBe(8);
    expect(host.stderr).toBe(
      'mkfs.axfs: codec zlib-fast needs WebAssembly, which is turned off here: choose codec zlib\n',
    );
    expect(host.contentOf('/out.axfs')).toBeUndefined();
    expect((await run('--codec zlib tree out.axfs', host)).code).toBe(0);
  });

  it('what the kernel cannot read, with --for-kernel', async () => {
    const host = usual().special('/tree/big', 'block', { major: 259, minor: 70000 });
    expect((await run('--for-kernel tree out.axfs', host)).code).toBe(8);
    expect(host.stderr).toBe(
      'mkfs.axfs: option --for-kernel: the kernel driver misreads device numbers above 255, 1 here: big (259:70000)\n',
    );
    const empty = new FakeHost().directory('/tree');
    expect((await run('--for-kernel tree out.axfs', empty)).code).toBe(8);
    expect(empty.contentOf('/out.axfs')).toBeUndefined();
  });
});

describe('--help', () => {
  it('names every option of this project', async () => {
    const { host } = await run('--help');
    for (const text of [
      ...['--codec', '--cblock-size', '--compress-tables', '--no-minimal-tables', '--no-dedupe'],
      ...['--no-digest', '--sort-file', '--split', '--split-block', '--for-kernel', '--dry-run'],
      ...['--source-format', '--exclude', '--all-root', '--device-table', 'cost RAM'],
    ])
      expect(host.stdout).toContain(text);
  });
});
