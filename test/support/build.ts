import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/** Tests of the executables run what is in dist: build it when a source is newer. */
export default function setup(): void {
  const root = resolve(import.meta.dirname, '..', '..');
  execFileSync(process.execPath, ['tools/bootstrap.js', 'tools/axfs.js', '--version'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 2],
  });
}
