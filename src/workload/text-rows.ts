/**
 * Lines of a text that is bytes.
 *
 * @module
 */
import { fromBytes } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';

const [NEWLINE, RETURN] = [0x0a, 0x0d];

/** One line. */
export interface TextRow {
  /** Without its end; one carriage return in front of a line end belongs to the end. */
  readonly text: ByteString;
  /** From 1. */
  readonly line: number;
  /** It has an end. */
  readonly hasEnd: boolean;
}

/** An error of a text's line `line`. */
export const badLine = (name: string, line: number, what: string): AxfsError =>
  new AxfsError('EINVAL', `${name}:${String(line)}: ${what}`);

/** Every line; `end` is the byte that ends them. Behind the last end there is no line. */
export function* textRows(bytes: Uint8Array, end = NEWLINE): Generator<TextRow> {
  let line = 0;
  for (let at = 0; at < bytes.length;) {
    line += 1;
    const found = bytes.indexOf(end, at);
    const stop = found < 0 ? bytes.length : found;
    const isCrlf = end === NEWLINE && stop > at && bytes[stop - 1] === RETURN;
    yield {
      text: fromBytes(bytes.subarray(at, isCrlf ? stop - 1 : stop)),
      line,
      hasEnd: found >= 0,
    };
    at = stop + 1;
  }
}
