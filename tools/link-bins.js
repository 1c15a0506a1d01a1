/**
 * Puts the package's own commands where npx looks first, so that `npx axfs` in a checkout starts the build
 * at once; without the links npx would install the checkout into its cache. Does nothing where there is no
 * node_modules (a consumer's install) or no symbolic links.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const target of Object.values(bin)) chmodSync(join(root, target), 0o755);
if (existsSync(modules) && process.platform !== 'win32') {
  const folder = join(modules, '.bin');
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries(bin)) {
    const link = join(folder, name);
    rmSync(link, { force: true });
    symlinkSync(relative(folder, join(root, target)), link);
  }
}
