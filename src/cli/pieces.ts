/**
 * Output that is made piece by piece, so that a large image needs no more memory.
 *
 * @module
 */
import type { Terminal } from '../host/host.ts';

/** Characters written at a time. */
const OUTPUT_MIN = 64 * 1024;

/** Writes small pieces as large ones. */
export function writePieces({ out }: Pick<Terminal, 'out'>, pieces: Iterable<string>): void {
  let pending = '';
  for (const piece of pieces) {
    pending += piece;
    if (pending.length < OUTPUT_MIN) continue;
    out(pending);
    pending = '';
  }
  if (pending !== '') out(pending);
}

/** What `JSON.stringify(items, null, 2)` gives, item by item; `indent` stands before lines but the first. */
export function* jsonList(items: Iterable<unknown>, indent = ''): Generator<string> {
  let separator = '[';
  for (const item of items) {
    const text = JSON.stringify(item, null, 2).replaceAll('\n', `\n${indent}  `);
    yield `${separator}\n${indent}  ${text}`;
    separator = ',';
  }
  yield separator === '[' ? '[]' : `\n${indent}]`;
}
