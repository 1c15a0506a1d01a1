/**
 * `npm run bench`: how fast the builder and the simulator are on this machine. Rates are of host time and
 * say nothing about simulated cost.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { byteStringOf, fromText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';
import type { TreeDirectory } from '../mkfs/tree.ts';
import { humanCount } from '../report/sizes.ts';
import { textTable } from '../report/table.ts';
import { benchDevice } from './bench-device.ts';
import { benchFaults, benchInflate } from './bench-faults.ts';
import type { BenchRow } from './bench-faults.ts';
import { benchMkfs } from './bench-mkfs.ts';
import { DEMO } from './demo.ts';
import { EXIT, runCommand } from './exit.ts';
import { readRecipe } from './recipe.ts';
import { scanTree } from './scan.ts';

const WORKERS = [1, 2] as const;

/** The demo's program: real code to inflate. */
function programOf(tree: TreeDirectory): Uint8Array {
  const program = tree.entries.get(fromText('7za'));
  assert(
    program?.type === 'file' && program.content instanceof Uint8Array,
    () => "the demo's tree holds its program in memory",
  );
  return program.content;
}

const figure = ({ perSecond, unit }: BenchRow): string =>
  unit === 'MB/s' ? (perSecond / 1e6).toFixed(1) : humanCount(Math.round(perSecond));

/** The first rate as a share of the second, percent. */
function shareOf([first, second]: readonly BenchRow[]): string {
  assert(first !== undefined && second !== undefined, () => 'two rates are compared');
  return ((100 * first.perSecond) / second.perSecond).toFixed(1);
}

/**
 * Runs every benchmark of the project at `root`; `argv` may name a directory tree to build beside the
 * demo's. Gives the exit code.
 */
export const runBench = (argv: readonly string[], host: Host, root: ByteString): Promise<number> =>
  runCommand('bench', host, async () => {
    const at = (path: string): ByteString => byteStringOf(`${root}/${path}`);
    const show = (title: string, rows: readonly BenchRow[]): void => {
      const table = textTable(
        [
          { title, align: 'left' },
          { title: 'per second', align: 'right' },
          { title: 'unit', align: 'left' },
          { title: 'includes', align: 'left' },
        ],
        rows.map((row) => [row.name, figure(row), row.unit, row.includes]),
      );
      host.terminal.out(`${table.join('\n')}\n\n`);
    };
    const demo = readRecipe(host, at(DEMO.recipe), at(DEMO.packages));
    show('building', await benchMkfs(host, 'demo tree', demo, WORKERS));
    for (const path of argv)
      show(
        'building',
        await benchMkfs(host, path, (await scanTree(host.files, fromText(path))).tree, WORKERS),
      );
    show('faults', await benchFaults(host));
    const device = await benchDevice(host);
    show('counting', device);
    host.terminal.out(`the device layer takes ${shareOf(device)} % of an XIP fault\n\n`);
    const inflate = await benchInflate(host, programOf(demo));
    show('inflating', inflate);
    host.terminal.out(
      `inflating faults run at ${shareOf([...inflate].reverse())} % of the bare inflater\n`,
    );
    return EXIT.ok;
  });
