/**
 * The package as its users get it: packed, installed into an empty folder, imported by the README's
 * example, compiled against, and run.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/demo.ts';

/** The JavaScript that the README shows under its heading for library users. */
function readmeExample(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const block = /<!-- example -->\s*```js\n(.*?)```/s.exec(readme)?.[1];
  if (block === undefined) throw new Error('README.md has no block marked <!-- example -->');
  return block;
}

let folder = '';
const inFolder = (...parts: readonly string[]): string => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'axfs-package-'));
  const quiet = { encoding: 'utf8', stdio: 'pipe' } as const;
  // The global set-up has built dist; packing must not rebuild it under the other tests' feet.
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    ...quiet,
  });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  mkdirSync(inFolder('user'));
  writeFileSync(inFolder('user', 'package.json'), '{"name":"user","type":"module","private":true}');
  execFileSync(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--silent', inFolder(tarball)],
    { cwd: inFolder('user'), ...quiet },
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the packed package in an empty folder', () => {
  it('holds what is documented, and nothing of the project behind it', () => {
    const held = readdirSync(inFolder('user', 'node_modules', 'axfs')).sort();
    expect(held).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
    expect(readdirSync(inFolder('user', 'node_modules', 'axfs', 'dist')).sort()).toEqual([
      'libdeflate',
      'src',
      'tools',
    ]);
  });

  it("runs the README's example: one page of each kind, faulted", () => {
    const example = readmeExample();
    const code = example.split('\n').filter((line) => line.trim() !== '');
    expect(code.length).toBeLessThanOrEqual(25);
    writeFileSync(inFolder('user', 'example.mjs'), example);
    const out = execFileSync(process.execPath, ['example.mjs'], {
      cwd: inFolder('user'),
      encoding: 'utf8',
    });
    expect(out).toContain('raw_pfn: 1');
    expect(out).toContain('file_major: 2');
    expect(out).toContain('compressed_node: 1');
    expect(out).toContain('byte_aligned_node: 1');
    expect(out).toMatch(/Rss: +8 kB/);
  });

  it('has types that a strict consumer compiles against', () => {
    writeFileSync(
      inFolder('user', 'consumer.ts'),
      "import { buildImage, pfn, treeFrom } from 'axfs';\n" +
        "import type { BuiltImage, Pfn, VirtAddr } from 'axfs';\n" +
        "export const image: Promise<BuiltImage> = buildImage(treeFrom({ a: 'b' }));\n" +
        'export const frame: Pfn = pfn(1);\n' +
        '// @ts-expect-error a frame number is no address\n' +
        'export const address: VirtAddr = frame;\n',
    );
    const tsc = resolve(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = '--noEmit --strict --module nodenext --target es2023 --types node'.split(' ');
    const { status, stdout } = spawnSync(
      process.execPath,
      [tsc, ...options, '--typeRoots', resolve(ROOT, 'node_modules', '@types'), 'consumer.ts'],
      { cwd: inFolder('user'), encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('has commands that build an image and read it back', () => {
    const bin = (name: string): string => inFolder('user', 'node_modules', '.bin', name);
    mkdirSync(inFolder('tree', 'etc'), { recursive: true });
    writeFileSync(inFolder('tree', 'etc', 'motd'), 'hello\n');
    execFileSync(bin('mkfs.axfs'), ['-q', inFolder('tree'), inFolder('out.axfs')]);
    const out = execFileSync(bin('axfs'), ['cat', inFolder('out.axfs'), '/etc/motd']);
    expect(out.toString()).toBe('hello\n');
  });
});

describe('the checkout', () => {
  it.each(['axfs', 'mkfs.axfs'])('npx %s starts the build', (name) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    const out = execFileSync('npx', ['--no-install', name, '--version'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(out.trim()).toBe(version);
  });
});
