/**
 * What both archive writers do with content: pieces to the sink, counted against what was promised.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { shownPath } from './entry.ts';
import type { ArchiveFile } from './entry.ts';

/** Takes the bytes of an archive in their order; they are not touched afterwards. */
export type ArchiveSink = (bytes: Uint8Array) => void;

/** Most bytes of zeros at the end of something. */
const ZEROS = new Uint8Array(512);

/**
 * Gives a file's content to the sink, and zeros up to a multiple of `alignment` (at most 512).
 *
 * @throws AxfsError ESTALE naming the path when there is more or less of it than its size says.
 */
export function writeContent(
  { path, content }: ArchiveFile,
  alignment: number,
  sink: ArchiveSink,
): void {
  let bytes = 0;
  const check = (holds: boolean): void => {
    if (!holds)
      throw new AxfsError(
        'ESTALE',
        `${shownPath(path)}: its content has ${String(bytes)} bytes by now, expected ${String(content.size)}`,
      );
  };
  for (const piece of content.read()) {
    bytes += piece.length;
    check(bytes <= content.size);
    if (piece.length > 0) sink(piece);
  }
  check(bytes === content.size);
  pad(bytes, alignment, sink);
}

/** Zeros that bring `bytes` to a multiple of `alignment`. */
export function pad(bytes: number, alignment: number, sink: ArchiveSink): void {
  const rest = bytes % alignment;
  if (rest > 0) sink(ZEROS.slice(0, alignment - rest));
}

/** A number field in which the format cannot say `value`. */
export const tooLarge = (
  path: ArchiveFile['path'],
  field: string,
  value: number,
  max: number,
): AxfsError =>
  new AxfsError(
    'EFBIG',
    `${shownPath(path)}: ${field} is ${String(value)}, expected 0 to ${String(max)} in this archive format`,
  );
