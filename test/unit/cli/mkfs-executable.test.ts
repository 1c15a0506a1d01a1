import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

/** As built; the test run builds dist first. */
const command = resolve(import.meta.dirname, '../../../dist/tools/mkfs.axfs.js');

let folder = '';
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-mkfs-'));
  fs.mkdirSync(join(folder, 'tree', 'lib'), { recursive: true });
  fs.writeFileSync(join(folder, 'tree', 'text'), textBytes(2_000_000));
  fs.writeFileSync(join(folder, 'tree', 'lib', 'noise'), noiseBytes(100_000));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, [command, ...args], { cwd: folder, timeout: 60_000 });

it.each([
  ['--help', 'tree', 'out.axfs'],
  ['-q', '-n', '--codec', 'zlib', 'tree', 'out.axfs'],
  ['-q', '-n', '--compat', 'tree', 'out.axfs'],
  ['-q', '-n', '--exclude', 'text', 'tree', 'out.axfs'],
])('ends well whatever becomes of the threads that it starts first: %s %s', (...args) => {
  const { status, stderr } = run(...args);
  expect([status, String(stderr)]).toEqual([0, '']);
});

it('says as ever that the image cannot be made', () => {
  const { status, stderr } = run('-q', 'tree', join('missing', 'out.axfs'));
  expect(status).toBe(16);
  expect(String(stderr)).toMatch(/^mkfs\.axfs: .*missing.*\n$/);
});

it('packs a real directory, the same bytes on any number of threads', () => {
  const images = ['1', '2', '5'].map((jobs) => {
    const { status, stderr } = run('-q', '-j', jobs, 'tree', 'out.axfs');
    expect([status, String(stderr)]).toEqual([0, '']);
    return fs.readFileSync(join(folder, 'out.axfs'));
  });
  expect(images[1]!.equals(images[0]!)).toBe(true);
  expect(images[2]!.equals(images[0]!)).toBe(true);
  const tree = new ReferenceReader(images[0]!).tree();
  const lib = [...tree.entries.values()][0];
  expect([...tree.entries.keys()]).toEqual(['lib', 'text']);
  const noise = lib?.type === 'dir' ? [...lib.entries.values()][0] : undefined;
  const content = noise?.type === 'file' ? noise.content : undefined;
  expect(Buffer.compare(content as Uint8Array, noiseBytes(100_000))).toBe(0);
});

it('ends with the code and the line of a failure', () => {
  const { status, stderr, stdout } = run('-e', 'tree', 'other.axfs');
  expect([status, String(stderr), String(stdout)]).toEqual([
    16,
    'mkfs.axfs: option -e needs -i, --profile FILE\n',
    '',
  ]);
  expect(fs.existsSync(join(folder, 'other.axfs'))).toBe(false);
});

/** A tar archive of one file, sparse where `size` says more than `text` has. */
function tarOf(path: string, size: number): Buffer {
  const file = join(folder, 'made.tar');
  const script = `
import io, sys, tarfile
name, size = sys.argv[1], int(sys.argv[2])
with tarfile.open(sys.argv[3], 'w', format=tarfile.PAX_FORMAT) as tar:
    info = tarfile.TarInfo(name)
    info.size = 4
    if size > 4: info.pax_headers = {'GNU.sparse.realsize': str(size), 'GNU.sparse.map': '0,4'}
    tar.addfile(info, io.BytesIO(b'text'))
`;
  const made = spawnSync('python3', ['-c', script, path, String(size), file]);
  if (made.status !== 0) throw new Error(made.stderr.toString());
  return fs.readFileSync(file);
}

it.each([
  ['a file of 40 TB in an archive', 'huge', 4e13, 'huge: with its 40000000000000 bytes there are'],
  ['a path of 4000 directories', `${'d/'.repeat(4000)}f`, 4, 'its path has more than 4095 bytes'],
])('refuses %s in one line', (_what, path, size, message) => {
  fs.writeFileSync(join(folder, 'in.tar'), tarOf(path, size));
  const { status, stderr } = run('in.tar', 'refused.axfs');
  expect(String(stderr).split('\n')).toEqual([expect.stringContaining(message), '']);
  expect(status).toBe(8);
  expect(fs.existsSync(join(folder, 'refused.axfs'))).toBe(false);
});

it('packs a path as deep as one can be', () => {
  fs.writeFileSync(join(folder, 'in.tar'), tarOf(`${'d/'.repeat(2047)}f`, 4));
  fs.writeFileSync(join(folder, 'devices'), '/pipe p 644 0 0 - - - - -\n');
  const options = ['--all-root', '--exclude', 'x', '--device-table', 'devices', '--xip', 'all'];
  const choice = ['--exclude-written', '--explain-choice', 'why'];
  const { status, stderr } = run('-q', ...options, ...choice, 'in.tar', 'deep.axfs');
  const note = 'mkfs.axfs: warning: option --exclude x matches nothing\n';
  expect([status, String(stderr)]).toEqual([0, note]);
});

/** Files that end up in the folder of an interrupted run; `started` says when to interrupt it. */
async function interrupted(
  argv: readonly string[],
  signal: 'SIGINT' | 'SIGTERM',
): Promise<readonly [signal: string | null, files: readonly string[]]> {
  const out = fs.mkdtempSync(join(folder, 'interrupted-'));
  const child = spawn(process.execPath, [command, ...argv, join(out, 'out.axfs')], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  while (fs.readdirSync(out).length === 0) await new Promise((done) => setTimeout(done, 5));
  // Signals are taken care of from now on, as the temporary file is there.
  await new Promise((done) => setTimeout(done, 200));
  const sent = performance.now();
  child.kill(signal);
  const [, got] = (await once(child, 'close')) as [number | null, string | null];
  expect(performance.now() - sent).toBeLessThan(2000);
  return [got, fs.readdirSync(out)];
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it while it waits for its input',
  async (signal) => {
    expect(await interrupted(['-'], signal)).toEqual([signal, []]);
  },
);

it.each([
  ['looks at pages', []],
  ['stores pages that are equal', ['--no-dedupe', '--xip', 'all', '-j', '1']],
] as const)('SIGINT ends it while it %s', async (_what, options) => {
  fs.mkdirSync(join(folder, 'large'), { recursive: true });
  fs.writeFileSync(join(folder, 'large', 'zeros'), '');
  fs.truncateSync(join(folder, 'large', 'zeros'), 2 ** 31);
  expect(await interrupted(['-q', ...options, 'large'], 'SIGINT')).toEqual(['SIGINT', []]);
});
