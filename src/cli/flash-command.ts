/**
 * The command line of `axfs flash`: flash an image, and look at flash parts.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';
import type { EccShape } from '../mtd/create-device.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { MtdDevice } from '../mtd/device.ts';
import type { FaultPlan, FlashFault } from '../mtd/faults/kinds.ts';
import { faultKindsHelp, parseFaultPlan } from '../mtd/faults/plan-file.ts';
import { MTD_PARTS, partNamed } from '../mtd/parts.ts';
import type { MtdPart } from '../mtd/part.ts';
import { parsePart } from '../mtd/part-file.ts';
import { EXIT_HELP } from './exit.ts';
import { benchPart } from './flash-bench.ts';
import { addPartOptions, partMeant, readText } from './flash-part.ts';
import type { PartOptions } from './flash-part.ts';
import { barChart } from './flash-svg.ts';
import {
  benchBars,
  benchText,
  partSummary,
  partText,
  partsText,
  shownRows,
} from './flash-tables.ts';
import { flashImage } from './flash-write.ts';
import type { FlashedDevice } from './flash-write.ts';
import { flashJson, flashText } from './flash-write-report.ts';
import { withImageDevices } from './image-file.ts';
import { SIZE_FORM, parseSize } from './sizes.ts';

/** Bytes of a dump written at a time. */
const DUMP_PIECE = 64 * 1024;

const WRITE_HELP = `
Blocks that hold the right bytes are kept, blank ones are not erased, units of ones are not
programmed, and everything is read back. On NAND, bad blocks are passed over, and a block
that fails is marked bad and its piece goes into the next good one. After a power loss the
device is started again and flashing begins anew, redoing what may be torn.

A plan is {"seed": 7, "faults": [{"kind": "read_error", "nth": 3}]}. Kinds, with their fields:
${faultKindsHelp()}

Examples:
  $ axfs flash write rootfs.axfs --part p30
  $ axfs flash write rootfs.axfs --part slc-onfi --bad-blocks 3,17 --ecc 4/512 --dump nand.bin
  $ axfs flash write rootfs.axfs --part w25q512jv --power-loss 20,50 --json
  $ axfs flash write new.axfs --over old.axfs --part p30 --faults worn.json

${EXIT_HELP}
`;

const BENCH_HELP = `
Operations are played on a simulated device, and what it counted is priced by the part's rows.

Examples:
  $ axfs flash bench p30
  $ axfs flash bench slc-onfi --svg nand.svg
`;

interface JsonOption {
  readonly json?: true;
}

interface WriteOptions extends PartOptions, JsonOption {
  readonly size?: number;
  readonly over?: string;
  readonly faults?: string;
  readonly powerLoss?: readonly number[];
  readonly badBlocks?: readonly number[];
  readonly ecc?: EccShape;
  readonly force?: true;
  readonly dump?: string;
}

/** Whole numbers from `min`, joined by commas. */
const parseNumbers =
  (min: number) =>
  (text: string): readonly number[] =>
    text.split(',').map((word) => {
      const number = Number(word);
      if (!/^[0-9]+$/.test(word) || !Number.isSafeInteger(number) || number < min)
        throw new InvalidArgumentError(
          `Expected whole numbers from ${String(min)}, joined by commas.`,
        );
      return number;
    });

function parseDeviceSize(text: string): number {
  const size = parseSize(text);
  if (size === undefined || size === 0) throw new InvalidArgumentError(`Expected ${SIZE_FORM}.`);
  return size;
}

function parseEcc(text: string): EccShape {
  const match = /^([1-9][0-9]*)\/([1-9][0-9]*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected bits/bytes, e.g. 4/512.');
  return { strength: Number(match[1]), stepSize: Number(match[2]) };
}

/** `axfs flash`. */
export function addFlash(program: Command, host: Host): void {
  const flash = program
    .command('flash')
    .description('Flashes images onto simulated devices, and shows what is known of flash parts.');
  addWrite(flash, host);
  addParts(flash, host);
  addShow(flash, host);
  addBench(flash, host);
}

function addWrite(flash: Command, host: Host): void {
  const command = flash
    .command('write')
    .description('Flashes an image: what is erased, programmed and worn, and how long it takes.')
    .argument('<image>', 'image file, of any kind');
  addPartOptions(command)
    .addOption(
      new Option('--size <size>', 'size of the device (default: the smallest that fits)').argParser(
        parseDeviceSize,
      ),
    )
    .option('--over <file>', 'what the device holds before (default: it is blank)')
    .option('--faults <plan>', 'faults of the device, as JSON')
    .addOption(
      new Option(
        '--power-loss <numbers>',
        'lose power during these programs and erases, counted from 1',
      ).argParser(parseNumbers(1)),
    )
    .addOption(
      new Option('--bad-blocks <numbers>', 'NAND blocks bad from the factory').argParser(
        parseNumbers(0),
      ),
    )
    .addOption(
      new Option(
        '--ecc <bits/bytes>',
        "bits that ECC puts right in a step (default: the part's, if sourced)",
      ).argParser(parseEcc),
    )
    .option('--force', 'write blocks that hold the right bytes, too')
    .option(
      '--dump <file>',
      'write what is in the cells then, from the start to the end of the image',
    )
    .option('--json', 'as JSON: exact numbers')
    .addHelpText('after', WRITE_HELP)
    .action((image: string, options: WriteOptions) => write(host, image, options));
}

function addParts(flash: Command, host: Host): void {
  flash
    .command('parts')
    .description('Lists the flash parts that are known by name.')
    .option('--json', 'as JSON: exact numbers')
    .action(({ json }: JsonOption) => {
      const parts = Object.values(MTD_PARTS).map(partSummary);
      host.terminal.out(json === true ? jsonText(parts) : partsText(parts));
    });
}

const PART_ARGUMENT = ['<part>', 'name of a part, or a file that ends in .json'] as const;

function addShow(flash: Command, host: Host): void {
  flash
    .command('show')
    .description('Shows every row of a flash part with its source.')
    .argument(...PART_ARGUMENT)
    .option('--json', 'as JSON: exact numbers')
    .addHelpText('after', '\nExample:\n  $ axfs flash show p30\n')
    .action((name: string, { json }: JsonOption) => {
      const part = partOf(host, name);
      const { title, type, bus, mapped } = part;
      host.terminal.out(
        json === true
          ? jsonText({ name: part.name, title, type, bus, mapped, rows: shownRows(part) })
          : partText(part),
      );
    });
}

function addBench(flash: Command, host: Host): void {
  flash
    .command('bench')
    .description('Plays reads, programs and erases on a flash part, and prices them.')
    .argument(...PART_ARGUMENT)
    .option('--svg <file>', 'write a bar chart, too')
    .option('--json', 'as JSON: exact numbers')
    .addHelpText('after', BENCH_HELP)
    .action((name: string, { svg, json }: JsonOption & { readonly svg?: string }) => {
      const part = partOf(host, name);
      const results = benchPart(part);
      if (svg !== undefined) {
        const chart = barChart(`${part.name}: ${part.title}`, benchBars(results));
        writeFile(host, svg, [new TextEncoder().encode(chart)]);
      }
      host.terminal.out(
        json === true
          ? jsonText({ part: part.name, operations: results })
          : benchText(part, results),
      );
    });
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** A part by name, or from a file. */
function partOf(host: Host, name: string): MtdPart {
  if (!name.endsWith('.json')) return partNamed(name);
  const { text, name: fileName } = readText(host, name);
  return parsePart(text, fileName);
}

/** Writes a file that appears when it is complete. */
function writeFile(host: Host, path: string, pieces: Iterable<Uint8Array>): void {
  const file = host.files.create(fromText(path));
  try {
    for (const piece of pieces) file.write(piece);
    file.commit();
  } finally {
    file.discard();
  }
}

/** A file's bytes, read piece by piece. */
const contentsOf = (device: MtdDevice): FlashContents => ({
  size: device.info.size,
  view: (offset, length) => {
    const bytes = new Uint8Array(length);
    device.read(offset, bytes);
    return bytes;
  },
});

function planOf(host: Host, { faults, powerLoss = [], badBlocks = [] }: WriteOptions): FaultPlan {
  let plan: FaultPlan = { seed: 0, faults: [] };
  if (faults !== undefined) {
    const { text, name } = readText(host, faults);
    plan = parseFaultPlan(text, name);
  }
  const added: FlashFault[] = [
    ...powerLoss.map((nth): FlashFault => ({ kind: 'power_loss', nth })),
    ...badBlocks.map((block): FlashFault => ({ kind: 'bad_block', block, origin: 'factory' })),
  ];
  return { seed: plan.seed, faults: [...plan.faults, ...added] };
}

async function write(host: Host, image: string, options: WriteOptions): Promise<void> {
  const part = partMeant(host, options);
  const plan = planOf(host, options);
  const { size, over, ecc, force = false } = options;
  // The second file is what the device holds.
  const files = over === undefined ? { image } : { image, secondDevice: over };
  await withImageDevices(host, files, ({ device, second }) => {
    const done = flashImage({
      part,
      image: contentsOf(device),
      plan,
      force,
      ...(size === undefined ? {} : { size }),
      ...(ecc === undefined ? {} : { ecc }),
      ...(second === undefined ? {} : { held: contentsOf(second) }),
    });
    if (options.dump !== undefined) writeFile(host, options.dump, dumpOf(done));
    const names = { image: toPrintable(fromText(image)), part };
    host.terminal.out(options.json === true ? flashJson(names, done) : flashText(names, done));
  });
}

function* dumpOf({ report, view }: FlashedDevice): Generator<Uint8Array> {
  for (let at = 0; at < report.end; at += DUMP_PIECE)
    yield view(at, Math.min(DUMP_PIECE, report.end - at));
}
