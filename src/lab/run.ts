/**
 * Runs a script on a kernel: set-up, operations in the order of their lines, and what each of them did.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { DRIVERS } from '../drivers/drivers.ts';
import type { Driver, DriverKind } from '../drivers/driver.ts';
import { KERNELS, isKernelName } from '../mm/kernel.ts';
import type { KernelName, KernelPreset } from '../mm/kernel.ts';
import { KernelBug, SignalError } from '../mm/kernel-bug.ts';
import type { MmStruct } from '../mm/mm.ts';
import { PROPOSALS, withProposal } from '../mm/proposals.ts';
import type { ProposalName } from '../mm/proposals.ts';
import { asTask } from '../mm/task.ts';
import { Arguments } from './arguments.ts';
import { commandNames, commandOf } from './commands.ts';
import type { DeedResult } from './command.ts';
import { checkExpectation } from './expect.ts';
import type { Difference } from './expect.ts';
import { isSelected } from './selector.ts';
import type { LabKernel } from './selector.ts';
import { defaultSetup, startMachine } from './setup.ts';
import { SETUP_COMMANDS } from './setup-commands.ts';
import type { ReadHostFile } from './setup-commands.ts';
import { showView } from './show.ts';
import { worldState } from './state.ts';
import type { WorldState } from './state.ts';
import { ColumnError, LabError } from './syntax.ts';
import type { Script, Statement, Word } from './syntax.ts';
import { readChoice, readName } from './values.ts';
import { LabWorld } from './world.ts';
import type { Outcome } from './world.ts';

/** One statement that ran. */
export interface Step {
  readonly statement: Statement;
  /** Of an operation. */
  readonly outcome?: Outcome;
  /** Of `show`. */
  readonly text?: string;
  /** Of `expect`: what is not as written. */
  readonly differences?: readonly Difference[];
  /** Everything that can be seen, if it was asked for. */
  readonly state?: WorldState;
}

/** A run of a script on one kernel. */
export interface LabRun {
  readonly script: Script;
  readonly kernel: LabKernel;
  readonly steps: readonly Step[];
  /** Expectations that held, and that did not. */
  readonly passed: number;
  readonly failed: number;
  /** The world as the script left it. */
  readonly world: LabWorld;
}

/** How to run. */
export interface RunOptions {
  readonly readFile: ReadHostFile;
  /** Keep the state after every step. */
  readonly states?: boolean;
  /** Called after every operation; tests recount the world there. */
  readonly afterStep?: (world: LabWorld) => void;
}

/** What a script's first statements say about kernels. */
export interface ScriptKernels {
  readonly presets: readonly KernelName[];
  readonly debugVm: boolean;
  readonly proposal: ProposalName | undefined;
}

const ALL_PRESETS = Object.keys(KERNELS) as readonly KernelName[];
const PREAMBLE = ['presets', 'debug-vm', 'proposal'] as const;

/** Runs `body`; a mistake in it gets script and line. */
function inStatement<T>(script: Script, statement: Statement, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw placed(script, statement, error);
  }
}

function placed(script: Script, statement: Statement, error: unknown): unknown {
  const { line, command } = statement;
  if (error instanceof ColumnError)
    return new LabError(script.name, { line, column: error.column }, error.message);
  if (error instanceof AxfsError && !(error instanceof LabError))
    return new LabError(script.name, { line, column: command.column }, error.message);
  return error;
}

/**
 * The kernels that a script is for: those of its line `presets`, else all.
 *
 * @throws LabError
 */
export function kernelsOf(script: Script): ScriptKernels {
  let presets: readonly KernelName[] = ALL_PRESETS;
  let debugVm = false;
  let proposal: ProposalName | undefined;
  for (const statement of script.statements)
    inStatement(script, statement, () => {
      const { command, words } = statement;
      if (command.text === 'presets') presets = words.map(readPreset);
      else if (command.text === 'debug-vm') debugVm = true;
      else if (command.text === 'proposal')
        proposal = readChoice(
          new Arguments(statement, 'proposal NAME').next('a proposal'),
          Object.keys(PROPOSALS) as ProposalName[],
        );
    });
  return { presets, debugVm, proposal };
}

/** @throws ColumnError */
export function readPreset(word: Word): KernelName {
  if (isKernelName(word.text)) return word.text;
  throw new ColumnError(
    word.column,
    `'${word.text}' is no kernel, expected ${ALL_PRESETS.join(', ')}`,
  );
}

/** The kernel of a run: a preset as the script changes it. */
export function labKernel(name: KernelName, { debugVm, proposal }: ScriptKernels): LabKernel {
  const preset: KernelPreset = KERNELS[name];
  return { preset: proposal === undefined ? preset : withProposal(preset, proposal), debugVm };
}

/**
 * Runs a script on a kernel, from an empty world.
 *
 * @throws LabError for a mistake in the script. What the simulated kernel does wrong is no mistake: it is in
 * the steps.
 */
export async function runScript(
  script: Script,
  kernel: LabKernel,
  options: RunOptions,
): Promise<LabRun> {
  const selected = script.statements.filter((statement) =>
    inStatement(script, statement, () => isSelected(statement.selectors, kernel)),
  );
  const firstOperation = selected.findIndex(
    (statement) => !isSetupStatement(statement) && !isPreamble(statement),
  );
  const head = firstOperation < 0 ? selected : selected.slice(0, firstOperation);
  const body = firstOperation < 0 ? [] : selected.slice(firstOperation);
  const setup = defaultSetup();
  for (const statement of head)
    if (!isPreamble(statement))
      inStatement(script, statement, () => {
        const command = SETUP_COMMANDS[statement.command.text as keyof typeof SETUP_COMMANDS];
        const args = new Arguments(statement, command.usage);
        command.apply(args, setup, options.readFile);
        args.finish();
      });
  const [anchor] = [...head, ...script.statements];
  let world: LabWorld;
  try {
    world = new LabWorld(kernel, await startMachine(setup, kernel));
  } catch (error) {
    throw anchor === undefined ? error : placed(script, anchor, error);
  }
  const steps: Step[] = [];
  for (const statement of body) {
    const step = inStatement(script, statement, () => runStatement(statement, world));
    steps.push(options.states === true ? { ...step, state: worldState(world) } : step);
    options.afterStep?.(world);
  }
  const judged = steps.filter(({ differences }) => differences !== undefined);
  const failed = judged.filter(({ differences }) => differences?.length !== 0).length;
  return { script, kernel, steps, passed: judged.length - failed, failed, world };
}

const isPreamble = ({ command }: Statement): boolean =>
  (PREAMBLE as readonly string[]).includes(command.text);

/** `reclaim on` is set-up, `reclaim pages=1` an operation. */
function isSetupStatement({ command, settings }: Statement): boolean {
  if (!Object.hasOwn(SETUP_COMMANDS, command.text)) return false;
  return command.text !== 'reclaim' || settings.length === 0;
}

function runStatement(statement: Statement, world: LabWorld): Step {
  const mm = world.task(statement.task);
  switch (statement.command.text) {
    case 'expect':
      return {
        statement,
        differences: checkExpectation(new Arguments(statement, 'expect …'), world, mm),
      };
    case 'show':
      return { statement, text: showView(new Arguments(statement, 'show VIEW'), world, mm) };
    case 'task':
      return addTask(statement, world);
    case 'device':
      return addDevice(statement, world);
    default:
      return operate(statement, world, mm);
  }
}

const quiet = (statement: Statement): Step => ({ statement });

function addTask(statement: Statement, world: LabWorld): Step {
  const args = new Arguments(statement, 'task NAME');
  const word = args.next('a name');
  args.finish();
  const name = readName(word);
  if (world.tasks.has(name)) throw new ColumnError(word.column, `there is a task ${name} already`);
  world.addTask(name);
  return quiet(statement);
}

function addDevice(statement: Statement, world: LabWorld): Step {
  const args = new Arguments(statement, 'device NAME KIND [OPTION=VALUE …]');
  const word = args.next('a name');
  const name = readName(word);
  if (world.files.has(name)) throw new ColumnError(word.column, `there is a ${name} already`);
  const kindWord = args.next('a kind of device');
  const kinds: Readonly<Record<string, DriverKind>> = DRIVERS;
  const kind = kinds[readChoice(kindWord, Object.keys(kinds))];
  assert(kind !== undefined, () => `a kind that was chosen is there: ${kindWord.text}`);
  const texts = Object.fromEntries(args.settings().map(([key, { text }]) => [key, text]));
  args.finish();
  const path = { name: `/dev/${name}`, device: '00:05', ino: 100 + world.files.size };
  let driver: Driver;
  try {
    driver = kind.create(world.memory, path, texts);
  } catch (error) {
    // What a kernel does not have is a result: mapping the device says so again.
    if (!(error instanceof AxfsError) || error.code !== 'EOPNOTSUPP') throw error;
    world.last = { result: 'EOPNOTSUPP', minor: 0, major: 0, reports: [] };
    return { statement, outcome: world.last };
  }
  world.files.set(name, { file: driver, driver });
  return quiet(statement);
}

function operate(statement: Statement, world: LabWorld, mm: MmStruct): Step {
  const { command } = statement;
  const known = commandOf(command.text);
  if (known === undefined) throw unknownCommand(command);
  const args = new Arguments(statement, known.usage);
  const before = { minor: mm.minflt, major: mm.majflt, reports: world.reports.length };
  const deed = known.prepare(args, world, mm);
  args.finish();
  const result = outcomeOf(mm, deed);
  world.last = {
    minor: mm.minflt - before.minor,
    major: mm.majflt - before.major,
    reports: world.reports.slice(before.reports),
    ...result,
  };
  return { statement, outcome: world.last };
}

type Ending = Pick<Outcome, 'result'> & { readonly bug?: string };

/** What came of an operation: its result, an errno, a signal, or a BUG. */
function outcomeOf(mm: MmStruct, deed: () => DeedResult): Ending {
  if (mm.dead) return { result: 'dead' };
  if (mm.exited) return { result: 'exited' };
  try {
    const done = asTask(mm, deed);
    if (done.bug !== undefined) return { result: 'BUG', bug: done.bug.function };
    return { result: String(done.value) };
  } catch (error) {
    if (error instanceof SignalError)
      return { result: error.code === 'OOM' ? 'OOM' : error.signal };
    if (error instanceof AxfsError) return { result: error.code };
    if (error instanceof KernelBug) return { result: 'BUG', bug: error.function };
    throw error;
  }
}

function unknownCommand(command: Word): ColumnError {
  if (Object.hasOwn(SETUP_COMMANDS, command.text))
    return new ColumnError(
      command.column,
      `'${command.text}' belongs before the first operation, expected there`,
    );
  const names = [...commandNames(), 'expect', 'show', 'task', 'device'];
  return new ColumnError(
    command.column,
    `'${command.text}' is no command, expected ${names.join(', ')}`,
  );
}
