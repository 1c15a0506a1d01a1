/**
 * The command line of `axfs workload profile`: what a mount that counts its faults would print after a run.
 *
 * @module
 */
import type { Command } from 'commander';
import { assert } from '../base/assert.ts';
import { toBytes } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';
import { createMachine } from '../sim/machine.ts';
import { replay } from '../sim/replay.ts';
import { EXIT_HELP } from './exit.ts';
import { withImageFile } from './image-file.ts';
import { writeReportBytes } from './report-output.ts';
import { imageToRun, readTrace } from './run-options.ts';

interface ProfileOptions {
  readonly trace: string;
  readonly asDriver?: true;
  readonly output?: string;
}

const HELP = `
A line path,offset,count for each page that a fault asked for, in mappings that nobody
may write to, as the driver's profiling build counts them in /proc/axfs/volumeN: whole
paths, every page once, and no cut after 4096 bytes. mkfs.axfs takes it with -i.
--as-driver prints what the driver does: of a path the last directory only, and a line
for each node.

Examples:
  $ axfs workload profile rootfs.axfs --trace boot.csv -o pages.csv
  $ mkfs.axfs -i pages.csv rootfs rootfs-xip.axfs

${EXIT_HELP}
`;

/** `axfs workload profile`. */
export function addWorkloadProfile(workload: Command, host: Host): void {
  workload
    .command('profile')
    .description("Runs a trace on an image and prints the mount's fault counts as a page list.")
    .argument('<image>', 'image to run')
    .requiredOption('--trace <file>', 'page-touch trace to replay')
    .option('--as-driver', 'print as the original driver, bugs of its paths included')
    .option('-o, --output <file>', 'where the list goes (default: standard output)')
    .addHelpText('after', HELP)
    .action((image: string, options: ProfileOptions) => profile(host, image, options));
}

function profile(host: Host, image: string, options: ProfileOptions): Promise<void> {
  const trace = readTrace(host, options.trace);
  return withImageFile(host, image, (volume) => {
    const { bytes, name } = imageToRun(volume, {});
    const machine = createMachine({
      image: bytes,
      name,
      inflater: volume.image.inflater,
      profiling: true,
    });
    replay(machine, trace, () => undefined);
    const { profile: counts } = machine.mount;
    assert(counts !== undefined, () => 'a mount asked to count faults counts them');
    const list = options.asDriver === true ? counts.formatAsDriver() : counts.format();
    writeReportBytes(host, options.output, toBytes(list));
  });
}
