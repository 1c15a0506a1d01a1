/**
 * The command line of `axfs params`: every number that prices rest on, with its source.
 *
 * @module
 */
import { Option } from 'commander';
import type { Command } from 'commander';
import { AxfsError } from '../base/errno.ts';
import { MACHINE_NAMES, allMachines, machineNamed, machineRows } from '../compare/machines.ts';
import type { NamedMachine } from '../compare/machines.ts';
import { parseSetting, withOverrides } from '../compare/overrides.ts';
import type { Setting } from '../compare/overrides.ts';
import { inflateDisagreements } from '../cost/inflate-rates.ts';
import type { Host } from '../host/host.ts';
import { machineText, machinesJson } from '../report/parameters.ts';
import type { ShownMachine } from '../report/parameters.ts';
import { UsageError } from './exit.ts';

const HELP = `
Machines: ${MACHINE_NAMES.join(', ')}

A row is measured, derived from rows that were, or assumed. What follows from others
cannot be set; switches are 0 or 1; bytes may have K, M or G.

Examples:
  $ axfs params
  $ axfs params --machine rza1
  $ axfs params --machine phone-2008 --set cpu.clock=400 --set ram.size=16M --json
`;

interface ParamsOptions {
  readonly machine?: string;
  readonly set: readonly string[];
  readonly json?: true;
}

/** Collects an option that may be given several times. */
export const repeated = (text: string, before: readonly string[]): readonly string[] => [
  ...before,
  text,
];

/** `axfs params`. */
export function addParams(program: Command, host: Host): void {
  program
    .command('params')
    .description('Prints every parameter of a machine, with unit, standing and source.')
    .option('--machine <name>', 'one machine (default: all)')
    .addOption(
      new Option('--set <name=value>', 'another value for a number; may be repeated')
        .argParser(repeated)
        .default([], 'none'),
    )
    .option('--json', 'as JSON: exact numbers')
    .addHelpText('after', HELP)
    .action((options: ParamsOptions) => {
      const machines = shownMachines(options);
      host.terminal.out(
        options.json === true ? machinesJson(machines) : machines.map(machineText).join('\n'),
      );
    });
}

/**
 * Numbers set by `--set`, on a machine.
 *
 * @throws UsageError as {@link withOverrides} says.
 */
export function machineWith<Machine extends Parameters<typeof withOverrides>[0]>(
  machine: Machine,
  texts: readonly string[],
): Machine {
  return asUsage(() => {
    const settings: readonly Setting[] = texts.map(parseSetting);
    return withOverrides(machine, settings);
  });
}

/** A machine by name. @throws UsageError naming the known ones and the nearest. */
export const namedMachine = (name: string): NamedMachine => asUsage(() => machineNamed(name));

/** What is wrong with the words of a command line. */
function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AxfsError) throw new UsageError(error.message);
    throw error;
  }
}

function shownMachines({ machine, set }: ParamsOptions): readonly ShownMachine[] {
  if (machine === undefined && set.length > 0)
    throw new UsageError(`--set needs --machine, one of ${MACHINE_NAMES.join(', ')}`);
  const machines: readonly NamedMachine[] =
    machine === undefined ? allMachines() : [namedMachine(machine)];
  return machines.map((one) => {
    const changed = machineWith(one, set);
    return {
      name: changed.name,
      title: changed.title,
      rows: machineRows(changed),
      inflate: inflateDisagreements(changed.cpu),
    };
  });
}
