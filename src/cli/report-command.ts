/**
 * `axfs report`: one image under one trace, as a page.
 *
 * @module
 */
import type { Command } from 'commander';
import { DEFAULT_CODEC, codecOfType } from '../codec/codecs.ts';
import { machinePrices } from '../compare/evaluate.ts';
import { notesOf } from '../compare/notes.ts';
import type { Host } from '../host/host.ts';
import type { Comparison } from '../cost/comparison.ts';
import { comparisonObject } from '../report/comparison.ts';
import { htmlReport } from '../report/html-report.ts';
import type { PageRun } from '../report/page-run.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { writeReport } from './report-output.ts';
import { sha256Of } from './report-page.ts';
import { recordRun } from './report-record.ts';
import { addRunOptions, imageToRun, machineOf, readTrace } from './run-options.ts';
import type { RunOptions } from './run-options.ts';

interface ReportOptions extends RunOptions, SecondOption {
  readonly trace: string;
  readonly output?: string;
  readonly json?: true;
}

const HELP = `
Examples:
  $ axfs report rootfs.axfs --trace boot.csv --output boot.html
  $ axfs report rootfs.axfs --trace boot.csv --part qspi-133 --cache 16K,4 -o boot.html
  $ axfs report nor.img --second-device nand.img --second-part slc-onfi --trace boot.csv -o boot.html

The page shows where each page of a file is stored and what it cost, faults along the trace,
files, processes, and every price with its source. It is one file that loads nothing.
`;

/** `axfs report`. */
export function addReport(program: Command, host: Host): void {
  const command = program
    .command('report')
    .description('Runs a page trace on an image, and writes what happened as an HTML page.')
    .argument('<image>', 'image file')
    .requiredOption('--trace <file>', 'page-touch trace to replay');
  addRunOptions(command)
    .option(...SECOND_DEVICE)
    .option('-o, --output <file>', 'write the page to this file (default: standard output)')
    .option('--json', 'the same as JSON: exact numbers')
    .addHelpText('after', HELP)
    .action((image: string, options: ReportOptions) => report(host, image, options));
}

async function report(host: Host, image: string, options: ReportOptions): Promise<void> {
  const { secondDevice } = options;
  const trace = readTrace(host, options.trace);
  const machine = machineOf(host, options);
  const prices = machinePrices(machine);
  await withImageFile(host, { image, secondDevice }, (volume) => {
    const { superblock } = volume.image;
    const inflater = host.makeInflater(codecOfType(superblock.compressionType) ?? DEFAULT_CODEC);
    const run = recordRun(volume, imageToRun(volume, machine), trace, machine, {
      prices,
      inflater,
    });
    const { name } = volume;
    const { part, second } = machine;
    const comparison: Comparison = {
      tree: name,
      trace: { name: trace.name, lines: trace.lines.length },
      profile: { from: 'file', name: 'as the image was built' },
      compat: false,
      faultRoute: machine.faultRoute,
      flash: { name: part.name, title: part.title, mapped: part.mapped },
      cpu: prices.preset,
      parameters: prices.rows,
      designs: [run.result],
      notes: notesOf({ part, second, designs: [run.result] }),
      breakEven: undefined,
    };
    const text =
      options.json === true
        ? runJson(comparison, run)
        : htmlReport({
            title: `${name} under ${trace.name}`,
            comparisons: [comparison],
            view: {},
            run,
            sha256: sha256Of(host),
          });
    writeReport(host, options.output, text);
  });
}

/** What the page shows, for programs. */
function runJson(comparison: Comparison, { files, processes, timeline, pages }: PageRun): string {
  const { tree, trace, faultRoute, flash, cpu, parameters, designs, notes } =
    comparisonObject(comparison);
  const facts = { image: tree, trace, faultRoute, flash, cpu, parameters, designs, notes };
  return `${JSON.stringify({ ...facts, files, processes, timeline, pages }, null, 2)}\n`;
}
