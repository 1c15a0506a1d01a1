import { spawnSync } from 'node:child_process';
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
