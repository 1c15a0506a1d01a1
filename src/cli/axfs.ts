/**
 * `axfs`: looks into images and compares designs. One row per subcommand; each is a file of its own.
 *
 * @module
 */
import type { Host } from '../host/host.ts';
import { addCheck } from './check-command.ts';
import { addCompare } from './compare-command.ts';
import { addDiff } from './diff-command.ts';
import { addDump } from './dump-command.ts';
import { EXIT, EXIT_HELP, makeCommand, runCommand } from './exit.ts';
import { addExplain } from './explain-command.ts';
import { addExtract } from './extract-command.ts';
import { addFlash } from './flash-command.ts';
import { addGate } from './gate-command.ts';
import { addLab } from './lab-command.ts';
import { addParams } from './params-command.ts';
import { addCat, addInfo, addList, addManifest } from './read-commands.ts';
import { addReport } from './report-command.ts';
import { addWhy } from './why-command.ts';
import { addWorkload } from './workload-command.ts';
import { addTune } from './tune-command.ts';

const PROGRAM = 'axfs';

const HELP = `
Examples:
  $ ${PROGRAM} info rootfs.axfs                    superblock, regions, counts
  $ ${PROGRAM} ls -lR rootfs.axfs                  every file
  $ ${PROGRAM} cat rootfs.axfs etc/fstab           one file's contents
  $ ${PROGRAM} manifest rootfs.axfs > rootfs.json  every file with its SHA-256
  $ ${PROGRAM} extract rootfs.axfs tree            every file, into a directory
  $ ${PROGRAM} extract nor.img tree --second-device nand.img
  $ ${PROGRAM} explain rootfs.axfs bin/sh:4096     how one byte is stored
  $ ${PROGRAM} diff old.axfs new.axfs              what two images have differently
  $ ${PROGRAM} check rootfs.axfs                   every rule of the format
  $ ${PROGRAM} dump rootfs.axfs                    every number of an image
  $ ${PROGRAM} compare rootfs --trace boot.csv     what XIP saves and costs
  $ ${PROGRAM} why rootfs.axfs bin/sh:0 --trace boot.csv   what a page costs, either way
  $ ${PROGRAM} gate budget.json                 holds an image to its budgets
  $ ${PROGRAM} report rootfs.axfs --trace boot.csv --output boot.html
  $ ${PROGRAM} lab three-kinds.lab                what kernels do with such pages
  $ ${PROGRAM} params --machine rza1               every price, with its source
  $ ${PROGRAM} tune rootfs --trace boot.csv --flash 16M   pages, cblocks, codec for budgets
  $ ${PROGRAM} flash write rootfs.axfs --part p30   what flashing it takes
  $ ${PROGRAM} workload import faults.txt           a trace from a recording

${EXIT_HELP}
`;

/** Runs `axfs` with `argv` (arguments only) on a host; gives the exit code. */
export const runAxfs = (argv: readonly string[], host: Host): Promise<number> =>
  runCommand(PROGRAM, host, async () => {
    const program = makeCommand(PROGRAM, host)
      .description('Reads AXFS images, and compares execute-in-place with decompression.')
      .addHelpText('after', HELP);
    for (const add of [
      ...[addInfo, addList, addCat, addManifest, addExtract],
      ...[
        addExplain,
        addDiff,
        addDump,
        addCheck,
        addCompare,
        addReport,
        addWhy,
        addGate,
        addLab,
        addFlash,
        addWorkload,
        addParams,
      ],
      addTune,
    ])
      add(program, host);
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  });
