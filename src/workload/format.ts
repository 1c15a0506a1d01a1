/**
 * Writes traces, the inverse of src/workload/trace.ts.
 *
 * @module
 */
import { fromText, toBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { CACHE_LINE_BYTES, PAGE_SIZE } from '../base/units.ts';
import { lettersOf } from './access.ts';
import { HEADER, HEADER_WITH_ADDRESSES, epochOf } from './trace.ts';
import type { LineRun, Trace, TraceLine } from './trace.ts';

/** Characters of a piece, at least. */
const PIECE_CHARACTERS = 64 * 1024;
const LINES_PER_PAGE = PAGE_SIZE / CACHE_LINE_BYTES;

/**
 * A trace as text, piece by piece, `comments` in front. If any line has addresses, all lines get the column;
 * one without is written with those that a replay takes it for: as many cache lines as touches, from the
 * start of the page on.
 *
 * @throws AxfsError EINVAL naming a path that the form cannot hold: one with a line end, or an empty one.
 */
export function* traceText(
  { lines }: Pick<Trace, 'lines'>,
  comments: readonly string[] = [],
): Generator<Uint8Array> {
  const hasAddresses = lines.some(({ runs }) => runs !== undefined);
  let text: string = comments.map((comment) => `# ${commentText(comment)}\n`).join('');
  text += `${hasAddresses ? HEADER_WITH_ADDRESSES : HEADER}\n`;
  const good = new Set<ByteString>();
  for (const line of lines) {
    const { pid, path, page, accesses, count } = line;
    if (!good.has(path)) {
      checkPath(path);
      good.add(path);
    }
    text += `${String(pid)},${String(epochOf(line))},${path},${String(page * PAGE_SIZE)},${lettersOf(accesses)},${String(count)}`;
    text += hasAddresses ? `,${addressesOf(line)}\n` : '\n';
    if (text.length >= PIECE_CHARACTERS) {
      yield toBytes(text as ByteString);
      text = '';
    }
  }
  yield toBytes(text as ByteString);
}

/** A trace as one text; see {@link traceText}. */
export function formatTrace(
  trace: Pick<Trace, 'lines'>,
  comments: readonly string[] = [],
): Uint8Array {
  const pieces = [...traceText(trace, comments)];
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A comment stays on its line. */
const commentText = (comment: string): ByteString => fromText(comment.replace(/[\r\n]+/g, ' '));

function checkPath(path: ByteString): void {
  if (path === '' || path.includes('\n'))
    throw new AxfsError(
      'EINVAL',
      `'${toPrintable(path)}': a trace holds no empty path and none with a line end`,
    );
}

function addressesOf({ runs, count }: TraceLine): string {
  const known = runs ?? [{ first: 0, last: Math.min(count, LINES_PER_PAGE) - 1, times: 1 }];
  return known.map(runText).join(' ');
}

function runText({ first, last, times }: LineRun): string {
  const from = String(first * CACHE_LINE_BYTES);
  const range =
    first === last ? from : `${from}-${String(last * CACHE_LINE_BYTES + CACHE_LINE_BYTES - 1)}`;
  return times === 1 ? range : `${range}*${String(times)}`;
}
