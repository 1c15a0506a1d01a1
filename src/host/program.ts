/**
 * Runs a command as this process: its arguments byte for byte, its exit code, its end.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fromBytes, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { EarlyThreads } from './early-threads.ts';
import type { Host } from './host.ts';
import { createNodeHost } from './node-host.ts';

/**
 * The arguments of this process. Node decodes them as UTF-8 and loses other bytes; where the system shows
 * them as they are (Linux), undecodable bytes come as surrogate escapes, which `fromText` turns back.
 */
export function programArguments(): readonly string[] {
  const decoded = process.argv.slice(2);
  if (!decoded.some((argument) => argument.includes('\ufffd'))) return decoded;
  try {
    const raw = fromBytes(readFileSync('/proc/self/cmdline')).split('\0').slice(0, -1);
    return raw.slice(raw.length - decoded.length).map((bytes) => toText(bytes as ByteString));
  } catch {
    return decoded;
  }
}

/**
 * Ends the process. V8 compiles what runs often in other threads, and these wait for the main thread when they
 * run out of heap; a process that waits for them to end in turn hangs (nodejs/node#54918), in one of five runs
 * at worst. After a collection they find room, and end. No other code may call `process.exit`.
 */
function endProcess(code: number): never {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (() => void) | undefined;
  collect?.();
  process.exit(code);
}

/**
 * Bytes of bytecode that a function runs before V8 compiles it for speed; V8 itself waits for 132 KiB. In a run
 * of a second or two compiling takes longer than what it saves, but for what really runs hot.
 */
const LATE_BUDGET = 3_000_000;

/** What a command runs with. */
export interface ProgramOptions {
  /** It is over soon, and other threads need the processors: V8 compiles later. */
  readonly compilesLate?: boolean;
  /** Threads that have started already. */
  readonly early?: EarlyThreads | undefined;
}

/**
 * Runs `command` and ends the process with its exit code, explicitly: an empty event loop may hang as well.
 * Output is written at once, so none is lost.
 */
export async function runProgram(
  command: (argv: readonly string[], host: Host) => Promise<number>,
  { compilesLate = false, early }: ProgramOptions = {},
): Promise<never> {
  if (compilesLate) setFlagsFromString(`--interrupt-budget=${String(LATE_BUDGET)}`);
  endProcess(await command(programArguments(), createNodeHost(early)));
}
