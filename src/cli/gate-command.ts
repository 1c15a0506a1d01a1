/**
 * The command line of `axfs gate`.
 *
 * @module
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { machinePrices } from '../compare/evaluate.ts';
import type { MachineSpec } from '../compare/evaluate.ts';
import { gate } from '../compare/gate.ts';
import { CPU_NAMES } from '../cost/params.ts';
import { FAULT_ROUTES } from '../fs/file.ts';
import { parseBudgets } from '../gate/budget-file.ts';
import type { BudgetFile, MachineField } from '../gate/budget-file.ts';
import type { Host } from '../host/host.ts';
import { gateAnnotations, gateJson, gateText } from '../report/gate.ts';
import type { GateReport } from '../report/gate.ts';
import { parsePartName } from './compare-options.ts';
import { EXIT, ExitWith, UsageError } from './exit.ts';
import { SECOND_DEVICE, withImageFile } from './image-file.ts';
import type { SecondOption } from './image-file.ts';
import { parseCache, parseRam } from './machine-options.ts';
import { startProgress } from './progress.ts';
import { addRunOptions, imageToRun, machineOf, readTrace } from './run-options.ts';
import type { RunOptions } from './run-options.ts';

interface GateOptions extends SecondOption, RunOptions {
  readonly image?: string;
  readonly trace?: string;
  readonly github?: true;
  readonly all?: true;
  readonly json?: true;
}

const HELP = `
Examples:
  $ axfs gate budget.json
  $ axfs gate budget.json --image rootfs.axfs --trace boot.csv --part qspi-133
  $ axfs gate budget.json --github                 as annotations of a workflow run
  $ axfs gate budget.json --all                    every metric, to write budgets from

A budget file is JSON; options stand for what it says, and its paths begin at its folder:
  {
    "image": "rootfs.axfs",
    "trace": "boot.csv",
    "machine": { "part": "p30", "cpu": "arm926-200", "ram": "32M", "cache": "16K,4" },
    "phases": { "launch": { "processes": [101, 102], "epochs": [0, 3] } },
    "budgets": ["flash <= 16MiB", "ram.peak <= 6MiB", "launch.ms <= 400", "xip.coldPages == 0"]
  }
A budget is a metric, one of <= < >= > == != and a limit: sizes with B, KiB, MiB or GiB,
times in milliseconds or with ns, us, ms, s, counts as they are. Metrics that begin with
process.PID or the name of a phase are of its lines alone: process.101.fills.

Exit codes: ${String(EXIT.ok)} all budgets hold, ${String(EXIT.different)} some are broken; ${String(EXIT.failed)} and ${String(EXIT.usage)} as in every command.
`;

/** `axfs gate`. */
export function addGate(program: Command, host: Host): void {
  const command = program
    .command('gate')
    .description('Holds an image to its budgets of flash, RAM, faults and time.')
    .argument('<budgets>', 'budget file')
    .option('--image <file>', 'image file')
    .option('--trace <file>', 'page-touch trace to replay');
  addRunOptions(command)
    .option(...SECOND_DEVICE)
    .option('--all', 'every metric, too')
    .option('--github', 'broken budgets as annotations of a GitHub workflow run')
    .option('--json', 'as JSON: exact numbers, times in ns, every metric')
    .addHelpText('after', HELP)
    .action((path: string, options: GateOptions) => runGate(host, path, options));
}

async function runGate(host: Host, path: string, options: GateOptions): Promise<void> {
  const bytePath = fromText(path);
  const text = new TextDecoder().decode(host.files.readFile(bytePath));
  const budgets = parseBudgets(text, toPrintable(bytePath));
  const machine = machineOf(host, { ...machineIn(budgets, options), ...options });
  const wanted = (option: 'image' | 'trace'): string => {
    const found = options[option] ?? besideOf(path, budgets[option]);
    if (found === undefined)
      throw new UsageError(`option --${option} is missing, and ${budgets.name} names no ${option}`);
    return found;
  };
  const image = wanted('image');
  // An image from the command line is another one: the file's second device is not its.
  const secondDevice =
    options.secondDevice ??
    (options.image === undefined ? besideOf(path, budgets.secondDevice) : undefined);
  const trace = readTrace(host, wanted('trace'));
  const report = await withImageFile(host, { image, secondDevice }, (volume): GateReport => {
    const progress = startProgress(host, 'running', true);
    try {
      const result = gate({
        ...{ budgets, volume, trace, machine },
        image: imageToRun(volume, machine),
        prices: machinePrices(machine),
        inflater: volume.image.inflater,
        onProgress: (done, total) => {
          progress.update(done, total);
        },
      });
      return { ...namesOf(budgets, volume.name, trace.name, machine), ...result };
    } finally {
      progress.end();
    }
  });
  const { terminal } = host;
  if (options.json === true) terminal.out(gateJson(report));
  else terminal.out(gateText(report, { color: terminal.color, all: options.all === true }));
  // What a workflow run reads may stand anywhere in its log; JSON stays JSON.
  if (options.github === true) {
    const annotations = gateAnnotations(report);
    if (options.json === true) terminal.err(annotations);
    else terminal.out(annotations);
  }
  if (report.verdicts.some(({ holds }) => !holds)) throw new ExitWith(EXIT.different);
}

const namesOf = (
  { name }: BudgetFile,
  image: string,
  trace: string,
  { part, cpu }: MachineSpec,
): Omit<GateReport, 'verdicts' | 'measurements'> => ({
  ...{ budgets: name, image, trace },
  part: part.name,
  cpu: cpu.name,
});

/** A path as it stands in the file at `file`: from its folder. */
function besideOf(file: string, path: string | undefined): string | undefined {
  if (path === undefined || path.startsWith('/')) return path;
  return file.slice(0, file.lastIndexOf('/') + 1) + path;
}

const oneOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T => {
    const found = known.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`Expected one of ${known.join(', ')}.`);
    return found;
  };

/** Fields of `machine`, read as the options of their names. */
const MACHINE_PARSERS = {
  part: parsePartName,
  secondPart: parsePartName,
  cpu: oneOf(CPU_NAMES),
  ram: (text: string) => parseRam(text.replace(/([KMG])iB$/, '$1')),
  cache: parseCache,
  faultRoute: oneOf(FAULT_ROUTES),
} as const satisfies Record<MachineField, (text: string) => unknown>;

/** The machine of a budget file, but for its part where the command line names a part's file. */
function machineIn({ name, machine }: BudgetFile, { partFile }: GateOptions): RunOptions {
  return Object.fromEntries(
    Object.entries(machine)
      .filter(([field]) => field !== 'part' || partFile === undefined)
      .map(([field, text]) => {
        try {
          return [field, MACHINE_PARSERS[field as MachineField](text)];
        } catch (error) {
          if (!(error instanceof InvalidArgumentError)) throw error;
          throw new AxfsError(
            'EINVAL',
            `${name}: machine.${field} is ${JSON.stringify(text)}: ${error.message}`,
          );
        }
      }),
  );
}
