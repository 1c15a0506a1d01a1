/**
 * Archives in memory, for tests of the readers and writers.
 *
 * @module
 */
import type { ArchiveEntry, ArchiveInput } from '../../src/archive/entry.ts';
import { writeCpio } from '../../src/archive/cpio-write.ts';
import { writeTar } from '../../src/archive/tar-write.ts';
import { fromText } from '../../src/base/bytestring.ts';
import { AxfsError } from '../../src/base/errno.ts';

/** Bytes as an input called `a.tar`, or `name`. */
export const inputOf = (bytes: Uint8Array, name = 'a.tar'): ArchiveInput => ({
  name,
  size: bytes.length,
  readAt(into, position) {
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  },
});

/** An entry as plain data: content as Latin-1 text. */
export const plainEntry = (entry: ArchiveEntry): unknown =>
  entry.type === 'file'
    ? { ...entry, content: Buffer.concat([...entry.content.read()]).toString('latin1') }
    : entry;

/** The content of a file entry, read from within, in odd parts from its end to its start. */
export function contentBackwards(entry: ArchiveEntry): Buffer {
  if (entry.type !== 'file') throw new TypeError(`a file, not a ${entry.type}`);
  const { content } = entry;
  const whole = Buffer.alloc(content.size, 0xee);
  for (let end = content.size; end > 0; end -= 777)
    content.readAt?.(whole.subarray(Math.max(0, end - 777), end), Math.max(0, end - 777));
  return whole;
}

/** Content from text or bytes. */
export const archiveContent = (
  content: string | Uint8Array,
): { size: number; read(): Iterable<Uint8Array> } => {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return { size: bytes.length, read: () => (bytes.length === 0 ? [] : [bytes]) };
};

/** Metadata of an entry called `path`: 0644, owner 1, group 2, time 3. */
export const meta = (
  path: string,
  more: Partial<Record<'mode' | 'uid' | 'gid' | 'mtime', number>> = {},
): Pick<ArchiveEntry, 'path' | 'mode' | 'uid' | 'gid' | 'mtime'> => ({
  path: fromText(path),
  mode: 0o644,
  uid: 1,
  gid: 2,
  mtime: 3,
  ...more,
});

/** A file entry. */
export const fileEntry = (
  path: string,
  content: string | Uint8Array,
  more: Parameters<typeof meta>[1] = {},
): ArchiveEntry => ({ ...meta(path, more), type: 'file', content: archiveContent(content) });

/** The bytes of a tar archive of these entries. */
export function tarOf(...entries: readonly ArchiveEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  writeTar(entries, (bytes) => parts.push(bytes));
  return new Uint8Array(Buffer.concat(parts));
}

/** The bytes of a cpio archive of these entries. */
export function cpioOf(...entries: readonly ArchiveEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  writeCpio(entries, (bytes) => parts.push(bytes));
  return new Uint8Array(Buffer.concat(parts));
}

/** `CODE message` of the AxfsError that `call` throws; any other end is a failure of the test. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof AxfsError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('expected an AxfsError, nothing was thrown');
}
