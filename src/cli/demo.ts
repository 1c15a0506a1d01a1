/**
 * The demo: a small root filesystem from a recipe, built in five ways, run under the recorded trace of a
 * real ARM program, priced. Everything it needs is in the project and its pinned packages.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { byteStringOf } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { compareDesigns } from '../compare/designs.ts';
import type { Host } from '../host/host.ts';
import { buildImage } from '../mkfs/build.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import { comparisonText, verdict } from '../report/comparison.ts';
import { humanBytes } from '../report/sizes.ts';
import { parseTrace } from '../workload/trace.ts';
import { DEFAULT_CPU } from './compare-command.ts';
import { EXIT, runCommand } from './exit.ts';
import { startProgress } from './progress.ts';
import { readRecipe } from './recipe.ts';

/** Recipe, trace and packages of the demo, below the project's root. */
export const DEMO = {
  recipe: 'images/recipes/demo.json',
  trace: 'images/workloads/7za-arm-5.2.0-trace.csv',
  packages: 'node_modules',
} as const;

/** The demo runs on the first part; the others stand beside it in the table of break-evens. */
const FLASH_PARTS = [
  MTD_PARTS.p30,
  MTD_PARTS.m18,
  MTD_PARTS['qspi-133'],
  MTD_PARTS['octal-200'],
  MTD_PARTS['hyperflash-166'],
  MTD_PARTS['slc-onfi'],
];

/** Runs the demo of the project at `root`; gives the exit code. */
export const runDemo = (host: Host, root: ByteString): Promise<number> =>
  runCommand('demo', host, async () => {
    const at = (path: string): ByteString => byteStringOf(`${root}/${path}`);
    const started = host.now();
    const { terminal } = host;
    const tree = readRecipe(host, at(DEMO.recipe), at(DEMO.packages));
    const trace = parseTrace(host.files.readFile(at(DEMO.trace)), DEMO.trace);
    const progress = startProgress(host, 'building', true);
    const compressor = host.makeCompressor(host.cpus);
    try {
      const none = await buildImage(tree, { compressor });
      const hash = host.sha256();
      hash.update(none.toBytes());
      const { files, nodes, fileBytes } = none.report;
      const pages = nodes.xip + nodes.compressed + nodes.byteAligned;
      terminal.out(
        `A root filesystem of ${String(files)} inodes, ${humanBytes(fileBytes)} in ${String(pages)} pages, with the ARM\n` +
          'program 7za: add, list, test and extract an archive, as recorded page by page.\n' +
          `Compressed image: ${humanBytes(none.size)}, SHA-256 ${hash.hex()}\n\n`,
      );
      const comparisons = await compareDesigns({
        tree,
        treeName: DEMO.recipe,
        trace,
        compat: false,
        faultRoute: 'insert',
        flash: FLASH_PARTS,
        cpu: DEFAULT_CPU,
        compressor,
        inflater: host.makeInflater(),
        onProgress: (_design, done, total) => {
          progress.update(done, total);
        },
      });
      progress.end();
      const [comparison] = comparisons;
      assert(comparison !== undefined, () => 'each part has a comparison');
      terminal.out(comparisonText(comparison, false, comparisons));
      terminal.out(`\n${verdict(comparison)}\n`);
      terminal.err(`(${((host.now() - started) / 1000).toFixed(1)} s)\n`);
      return EXIT.ok;
    } finally {
      progress.end();
      await compressor.close();
    }
  });
