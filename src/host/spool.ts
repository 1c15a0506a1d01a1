/**
 * Input that comes once and in order, made readable at any position: standard input, gzip streams, and the
 * temporary files that they are kept in.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { fromText } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { Spool } from './host.ts';
import { attempt } from './world-error.ts';

const STDIN = 0;
const STDIN_NAME = fromText('standard input');
/** Pause before a pipe that had nothing to say is asked again, milliseconds. */
const RETRY_MS = 5;

const readPipe = promisify(fs.read);

/**
 * Reads standard input until `into` is full or the input ends; says how many bytes there were. A thread waits
 * for them, so that signals are noticed meanwhile.
 */
export async function readStandardInput(into: Uint8Array): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const got = await readSome(into.subarray(done));
    if (got === 0) break;
    done += got;
  }
  return done;
}

async function readSome(into: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return (await readPipe(STDIN, into, 0, into.length, null)).bytesRead;
    } catch (error) {
      // Someone made the pipe non-blocking, and it is empty just now.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') await setTimeout(RETRY_MS);
      else
        attempt('read', STDIN_NAME, () => {
          throw error;
        });
    }
  }
}

/**
 * A temporary file in the directory for such files (TMPDIR). It loses its name as soon as it is open, so that
 * nothing is left of it however this process ends.
 */
export function createSpool(): Spool {
  const directory = tmpdir();
  const path = join(directory, `.axfs-${randomUUID()}.tmp`);
  const name = fromText(`a temporary file in ${directory}`);
  const descriptor = attempt('create', name, () => {
    const opened = fs.openSync(path, 'wx+', 0o600);
    fs.unlinkSync(path);
    return opened;
  });
  let size = 0;
  let isOpen = true;
  return {
    get size() {
      return size;
    },
    append(bytes) {
      for (let done = 0; done < bytes.length;) {
        const at = size;
        const wrote = attempt('write', name, () =>
          fs.writeSync(descriptor, bytes, done, bytes.length - done, at),
        );
        done += wrote;
        size += wrote;
      }
    },
    readAt(into, position) {
      let done = 0;
      while (done < into.length) {
        const got = attempt('read', name, () =>
          fs.readSync(descriptor, into, done, into.length - done, position + done),
        );
        if (got === 0) break;
        done += got;
      }
      return done;
    },
    close() {
      if (isOpen) fs.closeSync(descriptor);
      isOpen = false;
    },
  };
}

/** What zlib says of bytes behind a member that do not begin another. */
const NO_HEADER = 'incorrect header check';

/**
 * Expands what begins as a gzip stream, of one member or several, piece by piece. Zeros behind it are padding.
 *
 * @throws AxfsError EIO `NAME: …` when the stream is damaged, ends early or is followed by something else; what
 * `input` and `output` throw.
 */
export async function gunzipStream(
  input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  output: (bytes: Uint8Array) => void,
  name: string,
): Promise<void> {
  try {
    await pipeline(
      Readable.from(input),
      createGunzip(),
      async (expanded: AsyncIterable<Uint8Array>) => {
        for await (const piece of expanded) output(piece);
      },
    );
  } catch (error) {
    if (error instanceof AxfsError) throw error;
    const { message } = error as Error;
    throw new AxfsError(
      'EIO',
      message === NO_HEADER
        ? `${name}: more bytes follow its gzip stream, expected none or another gzip stream`
        : `${name}: cannot expand it: ${message}, expected a gzip stream`,
    );
  }
}
