/**
 * Runs a command as this process: its arguments byte for byte, its exit code, its end.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { fromBytes, toText } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
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
 * Runs `command` and ends the process with its exit code. The end is explicit: leaving it to an empty event
 * loop can hang in V8's concurrent compiler (nodejs/node#54918). Output is written at once, so none is lost.
 */
export async function runProgram(
  command: (argv: readonly string[], host: Host) => Promise<number>,
): Promise<never> {
  process.exit(await command(programArguments(), createNodeHost()));
}
