/**
 * Compiles the project into dist: into a folder of its own first, which then takes dist's place, so that a
 * program started meanwhile finds a whole build, and a deleted source leaves no stale module behind.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const dist = resolve(root, 'dist');
const fresh = resolve(root, `.build-${process.pid}`);
const old = resolve(root, `.build-${process.pid}-old`);
process.on('exit', () => {
  for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
});

const compiler = resolve(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(
  process.execPath,
  [compiler, '-p', resolve(root, 'tsconfig.json'), '--outDir', fresh],
  { cwd: root, stdio: ['ignore', 2, 2] },
);
if (status !== 0) process.exit(status ?? 1);
// The default codec comes with the program: see loadLibdeflate of the host layer.
const libdeflate = resolve(root, 'node_modules', 'libdeflate');
mkdirSync(resolve(fresh, 'libdeflate'));
for (const file of ['dist/libdeflate.wasm.mjs', 'LICENSE.txt'])
  copyFileSync(resolve(libdeflate, file), resolve(fresh, 'libdeflate', basename(file)));
if (existsSync(dist)) renameSync(dist, old);
renameSync(fresh, dist);
await import('./link-bins.js');
