/**
 * `axfs lab`: runs scripts about memory on simulated kernels.
 *
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { Host } from '../host/host.ts';
import { COMMANDS } from '../lab/commands.ts';
import { SUBJECTS } from '../lab/expect.ts';
import { failureLines, runJson, runText, sideBySideText } from '../lab/report.ts';
import { kernelsOf, labKernel, runScript } from '../lab/run.ts';
import type { LabRun } from '../lab/run.ts';
import { SETUP_COMMANDS } from '../lab/setup-commands.ts';
import { VIEWS } from '../lab/show.ts';
import { parseScript } from '../lab/syntax.ts';
import type { Script } from '../lab/syntax.ts';
import { KERNELS, isKernelName } from '../mm/kernel.ts';
import type { KernelName } from '../mm/kernel.ts';
import { EXIT, ExitWith } from './exit.ts';

/** An expectation of a script does not hold. */
const EXIT_NOT_SO = 1;

interface LabOptions {
  readonly preset?: readonly KernelName[];
  readonly debugVm?: true;
  readonly json?: true;
  readonly quiet?: true;
}

const usages = (rows: Readonly<Record<string, { usage: string; summary: string }>>): string =>
  Object.values(rows)
    .map(({ usage, summary }) => `  ${usage}\n      ${summary}`)
    .join('\n');

const HELP = `
A script is lines: [KERNELS] [TASK:] COMMAND WORD … NAME=VALUE …; # starts a comment, and the first comment
says what the script shows. PLACE is a mapping's page: v[3], v[3]+16, or an address. KERNELS: names, >=4.9,
<3.7, arm, x86, sp, nsp (with and without the special bit), debug, nodebug.

First lines:
  presets NAME …
      kernels that the script is for (all)
  debug-vm
      with CONFIG_DEBUG_VM
  proposal NAME
      with rules that were proposed and lost
${usages(SETUP_COMMANDS)}
Then:
  task NAME
      a new task; the first is main
  device NAME KIND [OPTION=VALUE …]
      a driver's file
${Object.entries(COMMANDS)
  .map(
    ([subject, rows]) => `${subject[0]?.toUpperCase() ?? ''}${subject.slice(1)}:\n${usages(rows)}`,
  )
  .join('\n')}
Checks:
${usages(SUBJECTS)}
Views:
${Object.entries(VIEWS)
  .map(([name, { summary }]) => `  show ${name}\n      ${summary}`)
  .join('\n')}

Exit codes of this command:
  ${String(EXIT.ok)}   everything is as expected
  ${String(EXIT_NOT_SO)}   something is not
  ${String(EXIT.failed)}   a script is at fault, or cannot be read
  ${String(EXIT.usage)}  the command line is at fault

Examples:
  $ axfs lab images/lab/thread/S08-three-kinds-of-page.lab     every kernel, side by side
  $ axfs lab --preset 4.9-arm images/lab/thread/S15-*.lab      one, step by step
  $ axfs lab --preset 2.6.28-arm,6.12-x86 --json my.lab        the state after every step
`;

function parsePresets(text: string): readonly KernelName[] {
  return text.split(',').map((name) => {
    if (!isKernelName(name))
      throw new InvalidArgumentError(`Expected one of ${Object.keys(KERNELS).join(', ')}.`);
    return name;
  });
}

/** `axfs lab`. */
export function addLab(program: Command, host: Host): void {
  program
    .command('lab')
    .description('Runs scripts about memory on simulated kernels, and checks what they expect.')
    .argument('<script...>', 'script files')
    .addOption(
      new Option(
        '--preset <names>',
        'kernels, joined by commas (default: those of the script)',
      ).argParser(parsePresets),
    )
    .option('--debug-vm', 'with CONFIG_DEBUG_VM')
    .option('-q, --quiet', 'only what is not as expected')
    .option('--json', 'as JSON: an array of runs, with the state after every step')
    .addHelpText('after', HELP)
    .action(async (scripts: readonly string[], options: LabOptions) => {
      const runs: (readonly LabRun[])[] = [];
      for (const path of scripts) {
        const script = readScript(host, path);
        runs.push(await runOn(host, script, options));
      }
      host.terminal.out(textOf(runs, options));
      if (runs.flat().some(({ failed }) => failed > 0)) throw new ExitWith(EXIT_NOT_SO);
    });
}

function readScript(host: Host, path: string): Script {
  const bytes = host.files.readFile(fromText(path));
  return parseScript(new TextDecoder().decode(bytes), toPrintable(fromText(path)));
}

/** Runs a script on the kernels that options or script name; those that a named kernel is not for are left out. */
async function runOn(
  host: Host,
  script: Script,
  { preset, debugVm, json }: LabOptions,
): Promise<readonly LabRun[]> {
  const kernels = kernelsOf(script);
  const runs: LabRun[] = [];
  for (const name of preset ?? kernels.presets) {
    if (!kernels.presets.includes(name)) continue;
    runs.push(
      await runScript(
        script,
        labKernel(name, { ...kernels, debugVm: debugVm ?? kernels.debugVm }),
        {
          readFile: (file) => host.files.readFile(fromText(file)),
          states: json === true,
        },
      ),
    );
  }
  return runs;
}

function textOf(runs: readonly (readonly LabRun[])[], { json, quiet }: LabOptions): string {
  if (json === true) return `${JSON.stringify(runs.flat().map(runJson), null, 2)}\n`;
  if (quiet === true)
    return runs
      .flat()
      .flatMap(failureLines)
      .map((line) => `${line}\n`)
      .join('');
  return runs
    .map((ofScript) => {
      const [only, ...more] = ofScript;
      if (only === undefined) return 'The script is not for these kernels.\n';
      return more.length === 0 ? runText(only) : sideBySideText(ofScript);
    })
    .join('\n');
}
