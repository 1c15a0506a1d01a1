/**
 * How commands end. Exit codes are the original builder's (builder description, section 1.2), and every
 * failure of the world is one line `PROGRAM: message` on standard error.
 *
 * @module
 */
import { Command, CommanderError } from 'commander';
import { AxfsError } from '../base/errno.ts';
import { ClosedOutputError } from '../host/closed-output.ts';
import type { Host } from '../host/host.ts';

/** Exit codes of all commands. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** Done; what was compared is different (diff(1)'s code). */
  different: 1,
  /** A file, an image or a device is at fault. */
  failed: 8,
  /** The command line is at fault. */
  usage: 16,
  /** A bug in this program (sysexits.h: EX_SOFTWARE). */
  internal: 70,
  /** The reader of standard output went away: as a shell says it of a program that SIGPIPE ends. */
  cutOff: 141,
} as const;

/** For help texts. */
export const EXIT_HELP = `Exit codes:
  ${String(EXIT.ok)}   done
  ${String(EXIT.failed)}   a file, an image or a device is at fault
  ${String(EXIT.usage)}  the command line is at fault
  ${String(EXIT.internal)}  a bug in this program`;

/** A command has said everything, and ends with a code of its own. */
export class ExitWith extends Error {
  override readonly name = 'ExitWith';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${String(exitCode)}`);
    this.exitCode = exitCode;
  }
}

/** The command line asks for something that cannot be. `message` is one line naming the option. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * A commander command that writes to the host's terminal, words its errors as `PROGRAM: message`, and throws
 * instead of ending the process.
 */
export function makeCommand(program: string, host: Host): Command {
  const { terminal } = host;
  return new Command(program)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.err(text);
      },
      outputError: (text, write) => {
        write(`${program}: ${oneLine(text.replace(/^error: /, ''))}\n`);
      },
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => terminal.color,
      getErrHasColors: () => false,
    })
    .version(host.version, '--version', 'print the version and exit')
    .helpOption('-h, --help', 'print this help and exit');
}

/** Runs a command's body and turns how it ended into an exit code, with its one line for people. */
export async function runCommand(
  program: string,
  host: Host,
  body: () => Promise<number>,
): Promise<number> {
  try {
    return await body();
  } catch (error) {
    return explain(program, host, error);
  }
}

function explain(program: string, host: Host, error: unknown): number {
  // commander has printed its message already; help and version end this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof ExitWith) return error.exitCode;
  // No verdict: what the command had to say was not heard.
  if (error instanceof ClosedOutputError) return EXIT.cutOff;
  const known =
    error instanceof UsageError ? EXIT.usage : error instanceof AxfsError ? EXIT.failed : undefined;
  if (known !== undefined && error instanceof Error) {
    host.terminal.err(`${program}: ${oneLine(error.message)}\n`);
    return known;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.terminal.err(`${program}: internal error, please report it: ${stack}\n`);
  return EXIT.internal;
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');
