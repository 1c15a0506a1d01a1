/**
 * What the operating system refuses, as AxfsError with one line that names the path.
 *
 * @module
 */
import { getSystemErrorMap } from 'node:util';
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError, ERRNO } from '../base/errno.ts';
import type { Errno } from '../base/errno.ts';

/** Name and sentence of the errno that a Node error carries. */
function errnoOf(error: unknown): { code: string; text: string } {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return { code: code ?? 'EIO', text: known?.[1] ?? message };
}

/** `cannot open etc/shadow: permission denied (EACCES)`. */
function worldError(verb: string, path: ByteString, error: unknown): AxfsError {
  const { code, text } = errnoOf(error);
  const [line = ''] = text.split('\n');
  return new AxfsError(
    Object.hasOwn(ERRNO, code) ? (code as Errno) : 'EIO',
    `cannot ${verb} ${toPrintable(path)}: ${line} (${code})`,
  );
}

/**
 * Does `call`; what it throws comes out as AxfsError: `cannot VERB PATH: why (ERRNO)`. Errno names that the
 * project has no use for become EIO.
 */
export function attempt<T>(verb: string, path: ByteString, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof AxfsError ? error : worldError(verb, path, error);
  }
}
