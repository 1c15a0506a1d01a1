/**
 * The command line of `axfs why`.
 *
 * @module
 */
import type { Command } from 'commander';
import { toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { codecOfType } from '../codec/codecs.ts';
import { blame } from '../compare/blame.ts';
import type { BlameOptions } from '../compare/blame.ts';
import { machinePrices } from '../compare/evaluate.ts';
import type { MachineSpec } from '../compare/evaluate.ts';
import { linesOf, rowsOf, sumOf, why } from '../compare/why.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { fileJson, fileText, pageJson, pageText } from '../report/why.ts';
import type { WhyHead } from '../report/why.ts';
import type { Trace } from '../workload/trace.ts';
import { askedFor } from './explain.ts';
import type { Question } from './explain.ts';
import { PageExplainer } from './explain-place.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { startProgress } from './progress.ts';
import { addRunOptions, imageToRun, machineOf, readTrace } from './run-options.ts';
import type { RunOptions } from './run-options.ts';

interface WhyOptions extends SecondOption, RunOptions {
  readonly trace: string;
  readonly json?: true;
}

const HELP = `
Examples:
  $ axfs why rootfs.axfs bin/sh --trace boot.csv         every page of it, the dearest first
  $ axfs why rootfs.axfs bin/sh:4096 --trace boot.csv    one page, stored both ways
  $ axfs why rootfs.axfs bin/sh:4096 --trace boot.csv --part qspi-133 --cache 16K,4 --json

OFFSET is a byte of the file, in decimal digits. The trace is run on the image, and again
on the same image with this one page stored the other way: compressed in a cblock of its
own instead of in place, or in place. What is cheaper for the whole run wins; where both
cost the same, what takes less flash. Flash is counted in stored pages, tables aside.
`;

/** `axfs why`. */
export function addWhy(program: Command, host: Host): void {
  const command = program
    .command('why')
    .description('Says what a page costs as it is stored, and what it would cost the other way.')
    .argument('<image>', 'image file')
    .argument('<path[:offset]>', 'file in the image, and a byte of the page in it')
    .requiredOption('--trace <file>', 'page-touch trace to replay');
  addRunOptions(command)
    .option(...SECOND_DEVICE)
    .option('--json', 'as JSON: exact numbers, the whole ledgers')
    .addHelpText('after', HELP)
    .action((image: string, path: string, options: WhyOptions) => {
      const machine = machineOf(host, options);
      const trace = readTrace(host, options.trace);
      return withImageFile(host, { ...options, image }, (volume) =>
        answer(host, { volume, path, machine, trace, json: options.json === true }),
      );
    });
}

interface Asked {
  readonly volume: AxfsVolume;
  readonly path: string;
  readonly machine: MachineSpec;
  readonly trace: Trace;
  readonly json: boolean;
}

async function answer(host: Host, asked: Asked): Promise<void> {
  const { volume, machine, trace } = asked;
  const question = askedFor(volume, asked.path, true);
  checkFile(volume, question);
  const head: WhyHead = {
    image: volume.name,
    path: toPrintable(question.path),
    trace: trace.name,
    part: machine.part.name,
    cpu: machine.cpu.name,
  };
  const progress = startProgress(host, 'running', true);
  let done = 0;
  const isWhole = question.offset === undefined && question.inode.numEntries > 1;
  const options: BlameOptions = {
    prices: machinePrices(machine),
    inflater: volume.image.inflater,
    onProgress: (_, total) => {
      done += 1;
      progress.update(done, total * (isWhole ? 1 : 2));
    },
  };
  try {
    const text = isWhole
      ? aboutFile(asked, question, head, options)
      : await aboutPage(host, asked, question, head, options);
    progress.end();
    host.terminal.out(text);
  } finally {
    progress.end();
  }
}

/** @throws AxfsError when there is no page to ask for. */
function checkFile({ name }: AxfsVolume, { path, inode }: Question): void {
  const refuse = (code: 'EISDIR' | 'EINVAL', what: string): never => {
    throw new AxfsError(code, `${name}: ${toPrintable(path)}: ${what}`);
  };
  if (inode.type !== 'file')
    refuse(
      inode.type === 'dir' ? 'EISDIR' : 'EINVAL',
      `is a ${inode.type}, expected a regular file`,
    );
  if (inode.numEntries === 0) refuse('EINVAL', 'is empty, expected a file with pages');
}

function aboutFile(
  { volume, machine, trace, json }: Asked,
  { inode }: Question,
  head: WhyHead,
  options: BlameOptions,
): string {
  const { prices } = options;
  const lines = new Map<number, number>();
  for (const { page } of linesOf(trace, volume, inode)) lines.set(page, (lines.get(page) ?? 0) + 1);
  const run = blame(imageToRun(volume, machine), trace, machine, options);
  const explainer = new PageExplainer(volume);
  const report = {
    ...head,
    unit: prices.unit,
    pages: Array.from({ length: inode.numEntries }, (_, page) => {
      const { type, storedBytes } = explainer.place(inode, page);
      const sum = sumOf(rowsOf(run, inode.number, page), prices);
      return { page, type, storedBytes, lines: lines.get(page) ?? 0, ...sum };
    }),
  };
  return json ? fileJson(report) : fileText(report);
}

async function aboutPage(
  host: Host,
  { volume, machine, trace, json }: Asked,
  { inode, offset = 0 }: Question,
  head: WhyHead,
  options: BlameOptions,
): Promise<string> {
  const page = Math.floor(offset / PAGE_SIZE);
  const placed = new PageExplainer(volume).place(inode, page);
  const { node, type, storedBytes, expandedBytes, imageOffset, cblock, cnodeOffset, frame } =
    placed;
  const compressor = host.makeCompressor(0, codecOfType(volume.image.superblock.compressionType));
  try {
    const report = {
      ...head,
      page,
      pages: inode.numEntries,
      place: {
        ...{ node, type, storedBytes, expandedBytes, imageOffset },
        ...(cblock === undefined ? {} : { cblock }),
        ...(cnodeOffset === undefined ? {} : { cnodeOffset }),
        ...(frame === undefined ? {} : { frame }),
      },
      answer: await why(
        {
          ...{ volume, inode, page, type, storedBytes, trace, machine, compressor },
          image: imageToRun(volume, machine),
        },
        options,
      ),
    };
    return json ? pageJson(report) : pageText(report);
  } finally {
    await compressor.close();
  }
}
