/**
 * Runs a built program of the project, after installing and building what is missing: a fresh clone needs
 * nothing but Node and npm. Usage: node tools/bootstrap.js PROGRAM [ARGUMENT...], PROGRAM below dist/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const [program = '', ...programArguments] = process.argv.slice(2);

/** Runs a step with its output on standard error, and ends with it when it fails. */
function step(command, stepArguments) {
  const { status, error } = spawnSync(command, stepArguments, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // npm is a .cmd file on Windows, which only a shell starts.
    shell: process.platform === 'win32',
  });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Newest modification below a folder, milliseconds. */
function newest(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (latest, entry) => Math.max(latest, statSync(resolve(entry.parentPath, entry.name)).mtimeMs),
      0,
    );
}

const built = resolve(root, 'dist', program);
const installed = resolve(root, 'node_modules', '.package-lock.json');
if (!existsSync(installed)) {
  console.error('installing (npm ci) ...');
  step('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
const sources = Math.max(newest(resolve(root, 'src')), newest(resolve(root, 'tools')));
if (!existsSync(built) || statSync(built).mtimeMs < sources)
  step('npm', ['run', '--silent', 'build']);

const { status, signal } = spawnSync(process.execPath, [built, ...programArguments], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? (signal === null ? 1 : 128));
