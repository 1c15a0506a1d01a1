/**
 * Standard output and standard error of this process, written at once: a failed write is an error of the
 * command that made it, and nothing is left to flush when the process ends.
 *
 * @module
 */
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { AxfsError } from '../base/errno.ts';
import { ClosedOutputError } from './closed-output.ts';
import type { Terminal } from './host.ts';

const DEFAULT_COLUMNS = 80;
const STDOUT = 1;
const STDERR = 2;
/** Pause before writing again to a pipe or terminal that is full, milliseconds. */
const FULL_PAUSE_MS = 5;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of `bytes`; a reader that is slow is waited for. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, FULL_PAUSE_MS);
    }
  }
}

/** The terminal of this process. */
export function createTerminal(): Terminal {
  const { env } = process;
  return {
    out(data) {
      try {
        writeAll(STDOUT, typeof data === 'string' ? Buffer.from(data) : data);
      } catch (error) {
        const { code = 'EIO', message } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE') throw new ClosedOutputError();
        const known = code === 'ENOSPC' || code === 'EFBIG' ? code : 'EIO';
        throw new AxfsError(known, `cannot write standard output: ${message}`);
      }
    },
    err(text) {
      try {
        writeAll(STDERR, Buffer.from(text));
      } catch {
        // Without standard error there is nowhere left to say so.
      }
    },
    outIsTty: isatty(STDOUT),
    errIsTty: isatty(STDERR),
    get columns() {
      // Asked for only when something is drawn: it opens the terminal as a stream.
      const { stdout, stderr } = process;
      const screen = isatty(STDERR) ? stderr : isatty(STDOUT) ? stdout : undefined;
      return screen?.columns ?? DEFAULT_COLUMNS;
    },
    color: isatty(STDOUT) && (env['NO_COLOR'] ?? '') === '',
  };
}
